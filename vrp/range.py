"""How far a battery carries a vehicle: from one place where it is full, past a stop, to the next."""

import math
from collections.abc import Sequence

import numpy as np

from vrp.problem import Problem
from vrp.schedule import above
from vrp.vehicles import VehicleType


def out_of_range(problem: Problem, stop: int, types: Sequence[int]) -> tuple[float, int] | None:
    """Return the energy that a stop needs and the vehicle type that lacks least of it; None where one type has it."""
    short = []
    for k in types:
        v = problem.vehicles[k]
        if not (math.isfinite(v.battery) and v.consumption > 0):
            return None
        energy = _needed(problem, v, stop)
        if not above(energy / v.battery, 1.0):
            return None
        short.append((energy - v.battery, energy, k))
    return min(short)[1:] if short else None


def _needed(problem: Problem, vehicle: VehicleType, stop: int) -> float:
    """Return the least energy from a place where the battery is full straight to a stop and on to the next place.

    The places are the vehicle's depots and all chargers that it can reach from its start, or get home from.
    """
    chargers = sorted(problem.chargers)
    starts = _reachable(problem, vehicle, vehicle.start_depot, chargers, outward=True)
    there = float(problem.legs(starts, stop, vehicle.profile)[0].min())
    if vehicle.end_depot is None:
        return vehicle.consumption * there
    ends = _reachable(problem, vehicle, vehicle.end_depot, chargers, outward=False)
    return vehicle.consumption * (there + float(problem.legs(stop, ends, vehicle.profile)[0].min()))


def _reachable(problem: Problem, vehicle: VehicleType, depot: int, chargers: list[int], outward: bool) -> list[int]:
    """List the depot and the chargers to which, or from which, one leads from charger to charger."""
    found, left = [depot], [c for c in chargers if c != depot]
    while left:
        pair = (np.array(found)[:, None], np.array(left)[None, :])
        legs = problem.legs(*(pair if outward else pair[::-1]), vehicle.profile)[0]
        near = vehicle.consumption * legs.min(axis=0) / vehicle.battery
        new = [c for c, share in zip(left, near.tolist(), strict=True) if not above(share, 1.0)]
        if not new:
            break
        found += new
        left = [c for c in left if c not in new]
    return found
