#!/usr/bin/env python
"""Costs to compare policies with, on the standard sets of random instances; what is there already is skipped.

    experiments/references.py --distribution uniform --size 50 --count 200 --seed 4321 --solver hgs --time 1

A set is 1,000 instances of one distribution, size and seed. Seed 4321 is for validation, 1234 for reported figures.
`--solver fast-tsp` takes the tours from the package fast-tsp (`pip install fast-tsp`); every plan is checked by `vrp`.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
import torch

import vrp
from vrp.check import evaluate
from vrp.data.fields import as_problems
from vrp.solvers.training.data import SET, distributions

FILE = Path(__file__).resolve().parent / "results" / "references.csv"
WHOLE = 4e4
"""Parts of the unit in which fast-tsp counts lengths: it takes whole numbers below 65,536."""
COLUMNS = ("distribution", "n", "seed", "index", "cost", "solver", "time")


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--distribution", choices=sorted(distributions()), default="uniform")
    parser.add_argument("--size", type=int, required=True, help="number of stops")
    parser.add_argument("--count", type=int, default=SET, help="of the set's instances, from the first")
    parser.add_argument("--seed", type=int, default=4321)
    parser.add_argument("--solver", default="hgs")
    parser.add_argument("--time", type=float, default=2.0, help="seconds per instance")
    parser.add_argument("--file", type=Path, default=FILE)
    given = parser.parse_args()
    made = distributions()[given.distribution](SET, given.size, torch.Generator().manual_seed(given.seed))
    problems = as_problems({key: value[: given.count] for key, value in made.items()})
    there = _there(given.file, given.distribution, given.size, given.seed)
    with given.file.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if not file.tell():
            writer.writerow(COLUMNS)
        for i, problem in enumerate(problems):
            if i in there:
                continue
            plan = _plan(problem, given.solver, given.time)
            if plan.status is not vrp.Status.COMPLETE:
                raise SystemExit(f"{given.solver} left stops out of instance {i}; no reference was written for it.")
            row = (given.distribution, given.size, given.seed, i, f"{plan.cost:.6f}", given.solver, given.time)
            writer.writerow(row)
            file.flush()


def _plan(problem: vrp.Problem, solver: str, seconds: float) -> vrp.Solution:
    if solver != "fast-tsp":
        return vrp.solve(problem, solver=solver, time_limit=seconds, threads=1)
    import fast_tsp

    lengths = np.linalg.norm(problem.coords[:, None] - problem.coords[None], axis=2)
    tour = fast_tsp.find_tour((lengths * WHOLE).round().astype(int).tolist(), duration_seconds=seconds)
    begin = tour.index(0)
    return evaluate(problem, [vrp.Route(0, 0, 0, tuple(tour[begin + 1 :] + tour[:begin]))])


def _there(path: Path, distribution: str, size: int, seed: int) -> set[int]:
    if not path.exists():
        return set()
    wanted = (distribution, str(size), str(seed))
    with path.open(encoding="utf-8") as file:
        rows = csv.DictReader(file)
        return {int(r["index"]) for r in rows if (r["distribution"], r["n"], r["seed"]) == wanted}


if __name__ == "__main__":
    main()
