"""Tails: two routes exchange all that comes behind a place each (2-opt*), which is longer than any string.

Potvin and Rousseau 1995, "An exchange heuristic for routeing problems with time windows". Only vehicles of one type do,
and only where a stop comes to stand before one of its nearest neighbours.
"""

import math
from typing import Any

from vrp.solvers.search.aims import Even, renew
from vrp.solvers.search.gaps import Timeline
from vrp.solvers.search.halts import Halts
from vrp.solvers.search.jit import dispatch, has_a, is_a, outlined_dispatch, part
from vrp.solvers.search.loads import OneLoad, refresh_loads
from vrp.solvers.search.network import drive, leg
from vrp.solvers.search.pairs import leads, mate
from vrp.solvers.search.peaks import Peaks, peak_joined
from vrp.solvers.search.plan import locked, put, take, unit
from vrp.solvers.search.segments import join
from vrp.solvers.search.times import NoTime, Windows
from vrp.solvers.search.work import PUT, TAKEN, note, touch, uniform

TAILS = 0.3
"""Probability that an iteration tries this before it removes strings. Seven instances with windows and 600 to 1000
clients, 5 s, two seeds: 3.86 % above the best known without, 3.29 with a probability of 0.1, 3.16 with 0.3 and 3.43
with 0.8."""


def swap_tails(
    net: Any, loads: Any, times: Any, fleet: Any, mix: Any, reach: Any, plan: Any, work: Any,
    near: Any, clients: Any, temperature: float, it: int,
) -> tuple[int, int, float]:  # fmt: skip
    """Let two routes exchange their tails, if some exchange beside a random client may be accepted.

    Returns the length of the log, how many routes changed and the change of cost. Halts stay where they are: with them,
    nothing happens.
    """
    raise NotImplementedError("compiled only")


def meets(times: Any, net: Any, r: int, i: int, j: int) -> bool:
    """Tell whether vehicle r may go on from node i, with all before it, at node j of any route, with all behind it.

    Setups, breaks and several windows may still forbid it.
    """
    raise NotImplementedError("compiled only")


def bears_tail(loads: Any, plan: Any, r: int, i: int, old: int, j: int) -> bool:
    """Tell whether vehicle r may carry what comes from node j on of any route, instead of its own from `old` on."""
    raise NotImplementedError("compiled only")


def may_pay(plan: Any, delta: float, most: float) -> bool:
    """Tell whether an exchange that costs `delta` more may be accepted. Routes that are to be even have other costs."""
    raise NotImplementedError("compiled only")


@dispatch(meets)
def _meets(times: Any, net: Any, r: Any, i: Any, j: Any) -> Any:
    if is_a(times, NoTime):
        return lambda times, net, r, i, j: True
    if is_a(times, Windows):
        return lambda times, net, r, i, j: (
            times.first[i] + times.service[i] + drive(net, r, i, j) <= times.last[j] + times.slack
        )
    if is_a(times, Timeline):
        return lambda times, net, r, i, j: meets(times.bound, net, r, i, j)

    def durations(times, net, r, i, j):  # type: ignore[no-untyped-def]
        head, tail = times.head, times.tail
        d, _, _, late = join(
            head[i, 0], head[i, 1], head[i, 2], drive(net, r, i, j), tail[j, 0], tail[j, 1], tail[j, 2]
        )
        return late <= times.slack and d <= times.longest[r]

    return durations


@part
def _bears_sums(loads, plan, r, old, j):  # type: ignore[no-untyped-def]
    for k in range(loads.demand.shape[1]):
        total, own, other = loads.load[r, k], old, j
        while own < plan.locations:
            total -= loads.demand[own, k]
            own = plan.nxt[own]
        while other < plan.locations:
            total += loads.demand[other, k]
            other = plan.nxt[other]
        if total > loads.capacity[r, k]:
            return False
    return True


@part
def _whole(loads, plan, i):  # type: ignore[no-untyped-def]
    """Tell whether from node i on there is no delivery of a shipment without its pickup."""
    on_board = 0
    while i < plan.locations:
        if mate(loads, i) >= 0:
            on_board += 1 if leads(loads, i) else -1
        i = plan.nxt[i]
    return on_board == 0


@dispatch(bears_tail)
def _bears_tail(loads: Any, plan: Any, r: Any, i: Any, old: Any, j: Any) -> Any:
    if is_a(loads, OneLoad):

        def one(loads, plan, r, i, old, j):  # type: ignore[no-untyped-def]
            total = loads.load[r]
            while old < plan.locations:
                total -= loads.demand[old]
                old = plan.nxt[old]
            while j < plan.locations:
                total += loads.demand[j]
                j = plan.nxt[j]
            return total <= loads.limit[r]

        return one
    if not is_a(loads, Peaks):
        return lambda loads, plan, r, i, old, j: _bears_sums(loads, plan, r, old, j)
    return lambda loads, plan, r, i, old, j: (
        peak_joined(loads, r, i, j) and _whole(loads, plan, j) and _bears_sums(loads, plan, r, old, j)
    )


@dispatch(may_pay)
def _may_pay(plan: Any, delta: Any, most: Any) -> Any:
    if has_a(plan, "aim", Even):
        return lambda plan, delta, most: True
    return lambda plan, delta, most: delta < most


@part
def _exchange(net, loads, times, fleet, mix, reach, plan, work, a, p, it):  # type: ignore[no-untyped-def]
    """Let the routes of the nodes a and p exchange what comes behind these; p may be a sentinel."""
    r, s = plan.route[a], plan.route[p] if p < plan.locations else p - plan.locations
    h, g = plan.locations + r, plan.locations + s
    logged, count, delta = 0, 0, 0.0
    while plan.nxt[a] != h:
        c = plan.nxt[a]
        delta += take(net, loads, fleet, mix, reach, plan, c)
        logged = note(work, logged, TAKEN, c, a, r)
        work.held[count] = c
        count += 1
    last = a
    while plan.nxt[p] != g:
        c = plan.nxt[p]
        delta += take(net, loads, fleet, mix, reach, plan, c)
        logged = note(work, logged, TAKEN, c, p, s)
        delta += put(net, loads, fleet, mix, reach, plan, c, last, r)
        logged = note(work, logged, PUT, c, last, r)
        last = c
    last = p
    for k in range(count):
        c = work.held[k]
        delta += put(net, loads, fleet, mix, reach, plan, c, last, s)
        logged = note(work, logged, PUT, c, last, s)
        last = c
    delta += renew(times, net, plan, r, plan.nxt[a], h, plan.prv[h], a, it)
    refresh_loads(loads, plan, r, plan.nxt[a], h, plan.prv[h], a, it)
    delta += renew(times, net, plan, s, plan.nxt[p], g, plan.prv[g], p, it)
    refresh_loads(loads, plan, s, plan.nxt[p], g, plan.prv[g], p, it)
    return logged, touch(work, touch(work, 0, r, it), s, it), delta


def _swap(net, loads, times, fleet, mix, reach, plan, work, near, clients, temperature, it):  # type: ignore[no-untyped-def]
    a = clients[int(uniform(work) * len(clients))]
    r, q = plan.route[a], plan.nxt[a]
    if r < 0 or locked(plan.fixed, q):
        return 0, 0, 0.0
    h = plan.locations + r
    most = -temperature * math.log(1.0 - uniform(work))
    for k in range(near.shape[1]):
        b = near[a, k]
        if b < 0:
            break
        s = plan.route[b]
        if s < 0 or s == r or fleet.kind[s] != fleet.kind[r] or locked(plan.fixed, b):
            continue
        p, g = plan.prv[b], plan.locations + s
        emptied = p == g and q == h
        # Behind its last stop each vehicle drives to its own end.
        end = g if q == h else q
        delta = leg(net, r, a, b) - plan.ahead[a] - plan.ahead[p] + (0.0 if emptied else leg(net, s, p, end))
        delta = unit(mix, fleet, r) * delta - (fleet.fixed[fleet.kind[s]] if emptied else 0.0)
        if (
            may_pay(plan, delta, most)
            and meets(times, net, r, a, b)
            and (emptied or meets(times, net, s, p, end))
            and bears_tail(loads, plan, r, a, q, b)
            and (emptied or bears_tail(loads, plan, s, p, b, end))
        ):
            return _exchange(net, loads, times, fleet, mix, reach, plan, work, a, p, it)
    return 0, 0, 0.0


@outlined_dispatch(swap_tails)
def _some(
    net: Any, loads: Any, times: Any, fleet: Any, mix: Any, reach: Any, plan: Any, work: Any,
    near: Any, clients: Any, temperature: Any, it: Any,
) -> Any:  # fmt: skip
    return None if has_a(plan, "halts", Halts) else _swap


@dispatch(swap_tails)
def _none(
    net: Any, loads: Any, times: Any, fleet: Any, mix: Any, reach: Any, plan: Any, work: Any,
    near: Any, clients: Any, temperature: Any, it: Any,
) -> Any:  # fmt: skip
    if not has_a(plan, "halts", Halts):
        return None
    return lambda net, loads, times, fleet, mix, reach, plan, work, near, clients, temperature, it: (0, 0, 0.0)
