"""Fleets of different vehicles: whole routes change vehicles, where insertions alone would seldom pay for another one.

The first stop of a vehicle pays its whole fixed cost, and a route is bound to the vehicle that its first stop chose. So
one of the routes that were ruined may be given another vehicle at random before stops are put back, which then fill it
if they can; and when they are back, each route that has changed takes the cheapest unused vehicle that can carry it, or
swaps its vehicle with another one. All this is kept or undone with the rest of the iteration.
"""

import math
from typing import Any

from vrp.solvers.search.aims import renew, weight
from vrp.solvers.search.jit import dispatch, is_a, outlined, outlined_dispatch, part
from vrp.solvers.search.loads import carries, fits, holds, refresh_loads
from vrp.solvers.search.network import leg
from vrp.solvers.search.pairs import mate
from vrp.solvers.search.plan import Varied, gain, locked, may, put, take, unit, within
from vrp.solvers.search.times import price, spent
from vrp.solvers.search.work import PUT, TAKEN, note, touch, uniform

OTHER_VEHICLE = 0.7
"""Probability that one of the ruined routes gets another vehicle before stops are put back."""
SWAP = 0.2
"""Probability that it is the vehicle of another ruined route, even where one of its type is unused."""
MERGE = 0.5
"""Probability that another ruined route goes into the new vehicle, as far as it fits."""
BETTER = 1e-9
"""Share of the costs compared that a change of vehicles must save: above their rounding."""


def vary(
    net: Any, loads: Any, times: Any, fleet: Any, mix: Any, reach: Any, plan: Any, work: Any,
    logged: int, changed: int, it: int,
) -> tuple[int, int, float]:  # fmt: skip
    """Give a ruined route another vehicle; return how many log entries and changed routes there are, and the cost."""
    raise NotImplementedError("compiled only")


def settle(
    net: Any, loads: Any, times: Any, fleet: Any, mix: Any, reach: Any, plan: Any, work: Any,
    logged: int, changed: int, it: int,
) -> tuple[int, int, float]:  # fmt: skip
    """Give each changed route its cheapest vehicle; return as `vary` does."""
    raise NotImplementedError("compiled only")


@part
def _sums(fleet, mix, plan, r, to):  # type: ignore[no-untyped-def]
    """Return the distance of route r, what its clients gain by vehicle `to`, and whether that may serve them all."""
    i = plan.locations + r
    length, won, allowed = plan.ahead[i], 0.0, True
    i = plan.nxt[i]
    while i < plan.locations:
        length += plan.ahead[i]
        won += gain(mix, fleet, to, i)
        allowed = allowed and may(mix, fleet, to, i)
        i = plan.nxt[i]
    return length, won, allowed


@part
def _worth(times, fleet, mix, plan, r, to):  # type: ignore[no-untyped-def]
    """Return what route r would cost with vehicle `to`, the fixed cost excepted, and whether that may serve it."""
    length, won, allowed = _sums(fleet, mix, plan, r, to)
    return unit(mix, fleet, to) * length - won + spent(times, r, to), allowed


@outlined
def _hand_over(net, loads, times, fleet, mix, reach, plan, work, r, to, logged, changed, it):  # type: ignore[no-untyped-def]
    """Move all clients of route r to the empty route `to`."""
    h, g = plan.locations + r, plan.locations + to
    delta = 0.0
    while plan.size[r] > 0:
        c, last = plan.nxt[h], plan.prv[g]
        delta += take(net, loads, fleet, mix, reach, plan, c)
        logged = note(work, logged, TAKEN, c, h, r)
        delta += put(net, loads, fleet, mix, reach, plan, c, last, to)
        logged = note(work, logged, PUT, c, last, to)
    for x in (r, to):
        h = plan.locations + x
        delta += renew(times, net, plan, x, plan.nxt[h], h, plan.prv[h], h, it)
        refresh_loads(loads, plan, x, plan.nxt[h], h, plan.prv[h], h, it)
        changed = touch(work, changed, x, it)
    return logged, changed, delta


@outlined
def _swap(net, loads, times, fleet, mix, reach, plan, work, r, s, logged, changed, it):  # type: ignore[no-untyped-def]
    """Swap all clients of the routes r and s, whose vehicles are of different types."""
    h, g = plan.locations + r, plan.locations + s
    count, delta = 0, 0.0
    while plan.size[r] > 0:
        c = plan.nxt[h]
        delta += take(net, loads, fleet, mix, reach, plan, c)
        logged = note(work, logged, TAKEN, c, h, r)
        work.held[count] = c
        count += 1
    logged, changed, more = _hand_over(net, loads, times, fleet, mix, reach, plan, work, s, r, logged, changed, it)
    delta += more
    for k in range(count):
        c, last = work.held[k], plan.prv[g]
        delta += put(net, loads, fleet, mix, reach, plan, c, last, s)
        logged = note(work, logged, PUT, c, last, s)
    delta += renew(times, net, plan, s, plan.nxt[g], g, plan.prv[g], g, it)
    refresh_loads(loads, plan, s, plan.nxt[g], g, plan.prv[g], g, it)
    return logged, changed, delta


@outlined
def _append(net, loads, times, fleet, mix, reach, plan, work, s, to, logged, it):  # type: ignore[no-untyped-def]
    """Append the clients of route s to route `to`, from the first on, while they fit, may move and are no pairs."""
    h, g = plan.locations + s, plan.locations + to
    delta = 0.0
    while plan.size[s] > 0:
        c, last = plan.nxt[h], plan.prv[g]
        longer = leg(net, to, last, c) + leg(net, to, c, g) - plan.ahead[last]
        if not (
            mate(loads, c) < 0
            and not locked(plan.fixed, c)
            and fits(loads, to, c)
            and may(mix, fleet, to, c)
            and holds(loads, to, last, c, g)
            and within(reach, to, longer)
            and price(times, net, plan, to, last, c, g, 0.0, math.inf) < math.inf
        ):
            break
        delta += take(net, loads, fleet, mix, reach, plan, c)
        logged = note(work, logged, TAKEN, c, h, s)
        delta += put(net, loads, fleet, mix, reach, plan, c, last, to)
        logged = note(work, logged, PUT, c, last, to)
        delta += renew(times, net, plan, to, c, g, c, last, it)
        refresh_loads(loads, plan, to, c, g, c, last, it)
    delta += renew(times, net, plan, s, plan.nxt[h], plan.nxt[h], h, h, it)
    refresh_loads(loads, plan, s, plan.nxt[h], plan.nxt[h], h, h, it)
    return logged, delta


@part
def _may_swap(loads, fleet, mix, plan, r, s):  # type: ignore[no-untyped-def]
    a, b = fleet.kind[r], fleet.kind[s]
    return (
        a != b
        and fleet.family[a] == fleet.family[b]
        and plan.size[r] > 0
        and plan.size[s] > 0
        and carries(loads, plan, r, s)
        and carries(loads, plan, s, r)
    )


def _vary(net, loads, times, fleet, mix, reach, plan, work, logged, changed, it):  # type: ignore[no-untyped-def]
    if changed == 0 or uniform(work) >= OTHER_VEHICLE:
        return logged, changed, 0.0
    r = work.changed[int(uniform(work) * changed)]
    k = int(uniform(work) * len(fleet.top))
    if fleet.top[k] == 0 or uniform(work) < SWAP:
        s = work.changed[int(uniform(work) * changed)]
        if not (
            _may_swap(loads, fleet, mix, plan, r, s)
            and _sums(fleet, mix, plan, r, s)[2]
            and _sums(fleet, mix, plan, s, r)[2]
        ):
            return logged, changed, 0.0
        return _swap(net, loads, times, fleet, mix, reach, plan, work, r, s, logged, changed, it)
    to = fleet.free[fleet.begin[k] + fleet.top[k] - 1]
    if (
        plan.size[r] == 0
        or k == fleet.kind[r]
        or fleet.family[k] != fleet.family[fleet.kind[r]]
        or not carries(loads, plan, r, to)
        or not _sums(fleet, mix, plan, r, to)[2]
    ):
        return logged, changed, 0.0
    ruined = changed
    logged, changed, delta = _hand_over(net, loads, times, fleet, mix, reach, plan, work, r, to, logged, changed, it)
    for x in range(ruined):
        s = work.changed[x]
        if s != to and plan.size[s] > 0 and uniform(work) < MERGE:
            logged, more = _append(net, loads, times, fleet, mix, reach, plan, work, s, to, logged, it)
            delta += more
    return logged, changed, delta


@part
def _cheapest(loads, times, fleet, mix, plan, r):  # type: ignore[no-untyped-def]
    """Return the unused vehicle of the cheapest type that can take over route r, or -1."""
    kind = fleet.kind[r]
    cost, _ = _worth(times, fleet, mix, plan, r, r)
    cost += fleet.fixed[kind]
    best, at = cost - BETTER * abs(cost), -1
    for k in range(len(fleet.top)):
        if k == kind or fleet.top[k] == 0 or fleet.family[k] != fleet.family[kind]:
            continue
        to = fleet.free[fleet.begin[k] + fleet.top[k] - 1]
        if carries(loads, plan, r, to):
            cost, allowed = _worth(times, fleet, mix, plan, r, to)
            if allowed and cost + fleet.fixed[k] < best:
                best, at = cost + fleet.fixed[k], to
    return at


def _settle(net, loads, times, fleet, mix, reach, plan, work, logged, changed, it):  # type: ignore[no-untyped-def]
    delta, room = 0.0, len(work.log)
    for x in range(changed):
        r = work.changed[x]
        if plan.size[r] > 0 and logged + 2 * plan.size[r] <= room:
            to = _cheapest(loads, times, fleet, mix, plan, r)
            if to >= 0:
                logged, changed, more = _hand_over(
                    net, loads, times, fleet, mix, reach, plan, work, r, to, logged, changed, it
                )
                delta += more
    for x in range(changed):
        for y in range(x):
            r, s = work.changed[x], work.changed[y]
            if not _may_swap(loads, fleet, mix, plan, r, s) or logged + 2 * (plan.size[r] + plan.size[s]) > room:
                continue
            a, _ = _worth(times, fleet, mix, plan, r, r)
            b, _ = _worth(times, fleet, mix, plan, s, s)
            on_s, may_s = _worth(times, fleet, mix, plan, r, s)
            on_r, may_r = _worth(times, fleet, mix, plan, s, r)
            first, second = fleet.fixed[fleet.kind[r]], fleet.fixed[fleet.kind[s]]
            now = weight(plan, a + first) + weight(plan, b + second)
            then = weight(plan, on_s + second) + weight(plan, on_r + first)
            if may_s and may_r and then < now - BETTER * (abs(a) + abs(b)):
                logged, changed, more = _swap(
                    net, loads, times, fleet, mix, reach, plan, work, r, s, logged, changed, it
                )
                delta += more
    return logged, changed, delta


def _dispatch_both(function: Any, varied: Any) -> None:
    """Do what is given where routes may change vehicles."""

    @outlined_dispatch(function)
    def some(
        net: Any, loads: Any, times: Any, fleet: Any, mix: Any, reach: Any, plan: Any, work: Any,
        logged: Any, changed: Any, it: Any,
    ) -> Any:  # fmt: skip
        return varied if is_a(fleet, Varied) else None

    @dispatch(function)
    def none(
        net: Any, loads: Any, times: Any, fleet: Any, mix: Any, reach: Any, plan: Any, work: Any,
        logged: Any, changed: Any, it: Any,
    ) -> Any:  # fmt: skip
        if is_a(fleet, Varied):
            return None
        return lambda net, loads, times, fleet, mix, reach, plan, work, logged, changed, it: (logged, changed, 0.0)


_dispatch_both(vary, _vary)
_dispatch_both(settle, _settle)
