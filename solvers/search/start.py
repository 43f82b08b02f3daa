"""Where a search begins: savings where only capacity binds, cheapest insertion otherwise, or a plan that was given."""

import numpy as np

from vrp.solvers.search.jit import allocating_kernel
from vrp.solvers.search.kernels import _position
from vrp.solvers.search.network import leg
from vrp.solvers.search.plan import enter_bank, put
from vrp.solvers.search.times import forget, refresh


@allocating_kernel
def savings(net, loads, plan, near, clients):  # type: ignore[no-untyped-def]
    """Merge single trips in order of their savings (Clarke and Wright 1964), limited to neighbours.

    A route's last stop is joined to another's first one, so that asymmetric networks are served too. Writes the routes
    to vehicles 0, 1, ... of the only type, and to the bank what is left over when there are no more vehicles.
    """
    h = plan.locations
    pairs = len(clients) * near.shape[1]
    tail, front, saved = np.empty(pairs, np.int32), np.empty(pairs, np.int32), np.empty(pairs)
    count = 0
    for i in clients:
        for k in range(near.shape[1]):
            j = near[i, k]
            if j < 0:
                break
            s = leg(net, 0, i, h) + leg(net, 0, h, j) - leg(net, 0, i, j)
            if s > 0.0:
                tail[count], front[count], saved[count] = i, j, s
                count += 1
    following = np.full(h, -1, np.int32)
    before = np.full(h, -1, np.int32)
    trip = np.arange(h)
    load = loads.demand[:h].copy()
    for k in np.argsort(-saved[:count]):
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


@allocating_kernel
def insertion(  # type: ignore[no-untyped-def]
    net, loads, times, fleet, mix, reach, plan, work, near, sequence, required
):
    """Put the clients of the sequence, one after the other, at their cheapest feasible place."""
    for c in sequence:
        cost, p, r = _position(net, loads, times, fleet, mix, reach, plan, work, near, c)
        if p < 0 or (not required[c] and cost >= plan.penalty[c]):
            enter_bank(plan, c)
            continue
        work.clock[0] += 1
        forget(times)
        put(net, loads, fleet, mix, reach, plan, c, p, r)
        refresh(times, net, plan, r, c, plan.nxt[c], c, p, work.clock[0])
