"""Recreate: the cheapest feasible place of a client, beside its neighbours or in an unused vehicle."""

import math

from vrp.solvers.search.aims import bound, opens, weigh
from vrp.solvers.search.jit import outlined, part
from vrp.solvers.search.loads import fits, holds, surcharge
from vrp.solvers.search.network import leg, there_and_back
from vrp.solvers.search.plan import gain, locked, may, unit, within
from vrp.solvers.search.times import least, price
from vrp.solvers.search.work import uniform, until_blink


@part
def _unused(net, loads, times, fleet, mix, reach, plan, work, c, best):  # type: ignore[no-untyped-def]
    """Return the cheapest unused vehicle for c if it costs less than `best`: its cost, node and route, -1 if none.

    Where one type of vehicle has its turn, the others are looked at if c has no place else.
    """
    at, on = -1, -1
    if not opens(plan, fleet):
        return best, at, on
    only = work.clock[3]
    while True:
        for k in range(len(fleet.top)):
            if fleet.top[k] == 0 or (only >= 0 and k != only):
                continue
            r = fleet.free[fleet.begin[k] + fleet.top[k] - 1]
            h = plan.locations + r
            if not fits(loads, r, c) or not may(mix, fleet, r, c):
                continue
            delta = leg(net, r, h, c) + leg(net, r, c, h)
            cost = fleet.fixed[k] + unit(mix, fleet, r) * delta - gain(mix, fleet, r, c) + surcharge(loads, r, c)
            limit = bound(plan, r, best)
            if cost < limit and within(reach, r, delta) and holds(loads, r, h, c, h):
                cost = weigh(plan, r, price(times, net, plan, r, h, c, h, cost, limit))
                if cost < best:
                    best, at, on = cost, h, r
        if only < 0 or best < math.inf:
            return best, at, on
        only = -1


@part
def position(net, loads, times, fleet, mix, reach, plan, work, near, c):  # type: ignore[no-untyped-def]
    """Return the cheapest feasible place for client c: its cost (infinite if there is none), node before it, route."""
    best, at, on = math.inf, -1, -1
    work.clock[1] += 1
    now = work.clock[1]
    blink = work.clock[2]
    for k in range(near.shape[1]):
        w = near[c, k]
        if w < 0:
            break
        work.mark[w] = now
        r = plan.route[w]
        if r < 0 or not fits(loads, r, c) or not may(mix, fleet, r, c):
            continue
        limit = bound(plan, r, best)
        per = unit(mix, fleet, r)
        won = gain(mix, fleet, r, c) - surcharge(loads, r, c)
        p, q = plan.prv[w], plan.nxt[w]
        to, on_from = there_and_back(net, r, c, w)
        # What lies beyond w is no nearer than w, or it was looked at before and has tried the place between the two.
        beyond = least(times, to, on_from)
        if work.mark[q] != now and not locked(plan.fixed, q):
            blink -= 1
            delta = on_from - plan.ahead[w]
            if blink < 0:
                blink = until_blink(work)
            elif per * (delta + (beyond if q < plan.locations else 0.0)) - won < limit:
                delta += leg(net, r, c, q)
                cost = per * delta - won
                if cost < limit and within(reach, r, delta) and holds(loads, r, w, c, q):
                    cost = weigh(plan, r, price(times, net, plan, r, w, c, q, cost, limit))
                    if cost < best:
                        best, at, on = cost, w, r
                        limit = bound(plan, r, best)
        if work.mark[p] != now and not locked(plan.fixed, w):
            blink -= 1
            delta = to - plan.ahead[p]
            if blink < 0:
                blink = until_blink(work)
            elif per * (delta + (beyond if p < plan.locations else 0.0)) - won < limit:
                delta += leg(net, r, p, c)
                cost = per * delta - won
                if cost < limit and within(reach, r, delta) and holds(loads, r, p, c, w):
                    cost = weigh(plan, r, price(times, net, plan, r, p, c, w, cost, limit))
                    if cost < best:
                        best, at, on = cost, p, r
    work.clock[2] = blink
    cost, h, r = _unused(net, loads, times, fleet, mix, reach, plan, work, c, best)
    if r >= 0:
        best, at, on = cost, h, r
    if at < 0:
        best, at, on = anywhere(net, loads, times, fleet, mix, reach, plan, work, c)
    return best, at, on


@outlined
def anywhere(net, loads, times, fleet, mix, reach, plan, work, c):  # type: ignore[no-untyped-def]
    """Look for a place beside stops that are no neighbours; the work is bounded, beginning at a random route."""
    best, at, on = math.inf, -1, -1
    routes = len(plan.size)
    r = int(uniform(work) * routes)
    tried = 0
    for _ in range(routes):
        r += 1
        if r == routes:
            r = 0
        if plan.size[r] == 0 or not fits(loads, r, c) or not may(mix, fleet, r, c):
            continue
        won = gain(mix, fleet, r, c) - surcharge(loads, r, c)
        h = plan.locations + r
        p = h
        while True:
            q = plan.nxt[p]
            delta = leg(net, r, p, c) + leg(net, r, c, q) - plan.ahead[p]
            cost = unit(mix, fleet, r) * delta - won
            limit = bound(plan, r, best)
            if cost < limit and not locked(plan.fixed, q) and within(reach, r, delta) and holds(loads, r, p, c, q):
                cost = weigh(plan, r, price(times, net, plan, r, p, c, q, cost, limit))
                if cost < best:
                    best, at, on = cost, p, r
            tried += 1
            p = q
            if p == h:
                break
        if tried > 1000:
            break
    return best, at, on
