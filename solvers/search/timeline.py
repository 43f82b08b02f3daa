"""The functions of the kind `Timeline`: an insertion is tested in O(1) first, then along the tail, then from the start.

Each node keeps when it is begun and left with the soonest start, and the lateness owed up to it. With no other start
is anything earlier, so that this tells whether hard windows can be kept, and what lateness costs at least. The tail is
walked only as far as the schedule differs from the one kept. Where durations matter, all starts are looked at, and only
for insertions whose bound is below the best found so far.
"""

import math

from vrp.solvers.search.gaps import arrival, cheapest, opening, owing, work
from vrp.solvers.search.hours import kept_hours, lasts, refresh_hours, restore_hours, worth
from vrp.solvers.search.jit import outlined, part
from vrp.solvers.search.network import drive

BEGUN, LEFT, OWED = 0, 1, 2


@part
def _next(times, net, r, p, i, clock, locations):  # type: ignore[no-untyped-def]
    """Return when node i is begun and left by who leaves node p at `clock`."""
    seconds = work(times, net, r, p, i, locations)
    start = opening(times, r, i, arrival(times, r, clock, drive(net, r, p, i), times.grain), seconds, times.grain)
    return start, start + max(seconds, 0.0)


@part
def _set_soonest(times, i, start, leave, owed, now):  # type: ignore[no-untyped-def]
    kept = times.soonest
    if kept[i, BEGUN] == start and kept[i, LEFT] == leave and kept[i, OWED] == owed:
        return
    if times.stamp[i] != now:
        times.stamp[i] = now
        k = times.count[0]
        times.log[k] = i
        for x in range(3):
            times.old[k, x] = kept[i, x]
        times.count[0] = k + 1
    kept[i, BEGUN] = start
    kept[i, LEFT] = leave
    kept[i, OWED] = owed


@outlined
def refresh_timeline(times, net, plan, r, i, until, j, down_to, now):  # type: ignore[no-untyped-def]
    """Update route r from its start to its end; return the change of what its time costs."""
    refresh_hours(times.bound, net, plan, r, i, until, j, down_to, now)
    h = plan.locations + r
    first = plan.nxt[h]
    price, broken = 0.0, 0.0
    if first != h:
        release = times.bound.tail[first, 3]
        clock = max(times.starts[r, 0], release)
        _set_soonest(times, h, clock, clock, 0.0, now)
        p = h
        while True:
            q = plan.nxt[p]
            start, clock = _next(times, net, r, p, q, clock, plan.locations)
            owed = owing(times, q, start)
            if owed == math.inf:
                owed, broken = 0.0, 1.0
            price += owed
            if q == h:
                break
            _set_soonest(times, q, start, clock, price, now)
            p = q
        if times.flexible[r]:
            best = cheapest(times, net, plan, r, -1, -1, -1, -1, release)
            if best < math.inf:
                price = best
            else:
                broken = 1.0
                price += worth(times.bound, r, times.bound.duration[r])
    before = times.price[r, 0]
    if times.route_stamp[r] != now:
        times.route_stamp[r] = now
        k = times.route_count[0]
        times.route_log[k] = r
        times.route_old[k, 0], times.route_old[k, 1] = before, times.price[r, 1]
        times.route_count[0] = k + 1
    times.price[r, 0], times.price[r, 1] = price, broken
    return price - before


@part
def _owed_at_least(times, net, plan, r, p, c, q, release):  # type: ignore[no-untyped-def]
    """Return the lateness that route r owes with c between p and q and the soonest start; infinite if not allowed."""
    h = plan.locations + r
    kept = times.soonest
    put = p
    clock, total = kept[p, LEFT], kept[p, OWED]
    i = c
    if plan.nxt[h] == h or release > kept[h, LEFT]:
        # All of it happens later than before.
        clock, total = max(times.starts[r, 0], release), 0.0
        p, i = h, (c if put == h else plan.nxt[h])
    behind = False
    while True:
        start, clock = _next(times, net, r, p, i, clock, plan.locations)
        owed = owing(times, i, start)
        if owed == math.inf:
            return owed
        total += owed
        if i == h:
            return total
        if behind and clock == kept[i, LEFT]:
            return total + kept[plan.prv[h], OWED] - kept[i, OWED]
        p = i
        if i == c:
            i, behind = q, True
        elif i == put and not behind:
            i = c
        else:
            i = plan.nxt[i]


@outlined
def price_timeline(times, net, plan, r, p, c, q, cost, best):  # type: ignore[no-untyped-def]
    """Return `cost` plus that of the time of route r with c between p and q, infinity, or some price above `best`."""
    bound = times.bound
    duration, release = lasts(bound, net, plan, r, p, c, q)
    if duration == math.inf:
        return math.inf
    cost -= times.price[r, 0]
    least = cost + worth(bound, r, duration)
    if least >= best:
        return least
    least += _owed_at_least(times, net, plan, r, p, c, q, release)
    if least >= best or not times.flexible[r]:
        return least
    return cost + cheapest(times, net, plan, r, p, c, -1, -1, release)


@part
def spent_timeline(times, r, to):  # type: ignore[no-untyped-def]
    """Price of the time of route r; with another vehicle an estimate, as its best start may be another one."""
    if to == r:
        return times.price[r, 0]
    bound = times.bound
    return times.price[r, 0] + worth(bound, to, bound.duration[r]) - worth(bound, r, bound.duration[r])


@part
def kept_timeline(times, net, plan, r):  # type: ignore[no-untyped-def]
    """Tell whether route r keeps its windows, breaks, releases and longest duration."""
    return times.price[r, 1] == 0.0 and kept_hours(times.bound, net, plan, r)


@part
def restore_timeline(times):  # type: ignore[no-untyped-def]
    """Undo all that was refreshed in this iteration."""
    restore_hours(times.bound)
    for x in range(3):
        for k in range(times.count[0]):
            times.soonest[times.log[k], x] = times.old[k, x]
    for x in range(2):
        for k in range(times.route_count[0]):
            times.price[times.route_log[k], x] = times.route_old[k, x]


@part
def forget_timeline(times):  # type: ignore[no-untyped-def]
    """Begin an iteration: nothing is logged."""
    times.bound.count[0] = 0
    times.bound.count[1] = 0
    times.bound.route_count[0] = 0
    times.count[0] = 0
    times.route_count[0] = 0
