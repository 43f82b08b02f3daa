#!/usr/bin/env python
"""Make plans to imitate: random instances, solved by our own search, stored compactly.

    experiments/labels.py --distribution uniform --sizes 20,50 --count 9999 --time 0.1 --out experiments/runs/labels.npz

A training run with `loss: imitation` and `labels:` naming the file learns from them.
"""

import argparse
from pathlib import Path

import torch

import vrp
from vrp.data.fields import as_problems
from vrp.solvers.training.data import distributions
from vrp.solvers.training.labels import write


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--distribution", choices=sorted(distributions()), default="uniform")
    parser.add_argument("--sizes", default="20,50", help="numbers of stops, separated by commas")
    parser.add_argument("--count", type=int, default=10_000, help="instances of each size")
    parser.add_argument("--seed", type=int, default=1, help="1234 and 4321 are those of the standard sets")
    parser.add_argument("--solver", default="search")
    parser.add_argument("--time", type=float, default=0.1, help="seconds per instance")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args(arguments)
    if given.seed in (1234, 4321):
        parser.error("the seeds 1234 and 4321 are those of the standard sets, which nothing may be trained on")
    solved = []
    for size in map(int, given.sizes.split(",")):
        made = distributions()[given.distribution](given.count, size, torch.Generator().manual_seed(given.seed))
        problems = as_problems(made)
        plans = vrp.solve_many(problems, solver=given.solver, time_limit=given.time, threads=given.threads)
        for problem, plan in zip(problems, plans, strict=True):
            if isinstance(plan, vrp.VrpError):
                raise SystemExit(f"{problem.name}: {plan}")
            if plan.status is vrp.Status.COMPLETE:
                solved.append((problem, plan))
        print(f"{size} stops: {len(problems)} solved")
    given.out.parent.mkdir(parents=True, exist_ok=True)
    write(given.out, solved)
    print(f"written: {given.out}, {given.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
