"""The summary of a plan: what it costs and why, each route in a line, everything unserved, every note. Plain text."""

import html
from collections.abc import Iterable, Sequence

import numpy as np

from vrp.display import amount, is_clock, is_timed, length, load_text, moment, number, route_names, span, stops_of
from vrp.fields import shorten
from vrp.objectives import LEADS, lead
from vrp.solution import Solution, Status

MAX_ROUTES = 40
MAX_UNSERVED = 20
"""Reasons, each with the first few of its stops."""
MAX_VIOLATIONS = 10


def summary(solution: Solution) -> str:
    """Return the summary as text; long lists are cut, and say so."""
    lines = [*_head(solution), *_aligned(cost_rows(solution), right=1), *_routes(solution), *_unserved(solution)]
    lines += [f"note  {note}" for note in _notes(solution)]
    return "\n".join(lines)


def _notes(solution: Solution) -> list[str]:
    """Return what a reader must know, of the choice of the solver first."""
    why = solution.stats.why
    return [*([f"{why[0].upper()}{why[1:]}."] if why else []), *solution.problem.notes]


def title(solution: Solution) -> str:
    """Return what is solved: name, stops, depots and vehicles."""
    problem = solution.problem
    counts = [v.count for v in problem.vehicles]
    fleet = "unlimited vehicles" if None in counts else _many(sum(c or 0 for c in counts), "vehicle")
    if len(counts) > 1:
        fleet += f" of {len(counts)} types"
    size = f"{_many(problem.num_clients, 'stop')}, {_many(problem.num_depots, 'depot')}, {fleet}"
    return f"{problem.name or 'VRP'}  {size}"


def origin(solution: Solution) -> str:
    """Return how the plan was found; "" where no solver has been at work."""
    stats = solution.stats
    if not stats.solver:
        return ""
    parts = [stats.solver, f"{number(stats.seconds, 2)} s", f"seed {stats.seed}", _many(stats.threads, "thread")]
    if stats.compile_seconds >= 0.1:
        parts.append(f"and {number(stats.compile_seconds, 1)} s of compilation, once on this machine")
    if stats.interrupted:
        parts.append("interrupted")
    return ", ".join(parts)


def key_figures(solution: Solution) -> list[tuple[str, str]]:
    """Return the figures of the summary's second line, with their names."""
    counts = [v.count for v in solution.problem.vehicles]
    fleet = "" if None in counts else f"/{sum(c or 0 for c in counts)}"
    clock = is_clock(solution.problem)
    figures = [("cost", amount(solution.cost)), ("routes", f"{len(solution.routes)}{fleet}")]
    objective = solution.problem.objective
    if objective != "cost":
        first = number(lead(solution), 0) if objective == "vehicles" else amount(lead(solution))
        figures.insert(0, (f"{LEADS[objective]} (objective {objective!r})", first))
    figures.append(("distance", length(sum(r.distance for r in solution.routes), solution.problem)))
    if is_timed(solution.problem):
        figures.append(("duration", span(sum(r.duration for r in solution.routes), clock)))
    return [*figures, ("unserved", str(len(solution.unserved)))]


def cost_rows(solution: Solution) -> list[tuple[str, str, str]]:
    """Return (term, amount of money, what it was paid for) of every term of the cost that is not zero."""
    problem, routes = solution.problem, solution.routes
    clock = is_clock(problem)
    over = sum(max(0.0, r.duration - problem.vehicles[r.vehicle_type].nominal_duration) for r in routes)
    paid_for = {
        "fixed": f"for {_many(len(routes), 'vehicle')}",
        "distance": f"for {length(sum(r.distance for r in routes), problem)}",
        "duration": f"for {span(sum(r.duration for r in routes), clock)}",
        "overtime": f"for {span(over, clock)}",
        "lateness": f"for {span(sum(s.late for r in routes for s in r.steps), clock)}",
        "missed prizes": f"for {_many(sum(not u.required for u in solution.unserved), 'stop')} left out",
        "preferences": "gained by who serves whom" if solution.cost_table.get("preferences", 0) < 0 else "",
    }
    return [(term, amount(paid), paid_for.get(term, "")) for term, paid in solution.cost_table.items() if paid]


def route_rows(solution: Solution) -> list[tuple[str, ...]]:
    """Return name, stops, load, times and distance of every route."""
    clock, timed = is_clock(solution.problem), is_timed(solution.problem)
    rows: list[tuple[str, ...]] = []
    for i, (name, route) in enumerate(zip(route_names(solution), solution.routes, strict=True)):
        load = load_text(solution, i)
        times = ""
        if route.steps and timed:
            times = f"{moment(route.steps[0].leave, clock)} -> {moment(route.steps[-1].leave, clock)}"
        rows.append((name, _many(stops_of(solution, i), "stop"), f"load {load}" if load else "", times,
                     length(route.distance, solution.problem)))  # fmt: skip
    return rows


def unserved_rows(solution: Solution) -> list[tuple[str, str]]:
    """Return who is not served, and why and what would help."""
    rows = []
    for u in solution.unserved:
        name = solution.problem.location_name(u.stop)
        who = f"stop {u.stop}" if name == str(u.stop) else f'stop {u.stop} "{name}"'
        rows.append((who, f"{u.reason} {u.hint}".strip() + ("" if u.required else " (It is optional.)")))
    return rows


def grouped_rows(solution: Solution) -> list[tuple[str, str]]:
    """Return `unserved_rows` with one row for all stops of the same reason, and what is short where capacity is."""
    who: dict[str, list[str]] = {}
    for stop, why in unserved_rows(solution):
        who.setdefault(why, []).append(stop)
    rows = [(shorten(stops, len(stops)), why) for why, stops in list(who.items())[:MAX_UNSERVED]]
    if cut := sum(len(stops) for stops in list(who.values())[MAX_UNSERVED:]):
        rows.append((_many(cut, "more stop"), "for other reasons."))
    return [*rows, *_shortage(solution)]


def _shortage(solution: Solution) -> list[tuple[str, str]]:
    """Return a row per load dimension of which the stops have more than all vehicles hold."""
    problem = solution.problem
    if not solution.unserved or any(v.count is None or v.reload_depots for v in problem.vehicles):
        return []
    room = np.sum([(v.count or 0) * np.subtract(v.capacity, v.initial_load or 0) for v in problem.vehicles], axis=0)
    goods = np.maximum(problem.delivery.sum(axis=0), problem.pickup.sum(axis=0))
    return [
        (
            "all stops",
            f"Together they demand {amount(float(goods[c]))}{f' of load {c}' if len(room) > 1 else ''}, "
            f"but the vehicles together hold {amount(float(room[c]))}.",
        )
        for c in np.flatnonzero(goods > room * (1 + 1e-9)).tolist()
    ]


def _head(solution: Solution) -> list[str]:
    feasible, violations = _checked(solution)
    figures = "   ".join(f"{name} {value}" for name, value in key_figures(solution))
    how = origin(solution)
    lines = [
        title(solution) + (f"        {how}" if how else ""),
        f"{figures}   feasible {feasible}   (lower is better)",
    ]
    if solution.status is not Status.COMPLETE:
        lines.append(f"{solution.status.name}: {solution.status.value}")
    lines += [f"violation  {v}" for v in violations[:MAX_VIOLATIONS]]
    return lines + _rest(len(violations), MAX_VIOLATIONS, "violations")


def _checked(solution: Solution) -> tuple[str, list[str]]:
    """Return whether the plan is feasible, and its violations; unserved stops have their own place in the summary."""
    violations = solution.check()
    return "no" if violations else "yes", [str(v) for v in violations if v.kind != "unserved"]


def _routes(solution: Solution) -> list[str]:
    return _aligned(route_rows(solution)[:MAX_ROUTES], right=4) + _rest(len(solution.routes), MAX_ROUTES, "routes")


def _unserved(solution: Solution) -> list[str]:
    return [f"unserved  {who}: {why}" for who, why in grouped_rows(solution)]


def _rest(total: int, shown: int, what: str) -> list[str]:
    return [f"  ... and {total - shown} more {what}"] if total > shown else []


def _many(count: int, what: str) -> str:
    return f"{number(count)} {what}{'' if count == 1 else 's'}"


def _aligned(rows: Iterable[tuple[str, ...]], right: int) -> list[str]:
    """Return the rows as indented lines of aligned columns; column `right` is flush right, empty ones are left out."""
    rows = list(rows)
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        columns = enumerate(zip(row, widths, strict=True))
        cells = [c.rjust(w) if i == right else c.ljust(w) for i, (c, w) in columns if w]
        lines.append(("  " + "   ".join(cells)).rstrip())
    return lines


# HTML for notebooks


def to_html(solution: Solution) -> str:
    """Return the summary as an HTML fragment; all names and notes are escaped."""
    feasible, broken = _checked(solution)
    violations = [("violation", v) for v in broken]
    figures = [*key_figures(solution), ("feasible", feasible)]
    tables: list[Sequence[tuple[str, ...]]] = [
        cost_rows(solution),
        route_rows(solution)[:MAX_ROUTES],
        grouped_rows(solution),
        violations[:MAX_VIOLATIONS],
    ]
    cut = [
        *_rest(len(solution.routes), MAX_ROUTES, "routes"),
        *_rest(len(violations), MAX_VIOLATIONS, "violations"),
    ]
    head = " &middot; ".join(f"{_escape(name)} <b>{_escape(value)}</b>" for name, value in figures)
    status = "" if solution.status is Status.COMPLETE else f"<p>{_escape(solution.status.value)}</p>"
    notes = "".join(f"<p><small>{_escape(note)}</small></p>" for note in [*cut, *_notes(solution)])
    body = "".join(_table(rows) for rows in tables if rows)
    how = f"<b>{_escape(title(solution))}</b><br>{_escape(origin(solution))}"
    return f"<div><p>{how}</p><p>{head}</p>{status}{body}{notes}</div>"


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    lines = "".join("<tr>" + "".join(f"<td>{_escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>{lines}</table>"


def _escape(text: str) -> str:
    return html.escape(text, quote=True)
