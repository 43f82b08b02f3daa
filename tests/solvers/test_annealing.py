"""What is annealed how hot, and what becomes a population instead."""

import numpy as np
import pytest

from vrp import Problem
from vrp.solvers.search.annealing import HOTTER, extra_heat
from vrp.solvers.search.model import build
from vrp.solvers.search.population import shape


@pytest.mark.parametrize("n", [199, 200])
@pytest.mark.parametrize("timed", [False, True])
def test_many_clients_are_annealed_hotter_where_time_counts(n: int, timed: bool) -> None:
    coords, windows = np.random.default_rng(n).random((n + 1, 2)) * 1000, np.tile([0.0, np.inf], (n, 1))
    windows[:, 1] = 30000.0 if timed else np.inf
    problem = Problem.from_arrays(coords=coords, demand=np.ones(n), time_windows=windows)
    assert extra_heat(build(problem, 1)) == (HOTTER if timed and n == 200 else 1.0)


def test_shape_was_the_same_for_a_hundred_clients_and_asks_more_of_large_problems() -> None:
    """Where the published trials put the border: 80,000 iterations at 100 clients, more than 14 million at 420."""
    assert shape(85_000, 100).plans > 1
    assert shape(75_000, 100).plans == 1
    assert shape(14_000_000, 420).plans == 1
    assert shape(5_000_000, 250).plans > 1
