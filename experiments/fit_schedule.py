#!/usr/bin/env python
"""From the rows of schedule_runs.py to a schedule: what each part of it changes, and a model of the cost.

    experiments/fit_schedule.py effects
    experiments/fit_schedule.py fit

Costs are compared as logarithms in percent, and only within a case, so that neither the problem nor the luck of the
rule's own run counts. `effects` prints, for each class of seconds per stop, slope and curvature of the cost over the
binary logarithm of each factor, with standard errors over cases. `fit` makes an ensemble of ridge regressions of the
cost on the factors (linear, squared, in pairs) times what is known of problem and deadline before the search begins;
each member sees cases drawn with replacement, so that their scatter tells what the runs do not know.
"""

import argparse
import csv
import itertools
import json
import math
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from schedule_runs import RESULTS, RULE, Case, problem_of

if TYPE_CHECKING:
    from vrp.problem import Problem

MODEL = Path(__file__).resolve().parent / "runs" / "schedule.json"
Array = NDArray[np.float64]
MEMBERS = 8
RIDGES = (3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
FOLDS = 10
FLOOR = 0.3
"""Percent added to the scatter that a case is weighed by: cases without any are not worth more than that."""
EDGES = (-9.0, -3.5, -2.0, -0.5, 1.0, 2.5, 9.0)
"""Classes of binary logarithms of milliseconds per stop."""


class Runs(NamedTuple):
    """The runs of one case."""

    stated: Array
    """What is known beforehand (`state`)."""
    factors: Array
    """[*, 4] binary logarithms."""
    cost: Array
    """[*] 100 times the logarithm."""


def state(problem: "Problem", seconds: float) -> Array:
    """Return what is known before the search begins.

    Whether there are windows; binary logarithms of milliseconds per stop, of hundreds of stops, and of the stops per
    route if loads alone bind, in eights; and the mean share of the horizon that windows cover.
    """
    n = problem.num_clients
    loads, room = problem.delivery.sum(axis=0), np.array(problem.vehicles[0].capacity)
    routes = max(1.0, float(np.ceil(loads / room).max(initial=1.0)))
    late = np.minimum(problem.time_windows[:, 0, 1], problem.depot_windows[0, 1])
    timed = bool(np.isfinite(late).all())
    width = float(((late - problem.time_windows[:, 0, 0]) / late.max()).mean()) if timed else 1.0
    return np.array([timed, math.log2(1e3 * seconds / n), math.log2(n / 100), math.log2(n / routes / 8), width])


def terms(stated: Array) -> Array:
    """Return [11] what the effects of the factors depend on."""
    timed, each, size, length, width = stated
    each = min(max(each, -6.0), 2.5)
    return np.array([1.0, each, each**2, size, length, timed, timed * each, timed * each**2, timed * size,
                     timed * length, timed * width])  # fmt: skip


def powers(factors: Array) -> Array:
    """Return [*, 14] factors, their squares and their products in pairs; 0 for the rule."""
    i, j = np.triu_indices(factors.shape[1], 1)
    return np.hstack([factors, factors**2, factors[:, i] * factors[:, j]])


def read(paths: list[Path]) -> list[Runs]:
    """Return the cases of some files; those with unserved stops are left out."""
    grouped: dict[int, list[dict[str, str]]] = defaultdict(list)
    for path in paths:
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                grouped[int(row["case"])].append(row)
    found = []
    for number, rows in grouped.items():
        first = rows[0]
        if any(int(row["unserved"]) for row in rows):
            continue
        deadline = float(first["deadline"])
        c = Case(number, first["recipe"], first["timed"] == "1", int(first["n"]), deadline, None)
        factors = np.log2([[float(row[name]) for name in RULE] for row in rows])
        cost = 100 * np.log([float(row["cost"]) for row in rows])
        found.append(Runs(state(problem_of(c), deadline), factors, cost))
    return found


def scatter(cases: list[Runs]) -> Array:
    """Return [cases] the scatter of costs that is expected of each, percent, from a smooth fit over all."""
    known = np.array([terms(c.stated) for c in cases])
    spread = np.log([c.cost.std() + 0.1 for c in cases])
    return np.asarray(np.exp(known @ np.linalg.lstsq(known, spread, rcond=None)[0]) + FLOOR)


def table(cases: list[Runs], weight: Array) -> tuple[list[Array], list[Array]]:
    """Return per case the columns of the regression and its costs, both without their means and weighed."""
    columns, costs = [], []
    for c, scale in zip(cases, weight, strict=True):
        block = (powers(c.factors)[:, :, None] * terms(c.stated)).reshape(len(c.cost), -1)
        columns.append((block - block.mean(axis=0)) / scale)
        costs.append((c.cost - c.cost.mean()) / scale)
    return columns, costs


def ridge(columns: list[Array], costs: list[Array], penalty: float) -> Array:
    """Return the weights; columns are scaled alike before the penalty."""
    a, y = np.vstack(columns), np.concatenate(costs)
    scale = a.std(axis=0) + 1e-9
    a = a / scale
    return np.asarray(np.linalg.solve(a.T @ a + penalty * np.eye(a.shape[1]), a.T @ y) / scale)


def explained(columns: list[Array], costs: list[Array], penalty: float) -> float:
    """Return the share of the variance within cases that is predicted of cases left out."""
    left = total = 0.0
    for fold in range(FOLDS):
        rest = [i for i in range(len(costs)) if i % FOLDS != fold]
        weights = ridge([columns[i] for i in rest], [costs[i] for i in rest], penalty)
        for i in range(fold, len(costs), FOLDS):
            left += float(((costs[i] - columns[i] @ weights) ** 2).sum())
            total += float((costs[i] ** 2).sum())
    return 1.0 - left / total


def fit(cases: list[Runs]) -> Array:
    """Return [members, 14, 11] the ensemble, at the penalty that predicts best."""
    columns, costs = table(cases, scatter(cases))
    shares = {penalty: explained(columns, costs, penalty) for penalty in RIDGES}
    for penalty, share in shares.items():
        print(f"penalty {penalty:6g}: {100 * share:.1f} % of the variance within unseen cases is explained")
    best = max(shares, key=shares.__getitem__)
    random = np.random.default_rng(0)
    members = []
    for _ in range(MEMBERS):
        drawn = random.integers(len(cases), size=len(cases))
        members.append(ridge([columns[i] for i in drawn], [costs[i] for i in drawn], best))
    return np.array(members).reshape(MEMBERS, 14, -1)


def candidates() -> Array:
    """Return [*, 4] binary logarithms of factors that a schedule is chosen from; the first is the rule."""
    heat, cold = (-1.0, 0.0, 1.0, 2.0), (-1.5, 0.0, 1.5)
    neighbours, removal = (-1.2, -0.8, -0.4, 0.0, 0.4), (-0.8, -0.4, 0.0, 0.4, 0.8)
    grid = np.stack(np.meshgrid(heat, cold, neighbours, removal, indexing="ij"), axis=-1).reshape(-1, 4)
    return np.vstack([np.zeros(4), grid])


def choose(members: Array, stated: Array, grid: Array, doubt: float = 1.0) -> tuple[Array, float]:
    """Return the factors (binary logarithms) of least predicted cost, and that: each costs its standard deviation too.

    Where the runs say little, the members differ, and the rule, of which all say 0, is the least.
    """
    predicted = powers(grid) @ (members @ terms(stated)).T
    price = predicted.mean(axis=1) + doubt * predicted.std(axis=1)
    best = int(price.argmin())
    return grid[best], float(predicted[best].mean())


def effects(cases: list[Runs]) -> None:
    """Print slopes and curvatures per class."""
    for timed in (0, 1):
        for low, high in itertools.pairwise(EDGES):
            some = [c for c in cases if c.stated[0] == timed and low < c.stated[1] <= high]
            if len(some) < 5:
                continue
            scale = [c.cost.std() + FLOOR for c in some]
            a = [(x - x.mean(axis=0)) / s for c, s in zip(some, scale, strict=True) for x in [powers(c.factors)[:, :8]]]
            y = [(c.cost - c.cost.mean()) / s for c, s in zip(some, scale, strict=True)]
            inverse = np.linalg.pinv(sum(x.T @ x for x in a))
            w = inverse @ sum(x.T @ v for x, v in zip(a, y, strict=True))
            pulls = np.array([x.T @ (v - x @ w) for x, v in zip(a, y, strict=True)])
            error = np.sqrt(np.diag(inverse @ pulls.T @ pulls @ inverse))
            text = "  ".join(
                f"{name} {w[k]:+.2f}({error[k]:.2f}) {w[k + 4]:+.2f}({error[k + 4]:.2f})" for k, name in enumerate(RULE)
            )
            what = f"{'timed' if timed else 'plain'} {2**low:6.3f} to {2**high:6.3f} ms per stop"
            print(f"{what}, {len(some):3} cases, scatter {np.median(scale):.2f} %: {text}")


def main() -> None:
    """Print effects or write a model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("effects", "fit"))
    parser.add_argument("--files", type=Path, nargs="+", default=sorted(RESULTS.glob("schedule-[nw]*.csv")))
    parser.add_argument("--out", type=Path, default=MODEL)
    given = parser.parse_args()
    cases = read(given.files)
    print(f"{len(cases)} cases, {sum(len(c.cost) for c in cases)} runs")
    if given.what == "effects":
        effects(cases)
        return
    members = fit(cases)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    rounded: Any = [[[float(f"{w:.3g}") for w in row] for row in member] for member in members.tolist()]
    given.out.write_text(json.dumps(rounded, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
