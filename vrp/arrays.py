"""The doors for plain arrays: `Problem.from_arrays`, `Problem.from_latlon` and `Problem.replace`."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from vrp.errors import ProblemError, suggest
from vrp.fields import freeze, show
from vrp.problem import Problem
from vrp.validate_network import only_durations
from vrp.vehicles import VehicleType

LATLON_SPEED = 10.0
"""Metres per second (36 km/h), for lat/lon without a matrix and without a stated speed."""
VEHICLE_FIELDS = tuple(f.name for f in fields(VehicleType))
PROBLEM_FIELDS = tuple(f.name for f in fields(Problem))
_ARGUMENTS = (*PROBLEM_FIELDS, "demand", "capacity")

# What tables and the builder call fields.
_COLUMNS = {"start": "start_depot", "end": "end_depot"}
# What arguments call fields.
_FIELDS = {"demand": "delivery", "capacity": "vehicles"}
# What errors call fields -> what the caller did.
DEMAND_WORDS = {"`delivery`": "`demand`"}
LATLON_WORDS = {
    ": the rows of `coords` are lat, lon": "",
    "Give `coords`, `distance` or `duration`": "Give one `lat` and one `lon` per location",
    "`coords`": "`lat` and `lon`",
    "Give crs='planar'": "Use Problem.from_arrays with crs='planar'",
}


def from_arrays(given: Mapping[str, Any], unknown: Mapping[str, Any]) -> Problem:
    """Return a problem from the arguments of `Problem.from_arrays`, which describes them."""
    arrays = {key: value for key, value in given.items() if value is not None}
    errors = [f"from_arrays has no argument {key!r}.{suggest(key, _ARGUMENTS)}" for key in unknown]
    demand, capacity = arrays.pop("demand", None), arrays.pop("capacity", None)
    if demand is not None and "delivery" in arrays:
        errors.append("`demand` and `delivery` mean the same. Give only one of them.")
    elif demand is not None:
        arrays["delivery"] = demand
    types = vehicle_types(arrays.pop("vehicles", None), capacity, errors)
    latlon = isinstance(arrays.get("crs"), str) and arrays["crs"] == "latlon"
    if "speed" not in arrays and latlon and not {"distance", "duration"} & arrays.keys():
        arrays["speed"] = LATLON_SPEED
    try:
        problem = Problem(vehicles=types or (VehicleType(),), **arrays)
    except ProblemError as error:
        told = error if demand is None else error.reworded(DEMAND_WORDS)
        raise ProblemError([*errors, *told.errors]) from None
    if errors:
        raise ProblemError(errors)
    return problem


def from_latlon(lat: Any, lon: Any, **arrays: Any) -> Problem:
    """Return a problem from latitudes and longitudes; see `Problem.from_latlon`."""
    for key in ("coords", "crs"):
        if key in arrays:
            raise ProblemError(f"from_latlon takes no `{key}`: `lat` and `lon` say where the locations are.")
    try:
        coords = np.column_stack([np.asarray(lat), np.asarray(lon)])
    except ValueError:
        shapes = " and ".join(str(np.shape(np.asarray(v, dtype=object))) for v in (lat, lon))
        raise ProblemError(
            f"`lat` and `lon` must have one number per location each, but their shapes are {shapes}."
        ) from None
    try:
        return Problem.from_arrays(coords=coords, crs="latlon", **arrays)
    except ProblemError as error:
        raise error.reworded(LATLON_WORDS) from None


def replaced(problem: Problem, changes: Mapping[str, Any]) -> Problem:
    """Return a copy of the problem with some fields changed; see `Problem.replace`."""
    unknown = [key for key in changes if key not in PROBLEM_FIELDS]
    if unknown:
        hints = {key: suggest(_FIELDS.get(key, key), PROBLEM_FIELDS) for key in unknown}
        raise ProblemError([f"Problem has no field {key!r}.{hint}" for key, hint in hints.items()])
    if "duration" in changes and "distance" not in changes and only_durations(problem.distance, problem.duration):
        # The distances stood for the old durations.
        return replace(problem, distance=None, **changes)
    return replace(problem, **changes)


def packed(problem: Problem) -> dict[str, Any]:
    """Return the fields of a problem for a pickle or a copy; distances that are but the durations are left out."""
    state = dict(vars(problem))
    return state | {"distance": None} if only_durations(problem.distance, problem.duration) else state


def unpacked(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that `packed` returned, read-only again."""
    scenarios = state["scenarios"]
    for value in (*state.values(), *(vars(scenarios).values() if scenarios is not None else ())):
        if isinstance(value, np.ndarray):
            freeze(value)
    if state["distance"] is None and state["duration"] is not None:
        return {**state, "distance": state["duration"].view()}
    return dict(state)


def vehicle_types(vehicles: Any, capacity: Any, errors: list[str]) -> tuple[VehicleType, ...]:
    """Return the vehicle types given in any of the ways of `Problem.from_arrays`."""
    if vehicles is None:
        return (VehicleType(count=1),) if capacity is None else (VehicleType(capacity=capacity),)
    if capacity is not None:
        errors.append("`capacity` is given beside `vehicles`. Put it into the vehicles.")
    if isinstance(vehicles, (VehicleType, Mapping)):
        vehicles = [vehicles]
    if not isinstance(vehicles, Sequence) or isinstance(vehicles, (str, bytes)):
        errors.append(f"`vehicles` must be a VehicleType, a dict of its fields, or a list, but is {show(vehicles)}.")
        return ()
    if len(vehicles) == 0:
        errors.append("There is no vehicle. Add at least one VehicleType.")
    types = []
    for k, vehicle in enumerate(vehicles):
        if isinstance(vehicle, VehicleType):
            types.append(vehicle)
        elif isinstance(vehicle, Mapping):
            unknown = [key for key in vehicle if key not in VEHICLE_FIELDS]
            errors += [
                f"Vehicle type {k} has no field {key!r}.{suggest(_COLUMNS.get(key, key), VEHICLE_FIELDS)}"
                for key in unknown
            ]
            types.append(VehicleType(**{key: value for key, value in vehicle.items() if key in VEHICLE_FIELDS}))
        else:
            errors.append(f"Vehicle type {k} must be a VehicleType or a dict of its fields, but is {show(vehicle)}.")
    return tuple(types)
