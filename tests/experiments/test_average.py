"""Weights of several runs become one model."""

import dataclasses
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from vrp.solvers.policy import load  # noqa: E402
from vrp.solvers.policy.pomo import Shape, seeded  # noqa: E402
from vrp.solvers.policy.weights import Trained, save_pretrained  # noqa: E402


def test_a_shallow_and_a_deep_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each weight is the mean by shares, layers that one lacks add nothing, shares that are no whole are told."""
    import average

    shallow = Shape(width=16, heads=2, hidden=16, layers=1)
    deep = dataclasses.replace(shallow, layers=2)
    for name, shape, seed in (("one", shallow, 1), ("two", deep, 2)):
        save_pretrained(Trained(seeded(shape, seed), "cvrp", (5, 9), {"minutes": seed}), tmp_path / name)
    one, two, to = (str(tmp_path / name) for name in ("one", "two", "mean"))
    monkeypatch.setattr("sys.argv", ["average.py", f"{one}=0.25", f"{two}=0.75", "--to", to])
    average.main()
    mean = load(to)
    assert (mean.policy.shape, mean.training) == (deep, {"minutes": 2})
    weights = [load(folder).policy.state_dict() for folder in (one, two, to)]
    shared, own = "encoder.layers.0.attention.project.weight", "encoder.layers.1.attention."
    assert torch.allclose(weights[2][shared], 0.25 * weights[0][shared] + 0.75 * weights[1][shared])
    assert torch.allclose(weights[2][own + "out.weight"], 0.75 * weights[1][own + "out.weight"])
    assert torch.allclose(weights[2][own + "project.weight"], weights[1][own + "project.weight"])
    monkeypatch.setattr("sys.argv", ["average.py", f"{one}=0.5", "--to", to])
    with pytest.raises(SystemExit):
        average.main()
