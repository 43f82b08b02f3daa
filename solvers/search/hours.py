"""Hours: durations as in `times.Durations`, with release times, setup times and overtime; every question in O(1).

A segment also carries the largest release of its stops: the route may start between that and the latest start of its
segment, and then still takes no longer than without releases. A setup belongs to the stop unless nothing lies between
it and the stop before, so that a segment's own beginning depends on what comes before it.
"""

import math
from typing import Any, NamedTuple

from vrp.solvers.search.jit import part
from vrp.solvers.search.network import drive, leg
from vrp.solvers.search.segments import join, note_duration


class Hours(NamedTuple):
    """Windows, setups, releases, and a price of the shortest duration that is linear up to and beyond a limit."""

    early: Any
    """[N] start of the node's window."""
    late: Any
    """[N] end of the node's window."""
    service: Any
    """[N] seconds (sentinel: 0)."""
    setup: Any
    """[N] seconds before the service, spared where the leg to the node is nothing (sentinel: 0)."""
    release: Any
    """[N] the route starts no earlier."""
    head: Any
    """[N, 4] segment from the start depot to the node, and its largest release."""
    tail: Any
    """[N, 4] segment from the node, as it is reached now, to the end depot."""
    log: Any
    """[2, N] nodes whose `head` / `tail` changed in this iteration."""
    old: Any
    """[2, N, 4] their values before."""
    stamp: Any
    """[2, N] the iteration of their last change."""
    count: Any
    """[2] length of the logs."""
    slack: float
    """Seconds by which a window may be missed; far below the tolerance of the check, above rounding errors."""
    duration: Any
    """[R] of each route; 0 for empty ones."""
    longest: Any
    """[R] limit, with the tolerance added."""
    cost: Any
    """[R] per second."""
    nominal: Any
    """[R] seconds after which overtime begins."""
    overtime: Any
    """[R] per second of overtime, on top of `cost`."""
    route_log: Any
    route_old: Any
    route_stamp: Any
    route_count: Any


@part
def stay(times, net, r, p, i):  # type: ignore[no-untyped-def]
    """Seconds at node i of who comes from node p."""
    setup = times.setup[i]
    if setup > 0.0 and (leg(net, r, p, i) > 0.0 or drive(net, r, p, i) > 0.0):
        return times.service[i] + setup
    return times.service[i]


@part
def worth(times, r, duration):  # type: ignore[no-untyped-def]
    """Price of a duration of route r."""
    return times.cost[r] * duration + times.overtime[r] * max(duration - times.nominal[r], 0.0)


@part
def _set(times, side, values, i, d, e, l, release, now):  # type: ignore[no-untyped-def]  # noqa: E741
    if times.stamp[side, i] != now:
        times.stamp[side, i] = now
        k = times.count[side]
        times.log[side, k] = i
        for x in range(4):
            times.old[side, k, x] = values[i, x]
        times.count[side] = k + 1
    values[i, 0] = d
    values[i, 1] = e
    values[i, 2] = l
    values[i, 3] = release


@part
def _same(values, i, d, e, l, release):  # type: ignore[no-untyped-def]  # noqa: E741
    return d == values[i, 0] and e == values[i, 1] and l == values[i, 2] and release == values[i, 3]


@part
def refresh_hours(times, net, plan, r, i, until, j, down_to, now):  # type: ignore[no-untyped-def]
    """Update the segments of route r and its duration; return the change of what the duration costs."""
    end = plan.locations + r
    head, tail = times.head, times.tail
    forced = True
    while i != end:
        p = plan.prv[i]
        d, e, l, _ = join(  # noqa: E741
            head[p, 0], head[p, 1], head[p, 2], drive(net, r, p, i),
            stay(times, net, r, p, i), times.early[i], times.late[i],
        )  # fmt: skip
        release = max(head[p, 3], times.release[i])
        if i == until:
            forced = False
        if not forced and _same(head, i, d, e, l, release):
            break
        _set(times, 0, head, i, d, e, l, release, now)
        i = plan.nxt[i]
    # The stop behind the last changed one may need another setup than before.
    if plan.nxt[j] != end:
        j = plan.nxt[j]
    forced = True
    while j != end:
        q = plan.nxt[j]
        d, e, l, _ = join(  # noqa: E741
            stay(times, net, r, plan.prv[j], j), times.early[j], times.late[j], drive(net, r, j, q),
            tail[q, 0], tail[q, 1], tail[q, 2],
        )  # fmt: skip
        release = max(times.release[j], tail[q, 3])
        if j == down_to:
            forced = False
        if not forced and _same(tail, j, d, e, l, release):
            break
        _set(times, 1, tail, j, d, e, l, release, now)
        j = plan.prv[j]
    first = plan.nxt[end]
    duration = 0.0
    if first != end:
        duration, e, l, _ = join(  # noqa: E741
            head[end, 0], head[end, 1], head[end, 2], drive(net, r, end, first),
            tail[first, 0], tail[first, 1], tail[first, 2],
        )  # fmt: skip
    before = worth(times, r, times.duration[r])
    note_duration(times, r, duration, now)
    return worth(times, r, duration) - before


@part
def lasts(times, net, plan, r, p, c, q):  # type: ignore[no-untyped-def]
    """Return duration and largest release of route r with c between p and q; an infinite one if that cannot be."""
    head, tail = times.head, times.tail
    d, e, l, late = join(  # noqa: E741
        head[p, 0], head[p, 1], head[p, 2], drive(net, r, p, c),
        stay(times, net, r, p, c), times.early[c], times.late[c],
    )  # fmt: skip
    release = max(max(head[p, 3], times.release[c]), tail[q, 3])
    if late > times.slack:
        return math.inf, release
    d2, e2, l2 = tail[q, 0], tail[q, 1], tail[q, 2]
    if times.setup[q] > 0.0:
        here = stay(times, net, r, c, q)
        if here != stay(times, net, r, p, q):
            n = plan.nxt[q]
            d2, e2, l2, late = join(
                here, times.early[q], times.late[q], drive(net, r, q, n), tail[n, 0], tail[n, 1], tail[n, 2]
            )
            if late > times.slack:
                return math.inf, release
    d, e, l, late = join(d, e, l, drive(net, r, c, q), d2, e2, l2)  # noqa: E741
    if late > times.slack or release > l + times.slack or d > times.longest[r]:
        return math.inf, release
    return d, release


@part
def price_hours(times, net, plan, r, p, c, q, cost):  # type: ignore[no-untyped-def]
    """Return `cost` plus that of the longer duration of route r with c between p and q, or infinity."""
    d, _ = lasts(times, net, plan, r, p, c, q)
    if d == math.inf:
        return math.inf
    return cost + worth(times, r, d) - worth(times, r, times.duration[r])


@part
def kept_hours(times, net, plan, r):  # type: ignore[no-untyped-def]
    """Tell whether route r keeps its windows, releases and longest duration."""
    h = plan.locations + r
    i = first = plan.nxt[h]
    # Every stop is looked at, as a wait before one hides how late those behind it are.
    while i < plan.locations:
        if times.tail[i, 1] > times.tail[i, 2] + 1.5 * times.slack:
            return False
        i = plan.nxt[i]
    if first == h:
        return True
    start = max(times.head[h, 1], times.tail[first, 3])
    return (
        times.duration[r] <= times.longest[r] + 0.5 * times.slack
        and start <= times.head[h, 2] + 1.5 * times.slack
        and start + drive(net, r, h, first) <= times.tail[first, 2] + 1.5 * times.slack
    )


@part
def restore_hours(times):  # type: ignore[no-untyped-def]
    """Undo all that was refreshed in this iteration."""
    for x in range(4):
        for k in range(times.count[0]):
            times.head[times.log[0, k], x] = times.old[0, k, x]
        for k in range(times.count[1]):
            times.tail[times.log[1, k], x] = times.old[1, k, x]
    for k in range(times.route_count[0]):
        times.duration[times.route_log[k]] = times.route_old[k]
