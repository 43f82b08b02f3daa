"""The move: ruin by strings, recreate by cheapest feasible insertion, accept by annealing (SISR).

Christiaens and Vanden Berghe 2020, "Slack induction by string removals for vehicle routing problems". Deviations:
insertion only looks beside the client's nearest neighbours (and at unused vehicles), so that an iteration costs the same
at any size; blinks skip positions at geometric intervals; clients that no route can take wait in a bank at a price.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from vrp.solvers.search.jit import kernel, part, step
from vrp.solvers.search.loads import add_load, clear_load, fits
from vrp.solvers.search.network import leg
from vrp.solvers.search.plan import (
    enter_bank, gain, keep_best, leave_bank, length_of, lengthen, may, put, soil, take, unit, within,
)  # fmt: skip
from vrp.solvers.search.times import forget, price, refresh, restore, spent

BLINK = 0.01
LOG_KEEP = math.log(1.0 - BLINK)
SPLIT_RATE = 0.5
"""Probability of removing a split string (alpha of the paper)."""
SPLIT_STOP = 0.01
"""Probability of stopping the growth of its preserved part (beta of the paper)."""


class Order(NamedTuple):
    """Keys that removed clients are sorted by before they are put back, and how likely each is drawn."""

    keys: Any
    """[M, N]"""
    share: Any
    """[M + 1] cumulative probabilities; the rest is a random order."""


TAKEN, PUT, CALLED, BANKED = 0, 1, 2, 3


class Work(NamedTuple):
    """Scratch space of one search, so that nothing is allocated while it runs."""

    random: Any
    """[1] uint64 state of xorshift64* (Vigna 2016)."""
    removed: Any
    key: Any
    log: Any
    """[*, 4] what was done (TAKEN, PUT, CALLED, BANKED), client, node before it, route."""
    seen: Any
    """[R] last iteration in which the route was ruined."""
    touched: Any
    """[R] last iteration in which the route was changed."""
    changed: Any
    """[R] the routes changed in this iteration."""
    mark: Any
    """[N] last insertion that looked at the positions beside the node."""
    clock: Any
    """[3] iterations, insertions, positions until the next blink."""
    cost: Any
    """[2] cost of the current and the best plan: penalties of optional clients included, of required ones not."""
    missing: Any
    """[2] required clients in the bank of the current and the best plan."""


@part
def _uniform(work):  # type: ignore[no-untyped-def]
    s = work.random[0]
    s ^= s >> np.uint64(12)
    s ^= s << np.uint64(25)
    s ^= s >> np.uint64(27)
    work.random[0] = s
    return float((s * np.uint64(2685821657736338717)) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@part
def _until_blink(work):  # type: ignore[no-untyped-def]
    return int(math.log(1.0 - _uniform(work)) / LOG_KEEP)


@part
def _position(net, loads, times, fleet, mix, reach, plan, work, near, c):  # type: ignore[no-untyped-def]
    """Return the cheapest feasible place for client c: its cost (infinite if there is none), node before it, route."""
    best, at, on = math.inf, -1, -1
    work.clock[1] += 1
    now = work.clock[1]
    blink = work.clock[2]
    for k in range(near.shape[1]):
        w = near[c, k]
        if w < 0:
            break
        work.mark[w] = now
        r = plan.route[w]
        if r < 0 or not fits(loads, r, c) or not may(mix, fleet, r, c):
            continue
        per = unit(mix, fleet, r)
        won = gain(mix, fleet, r, c)
        p, q = plan.prv[w], plan.nxt[w]
        to, on_from = leg(net, r, c, w), leg(net, r, w, c)
        # A neighbour that was looked at already has tried the place between the two.
        if work.mark[q] != now:
            blink -= 1
            delta = on_from - plan.ahead[w]
            if blink < 0:
                blink = _until_blink(work)
            elif per * delta - won < best:
                delta += leg(net, r, c, q)
                cost = per * delta - won
                if cost < best and within(reach, r, delta):
                    cost = price(times, net, r, w, c, q, cost)
                    if cost < best:
                        best, at, on = cost, w, r
        if work.mark[p] != now:
            blink -= 1
            delta = to - plan.ahead[p]
            if blink < 0:
                blink = _until_blink(work)
            elif per * delta - won < best:
                delta += leg(net, r, p, c)
                cost = per * delta - won
                if cost < best and within(reach, r, delta):
                    cost = price(times, net, r, p, c, w, cost)
                    if cost < best:
                        best, at, on = cost, p, r
    work.clock[2] = blink
    for k in range(len(fleet.top)):
        if fleet.top[k] == 0:
            continue
        r = fleet.free[fleet.begin[k] + fleet.top[k] - 1]
        h = plan.locations + r
        if not fits(loads, r, c) or not may(mix, fleet, r, c):
            continue
        delta = leg(net, r, h, c) + leg(net, r, c, h)
        cost = fleet.fixed[k] + unit(mix, fleet, r) * delta - gain(mix, fleet, r, c)
        if cost < best and within(reach, r, delta):
            cost = price(times, net, r, h, c, h, cost)
            if cost < best:
                best, at, on = cost, h, r
    if at < 0:
        best, at, on = _anywhere(net, loads, times, fleet, mix, reach, plan, work, c)
    return best, at, on


@step
def _anywhere(net, loads, times, fleet, mix, reach, plan, work, c):  # type: ignore[no-untyped-def]
    """Look for a place beside stops that are no neighbours; the work is bounded, beginning at a random route."""
    best, at, on = math.inf, -1, -1
    routes = len(plan.size)
    r = int(_uniform(work) * routes)
    tried = 0
    for _ in range(routes):
        r += 1
        if r == routes:
            r = 0
        if plan.size[r] == 0 or not fits(loads, r, c) or not may(mix, fleet, r, c):
            continue
        h = plan.locations + r
        p = h
        while True:
            q = plan.nxt[p]
            delta = leg(net, r, p, c) + leg(net, r, c, q) - plan.ahead[p]
            cost = unit(mix, fleet, r) * delta - gain(mix, fleet, r, c)
            if cost < best and within(reach, r, delta):
                cost = price(times, net, r, p, c, q, cost)
                if cost < best:
                    best, at, on = cost, p, r
            tried += 1
            p = q
            if p == h:
                break
        if tried > 1000:
            break
    return best, at, on


@part
def _note(work, logged, what, c, p, r):  # type: ignore[no-untyped-def]
    work.log[logged, 0] = what
    work.log[logged, 1] = c
    work.log[logged, 2] = p
    work.log[logged, 3] = r
    return logged + 1


@part
def _string(plan, work, c, size, tallest):  # type: ignore[no-untyped-def]
    """Choose a string of stops around c: its first stop, length, and the preserved stretch inside (offset, length)."""
    length = min(1 + int(_uniform(work) * min(float(size), tallest)), size)
    kept = 0
    if 1 < length < size and _uniform(work) < SPLIT_RATE:
        kept = 1
        while length + kept < size and _uniform(work) > SPLIT_STOP:
            kept += 1
    total = length + kept
    first = c
    back = int(_uniform(work) * total)
    while back > 0 and plan.prv[first] < plan.locations:
        first = plan.prv[first]
        back -= 1
    # Where the route ends too early, the string begins earlier.
    last, count = first, 1
    while count < total and plan.nxt[last] < plan.locations:
        last = plan.nxt[last]
        count += 1
    while count < total and plan.prv[first] < plan.locations:
        first = plan.prv[first]
        count += 1
    offset = 1 + int(_uniform(work) * (length - 1)) if kept > 0 else total
    return first, total, offset, kept


@step
def _ruin(net, loads, times, fleet, mix, reach, plan, work, near, clients, removal, tallest, it):  # type: ignore[no-untyped-def]
    """Remove strings from routes near a random client; return how many clients, log entries and the cost saved."""
    count = logged = changed = 0
    delta = 0.0
    longest = min(tallest, len(clients) / max(1, fleet.used[0]))
    strings = 1 + int(_uniform(work) * (4.0 * removal / (1.0 + longest) - 1.0))
    waiting = plan.banked[0]
    if waiting > 0 and _uniform(work) < 0.5:
        seed = plan.bank[int(_uniform(work) * waiting)]
    else:
        seed = clients[int(_uniform(work) * len(clients))]
    for k in range(-1, near.shape[1]):
        c = seed if k < 0 else near[seed, k]
        if c < 0 or strings == 0:
            break
        r = plan.route[c]
        if r < 0:
            if waiting > 0 and plan.place[c] >= 0 and count < removal:
                leave_bank(plan, c)
                logged = _note(work, logged, CALLED, c, 0, 0)
                work.removed[count] = c
                count += 1
            continue
        if work.seen[r] == it:
            continue
        work.seen[r] = it
        strings -= 1
        cur, total, offset, kept = _string(plan, work, c, plan.size[r], longest)
        before = plan.prv[cur]
        latest = before
        for i in range(total):
            following = plan.nxt[cur]
            if i < offset or i >= offset + kept:
                latest = plan.prv[cur]
                delta += take(net, loads, fleet, mix, reach, plan, cur)
                logged = _note(work, logged, TAKEN, cur, latest, r)
                work.removed[count] = cur
                count += 1
            cur = following
        delta += refresh(times, net, plan, r, plan.nxt[before], plan.nxt[latest], latest, before, it)
        work.touched[r] = it
        work.changed[changed] = r
        changed += 1
    for _ in range(min(plan.banked[0], 3)):
        c = plan.bank[int(_uniform(work) * plan.banked[0])]
        leave_bank(plan, c)
        logged = _note(work, logged, CALLED, c, 0, 0)
        work.removed[count] = c
        count += 1
    return count, logged, changed, delta


@step
def _sort(work, order, count):  # type: ignore[no-untyped-def]
    """Sort the removed clients by a key drawn at random."""
    u = _uniform(work)
    which = 0
    while which < len(order.share) and u >= order.share[which]:
        which += 1
    for i in range(count):
        work.key[i] = _uniform(work) if which == len(order.share) else order.keys[which, work.removed[i]]
    for i in range(1, count):
        k, c = work.key[i], work.removed[i]
        j = i - 1
        while j >= 0 and work.key[j] > k:
            work.key[j + 1] = work.key[j]
            work.removed[j + 1] = work.removed[j]
            j -= 1
        work.key[j + 1] = k
        work.removed[j + 1] = c


@step
def _undo(net, loads, times, fleet, mix, reach, plan, work, logged):  # type: ignore[no-untyped-def]
    for k in range(logged - 1, -1, -1):
        what, c, p, r = work.log[k, 0], work.log[k, 1], work.log[k, 2], work.log[k, 3]
        if what == PUT:
            take(net, loads, fleet, mix, reach, plan, c)
        elif what == TAKEN:
            put(net, loads, fleet, mix, reach, plan, c, p, r)
        elif what == CALLED:
            enter_bank(plan, c)
        else:
            leave_bank(plan, c)
    restore(times)


@kernel
def search(  # type: ignore[no-untyped-def]
    net, loads, times, fleet, mix, reach, plan, work, order, near, clients, required,
    sequence, iterations, temperature, removal, tallest,
):  # fmt: skip
    """Run some iterations at one temperature; everything that changes lives in the arguments.

    Where a sequence is given, the first iteration puts its clients, of whom none may be in a route or in the bank, one
    after the other at their cheapest place.
    """
    for step in range(iterations):
        work.clock[0] += 1
        it = work.clock[0]
        forget(times)
        count, logged, changed, delta = len(sequence), 0, 0, -math.inf
        if step == 0 and count > 0:
            for i in range(count):
                work.removed[i] = sequence[i]
        else:
            count, logged, changed, delta = _ruin(
                net, loads, times, fleet, mix, reach, plan, work, near, clients, removal, tallest, it
            )
            _sort(work, order, count)
        missing, pressure = 0, 0.0
        for k in range(logged):
            if work.log[k, 0] == CALLED:
                c = work.log[k, 1]
                if required[c]:
                    missing -= 1
                    pressure -= plan.penalty[c]
                else:
                    delta -= plan.penalty[c]
        for i in range(count):
            c = work.removed[i]
            cost, p, r = _position(net, loads, times, fleet, mix, reach, plan, work, near, c)
            if p < 0 or (not required[c] and cost >= plan.penalty[c]):
                enter_bank(plan, c)
                logged = _note(work, logged, BANKED, c, 0, 0)
                if required[c]:
                    missing += 1
                    pressure += plan.penalty[c]
                else:
                    delta += plan.penalty[c]
                continue
            delta += put(net, loads, fleet, mix, reach, plan, c, p, r)
            logged = _note(work, logged, PUT, c, p, r)
            delta += refresh(times, net, plan, r, c, plan.nxt[c], c, p, it)
            if work.touched[r] != it:
                work.touched[r] = it
                work.changed[changed] = r
                changed += 1
        if delta + pressure < -temperature * math.log(1.0 - _uniform(work)):
            for k in range(changed):
                soil(plan, work.changed[k])
            work.cost[0] += delta
            work.missing[0] += missing
            if work.missing[0] < work.missing[1] or (
                work.missing[0] == work.missing[1] and work.cost[0] < work.cost[1] - 1e-9 * abs(work.cost[1])
            ):
                work.cost[1] = work.cost[0]
                work.missing[1] = work.missing[0]
                keep_best(plan)
        else:
            _undo(net, loads, times, fleet, mix, reach, plan, work, logged)


@kernel
def rebuild(net, loads, times, fleet, mix, reach, plan, work, required):  # type: ignore[no-untyped-def]
    """Compute from `nxt` of the routes and the bank all that follows from it; ends the drift of running sums."""
    work.clock[0] += 1
    forget(times)
    for k in range(len(fleet.top)):
        fleet.top[k] = 0
    fleet.used[0] = 0
    cost, missing = 0.0, 0
    for r in range(len(plan.size) - 1, -1, -1):
        h = plan.locations + r
        k = fleet.kind[r]
        clear_load(loads, r)
        length, stops = 0.0, 0
        i = h
        while True:
            q = plan.nxt[i]
            plan.prv[q] = i
            plan.ahead[i] = leg(net, r, i, q) if q != h or i != h else 0.0
            length += plan.ahead[i]
            if q == h:
                break
            plan.route[q] = r
            add_load(loads, r, q, 1)
            cost -= gain(mix, fleet, r, q)
            stops += 1
            i = q
        plan.size[r] = stops
        lengthen(reach, r, -length_of(reach, r) + length)
        cost += unit(mix, fleet, r) * length
        if stops == 0:
            fleet.free[fleet.begin[k] + fleet.top[k]] = r
            fleet.top[k] += 1
        else:
            fleet.used[0] += 1
            cost += fleet.fixed[k]
        refresh(times, net, plan, r, plan.nxt[h], h, plan.prv[h], h, work.clock[0])
        cost += spent(times, r)
    for k in range(plan.banked[0]):
        c = plan.bank[k]
        plan.route[c] = -1
        plan.place[c] = k
        if required[c]:
            missing += 1
        else:
            cost += plan.penalty[c]
    work.cost[0] = cost
    work.missing[0] = missing
