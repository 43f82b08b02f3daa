"""Walking forward along a route with a stop that is not in it yet: the exact time at each node, O(1) per step.

The time at a node is (duration, earliest start, latest start, largest release) of the segment from the start depot to
it, as in `segments.py` and `hours.py`; where only windows count, the second number is the start of service. Of a
`Timeline` it is that of its bound, and the exact price is found when the walk arrives.
"""

import math
from typing import Any

from vrp.solvers.search.gaps import Timeline, cheapest
from vrp.solvers.search.hours import Hours, stay, worth
from vrp.solvers.search.jit import dispatch, is_a, part
from vrp.solvers.search.network import drive
from vrp.solvers.search.segments import join
from vrp.solvers.search.times import NoTime, Windows

Time = tuple[float, float, float, float]


def depart(times: Any, p: int) -> Time:
    """Return the time at node p."""
    raise NotImplementedError("compiled only")


def onward(times: Any, net: Any, r: int, p: int, time: Time, i: int) -> tuple[Time, bool]:
    """Return the time at node i, coming from node p at its time, and whether that is not too late."""
    raise NotImplementedError("compiled only")


def hopeless(times: Any, net: Any, r: int, p: int, time: Time, i: int) -> bool:
    """Tell whether the time at node i, coming from node p, is too late for the rest of route r."""
    raise NotImplementedError("compiled only")


def arrive(
    times: Any,
    net: Any,
    plan: Any,
    r: int,
    p: int,
    a: int,
    i: int,
    b: int,
    time: Time,
    q: int,
    cost: float,
    best: float,
) -> float:
    """Return `cost` plus what time costs more where the rest of route r, from q, follows client b at its time.

    Client a is then behind node p, and b behind node i, which may be a. Infinity where that cannot be; where the price
    is not below `best`, any number from `best` on may be returned.
    """
    raise NotImplementedError("compiled only")


@dispatch(depart)
def _depart(times: Any, p: Any) -> Any:
    if is_a(times, NoTime):
        return lambda times, p: (0.0, 0.0, 0.0, 0.0)
    if is_a(times, Windows):
        return lambda times, p: (0.0, times.first[p], 0.0, 0.0)
    if is_a(times, Hours):
        return lambda times, p: (times.head[p, 0], times.head[p, 1], times.head[p, 2], times.head[p, 3])
    if is_a(times, Timeline):
        return lambda times, p: depart(times.bound, p)
    return lambda times, p: (times.head[p, 0], times.head[p, 1], times.head[p, 2], 0.0)


@dispatch(onward)
def _onward(times: Any, net: Any, r: Any, p: Any, time: Any, i: Any) -> Any:
    if is_a(times, NoTime):
        return lambda times, net, r, p, time, i: (time, True)
    if is_a(times, Windows):

        def windows(times, net, r, p, time, i):  # type: ignore[no-untyped-def]
            t = max(time[1] + times.service[p] + drive(net, r, p, i), times.early[i])
            return (0.0, t, 0.0, 0.0), t <= times.late[i] + times.slack

        return windows
    if is_a(times, Timeline):
        return lambda times, net, r, p, time, i: onward(times.bound, net, r, p, time, i)
    if is_a(times, Hours):

        def hours(times, net, r, p, time, i):  # type: ignore[no-untyped-def]
            d, e, l, late = join(  # noqa: E741
                time[0], time[1], time[2], drive(net, r, p, i),
                stay(times, net, r, p, i), times.early[i], times.late[i],
            )  # fmt: skip
            return (d, e, l, max(time[3], times.release[i])), late <= times.slack

        return hours

    def durations(times, net, r, p, time, i):  # type: ignore[no-untyped-def]
        d, e, l, late = join(  # noqa: E741
            time[0], time[1], time[2], drive(net, r, p, i), times.service[i], times.early[i], times.late[i]
        )
        return (d, e, l, 0.0), late <= times.slack

    return durations


@dispatch(hopeless)
def _hopeless(times: Any, net: Any, r: Any, p: Any, time: Any, i: Any) -> Any:
    if is_a(times, NoTime):
        return lambda times, net, r, p, time, i: False
    if is_a(times, Windows):
        return lambda times, net, r, p, time, i: time[1] > times.last[i] + times.slack
    if is_a(times, Timeline):
        return lambda times, net, r, p, time, i: hopeless(times.bound, net, r, p, time, i)
    timely = is_a(times, Hours)

    def segments(times, net, r, p, time, i):  # type: ignore[no-untyped-def]
        here = stay(times, net, r, p, i) if timely else times.service[i]
        return time[0] + time[1] - here > times.tail[i, 2] + times.slack

    return segments


@dispatch(arrive)
def _arrive(
    times: Any, net: Any, plan: Any, r: Any, p: Any, a: Any, i: Any, b: Any, time: Any, q: Any, cost: Any, best: Any
) -> Any:
    if is_a(times, NoTime):
        return lambda times, net, plan, r, p, a, i, b, time, q, cost, best: cost
    if is_a(times, Windows):

        def windows(times, net, plan, r, p, a, i, b, time, q, cost, best):  # type: ignore[no-untyped-def]
            late = time[1] + times.service[b] + drive(net, r, b, q) > times.last[q] + times.slack
            return math.inf if late else cost

        return windows
    if is_a(times, Hours):

        def hours(times, net, plan, r, p, a, i, b, time, q, cost, best):  # type: ignore[no-untyped-def]
            return cost + _longer(times, net, plan, r, b, time, q) - worth(times, r, times.duration[r])

        return hours
    if is_a(times, Timeline):

        def timeline(times, net, plan, r, p, a, i, b, time, q, cost, best):  # type: ignore[no-untyped-def]
            cost -= times.price[r, 0]
            bound = cost + _longer(times.bound, net, plan, r, b, time, q)
            if bound >= best:
                return bound
            release = max(time[3], times.bound.tail[q, 3])
            return cost + cheapest(times, net, plan, r, p, a, i, b, release)

        return timeline

    def durations(times, net, plan, r, p, a, i, b, time, q, cost, best):  # type: ignore[no-untyped-def]
        tail = times.tail
        d, _, _, late = join(time[0], time[1], time[2], drive(net, r, b, q), tail[q, 0], tail[q, 1], tail[q, 2])
        if late > times.slack or d > times.longest[r]:
            return math.inf
        return cost + times.cost[r] * (d - times.duration[r])

    return durations


@part
def _longer(times, net, plan, r, p, time, q):  # type: ignore[no-untyped-def]
    """Price of the duration of route r where its rest from q follows node p at its time; infinite if it cannot."""
    tail = times.tail
    d2, e2, l2 = tail[q, 0], tail[q, 1], tail[q, 2]
    # Whoever stands before q may spare it the setup.
    if times.setup[q] > 0.0:
        here = stay(times, net, r, p, q)
        if here != stay(times, net, r, plan.prv[q], q):
            n = plan.nxt[q]
            d2, e2, l2, late = join(
                here, times.early[q], times.late[q], drive(net, r, q, n), tail[n, 0], tail[n, 1], tail[n, 2]
            )
            if late > times.slack:
                return math.inf
    d, _, latest, late = join(time[0], time[1], time[2], drive(net, r, p, q), d2, e2, l2)
    if late > times.slack or max(time[3], tail[q, 3]) > latest + times.slack or d > times.longest[r]:
        return math.inf
    return worth(times, r, d)
