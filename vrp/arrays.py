"""`Problem.from_arrays`: the door for plain arrays."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields as dataclass_fields
from typing import Any

from vrp.errors import ProblemError, suggest
from vrp.fields import show
from vrp.problem import Problem
from vrp.vehicles import VehicleType

LATLON_SPEED = 10.0
"""Metres per second (36 km/h), for lat/lon without a matrix and without a stated speed."""
VEHICLE_FIELDS = tuple(f.name for f in dataclass_fields(VehicleType))


def from_arrays(
    *,
    demand: Any = None,
    capacity: Any = None,
    vehicles: Any = None,
    speed: float | None = None,
    **fields: Any,
) -> Problem:
    """Return a problem from arrays; see `Problem.from_arrays`."""
    known = [f.name for f in dataclass_fields(Problem)]
    errors = [
        f"from_arrays has no argument {name!r}.{suggest(name, [*known, 'demand', 'capacity'])}"
        for name in fields
        if name not in known
    ]
    if demand is not None and fields.get("delivery") is not None:
        errors.append("`demand` and `delivery` are the same. Give one of them.")
    if vehicles is not None and capacity is not None:
        errors.append("`capacity` is given beside `vehicles`. Put it into the vehicles.")
    types = _vehicle_types(vehicles, capacity, errors)
    if errors:
        raise ProblemError(errors)
    if demand is not None:
        fields["delivery"] = demand
    if speed is None:
        has_matrix = fields.get("distance") is not None or fields.get("duration") is not None
        speed = LATLON_SPEED if fields.get("crs") == "latlon" and not has_matrix else 1.0
    return Problem(vehicles=types, speed=speed, **{k: v for k, v in fields.items() if v is not None})


def _vehicle_types(vehicles: Any, capacity: Any, errors: list[str]) -> tuple[VehicleType, ...]:
    if vehicles is None:
        if capacity is None:
            return (VehicleType(count=1),)
        return (VehicleType(capacity=capacity),)
    if isinstance(vehicles, (VehicleType, Mapping)):
        vehicles = [vehicles]
    if not isinstance(vehicles, Sequence) or isinstance(vehicles, str):
        errors.append(f"`vehicles` must be a VehicleType, a dict or a list of those, but is {show(vehicles)}.")
        return ()
    types = []
    for k, vehicle in enumerate(vehicles):
        if isinstance(vehicle, VehicleType):
            types.append(vehicle)
        elif isinstance(vehicle, Mapping):
            unknown = [key for key in vehicle if key not in VEHICLE_FIELDS]
            errors += [f"Vehicle {k} has no field {key!r}.{suggest(key, VEHICLE_FIELDS)}" for key in unknown]
            types.append(VehicleType(**{key: value for key, value in vehicle.items() if key in VEHICLE_FIELDS}))
        else:
            errors.append(f"Vehicle {k} must be a VehicleType or a dict, but is {show(vehicle)}.")
    return tuple(types)
