"""Fewest vehicles: routes are dissolved one after the other, and their stops put back into those that are left.

The fleet minimisation of Christiaens and Vanden Berghe 2020 ("Slack induction by string removals for vehicle routing
problems"): a plan that leaves stops out is accepted where these have been left out less often in all. Here every stop
has a price that grows with each iteration that leaves it out, and the annealing does the rest.
"""

import math
from collections.abc import Callable

import numpy as np

from vrp.problem import Problem
from vrp.solvers.search.annealing import Annealing
from vrp.solvers.search.population import Elite, adopt, dissolve

SHARE = 0.6
"""Share of the time, at most."""
STEPS = 100
"""Temperatures."""


def use_fewest(core: Annealing, problem: Problem, keep: Callable[[], Elite], hot: float, cold: float) -> None:
    """Lower the number of vehicles in the time that there is for it, or down to what is needed in any case.

    `keep` is told of each better plan. The model is left with the last one, and may use no more vehicles than it has.
    """
    m = core.model
    least, penalty, best = fewest(problem), m.plan.penalty.copy(), None
    m.plan.penalty[m.required] = m.work.urge[0] = float(penalty.max())
    while True:
        if m.work.missing[0] == 0:
            best = keep()
            if m.fleet.used[0] <= least or not _drop_route(core):
                break
        if core.stopped or core.done() >= SHARE:
            break
        core.turn(core.chunk(1.0 / STEPS, SHARE), hot * (cold / hot) ** (core.done() / SHARE) if hot > 0.0 else 0.0)
        core.after()
    m.work.urge[0], m.plan.penalty[:] = 0.0, penalty
    if best is not None:
        adopt(m, best)
        core.recount()
        m.take_as_best()
        m.plan.aim.most[0] = m.fleet.used[0]


def _drop_route(core: Annealing) -> bool:
    """Dissolve the route whose stops were left out least, as far as is known; tell whether there is one."""
    m = core.model
    plan, held = m.plan, np.array(sorted(m.prefixes), np.int64)
    served = m.clients[plan.route[m.clients] >= 0]
    dear = np.bincount(plan.route[served], plan.penalty[served] * m.required[served], len(plan.size))
    dear[plan.size == 0] = dear[held] = math.inf
    route = int(np.argmin(dear))
    if dear[route] == math.inf:
        return False
    m.plan.aim.most[0] = m.fleet.used[0] - 1
    for c in dissolve(m, np.array([route])).tolist():
        plan.bank[plan.banked[0]] = c
        plan.banked[0] += 1
    core.recount()
    m.take_as_best()
    return True


def fewest(problem: Problem) -> int:
    """Return how many vehicles serving all required stops takes at least, by what vehicles hold and visit."""
    required = np.isinf(problem.prize)
    least = max(sum(bool(v.prefix) for v in problem.vehicles), int(required.any()))
    if any(v.reload_depots for v in problem.vehicles):
        return least
    number = [problem.num_clients if v.count is None else min(v.count, problem.num_clients) for v in problem.vehicles]
    rooms = [[math.inf if v.max_stops is None else v.max_stops for v in problem.vehicles]]
    rooms += [[v.capacity[c] if v.capacity else math.inf for v in problem.vehicles] for c in range(problem.num_loads)]
    goods = np.maximum(problem.delivery[required].sum(axis=0), problem.pickup[required].sum(axis=0))
    for amount, room in zip([float(required.sum()), *goods.tolist()], rooms, strict=True):
        together = np.concatenate([[0.0], np.cumsum(np.sort(np.repeat(room, number))[::-1])])
        least = max(least, int(np.searchsorted(together, amount * (1.0 - 1e-6) - 1e-6)))
    return least
