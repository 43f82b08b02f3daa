"""Validation of vehicle types and chargers."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from vrp.fields import LARGEST, Fields, as_number, comma_hint, is_text, show
from vrp.validate_network import only_durations
from vrp.vehicles import Break, VehicleType

if TYPE_CHECKING:
    from vrp.problem import Problem

MOST = 2**31
"""Counts are below it, so that they fit where solvers keep them."""
SMALLEST = 1e-3
"""Capacities are 0 or at least this: a thousand times the tolerance of the check, below which they would not bind."""
# Field -> whether it may be infinite. All are at least 0.
NUMBERS = {
    "max_duration": True,
    "max_distance": True,
    "fixed_cost": False,
    "distance_cost": False,
    "duration_cost": False,
    "nominal_duration": True,
    "overtime_cost": False,
    "battery": True,
    "consumption": False,
}
# Field -> smallest value allowed; None is allowed for all and means no limit.
COUNTS = {"count": 1, "max_stops": 1, "max_reloads": 0}


class _Reader:
    """Reads the fields of one vehicle type; each error begins with what the vehicle is called."""

    def __init__(self, vehicle: VehicleType, index: int, fields: Fields) -> None:
        self.vehicle = vehicle
        named = isinstance(vehicle.name, str) and vehicle.name
        self.who = f"Vehicle type {vehicle.name!r}" if named else f"Vehicle type {index}"
        self.fields = fields

    def add(self, error: str) -> None:
        self.fields.add(f"{self.who}: {error}")

    def number(self, name: str, value: object, infinite: bool, positive: bool = False) -> float:
        if type(value) is float and 0.0 < value <= LARGEST:
            return value
        number = as_number(value)
        if number is not None and (number > 0 or (number == 0 and not positive)) and (infinite or number <= LARGEST):
            return number
        least = "greater than 0" if positive else "at least 0"
        huge = number is not None and LARGEST < number < math.inf
        ends = "" if infinite else f" and at most {LARGEST:g}" if huge else " and finite"
        self.add(f"`{name}` must be {least}{ends}, but is {show(value)}.{comma_hint(value)}")
        return 1.0

    def whole(self, name: str, value: object, low: int, high: int | None, meaning: str) -> int:
        if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
            number = int(value)
            if number >= low and number < (MOST if high is None else high):
                return number
        allowed = (
            f"at least {low} and below {MOST}"
            if high is None
            else f"{low} to {high - 1}"
            if high - 1 > low
            else f"{low}"
        )
        self.add(f"`{name}` must be {meaning}, {allowed}, but is {show(value)}.")
        return low

    def interval(self, name: str, value: object, endless: bool = True) -> tuple[float, float]:
        pair = _items(value)
        if pair is not None and len(pair) == 2:
            before = len(self.fields.errors)
            start, end = self.number(name, pair[0], False), self.number(name, pair[1], endless)
            if start <= end:
                return start, end
            if len(self.fields.errors) == before:
                self.add(f"`{name}` ends at {show(end)}, before its start at {show(start)}. Swap the two times.")
        else:
            self.add(f"`{name}` must be (start, end) in seconds, but is {show(value)}.")
        return 0.0, math.inf if endless else 0.0

    def loads(self, name: str, value: object, loads: int, neutral: float) -> tuple[float, ...]:
        items = _items(value) if as_number(value) is None else (value,)
        if items is None:
            self.add(f"`{name}` must be one number per load dimension, but is {show(value)}.")
        elif items and len(items) != loads:
            self.add(
                f"`{name}` has {len(items)} number(s), {show(value)}, but the stops have {loads} load dimension(s). "
                "Give one number per dimension; for vehicles that differ give several vehicle types."
            )
        elif items:
            return tuple(self.number(name, v, neutral == math.inf) for v in items)
        return (neutral,) * loads

    def locations(self, name: str, value: object, low: int, high: int, meaning: str) -> tuple[int, ...]:
        items = _items(value)
        if items is None:
            self.add(f"`{name}` must be a list of location indices, but is {show(value)}.")
            return ()
        found = tuple(self.whole(name, v, low, high, meaning) for v in items)
        if len(set(found)) < len(found):
            self.add(f"`{name}` names a location more than once: {show(items)}.")
        return found

    def breaks(self, value: object) -> tuple[Break, ...]:
        items = _items(value)
        if items is None:
            self.add(f"`breaks` must be a list of `Break(start, end)`, but is {show(value)}.")
            return ()
        found = []
        for item in items:
            pair = (item.start, item.end) if isinstance(item, Break) else item
            start, end = self.interval("breaks", pair, endless=False)
            found.append(Break(start, end))
        found.sort(key=lambda b: b.start)
        for a, b in pairwise(found):
            if b.start < a.end:
                self.add(
                    f"`breaks` overlap: {show(a.start)} to {show(a.end)} and {show(b.start)} to {show(b.end)}."
                    " Join them."
                )
        return tuple(found)


def _items(value: object) -> tuple[Any, ...] | None:
    """Return the items of a list, tuple or array; None for anything else."""
    if isinstance(value, np.ndarray):
        return tuple(value) if value.ndim else None
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, (str, bytes)) else None


def vehicle_types(
    problem: "Problem", depots: int, clients: int, loads: int, network: Mapping[str, Any], fields: Fields
) -> tuple[VehicleType, ...]:
    """Return the vehicle types with their loads in C dimensions and their costs resolved."""
    given: Any = problem.vehicles
    if isinstance(given, VehicleType):
        given = (given,)
    if not isinstance(given, Sequence) or not all(isinstance(v, VehicleType) for v in given):
        fields.add(f"`vehicles` must be a list of VehicleType, but is {show(given)}.")
        return (VehicleType(),)
    if len(given) == 0:
        fields.add("There is no vehicle. Add at least one VehicleType.")
        return (VehicleType(),)
    profiles = max((len(m) for m in (network["distance"], network["duration"]) if m is not None), default=1)
    seconds_only = only_durations(network["distance"], network["duration"])
    types = tuple(
        _vehicle_type(_Reader(v, k, fields), depots, clients, loads, profiles, seconds_only)
        for k, v in enumerate(given)
    )
    fixed: dict[int, str] = {}
    for k, v in enumerate(types):
        who = repr(v.name) if v.name else str(k)
        for stop in v.prefix:
            if fixed.setdefault(stop, who) != who:
                fields.add(
                    f"Vehicle types {fixed[stop]} and {who} both have {fields.location(stop)} in `prefix`. "
                    "Keep it in one."
                )
    names = [v.name for v in types if v.name]
    for name in dict.fromkeys(n for n in names if names.count(n) > 1) if len(set(names)) < len(names) else ():
        fields.add(f"{names.count(name)} vehicle types are called {name!r}. Give each its own name, or use `count`.")
    return types


def _vehicle_type(
    read: _Reader, depots: int, clients: int, loads: int, profiles: int, seconds_only: bool
) -> VehicleType:
    v = read.vehicle
    changes: dict[str, Any] = {}
    for name, low in COUNTS.items():
        if (value := getattr(v, name)) is not None:
            changes[name] = read.whole(name, value, low, None, "a whole number")
    depot, stop = "the location index of a depot", "the location index of a stop"
    changes["start_depot"] = read.whole("start_depot", v.start_depot, 0, depots, depot)
    if v.end_depot is not None:
        changes["end_depot"] = read.whole("end_depot", v.end_depot, 0, depots, depot)
    changes["profile"] = read.whole("profile", v.profile, 0, profiles, "the index of a matrix")
    changes["reload_depots"] = read.locations("reload_depots", v.reload_depots, 0, depots, depot)
    changes["prefix"] = read.locations("prefix", v.prefix, depots, depots + clients, stop)
    if changes["prefix"] and v.count != 1:
        read.add(
            f"`prefix` fixes the first stops of one vehicle, but `count` is {show(v.count)}. Give a type with count=1."
        )
    for name, infinite in NUMBERS.items():
        value = getattr(v, name)
        if value is not None or name not in ("distance_cost", "duration_cost"):
            changes[name] = read.number(name, value, infinite, positive=name == "battery")
    if v.distance_cost is None:
        changes["distance_cost"] = 0.0 if seconds_only or v.duration_cost is not None else 1.0
    if v.duration_cost is None:
        changes["duration_cost"] = 1.0 if seconds_only and v.distance_cost is None else 0.0
    changes["shift"] = read.interval("shift", v.shift)
    changes["breaks"] = read.breaks(v.breaks)
    capacity = changes["capacity"] = read.loads("capacity", v.capacity, loads, math.inf)
    if loads and max(capacity) == 0:
        read.add("`capacity` is 0, so that it could carry nothing. Give a positive capacity, or () for no limit.")
    if any(0 < c < SMALLEST for c in capacity):
        read.add(
            f"`capacity` {show(capacity)} is too small to be kept: loads are compared to a millionth of a unit. Give "
            f"loads and capacities in a smaller unit, so that a capacity is at least {SMALLEST:g}."
        )
    load = changes["initial_load"] = read.loads("initial_load", v.initial_load, loads, 0.0)
    if any(q > c for q, c in zip(load, capacity, strict=True)):
        read.add(f"`initial_load` {show(load)} is more than its capacity {show(capacity)}.")
    if not is_text(v.name):
        read.add(f"`name` must be a text without zero characters, but is {show(v.name)}.")
        changes["name"] = ""
    return replace(v, **{k: new for k, new in changes.items() if new is not getattr(v, k)})


def chargers(
    given: object, depots: int, vehicles: Sequence[VehicleType], fields: Fields
) -> dict[int, tuple[tuple[float, float], ...]]:
    """Return the charging curves as tuples of (seconds, energy), from (0, 0) upwards."""
    if not isinstance(given, Mapping):
        fields.add(f"`chargers` must map depots to curves ((seconds, energy), ...), but is {show(given)}.")
        return {}
    out: dict[int, tuple[tuple[float, float], ...]] = {}
    for depot, curve in given.items():
        if isinstance(depot, bool) or not isinstance(depot, (int, np.integer)) or not 0 <= depot < depots:
            fields.add(f"`chargers` names {show(depot)}, but must name depots: location indices 0 to {depots - 1}.")
            continue
        points = fields.array("chargers", curve)
        if points is None:
            continue
        who = f"Charger at {fields.location(int(depot))}"
        if points.ndim != 2 or points.shape[1] != 2 or len(points) < 2 or not np.isfinite(points).all():
            fields.add(f"{who}: the curve must be at least two points (seconds, energy), but is {show(curve)}.")
            continue
        if points[0].any() or (np.diff(points, axis=0) <= 0).any():
            fields.add(f"{who}: the curve must rise from (0, 0) in seconds and energy, but is {show(curve)}.")
            continue
        out[int(depot)] = tuple((float(s), float(e)) for s, e in points)
        for k, v in enumerate(vehicles):
            if math.isfinite(v.battery) and v.battery > points[-1, 1]:
                fields.add(
                    f"{who}: the curve ends at {show(points[-1, 1])}, but the battery of vehicle type "
                    f"{v.name or k} holds {show(v.battery)}. Extend the curve."
                )
    return out
