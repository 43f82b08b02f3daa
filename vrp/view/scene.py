"""What the map shows, as JSON types: positions, routes, and every text ready to read."""

import math
from typing import Any

import numpy as np

from vrp.display import (
    amount,
    credit_notes,
    is_clock,
    is_timed,
    length,
    load_text,
    moment,
    number,
    route_names,
    span,
    stops_of,
)
from vrp.problem import Problem
from vrp.report import cost_rows, key_figures, origin, title, unserved_rows
from vrp.solution import Route, Solution, Status, Step
from vrp.view.colours import colour, dash


def scene(solution: Solution) -> dict[str, Any]:
    """Return all that the map's script needs; the problem must have coordinates."""
    problem = solution.problem
    violations = solution.check()
    latlon = problem.crs == "latlon"
    begin, end = _horizon(solution)
    routes = _Routes(solution, begin, end)
    return {
        "title": title(solution),
        "origin": origin(solution),
        "figures": [*key_figures(solution), ("feasible", "no" if violations else "yes")],
        "status": "" if solution.status is Status.COMPLETE else solution.status.value,
        "violations": [str(v) for v in violations if v.kind != "unserved"],
        "costs": cost_rows(solution),
        "notes": [n for n in problem.notes if n not in credit_notes(problem)],
        "credits": credit_notes(problem),
        "planar": not latlon,
        # Leaflet wants lat, lng; planar x, y becomes y, x so that y points up.
        "points": (problem.coords if latlon else problem.coords[:, ::-1]).tolist(),
        "names": [problem.location_name(i) for i in range(problem.num_locations)],
        "depots": [{"at": d, "rows": _depot_rows(problem, d)} for d in range(problem.num_depots)],
        "horizon": [moment(begin, routes.clock), moment(end, routes.clock)] if routes.timed and end > begin else [],
        "routes": [routes.describe(i) for i in range(len(solution.routes))],
        "unserved": [
            {"at": u.stop, "why": why, "required": u.required}
            for u, (_, why) in zip(solution.unserved, unserved_rows(solution), strict=True)
        ],
    }


def _horizon(solution: Solution) -> tuple[float, float]:
    """Return the first departure and the last end of all routes."""
    steps = [r.steps for r in solution.routes if r.steps]
    if not steps:
        return 0.0, 0.0
    return min(s[0].leave for s in steps), max(s[-1].leave for s in steps)


def _depot_rows(problem: Problem, depot: int) -> list[tuple[str, str]]:
    rows = [("open", _windows(problem.depot_windows[depot][None], is_clock(problem)))]
    if depot in problem.chargers:
        rows.append(("charging", "yes"))
    return [row for row in rows if row[1]]


def _windows(windows: Any, clock: bool) -> str:
    """Return time windows as text; "" where they limit nothing."""
    texts = []
    for start, end in np.asarray(windows, dtype=float).tolist():
        if math.isinf(start) or (start <= 0 and math.isinf(end)):
            continue
        last = "" if math.isinf(end) else moment(end, clock)
        texts.append(f"{moment(start, clock)} - {last}" if last else f"from {moment(start, clock)}")
    return ", ".join(texts)


class _Routes:
    """Describes the routes; keeps what they share."""

    def __init__(self, solution: Solution, begin: float, end: float) -> None:
        self.solution, self.problem = solution, solution.problem
        self.names = route_names(solution)
        self.clock, self.timed = is_clock(self.problem), is_timed(self.problem)
        self.begin, self.length = begin, max(end - begin, 1e-9)

    def describe(self, index: int) -> dict[str, Any]:
        """Return one route: how it looks, its key figures, its hours, its way and its stops."""
        route = self.solution.routes[index]
        way = [route.start_depot, *route.visits, *([] if route.end_depot is None else [route.end_depot])]
        return {
            "name": self.names[index],
            "colour": colour(index),
            "dash": dash(index),
            "facts": self._facts(index, route),
            "hours": self._hours(route),
            "way": way,
            "stops": self._stops(route),
            "bar": self._bar(route),
        }

    def _facts(self, index: int, route: Route) -> list[str]:
        stops = stops_of(self.solution, index)
        load = load_text(self.solution, index)
        distance = number(route.distance / 1000, 1) + " km" if self.problem.crs == "latlon" else amount(route.distance)
        return [f for f in (f"{stops} stop{'' if stops == 1 else 's'}", f"load {load}" if load else "", distance) if f]

    def _hours(self, route: Route) -> str:
        """Return departure and end."""
        if not (route.steps and self.timed):
            return ""
        return f"{moment(route.steps[0].leave, self.clock)} - {moment(route.steps[-1].leave, self.clock)}"

    def _stops(self, route: Route) -> list[dict[str, Any]]:
        """Return every step of the schedule; clients are numbered from 1, other steps have no number."""
        described = []
        count = 0
        for step in route.steps:
            client = step.location >= self.problem.num_depots
            count += client
            described.append({"at": step.location, "label": str(count) if client else "", "kind": step.kind,
                              "rows": self._rows(step), "late": step.late > 0})  # fmt: skip
        return described

    def _rows(self, step: Step) -> list[tuple[str, str]]:
        """Return the schedule at one step; what does not apply is left out."""
        rows = self._times(step) if self.timed else [("driven", length(step.distance, self.problem))]
        if step.location >= self.problem.num_depots:
            client = step.location - self.problem.num_depots
            rows.append(("window", _windows(self.problem.time_windows[client], self.clock)))
        if step.late > 0:
            rows.append(("late", span(step.late, self.clock)))
        if any(step.load) or self.problem.delivery.any() or self.problem.pickup.any():
            rows.append(("load", ", ".join(amount(x) for x in step.load)))
        return [row for row in rows if row[1]]

    def _times(self, step: Step) -> list[tuple[str, str]]:
        rows = []
        if step.kind != "start":
            rows.append(("arrive", moment(step.arrive, self.clock)))
        if step.wait > 0.5:
            rows.append(("wait", span(step.wait, self.clock)))
        if step.kind not in ("start", "end"):
            rows.append(("start", moment(step.start, self.clock)))
        if step.kind != "end":
            rows.append(("leave", moment(step.leave, self.clock)))
        return rows

    def _bar(self, route: Route) -> dict[str, list[list[float]]]:
        """Return the schedule as (from, to) in thousandths of the horizon: the whole way, service and waiting."""
        if not (route.steps and self.timed):
            return {"way": [], "serve": [], "wait": []}
        served = [s for s in route.steps if s.leave > s.start and s.kind not in ("start", "end")]
        return {
            "way": [self._share(route.steps[0].leave, route.steps[-1].leave)],
            "serve": [self._share(s.start, s.leave) for s in served],
            "wait": [self._share(s.arrive, s.start) for s in route.steps[1:] if s.wait > 0],
        }

    def _share(self, start: float, end: float) -> list[float]:
        return [round(1000 * (t - self.begin) / self.length, 1) for t in (start, end)]
