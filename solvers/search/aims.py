"""Aims: what plans are compared by before their cost, and how much a route's cost counts beside that of others.

Where routes are to be even, a plan is accepted by the sum of a convex function of their costs: the dearer a route is,
the more its next unit counts, so that a stop goes where there is room rather than where the detour is shortest. For
the sum of squares this is the objective itself, but for a small share of the plain cost. For the dearest route it is
a power that comes near the maximum and still tells plans apart whose dearest routes are the same; the best plan is
chosen by the maximum.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from vrp.problem import Problem
from vrp.solvers.search.jit import dispatch, has_a, part
from vrp.solvers.search.times import refresh
from vrp.solvers.search.work import uniform

SHARE = 0.03
"""What a unit of the cost of any route counts where one of the dearest route counts 1; at the end its square."""
LITTLE = 0.001
"""The same beside the sum of squares, where a unit of a mean route counts 1."""
PLAIN = 0.2
"""Probability that an iteration puts stops back where the detour is shortest: where several routes are far below the
dearest one, an empty vehicle seems better to each stop than the route that it could join."""
FIRST, LAST = 3, 6
"""The dearest route is found by powers from 8 to 64: each is 2 to the power of such a number."""


class Total(NamedTuple):
    """The cost alone, or the number of vehicles before it."""

    vehicles: int
    """1 where vehicles come first."""
    most: Any
    """[1] vehicles that may be used: where they come first no more than the best complete plan has."""


class Even(NamedTuple):
    """The dearest route, or the sum of squares, before the cost."""

    dearest: int
    """1 for the dearest route."""
    doublings: Any
    """[1] the power that routes count by is 2 to the power of this number."""
    form: Any
    """[2] the cost at which a unit counts 1, and what a unit counts in any case."""
    cost: Any
    """[R] of each route."""
    old: Any
    """[R] costs before this iteration, as far as they are logged."""
    log: Any
    """[R] the routes whose costs changed in this iteration."""
    stamp: Any
    """[R] the last iteration in which it did."""
    count: Any
    """[3] length of the log, the iteration, and whether it puts stops back by their detours alone."""


def even(objective: str) -> bool:
    """Tell whether an objective weighs the costs of routes against each other."""
    return objective in ("minmax", "balance")


def cost_alone(aim: Total | Even) -> bool:
    """Tell whether nothing comes before the cost."""
    return isinstance(aim, Total) and not aim.vehicles


def aim_of(problem: Problem, vehicles: int, scale: float) -> Total | Even:
    """Return the aim of a problem with so many vehicles, of which a route costs about `scale`."""
    if not even(problem.objective):
        return Total(int(problem.objective == "vehicles"), np.array([vehicles], np.int64))
    dearest = int(problem.objective == "minmax")
    return _even(dearest, scale, vehicles)


def _even(dearest: int, scale: float, R: int) -> Even:
    return Even(
        dearest, np.array([FIRST if dearest else 1]), np.array([scale, SHARE if dearest else LITTLE]),
        np.zeros(R), np.zeros(R), np.zeros(R, np.int64), np.zeros(R, np.int64), np.zeros(3, np.int64),
    )  # fmt: skip


def part_of(aim: Total | Even, used: int, vehicles: int) -> Total | Even:
    """Return the aim of a region with so many vehicles, used and in all."""
    if isinstance(aim, Even):
        return _even(aim.dearest, float(aim.form[0]), vehicles)
    # Where vehicles come first, no more of them than now.
    return aim._replace(most=np.array([used if aim.vehicles else vehicles], np.int64))


def sharpen(aim: Total | Even, done: float) -> None:
    """Let a unit of the dearest route count 1, or one of a mean route; and those of others less as the search goes on.

    At the end the dearest route is nearly all that counts, which would leave a search nothing to go by at first.
    """
    if not isinstance(aim, Even) or not (aim.cost > 0.0).any():
        return
    if aim.dearest:
        aim.form[:] = aim.cost.max(), SHARE ** (1.0 + done)
        aim.doublings[0] = min(FIRST + int(done * (LAST - FIRST + 1)), LAST)
    else:
        aim.form[0] = aim.cost[aim.cost > 0.0].mean()


def opens(plan: Any, fleet: Any) -> bool:
    """Tell whether one more vehicle may be used."""
    raise NotImplementedError("compiled only")


def lead(plan: Any, fleet: Any) -> float:
    """Return what the current plan is compared by before its cost."""
    raise NotImplementedError("compiled only")


def hold(plan: Any, fleet: Any, work: Any) -> None:
    """Use no more vehicles than the plan that was found, which is the best one."""
    raise NotImplementedError("compiled only")


def weigh(plan: Any, r: int, delta: float) -> float:
    """Return how much it counts that route r gets dearer by delta."""
    raise NotImplementedError("compiled only")


def bound(plan: Any, r: int, best: float) -> float:
    """Return a number that delta is below wherever `weigh` is below `best`: a convex function is above its tangent."""
    raise NotImplementedError("compiled only")


def weight(plan: Any, cost: float) -> float:
    """Return how much a route of this cost counts."""
    raise NotImplementedError("compiled only")


def charge(plan: Any, r: int, delta: float) -> None:
    """Note that route r gets dearer by delta."""
    raise NotImplementedError("compiled only")


def set_charge(plan: Any, r: int, cost: float) -> None:
    """Note what route r costs, outside of an iteration."""
    raise NotImplementedError("compiled only")


def change(plan: Any, delta: float) -> float:
    """Return how much the changes of this iteration count, which cost delta."""
    raise NotImplementedError("compiled only")


def restore_charges(plan: Any) -> None:
    """Undo all that was charged in this iteration."""
    raise NotImplementedError("compiled only")


def forget_charges(plan: Any, work: Any) -> None:
    """Begin an iteration: nothing is logged."""
    raise NotImplementedError("compiled only")


@part
def renew(times, net, plan, r, i, until, j, down_to, now):  # type: ignore[no-untyped-def]
    """Refresh the times of route r, and charge it with the change of their cost, which is returned."""
    delta = refresh(times, net, plan, r, i, until, j, down_to, now)
    charge(plan, r, delta)
    return delta


@part
def _power(aim, cost):  # type: ignore[no-untyped-def]
    """Return the power of a cost, in scales, and the slope of that power."""
    power, slope = max(cost, 0.0) / aim.form[0], 1.0
    for _ in range(aim.doublings[0]):
        slope *= power
        power *= power
    return power, slope


@part
def _weight_even(aim, cost):  # type: ignore[no-untyped-def]
    return aim.form[0] * _power(aim, cost)[0] / (1 << aim.doublings[0]) + aim.form[1] * cost


@dispatch(opens)
def _opens(plan: Any, fleet: Any) -> Any:
    if has_a(plan, "aim", Even):
        return lambda plan, fleet: True
    return lambda plan, fleet: fleet.used[0] < plan.aim.most[0]


@dispatch(lead)
def _lead(plan: Any, fleet: Any) -> Any:
    if not has_a(plan, "aim", Even):
        return lambda plan, fleet: float(plan.aim.vehicles * fleet.used[0])

    def leading(plan, fleet):  # type: ignore[no-untyped-def]
        found = 0.0
        for r in range(len(plan.size)):
            if plan.size[r] > 0:
                cost = max(plan.aim.cost[r], 0.0)
                found = max(found, cost) if plan.aim.dearest else found + cost * cost
        return found

    return leading


@dispatch(hold)
def _hold(plan: Any, fleet: Any, work: Any) -> Any:
    if has_a(plan, "aim", Even):
        return lambda plan, fleet, work: None

    def vehicles(plan, fleet, work):  # type: ignore[no-untyped-def]
        if plan.aim.vehicles > 0 and work.missing[0] == 0:
            plan.aim.most[0] = fleet.used[0]

    return vehicles


@dispatch(weigh)
def _weigh(plan: Any, r: Any, delta: Any) -> Any:
    if not has_a(plan, "aim", Even):
        return lambda plan, r, delta: delta

    def weighed(plan, r, delta):  # type: ignore[no-untyped-def]
        if delta == math.inf or plan.aim.count[2]:
            return delta
        before = plan.aim.cost[r]
        return _weight_even(plan.aim, before + delta) - _weight_even(plan.aim, before)

    return weighed


@dispatch(bound)
def _bound(plan: Any, r: Any, best: Any) -> Any:
    if not has_a(plan, "aim", Even):
        return lambda plan, r, best: best

    def bounded(plan, r, best):  # type: ignore[no-untyped-def]
        if plan.aim.count[2]:
            return best
        return best / (_power(plan.aim, plan.aim.cost[r])[1] + plan.aim.form[1])

    return bounded


@dispatch(weight)
def _weight(plan: Any, cost: Any) -> Any:
    if has_a(plan, "aim", Even):
        return lambda plan, cost: _weight_even(plan.aim, cost)
    return lambda plan, cost: cost


@dispatch(charge)
def _charge(plan: Any, r: Any, delta: Any) -> Any:
    if not has_a(plan, "aim", Even):
        return lambda plan, r, delta: None

    def charged(plan, r, delta):  # type: ignore[no-untyped-def]
        aim = plan.aim
        if aim.stamp[r] != aim.count[1]:
            aim.stamp[r] = aim.count[1]
            k = aim.count[0]
            aim.log[k], aim.old[k] = r, aim.cost[r]
            aim.count[0] = k + 1
        aim.cost[r] += delta

    return charged


@dispatch(set_charge)
def _set_charge(plan: Any, r: Any, cost: Any) -> Any:
    if not has_a(plan, "aim", Even):
        return lambda plan, r, cost: None

    def charged(plan, r, cost):  # type: ignore[no-untyped-def]
        plan.aim.cost[r] = cost

    return charged


@dispatch(change)
def _change(plan: Any, delta: Any) -> Any:
    if not has_a(plan, "aim", Even):
        return lambda plan, delta: delta

    def changed(plan, delta):  # type: ignore[no-untyped-def]
        if delta == -math.inf:
            return delta
        aim, total = plan.aim, 0.0
        for k in range(aim.count[0]):
            total += _weight_even(aim, aim.cost[aim.log[k]]) - _weight_even(aim, aim.old[k])
        return total

    return changed


@dispatch(restore_charges)
def _restore_charges(plan: Any) -> Any:
    if not has_a(plan, "aim", Even):
        return lambda plan: None

    def restored(plan):  # type: ignore[no-untyped-def]
        for k in range(plan.aim.count[0]):
            plan.aim.cost[plan.aim.log[k]] = plan.aim.old[k]

    return restored


@dispatch(forget_charges)
def _forget_charges(plan: Any, work: Any) -> Any:
    if not has_a(plan, "aim", Even):
        return lambda plan, work: None

    def forgotten(plan, work):  # type: ignore[no-untyped-def]
        plan.aim.count[0] = 0
        plan.aim.count[1] += 1
        plan.aim.count[2] = uniform(work) < PLAIN

    return forgotten
