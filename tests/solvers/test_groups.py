"""Groups of alternatives: at most one stop of each is served, the one that suits the plan best."""

import itertools
import math

import numpy as np
import pytest

from tests.solvers.test_search import KERNELS, OTHERS, proven, random_problem, run
from vrp import Problem
from vrp.check import check, evaluate
from vrp.deadline import Deadline
from vrp.explain import explain_unserved
from vrp.solution import Route
from vrp.solvers import make

RICH = {*KERNELS[3], "fixed"}


def random_groups(rng: np.random.Generator, n: int, features: set[str], priced: bool) -> Problem:
    """A problem in which about half of the stops are alternatives, in groups that must or may be served."""
    problem = random_problem(rng, n, features)
    label = rng.integers(0, max(n // 3, 1), n)
    _, group = np.unique(np.where(rng.random(n) < 0.6, label, -1), return_inverse=True)
    if group.max() > 0:
        group = group - 1
    prize = np.where(group >= 0, rng.uniform(0, 150, n) if priced else 0.0, problem.prize)
    required = rng.random(group.max() + 1) < 0.5 if priced else np.ones(group.max() + 1, np.bool_)
    return problem.replace(group=group, group_required=required, prize=prize)


@pytest.mark.parametrize(("features", "priced"), [(set(), False), (RICH, True)], ids=["plain", "rich"])
def test_random_groups(features: set[str], priced: bool) -> None:
    """On random groups every plan serves one alternative at most and costs what the search thought."""
    rng = np.random.default_rng(7)
    for _ in range(80):
        n = int(rng.integers(2, 25))
        others = {f for f in OTHERS if rng.random() < 0.35} - ({"depot_windows"} if not features else set())
        problem = random_groups(rng, n, features | others, priced)
        proven(problem, run(problem, 100 * n if n < 10 else 500))


def _cheapest(problem: Problem) -> tuple[int, float]:
    """Fewest required groups and stops left out, then the least cost, over every plan of unlimited vehicles."""
    D, n = problem.num_depots, problem.num_clients
    price: dict[frozenset[int], float] = {frozenset(): 0.0}
    for size in range(1, n + 1):
        for served in itertools.combinations(range(D, D + n), size):
            groups = [g for g in problem.group[np.array(served) - D].tolist() if g >= 0]
            if len(groups) > len(set(groups)):
                continue
            for k, v in enumerate(problem.vehicles):
                for order in itertools.permutations(served):
                    plan = evaluate(problem, [Route(k, v.start_depot, v.end_depot, order)])
                    if all(w.kind == "unserved" for w in check(problem, plan)):
                        key = frozenset(served)
                        price[key] = min(price.get(key, math.inf), plan.routes[0].cost)

    def rest(todo: tuple[int, ...]) -> list[tuple[frozenset[int], float]]:
        """Every set of clients that some routes serve, with the cost of the cheapest such routes."""
        if not todo:
            return [(frozenset(), 0.0)]
        first, later = todo[0], todo[1:]
        found = rest(later)
        for part, cost in price.items():
            if first in part and min(part) == first:
                found += [(part | s, cost + c) for s, c in rest(tuple(x for x in later if x not in part))]
        return found

    best = (n + 1, math.inf)
    for served, cost in rest(tuple(range(D, D + n))):
        inside = np.isin(np.arange(D, D + n), list(served))
        groups = problem.group[inside & (problem.group >= 0)].tolist()
        if len(groups) > len(set(groups)):
            continue
        missed = problem.prize[~inside]
        unmet = sum(bool(problem.group_required[g]) and g not in groups for g in range(len(problem.group_required)))
        best = min(best, (int(np.isinf(missed).sum()) + unmet, cost + float(missed[np.isfinite(missed)].sum())))
    return best


@pytest.mark.parametrize("seed", range(10))
def test_brute_force(seed: int) -> None:
    """On tiny problems the plan is as good as the best of all choices, partitions, orders and vehicles."""
    rng = np.random.default_rng(3000 + seed)
    problem = random_groups(rng, 5, [set(), RICH][seed % 2], priced=bool(seed % 2))
    found = run(problem, 2000)
    proven(problem, found)
    unmet, cost = _cheapest(problem)
    assert sum(w.kind == "unserved" for w in check(problem, found)) == unmet
    assert found.cost == pytest.approx(cost, rel=1e-6)


def test_start_with_two_alternatives() -> None:
    """Of a plan that serves two alternatives, the first one is kept; who is left out is told why."""
    problem = Problem.from_arrays(
        coords=[(0, 0), (1, 0), (2, 0), (3, 0)], demand=np.ones(3), capacity=10, group=[0, 0, -1]
    )
    start = evaluate(problem, [Route(0, 0, 0, (2, 1, 3))])
    plan = make("search").solve(problem, Deadline(max_iterations=1), np.random.default_rng(0), start=start)
    proven(problem, plan)
    assert plan.cost == pytest.approx(6.0)
    (left,) = explain_unserved(problem, plan).unserved
    assert "alternative" in left.reason
