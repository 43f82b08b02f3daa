"""What comes before the cost: the search finds the best plans by it, and counts it as the problem says."""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest

import vrp
from tests.solvers.test_search import KERNELS, OTHERS, proven, random_problem, run, uniform
from tests.solvers.test_search_loads import TIMED, collecting
from vrp import Problem, VehicleType
from vrp.check import check, evaluate
from vrp.closing import rank
from vrp.solution import Route, Status
from vrp.solvers.search import cores, engine, regions
from vrp.solvers.search.fewest import fewest

KINDS = (set(), {"windows", "service", "nearest", "depots"}, KERNELS[3] | {"fixed", "count"}, TIMED)
"""Of loads alone, windows, a mixed fleet, shipments."""


def some_problem(rng: np.random.Generator, kind: int, n: int, features: set[str], objective: str) -> Problem:
    """A random problem of one of these kinds."""
    if KINDS[kind] == TIMED:
        return collecting(rng, n, TIMED | features, "mixed").replace(objective=objective)
    return random_problem(rng, n, KINDS[kind] | features).replace(objective=objective)


def best(problem: Problem) -> tuple[float, ...]:
    """Return the best rank of all plans: each set of stops and vehicle has its cheapest route, sets are combined."""
    clients = frozenset(range(problem.num_depots, problem.num_locations))
    price: dict[tuple[frozenset[int], int], Route] = {}
    for size in range(1, len(clients) + 1):
        for group in itertools.combinations(sorted(clients), size):
            for k, v in enumerate(problem.vehicles):
                for order in itertools.permutations(group):
                    plan = evaluate(problem, [Route(k, v.start_depot, v.end_depot, order)])
                    key = (frozenset(group), k)
                    if key in price and plan.routes[0].cost >= price[key].cost:
                        continue
                    if all(w.kind == "unserved" for w in check(problem, plan)):
                        price[key] = plan.routes[0]

    def plans(left: frozenset[int], counts: tuple[int, ...], chosen: tuple[Route, ...]) -> tuple[float, ...]:
        if not left:
            return rank(evaluate(problem, chosen))
        first = min(left)
        found = [plans(left - {first}, counts, chosen)]
        for (group, k), route in price.items():
            if first in group and group <= left and counts[k]:
                fewer = tuple(count - (j == k) for j, count in enumerate(counts))
                found.append(plans(left - group, fewer, (*chosen, route)))
        return min(found)

    return plans(clients, tuple(len(clients) if v.count is None else v.count for v in problem.vehicles), ())


@pytest.mark.parametrize("kind", range(len(KINDS)))
@pytest.mark.parametrize("seed", range(3))
def test_fewest_vehicles_by_brute_force(kind: int, seed: int) -> None:
    """On tiny problems no plan that leaves out as few has fewer vehicles, or as many and costs less."""
    rng = np.random.default_rng(10 * seed + kind)
    problem = some_problem(rng, kind, 4, {"prizes"} if seed == 2 else set(), "vehicles")
    found = run(problem, 10_000)
    proven(problem, found)
    assert rank(found) == pytest.approx(best(problem), rel=1e-6)


@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_random_problems_with_fewest_vehicles(kind: int) -> None:
    """Every plan is feasible, costs what the search thought and uses no fewer vehicles than are needed."""
    rng = np.random.default_rng(kind)
    for _ in range(25):
        features = {f for f in OTHERS if rng.random() < 0.35} - ({"depot_windows"} if kind == 0 else set())
        problem = some_problem(rng, kind, int(rng.integers(2, 25)), features, "vehicles")
        found = run(problem, 500)
        proven(problem, found)
        if not any(u.required for u in found.unserved):
            assert len(found.routes) >= fewest(problem)


def star(each: int, capacity: int) -> Problem:
    """Stops on five rays from the depot, where routes end at their last stops: a vehicle for each ray is cheapest."""
    ray, place = np.divmod(np.arange(5 * each), each)
    turn, radius = ray * 2.0 * math.pi / 5.0, 1.0 + place / each
    coords = np.column_stack([radius * np.cos(turn), radius * np.sin(turn)])
    van = VehicleType(capacity=(float(capacity),), end_depot=None)
    coords = np.concatenate([[[0.0, 0.0]], coords])
    return Problem.from_arrays(coords=coords, demand=np.ones(5 * each), vehicles=[van], objective="vehicles")


@pytest.mark.parametrize("threads", [1, 2])
def test_vehicles_before_cost(threads: int) -> None:
    """As few vehicles as hold the goods, though more cost less."""
    problem = star(6, 10)
    found = run(problem, 2000, threads=threads)
    proven(problem, found)
    assert len(found.routes) == fewest(problem) == 3
    cheaper = run(problem.replace(objective="cost"), 2000)
    assert len(cheaper.routes) == 5
    assert cheaper.cost < found.cost


def test_a_plan_of_fewest_vehicles_is_the_same_for_the_same_seed() -> None:
    """With one thread the answer is identical, all iterations are used, and none beyond them."""
    problem = uniform(40).replace(objective="vehicles")
    first, second = run(problem, 3000, seed=7), run(problem, 3000, seed=7)
    assert [r.visits for r in first.routes] == [r.visits for r in second.routes]
    assert first.stats.iterations == second.stats.iterations == 3000


def test_regions_use_no_more_vehicles(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan that is divided among two threads keeps the number of vehicles, and still gets cheaper."""
    for module in (engine, cores):
        monkeypatch.setattr(module, "LARGE", 2)
    monkeypatch.setattr(cores, "PIECE", 20)
    monkeypatch.setattr(regions, "FEWEST", 1)
    problem = star(24, 13)
    few, many = (run(problem, iterations, threads=2) for iterations in (300, 6000))
    for plan in (few, many):
        proven(problem, plan)
        assert len(plan.routes) == 10
    assert many.cost < few.cost


def test_start_with_few_vehicles_is_not_lost() -> None:
    """A plan that is given is not exchanged for one with more vehicles, and a worse one is improved."""
    problem = star(6, 10)
    good = run(problem, 2000)
    apart = evaluate(problem, [Route(0, 0, None, (c,)) for c in range(1, 31)])
    for start in (good, apart):
        found = vrp.solve(problem, solver="search", max_iterations=500, threads=1, start=start)
        assert rank(found) <= rank(good) if start is good else len(found.routes) == 3


def test_little_time_is_enough() -> None:
    """In a few milliseconds the plan is complete, and has no more vehicles than the cheapest one."""
    problem = uniform(100).replace(objective="vehicles")
    run(problem, 10)
    for limit in (0.016, 0.1):
        found = vrp.solve(problem, solver="search", time_limit=limit, threads=1)
        assert found.status is Status.COMPLETE
        assert len(found.routes) <= len(run(problem.replace(objective="cost"), 2000).routes)


@pytest.mark.parametrize(("name", "vehicles"), [("R112", 9), ("RC105", 13), ("C109", 10)])
def test_published_numbers_of_vehicles(benchmark_data: Path, name: str, vehicles: int) -> None:
    """Solomon's instances need no more vehicles than the best plans that are known."""
    problem = vrp.read(benchmark_data / f"vrptw_solomon/{name}.txt").replace(objective="vehicles")
    found = run(problem, 60_000)
    proven(problem, found)
    assert len(found.routes) <= vehicles


@pytest.mark.parametrize(
    ("fields", "needed"),
    [
        ({}, 4),  # 20 units, one vehicle holds 6
        ({"prize": [math.inf, math.inf, 5, 5]}, 2),  # 10 units must
        ({"vehicles": [VehicleType(count=1, capacity=(12.0,)), VehicleType(capacity=(6.0,))]}, 3),  # 12 + 6 + 6
        ({"vehicles": [VehicleType(max_stops=1)]}, 4),
        ({"vehicles": [VehicleType(capacity=(6.0,), reload_depots=(0,))]}, 1),
        ({"prize": [5, 5, 5, 5]}, 0),
    ],
)
def test_vehicles_needed_in_any_case(fields: dict[str, object], needed: int) -> None:
    """The bound follows from what must be served and what vehicles hold."""
    problem = Problem.from_arrays(
        **{"coords": [[0, 0], [1, 0], [0, 1], [1, 1], [2, 1]], "demand": [5, 5, 5, 5],
           "vehicles": [VehicleType(capacity=(6.0,))]} | fields
    )  # fmt: skip
    assert fewest(problem) == needed
