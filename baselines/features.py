"""Which features a problem uses, by name: what an adapter does not list among those it can model, it refuses."""

import math
from collections.abc import Callable, Collection
from importlib import import_module

import numpy as np

from vrp.errors import MissingExtraError, UnsupportedError
from vrp.problem import Problem
from vrp.vehicles import VehicleType


def prices(vehicle: VehicleType) -> tuple[float, float]:
    """Return the price per unit of distance and per second of a vehicle type; a `Problem` has filled in both."""
    return float(vehicle.distance_cost or 0.0), float(vehicle.duration_cost or 0.0)


def has_window(problem: Problem) -> bool:
    """Return whether some client may not be served at any time."""
    w = problem.time_windows
    return bool((w[:, 0, 0] > 0).any() or np.isfinite(w[:, :, 1]).any() or w.shape[1] > 1)


def several_windows(problem: Problem) -> bool:
    """Return whether some client has more than one window."""
    return bool(np.isfinite(problem.time_windows[:, 1:, 0]).any())


def unequal_prizes(problem: Problem) -> bool:
    """Return whether the members of some group have different prizes."""
    return any(len(np.unique(problem.prize[problem.group == g])) > 1 for g in range(len(problem.group_required)))


def setup_can_be_spared(problem: Problem) -> bool:
    """Return whether a client with a setup is reached over a leg of 0 s and 0 distance, which spares the setup."""
    clients = np.flatnonzero(problem.setup > 0) + problem.num_depots
    every = np.arange(problem.num_locations)
    for profile in range(problem.num_profiles):
        for client in clients:
            distance, duration = problem.legs(every, client, profile)
            zero = (distance == 0) & (duration == 0)
            zero[client] = False
            if zero.any():
                return True
    return False


def _any_vehicle(test: Callable[[VehicleType], bool]) -> Callable[[Problem], bool]:
    return lambda problem: any(test(v) for v in problem.vehicles)


def _any_client(test: Callable[[Problem], np.ndarray]) -> Callable[[Problem], bool]:
    return lambda problem: bool(np.any(test(problem)))


def _mixed(problem: Problem) -> bool:
    return bool(((problem.delivery > 0).any(axis=0) & (problem.pickup > 0).any(axis=0)).any())


def _unclear_backhaul(problem: Problem) -> bool:
    delivers, collects = (problem.delivery > 0).any(axis=1), (problem.pickup > 0).any(axis=1)
    return problem.backhaul != "mixed" and bool(np.any(delivers == collects))


# Name -> whether a problem uses it, in the order in which refusals name them.
FEATURES: dict[str, Callable[[Problem], bool]] = {
    "scenarios": lambda p: p.scenarios is not None,
    "prefix (locked first stops)": _any_vehicle(lambda v: bool(v.prefix)),
    "battery and charging": _any_vehicle(lambda v: math.isfinite(v.battery) and v.consumption > 0),
    "breaks": _any_vehicle(lambda v: bool(v.breaks)),
    "reload depots": _any_vehicle(lambda v: bool(v.reload_depots)),
    "overtime cost": _any_vehicle(lambda v: v.overtime_cost > 0 and math.isfinite(v.nominal_duration)),
    "preferences": _any_client(lambda p: p.preference != 0),
    "soft time windows": _any_client(lambda p: np.isfinite(p.lateness_cost) & np.isfinite(p.time_windows[:, 0, 1])),
    "several time windows": several_windows,
    "setup times with legs of length 0": lambda p: bool((p.setup > 0).any()) and setup_can_be_spared(p),
    "release times": _any_client(lambda p: p.release > 0),
    "groups": lambda p: bool((p.group >= 0).any()),
    "groups with different prizes": unequal_prizes,
    "shipments": lambda p: bool(len(p.shipments)),
    "prizes": _any_client(lambda p: np.isfinite(p.prize) & (p.group < 0)),
    "allowed vehicles": _any_client(lambda p: ~p.allowed),
    "backhauls": lambda p: p.backhaul != "mixed" and bool((p.pickup > 0).any()),
    "backhauls of stops with both or no goods": _unclear_backhaul,
    "mixed deliveries and pickups": _mixed,
    "objective 'vehicles'": lambda p: p.objective == "vehicles",
    "objective 'minmax'": lambda p: p.objective == "minmax",
    "objective 'balance'": lambda p: p.objective == "balance",
    "max_stops": _any_vehicle(lambda v: v.max_stops is not None),
    "max_duration": _any_vehicle(lambda v: math.isfinite(v.max_duration)),
    "max_distance": _any_vehicle(lambda v: math.isfinite(v.max_distance)),
    "initial load": _any_vehicle(lambda v: any(v.initial_load)),
    "several profiles": lambda p: len({v.profile for v in p.vehicles}) > 1,
    "open routes": _any_vehicle(lambda v: v.end_depot is None),
    "several depots": lambda p: len({d for v in p.vehicles for d in (v.start_depot, v.end_depot) if d is not None}) > 1,
    "several vehicle types": lambda p: len(p.vehicles) > 1,
    "several load dimensions": lambda p: p.num_loads > 1,
    "fixed costs": _any_vehicle(lambda v: v.fixed_cost > 0),
    "duration cost": _any_vehicle(lambda v: prices(v)[1] > 0),
    "time windows": has_window,
    "depot windows and shifts": lambda p: (
        bool((p.depot_windows[:, 0] > 0).any() or np.isfinite(p.depot_windows[:, 1]).any())
        or any(v.shift[0] > 0 or math.isfinite(v.shift[1]) for v in p.vehicles)
    ),
}


def lacking(problem: Problem, supported: Collection[str]) -> list[str]:
    """Name the features that a problem uses and that are not among those supported."""
    return [name for name, used in FEATURES.items() if name not in supported and used(problem)]


def time_matters(problem: Problem) -> bool:
    """Return whether anything but distance decides: a window, a limit on or a price of time."""
    names = ("duration cost", "time windows", "depot windows and shifts", "max_duration", "overtime cost", "breaks",
             "release times")  # fmt: skip
    return any(FEATURES[name](problem) for name in names)


def require_installed(package: str, module: str = "") -> None:
    """Raise unless a package can be imported, by the name of its module where that is another.

    Raises
    ------
    MissingExtraError
        With the command that installs it.
    """
    try:
        import_module(module or package)
    except ImportError:
        raise MissingExtraError(package, "baselines") from None


def require_supported(solver: str, lacks: list[str]) -> None:
    """Raise unless there is nothing that a solver lacks.

    Raises
    ------
    UnsupportedError
        Naming everything that it lacks.
    """
    if lacks:
        raise UnsupportedError(f"Solver {solver!r} cannot honour: {', '.join(lacks)}. Try solver='auto'.")
