"""Where a search begins when only capacity binds: the savings of joining stops to routes."""

from typing import Any

import numpy as np

from vrp.solvers.search.jit import allocating_kernel
from vrp.solvers.search.network import leg
from vrp.solvers.search.plan import enter_bank


@allocating_kernel
def _pairs(net, near, clients, h):  # type: ignore[no-untyped-def]
    """Return every pair (stop, neighbour) whose joining costs nothing, and how much it saves."""
    most = len(clients) * near.shape[1]
    tail, front, saved = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most)
    count = 0
    for i in clients:
        for k in range(near.shape[1]):
            j = near[i, k]
            if j < 0:
                break
            s = leg(net, 0, i, h) + leg(net, 0, h, j) - leg(net, 0, i, j)
            if s >= 0.0:
                tail[count], front[count], saved[count] = i, j, s
                count += 1
    return tail[:count], front[:count], saved[:count]


@allocating_kernel
def _merge(loads, plan, clients, tail, front):  # type: ignore[no-untyped-def]
    """Join routes in the order of the pairs and write them to vehicles 0, 1, ..."""
    h = plan.locations
    following = np.full(h, -1, np.int64)
    before = np.full(h, -1, np.int64)
    trip = np.arange(h)
    load = loads.demand[:h].copy()
    for k in range(len(tail)):
        i, j = tail[k], front[k]
        if following[i] >= 0 or before[j] >= 0:
            continue
        a, b = i, j
        while trip[a] != a:
            trip[a] = trip[trip[a]]
            a = trip[a]
        while trip[b] != b:
            trip[b] = trip[trip[b]]
            b = trip[b]
        if a == b or load[a] + load[b] > loads.capacity[0]:
            continue
        following[i], before[j] = j, i
        trip[b] = a
        load[a] += load[b]
    r = 0
    for c in clients:
        if before[c] >= 0:
            continue
        if r == len(plan.size) or loads.demand[c] > loads.capacity[0]:
            while c >= 0:
                enter_bank(plan, c)
                c = following[c]
            continue
        p = h + r
        while c >= 0:
            plan.nxt[p] = c
            p = c
            c = following[c]
        plan.nxt[p] = h + r
        r += 1


def savings(net: Any, loads: Any, plan: Any, near: Any, clients: Any) -> None:
    """Merge single trips in order of their savings (Clarke and Wright 1964), limited to neighbours.

    A route's last stop is joined to another's first one, so that asymmetric networks are served too. Writes the routes
    to vehicles 0, 1, ... of the only type, and to the bank what is left over when there are no more vehicles.
    """
    tail, front, saved = _pairs(net, near, clients, plan.locations)
    order = np.argsort(-saved, kind="stable")
    _merge(loads, plan, clients, tail[order], front[order])
