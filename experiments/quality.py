#!/usr/bin/env python
"""Gaps of trained policies on the standard sets (seed 1234), and the time they take, one row of CSV per case.

    experiments/quality.py --weights cvrp --sizes 20,50 --count 200

References come from `experiments/references.py`. Every plan is checked by `vrp.check`. `seconds` is wall time of all
problems together, in batches, on this machine; loading torch and the weights is not in it.
"""

import argparse
import csv
import datetime
import platform
import time
from pathlib import Path

import numpy as np
import torch

import vrp
from vrp.data.fields import as_problems
from vrp.solvers.policy import load
from vrp.solvers.policy.weights import Trained
from vrp.solvers.training.data import SET, distributions

HERE = Path(__file__).resolve().parent
REFERENCES = HERE / "results" / "references.csv"
FILE = HERE / "results" / "policy-quality.csv"
CASES = "decode[:augment[:samples[:temperature]]], ..."
COLUMNS = (
    *("weights", "distribution", "n", "seed", "count", "decode", "augment", "cost", "gap", "half_interval"),
    *("seconds", "threads", "minutes_trained", "instances_seen", "hardware", "date"),
)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default="cvrp", help="name or folder")
    parser.add_argument("--sizes", default="20,50")
    parser.add_argument("--count", type=int, default=SET)
    parser.add_argument("--seed", type=int, default=1234)
    parser.add_argument("--distribution", help="default: uniform, or tours for weights of tours")
    parser.add_argument("--decodes", default="greedy,multistart,multistart:8", help=CASES)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--file", type=Path, default=FILE)
    given = parser.parse_args()
    trained = load(given.weights)
    name = given.distribution or ("tours" if trained.kind == "tsp" else "uniform")
    for size in map(int, given.sizes.split(",")):
        made = distributions()[name](SET, size, torch.Generator().manual_seed(given.seed))
        problems = as_problems({key: value[: given.count] for key, value in made.items()})
        reference = references(name, size, given.seed, given.count)
        for case in given.decodes.split(","):
            row = measure(given.weights, problems, reference, case, given.threads)
            facts = {"weights": given.weights, "distribution": name, "n": size, "seed": given.seed}
            write(given.file, {**facts, **row, **learned(trained), "threads": given.threads})


def learned(trained: Trained) -> dict[str, object]:
    """Return the columns that tell how long a policy was trained."""
    return {"minutes_trained": trained.training["minutes"], "instances_seen": trained.training["instances"]}


def measure(
    weights: str, problems: list[vrp.Problem], reference: np.ndarray, case: str, threads: int
) -> dict[str, object]:
    """Solve all problems and return cost, gap with half its 95 % interval, and seconds."""
    decode, augment, samples, temperature = [*case.split(":"), *[""] * 3][:4]
    options: dict[str, object] = {"weights": weights, "decode": decode, "augment": int(augment or 1)}
    if samples:
        options |= {"samples": int(samples), "temperature": float(temperature or 1)}
        decode = f"sampling {samples} at {temperature or 1}"
    costs, seconds = solved(problems, "policy", options, 3600, threads)
    gaps = 100 * (costs / reference - 1)
    told = f"{costs.mean():.4f}, {gaps.mean():.2f} %, {seconds:.1f} s"
    print(f"{weights}, {problems[0].num_clients} stops, {decode} x{options['augment']}: {told}")
    return {
        "count": len(problems), "decode": decode, "augment": options["augment"], "cost": f"{costs.mean():.5f}",
        "gap": f"{gaps.mean():.3f}", "half_interval": f"{1.96 * gaps.std() / len(gaps) ** 0.5:.3f}",
        "seconds": f"{seconds:.2f}",
    }  # fmt: skip


def solved(
    problems: list[vrp.Problem], solver: str, options: dict[str, object], time_limit: float, threads: int
) -> tuple[np.ndarray, float]:
    """Return the costs, and the seconds that all problems together took; ends where a plan does not check."""
    began = time.perf_counter()
    plans = vrp.solve_many(problems, solver=solver, options=options, time_limit=time_limit, threads=threads)
    seconds = time.perf_counter() - began
    for problem, plan in zip(problems, plans, strict=True):
        if isinstance(plan, vrp.VrpError) or vrp.check(problem, plan):
            raise SystemExit(f"{solver}, {problem.name}: {plan}")
    return np.array([plan.cost for plan in plans]), seconds


def references(name: str, size: int, seed: int, count: int) -> np.ndarray:
    """Return the reference costs of the first instances of a set."""
    wanted = (name, str(size), str(seed))
    with REFERENCES.open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if (r["distribution"], r["n"], r["seed"]) == wanted]
    costs = {int(r["index"]): float(r["cost"]) for r in rows}
    if missing := [i for i in range(count) if i not in costs]:
        raise SystemExit(f"{REFERENCES} lacks {len(missing)} costs of {wanted}; make them with references.py.")
    return np.array([costs[i] for i in range(count)])


def write(path: Path, row: dict[str, object]) -> None:
    """Append a row."""
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        if new:
            writer.writeheader()
        where = f"{torch.get_num_threads()} thread(s), {platform.machine()}"
        writer.writerow({**row, "hardware": where, "date": datetime.date.today().isoformat()})


if __name__ == "__main__":
    main()
