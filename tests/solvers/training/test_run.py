"""A run of training: it stops at its minute, goes on exactly, and learns."""

import csv
import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

import yaml  # noqa: E402

from tests.solvers.training.conftest import TINY  # noqa: E402
from vrp.errors import FormatError, OptionError  # noqa: E402
from vrp.solvers.policy.weights import load  # noqa: E402
from vrp.solvers.training import checkpoint, losses  # noqa: E402
from vrp.solvers.training.data import generated  # noqa: E402
from vrp.solvers.training.module import Training  # noqa: E402
from vrp.solvers.training.run import train  # noqa: E402

ROOT = Path(__file__).parents[3]


def state(folder: Path) -> dict[str, torch.Tensor]:
    saved = checkpoint.load(folder / "checkpoint")
    named = {"w": saved.weights, "a": saved.average, "m": saved.moments}
    return {f"{kind}.{key}": value for kind, tensors in named.items() for key, value in tensors.items()}


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "log.csv").open() as file:
        return [{k: v for k, v in row.items() if k != "per_second"} for row in csv.DictReader(file)]


@pytest.mark.parametrize("loss", ["reinforce", "preference"])
def test_resumed_run_equals_uninterrupted_run(loss: str, tiny, clock, tmp_path: Path) -> None:
    """5 steps, stop, 7 steps give bit for bit the weights, averages, moments and log of 12 steps."""
    config = tiny(loss=loss)
    train(config, tmp_path / "whole", clock=clock(), quiet=True)
    part = train(config, tmp_path / "parts", minutes=5 / 60, clock=clock(), quiet=True)
    assert (part.training.progress.step, part.finished) == (5, False)
    rest = train(config, tmp_path / "parts", resume=tmp_path / "parts" / "checkpoint", clock=clock(), quiet=True)
    assert (rest.training.progress.step, rest.finished) == (12, True)
    whole, parts = state(tmp_path / "whole"), state(tmp_path / "parts")
    assert whole.keys() == parts.keys()
    assert all(torch.equal(whole[key], parts[key]) for key in whole)
    trained = [row for row in rows(tmp_path / "whole") if row["loss"]]
    assert [row["step"] for row in trained] == ["2", "4", "6", "8", "10", "12"]
    assert trained == [row for row in rows(tmp_path / "parts") if row["loss"]]


def test_stops_at_the_minute(tiny, clock, tmp_path: Path) -> None:
    """A slice of 4 s on a clock of one step a second has 4 steps, validations on time, and every file."""
    outcome = train(tiny(), tmp_path, minutes=4 / 60, clock=clock(), quiet=True)
    assert outcome.training.progress.step == 4
    assert outcome.training.progress.seconds == 4.0
    validated = [row for row in rows(tmp_path) if row["validation"]]
    assert [row["step"] for row in validated] == ["3", "4"]
    assert all(row["validation_cost"] for row in validated)
    model = load(tmp_path / "model")
    assert model.kind == "cvrp"
    assert model.sizes == (6, 9)
    assert model.training["instances"] == 4 * 8
    average = outcome.training.average.state_dict()
    assert all(torch.equal(value, average[key]) for key, value in model.policy.state_dict().items())


def test_seed_decides(tiny, clock, tmp_path: Path) -> None:
    """The same seed gives the same weights; another gives others."""
    made = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        train(tiny(seed=seed), tmp_path / name, minutes=2 / 60, clock=clock(), quiet=True)
        made.append(state(tmp_path / name))
    assert all(torch.equal(made[0][key], made[1][key]) for key in made[0])
    assert not all(torch.equal(made[0][key], made[2][key]) for key in made[0])


def test_symmetries_of_a_problem_share_a_row(tiny, clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A loss sees one row per problem, of all its symmetries: of two stops there are no more than two plans."""
    seen = []
    watched = dict(losses.LOSSES, watched=lambda *rows: seen.append(rows[0]) or rows[1].mean())
    for name in ("config", "module"):
        monkeypatch.setattr(f"vrp.solvers.training.{name}.LOSSES", watched)
    pairs = {"curriculum": [{"until": 1, "sizes": {2: 1}}], "batch": {2: 5}, "validation": []}
    run = train(tiny(loss="watched", symmetries=8, **pairs), tmp_path, minutes=6 / 60, clock=clock(), quiet=True)
    assert run.training.progress.instances == 6 * 5
    assert len(seen) == 6
    for cost in seen:
        assert cost.shape == (5, 8 * 2)
        other = cost.sort(dim=1).values.diff(dim=1) > 1e-4
        assert (other.sum(dim=1) <= 1).all()
        assert len(cost.min(dim=1).values.unique()) == 5


def test_checkpoint_of_another_run_is_refused(tiny, clock, tmp_path: Path) -> None:
    """Going on with a changed config names what changed; a complete run does not go on; damage is noticed."""
    train(tiny(), tmp_path, minutes=1 / 60, clock=clock(), quiet=True)
    saved = tmp_path / "checkpoint"
    with pytest.raises(OptionError, match=r"`rate` was 0.001 and is 0.01"):
        train(tiny(rate=1e-2), tmp_path, resume=saved, quiet=True)
    with pytest.raises(FormatError, match="no checkpoint"):
        train(tiny(), tmp_path, resume=tmp_path / "nowhere", quiet=True)
    weights = saved / "weights.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FormatError, match="damaged"):
        train(tiny(), tmp_path, resume=saved, quiet=True)
    weights.write_bytes(whole)
    train(tiny(), tmp_path, resume=saved, clock=clock(), quiet=True)
    with pytest.raises(OptionError, match="complete"):
        train(tiny(), tmp_path, resume=saved, clock=clock(), quiet=True)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_mixed_precision_on_the_cpu(tiny, clock, tmp_path: Path) -> None:
    """A config made for a GPU runs without one: the same number of steps, close to the same weights."""
    mixed, plain = (
        train(tiny(device="cpu", precision=precision), tmp_path / precision, clock=clock(), quiet=True).training
        for precision in ("bf16-mixed", "32-true")
    )
    assert mixed.progress.step == plain.progress.step == 12
    for one, other in zip(mixed.policy.parameters(), plain.policy.parameters(), strict=True):
        assert torch.allclose(one, other, atol=0.03)


def test_missing_gpu_is_said(tiny, tmp_path: Path) -> None:
    """A run for a GPU does not silently train on the CPU."""
    with pytest.raises(OptionError, match="torch sees no GPU"):
        train(tiny(device="cuda"), tmp_path, quiet=True)


def test_two_processes_train_one_policy(tmp_path: Path) -> None:
    """Two CPU processes (DDP) see twice the instances in as many steps, and the command goes on from its checkpoint."""
    config = tmp_path / "two.yaml"
    config.write_text(yaml.safe_dump({**TINY, "devices": 2, "minutes": 60.0}))

    def run(*more: str) -> str:
        command = [sys.executable, "experiments/train.py", str(config), "--quiet", "--folder", str(tmp_path / "run")]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        done = subprocess.run([*command, *more], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "go on with" in run("--minutes", "0.01")
    first = checkpoint.load(tmp_path / "run" / "checkpoint").progress
    assert first.instances == 2 * 8 * first.step
    run("--minutes", "0.01", "--resume", str(tmp_path / "run" / "checkpoint"))
    assert checkpoint.load(tmp_path / "run" / "checkpoint").progress.step > first.step
    assert (tmp_path / "run" / "curve.svg").exists()


def test_a_deeper_network_begins_where_another_ended(tiny, tmp_path: Path) -> None:
    """Layers that the weights lack change no answer at first, and learn."""
    batch = generated("uniform", 3, 6, torch.Generator().manual_seed(1))
    outcome = train(tiny(), tmp_path / "one", quiet=True, steps=2)
    before = outcome.training.average
    shape = dataclasses.replace(before.shape, layers=before.shape.layers + 2)
    deeper = Training(tiny(begin=str(tmp_path / "one" / "model"), shape=dataclasses.asdict(shape)), 1.0)
    deeper.begin_from(before)
    for field, wanted in zip(deeper.policy.encode(batch), before.encode(batch), strict=True):
        assert torch.equal(field, wanted)
    wanted = dataclasses.replace(deeper.config, minutes=1.0)
    after = train(wanted, tmp_path / "two", quiet=True, steps=3).training.policy.state_dict()
    last = f"encoder.layers.{shape.layers - 1}.attention.out.weight"
    assert float(after[last].abs().sum()) > 0


def test_beginning_from_another_shape_is_refused(tiny, tmp_path: Path) -> None:
    """Weights that do not fit the network of the config are named."""
    with pytest.raises(FormatError, match="weights in 'cvrp' do not fit"):
        train(tiny(begin="cvrp"), tmp_path, quiet=True)


def test_no_bar_is_drawn_where_nobody_watches(tiny, clock, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A log file gets no thousands of bars, and no advertisement of the trainer."""
    train(tiny(), tmp_path, minutes=1 / 60, clock=clock())
    told = "".join(capfd.readouterr())
    assert "it/s" not in told
    assert "Tip" not in told
