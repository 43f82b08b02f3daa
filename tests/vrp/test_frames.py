"""`Problem.from_frame`: tables of any kind become the same problem, and wrong tables are told by column and row."""

import math
from dataclasses import fields
from datetime import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vrp.errors import ProblemError, VrpError
from vrp.problem import Problem
from vrp.vehicles import Break, VehicleType

STOPS: dict[str, list[Any]] = {
    "name": ["hub", "a", "b"],
    "lat": [60.1, 60.2, 60.15],
    "lon": [24.9, 24.8, 24.7],
    "demand": [None, 3, 4],
    "open": ["06:00", "09:00", None],
    "close": ["20:00", time(10), None],
    "service_min": [math.nan, 5, "1.5"],
}
FLEET: dict[str, list[Any]] = {
    "name": ["v1", "v2"],
    "count": [2, None],
    "capacity": [10, "20"],
    "shift_start": ["08:00", ""],
    "shift_end": ["17:00", None],
    "end": ["open", "hub"],
    "break_start": ["12:00", None],
    "break_end": ["12:30", None],
    "max_duration": ["2h", 7200],
}


def rows(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def told(*arguments: Any, **more: Any) -> str:
    with pytest.raises(ProblemError) as caught:
        Problem.from_frame(*arguments, **more)
    return str(caught.value)


def check_example(p: Problem) -> None:
    assert p.names == ("hub", "a", "b")
    assert p.num_depots == 1
    assert p.crs == "latlon"
    assert p.depot_windows.tolist() == [[21600, 72000]]
    assert p.delivery.tolist() == [[3], [4]]
    assert p.time_windows.tolist() == [[[32400, 36000]], [[0, math.inf]]]
    assert p.service.tolist() == [300, 90]
    one, two = p.vehicles
    assert (one.name, one.count, one.capacity, one.shift, one.end_depot) == ("v1", 2, (10,), (28800, 61200), None)
    assert one.breaks == (Break(43200, 45000),)
    assert (two.name, two.count, two.capacity, two.shift, two.end_depot) == ("v2", 1, (20,), (0, math.inf), 0)
    assert one.max_duration == two.max_duration == 7200


def test_columns_and_rows():
    """A dict of columns and a list of rows are the same table."""
    check_example(Problem.from_frame(STOPS, FLEET))
    check_example(Problem.from_frame(rows(STOPS), rows(FLEET)))
    check_example(Problem.from_frame([{k: v for k, v in r.items() if v is not None} for r in rows(STOPS)], FLEET))


def test_data_frames():
    """So is a pandas data frame, also with its names as the index, NaN, NaT and NA as empty cells."""
    pandas = pytest.importorskip("pandas")
    stops, fleet = pandas.DataFrame(STOPS), pandas.DataFrame(FLEET)
    check_example(Problem.from_frame(stops, fleet))
    check_example(Problem.from_frame(stops.set_index("name"), fleet))
    check_example(Problem.from_frame(stops.astype({"demand": "Int64"}), fleet))
    dated = stops.assign(
        open=pandas.to_datetime(["2026-03-02 06:00", "2026-03-02 09:00", None]),
        close=pandas.to_datetime(["2026-03-02 20:00", "2026-03-02 10:00", None]),
        service_min=pandas.to_timedelta([None, "5 min", "90 s"]),
    ).rename(columns={"service_min": "service"})
    p = Problem.from_frame(dated, fleet)
    check_example(p)
    assert p.notes[0] == "Times count from 2026-03-02 00:00:00."


def test_where_the_depot_is():
    """The depot is the first row, another one by position or name, or apart from the stops."""
    first = Problem.from_frame(STOPS, FLEET)
    moved = {key: [values[1], values[0], values[2]] for key, values in STOPS.items()}
    hub = {key: values[0] for key, values in STOPS.items() if key != "demand"}
    others = {key: values[1:] for key, values in STOPS.items()}
    for p in (
        Problem.from_frame(moved, FLEET, depot=1),
        Problem.from_frame(moved, FLEET, depot="hub"),
        Problem.from_frame(moved, FLEET, depot=["hub"]),
        Problem.from_frame(others, FLEET, depot=hub),
        Problem.from_frame(others, FLEET, depot=[hub]),
        Problem.from_frame(others, FLEET, depot={key: [value] for key, value in hub.items()}),
    ):
        check_example(p)
        assert np.array_equal(p.coords, first.coords)


def test_several_depots():
    """Several rows may be depots; vehicles name theirs."""
    table = {"name": ["a", "north", "south"], "x": [0, 1, 2], "y": [0, 5, -5]}
    p = Problem.from_frame(table, {"start": ["south", "north"], "end": [None, "south"]}, depot=["north", "south"])
    assert p.names == ("north", "south", "a")
    assert [(v.start_depot, v.end_depot) for v in p.vehicles] == [(1, 1), (0, 1)]


def test_matrices_are_in_the_order_of_the_table():
    """Rows and columns of matrices move with the rows of the table; depots apart come first."""
    matrix = np.array([[0, 1, 2], [3, 0, 4], [5, 6, 0]])
    p = Problem.from_frame({"name": ["a", "hub", "b"]}, distance=matrix, depot="hub")
    assert p.names == ("hub", "a", "b")
    assert p.legs(0, 1)[0] == 3
    assert p.legs(1, 2)[0] == 2
    apart = Problem.from_frame({"name": ["a", "b"]}, distance=matrix, depot={"name": "hub"})
    assert apart.legs(0, 2)[0] == 2
    assert "shape 2x2, but 3 rows are depots and stops" in told(
        {"name": ["a", "hub", "b"]}, distance=matrix[:2, :2], depot="hub"
    )


def test_several_loads_by_name():
    """Columns such as demand_kg and capacity_kg are load dimensions."""
    p = Problem.from_frame(
        {"x": [0, 1, 2], "y": [0, 1, 2], "demand_kg": [None, 5, None], "pickup_m3": [None, 2, 3]},
        {"capacity_m3": [9], "capacity_kg": [100]},
    )
    assert p.delivery.tolist() == [[5, 0], [0, 0]]
    assert p.pickup.tolist() == [[0, 2], [0, 3]]
    assert p.vehicles[0].capacity == (100, 9)
    stops = {"x": [0, 1], "y": [0, 1], "demand_kg": [None, 5]}
    assert "No vehicle has a capacity for 'kg'. Did you mean 'kgs'?" in told(stops, {"capacity_kgs": [9]})


def test_fleet_without_a_table():
    """Capacity alone means as many vehicles as needed, nothing means one; ready vehicle types are taken as they are."""
    (vehicle,) = Problem.from_frame(STOPS, capacity=9).vehicles
    assert (vehicle.count, vehicle.capacity) == (None, (9,))
    (vehicle,) = Problem.from_frame(STOPS).vehicles
    assert (vehicle.count, vehicle.capacity) == (1, (math.inf,))
    truck = VehicleType(count=3, capacity=(9,))
    for given_types in (truck, [truck]):
        (vehicle,) = Problem.from_frame(STOPS, given_types).vehicles
        assert (vehicle.count, vehicle.capacity) == (3, (9,))


def test_who_serves_whom_and_groups():
    """Stops may name vehicles and skills, and groups of alternatives; more windows come in numbered columns."""
    p = Problem.from_frame(
        {
            "x": [0, 1, 2, 3],
            "y": [0, 1, 2, 3],
            "vehicles": ["", "v1, v2", "v2", None],
            "skills": [None, "", "", "lift"],
            "group": [None, 7.0, 7.0, None],
            "prize": [None, 5, "", None],
            "open": [None, "09:00", None, None],
            "close": [None, "10:00", None, None],
            "open_2": [None, "14:00", None, None],
            "close_2": [None, "15:00", None, None],
        },
        {"name": ["v1", "v2"], "skills": ["lift;crane", ""]},
    )
    assert p.allowed.tolist() == [[True, False, True], [True, True, False]]
    assert p.group.tolist() == [0, 0, -1]
    assert p.prize.tolist() == [5, 0, math.inf]
    assert p.time_windows[0].tolist() == [[32400, 36000], [50400, 54000]]


def test_numbers_may_be_names():
    """Names, skills, vehicles and depots that are numbers, as pandas reads them, are the same names as in a file."""
    p = Problem.from_frame(
        {"name": [1, 2, 3, 4], "x": [0, 0, 1, 2], "y": 4 * [0], "vehicles": [None, None, 8.0, math.nan]}
        | {"skills": [None, None, None, 5.0]},
        {"name": [7, 8], "skills": [5, np.float64(6)], "start": [1, 2.0], "reload_depots": [2.0, None]},
        depot=[0, 1],
    )
    assert p.allowed.tolist() == [[False, True], [True, False]]
    assert [(v.name, v.start_depot, v.reload_depots) for v in p.vehicles] == [("7", 0, (1,)), ("8", 1, ())]


def test_shipments_and_preferences():
    """A pickup names where its goods go, and a column per vehicle holds what is gained by its service."""
    stops = {
        "name": ["hub", "a", "b", "c"],
        "x": [0, 1, 2, 3],
        "y": [0, 1, 2, 3],
        "deliver_to": [None, "c", "", None],
        "shipment_load_kg": [None, "4.5", None, None],
        "preference_van": [None, 3, math.nan, "-2"],
    }
    p = Problem.from_frame(stops, {"name": ["bike", "van"], "capacity_kg": [5, 9]})
    assert p.shipments.tolist() == [[1, 3]]
    assert p.shipment_load.tolist() == [[4.5]]
    assert p.preference.tolist() == [[0, 0, 0], [3, 0, -2]]
    del stops["shipment_load_kg"]
    p = Problem.from_frame(stops, [VehicleType(name="bike"), VehicleType(name="van")])
    assert p.shipment_load.tolist() == [[1]]
    assert p.preference.tolist() == [[0, 0, 0], [3, 0, -2]]


def test_all_of_a_vehicle():
    """Several breaks, the load on board and fixed first stops have columns, as every field of a vehicle type has."""
    p = Problem.from_frame(
        STOPS,
        {
            "name": ["v1"],
            "capacity": [20],
            "initial_load": [2],
            "break_start": ["09:00"],
            "break_end": ["09:30"],
            "break_start_2": ["12:00"],
            "break_end_2": ["13:00"],
            "prefix": ["b; a"],
        },
    )
    (v1,) = p.vehicles
    assert v1.breaks == (Break(32400, 34200), Break(43200, 46800))
    assert (v1.initial_load, v1.prefix) == ((2,), (2, 1))
    other = {"start_depot": "start", "end_depot": "end", "shift": "shift_start", "breaks": "break_start"}
    for field in fields(VehicleType):
        column = other.get(field.name, field.name)
        try:
            Problem.from_frame(STOPS, {column: [None]})
        except ProblemError as error:
            raise AssertionError(field.name) from error


def test_settings_and_ignored_columns():
    """Other arguments are those of the problem; columns in `ignore` are left aside."""
    p = Problem.from_frame(
        STOPS | {"phone": [1, 2, 3]}, FLEET, ignore=["phone"], objective="vehicles", name="x", speed=5
    )
    assert (p.objective, p.name, p.speed) == ("vehicles", "x", 5)
    assert Problem.from_frame(STOPS | {"phone": [1, 2, 3]}, FLEET, ignore="phone").num_clients == 2


@pytest.mark.parametrize(
    ("changes", "more", "message"),
    [
        ({"latitude": [1, 2, 3]}, {}, "`stops` has an unknown column 'latitude'. Did you mean 'lat'?"),
        ({"Due Time": [1, 2, 3]}, {}, "Did you mean 'close'?"),
        ({"demnd": [1, 2, 3]}, {}, "Did you mean 'demand'? To leave it aside: ignore=['demnd']."),
        ({"deliver_to": [None, "B", None]}, {}, "Stop 'a': `deliver_to` is 'B', but no stop has that name. Did you me"),
        ({"deliver_to": [None, "hub", None]}, {}, "which is a depot. Give goods that go to a depot as `pickup`."),
        ({"shipment_load": [None, 3, None]}, {}, "Stop 'a' has a `shipment_load`, but no `deliver_to`."),
        ({"preference_v3": [0, 1, 2]}, {"vehicles": {"name": ["v1"]}}, "no vehicle is called 'v3'. Allowed: v1"),
        ({"preference": [0, 1, 2]}, {}, "name the vehicle in the column, as in 'preference_van'"),
        ({"charger": [0, 1, 2]}, {}, "use vrp.Builder, whose `depot` takes a charging curve"),
        ({"service": [1, 2, 3]}, {}, "columns 'service' and 'service_min'"),
        ({"demand_kg": [0, 2, 3]}, {}, "columns 'demand' and 'demand_kg'"),
        ({"lat": [1, 2]}, {}, "different length"),
        ({"demand": [5, 1, 2]}, {}, "Row 0 of `stops` is taken for a depot, but has demand 5"),
        ({"demand": [0, "many", 2]}, {}, "Stop 'a': `demand` must be a number, but is 'many'."),
        ({"demand": [0, -1, 2]}, {}, "`demand` must be at least 0 and finite, but is -1 at stop 'a'"),
        ({"open": [0, -1, 2]}, {}, "`open` to `close` must be at least 0, but is -1 at stop 'a'"),
        ({}, {"vehicles": {"shift_start": ["8h"]}}, "Vehicle 0: `shift_start` to `shift_end` must be a time"),
        (
            {},
            {"vehicles": {"break_start": [9]}},
            "`break_start` to `break_end` must be at least 0 and finite, but is in",
        ),
        (
            {"deliver_to": [None, "b", None], "shipment_load": [None, "x", None]},
            {},
            "Shipment from stop 'a' to stop 'b': `shipment_load` must be a number, but is 'x'.",
        ),
        ({"open": ["06:00", "25h", None]}, {}, "Stop 'a': `open` to `close` must be a time"),
        (
            {"open": ["06:00", "11:00", None]},
            {},
            "Stop 'a': `open` to `close` ends at 10:00:00, before it starts at 11:",
        ),
        ({"service_min": [None, "x", 1]}, {}, "Stop 'a': `service_min` (in seconds) must be a duration"),
        ({"lat": [60, None, 60]}, {}, "Stop 'a': a place is lat and lon"),
        ({"lat": [60.1, 24.8, 60.2], "lon": [24.9, 60.2, 24.7]}, {}, "Latitude and longitude seem swapped"),
        ({"name": ["hub", "a", "a"]}, {}, "more than one stop called 'a'"),
        ({}, {"depot": "hup"}, "no row of `stops` has that name. Did you mean 'hub'?"),
        ({}, {"depot": 3}, "`stops` has 3 row(s), counted from 0"),
        ({}, {"depot": [0, "hub"]}, "more than once"),
        ({}, {"depot": []}, "There is no depot"),
        ({}, {"depot": {"lat": 60, "lon": 24, "demand": 3}}, "`depot` has an unknown column 'demand'"),
        ({}, {"vehicles": {"capcity": [3]}}, "`vehicles` has an unknown column 'capcity'. Did you mean 'capacity'?"),
        ({}, {"vehicles": {"capacity": [3], "start": ["hup"]}}, "Vehicle 0: `start` must be a depot, but is 'hup'"),
        ({}, {"vehicles": []}, "`vehicles` has no rows"),
        ({}, {"vehicles": {"capacity": [3]}, "capacity": 3}, "`capacity` is given beside `vehicles`"),
        ({}, {"vehicles": 3}, "`vehicles` must be a data frame"),
        ({}, {"objectiv": "cost"}, "no argument 'objectiv'. Did you mean 'objective'?"),
    ],
)
def test_wrong_tables(changes: dict[str, list[Any]], more: dict[str, Any], message: str):
    """What is wrong with a table is told by column, row or name, with what is allowed."""
    assert message in told(STOPS | changes, **more)


@pytest.mark.parametrize("stops", [[], {}, {"lat": []}, 3, "x", None, [3], {"lat": 3}])
def test_no_tables(stops: Any):
    """An empty table, or none at all, is told as such."""
    message = told(stops)
    assert "`stops`" in message


CELLS = st.one_of(
    st.none(),
    st.integers(-2, 3),
    st.floats(),
    st.text(max_size=4),
    st.sampled_from(["09:00", "hub", "5 min"]),
    st.builds(object),
)
COLUMNS = st.sampled_from(
    [*STOPS, *FLEET, "x", "y", "prize", "group", "vehicles", "demand_kg", "open_2", "profile", "skills", "deliver_to"]
)
TABLES = st.one_of(
    st.dictionaries(COLUMNS, st.lists(CELLS, min_size=2, max_size=2), max_size=5),
    st.lists(st.dictionaries(COLUMNS, CELLS, max_size=4), max_size=3),
    CELLS,
)


@settings(max_examples=300, deadline=None)
@given(
    TABLES,
    TABLES,
    st.one_of(st.integers(-1, 2), TABLES, st.lists(st.one_of(st.integers(), st.text(max_size=2)), max_size=2)),
    st.booleans(),
)
def test_garbage_raises_our_errors_only(stops: Any, vehicles: Any, depot: Any, sound: bool):
    """Whatever the tables hold, there is a valid problem or a VrpError."""
    if sound and isinstance(stops, dict):
        stops = {"x": [0, 1], "y": [0, 1]} | stops
    try:
        Problem.from_frame(stops, vehicles, depot=depot)
    except VrpError as error:
        assert len(str(error)) > 10
        # No table has columns of these names.
        ours = ("delivery", "time_windows", "depot_windows", "depot_service", "coords", "shipments", "window", "breaks")
        assert not [name for name in ours if f"`{name}`" in str(error)]
