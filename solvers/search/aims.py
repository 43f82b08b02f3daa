"""Aims: what plans are compared by before their cost."""

from typing import Any, NamedTuple

import numpy as np

from vrp.problem import Problem
from vrp.solvers.search.jit import part


class Total(NamedTuple):
    """The cost alone, or the number of vehicles before it."""

    vehicles: int
    """1 where vehicles come first."""
    most: Any
    """[1] vehicles that may be used: where they come first no more than the best complete plan has."""


def aim_of(problem: Problem, vehicles: int) -> Total:
    """Return the aim of a problem with so many vehicles."""
    return Total(int(problem.objective == "vehicles"), np.array([vehicles], np.int64))


@part
def opens(plan, fleet):  # type: ignore[no-untyped-def]
    """Tell whether one more vehicle may be used."""
    return fleet.used[0] < plan.aim.most[0]


@part
def lead(plan, fleet):  # type: ignore[no-untyped-def]
    """Return what the current plan is compared by before its cost."""
    return float(plan.aim.vehicles * fleet.used[0])


@part
def hold(plan, fleet, work):  # type: ignore[no-untyped-def]
    """Use no more vehicles than the plan that was found, which is the best one."""
    if plan.aim.vehicles > 0 and work.missing[0] == 0:
        plan.aim.most[0] = fleet.used[0]
