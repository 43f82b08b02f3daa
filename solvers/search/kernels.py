"""The move: ruin by strings, recreate by cheapest feasible insertion, accept by annealing (SISR).

Christiaens and Vanden Berghe 2020, "Slack induction by string removals for vehicle routing problems". Deviations:
insertion only looks beside the client's nearest neighbours (and at unused vehicles), so that an iteration costs the
same at any size; blinks skip positions at geometric intervals; clients that no route can take wait in a bank, at a
price; some iterations exchange the tails of two routes instead (`tails.py`).
"""

import math

from vrp.solvers.search.aims import change, forget_charges, hold, lead, renew, restore_charges, set_charge
from vrp.solvers.search.fleets import settle, vary
from vrp.solvers.search.groups import choose
from vrp.solvers.search.halting import halting, put_halts
from vrp.solvers.search.jit import kernel, part
from vrp.solvers.search.loads import (
    add_load,
    bears,
    bears_less,
    clear_loads,
    forget_loads,
    lawful,
    refresh_loads,
    restore_loads,
)
from vrp.solvers.search.network import leg
from vrp.solvers.search.pairs import leads, mate, pair_position
from vrp.solvers.search.plan import (
    enter_bank,
    gain,
    keep_best,
    leave_bank,
    length_of,
    lengthen,
    may,
    put,
    soil,
    take,
    unit,
    within,
)  # fmt: skip
from vrp.solvers.search.ruin import ruin, sort
from vrp.solvers.search.tails import TAILS, swap_tails
from vrp.solvers.search.tidying import move_halts, tidy
from vrp.solvers.search.times import forget, kept, refresh, restore, spent
from vrp.solvers.search.work import BANKED, CALLED, PUT, TAKEN, note, touch, uniform

ONE_TYPE = 0.5
"""Probability that an iteration opens vehicles of one type alone, drawn at random."""


@part
def undo(net, loads, times, fleet, mix, reach, plan, work, logged):  # type: ignore[no-untyped-def]
    """Take everything back that this iteration did."""
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
    restore(times, net, plan)
    restore_loads(loads)
    restore_charges(plan)


@part
def feasible(net, loads, times, reach, plan, work, changed):  # type: ignore[no-untyped-def]
    """Tell whether the changed routes keep their limits: insertions do, but ways past a stop may be the longer ones."""
    for k in range(changed):
        r = work.changed[k]
        if not within(reach, r, 0.0) or not bears_less(loads, plan, r) or not kept(times, net, plan, r):
            return False
    return True


@part
def leave_out(plan, work, required, c, logged):  # type: ignore[no-untyped-def]
    """Let client c wait in the bank; return the length of the log, and what is missing, pressing and paid for it."""
    enter_bank(plan, c)
    logged = note(work, logged, BANKED, c, 0, 0)
    if required[c]:
        return logged, 1, plan.penalty[c], 0.0
    return logged, 0, 0.0, plan.penalty[c]


@part
def press(plan, work, required):  # type: ignore[no-untyped-def]
    """Make the required clients in the bank dearer, so that others make room for them."""
    for k in range(plan.banked[0]):
        c = plan.bank[k]
        if required[c]:
            plan.penalty[c] += work.urge[0]


@part
def ahead(work):  # type: ignore[no-untyped-def]
    """Tell whether the current plan is better than the best one, by more than rounding."""
    if work.missing[0] != work.missing[1]:
        return work.missing[0] < work.missing[1]
    gap, rounding = work.lead[0] - work.lead[1], 1e-11 * abs(work.lead[1])
    if abs(gap) > rounding:
        return gap < 0.0
    return work.cost[0] < work.cost[1] - 1e-9 * abs(work.cost[1])


@part
def recreate(  # type: ignore[no-untyped-def]
    net, loads, times, fleet, mix, reach, plan, work, near, required, temperature, count, logged, changed, delta, it
):
    """Put the removed clients back one after the other, each pair together, or into the bank.

    Returns the length of the log, the number of changed routes, how many required clients more are missing, the change
    of their penalties, and the change of cost added to `delta`.
    """
    missing, pressure = 0, 0.0
    pioneers = changed == 0 and delta == 0.0
    for k in range(logged):
        if work.log[k, 0] == CALLED:
            c = work.log[k, 1]
            if required[c]:
                missing -= 1
                pressure -= plan.penalty[c]
            else:
                delta -= plan.penalty[c]
    for i in range(count):
        c = last = work.removed[i]
        m = mate(loads, c)
        if m < 0:
            last, cost, p, r = choose(net, loads, times, fleet, mix, reach, plan, work, near, c)
            cost, p, r = halting(net, loads, times, fleet, mix, reach, plan, near, last, cost, p, r)
            behind, optional, prize = p, not required[c], plan.penalty[c]
        else:
            cost, p, behind, r = pair_position(net, loads, times, fleet, mix, reach, plan, work, near, c)
            optional, prize = not (required[c] or required[m]), plan.penalty[c] + plan.penalty[m]
        # A place that costs more than the prize may be the first of several that do not: the annealing decides. Where
        # nothing was removed, and some who wait look for a vehicle of their own, the first of them need not pay at all.
        dear = optional and cost >= prize and not (pioneers and i == 0)
        if p < 0 or (dear and cost >= prize - temperature * math.log(1.0 - uniform(work))):
            logged, more, pushed, paid = leave_out(plan, work, required, c, logged)
            missing, pressure, delta = missing + more, pressure + pushed, delta + paid
            if m >= 0:
                logged, more, pushed, paid = leave_out(plan, work, required, m, logged)
                missing, pressure, delta = missing + more, pressure + pushed, delta + paid
            continue
        c = c if m >= 0 else last
        delta += put(net, loads, fleet, mix, reach, plan, c, p, r)
        logged = note(work, logged, PUT, c, p, r)
        last = c
        if m >= 0:
            delta += put(net, loads, fleet, mix, reach, plan, m, behind, r)
            logged = note(work, logged, PUT, m, behind, r)
            last = m
        logged, more, c, last = put_halts(net, loads, fleet, mix, reach, plan, work, r, logged, c, last)
        delta += more
        delta += renew(times, net, plan, r, c, plan.nxt[last], last, plan.prv[c], it)
        refresh_loads(loads, plan, r, c, plan.nxt[last], last, plan.prv[c], it)
        changed = touch(work, changed, r, it)
    return logged, changed, missing, pressure, delta


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
        forget_loads(loads)
        forget_charges(plan, work)
        work.clock[3] = -1
        # The cheapest vehicle for a first client need not be the cheapest for a route: let others have their turn.
        if len(fleet.top) > 1 and uniform(work) < ONE_TYPE:
            work.clock[3] = int(uniform(work) * len(fleet.top))
        count, logged, changed, delta = len(sequence), 0, 0, -math.inf
        if step == 0 and count > 0:
            for i in range(count):
                work.removed[i] = sequence[i]
        else:
            count, delta = 0, 0.0
            # Not while a vehicle is to be spared: R112 of Solomon's then never ends with 9, else in half of the runs.
            if work.urge[0] == 0.0 and uniform(work) < TAILS:
                logged, changed, delta = swap_tails(
                    net, loads, times, fleet, mix, reach, plan, work, near, clients, temperature, it
                )
            if changed == 0:
                count, logged, changed, delta = ruin(
                    net, loads, times, fleet, mix, reach, plan, work, near, clients, required, removal, tallest, it
                )
            sort(work, order, count)
            logged, more = tidy(net, loads, times, fleet, mix, reach, plan, work, logged, changed, it)
            delta += more
            logged, changed, more = vary(net, loads, times, fleet, mix, reach, plan, work, logged, changed, it)
            delta += more
        logged, changed, missing, pressure, delta = recreate(
            net, loads, times, fleet, mix, reach, plan, work, near, required,
            temperature, count, logged, changed, delta, it,
        )  # fmt: skip
        logged, more = tidy(net, loads, times, fleet, mix, reach, plan, work, logged, changed, it)
        delta += more
        logged, more = move_halts(net, loads, times, fleet, mix, reach, plan, work, logged, changed, it)
        delta += more
        logged, changed, more = settle(net, loads, times, fleet, mix, reach, plan, work, logged, changed, it)
        delta += more
        if work.urge[0] > 0.0:
            press(plan, work, required)
        accepted = change(plan, delta) + pressure < -temperature * math.log(1.0 - uniform(work))
        if accepted and feasible(net, loads, times, reach, plan, work, changed):
            for k in range(changed):
                soil(plan, work.changed[k])
            work.cost[0] += delta
            work.missing[0] += missing
            work.lead[0] = lead(plan, fleet)
            if lawful(loads) and ahead(work):
                work.cost[1] = work.cost[0]
                work.lead[1] = work.lead[0]
                work.missing[1] = work.missing[0]
                keep_best(plan)
                hold(plan, fleet, work)
        else:
            undo(net, loads, times, fleet, mix, reach, plan, work, logged)
        if lawful(loads):
            work.clock[4] += 1
        if work.urge[0] > 0.0 and work.missing[0] == 0:
            break


@kernel
def rebuild(net, loads, times, fleet, mix, reach, plan, work, required):  # type: ignore[no-untyped-def]
    """Compute from `nxt` of the routes and the bank all that follows from it; ends the drift of running sums.

    Writes the routes that break a constraint to `work.changed` and returns how many there are.
    """
    work.clock[0] += 1
    forget(times)
    forget_loads(loads)
    for k in range(len(fleet.top)):
        fleet.top[k] = 0
    fleet.used[0] = 0
    clear_loads(loads)
    cost, missing, broken = 0.0, 0, 0
    for r in range(len(plan.size) - 1, -1, -1):
        h = plan.locations + r
        k = fleet.kind[r]
        length, stops, allowed, on_board, own = 0.0, 0, True, 0, 0.0
        work.clock[1] += 1
        i = h
        while True:
            q = plan.nxt[i]
            plan.prv[q] = i
            plan.ahead[i] = leg(net, r, i, q) if q != h or i != h else 0.0
            length += plan.ahead[i]
            if q == h:
                break
            plan.route[q] = r
            own += add_load(loads, r, q, 1) - gain(mix, fleet, r, q)
            allowed = allowed and may(mix, fleet, r, q)
            m = mate(loads, q)
            if m >= 0:
                work.mark[q] = work.clock[1]
                on_board += 1 if leads(loads, q) else -1
                allowed = allowed and (leads(loads, q) or work.mark[m] == work.clock[1])
            stops += 1
            i = q
        plan.size[r] = stops
        lengthen(reach, r, -length_of(reach, r) + length)
        own += unit(mix, fleet, r) * length
        if stops == 0:
            fleet.free[fleet.begin[k] + fleet.top[k]] = r
            fleet.top[k] += 1
        else:
            fleet.used[0] += 1
            own += fleet.fixed[k]
        refresh(times, net, plan, r, plan.nxt[h], h, plan.prv[h], h, work.clock[0])
        refresh_loads(loads, plan, r, plan.nxt[h], h, plan.prv[h], h, work.clock[0])
        own += spent(times, r, r)
        set_charge(plan, r, own)
        cost += own
        allowed = allowed and on_board == 0
        if not (allowed and bears(loads, plan, r) and within(reach, r, 0.0) and kept(times, net, plan, r)):
            work.changed[broken] = r
            broken += 1
    for k in range(plan.banked[0]):
        c = plan.bank[k]
        plan.route[c] = -1
        plan.place[c] = k
        if required[c]:
            missing += 1
        else:
            cost += plan.penalty[c]
    work.cost[0] = cost
    work.lead[0] = lead(plan, fleet)
    work.missing[0] = missing
    return broken
