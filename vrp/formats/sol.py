"""VRPLIB solution files (.sol): one line per route, then the cost."""

import re
from dataclasses import dataclass

from vrp.errors import UnsupportedError
from vrp.formats.source import Source
from vrp.formats.vrplib_text import as_number
from vrp.problem import Problem
from vrp.solution import Route, Solution

_ROUTE = re.compile(r"\s*route\s*#?\s*(\d{1,9})\s*:(.*)", re.IGNORECASE)
_OTHER = re.compile(r"\s*(cost|comment|optimal|time|name|status)\b\s*[:=]?\s*(.*)", re.IGNORECASE)


@dataclass(frozen=True)
class Sheet:
    """A .sol file as it stands."""

    routes: tuple[tuple[int, ...], ...]
    """The k-th is that of the k-th vehicle; empty ones count."""
    lines: tuple[int, ...]
    """Line of each route."""
    cost: float | None
    """As the file states it, in whatever unit its author counts."""


def is_sol(text: str) -> bool:
    """Return whether the text looks like this format."""
    return bool(re.match(r"\s*(route|cost)\b\s*[#:\d]", text, re.IGNORECASE))


def parse(source: Source) -> Sheet:
    """Read routes and cost.

    Raises
    ------
    FormatError
        A line is none of a route (numbered 1, 2, 3, ...), a cost or a comment.
    """
    routes: list[tuple[int, ...]] = []
    lines: list[int] = []
    cost = None
    for number, line in enumerate(source.text.split("\n"), start=1):
        if not line.strip() or line.strip() == "EOF":
            continue
        if match := _ROUTE.fullmatch(line):
            if int(match[1]) != len(routes) + 1:
                source.add(f"expected route #{len(routes) + 1}, got #{match[1]}.", number)
            routes.append(_visits(source, match[2], number))
            lines.append(number)
        elif match := _OTHER.fullmatch(line):
            if match[1].lower() != "cost":
                continue
            if cost is not None or (cost := as_number(match[2].strip())) is None:
                source.add(f"expected one cost, a number, got {line.strip()[:40]!r}.", number)
        else:
            source.add(f"expected `Route #{len(routes) + 1}: ...` or `Cost ...`, got {line.strip()[:40]!r}.", number)
    if not routes and cost is None:
        source.add("there is no route.")
    source.raise_errors()
    return Sheet(tuple(routes), tuple(lines), cost)


def _visits(source: Source, text: str, line: int) -> tuple[int, ...]:
    out = []
    for token in text.split():
        if not (token.isascii() and token.isdigit() and len(token) < 10):
            source.add(f"{token[:30]!r} is not the number of a location.", line)
            return ()
        out.append(int(token))
    return tuple(out)


def assign(source: Source, sheet: Sheet, problem: Problem) -> list[Route]:
    """Return routes with their vehicles: the k-th route is the k-th vehicle's where vehicles differ."""
    types = problem.vehicles
    routes = []
    for k, (visits, line) in enumerate(zip(sheet.routes, sheet.lines, strict=True)):
        if any(visit >= problem.num_locations for visit in visits):
            source.add(
                f"there is no location {max(visits)}; the problem has 0 to {problem.num_locations - 1}, depots first.",
                line,
            )
            continue
        if not visits:
            continue
        vehicle_type = 0 if len(types) == 1 else _vehicle_type(problem, k)
        if vehicle_type is None:
            raise source.failure(
                f"which vehicle drives route #{k + 1} is not told: there are several vehicle types without a count. "
                "Give the plan as JSON.",
                line,
            )
        vehicle = types[vehicle_type]
        routes.append(Route(vehicle_type, vehicle.start_depot, vehicle.end_depot, visits))
    source.raise_errors()
    return routes


def _vehicle_type(problem: Problem, vehicle: int) -> int | None:
    """Return the type of the k-th vehicle (beyond the last one: the last type, which `check` complains about)."""
    before = 0
    for index, kind in enumerate(problem.vehicles):
        if kind.count is None:
            return index if index == len(problem.vehicles) - 1 else None
        before += kind.count
        if vehicle < before:
            return index
    return len(problem.vehicles) - 1


def to_sol(solution: Solution) -> str:
    """Return a solution as the text of a .sol file.

    Raises
    ------
    UnsupportedError
        The format cannot tell which vehicle drives a route.
    """
    types = solution.problem.vehicles
    slots: list[tuple[int, ...]] = []
    if len(types) == 1:
        slots = [route.visits for route in solution.routes]
    else:
        _require_order(solution)
        for index, kind in enumerate(types):
            own = [route.visits for route in solution.routes if route.vehicle_type == index]
            # Lines of unused vehicles are kept only as far as others follow.
            rest = any(route.vehicle_type > index for route in solution.routes)
            slots += own + [()] * ((kind.count or 0) - len(own) if rest else 0)
    lines = [f"Route #{k}: {' '.join(map(str, visits))}".rstrip() for k, visits in enumerate(slots, start=1)]
    return "\n".join([*lines, f"Cost {solution.cost:.15g}"]) + "\n"


def _require_order(solution: Solution) -> None:
    used = [0] * len(solution.problem.vehicles)
    for route in solution.routes:
        used[route.vehicle_type] += 1
    last = max((index for index, count in enumerate(used) if count), default=0)
    for index, kind in enumerate(solution.problem.vehicles):
        if (kind.count is None and index < last) or (kind.count is not None and used[index] > kind.count):
            raise UnsupportedError(
                f"A .sol file cannot hold this plan: its k-th line is the k-th vehicle, but vehicle type {index} "
                f"{'has no count' if kind.count is None else 'is used more often than it has vehicles'}. "
                "Write .json instead."
            )
