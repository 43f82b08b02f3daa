#!/usr/bin/env python
"""Gaps of the policy on the first 500 CVRP instances of RouteFinder's test sets, to the costs published with them.

    experiments/published.py --costs "$VRP_BENCHMARK_DATA/routefinder_refs/test_refs.npz"

The instances are made anew from their recipe, https://github.com/ai4co/routefinder (MIT), where PyVRP solved them with
lengths in whole thousandths; its plans of the first 32 are evaluated here first, which shows that the instances are the
published ones. Rows go where `experiments/quality.py` writes its own.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from quality import CASES, FILE, learned, measure, write

import vrp
from vrp.check import evaluate
from vrp.data.fields import as_problems
from vrp.data.uniform import capacity
from vrp.solvers.policy import load

SEED, SET = 1234, 1000


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--costs", type=Path, required=True, help="npz of `cvrp/SIZE/pyvrp/costs` and `.../actions`")
    parser.add_argument("--weights", default="cvrp", help="name or folder")
    parser.add_argument("--sizes", default="50,100")
    parser.add_argument("--decodes", default="multistart,multistart:8", help=CASES)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--file", type=Path, default=FILE)
    given = parser.parse_args()
    trained = load(given.weights)
    for size in map(int, given.sizes.split(",")):
        with np.load(given.costs, allow_pickle=False) as file:
            costs, plans = (file[f"cvrp/{size}/pyvrp/{key}"].astype(float) for key in ("costs", "actions"))
        problems = published(size)[: len(costs)]
        compare(problems, plans.astype(int), costs)
        for case in given.decodes.split(","):
            row = measure(given.weights, problems, costs, case, given.threads)
            facts = {"weights": given.weights, "distribution": "routefinder", "n": size, "seed": SEED}
            write(given.file, {**facts, **row, **learned(trained), "threads": given.threads})


def published(n: int) -> list[vrp.Problem]:
    """Return the published CVRP instances of n stops, 1,000: places are drawn first, then demands of 1 to 9."""
    random = np.random.RandomState(SEED)
    coords = random.uniform(0, 1, (SET, n + 1, 2)).astype(np.float32)
    demand = np.zeros((SET, n + 1), np.float32)
    demand[:, 1:] = random.randint(1, 10, (SET, n))
    fields = {"coords": coords, "demand": demand, "capacity": np.full(SET, capacity(n), np.float32)}
    return as_problems({key: torch.from_numpy(value) for key, value in fields.items()})


def compare(problems: list[vrp.Problem], plans: np.ndarray, costs: np.ndarray) -> None:
    """End with a message where a published plan is not one of the problem, or does not have its published cost."""
    if not 0 < len(plans) <= len(problems):
        raise SystemExit(f"{len(plans)} plans cannot be those of the first of {len(problems)} problems")
    for i, (problem, plan) in enumerate(zip(problems, plans, strict=False)):
        visits = [part[part > 0] for part in np.split(plan, np.flatnonzero(plan == 0))]
        routes = [vrp.Route(0, 0, 0, tuple(map(int, part))) for part in visits if len(part)]
        solution = evaluate(problem, routes)
        legs = problem.num_clients + len(routes)
        if solution.status is not vrp.Status.COMPLETE or abs(solution.cost - costs[i]) > legs * 0.5e-3:
            raise SystemExit(f"instance {i} is not the published one: cost {solution.cost}, published {costs[i]}")
    print(f"{problems[0].num_clients} stops: the first {len(plans)} published plans have their published costs")


if __name__ == "__main__":
    main()
