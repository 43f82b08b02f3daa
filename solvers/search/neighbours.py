"""Which clients stand beside each other in good plans: the only ones beside which an insertion looks."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrp.solvers.search.groups import orders
from vrp.solvers.search.jit import allocating_kernel
from vrp.solvers.search.loads import OneLoad
from vrp.solvers.search.model import Model
from vrp.solvers.search.network import Planar, PlanarEnds, Sphere, drive, leg
from vrp.solvers.search.peaks import MIXED, Peaks
from vrp.solvers.search.times import NoTime

Ints = NDArray[np.int64]

WAIT_WEIGHT = 0.2
"""Price of a second that the second client makes the vehicle wait (Vidal et al. 2013, eq. 4; as PyVRP)."""
BRUTE_FORCE = 3000
"""Number of clients up to which all pairs are compared."""
ACROSS = 0.2
"""Share of a list for clients of the other side, where one side comes before the other on every route."""
LONGEST = 100
"""Length of a list, at most, where most clients are alternatives to others."""
FEW, MANY, PATIENT = 7.0, 500, 4e-3
"""Where vehicles hold fewer stops than this, of at least so many clients, and there are so many seconds per client, a
list is half as long again: what fits into vehicles that are nearly full may be farther away. On X with 524 to 936
clients and 5 stops per vehicle (four instances) 6 to 8 s gave 1.09 % above the best known instead of 1.38; in 1 s some
lose as much as others win."""


def list_length(model: Model, k: int, seconds: float) -> int:
    """Return the length of neighbour lists of which about k are of one alternative each, for a search of some time."""
    clients, loads = model.clients, model.loads
    n = len(clients)
    if isinstance(loads, OneLoad) and isinstance(model.times, NoTime) and n >= MANY and seconds >= PATIENT * n:
        demand = float(loads.demand[clients].mean())
        if demand > 0.0 and loads.capacity.max() < FEW * demand:
            k += k // 2
    return max(k, min(k * n // max(orders(model.plan.groups, clients), 1), LONGEST))


@allocating_kernel
def _rank(net, of, among, early, late, service, timed, k):  # type: ignore[no-untyped-def]
    """[len(of), k] nearest clients `among` some by proximity, nearest first, -1 where there are fewer; and how near."""
    near = np.full((len(of), k), -1, np.int64)
    proximity = np.full((len(of), k), np.inf)
    for a in range(len(of)):
        i = of[a]
        count = 0
        for b in range(len(among)):
            j = among[b]
            if i == j:
                continue
            there, back = leg(net, 0, i, j), leg(net, 0, j, i)
            if timed:
                out, home = drive(net, 0, i, j), drive(net, 0, j, i)
                there += WAIT_WEIGHT * max(early[j] - out - service[i] - late[i], 0.0)
                there += max(early[i] + service[i] + out - late[j], 0.0)
                back += WAIT_WEIGHT * max(early[i] - home - service[j] - late[j], 0.0)
                back += max(early[j] + service[j] + home - late[i], 0.0)
            d = min(there, back)
            if count == k and d >= proximity[a, k - 1]:
                continue
            at = count if count < k else k - 1
            while at > 0 and proximity[a, at - 1] > d:
                proximity[a, at] = proximity[a, at - 1]
                near[a, at] = near[a, at - 1]
                at -= 1
            proximity[a, at] = d
            near[a, at] = j
            count = min(count + 1, k)
    return near, proximity


def neighbours(net: Any, times: Any, loads: Any, clients: Ints, k: int) -> Ints:
    """Return [L, k] nearest neighbours of each client, -1 where there are fewer.

    Where all deliveries of a route come before its pickups, a client of the other side can stand beside one only where
    the route turns: the other side gets a small part of each list, or all that the own side leaves free.
    """
    k = max(1, min(k, len(clients) - 1))
    near = np.full((clients[-1] + 1, k), -1, np.int64)
    for side in _sides(loads, clients):
        others = np.setdiff1d(clients, side)
        few = min(max(int(ACROSS * k), k - len(side) + 1), len(others))
        lists, proximity = _nearest(net, times, side, side, k - few)
        if few:
            far, distance = _nearest(net, times, side, others, few)
            lists, proximity = np.hstack([lists, far]), np.hstack([proximity, distance])
            lists = np.take_along_axis(lists, np.argsort(proximity, axis=1, kind="stable"), axis=1)
        near[side] = lists
    return near


def _sides(loads: Any, clients: Ints) -> list[Ints]:
    """Return the clients that deliver and those that only collect, where the first come first; else all together."""
    if not isinstance(loads, Peaks) or loads.order == MIXED:
        return [clients]
    delivers = loads.own[clients, -3] > 0.0
    return [side for side in (clients[delivers], clients[~delivers]) if len(side)]


def _nearest(net: Any, times: Any, of: Ints, among: Ints, k: int) -> tuple[Ints, NDArray[np.float64]]:
    """Return what `_rank` does, of many clients by a k-d tree."""
    if len(of) * len(among) > BRUTE_FORCE**2 and isinstance(net, Planar | PlanarEnds | Sphere):
        from scipy.spatial import cKDTree

        # Many clients far apart in time are no neighbours; space alone still finds the routes to ruin together.
        points = net.start if isinstance(net, Sphere) else np.column_stack([net.x, net.y])
        distance, at = cKDTree(points[among]).query(points[of], k=range(1, k + 2))
        # Of k + 1 points at most one is the client itself; among more than k duplicates it may be missing.
        found = np.append(among, -1)[at]
        left_out = found == of[:, None]
        left_out[~left_out.any(axis=1), k] = True
        return found[~left_out].reshape(len(of), k), distance[~left_out].reshape(len(of), k)
    timed = not isinstance(times, NoTime)
    early, late, service = (times.early, times.late, times.service) if timed else (np.zeros(1),) * 3
    ranked: tuple[Ints, NDArray[np.float64]] = _rank(net, of, among, early, late, service, timed, k)
    return ranked
