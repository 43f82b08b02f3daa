#!/usr/bin/env python
"""Cost against seconds per problem: policies, the search and others on the standard set; what is there is skipped.

    experiments/frontier.py --count 1000
    experiments/frontier.py --count 100 --methods policy:greedy,policy:multistart:8,policy+search@1,search@1,hgs@1

A method is SOLVER[:DECODE[:AUGMENT]][@SECONDS]. Problems are the first of 1,000 uniform CVRPs (seed 1234), in blocks;
the methods take turns on each block, on one core, one thread each. A policy solves a block in batches, the others
problem after problem; loading and compiling come before. Every plan is checked. Gaps are to the costs of references.py
where there are some for the whole block, else to the lowest mean in the file.
"""

import argparse
import csv
import datetime
import os
import platform
from collections import defaultdict
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import torch
from quality import references, solved
from summary import Cell, figure

import vrp
from vrp.data.fields import as_problems
from vrp.solvers.training.data import SET, distributions

HERE = Path(__file__).resolve().parent
FILE = HERE / "results" / "frontier.csv"
COLUMNS = ("n", "seed", "method", "first", "count", "cost", "gap", "seconds", "vrp", "hardware", "date")
METHODS = (
    "policy:greedy,policy:multistart:1,policy:multistart:8,policy+search@0.3,policy+search@1,policy+search@3,search@0.1,"
    "search@0.3,search@1,search@3,hgs@0.3,hgs@1,hgs@3,pyvrp@0.3,pyvrp@1,pyvrp@3,ortools@0.3,ortools@1,ortools@3,vroom@3"
)
UNLIMITED = 3600.0


class Method(NamedTuple):
    """How a block is solved."""

    name: str
    solver: str
    options: dict[str, object]
    limit: float


def method(text: str, weights: str) -> Method:
    """Return what SOLVER[:DECODE[:AUGMENT]][@SECONDS] says."""
    what, _, limit = text.partition("@")
    solver, *decode = what.split(":")
    options: dict[str, object] = {}
    if solver.startswith("policy"):
        options |= {"weights": weights}
        options |= dict(zip(("decode", "augment"), (*decode[:1], *map(int, decode[1:])), strict=False))
    return Method(text, solver, options, float(limit) if limit else UNLIMITED)


def main() -> None:
    """Run what is missing, then draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=100, help="number of stops")
    parser.add_argument("--count", type=int, default=SET)
    parser.add_argument("--block", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1234)
    parser.add_argument("--methods", default=METHODS)
    parser.add_argument("--weights", default="cvrp", help="name or folder")
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--file", type=Path, default=FILE)
    given = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {given.core})
    methods = [method(text, given.weights) for text in given.methods.split(",")]
    problems = as_problems(distributions()["uniform"](SET, given.size, torch.Generator().manual_seed(given.seed)))
    there = {(row["method"], int(row["first"]), int(row["count"])) for row in _rows(given.file, given.size, given.seed)}
    warm: set[tuple[str, bool]] = set()
    for turn, first in enumerate(range(0, given.count, given.block)):
        block = problems[first : min(first + given.block, given.count)]
        for one in methods[turn % len(methods) :] + methods[: turn % len(methods)]:
            if (one.name, first, len(block)) in there:
                continue
            if (one.solver, "weights" in one.options) not in warm:
                vrp.solve(block[0], solver=one.solver, options=one.options, time_limit=0.05, threads=1)
                warm.add((one.solver, "weights" in one.options))
            costs, seconds = solved(block, one.solver, one.options, one.limit, threads=1)
            cost, per_problem = float(costs.mean()), seconds / len(block)
            print(f"{one.name:22} {first:4}  {cost:.4f}  {per_problem:.3f} s", flush=True)
            row = {"n": given.size, "seed": given.seed, "method": one.name, "first": first, "count": len(block)}
            gap = _gap(cost, given.size, given.seed, first, len(block))
            _write(given.file, {**row, "cost": f"{cost:.5f}", "gap": gap, "seconds": f"{per_problem:.5f}"})
    figure(
        given.file.with_suffix(".svg"),
        f"{given.size} stops, one thread",
        cells(_rows(given.file, given.size, given.seed)),
    )


def cells(rows: list[dict[str, str]]) -> list[Cell]:
    """Return a point of the figure per method, over the blocks that all methods have solved."""
    by_method: dict[str, dict[tuple[str, str], dict[str, str]]] = defaultdict(dict)
    for row in rows:
        by_method[row["method"]][row["first"], row["count"]] = row
    common = set.intersection(*(set(blocks) for blocks in by_method.values()))
    best = {block: min(float(blocks[block]["cost"]) for blocks in by_method.values()) for block in common}
    found = []
    for name, blocks in by_method.items():
        gaps = {
            " ".join(block): float(blocks[block]["gap"] or 100 * (float(blocks[block]["cost"]) / best[block] - 1))
            for block in sorted(common)
        }
        seconds = [float(blocks[block]["seconds"]) for block in common]
        found.append(Cell(name.partition("@")[0], fmean(seconds), gaps, len(blocks), 0, 0, 0, seconds))
    return sorted(found, key=lambda cell: cell.time)


def _gap(cost: float, size: int, seed: int, first: int, count: int) -> str:
    try:
        reference = references("uniform", size, seed, first + count)[first:]
    except SystemExit:
        return ""
    return f"{100 * (cost / float(reference.mean()) - 1):.4f}"


def _rows(path: Path, size: int, seed: int) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if (row["n"], row["seed"]) == (str(size), str(seed))]


def _write(path: Path, row: dict[str, object]) -> None:
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if new:
            writer.writeheader()
        where = {"vrp": vrp.__version__, "hardware": f"1 thread, {platform.machine()}"}
        writer.writerow({**row, **where, "date": datetime.date.today().isoformat()})


if __name__ == "__main__":
    main()
