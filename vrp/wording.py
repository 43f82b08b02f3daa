"""How violations and explanations call things: stops, vehicles, instants and amounts."""

import math

from vrp.problem import Problem

DAY = 86_400


def number(value: float) -> str:
    """Return an amount as people write it: 1 234.5, at most three decimals."""
    if not math.isfinite(value):
        return "unlimited" if value > 0 else str(value)
    text = f"{value:,.3f}".rstrip("0").rstrip(".").replace(",", " ")
    return f"{value:.3g}" if text in ("0", "-0") and value else text


def clock(seconds: float) -> str:
    """Return an instant as hh:mm:ss with up to three decimals; with days where it is later than the first one."""
    if not math.isfinite(seconds) or seconds < 0 or seconds >= 1000 * DAY:
        return f"{number(seconds)} s"
    thousandths = round(seconds * 1000)
    whole, rest = divmod(thousandths, 1000)
    days, whole = divmod(whole, DAY)
    text = f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    if rest:
        text += f".{rest:03d}".rstrip("0")
    return f"day {days + 1}, {text}" if days else text


def span(seconds: float) -> str:
    """Return a length of time: 45 s, 12 min 5 s, 2 h 3 min."""
    if seconds < 60 or not math.isfinite(seconds):
        return f"{number(seconds)} s"
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if hours >= 100:
        return f"{number(seconds)} s"
    parts = [(hours, "h"), (minutes, "min"), (rest, "s")]
    return " ".join(f"{amount} {unit}" for amount, unit in parts if amount)


def place(problem: Problem, location: int) -> str:
    """Return what a location is called: stop 'Hafenstr. 4', depot 0."""
    kind = "depot" if location < problem.num_depots else "stop"
    return f"{kind} {problem.names[location]!r}" if problem.names else f"{kind} {location}"


def vehicle(problem: Problem, vehicle_type: int) -> str:
    """Return what a vehicle type is called."""
    name = problem.vehicles[vehicle_type].name
    return f"vehicle type {name!r}" if name else f"vehicle type {vehicle_type}"
