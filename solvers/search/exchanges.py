"""Local search on the routes of one plan: exchanges of stops and of route ends, at a price of overload.

The neighbourhoods of Vidal 2022 ("Hybrid genetic search for the CVRP: open-source implementation and SWAP*
neighborhood", sections 3.2 and 3.3): relocate and swap of one or two stops, 2-opt, 2-opt*, and SWAP* between two routes.
Deviations: legs may be asymmetric, so that reversed stretches are priced by sums of their reversed legs; of all
exchanges around two stops the best is made, not the first; two routes are tried with SWAP* where a stop of one is among
the nearest neighbours of a stop of the other, which needs no coordinates.
"""

import math
from typing import Any, NamedTuple

from vrp.solvers.search.jit import outlined, part

BESIDE = 10
"""Nearest neighbours of a stop whose routes are tried with SWAP*."""
LEAST = 1e-7
"""Improvements below this share of the mean leg are rounding."""
PATIENCE = 100
"""Exchanges per stop after which a descent ends: far more than any needs, should rounding ever make one go in circles."""


class Tours(NamedTuple):
    """The routes of one plan. Nodes are 0 (unused), stops 1..n, and one sentinel per route, n + 1 ..., its depot."""

    leg: Any
    """[n + 1, n + 1] cost of the leg between two stops; row 0 begins at the depot (with the price of a vehicle),
    column 0 ends at it."""
    demand: Any
    """[n + 1]"""
    near: Any
    """[n + 1, G] nearest neighbours, -1 where there are fewer."""
    at: Any
    """[M] row of a node in `leg`: itself, or 0."""
    prv: Any
    """[M]"""
    nxt: Any
    """[M]"""
    route: Any
    """[M]"""
    rank: Any
    """[M] position in the route, 0 for the depot."""
    upto: Any
    """[M] load from the depot to the node."""
    turn: Any
    """[M] how much longer the route is from the depot to the node when driven backward."""
    load: Any
    """[R]"""
    turned: Any
    """[R] `turn` of the whole route."""
    size: Any
    """[R]"""
    changed: Any
    """[R] number of the route's last change."""
    tested: Any
    """[M] number of the last change when the exchanges around a stop were tried."""
    paired: Any
    """[R, R] number of the last change when SWAP* of two routes was tried."""
    place: Any
    """[n + 1, R, 3] the three cheapest places of a stop in a route: nodes before them."""
    extra: Any
    """[n + 1, R, 3] what they cost."""
    placed: Any
    """[n + 1, R] number of the last change when they were looked up."""
    beside: Any
    """[R, R] whether two routes have stops near each other."""
    order: Any
    """[n] the stops in the order in which they are tried."""
    count: Any
    """[1] number of changes so far."""
    money: Any
    """[4] capacity, price per unit above it, least improvement, highest price."""


@part
def _fine(s, load):  # type: ignore[no-untyped-def]
    """Price of the overload of a route."""
    return s.money[1] * max(load - s.money[0], 0.0)


@part
def _unlink(s, u):  # type: ignore[no-untyped-def]
    p, x = s.prv[u], s.nxt[u]
    s.nxt[p] = x
    s.prv[x] = p


@part
def _link(s, u, v):  # type: ignore[no-untyped-def]
    """Put u behind v."""
    y = s.nxt[v]
    s.nxt[v] = u
    s.prv[u] = v
    s.nxt[u] = y
    s.prv[y] = u


@outlined
def refresh(s, r):  # type: ignore[no-untyped-def]
    """Recompute what follows from the order of the stops of a route."""
    h = len(s.demand) + r
    load, turn, rank = 0.0, 0.0, 0
    i = h
    s.upto[h], s.turn[h], s.rank[h], s.route[h] = 0.0, 0.0, 0, r
    while True:
        q = s.nxt[i]
        turn += s.leg[s.at[q], s.at[i]] - s.leg[s.at[i], s.at[q]]
        if q == h:
            break
        rank += 1
        load += s.demand[q]
        s.upto[q], s.turn[q], s.rank[q], s.route[q] = load, turn, rank, r
        i = q
    s.load[r], s.turned[r], s.size[r] = load, turn, rank
    s.changed[r] = s.count[0]


@outlined
def _relink(s, u, v, move):  # type: ignore[no-untyped-def]
    """Make one of the exchanges around u and v."""
    p, x, b = s.prv[u], s.nxt[u], s.prv[v]
    if move == 7:
        _turn(s, u, x, v, s.nxt[v])
    elif move >= 8:
        _cut(s, u, v, move)
    else:
        y = s.nxt[v]
        _unlink(s, u)
        if move in (2, 3, 5, 6):
            _unlink(s, x)
        if move >= 4:
            _unlink(s, v)
            if move == 6:
                _unlink(s, y)
            _link(s, v, p)
            if move == 6:
                _link(s, y, v)
            _link(s, u, b)
            if move != 4:
                _link(s, x, u)
        elif move == 3:
            _link(s, x, v)
            _link(s, u, x)
        else:
            _link(s, u, v)
            if move == 2:
                _link(s, x, u)
    r, t = s.route[u], s.route[v]
    s.count[0] += 1
    refresh(s, r)
    if t != r:
        refresh(s, t)


@part
def _turn(s, u, x, v, y):  # type: ignore[no-untyped-def]
    """Reverse the stretch from x to v between u and y."""
    i, before = x, y
    while True:
        following = s.nxt[i]
        s.nxt[i] = before
        s.prv[before] = i
        before = i
        if i == v:
            break
        i = following
    s.nxt[u] = v
    s.prv[v] = u


@part
def _cut(s, u, v, move):  # type: ignore[no-untyped-def]
    """Exchange the ends of two routes: 9 as they are; 8 with u joined to v, and what follows both to each other."""
    n = len(s.demand) - 1
    hu, hv = n + 1 + s.route[u], n + 1 + s.route[v]
    x, y = s.nxt[u], s.nxt[v]
    if move == 9:
        last_u, last_v = s.prv[hu], s.prv[hv]
        _join(s, u, hu, y, hv, last_v)
        _join(s, v, hv, x, hu, last_u)
        return
    # The first route goes on from u backward from v; the second is what followed u, backward, and then what followed v.
    i, at = v, u
    while i != hv:
        before = s.prv[i]
        s.nxt[at] = i
        s.prv[i] = at
        at = i
        i = before
    tail, last = y, s.prv[hv] if y != hv else hv
    back, i = hv, s.prv[hu] if x != hu else hu
    s.nxt[at] = hu
    s.prv[hu] = at
    while i != hu:
        before = s.prv[i] if i != x else hu
        s.nxt[back] = i
        s.prv[i] = back
        back = i
        i = before
    s.nxt[back] = tail
    s.prv[tail] = back
    if tail != hv:
        s.nxt[last] = hv
        s.prv[hv] = last


@part
def _join(s, u, hu, y, hv, last):  # type: ignore[no-untyped-def]
    """Let u be followed by the stretch from y to `last` and then by its own depot; y is the other depot if empty."""
    if y == hv:
        s.nxt[u] = hu
        s.prv[hu] = u
    else:
        s.nxt[u] = y
        s.prv[y] = u
        s.nxt[last] = hu
        s.prv[hu] = last


@outlined
def exchange(s, u, v):  # type: ignore[no-untyped-def]
    """Make the best exchange around stop u and node v if it improves the plan; tell whether one was made."""
    n = len(s.demand) - 1
    leg, at = s.leg, s.at
    p, x, y = s.prv[u], s.nxt[u], s.nxt[v]
    r, t = s.route[u], s.route[v]
    U, V, P, X, Y = u, at[v], at[p], at[x], at[y]
    px, pu, ux, vy = leg[P, X], leg[P, U], leg[U, X], leg[V, Y]
    same = r == t
    lr, lt = s.load[r], s.load[t]
    fines = 0.0 if same else _fine(s, lr) + _fine(s, lt)
    qu = s.demand[u]
    best, move = -s.money[2], 0
    stop_x, stop_v, stop_y = x <= n, v <= n, y <= n
    if v != p:
        d = px - pu - ux + leg[V, U] + leg[U, Y] - vy
        if not same:
            d += _fine(s, lr - qu) + _fine(s, lt + qu) - fines
        if d < best:
            best, move = d, 1
        if stop_x and v != x:
            z = s.nxt[x]
            Z = at[z]
            qx = qu + s.demand[x]
            pz, xz = leg[P, Z], leg[X, Z]
            fine = 0.0
            if not same:
                fine = _fine(s, lr - qx) + _fine(s, lt + qx) - fines
            d = pz - pu - xz + leg[V, U] + leg[X, Y] - vy + fine
            if d < best:
                best, move = d, 2
            d = pz - pu - ux - xz + leg[V, X] + leg[X, U] + leg[U, Y] - vy + fine
            if d < best:
                best, move = d, 3
            if stop_v and v != z:
                b = s.prv[v]
                B = at[b]
                qv = s.demand[v]
                if not same:
                    fine = _fine(s, lr - qx + qv) + _fine(s, lt + qx - qv) - fines
                d = leg[P, V] + leg[V, Z] - pu - xz + leg[B, U] + leg[X, Y] - leg[B, V] - vy + fine
                if d < best:
                    best, move = d, 5
                if stop_y and y != p:
                    w = at[s.nxt[y]]
                    qy = qv + s.demand[y]
                    if not same:
                        fine = _fine(s, lr - qx + qy) + _fine(s, lt + qx - qy) - fines
                    d = leg[P, V] + leg[Y, Z] - pu - xz + leg[B, U] + leg[X, w] - leg[B, V] - leg[Y, w] + fine
                    if d < best:
                        best, move = d, 6
        if stop_v and v != x:
            B = at[s.prv[v]]
            qv = s.demand[v]
            d = leg[P, V] + leg[V, X] - pu - ux + leg[B, U] + leg[U, Y] - leg[B, V] - vy
            if not same:
                d += _fine(s, lr - qu + qv) + _fine(s, lt + qu - qv) - fines
            if d < best:
                best, move = d, 4
    if same:
        if s.rank[u] < s.rank[v] and x != v:
            d = leg[U, V] + leg[X, Y] - ux - vy + s.turn[v] - s.turn[x]
            if d < best:
                best, move = d, 7
    else:
        au, av = s.upto[u], s.upto[v]
        d = leg[U, Y] + leg[V, X] - ux - vy + _fine(s, au + lt - av) + _fine(s, av + lr - au) - fines
        if d < best:
            best, move = d, 9
        # Backward: the depot's legs of both stretches are part of `turn`.
        d = leg[U, V] + leg[X, Y] - ux - vy + s.turn[v] + _fine(s, au + av) + _fine(s, lr + lt - au - av) - fines
        d += s.turned[r] - s.turn[x] if stop_x else 0.0
        if d < best:
            best, move = d, 8
    if move == 0:
        return False
    _relink(s, u, v, move)
    return True


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
        cost = s.leg[s.at[i], u] + s.leg[u, s.at[q]] - s.leg[s.at[i], s.at[q]]
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
def _without(s, u, v):  # type: ignore[no-untyped-def]
    """Return the cheapest place of stop u in the route of v once v has left it: its cost and the node before."""
    r = s.route[v]
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
def _gain(s, u):  # type: ignore[no-untyped-def]
    """Change of cost when stop u leaves its route."""
    p, x = s.at[s.prv[u]], s.at[s.nxt[u]]
    return s.leg[p, x] - s.leg[p, u] - s.leg[u, x]


@outlined
def swap_star(s, r, t):  # type: ignore[no-untyped-def]
    """Make the best SWAP* (or relocation) between two routes if it improves the plan; tell whether one was made."""
    n = len(s.demand) - 1
    lr, lt = s.load[r], s.load[t]
    fines = _fine(s, lr) + _fine(s, lt)
    hr, ht = n + 1 + r, n + 1 + t
    u = s.nxt[hr]
    while u != hr:
        _look_up(s, u, t)
        u = s.nxt[u]
    v = s.nxt[ht]
    while v != ht:
        _look_up(s, v, r)
        v = s.nxt[v]
    best = -s.money[2]
    one, two, to, back = -1, -1, -1, -1
    u = s.nxt[hr]
    while u != hr:
        gain_u = _gain(s, u)
        d = gain_u + s.extra[u, t, 0] + _fine(s, lr - s.demand[u]) + _fine(s, lt + s.demand[u]) - fines
        if d < best:
            best, one, two, to = d, u, -1, s.place[u, t, 0]
        v = s.nxt[ht]
        while v != ht:
            more = s.demand[v] - s.demand[u]
            bound = gain_u + _gain(s, v) + _fine(s, lr + more) + _fine(s, lt - more) - fines
            if bound < best:
                cost_u, at_u = _without(s, u, v)
                if bound + cost_u < best:
                    cost_v, at_v = _without(s, v, u)
                    d = bound + cost_u + cost_v
                    if d < best:
                        best, one, two, to, back = d, u, v, at_u, at_v
            v = s.nxt[v]
        u = s.nxt[u]
    v = s.nxt[ht]
    while v != ht:
        d = _gain(s, v) + s.extra[v, r, 0] + _fine(s, lr + s.demand[v]) + _fine(s, lt - s.demand[v]) - fines
        if d < best:
            best, one, two, back = d, -1, v, s.place[v, r, 0]
        v = s.nxt[v]
    if one < 0 and two < 0:
        return False
    if one >= 0:
        _unlink(s, one)
    if two >= 0:
        _unlink(s, two)
    if one >= 0:
        _link(s, one, to)
    if two >= 0:
        _link(s, two, back)
    s.count[0] += 1
    refresh(s, r)
    refresh(s, t)
    return True


@outlined
def _pair_routes(s):  # type: ignore[no-untyped-def]
    """Note which routes have stops near each other."""
    s.beside[:, :] = False
    for u in s.order:
        for k in range(min(BESIDE, s.near.shape[1])):
            v = s.near[u, k]
            if v < 0:
                break
            s.beside[s.route[u], s.route[v]] = True


@outlined
def descend(s):  # type: ignore[no-untyped-def]
    """Exchange until nothing improves the plan any more."""
    n = len(s.demand) - 1
    routes = len(s.load)
    s.tested[:] = -1
    s.paired[:, :] = -1
    loop, searching = 0, True
    limit = s.count[0] + PATIENCE * n
    while searching and s.count[0] < limit:
        # Moves to an empty route are tried from the second time on.
        searching = loop == 0
        for u in s.order:
            last = s.tested[u]
            s.tested[u] = s.count[0]
            for k in range(s.near.shape[1]):
                v = s.near[u, k]
                if v < 0:
                    break
                if max(s.changed[s.route[u]], s.changed[s.route[v]]) > last:
                    if exchange(s, u, v):
                        searching = True
                        continue
                    if s.prv[v] > n and exchange(s, u, s.prv[v]):
                        searching = True
            if loop > 0:
                for r in range(routes):
                    if s.size[r] == 0:
                        if s.size[s.route[u]] > 1 and exchange(s, u, n + 1 + r):
                            searching = True
                        break
        _pair_routes(s)
        for r in range(routes):
            for t in range(r):
                if (s.beside[r, t] or s.beside[t, r]) and s.size[r] > 0 and s.size[t] > 0:
                    last = s.paired[r, t]
                    s.paired[r, t] = s.count[0]
                    if max(s.changed[r], s.changed[t]) > last and swap_star(s, r, t):
                        searching = True
        loop += 1
