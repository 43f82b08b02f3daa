"""Objectives: what plans are compared by after the required stops that they leave out, and before their cost."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vrp.fields import Fields, shorten

if TYPE_CHECKING:
    from vrp.solution import Solution

LEADS = {
    "vehicles": "vehicles",
    "minmax": "dearest route",
    "balance": "sum of squared route costs",
}
"""Objective -> what it puts before the cost, in words."""


def lead(solution: "Solution") -> float:
    """Return what the problem's objective puts before the cost, smaller being better; 0 where that is nothing.

    "minmax" is the cost of the dearest route, and "balance" the sum of the squares of the routes' costs. Both can only
    get worse where a route gets dearer. Range and variance, which are measures of equity too, can get better by it:
    they ask for detours that help nobody (Matl, Hartl and Vidal 2018, "Workload equity in vehicle routing problems: a
    survey and analysis"). A vehicle that stays at home costs nothing, and a route that gains more by preferences than
    it costs counts as such.
    """
    costs = [max(route.cost, 0.0) for route in solution.routes]
    match solution.problem.objective:
        case "vehicles":
            return float(len(costs))
        case "minmax":
            return max(costs, default=0.0)
        case "balance":
            return sum(cost * cost for cost in costs)
    return 0.0


def require_all_stops(objective: str, fields: Fields, out: dict[str, Any]) -> None:
    """Note an error where routes are compared by their costs and stops may be left out.

    What is missed belongs to no route: a plan that serves nobody would be the best one.
    """
    if objective not in ("minmax", "balance"):
        return
    prize, group, must = out["prize"], out["group"], out["group_required"]
    optional: Sequence[int] = np.flatnonzero(np.isfinite(prize) & ~np.append(must, False)[group]).tolist()
    if optional:
        found = shorten((fields.stop(c) for c in optional), len(optional))
        fields.add(
            f"`objective` is {objective!r}, which compares routes by their costs and would serve no stop that may be "
            f"left out, but {found} may. Leave out their `prize` (and make groups required), or use objective 'cost'."
        )
    elif (rewarded := np.flatnonzero((group >= 0) & (prize > 0))).size:
        found = shorten((fields.stop(c) for c in rewarded.tolist()), len(rewarded))
        fields.add(
            f"`objective` is {objective!r}, which compares routes by their costs, to which no prize belongs, but "
            f"{found} in a group has one. Give alternatives the prize 0, and a `preference` for what they gain."
        )
