"""VROOM's input: what is honoured, what is refused, and that VROOM itself counts the same."""

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.vrp.formats.samples import VROOM_DATA, VROOM_MATRIX_DATA
from vrp.arrays import LATLON_SPEED
from vrp.check import check, evaluate
from vrp.errors import FormatError, OptionError, UnsupportedError
from vrp.formats import read, read_text, write
from vrp.formats.differences import differences
from vrp.formats.vroom_write import to_vroom_input
from vrp.problem import Problem
from vrp.solution import Route
from vrp.vehicles import Break, VehicleType


def problem_of(data: dict[str, Any]) -> Problem:
    return read_text(json.dumps(data))


def test_every_field_arrives() -> None:
    """Jobs, shipments and vehicles become clients, shipments and vehicle types with all that they state."""
    problem = problem_of(VROOM_DATA)
    assert (problem.num_depots, problem.num_clients, problem.crs) == (1, 4, "latlon")
    assert problem.coords[1].tolist() == [48.7, 1.98]
    assert problem.names == ("depot", "1", "2", "4", "3")
    assert problem.delivery[:, 0].tolist() == [1, 0, 0, 0]
    assert problem.pickup[:, 0].tolist() == [0, 1, 0, 0]
    assert problem.service.tolist() == [300, 0, 0, 0]
    assert problem.setup.tolist() == [0, 60, 0, 0]
    assert problem.time_windows[1].tolist() == [[0, 36000], [40000, 50000]]
    assert problem.shipments.tolist() == [[3, 4]]
    assert problem.shipment_load.tolist() == [[1]]
    assert problem.allowed.tolist() == [[True, True, False, False], [False, True, True, True]]
    first, second = problem.vehicles
    assert (first.name, first.count, first.capacity, first.max_stops) == ("1", 1, (4,), 5)
    assert (first.shift, first.breaks) == ((28800, 43200), (Break(32400, 32700),))
    assert (second.name, second.end_depot) == ("2 van", None)
    assert np.isinf(problem.prize).all()


def test_estimates_without_matrices_say_so() -> None:
    """Without matrices distances are great circles, the speed follows speed_factor, and a note tells it."""
    problem = problem_of(VROOM_DATA)
    fast, normal = problem.vehicles
    metres, seconds = problem.legs(0, 1, fast.profile)
    assert seconds == pytest.approx(metres / (LATLON_SPEED * 1.1))
    assert problem.legs(0, 1, normal.profile)[1] == pytest.approx(metres / LATLON_SPEED)
    # By default VROOM charges 1 per second of travel.
    assert fast.distance_cost * metres == pytest.approx(seconds)
    assert any("estimates" in note for note in problem.notes)
    plain = copy.deepcopy(VROOM_DATA)
    del plain["vehicles"][0]["speed_factor"]
    assert problem_of(plain).distance is None
    assert any("estimates" in note for note in problem_of(plain).notes)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("jobs", 0, "time_window"), [0, 10], "job 1: there is no 'time_window': a job has \"time_windows\""),
        (("jobs", 0, "time_windows"), [0, 10], "must be a list of windows [start, end], not one window"),
        (("jobs", 0, "servce"), 10, "unknown key 'servce'. Did you mean 'service'?"),
        (("jobs", 0, "demand"), [1], 'write "delivery" or "pickup"'),
        (("jobs", 0, "amount"), [1], 'deprecated; write "delivery"'),
        (("jobs", 0, "priority"), 10, 'different values of "priority"'),
        (("jobs", 0, "service_per_type"), {"a": 1}, "cannot be expressed"),
        (("jobs", 0, "location"), [48.7, 140.0], "[lon, lat] in degrees, in this order"),
        (("jobs", 0, "location_index"), 1, 'has no meaning without "matrices"'),
        (("jobs", 0, "delivery"), [1, 2], "must have 1 numbers"),
        (("jobs", 0, "delivery"), 1, "must be a list"),
        (("jobs", 0, "id"), "a", "must be a whole number"),
        (("jobs", 1, "id"), 1, "another job has the same id"),
        (("jobs", 0, "service"), -1, "must be a finite number from 0"),
        (("vehicles", 0, "time_windows"), [[0, 1]], 'a vehicle has "time_window"'),
        (("vehicles", 0, "location"), [0, 0], 'a vehicle has "start" and "end"'),
        (("vehicles", 0, "steps"), [], "'steps' is not supported"),
        (("vehicles", 0, "profile"), "bike", '"profile" need "matrices"'),
        (("vehicles", 0, "breaks", 0, "time_windows"), [[32400, 33000]], "a choice of time is not supported"),
        (("vehicles", 0, "breaks", 0, "max_load"), [1], "'max_load' is not supported"),
        (("vehicles", 0, "costs"), {"per_task_hour": 5}, '"per_task_hour" is not supported'),
        (("vehicles", 0, "costs"), {"per_mile": 5}, "unknown key 'per_mile'. Did you mean 'per_km'?"),
        (("vehicles", 0, "speed_factor"), 0, "must be 0.01 to 5"),
        (("matrix",), [[0]], "'matrix' is not supported: it is deprecated"),
        (("options",), {"g": True}, "'options' is not supported"),
        (("shipments", 0, "pickup", "skills"), [1], "unknown key 'skills'"),
        (("vehicles",), [], '"vehicles" is empty'),
        (("vehicles",), [{"id": 1, "start": [24.9, 60.2]}], '"delivery" needs a "capacity"'),
    ],
)
def test_what_is_not_honoured_is_refused_by_name(path: tuple[Any, ...], value: Any, message: str) -> None:
    """Keys that VROOM itself would ignore, and features without an equal here, are errors that name them."""
    data = copy.deepcopy(VROOM_DATA)
    at: Any = data
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    with pytest.raises(FormatError) as caught:
        problem_of(data)
    assert message in str(caught.value)


def test_all_errors_are_told_at_once() -> None:
    """Errors of several objects come together, each with the object's id."""
    data = copy.deepcopy(VROOM_DATA)
    data["jobs"][0]["x"] = data["vehicles"][1]["y"] = 1
    del data["jobs"][1]["location"], data["vehicles"][1]["start"]
    with pytest.raises(FormatError) as caught:
        problem_of(data)
    text = str(caught.value)
    assert "4 errors" in text
    assert all(name in text for name in ("job 1", "job 2", "vehicle 2", 'without "start"'))


def test_limits_of_travel() -> None:
    """max_travel_time limits seconds and max_distance metres where prices allow it, else they are refused."""
    data = copy.deepcopy(VROOM_MATRIX_DATA)
    data["vehicles"][0]["max_travel_time"] = 5000
    assert problem_of(data).vehicles[0].max_distance == 5000
    data["vehicles"][0]["max_distance"] = 9000
    with pytest.raises(FormatError, match='"max_distance" is not supported beside these costs'):
        problem_of(data)
    data["matrices"]["car"]["distances"] = data["matrices"]["car"]["durations"]
    data["vehicles"][0] |= {"costs": {"per_hour": 0, "per_km": 7}}
    del data["vehicles"][0]["max_travel_time"]
    vehicle = problem_of(data).vehicles[0]
    assert (vehicle.max_distance, vehicle.distance_cost) == (9000, 0.007)


def test_no_rounding_applies() -> None:
    """A rounding of planar distances cannot be asked for."""
    with pytest.raises(OptionError, match="cannot be applied"):
        read_text(json.dumps(VROOM_DATA), rounding="nearest")


def test_ids_come_back() -> None:
    """A plan in VROOM's schema has the ids of VROOM's input, also of those that have a description."""
    data = copy.deepcopy(VROOM_DATA)
    data["jobs"][0]["description"] = "Hafenstr. 4"
    problem = problem_of(data)
    assert problem.names[1] == "1 Hafenstr. 4"
    answer = evaluate(problem, [Route(1, 0, None, (2, 3, 4))]).to_vroom()
    assert answer["routes"][0]["vehicle"] == 2
    assert [step["id"] for step in answer["routes"][0]["steps"] if "id" in step] == [2, 4, 3]
    assert [task["id"] for task in answer["unassigned"]] == [1]


def random_input(rng: np.random.Generator) -> dict[str, Any]:
    """Return a small input with matrices and any mix of the features that are honoured."""
    size = int(rng.integers(3, 8))
    xy = rng.integers(0, 600, (size, 2))
    seconds = np.rint(np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)) * rng.uniform(1, 1.3, (size, size)))
    np.fill_diagonal(seconds, 0)
    metres = np.rint(seconds * rng.uniform(8, 12, (size, size)))
    car: dict[str, Any] = {"durations": seconds.astype(int).tolist(), "distances": metres.astype(int).tolist()}
    kind = str(rng.choice(["time", "distance", "both", "costs"]))
    if kind == "costs":
        car["costs"] = rng.integers(1, 900, (size, size)).tolist()
        for i in range(size):
            car["costs"][i][i] = 0
    jobs: list[dict[str, Any]] = []
    for k in range(int(rng.integers(2, 7))):
        job = {"id": k + 1, "location_index": int(rng.integers(size)), "service": int(rng.integers(0, 120))}
        job |= {"setup": int(rng.integers(0, 60)), str(rng.choice(["delivery", "pickup"])): [int(rng.integers(0, 4))]}
        if rng.random() < 0.5:
            start = int(rng.integers(0, 2000))
            job["time_windows"] = [[start, start + 700], [start + 900, start + 2500]][: int(rng.integers(1, 3))]
        if rng.random() < 0.3:
            job["skills"] = [int(rng.integers(1, 3))]
        jobs.append(job)
    shipments = [
        {
            "amount": [int(rng.integers(1, 4))],
            "pickup": {"id": 50, "location_index": int(rng.integers(size)), "service": 30},
            "delivery": {"id": 51, "location_index": int(rng.integers(size)), "service": 40},
        }
    ][: int(rng.integers(0, 2))]
    vehicles = []
    for k in range(int(rng.integers(1, 4))):
        vehicle: dict[str, Any] = {"id": k + 1, "start_index": 0, "capacity": [8], "skills": [1, 2][: k + 1]}
        vehicle["time_window"] = [int(rng.integers(0, 300)), 6000]
        vehicle["costs"] = {"fixed": int(rng.integers(0, 500))}
        if kind in ("distance", "both"):
            vehicle["costs"] |= {"per_km": 36, "per_hour": 0 if kind == "distance" else 7200}
        if rng.random() < 0.7:
            vehicle["end_index"] = int(rng.integers(size))
        if rng.random() < 0.3:
            vehicle["max_tasks"] = 3
        if kind == "time" and rng.random() < 0.3:
            vehicle["max_travel_time"] = 1500
        vehicles.append(vehicle)
    return {"vehicles": vehicles, "jobs": jobs, "shipments": shipments, "matrices": {"car": car}}


def test_vroom_counts_the_same(tmp_path: Path) -> None:
    """VROOM's own plans of random inputs are valid here, leave out the same tasks and cost the same."""
    vroom = pytest.importorskip("vroom")
    rng = np.random.default_rng(5)
    costs = 0
    for _ in range(60):
        data = random_input(rng)
        path = tmp_path / "input.json"
        path.write_text(json.dumps(data), encoding="utf-8")
        answer = vroom.Input.from_json(str(path)).solve(exploration_level=1, nb_threads=1).to_dict()
        problem = problem_of(data)
        location = {name: problem.num_depots + k for k, name in enumerate(problem.names[problem.num_depots :])}
        routes = []
        for route in answer["routes"]:
            visits = tuple(location[str(s["id"])] for s in route["steps"] if s["type"] in ("job", "pickup", "delivery"))
            vehicle_type = next(k for k, v in enumerate(problem.vehicles) if v.name == str(route["vehicle"]))
            vehicle = problem.vehicles[vehicle_type]
            routes.append(Route(vehicle_type, vehicle.start_depot, vehicle.end_depot, visits))
        plan = evaluate(problem, routes)
        left_out = {location[str(task["id"])] for task in answer["unassigned"]}
        assert {u.stop for u in plan.unserved} == left_out
        assert {v.stop for v in check(problem, plan)} <= left_out
        # VROOM adds integers: a leg's hour and kilometre prices are rounded before.
        assert plan.cost == pytest.approx(answer["summary"]["cost"], abs=1 + len(problem.names))
        costs += answer["summary"]["cost"]
    assert costs > 0


def test_inputs_come_back_equal() -> None:
    """Random inputs, written again, are the same problems; fractions of prices are refused."""
    rng = np.random.default_rng(5)
    written = 0
    for _ in range(100):
        problem = problem_of(random_input(rng))
        try:
            data = to_vroom_input(problem)
        except UnsupportedError as error:
            assert "fractions (distances" in str(error)  # Sums of prices are no metres.
            continue
        written += 1
        assert differences(problem, problem_of(data)) == []
    assert written > 50


def test_vroom_takes_what_is_written(tmp_path: Path) -> None:
    """VROOM's own plans of inputs that were read and written again cost what its plans of the originals cost."""
    vroom = pytest.importorskip("vroom")
    rng = np.random.default_rng(9)
    path, compared = tmp_path / "input.json", 0
    for _ in range(60):
        original = random_input(rng)
        try:
            written = to_vroom_input(problem_of(original))
        except UnsupportedError:
            continue
        answers = []
        for data in (original, written):
            path.write_text(json.dumps(data), encoding="utf-8")
            answer = vroom.Input.from_json(str(path)).solve(exploration_level=5, nb_threads=1).to_dict()["summary"]
            answers.append((answer["unassigned"], answer["cost"]))
        assert answers[0] == answers[1]
        compared += 1
    assert compared > 30


def test_setups_spared_between_two_places_are_refused() -> None:
    """VROOM spares a setup at the same place alone, not after any leg of length 0."""
    matrix = np.array([[0, 5, 5], [5, 0, 0], [5, 3, 0]])
    fields: dict[str, Any] = {"distance": matrix, "duration": matrix + 0.0, "vehicles": [VehicleType(count=1)]}
    to_vroom_input(Problem(**fields))
    with pytest.raises(UnsupportedError, match="setup times that legs of length 0 spare"):
        to_vroom_input(Problem(**fields, setup=[0, 7]))


def test_names_become_descriptions(tmp_path: Path) -> None:
    """Vehicles are listed one by one, names stand behind ids, and the rest is the same after a way through a file."""
    problem = Problem.from_latlon(
        [60.1, 60.2, 60.3, 60.4],
        [24, 24.1, 24.2, 24.3],
        names=("hub", "x", "y", "z"),
        demand=[1, 2, 0],
        pickup=[0, 0, 4],
        service=[0, 60, 0],
        time_windows=[[0, np.inf], [3600, 7200], [0, np.inf]],
        allowed=[[True, True, True], [True, False, True]],
        vehicles=[
            VehicleType(name="van", count=2, capacity=(3,), shift=(0, 36000), breaks=(Break(600, 900),), max_stops=2),
            VehicleType(name="van 1", count=1, capacity=(5,), end_depot=None, fixed_cost=7, max_distance=90_000),
        ],
    )
    write(problem, tmp_path / "day.vroom.json")
    again = read(tmp_path / "day.vroom.json")
    assert again.names == ("depot", "1 x", "2 y", "3 z")
    vehicles = json.loads((tmp_path / "day.vroom.json").read_text())["vehicles"]
    assert [v["description"] for v in vehicles] == ["van 2", "van 3", "van 1"]
    assert [v.name for v in again.vehicles] == ["1 van 2", "2 van 3", "3 van 1"]
    one_by_one = problem.replace(
        vehicles=[replace(problem.vehicles[k], count=1, name="") for k in (0, 0, 1)],
        allowed=problem.allowed[[0, 0, 1]],
        preference=None,
    )
    assert differences(one_by_one, again) == ["names", "vehicles' name"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vehicles": [VehicleType()]}, "Give a count"),
        ({"prize": [1, 2, 3]}, "prize"),
        ({"service": [0.5, 0, 0]}, "fractions (service 0.5"),
        ({"objective": "vehicles"}, "objective"),
        ({"objective": "minmax"}, "objective"),
        ({"release": [0, 0, 9]}, "release"),
        ({"vehicles": [VehicleType(count=1, duration_cost=1.0)]}, "duration_cost"),
        ({"vehicles": [VehicleType(count=1, max_duration=9)]}, "vehicles' max_duration"),
        ({"num_depots": 2}, "depots without vehicles"),
        ({"crs": "planar", "speed": 1.0}, "crs"),
    ],
)
def test_what_vroom_cannot_say_is_refused(changes: dict[str, Any], message: str) -> None:
    """Nothing is left out silently."""
    fields: dict[str, Any] = {
        "coords": [[60.1, 24], [60.2, 24.1], [60.3, 24.2], [60.4, 24.3]],
        "crs": "latlon",
        "speed": 10.0,
        "vehicles": [VehicleType(count=1)],
    }
    to_vroom_input(Problem(**fields))
    with pytest.raises(UnsupportedError, match="VROOM's input") as caught:
        to_vroom_input(Problem(**fields | changes))
    assert message in str(caught.value)
