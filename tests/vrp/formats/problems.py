"""Random valid problems that use any mix of all fields."""

import math
from typing import Any

import numpy as np

from vrp.problem import Problem, Scenarios
from vrp.vehicles import Break, VehicleType


def random_problem(rng: np.random.Generator) -> Problem:
    """Return a problem whose every field may be neutral or not."""
    depots, n, loads = int(rng.integers(1, 4)), int(rng.integers(1, 7)), int(rng.integers(1, 3))
    size = depots + n
    profiles = int(rng.integers(1, 3))
    fields: dict[str, Any] = {"num_depots": depots, "name": str(rng.choice(["", 'Zürich "1"', "a b"]))}

    def some() -> bool:
        return bool(rng.random() < 0.5)

    def numbers(*shape: int, infinite: bool = False) -> Any:
        values = np.round(rng.uniform(0, 100, shape), int(rng.integers(0, 12)))
        if infinite:
            values[rng.random(shape) < 0.3] = math.inf
        return values

    network = int(rng.integers(5))
    coords = rng.uniform(-1, 1, (size, 2)) * (0.5, 0.5)
    matrices = [np.where(np.eye(size) > 0, 0, numbers(profiles, size, size)) for _ in range(2)]
    if network == 0:
        fields |= {"coords": coords, "rounding": str(rng.choice(["exact", "nearest", "truncate1", "ceil"]))}
    elif network == 1:
        fields |= {"coords": coords, "crs": "latlon", "speed": 7.5}
    elif network == 2:
        fields |= {"distance": matrices[0], "coords": coords}
    elif network == 3:
        fields["duration"] = matrices[1]
    else:
        fields |= {"distance": matrices[0], "duration": matrices[0] if some() else matrices[1]}
    if some():
        fields["names"] = tuple(f"stop {i}" for i in range(size))
    if some():
        start = numbers(depots)
        fields["depot_windows"] = np.stack([start, start + 1e5 + numbers(depots, infinite=True)], axis=1)
        fields["depot_service"] = numbers(depots)
    if depots > 1 and some():
        fields["chargers"] = {depots - 1: ((0.0, 0.0), (10.0, 60.5), (30.0, 100.0))}
    for key in ("setup", "service", "release"):
        if some():
            fields[key] = numbers(n)
    fields["delivery"] = numbers(n, loads) if some() else np.zeros((n, loads))
    if some():
        fields["pickup"] = numbers(n, loads)
    if some():
        fields["lateness_cost"] = numbers(n, infinite=True)
    if some():
        first = numbers(n)
        second = first + 2e5 + numbers(n)
        windows = np.stack([first, first + 1e5, second, second + numbers(n, infinite=True)], axis=1).reshape(n, 2, 2)
        windows[rng.random(n) < 0.3, 1] = math.inf
        fields["time_windows"] = windows
    if some():
        fields["prize"] = numbers(n, infinite=True)
    elif n > 3 and some():
        fields["group"] = np.array([0, 1, 1, 0] + [-1] * (n - 4))
        fields["group_required"] = np.array([True, some()])
    if n > 1 and some():
        fields["shipments"] = np.array([[depots, depots + 1]])
        fields["shipment_load"] = numbers(1, loads)
    fields["backhaul"] = str(rng.choice(["mixed", "last", "strict"]))
    every = not np.isfinite(fields.get("prize", [math.inf])).any() and np.all(fields.get("group_required", True))
    fields["objective"] = str(rng.choice(["cost", "vehicles", *(["minmax", "balance"] if every else [])]))
    fields["vehicles"] = tuple(_vehicle(rng, depots, loads, profiles if network > 1 else 1) for _ in range(2))
    if some():
        fields["allowed"] = rng.random((2, n)) < 0.8
    if some():
        fields["preference"] = numbers(2, n) - 50
    if some():
        fields["scenarios"] = Scenarios(service=numbers(3, n), present=rng.random((3, n)) < 0.8)
    fields["notes"] = ("a note",) if some() else ()
    return Problem(**fields)


def _vehicle(rng: np.random.Generator, depots: int, loads: int, profiles: int) -> VehicleType:
    """Return a vehicle type with about half of its fields set."""
    choices: dict[str, Any] = {
        "count": int(rng.integers(1, 5)),
        "capacity": tuple(rng.uniform(50, 99, loads).tolist()),
        "name": f"van {rng.integers(1000)}",
        "start_depot": int(rng.integers(depots)),
        "end_depot": None,
        "shift": (float(rng.integers(0, 9)), float(rng.choice([math.inf, 1e6 / 3]))),
        "breaks": (Break(100.5, 200.25), Break(300.0, 310.0)),
        "initial_load": tuple(rng.uniform(0, 9, loads).tolist()),
        "max_duration": float(rng.uniform(900, 1e5)),
        "max_distance": float(rng.uniform(900, 1e5)),
        "max_stops": int(rng.integers(1, 9)),
        "fixed_cost": float(rng.uniform(0, 9)),
        "distance_cost": float(rng.uniform(0, 9)),
        "duration_cost": float(rng.uniform(0, 9)),
        "nominal_duration": 800.0,
        "overtime_cost": 0.1 + 0.2,
        "profile": int(rng.integers(profiles)),
        "reload_depots": (0,),
        "max_reloads": int(rng.integers(0, 3)),
        "battery": 90.5,
        "consumption": 0.5,
    }
    return VehicleType(**{key: value for key, value in choices.items() if rng.random() < 0.5})
