"""Where a search begins: savings join all that is worth joining, not stops beside each other alone."""

import numpy as np
import pytest

from vrp import Problem
from vrp.check import check, evaluate
from vrp.solution import Solution
from vrp.solvers.search import kernels, start
from vrp.solvers.search.model import build
from vrp.solvers.search.neighbours import neighbours
from vrp.solvers.search.routes import routes


def first_plan(problem: Problem, k: int) -> Solution:
    """The plan that savings make with lists of k neighbours."""
    m = build(problem, 1)
    m.empty()
    start.savings(m.net, m.loads, m.plan, neighbours(m.net, m.times, m.loads, m.clients, k), m.clients)
    kernels.rebuild(*m.state(), m.required)
    m.take_as_best()
    return evaluate(problem, routes(problem, m))


def clusters(rng: np.random.Generator, count: int, each: int, capacity: float) -> Problem:
    """Clusters far apart, of so many stops each."""
    middle = rng.uniform(0, 1000, (count, 1, 2))
    stops = (middle + rng.normal(0, 5, (count, each, 2))).reshape(-1, 2)
    demand = rng.integers(1, 10, len(stops)).astype(float)
    return Problem.from_arrays(coords=np.vstack([[500.0, 500.0], stops]), demand=demand, capacity=capacity)


def test_clusters_beyond_the_lists_share_a_vehicle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two clusters whose stops know only each other go into one vehicle; by neighbours alone they took two."""
    stops = [(100.0 + x, 100.0 * y) for y in (-1, 1) for x in range(6)]
    problem = Problem.from_arrays(coords=[(0.0, 0.0), *stops], demand=[1.0] * 12, capacity=12.0)
    assert len(first_plan(problem, 3).routes) == 1
    monkeypatch.setattr(start, "MANY", -1)
    assert len(first_plan(problem, 3).routes) == 2


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_left_to_join(seed: int) -> None:
    """However short the lists, every plan is valid and no two of its routes fit into one vehicle and save by it."""
    rng = np.random.default_rng(seed)
    problem = clusters(rng, int(rng.integers(2, 8)), int(rng.integers(5, 15)), float(rng.integers(30, 120)))
    plan = first_plan(problem, int(rng.integers(1, 6)))
    assert not check(problem, plan)
    xy, demand = problem.coords, np.concatenate([[0.0], problem.delivery[:, 0]])

    def leg(a: int, b: int) -> float:
        return float(np.hypot(*(xy[a] - xy[b])))

    for one in plan.routes:
        for other in plan.routes:
            load = demand[[*one.visits, *other.visits]].sum()
            if one is not other and load <= problem.vehicles[0].capacity[0]:
                a, b = one.visits[-1], other.visits[0]
                assert leg(a, 0) + leg(0, b) < leg(a, b) + 1e-9
