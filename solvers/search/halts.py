"""Halts: visits of a route to depots on its way, where it reloads or charges its battery.

They are nodes of the plan that are no clients, put into routes and taken out of them by `halting.py`.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vrp.problem import Problem
from vrp.solvers.search.jit import dispatch, has_a, part
from vrp.solvers.search.work import uniform
from vrp.vehicles import VehicleType

CHEAPEST = 2
"""Places of a client that are looked at with a halt that is not beside it, or elsewhere."""
NEAREST = 3
"""Places to halt that are tried for a client, of each kind."""
WITH_HALTS = 0.2
"""Probability that halts do not count in the length of a string. If they always counted, a route with halts would never
be removed whole, and so not change its vehicle; if they never did, iterations would take half as long again."""


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
    """[L, 2 NEAREST] places near a client, reloads first, -1 where there are fewer."""
    chain: Any
    """[N] the nodes that are tried between two others."""
    line: Any
    """[N] the nodes from one halt of a route, or its start, to the next halt, or its end."""
    far: Any
    """[N] distance to each of them from the first."""
    chosen: Any
    """[5] halts that go with the last place that was found for a client: the one that leaves, and two that come, each
    with the node before it; -1 where there is none."""
    costs: Any
    """[K] what the cheapest places of a client that need a halt cost without it."""
    gaps: Any
    """[K, 3] these places: the node before, the route, and whether the battery would not last."""
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
    chain, line = np.zeros((2, N), np.int64)
    return Halts(
        depot, reload, begin, near, chain, line, np.zeros(N), np.full(5, -1, np.int64), np.zeros(CHEAPEST),
        np.zeros((CHEAPEST, 3), np.int64), charges,
    )  # fmt: skip


def is_halt(plan: Any, i: int) -> bool:
    """Tell whether node i is a halt."""
    raise NotImplementedError("compiled only")


def with_halts(plan: Any, work: Any, r: int, clients: float) -> float:
    """Return how many nodes of route r hold so many clients: now and then with the halts among them."""
    raise NotImplementedError("compiled only")


def forget_halts(plan: Any) -> None:
    """Leave every halt unused."""
    raise NotImplementedError("compiled only")


def stand_in(plan: Any, i: int) -> int:
    """Return node i, or if it is a halt that a route makes an unused one at the same place, -1 if there is none."""
    raise NotImplementedError("compiled only")


@dispatch(is_halt)
def _is_halt(plan: Any, i: Any) -> Any:
    if has_a(plan, "halts", Halts):
        return lambda plan, i: plan.halts.depot[i] >= 0
    return lambda plan, i: False


@dispatch(with_halts)
def _with_halts(plan: Any, work: Any, r: Any, clients: Any) -> Any:
    if not has_a(plan, "halts", Halts):
        return lambda plan, work, r, clients: clients

    def nodes(plan, work, r, clients):  # type: ignore[no-untyped-def]
        if uniform(work) >= WITH_HALTS:
            return clients
        served, i = 0, plan.nxt[plan.locations + r]
        while i != plan.locations + r:
            served += plan.halts.depot[i] < 0
            i = plan.nxt[i]
        return clients * plan.size[r] / max(1, served)

    return nodes


@dispatch(forget_halts)
def _forget_halts(plan: Any) -> Any:
    if not has_a(plan, "halts", Halts):
        return lambda plan: None

    def forget(plan):  # type: ignore[no-untyped-def]
        for x in range(plan.halts.begin[0], plan.halts.begin[-1]):
            plan.route[x] = -1

    return forget


@dispatch(stand_in)
def _stand_in(plan: Any, i: Any) -> Any:
    if not has_a(plan, "halts", Halts):
        return lambda plan, i: i

    def other(plan, i):  # type: ignore[no-untyped-def]
        halts = plan.halts
        if halts.depot[i] < 0 or plan.route[i] < 0:
            return i
        place = 0
        while halts.begin[place + 1] <= i:
            place += 1
        return unused(plan, place)

    return other


@part
def unused(plan, place):  # type: ignore[no-untyped-def]
    """Return an unused node of a place to halt, or -1."""
    for x in range(plan.halts.begin[place], plan.halts.begin[place + 1]):
        if plan.route[x] < 0:
            return x
    return -1
