"""The summary: everything that a reader of the plan must know is in it, and nothing else grows with its size."""

from dataclasses import replace

import numpy as np
import pytest

from vrp.check import evaluate
from vrp.data import example
from vrp.problem import Problem
from vrp.report import to_html
from vrp.solution import Route, Solution, Stats
from vrp.vehicles import VehicleType


def planar(n: int = 4, **changes: object) -> Problem:
    angle = np.linspace(0, 6, n)
    given: dict[str, object] = {
        "coords": np.vstack([[0.0, 0.0], np.column_stack([np.cos(angle), np.sin(angle)]) * 100]),
        "vehicles": (VehicleType(capacity=(10,), name="van"),),
        "delivery": np.full((n, 1), 2.0),
    }
    return Problem(**given | changes)  # type: ignore[arg-type]


def each_alone(problem: Problem) -> Solution:
    """One route per stop."""
    first, last = problem.num_depots, problem.num_locations
    return evaluate(problem, [Route(0, 0, 0, (i,)) for i in range(first, last)], Stats("by hand", seed=7, seconds=2.5))


def test_the_summary_of_the_example_has_clock_times_and_attribution() -> None:
    """Names, key figures, loads over capacity, hours and the copyright of the data are there."""
    routes = [Route(v, 0, 0, tuple(range(1 + 12 * i, 13 + 12 * i))) for i, v in enumerate((0, 0, 0, 1, 1))]
    solution = evaluate(example(), routes, Stats("by hand", seed=7, threads=2, seconds=2.5))
    text = solution.summary()
    head, figures, *_ = text.splitlines()
    assert head.startswith("helsinki60  60 stops, 1 depot, 5 vehicles of 2 types")
    assert head.endswith("by hand, 2.5 s, seed 7, 2 threads")
    assert "routes 5/5" in figures
    assert "feasible no" in figures  # stops in the order of their names are late
    assert "violation  " in text
    load = sum(example().delivery[:12, 0])
    (line,) = (x for x in text.splitlines() if x.startswith("  early van 1"))
    assert f"12 stops   load {load:.0f}/48" in line
    assert " -> " in line
    assert line.count(":") == 2
    assert "note  (c) OpenStreetMap contributors, ODbL" in text


def test_each_term_of_the_cost_says_what_it_was_paid_for() -> None:
    """Terms that are not zero appear with their amounts and quantities, and they sum to the cost."""
    van = VehicleType(name="van", count=9, fixed_cost=1000, distance_cost=2, duration_cost=3,
                      nominal_duration=100, overtime_cost=5)  # fmt: skip
    prize = np.array([np.inf, np.inf, np.inf, 12.5])
    problem = planar(vehicles=(van,), prize=prize, service=np.full(4, 5.0))
    solution = evaluate(problem, [Route(0, 0, 0, (1,)), Route(0, 0, 0, (2, 3))])
    lines = {line.split()[0]: line for line in solution.summary().splitlines() if line.startswith("  ")}
    assert lines["fixed"].split()[1:3] == ["2", "000"]
    assert lines["fixed"].endswith("for 2 vehicles")
    assert lines["missed"].split()[2] == "12.5"
    assert lines["missed"].endswith("for 1 stop left out")
    over = sum(r.duration - 100 for r in solution.routes)
    assert lines["overtime"].endswith(f"for {over:,.1f} s".replace(",", " "))
    assert "preferences" not in lines
    assert "(It is optional.)" in solution.summary()


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        ("cost", "cost 28   "),
        ("vehicles", "vehicles (objective 'vehicles') 2   cost 28   "),
        ("minmax", "dearest route (objective 'minmax') 20   cost 28   "),
        ("balance", "sum of squared route costs (objective 'balance') 464   cost 28   "),
    ],
)
def test_what_comes_before_the_cost_is_named_first(objective: str, words: str) -> None:
    """The objective is told by its name and its value, unless it is the cost alone."""
    problem = Problem.from_arrays(coords=[[0, 0], [10, 0], [0, 4]], objective=objective)  # type: ignore[arg-type]
    solution = evaluate(problem, [Route(0, 0, 0, (1,)), Route(0, 0, 0, (2,))])
    assert solution.summary().splitlines()[1].startswith(words)
    assert (f"{objective!r}" in to_html(solution).replace("&#x27;", "'")) is (objective != "cost")


def test_times_of_a_plain_cvrp_are_not_shown() -> None:
    """Where only distances matter, durations would merely repeat them."""
    text = each_alone(planar()).summary()
    assert "duration" not in text
    assert " -> " not in text
    assert "feasible yes" in text


def test_who_is_not_served_is_named_with_the_reason() -> None:
    """A PARTIAL plan says so, and names each stop with its reason; the checker's word on it is not repeated."""
    names = ("depot", "A", "B", "C", "D")
    text = evaluate(planar(names=names), [Route(0, 0, 0, (1, 2))]).summary()
    assert "PARTIAL: some stops that must be served are not" in text
    assert 'unserved  stop 3 "C", stop 4 "D": No route of this plan serves it.' in text
    assert "violation" not in text


def test_long_lists_are_cut_and_say_so() -> None:
    """A plan of 300 routes and one of 300 unserved stops have short summaries that count the rest, once per reason."""
    routes = each_alone(planar(300)).summary().splitlines()
    assert len(routes) < 60
    assert "  ... and 260 more routes" in routes
    nobody = evaluate(planar(300), []).summary().splitlines()
    assert len(nobody) < 60
    (line,) = [line for line in nobody if line.startswith("unserved")]
    assert line.startswith("unserved  stop 1, stop 2, stop 3, stop 4, stop 5 and 295 more: No route of this plan")
    assert any(line.startswith("EMPTY") for line in nobody)


@pytest.mark.parametrize(
    ("vehicles", "names"),
    [
        ((VehicleType(),), ["vehicle 1", "vehicle 2"]),
        ((VehicleType(count=1, name="Ann"), VehicleType(count=1, name="Ben")), ["Ann", "Ben"]),
        ((VehicleType(count=3, name="van"), VehicleType(count=2, name="bus")), ["van 1", "bus 1"]),
        ((VehicleType(count=1), VehicleType(count=1)), ["vehicle 0", "vehicle 1"]),
        ((VehicleType(count=2), VehicleType()), ["vehicle 0.1", "vehicle 1.1"]),
    ],
)
def test_vehicles_are_told_apart(vehicles: tuple[VehicleType, ...], names: list[str]) -> None:
    """Routes are called by their vehicle's name, numbered or indexed only where that is needed."""
    routes = [Route(0, 0, 0, (1, 2)), Route(len(vehicles) - 1, 0, 0, (3, 4))]
    got = [r["vehicle"] for r in evaluate(planar(vehicles=vehicles), routes).to_dict()["routes"]]
    assert got == names


def test_reasons_of_their_own_are_cut_and_counted() -> None:
    """Of many different reasons the first ones are shown, and how many stops have another."""
    plan = evaluate(planar(30), [])
    each = replace(plan, unserved=tuple(replace(u, reason=f"Reason {u.stop}.") for u in plan.unserved))
    lines = [line for line in each.summary().splitlines() if line.startswith("unserved")]
    assert len(lines) == 21
    assert lines[-1] == "unserved  10 more stops: for other reasons."


def test_a_fleet_that_is_too_small_is_shown_with_both_totals() -> None:
    """Where the stops have more goods than all vehicles hold, both amounts are told; nowhere else."""
    small = (VehicleType(count=2, capacity=(3,), initial_load=(1,)),)
    words = "unserved  all stops: Together they demand 8, but the vehicles together hold 4."
    assert words in evaluate(planar(vehicles=small), [Route(0, 0, 0, (1,))]).summary()
    enough = (VehicleType(count=2, capacity=(4,)),)
    assert "all stops" not in evaluate(planar(vehicles=enough), [Route(0, 0, 0, (1,))]).summary()
    assert "all stops" not in evaluate(planar(), []).summary()


def test_tiny_units_do_not_vanish() -> None:
    """Costs, distances and loads far below 1 keep the digits that matter."""
    tiny = planar(coords=[[0, 0], [0, 1.25e-7]], delivery=[[2e-6]], vehicles=(VehicleType(capacity=(4e-3,)),))
    _, figures, _, route = each_alone(tiny).summary().splitlines()
    assert "cost 2.5e-07" in figures
    assert "distance 2.5e-07" in figures
    assert "load 2e-06/0.004" in route
    assert "cost 0.754 " in each_alone(planar(coords=[[0, 0], [0, 0.377]], delivery=[[1]])).summary()


def test_html_escapes_names_and_notes() -> None:
    """Markup in a name, a note or a vehicle stays text in the notebook's view."""
    bad = "<img src=x onerror=alert(1)>&\"'"
    names = ("depot", f"A{bad}", "B", "C", f"D{bad}")
    problem = planar(names=names, name=bad, notes=(bad,), vehicles=(VehicleType(name=bad),))
    text = to_html(evaluate(problem, [Route(0, 0, 0, (1, 2))]))
    assert "<img" not in text
    assert text.count("&lt;img") >= 4
    assert to_html(each_alone(planar(300))).count("<tr>") < 60
