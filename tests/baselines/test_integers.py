"""Scaling to integers: exact where it can be, on the safe side where it cannot."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.baselines.problems import CASES, problem
from vrp.baselines.integers import NO_LIMIT, costs, down, exact_scale, integers, rounding_scale, up
from vrp.errors import UnsupportedError
from vrp.problem import Problem
from vrp.vehicles import VehicleType


@given(st.lists(st.integers(-(10**7), 10**7), min_size=1), st.integers(0, 3))
def test_decimals_are_exact(numbers: list[int], digits: int) -> None:
    """Numbers with few decimals get the smallest power of ten that makes them whole."""
    values = np.array(numbers) / 10**digits
    scale = exact_scale([values], limit=1e12)
    smallest = next(d for d in range(4) if all(Fraction(x, 10**digits) * 10**d % 1 == 0 for x in numbers))
    assert scale == 10**smallest


def test_no_scale_for_arbitrary_floats() -> None:
    """Irrational numbers, and numbers that would grow too large, have no exact scale."""
    assert exact_scale([np.array([math.pi])]) is None
    assert exact_scale([np.array([1e8 + 0.5])]) is None


def test_tiny_numbers_do_not_vanish() -> None:
    """Numbers nearer to 0 than any float noise are no zeros where they are all there is."""
    tiny = np.array([3e-9, 4e-9])
    assert exact_scale([tiny]) is None
    assert exact_scale([np.array([3.0, 1e-9])]) == 1
    assert exact_scale([np.zeros(2), np.array([5.0])]) == 1
    given_ = Problem.from_arrays(coords=[[0, 0], [3e-9, 4e-9], [6e-9, 8e-9]], demand=[1, 1], capacity=2)
    assert integers(given_, 1e4).distance[0][0].tolist() == [0, 5000, 10000]


def test_prices_too_far_apart_are_refused() -> None:
    """A fixed cost that no integer holds beside the price of a leg is our own error."""
    vehicle = VehicleType(fixed_cost=1e9)
    near = Problem.from_arrays(coords=[[0, 0], [3, 4]], vehicles=vehicle)
    assert costs(integers(near, 1e4)).fixed[0] == 1e9
    with pytest.raises(UnsupportedError, match="cannot hold a fixed cost of 1e\\+09"):
        costs(integers(near.replace(coords=near.coords * 1e-9), 1e4))


@given(st.floats(1e-300, 1e300), st.floats(1.0, 1e6))
def test_rounding_scale(largest: float, target: float) -> None:
    """The largest number ends within a factor of ten below the target."""
    scaled = largest * rounding_scale(largest, target)
    assert scaled <= target * 1.001
    assert scaled >= target / 10.001 or rounding_scale(largest, target) == 1e300


@given(st.floats(0, 1e6), st.sampled_from([1.0, 10.0, 1e3]))
def test_directions(value: float, scale: float) -> None:
    """Up is never below and down never above the number, but for what float arithmetic loses; both within one."""
    assert -1e-5 <= up(value, scale) - value * scale < 1
    assert -1 < down(value, scale) - value * scale <= 1e-5
    assert up(math.inf, scale) == down(math.inf, scale) == NO_LIMIT


@pytest.mark.parametrize("rounding", ["nearest", "ceil", "truncate1"])
def test_rounded_coordinates_are_exact(rounding: str) -> None:
    """Distances that the problem rounds itself keep every digit."""
    coords = np.random.default_rng(0).random((12, 2)) * 100
    given_ = Problem.from_arrays(coords=coords, rounding=rounding, demand=np.ones(11), capacity=4)
    numbers = integers(given_, 1e6)
    assert numbers.exact
    assert numbers.distance_scale == (10 if rounding == "truncate1" else 1)
    assert np.array_equal(numbers.distance[0] / numbers.distance_scale, given_.matrices()[0])


@pytest.mark.parametrize("case", CASES)
def test_prices_are_proportional(case: str) -> None:
    """All prices are multiplied by the same scale, as far as integers allow."""
    numbers = integers(problem(CASES[case], 0), 1e6)
    prices = costs(numbers)
    for k, v in enumerate(numbers.problem.vehicles):
        for unit, price, scale in (
            (prices.distance[k], v.distance_cost, numbers.distance_scale),
            (prices.duration[k], v.duration_cost, numbers.duration_scale),
            (prices.overtime[k], v.overtime_cost, numbers.duration_scale),
            (prices.fixed[k] - prices.vehicle, v.fixed_cost, 1.0),
        ):
            assert unit * scale / prices.scale == pytest.approx(price, rel=1e-3)


def test_money_reads_back_the_objective() -> None:
    """Cost, and the number of stops left out, are recovered from an integer objective with both in it."""
    vehicles = (VehicleType(capacity=(5,), fixed_cost=2.5, distance_cost=0.1),)
    for objective in ("cost", "vehicles"):
        given_ = Problem.from_arrays(
            coords=[[0, 0], [3, 4], [6, 8]], demand=[1, 1], vehicles=vehicles, objective=objective
        )
        prices = costs(integers(given_, 1e6))
        total = 2 * prices.unserved + 2 * prices.vehicle + round(4.5 * prices.scale)
        assert prices.money(total) == (pytest.approx(4.5), 2)
        assert prices.unserved > prices.vehicle
