"""Groups of alternatives: at most one stop of each is served. Removed or waiting, one of them stands for its group.

Wherever a client is put back, all alternatives of its group are tried and the cheapest one takes its place. A member's
prize is a gain of serving it (`Mixed`), so that the group as a whole waits in the bank at no price.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vrp.problem import Problem
from vrp.solvers.search.jit import dispatch, has_a
from vrp.solvers.search.recreate import position


class NoGroups(NamedTuple):
    """Every client stands for itself."""

    unused: int


class Groups(NamedTuple):
    """The groups of a problem with G of them, numbered as there."""

    group: Any
    """[N] of each node, -1 where it stands for itself."""
    member: Any
    """[*] clients, group by group, each in ascending order."""
    begin: Any
    """[G + 1] where a group begins in `member`."""

    def alternatives(self, c: int) -> list[int]:
        """Return the clients of which one at most is served, c among them."""
        g = int(self.group[c])
        found: list[int] = self.member[self.begin[g] : self.begin[g + 1]].tolist() if g >= 0 else [c]
        return found

    def first_of_each(self, clients: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the clients that stand for themselves, and the first that is given of each group, in their order."""
        group = self.group[clients]
        alone = np.where(group < 0, -1 - np.arange(len(clients)), group)
        found: NDArray[np.int64] = clients[np.sort(np.unique(alone, return_index=True)[1])]
        return found


def groups_of(problem: Problem, N: int) -> NoGroups | Groups:
    """Return the groups of a problem in a plan of N nodes."""
    if not (problem.group >= 0).any():
        return NoGroups(0)
    group = np.full(N, -1, np.int64)
    group[problem.num_depots : problem.num_locations] = problem.group
    member = np.argsort(group, kind="stable")[(group < 0).sum() :].astype(np.int64)
    begin = np.searchsorted(group[member], np.arange(len(problem.group_required) + 1)).astype(np.int64)
    return Groups(group, member, begin)


def orders(groups: NoGroups | Groups, clients: NDArray[np.int64]) -> int:
    """Return how many clients a plan serves that serves everyone: one of each group."""
    return len(groups.first_of_each(clients)) if isinstance(groups, Groups) else len(clients)


def choose(
    net: Any, loads: Any, times: Any, fleet: Any, mix: Any, reach: Any, plan: Any, work: Any, near: Any, c: int
) -> tuple[int, float, int, int]:
    """Return the alternative of client c with the cheapest place, and that place as `position` does."""
    raise NotImplementedError("compiled only")


def stands(plan: Any, c: int) -> bool:
    """Tell whether client c, which no route serves, has to wait in the bank: for itself or for all of its group."""
    raise NotImplementedError("compiled only")


def replaced(plan: Any, c: int, route: Any, chosen: Any) -> bool:
    """Tell whether one of the `chosen` routes, given by client, serves another alternative of client c."""
    raise NotImplementedError("compiled only")


@dispatch(choose)
def _choose(
    net: Any, loads: Any, times: Any, fleet: Any, mix: Any, reach: Any, plan: Any, work: Any, near: Any, c: Any
) -> Any:
    if not has_a(plan, "groups", Groups):

        def alone(net, loads, times, fleet, mix, reach, plan, work, near, c):  # type: ignore[no-untyped-def]
            cost, p, r = position(net, loads, times, fleet, mix, reach, plan, work, near, c)
            return c, cost, p, r

        return alone

    def one(net, loads, times, fleet, mix, reach, plan, work, near, c):  # type: ignore[no-untyped-def]
        groups = plan.groups
        g = groups.group[c]
        k = groups.begin[g] if g >= 0 else 0
        end = groups.begin[g + 1] if g >= 0 else 1
        best, least, at, on = c, np.inf, -1, -1
        while k < end:
            x = groups.member[k] if g >= 0 else c
            cost, p, r = position(net, loads, times, fleet, mix, reach, plan, work, near, x)
            if p >= 0 and cost < least:
                best, least, at, on = x, cost, p, r
            k += 1
        return best, least, at, on

    return one


@dispatch(stands)
def _stands(plan: Any, c: Any) -> Any:
    if not has_a(plan, "groups", Groups):
        return lambda plan, c: True

    def first(plan, c):  # type: ignore[no-untyped-def]
        g = plan.groups.group[c]
        if g < 0:
            return True
        begin, end = plan.groups.begin[g], plan.groups.begin[g + 1]
        if plan.groups.member[begin] != c:
            return False
        for k in range(begin, end):  # noqa: SIM110 - not known to the compiler
            if plan.route[plan.groups.member[k]] >= 0:
                return False
        return True

    return first


@dispatch(replaced)
def _replaced(plan: Any, c: Any, route: Any, chosen: Any) -> Any:
    if not has_a(plan, "groups", Groups):
        return lambda plan, c, route, chosen: False

    def other(plan, c, route, chosen):  # type: ignore[no-untyped-def]
        g = plan.groups.group[c]
        if g < 0:
            return False
        for k in range(plan.groups.begin[g], plan.groups.begin[g + 1]):
            r = route[plan.groups.member[k]]
            if r >= 0 and chosen[r]:
                return True
        return False

    return other
