"""Weights: what is saved is loaded, and nothing else is."""

import json
from pathlib import Path

import pytest

from vrp.errors import FormatError, OptionError
from vrp.solvers.policy import available, load, save_pretrained

torch = pytest.importorskip("torch")

from safetensors.torch import save_file  # noqa: E402

from vrp.solvers.policy.pomo import Shape, seeded  # noqa: E402
from vrp.solvers.policy.weights import Trained  # noqa: E402


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    policy = seeded(Shape(width=16, heads=2, hidden=16, layers=1), seed=4)
    save_pretrained(Trained(policy, "cvrp", (20, 50), {"minutes": 3}), tmp_path / "model", card="# A model\n")
    return tmp_path / "model"


def test_round_trip(folder: Path) -> None:
    """Weights, shape and facts come back; the files are what is documented."""
    trained = load(folder)
    want = seeded(Shape(width=16, heads=2, hidden=16, layers=1), seed=4).state_dict()
    assert all(torch.equal(value, want[key]) for key, value in trained.policy.state_dict().items())
    assert (trained.kind, trained.sizes, trained.training) == ("cvrp", (20, 50), {"minutes": 3})
    assert {path.name for path in folder.iterdir()} == {"model.safetensors", "config.json", "README.md"}


def test_shipped_weights_load() -> None:
    """Every model of the package can be loaded by name, and is of the kind that its name says."""
    for name in available():
        assert load(name).kind == name


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"version": 2}, "reads version 1"),
        ({"architecture": "matnet"}, "architecture 'matnet'"),
        ({"kind": "vrptw"}, "the kind is 'vrptw'"),
        ({"architecture": []}, r"architecture \[\]"),
        ({"kind": []}, r"the kind is \[\]"),
        ({"sizes": [0, 5]}, "`sizes`"),
        ({"sizes": [50, 20]}, "`sizes`"),
        ({"sha256": "0" * 64}, "sha256 differs"),
        ({"extra": 1}, "must have the keys"),
        ({"training": "long"}, "`training` is 'long'"),
        ({"shape": {"width": 16}}, "must have the keys"),
        ({"shape": {"width": 10**9, "heads": 2, "hidden": 16, "layers": 1, "clip": 10.0}}, "width is 1000000000"),
        ({"shape": {"width": 16, "heads": 3, "hidden": 16, "layers": 1, "clip": 10.0}}, "no multiple"),
        ({"shape": {"width": 16, "heads": 2.0, "hidden": 16, "layers": 1, "clip": 10.0}}, "whole number"),
        ({"shape": {"width": 32, "heads": 2, "hidden": 16, "layers": 1, "clip": 10.0}}, "has shape"),
        ({"shape": {"width": 16, "heads": 2, "hidden": 16, "layers": 2, "clip": 10.0}}, "is missing"),
    ],
)
def test_configs_that_do_not_fit(folder: Path, change: dict, told: str) -> None:
    """Another version, architecture, kind or shape, unknown keys: named."""
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(FormatError, match=told):
        load(folder)


def test_damaged_files(folder: Path) -> None:
    """Truncated, foreign, missing and not finite."""
    path = folder / "model.safetensors"
    whole = path.read_bytes()
    for data in (whole[:-7], whole[:20], b"", b"\x80\x04\x95" + whole):
        path.write_bytes(data)
        with pytest.raises(FormatError, match="damaged"):
            load(folder)
    trained_nan = seeded(Shape(width=16, heads=2, hidden=16, layers=1), seed=4)
    with torch.no_grad():
        trained_nan.pointer.nearness.fill_(torch.nan)
    save_pretrained(Trained(trained_nan, "cvrp", (20, 50), {}), folder)
    with pytest.raises(FormatError, match="not finite"):
        load(folder)
    path.unlink()
    with pytest.raises(FormatError, match="missing"):
        load(folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(FormatError, match="no valid JSON"):
        load(folder)


def test_tampered_files(folder: Path) -> None:
    """One number changed, another type of numbers, or a shape that no memory would hold."""
    path = folder / "model.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(FormatError, match="sha256 differs"):
        load(folder)
    config = json.loads((folder / "config.json").read_text())
    del config["sha256"]
    (folder / "config.json").write_text(json.dumps(config))
    load(folder)
    tensors = {key: value.to(torch.int32) for key, value in load(folder).policy.state_dict().items()}
    save_file(tensors, path)
    with pytest.raises(FormatError, match=r"floating-point numbers, but .* is torch\.int32"):
        load(folder)
    path.write_bytes(whole)
    config["shape"] |= {"width": 4096, "hidden": 4096, "layers": 64}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(FormatError, match="do not fit the network"):
        load(folder)


def test_unknown_names() -> None:
    """A name that is no folder lists what there is."""
    with pytest.raises(OptionError, match="no weights 'cvrpp'"):
        load("cvrpp")
