"""Descent: exchanges around all stops, and SWAP* between routes, until nothing improves the plan any more.

SWAP* (Vidal 2022, as in `exchanges.py`) exchanges two stops of two routes, each put at its best place in the other.
Deviation: two routes are tried where a stop of one is among the nearest neighbours of a stop of the other, and of their
stops those alone that have such a neighbour there, which needs no coordinates.
"""

import math

import numpy as np

from vrp.solvers.search.exchanges import exchange, fine, link, refresh, unlink
from vrp.solvers.search.jit import outlined, part

BESIDE = 10
"""Nearest neighbours of a stop whose routes are tried with SWAP*."""
NOBODY = np.uint32(0)
"""In place of a node."""
PATIENCE = 100
"""Exchanges per stop after which a descent ends: far more than any needs, should rounding make one go in circles."""


@part
def _look_up(s, u, r):  # type: ignore[no-untyped-def]
    """Find the three cheapest places of stop u in route r, unless the route is as it was the last time."""
    if s.placed[u, r] >= s.changed[r]:
        return
    s.placed[u, r] = s.count[0]
    for k in range(3):
        s.extra[u, r, k] = math.inf
        s.place[u, r, k] = -1
    h = len(s.demand) + r
    i = h
    while True:
        q = s.nxt[i]
        cost = s.leg[s.at[i], u] + s.leg[u, s.at[q]] - s.onto[i]
        if cost < s.extra[u, r, 2]:
            k = 2
            while k > 0 and s.extra[u, r, k - 1] > cost:
                s.extra[u, r, k] = s.extra[u, r, k - 1]
                s.place[u, r, k] = s.place[u, r, k - 1]
                k -= 1
            s.extra[u, r, k] = cost
            s.place[u, r, k] = i
        i = q
        if i == h:
            break


@part
def _without(s, u, v, r):  # type: ignore[no-untyped-def]
    """Return the cheapest place of stop u in route r once stop v has left it: its cost and the node before."""
    b, y = s.prv[v], s.nxt[v]
    best = s.leg[s.at[b], u] + s.leg[u, s.at[y]] - s.leg[s.at[b], s.at[y]]
    where = b
    for k in range(3):
        i = s.place[u, r, k]
        if i >= 0 and i != v and i != b:
            if s.extra[u, r, k] < best:
                best, where = s.extra[u, r, k], i
            break
    return best, where


@part
def _gather(s, side, r, t):  # type: ignore[no-untyped-def]
    """List the stops of route r near route t, what their removal changes, and their places there; return how many."""
    h = len(s.demand) + r
    count = 0
    u = s.nxt[h]
    while u != h:
        if s.close[u, t]:
            _look_up(s, u, t)
            p, x = s.at[s.prv[u]], s.at[s.nxt[u]]
            s.stop[side, count] = u
            s.gain[side, count] = s.leg[p, x] - s.into[u] - s.onto[u]
            s.goods[side, count] = s.demand[u]
            count += 1
        u = s.nxt[u]
    return count


@part
def swap_star(s, r, t):  # type: ignore[no-untyped-def]
    """Make the best SWAP* (or relocation) between two routes if it improves the plan; tell whether one was made."""
    lr, lt = s.load[r], s.load[t]
    fines = fine(s, lr) + fine(s, lt)
    many, others = _gather(s, 0, r, t), _gather(s, 1, t, r)
    best = -s.money[2]
    one, two, to, back = -1, -1, -1, -1
    for i in range(many):
        u, gain, load = s.stop[0, i], s.gain[0, i] - fines, s.goods[0, i]
        d = gain + s.extra[u, t, 0] + fine(s, lr - load) + fine(s, lt + load)
        if d < best:
            best, one, two, to = d, i, -1, s.place[u, t, 0]
        for j in range(others):
            more = s.goods[1, j] - load
            bound = gain + s.gain[1, j] + fine(s, lr + more) + fine(s, lt - more)
            if bound < best:
                v = s.stop[1, j]
                cost_u, at_u = _without(s, u, v, t)
                if bound + cost_u < best:
                    cost_v, at_v = _without(s, v, u, r)
                    d = bound + cost_u + cost_v
                    if d < best:
                        best, one, two, to, back = d, i, j, at_u, at_v
    for j in range(others):
        v, load = s.stop[1, j], s.goods[1, j]
        d = s.gain[1, j] + s.extra[v, r, 0] + fine(s, lr + load) + fine(s, lt - load) - fines
        if d < best:
            best, one, two, back = d, -1, j, s.place[v, r, 0]
    if one < 0 and two < 0:
        return False
    if one >= 0:
        unlink(s, s.stop[0, one])
    if two >= 0:
        unlink(s, s.stop[1, two])
    if one >= 0:
        link(s, s.stop[0, one], to)
    if two >= 0:
        link(s, s.stop[1, two], back)
    s.count[0] += 1
    refresh(s, r)
    refresh(s, t)
    return True


@outlined
def _look_around(s):  # type: ignore[no-untyped-def]
    """Note which routes each stop has neighbours in, and which routes are near each other."""
    s.beside[:, :] = False
    s.close[:, :] = False
    for u in s.order:
        for k in range(min(BESIDE, s.near.shape[1])):
            v = s.near[u, k]
            if v == 0:
                break
            s.close[u, s.route[v]] = s.beside[s.route[u], s.route[v]] = True


@part
def _due(s, r, t, last, loop):  # type: ignore[no-untyped-def]
    """Tell whether an exchange between two routes may improve the plan: one is new, or has changed since `last`."""
    return max(s.changed[r], s.changed[t]) > last or (loop == 0 and (s.rest[r] == 0 or s.rest[r] != s.rest[t]))


@part
def _empty(s):  # type: ignore[no-untyped-def]
    """Return the depot of an empty route, if there is one."""
    for r in range(len(s.load)):
        if s.size[r] == 0:
            return np.uint32(len(s.demand) + r)
    return NOBODY


@outlined
def descend(s):  # type: ignore[no-untyped-def]
    """Exchange until nothing improves the plan any more; routes that rest are tried once they have changed."""
    n, G = len(s.demand) - 1, s.near.shape[1]
    routes, moved = len(s.load), False
    s.count[0] += 1
    s.tested[:] = s.count[0]
    s.paired[:, :] = s.count[0]
    loop, searching = 0, True
    limit = s.count[0] + PATIENCE * n
    while searching and s.count[0] < limit:
        # Moves to an empty route are tried from the second time on.
        searching = loop == 0
        for u in s.order:
            last = s.tested[u]
            s.tested[u] = s.count[0]
            # One call for all places, which is inlined: a call hands over every array of the plan.
            for j in range(2 * G + 1):
                if j == 2 * G:
                    v = _empty(s) if loop > 0 and s.size[s.route[u]] > 1 else NOBODY
                elif j % 2 == 0:
                    v = s.near[u, j // 2]
                    v = v if v > 0 and _due(s, s.route[u], s.route[v], last, loop) else NOBODY
                else:
                    v = s.prv[v] if v > 0 and not moved and s.prv[v] > n else NOBODY
                if v > 0:
                    moved = exchange(s, u, v)
                    searching |= moved
        _look_around(s)
        for r in range(routes):
            for t in range(r):
                if (s.beside[r, t] or s.beside[t, r]) and s.size[r] > 0 and s.size[t] > 0:
                    last = s.paired[r, t]
                    s.paired[r, t] = s.count[0]
                    if _due(s, r, t, last, loop):
                        searching |= swap_star(s, r, t)
        loop += 1
