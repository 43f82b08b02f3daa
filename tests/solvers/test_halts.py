"""Reloads and charges: routes halt at depots on their way where they have to, and nowhere else."""

import itertools
import math

import numpy as np
import pytest

from tests.solvers.test_search import proven, run
from vrp import Problem, VehicleType
from vrp.check import check, evaluate
from vrp.deadline import Deadline
from vrp.explain import explain_unserved
from vrp.solution import Route
from vrp.solvers import make
from vrp.solvers.search import kernels, trips
from vrp.solvers.search.halts import Halts
from vrp.solvers.search.jit import kernel
from vrp.solvers.search.model import Model, build, chain
from vrp.solvers.search.population import cross, elite

OFTEN = ("windows", "releases", "pickups", "setup", "open", "prices", "counted", "fixed", "prizes", "depot_windows")


def random_halts(rng: np.random.Generator, n: int, features: set[str], drive: str) -> Problem:
    """A random problem whose vehicles may reload ("reload"), charge ("charge") or both on their way."""
    depots = int(rng.integers(1, 4))
    coords = rng.integers(0, 100, (depots + n, 2)).astype(float)
    vehicles = []
    for k in range(int(rng.integers(1, 3))):
        reloads = rng.choice(depots, int(rng.integers(1, depots + 1)), replace=False)
        battery = float(rng.uniform(150, 400)) if drive != "reload" else math.inf
        vehicles.append(
            VehicleType(
                count=int(rng.integers(1, 3)) if "counted" in features else None,
                capacity=(float(rng.integers(10, 20)),),
                start_depot=int(rng.integers(depots)),
                end_depot=None if "open" in features and k == 0 else int(rng.integers(depots)),
                shift=(0.0, 900.0) if rng.random() < 0.5 else (0.0, math.inf),
                max_distance=700.0 if rng.random() < 0.3 else math.inf,
                max_duration=700.0 if rng.random() < 0.3 else math.inf,
                fixed_cost=float(rng.integers(0, 200)) if "fixed" in features else 0.0,
                distance_cost=float(rng.uniform(0.5, 2)),
                duration_cost=float(rng.uniform(0, 1)) if "prices" in features else 0.0,
                nominal_duration=300.0 if "prices" in features else math.inf,
                overtime_cost=0.5 if "prices" in features else 0.0,
                reload_depots=tuple(int(d) for d in reloads) if drive != "charge" else (),
                max_reloads=int(rng.integers(0, 3)) if rng.random() < 0.5 else None,
                battery=battery,
                consumption=float(rng.uniform(0.5, 1.5)) if drive != "reload" else 0.0,
            )
        )
    given: dict[str, object] = {}
    if "windows" in features:
        early = rng.uniform(0, 400, n)
        given["time_windows"] = np.stack([early, early + rng.uniform(100, 400, n)], axis=1)
    if "releases" in features:
        given["release"] = np.where(rng.random(n) < 0.4, rng.uniform(0, 300, n), 0.0)
    if "pickups" in features:
        given["pickup"] = rng.integers(0, 6, n).astype(float)
    if "setup" in features:
        given["setup"] = rng.uniform(0, 10, n)
    if "prizes" in features:
        given["prize"] = np.where(rng.random(n) < 0.5, rng.uniform(0, 200, n), math.inf)
    if "depot_windows" in features:
        given["depot_windows"] = np.stack([rng.uniform(0, 50, depots), rng.uniform(400, 900, depots)], axis=1)
    if drive != "reload":
        stations = rng.choice(depots, int(rng.integers(0, depots + 1)), replace=False)
        given["chargers"] = {int(d): ((0.0, 0.0), (30.0, 300.0), (90.0, 400.0)) for d in stations}
    return Problem.from_arrays(
        coords=coords, num_depots=depots, delivery=rng.integers(0, 8, n).astype(float), vehicles=vehicles,
        service=rng.uniform(0, 10, n), depot_service=rng.uniform(0, 20, depots), **given,
    )  # fmt: skip


@pytest.mark.parametrize("drive", ["reload", "charge", "both"])
def test_random_problems(drive: str) -> None:
    """On random mixtures of features every plan is feasible and costs what the search thought."""
    rng = np.random.default_rng(len(drive))
    for _ in range(80):
        features = {f for f in OFTEN if rng.random() < 0.35}
        n = int(rng.integers(2, 20))
        problem = random_halts(rng, n, features, drive)
        proven(problem, run(problem, 100 * n if n < 8 else 200))


@kernel
def _detour(times, net, plan, r, p, chain, many, q, fewer):  # type: ignore[no-untyped-def]
    return trips.detour(times, net, plan.nxt, plan.prv, r, plan.locations + r, p, chain, many, q, fewer)


def _halts_at(model: Model, kind: int) -> list[int]:
    """Some nodes where a vehicle of a kind may halt, four of each place."""
    halts = model.plan.halts
    assert isinstance(halts, Halts)
    some = [x for a, b in zip(halts.begin[:-1], halts.begin[1:], strict=True) for x in range(a, min(b, a + 4))]
    return [x for x in some if model.mix.allowed[kind, x]]


def _walked(problem: Problem, model: Model, kind: int, nodes: list[int]) -> tuple[float, bool]:
    """The duration of a route, and whether the check finds its clock, its battery and its reloads as they must be."""
    depot, v = model.plan.halts.depot, problem.vehicles[kind]
    visits = tuple(i if depot[i] < 0 else int(depot[i]) for i in nodes)
    plan = evaluate(problem, [Route(kind, v.start_depot, v.end_depot, visits)])
    asked = {"time window", "depot window", "shift", "max duration", "max reloads", "battery"}
    return plan.routes[0].duration, not any(w.kind in asked for w in check(problem, plan))


@pytest.mark.parametrize("drive", ["reload", "charge", "both"])
def test_detours_are_timed_as_by_the_check(drive: str) -> None:
    """Any nodes between two others of a route: as long, and allowed or not, as the whole route is for the check."""
    rng = np.random.default_rng(7 * len(drive))
    features = {"windows", "releases", "setup", "depot_windows", "prices"}
    seen = {True: 0, False: 0}
    for _ in range(150):
        problem = random_halts(rng, 8, features, drive)
        problem = problem.replace(
            vehicles=problem.vehicles[:1], allowed=problem.allowed[:1], preference=problem.preference[:1]
        )
        model = build(problem, 1)
        model.empty()
        clients, halts = rng.permutation(model.clients).tolist(), _halts_at(model, 0)
        some = rng.permutation(clients[:4] + rng.permutation(halts)[:2].tolist()).tolist()
        chain(model.plan, 0, some)
        broken = kernels.rebuild(*model.state(), model.required)
        duration, kept = _walked(problem, model, 0, some)
        assert bool(model.times.broken[0]) is not kept
        assert kept or broken
        assert not kept or model.times.duration[0] == pytest.approx(duration)
        left = [x for x in clients[4:] + halts if x not in some]
        for _ in range(20 if kept else 0):
            a, b = sorted(rng.integers(0, len(some) + 1, 2).tolist())
            more = rng.permutation(left)[: int(rng.integers(0, 4))]
            ends = [model.plan.locations, *some, model.plan.locations]
            fewer = int(sum(model.plan.halts.reload[x] for x in some[a:b]))
            nodes = np.append(more, [0]).astype(np.int64)
            found = _detour(
                model.times, model.net, model.plan, 0, ends[a], nodes, len(more), ends[b + 1], np.int64(fewer)
            )  # fmt: skip
            whole = [*some[:a], *more.tolist(), *some[b:]]
            if whole:
                duration, kept = _walked(problem, model, 0, whole)
                assert found == pytest.approx(duration if kept else math.inf)
                seen[kept] += 1
    assert min(seen.values()) > 50


def test_children_keep_the_halts_of_both_parents() -> None:
    """Where the routes of two plans make the same halts, the routes of their child make as many, each its own."""
    rng = np.random.default_rng(3)
    fleet = [VehicleType(count=6, capacity=(4.0,), reload_depots=(0,))]
    problem = Problem.from_arrays(coords=rng.random((31, 2)), demand=np.ones(30), vehicles=fleet)
    model = build(problem, 1)
    near = np.array([[j for j in range(1, 31) if j != i][:20] for i in range(31)])

    def plan(order: list[int]) -> object:
        """Three routes, each with two reloads, which are the same nodes in every plan."""
        model.empty()
        halts = _halts_at(model, 0) + [int(x) for x in model.plan.halts.nodes()[4:8]]
        for r in range(3):
            stops = order[10 * r : 10 * r + 10]
            chain(model.plan, r, [*stops[:4], halts[2 * r], *stops[4:8], halts[2 * r + 1], *stops[8:]])
        assert kernels.rebuild(*model.state(), model.required) == 0
        model.take_as_best()
        return elite(model)

    first, second = plan(list(range(1, 31))), plan(rng.permutation(np.arange(1, 31)).tolist())
    for seed in range(20):
        left = cross(model, near, first, second, np.random.default_rng(seed))  # type: ignore[arg-type]
        assert kernels.rebuild(*model.state(), model.required) == 0
        used = np.flatnonzero(model.plan.route[model.plan.halts.nodes()] >= 0)
        routes = sum(model.plan.size > 0)
        assert len(used) == 2 * routes
        assert len(left) + model.plan.size.sum() - len(used) == 30


def _paths(problem: Problem, k: int, served: tuple[int, ...], most: int) -> list[tuple[int, ...]]:
    """Every order of some stops, with up to so many halts anywhere among them."""
    v = problem.vehicles[k]
    places = sorted({*v.reload_depots, *problem.chargers})
    found = []
    for order in itertools.permutations(served):
        for count in range(most + 1):
            for gaps in itertools.combinations_with_replacement(range(len(order) + 1), count):
                for depots in itertools.product(places, repeat=count):
                    visits: list[int] = []
                    for i in range(len(order) + 1):
                        visits += [d for g, d in zip(gaps, depots, strict=True) if g == i]
                        visits += order[i : i + 1]
                    found.append(tuple(visits))
    return found


def _cheapest(problem: Problem, most: int) -> tuple[int, float]:
    """Fewest stops left out, then the least cost, over every plan of the vehicles there are."""
    D, n = problem.num_depots, problem.num_clients
    price: list[dict[frozenset[int], float]] = []
    for k, v in enumerate(problem.vehicles):
        best: dict[frozenset[int], float] = {frozenset(): 0.0}
        for size in range(1, n + 1):
            for served in itertools.combinations(range(D, D + n), size):
                costs = []
                for visits in _paths(problem, k, served, most):
                    plan = evaluate(problem, [Route(k, v.start_depot, v.end_depot, visits)])
                    if all(w.kind == "unserved" for w in check(problem, plan)):
                        costs.append(plan.routes[0].cost)
                if costs:
                    best[frozenset(served)] = min(costs)
        price += [best] * (v.count or 0)
    plans: dict[frozenset[int], float] = {frozenset(): 0.0}
    for best in price:
        more = dict(plans)
        for s, cost in plans.items():
            for t, extra in best.items():
                if not s & t:
                    more[s | t] = min(more.get(s | t, math.inf), cost + extra)
        plans = more
    return min((n - len(s), cost) for s, cost in plans.items())


@pytest.mark.parametrize("drive", ["reload", "charge"])
@pytest.mark.parametrize("seed", range(6))
def test_brute_force(drive: str, seed: int) -> None:
    """On tiny problems the plan is as good as the best of all partitions, orders and halts."""
    rng = np.random.default_rng(50 * seed + len(drive))
    features = {f for f in OFTEN if rng.random() < 0.3} - {"prizes"} | {"counted"}
    problem = random_halts(rng, 3, features, drive)
    found = run(problem, 2000)
    proven(problem, found)
    assert (len(found.unserved), found.cost) == pytest.approx(_cheapest(problem, 2), rel=1e-6)


def test_a_route_with_halts_changes_its_vehicle() -> None:
    """One vehicle comes back twice, another needs to only once, and starts elsewhere: all stops must move at once."""
    rng = np.random.default_rng(133)
    features = {f for f in OFTEN if rng.random() < 0.35} - {"prizes"} | {"counted", "releases"}
    problem = random_halts(rng, 4, features, "reload")
    found = run(problem, 2000)
    proven(problem, found)
    assert (len(found.unserved), found.cost) == pytest.approx(_cheapest(problem, 2), rel=1e-6)


def test_one_vehicle_makes_several_trips() -> None:
    """One small vehicle serves everyone by coming back, no more often than it has to; its visits name the depot."""
    rng = np.random.default_rng(0)
    fleet = [VehicleType(count=1, capacity=(10.0,), reload_depots=(0,))]
    problem = Problem.from_arrays(coords=rng.random((41, 2)), demand=np.ones(40), vehicles=fleet, depot_service=[0.1])
    plan = run(problem, 3000)
    proven(problem, plan)
    assert not plan.unserved
    assert [v for v in plan.routes[0].visits if v == 0] == [0, 0, 0]
    again = make("search").solve(problem, Deadline(max_iterations=1), np.random.default_rng(1), start=plan)
    proven(problem, again)
    assert again.cost <= plan.cost + 1e-9


def test_station_on_the_way() -> None:
    """A stop beyond half the range is served by charging on the way there and back; one beyond all range is not."""
    fleet = [VehicleType(count=2, battery=100.0, consumption=1.0)]
    problem = Problem.from_arrays(
        coords=[(0.0, 0.0), (60.0, 0.0), (90.0, 0.0), (190.0, 0.0)], num_depots=2, demand=np.ones(2), vehicles=fleet,
        chargers={1: [(0.0, 0.0), (100.0, 100.0)]},
    )  # fmt: skip
    plan = run(problem, 500)
    proven(problem, plan)
    assert [r.visits for r in plan.routes] == [(1, 2, 1)]
    (left,) = explain_unserved(problem, plan).unserved
    assert left.stop == 3
    # From the station to it and back to the station.
    assert left.reason.startswith("It is out of range")
    assert "takes 260 of energy" in left.reason


def test_a_stop_is_reached_by_two_charges_with_another_between() -> None:
    """A backhaul must not come first; behind the other stop it needs a charge before that one and one behind itself.

    By hand: 15 + 9 + 9 + 14 + 15 of distance, and 0.1 for each second, of which the two charges take 15 and 26.5.
    """
    fleet = VehicleType(count=2, capacity=(9.0,), battery=45.5, consumption=1.0, distance_cost=1.0, duration_cost=0.1)
    curve = [(0.0, 0.0), (20.0, 30.0), (40.0, 50.0)]
    problem = Problem.from_arrays(
        coords=[(0.0, 0.0), (15.0, 0.0), (29.0, 0.0), (22.0, math.sqrt(32))], num_depots=2, vehicles=[fleet],
        delivery=[0.0, 1.0], pickup=[1.0, 1.0], backhaul="strict", chargers={1: curve},
    )  # fmt: skip
    plan = run(problem, 500)
    proven(problem, plan)
    assert [r.visits for r in plan.routes] == [(1, 3, 2, 1)]
    assert plan.cost == pytest.approx(62 + 0.1 * (62 + 15 + 26.5))
