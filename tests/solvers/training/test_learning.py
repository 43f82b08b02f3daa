"""A toy policy provably learns, in well under two minutes on two cores."""

from pathlib import Path

import numpy as np
import pytest

import vrp

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from vrp.check import evaluate  # noqa: E402
from vrp.data.fields import as_problems  # noqa: E402
from vrp.data.uniform import uniform  # noqa: E402
from vrp.solution import Route  # noqa: E402
from vrp.solvers.policy import env  # noqa: E402
from vrp.solvers.policy.decoding import best_of  # noqa: E402
from vrp.solvers.policy.pomo import POMO, seeded  # noqa: E402
from vrp.solvers.training.config import parse  # noqa: E402
from vrp.solvers.training.run import train  # noqa: E402


def nearest_neighbour(problem: vrp.Problem) -> float:
    """Cost of always going to the nearest stop that still fits, and home when none does."""
    distance = problem.matrices()[0]
    demand, capacity = problem.delivery[:, 0], problem.vehicles[0].capacity[0]
    left, routes = set(range(1, problem.num_locations)), [[]]
    while left:
        load = sum(demand[x - 1] for x in routes[-1])
        fitting = [x for x in left if load + demand[x - 1] <= capacity]
        if not fitting:
            routes.append([])
            continue
        at = routes[-1][-1] if routes[-1] else 0
        routes[-1].append(min(fitting, key=lambda x: distance[at, x]))
        left.remove(routes[-1][-1])
    return evaluate(problem, [Route(0, 0, 0, tuple(r)) for r in routes]).cost


def greedy(policy: POMO, problems: list[vrp.Problem]) -> float:
    """Mean cost of greedy multi-start, by `evaluate`; every plan is complete and checks clean."""
    batch = env.encode(problems)
    home, choices, _ = best_of(policy.eval(), batch)
    plans = [evaluate(p, env.decode(p, h, c)) for p, h, c in zip(problems, home, choices, strict=True)]
    assert all(vrp.check(p, plan) == [] for p, plan in zip(problems, plans, strict=True))
    return float(np.mean([plan.cost for plan in plans]))


def test_toy_policy_learns(clock, tmp_path: Path) -> None:
    """On 200 held-out problems of 20 stops: 10 % better than nearest neighbour, 25 % than its untrained self."""
    config = parse({
        "name": "toy", "minutes": 1.0, "data": {"uniform": 1}, "curriculum": [{"until": 1, "sizes": {20: 1}}],
        "batch": {20: 64}, "shape": {"width": 64, "heads": 4, "hidden": 128, "layers": 2}, "starts": 10,
        "rate": 3e-3, "average": 0.98,
    })  # fmt: skip
    outcome = train(config, tmp_path, clock=clock(), quiet=True)
    assert outcome.training.progress.step == 60
    problems = as_problems(uniform(200, 20, torch.Generator().manual_seed(2024)))
    learned = greedy(outcome.training.average, problems)
    assert learned <= 0.90 * float(np.mean([nearest_neighbour(p) for p in problems]))
    assert learned <= 0.75 * greedy(seeded(config.shape, config.seed), problems)
