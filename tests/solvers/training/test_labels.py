"""Plans to imitate: stored, written anew in other orders, and learned from."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import vrp

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from vrp.data.fields import as_problems  # noqa: E402
from vrp.data.uniform import tours, uniform  # noqa: E402
from vrp.errors import FormatError, OptionError  # noqa: E402
from vrp.solvers.policy import env  # noqa: E402
from vrp.solvers.policy.rollout import follow  # noqa: E402
from vrp.solvers.training.labels import Labels, write  # noqa: E402
from vrp.solvers.training.run import train  # noqa: E402


@pytest.fixture(scope="module")
def solved() -> list[tuple[vrp.Problem, vrp.Solution]]:
    """Problems of two sizes and tours, with plans."""
    random = torch.Generator().manual_seed(1)
    problems = [
        *as_problems(uniform(5, 9, random)),
        *as_problems(uniform(3, 14, random)),
        *as_problems(tours(4, 7, random)),
    ]
    return [(p, vrp.solve(p, max_iterations=200, solver="search", threads=1)) for p in problems]


def edges(batch: env.Instances, choices: torch.Tensor) -> list[frozenset]:
    """The plan of each row as a set of undirected legs."""
    walks = follow(batch, choices[:, None])
    closed = torch.cat([walks.home[..., None], walks.choices, walks.home[..., None]], dim=2)[:, 0].tolist()
    return [frozenset(frozenset(leg) for leg in pairwise(w) if leg[0] != leg[1]) for w in closed]


def test_round_trip_and_reordering(solved: list, tmp_path: Path) -> None:
    """What is read has the plans' costs; drawn again it is the same plan, complete, in another order."""
    write(tmp_path / "labels.npz", solved)
    labels = Labels.read(tmp_path / "labels.npz")
    assert sorted(labels.by_size) == [7, 9, 14]
    for size, (batch, choices) in labels.by_size.items():
        plans = [plan for problem, plan in solved if problem.num_clients == size]
        walks = follow(batch, choices[:, None])
        extents = [float(np.ptp(plan.problem.coords, axis=0).max()) for plan in plans]
        costs = env.cost(batch, walks.home, walks.choices)[:, 0].numpy() * extents
        assert costs == pytest.approx([plan.cost for plan in plans], rel=1e-5)
        stored = edges(batch, choices)
        orders, maps, between = set(), set(), env.rules.distances(batch)  # which no turn changes
        for seed in range(40):
            drawn, given = labels.draw(size, 8, 2, torch.Generator().manual_seed(seed))
            assert given.shape[:2] == (8, 2)
            same = [
                next(i for i in range(batch.size) if torch.allclose(between[i], e)) for e in env.rules.distances(drawn)
            ]
            maps |= {(i, tuple(c.flatten().tolist())) for i, c in zip(same, drawn.coords, strict=True)}
            for way in given.unbind(1):
                assert edges(drawn, way) == [stored[i] for i in same]
                orders |= {(i, tuple(order.tolist())) for i, order in zip(same, way, strict=True)}
        assert len(orders) >= 8 * batch.size
        assert {len([m for m in maps if m[0] == i]) for i in range(batch.size)} == {8}


def test_imitation_learns(solved: list, tiny, clock, tmp_path: Path) -> None:
    """The same batch becomes much more likely, and so the loss falls."""
    write(tmp_path / "labels.npz", solved)
    config = tiny(
        loss="imitation", labels=str(tmp_path / "labels.npz"), batch={9: 32}, rate=1e-2, minutes=1.0,
        curriculum=[{"until": 1, "sizes": {9: 1}}], validation=[], log_every=1,
    )  # fmt: skip
    train(config, tmp_path, clock=clock(), quiet=True)
    losses = [float(line.split(",")[6]) for line in (tmp_path / "log.csv").read_text().splitlines()[1:]]
    assert len(losses) == 60
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])


def test_bad_labels(solved: list, tmp_path: Path) -> None:
    """Missing, truncated and foreign files, and sizes that are not there, are our own errors."""
    path = tmp_path / "labels.npz"
    with pytest.raises(FormatError, match="no file of labels"):
        Labels.read(path)
    write(path, solved)
    with pytest.raises(OptionError, match=r"no labels of 8 stops, only of \[7, 9, 14\]"):
        Labels.read(path).draw(8, 1, 1, torch.Generator())
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(FormatError, match="damaged"):
        Labels.read(path)
    np.savez(tmp_path / "other.npz", **{"9/coords": np.zeros(3)})
    with pytest.raises(FormatError, match="damaged"):
        Labels.read(tmp_path / "other.npz")
