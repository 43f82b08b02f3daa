"""Builder: what each call becomes in the problem, and that all its errors are told at once."""

import doctest
import importlib
import math
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vrp.builder import Builder
from vrp.errors import ProblemError, VrpError
from vrp.vehicles import Break

INF = math.inf


def small(**stop: Any) -> Builder:
    """Return a builder with a depot, a vehicle and a stop with these fields."""
    b = Builder()
    b.depot(x=0, y=0, name="hub")
    b.vehicle(name="van")
    b.stop(**({"x": 1, "y": 2} | stop))
    return b


def told(b: Builder, **matrices: Any) -> str:
    with pytest.raises(ProblemError) as caught:
        b.build(**matrices)
    return str(caught.value)


def test_the_example_of_the_docstring_works():
    """The example in the class's docstring is right."""
    result = doctest.testmod(importlib.import_module("vrp.builder"))
    assert result.attempted >= 5
    assert result.failed == 0


def test_everything_arrives():
    """Names, places, times, loads and references arrive in the fields of the problem."""
    b = Builder("Monday", speed=12, objective="vehicles", notes=["by hand"])
    hub = b.depot(lat=60.17, lon=24.94, name="hub", window=("06:00", "20:00"), service="10 min")
    b.depot(lat=60.27, lon=24.84, charger=[(0, 0), (3600, 50)])
    kiosk = b.stop(
        lat=60.18,
        lon=24.95,
        name="kiosk",
        demand={"kg": 3},
        window=("09:00", "11:30"),
        service="5 min",
        skills="fridge",
    )
    b.stop(
        lat=60.19, lon=24.96, demand={"kg": 1, "m3": 2}, window=[("14:00", "15:00"), (0, "11:00")], prize=3, group="g"
    )
    b.stop(
        lat=60.2,
        lon=24.97,
        pickup={"m3": 1},
        release="07:00",
        lateness_cost=0.5,
        setup=60,
        group="g",
        vehicles=["bike"],
    )
    b.vehicle(name="truck", count=2, capacity={"kg": 40, "m3": 9}, shift=("08:00", "17:00"), breaks=("12:00", "12:30"))
    b.vehicle(
        name="bike",
        capacity={"kg": 5},
        start="hub",
        end=None,
        max_duration="4 h",
        nominal_duration=3600,
        fixed_cost=7,
        prefix=[kiosk],
        reload_depots=[hub],
        skills=["fridge"],
        initial_load={"kg": 1},
        max_stops=9,
        battery=50,
        consumption=0.01,
    )
    b.shipment("kiosk", b.stop(lat=60.21, lon=24.98, name="kiosk end"), load={"m3": 4})
    p = b.build()
    assert (p.name, p.objective, p.speed, p.crs) == ("Monday", "vehicles", 12, "latlon")
    assert p.names == ("hub", "1", "kiosk", "3", "4", "kiosk end")
    assert p.num_depots == 2
    assert p.coords[0].tolist() == [60.17, 24.94]
    assert p.depot_windows.tolist() == [[21600, 72000], [0, INF]]
    assert p.depot_service.tolist() == [600, 0]
    assert p.chargers == {1: ((0.0, 0.0), (3600.0, 50.0))}
    assert p.delivery.tolist() == [[3, 0], [1, 2], [0, 0], [0, 0]]
    assert p.pickup.tolist() == [[0, 0], [0, 0], [0, 1], [0, 0]]
    assert p.time_windows[0].tolist() == [[32400, 41400], [INF, INF]]
    assert p.time_windows[1].tolist() == [[0, 39600], [50400, 54000]]
    assert p.service.tolist() == [300, 0, 0, 0]
    assert p.setup.tolist() == [0, 0, 60, 0]
    assert p.release.tolist() == [0, 0, 25200, 0]
    assert p.lateness_cost.tolist() == [INF, INF, 0.5, INF]
    assert p.prize.tolist() == [INF, 3, 0, INF]
    assert p.group.tolist() == [-1, 0, 0, -1]
    assert p.group_required.tolist() == [True]
    assert p.shipments.tolist() == [[2, 5]]
    assert p.shipment_load.tolist() == [[0, 4]]
    assert p.allowed.tolist() == [[False, True, False, True], [True, True, True, True]]
    truck, bike = p.vehicles
    assert (truck.count, truck.capacity, truck.shift, truck.end_depot) == (2, (40, 9), (28800, 61200), 0)
    assert truck.breaks == (Break(43200, 45000),)
    assert (bike.count, bike.capacity, bike.end_depot, bike.max_duration) == (1, (5, INF), None, 14400)
    assert (bike.nominal_duration, bike.fixed_cost, bike.prefix, bike.reload_depots) == (3600, 7, (2,), (0,))
    assert (bike.initial_load, bike.max_stops, bike.battery, bike.consumption) == ((1, 0), 9, 50, 0.01)
    assert p.notes == ("by hand", "Distances are estimates: great circle x 1.3, at 43.2 km/h.")


def test_preference_and_groups():
    """Preferences go to vehicles by handle or name; a group may be optional."""
    b = Builder()
    b.depot(x=0, y=0)
    van = b.vehicle(name="van")
    b.vehicle(name="bike")
    either = b.group("either", required=False)
    b.stop(x=1, y=1, preference={van: 2.5, "bike": -1}, group=either)
    b.stop(x=2, y=1, group="either")
    p = b.build()
    assert p.preference.tolist() == [[2.5, 0], [-1, 0]]
    assert p.group.tolist() == [0, 0]
    assert p.group_required.tolist() == [False]


def test_depots_come_first_in_the_problem():
    """A depot may be added after a stop where places tell the distances, but not where matrices do."""
    b = Builder()
    b.stop(x=3, y=4, name="stop")
    b.depot(x=0, y=0, name="hub")
    b.vehicle()
    assert b.build().names == ("hub", "stop")
    assert "Add the depots first" in told(b, distance=[[0, 1], [1, 0]])


def test_matrices_need_no_places():
    """With matrices no coordinates are needed."""
    b = Builder()
    b.depot()
    b.stop(demand=1)
    b.vehicle(count=None)
    p = b.build(duration=[[0, 5], [6, 0]])
    assert p.legs(1, 0) == (6, 6)
    assert p.names == ()
    assert p.vehicles[0].count is None
    assert p.vehicles[0].duration_cost == 1
    assert "shape 3x3, but 2 locations" in told(b, distance=np.zeros((3, 3)))
    assert "no place" in told(b)


def test_dates():
    """Dates count from their first midnight, and the notes say which one."""
    b = small(window=(datetime(2026, 3, 2, 9), datetime(2026, 3, 3, 1)))
    p = b.build()
    assert p.time_windows.tolist() == [[[32400, 90000]]]
    assert p.notes == ("Times count from 2026-03-02 00:00:00.",)


def test_building_twice():
    """A builder can be built, added to, and built again."""
    b = small()
    assert b.build().num_clients == 1
    b.stop(x=5, y=5)
    assert b.build().num_clients == 2
    assert b.build().num_clients == 2


@pytest.mark.parametrize(
    ("stop", "message"),
    [
        ({"demnd": 3}, "Stop 1: there is no `demnd`. Did you mean 'demand'?"),
        ({"demand": "3"}, "Stop 1: `demand` must be a number, but is '3'."),
        ({"demand": -3}, "-3 at stop '1'"),
        ({"window": "09:00"}, "Stop 1: `window` must be a pair"),
        ({"window": ("9:00", "25:61")}, "Stop 1: `window` must be a time"),
        (
            {"window": ("11:00", "09:00"), "name": "kiosk"},
            "Stop 'kiosk': `window` ends at 09:00, before it starts at 11:00",
        ),
        ({"window": []}, "`window` is an empty list"),
        ({"window": [("9:00", "11:00"), ("10:00", "12:00")]}, "must not overlap"),
        ({"service": "soon"}, "Stop 1: `service` must be a duration"),
        ({"release": "x"}, "`release` must be a time"),
        ({"prize": "x"}, "`prize` must be a number"),
        ({"vehicles": ["vam"]}, "`vehicles` must be a vehicle, but is 'vam'. Did you mean 'van'?"),
        ({"preference": ["van"]}, "`preference` must map vehicles to gains"),
        ({"skills": [3]}, "`skills` must be a list of texts"),
        ({"group": 3}, "`group` must be a group, but is 3"),
        ({"lat": 3}, "a place is lat and lon, or x and y"),
        ({"x": "1"}, "must be numbers"),
        ({"x": None, "y": None}, "Stop 1: no place"),
        ({"x": None, "y": None, "lat": 1, "lon": 2}, "1 with x and y and 1 with lat and lon"),
        ({"name": ""}, "`name` must be a text"),
        ({"name": 7}, "`name` must be a text"),
        ({"demand": {"kg": 3}}, None),
    ],
)
def test_wrong_stops(stop: dict[str, Any], message: str | None):
    """What is wrong with a stop is told by its name or index, with the value and what is allowed."""
    if message is None:
        small(**stop).build()
    else:
        assert message in told(small(**stop))


@pytest.mark.parametrize(
    ("vehicle", "message"),
    [
        ({"capcity": 3}, "Vehicle 1: there is no `capcity`. Did you mean 'capacity'?"),
        ({"capacity": "x", "name": "bike"}, "Vehicle 'bike': `capacity` must be a number"),
        ({"capacity": 0}, "`capacity` is 0"),
        ({"start": "hup"}, "`start` must be a depot, but is 'hup'. Did you mean 'hub'?"),
        ({"end": "nowhere"}, "`end` must be a depot"),
        ({"shift": ("17:00", "08:00")}, "`shift` ends at 08:00, before it starts at 17:00"),
        ({"breaks": "noon"}, "`breaks` must be a pair"),
        ({"max_duration": "long"}, "`max_duration` must be a duration"),
        ({"max_stops": -1}, "`max_stops`"),
        ({"count": "many"}, "`count` must be a whole number"),
        ({"prefix": ["hub"]}, "`prefix` must be a stop, but is 'hub'"),
        ({"name": "van"}, "more than one vehicle called 'van'"),
    ],
)
def test_wrong_vehicles(vehicle: dict[str, Any], message: str):
    """What is wrong with a vehicle is told by its name or number."""
    b = small()
    b.vehicle(**vehicle)
    assert message in told(b)


def test_a_depot_and_a_stop_of_the_same_name():
    """Names are of locations: one that a depot and a stop share would leave the plan without any names."""
    b = small()
    b.stop(x=3, y=3, name="hub")
    assert "A depot and a stop are both called 'hub'. Names must be unique." in told(b)


def test_handles_of_others():
    """Handles of another builder or kind are told as such."""
    other = Builder().depot(x=1, y=1)
    b = small()
    b.vehicle(start=other)
    b.vehicle(start=b.stop(x=3, y=3))
    message = told(b)
    assert "is of another builder" in message
    assert "but is a stop" in message


def test_loads_must_agree():
    """Loads are numbers, tuples of one length, or named throughout; a name no vehicle knows is an error."""
    b = small(demand=(1, 2))
    b.stop(x=3, y=3, demand=(1, 2, 3))
    b.stop(x=3, y=4, demand=5)
    assert "Stop 1: `demand` is (1, 2), but elsewhere loads are 3 of them" in told(b)
    assert "Stop 3: `demand` is 5, but elsewhere loads are 3 numbers" in told(b)
    b = small(demand={"kgs": 1})
    b.vehicle(capacity={"kg": 5})
    assert "No vehicle has a capacity for 'kgs'. Did you mean 'kg'?" in told(b)


def test_all_errors_at_once_and_alike_ones_together():
    """Errors of all parts are collected; the same error of many stops is one sentence."""
    b = Builder()
    b.depot(x=0, y=0)
    for i in range(50):
        b.stop(x=i, y=1, service="soon")
    b.vehicle(start="x", capacity=-1)
    b.shipment("a", "b")
    with pytest.raises(ProblemError) as caught:
        b.build()
    message = str(caught.value)
    assert "Stop 1, stop 2, stop 3, stop 4, stop 5 and 45 more: `service` must be a duration" in message
    assert "`start`" in message
    assert "`capacity`" in message
    assert "Shipment from stop 'a' to stop 'b': `pickup` must be a stop" in message
    assert "more than once" not in message
    assert len(caught.value.errors) < 8


def test_different_errors_of_many_stops_are_shortened():
    """A thousand different errors do not fill the screen."""
    b = Builder()
    b.depot(x=0, y=0)
    for i in range(1000):
        b.stop(x=i, y=1, service=f"soon {i}")
    b.vehicle()
    with pytest.raises(ProblemError, match="more errors") as caught:
        b.build()
    assert len(caught.value.errors) == 41


@pytest.mark.parametrize("missing", ["depot", "stop", "vehicle"])
def test_missing_parts(missing: str):
    """A problem needs a depot, a stop and a vehicle; which is missing is told."""
    b = Builder()
    for part in {"depot", "stop", "vehicle"} - {missing}:
        getattr(b, part)(**({} if part == "vehicle" else {"x": 1, "y": 2}))
    assert f"There is no {missing}" in told(b)
    assert "There is no stop" in told(Builder())


GARBAGE = st.one_of(
    st.none(),
    st.integers(-2, 3),
    st.floats(),
    st.text(max_size=4),
    st.lists(st.one_of(st.integers(), st.text(max_size=3), st.none(), st.tuples(st.text(), st.integers())), max_size=3),
    st.dictionaries(st.text(max_size=2), st.integers(-1, 3), max_size=2),
    st.tuples(st.sampled_from(["09:00", "x", 5, None]), st.sampled_from(["11:00", "y", 7, None])),
    st.builds(object),
    st.builds(lambda n: np.ones(n), st.integers(0, 2)),
    st.just(datetime(2026, 1, 1, 5)),
    st.just("5 min"),
)
KEYS = ["lat", "lon", "x", "y", "name", "window", "service", "charger"]
STOP_KEYS = [*KEYS[:7], "demand", "pickup", "setup", "release", "prize", "lateness_cost", "group", "vehicles", "skills"]
VEHICLE_KEYS = [
    *("name", "count", "capacity", "start", "end", "shift", "breaks", "initial_load", "max_duration", "max_distance"),
    *("max_stops", "fixed_cost", "distance_cost", "profile", "reload_depots", "prefix", "battery", "skills"),
]


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(st.sampled_from(KEYS), GARBAGE, max_size=3),
    st.lists(st.dictionaries(st.sampled_from([*STOP_KEYS, "preference"]), GARBAGE, max_size=4), max_size=3),
    st.lists(st.dictionaries(st.sampled_from(VEHICLE_KEYS), GARBAGE, max_size=4), max_size=2),
    st.lists(st.tuples(GARBAGE, GARBAGE, GARBAGE), max_size=1),
    GARBAGE,
)
def test_garbage_raises_our_errors_only(
    depot: dict[str, Any],
    stops: list[dict[str, Any]],
    vehicles: list[dict[str, Any]],
    shipments: list[tuple[Any, Any, Any]],
    matrix: Any,
):
    """Whatever a builder is given, `build` returns a problem or raises a VrpError."""
    b = Builder()
    b.depot(**{"x": 0, "y": 0} | depot)
    for i, stop in enumerate(stops):
        b.stop(**({"x": i, "y": 1} | stop))
    for vehicle in vehicles:
        b.vehicle(**vehicle)
    for shipment in shipments:
        b.shipment(*shipment)
    try:
        assert b.build(distance=matrix).num_clients == len(stops)
    except VrpError as error:
        assert len(str(error)) > 10


def test_wrong_types_and_settings_are_told_with_all_else() -> None:
    """Also where there is nothing yet to which they could apply."""
    b = Builder(rounding="nearst", speed=-1.0, notes="all")  # type: ignore[arg-type]
    b.add_types([3])  # type: ignore[list-item]
    with pytest.raises(ProblemError) as caught:
        b.build()
    told = str(caught.value)
    for part in ("no depot", "no stop", "`add_types` needs VehicleTypes, but got 3.", "mean 'nearest'", "`speed`"):
        assert part in told
    assert "`notes` must be a list of texts" in told
