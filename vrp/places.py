"""Where a stop could be put into a plan: the places between neighbours, by their detour."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from vrp.check import Bools
from vrp.problem import Floats, Problem
from vrp.solution import Route

PER_STOP = 8
"""Insertions that are tried for one stop at most."""
PER_ROUTE = 2
"""Insertions of one stop that are tried in one route."""


class Places:
    """All places between two neighbours in the plan."""

    def __init__(self, problem: Problem, routes: Sequence[Route]) -> None:
        self.problem = problem
        before: list[int] = []
        after: list[int] = []
        route: list[int] = []
        at: list[int] = []
        for i, r in enumerate(routes):
            path = [r.start_depot, *r.visits, *([] if r.end_depot is None else [r.end_depot])]
            size = len(r.visits) + 1
            before += path[:size]
            after += path[1:] if r.end_depot is not None else [*path[1:], path[-1]]
            route += [i] * size
            at += range(size)
        self.before, self.after = np.array(before), np.array(after)
        self.route, self.at = np.array(route), np.array(at)
        self.vehicle_type = np.array([r.vehicle_type for r in routes])[self.route]

    def _detours(self, stop: int) -> Floats:
        (a, s), (b, t), (c, u) = (
            self.problem.legs(i, j) for i, j in ((self.before, stop), (stop, self.after), (self.before, self.after))
        )
        return a + b - c + s + t - u

    def later(self, stop: int, route: int, at: int) -> int:
        """Return the position in a route of the shortest detour to a stop, from a position on; the last of several."""
        there = np.flatnonzero((self.route == route) & (self.at >= at))[::-1]
        return int(self.at[there[self._detours(stop)[there].argmin()]])

    def cheapest(self, stop: int, allowed: Bools) -> list[tuple[int, int]]:
        """Return (route, position) of the places with the shortest detour, a few per route."""
        detour = self._detours(stop)
        detour[~allowed[self.vehicle_type]] = np.inf
        found: list[tuple[int, int]] = []
        per_route: Counter[int] = Counter()
        for k in np.argsort(detour, kind="stable").tolist():
            i = int(self.route[k])
            if len(found) == PER_STOP or detour[k] == np.inf:
                break
            if per_route[i] < PER_ROUTE:
                per_route[i] += 1
                found.append((i, int(self.at[k])))
        return found
