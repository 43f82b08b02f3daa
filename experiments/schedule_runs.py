#!/usr/bin/env python
"""Run the search with its schedule drawn at random around the rule, to see what short deadlines ask for.

    experiments/schedule_runs.py --cases 600 --box wide
    experiments/schedule_runs.py --cases 600 --processor-time

A case is a generated problem (20 to 1000 stops, uniform, clustered or like the X set, half of them with time windows),
a deadline of 16 ms to 1 s and a seed of the search, all from its number. It is solved once by the rule (the defaults of
`Search`) and several times with `heat`, `cold`, `neighbours` and `removal` multiplied by factors drawn log-uniformly
from one of `BOXES`, in random order; differences within a case cancel the problem. One row of CSV per run; cases that
are there are skipped, so a run can be stopped at any time and started again.

With --processor-time all clocks count the seconds of this process on its core instead of wall time: the only way to
fit deadlines of milliseconds on a machine that does other work meanwhile.
"""

import argparse
import csv
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from vrp.problem import Problem

RESULTS = Path(__file__).resolve().parent / "results"
RULE = {"heat": 1.0, "cold": 0.003, "neighbours": 40, "removal": 10.0}
"""The defaults of `Search` when the rows were made: factors multiply these."""
WIDE = {"heat": (1 / 16, 4.0), "cold": (1 / 8, 8.0), "neighbours": (1 / 5, 1.5), "removal": (1 / 5, 2.0)}
NEAR = {"heat": (1 / 8, 8.0), "cold": (1 / 8, 8.0), "neighbours": (1 / 3, 2.0), "removal": (1 / 3, 3.0)}
BOXES = {"wide": WIDE, "near": NEAR}
"""Least and largest factors."""
FEWEST_DRAWS, MOST_DRAWS = 5, 15
"""Runs of a case beside the rule's: for about a second, as short ones scatter more."""
SETTLED = 0.002
"""Seconds per stop from which the wide box showed next to no difference between schedules: not run in the near one."""
RECIPES = ("uniform", "mixture", "like_x")
SIZES, DEADLINES = (20, 1000), (0.016, 1.0)
COLUMNS = (*("case", "recipe", "timed", "n", "deadline", "budget", "length"), *RULE, "cost", "unserved", "iterations")
"""`budget` is the search's own estimate of its iterations per stop, `length` the stops per route of its first plan."""


class Case(NamedTuple):
    """What is solved, and for how long; `factors` [*, 4] of the rule, whose own row of ones is among them."""

    number: int
    recipe: str
    timed: bool
    n: int
    deadline: float
    factors: Any


def log_uniform(random: np.random.Generator, low: float, high: float) -> float:
    """Draw a number whose logarithm is uniform."""
    return float(math.exp(random.uniform(math.log(low), math.log(high))))


def case(number: int, box: dict[str, tuple[float, float]] = NEAR) -> Case:
    """Return a case: the same for the same number."""
    random = np.random.default_rng((number, 0))
    recipe, timed = RECIPES[random.integers(len(RECIPES))], bool(random.integers(2))
    n, deadline = round(log_uniform(random, *SIZES)), log_uniform(random, *DEADLINES)
    draws = int(min(max(FEWEST_DRAWS, 1.0 / deadline), MOST_DRAWS))
    low, high = np.log(list(box.values())).T
    factors = np.exp(random.uniform(low, high, (draws, len(RULE))))
    return Case(number, recipe, timed, n, deadline, random.permutation(np.vstack([np.ones(len(RULE)), factors])))


def problem_of(c: Case) -> "Problem":
    """Make the problem of a case."""
    import torch

    from vrp.data.clustered import mixture
    from vrp.data.fields import as_problems
    from vrp.data.like_x import like_x
    from vrp.data.uniform import uniform

    generate = {"uniform": uniform, "mixture": mixture, "like_x": like_x}[c.recipe]
    made = as_problems(generate(1, c.n, torch.Generator().manual_seed(c.number)))[0]
    return with_windows(made, np.random.default_rng((c.number, 1))) if c.timed else made


def with_windows(plain: "Problem", random: np.random.Generator) -> "Problem":
    """Return the problem with time windows in the manner of Solomon (1987): speed 1, wide or narrow, some or all stops.

    The horizon is 3 to 10 sides of the square, a stop takes 0.1 or 0.9 sides, and its window lies where a vehicle that
    comes from the depot and goes back keeps the horizon.
    """
    from vrp.problem import Problem

    coords = plain.coords
    away = np.linalg.norm(coords[1:] - coords[0], axis=1)
    service = float(random.choice([0.1, 0.9], p=[0.75, 0.25]))
    horizon = max(log_uniform(random, 3.0, 10.0), 2.2 * float(away.max()) + service)
    last = horizon - away - service
    half = log_uniform(random, 0.05, 1.0) * random.uniform(0.5, 1.5, len(away))
    middle = random.uniform(away, last)
    free = random.random(len(away)) > random.choice([0.25, 0.5, 0.75, 1.0])
    windows = np.stack([np.where(free, 0.0, np.maximum(middle - half, 0.0)),
                        np.where(free, last, np.clip(middle + half, away, last))], axis=1)  # fmt: skip
    return Problem.from_arrays(
        coords=coords, demand=plain.delivery[:, 0], capacity=plain.vehicles[0].capacity[0], time_windows=windows,
        service=service, depot_windows=[[0.0, horizon]], name=plain.name,
    )  # fmt: skip


def options_of(factors: Any) -> dict[str, Any]:
    """Return the options of the search for [4] factors of the rule."""
    found = {name: value * float(f) for (name, value), f in zip(RULE.items(), factors, strict=True)}
    return found | {"neighbours": max(1, round(found["neighbours"])), "removal": max(1.0, found["removal"])}


class Watch:
    """Keeps what a search finds out about its budget when it begins to anneal."""

    def __init__(self) -> None:
        from vrp.solvers.search.annealing import Annealing

        self.budget = self.length = math.nan
        plain = Annealing.budget

        def noted(core: Annealing, temperature: float) -> float:
            clients, used = len(core.model.clients), int(core.model.fleet.used[0])
            found = plain(core, temperature)
            self.budget, self.length = found / clients, clients / max(used, 1)
            return found

        Annealing.budget = noted  # type: ignore[assignment, method-assign]


def run(c: Case, problem: "Problem", watch: Watch, **solve: Any) -> list[dict[str, Any]]:
    """Solve a case with each of its factors; return the rows."""
    import vrp

    rows = []
    for factors in c.factors:
        found = vrp.solve(
            problem,
            solver="search",
            time_limit=c.deadline,
            seed=c.number,
            threads=1,
            options=options_of(factors),
            **solve,
        )
        rows.append({
            "case": c.number, "recipe": c.recipe, "timed": int(c.timed), "n": c.n, "deadline": f"{c.deadline:.4f}",
            "budget": f"{watch.budget:.3g}", "length": f"{watch.length:.3g}",
            **{name: f"{f:.3g}" for name, f in zip(RULE, factors, strict=True)},
            "cost": f"{found.cost:.7g}", "unserved": len(found.unserved), "iterations": found.stats.iterations,
        })  # fmt: skip
    return rows


def main() -> None:
    """Run the cases that are missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=600)
    parser.add_argument("--first", type=int, default=0, help="number of the first one")
    parser.add_argument("--box", choices=BOXES, default="near")
    parser.add_argument("--file", type=Path, help="default: results/schedule-BOX.csv")
    parser.add_argument("--processor-time", action="store_true", help="clocks count processor seconds")
    given = parser.parse_args()
    path = given.file or RESULTS / f"schedule-{given.box}.csv"
    if given.processor_time:
        # Before anything of vrp is imported: some of it keeps the function.
        time.perf_counter = time.process_time
    there: set[int] = set()
    if path.exists():
        with path.open(newline="") as file:
            there = {int(row["case"]) for row in csv.DictReader(file)}
    else:
        path.write_text(",".join(COLUMNS) + "\n")
    watch = Watch()
    for timed in (False, True):  # Loads the compiled kernels, or compiles them.
        warm = Case(0, "uniform", timed, 20, 0.1, np.ones((1, len(RULE))))
        run(warm, problem_of(warm), watch)
    for number in range(given.first, given.first + given.cases):
        c = case(number, BOXES[given.box])
        settled = given.box == "near" and c.deadline > SETTLED * c.n
        if number in there or settled:
            continue
        rows = run(c, problem_of(c), watch)
        # All rows of a case at once: a part of one never counts as done.
        with path.open("a", newline="") as file:
            csv.DictWriter(file, COLUMNS, lineterminator="\n").writerows(rows)
        print(f"{number:5} {c.recipe:8} {c.n:4} stops {c.deadline:.3f} s", flush=True)


if __name__ == "__main__":
    main()
