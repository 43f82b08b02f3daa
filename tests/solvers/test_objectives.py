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
from vrp.deadline import Deadline
from vrp.objectives import lead
from vrp.solution import Route, Status
from vrp.solvers import make
from vrp.solvers.search import cores, engine, kernels, regions
from vrp.solvers.search.annealing import Annealing
from vrp.solvers.search.fewest import fewest
from vrp.solvers.search.model import build
from vrp.solvers.search.neighbours import neighbours
from vrp.solvers.search.routes import load_routes
from vrp.solvers.search.warmth import warm_up

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


@pytest.mark.parametrize("objective", ["vehicles", "minmax", "balance"])
@pytest.mark.parametrize("kind", range(len(KINDS)))
@pytest.mark.parametrize("seed", range(3))
def test_brute_force(seed: int, kind: int, objective: str) -> None:
    """On tiny problems no plan is better: fewer stops left out, then what the objective puts first, then the cost."""
    rng = np.random.default_rng(10 * seed + kind)
    problem = some_problem(rng, kind, 4, {"prizes"} if seed == 2 and objective == "vehicles" else set(), objective)
    found = run(problem, 15_000)
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


def test_regions_use_no_more_vehicles(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan that is divided among two threads keeps the number of vehicles, and still gets cheaper."""
    for module in (engine, cores):
        monkeypatch.setattr(module, "LARGE", 2)
    monkeypatch.setattr(cores, "PIECE", 20)
    monkeypatch.setattr(regions, "FEWEST", 1)
    problem = uniform(120).replace(objective="vehicles")
    few, many = (run(problem, iterations, threads=2) for iterations in (300, 6000))
    proven(problem, few)
    proven(problem, many)
    assert fewest(problem) <= len(many.routes) <= len(few.routes)
    assert rank(many) < rank(few)


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


@pytest.mark.parametrize("objective", ["minmax", "balance"])
@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_random_problems_with_even_routes(kind: int, objective: str) -> None:
    """Every plan is feasible, and the search and the checker agree on its cost and on what comes before it."""
    rng = np.random.default_rng(kind)
    for _ in range(25):
        features = {f for f in OTHERS if rng.random() < 0.35} - {"prizes"}
        features -= {"depot_windows"} if kind == 0 else set()
        problem = some_problem(rng, kind, int(rng.integers(2, 25)), features, objective)
        found = run(problem, 500)
        proven(problem, found)
        model = build(problem, 1)
        warm_up(model)
        load_routes(model, found.routes)
        kernels.rebuild(*model.state(), model.required)
        unit = model.scale if objective == "minmax" else model.scale**2
        assert model.work.lead[0] * unit == pytest.approx(lead(found), rel=1e-6)


@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_costs_of_routes_are_kept(kind: int) -> None:
    """What the search keeps for each route through thousands of changes is what a recount finds."""
    rng = np.random.default_rng(kind)
    problem = some_problem(rng, kind, 20, {"fixed"}, "balance")
    model = build(problem, 1)
    warm_up(model)
    near = neighbours(model.net, model.times, model.loads, model.clients, 20)
    core = Annealing(model, near, Deadline(max_iterations=5000), 10.0, lambda: None)
    model.empty()
    core.recount()
    core.search(1, 0.0, model.unite(model.clients.copy()))
    core.recount()
    core.search(5000, 3.0)
    kept = model.plan.aim.cost.copy()
    core.recount()
    assert model.plan.aim.cost == pytest.approx(kept, rel=1e-9, abs=1e-9)
    assert model.plan.aim.cost.sum() == pytest.approx(model.work.cost[0])


def test_service_that_is_paid_counts_on_its_route() -> None:
    """Where seconds are paid, the dearest route is the one that works longest, service included."""
    problem = Problem.from_arrays(
        coords=[[0, 0], [1, 0], [1, 0], [1, 0], [1, 0]],
        service=[30, 10, 10, 10],
        vehicles=[VehicleType(count=2, distance_cost=0.0, duration_cost=1.0)],
        objective="minmax",
    )
    found = run(problem, 500)
    proven(problem, found)
    assert sorted(r.cost for r in found.routes) == pytest.approx([32.0, 32.0])


def test_dearest_route_before_cost() -> None:
    """One tour is cheapest; even routes use every vehicle, and no one of them is made longer to look more even."""
    coords = [[0, 0], [10, 1], [10, -1], [-10, 1], [-10, -1], [0, 3]]
    problem = Problem.from_arrays(coords=coords, vehicles=[VehicleType(count=3)])
    assert len(run(problem, 1000).routes) == 1
    trip = 2.0 * math.hypot(10, 1) + 2.0
    for objective in ("minmax", "balance"):
        found = run(problem.replace(objective=objective), 1000)
        proven(problem.replace(objective=objective), found)
        assert sorted(r.cost for r in found.routes) == pytest.approx([6.0, trip, trip])


@pytest.mark.parametrize("objective", ["vehicles", "minmax", "balance"])
def test_every_objective_is_reproducible(objective: str) -> None:
    """The same seed gives the same plan; two threads give one that is feasible and complete."""
    problem = uniform(40).replace(objective=objective)
    first, second = run(problem, 3000, seed=7), run(problem, 3000, seed=7)
    assert [r.visits for r in first.routes] == [r.visits for r in second.routes]
    assert first.stats.iterations == second.stats.iterations == 3000
    together = run(problem, 1500, threads=2)
    proven(problem, together)
    assert together.status is Status.COMPLETE


@pytest.mark.parametrize("objective", ["minmax", "balance"])
def test_even_routes_of_required_groups(objective: str) -> None:
    """One stop of each group is served; what the search puts first is better than in the cheapest plan."""
    rng = np.random.default_rng(1)
    problem = Problem.from_arrays(
        coords=rng.random((25, 2)), demand=np.ones(24), group=np.repeat(np.arange(12), 2),
        group_required=np.ones(12, bool), vehicles=[VehicleType(count=4, capacity=(6.0,))],
    )  # fmt: skip
    even = problem.replace(objective=objective)
    found, cheap = run(even, 3000), run(problem, 3000)
    proven(even, found)
    assert not any(u.required for u in found.unserved)
    assert lead(found) < lead(evaluate(even, cheap.routes))


def test_reloads_are_refused_by_name() -> None:
    """What the search cannot weigh it names."""
    van = VehicleType(capacity=(3.0,), reload_depots=(0,))
    problem = Problem.from_arrays(coords=[[0, 0], [1, 0], [0, 1]], demand=[1, 1], vehicles=[van], objective="balance")
    assert make("search").supports(problem) == ["the objective 'balance' with reloads or recharging"]
