"""Fleets of different vehicles: routes find the vehicles that suit them, and no vehicle is used more than it exists."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from tests.solvers.test_search import KERNELS, proven, random_problem, run
from vrp import Problem, VehicleType
from vrp.check import check, evaluate
from vrp.solution import Route

RICH = {*KERNELS[3], "fixed"}
"""With several loads, windows, durations and limits of distance."""
ZONES = {*KERNELS[4], "fixed"}
"""With vehicles that may not serve everyone."""


def random_fleet(rng: np.random.Generator, n: int, features: set[str], counted: bool) -> Problem:
    """A problem whose vehicle types differ in capacity, prices and clients alone, their numbers limited or not."""
    problem = random_problem(rng, n, features)
    like, fleet = problem.vehicles[0], []
    for k in range(4):
        size = int(rng.integers(8, 30))
        prices: dict[str, float] = {}
        if len(features) > 1:
            prices = {"distance_cost": rng.uniform(0.5, 2.0), "duration_cost": rng.uniform(0.1, 1.0)}
        fleet.append(
            replace(
                like,
                count=int(rng.integers(1, 4)) if counted else None,
                capacity=tuple(size + rng.integers(0, 5, len(like.capacity)).astype(float)),
                fixed_cost=float(size * rng.uniform(2.0, 20.0)),
                name=f"type {k}",
                **prices,
            )
        )
    rows = np.arange(4) % len(problem.vehicles)
    allowed, preference = problem.allowed[rows], problem.preference[rows]
    if "allowed" in features:
        allowed, preference = rng.random((4, n)) < 0.7, rng.uniform(-5, 5, (4, n))
    return problem.replace(vehicles=tuple(fleet), allowed=allowed, preference=preference)


@pytest.mark.parametrize("features", [set(), RICH, ZONES], ids=["plain", "rich", "zones"])
def test_random_fleets(features: set[str]) -> None:
    """On random fleets every plan is feasible, keeps the number of vehicles and costs what the search thought."""
    rng = np.random.default_rng(len(features))
    for _ in range(60):
        n = int(rng.integers(2, 25))
        problem = random_fleet(rng, n, features, counted=bool(rng.random() < 0.5))
        proven(problem, run(problem, 100 * n if n < 10 else 500))


def _cheapest(problem: Problem) -> float:
    """Least cost of a plan that serves all, over all partitions, orders and vehicles; infinity where there is none."""
    clients = frozenset(range(problem.num_depots, problem.num_locations))
    price: dict[tuple[frozenset[int], int], float] = {}
    for size in range(1, len(clients) + 1):
        for group in itertools.combinations(sorted(clients), size):
            for k, v in enumerate(problem.vehicles):
                for order in itertools.permutations(group):
                    plan = evaluate(problem, [Route(k, v.start_depot, v.end_depot, order)])
                    if all(w.kind == "unserved" for w in check(problem, plan)):
                        key = (frozenset(group), k)
                        price[key] = min(price.get(key, math.inf), plan.routes[0].cost)

    def rest(left: frozenset[int], counts: tuple[int, ...]) -> float:
        if not left:
            return 0.0
        first, best = min(left), math.inf
        for (group, k), cost in price.items():
            if first in group and group <= left and counts[k]:
                fewer = tuple(count - (j == k) for j, count in enumerate(counts))
                best = min(best, cost + rest(left - group, fewer))
        return best

    return rest(clients, tuple(v.count if v.count is not None else len(clients) for v in problem.vehicles))


@pytest.mark.parametrize("seed", range(12))
def test_brute_force(seed: int) -> None:
    """On tiny problems the plan is as good as the best of all partitions, orders and choices of vehicles."""
    rng = np.random.default_rng(2000 + seed)
    problem = random_fleet(rng, 5, [set(), RICH][seed % 2], counted=seed % 4 > 1)
    found = run(problem, 3000)
    proven(problem, found)
    cost = _cheapest(problem)
    if math.isfinite(cost):
        assert not found.unserved
        assert found.cost == pytest.approx(cost, rel=1e-6)
    else:
        assert found.unserved


def test_large_vehicle_that_no_single_stop_pays_for() -> None:
    """Stops in two places take a large vehicle each, though each small one is cheaper to open."""
    coords = np.zeros((49, 2))
    coords[1:25], coords[25:] = (10.0, 0.0), (-20.0, 0.0)
    small = VehicleType(capacity=(6.0,), fixed_cost=100.0, name="small")
    large = VehicleType(capacity=(24.0,), fixed_cost=350.0, name="large")
    problem = Problem.from_arrays(coords=coords, demand=np.ones(48), vehicles=[small, large])
    plan = run(problem, 5000)
    proven(problem, plan)
    assert [problem.vehicles[r.vehicle_type].name for r in plan.routes] == ["large", "large"]
    assert plan.cost == pytest.approx(2 * 350.0 + 2 * 10.0 + 2 * 20.0)


def test_swapped_vehicles() -> None:
    """Where every vehicle is needed, the longer route gets the vehicle with the cheaper distance."""
    east, west = [(100.0 + i, 0.0) for i in range(5)], [(-10.0 - i, 0.0) for i in range(5)]
    fleet = [VehicleType(count=1, capacity=(5.0,), distance_cost=price) for price in (3.0, 1.0)]
    problem = Problem.from_arrays(coords=[(0.0, 0.0), *east, *west], demand=np.ones(10), vehicles=fleet)
    plan = run(problem, 500)
    proven(problem, plan)
    assert plan.cost == pytest.approx(2 * 104.0 * 1.0 + 2 * 14.0 * 3.0)
