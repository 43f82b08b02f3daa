"""Trips: the clock and the battery of routes that reload or charge on their way, followed from start to end.

As releases bind trip by trip, and a charge takes longer the emptier the battery is, a route is walked as a whole for
every question: exact, and linear in its length. Time passes as in the check: a route that starts at t ends at
max(t + P, E), where P is all driving and standing and E its end when it starts as early as possible.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vrp.problem import Problem
from vrp.solvers.search.hours import Hours
from vrp.solvers.search.hours import worth as worth
from vrp.solvers.search.jit import outlined, part
from vrp.solvers.search.network import drive, leg
from vrp.solvers.search.segments import note_duration

EMPTY = 5e-7
"""Share of a battery by which it may be below empty: half of what the check allows."""

PRICED = {
    "slack", "duration", "longest", "cost", "nominal", "overtime", "route_log", "route_old",
    "route_stamp", "route_count",
}  # fmt: skip
"""Fields that mean the same as in `Hours`."""


class Trips(NamedTuple):
    """Windows, services, releases, prices of durations and batteries; nothing is kept but durations."""

    early: Any
    """[N] start of the node's window (sentinel: of the route's start)."""
    late: Any
    """[N] end of the node's window (sentinel: of the route's start)."""
    open: Any
    """[R] the end depot opens."""
    close: Any
    """[R] latest end of the route."""
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
    needs: Any
    """[n + 1] largest release of each trip of the route that is walked."""
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
    return Trips(
        early=early, late=late, open=np.ascontiguousarray(spans.ends[:, 0]),
        close=np.ascontiguousarray(spans.ends[:, 1]), service=service, setup=setup, release=release, reload=reload,
        station=station, curve=curve, battery=battery,
        consumption=np.where(np.isfinite(battery), np.array([v.consumption for v in types])[kind], 0.0),
        reloads=np.array([N if v.max_reloads is None else v.max_reloads for v in types], np.int64)[kind],
        needs=np.zeros(N + 1), **{f: getattr(priced, f) for f in Trips._fields if f in PRICED},
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
def _onward(plan, base, k, p, chain, many, gone):  # type: ignore[no-untyped-def]
    """Return the next node, the last one that is in the plan by then, and how many of the chain are behind."""
    if base == p and k < many:
        return chain[k], base, k + 1
    n = plan.nxt[base]
    if n == gone:
        n = plan.nxt[n]
    return n, n, k


@part
def _releases(times, plan, r, p, chain, many, gone):  # type: ignore[no-untyped-def]
    """Write the largest release of each trip to `needs`."""
    h = base = plan.locations + r
    k = trip = 0
    times.needs[0] = 0.0
    while True:
        n, base, k = _onward(plan, base, k, p, chain, many, gone)
        if n == h:
            return
        if times.reload[n]:
            trip += 1
            times.needs[trip] = 0.0
        times.needs[trip] = max(times.needs[trip], times.release[n])


@part
def _charge(times, r, i, level):  # type: ignore[no-untyped-def]
    """Seconds that vehicle r charges at node i, which it reaches with this energy."""
    s = times.station[i]
    return max(0.0, _seconds(times.curve, s, times.battery[r]) - _seconds(times.curve, s, max(level, 0.0)))


@outlined
def journey(times, net, plan, r, p, chain, many, gone):  # type: ignore[no-untyped-def]
    """Return the duration of route r with `many` nodes of a chain behind node p and without node `gone`, ...

    ... and whether it keeps its windows, its longest duration, its number of reloads and its battery.
    """
    _releases(times, plan, r, p, chain, many, gone)
    h = base = i = plan.locations + r
    k = trip = 0
    clock = earliest = max(times.early[h], times.needs[0])
    latest, path, level = max(clock, times.late[h]), 0.0, times.battery[r]
    kept = clock <= times.late[h] + times.slack
    while True:
        n, base, k = _onward(plan, base, k, p, chain, many, gone)
        way, seconds = leg(net, r, i, n), drive(net, r, i, n)
        clock, path = clock + seconds, path + seconds
        if times.consumption[r] > 0.0:
            level -= times.consumption[r] * way
            kept = kept and level >= -EMPTY * times.battery[r]
        opens, closes = (times.open[r], times.close[r]) if n == h else (times.early[n], times.late[n])
        clock = max(clock, opens)
        kept = kept and clock <= closes + times.slack
        latest = min(latest, max(closes, clock) - path)
        if n == h:
            break
        stay = times.service[n]
        if times.setup[n] > 0.0 and (way > 0.0 or seconds > 0.0):
            stay += times.setup[n]
        if times.consumption[r] > 0.0 and times.station[n] >= 0:
            stay = max(stay, _charge(times, r, n, level))
            level = times.battery[r]
        clock, path = clock + stay, path + stay
        if times.reload[n]:
            trip += 1
            clock = max(clock, times.needs[trip])
        i = n
    start = min(max(earliest, clock - path), latest)
    duration = max(start + path, clock) - start
    return duration, kept and duration <= times.longest[r] and trip <= times.reloads[r]


@part
def refresh_trips(times, net, plan, r, now):  # type: ignore[no-untyped-def]
    """Recompute the duration of route r; return the change of what it costs."""
    duration = 0.0
    if plan.size[r] > 0:
        duration, _ = journey(times, net, plan, r, -1, times.reloads, 0, -1)
    before = worth(times, r, times.duration[r])
    note_duration(times, r, duration, now)
    return worth(times, r, duration) - before


@part
def price_trips(times, net, plan, r, p, c, cost):  # type: ignore[no-untyped-def]
    """Return `cost` plus that of the longer duration of route r with client c behind node p, or infinity."""
    chain = plan.halts.chain
    chain[0] = c
    duration, kept = journey(times, net, plan, r, p, chain, 1, -1)
    if not kept:
        return math.inf
    return cost + worth(times, r, duration) - worth(times, r, times.duration[r])


@part
def kept_trips(times, net, plan, r):  # type: ignore[no-untyped-def]
    """Tell whether route r keeps all its limits."""
    return plan.size[r] == 0 or journey(times, net, plan, r, -1, times.reloads, 0, -1)[1]


@part
def restore_trips(times):  # type: ignore[no-untyped-def]
    """Undo all that was refreshed in this iteration."""
    for k in range(times.route_count[0]):
        times.duration[times.route_log[k]] = times.route_old[k]


@part
def forget_trips(times):  # type: ignore[no-untyped-def]
    """Begin an iteration: nothing is logged."""
    times.route_count[0] = 0
