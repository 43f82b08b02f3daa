"""Routes: a plan of the outside written into the model, and the best plan read back."""

import numpy as np

from vrp.problem import Problem
from vrp.solution import Route
from vrp.solvers.search.groups import Groups
from vrp.solvers.search.halts import Halts
from vrp.solvers.search.model import Model, chain
from vrp.solvers.search.plan import Mixed


def routes(problem: Problem, model: Model) -> list[Route]:
    """Read the best plan as routes."""
    plan, found = model.plan, []
    following = plan.best.tolist()
    for r in np.flatnonzero(plan.best_size).tolist():
        visits, c = [], following[plan.locations + r]
        while c < plan.locations:
            visits.append(c if c < problem.num_locations else int(plan.halts.depot[c]))
            c = following[c]
        k = int(model.origin[r])
        v = problem.vehicles[k]
        found.append(Route(k, v.start_depot, v.end_depot, tuple(visits)))
    return found


def load_routes(model: Model, plans: tuple[Route, ...]) -> None:
    """Write a plan that was given into the empty model; what exceeds a type's vehicles goes to the bank.

    Fixed first stops are put where they belong, wherever the plan has them.
    """
    plan, fleet = model.plan, model.fleet
    counts = np.bincount(fleet.kind, minlength=len(fleet.top))
    used = np.zeros(len(fleet.top), np.int64)
    alike = dict(zip(model.origin.tolist(), fleet.kind.tolist(), strict=True))
    locked = set(model.locked().tolist())
    waiting = set(model.clients.tolist()) - locked
    halts = plan.halts.nodes().tolist() if isinstance(plan.halts, Halts) else []
    groups = plan.groups if isinstance(plan.groups, Groups) else None
    for r, fixed in model.prefixes.items():
        chain(plan, r, fixed)
    for route in plans:
        k = alike[route.vehicle_type]
        if used[k] == counts[k]:
            continue
        r = int(fleet.begin[k] + used[k])
        used[k] += 1
        visits = []
        for location in route.visits:
            c = location if location in waiting else _spare(model, halts, location, k)
            if c in halts:
                halts.remove(c)
                visits.append(c)
            elif c in waiting:
                visits.append(c)
                waiting.difference_update([c] if groups is None else groups.alternatives(c))
        chain(plan, r, [*model.prefixes.get(r, ()), *visits])
    left = np.array(sorted(waiting), np.int64)
    for c in (left if groups is None else groups.first_of_each(left)).tolist():
        plan.bank[plan.banked[0]] = c
        plan.banked[0] += 1


def _spare(model: Model, unused: list[int], depot: int, kind: int) -> int:
    """Return an unused halt at a depot for a vehicle of a kind, -1 if there is none."""
    halts, may = model.plan.halts, model.mix.allowed if isinstance(model.mix, Mixed) else None
    return next((x for x in unused if halts.depot[x] == depot and may is not None and may[kind, x]), -1)
