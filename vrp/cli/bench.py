"""`vrp bench FILES...`: several solvers on several instances at equal wall time, as a table."""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from vrp.cli.files import SOLVERS, add_rounding, integers, numbers
from vrp.cli.progress import Progress
from vrp.errors import OptionError, UnsupportedError

if TYPE_CHECKING:
    from vrp.problem import Problem


def add_parser(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "bench",
        help="compare solvers at equal time",
        description="Run several solvers on several instances, one after the other, at equal wall time and threads."
        " The gap is to the .sol beside the file where that is a feasible plan, else to the best of this run."
        " Ctrl-C ends it after the running solver.",
        allow_abbrev=False,
    )
    parser.add_argument("files", metavar="FILE", nargs="+")
    parser.add_argument("--solvers", default="search", metavar="A,B", help=SOLVERS)
    parser.add_argument("--time", type=numbers, default=[1.0], metavar="S,S", help="time limits in seconds (1)")
    parser.add_argument("--seeds", type=integers, default=[0], metavar="N,N", help="seeds (0)")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="threads of each solver (1)")
    add_rounding(parser)
    parser.set_defaults(run=run)


@dataclass(frozen=True)
class Run:
    """One row of the table."""

    instance: str
    solver: str
    time_limit: float
    seed: int
    cost: float | None = None
    """None: the solver refused or failed."""
    unserved: int = 0
    seconds: float = 0.0
    interrupted: bool = False
    refusal: str = ""


def run(args: argparse.Namespace) -> int:
    """Run and report; 0, 3 where some plan is partial, 130 after Ctrl-C."""
    from vrp.formats import read

    solvers = _checked(args)
    names = _names(args.files)
    problems = [read(path, args.rounding) for path in args.files]
    width = max(len(name) for name in [*names, "instance"])
    head = f"{'instance':<{width}} {'solver':<8} {'time':>7} {'seed':>4}"
    print(f"{head} {'cost':>14} {'gap %':>8} {'seconds':>8}  feasible")
    rows: list[tuple[Run, float | None]] = []
    for path, name, problem in zip(args.files, names, problems, strict=True):
        reference = _reference(path, problem)
        cases = list(product(args.time, args.seeds, solvers))
        runs = list(_runs(name, problem, cases, args.threads))
        complete = [r.cost for r in runs if r.cost is not None and not r.unserved]
        best = reference if reference is not None else min(complete, default=None)
        for one in runs:
            gap = _gap(one, best)
            rows.append((one, gap))
            print(_line(one, gap, width), flush=True)
        if any(one.interrupted for one in runs):
            _print_means(rows)
            return 130
    _print_means(rows)
    return 3 if any(one.unserved for one, _ in rows) else 0


def _checked(args: argparse.Namespace) -> list[str]:
    """Return the solvers after making sure that each limit is valid and each solver is known and installed."""
    from vrp.arguments import checked_arguments
    from vrp.solvers import make

    if "-" in args.files:
        raise OptionError("bench reads files, not stdin.")
    solvers = [name.strip() for name in args.solvers.split(",")]
    for time_limit, seed, solver in product(args.time, args.seeds, solvers):
        checked_arguments(
            time_limit=time_limit, max_iterations=None, solver=solver, seed=seed, threads=args.threads, options=None
        )
    for solver in solvers:
        if solver != "auto":
            make(solver, args.threads)
    return solvers


def _names(paths: list[str]) -> list[str]:
    """Return short names that still tell the files apart."""
    stems = [Path(path).stem for path in paths]
    return stems if len(set(stems)) == len(stems) else paths


def _runs(name: str, problem: "Problem", cases: list[tuple[float, int, str]], threads: int) -> Iterator[Run]:
    from vrp.api import solve

    for time_limit, seed, solver in cases:
        row = Run(name, solver, time_limit, seed)
        with Progress(quiet=False, label=f"{name} {solver} ") as progress:
            try:
                found = solve(
                    problem, time_limit=time_limit, solver=solver, seed=seed, threads=threads, on_progress=progress
                )
            except UnsupportedError as error:
                yield Run(name, solver, time_limit, seed, refusal=f"refused: {error}")
                continue
            except Exception as error:  # a solver that crashes is a result too, and not the last one
                yield Run(name, solver, time_limit, seed, refusal=f"failed: {type(error).__name__}: {error}")
                continue
        unserved = sum(stop.required for stop in found.unserved)
        stats = found.stats
        yield Run(
            **{
                **vars(row),
                "cost": found.cost,
                "unserved": unserved,
                "seconds": stats.seconds,
                "interrupted": stats.interrupted,
            }
        )
        if stats.interrupted:
            return


def _reference(path: str, problem: "Problem") -> float | None:
    """Return the recomputed cost of the plan beside the file, None where there is none that is feasible."""
    from vrp.check import check
    from vrp.formats import read_solution

    beside = Path(path).with_suffix(".sol")
    if not beside.exists():
        return None
    plan = read_solution(beside, problem)
    # Many count the cost otherwise; the gap is to what it is here.
    violations = [v for v in check(problem, plan) if v.kind != "stated cost"]
    if violations:
        print(f"vrp: warning: {beside} is not used, it is not feasible: {violations[0]}", file=sys.stderr)
        return None
    return sum(plan.cost_table.values())


def _gap(run: Run, best: float | None) -> float | None:
    if run.cost is None or run.unserved or not best:
        return None
    return 100 * (run.cost - best) / abs(best)


def _line(run: Run, gap: float | None, width: int) -> str:
    head = f"{run.instance:<{width}} {run.solver:<8} {run.time_limit:>7g} {run.seed:>4}"
    if run.cost is None:
        return f"{head}  {run.refusal}"
    shown = "" if gap is None else f"{round(gap, 2) + 0.0:.2f}"  # + 0.0: no "-0.00"
    feasible = f"no, {run.unserved} unserved" if run.unserved else "yes"
    return f"{head} {run.cost:>14,.2f} {shown:>8} {run.seconds:>8.3f}  {feasible}"


def _print_means(rows: list[tuple[Run, float | None]]) -> None:
    """Print the mean gap of each solver at each time, over the runs that have one; nothing for one run."""
    groups: dict[tuple[str, float], list[float]] = {}
    for one, gap in rows:
        if gap is not None:
            groups.setdefault((one.solver, one.time_limit), []).append(gap)
    if sum(len(gaps) for gaps in groups.values()) > len(groups):
        print()
        for (solver, time_limit), gaps in groups.items():
            mean = sum(gaps) / len(gaps)
            print(f"{solver:<8} {time_limit:>7g} s   mean gap {round(mean, 2) + 0.0:8.2f} %   over {len(gaps)} runs")
