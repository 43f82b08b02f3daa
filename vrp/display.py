"""How the summary, the map and the plots show numbers, times, vehicles and loads."""

import math
from collections import Counter

import numpy as np

from vrp.problem import Problem
from vrp.solution import Solution

HOUR, DAY = 3600.0, 86400.0


def number(value: float, digits: int = 2) -> str:
    """Return a rounded number with spaces between thousands and without trailing zeros: 15 712.4."""
    if not math.isfinite(value):
        return "no limit" if value > 0 else str(value)
    text = f"{value:,.{digits}f}".replace(",", " ")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def amount(value: float, digits: int = 2) -> str:
    """Return a cost, a planar distance or a load: as `number`, but three digits that matter where it is below 1."""
    return f"{value:.3g}" if 0 < abs(value) < 1 else number(value, digits)


def is_clock(problem: Problem) -> bool:
    """Whether the times read as times of the day.

    They do where positions are latitude and longitude, or where every vehicle starts at 1:00 or later and the last
    known end lies within two days. Benchmark instances, whose time starts at 0, keep plain seconds.
    """
    if problem.crs == "latlon":
        return True
    starts = [max(v.shift[0], float(problem.depot_windows[v.start_depot, 0])) for v in problem.vehicles]
    ends = [*(v.shift[1] for v in problem.vehicles), float(problem.depot_windows[:, 1].max())]
    known = [e for e in ends if math.isfinite(e)]
    return min(starts) >= HOUR and bool(known) and max(known) <= 2 * DAY


def is_timed(problem: Problem) -> bool:
    """Whether time matters: it is known from the network, spent at stops, limited or paid for.

    Elsewhere (a CVRP of planar coordinates) durations merely repeat the distances and are not shown.
    """
    if problem.crs == "latlon" or problem.duration is not None or problem.service.any() or problem.setup.any():
        return True
    # Unused windows are (inf, inf), as those without limits end at infinity.
    if np.isfinite(problem.time_windows[..., 1]).any() or np.isfinite(problem.depot_windows[:, 1]).any():
        return True
    return any(v.duration_cost or math.isfinite(min(v.shift[1], v.max_duration)) for v in problem.vehicles)


def moment(seconds: float, clock: bool) -> str:
    """Return a point in time: 08:05 (08:05+1d on the next day) where `clock`, else plain seconds."""
    if not clock or not math.isfinite(seconds):
        return number(seconds, 1)
    minutes = math.floor(seconds / 60 + 1e-6)
    days, minutes = divmod(minutes, 24 * 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}" + (f"{days:+d}d" if days else "")


def span(seconds: float, clock: bool) -> str:
    """Return a length of time: "1 h 22 min" where `clock`, else "4 920 s"."""
    if not clock or not math.isfinite(seconds):
        return f"{number(seconds, 1)} s"
    if seconds < 60:
        return f"{number(seconds, 0)} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{number(hours)} h {minutes:02d} min" if hours else f"{minutes} min"


def length(distance: float, problem: Problem) -> str:
    """Return a distance, with its unit where that is known: lat/lon means metres."""
    return f"{number(distance, 0)} m" if problem.crs == "latlon" else amount(distance, 1)


def route_names(solution: Solution) -> list[str]:
    """Return a readable name per route: its vehicle type's name, numbered where the type may have several vehicles.

    Types without a name, or with one that occurs twice, are told apart by their index.
    """
    vehicles = solution.problem.vehicles
    times = Counter(v.name for v in vehicles)
    used: Counter[int] = Counter()
    names = []
    for route in solution.routes:
        kind = route.vehicle_type
        used[kind] += 1
        vehicle = vehicles[kind]
        parts = [vehicle.name or "vehicle"]
        if times[vehicle.name] > 1:
            parts.append(str(kind) if vehicle.count == 1 else f"{kind}.{used[kind]}")
        elif vehicle.count != 1:
            parts.append(str(used[kind]))
        names.append(" ".join(parts))
    return names


def load_text(solution: Solution, route: int) -> str:
    """Return the largest load on board of a route over the capacity: 47/48; "" where neither matters."""
    steps = solution.routes[route].steps
    if not steps:
        return ""
    capacity = solution.problem.vehicles[solution.routes[route].vehicle_type].capacity
    peak = tuple(max(column) for column in zip(*(s.load for s in steps), strict=True))
    limits = capacity or (math.inf,) * len(peak)
    if not any(peak) and not any(math.isfinite(x) for x in limits):
        return ""
    pairs = zip(peak, limits, strict=True)
    return ", ".join(amount(a) + (f"/{amount(b)}" if math.isfinite(b) else "") for a, b in pairs)


def stops_of(solution: Solution, route: int) -> int:
    """Return the number of clients on a route (reloads and charges are none)."""
    return sum(v >= solution.problem.num_depots for v in solution.routes[route].visits)


def credit_notes(problem: Problem) -> list[str]:
    """Return the notes that name a copyright: they must stay visible wherever the data is shown."""
    return [n for n in problem.notes if n.lower().startswith(("(c)", "©", "copyright"))]
