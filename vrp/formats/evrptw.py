"""Schneider's text format: electric vehicles with time windows and charging stations; and its solutions."""

import re

import numpy as np

from vrp.formats.sol import costed, stated_cost
from vrp.formats.source import Source
from vrp.formats.tsplib import rounding_note
from vrp.formats.vrplib_text import as_number
from vrp.problem import Problem
from vrp.solution import Route, Solution
from vrp.vehicles import VehicleType

_PARAMETER = re.compile(r"([A-Za-z])\b[^/]*/([^/]*)/\s*$")
_PARAMETERS = {
    "Q": "battery capacity",
    "C": "load capacity",
    "r": "consumption per distance",
    "g": "seconds per unit of energy charged",
    "v": "speed",
}
_KINDS = "dfc"
_HEADER = ("stringid", "type", "x", "y", "demand", "readytime", "duedate", "servicetime")


def is_evrptw(text: str) -> bool:
    """Return whether the text begins with this format's header."""
    return text[:200].split()[:1] == ["StringID"]


def read_evrptw(source: Source, rounding: str) -> Problem:
    """Return the problem of a file in Schneider's format; `rounding="auto"` does not round.

    Charging stations become depots that may be visited any number of times; each visit charges to full. Published best
    plans of this set have the fewest vehicles first, then the least distance.
    """
    lines = [(number, line.split()) for number, line in enumerate(source.text.split("\n"), start=1) if line.strip()]
    if tuple(token.lower() for token in lines[0][1]) != _HEADER:
        raise source.failure(f"expected the columns {', '.join(_HEADER)}.", lines[0][0])
    rows: dict[str, list[tuple[str, list[float]]]] = {kind: [] for kind in _KINDS}
    values: dict[str, float] = {}
    for number, tokens in lines[1:]:
        if match := _PARAMETER.match(" ".join(tokens)):
            _parameter(source, values, match, number)
        elif len(tokens) != 8 or tokens[1] not in rows:
            source.add(f"expected 8 columns and a type d, f or c, got {' '.join(tokens)[:60]!r}.", number)
        else:
            row = [as_number(token) for token in tokens[2:]]
            if None in row:
                source.add(f"{tokens[2 + row.index(None)]!r} is not a finite number.", number)
            else:
                rows[tokens[1]].append((tokens[0], [float(v) for v in row if v is not None]))
    for key, meaning in _PARAMETERS.items():
        if key not in values:
            source.add(f"the line of {key} ({meaning}) is missing.")
    if len(rows["d"]) != 1:
        source.add(f"expected one depot (type d), got {len(rows['d'])}.")
    if not rows["c"]:
        source.add("there is no customer (type c).")
    source.raise_errors()
    return _problem(source, rows, values, rounding)


def _parameter(source: Source, values: dict[str, float], match: re.Match[str], line: int) -> None:
    key, value = match[1], as_number(match[2])
    if key not in _PARAMETERS or key in values:
        problem = "occurs twice" if key in values else f"is unknown; allowed: {', '.join(_PARAMETERS)}"
        source.add(f"parameter {key} {problem}.", line)
    elif value is None or value < 0 or (value == 0 and key in "Qv"):
        source.add(f"{key} ({_PARAMETERS[key]}) must be a positive number, got {match[2][:30]!r}.", line)
    else:
        values[key] = value


def _problem(
    source: Source, rows: dict[str, list[tuple[str, list[float]]]], values: dict[str, float], rounding: str
) -> Problem:
    depots = rows["d"] + rows["f"]
    for name, row in depots:
        if row[2] or row[5]:
            raise source.failure(f"{name} is no customer, but has a demand or a service time.")
    places = np.array([row for _, row in depots + rows["c"]])
    customers = places[len(depots) :]
    battery = values["Q"]
    curve = ((0.0, 0.0), (values["g"] * battery, battery))
    rule = "exact" if rounding == "auto" else rounding
    return Problem(
        num_depots=len(depots),
        names=tuple(name for name, _ in depots + rows["c"]),
        coords=places[:, :2],
        rounding=rule,  # type: ignore[arg-type]
        speed=values["v"],
        depot_windows=places[: len(depots), 3:5],
        chargers={index: curve for index in range(1, len(depots))},
        delivery=customers[:, 2:3],
        time_windows=customers[:, None, 3:5],
        service=customers[:, 5],
        vehicles=(VehicleType(capacity=(values["C"],), battery=battery, consumption=values["r"]),),
        notes=(rounding_note(rule, rounding == "auto"),),
    )


def is_evrptw_plan(text: str) -> bool:
    """Return whether the text looks like a solution in this format: a comment, a cost, lines of names."""
    lines = [line for line in text.strip().split("\n") if line.strip() and not line.startswith("#")]
    return len(lines) > 1 and as_number(lines[0].strip()) is not None and all("," in line for line in lines[1:])


def read_evrptw_plan(source: Source, problem: Problem) -> Solution:
    """Return the plan of a file in this format."""
    vehicle = problem.vehicles[0]
    routes = [Route(0, vehicle.start_depot, vehicle.end_depot, visits) for visits in _visits(source, problem)]
    cost = next(line for line in source.text.split("\n") if line.strip() and not line.startswith("#"))
    return costed(problem, routes, stated_cost(cost.strip()))


def _visits(source: Source, problem: Problem) -> list[tuple[int, ...]]:
    """Return the visits of each route, as locations, without the depot at both ends."""
    location = {problem.location_name(i): i for i in range(problem.num_locations)}
    routes = []
    for number, line in enumerate(source.text.split("\n"), start=1):
        if "," not in line or line.startswith("#"):
            continue
        names = [name.strip() for name in line.split(",")]
        unknown = [name for name in names if name not in location]
        if unknown:
            source.add(f"there is no location {unknown[0][:30]!r} in the problem.", number)
            continue
        visits = [location[name] for name in names]
        if visits[0] != 0 or visits[-1] != 0:
            source.add(f"a route must begin and end at {problem.location_name(0)!r}.", number)
        routes.append(tuple(visits[1:-1]))
    source.raise_errors()
    return routes
