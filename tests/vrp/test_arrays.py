"""`Problem.from_arrays`, `from_latlon` and `replace`: what arguments mean, and that garbage is told as such."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vrp.errors import ProblemError, VrpError
from vrp.problem import Problem
from vrp.vehicles import VehicleType

XY = [[0, 0], [3, 4], [6, 8]]


def test_capacity_means_as_many_vehicles_as_needed():
    """With a capacity alone there are unlimited equal vehicles, from and to depot 0."""
    (vehicle,) = Problem.from_arrays(coords=XY, demand=[1, 2], capacity=5).vehicles
    assert (vehicle.count, vehicle.capacity, vehicle.start_depot, vehicle.end_depot) == (None, (5.0,), 0, 0)


def test_without_capacity_it_is_one_vehicle():
    """Without capacity and vehicles it is a travelling salesman problem."""
    (vehicle,) = Problem.from_arrays(coords=XY).vehicles
    assert (vehicle.count, vehicle.capacity) == (1, (math.inf,))


def test_scalars_spread():
    """A single number stands for all stops, in every load dimension."""
    p = Problem.from_arrays(coords=XY, demand=2, service=60, prize=7, capacity=(3, 4), time_windows=(5, 9), pickup=1)
    assert p.delivery.tolist() == [[2, 2]] * 2
    assert p.pickup.tolist() == [[1, 1]] * 2
    assert p.service.tolist() == [60, 60]
    assert p.prize.tolist() == [7, 7]
    assert p.time_windows.tolist() == [[[5, 9]]] * 2


def test_matrices_with_and_without_profiles():
    """[L, L] is one profile; [P, L, L] has P of them."""
    m = np.ones((3, 3)) - np.eye(3)
    assert Problem.from_arrays(distance=m).num_profiles == 1
    assert Problem.from_arrays(distance=[m, m], vehicles=[{"profile": 1}]).num_profiles == 2


def test_vehicles_in_any_form():
    """One vehicle or several, as VehicleType or dict."""
    truck = VehicleType(count=2, capacity=(9,))
    for vehicles in (truck, [truck], {"count": 2, "capacity": (9,)}, [{"count": 2, "capacity": 9}], (truck,)):
        (vehicle,) = Problem.from_arrays(coords=XY, vehicles=vehicles).vehicles
        assert (vehicle.count, vehicle.capacity) == (2, (9.0,))


def test_demand_is_delivery():
    """`demand` and `delivery` are two names of one thing; both at once are an error."""
    assert Problem.from_arrays(coords=XY, demand=[1, 2]).delivery.tolist() == [[1], [2]]
    assert Problem.from_arrays(coords=XY, delivery=[1, 2]).delivery.tolist() == [[1], [2]]
    with pytest.raises(ProblemError, match="mean the same"):
        Problem.from_arrays(coords=XY, demand=1, delivery=1)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"demnd": 1}, "'demnd'. Did you mean 'demand'?"),
        ({"timewindows": 1}, "Did you mean 'time_windows'?"),
        ({"vehicles": {"capcity": 1}}, "Vehicle type 0 has no field 'capcity'. Did you mean 'capacity'?"),
        ({"vehicles": {"capacity": 1}, "capacity": 2}, "`capacity` is given beside `vehicles`"),
        ({"vehicles": []}, "There is no vehicle"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], told: str):
    """Unknown and contradicting arguments are errors, told together with those of the values."""
    with pytest.raises(ProblemError) as caught:
        Problem.from_arrays(coords=XY, service=-1, **arguments)
    assert told in str(caught.value)
    assert "`service`" in str(caught.value)


def test_latlon():
    """`from_latlon` takes one latitude and longitude per location; its speed is stated in the notes."""
    p = Problem.from_latlon([60, 60.1], [24, 24.1], demand=[3], capacity=4)
    assert p.crs == "latlon"
    assert p.speed == 10
    assert p.coords.tolist() == [[60, 24], [60.1, 24.1]]
    assert "72 km/h" in Problem.from_latlon([60, 60.1], [24, 24.1], speed=20).notes[0]
    for lat, lon, more in (
        ([60], [24, 25], {}),
        ([60, 61], [24, 25], {"crs": "planar"}),
        ([60, 61], [24, 25], {"x": 1}),
    ):
        with pytest.raises(ProblemError):
            Problem.from_latlon(lat, lon, **more)


def test_replace():
    """`replace` changes the named fields only; an unknown field is an error."""
    p = Problem.from_arrays(coords=XY, demand=[1, 2], capacity=5)
    changed = p.replace(service=9)
    assert changed.service.tolist() == [9, 9]
    assert changed.delivery is p.delivery
    with pytest.raises(ProblemError, match="Did you mean 'service'"):
        p.replace(servce=9)


NUMBERS = st.one_of(
    st.integers(-3, 5), st.floats(), st.sampled_from([0.0, 1.0, math.inf, math.nan, 1e308, 10**400]), st.booleans()
)
GARBAGE = st.one_of(
    st.none(),
    NUMBERS,
    st.text(max_size=3),
    st.lists(NUMBERS, max_size=4),
    st.lists(st.lists(NUMBERS, max_size=3), max_size=4),
    st.lists(st.one_of(NUMBERS, st.text(max_size=2), st.none()), max_size=3),
    st.dictionaries(st.one_of(st.integers(0, 1), st.text(max_size=2)), st.lists(NUMBERS, max_size=2), max_size=2),
    st.builds(object),
    st.builds(lambda shape, x: np.full(shape, x), st.lists(st.integers(0, 4), max_size=4), NUMBERS),
    st.builds(lambda n, x: np.full((n, 2), x), st.integers(0, 4), NUMBERS),
    st.builds(lambda n, x: x * (1 - np.eye(n)), st.integers(0, 4), st.sampled_from([1, 5.0, -1, math.nan])),
    st.sets(st.integers(0, 3)),
    st.just(np.array(["2020-01-01"], dtype="datetime64[D]")),
    st.just(1 + 2j),
    st.just(range(3)),
)
VEHICLE = st.one_of(
    GARBAGE,
    st.dictionaries(st.sampled_from(sorted(VehicleType.__dataclass_fields__)), GARBAGE, max_size=4),
    st.builds(
        lambda changes: VehicleType(**changes),
        st.dictionaries(st.sampled_from(sorted(VehicleType.__dataclass_fields__)), GARBAGE, max_size=4),
    ),
)
ARGUMENTS = sorted({*Problem.__dataclass_fields__, "demand", "capacity", "demnd"} - {"vehicles"})


@settings(max_examples=400, deadline=None)
@given(
    st.dictionaries(st.sampled_from(ARGUMENTS), GARBAGE, max_size=6),
    st.one_of(st.none(), VEHICLE, st.lists(VEHICLE, max_size=2)),
    st.booleans(),
)
@pytest.mark.filterwarnings("default")
def test_garbage_raises_our_errors_only(arguments: dict[str, Any], vehicles: Any, sound: bool):
    """Whatever the arguments are, there is a valid problem or a VrpError."""
    if sound:
        arguments = {"coords": XY} | {k: v for k, v in arguments.items() if k not in ("coords", "distance", "duration")}
    try:
        problem = Problem.from_arrays(vehicles=vehicles, **arguments)
    except VrpError as error:
        assert len(str(error)) > 10
    else:
        assert problem.num_clients > 0
        problem.replace()


def test_notes_on_what_may_have_been_meant_otherwise() -> None:
    """Demands without a capacity, depots that nobody uses and degrees taken as planar are noted, and go when mended."""
    coords = [[60.17, 24.94], [60.21, 24.81], [60.19, 24.96], [60.22, 25.04]]
    problem = Problem.from_arrays(coords=coords, demand=[1, 2], num_depots=2, vehicles=VehicleType(count=1))
    assert problem.notes == (
        "No vehicle has a capacity: demands limit nothing.",
        "No vehicle uses depot 1: all start at 0. Give `vehicles` with another start depot to change that.",
        "Coordinates look like latitude and longitude but are taken as planar; give them as lat and lon (arrays: "
        'crs="latlon").',
    )
    mended = problem.replace(
        crs="latlon", vehicles=[VehicleType(capacity=(3,)), VehicleType(capacity=(3,), start_depot=1)]
    )
    assert [note for note in mended.notes if not note.startswith("Distances are estimates")] == []
    assert problem.replace(delivery=[0, 0]).notes == problem.notes[1:]
    by_capacity = Problem.from_arrays(coords=coords, capacity=3, demand=[1, 2], num_depots=2, crs="latlon")
    assert any(note.startswith("No vehicle uses depot 1") for note in by_capacity.notes)


@pytest.mark.parametrize(
    "coords",
    [
        np.random.default_rng(0).random((9, 2)),  # the unit square
        np.random.default_rng(0).random((9, 2)) + 0.5,
        np.random.default_rng(0).random((9, 2)) * 80 + 2,
        [[35, 35], [38, 36], [37, 37]],
        [[52.5, 13.4], [52.5, 13.4]],
    ],
)
def test_plain_coordinates_are_not_taken_for_degrees(coords: Any) -> None:
    """Instances of the benchmarks, the unit square among them, get no note."""
    assert Problem.from_arrays(coords=coords).notes == ()


def test_repr_is_one_short_line() -> None:
    """A problem of any size prints as its name and sizes, never as its arrays."""
    problem = Problem.from_arrays(coords=np.zeros((11, 2)), vehicles=[VehicleType(), VehicleType()], name="x")
    assert repr(problem) == "Problem('x', 10 stops, 1 depot, 2 vehicle types)"
    assert len(repr([problem.replace(name="", distance=np.zeros((11, 11)))])) < 80
