"""Which clients stand beside each other in good plans: the only ones beside which an insertion looks."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrp.solvers.search.jit import allocating_kernel
from vrp.solvers.search.network import Planar, PlanarEnds, Sphere, drive, leg
from vrp.solvers.search.times import NoTime

WAIT_WEIGHT = 0.2
"""Price of a second that the second client makes the vehicle wait (Vidal et al. 2013, eq. 4; as PyVRP)."""
BRUTE_FORCE = 3000
"""Number of clients up to which all pairs are compared."""


@allocating_kernel
def _rank(net, clients, early, late, service, timed, k):  # type: ignore[no-untyped-def]
    """[L, k] nearest clients of each client by proximity, nearest first, -1 where there are fewer."""
    n = len(clients)
    near = np.full((clients[n - 1] + 1, k), -1, np.int64)
    proximity = np.empty(k)
    for a in range(n):
        i = clients[a]
        count = 0
        for b in range(n):
            j = clients[b]
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
            if count == k and d >= proximity[k - 1]:
                continue
            at = count if count < k else k - 1
            while at > 0 and proximity[at - 1] > d:
                proximity[at] = proximity[at - 1]
                near[i, at] = near[i, at - 1]
                at -= 1
            proximity[at] = d
            near[i, at] = j
            count = min(count + 1, k)
    return near


def neighbours(net: Any, times: Any, clients: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """Return [L, k] nearest neighbours of each client, -1 where there are fewer."""
    k = max(1, min(k, len(clients) - 1))
    if len(clients) > BRUTE_FORCE and isinstance(net, Planar | PlanarEnds | Sphere):
        from scipy.spatial import cKDTree

        # Many clients far apart in time are no neighbours; space alone still finds the routes to ruin together.
        points = net.start[clients] if isinstance(net, Sphere) else np.column_stack([net.x[clients], net.y[clients]])
        _, found = cKDTree(points).query(points, k=k + 1)
        near = np.full((clients[-1] + 1, k), -1, np.int64)
        # Of k + 1 points at most one is the client itself; among more than k duplicates it may be missing.
        own = found == np.arange(len(clients))[:, None]
        own[~own.any(axis=1), k] = True
        near[clients] = clients[found[~own].reshape(len(clients), k)]
        return near
    if isinstance(times, NoTime):
        nothing = np.zeros(1)
        ranked: NDArray[np.int64] = _rank(net, clients, nothing, nothing, nothing, False, k)
    else:
        ranked = _rank(net, clients, times.early, times.late, times.service, True, k)
    return ranked
