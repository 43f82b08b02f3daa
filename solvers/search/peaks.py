"""Peak loads: what is on board where a route delivers, collects and ships between its stops.

A segment of a route is (delivered, kept, peak) for each load: what it needs on board where it begins, what it has on
board where it ends (below zero where a shipment from before it is delivered), and the most on board on the way. As in
Vidal et al. 2014 ("A unified solution framework for multi-attribute vehicle routing problems"), section 4, two of them
are joined in O(1). With backhauls one more triple says whether a segment delivers, collects, and delivers after it has
collected. Each node keeps the segment from its route's start and the one to its end.
"""

from typing import Any, NamedTuple

from vrp.solvers.search.jit import part

MIXED, LAST, STRICT = 0, 1, 2


class NoPairs(NamedTuple):
    """Every stop is served by itself."""

    unused: int


class Pairs(NamedTuple):
    """Shipments: two stops on one vehicle, the pickup first (`pairs.py`)."""

    mate: Any
    """[N] the other end of the node's shipment, -1 if it has none."""
    leads: Any
    """[N] False at deliveries of shipments."""
    walk: Any
    """[1, 3 C] segment up to where a delivery is tried."""


class Peaks(NamedTuple):
    """Loads that depend on the order of the stops, and sums that do not; no limit is ever exceeded."""

    demand: Any
    """[N, S] what adds up over a whole route."""
    capacity: Any
    """[R, S] limit of these sums, with the tolerance added."""
    load: Any
    """[R, S]"""
    own: Any
    """[N, 3 C] segment of the node alone; with backhauls [N, 3 (C + 1)], as of `head` and `tail`."""
    limit: Any
    """[R, C] largest peak, with the tolerance added."""
    order: int
    """MIXED, LAST or STRICT: what `Problem.backhaul` asks for."""
    head: Any
    """[N, 3 C] segment from the start of the route to the node; zeros at sentinels."""
    tail: Any
    """[N, 3 C] segment from the node to the end of the route; zeros at sentinels."""
    log: Any
    """[2, N] nodes whose `head` / `tail` changed in this iteration."""
    old: Any
    """[2, N, 3 C] their values before."""
    stamp: Any
    """[2, N] the iteration of their last change."""
    count: Any
    """[2] length of the logs."""
    pairs: Any
    """NoPairs or Pairs."""
    reload: Any
    """[N] whether a new trip begins at the node, for which all of this begins anew; zeros in `own`."""
    trips: int
    """1 where there are such nodes."""


@part
def _join(a, i, b, j, x):  # type: ignore[no-untyped-def]
    """Join the segments a[i] and b[j] in the load whose triple begins at column x."""
    peak = max(a[i, x + 2] + b[j, x], a[i, x + 1] + b[j, x + 2])
    return a[i, x] + b[j, x], a[i, x + 1] + b[j, x + 1], peak


@part
def _follow(a, i, b, j, x):  # type: ignore[no-untyped-def]
    """Join the triples of the order of a[i] and b[j]: delivers, collects, delivers after it has collected."""
    late = max(a[i, x + 2], b[j, x + 2], min(a[i, x + 1], b[j, x]))
    return max(a[i, x], b[j, x]), max(a[i, x + 1], b[j, x + 1]), late


@part
def _set(peaks, side, values, i, a, p, b, q, forced, now):  # type: ignore[no-untyped-def]
    """Make values[i] the join of a[p] and b[q]; return whether it was something else before, or is forced."""
    triples = values.shape[1] // 3
    loads = peaks.limit.shape[1]
    changed = forced
    for t in range(triples):
        x = 3 * t
        d, k, m = _join(a, p, b, q, x) if t < loads else _follow(a, p, b, q, x)
        if d == values[i, x] and k == values[i, x + 1] and m == values[i, x + 2]:
            continue
        changed = True
        if peaks.stamp[side, i] != now:
            peaks.stamp[side, i] = now
            at = peaks.count[side]
            peaks.log[side, at] = i
            for y in range(3 * triples):
                peaks.old[side, at, y] = values[i, y]
            peaks.count[side] = at + 1
        values[i, x], values[i, x + 1], values[i, x + 2] = d, k, m
    return changed


@part
def refresh_peaks(peaks, plan, r, i, until, j, down_to, now):  # type: ignore[no-untyped-def]
    """Update route r forward from node i and backward from node j, at least as far as `until` and `down_to`."""
    end = plan.locations + r
    forced = True
    while i != end:
        if i == until:
            forced = False
        if peaks.reload[i]:
            if not _set(peaks, 0, peaks.head, i, peaks.own, i, peaks.own, i, forced, now):
                break
        elif not _set(peaks, 0, peaks.head, i, peaks.head, plan.prv[i], peaks.own, i, forced, now):
            break
        i = plan.nxt[i]
    forced = True
    while j != end:
        if j == down_to:
            forced = False
        if peaks.reload[j]:
            if not _set(peaks, 1, peaks.tail, j, peaks.own, j, peaks.own, j, forced, now):
                break
        elif not _set(peaks, 1, peaks.tail, j, peaks.own, j, peaks.tail, plan.nxt[j], forced, now):
            break
        j = plan.prv[j]


@part
def restore_peaks(peaks):  # type: ignore[no-untyped-def]
    """Undo all that was refreshed in this iteration."""
    for k in range(peaks.count[0]):
        for x in range(peaks.head.shape[1]):
            peaks.head[peaks.log[0, k], x] = peaks.old[0, k, x]
    for k in range(peaks.count[1]):
        for x in range(peaks.tail.shape[1]):
            peaks.tail[peaks.log[1, k], x] = peaks.old[1, k, x]


@part
def extend(peaks, a, i, b, j, out, k):  # type: ignore[no-untyped-def]
    """Write the join of the segments a[i] and b[j] to out[k], which may be one of them."""
    triples = out.shape[1] // 3
    for t in range(triples):
        x = 3 * t
        d, kept, m = _join(a, i, b, j, x) if t < peaks.limit.shape[1] else _follow(a, i, b, j, x)
        out[k, x], out[k, x + 1], out[k, x + 2] = d, kept, m


@part
def exceeds(peaks, r, a, i):  # type: ignore[no-untyped-def]
    """Tell whether segment a[i] breaks a limit of vehicle r, whatever comes before or after it."""
    loads = peaks.limit.shape[1]
    for t in range(loads):
        if a[i, 3 * t + 2] > peaks.limit[r, t]:
            return True
    return peaks.order != MIXED and a[i, 3 * loads + 2] > 0.0


@part
def peak_between(peaks, r, head, p, c, q):  # type: ignore[no-untyped-def]
    """Tell whether vehicle r may carry client c between the segment head[p] and its node q."""
    own, tail = peaks.own, peaks.tail
    loads = peaks.limit.shape[1]
    for t in range(loads):
        x = 3 * t
        _, kept, peak = _join(head, p, own, c, x)
        if max(peak + tail[q, x], kept + tail[q, x + 2]) > peaks.limit[r, t]:
            return False
    if peaks.order == MIXED:
        return True
    x = 3 * loads
    delivers, collects, late = _follow(head, p, own, c, x)
    if max(late, min(collects, tail[q, x])) > 0.0:
        return False
    alone = delivers == 0.0 and tail[q, x] == 0.0 and collects + tail[q, x + 1] > 0.0
    return peaks.order != STRICT or not alone


@part
def peak_joined(peaks, r, i, j):  # type: ignore[no-untyped-def]
    """Tell whether vehicle r may carry the segment up to node i and that from node j on, one after the other."""
    loads = peaks.limit.shape[1]
    for t in range(loads):
        if _join(peaks.head, i, peaks.tail, j, 3 * t)[2] > peaks.limit[r, t]:
            return False
    if peaks.order == MIXED:
        return True
    delivers, collects, late = _follow(peaks.head, i, peaks.tail, j, 3 * loads)
    return late <= 0.0 and not (peaks.order == STRICT and delivers == 0.0 and collects > 0.0)


@part
def _borne(peaks, r, a, i):  # type: ignore[no-untyped-def]
    """Tell whether vehicle r may carry the trip a[i]."""
    x = 3 * peaks.limit.shape[1]
    return not exceeds(peaks, r, a, i) and not (peaks.order == STRICT and a[i, x] == 0.0 and a[i, x + 1] > 0.0)


@part
def peak_of(peaks, plan, r, to):  # type: ignore[no-untyped-def]
    """Tell whether route r keeps the peaks that vehicle `to` bears, and the order of its stops."""
    i = plan.locations + r
    tail = peaks.tail
    while True:
        first = plan.nxt[i]
        if not _borne(peaks, to, tail, first):
            return False
        if not peaks.trips:
            return True
        i = first
        while i < plan.locations and not peaks.reload[i]:
            i = plan.nxt[i]
        if i >= plan.locations:
            return True


@part
def peak_along(peaks, r, p, chain, many, q):  # type: ignore[no-untyped-def]
    """Tell whether vehicle r may carry `many` nodes of a chain between its nodes p and q, trip by trip."""
    # The row of the first depot, which is no node, is scratch space.
    trip = peaks.head
    for x in range(trip.shape[1]):
        trip[0, x] = trip[p, x]
    for k in range(many):
        n = chain[k]
        if peaks.reload[n]:
            if not _borne(peaks, r, trip, 0):
                return False
            for x in range(trip.shape[1]):
                trip[0, x] = 0.0
        else:
            extend(peaks, trip, 0, peaks.own, n, trip, 0)
    extend(peaks, trip, 0, peaks.tail, q, trip, 0)
    return _borne(peaks, r, trip, 0)
