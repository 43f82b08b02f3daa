"""Writing a problem as a pair of CSV tables, as far as they can say it; what they cannot is refused by name."""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from vrp.errors import FormatError, UnsupportedError, VrpError
from vrp.files import write_text
from vrp.formats.differences import differences
from vrp.formats.skills import skills
from vrp.formats.source import Source
from vrp.formats.tables import read_pair, vehicles_beside
from vrp.problem import Problem
from vrp.vehicles import VehicleType

Cells = dict[str, list[str]]
"""Column -> its cells, one per row."""


def write_tables(problem: Problem, path: Path) -> None:
    """Write the table of stops to a file with "stops" in its name, and that of vehicles beside it.

    Raises
    ------
    FormatError
        The name has no "stops", so that the second one would be in doubt.
    UnsupportedError
        The tables cannot hold something that the problem has; the message names each field.
    """
    if "stops" not in path.name:
        raise FormatError(
            f"{str(path)!r}: a problem is two tables. Name that of the stops, such as stops.csv or monday_stops.csv; "
            "vehicles.csv or monday_vehicles.csv is written beside it."
        )
    stops, vehicles = to_tables(problem)
    write_text(path, stops)
    write_text(vehicles_beside(path), vehicles)


def to_tables(problem: Problem) -> tuple[str, str]:
    """Return the tables of stops and of vehicles, which read back as the same problem but for its name.

    Raises
    ------
    UnsupportedError
        See `write_tables`.
    """
    if not len(problem.coords):
        raise UnsupportedError("Tables cannot hold this problem's matrices. Write .json instead.")
    stops, vehicles = _text(_stops(problem)), _text(_vehicles(problem))
    try:
        again = read_pair(Source(stops, "<stops>"), Source(vehicles, "<vehicles>"), "auto")
        lost = [name for name in differences(problem, again) if name != "name"]
        if again.num_depots != problem.num_depots:  # Then nothing else is where it was.
            lost = ["depots that no vehicle starts, ends or reloads at"]
    except VrpError as error:
        lost = [f"values ({str(error).splitlines()[-1].strip(' -').rstrip('.')})"]
    if lost:
        raise UnsupportedError(f"Tables cannot hold this problem's {', '.join(lost)}. Write .json instead.")
    return stops, vehicles


def _text(columns: Cells) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return out.getvalue()


def _number(value: float, neutral: float = math.nan) -> str:
    """Return the shortest text without exponent that reads back as the same number; "" for the neutral one."""
    if value == neutral:
        return ""
    return str(value) if math.isinf(value) else np.format_float_positional(value, trim="-")


def _numbers(values: Iterable[float], neutral: float = math.nan) -> list[str]:
    return [_number(float(value), neutral) for value in values]


def _used(columns: Cells) -> Cells:
    """Return the columns that have a cell which is not empty."""
    return {key: cells for key, cells in columns.items() if any(cells)}


def _stops(problem: Problem) -> Cells:
    """Return the columns of the depots and stops."""
    depots, n = problem.num_depots, problem.num_clients
    blank = [""] * depots
    needs_names = depots > 1 or len(problem.shipments) or any(v.prefix or v.reload_depots for v in problem.vehicles)
    columns: Cells = {}
    if problem.names or needs_names:
        columns["name"] = [problem.location_name(i) for i in range(problem.num_locations)]
    axes = ("lat", "lon") if problem.crs == "latlon" else ("x", "y")
    columns |= {axis: _numbers(values) for axis, values in zip(axes, problem.coords.T, strict=True)}
    for key in ("delivery", "pickup"):
        columns |= {
            name: blank + cells
            for name, cells in _loads("demand" if key == "delivery" else key, getattr(problem, key).tolist()).items()
        }
    windows = np.full((problem.num_locations, *problem.time_windows.shape[1:]), math.inf)
    windows[:depots, 0], windows[depots:] = problem.depot_windows, problem.time_windows
    optional: Cells = {}
    for w in range(windows.shape[1]):
        suffix = "" if w == 0 else f"_{w + 1}"
        start = np.where(np.isinf(windows[:, w, 0]), 0.0, windows[:, w, 0])
        optional |= {f"open{suffix}": _numbers(start, 0.0), f"close{suffix}": _numbers(windows[:, w, 1], math.inf)}
    optional["service"] = _numbers([*problem.depot_service, *problem.service], 0.0)
    optional["setup"] = blank + _numbers(problem.setup, 0.0)
    optional["release"] = blank + _numbers(problem.release, 0.0)
    optional["prize"] = blank + _numbers(problem.prize, math.inf)
    optional["lateness_cost"] = blank + _numbers(problem.lateness_cost, math.inf)
    optional["group"] = blank + [f"group {g}" if g >= 0 else "" for g in problem.group.tolist()]
    optional["skills"] = blank + _labels(skills(problem)[0])
    for v, gains in zip(problem.vehicles, problem.preference, strict=True):
        if v.name:
            optional[f"preference_{v.name}"] = blank + _numbers(gains, 0.0)
    return columns | _used(optional | _shipments(problem, n, blank))


def _loads(name: str, amounts: Sequence[Sequence[float]]) -> Cells:
    """Return a column per load dimension; several are numbered, and then written in full since they need an order."""
    loads = list(zip(*amounts, strict=True))
    if len(loads) == 1:
        return _used({name: _numbers(loads[0], 0.0)})
    return {f"{name}_{c}": _numbers(values) for c, values in enumerate(loads, start=1)}


def _shipments(problem: Problem, n: int, blank: list[str]) -> Cells:
    target = [""] * n
    loads = [[""] * n for _ in range(problem.num_loads)]
    for (pickup, delivery), load in zip(problem.shipments.tolist(), problem.shipment_load.tolist(), strict=True):
        target[pickup - problem.num_depots] = problem.location_name(delivery)
        for cells, amount in zip(loads, load, strict=True):
            cells[pickup - problem.num_depots] = _number(amount)
    names = ["shipment_load"] if len(loads) == 1 else [f"shipment_load_{c}" for c in range(1, len(loads) + 1)]
    return {"deliver_to": blank + target} | {name: blank + c for name, c in zip(names, loads, strict=True)}


def _labels(sets: Sequence[Sequence[int]]) -> list[str]:
    """Return skills as texts."""
    return ["; ".join(f"skill {number}" for number in own) for own in sets]


def _vehicles(problem: Problem) -> Cells:
    """Return the columns of the vehicle types."""
    types = problem.vehicles
    columns: Cells = {"count": ["unlimited" if v.count is None else str(v.count) for v in types]}
    optional: Cells = {"name": [v.name for v in types]}
    if problem.num_depots > 1:
        optional["start"] = [problem.location_name(v.start_depot) for v in types]
    optional["end"] = [_end(problem, v) for v in types]
    if any(v.distance_cost != 1 or v.duration_cost for v in types):
        for key in ("distance_cost", "duration_cost"):
            optional[key] = _numbers(getattr(v, key) for v in types)
    neutral = {
        **dict.fromkeys(("max_duration", "max_distance", "nominal_duration", "battery"), math.inf),
        **dict.fromkeys(("fixed_cost", "overtime_cost", "consumption", "profile"), 0.0),
    }
    for key, value in neutral.items():
        optional[key] = _numbers((getattr(v, key) for v in types), value)
    for key in ("max_stops", "max_reloads"):
        optional[key] = ["" if getattr(v, key) is None else str(getattr(v, key)) for v in types]
    optional["shift_start"] = _numbers((v.shift[0] for v in types), 0.0)
    optional["shift_end"] = _numbers((v.shift[1] for v in types), math.inf)
    for b in range(max(len(v.breaks) for v in types)):
        suffix = "" if b == 0 else f"_{b + 1}"
        own = [v.breaks[b] if b < len(v.breaks) else None for v in types]
        optional[f"break_start{suffix}"] = ["" if x is None else _number(x.start) for x in own]
        optional[f"break_end{suffix}"] = ["" if x is None else _number(x.end) for x in own]
    for key in ("reload_depots", "prefix"):
        optional[key] = ["; ".join(map(problem.location_name, getattr(v, key))) for v in types]
    optional["skills"] = _labels(skills(problem)[1])
    if problem.num_loads == 1:
        optional["capacity"] = _numbers((v.capacity[0] for v in types), math.inf)
    else:
        columns |= {f"capacity_{c + 1}": _numbers(v.capacity[c] for v in types) for c in range(problem.num_loads)}
    if any(any(v.initial_load) for v in types):
        optional |= _loads("initial_load", [v.initial_load for v in types])
    return columns | _used(optional)


def _end(problem: Problem, vehicle: VehicleType) -> str:
    if vehicle.end_depot is None:
        return "open"
    return "" if vehicle.end_depot == vehicle.start_depot else problem.location_name(vehicle.end_depot)
