"""Where a search begins when only loads bind: the savings of joining stops to routes."""

import math
from typing import Any

import numpy as np

from vrp.solvers.search.groups import Groups
from vrp.solvers.search.jit import allocating_kernel, dispatch, is_a, outlined
from vrp.solvers.search.loads import OneLoad
from vrp.solvers.search.network import leg
from vrp.solvers.search.peaks import STRICT, NoPairs, Peaks, exceeds, extend
from vrp.solvers.search.plan import Equal, Far, enter_bank
from vrp.solvers.search.times import NoTime

MANY = 1500
"""Trips up to which all pairs are tried: that takes a few milliseconds then."""


def append(loads: Any, sums: Any, segments: Any, a: int, b: int) -> bool:
    """Let trip b follow trip a, and tell whether that could be: a then has the sums and the segment of both."""
    raise NotImplementedError("compiled only")


def fits(loads: Any, sums: Any, a: int, b: int) -> bool:
    """Tell whether trips a and b may have one vehicle, as far as the sums of their loads tell."""
    raise NotImplementedError("compiled only")


def carried(loads: Any, sums: Any, segments: Any, a: int) -> bool:
    """Tell whether a vehicle can carry trip a."""
    raise NotImplementedError("compiled only")


@dispatch(append)
def _append(loads: Any, sums: Any, segments: Any, a: Any, b: Any) -> Any:
    if is_a(loads, OneLoad):

        def one(loads, sums, segments, a, b):  # type: ignore[no-untyped-def]
            if not fits(loads, sums, a, b):
                return False
            sums[a] += sums[b]
            return True

        return one

    def peaks(loads, sums, segments, a, b):  # type: ignore[no-untyped-def]
        if not fits(loads, sums, a, b):
            return False
        last = len(segments) - 1
        extend(loads, segments, a, segments, b, segments, last)
        if exceeds(loads, 0, segments, last):
            return False
        for k in range(sums.shape[1]):
            sums[a, k] += sums[b, k]
        for x in range(segments.shape[1]):
            segments[a, x] = segments[last, x]
        return True

    return peaks


@dispatch(fits)
def _fits(loads: Any, sums: Any, a: Any, b: Any) -> Any:
    if is_a(loads, OneLoad):
        return lambda loads, sums, a, b: sums[a] + sums[b] <= loads.capacity[0]

    def every(loads, sums, a, b):  # type: ignore[no-untyped-def]
        for k in range(sums.shape[1]):  # noqa: SIM110 - not known to the compiler
            if sums[a, k] + sums[b, k] > loads.capacity[0, k]:
                return False
        return True

    return every


@dispatch(carried)
def _carried(loads: Any, sums: Any, segments: Any, a: Any) -> Any:
    if is_a(loads, OneLoad):
        return lambda loads, sums, segments, a: sums[a] <= loads.capacity[0]

    def peaks(loads, sums, segments, a):  # type: ignore[no-untyped-def]
        for k in range(sums.shape[1]):
            if sums[a, k] > loads.capacity[0, k]:
                return False
        return not exceeds(loads, 0, segments, a)

    return peaks


@allocating_kernel
def _pairs(net, near, clients, h):  # type: ignore[no-untyped-def]
    """Return every pair (stop, neighbour) whose joining costs nothing, and how much it saves."""
    most = len(clients) * near.shape[1]
    tail, front, saved = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most)
    count = 0
    for i in clients:
        for k in range(near.shape[1]):
            j = near[i, k]
            if j < 0:
                break
            s = leg(net, 0, i, h) + leg(net, 0, h, j) - leg(net, 0, i, j)
            if s >= 0.0:
                tail[count], front[count], saved[count] = i, j, s
                count += 1
    return tail[:count], front[:count], saved[:count]


def attach(
    net: Any, loads: Any, plan: Any, clients: Any, following: Any, before: Any, sums: Any, segments: Any
) -> None:
    """Let trips that must not be alone follow others."""
    raise NotImplementedError("compiled only")


@outlined
def _attach_pickups(net, loads, plan, clients, following, before, sums, segments):  # type: ignore[no-untyped-def]
    """Let each trip of pickups alone follow the trip of deliveries alone behind which it costs least."""
    h, delivers, collects = plan.locations, 3 * loads.limit.shape[1], 3 * loads.limit.shape[1] + 1
    for b in clients:
        if before[b] >= 0 or segments[b, delivers] > 0.0 or segments[b, collects] == 0.0:
            continue
        best, at, end = math.inf, -1, -1
        for a in clients:
            if before[a] >= 0 or segments[a, delivers] == 0.0 or segments[a, collects] > 0.0:
                continue
            last = a
            while following[last] >= 0:
                last = following[last]
            cost = leg(net, 0, last, b) - leg(net, 0, last, h)
            if cost < best:
                best, at, end = cost, a, last
        if at >= 0 and append(loads, sums, segments, at, b):
            following[end], before[b] = b, end


@dispatch(attach)
def _attach(
    net: Any, loads: Any, plan: Any, clients: Any, following: Any, before: Any, sums: Any, segments: Any
) -> Any:
    if is_a(loads, OneLoad):
        return lambda net, loads, plan, clients, following, before, sums, segments: None

    def peaks(net, loads, plan, clients, following, before, sums, segments):  # type: ignore[no-untyped-def]
        if loads.order == STRICT:
            _attach_pickups(net, loads, plan, clients, following, before, sums, segments)

    return peaks


@allocating_kernel
def _join(loads, tail, front, trip, following, before, sums, segments):  # type: ignore[no-untyped-def]
    """Join trips in the order of the pairs."""
    for k in range(len(tail)):
        i, j = tail[k], front[k]
        if following[i] >= 0 or before[j] >= 0:
            continue
        a, b = i, j
        while trip[a] != a:
            trip[a] = trip[trip[a]]
            a = trip[a]
        while trip[b] != b:
            trip[b] = trip[trip[b]]
            b = trip[b]
        if a == b or not append(loads, sums, segments, a, b):
            continue
        following[i], before[j] = j, i
        trip[b] = a


@allocating_kernel
def _ends(net, loads, clients, h, following, before, sums):  # type: ignore[no-untyped-def]
    """Return every pair (last stop of a trip, first stop of another) that may be joined, and how much that saves."""
    first = np.array([c for c in clients if before[c] < 0], np.int64)
    last = first.copy()
    for a in range(len(first)):
        while following[last[a]] >= 0:
            last[a] = following[last[a]]
    most = 0
    for a in range(len(first)):
        for b in range(len(first)):
            most += a != b and fits(loads, sums, first[a], first[b])
    tail, front, saved = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most)
    count = 0
    for a in range(len(first)):
        for b in range(len(first)):
            if a != b and fits(loads, sums, first[a], first[b]):
                s = leg(net, 0, last[a], h) + leg(net, 0, h, first[b]) - leg(net, 0, last[a], first[b])
                if s >= 0.0:
                    tail[count], front[count], saved[count] = last[a], first[b], s
                    count += 1
    return tail[:count], front[:count], saved[:count]


@allocating_kernel
def _write(net, loads, plan, clients, following, before, sums, segments):  # type: ignore[no-untyped-def]
    """Write the trips to vehicles 0, 1, ..."""
    h = plan.locations
    attach(net, loads, plan, clients, following, before, sums, segments)
    r = 0
    for c in clients:
        if before[c] >= 0:
            continue
        if r == len(plan.size) or not carried(loads, sums, segments, c):
            while c >= 0:
                enter_bank(plan, c)
                c = following[c]
            continue
        p = h + r
        while c >= 0:
            plan.nxt[p] = c
            p = c
            c = following[c]
        plan.nxt[p] = h + r
        r += 1


def savings(net: Any, loads: Any, plan: Any, near: Any, clients: Any) -> None:
    """Merge single trips in order of their savings (Clarke and Wright 1964): of neighbours, then of whole trips.

    A route's last stop is joined to another's first one, so that asymmetric networks are served too. Writes the routes
    to vehicles 0, 1, ... of the only type, and to the bank what is left over when there are no more vehicles. Trips of
    pickups that must not be alone follow trips of deliveries; where there are too few of these, some are left alone.
    """
    h = plan.locations
    sums = loads.demand[:h].copy()
    # The last row is where a join is tried.
    segments = loads.own[: h + 1].copy() if isinstance(loads, Peaks) else np.zeros((0, 0))
    trip, following, before = np.arange(h), np.full(h, -1), np.full(h, -1)
    tail, front, saved = _pairs(net, near, clients, h)
    order = np.argsort(-saved, kind="stable")
    _join(loads, tail[order], front[order], trip, following, before, sums, segments)
    # Neighbours alone leave vehicles half empty, as where each cluster has more stops than lists are long.
    if (before[clients] < 0).sum() <= MANY:
        tail, front, saved = _ends(net, loads, clients, h, following, before, sums)
        order = np.argsort(-saved, kind="stable")
        _join(loads, tail[order], front[order], trip, following, before, sums, segments)
    _write(net, loads, plan, clients, following, before, sums, segments)


def joinable(loads: Any) -> bool:
    """Tell whether trips can be joined by their loads alone: shipments cannot, as a stop alone is none."""
    return isinstance(loads, OneLoad) or (isinstance(loads, Peaks) and isinstance(loads.pairs, NoPairs))


def savings_apply(m: Any) -> bool:
    """Tell whether a model (`model.Model`) has one type of vehicle that is bound by loads alone, and no choice."""
    plain = not m.prefixes and isinstance(m.times, NoTime) and isinstance(m.mix, Equal) and isinstance(m.reach, Far)
    plain = plain and not isinstance(m.plan.groups, Groups)
    return plain and joinable(m.loads) and len(m.fleet.top) == 1 and bool(m.required[m.clients].all())
