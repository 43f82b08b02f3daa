"""Behind each iteration: halts that a changed route can do without are dropped, and others go where they cost less."""

from typing import Any

from vrp.solvers.search.halts import Halts
from vrp.solvers.search.jit import dispatch, has_a, outlined_dispatch, part
from vrp.solvers.search.loads import bears_chain, refresh_loads
from vrp.solvers.search.network import leg
from vrp.solvers.search.plan import put, take, unit, within
from vrp.solvers.search.stretch import one_halt
from vrp.solvers.search.times import refresh
from vrp.solvers.search.trips import NOBODY, NONE, ONE, charges, longer
from vrp.solvers.search.work import PUT, TAKEN, note

LEAST = 1e-9
"""Cost that a halt must save to stay where the route can do without it."""


def tidy(
    net: Any, loads: Any, times: Any, fleet: Any, mix: Any, reach: Any, plan: Any, work: Any,
    logged: int, changed: int, it: int,
) -> tuple[int, float]:  # fmt: skip
    """Drop the halts that changed routes can do without; return the length of the log and the change of cost."""
    raise NotImplementedError("compiled only")


def move_halts(
    net: Any, loads: Any, times: Any, fleet: Any, mix: Any, reach: Any, plan: Any, work: Any,
    logged: int, changed: int, it: int,
) -> tuple[int, float]:  # fmt: skip
    """Move the halts of changed routes to where they cost least; return as `tidy` does."""
    raise NotImplementedError("compiled only")


@part
def _refresh(net, loads, times, plan, r, it):  # type: ignore[no-untyped-def]
    """Update all of route r; return the change of what its time costs."""
    h = plan.locations + r
    refresh_loads(loads, plan, r, plan.nxt[h], h, plan.prv[h], h, it)
    return refresh(times, net, plan, r, plan.nxt[h], h, plan.prv[h], h, it)


@part
def _without(net, loads, times, fleet, mix, reach, plan, r, x):  # type: ignore[no-untyped-def]
    """Tell whether route r can do without its halt x, and is no dearer then."""
    p, q = plan.prv[x], plan.nxt[x]
    if plan.size[r] == 1:
        return True
    delta, chain, fewer = leg(net, r, p, q) - plan.ahead[p] - plan.ahead[x], plan.halts.chain, NONE
    if plan.halts.reload[x]:
        fewer = ONE
    if not within(reach, r, delta) or not bears_chain(loads, r, p, chain, NONE, q):
        return False
    return unit(mix, fleet, r) * delta + longer(times, net, plan, r, p, chain, NONE, q, fewer) <= LEAST


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
                delta += _refresh(net, loads, times, plan, r, it)
            x = q
    return logged, delta


def _move(net, loads, times, fleet, mix, reach, plan, work, logged, changed, it):  # type: ignore[no-untyped-def]
    delta = 0.0
    for k in range(changed):
        r = work.changed[k]
        h = plan.locations + r
        x = plan.nxt[h]
        while x != h:
            q = plan.nxt[x]
            if plan.halts.depot[x] >= 0 and logged + 2 < len(work.log):
                p, high = plan.prv[x], plan.halts.near.shape[1]
                if not charges(times, r, x):
                    high //= 2
                _, y, at = one_halt(net, loads, times, fleet, mix, reach, plan, r, p, NOBODY, x, high, -LEAST)
                if y >= 0:
                    delta += take(net, loads, fleet, mix, reach, plan, x)
                    logged = note(work, logged, TAKEN, x, p, r)
                    delta += put(net, loads, fleet, mix, reach, plan, y, at, r)
                    logged = note(work, logged, PUT, y, at, r)
                    delta += _refresh(net, loads, times, plan, r, it)
            x = q
    return logged, delta


def _dispatch_both(function: Any, some: Any) -> None:
    """Do `some` in the changed routes where there are halts."""

    @outlined_dispatch(function)
    def all_of(
        net: Any, loads: Any, times: Any, fleet: Any, mix: Any, reach: Any, plan: Any, work: Any,
        logged: Any, changed: Any, it: Any,
    ) -> Any:  # fmt: skip
        return some if has_a(plan, "halts", Halts) else None

    @dispatch(function)
    def none_of(
        net: Any, loads: Any, times: Any, fleet: Any, mix: Any, reach: Any, plan: Any, work: Any,
        logged: Any, changed: Any, it: Any,
    ) -> Any:  # fmt: skip
        if has_a(plan, "halts", Halts):
            return None
        return lambda net, loads, times, fleet, mix, reach, plan, work, logged, changed, it: (logged, 0.0)


_dispatch_both(tidy, _tidy)
_dispatch_both(move_halts, _move)
