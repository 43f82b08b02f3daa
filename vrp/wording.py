"""How violations and explanations call things: to the second and the last digit that matters, unlike the summaries."""

import math

from vrp import display
from vrp.problem import Problem

DAY = 86_400


def number(value: float) -> str:
    """Return an amount with three decimals at most, or as many as show that it is not zero."""
    text = display.number(value, 3)
    return f"{value:.3g}" if text == "0" and value else text


def instant(seconds: float, clock: bool) -> str:
    """Return a point in time: 08:05:30 (08:05:30+1d on the next day) where `clock`, else plain seconds."""
    if not clock or not math.isfinite(seconds):
        return f"{number(seconds)} s"
    whole, rest = divmod(round(seconds * 1000), 1000)
    days, whole = divmod(whole, DAY)
    text = f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return text + (f".{rest:03d}".rstrip("0") if rest else "") + (f"{days:+d}d" if days else "")


def span(seconds: float, clock: bool) -> str:
    """Return a length of time: 2 h 3 min, 12 min 5 s, 0.5 s where `clock`, else plain seconds."""
    if not clock or not math.isfinite(seconds) or seconds < 60:
        return f"{number(seconds)} s"
    whole = round(seconds)
    parts = [(whole // 3600, "h"), (whole // 60 % 60, "min"), (whole % 60, "s")]
    return " ".join(f"{amount} {unit}" for amount, unit in parts if amount)


def place(problem: Problem, location: int) -> str:
    """Return what a location is called: stop 'Hafenstr. 4', depot 0."""
    kind = "depot" if location < problem.num_depots else "stop"
    return f"{kind} {problem.names[location]!r}" if problem.names else f"{kind} {location}"


def vehicle(problem: Problem, vehicle_type: int) -> str:
    """Return what a vehicle type is called."""
    name = problem.vehicles[vehicle_type].name
    return f"vehicle type {name!r}" if name else f"vehicle type {vehicle_type}"
