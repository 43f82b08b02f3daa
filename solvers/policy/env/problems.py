"""From `Problem` to tensors and back: `encode` brings any units and sizes into one batch, `decode` makes routes."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from vrp.problem import Floats, Problem
from vrp.solution import Route
from vrp.solvers.policy.env.instances import Instances, instances, stacked

EXACT = 2.0**24
"""Whole numbers below this are exact as 32-bit floats."""
FINE = 2.0**22
"""Parts that a capacity is divided into where the demands have no common decimal unit."""
MODELLED = {"duration cost"}
"""What `unsupported` judges by itself: where distance has no price, it is an unsupported cost."""


def unsupported(problem: Problem) -> list[str]:
    """Name what the environment has no rule for."""
    from vrp.baselines.features import lacking, prices

    lacks = lacking(problem, MODELLED)
    vehicle = problem.vehicles[0]
    if problem.distance is not None or problem.duration is not None:
        lacks.append("matrices (only coordinates are known to it yet)")
    if prices(vehicle)[1] > 0 or not prices(vehicle)[0] > 0:
        lacks.append("costs of other things than distance")
    return lacks


def is_tour(problem: Problem) -> bool:
    """Return whether one vehicle carries everything, so that the plan is one tour.

    With as many vehicles as needed one tour is still the shortest plan, by the triangle inequality.
    """
    demand, capacity = _goods(problem)
    return bool(demand.sum() <= capacity)


def encode(problems: Sequence[Problem]) -> Instances:
    """Return one batch of problems, padded to the largest. They must be supported (see `unsupported`).

    Coordinates are moved and scaled to the unit square, x and y by the same factor; lat/lon is first laid flat around
    the middle of its problem.
    """
    return stacked([_encode(problem) for problem in problems])


def _encode(problem: Problem) -> Instances:
    vehicle = problem.vehicles[0]
    depot = [vehicle.start_depot]
    coords = np.concatenate([problem.coords[depot], problem.coords[problem.num_depots :]])
    places = torch.from_numpy(_unit_square(coords, problem.crs)).float()[None]
    if is_tour(problem):
        return instances(places)
    demand, capacity = _whole(*_goods(problem))
    fleet = problem.num_clients if vehicle.count is None else min(vehicle.count, problem.num_clients)
    return instances(
        places,
        torch.from_numpy(np.concatenate([[0.0], demand])).float()[None],
        torch.tensor([capacity]),
        torch.tensor([fleet]),
    )


def _goods(problem: Problem) -> tuple[Floats, float]:
    """Return what each client adds to the load, and what fits."""
    capacity = problem.vehicles[0].capacity
    if not capacity:
        return np.zeros(problem.num_clients), math.inf
    # A problem with both deliveries and pickups is refused.
    return problem.delivery[:, 0] + problem.pickup[:, 0], capacity[0]


def _whole(demand: Floats, capacity: float) -> tuple[Floats, float]:
    """Return demands and capacity as whole numbers: exact where they have a common decimal unit, else rounded up."""
    if capacity <= 0:
        return np.ceil(demand), 0.0
    for unit in 10.0 ** np.arange(7):
        scaled, whole = demand * unit, np.rint(demand * unit)
        if np.minimum(whole, capacity * unit).sum() >= EXACT or capacity * unit >= EXACT:
            break
        if np.allclose(scaled, whole, rtol=0.0, atol=1e-9 * unit):
            return np.minimum(whole, EXACT), float(math.floor(capacity * unit + 1e-9 * unit))
    parts = np.ceil(demand / capacity * FINE - 1e-6)
    return np.minimum(parts, EXACT), FINE


def _unit_square(coords: Floats, crs: str) -> Floats:
    if crs == "latlon":
        lat, lon = coords.T
        lon = (lon - lon[0] + 180.0) % 360.0 - 180.0  # Neighbours across the date line stay neighbours.
        coords = np.stack([lon * math.cos(math.radians(float(lat.mean()))), lat], axis=1)
    low = coords.min(axis=0)
    extent = float((coords - low).max())
    moved: Floats = (coords - low) / (extent if extent > 0 else 1.0)
    return moved


def decode(problem: Problem, home: Tensor, choices: Tensor) -> list[Route]:
    """Return the routes of one rollout.

    Parameters
    ----------
    problem
        The problem that was encoded.
    home
        [] where the rollout's routes start and end.
    choices
        [T] the places visited.
    """
    walk = choices.tolist()
    if int(home):  # A tour that began at a stop: turn it until it begins at the depot.
        walk = [int(home), *(place for place in walk if place != int(home))]
        at = walk.index(0)
        walk = walk[at + 1 :] + walk[:at]
    vehicle = problem.vehicles[0]
    routes: list[list[int]] = [[]]
    for place in walk:
        if place:
            routes[-1].append(problem.num_depots - 1 + place)
        elif routes[-1]:
            routes.append([])
    return [Route(0, vehicle.start_depot, vehicle.end_depot, tuple(visits)) for visits in routes if visits]
