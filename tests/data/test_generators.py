"""Random instances: their distributions, their seeds, and what they are as problems."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from vrp.data.clustered import mixture  # noqa: E402
from vrp.data.fields import as_problems  # noqa: E402
from vrp.data.like_x import like_x  # noqa: E402
from vrp.data.uniform import capacity, tours, uniform  # noqa: E402


def seeded(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("make", [tours, uniform, mixture, like_x])
@pytest.mark.parametrize("n", [1, 7, 40])
def test_every_generator(make, n: int) -> None:
    """Places in the unit square, whole demands that fit, 0 at the depot; float32; the seed decides, and alone."""
    made = make(30, n, seeded())
    assert made["coords"].shape == (30, n + 1, 2)
    assert 0 <= float(made["coords"].min()) <= float(made["coords"].max()) <= 1
    assert all(value.dtype == torch.float32 for value in made.values())
    if make is not tours:
        demand, fits = made["demand"], made["capacity"]
        assert bool((demand[:, 0] == 0).all())
        assert bool((demand[:, 1:] >= 1).all())
        assert bool((demand <= fits[:, None]).all())
        assert torch.equal(demand, demand.round())
        assert torch.equal(fits, fits.round())
    again, other = make(30, n, seeded()), make(30, n, seeded(2))
    assert all(torch.equal(made[key], again[key]) for key in made)
    assert not torch.equal(made["coords"], other["coords"])


def test_standard_capacities() -> None:
    """30, 40 and 50 at 20, 50 and 100 stops, never falling in between."""
    assert [capacity(n) for n in (1, 20, 50, 100, 200, 1000, 2000)] == [30, 30, 40, 50, 70, 230, 230]
    assert all(capacity(n) <= capacity(n + 1) == round(capacity(n + 1)) for n in range(1, 300))


def test_uniform_moments() -> None:
    """Mean and variance of coordinates and demands are those of the uniform distributions."""
    made = uniform(2000, 20, seeded())
    coords, demand = made["coords"].numpy(), made["demand"][:, 1:].numpy()
    assert np.allclose([coords.mean(), coords.var()], [1 / 2, 1 / 12], atol=2e-3)
    assert np.allclose([demand.mean(), demand.var()], [5, 80 / 12], rtol=0.02)


def nearest(coords: np.ndarray) -> float:
    """Mean distance of a place to its nearest neighbour over that of uniform places of the same number."""
    d = np.linalg.norm(coords[:, :, None] - coords[:, None], axis=-1)
    d[:, np.arange(d.shape[1]), np.arange(d.shape[1])] = np.inf
    return float(d.min(axis=2).mean() * 2 * np.sqrt(coords.shape[1]))


def test_clusters_are_clustered() -> None:
    """Neighbours are clearly nearer to each other than among uniform places."""
    assert nearest(uniform(100, 99, seeded())["coords"].numpy()) == pytest.approx(1.0, abs=0.1)
    for make in (mixture, like_x):
        assert nearest(make(300, 99, seeded())["coords"].numpy()) < 0.92


def test_x_classes_are_those_of_the_paper() -> None:
    """Three positions of the depot, seven kinds of demands, 3 to 25 stops per route with a mean of (3 + 6 + 25) / 3."""
    made = like_x(3000, 100, seeded())
    depot, demand = made["coords"][:, 0], made["demand"][:, 1:]
    for where in (0.0, 0.5):
        assert 0.3 < float((depot == where).all(dim=1).float().mean()) < 0.37
    ranges = torch.stack([demand.amin(dim=1), demand.amax(dim=1)], dim=1)
    assert 0.12 < float((ranges == 1).all(dim=1).float().mean()) < 0.17
    assert 0.12 < float((ranges[:, 0] >= 50).float().mean()) < 0.17
    per_route = made["capacity"] / demand.mean(dim=1)
    assert 3 <= float(per_route.min()) <= float(per_route.max()) < 27
    assert float(per_route.mean()) == pytest.approx((3 + 6 + 25) / 3, rel=0.05)


def test_as_problems() -> None:
    """The problems have the same numbers; without demands they are tours of one vehicle."""
    made = uniform(3, 6, seeded())
    problems = as_problems(made, "u")
    assert [p.name for p in problems] == ["u0", "u1", "u2"]
    assert np.array_equal(problems[2].coords, made["coords"][2].double().numpy())
    assert problems[1].delivery[:, 0].tolist() == made["demand"][1, 1:].tolist()
    assert problems[0].vehicles[0].capacity == (30.0,)
    assert as_problems(tours(1, 4, seeded()))[0].vehicles[0].count == 1
