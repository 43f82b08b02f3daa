"""The cost and feasibility of random routes are those that PyVRP computes for the same routes.

Both models are built side by side from the same numbers. Where the meanings differ on purpose (see `vrp.schedule`), the
PyVRP model is built such that it means ours: depots that serve reloads are copies with a service time, and an open
route ends at a place that is no way from anywhere.
"""

from dataclasses import dataclass

import numpy as np
import pytest

from vrp.check import check, evaluate
from vrp.problem import Problem
from vrp.solution import Route
from vrp.vehicles import VehicleType

pyvrp = pytest.importorskip("pyvrp", reason="PyVRP is not installed: pip install 'neural-vrp[baselines]'")

TIME = {"time window", "depot window", "shift", "max duration"}
DEPOTS = 2


@dataclass
class Case:
    """One problem in both models, with plans in both notations."""

    ours: Problem
    theirs: object
    shipments: np.ndarray


def random_case(rng: np.random.Generator) -> Case:
    """Draw the numbers and write them down twice."""
    n, pairs, loads, profiles = int(rng.integers(1, 8)), int(rng.integers(0, 3)), int(rng.integers(1, 3)), 2
    clients, places = n + 2 * pairs, DEPOTS + n + 2 * pairs
    timed = rng.random() < 0.7
    distance, duration = (
        rng.integers(1, 40, (profiles, places, places)) * (1 - np.eye(places, dtype=int)) for _ in range(2)
    )
    begin = rng.integers(0, 200, clients) * timed
    end = begin + rng.integers(20, 300, clients) if timed else np.full(clients, 10_000)
    end[n + 1 :: 2] = np.maximum(end[n + 1 :: 2], begin[n::2])  # PyVRP asks for it
    service = rng.integers(0, 20, clients)
    delivery = rng.integers(0, 9, (clients, loads)) * (np.arange(clients) < n)[:, None]
    pickup = rng.integers(0, 9, (clients, loads)) * (np.arange(clients) < n)[:, None] * int(rng.integers(0, 2))
    release = rng.integers(0, 120, clients) * (np.arange(clients) < n) * int(rng.random() < 0.4)
    release = np.minimum(release, end)  # and for this
    loading = np.zeros(DEPOTS, dtype=int) if release.any() else rng.integers(0, 15, DEPOTS)
    depot_windows = np.array([(int(rng.integers(0, 60)), int(rng.integers(250, 600))) for _ in range(DEPOTS)])
    if not timed:
        depot_windows[:] = 0, 10_000
    group = np.full(clients, -1)
    if n >= 3 and rng.random() < 0.3:
        group[rng.permutation(n)[:2]] = 0
    optional = (rng.random(clients) < 0.3) | (group >= 0)
    optional[n:] = np.repeat(optional[n::2], 2)
    prize = np.where(optional, rng.integers(0, 50, clients), np.inf)
    amount = rng.integers(0, 6, (pairs, loads))
    shipments = DEPOTS + n + np.arange(2 * pairs).reshape(pairs, 2)
    kinds = [random_kind(rng, loads, timed) for _ in range(2)]

    ours = Problem(
        num_depots=DEPOTS,
        vehicles=tuple(VehicleType(**kind) for kind in kinds),
        distance=distance,
        duration=duration,
        depot_windows=depot_windows,
        depot_service=loading,
        delivery=delivery,
        pickup=pickup,
        service=service,
        time_windows=np.stack([begin, end], axis=1),
        release=release,
        prize=prize,
        group=group,
        group_required=[True] if group.any() and group.max() >= 0 else [],
        shipments=shipments,
        shipment_load=amount,
    )
    nowhere = [np.pad(m, ((0, 1), (0, 1))) for m in (*distance, *duration)]
    theirs = pyvrp.ProblemData(
        [pyvrp.Location(0, 0) for _ in range(places + 1)],
        [
            pyvrp.Client(
                DEPOTS + c, delivery[c].tolist(), pickup[c].tolist(), int(service[c]), int(begin[c]), int(end[c]),
                int(release[c]), int(prize[c]) if optional[c] else 0, not optional[c],
                int(group[c]) if group[c] >= 0 else None,
            )
            for c in range(n)
        ],
        [
            *(pyvrp.Depot(d, *depot_windows[d].tolist()) for d in range(DEPOTS)),
            *(pyvrp.Depot(d, *depot_windows[d].tolist(), int(loading[d])) for d in range(DEPOTS)),
            pyvrp.Depot(places),
        ],
        [their_kind(kind) for kind in kinds],
        nowhere[:profiles],
        nowhere[profiles:],
        [pyvrp.ClientGroup(np.flatnonzero(group == 0).tolist(), True)] if group.max() >= 0 else [],
        [
            pyvrp.Shipment(
                a, b, int(begin[a - DEPOTS]), int(end[a - DEPOTS]), int(service[a - DEPOTS]), int(begin[b - DEPOTS]),
                int(end[b - DEPOTS]), int(service[b - DEPOTS]), amount[s].tolist(),
                int(prize[[a - DEPOTS, b - DEPOTS]].sum()) if optional[a - DEPOTS] else 0, not optional[a - DEPOTS],
            )
            for s, (a, b) in enumerate(shipments.tolist())
        ],
    )  # fmt: skip
    return Case(ours, theirs, shipments)


def random_kind(rng: np.random.Generator, loads: int, timed: bool) -> dict[str, object]:
    """Draw the fields of one vehicle type."""
    reloads = rng.random() < 0.4
    nominal = int(rng.integers(50, 300))
    return {
        "capacity": tuple(rng.integers(8, 30, loads).tolist()),
        "start_depot": int(rng.integers(DEPOTS)),
        "end_depot": None if rng.random() < 0.25 else int(rng.integers(DEPOTS)),
        "shift": (int(rng.integers(0, 50)), int(rng.integers(250, 500))) if timed else (0, 100_000),
        "initial_load": () if reloads else tuple(rng.integers(0, 4, loads).tolist()),
        "max_duration": nominal + int(rng.integers(0, 200)) if timed else np.inf,
        "nominal_duration": nominal if timed else np.inf,
        "overtime_cost": int(rng.integers(0, 5)),
        "max_distance": int(rng.integers(30, 300)) if rng.random() < 0.4 else np.inf,
        "fixed_cost": int(rng.integers(0, 30)),
        "distance_cost": int(rng.integers(0, 4)),
        "duration_cost": int(rng.integers(0, 4)),
        "profile": int(rng.integers(2)),
        "reload_depots": (0, 1) if reloads else (),
    }


def their_kind(kind: dict[str, object]) -> object:
    """Write the same vehicle type for PyVRP."""
    k: dict[str, object] = {name: value for name, value in kind.items() if value is not np.inf}
    limits = {}
    if "nominal_duration" in k:
        limits = {"shift_duration": k["nominal_duration"], "max_overtime": k["max_duration"] - k["nominal_duration"]}  # type: ignore[operator]
    if "max_distance" in k:
        limits["max_distance"] = k["max_distance"]
    return pyvrp.VehicleType(
        num_available=20,
        capacity=list(kind["capacity"]),  # type: ignore[call-overload]
        start_depot=kind["start_depot"],
        end_depot=2 * DEPOTS if kind["end_depot"] is None else kind["end_depot"],
        fixed_cost=kind["fixed_cost"],
        tw_early=kind["shift"][0],  # type: ignore[index]
        tw_late=kind["shift"][1],  # type: ignore[index]
        unit_distance_cost=kind["distance_cost"],
        unit_duration_cost=kind["duration_cost"],
        unit_overtime_cost=kind["overtime_cost"],
        profile=kind["profile"],
        initial_load=list(kind["initial_load"]),  # type: ignore[call-overload]
        reload_depots=[DEPOTS + d for d in kind["reload_depots"]],  # type: ignore[attr-defined]
        **limits,
    )


def random_plan(rng: np.random.Generator, case: Case) -> list[Route]:
    """Draw routes; shipments stay together within a trip, and of a group at most one is served."""
    problem = case.ours
    units = [(x,) for x in range(DEPOTS, problem.num_locations) if x not in case.shipments]
    if (problem.group >= 0).any():
        units.remove((int(rng.choice(np.flatnonzero(problem.group == 0))) + DEPOTS,))
    units += [tuple(pair) for pair in case.shipments.tolist()]
    units = [units[i] for i in rng.permutation(len(units))[int(rng.integers(0, 2)) :]]
    routes = []
    for part in np.array_split(np.arange(len(units)), int(rng.integers(1, 4))):
        kind = int(rng.integers(2))
        v = problem.vehicles[kind]
        trips: list[list[int]] = [[]]
        for i in part.tolist():
            if trips[-1] and v.reload_depots and rng.random() < 0.3:
                trips.append([])
            first = int(rng.integers(len(trips[-1]) + 1))
            trips[-1].insert(first, units[i][0])
            for x in units[i][1:]:
                trips[-1].insert(int(rng.integers(first + 1, len(trips[-1]) + 1)), x)
        visits = list(trips[0])
        for trip in trips[1:]:
            visits += [int(rng.integers(DEPOTS)), *trip]
        if visits:
            routes.append(Route(kind, v.start_depot, v.end_depot, tuple(visits)))
    return routes


def their_route(case: Case, route: Route) -> object:
    """Write the same route as PyVRP's activities."""
    activities = []
    ends = {x: (s, side) for s, pair in enumerate(case.shipments.tolist()) for side, x in enumerate(pair)}
    kinds = pyvrp.ActivityType
    for x in route.visits:
        if x < DEPOTS:
            activities.append(pyvrp.Activity(kinds.DEPOT, DEPOTS + x))
        elif x in ends:
            s, side = ends[x]
            activities.append(pyvrp.Activity(kinds.DELIVERY if side else kinds.PICKUP, s))
        else:
            activities.append(pyvrp.Activity(kinds.CLIENT, x - DEPOTS))
    return pyvrp.Route(case.theirs, activities, route.vehicle_type)


def compare_route(case: Case, route: Route, theirs: object, wrong: list) -> None:  # type: ignore[type-arg]
    """Compare one scheduled route and its violations with PyVRP's route."""
    mine = {v.kind for v in wrong}
    assert route.distance == theirs.distance()  # type: ignore[attr-defined]
    assert bool(mine & TIME) == theirs.has_time_warp()  # type: ignore[attr-defined]
    if not theirs.has_time_warp():  # type: ignore[attr-defined]
        assert route.duration == theirs.duration()  # type: ignore[attr-defined]
        assert route.steps[0].leave == theirs.start_time()  # type: ignore[attr-defined]
        assert route.steps[-1].leave == theirs.end_time()  # type: ignore[attr-defined]
    assert sum(v.amount for v in wrong if v.kind == "capacity") == sum(theirs.excess_load())  # type: ignore[attr-defined]
    assert sum(v.amount for v in wrong if v.kind == "max distance") == theirs.excess_distance()  # type: ignore[attr-defined]


@pytest.mark.parametrize("seed", range(4))
def test_same_costs_and_the_same_routes_are_feasible(seed: int) -> None:
    """Distance, duration, start, excess and cost agree, and a plan is feasible just when it is for PyVRP."""
    rng = np.random.default_rng(seed)
    feasible = 0
    for _ in range(500):
        case = random_case(rng)
        routes = random_plan(rng, case)
        solution = evaluate(case.ours, routes)
        violations = check(case.ours, solution)
        theirs = [their_route(case, r) for r in routes]
        for i, (route, other) in enumerate(zip(solution.routes, theirs, strict=True)):
            compare_route(case, route, other, [v for v in violations if v.route == i])
        plan = pyvrp.Solution(case.theirs, theirs)
        table = solution.cost_table
        assert table["fixed"] == plan.fixed_vehicle_cost()
        assert table["distance"] == plan.distance_cost()
        assert table["missed prizes"] == plan.uncollected_prizes()
        assert (not violations) == (plan.is_feasible() and plan.is_complete())
        if not violations:
            feasible += 1
            assert table["duration"] + table["overtime"] == plan.duration_cost()
            evaluator = pyvrp.CostEvaluator([1] * case.ours.num_loads, 1, 1)
            assert solution.cost == evaluator.cost(plan)
    assert feasible > 80
