"""Stretches of a route, from one halt or its start to the next or its end, and the cheapest halts on them.

Places are passed over by what they cost and how far the battery lasts; those that remain are tested along the nodes of
the stretch, with everything else known (`trips.detour`).
"""

from vrp.solvers.search.halts import unused
from vrp.solvers.search.jit import outlined, part
from vrp.solvers.search.loads import bears_chain
from vrp.solvers.search.network import leg
from vrp.solvers.search.plan import gain, may, unit, within
from vrp.solvers.search.trips import DISTANCE, NOBODY, NONE, ONE, charges, lasts_for, longer


@part
def _add(net, plan, r, m, n):  # type: ignore[no-untyped-def]
    """Append node n to the line, which m nodes follow the first of."""
    line, far = plan.halts.line, plan.halts.far
    far[m + 1] = far[m] + leg(net, r, line[m], n)
    line[m + 1] = n
    return m + 1


@part
def _line(net, plan, r, p, c, g):  # type: ignore[no-untyped-def]
    """Write the nodes from the halt before node p of route r to the one behind it, with client c behind p, without g.

    Either may be -1. Returns how many nodes follow the first one, and how far they are in the route as it is.
    """
    depot, i = plan.halts.depot, p
    while i < plan.locations and (depot[i] < 0 or i == g):
        i = plan.prv[i]
    plan.halts.line[0], plan.halts.far[0] = i, 0.0
    m, before = 0, 0.0
    while True:
        if i == p and c >= 0:
            m = _add(net, plan, r, m, c)
        before += plan.ahead[i]
        i = plan.nxt[i]
        if i == g:
            continue
        m = _add(net, plan, r, m, i)
        if i >= plan.locations or depot[i] >= 0:
            return m, before


@part
def _with(plan, m, t, x, u, y):  # type: ignore[no-untyped-def]
    """Write the nodes of the line between its first and its last one to the chain, with halts behind two of them.

    Halt x behind the t-th, if t is none of them there is none; and y behind the u-th. Returns how many nodes there are.
    """
    line, chain, many = plan.halts.line, plan.halts.chain, 0
    for k in range(m):
        if k > 0:
            chain[many] = line[k]
            many += 1
        if k in (t, u):
            chain[many] = x if k == t else y
            many += 1
    return many


@part
def _looks(line, t, c, n):  # type: ignore[no-untyped-def]
    """Return the client beside which places are tried between the t-th node of the line and the next.

    Client c if it is one of the two, else the first of them that is a client; n, how many locations there are, if none.
    """
    i, j = line[t], line[t + 1]
    return j if j == c or (i >= n and j < n) else min(i, n)


@outlined
def _cheapest(  # type: ignore[no-untyped-def]
    net, loads, times, fleet, mix, reach, plan, r, c, m, t, x, since, delta, base, high, fewer, best
):
    """Return the cheapest halt below `best` behind the t-th node of a stretch of m nodes that halts at x behind that.

    Its cost, the halt (-1 if there is none) and the node before it. Where t is -1 there is no x, and the halt may be
    anywhere; else it is behind client c. `since` is the way from the last charge to node t + 1, `delta` the longer way
    so far, `base` what all that costs.
    """
    halts = plan.halts
    line, far, near = halts.line, halts.far, halts.near
    first, last, per = line[0], line[m], unit(mix, fleet, r)
    found, at, come = -1, -1, t < 0
    for u in range(t + 1, m):
        i, j, left = line[u], line[u + 1], far[m] - far[u + 1] + times.tail[last, DISTANCE]
        until = since + far[u] - far[t + 1]
        if not lasts_for(times, r, until):
            break
        come = come or i == c
        w = _looks(line, u, c, len(near))
        if not come or w >= len(near) or not lasts_for(times, r, left):
            continue
        for k in range(high):
            place = near[w, k]
            if place < 0:
                continue
            y = halts.begin[place]
            to, on = leg(net, r, i, y), leg(net, r, y, j)
            more = to + on - (far[u + 1] - far[u])
            cost = base + per * more
            if cost >= best or not may(mix, fleet, r, y) or not within(reach, r, delta + more):
                continue
            if charges(times, r, y):
                if not lasts_for(times, r, until + to) or not lasts_for(times, r, on + left):
                    continue
            elif not lasts_for(times, r, until + to + on + left):
                continue
            if t >= 0:
                plan.route[x] = r
            y = unused(plan, place)
            if t >= 0:
                plan.route[x] = -1
            if y < 0:
                continue
            many = _with(plan, m, t, x, u, y)
            if bears_chain(loads, r, first, halts.chain, many, last):
                cost += longer(times, net, plan, r, first, halts.chain, many, last, fewer)
                if cost < best:
                    best, found, at = cost, y, i
    return best, found, at


@part
def _base(net, fleet, mix, plan, r, p, c, g):  # type: ignore[no-untyped-def]
    """Write the line; return how many nodes follow its first one, how much longer it is than now, and its price."""
    m, before = _line(net, plan, r, p, c, g)
    delta = plan.halts.far[m] - before
    base = unit(mix, fleet, r) * delta
    if c >= 0:
        base -= gain(mix, fleet, r, c)
        if plan.size[r] == 0:
            base += fleet.fixed[fleet.kind[r]]
    return m, delta, base


@outlined
def one_halt(net, loads, times, fleet, mix, reach, plan, r, p, c, g, high, best):  # type: ignore[no-untyped-def]
    """Return the cheapest halt below `best` on the stretch of node p, client c behind it and without halt g (or -1).

    Its cost with all of that, the halt (-1 if there is none) and the node before it. Of the places near a client, the
    first `high` ones are tried.
    """
    m, delta, base = _base(net, fleet, mix, plan, r, p, c, g)
    if base >= best:
        return best, NOBODY, NOBODY
    fewer = NONE
    if g >= 0 and plan.halts.reload[g]:
        fewer = ONE
    begin = times.head[plan.halts.line[0], DISTANCE]
    return _cheapest(
        net, loads, times, fleet, mix, reach, plan, r, c, m, NOBODY, NOBODY, begin, delta, base, high, fewer, best
    )


@outlined
def two_halts(net, loads, times, fleet, mix, reach, plan, r, p, c, best):  # type: ignore[no-untyped-def]
    """Return the cheapest two halts below `best` on the stretch of node p, with client c behind it and between them.

    Their cost with all of that, and each with the node before it; -1 if there are none.
    """
    line, far, near = plan.halts.line, plan.halts.far, plan.halts.near
    m, delta, base = _base(net, fleet, mix, plan, r, p, c, NOBODY)
    high, per, begin = near.shape[1], unit(mix, fleet, r), times.head[line[0], DISTANCE]
    found, at, other, behind = -1, -1, -1, -1
    for t in range(m):
        i, until = line[t], begin + far[t]
        if i == c or not lasts_for(times, r, until):
            break
        w = _looks(line, t, c, len(near))
        if w >= len(near):
            continue
        for k in range(high):
            x = unused(plan, near[w, k]) if near[w, k] >= 0 else -1
            if x < 0 or not may(mix, fleet, r, x):
                continue
            to, on = leg(net, r, i, x), leg(net, r, x, line[t + 1])
            more = to + on - (far[t + 1] - far[t])
            cost = base + per * more
            if cost >= best or not lasts_for(times, r, until + to) or not within(reach, r, delta + more):
                continue
            since = on if charges(times, r, x) else until + to + on
            best, y, after = _cheapest(
                net, loads, times, fleet, mix, reach, plan, r, c, m, t, x, since, delta + more, cost, high, NONE, best
            )
            if y >= 0:
                found, at, other, behind = x, i, y, after
    return best, found, at, other, behind
