"""Exits of a solution: each says what the plan says, in its format's own terms."""

import json
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from vrp.check import evaluate
from vrp.data import example
from vrp.errors import MissingExtraError, UnsupportedError
from vrp.problem import Problem
from vrp.solution import Route, Solution, Stats
from vrp.vehicles import Break, VehicleType


@pytest.fixture(scope="module")
def helsinki() -> Solution:
    """The example with four routes in any order, late in places, and the last twelve stops unserved."""
    routes = [Route(v, 0, 0, tuple(range(1 + 12 * i, 13 + 12 * i))) for i, v in enumerate((0, 0, 0, 1))]
    return evaluate(example(), routes, Stats(solver="by hand", seed=3, seconds=1.5, trace=((0.1, np.inf), (0.2, 9.0))))


def planar(**changes: object) -> Problem:
    given: dict[str, object] = {
        "coords": np.array([[0.0, 0.0], [0, 10], [10, 10], [20, 10], [20, 0]]),
        "vehicles": (VehicleType(count=2, capacity=(10,)),),
        "delivery": np.full((4, 1), 2.0),
        "service": np.full(4, 5.0),
    }
    return Problem(**given | changes)  # type: ignore[arg-type]


# to_dict


def test_the_dict_is_plain_json_and_complete(helsinki: Solution) -> None:
    """It survives strict JSON, keeps every visit, step and unserved stop, and writes infinities as text."""
    data = json.loads(json.dumps(helsinki.to_dict(), allow_nan=False))
    assert data["format"] == "vrp-solution"
    assert data["version"] == 1
    assert data["status"] == "PARTIAL"
    assert data["cost"] == helsinki.cost == pytest.approx(sum(data["cost_table"].values()))
    assert [tuple(r["visits"]) for r in data["routes"]] == [r.visits for r in helsinki.routes]
    assert [len(r["steps"]) for r in data["routes"]] == [14, 14, 14, 14]
    assert {u["stop"] for u in data["unserved"]} == set(range(49, 61))
    assert data["stats"]["trace"] == [[0.1, "inf"], [0.2, 9.0]]
    assert data["notes"] == list(helsinki.problem.notes)


def test_the_dict_of_an_open_route_has_no_end_depot() -> None:
    """An open route's end is null, and its last step is a stop."""
    problem = planar(vehicles=(VehicleType(end_depot=None),))
    route = evaluate(problem, [Route(0, 0, None, (1, 2))]).to_dict()["routes"][0]
    assert route["end_depot"] is None
    assert [s["kind"] for s in route["steps"]] == ["start", "stop", "stop"]


# to_frame


def test_the_frame_has_a_row_per_step_and_unserved_stop(helsinki: Solution) -> None:
    """Rows follow the schedule; nobody who is not served is missing."""
    pytest.importorskip("pandas", reason="pandas is not installed")
    frame = helsinki.to_frame()
    assert len(frame) == 4 * 14 + 12
    second = frame[frame.route == 1]
    assert list(second.location) == [0, *range(13, 25), 0]
    assert second.leave.tolist() == [s.leave for s in helsinki.routes[1].steps]
    assert second.load.tolist() == [s.load[0] for s in helsinki.routes[1].steps]
    assert set(frame[frame.kind == "unserved"].location) == set(range(49, 61))
    assert (frame[frame.kind == "unserved"].reason != "").all()


def test_the_frame_of_several_loads_has_a_column_each() -> None:
    """Two load dimensions are two columns."""
    pytest.importorskip("pandas", reason="pandas is not installed")
    problem = planar(delivery=np.tile([[2.0, 3.0]], (4, 1)), vehicles=(VehicleType(capacity=(10, 20)),))
    frame = evaluate(problem, [Route(0, 0, 0, (1, 2, 3, 4))]).to_frame()
    assert frame.load_0.tolist() == [8, 6, 4, 2, 0, 0]
    assert frame.load_1.tolist() == [12, 9, 6, 3, 0, 0]


def test_a_missing_pandas_is_named(helsinki: Solution, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pandas the error gives the command that installs it."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtraError, match=r"neural-vrp\[view\]"):
        helsinki.to_frame()


# to_geojson


def test_geojson_is_lon_lat_and_complete(helsinki: Solution) -> None:
    """One line per route through its stops, one point per depot, stop and unserved stop, longitude first."""
    data = json.loads(json.dumps(helsinki.to_geojson(), allow_nan=False))
    assert data["type"] == "FeatureCollection"
    by_kind: dict[str, list] = {}
    for feature in data["features"]:
        assert feature["type"] == "Feature"
        by_kind.setdefault(feature["properties"]["kind"], []).append(feature)
    assert {kind: len(found) for kind, found in by_kind.items()} == {"depot": 1, "route": 4, "stop": 48, "unserved": 12}
    lonlat = helsinki.problem.coords[:, ::-1].tolist()
    for feature in by_kind["stop"]:
        assert feature["geometry"] == {"type": "Point", "coordinates": lonlat[feature["properties"]["location"]]}
    line = by_kind["route"][0]["geometry"]
    assert line == {"type": "LineString", "coordinates": [lonlat[x] for x in (0, *range(1, 13), 0)]}
    assert "OpenStreetMap" in data["attribution"][0]


@pytest.mark.parametrize("network", ["planar", "no"])
def test_geojson_of_other_coordinates_is_refused(network: str) -> None:
    """RFC 7946 knows longitude and latitude only; the error names what the problem has instead."""
    matrix = np.ones((1, 5, 5)) - np.eye(5)
    problem = planar() if network == "planar" else planar(coords=None, distance=matrix)
    with pytest.raises(UnsupportedError, match=f"has {network} coordinates"):
        evaluate(problem, [Route(0, 0, 0, (1,))]).to_geojson()


# to_vroom


def test_vroom_steps_follow_from_each_other(helsinki: Solution) -> None:
    """Arrival + waiting + setup + service + travel is the next arrival, and totals are the sums of their parts."""
    data = json.loads(json.dumps(helsinki.to_vroom(), allow_nan=False))
    assert data["code"] == 0
    for route, plan in zip(data["routes"], helsinki.routes, strict=True):
        steps = route["steps"]
        assert [s["type"] for s in steps] == ["start", *["job"] * 12, "end"]
        assert [s["id"] for s in steps[1:-1]] == list(plan.visits)
        for a, b in pairwise(steps):
            travel = b["duration"] - a["duration"]
            assert travel == pytest.approx(
                helsinki.problem.duration[0, a["location_index"], b["location_index"]], abs=1.01
            )
            done = a["arrival"] + a["waiting_time"] + a["setup"] + a["service"]
            assert done + travel == pytest.approx(b["arrival"], abs=3)
        assert route["duration"] == steps[-1]["duration"]
        assert route["distance"] == steps[-1]["distance"] == round(plan.distance)
        assert route["service"] == sum(s["service"] for s in steps)
        assert route["waiting_time"] == pytest.approx(sum(s["waiting_time"] for s in steps), abs=6)
        assert steps[0]["load"] == route["delivery"]
        total = route["duration"] + route["service"] + route["waiting_time"]
        assert total == pytest.approx(plan.duration, abs=2)
    assert data["summary"]["routes"] == 4
    assert data["summary"]["unassigned"] == len(data["unassigned"]) == 12
    for key in ("service", "duration", "waiting_time", "distance"):
        assert data["summary"][key] == sum(r[key] for r in data["routes"])
    late = [s for r in helsinki.routes for s in r.steps if s.late > 0]
    assert len(data["summary"]["violations"]) == len(late) > 0


def test_vroom_ids_are_the_names_where_they_are_numbers() -> None:
    """After reading VROOM's own input its ids come back; setup is told apart from service."""
    problem = planar(
        names=("depot", "40", "30", "20", "10"), setup=np.full(4, 3.0), vehicles=(VehicleType(count=1, name="7"),)
    )
    route = evaluate(problem, [Route(0, 0, 0, (2, 1))]).to_vroom()["routes"][0]
    assert route["vehicle"] == 7
    assert [s.get("id") for s in route["steps"]] == [None, 30, 40, None]
    assert (route["setup"], route["service"]) == (6, 10)


def test_vroom_shipments_are_pickups_and_deliveries() -> None:
    """Both ends of a shipment have their type, and its goods count as picked up and delivered."""
    problem = planar(delivery=None, shipments=np.array([[2, 3]]), shipment_load=np.array([[4.0]]))
    data = evaluate(problem, [Route(0, 0, 0, (1, 2, 3))]).to_vroom()
    assert [s["type"] for s in data["routes"][0]["steps"]] == ["start", "job", "pickup", "delivery", "end"]
    assert data["routes"][0]["pickup"] == data["routes"][0]["delivery"] == [4]
    assert data["unassigned"][0]["type"] == "job"


def test_vroom_breaks_are_steps() -> None:
    """A break inside the route is a step between the stops around it."""
    van = VehicleType(breaks=(Break(12.0, 20.0), Break(1000.0, 1010.0)))
    windows = np.array([[[10.0, 11.0]], [[0, 500]], [[0, 500]], [[0, 500]]])
    steps = evaluate(planar(vehicles=(van,), time_windows=windows), [Route(0, 0, 0, (1, 2))]).to_vroom()["routes"][0][
        "steps"
    ]
    assert [s["type"] for s in steps].count("break") == 1
    pause = next(s for s in steps if s["type"] == "break")
    assert (pause["arrival"], pause["service"]) == (12, 8)


def test_vroom_has_no_word_for_reloads() -> None:
    """A plan with a reload is refused by name, not written without it."""
    problem = planar(vehicles=(VehicleType(capacity=(4,), reload_depots=(0,)),))
    with pytest.raises(UnsupportedError, match="reload"):
        evaluate(problem, [Route(0, 0, 0, (1, 2, 0, 3, 4))]).to_vroom()


# The rest


def test_a_solution_has_a_short_repr(helsinki: Solution) -> None:
    """The debugger's line names status, cost and routes; the text of `print` is the summary."""
    assert repr(helsinki).startswith("Solution(PARTIAL, cost=")
    assert str(helsinki) == helsinki.summary()


def test_a_written_plan_is_read_back(helsinki: Solution, tmp_path: Path) -> None:
    """What `write` puts into our JSON comes back as the same plan."""
    from vrp.formats import read_solution

    helsinki.write(tmp_path / "plan.json")
    again = read_solution(tmp_path / "plan.json", helsinki.problem)
    assert again.routes == helsinki.routes
    assert again.cost == helsinki.cost
