"""What `check` reports, against rules counted by hand on random plans and one plan per broken rule."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vrp
from tests.vrp.simulation import cases, play, whole_plan
from vrp.check import check, evaluate
from vrp.errors import VrpError
from vrp.problem import Problem
from vrp.solution import Route, Solution, Status, Unserved
from vrp.vehicles import VehicleType

OF_A_STOP = {"time window", "depot window", "battery", "allowed", "unserved", "visited twice"}


@pytest.mark.parametrize("seed", range(4))
def test_finds_exactly_the_broken_rules(seed: int) -> None:
    """On random plans over every field, the kinds (and places) reported are those counted by hand, none more."""
    seen: set[str] = set()
    for problem, routes in cases(100 + seed, 250):
        expected: set[tuple[int | None, str, int | None]] = {(None, *b) for b in whole_plan(problem, routes)}
        for i, route in enumerate(routes):
            expected |= {(i, kind, x if kind in OF_A_STOP else None) for kind, x in play(problem, route).broken}
        found = set()
        for v in check(problem, evaluate(problem, routes)):
            of_plan = v.kind in {"visited twice", "group", "shipment", "unserved"}
            found.add((None if of_plan else v.route, v.kind, v.stop if v.kind in OF_A_STOP else None))
        assert found == expected
        seen |= {kind for _, kind, _ in expected}
    assert len(seen) >= 18


LINE = np.array([[0.0, 0.0], [10.0, 0.0], [20.0, 0.0], [30.0, 0.0]])
"""A depot and the stops A, B, C (1, 2, 3) on a line, 10 m and 10 s apart."""


def line(**fields: Any) -> Problem:
    return Problem(coords=LINE, names=("depot", "A", "B", "C"), **fields)


def plan(problem: Problem, *routes: tuple[int, ...]) -> Solution:
    return evaluate(problem, [Route(0, 0, 0, visits) for visits in routes])


VAN = VehicleType(name="van")
ONE_BROKEN_RULE = [
    (
        "capacity",
        {"vehicles": (replace(VAN, capacity=(4,)),), "delivery": [1, 2, 2]},
        [(1, 2, 3)],
        "Route 1 (vehicle type 'van') carries 5 when leaving depot 'depot', above its capacity of 4.",
        1,
    ),
    (
        "capacity",  # 3 on board at the start, 2 after A, 1 + 3 after B: the peak is on the way
        {"vehicles": (replace(VAN, capacity=(3, 9)),), "delivery": [[1, 0]] * 3, "pickup": [[0, 0], [3, 0], [0, 0]]},
        [(1, 2, 3)],
        "Route 1 (vehicle type 'van') carries 4 of load 0 when leaving stop 'B', above its capacity of 3.",
        1,
    ),
    (
        "time window",
        {"time_windows": [[0, 99], [0, 99], [0, 25]]},
        [(1, 2, 3)],
        "starts at stop 'C' at 30 s, 5 s after its window ends (25 s).",
        5,
    ),
    ("shift", {"vehicles": (replace(VAN, shift=(0, 50)),)}, [(1, 2, 3)], "ends at 60 s, 10 s after its shift", 10),
    ("depot window", {"depot_windows": [[0, 55]]}, [(1, 2, 3)], "is at depot 'depot' at 60 s (end), 5 s after", 5),
    (
        "max duration",
        {"vehicles": (replace(VAN, max_duration=59),)},
        [(1, 2, 3)],
        "lasts 60 s, 1 s above its limit of 59 s",
        1,
    ),
    (
        "max distance",
        {"vehicles": (replace(VAN, max_distance=50),)},
        [(1, 2, 3)],
        "drives 60, above its limit of 50",
        10,
    ),
    ("max stops", {"vehicles": (replace(VAN, max_stops=2),)}, [(1, 2, 3)], "serves 3 stops, above its limit of 2", 1),
    ("allowed", {"allowed": [[True, False, True]]}, [(1, 2, 3)], "serves stop 'B', which is not allowed for it", None),
    ("visited twice", {}, [(1, 2, 3), (2,)], "Stop 'B' is served 2 times (routes 1, 2), not once.", 1),
    ("unserved", {}, [(1, 3)], "Stop 'B' must be served, but no route serves it.", 1),
    ("group", {"group": [0, 0, -1]}, [(1, 2, 3)], "Group 0 has 2 of its alternatives served (stop 'A', stop 'B')", 1),
    ("unserved", {"group": [0, 0, -1]}, [(3,)], "Group 0 must be served, but none of its alternatives is", 1),
    ("shipment", {"shipments": [[1, 3]]}, [(3, 2, 1)], "is delivered before it is picked up on route 1", None),
    ("shipment", {"shipments": [[1, 3]]}, [(1, 2), (3,)], "is split over the routes 1 and 2", None),
    (
        "shipment",
        {"shipments": [[1, 3]], "prize": [1, np.inf, 1]},
        [(1, 2)],
        "Shipment 0 from stop 'A' to stop 'C' is served at stop 'A' but not at stop 'C'.",
        1,
    ),
    (
        "backhaul",
        {"backhaul": "last", "delivery": [1, 0, 1], "pickup": [0, 1, 0]},
        [(1, 2, 3)],
        "delivers to stop 'C' after the pickup at stop 'B'",
        None,
    ),
    (
        "backhaul",
        {"backhaul": "strict", "delivery": [1, 0, 1], "pickup": [0, 1, 0]},
        [(1, 3), (2,)],
        "has a trip with pickups alone (from stop 'B')",
        None,
    ),
    ("prefix", {"vehicles": (replace(VAN, count=1, prefix=(2, 1)),)}, [(2, 3, 1)], "has stop 'C' where stop 'A'", None),
    ("too many vehicles", {"vehicles": (replace(VAN, count=1),)}, [(1,), (2, 3)], "2 routes use vehicle type 'van'", 1),
    ("reload not permitted", {}, [(1, 0, 2, 3)], "visits depot 'depot' on its way", None),
    (
        "max reloads",
        {"vehicles": (replace(VAN, reload_depots=(0,), max_reloads=1),)},
        [(1, 0, 2, 0, 3)],
        "reloads 2 times, above its limit of 1",
        1,
    ),
    ("battery", {"vehicles": (replace(VAN, battery=55, consumption=1),)}, [(1, 2, 3)], "its battery at -5, below 0", 5),
]


@pytest.mark.parametrize(("kind", "fields", "routes", "words", "amount"), ONE_BROKEN_RULE)
def test_one_broken_rule(
    kind: str, fields: dict[str, Any], routes: list[tuple[int, ...]], words: str, amount: float | None
) -> None:
    """A plan that breaks one rule gets one violation of that kind, with names and numbers."""
    problem = line(**fields)
    found = check(problem, plan(problem, *routes))
    assert [v.kind for v in found] == [kind]
    assert words in str(found[0])
    if amount is not None:
        assert found[0].amount == pytest.approx(amount)


def test_times_of_the_day() -> None:
    """Where times are times of the day, violations tell them as such, to the second."""
    morning = {"shift": (28_800, 57_600), "max_duration": 50}
    problem = line(vehicles=(replace(VAN, **morning),), time_windows=[[0, 90_000], [0, 90_000], [0, 28_825.5]])
    late, long = check(problem, plan(problem, (1, 2, 3)))
    assert "at 08:00:30, 4.5 s after its window ends (08:00:25.5)" in late.message
    assert "lasts 1 min, 10 s above its limit of 50 s" in long.message


def test_a_clean_plan_has_no_violation() -> None:
    """Nothing is reported where nothing is wrong, and the cost table adds up."""
    problem = line(vehicles=(replace(VAN, fixed_cost=5),), prize=[np.inf, np.inf, 7])
    solution = plan(problem, (1, 2))
    assert check(problem, solution) == []
    assert solution.cost == 5 + 40 + 7
    assert dict(solution.cost_table)["missed prizes"] == 7
    assert solution.status is Status.COMPLETE
    assert [(u.stop, u.required) for u in solution.unserved] == [(3, False)]


def test_status_tells_what_is_served() -> None:
    """COMPLETE, PARTIAL and EMPTY; a route without visits uses no vehicle and costs nothing."""
    problem = line(vehicles=(replace(VAN, fixed_cost=5),))
    assert plan(problem, (1, 2, 3)).status is Status.COMPLETE
    assert plan(problem, (1, 2)).status is Status.PARTIAL
    empty = plan(problem, ())
    assert (empty.status, empty.routes, empty.cost) == (Status.EMPTY, (), 0)


def lie(solution: Solution, **changes: Any) -> Solution:
    """Change what the first route of a plan states."""
    return replace(solution, routes=(replace(solution.routes[0], **changes), *solution.routes[1:]))


LIES = [
    ("stated cost", lambda s: replace(s, cost=s.cost - 1)),
    ("stated cost", lambda s: replace(s, cost_table={**s.cost_table, "fixed": 3.0})),
    ("stated cost", lambda s: replace(s, cost=float("nan"))),
    ("stated status", lambda s: replace(s, status=Status.PARTIAL)),
    ("stated unserved", lambda s: replace(s, unserved=(Unserved(1, "", ""),))),
    ("stated route", lambda s: lie(s, distance=1.0)),
    ("stated route", lambda s: lie(s, duration=1.0)),
    ("stated route", lambda s: lie(s, end_depot=None)),
    ("stated steps", lambda s: lie(s, steps=s.routes[0].steps[:-1])),
    ("stated steps", lambda s: lie(s, steps=(replace(s.routes[0].steps[0], load=(9.0,)), *s.routes[0].steps[1:]))),
    ("stated steps", lambda s: lie(s, steps=(*s.routes[0].steps[:-1], replace(s.routes[0].steps[-1], arrive=9.0)))),
]


@pytest.mark.parametrize(("kind", "tell"), LIES)
def test_false_statements_are_found(kind: str, tell: Callable[[Solution], Solution]) -> None:
    """Cost, status, unserved stops, figures and steps that a plan states are compared with the truth."""
    problem = line(delivery=[1, 1, 1])
    solution = plan(problem, (1, 2), (3,))
    assert check(problem, solution) == []
    assert {v.kind for v in check(problem, tell(solution))} == {kind}


def test_a_plan_without_steps_is_checked_by_its_visits() -> None:
    """Hand-made routes state no schedule, so only their cost and their depots can be wrong."""
    problem = line()
    true = plan(problem, (1, 2, 3))
    assert check(problem, lie(true, steps=(), distance=0.0, duration=0.0, cost=0.0)) == []


def test_an_unserved_stop_must_be_listed() -> None:
    """A stop that is neither served nor listed is told."""
    problem = line(prize=[np.inf, np.inf, 1])
    solution = replace(plan(problem, (1, 2)), unserved=())
    assert [v.kind for v in check(problem, solution)] == ["stated unserved"]


def test_nonsense_is_named() -> None:
    """Locations and vehicle types that do not exist: `check` reports them, `evaluate` refuses them."""
    problem = line()
    true = plan(problem, (1, 2, 3))
    found = check(problem, lie(true, visits=(1, 9, 2, -1, 3)))
    assert [(v.kind, v.stop) for v in found] == [("unknown stop", 9), ("unknown stop", -1)]
    kinds = {v.kind for v in check(problem, lie(true, vehicle_type=4))}
    assert {"unknown vehicle type", "unserved"} <= kinds
    with pytest.raises(VrpError, match="Route 1 visits location 9"):
        plan(problem, (1, 9))
    with pytest.raises(VrpError, match="vehicle type 4, but the problem has the types 0 to 0"):
        evaluate(problem, [Route(4, 0, 0, (1,))])


def test_arguments_of_the_wrong_type_are_named() -> None:
    """Swapped arguments are an error that shows the right order."""
    problem = line()
    with pytest.raises(VrpError, match=r"got Solution and Problem. Use vrp.check\(problem, solution\)"):
        check(plan(problem, (1, 2, 3)), problem)  # type: ignore[arg-type]


def test_rounding_is_no_violation() -> None:
    """Sums of tenths that miss a limit by a rounding error are within it; a millionth part more is not."""
    for excess, kinds in ((0.0, []), (1e-5, ["capacity"])):
        problem = line(vehicles=(replace(VAN, capacity=(0.6,)),), delivery=[0.1, 0.2, 0.3 + excess])
        assert [v.kind for v in check(problem, plan(problem, (1, 2, 3)))] == kinds


@pytest.mark.parametrize("size", [1e3, 1e6, 1e8])
def test_a_whole_unit_too_much_is_one_at_any_size(size: float) -> None:
    """Loads in grams and long distances in metres are as binding as small ones."""
    heavy = line(vehicles=(replace(VAN, capacity=(3 * size,)),), delivery=[size, size, size + 1])
    assert [v.kind for v in check(heavy, plan(heavy, (1, 2, 3)))] == ["capacity"]
    full = heavy.replace(delivery=[[size], [size], [size]])
    assert check(full, plan(full, (1, 2, 3))) == []
    far = Problem.from_arrays(distance=[[0, size], [size, 0]], vehicles=[replace(VAN, max_distance=2 * size - 1)])
    assert [v.kind for v in check(far, plan(far, (1,)))] == ["max distance"]


def test_electric_routes_of_the_literature(benchmark_data: Path) -> None:
    """A published plan for r205 (Schneider et al. 2014), with two stops at chargers, is feasible and costs 974.832."""
    problem = vrp.read(benchmark_data / "evrptw" / "r205_21.txt")
    where = {name: i for i, name in enumerate(problem.names)}
    lines = (benchmark_data / "evrptw" / "r205.sol.txt").read_text().splitlines()[2:]
    routes = [Route(0, 0, 0, tuple(where[x] for x in row.split(", ")[1:-1])) for row in lines if row]
    solution = evaluate(problem, routes)
    assert check(problem, solution) == []
    assert solution.cost == pytest.approx(974.832, abs=0.0005)
    assert sum(s.kind == "charge" for r in solution.routes for s in r.steps) == 2
    dry = problem.replace(vehicles=(replace(problem.vehicles[0], battery=problem.vehicles[0].battery * 0.8),))
    assert {v.kind for v in check(dry, evaluate(dry, routes))} == {"battery"}
