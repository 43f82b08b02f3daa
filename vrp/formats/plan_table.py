"""A plan as CSV: one row per step of each route, then one per unserved stop."""

import csv
import io
from collections import Counter
from collections.abc import Iterable

from vrp.errors import suggest
from vrp.formats.source import Source
from vrp.formats.tables import header_of, table_rows
from vrp.problem import Problem
from vrp.solution import Route, Solution, Step

_NEEDED = ("route", "vehicle", "location", "name", "kind")
_KINDS = ("start", "stop", "reload", "charge", "end", "unserved")


def solution_csv(solution: Solution) -> str:
    """Return a plan as CSV: one row per step of each route, then one per unserved stop (kind "unserved").

    The columns are those of `Solution.to_frame`.
    """
    from vrp.display import route_names

    problem = solution.problem
    loads = ["load"] if problem.num_loads == 1 else [f"load_{c}" for c in range(problem.num_loads)]
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    times = ("arrive", "wait", "start", "leave", "distance", "late")
    writer.writerow(["route", "vehicle", "position", "location", "name", "kind", *times, *loads, "reason"])
    for index, (name, route) in enumerate(zip(route_names(solution), solution.routes, strict=True)):
        for position, step in enumerate(route.steps):
            place = (step.location, problem.location_name(step.location), step.kind)
            writer.writerow([index, name, position, *place, *_numbers(step, times), ""])
    for unserved in solution.unserved:
        place = (unserved.stop, problem.location_name(unserved.stop), "unserved")
        blank = [""] * (len(times) + len(loads))
        writer.writerow(["", "", "", *place, *blank, f"{unserved.reason} {unserved.hint}".strip()])
    return out.getvalue()


def _numbers(step: Step, times: Iterable[str]) -> list[float]:
    return [*(getattr(step, key) for key in times), *step.load]


def is_plan_table(text: str) -> bool:
    """Return whether the text begins with the header of such a table."""
    return set(header_of(text)).issuperset(_NEEDED)


def read_plan_table(source: Source, problem: Problem) -> Solution:
    """Return the plan of such a table, scheduled and costed anew: vehicles and visits count, times do not.

    Raises
    ------
    FormatError
        A row names a vehicle or location that the problem does not have.
    """
    from vrp.check import evaluate

    visits: dict[str, list[int]] = {}
    kinds: dict[str, int] = {}
    rows = table_rows(source)
    if not rows or not rows[0].keys() >= set(_NEEDED):
        raise source.failure(f"a plan needs rows with {', '.join(_NEEDED)}.")
    for number, row in enumerate(rows, start=2):
        if row["kind"] not in _KINDS:
            source.add(f"there is no kind {row['kind']!r:.40}.{suggest(row['kind'], _KINDS)}", number)
        if row["kind"] not in _KINDS or row["kind"] == "unserved":
            continue
        route = row["route"]
        kind = kinds.get(route, _vehicle_type(problem, row["vehicle"]))
        if kind is None:
            source.add(f"which vehicle type {row['vehicle']!r:.60} is of cannot be told.", number)
            continue
        kinds[route] = kind
        location = _location(source, problem, row, number)
        if location is not None and row["kind"] not in ("start", "end"):
            visits.setdefault(route, []).append(location)
    source.raise_errors()
    types = problem.vehicles
    routes = [Route(k, types[k].start_depot, types[k].end_depot, tuple(visits.get(r, ()))) for r, k in kinds.items()]
    return evaluate(problem, routes)


def _location(source: Source, problem: Problem, row: dict[str, str], number: int) -> int | None:
    text = row["location"].strip()
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) < problem.num_locations):
        source.add(f"there is no location {text!r:.40}; the problem has 0 to {problem.num_locations - 1}.", number)
        return None
    location = int(text)
    if row["name"].strip() != problem.location_name(location).strip():
        source.add(
            f"this is the plan of another problem: location {location} is {row['name']!r:.60} here, but the problem "
            f"calls it {problem.location_name(location)!r:.60}.",
            number,
        )
    return location


def _vehicle_type(problem: Problem, name: str) -> int | None:
    """Return the type of a vehicle that is called as in the summary (see `route_names`); None where none or several."""
    times = Counter(v.name for v in problem.vehicles)
    found = []
    for kind, vehicle in enumerate(problem.vehicles):
        base = vehicle.name or "vehicle"
        if times[vehicle.name] > 1:
            base += f" {kind}"
        separator = "." if times[vehicle.name] > 1 else " "
        number = name.removeprefix(base + separator)
        if name == base if vehicle.count == 1 else number != name and number.isascii() and number.isdigit():
            found.append(kind)
    return found[0] if len(found) == 1 else None
