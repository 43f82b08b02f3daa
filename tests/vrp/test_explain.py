"""Each unserved stop gets the true reason, with its numbers."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tests.vrp.simulation import cases, play, whole_plan
from vrp.check import check, evaluate, examine
from vrp.explain import explain_unserved
from vrp.problem import Problem
from vrp.solution import Route, Unserved
from vrp.vehicles import Break, VehicleType

LINE = np.array([[0.0, 0.0], [10.0, 0.0], [20.0, 0.0], [30.0, 0.0]])
"""A depot and the stops 1, 2, 3 on a line, 10 m and 10 s apart."""


def reasons(problem: Problem, routes: list[tuple[int, ...]], kind: int = 0) -> dict[int, Unserved]:
    plan = evaluate(problem, [Route(kind, 0, 0, visits) for visits in routes])
    return {u.stop: u for u in explain_unserved(problem, plan).unserved}


def line(**fields: object) -> Problem:
    return Problem(coords=LINE, names=("depot", "A", "B", "C"), **fields)  # type: ignore[arg-type]


def test_demand_above_every_capacity() -> None:
    """A stop larger than the largest vehicle that may serve it is told so, with both numbers."""
    vehicles = (VehicleType(capacity=(5,)), VehicleType(capacity=(7,), name="van"), VehicleType(capacity=(99,)))
    allowed = np.ones((3, 3), dtype=bool)
    allowed[2, 2] = False
    found = reasons(line(vehicles=vehicles, delivery=[1, 1, 8], allowed=allowed), [(1, 2)])[3]
    assert found.reason == ("Its demand is 8, but no vehicle that may serve it holds more than 7 (vehicle type 'van').")
    assert "larger vehicle" in found.hint


def test_nobody_may_serve_it() -> None:
    """A stop that every vehicle type is forbidden to serve is told so."""
    assert "No vehicle type is allowed" in reasons(line(allowed=[[True, True, False]]), [(1, 2)])[3].reason


def test_window_that_nobody_can_reach() -> None:
    """The window and the earliest arrival are given as clock times."""
    windows = np.array([[0, 80_000], [0, 80_000], [21_600, 23_400]])
    vehicles = (VehicleType(count=1, shift=(29_610, 60_000)),)
    found = reasons(line(time_windows=windows, vehicles=vehicles), [(1, 2)])[3]
    assert "window 06:00:00 to 06:30:00 ends before any vehicle" in found.reason
    assert "earliest 08:14:00" in found.reason
    assert found.hint == "Widen it or start a vehicle earlier."


def test_window_of_a_delivery_that_its_pickup_delays() -> None:
    """It is told that the way leads by the pickup, not straight from the depot."""
    windows = np.array([[0, 80_000], [100, 200], [20, 50]])
    found = reasons(line(time_windows=windows, shipments=[(2, 3)], shipment_load=[1]), [(1,)])
    assert "At stop 'C' the window" in found[2].reason
    assert "coming by way of its pickup (earliest" in found[2].reason


def test_reach_that_takes_two_charges_in_a_row() -> None:
    """More time alone would not help: what the search does not try is told."""
    x = np.array([0.0, 40.0, 80.0, 110.0])
    van = VehicleType(battery=70.0, consumption=1.0, max_distance=1000.0)
    curve = [(0, 0), (10, 1000)]
    problem = Problem(
        distance=np.abs(x[:, None] - x), num_depots=3, delivery=[1], vehicles=(van,), chargers={1: curve, 2: curve}
    )
    assert evaluate(problem, [Route(0, 0, 0, (1, 2, 3, 2, 1))]).check() == []
    found = explain_unserved(problem, evaluate(problem, [])).unserved[0]
    assert "no two charging stops in a row" in found.reason
    assert "larger battery" in found.hint


def test_releases_and_breaks_that_are_to_blame() -> None:
    """Where a stop could be served without its release, or without the breaks, it is told so; where not, it is not."""
    windows = np.array([[0, 80_000], [0, 80_000], [21_600, 23_400]])
    lunch = (VehicleType(count=1, shift=(18_000, 60_000), breaks=(Break(21_000, 27_000),)),)
    van = (VehicleType(count=1, shift=(18_000, 60_000)),)
    both = {"release": [0, 0, 23_380], "vehicles": lunch, "time_windows": windows}
    cases = (
        (line(vehicles=van, time_windows=windows, release=[0, 0, 25_200]), "Its goods are released only at 07:00:00."),
        (line(vehicles=lunch, time_windows=windows), "The breaks of vehicle type 0 (05:50:00 to 07:30:00) are in the"),
        (line(**both), "released only at 06:29:40, and then the breaks"),
        (line(vehicles=van, time_windows=windows, speed=0.001, release=[0, 0, 25_200]), None),
    )
    for problem, words in cases:
        found = reasons(problem, [(1,)])[3]
        assert "window 06:00:00 to 06:30:00 ends before any vehicle" in found.reason
        if words is None:
            assert "released" not in found.reason
            assert found.hint == "Widen it or start a vehicle earlier."
        else:
            assert words in found.reason
            assert re.search("[Rr]elease|[Mm]ove the breaks", found.hint)


@pytest.mark.parametrize(
    ("vehicle", "words"),
    [
        (VehicleType(shift=(0, 50)), ["shift", "60 s", "50 s"]),
        (VehicleType(max_distance=50), ["drives 60", "50"]),
        (VehicleType(max_duration=50), ["lasts 60 s", "50 s"]),
        (VehicleType(battery=50, consumption=1), ["battery at -10"]),
    ],
)
def test_not_even_alone(vehicle: VehicleType, words: list[str]) -> None:
    """Shift, distance, duration and battery that do not suffice for the stop alone are named with their numbers."""
    found = reasons(line(vehicles=(vehicle,)), [(1, 2)])[3]
    assert "alone" in found.reason
    for word in words:
        assert word in found.reason
    assert found.hint


def test_all_vehicles_are_full() -> None:
    """Where the fleet is used up, the limit that was met most often is named, with how little is missing."""
    problem = line(vehicles=(VehicleType(count=1, capacity=(5,)),), delivery=[2, 2, 3])
    found = reasons(problem, [(1, 2)])[3]
    assert "of the 2 cheapest places in their routes 2 break the capacity (by 2 at the least)" in found.reason
    assert "Add a vehicle" in found.hint


def test_prize_that_does_not_pay() -> None:
    """An optional stop tells its detour and its prize."""
    found = reasons(line(prize=[np.inf, np.inf, 15], vehicles=(VehicleType(count=1),)), [(1, 2)])[3]
    assert "costs 20 more (on route 1), but its prize is only 15" in found.reason
    assert not found.required


def test_new_vehicle_may_be_the_cheapest_place() -> None:
    """The cheapest place of an optional stop may be a vehicle of its own."""
    far = np.array([[0.0, 0.0], [10.0, 0.0], [20.0, 0.0], [-3.0, 0.0]])
    problem = Problem(coords=far, prize=[9, 9, 5], vehicles=(VehicleType(duration_cost=0.0, distance_cost=1.0),))
    assert "costs 6 more" in reasons(problem, [(1, 2)])[3].reason


def test_missed_by_the_search() -> None:
    """Where there is a place, the answer is honest about it."""
    found = reasons(line(), [(1, 2)])[3]
    assert "There is a place for it" in found.reason
    assert found.hint == "Allow more time."


def test_alternatives_and_partners() -> None:
    """The alternative that is served is named, and a delivery points to its pickup."""
    found = reasons(line(group=[0, 0, -1]), [(1, 3)])[2]
    assert found.reason == "Its alternative is served instead: stop 'A'."
    problem = line(shipments=[[2, 3]], shipment_load=[[9]], vehicles=(VehicleType(capacity=(5,)),))
    both = reasons(problem, [(1,)])
    assert "carries 9" in both[2].reason
    assert "shipment from stop 'B'" in both[3].reason


def test_delivery_may_come_later() -> None:
    """A pair has a place where its delivery need not follow its pickup."""
    vehicles = (VehicleType(count=1, capacity=(2,)),)
    problem = line(
        shipments=[[1, 3]], shipment_load=[[1]], vehicles=vehicles, time_windows=[[[0, 12]], [[0, 25]], [[0, 35]]]
    )
    found = reasons(problem, [(2,)])[1]
    assert found.reason.startswith("There is a place for it (on route 1, for 20 more)")


def test_pickups_alone() -> None:
    """A pickup that could only be served on a trip of its own is told that this is not allowed."""
    problem = line(pickup=[1, 1, 0], delivery=[0, 0, 5], backhaul="strict", vehicles=(VehicleType(capacity=(5,)),))
    assert "A trip of pickups alone is not allowed." in reasons(problem, [])[1].reason
    full = problem.replace(pickup=[[1], [5], [0]])
    found = reasons(full, [(3, 2)])[1]
    assert found.reason.startswith(
        "A trip of pickups alone is not allowed, and of the 2 cheapest places in the routes "
    )
    assert "2 break the capacity (by 1 at the least)" in found.reason


def test_everything_else_stays() -> None:
    """Explaining changes no route, cost or order of the unserved stops; the plan still checks as before."""
    problem = line(vehicles=(VehicleType(count=1, capacity=(2,)),), delivery=[1, 2, 2])
    plan = evaluate(problem, [Route(0, 0, 0, (1,))])
    told = explain_unserved(problem, plan)
    assert [u.stop for u in told.unserved] == [u.stop for u in plan.unserved] == [2, 3]
    assert told.routes is plan.routes
    assert [v.kind for v in check(problem, told)] == ["unserved", "unserved"]


def test_the_work_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 2,000 stops that two full vehicles leave over each has a reason, after a bounded number of trials."""
    n, tried = 2000, []

    def counted(problem: Problem, routes: list[Route]) -> object:
        tried.extend(routes)
        return examine(problem, routes)

    monkeypatch.setattr("vrp.explain.examine", counted)
    problem = Problem(
        coords=np.random.default_rng(1).random((n + 1, 2)) * 1000,
        delivery=np.ones(n),
        vehicles=(VehicleType(count=2, capacity=(20,)),),
    )
    plan = evaluate(problem, [Route(0, 0, 0, tuple(range(1, 21))), Route(0, 0, 0, tuple(range(21, 41)))])
    told = explain_unserved(problem, plan)
    assert len(told.unserved) == n - 40
    assert all("capacity" in u.reason and u.hint for u in told.unserved)
    assert len(tried) < 500


def test_texts_name_only_what_the_plan_has() -> None:
    """A rule that a stop breaks even alone is told of the vehicle: the trials are numbered nowhere in the plan."""
    vehicles = (VehicleType(count=1, name="van"), VehicleType(count=2, name="bike", battery=15, consumption=1))
    one = line(vehicles=vehicles, allowed=[[True, False, False], [True, True, True]])
    found = reasons(one, [(1,)])
    assert found[3].reason == (
        "No vehicle can serve it, even alone: vehicle type 'bike' reaches stop 'C' with its battery at -15, below 0 "
        "(full: 15)."
    )
    closed = reasons(line(depot_windows=[[0, 45]], vehicles=vehicles[:1]), [(1,)])
    assert "even alone: vehicle type 'van' is at depot 'depot' at 60 s (end)" in closed[3].reason
    assert "on route 1, van" in reasons(line(vehicles=vehicles[:1]), [(1, 2)])[3].reason


def test_no_text_numbers_a_route_that_is_not_there() -> None:
    """In random plans with stops left out, every route that a reason names by its number is one of the plan's."""
    named = 0
    for problem, routes in cases(400, 300):
        routes = [replace(r, visits=r.visits[:-1]) for r in routes]
        solution = explain_unserved(problem, evaluate(problem, routes))
        for u in solution.unserved:
            for number in re.findall(r"\b[Rr]oute (\d+)", f"{u.reason} {u.hint}"):
                named += 1
                assert 1 <= int(number) <= len(solution.routes), u.reason
    assert named > 20


def unit_of(problem: Problem, stop: int) -> tuple[int, ...]:
    """A stop, or both ends of its shipment in order."""
    return next((tuple(pair) for pair in problem.shipments.tolist() if stop in pair), (stop,))


def test_reasons_are_true() -> None:
    """Played second by second: what "no vehicle" can do, none can; where there "is a place", there is one."""
    seen = dict.fromkeys(("alone", "place", "no place"), 0)
    for problem, routes in cases(400, 500):
        routes = [r for r in routes if not whole_plan(problem, [r]) & {("visited twice", x) for x in r.visits}]
        if routes:
            routes = [replace(routes[0], visits=routes[0].visits[:-1]), *routes[1:]]
        solution = explain_unserved(problem, evaluate(problem, routes))
        for u in solution.unserved:
            unit = unit_of(problem, u.stop)
            types = [
                k for k in range(len(problem.vehicles)) if problem.allowed[k, np.array(unit) - problem.num_depots].all()
            ]
            if "even alone" in u.reason or "alone lasts" in u.reason or "alone drives" in u.reason:
                seen["alone"] += 1
                for k in types:
                    rest = tuple(x for x in unit if x not in problem.vehicles[k].prefix)
                    alone = Route(k, 0, 0, (*problem.vehicles[k].prefix, *rest))
                    assert play(problem, alone).broken
            if ("place" in u.reason and "costs" in u.reason) or "There is a place" in u.reason:
                seen["place"] += 1
                assert any(not play(problem, r).broken for r in places(problem, solution.routes, unit, types))
            if "of the" in u.reason and "cheapest places" in u.reason:
                seen["no place"] += 1
                assert not any(
                    problem.vehicles[k].count is None
                    and not problem.vehicles[k].prefix
                    and not play(problem, Route(k, 0, 0, unit)).broken
                    for k in types
                )
    assert min(seen.values()) > 20


def places(problem: Problem, routes: Sequence[Route], unit: tuple[int, ...], types: list[int]) -> list[Route]:
    """Every route with the unit put in at every position, and the unit alone."""
    inserted = [
        replace(r, visits=(*r.visits[:at], unit[0], *r.visits[at:behind], *unit[1:], *r.visits[behind:]))
        for r in routes
        for at in range(len(r.visits) + 1)
        for behind in range(at, len(r.visits) + 1 if len(unit) > 1 else at + 1)
    ]
    return [*inserted, *(Route(k, 0, 0, unit) for k in types)]
