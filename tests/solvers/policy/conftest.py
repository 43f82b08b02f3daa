"""Problems and walks that know nothing of networks."""

import numpy as np
import pytest

import vrp


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Small tensors: threads would only wait for each other."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture
def general(monkeypatch: pytest.MonkeyPatch) -> None:
    """Walks as on other devices, without the compiled kernels."""
    from vrp.solvers.policy import fused

    monkeypatch.setattr(fused, "suits", lambda *_: False)


@pytest.fixture(params=["kernels", "general"])
def either_way(request: pytest.FixtureRequest) -> None:
    """Both."""
    if request.param == "general":
        request.getfixturevalue("general")


def cvrp(rng: np.random.Generator, n: int, capacity: float = 20.0, **more: object) -> vrp.Problem:
    """A random problem of n stops with whole demands, in units of its own."""
    coords = rng.uniform(-50.0, 950.0, (n + 1, 2)) * [1.0, 0.6]
    return vrp.Problem.from_arrays(coords=coords, demand=rng.integers(1, 10, n), capacity=capacity, **more)


def tour(rng: np.random.Generator, n: int) -> vrp.Problem:
    """A random travelling salesman of n stops and a depot."""
    return vrp.Problem.from_arrays(coords=rng.uniform(0.0, 7.0, (n + 1, 2)))
