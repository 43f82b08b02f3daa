#!/usr/bin/env python
"""Compare ways of the search on problems that none was fitted on: same deadline and seed, one after the other.

    experiments/prove_schedule.py --ways rule,model,formula --seeds 3
    experiments/prove_schedule.py --ways rule,neighbours-alone --file experiments/results/start-pairs.csv

The first way is what the others are compared with. `rule` is the search as it is; `model` the schedule that the model
of fit_schedule.py chooses; `formula` one that its mean effects suggest; `short-lists` has 28 neighbours; for
`neighbours-alone` the savings that a search begins with join neighbours alone. Each run is a row of CSV, in an order
that changes from case to case. What is there is skipped. `generated` are the cases of schedule_runs.py from a million
on, each with a deadline of its own. At the end, and with --summary-only at any time, the table: the mean change of the
cost in percent, negative where the way is better, with half its 95 % interval over instances (after seeds), and how
many are better or worse.
"""

import argparse
import csv
import itertools
import json
import math
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from fit_schedule import MODEL, candidates, choose, state
from schedule_runs import RESULTS, case, options_of, problem_of

if TYPE_CHECKING:
    from vrp.problem import Problem

COLUMNS = ("set", "instance", "n", "timed", "deadline", "seed", "way", "cost", "unserved")
FIRST = 1_000_000
"""Number of the first generated case: none of these is ever fitted on."""


class Task(NamedTuple):
    """What is solved in every way."""

    set: str
    instance: str
    deadline: str
    seed: str


def tasks(given: argparse.Namespace) -> Iterator[tuple[Task, "Problem"]]:
    """Yield all tasks, seed by seed, so that a stopped run has covered all instances."""
    from vrp.data.benchmarks import benchmarks, spread

    for seed, name in itertools.product(range(given.seeds), given.sets.split(",")):
        if name == "generated":
            for number in range(given.first, given.first + given.cases):
                c = case(number)
                other = given.kind is not None and c.timed != (given.kind == "timed")
                if other or (given.most is not None and 1e3 * c.deadline > given.most * c.n):
                    continue
                yield Task(name, str(number), f"{c.deadline:.4f}", str(seed)), problem_of(c)
            continue
        for benchmark in spread(benchmarks(name, given.data), given.take):
            problem = benchmark.read()
            for deadline in given.time.split(","):
                yield Task(name, benchmark.name, deadline, str(seed)), problem


def options(way: str, stated: Any, given: argparse.Namespace) -> dict[str, Any]:
    """Return the options of the search."""
    rule = options_of(np.ones(4))
    if way == "model":
        chosen, _ = choose(np.array(json.loads(given.model.read_text())), stated, candidates())
        return options_of(2.0**chosen)
    if way == "formula":
        if stated[0]:
            return rule | {"heat": 3.0, "cold": 0.0015, "removal": 12.0}
        return rule | {"heat": min(max(2.0 ** stated[1] / 0.25, 1 / 8), 1.0), "cold": 0.001, "removal": 12.0}
    return rule | {"neighbours": 28} if way == "short-lists" else rule


def run(given: argparse.Namespace) -> None:
    """Solve what is missing."""
    import vrp
    from vrp.solvers.search import start

    ways, most, warm = given.ways.split(","), start.MANY, set()
    done = {(*(row[key] for key in Task._fields), row["way"]) for row in read(given.file)}
    for turn, (task, problem) in enumerate(tasks(given)):
        stated = state(problem, float(task.deadline))
        if stated[0] not in warm:
            vrp.solve(problem, solver="search", time_limit=0.1, threads=1)
            warm.add(stated[0])
        shift = turn % len(ways)
        for way in (*ways[shift:], *ways[:shift]):
            if (*task, way) in done:
                continue
            start.MANY = -1 if way == "neighbours-alone" else most
            found = vrp.solve(
                problem, solver="search", time_limit=float(task.deadline), seed=int(task.seed), threads=1,
                options=options(way, stated, given),
            )  # fmt: skip
            row = {"n": problem.num_clients, "timed": int(stated[0]), **task._asdict(), "way": way}
            row |= {"cost": f"{found.cost:.7g}", "unserved": len(found.unserved)}
            with given.file.open("a", newline="") as file:
                csv.DictWriter(file, COLUMNS, lineterminator="\n").writerow(row)


def read(path: Path) -> list[dict[str, str]]:
    """Return the rows that are there."""
    if not path.exists():
        path.write_text(",".join(COLUMNS) + "\n")
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def summary(rows: list[dict[str, str]], ways: list[str]) -> str:
    """Return a table with a line per way, set, kind and class of deadlines."""
    from scipy.stats import t

    costs = {(*(row[key] for key in Task._fields), row["way"]): row for row in rows if row["unserved"] == "0"}
    grouped: dict[tuple[str, ...], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for (*task, way), row in costs.items():
        base = costs.get((*task, ways[0]))
        if way != ways[0] and base is not None:
            change = 100 * math.log(float(row["cost"]) / float(base["cost"]))
            each = 4.0 ** math.floor(math.log(1e3 * float(row["deadline"]) / int(row["n"]), 4))
            when = f"{each:g} to {4 * each:g} ms per stop" if row["set"] == "generated" else f"{row['deadline']} s"
            for which in (when, "all"):
                key = (way, row["set"], "timed" if row["timed"] == "1" else "plain", which)
                grouped[key][row["instance"]].append(change)
    lines = ["| way | set | kind | time | instances | change % | better | worse |", "|---|---|---|---|---|---|---|---|"]
    for (way, name, kind, when), instances in sorted(grouped.items()):
        means = [fmean(values) for values in instances.values()]
        half = t.ppf(0.975, len(means) - 1) * stdev(means) / math.sqrt(len(means)) if len(means) > 1 else math.nan
        better, worse = sum(m < -1e-6 for m in means), sum(m > 1e-6 for m in means)
        mean = f"{fmean(means):+.3f} +- {half:.3f}"
        lines.append(f"| {way} | {name} | {kind} | {when} | {len(means)} | {mean} | {better} | {worse} |")
    return "\n".join(lines)


def main() -> None:
    """Run what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ways", default="rule,model,formula")
    parser.add_argument("--sets", default="generated,uniform-100,cvrp-x,vrptw-solomon")
    parser.add_argument("--time", default="0.016,0.064,0.25", help="seconds of published sets, separated by commas")
    parser.add_argument("--cases", type=int, default=120, help="generated ones")
    parser.add_argument("--first", type=int, default=FIRST, help="number of the first generated one")
    parser.add_argument("--kind", choices=("plain", "timed"), help="only generated ones of this kind")
    parser.add_argument("--most", type=float, help="only generated ones with so many milliseconds per stop or fewer")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--take", type=int, default=28, help="so many instances of each published set")
    parser.add_argument("--data", help="folder with bks.csv (default: $VRP_BENCHMARK_DATA)")
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--file", type=Path, default=RESULTS / "schedule-pairs.csv")
    parser.add_argument("--processor-time", action="store_true", help="clocks count processor seconds")
    parser.add_argument("--summary-only", action="store_true")
    given = parser.parse_args()
    if given.processor_time:
        # Before anything of vrp is imported: some of it keeps the function.
        time.perf_counter = time.process_time
    if not given.summary_only:
        run(given)
    print(summary(read(given.file), given.ways.split(",")))


if __name__ == "__main__":
    main()
