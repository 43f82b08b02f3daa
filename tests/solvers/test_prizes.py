"""Clients that may be left out: the search finds those that pay together though none pays alone."""

import numpy as np
import pytest

from vrp import Problem, VehicleType, solve
from vrp.check import evaluate


def village(prize: float, count: int = 8, paid: bool = False) -> Problem:
    """Return stops in a village 100 away from the depot, a unit apart, and one lonely stop on the other side."""
    houses = [(100.0 + i, 0.0) for i in range(count)]
    coords = np.array([(0.0, 0.0), *houses, (-50.0, 0.0)])
    vehicle = VehicleType(capacity=[20.0], fixed_cost=10.0 if paid else 0.0)
    prizes = np.full(count + 1, prize)
    prizes[-1] = 1.0
    return Problem.from_arrays(coords=coords, demand=np.ones(count + 1), prize=prizes, vehicles=[vehicle])


@pytest.mark.parametrize("paid", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_a_vehicle_is_opened_for_several_that_pay_together(seed: int, paid: bool) -> None:
    """From the plan of nobody, at a temperature that would never allow the loss of the first stop."""
    problem = village(40.0, paid=paid)
    nobody = evaluate(problem, [])
    assert nobody.cost == pytest.approx(8 * 40.0 + 1.0)
    cold = {"heat": 1e-9, "cold": 1e-9}
    plan = solve(problem, solver="search", start=nobody, max_iterations=2000, seed=seed, options=cold)
    # There and back along the village, and the lonely one stays: by hand.
    assert plan.cost == pytest.approx(2 * 107.0 + 1.0 + (10.0 if paid else 0.0))
    assert sorted(plan.routes[0].visits) == list(range(1, 9))


@pytest.mark.parametrize("seed", range(5))
def test_no_vehicle_is_opened_for_those_that_do_not_pay_together(seed: int) -> None:
    """Eight prizes of 26 are less than the way of 214."""
    problem = village(26.0)
    plan = solve(problem, solver="search", max_iterations=2000, seed=seed)
    assert plan.routes == ()
    assert plan.cost == pytest.approx(8 * 26.0 + 1.0)
