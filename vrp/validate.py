"""Validation: the fields of a `Problem` as read-only arrays of the documented shapes, or all errors of the input."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vrp.errors import ProblemError, suggest
from vrp.fields import LARGEST, Array, Fields, as_number, dims, freeze, is_text, shape_of, shorten, show
from vrp.objectives import require_all_stops
from vrp.remarks import remarks
from vrp.validate_network import check_units, network
from vrp.validate_scenarios import scenarios
from vrp.validate_vehicles import chargers, vehicle_types

if TYPE_CHECKING:
    from vrp.problem import Problem

CHOICES = {
    "crs": ("planar", "latlon"),
    "rounding": ("exact", "nearest", "truncate1", "ceil"),
    "backhaul": ("mixed", "last", "strict"),
    "objective": ("cost", "vehicles", "minmax", "balance"),
}
NETWORK = ("distance", "duration", "coords")


def normalise(problem: "Problem") -> dict[str, object]:
    """Return the problem's fields coerced to their documented shapes, completed with neutral values and read-only.

    Raises
    ------
    ProblemError
        With every error of the input.
    """
    fields = Fields()
    chosen = read_settings(problem, fields)
    depots, clients = _sizes(problem, fields)
    fields.num_depots = depots
    fields.names = names = _names(problem.names, depots + clients, fields)
    out: dict[str, Any] = {"num_depots": depots, "names": names}
    out |= network(problem, depots + clients, chosen, fields)
    loads = _num_loads(problem)
    out["vehicles"] = vehicle_types(problem, depots, clients, loads, out, fields)
    out["chargers"] = chargers(problem.chargers, depots, out["vehicles"], fields)
    out |= _depots(problem, depots, fields)
    out |= _clients(problem, clients, loads, fields)
    out |= _groups(problem, clients, fields)
    out["prize"] = _prize(problem, clients, out["group"], fields)
    require_all_stops(chosen["objective"], fields, out)
    out |= _shipments(problem, depots, clients, loads, out["group"], fields)
    out |= _pairs(problem, len(out["vehicles"]), clients, fields)
    if problem.scenarios is not None:
        out["scenarios"] = scenarios(problem.scenarios, depots + clients, clients, loads, fields)
    if not fields.errors:
        check_units(problem, out, fields)
    if fields.errors:
        raise ProblemError(fields.errors)
    out["notes"] = (*out["notes"], *remarks({**out, "crs": chosen["crs"]}, chosen["rounding"]))
    return out


def read_settings(problem: Any, fields: Fields) -> dict[str, Any]:
    """Return what was chosen and the speed, which need no locations to be checked; check also what is only shown."""
    chosen: dict[str, Any] = {}
    for name, allowed in CHOICES.items():
        value = chosen[name] = getattr(problem, name)
        if not isinstance(value, str) or value not in allowed:
            fields.add(f"`{name}` is {show(value)}.{suggest(show(value), allowed)}")
            chosen[name] = allowed[0]
    speed = chosen["speed"] = as_number(problem.speed)
    if speed is None or not 1 / LARGEST <= speed <= LARGEST:
        fields.add(f"`speed` must be greater than 0 and finite (units per second), but is {show(problem.speed)}.")
        chosen["speed"] = 1.0
    if not is_text(problem.name):
        fields.add(f"`name` must be a text without zero characters, but is {show(problem.name)}.")
    notes: object = problem.notes
    if isinstance(notes, str) or not isinstance(notes, Sequence) or not all(map(is_text, notes)):
        fields.add(f"`notes` must be a list of texts, but is {show(notes)}.")
    return chosen


def _sizes(problem: "Problem", fields: Fields) -> tuple[int, int]:
    """Return D and n; without them nothing else can be checked, so that errors here are raised at once."""
    depots = problem.num_depots
    if isinstance(depots, bool) or not isinstance(depots, (int, np.integer)) or depots < 1:
        fields.add(f"`num_depots` must be a whole number of at least 1, but is {show(depots)}.")
        raise ProblemError(fields.errors)
    for name in NETWORK:
        shape = shape_of(getattr(problem, name))
        if len(shape) < 2 or shape[-2] == 0:
            continue
        if shape[-2] <= depots:
            fields.add(
                f"`{name}` has {shape[-2]} row(s), of which the first {depots} are depots: the problem is empty. "
                "Add at least one stop."
            )
            raise ProblemError(fields.errors)
        return int(depots), shape[-2] - int(depots)
    before = len(fields.errors)
    for name in NETWORK:
        value = getattr(problem, name)
        shape = shape_of(value)
        if value is not None and len(shape) < 2 and shape != (0,) and fields.array(name, value) is not None:
            fields.add(f"`{name}` has shape {dims(shape)}, but needs one row per location, depots first.")
    if len(fields.errors) == before:
        fields.add("The problem is empty: nothing tells where its stops are. Give `coords`, `distance` or `duration`.")
    raise ProblemError(fields.errors)


def _names(names: Any, locations: int, fields: Fields) -> tuple[str, ...]:
    try:
        given: tuple[Any, ...] | None = tuple(names) if not isinstance(names, str) else None
    except TypeError:
        given = None
    if given is None:
        fields.add(f"`names` must be one name per location, but is {show(names)}.")
        return ()
    if not given:
        return ()
    wrong = [n for n in given if not is_text(n) or not n]
    if wrong:
        found = shorten(map(show, wrong), len(wrong))
        fields.add(f"`names` must be texts, not empty and without zero characters, but holds {found}.")
        return ()
    if len(given) != locations:
        fields.add(
            f"`names` has {len(given)} names for {locations} locations. Give one per location, depots first, or none."
        )
        return ()
    if len(set(given)) < locations:
        seen: set[str] = set()
        twice = dict.fromkeys(n for n in given if n in seen or seen.add(n))  # type: ignore[func-returns-value]
        fields.add(f"`names` must be unique, but these occur more than once: {shorten(map(repr, twice), len(twice))}.")
    return given


def _num_loads(problem: "Problem") -> int:
    """Return C as told by the first given of the stops' goods and the vehicles' capacity; 1 where nothing tells it."""
    for name in ("delivery", "pickup", "shipment_load"):
        shape = shape_of(getattr(problem, name))
        if shape:
            return max(shape[1], 1) if len(shape) == 2 else 1
    vehicles = problem.vehicles if isinstance(problem.vehicles, Sequence) else (problem.vehicles,)
    for vehicle in vehicles:
        shape = shape_of(getattr(vehicle, "capacity", ()))
        if len(shape) == 1 and shape[0]:
            return shape[0]
    return 1


def _filled(shape: tuple[int, ...], value: float | bool | int, dtype: Any = np.float64) -> Array:
    return freeze(np.full(shape, value, dtype=dtype))


def _depots(problem: "Problem", depots: int, fields: Fields) -> dict[str, Array]:
    windows, service = None, None
    if problem.depot_windows is not None:
        windows = fields.shaped("depot_windows", problem.depot_windows, (depots, 2), "[start, end] of each depot")
    if windows is None:
        windows = freeze(np.tile((0.0, math.inf), (depots, 1)))
    _ordered("depot_windows", windows, fields.location, fields)
    if problem.depot_service is not None:
        service = fields.shaped("depot_service", problem.depot_service, (depots,), "seconds of each depot")
        if service is not None:
            fields.within("depot_service", service, fields.location)
    return {"depot_windows": windows, "depot_service": _filled((depots,), 0.0) if service is None else service}


def _ordered(field: str, windows: Array, label: Any, fields: Fields) -> bool:
    """Check windows [..., 2]: numbers from 0, the end not before the start."""
    start, end = windows[..., 0], windows[..., 1]
    if bool(((start >= 0) & (start <= end) & ((start <= LARGEST) | np.isinf(start))).all()):
        return True
    if fields.within(field, windows, label, infinite=True, advice="Times are seconds from 0, e.g. from midnight."):
        bad = np.argwhere(~(start <= end))
        found = (f"{show(start[tuple(b)])} to {show(end[tuple(b)])} at {label(int(b[0]))}" for b in bad)
        fields.add(
            f"`{field}` must not end before they start, but go from {shorten(found, len(bad))}. Swap the two times."
        )
    return False


def _clients(problem: "Problem", n: int, loads: int, fields: Fields) -> dict[str, Array]:
    out: dict[str, Array] = {}
    plan = (
        (
            "delivery",
            (n, loads),
            0.0,
            False,
            "one row per stop, one column per load dimension",
            "Use `pickup` for goods to collect.",
        ),
        (
            "pickup",
            (n, loads),
            0.0,
            False,
            "one row per stop, one column per load dimension",
            "Use `delivery` for goods to bring.",
        ),
        ("setup", (n,), 0.0, False, "seconds of each stop", ""),
        ("service", (n,), 0.0, False, "seconds of each stop", ""),
        ("release", (n,), 0.0, False, "seconds of each stop", ""),
        ("lateness_cost", (n,), math.inf, True, "price per second of each stop", ""),
    )
    for name, shape, neutral, infinite, meaning, advice in plan:
        value, array = getattr(problem, name), None
        if value is not None:
            array = fields.shaped(name, value, shape, meaning)
            if array is not None:
                fields.within(name, array, fields.stop, infinite=infinite, advice=advice)
        out[name] = _filled(shape, neutral) if array is None else array
    out["time_windows"] = _time_windows(problem.time_windows, n, fields)
    return out


def _time_windows(value: object, n: int, fields: Fields) -> Array:
    neutral = freeze(np.tile((0.0, math.inf), (n, 1, 1)))
    if value is None or (windows := fields.array("time_windows", value)) is None:
        return neutral
    if windows.shape == (n, 2):
        windows = windows.reshape(n, 1, 2)
    elif windows.shape == (2,):
        windows = freeze(np.tile(windows, (n, 1, 1)))
    if windows.ndim != 3 or windows.shape[0] != n or windows.shape[1] < 1 or windows.shape[2] != 2:
        fields.add(
            f"`time_windows` has shape {dims(windows.shape)}, but {n}x2 (one [start, end] per stop) or {n}xWx2 (W of "
            "them) is needed." + (" Leave out the depots." if windows.shape[:1] == (n + fields.num_depots,) else "")
        )
        return neutral
    if not _ordered("time_windows", windows, fields.stop, fields):
        return neutral
    start, end = windows[..., 0], windows[..., 1]
    if windows.shape[1] > 1 and not (start[:, 1:] >= start[:, :-1]).all():
        order = np.argsort(start, axis=1, kind="stable")
        windows = freeze(np.take_along_axis(windows, order[:, :, None], axis=1))
        start, end = windows[..., 0], windows[..., 1]
    never = np.flatnonzero(np.isinf(start[:, 0]))
    if len(never):
        fields.add(
            f"`time_windows` are all unused (start at infinity) at {shorten(map(fields.stop, never), len(never))}."
        )
    overlap = np.argwhere((start[:, 1:] < end[:, :-1]) & np.isfinite(start[:, 1:]))
    if len(overlap):
        found = (
            f"{fields.stop(c)} ({show(start[c, w])} to {show(end[c, w])} and {show(start[c, w + 1])} to "
            f"{show(end[c, w + 1])})"
            for c, w in overlap
        )
        fields.add(f"`time_windows` of one stop must not overlap, but do at {shorten(found, len(overlap))}. Join them.")
    return windows


def _groups(problem: "Problem", n: int, fields: Fields) -> dict[str, Array]:
    group = None
    if problem.group is not None:
        group = fields.shaped("group", problem.group, (n,), "the index of the group of each stop, or -1", np.int64)
        if group is not None and not fields.within("group", group, fields.stop, low=-1):
            group = None
        elif group is not None and group.max() >= n:
            bad = int(group.argmax())
            fields.add(
                f"`group` is {group[bad]} at {fields.stop(bad)}, but {n} stops have fewer groups. Number them 0, 1, ..."
            )
            group = None
    if group is None:
        group = _filled((n,), -1, np.int64)
    required = None
    count = int(group.max()) + 1
    if problem.group_required is not None:
        required = fields.array("group_required", problem.group_required, np.bool_)
        if required is not None and required.ndim == 1:
            count = max(count, len(required))
        if required is not None and required.shape not in ((), (count,)):
            fields.add(
                f"`group_required` has shape {dims(required.shape)}, but there are {count} groups. Give one per group."
            )
            required = None
        elif required is not None and required.ndim == 0:
            required = _filled((count,), bool(required), np.bool_)
    empty = np.flatnonzero(np.bincount(group[group >= 0], minlength=count) == 0)
    if len(empty):
        fields.add(
            f"`group` has no stop in group {shorten(empty, len(empty))}. Number the groups 0, 1, ... without gaps."
        )
    return {"group": group, "group_required": _filled((count,), True, np.bool_) if required is None else required}


def _prize(problem: "Problem", n: int, group: Array, fields: Fields) -> Array:
    """A member of a group is optional by itself, hence its neutral prize is 0."""
    neutral = freeze(np.where(group >= 0, 0.0, math.inf))
    if problem.prize is None or (prize := fields.shaped("prize", problem.prize, (n,), "one price per stop")) is None:
        return neutral
    fields.within("prize", prize, fields.stop, infinite=True, advice="It is what leaving the stop out costs.")
    bad = np.flatnonzero((group >= 0) & np.isinf(prize))
    if len(bad):
        fields.add(
            f"`prize` must be finite for stops in a group, but is inf at {shorten(map(fields.stop, bad), len(bad))}. "
            "Use `group_required` to say that one of them must be served."
        )
    return prize


def _shipments(problem: "Problem", depots: int, n: int, loads: int, group: Array, fields: Fields) -> dict[str, Array]:
    pairs = None
    if problem.shipments is not None:
        pairs = fields.array("shipments", problem.shipments, np.int64)
        if pairs is not None and pairs.size == 0:
            pairs = pairs.reshape(0, 2)
        if pairs is not None and (pairs.ndim != 2 or pairs.shape[1] != 2):
            fields.add(
                f"`shipments` has shape {dims(pairs.shape)}, but rows of [pickup, delivery] locations are needed."
            )
            pairs = None
    if pairs is None:
        pairs = _filled((0, 2), 0, np.int64)
    outside = np.flatnonzero(((pairs < depots) | (pairs >= depots + n)).any(axis=1))
    if len(outside):
        found = (f"shipment {i} ({pairs[i, 0]} -> {pairs[i, 1]})" for i in outside)
        fields.add(
            f"`shipments` must join stops, which are locations {depots} to {depots + n - 1}, but "
            f"{shorten(found, len(outside))} do not."
        )
    else:
        stops, times = np.unique(pairs, return_counts=True)
        twice = stops[times > 1]
        if len(twice):
            fields.add(
                f"`shipments` use {shorten(map(fields.location, twice), len(twice))} more than once. "
                "Add one stop, at the same place, for each end of each shipment."
            )
        ends = group[pairs - depots]
        for i in np.flatnonzero((ends[:, 0] >= 0) & (ends[:, 0] == ends[:, 1])):
            fields.add(
                f"Shipment {i} has both ends in group {ends[i, 0]}, of which only one stop is served. "
                "Give them two groups."
            )
    load = None
    if problem.shipment_load is not None:
        load = fields.shaped(
            "shipment_load", problem.shipment_load, (len(pairs), loads), "one row per shipment, one column per load"
        )
        if load is not None:
            fields.within(
                "shipment_load", load, lambda i: f"the shipment from {' to '.join(map(fields.location, pairs[i]))}"
            )
    return {"shipments": freeze(pairs), "shipment_load": _filled((len(pairs), loads), 0.0) if load is None else load}


def _pairs(problem: "Problem", types: int, n: int, fields: Fields) -> dict[str, Array]:
    """Fields with one row per vehicle type; one row alone is for all types."""
    out: dict[str, Array] = {}
    for name, neutral, dtype in (("allowed", True, np.bool_), ("preference", 0.0, np.float64)):
        value, array = getattr(problem, name), None
        if value is not None and (array := fields.array(name, value, dtype)) is not None:
            if array.shape in ((n,), (1, n)) and array.shape != (types, n):
                array = freeze(np.tile(array, (types, 1)))
            array = fields.shaped(name, array, (types, n), "rows are vehicle types, columns are stops", dtype)
        if array is not None and name == "preference":
            fields.within(name, array, lambda k: f"vehicle type {k}", low=-math.inf)
        out[name] = _filled((types, n), neutral, dtype) if array is None else array
    return out
