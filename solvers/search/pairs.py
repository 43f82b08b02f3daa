"""Shipments: two stops on one vehicle, the pickup before its delivery. They are removed and put back together.

A pair is looked for beside the neighbours of its pickup, and its delivery from there to the end of the route, with the
exact time and load on the way: O(1) per place, where both are extended by one stop. As there is no better insertion of
a pair than the best of these, this is the exhaustive insertion of Ropke and Pisinger 2006 ("An adaptive large
neighborhood search heuristic for the pickup and delivery problem with time windows"), section 3.2, but for the limit to
neighbours and for blinks.
"""

import math
from typing import Any

from vrp.solvers.search.aims import bound, opens, weigh
from vrp.solvers.search.jit import dispatch, has_a, outlined, part
from vrp.solvers.search.network import leg
from vrp.solvers.search.peaks import Pairs, exceeds, extend, peak_between
from vrp.solvers.search.plan import gain, leave_bank, locked, may, take, unit, within
from vrp.solvers.search.walk import arrive, depart, hopeless, onward
from vrp.solvers.search.work import CALLED, TAKEN, note, uniform, until_blink

ENOUGH = 1000
"""Places that are looked at where there is none beside the neighbours."""


def mate(loads: Any, c: int) -> int:
    """Return the other end of client c's shipment, -1 if there is none."""
    raise NotImplementedError("compiled only")


def leads(loads: Any, c: int) -> bool:
    """Tell whether client c stands for its pair among the removed ones: pickups do, and so does who has no pair."""
    raise NotImplementedError("compiled only")


def take_mates(
    net: Any, loads: Any, fleet: Any, mix: Any, reach: Any, plan: Any, work: Any, since: int, logged: int, count: int
) -> tuple[int, int, float]:
    """Take off their route the mates of those that were taken since a place in the log.

    Returns the new length of the log, how many are removed now, and the change of cost, that of duration excepted.
    """
    raise NotImplementedError("compiled only")


def pair_position(
    net: Any, loads: Any, times: Any, fleet: Any, mix: Any, reach: Any, plan: Any, work: Any, near: Any, c: int
) -> tuple[float, int, int, int]:
    """Return the cheapest feasible place for the pair with pickup c: its cost, infinite if there is none, ...

    ... the node before the pickup, the node before the delivery (the pickup, where it comes next), and the route.
    """
    raise NotImplementedError("compiled only")


@dispatch(mate)
def _mate(loads: Any, c: Any) -> Any:
    if has_a(loads, "pairs", Pairs):
        return lambda loads, c: loads.pairs.mate[c]
    return lambda loads, c: -1


@dispatch(leads)
def _leads(loads: Any, c: Any) -> Any:
    if has_a(loads, "pairs", Pairs):
        return lambda loads, c: loads.pairs.leads[c]
    return lambda loads, c: True


@part
def call(loads, plan, work, c, count, logged):  # type: ignore[no-untyped-def]
    """Call client c and its mate from the bank; return how many are removed now and the new length of the log."""
    leave_bank(plan, c)
    logged = note(work, logged, CALLED, c, 0, 0)
    m = mate(loads, c)
    if m >= 0:
        leave_bank(plan, m)
        logged = note(work, logged, CALLED, m, 0, 0)
    work.removed[count] = c if leads(loads, c) else m
    return count + 1, logged


@outlined
def _take_mates(net, loads, fleet, mix, reach, plan, work, since, logged, count):  # type: ignore[no-untyped-def]
    delta = 0.0
    for k in range(since, logged):
        m = mate(loads, work.log[k, 1])
        if m < 0 or plan.route[m] < 0:
            continue
        p, r = plan.prv[m], plan.route[m]
        delta += take(net, loads, fleet, mix, reach, plan, m)
        logged = note(work, logged, TAKEN, m, p, r)
        if leads(loads, m):
            work.removed[count] = m
            count += 1
    return logged, count, delta


@dispatch(take_mates)
def _dispatch_take_mates(
    net: Any, loads: Any, fleet: Any, mix: Any, reach: Any, plan: Any, work: Any, since: Any, logged: Any, count: Any
) -> Any:
    if has_a(loads, "pairs", Pairs):
        return lambda net, loads, fleet, mix, reach, plan, work, since, logged, count: _take_mates(
            net, loads, fleet, mix, reach, plan, work, since, logged, count
        )
    return lambda net, loads, fleet, mix, reach, plan, work, since, logged, count: (logged, count, 0.0)


@part
def _fit(loads, mix, fleet, r, a, b):  # type: ignore[no-untyped-def]
    """Tell whether vehicle r can take both, by all that is known without a place on its route."""
    for k in range(loads.demand.shape[1]):
        if loads.load[r, k] + loads.demand[a, k] + loads.demand[b, k] > loads.capacity[r, k]:
            return False
    return may(mix, fleet, r, a) and may(mix, fleet, r, b)


@outlined
def _behind(net, loads, times, fleet, mix, reach, plan, work, r, p, a, b, more, best):  # type: ignore[no-untyped-def]
    """With pickup a behind node p of route r, return the least cost below `best` and the node before delivery b, or -1.

    `more` is what the pair costs there besides its detour and duration.
    """
    walk = loads.pairs.walk
    at, q, per = -1, plan.nxt[p], unit(mix, fleet, r)
    to, on = leg(net, r, p, a), leg(net, r, a, q)
    # The delivery's own detour is none below zero, but for ways past a stop that are longer than the way through it.
    first = to + on - plan.ahead[p]
    direct = to - plan.ahead[p] + leg(net, r, a, b)
    limit = bound(plan, r, best)
    if more + per * min(first, direct) >= limit or locked(plan.fixed, q):
        return best, at
    time, ok = onward(times, net, r, p, depart(times, p), a)
    extend(loads, loads.head, p, loads.own, a, walk, 0)
    if not ok or exceeds(loads, r, walk, 0):
        return best, at
    i = a
    while True:
        before = direct if i == a else first + leg(net, r, i, b) - plan.ahead[i]
        delta = before + leg(net, r, b, q)
        cost = more + per * delta
        work.clock[2] -= 1
        if work.clock[2] < 0:
            work.clock[2] = until_blink(work)
        elif cost < limit and within(reach, r, delta) and peak_between(loads, r, walk, 0, b, q):
            there, ok = onward(times, net, r, i, time, b)
            if ok:
                cost = weigh(plan, r, arrive(times, net, plan, r, p, a, i, b, there, q, cost, limit))
                if cost < best:
                    best, at = cost, i
                    limit = bound(plan, r, best)
        if q >= plan.locations or more + per * first >= limit:
            return best, at
        time, ok = onward(times, net, r, i, time, q)
        extend(loads, walk, 0, loads.own, q, walk, 0)
        if not ok or hopeless(times, net, r, i, time, q) or exceeds(loads, r, walk, 0):
            return best, at
        i = q
        q = plan.nxt[i]


@outlined
def _pair_unused(net, loads, times, fleet, mix, reach, plan, work, a, b, best):  # type: ignore[no-untyped-def]
    """Return the cheapest unused vehicle for a pair if it costs less than `best`: cost, place as in `pair_position`."""
    at, behind, on = -1, -1, -1
    if not opens(plan, fleet):
        return best, at, behind, on
    only = work.clock[3]
    while True:
        for k in range(len(fleet.top)):
            if fleet.top[k] == 0 or (only >= 0 and k != only):
                continue
            r = fleet.free[fleet.begin[k] + fleet.top[k] - 1]
            if not _fit(loads, mix, fleet, r, a, b):
                continue
            more = fleet.fixed[k] - gain(mix, fleet, r, a) - gain(mix, fleet, r, b)
            h = plan.locations + r
            cost, i = _behind(net, loads, times, fleet, mix, reach, plan, work, r, h, a, b, more, best)
            if i >= 0:
                best, at, behind, on = cost, h, i, r
        if only < 0 or best < math.inf:
            return best, at, behind, on
        only = -1


@outlined
def _pair_anywhere(net, loads, times, fleet, mix, reach, plan, work, a, b):  # type: ignore[no-untyped-def]
    """Look for a place beside stops that are no neighbours; the work is bounded, beginning at a random route."""
    best, at, behind, on = math.inf, -1, -1, -1
    routes = len(plan.size)
    r = int(uniform(work) * routes)
    tried = 0
    for _ in range(routes):
        r += 1
        if r == routes:
            r = 0
        if plan.size[r] == 0 or not _fit(loads, mix, fleet, r, a, b):
            continue
        more = -gain(mix, fleet, r, a) - gain(mix, fleet, r, b)
        h = plan.locations + r
        p = h
        while True:
            cost, i = _behind(net, loads, times, fleet, mix, reach, plan, work, r, p, a, b, more, best)
            if i >= 0:
                best, at, behind, on = cost, p, i, r
            tried += 1
            p = plan.nxt[p]
            if p == h:
                break
        if tried > ENOUGH:
            break
    return best, at, behind, on


@outlined
def _pair_position(net, loads, times, fleet, mix, reach, plan, work, near, a):  # type: ignore[no-untyped-def]
    b = mate(loads, a)
    best, at, behind, on = math.inf, -1, -1, -1
    work.clock[1] += 1
    now = work.clock[1]
    for k in range(near.shape[1]):
        w = near[a, k]
        if w < 0:
            break
        work.mark[w] = now
        r = plan.route[w]
        if r < 0 or not _fit(loads, mix, fleet, r, a, b):
            continue
        more = -gain(mix, fleet, r, a) - gain(mix, fleet, r, b)
        for side in range(2):
            # The place between two neighbours is looked at once.
            p, other = (w, plan.nxt[w]) if side == 0 else (plan.prv[w], plan.prv[w])
            if work.mark[other] == now:
                continue
            cost, i = _behind(net, loads, times, fleet, mix, reach, plan, work, r, p, a, b, more, best)
            if i >= 0:
                best, at, behind, on = cost, p, i, r
    cost, p, i, r = _pair_unused(net, loads, times, fleet, mix, reach, plan, work, a, b, best)
    if r >= 0:
        best, at, behind, on = cost, p, i, r
    if at < 0:
        best, at, behind, on = _pair_anywhere(net, loads, times, fleet, mix, reach, plan, work, a, b)
    return best, at, behind, on


@dispatch(pair_position)
def _dispatch_pair_position(
    net: Any, loads: Any, times: Any, fleet: Any, mix: Any, reach: Any, plan: Any, work: Any, near: Any, c: Any
) -> Any:
    if has_a(loads, "pairs", Pairs):
        return lambda net, loads, times, fleet, mix, reach, plan, work, near, c: _pair_position(
            net, loads, times, fleet, mix, reach, plan, work, near, c
        )
    return lambda net, loads, times, fleet, mix, reach, plan, work, near, c: (math.inf, -1, -1, -1)
