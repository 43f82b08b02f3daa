"""Trips: the clock and the battery of routes that reload or charge on their way; a detour is tested in O(1).

Releases bind trip by trip: a trip leaves its depot no earlier than the largest of them. A charge fills the battery, so
that how long it takes depends on the way since the one before, and nothing behind it depends on that way. So each node
keeps the segment (`segments.py`) from the beginning of its trip, and the one to the next charge; places to charge keep
the one from there to the end of the route. Any nodes between two others of a route are priced from these.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vrp.problem import Problem
from vrp.solvers.search.hours import Hours, stay
from vrp.solvers.search.hours import worth as worth
from vrp.solvers.search.jit import outlined, part
from vrp.solvers.search.network import drive, leg
from vrp.solvers.search.segments import join, note_duration

EMPTY = 5e-7
"""Share of a battery by which it may be below empty: half of what the check allows."""
_NUMBERS: Any = np.arange(-1, 3)
NOBODY, NONE, ONE, TWO = _NUMBERS
"""Numbers that are no literals: a function is compiled once more for each literal that it is given."""
DISTANCE, RELEASE, MADE = 3, 4, 5
"""Columns behind those of a segment."""
STAY = 3
"""Likewise."""

PRICED = {
    "slack", "duration", "longest", "cost", "nominal", "overtime", "route_log", "route_old",
    "route_stamp", "route_count",
}  # fmt: skip
"""Fields that mean the same as in `Hours`."""


class Trips(NamedTuple):
    """Windows, services, releases, prices of durations and batteries."""

    early: Any
    """[N] start of the node's window (sentinel: of the route's start)."""
    late: Any
    """[N] end of the node's window (sentinel: of the route's start)."""
    service: Any
    """[N] seconds, of a reload too."""
    setup: Any
    """[N] seconds before the service, spared where the leg to the node is nothing."""
    release: Any
    """[N] the trip starts no earlier."""
    reload: Any
    """[N] whether a trip begins at the node."""
    station: Any
    """[N] row of the curve by which a node charges, -1 where it does not."""
    curve: Any
    """[S, 2, M] seconds and energy from empty, the last point repeated."""
    battery: Any
    """[R] energy of a full one."""
    consumption: Any
    """[R] per unit of distance."""
    reloads: Any
    """[R] most reloads of a route."""
    made: Any
    """[R] reloads of each route."""
    broken: Any
    """[R] whether the route breaks a limit of its clock, its battery or its reloads."""
    begin: Any
    """[N] where the node's trip begins: a reload, or the sentinel."""
    charge: Any
    """[N] where the battery is charged next, at the node or behind it; the sentinel if nowhere."""
    head: Any
    """[N, 6] segment from the departure of the node's trip to leaving it, or where a trip begins from the start of the
    route to the end of service; distance since the last charge; largest release in the trip up to it; reloads."""
    tail: Any
    """[N, 5] segment from the node, as it is reached now, to arriving where the battery is charged next, or at the end;
    distance to there; largest release in the trip from it on."""
    rest: Any
    """[N, 4] where the battery is charged: segment from leaving it to the end of the route; seconds spent there."""
    slack: float
    duration: Any
    """[R]"""
    longest: Any
    cost: Any
    nominal: Any
    overtime: Any
    route_log: Any
    route_old: Any
    route_stamp: Any
    route_count: Any


def trips_of(
    problem: Problem,
    kind: NDArray[np.int64],
    depot: NDArray[np.int64],
    reload: NDArray[np.bool_],
    spans: Any,
    priced: Hours,
) -> Trips:
    """Return the times of a problem whose nodes with a `depot` are halts."""
    D, L, R, N = problem.num_depots, problem.num_locations, len(kind), len(depot)
    early, late = np.zeros(N), np.full(N, math.inf)
    service, setup, release = np.zeros(N), np.zeros(N), np.zeros(N)
    early[D:L], late[D:L] = spans.stops.T
    early[N - R :], late[N - R :] = spans.starts.T
    service[D:L], setup[D:L], release[D:L] = problem.service, problem.setup, problem.release
    halts = np.flatnonzero(depot >= 0)
    early[halts], late[halts] = problem.depot_windows[depot[halts]].T
    service[halts] = np.where(reload[halts], problem.depot_service[depot[halts]], 0.0)
    rows = {d: s for s, d in enumerate(sorted(problem.chargers))}
    station = np.array([rows.get(d, -1) for d in depot.tolist()], np.int64)
    points = max((len(c) for c in problem.chargers.values()), default=1)
    curve = np.zeros((max(len(rows), 1), 2, points))
    for d, s in rows.items():
        given = np.array(problem.chargers[d]).T
        curve[s] = np.column_stack([given, np.repeat(given[:, -1:], points - given.shape[1], axis=1)])
    types = problem.vehicles
    battery = np.array([v.battery if v.consumption > 0 else math.inf for v in types])[kind]
    tail = np.zeros((N, 5))
    tail[:, 1], tail[:, 2] = early, late
    tail[N - R :, 1:3] = spans.ends
    return Trips(
        early=early, late=late, service=service, setup=setup, release=release, reload=reload,
        station=station, curve=curve, battery=battery,
        consumption=np.where(np.isfinite(battery), np.array([v.consumption for v in types])[kind], 0.0),
        reloads=np.array([N if v.max_reloads is None else v.max_reloads for v in types], np.int64)[kind],
        made=np.zeros(R, np.int64), broken=np.zeros(R, np.bool_), begin=np.arange(N), charge=np.arange(N),
        head=np.zeros((N, 6)), tail=tail, rest=np.zeros((N, 4)),
        **{f: getattr(priced, f) for f in Trips._fields if f in PRICED},
    )  # fmt: skip


@part
def _seconds(curve, s, energy):  # type: ignore[no-untyped-def]
    """Seconds from empty to an energy, linear between the points of curve s."""
    if energy <= curve[s, 1, 0]:
        return curve[s, 0, 0]
    for k in range(1, curve.shape[2]):
        if energy <= curve[s, 1, k]:
            share = (energy - curve[s, 1, k - 1]) / (curve[s, 1, k] - curve[s, 1, k - 1])
            return curve[s, 0, k - 1] + share * (curve[s, 0, k] - curve[s, 0, k - 1])
    return curve[s, 0, curve.shape[2] - 1]


@part
def charges(times, r, i):  # type: ignore[no-untyped-def]
    """Tell whether vehicle r charges at node i."""
    return times.station[i] >= 0 and times.consumption[r] > 0.0


@part
def lasts_for(times, r, distance):  # type: ignore[no-untyped-def]
    """Tell whether a full battery of vehicle r lasts for a distance."""
    return times.consumption[r] == 0.0 or times.consumption[r] * distance <= (1.0 + EMPTY) * times.battery[r]


@part
def _charged(times, r, i, distance):  # type: ignore[no-untyped-def]
    """Seconds at node i, where vehicle r charges, this far from its last charge."""
    s, full = times.station[i], times.battery[r]
    level = max(full - times.consumption[r] * distance, 0.0)
    return max(times.service[i], _seconds(times.curve, s, full) - _seconds(times.curve, s, level))


@part
def _depart(times, r, h, a, release):  # type: ignore[no-untyped-def]
    """Return the segment from the start of route r to its departure from node a, where a trip with a release begins.

    And how late that is.
    """
    if a == h:
        e = max(times.early[h], release)
        return 0.0, e, max(e, times.late[h]), e - times.late[h]
    d, e, l, _ = join(times.head[a, 0], times.head[a, 1], times.head[a, 2], 0.0, 0.0, release, math.inf)  # noqa: E741
    return d, e, l, 0.0


@part
def _come(times, net, r, p, i, distance):  # type: ignore[no-untyped-def]
    """Return the seconds to node i from node p, and there; distances since the last charge when reached and left."""
    seconds = drive(net, r, p, i)
    reached = distance + leg(net, r, p, i)
    if charges(times, r, i):
        return seconds, _charged(times, r, i, reached), reached, 0.0
    return seconds, stay(times, net, r, p, i), reached, reached


@part
def _backward(times, net, nxt, prv, r, h, j):  # type: ignore[no-untyped-def]
    """Compute `tail` and `charge` of route r from node j to its start."""
    tail = times.tail
    while j != h:
        q = nxt[j]
        reload, release = times.reload[j], tail[q, RELEASE]
        if charges(times, r, j):
            times.charge[j] = j
            tail[j, 0], tail[j, 1], tail[j, 2], tail[j, DISTANCE] = 0.0, times.early[j], times.late[j], 0.0
        else:
            times.charge[j] = times.charge[q]
            d, e, l = stay(times, net, r, prv[j], j), times.early[j], times.late[j]  # noqa: E741
            if reload:
                d, e, l, _ = join(d, e, l, 0.0, 0.0, release, math.inf)  # noqa: E741
            d, e, l, _ = join(d, e, l, drive(net, r, j, q), tail[q, 0], tail[q, 1], tail[q, 2])  # noqa: E741
            tail[j, 0], tail[j, 1], tail[j, 2] = d, e, l
            tail[j, DISTANCE] = leg(net, r, j, q) + tail[q, DISTANCE]
        tail[j, RELEASE] = 0.0 if reload else max(times.release[j], release)
        j = prv[j]


@part
def _forward(times, net, nxt, r, h, a, slack):  # type: ignore[no-untyped-def]
    """Compute `head` of route r from node a on, where a trip begins, and the seconds of its charges.

    Returns its duration, its reloads, and whether all that is kept.
    """
    head, tail = times.head, times.tail
    p = a
    d, e, l, release, kept = 0.0, 0.0, 0.0, 0.0, True  # noqa: E741
    distance, made = head[a, DISTANCE], head[a, MADE]
    while True:
        i = nxt[p]
        if i == h:
            seconds, here, opens, closes = drive(net, r, p, h), 0.0, tail[h, 1], tail[h, 2]
            reached = distance + leg(net, r, p, h)
        else:
            seconds, here, reached, distance = _come(times, net, r, p, i, distance)
            opens, closes = times.early[i], times.late[i]
        kept = kept and lasts_for(times, r, reached)
        if p == a:
            d, e, l = seconds + here, opens - seconds, closes - seconds  # noqa: E741
        else:
            d, e, l, late = join(d, e, l, seconds, here, opens, closes)  # noqa: E741
            kept = kept and late <= slack
        if i == h or times.reload[i]:
            # One trip more is done, so that its releases are known.
            d1, e1, l1, late = _depart(times, r, h, a, tail[nxt[a], RELEASE])
            kept = kept and late <= slack
            d, e, l, late = join(d1, e1, l1, 0.0, d, e, l)  # noqa: E741
            kept = kept and late <= slack
            if i == h:
                return d, made, kept
            made, a, release = made + 1.0, i, 0.0
        release = max(release, times.release[i])
        if charges(times, r, i):
            times.rest[i, STAY] = here
        times.begin[i] = a
        head[i, 0], head[i, 1], head[i, 2] = d, e, l
        head[i, DISTANCE], head[i, RELEASE], head[i, MADE] = distance, release, made
        p = i


@part
def _rests(times, net, nxt, prv, r, h):  # type: ignore[no-untyped-def]
    """Compute `rest` of route r."""
    tail, rest = times.tail, times.rest
    j = prv[h]
    while j != h:
        if times.charge[j] == j:
            q = nxt[j]
            b, seconds = times.charge[q], drive(net, r, j, q)
            d, e, l = seconds + tail[q, 0], tail[q, 1] - seconds, tail[q, 2] - seconds  # noqa: E741
            if times.reload[j]:
                d, e, l, _ = join(0.0, tail[q, RELEASE], math.inf, 0.0, d, e, l)  # noqa: E741
            if b != h:
                d, e, l, _ = join(d, e, l, rest[b, STAY], rest[b, 0], rest[b, 1], rest[b, 2])  # noqa: E741
            rest[j, 0], rest[j, 1], rest[j, 2] = d, e, l
        j = prv[j]


@outlined
def sweep(times, net, nxt, prv, r, h, i, j):  # type: ignore[no-untyped-def]
    """Update all that is kept of route r, with sentinel h, where its nodes changed from i to j; return its duration."""
    if nxt[h] == h:
        times.broken[r], times.made[r] = False, 0
        return 0.0
    a = h
    if times.broken[r]:
        j = prv[h]
    else:
        # The stop behind the last changed one may need another setup than before.
        if nxt[j] != h:
            j = nxt[j]
        a = times.begin[prv[i]]
    _backward(times, net, nxt, prv, r, h, j)
    # Half as much again as an insertion may be late: sums differ by their rounding.
    duration, made, kept = _forward(times, net, nxt, r, h, a, 1.5 * times.slack)
    if times.consumption[r] > 0.0:
        _rests(times, net, nxt, prv, r, h)
    times.made[r] = int(made)
    times.broken[r] = not (kept and duration <= times.longest[r] + 0.5 * times.slack and made <= times.reloads[r])
    return duration


@part
def _goods(times, chain, k, many, q):  # type: ignore[no-untyped-def]
    """Return the largest release of a trip from the k-th node of a chain on, which is followed by node q."""
    release = 0.0
    while k < many:
        if times.reload[chain[k]]:
            return release
        release = max(release, times.release[chain[k]])
        k += 1
    return max(release, times.tail[q, RELEASE])


@outlined
def detour(times, net, nxt, prv, r, h, p, chain, many, q, fewer):  # type: ignore[no-untyped-def]
    """Return the duration of route r with `many` nodes of a chain between its nodes p and q, where `fewer` reloads are.

    Infinity where that breaks a limit of its clock, its battery or its reloads.
    """
    head, tail, rest, slack = times.head, times.tail, times.rest, times.slack
    a = times.begin[p]
    release = max(head[p, RELEASE], _goods(times, chain, NONE, many, q))
    d, e, l, late = _depart(times, r, h, a, release)  # noqa: E741
    if late > slack:
        return math.inf
    if p != a:
        d, e, l, late = join(d, e, l, 0.0, head[p, 0], head[p, 1], head[p, 2])  # noqa: E741
        if late > slack:
            return math.inf
    distance, made, i = head[p, DISTANCE], times.made[r] - fewer, p
    for k in range(many):
        n = chain[k]
        seconds, here, reached, distance = _come(times, net, r, i, n, distance)
        d, e, l, late = join(d, e, l, seconds, here, times.early[n], times.late[n])  # noqa: E741
        if late > slack or not lasts_for(times, r, reached):
            return math.inf
        if times.reload[n]:
            made += 1
            d, e, l, _ = join(d, e, l, 0.0, 0.0, _goods(times, chain, k + 1, many, q), math.inf)  # noqa: E741
        i = n
    distance += leg(net, r, i, q) + tail[q, DISTANCE]
    if made > times.reloads[r] or not lasts_for(times, r, distance):
        return math.inf
    d2, e2, l2 = tail[q, 0], tail[q, 1], tail[q, 2]
    # Whoever stands before q may spare it the setup.
    if times.setup[q] > 0.0:
        here = stay(times, net, r, i, q)
        if here != stay(times, net, r, prv[q], q):
            n = nxt[q]
            d2, e2, l2, late = join(
                here, times.early[q], times.late[q], drive(net, r, q, n), tail[n, 0], tail[n, 1], tail[n, 2]
            )
            if late > slack:
                return math.inf
    d, e, l, late = join(d, e, l, drive(net, r, i, q), d2, e2, l2)  # noqa: E741
    if late > slack:
        return math.inf
    b = times.charge[q]
    if b != h:
        d, e, l, late = join(d, e, l, _charged(times, r, b, distance), rest[b, 0], rest[b, 1], rest[b, 2])  # noqa: E741
        if late > slack:
            return math.inf
    return d if d <= times.longest[r] else math.inf


@part
def longer(times, net, plan, r, p, chain, many, q, fewer):  # type: ignore[no-untyped-def]
    """Return by how much route r pays more for its time with a `detour`, or infinity."""
    duration = detour(times, net, plan.nxt, plan.prv, r, plan.locations + r, p, chain, many, q, fewer)
    if duration == math.inf:
        return math.inf
    return worth(times, r, duration) - worth(times, r, times.duration[r])


@part
def refresh_trips(times, net, plan, r, i, j, now):  # type: ignore[no-untyped-def]
    """Update route r, whose nodes changed from i to j; return the change of what its duration costs."""
    before = worth(times, r, times.duration[r])
    duration = sweep(times, net, plan.nxt, plan.prv, r, plan.locations + r, i, j)
    note_duration(times, r, duration, now)
    return worth(times, r, duration) - before


@part
def price_trips(times, net, plan, r, p, c, q, cost):  # type: ignore[no-untyped-def]
    """Return `cost` plus that of the longer duration of route r with client c between nodes p and q, or infinity."""
    chain = plan.halts.chain
    chain[0] = c
    return cost + longer(times, net, plan, r, p, chain, ONE, q, NONE)


@part
def restore_trips(times, net, plan):  # type: ignore[no-untyped-def]
    """Undo all that was refreshed in this iteration, in a plan that is what it was."""
    for k in range(times.route_count[0]):
        r = times.route_log[k]
        h = plan.locations + r
        times.duration[r] = times.route_old[k]
        sweep(times, net, plan.nxt, plan.prv, r, h, plan.nxt[h], plan.prv[h])


@part
def forget_trips(times):  # type: ignore[no-untyped-def]
    """Begin an iteration: nothing is logged."""
    times.route_count[0] = 0
