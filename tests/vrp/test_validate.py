"""Validation: what a problem looks like when it is complete, and what is told when it cannot be."""

import copy
import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vrp.errors import ProblemError
from vrp.problem import Problem, Scenarios
from vrp.vehicles import Break, VehicleType

XY = [[0, 0], [3, 4], [6, 8], [0, 1]]
ARRAYS = (
    *("coords", "depot_windows", "depot_service", "delivery", "pickup", "setup", "service", "time_windows"),
    *("lateness_cost", "release", "prize", "group", "group_required", "shipments", "shipment_load", "allowed"),
    *("preference", "distance", "duration"),
)


def errors(**arguments: Any) -> str:
    """Return what is told about wrong arguments; four planar locations unless others are given."""
    with pytest.raises(ProblemError) as caught:
        Problem.from_arrays(**({"coords": XY} | arguments))
    return str(caught.value)


def matrix(n: int = 4, **cells: float) -> np.ndarray:
    m = np.ones((n, n)) - np.eye(n)
    for key, value in cells.items():
        m[int(key[1]), int(key[2])] = value
    return m


# What is completed


def test_neutral_values():
    """Whatever is left out gets the neutral value and shape that the field documents."""
    p = Problem(coords=XY)
    assert (p.num_clients, p.num_locations, p.num_loads, p.num_profiles) == (3, 4, 1, 1)
    for name in ("delivery", "pickup"):
        assert getattr(p, name).tolist() == [[0.0]] * 3
    for name in ("setup", "service", "release"):
        assert getattr(p, name).tolist() == [0.0] * 3
    assert p.time_windows.tolist() == [[[0.0, math.inf]]] * 3
    assert p.lateness_cost.tolist() == p.prize.tolist() == [math.inf] * 3
    assert p.group.tolist() == [-1] * 3
    assert p.group.dtype == p.shipments.dtype == np.int64
    assert p.group_required.shape == (0,)
    assert p.shipments.shape == (0, 2)
    assert p.shipment_load.shape == (0, 1)
    assert p.allowed.tolist() == [[True] * 3]
    assert p.preference.tolist() == [[0.0] * 3]
    assert p.depot_windows.tolist() == [[0.0, math.inf]]
    assert p.depot_service.tolist() == [0.0]
    (vehicle,) = p.vehicles
    assert vehicle.capacity == (math.inf,)
    assert vehicle.initial_load == (0.0,)
    assert Problem(distance=matrix()).coords.shape == (0, 2)


def test_arrays_are_read_only_and_our_own():
    """A problem cannot be changed: neither through its arrays nor through those that it was made from."""
    service, xy = np.arange(3.0), np.array(XY, dtype=float)
    given_matrix = matrix()
    view = given_matrix.view()
    view.flags.writeable = False
    p = Problem(coords=xy, distance=view, service=service)
    service[:], xy[:], given_matrix[:] = -1, -1, -1
    assert p.service.tolist() == [0.0, 1.0, 2.0]
    assert p.coords.tolist() == XY
    assert p.distance is not None
    assert p.distance.min() == 0
    for name in ARRAYS:
        array = getattr(p, name)
        if array is not None and array.size:
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0


@pytest.mark.parametrize("copied", [lambda p: pickle.loads(pickle.dumps(p)), copy.deepcopy, copy.copy])
def test_copies_are_read_only_too(copied: Callable[[Problem], Problem]):
    """What comes out of a pickle or a copy is as frozen as the original, and its distances are still the durations."""
    uncertain = Scenarios(service=np.ones((2, 3)))
    p = copied(Problem(duration=matrix(), service=[1.0, 2, 3], scenarios=uncertain))
    assert p.distance is not None
    assert np.shares_memory(p.distance, p.duration)
    assert p.replace(duration=matrix() * 2).distance.max() == 2 * matrix().max()
    assert p.scenarios is not None
    for array in (p.distance, p.duration, p.service, p.scenarios.service):
        assert not array.flags.writeable


def test_frozen_matrices_are_shared():
    """A matrix that nobody can write to is used as it is, whatever its precision."""
    for dtype in (np.float32, np.float64):
        m = matrix().astype(dtype)
        m.flags.writeable = False
        p = Problem(distance=m)
        assert p.distance is not None
        assert p.distance.dtype == dtype
        assert np.shares_memory(p.distance, m)


def test_float32_matrix_stays_and_integers_become_floats():
    """A float32 matrix stays float32; everything else becomes float64."""
    assert Problem(distance=matrix().astype(np.float32)).distance.dtype == np.float32
    assert Problem(distance=matrix().astype(int)).distance.dtype == np.float64
    assert Problem(distance=matrix().tolist()).distance.dtype == np.float64


def test_time_windows_are_sorted_and_padded_rows_stay_last():
    """Windows may come in any order; unused rows are at infinity and last."""
    p = Problem(coords=XY[:2], time_windows=[[[math.inf, math.inf], [50, 60], [10, 20]]])
    assert p.time_windows.tolist() == [[[10, 20], [50, 60], [math.inf, math.inf]]]


def test_prize_of_group_members_is_zero():
    """Members of a group are optional by themselves: without prizes theirs is 0, not infinite."""
    p = Problem(coords=XY, group=[0, 0, -1])
    assert p.prize.tolist() == [0, 0, math.inf]
    assert p.group_required.tolist() == [True]


@pytest.mark.parametrize(
    ("network", "vehicle", "costs"),
    [
        ({"coords": XY}, {}, (1, 0)),
        ({"distance": matrix()}, {}, (1, 0)),
        ({"distance": matrix(), "duration": matrix()}, {}, (1, 0)),
        ({"duration": matrix()}, {}, (0, 1)),
        ({"duration": matrix(), "coords": XY}, {}, (0, 1)),
        ({"duration": matrix()}, {"distance_cost": 3}, (3, 0)),
        ({"duration": matrix()}, {"duration_cost": 2}, (0, 2)),
        ({"distance": matrix()}, {"duration_cost": 2}, (0, 2)),
        ({"distance": matrix()}, {"duration_cost": 2, "distance_cost": 4}, (4, 2)),
    ],
)
def test_default_costs(network: dict[str, Any], vehicle: dict[str, Any], costs: tuple[float, float]):
    """Without prices a unit of distance costs 1, or a second where only durations are known."""
    p = Problem.from_arrays(**network, vehicles=vehicle)
    assert (p.vehicles[0].distance_cost, p.vehicles[0].duration_cost) == costs
    again = p.replace(vehicles=(VehicleType(**vehicle),))
    assert again.vehicles[0] == p.vehicles[0].__class__(**{**vars(p.vehicles[0]), "count": None})


def test_one_matrix_stands_for_both():
    """One matrix alone is distance and duration, and the notes say so; with both they say nothing."""
    by_distance, by_duration = Problem(distance=matrix(a01=7)), Problem(duration=matrix(a01=7))
    for p in (by_distance, by_duration):
        assert p.legs(0, 1) == (7, 7)
        assert "One matrix stands for both" in p.notes[0]
        assert [m[0, 1] for m in p.matrices()] == [7, 7]
    assert Problem(distance=matrix(), duration=matrix()).notes == ()


def test_replaced_duration_takes_its_distances_along():
    """Distances that stand for durations follow when the durations are replaced."""
    p = Problem(duration=matrix()).replace(duration=matrix(a01=9))
    assert p.legs(0, 1) == (9, 9)
    assert p.notes == ("One matrix stands for both distance and duration.",)
    assert p.replace(distance=matrix()).legs(0, 1) == (1, 9)


def test_speed_divides_distances():
    """Without durations they are distance over speed, from a matrix as from coordinates."""
    for p in (Problem(distance=matrix(a01=10), speed=2), Problem(coords=[[0, 0], [6, 8], [1, 1], [1, 2]], speed=2)):
        assert p.legs(0, 1) == (10, 5)
        assert p.matrices()[1][0, 1] == 5


def test_notes_follow_what_is_given():
    """Notes that follow from the fields appear once, and vanish when the fields change; the user's own stay."""
    p = Problem.from_arrays(coords=[[60, 24], [60.1, 24], [60.1, 24.1]], crs="latlon", notes=["by hand"])
    assert p.notes == ("by hand", "Distances are estimates: great circle x 1.3, at 36 km/h.")
    assert p.replace(name="x").notes == p.notes
    assert p.replace(distance=matrix(3), duration=matrix(3)).notes == ("by hand",)
    assert "rounded to the nearest integer" in Problem(coords=XY, rounding="nearest").notes[0]


def test_great_circle_is_right():
    """The great-circle estimate agrees with the spherical law of cosines, times 1.3."""
    p = Problem.from_latlon([52.52, 48.8566, 50.11], [13.405, 2.3522, 8.68], speed=20)
    a, b = np.radians([52.52, 13.405]), np.radians([48.8566, 2.3522])
    cosine = math.sin(a[0]) * math.sin(b[0]) + math.cos(a[0]) * math.cos(b[0]) * math.cos(a[1] - b[1])
    expected = 1.3 * 6371008.8 * math.acos(cosine)
    distance, duration = p.legs(0, 1)
    assert distance == pytest.approx(expected, rel=1e-9)
    assert duration == pytest.approx(expected / 20, rel=1e-9)


def test_one_matrix_of_two_serves_all_profiles():
    """Where distances differ by profile and durations do not, one matrix of durations is enough."""
    p = Problem.from_arrays(distance=[matrix(), 2 * matrix()], duration=matrix(), vehicles=[{}, {"profile": 1}])
    assert p.num_profiles == 2
    assert p.legs(0, 1, 1) == (2, 1)


# What is not an error


@pytest.mark.parametrize(
    "arguments",
    [
        {"demand": 100, "capacity": 1},
        {"time_windows": [[0, 1], [0, 100], [0, 100]]},
        {"allowed": False},
        {"vehicles": {"count": 1, "max_duration": 0}},
        {"num_depots": 2},
        {"coords": XY[:2]},
        {"coords": [[0, 0], [500, 0], [500, 0]], "time_windows": [[0, 9], [0, 9]]},
        {"demand": 0, "capacity": 1e12},
        {"coords": [[0, 0], [1e12, 0]]},
    ],
)
def test_hard_problems_are_no_errors(arguments: dict[str, Any]):
    """Stops that nobody can serve are for the solution to tell, not for the validation."""
    Problem.from_arrays(**({"coords": XY} | arguments))


# What is an error


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"distance": matrix(a12=math.nan)}, ["`distance`", "nan from stop 1 to stop 2"]),
        ({"distance": matrix(a12=math.inf)}, ["`distance`", "inf from stop 1 to stop 2"]),
        ({"distance": matrix(a12=math.inf).astype(np.float32)}, ["`distance`", "inf from stop 1 to stop 2"]),
        ({"distance": matrix(a12=1e308)}, ["`distance`", "at most 1e+100", "1e+308 from stop 1 to stop 2"]),
        ({"duration": matrix(a01=-1)}, ["`duration`", "-1 from depot 0 to stop 1", "at least 0"]),
        ({"distance": matrix(a22=5)}, ["itself must be 0", "5 at stop 2"]),
        ({"distance": np.ones((4, 3))}, ["4x3", "not square", "4x4"]),
        ({"distance": matrix(5)}, ["`coords`", "4x2", "5x2"]),
        ({"distance": [[0, 1], [1]]}, ["`distance` must be numbers in rows of equal length"]),
        ({"distance": "far"}, ["`distance` must be numbers", "text"]),
        (
            {"distance": [[[0, 1], [1, 0]]] * 2, "coords": None, "duration": [[[0, 1], [1, 0]]] * 3},
            ["2 matrices", "`duration` has 3"],
        ),
        ({"coords": [[0, 0], [1, math.nan], [0, 1], [1, 1]]}, ["`coords`", "nan at stop 1"]),
        ({"coords": [[0, 0, 0]] * 4}, ["`coords` has shape 4x3", "4x2"]),
        ({"coords": None}, ["empty", "Give `coords`"]),
        ({"coords": []}, ["empty"]),
        ({"coords": None, "duration": [[0, 1], [1]]}, ["`duration` must be numbers in rows of equal length"]),
        ({"coords": None, "distance": [0, 5, 6, 0]}, ["`distance` has shape 4", "one row per location"]),
        ({"coords": [[0, 0]]}, ["empty", "Add at least one stop"]),
        ({"num_depots": 4}, ["empty", "first 4 are depots"]),
        ({"num_depots": 0}, ["`num_depots`", "at least 1", "0"]),
        ({"num_depots": 1.5}, ["`num_depots`", "1.5"]),
        ({"crs": "latlong"}, ["`crs`", "'latlong'", "Did you mean 'latlon'?"]),
        ({"rounding": "nearst"}, ["Did you mean 'nearest'?"]),
        ({"backhaul": 3}, ["`backhaul` is 3", "mixed, last, strict"]),
        ({"objective": "costs"}, ["Did you mean 'cost'?"]),
        ({"objective": "vehicle"}, ["Did you mean 'vehicles'?"]),
        ({"objective": "min_max"}, ["'min_max'", "Did you mean 'minmax'?"]),
        ({"objective": "balanced"}, ["Did you mean 'balance'?"]),
        ({"objective": "minmax", "prize": [math.inf, 3, 4]}, ["'minmax'", "stop 2, stop 3 may", "Leave out"]),
        (
            {"objective": "balance", "group": [0, 0, -1], "group_required": [False]},
            ["'balance'", "stop 1, stop 2 may", "make groups required"],
        ),
        (
            {"objective": "balance", "group": [0, 0, -1], "group_required": [True], "prize": [0, 2, math.inf]},
            ["stop 2 in a group has one", "prize 0"],
        ),
        ({"speed": 0}, ["`speed`", "greater than 0"]),
        ({"names": ["a", "b", "b", "a"]}, ["unique", "'b', 'a'"]),
        ({"names": ["a", "b"]}, ["2 names for 4 locations"]),
        ({"names": ["a", 3, "", "b"]}, ["3, ''"]),
        ({"names": "abcd"}, ["`names`"]),
        ({"names": np.zeros((4, 2))}, ["`names` must be texts"]),
        ({"demand": [1, -2, 3]}, ["-2 at stop 2", "at least 0", "Use `pickup`"]),
        ({"demand": [1, math.nan, 3]}, ["nan at stop 2"]),
        ({"demand": [1, math.inf, 3]}, ["inf at stop 2", "finite"]),
        ({"demand": [0, 1, 2, 3]}, ["has shape 4, but 3x1 is needed", "Leave out the depots"]),
        ({"demand": ["a", 1, 2]}, ["must be numbers", "text"]),
        ({"demand": [1, 2, 3], "names": ["hub", "x", "y", "z"], "pickup": [0, -1, 0]}, ["-1 at stop 'y'"]),
        ({"service": -1}, ["-1 at stop 1, -1 at stop 2, -1 at stop 3"]),
        ({"release": math.inf}, ["`release`", "finite"]),
        ({"prize": [1, -1, 2]}, ["`prize`", "-1 at stop 2"]),
        ({"prize": math.nan}, ["`prize`", "nan"]),
        ({"lateness_cost": [-1, 1, 1]}, ["`lateness_cost`", "-1 at stop 1"]),
        ({"time_windows": [[5, 3], [0, 1], [0, 1]]}, ["must not end before they start", "5 to 3 at stop 1", "Swap"]),
        ({"time_windows": [[-5, 3], [0, 1], [0, 1]]}, ["-5 at stop 1", "seconds from 0"]),
        ({"time_windows": [[math.nan, 3], [0, 1], [0, 1]]}, ["nan at stop 1"]),
        ({"time_windows": [0, 1, 2]}, ["`time_windows` has shape 3", "3x2"]),
        ({"time_windows": [[[0, 5], [4, 9]]] * 3}, ["overlap", "stop 1 (0 to 5 and 4 to 9)"]),
        ({"time_windows": [[math.inf, math.inf], [0, 1], [0, 1]]}, ["unused", "stop 1"]),
        ({"depot_windows": [[5, 1]]}, ["`depot_windows`", "5 to 1 at depot 0"]),
        ({"depot_service": [-1]}, ["`depot_service`", "-1 at depot 0"]),
        ({"group": [0, 2, -1]}, ["`group` has no stop in group 1"]),
        ({"group": [0, 10**9, -1]}, ["`group` is 1000000000 at stop 2"]),
        ({"group": [0.5, 0, 0]}, ["`group`", "0.5", "whole numbers"]),
        ({"group": [-2, 0, 0]}, ["-2 at stop 1"]),
        ({"group": [0, 0, -1], "prize": math.inf}, ["must be finite", "stop 1, stop 2", "group_required"]),
        ({"group": [0, 0, -1], "group_required": [True, True]}, ["no stop in group 1"]),
        ({"group_required": [0.5]}, ["0.5", "True or False"]),
        ({"shipments": [[0, 1]]}, ["shipment 0 (0 -> 1)", "locations 1 to 3"]),
        ({"shipments": [[1, 2], [2, 3]]}, ["stop 2 more than once"]),
        ({"shipments": [[1, 1]]}, ["stop 1 more than once"]),
        ({"shipments": [1, 2]}, ["`shipments` has shape 2"]),
        ({"shipments": [[1, 2]], "group": [0, 0, -1]}, ["Shipment 0 has both ends in group 0"]),
        (
            {"shipments": [[1, 2]], "shipment_load": [[-1]]},
            ["`shipment_load`", "-1 at the shipment from stop 1 to stop 2"],
        ),
        ({"allowed": [[True, False]]}, ["`allowed` has shape 1x2", "1x3"]),
        ({"allowed": [2, 0, 1]}, ["`allowed`", "True or False"]),
        ({"preference": [[0, math.inf, 0]]}, ["`preference`", "inf at vehicle type 0"]),
        ({"vehicles": []}, ["no vehicle", "Add at least one"]),
        ({"vehicles": 3}, ["`vehicles`", "3"]),
        ({"vehicles": ["van"]}, ["'van'"]),
        ({"capacity": 0}, ["`capacity` is 0", "positive"]),
        ({"capacity": 3e-8, "demand": 1e-8}, ["`capacity`", "3e-08", "smaller unit", "0.001"]),
        ({"capacity": -3}, ["`capacity` must be at least 0", "-3"]),
        ({"capacity": math.nan}, ["`capacity`", "nan"]),
        ({"capacity": [1, 2], "demand": [1, 2, 3]}, ["2 number(s)", "1 load dimension", "several vehicle types"]),
        ({"capacity": "big"}, ["`capacity`", "'big'"]),
        ({"chargers": {3: [(0, 0), (1, 1)]}}, ["`chargers` names 3", "0 to 0"]),
        ({"chargers": {0: [(0, 0), (1, 0)]}}, ["Charger at depot 0", "rise"]),
        ({"chargers": {0: [(0, 0), (9, 5)]}, "vehicles": {"battery": 8}}, ["ends at 5", "battery", "8"]),
        ({"chargers": 3}, ["`chargers` must map"]),
        ({"scenarios": 3}, ["`scenarios`"]),
        ({"scenarios": Scenarios(service=np.ones((2, 4)))}, ["scenarios.service", "2x4", "Sx3"]),
        ({"scenarios": Scenarios(service=np.ones((2, 3)), delivery=np.ones((3, 3)))}, ["same number of samples"]),
        ({"scenarios": Scenarios(service=np.full((2, 3), -1))}, ["scenarios.service", "scenario 0"]),
        ({"name": 3}, ["`name`", "3"]),
        ({"names": ["a", "b", "\ud800", "d"]}, ["`names` must be texts, not empty and without", "holds '\\ud800'"]),
        ({"vehicles": {"name": "\ud800"}}, ["`name` must be a text without zero characters, but is '\\ud800'"]),
        ({"notes": "a note"}, ["`notes`"]),
        ({"service": [0, 1e308, 0]}, ["`service` must be at most 1e+100, but is 1e+308 at stop 2"]),
        ({"prize": [5, 1e200, math.inf]}, ["`prize` must be at most 1e+100, or infinite", "1e+200 at stop 2"]),
        ({"preference": [0, -1e200, 0]}, ["`preference`", "at most 1e+100"]),
        ({"time_windows": [(1e308, math.inf)] * 3}, ["`time_windows` must be at most 1e+100, or infinite"]),
        ({"speed": 1e-308}, ["`speed`"]),
    ],
)
def test_wrong_input_is_told(arguments: dict[str, Any], told: list[str]):
    """Each error names the place, the value, and what is allowed."""
    message = errors(**arguments)
    for part in told:
        assert part in message


@pytest.mark.parametrize(
    ("vehicle", "told"),
    [
        ({"count": 0}, "`count` must be a whole number, at least 1 and below 2147483648, but is 0"),
        ({"count": True}, "`count`"),
        ({"start_depot": 1}, "`start_depot` must be the location index of a depot, 0, but is 1"),
        ({"end_depot": -1}, "`end_depot`"),
        ({"shift": (5, 1)}, "`shift` ends at 1, before its start at 5"),
        ({"shift": (0, math.nan)}, "`shift`"),
        ({"shift": 5}, "(start, end) in seconds"),
        ({"breaks": (Break(5, 1),)}, "`breaks` ends at 1"),
        ({"breaks": (Break(0, 5), Break(4, 9))}, "`breaks` overlap: 0 to 5 and 4 to 9"),
        ({"breaks": (Break(0, math.inf),)}, "`breaks`"),
        ({"breaks": 3}, "`breaks`"),
        ({"initial_load": (9,), "capacity": (5,)}, "more than its capacity"),
        ({"max_duration": -1}, "`max_duration` must be at least 0, but is -1"),
        ({"fixed_cost": 1e308}, "`fixed_cost` must be at least 0 and at most 1e+100, but is 1e+308"),
        ({"max_distance": math.nan}, "`max_distance`"),
        ({"max_stops": 0}, "`max_stops`"),
        ({"fixed_cost": math.inf}, "`fixed_cost` must be at least 0 and finite, but is inf"),
        ({"distance_cost": -1}, "`distance_cost`"),
        ({"duration_cost": "x"}, "`duration_cost`"),
        ({"overtime_cost": None}, "`overtime_cost`"),
        ({"profile": 1}, "`profile` must be the index of a matrix, 0, but is 1"),
        ({"reload_depots": (2,)}, "`reload_depots`"),
        ({"reload_depots": 0}, "`reload_depots` must be a list"),
        ({"prefix": (0,), "count": 1}, "`prefix` must be the location index of a stop, 1 to 3, but is 0"),
        ({"prefix": (1, 1), "count": 1}, "more than once"),
        ({"prefix": (1,)}, "`count` is None"),
        ({"battery": 0}, "`battery` must be greater than 0"),
        ({"name": 3}, "`name` must be a text"),
    ],
)
def test_wrong_vehicles_are_told(vehicle: dict[str, Any], told: str):
    """Errors of a vehicle type begin with its name or index."""
    message = errors(vehicles=[{"name": "truck"}, vehicle])
    assert message.startswith("Vehicle type 1: ")
    assert told in message


def test_vehicles_with_one_name():
    """Two vehicle types of the same name are an error."""
    assert "2 vehicle types are called 'van'" in errors(vehicles=[{"name": "van"}, {"name": "van"}])


def test_prefix_stop_on_two_vehicles():
    """A stop cannot be fixed on two vehicles."""
    message = errors(vehicles=[{"prefix": (1,), "count": 1}, {"prefix": (2, 1), "count": 1}])
    assert "stop 1" in message
    assert "prefix" in message


def test_all_errors_are_told_at_once():
    """Errors of different fields are collected, not just the first."""
    with pytest.raises(ProblemError) as caught:
        Problem.from_arrays(coords=XY, demand=-1, service=[1], speed=-2, vehicles={"count": 0}, crs="flat")
    assert len(caught.value.errors) == 5
    assert str(caught.value).startswith("5 errors:")


def test_long_lists_are_shortened():
    """Of a thousand wrong stops a few are named and the rest counted."""
    message = errors(coords=np.zeros((1001, 2)), service=-1)
    assert "stop 5 and 995 more" in message
    assert len(message) < 300


# Places and units


def test_swapped_latitude_out_of_range():
    """A latitude beyond 90 degrees is told as swapped."""
    message = errors(coords=[[52.5, 13.4], [139.7, 35.6], [52.4, 13.3], [52.3, 13.2]], crs="latlon")
    assert "139.7 at stop 1" in message
    assert "swapped" in message
    assert "Longitudes" in errors(coords=[[0, 181], [0, 1], [0, 2], [0, 3]], crs="latlon")


@pytest.mark.parametrize(("place", "cause"), [((13.41, 52.52), "swapped"), ((0.0, 0.0), "not found"), ((40, -74), "")])
def test_one_stop_far_away(place: tuple[float, float], cause: str):
    """A stop more than 1,000 km from all others is an error with its likely cause, unless a matrix is given."""
    coords = [[52.5 + 0.01 * i, 13.4] for i in range(5)] + [list(place)]
    message = errors(coords=coords, crs="latlon", names=["hub", *"abcd", "kiosk"])
    assert message.startswith("Stop 'kiosk'")
    assert cause in message
    Problem.from_arrays(coords=coords, crs="latlon", distance=matrix(6), duration=matrix(6))


def test_a_continent_is_no_error():
    """Problems that span a continent are accepted."""
    cities = [[40.7, -74], [34.1, -118.2], [41.9, -87.6], [29.8, -95.4], [47.6, -122.3], [25.8, -80.2], [39.7, -105]]
    Problem.from_latlon(*np.transpose(cities))


@pytest.mark.parametrize("network", [{"duration": 1000 * matrix()}, {"coords": 1000 * np.array(XY)}])
def test_mixed_units(network: dict[str, Any]):
    """Where the shortest leg takes longer than the whole day, the units are in doubt."""
    message = errors(**({"coords": None} | network), time_windows=[[0, 480]] * 3)
    assert "Even the shortest leg takes 1000 s" in message or "shortest leg" in message
    assert "units seem mixed" in message
    assert "units" in errors(**({"coords": None} | network), vehicles={"shift": (0, 480)})
    Problem.from_arrays(**network, time_windows=[[0, 480]] * 3, lateness_cost=1)


# Again and again


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Return a valid problem with any of the fields."""
    d, n = draw(st.integers(1, 3)), draw(st.integers(1, 5))
    loads, types = draw(st.integers(1, 2)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    size = d + n
    some = draw(st.sets(st.sampled_from(range(16))))
    network = draw(st.sampled_from(["coords", "latlon", "distance", "duration", "both", "float32"]))
    square = rng.random((draw(st.integers(1, 2)), size, size)) * (1 - np.eye(size))
    fields: dict[str, Any] = {"num_depots": d}
    if network in ("coords", "latlon"):
        fields["coords"] = rng.random((size, 2))
        fields["crs"] = "planar" if network == "coords" else "latlon"
    elif network == "float32":
        fields["distance"] = square.astype(np.float32)
    if network in ("distance", "both"):
        fields["distance"] = square
    if network in ("duration", "both"):
        fields["duration"] = square * 2
    starts = rng.random((n, 1, 1)) + np.arange(2)[:, None] * 3
    options: list[tuple[str, Any]] = [
        ("delivery", rng.random((n, loads))),
        ("pickup", rng.random((n, loads))),
        ("service", rng.random(n)),
        ("setup", 3),
        ("time_windows", np.concatenate([starts, starts + 1e4 * np.array([[0], [1]]) + 1], axis=2)),
        ("lateness_cost", rng.random(n)),
        ("release", rng.random(n)),
        ("prize", rng.random(n)),
        ("group", np.where(np.arange(n) < 2, 0, -1)),
        ("shipments", [[d + n - 1, d + n - 2]] if n > 3 else []),
        ("allowed", rng.random((types, n)) < 0.5),
        ("preference", rng.random(n)),
        ("depot_windows", [[0, 1e6]] * d),
        ("chargers", {d - 1: [[0, 0], [10, 5]]}),
        ("names", [f"place {i}" for i in range(size)]),
        ("scenarios", Scenarios(present=rng.random((2, n)) < 0.5, service=rng.random((2, n)))),
    ]
    fields |= {key: value for i, (key, value) in enumerate(options) if i in some}
    vehicles = [
        VehicleType(
            count=draw(st.sampled_from([None, 1, 2])),
            capacity=draw(st.sampled_from([(), tuple(range(9, 9 + loads))])),
            end_depot=draw(st.sampled_from([None, d - 1])),
            duration_cost=draw(st.sampled_from([None, 2])),
            breaks=draw(st.sampled_from([(), (Break(4, 5), Break(1, 2))])),
            reload_depots=draw(st.sampled_from([(), (0,)])),
        )
        for _ in range(types)
    ]
    return Problem(vehicles=tuple(vehicles), **fields)


@settings(max_examples=150, deadline=None)
@given(problems())
def test_validation_is_idempotent(p: Problem):
    """A problem that is validated again is the same, and shares all its arrays."""
    again = p.replace()
    for name in Problem.__dataclass_fields__:
        one, two = getattr(p, name), getattr(again, name)
        if name == "scenarios" and one is not None:
            assert one.present is two.present
            assert one.service is two.service
        elif isinstance(one, np.ndarray):
            assert one.dtype == two.dtype
            assert np.array_equal(one, two)
            assert not two.flags.writeable
            assert one.size == 0 or np.shares_memory(one, two), name
        else:
            assert one == two, name
