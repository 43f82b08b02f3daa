"""Halts: visits of a route to depots on its way, where it reloads or charges its battery.

They are nodes of the plan that are no clients. One is put together with a client, before or behind it, where the route
could not serve the client without; it is dropped where the route can do without it again.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vrp.problem import Problem
from vrp.solvers.search.aims import opens, renew
from vrp.solvers.search.jit import dispatch, has_a, outlined, part
from vrp.solvers.search.loads import fits, holds, joins, refresh_loads
from vrp.solvers.search.network import leg
from vrp.solvers.search.plan import gain, may, put, take, unit, within
from vrp.solvers.search.trips import journey, worth
from vrp.solvers.search.work import PUT, TAKEN, note
from vrp.vehicles import VehicleType

NEAREST = 3
"""Places to halt that are tried for a client, of each kind."""
BESIDE = 15
"""Neighbours of a client beside which halts are tried."""
LEAST = 1e-9
"""Cost that a halt must save to stay where the route can do without it."""


class NoHalts(NamedTuple):
    """Routes never halt on their way."""

    unused: int


class Halts(NamedTuple):
    """Where routes may halt: S places, each with nodes of its own."""

    depot: Any
    """[N] the depot that a node stands for, -1 where it is no halt."""
    reload: Any
    """[N] whether a node is a reload; else a halt is a charge."""
    begin: Any
    """[S + 1] where the nodes of a place begin."""
    near: Any
    """[L, *] places near a client, -1 where there are fewer."""
    chain: Any
    """[3] the nodes that are tried between two others; written by `between`."""
    electric: int
    """1 where batteries may run empty."""

    def nodes(self) -> NDArray[np.int64]:
        """Return all halts."""
        found: NDArray[np.int64] = np.flatnonzero(self.depot >= 0)
        return found


def electric(v: VehicleType) -> bool:
    """Tell whether a vehicle's battery may run empty."""
    return math.isfinite(v.battery) and v.consumption > 0


def on_the_way(problem: Problem) -> bool:
    """Tell whether some vehicle may reload, or has a battery that may run empty."""
    return any(v.reload_depots or electric(v) for v in problem.vehicles)


def may_halt(problem: Problem, v: VehicleType, depot: int, reload: bool) -> bool:
    """Tell whether a vehicle may reload, or else charge, at a depot."""
    if reload:
        return depot in v.reload_depots
    return depot in problem.chargers and electric(v) and depot not in v.reload_depots


def places_of(problem: Problem) -> list[tuple[int, bool, int]]:
    """List where vehicles may halt: the depot, whether it is a reload, and how many visits a plan can use."""
    n, found = problem.num_clients, []
    for d in range(problem.num_depots):
        most = [
            n if v.max_reloads is None or v.count is None else min(n, v.max_reloads * v.count)
            for v in problem.vehicles
            if d in v.reload_depots and v.max_reloads != 0
        ]
        if most:
            found.append((d, True, min(n, sum(most))))
        if d in problem.chargers and any(electric(v) and d not in v.reload_depots for v in problem.vehicles):
            found.append((d, False, 2 * n))
    return found


def halts_of(problem: Problem, places: list[tuple[int, bool, int]], N: int) -> NoHalts | Halts:
    """Return the halts of a plan of N nodes, of which those behind the locations are halts."""
    if not on_the_way(problem):
        return NoHalts(0)
    D, L = problem.num_depots, problem.num_locations
    counts = [count for _, _, count in places]
    begin = L + np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    depot, reload = np.full(N, -1, np.int64), np.zeros(N, np.bool_)
    depot[L : begin[-1]] = np.repeat([d for d, _, _ in places], counts)
    reload[L : begin[-1]] = np.repeat([r for _, r, _ in places], counts)
    near = np.full((L, 2 * NEAREST), -1, np.int64)
    clients = np.arange(D, L)
    for column, reloads in ((0, True), (NEAREST, False)):
        some = np.array([s for s, (_, r, _) in enumerate(places) if r == reloads], np.int64)
        if len(some):
            depots = np.array([places[s][0] for s in some.tolist()])
            there = problem.legs(clients[:, None], depots[None, :])[0]
            back = problem.legs(depots[None, :], clients[:, None])[0]
            best = some[np.argsort(there + back, axis=1, kind="stable")[:, :NEAREST]]
            near[D:L, column : column + best.shape[1]] = best
    charges = int(any(electric(v) for v in problem.vehicles))
    return Halts(depot, reload, begin, near, np.zeros(3, np.int64), charges)


def is_halt(plan: Any, i: int) -> bool:
    """Tell whether node i is a halt."""
    raise NotImplementedError("compiled only")


def halting(
    net: Any, loads: Any, times: Any, fleet: Any, mix: Any, reach: Any, plan: Any, work: Any, near: Any,
    c: int, cost: float, p: int, r: int,
) -> tuple[float, int, int, int, int]:  # fmt: skip
    """Return the cheapest place for client c with halts, or what is given if that is cheaper.

    Cost, node before it, route, halt before and halt behind the client, -1 where there is none.
    """
    raise NotImplementedError("compiled only")


def tidy(
    net: Any, loads: Any, times: Any, fleet: Any, mix: Any, reach: Any, plan: Any, work: Any,
    logged: int, changed: int, it: int,
) -> tuple[int, float]:  # fmt: skip
    """Drop the halts that changed routes can do without; return the length of the log and the change of cost."""
    raise NotImplementedError("compiled only")


def forget_halts(plan: Any) -> None:
    """Leave every halt unused."""
    raise NotImplementedError("compiled only")


@dispatch(is_halt)
def _is_halt(plan: Any, i: Any) -> Any:
    if has_a(plan, "halts", Halts):
        return lambda plan, i: plan.halts.depot[i] >= 0
    return lambda plan, i: False


@dispatch(forget_halts)
def _forget_halts(plan: Any) -> Any:
    if not has_a(plan, "halts", Halts):
        return lambda plan: None

    def forget(plan):  # type: ignore[no-untyped-def]
        for x in range(plan.halts.begin[0], plan.halts.begin[-1]):
            plan.route[x] = -1

    return forget


@part
def _unused(plan, place, other):  # type: ignore[no-untyped-def]
    """Return an unused node of a place to halt that is not `other`, or -1."""
    if place < 0:
        return -1
    for x in range(plan.halts.begin[place], plan.halts.begin[place + 1]):
        if plan.route[x] < 0 and x != other:
            return x
    return -1


@outlined
def _between(net, loads, times, fleet, mix, reach, plan, r, p, x, c, y, best):  # type: ignore[no-untyped-def]
    """Return the cost of client c behind node p of route r, with halts x and y around it (or -1), if below `best`."""
    chain, h, q = plan.halts.chain, plan.locations + r, plan.nxt[p]
    many, last, delta = 0, p, -plan.ahead[p]
    for i in (x, c, y):
        if i >= 0:
            if not may(mix, fleet, r, i):
                return math.inf
            chain[many] = i
            many += 1
            delta += leg(net, r, last, i)
            last = i
    delta += leg(net, r, last, q)
    cost = unit(mix, fleet, r) * delta - gain(mix, fleet, r, c)
    if plan.size[r] == 0:
        cost += fleet.fixed[fleet.kind[r]]
    # What is beyond a reload is another trip.
    before = h if x >= 0 and plan.halts.reload[x] else p
    behind = h if y >= 0 and plan.halts.reload[y] else q
    if cost >= best or not within(reach, r, delta) or not holds(loads, r, before, c, behind):
        return math.inf
    duration, kept = journey(times, net, plan, r, p, chain, many, -1)
    if not kept:
        return math.inf
    return cost + worth(times, r, duration) - worth(times, r, times.duration[r])


@outlined
def _around(net, loads, times, fleet, mix, reach, plan, r, p, c, best):  # type: ignore[no-untyped-def]
    """Return the cheapest halts around client c behind node p of route r: cost, halt before and halt behind."""
    near, nobody = plan.halts.near, -1
    before, behind = nobody, nobody
    for k in range(near.shape[1]):
        x = _unused(plan, near[c, k], -1)
        if x < 0:
            continue
        cost = _between(net, loads, times, fleet, mix, reach, plan, r, p, x, c, nobody, best)
        if cost < best:
            best, before, behind = cost, x, nobody
        cost = _between(net, loads, times, fleet, mix, reach, plan, r, p, nobody, c, x, best)
        if cost < best:
            best, before, behind = cost, nobody, x
        if plan.halts.electric == 0:
            continue
        for m in range(near.shape[1]):
            y = _unused(plan, near[c, m], x)
            if y >= 0:
                cost = _between(net, loads, times, fleet, mix, reach, plan, r, p, x, c, y, best)
                if cost < best:
                    best, before, behind = cost, x, y
    return best, before, behind


@outlined
def _halting(net, loads, times, fleet, mix, reach, plan, work, near, c, cost, p, r):  # type: ignore[no-untyped-def]
    best, at, on, before, behind = cost if p >= 0 else math.inf, p, r, -1, -1
    for k in range(min(near.shape[1], BESIDE)):
        w = near[c, k]
        if w < 0:
            break
        s = plan.route[w]
        if s < 0 or not fits(loads, s, c) or not may(mix, fleet, s, c):
            continue
        for i in (w, plan.prv[w]):
            cost, x, y = _around(net, loads, times, fleet, mix, reach, plan, s, i, c, best)
            if cost < best:
                best, at, on, before, behind = cost, i, s, x, y
    # An unused vehicle has nothing to reload for; any used one may have time at its ends for another trip.
    for s in range(len(plan.size)):
        h = plan.locations + s
        if plan.size[s] == 0 or not fits(loads, s, c) or not may(mix, fleet, s, c):
            continue
        for i in (h, plan.prv[h]):
            cost, x, y = _around(net, loads, times, fleet, mix, reach, plan, s, i, c, best)
            if cost < best:
                best, at, on, before, behind = cost, i, s, x, y
    if plan.halts.electric and opens(plan, fleet):
        for k in range(len(fleet.top)):
            if fleet.top[k] > 0:
                s = fleet.free[fleet.begin[k] + fleet.top[k] - 1]
                h = plan.locations + s
                if fits(loads, s, c) and may(mix, fleet, s, c):
                    cost, x, y = _around(net, loads, times, fleet, mix, reach, plan, s, h, c, best)
                    if cost < best:
                        best, at, on, before, behind = cost, h, s, x, y
    return best, at, on, before, behind


@dispatch(halting)
def _halting_some(
    net: Any, loads: Any, times: Any, fleet: Any, mix: Any, reach: Any, plan: Any, work: Any, near: Any,
    c: Any, cost: Any, p: Any, r: Any,
) -> Any:  # fmt: skip
    if has_a(plan, "halts", Halts):
        return lambda net, loads, times, fleet, mix, reach, plan, work, near, c, cost, p, r: _halting(
            net, loads, times, fleet, mix, reach, plan, work, near, c, cost, p, r
        )
    return lambda net, loads, times, fleet, mix, reach, plan, work, near, c, cost, p, r: (cost, p, r, -1, -1)


@part
def _without(net, loads, times, fleet, mix, reach, plan, r, x):  # type: ignore[no-untyped-def]
    """Tell whether route r can do without its halt x, and is no dearer then."""
    p, q = plan.prv[x], plan.nxt[x]
    if plan.size[r] == 1:
        return True
    delta = leg(net, r, p, q) - plan.ahead[p] - plan.ahead[x]
    if not within(reach, r, delta) or (plan.halts.reload[x] and not joins(loads, r, p, q)):
        return False
    duration, kept = journey(times, net, plan, r, -1, plan.halts.chain, 0, x)
    if not kept:
        return False
    return unit(mix, fleet, r) * delta + worth(times, r, duration) - worth(times, r, times.duration[r]) <= LEAST


@outlined
def _tidy(net, loads, times, fleet, mix, reach, plan, work, logged, changed, it):  # type: ignore[no-untyped-def]
    delta = 0.0
    for k in range(changed):
        r = work.changed[k]
        h = plan.locations + r
        x = plan.nxt[h]
        while x != h:
            q = plan.nxt[x]
            if plan.halts.depot[x] >= 0 and _without(net, loads, times, fleet, mix, reach, plan, r, x):
                p = plan.prv[x]
                delta += take(net, loads, fleet, mix, reach, plan, x)
                logged = note(work, logged, TAKEN, x, p, r)
                delta += renew(times, net, plan, r, q, q, p, p, it)
                refresh_loads(loads, plan, r, q, q, p, p, it)
            x = q
    return logged, delta


@dispatch(tidy)
def _tidy_all(
    net: Any, loads: Any, times: Any, fleet: Any, mix: Any, reach: Any, plan: Any, work: Any,
    logged: Any, changed: Any, it: Any,
) -> Any:  # fmt: skip
    if has_a(plan, "halts", Halts):
        return lambda net, loads, times, fleet, mix, reach, plan, work, logged, changed, it: _tidy(
            net, loads, times, fleet, mix, reach, plan, work, logged, changed, it
        )
    return lambda net, loads, times, fleet, mix, reach, plan, work, logged, changed, it: (logged, 0.0)


@part
def put_halt(net, loads, fleet, mix, reach, plan, work, x, p, r, logged):  # type: ignore[no-untyped-def]
    """Put halt x behind node p of route r, if there is one; return the length of the log and the change of cost."""
    if x < 0:
        return logged, 0.0
    delta = put(net, loads, fleet, mix, reach, plan, x, p, r)
    return note(work, logged, PUT, x, p, r), delta
