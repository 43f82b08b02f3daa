"""Where routes halt: a client that needs a halt is put somewhere together with the cheapest one that does.

The new halt stands anywhere between the halts before and behind the client (`stretch.py`), of which one may leave
for it.
"""

import math
from typing import Any

from vrp.solvers.search.aims import opens
from vrp.solvers.search.halts import Halts, unused
from vrp.solvers.search.jit import dispatch, has_a, outlined, outlined_dispatch, part
from vrp.solvers.search.loads import bears_chain, fits, holds
from vrp.solvers.search.network import leg
from vrp.solvers.search.plan import gain, may, put, take, unit, within
from vrp.solvers.search.stretch import one_halt, two_halts
from vrp.solvers.search.trips import DISTANCE, NOBODY, NONE, RELEASE, TWO, lasts_for, longer
from vrp.solvers.search.work import PUT, TAKEN, note

BESIDE = 15
"""Neighbours of a client beside which halts are tried."""
GONE, FIRST, SECOND = 0, 1, 3
"""Where `chosen` begins: the halt that leaves; the first and the second that come, the node before each behind it."""


def halting(
    net: Any, loads: Any, times: Any, fleet: Any, mix: Any, reach: Any, plan: Any, near: Any,
    c: int, cost: float, p: int, r: int,
) -> tuple[float, int, int]:  # fmt: skip
    """Return the cheapest place for client c with halts, or what is given if that is cheaper.

    Cost, node before it, and route; `put_halts` then puts the halts that go with it.
    """
    raise NotImplementedError("compiled only")


def put_halts(
    net: Any, loads: Any, fleet: Any, mix: Any, reach: Any, plan: Any, work: Any, r: int, logged: int, i: int, j: int
) -> tuple[int, float, int, int]:
    """Put the halts that were found with the last place of a client into route r, which has changed from node i to j.

    Returns the length of the log, the change of cost, and from where to where the route has changed now.
    """
    raise NotImplementedError("compiled only")


@part
def _choose(plan, g, x, p, y, q):  # type: ignore[no-untyped-def]
    """Note that halt g leaves, x comes behind node p, and y behind node q."""
    chosen = plan.halts.chosen
    chosen[GONE], chosen[FIRST], chosen[FIRST + 1], chosen[SECOND], chosen[SECOND + 1] = g, x, p, y, q


@part
def _beside(net, loads, times, fleet, mix, reach, plan, r, p, c, best, short):  # type: ignore[no-untyped-def]
    """Return the least cost below `best` of client c behind node p of route r with a halt before or behind it.

    `short` tells that the battery would not last.
    """
    halts, q, per = plan.halts, plan.nxt[p], unit(mix, fleet, r)
    near, chain = halts.near, halts.chain
    fixed = fleet.fixed[fleet.kind[r]] if plan.size[r] == 0 else 0.0
    high = near.shape[1] if short else near.shape[1] // 2
    for k in range(high):
        x = unused(plan, near[c, k]) if near[c, k] >= 0 else -1
        if x < 0 or not may(mix, fleet, r, x):
            continue
        for side in range(2):
            a, b = (x, c) if side == 0 else (c, x)
            delta = leg(net, r, p, a) + leg(net, r, a, b) + leg(net, r, b, q) - plan.ahead[p]
            cost = per * delta - gain(mix, fleet, r, c) + fixed
            if cost >= best or not within(reach, r, delta):
                continue
            chain[0], chain[1] = a, b
            if bears_chain(loads, r, p, chain, TWO, q):
                cost += longer(times, net, plan, r, p, chain, TWO, q, NONE)
                if cost < best:
                    best = cost
                    _choose(plan, NOBODY, x, p if side == 0 else c, NOBODY, NOBODY)
    return best


@outlined
def _around(net, loads, times, fleet, mix, reach, plan, r, p, c, best, short):  # type: ignore[no-untyped-def]
    """As `_beside`, with a halt anywhere between the ones before and behind, of which one may leave; or with two."""
    halts = plan.halts
    high = halts.near.shape[1] if short else halts.near.shape[1] // 2
    cost, x, at = one_halt(net, loads, times, fleet, mix, reach, plan, r, p, c, NOBODY, high, best)
    if x >= 0:
        best = cost
        _choose(plan, NOBODY, x, at, NOBODY, NOBODY)
    if short:
        cost, x, at, y, behind = two_halts(net, loads, times, fleet, mix, reach, plan, r, p, c, best)
        if x >= 0:
            best = cost
            _choose(plan, NOBODY, x, at, y, behind)
    for side in range(2):
        g = p if side == 0 else plan.nxt[p]
        while g < plan.locations and halts.depot[g] < 0:
            g = plan.prv[g] if side == 0 else plan.nxt[g]
        if g < plan.locations:
            cost, x, at = one_halt(net, loads, times, fleet, mix, reach, plan, r, p, c, g, high, best)
            if x >= 0:
                best = cost
                _choose(plan, g, x, at, NOBODY, NOBODY)
    return best


@part
def _keep(plan, cost, p, r, short, kept):  # type: ignore[no-untyped-def]
    """Keep a place among the cheapest ones; return how many there are."""
    costs, gaps = plan.halts.costs, plan.halts.gaps
    if kept == len(costs) and cost >= costs[kept - 1]:
        return kept
    k = min(kept, len(costs) - 1)
    while k > 0 and costs[k - 1] > cost:
        costs[k] = costs[k - 1]
        for x in range(3):
            gaps[k, x] = gaps[k - 1, x]
        k -= 1
    costs[k], gaps[k, 0], gaps[k, 1], gaps[k, 2] = cost, p, r, short
    return min(kept + 1, len(costs))


@part
def _look(net, loads, times, fleet, mix, reach, plan, r, p, c, best, kept):  # type: ignore[no-untyped-def]
    """As `_beside`, where a halt could be of use: it costs something, and must heal something. Keep the place if so."""
    q = plan.nxt[p]
    to, on = leg(net, r, p, c), leg(net, r, c, q)
    cost = unit(mix, fleet, r) * (to + on - plan.ahead[p]) - gain(mix, fleet, r, c)
    if plan.size[r] == 0:
        cost += fleet.fixed[fleet.kind[r]]
    if cost >= best:
        return best, kept
    short = not lasts_for(times, r, times.head[p, DISTANCE] + to + on + times.tail[q, DISTANCE])
    heavy = not holds(loads, r, p, c, q)
    late = max(times.head[p, RELEASE], times.release[c], times.tail[q, RELEASE]) > 0.0
    if short or heavy or late:
        kept = _keep(plan, cost, p, r, int(short), kept)
    if short or heavy or late:
        best = _beside(net, loads, times, fleet, mix, reach, plan, r, p, c, best, short)
    return best, kept


def _halting(net, loads, times, fleet, mix, reach, plan, near, c, cost, p, r):  # type: ignore[no-untyped-def]
    halts = plan.halts
    _choose(plan, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY)
    best, at, on, kept = cost if p >= 0 else math.inf, p, r, NONE
    beside = min(near.shape[1], BESIDE)
    for k in range(beside + len(plan.size)):
        if k < beside:
            w = near[c, k]
            s = plan.route[w] if w >= 0 else -1
        else:
            # Any vehicle may have time at its ends for another trip; of the unused ones, one of each type.
            s = k - beside
            w = plan.locations + s
            kind = fleet.kind[s]
            if plan.size[s] == 0 and (
                halts.electric == 0
                or not opens(plan, fleet)
                or s != fleet.free[fleet.begin[kind] + fleet.top[kind] - 1]
            ):
                continue
        if s < 0 or not fits(loads, s, c) or not may(mix, fleet, s, c):
            continue
        for i in (w, plan.prv[w]):
            cost, kept = _look(net, loads, times, fleet, mix, reach, plan, s, i, c, best, kept)
            if cost < best:
                best, at, on = cost, i, s
    for k in range(kept):
        if halts.costs[k] >= best:
            break
        i, s, short = halts.gaps[k, 0], halts.gaps[k, 1], halts.gaps[k, 2] == 1
        cost = _around(net, loads, times, fleet, mix, reach, plan, s, i, c, best, short)
        if cost < best:
            best, at, on = cost, i, s
    return best, at, on


def _put(net, loads, fleet, mix, reach, plan, work, r, logged, i, j):  # type: ignore[no-untyped-def]
    chosen, h, delta = plan.halts.chosen, plan.locations + r, 0.0
    if chosen[FIRST] < 0:
        return logged, delta, i, j
    g = chosen[GONE]
    if g >= 0:
        p = plan.prv[g]
        delta += take(net, loads, fleet, mix, reach, plan, g)
        logged = note(work, logged, TAKEN, g, p, r)
    for k in range(FIRST, SECOND + 1, 2):
        x, p = chosen[k], chosen[k + 1]
        if x >= 0:
            delta += put(net, loads, fleet, mix, reach, plan, x, p, r)
            logged = note(work, logged, PUT, x, p, r)
    return logged, delta, plan.nxt[h], plan.prv[h]


@outlined_dispatch(halting)
def _halting_somewhere(
    net: Any, loads: Any, times: Any, fleet: Any, mix: Any, reach: Any, plan: Any, near: Any,
    c: Any, cost: Any, p: Any, r: Any,
) -> Any:  # fmt: skip
    return _halting if has_a(plan, "halts", Halts) else None


@dispatch(halting)
def _halting_nowhere(
    net: Any, loads: Any, times: Any, fleet: Any, mix: Any, reach: Any, plan: Any, near: Any,
    c: Any, cost: Any, p: Any, r: Any,
) -> Any:  # fmt: skip
    if has_a(plan, "halts", Halts):
        return None
    return lambda net, loads, times, fleet, mix, reach, plan, near, c, cost, p, r: (cost, p, r)


@outlined_dispatch(put_halts)
def _put_some(
    net: Any, loads: Any, fleet: Any, mix: Any, reach: Any, plan: Any, work: Any, r: Any, logged: Any, i: Any, j: Any
) -> Any:
    return _put if has_a(plan, "halts", Halts) else None


@dispatch(put_halts)
def _put_none(
    net: Any, loads: Any, fleet: Any, mix: Any, reach: Any, plan: Any, work: Any, r: Any, logged: Any, i: Any, j: Any
) -> Any:
    if has_a(plan, "halts", Halts):
        return None
    return lambda net, loads, fleet, mix, reach, plan, work, r, logged, i, j: (logged, 0.0, i, j)
