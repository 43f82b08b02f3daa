"""Writing VRPLIB files: what the format holds; what it does not is refused by name."""

import math
import re
from collections.abc import Iterator

import numpy as np

from vrp.errors import UnsupportedError, VrpError
from vrp.fields import shorten, show
from vrp.formats.differences import differences
from vrp.formats.source import Source
from vrp.formats.vrplib import TYPES, read_vrplib
from vrp.problem import Floats, Problem
from vrp.validate_network import only_durations
from vrp.vehicles import VehicleType

MAX_VEHICLES = 100_000
"""Vehicles are written one per line; more are refused."""


def to_vrplib(problem: Problem) -> str:
    """Return a problem as the text of a VRPLIB file, which reads back (`rounding="auto"`) as the same problem.

    Raises
    ------
    UnsupportedError
        The format cannot hold something that the problem has; the message names each field.
    """
    if sum(vehicle.count or 0 for vehicle in problem.vehicles) > MAX_VEHICLES:
        raise UnsupportedError(f"A VRPLIB file has a line per vehicle; more than {MAX_VEHICLES} are not written.")
    text = "\n".join([*_lines(problem), "EOF"]) + "\n"
    # The format has no word for most fields. What it holds is what comes back.
    source = Source(text, "<text>")
    try:
        lost = differences(problem, read_vrplib(source, "auto"))
    except VrpError as error:
        # Lines are left out: they are those of a file that nobody will see.
        first = (source.errors or str(error).splitlines())[0]
        lost = list(_unreadable(problem)) or [f"values ({re.sub(r'^line [0-9]+: ', '', first).rstrip('.')})"]
    if lost:
        raise UnsupportedError(f"A VRPLIB file cannot hold this problem's {', '.join(lost)}. Write .json instead.")
    return text


def _unreadable(problem: Problem) -> Iterator[str]:
    """Yield what is known to give a text that cannot be read."""
    if broken := [show(name) for name in (problem.name, *problem.names) if len(name.splitlines()) > 1]:
        yield f"names with line breaks ({shorten(broken)})"
    if _has_windows(problem):
        ends = np.concatenate([problem.depot_windows[:, 1], problem.time_windows[:, 0, 1]])
        if len(endless := np.flatnonzero(np.isinf(ends))):
            who = shorten([problem.location_name(int(i)) for i in endless])
            yield f"time windows without end (of {who}; in this format either all have an end or none)"


def _has_windows(problem: Problem) -> bool:
    """Return whether windows are written: then one for every location. Shipments are never without."""
    windows = np.concatenate([problem.depot_windows, problem.time_windows[:, 0]])
    return bool(len(problem.shipments) or windows[:, 0].any() or np.isfinite(windows[:, 1]).any())


def _lines(problem: Problem) -> Iterator[str]:
    kind = _kind(problem)
    yield f"NAME: {problem.name}"
    yield f"TYPE: {kind}"
    yield f"DIMENSION: {problem.num_locations}"
    # Without a number of vehicles there are as many as needed, at every depot.
    unlimited = problem.vehicles[0].count is None
    if not unlimited:
        yield f"VEHICLES: {sum(vehicle.count or 0 for vehicle in problem.vehicles)}"
    yield from _fleet_header(problem, unlimited)
    yield from _weights(problem, kind)
    yield from _stops(problem)
    if not unlimited:
        yield from _fleet(problem)
    yield "DEPOT_SECTION"
    yield from (str(depot + 1) for depot in range(problem.num_depots))
    yield "-1"


def _kind(problem: Problem) -> str:
    """Return a TYPE that means what the problem says when read back, and that tells people the variant."""
    vehicles = problem.vehicles
    timed = bool(problem.time_windows[..., 0].any() or np.isfinite(problem.time_windows[..., 1]).any())
    suffix = "TW" if timed else ""
    if problem.backhaul == "strict":
        return "VRPB"
    if all(vehicle.end_depot is None for vehicle in vehicles):
        return "OVRP"
    if len(problem.shipments):
        return "PDPTW"
    if (problem.group >= 0).any():
        return "GVRP"
    if np.isfinite(problem.prize).any():
        return f"PCVRP{suffix}"
    if any(vehicle.reload_depots for vehicle in vehicles):
        return "MTVRPTWR"
    if problem.pickup.any():
        return f"VRPMPD{suffix}"
    if problem.num_depots > 1:
        return f"MDVRP{suffix}"
    if timed:
        return "VRPTW"
    if not problem.allowed.all():
        return "SDVRP"
    if len(vehicles) > 1:
        return "HFVRP"
    if vehicles[0].count == 1 and not problem.delivery.any() and not _limited(vehicles[0]):
        return "TSP"
    return "CVRP"


def _limited(vehicle: VehicleType) -> bool:
    return any(math.isfinite(capacity) for capacity in vehicle.capacity)


def _weights(problem: Problem, kind: str) -> Iterator[str]:
    if problem.distance is None:
        yield f"EDGE_WEIGHT_TYPE: {'CEIL_2D' if problem.rounding == 'ceil' else 'EUC_2D'}"
        if problem.rounding not in ("ceil", TYPES[kind]):
            yield f"EDGE_WEIGHT_ROUNDING: {problem.rounding}"
    else:
        yield "EDGE_WEIGHT_TYPE: EXPLICIT"
        yield "EDGE_WEIGHT_FORMAT: FULL_MATRIX"
        seconds = only_durations(problem.distance, problem.duration)
        if seconds or problem.crs == "latlon":
            yield f"EDGE_WEIGHT_UNIT_OF_MEASUREMENT: {'sec' if seconds else 'm'}"
        yield "EDGE_WEIGHT_SECTION"
        yield from (" ".join(map(_text, row)) for row in problem.distance[0].tolist())
    if len(problem.coords):
        yield "NODE_COORD_SECTION"
        names = [f" {name}" for name in problem.names] or [""] * len(problem.coords)
        for node, ((x, y), name) in enumerate(zip(problem.coords.tolist(), names, strict=True), start=1):
            yield f"{node} {_text(x)} {_text(y)}{name}"


def _stops(problem: Problem) -> Iterator[str]:
    depots = problem.num_depots
    windows = np.concatenate([problem.depot_windows, problem.time_windows[:, 0]])
    service = np.concatenate([problem.depot_service, problem.service])[:, None]
    if len(problem.shipments):
        yield from _pairs(problem, windows, service)
    else:
        yield from _section("DEMAND", _with_depots(problem.delivery, depots))
        if problem.pickup.any():
            yield from _section("BACKHAUL", _with_depots(problem.pickup, depots))
        if service.any():
            yield from _section("SERVICE_TIME", service)
        if _has_windows(problem):
            yield from _section("TIME_WINDOW", windows)
    if problem.release.any():
        yield from _section("RELEASE_TIME", _with_depots(problem.release[:, None], depots))
    prize = np.where(np.isinf(problem.prize), 0.0, problem.prize)
    if prize.any():
        yield from _section("PRIZE", _with_depots(prize[:, None], depots))
    if (problem.group >= 0).any():
        yield "MUTUALLY_EXCLUSIVE_GROUP_SECTION"
        for group in range(len(problem.group_required)):
            members = np.flatnonzero(problem.group == group) + depots + 1
            yield " ".join(map(str, [group + 1, *members.tolist()]))


def _pairs(problem: Problem, windows: Floats, service: Floats) -> Iterator[str]:
    """Yield the section of shipments: node, demand, window, service, its pickup's node, its delivery's node."""
    demand = np.zeros((problem.num_locations, 1))
    partners = np.zeros((problem.num_locations, 2))
    pickups, deliveries = problem.shipments.T
    demand[pickups], demand[deliveries] = problem.shipment_load[:, :1], -problem.shipment_load[:, :1]
    partners[deliveries, 0], partners[pickups, 1] = pickups + 1, deliveries + 1
    yield from _section("PICKUP_AND_DELIVERY", np.hstack([demand, windows, service, partners]))


def _fleet_header(problem: Problem, unlimited: bool) -> Iterator[str]:
    """Yield numbers that all vehicles share; those of vehicles that differ are in sections."""
    first, capacities = problem.vehicles[0], {vehicle.capacity for vehicle in problem.vehicles}
    if (len(capacities) == 1 or unlimited) and _limited(first) and len(first.capacity) == 1:
        yield f"CAPACITY: {_text(first.capacity[0])}"
    if not unlimited:
        return
    for key, value, neutral in _numbers(first):
        if value != neutral:
            yield f"{key}: {_text(value)}"


def _numbers(vehicle: VehicleType) -> list[tuple[str, float, float]]:
    """Return keyword, value and the value that says nothing (of which no line is written)."""
    return [
        ("VEHICLES_FIXED_COST", vehicle.fixed_cost, 0.0),
        ("VEHICLES_UNIT_DISTANCE_COST", _or(vehicle.distance_cost, 1.0), 1.0),
        ("VEHICLES_MAX_DISTANCE", vehicle.max_distance, math.inf),
        ("VEHICLES_MAX_DURATION", vehicle.max_duration, math.inf),
        ("VEHICLES_MAX_RELOADS", _or(vehicle.max_reloads, math.inf), math.inf),
    ]


def _or(value: float | None, neutral: float) -> float:
    return neutral if value is None else float(value)


def _fleet(problem: Problem) -> Iterator[str]:
    types = problem.vehicles
    repeat = np.repeat(np.arange(len(types)), [vehicle.count or 0 for vehicle in types])
    if len({v.capacity for v in types}) > 1 or (problem.num_loads > 1 and any(map(_limited, types))):
        yield from _section("CAPACITY", np.array([v.capacity for v in types])[repeat])
    rows = [_numbers(vehicle) for vehicle in types]
    for column, (key, _, neutral) in enumerate(rows[0]):
        values = np.array([row[column][1] for row in rows])
        # A problem of durations has no price per distance, and that is what reads back.
        priced = key != "VEHICLES_UNIT_DISTANCE_COST" or not only_durations(problem.distance, problem.duration)
        if (values != neutral).any() and priced:
            yield from _section(key, values[repeat, None])
    if problem.num_depots > 1:
        yield from _section("VEHICLES_DEPOT", np.array([[vehicle.start_depot + 1] for vehicle in types])[repeat])
    lists = {
        "VEHICLES_RELOAD_DEPOT": [[depot + 1 for depot in v.reload_depots] for v in types],
        "VEHICLES_ALLOWED_CLIENTS": [(np.flatnonzero(a) + problem.num_depots + 1).tolist() for a in problem.allowed],
    }
    for name, entries in lists.items():
        used = any(entries) if name == "VEHICLES_RELOAD_DEPOT" else not problem.allowed.all()
        if used:
            yield f"{name}_SECTION"
            for number, kind in enumerate(repeat.tolist(), start=1):
                yield " ".join(map(str, [number, *entries[kind]]))


def _with_depots(values: Floats, depots: int) -> Floats:
    return np.concatenate([np.zeros((depots, values.shape[1])), values])


def _section(name: str, rows: Floats) -> Iterator[str]:
    yield f"{name}_SECTION"
    for number, row in enumerate(rows.tolist(), start=1):
        yield " ".join([str(number), *map(_text, row)])


def _text(value: float) -> str:
    """Return the shortest text that reads back as the same number."""
    return str(int(value)) if abs(value) < 1e15 and value == int(value) else repr(float(value))
