"""Times: may client c stand between p and q, and what does the route's duration then cost?

Each kind is a pair: `refresh` keeps forward and backward data of a route up to date after a change and stops where
nothing changes any more; `price` tests and prices an insertion from them in O(1). Every value that is overwritten is
logged once per iteration, so that a rejected iteration is undone in the time of its changes.
"""

import math
from typing import Any, NamedTuple

from vrp.solvers.search.gaps import Timeline
from vrp.solvers.search.hours import Hours, kept_hours, price_hours, refresh_hours, restore_hours, worth
from vrp.solvers.search.jit import dispatch, is_a, part
from vrp.solvers.search.network import drive
from vrp.solvers.search.segments import join, note_duration
from vrp.solvers.search.timeline import (
    forget_timeline,
    kept_timeline,
    price_timeline,
    refresh_timeline,
    restore_timeline,
    spent_timeline,
)
from vrp.solvers.search.trips import Trips, forget_trips, price_trips, refresh_trips, restore_trips


class NoTime(NamedTuple):
    """Nothing but distance matters."""

    unused: int


class Windows(NamedTuple):
    """Hard time windows: earliest and latest start of service per node (Savelsbergh 1992)."""

    early: Any
    """[N] start of the node's window (sentinel: of the shift)."""
    late: Any
    """[N] end of the node's window (sentinel: of the shift)."""
    service: Any
    """[N] seconds (sentinel: 0)."""
    first: Any
    """[N] earliest start of service, given all stops before."""
    last: Any
    """[N] latest start of service, given all stops after."""
    log: Any
    """[2, N] nodes whose `first` / `last` changed in this iteration."""
    old: Any
    """[2, N] their values before."""
    stamp: Any
    """[2, N] the iteration of their last change."""
    count: Any
    """[2] length of the logs."""
    slack: float
    """Seconds by which a window may be missed; far below the tolerance of the check, above rounding errors."""


class Durations(NamedTuple):
    """Windows and the shortest duration: segments (duration, earliest start, latest start), see `segments.py`."""

    early: Any
    late: Any
    service: Any
    head: Any
    """[N, 3] segment from the start depot to the node."""
    tail: Any
    """[N, 3] segment from the node to the end depot."""
    log: Any
    old: Any
    """[2, N, 3]"""
    stamp: Any
    count: Any
    slack: float
    duration: Any
    """[R] of each route; 0 for empty ones."""
    longest: Any
    """[R] limit, with the tolerance added."""
    cost: Any
    """[R] per second."""
    route_log: Any
    route_old: Any
    route_stamp: Any
    route_count: Any


def refresh(times: Any, net: Any, plan: Any, r: int, i: int, until: int, j: int, down_to: int, now: int) -> float:
    """Update route r forward from node i and backward from node j, at least as far as `until` and `down_to`.

    Returns the change of the cost of duration.
    """
    raise NotImplementedError("compiled only")


def price(times: Any, net: Any, plan: Any, r: int, p: int, c: int, q: int, cost: float, best: float) -> float:
    """Return `cost` plus the cost of time of putting c between p and q in route r; infinity if it cannot stand there.

    Where that is not below `best`, any number from `best` on may be returned.
    """
    raise NotImplementedError("compiled only")


def kept(times: Any, net: Any, plan: Any, r: int) -> bool:
    """Tell whether route r keeps its windows and its longest duration.

    Insertions do; taking a stop out may break them where the way past it is longer than the way through it.
    """
    raise NotImplementedError("compiled only")


def restore(times: Any, net: Any, plan: Any) -> None:
    """Undo all that was refreshed in this iteration, in a plan that is what it was."""
    raise NotImplementedError("compiled only")


def forget(times: Any) -> None:
    """Begin an iteration: nothing is logged."""
    raise NotImplementedError("compiled only")


def least(times: Any, to: float, back: float) -> float:
    """Bound from below the distance to those that come later in a neighbour list: only without windows is it known."""
    raise NotImplementedError("compiled only")


@dispatch(least)
def _least(times: Any, to: Any, back: Any) -> Any:
    if is_a(times, NoTime):
        return lambda times, to, back: min(to, back)
    return lambda times, to, back: 0.0


def spent(times: Any, r: int, to: int) -> float:
    """Cost that the time of route r has with vehicle `to`, which differs from its own by prices alone."""
    raise NotImplementedError("compiled only")


@dispatch(spent)
def _spent(times: Any, r: Any, to: Any) -> Any:
    if is_a(times, Durations):
        return lambda times, r, to: times.cost[to] * times.duration[r]
    if is_a(times, Hours) or is_a(times, Trips):
        return lambda times, r, to: worth(times, to, times.duration[r])
    if is_a(times, Timeline):
        return lambda times, r, to: spent_timeline(times, r, to)
    return lambda times, r, to: 0.0


@part
def _set(times, side, values, i, value, now):  # type: ignore[no-untyped-def]
    if times.stamp[side, i] != now:
        times.stamp[side, i] = now
        k = times.count[side]
        times.log[side, k] = i
        times.old[side, k] = values[i]
        times.count[side] = k + 1
    values[i] = value


@part
def _refresh_windows(times, net, plan, r, i, until, j, down_to, now):  # type: ignore[no-untyped-def]
    end = plan.locations + r
    forced = True
    while i != end:
        p = plan.prv[i]
        t = times.first[p] + times.service[p] + drive(net, r, p, i)
        t = max(t, times.early[i])
        if i == until:
            forced = False
        if t == times.first[i] and not forced:
            break
        _set(times, 0, times.first, i, t, now)
        i = plan.nxt[i]
    forced = True
    while j != end:
        q = plan.nxt[j]
        t = times.last[q] - drive(net, r, j, q) - times.service[j]
        t = min(t, times.late[j])
        if j == down_to:
            forced = False
        if t == times.last[j] and not forced:
            break
        _set(times, 1, times.last, j, t, now)
        j = plan.prv[j]
    return 0.0


@part
def _set_segment(times, side, values, i, d, e, l, now):  # type: ignore[no-untyped-def]  # noqa: E741
    if times.stamp[side, i] != now:
        times.stamp[side, i] = now
        k = times.count[side]
        times.log[side, k] = i
        for x in range(3):
            times.old[side, k, x] = values[i, x]
        times.count[side] = k + 1
    values[i, 0] = d
    values[i, 1] = e
    values[i, 2] = l


@part
def _refresh_durations(times, net, plan, r, i, until, j, down_to, now):  # type: ignore[no-untyped-def]
    end = plan.locations + r
    head, tail = times.head, times.tail
    forced = True
    while i != end:
        p = plan.prv[i]
        d, e, l, _ = join(  # noqa: E741
            head[p, 0], head[p, 1], head[p, 2], drive(net, r, p, i), times.service[i], times.early[i], times.late[i]
        )
        if i == until:
            forced = False
        if not forced and d == head[i, 0] and e == head[i, 1] and l == head[i, 2]:
            break
        _set_segment(times, 0, head, i, d, e, l, now)
        i = plan.nxt[i]
    forced = True
    while j != end:
        q = plan.nxt[j]
        d, e, l, _ = join(  # noqa: E741
            times.service[j], times.early[j], times.late[j], drive(net, r, j, q), tail[q, 0], tail[q, 1], tail[q, 2]
        )
        if j == down_to:
            forced = False
        if not forced and d == tail[j, 0] and e == tail[j, 1] and l == tail[j, 2]:
            break
        _set_segment(times, 1, tail, j, d, e, l, now)
        j = plan.prv[j]
    first = plan.nxt[end]
    duration = 0.0
    if first != end:
        duration, e, l, _ = join(  # noqa: E741
            head[end, 0], head[end, 1], head[end, 2], drive(net, r, end, first),
            tail[first, 0], tail[first, 1], tail[first, 2],
        )  # fmt: skip
    before = times.duration[r]
    note_duration(times, r, duration, now)
    return times.cost[r] * (duration - before)


@dispatch(refresh)
def _refresh(times: Any, net: Any, plan: Any, r: Any, i: Any, until: Any, j: Any, down_to: Any, now: Any) -> Any:
    if is_a(times, NoTime):
        return lambda times, net, plan, r, i, until, j, down_to, now: 0.0
    if is_a(times, Windows):
        return lambda times, net, plan, r, i, until, j, down_to, now: _refresh_windows(
            times, net, plan, r, i, until, j, down_to, now
        )
    if is_a(times, Trips):
        return lambda times, net, plan, r, i, until, j, down_to, now: refresh_trips(times, net, plan, r, i, j, now)
    if is_a(times, Hours):
        return lambda times, net, plan, r, i, until, j, down_to, now: refresh_hours(
            times, net, plan, r, i, until, j, down_to, now
        )
    if is_a(times, Timeline):
        return lambda times, net, plan, r, i, until, j, down_to, now: refresh_timeline(
            times, net, plan, r, i, until, j, down_to, now
        )
    return lambda times, net, plan, r, i, until, j, down_to, now: _refresh_durations(
        times, net, plan, r, i, until, j, down_to, now
    )


@dispatch(price)
def _price(times: Any, net: Any, plan: Any, r: Any, p: Any, c: Any, q: Any, cost: Any, best: Any) -> Any:
    if is_a(times, NoTime):
        return lambda times, net, plan, r, p, c, q, cost, best: cost
    if is_a(times, Trips):
        return lambda times, net, plan, r, p, c, q, cost, best: price_trips(times, net, plan, r, p, c, q, cost)
    if is_a(times, Hours):
        return lambda times, net, plan, r, p, c, q, cost, best: price_hours(times, net, plan, r, p, c, q, cost)
    if is_a(times, Timeline):
        return lambda times, net, plan, r, p, c, q, cost, best: price_timeline(times, net, plan, r, p, c, q, cost, best)
    if is_a(times, Windows):

        def windows(times, net, plan, r, p, c, q, cost, best):  # type: ignore[no-untyped-def]
            t = times.first[p] + times.service[p] + drive(net, r, p, c)
            t = max(t, times.early[c])
            if t > times.late[c] + times.slack:
                return math.inf
            if t + times.service[c] + drive(net, r, c, q) > times.last[q] + times.slack:
                return math.inf
            return cost

        return windows

    def durations(times, net, plan, r, p, c, q, cost, best):  # type: ignore[no-untyped-def]
        head, tail = times.head, times.tail
        d, e, l, late = join(  # noqa: E741
            head[p, 0], head[p, 1], head[p, 2], drive(net, r, p, c), times.service[c], times.early[c], times.late[c]
        )
        if late > times.slack:
            return math.inf
        d, e, l, late = join(d, e, l, drive(net, r, c, q), tail[q, 0], tail[q, 1], tail[q, 2])  # noqa: E741
        if late > times.slack or d > times.longest[r]:
            return math.inf
        return cost + times.cost[r] * (d - times.duration[r])

    return durations


@part
def _starts(times, net, plan, r):  # type: ignore[no-untyped-def]
    """Tell whether vehicle r can leave its depot early enough for its first stop."""
    h = plan.locations + r
    i = plan.nxt[h]
    return i == h or times.head[h, 1] + drive(net, r, h, i) <= times.tail[i, 2] + 1.5 * times.slack


@dispatch(kept)
def _kept(times: Any, net: Any, plan: Any, r: Any) -> Any:
    if is_a(times, NoTime):
        return lambda times, net, plan, r: True
    if is_a(times, Trips):
        return lambda times, net, plan, r: not times.broken[r]
    if is_a(times, Hours):
        return lambda times, net, plan, r: kept_hours(times, net, plan, r)
    if is_a(times, Timeline):
        return lambda times, net, plan, r: kept_timeline(times, net, plan, r)
    # Every stop is looked at, as a wait before one hides how late those behind it are. The limit is half as much again
    # as an insertion may be late: sums differ by their rounding.
    if is_a(times, Windows):

        def windows(times, net, plan, r):  # type: ignore[no-untyped-def]
            i = plan.nxt[plan.locations + r]
            while i < plan.locations:
                if times.first[i] > times.last[i] + 1.5 * times.slack:
                    return False
                i = plan.nxt[i]
            return True

        return windows

    def durations(times, net, plan, r):  # type: ignore[no-untyped-def]
        i = plan.nxt[plan.locations + r]
        while i < plan.locations:
            if times.tail[i, 1] > times.tail[i, 2] + 1.5 * times.slack:
                return False
            i = plan.nxt[i]
        return times.duration[r] <= times.longest[r] + 0.5 * times.slack and _starts(times, net, plan, r)

    return durations


@dispatch(restore)
def _restore(times: Any, net: Any, plan: Any) -> Any:
    if is_a(times, NoTime):
        return lambda times, net, plan: None
    if is_a(times, Trips):
        return lambda times, net, plan: restore_trips(times, net, plan)
    if is_a(times, Hours):
        return lambda times, net, plan: restore_hours(times)
    if is_a(times, Timeline):
        return lambda times, net, plan: restore_timeline(times)
    if is_a(times, Windows):

        def windows(times, net, plan):  # type: ignore[no-untyped-def]
            for k in range(times.count[0]):
                times.first[times.log[0, k]] = times.old[0, k]
            for k in range(times.count[1]):
                times.last[times.log[1, k]] = times.old[1, k]

        return windows

    def durations(times, net, plan):  # type: ignore[no-untyped-def]
        for x in range(3):
            for k in range(times.count[0]):
                times.head[times.log[0, k], x] = times.old[0, k, x]
            for k in range(times.count[1]):
                times.tail[times.log[1, k], x] = times.old[1, k, x]
        for k in range(times.route_count[0]):
            times.duration[times.route_log[k]] = times.route_old[k]

    return durations


@dispatch(forget)
def _forget(times: Any) -> Any:
    if is_a(times, NoTime):
        return lambda times: None
    if is_a(times, Trips):
        return lambda times: forget_trips(times)
    if is_a(times, Timeline):
        return lambda times: forget_timeline(times)
    if is_a(times, Windows):

        def windows(times):  # type: ignore[no-untyped-def]
            times.count[0] = 0
            times.count[1] = 0

        return windows

    def durations(times):  # type: ignore[no-untyped-def]
        times.count[0] = 0
        times.count[1] = 0
        times.route_count[0] = 0

    return durations
