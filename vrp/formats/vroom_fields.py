"""The keys of VROOM's input: which are honoured, which are refused and why; typed values with errors that say where."""

import math
from collections.abc import Mapping
from typing import Any

from vrp.errors import suggest
from vrp.formats.source import Source

TOP = ("jobs", "shipments", "vehicles", "matrices")
STEP = ("id", "description", "location", "location_index", "setup", "service", "time_windows")
JOB = (*STEP, "delivery", "pickup", "skills", "priority")
SHIPMENT = ("pickup", "delivery", "amount", "skills", "priority")
VEHICLE = (
    *(
        "id",
        "profile",
        "description",
        "start",
        "start_index",
        "end",
        "end_index",
        "capacity",
        "costs",
        "skills",
        "type",
    ),
    *("time_window", "breaks", "speed_factor", "max_tasks", "max_travel_time", "max_distance"),
)
COSTS = ("fixed", "per_hour", "per_km", "per_task_hour")
BREAK = ("id", "time_windows", "service", "description")
PROFILE = ("durations", "distances", "costs")

_PER_TYPE = "times per vehicle type cannot be expressed"
REFUSED = {
    "matrix": 'it is deprecated; write "matrices": {"car": {"durations": ...}}',
    "options": "options of a run belong to the command, not into the problem",
    "amount": 'on a job it is deprecated; write "delivery" (or "pickup")',
    "setup_per_type": _PER_TYPE,
    "service_per_type": _PER_TYPE,
    "steps": "a given route is a plan, not a problem; pass it as `start` to `vrp.solve`",
    "max_load": "breaks that depend on the load cannot be expressed",
}
# Keys of another object, or of people's memory -> the right one. VROOM itself ignores the wrong ones.
TRAPS = {
    "time_window": 'a job has "time_windows", a list of [start, end]',
    "time_windows": 'a vehicle has "time_window", one [start, end]',
    "location": 'a vehicle has "start" and "end"',
    "demand": 'write "delivery" or "pickup", a list of numbers',
    "service_time": 'write "service"',
    "duration": 'write "service"',
    "lat": 'write "location": [lon, lat]',
    "lon": 'write "location": [lon, lat]',
    "cost": 'write "costs"',
}


class Item:
    """One object of the input, and what it is called in errors."""

    def __init__(self, source: Source, who: str, data: Any, known: tuple[str, ...]) -> None:
        self.source, self.who = source, who
        self.data: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
        if not isinstance(data, Mapping):
            self.add(f"must be an object, got {_short(data)}.")
        for key in self.data:
            if key in known:
                continue
            if key in TRAPS and (key not in REFUSED):
                self.add(f"there is no {key!r}: {TRAPS[key]}.")
            elif key in REFUSED:
                self.add(f"{key!r} is not supported: {REFUSED[key]}.")
            else:
                self.add(f"unknown key {str(key)[:60]!r}.{suggest(key, known)}")

    def add(self, message: str) -> None:
        """Remember an error of this object."""
        self.source.add(f"{self.who}: {message}")

    def identity(self) -> int:
        """Return the id, 0 where there is none."""
        value = self.data.get("id")
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**64:
            return value
        self.add(f'"id" must be a whole number from 0, got {_short(value)}.')
        return 0

    def number(self, key: str, default: float, low: float = 0.0) -> float:
        """Return a number, finite and at least `low`."""
        return self._number(key, self.data[key], low) if key in self.data else default

    def whole(self, key: str, size: int | None = None) -> int | None:
        """Return a whole number from 0 (below `size`), None where it is absent or wrong."""
        value = self.data.get(key)
        if value is None and key not in self.data:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < (size or 2**53):
            return value
        allowed = "a whole number from 0" + (f" to {size - 1}" if size else "")
        self.add(f'"{key}" must be {allowed}, got {_short(value)}.')
        return None

    def numbers(self, key: str) -> tuple[float, ...]:
        """Return a list of numbers from 0, () where it is absent."""
        return tuple(self._number(key, value, 0.0) for value in self.items(key))

    def skills(self) -> frozenset[int]:
        """Return the set of skills."""
        found = [value for value in self.items("skills") if isinstance(value, int) and not isinstance(value, bool)]
        if len(found) < len(self.items("skills")):
            self.add(f'"skills" must be a list of whole numbers, got {_short(self.data.get("skills"))}.')
        return frozenset(found)

    def items(self, key: str) -> list[Any]:
        """Return a list, [] where it is absent."""
        value = self.data.get(key, [])
        if isinstance(value, list):
            return value
        self.add(f'"{key}" must be a list, got {_short(value)}.')
        return []

    def text(self, key: str, default: str = "") -> str:
        """Return a text."""
        value = self.data.get(key, default)
        if isinstance(value, str):
            return value
        self.add(f'"{key}" must be text, got {_short(value)}.')
        return default

    def windows(self, key: str) -> list[tuple[float, float]]:
        """Return a list of [start, end], [] where it is absent."""
        found = self.items(key)
        if len(found) == 2 and not any(isinstance(x, list) for x in found):
            self.add(f'"{key}" must be a list of windows [start, end], not one window, got {_short(found)}.')
            return []
        return [self.window(key, value) for value in found]

    def window(self, key: str, value: Any) -> tuple[float, float]:
        """Return [start, end] of a value."""
        if isinstance(value, list) and len(value) == 2:
            start, end = (self._number(key, x, 0.0) for x in value)
            if start <= end:
                return start, end
            self.add(f'"{key}" ends at {end:g}, before its start at {start:g}.')
        else:
            self.add(f'"{key}" must have [start, end], got {_short(value)}.')
        return 0.0, math.inf

    def place(self, key: str) -> tuple[float, float] | None:
        """Return a location [lon, lat] as (lat, lon), None where it is absent or wrong."""
        value = self.data.get(key)
        if value is None and key not in self.data:
            return None
        if isinstance(value, list) and len(value) == 2:
            before = self.source.found
            lon, lat = (self._number(key, x, -math.inf) for x in value)
            if self.source.found > before:
                return None
            if abs(lat) <= 90 and abs(lon) <= 180:
                return lat, lon
        self.add(f'"{key}" must be [lon, lat] in degrees, in this order, got {_short(value)}.')
        return None

    def _number(self, key: str, value: Any, low: float) -> float:
        try:
            if isinstance(value, (int, float)) and not isinstance(value, bool) and low <= float(value) < math.inf:
                return float(value)
        except OverflowError:
            pass
        self.add(f'"{key}" must be a finite number{"" if low == -math.inf else f" from {low:g}"}, got {_short(value)}.')
        return max(low, 0.0)


def _short(value: Any) -> str:
    if isinstance(value, (list, Mapping)) and len(value) > 8:
        return f"{type(value).__name__} of {len(value)}"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
