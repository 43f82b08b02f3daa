"""Random small problems, one for each feature, whose best plan every solver finds in a fraction of a second."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vrp.problem import Problem
from vrp.vehicles import Break, VehicleType

inf = math.inf
N = 6


@dataclass(frozen=True)
class Case:
    """A kind of problem: how it differs from a plain CVRP, and which solvers refuse it with what word."""

    fields: dict[str, Any] = field(default_factory=dict)
    """Fields of `Problem`; functions are called with the random generator."""
    vehicle: dict[str, Any] = field(default_factory=dict)
    """Fields of each `VehicleType`; functions are called with the random generator."""
    types: int = 1
    depots: int = 1
    refused: dict[str, str] = field(default_factory=dict)
    """Solver -> part of the name of what it cannot honour."""


def problem(case: Case, seed: int) -> Problem:
    """Return a problem of this kind with 6 clients and asymmetric integer matrices."""
    rng = np.random.default_rng(seed)
    locations = case.depots + N
    places = rng.random((locations, 2)) * 100
    distance = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1)) * rng.uniform(0.8, 1.3, (locations,) * 2)
    distance = np.rint(distance)
    np.fill_diagonal(distance, 0)
    fields: dict[str, Any] = {
        "distance": distance,
        "duration": np.rint(distance * rng.uniform(0.5, 1.5)),
        "delivery": rng.integers(1, 6, (N, 1)),
        "service": rng.integers(0, 10, N),
    }
    fields |= {name: value(rng) if callable(value) else value for name, value in case.fields.items()}
    vehicles = []
    for _ in range(case.types):
        vehicle = {"count": 4, "capacity": (int(rng.integers(8, 16)),), "start_depot": int(rng.integers(case.depots))}
        vehicle["end_depot"] = int(rng.integers(case.depots))
        vehicle |= {name: value(rng) if callable(value) else value for name, value in case.vehicle.items()}
        vehicles.append(VehicleType(**vehicle))
    return Problem(num_depots=case.depots, vehicles=tuple(vehicles), **fields)


def _windows(rng: np.random.Generator) -> np.ndarray:
    opens = rng.integers(0, 250, N)
    return np.stack((opens, opens + rng.integers(50, 150, N)), axis=1)


def _two_windows(rng: np.random.Generator) -> np.ndarray:
    first = _windows(rng)
    second = first[:, 1:] + np.array([20, 60])
    return np.stack((first, np.where(rng.random((N, 1)) < 0.7, second, inf)), axis=1)


def _some_pickups(rng: np.random.Generator) -> np.ndarray:
    return np.where(np.arange(N) % 3 == 0, rng.integers(1, 6, N), 0)[:, None]


BACKHAUL = {"delivery": np.where(np.arange(N) % 3 == 0, 0, 3)[:, None], "pickup": _some_pickups}
SHIPMENTS = {"delivery": np.zeros((N, 1)), "shipments": [[1, 4], [5, 2], [6, 3]], "shipment_load": [[3], [4], [5]]}
FREE = {"vroom": "prizes", "hgs": "prizes"}
TIMED = {"hgs": "time windows"}
WAITING = {"vroom": "does not price waiting", "hgs": "time windows"}
RELOAD = {"ortools": "reload depots", "vroom": "reload depots", "hgs": "reload depots"}

CASES = {
    "plain": Case(),
    "unlimited fleet": Case(vehicle={"count": None}),
    "one vehicle, no capacity": Case(vehicle={"count": 1, "capacity": (inf,)}),
    "loads in three dimensions": Case(
        {"delivery": lambda rng: rng.integers(1, 6, (N, 3))},
        {"capacity": (9, 10, inf)},
        refused={"hgs": "load dimension"},
    ),
    "mixed deliveries and pickups": Case(
        {"pickup": lambda rng: rng.integers(0, 6, (N, 1))}, refused={"hgs": "mixed deliveries and pickups"}
    ),
    "time windows": Case({"time_windows": _windows}, refused=TIMED),
    "time windows and setup": Case(
        {"time_windows": _windows, "setup": lambda rng: rng.integers(0, 9, N)}, refused=TIMED
    ),
    "several time windows": Case({"time_windows": _two_windows}, refused={"hgs": "several time windows"}),
    "soft time windows": Case(
        {"time_windows": _windows, "lateness_cost": 3},
        refused={"pyvrp": "soft time windows", "vroom": "soft time windows", "hgs": "soft time windows"},
    ),
    "duration cost": Case(vehicle={"distance_cost": 0.5, "duration_cost": 1.25}),
    "duration cost and windows": Case(
        {"time_windows": _windows}, {"distance_cost": 0.5, "duration_cost": 2}, refused=WAITING
    ),
    "shift and depot windows": Case(
        {"time_windows": _windows, "depot_windows": [[10, 500]]},
        {"shift": (20, 450), "duration_cost": 1},
        refused=WAITING,
    ),
    "shift without waiting": Case(vehicle={"shift": (20, 300)}, refused={"hgs": "shifts"}),
    "overtime": Case(
        vehicle={"duration_cost": 1, "nominal_duration": 100, "overtime_cost": 2.5, "max_duration": 400},
        refused={"vroom": "overtime", "hgs": "overtime"},
    ),
    "max_distance": Case(vehicle={"max_distance": 320}),
    "max_duration": Case(vehicle={"max_duration": 330, "duration_cost": 1}, refused={"vroom": "max_duration"}),
    "max_stops": Case(vehicle={"max_stops": 2}, refused={"hgs": "max_stops"}),
    "several depots": Case(types=3, depots=3, refused={"hgs": "several vehicle types"}),
    "other end depot": Case(types=1, depots=2, vehicle={"start_depot": 0, "end_depot": 1}),
    "vehicle types": Case(
        types=3,
        vehicle={"fixed_cost": lambda rng: rng.integers(0, 90), "duration_cost": lambda rng: rng.choice([0.25, 1, 2])},
        refused={"hgs": "several vehicle types"},
    ),
    "fixed cost": Case(vehicle={"fixed_cost": 70}),
    "open routes": Case(vehicle={"end_depot": None}),
    "open routes and windows": Case(
        {"time_windows": _windows, "depot_windows": [[30, inf]]},
        {"end_depot": None, "shift": (0, 400)},
        refused=TIMED,
    ),
    "initial load": Case(vehicle={"initial_load": (3,)}),
    "prizes": Case({"prize": lambda rng: np.where(np.arange(N) < 4, rng.integers(5, 120, N), inf)}, refused=FREE),
    "groups": Case(
        {"group": [0, 0, 1, 1, 1, -1], "group_required": [True, False], "prize": [7, 7, 40, 40, 40, inf]},
        refused={"vroom": "groups", "hgs": "groups"},
    ),
    "groups with different prizes": Case(
        {"group": [0, 0, 1, 1, 1, -1], "group_required": [True, False], "prize": [7, 3, 40, 60, 50, inf]},
        refused={"ortools": "different prizes", "vroom": "groups", "hgs": "groups"},
    ),
    "allowed vehicles": Case(
        {"allowed": lambda rng: np.vstack((rng.random((2, N)) < 0.5, np.ones(N, dtype=bool)))},
        {"duration_cost": lambda rng: rng.choice([0.25, 1, 2])},
        types=3,
        refused={"hgs": "allowed vehicles"},
    ),
    "shipments": Case(SHIPMENTS, refused={"hgs": "shipments"}),
    "shipments and windows": Case(SHIPMENTS | {"time_windows": _windows}, refused={"hgs": "shipments"}),
    "optional shipments": Case(SHIPMENTS | {"prize": [20, inf, 60, 20, inf, 10]}, refused=FREE),
    "backhauls last": Case(BACKHAUL | {"backhaul": "last"}, refused={"vroom": "backhauls", "hgs": "backhauls"}),
    "backhauls strict": Case(BACKHAUL | {"backhaul": "strict"}, refused={"vroom": "backhauls", "hgs": "backhauls"}),
    "reloads": Case({"depot_service": [7]}, {"count": 1, "reload_depots": (0,), "duration_cost": 1}, refused=RELOAD),
    "reloads and windows": Case(
        {"depot_service": [7], "time_windows": _windows},
        {"count": 2, "reload_depots": (0,), "max_reloads": 2},
        refused=RELOAD,
    ),
    "releases": Case(
        {"release": lambda rng: rng.integers(0, 60, N), "time_windows": _windows},
        {"duration_cost": 1},
        refused={"ortools": "release", "vroom": "release", "hgs": "release"},
    ),
    "fewest vehicles": Case(
        {"objective": "vehicles"}, refused={"vroom": "objective 'vehicles'", "hgs": "objective 'vehicles'"}
    ),
    "even routes": Case(
        {"objective": "minmax"},
        refused={name: "objective 'minmax'" for name in ("pyvrp", "ortools", "vroom", "hgs")},
    ),
    "routes of small squares": Case(
        {"objective": "balance"},
        refused={name: "objective 'balance'" for name in ("pyvrp", "ortools", "vroom", "hgs")},
    ),
    "profiles": Case(
        {"distance": lambda rng: rng.integers(5, 90, (2, N + 1, N + 1)) * (1 - np.eye(N + 1)), "duration": None},
        {"profile": lambda rng: rng.integers(0, 2)},
        types=3,
        refused={"hgs": "several vehicle types"},
    ),
    "breaks": Case(
        vehicle={"breaks": (Break(60, 80),)},
        refused={"pyvrp": "breaks", "ortools": "breaks", "vroom": "breaks", "hgs": "breaks"},
    ),
}
