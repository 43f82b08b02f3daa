"""VRPLIB solution files (.sol): one line per route, then the cost."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal

from vrp.errors import UnsupportedError
from vrp.formats.source import Source
from vrp.formats.vrplib_text import as_number
from vrp.problem import Problem
from vrp.schedule import TOLERANCE, prices
from vrp.solution import Route, Solution

_ROUTE = re.compile(r"\s*route\s*#?\s*(\d{1,9})\s*:(.*)", re.IGNORECASE)
_OTHER = re.compile(r"\s*(cost|comment|optimal|time|name|status)\b\s*[:=]?\s*(.*)", re.IGNORECASE)


LEG = 0.0005
"""By how much the length of a leg may be rounded where a problem's distances are exact: many count in thousandths."""
UNITS = tuple(10.0**power for power in (0, -3, -2, -1, 1, 2, 3, 4, 5, 6))
"""In which plans may state their cost: it is often counted in cents, metres, or in thousandths of the file's unit."""


@dataclass(frozen=True)
class StatedCost:
    """The cost that a file states, in whatever unit its author counts."""

    value: float
    half_digit: float
    """Half a unit of the last digit that is printed."""

    def fits(self, plan: Solution) -> bool:
        """Return whether it is the plan's cost up to rounding, in some unit that is a power of ten."""
        return any(self._fits(plan, unit) for unit in UNITS)

    def _fits(self, plan: Solution, unit: float) -> bool:
        problem, legs = plan.problem, 0.0
        if problem.distance is None and problem.rounding == "exact":
            vehicles = [problem.vehicles[route.vehicle_type] for route in plan.routes]
            legs = sum(LEG * (len(r.visits) + 1) * sum(prices(v)) for r, v in zip(plan.routes, vehicles, strict=True))
        tolerance = self.half_digit + legs * unit + TOLERANCE * (1.0 + abs(plan.cost * unit))
        # In another unit three digits must agree, since nearly everything does where hardly any are printed.
        exact = unit == 1.0 or tolerance <= 1e-3 * abs(self.value)
        return exact and abs(self.value - plan.cost * unit) <= tolerance


def costed(problem: Problem, routes: list[Route], cost: StatedCost | None) -> Solution:
    """Return the plan with its own cost; with the stated one, for `check` to compare, where that is another."""
    from vrp.check import evaluate

    plan = evaluate(problem, routes)
    return plan if cost is None or cost.fits(plan) else replace(plan, cost=cost.value)


def stated_cost(text: str) -> StatedCost | None:
    """Return the cost that a text is, None where it is no number."""
    value = as_number(text)
    if value is None:
        return None
    exponent = Decimal(text).as_tuple().exponent
    return StatedCost(value, 0.5 * 10.0 ** min(int(exponent), 300))


@dataclass(frozen=True)
class Sheet:
    """A .sol file as it stands."""

    routes: tuple[tuple[int, ...], ...]
    """The k-th is that of the k-th vehicle; empty ones count."""
    lines: tuple[int, ...]
    """Line of each route."""
    cost: "StatedCost | None"


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
    if source.text.strip() and not re.search(r"^\s*(route|cost)\b", source.text, re.IGNORECASE | re.MULTILINE):
        raise source.failure(
            "this is no plan: neither .sol (`Route #1: ...`), nor our JSON or CSV, nor Schneider's lines of names; it "
            f"begins with {source.text.strip()[:60]!r}."
        )
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
            if cost is not None or (cost := stated_cost(match[2].strip())) is None:
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


def read_sol(source: Source, problem: Problem) -> Solution:
    """Return the plan of a .sol file."""
    sheet = parse(source)
    return costed(problem, assign(source, sheet, problem), sheet.cost)


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
