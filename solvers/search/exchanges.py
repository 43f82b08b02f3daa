"""Exchanges of stops and of route ends between the routes of one plan, at a price of overload.

Vidal 2022 ("Hybrid genetic search for the CVRP: open-source implementation and SWAP* neighborhood"): relocate and swap
of one or two stops, 2-opt and 2-opt*. Deviations: legs may be asymmetric, so that reversed stretches are priced by sums
of their reversed legs; of all exchanges around two stops the best is made, not the first.
"""

from typing import Any, NamedTuple

from vrp.solvers.search.jit import outlined, part

LEAST = 1e-7
"""Improvements below this share of the mean leg are rounding."""


class Tours(NamedTuple):
    """The routes of one plan. Nodes are 0 (unused), stops 1..n, and one sentinel per route, n + 1 ..., its depot."""

    leg: Any
    """[n + 1, n + 1] cost of the leg between two stops; row 0 begins at the depot (with the price of a vehicle),
    column 0 ends at it."""
    demand: Any
    """[n + 1]"""
    near: Any
    """[n + 1, G] nearest neighbours, 0 where there are fewer."""
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
    into: Any
    """[M] cost of the leg into the node."""
    onto: Any
    """[M] cost of the leg from it."""
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
    rest: Any
    """[R] routes with the same number above 0 have no exchange among them that would improve the plan."""
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
    stop: Any
    """[2, n] scratch of SWAP*: the stops of both routes."""
    gain: Any
    """[2, n] change of cost when they leave their route."""
    goods: Any
    """[2, n] their demand."""
    beside: Any
    """[R, R] whether two routes have stops near each other."""
    close: Any
    """[n + 1, R] whether a stop has near neighbours in a route."""
    order: Any
    """[n] the stops in the order in which they are tried."""
    count: Any
    """[1] number of changes so far."""
    money: Any
    """[4] capacity, price per unit above it, least improvement, highest price."""


@part
def fine(s, load):  # type: ignore[no-untyped-def]
    """Price of the overload of a route."""
    return s.money[1] * max(load - s.money[0], 0.0)


@part
def unlink(s, u):  # type: ignore[no-untyped-def]
    """Take u off its route."""
    p, x = s.prv[u], s.nxt[u]
    s.nxt[p] = x
    s.prv[x] = p


@part
def link(s, u, v):  # type: ignore[no-untyped-def]
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
        cost = s.leg[s.at[i], s.at[q]]
        s.onto[i] = s.into[q] = cost
        turn += s.leg[s.at[q], s.at[i]] - cost
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
        unlink(s, u)
        if move in (2, 3, 5, 6):
            unlink(s, x)
        if move >= 4:
            unlink(s, v)
            if move == 6:
                unlink(s, y)
            link(s, v, p)
            if move == 6:
                link(s, y, v)
            link(s, u, b)
            if move != 4:
                link(s, x, u)
        elif move == 3:
            link(s, x, v)
            link(s, u, x)
        else:
            link(s, u, v)
            if move == 2:
                link(s, x, u)
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


@part
def exchange(s, u, v):  # type: ignore[no-untyped-def]
    """Make the best exchange around stop u and node v if it improves the plan; tell whether one was made."""
    fines = 0.0
    if s.route[u] != s.route[v]:
        fines = fine(s, s.load[s.route[u]]) + fine(s, s.load[s.route[v]])
    best, move = -s.money[2], 0
    if v != s.prv[u]:
        best, move = _of_one(s, u, v, fines, best, move)
        if s.nxt[u] < len(s.demand) and v != s.nxt[u]:
            best, move = _of_two(s, u, v, fines, best, move)
    best, move = _of_ends(s, u, v, fines, best, move)
    if move == 0:
        return False
    _relink(s, u, v, move)
    return True


@part
def _fined(s, u, v, more, fines):  # type: ignore[no-untyped-def]
    """Change of the price of overload when the route of v gets `more` load from that of u."""
    r, t = s.route[u], s.route[v]
    return 0.0 if r == t else fine(s, s.load[r] - more) + fine(s, s.load[t] + more) - fines


@part
def _of_one(s, u, v, fines, best, move):  # type: ignore[no-untyped-def]
    """1: u behind v; 4: u and v change places."""
    leg, at = s.leg, s.at
    P, X, V, Y = at[s.prv[u]], at[s.nxt[u]], at[v], at[s.nxt[v]]
    out = s.into[u] + s.onto[u]
    d = leg[P, X] - out + leg[V, u] + leg[u, Y] - s.onto[v] + _fined(s, u, v, s.demand[u], fines)
    if d < best:
        best, move = d, 1
    if v < len(s.demand) and v != s.nxt[u]:
        B = at[s.prv[v]]
        d = leg[P, v] + leg[v, X] - out + leg[B, u] + leg[u, Y] - s.into[v] - s.onto[v]
        d += _fined(s, u, v, s.demand[u] - s.demand[v], fines)
        if d < best:
            best, move = d, 4
    return best, move


@part
def _of_two(s, u, v, fines, best, move):  # type: ignore[no-untyped-def]
    """U and x behind v, 2 as they are or 3 turned; they change places 5 with v or 6 with v and y."""
    n, leg, at = len(s.demand) - 1, s.leg, s.at
    x, y = s.nxt[u], s.nxt[v]
    z = s.nxt[x]
    P, Z, V, Y = at[s.prv[u]], at[z], at[v], at[y]
    load = s.demand[u] + s.demand[x]
    out = s.into[u] + s.onto[x]
    moved = leg[P, Z] - out - s.onto[v] + _fined(s, u, v, load, fines)
    d = moved + leg[V, u] + leg[x, Y]
    if d < best:
        best, move = d, 2
    d = moved - s.onto[u] + leg[V, x] + leg[x, u] + leg[u, Y]
    if d < best:
        best, move = d, 3
    if v <= n and v != z:
        B = at[s.prv[v]]
        d = leg[P, v] + leg[v, Z] - out + leg[B, u] + leg[x, Y] - s.into[v] - s.onto[v]
        d += _fined(s, u, v, load - s.demand[v], fines)
        if d < best:
            best, move = d, 5
        if y <= n and y != s.prv[u]:
            W = at[s.nxt[y]]
            d = leg[P, v] + leg[y, Z] - out + leg[B, u] + leg[x, W] - s.into[v] - s.onto[y]
            d += _fined(s, u, v, load - s.demand[v] - s.demand[y], fines)
            if d < best:
                best, move = d, 6
    return best, move


@part
def _of_ends(s, u, v, fines, best, move):  # type: ignore[no-untyped-def]
    """7: the stretch between u and v turned; two routes exchange their ends, 9 as they are or 8 turned."""
    leg, at = s.leg, s.at
    r, t, x, y = s.route[u], s.route[v], s.nxt[u], s.nxt[v]
    V, X, Y = at[v], at[x], at[y]
    cut = s.onto[u] + s.onto[v]
    if r == t:
        if s.rank[u] < s.rank[v] and x != v:
            d = leg[u, V] + leg[X, Y] - cut + s.turn[v] - s.turn[x]
            if d < best:
                best, move = d, 7
        return best, move
    load_u, load_v, both = s.upto[u], s.upto[v], s.load[r] + s.load[t]
    d = leg[u, Y] + leg[V, X] - cut - fines
    d += fine(s, load_u + s.load[t] - load_v) + fine(s, load_v + s.load[r] - load_u)
    if d < best:
        best, move = d, 9
    # Turned, the depot's legs of both stretches are part of `turn`.
    d = leg[u, V] + leg[X, Y] - cut - fines + s.turn[v] + fine(s, load_u + load_v) + fine(s, both - load_u - load_v)
    d += s.turned[r] - s.turn[x] if x < len(s.demand) else 0.0
    if d < best:
        best, move = d, 8
    return best, move
