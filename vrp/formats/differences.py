"""Which fields of two problems differ: the proof that a format holds all of a problem."""

from dataclasses import fields
from typing import Any

import numpy as np

from vrp.problem import Problem, Scenarios
from vrp.validate_network import only_durations
from vrp.vehicles import VehicleType


def differences(a: Problem, b: Problem) -> list[str]:
    """Return the names of the fields in which two problems differ; notes do not count."""
    found = []
    for field in fields(Problem):
        per_vehicle = field.name in ("allowed", "preference") and len(a.vehicles) != len(b.vehicles)
        if field.name in ("vehicles", "notes") or per_vehicle:
            continue
        x, y = (getattr(problem, field.name) for problem in (a, b))
        if field.name == "duration":
            x, y = _duration(a), _duration(b)
        elif field.name == "time_windows":
            x, y = (w[:, : np.isfinite(w[..., 0]).sum(axis=1).max()] for w in (x, y))  # without unused columns
        elif field.name == "names":
            x, y = ([problem.location_name(i) for i in range(problem.num_locations)] for problem in (a, b))
        if not _same(x, y):
            found.append(field.name)
    if len(a.vehicles) != len(b.vehicles):
        return [*found, "vehicles"]
    for field in fields(VehicleType):
        values = [[getattr(v, field.name) for v in problem.vehicles] for problem in (a, b)]
        if values[0] != values[1]:
            found.append(f"vehicles' {field.name}")
    return found


def _duration(problem: Problem) -> Any:
    """Return the duration matrix, None where the distance stands for it, "only" where it is the only matrix."""
    if only_durations(problem.distance, problem.duration):
        return "only"
    return None if problem.duration is problem.distance and problem.speed == 1 else problem.duration


def _same(x: Any, y: Any) -> bool:
    if isinstance(x, Scenarios) and isinstance(y, Scenarios):
        return all(_same(getattr(x, f.name), getattr(y, f.name)) for f in fields(Scenarios))
    if isinstance(x, np.ndarray) or isinstance(y, np.ndarray):
        return isinstance(x, np.ndarray) and isinstance(y, np.ndarray) and np.array_equal(x, y)
    return bool(x == y)
