"""The command that trains: every run of the queue, from end to end, tiny and on the CPU."""

import csv
import re
import shlex
from pathlib import Path

import pytest

pytest.importorskip("lightning")

from vrp.solvers.policy import load

ROOT = Path(__file__).parents[2]
CONFIGS = sorted(path.stem for path in (ROOT / "experiments/configs").glob("*.yaml"))


@pytest.mark.parametrize("name", CONFIGS)
def test_every_run_at_toy_size(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run trains, validates against its references, and leaves a curve, a log and a model that loads."""
    from train import main

    monkeypatch.chdir(ROOT)
    config = f"experiments/configs/{name}.yaml"
    assert main([config, "--toy", "--quiet", "--folder", str(tmp_path)]) == 0
    with (tmp_path / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert any(row["loss"] for row in rows)
    assert any(row["validation_cost"] for row in rows)
    assert load(tmp_path / "model").kind == name.partition("_")[0].replace("toy", "cvrp")
    assert (tmp_path / "curve.svg").read_text().startswith("<?xml")


def test_errors_are_told_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A missing config ends with code 2 and one sentence."""
    from train import main

    assert main(["nowhere.yaml"]) == 2
    assert "There is no config 'nowhere.yaml'" in capsys.readouterr().err


def test_queue_names_runs_that_exist() -> None:
    """Every command of the queue names a config of the project and options that the command has."""
    text = (ROOT / "experiments/training_queue.md").read_text(encoding="utf-8")
    commands = re.findall(r"^\s*python experiments/train\.py (.*)$", text, flags=re.MULTILINE)
    assert len(commands) >= 5
    for command in commands:
        config, *options = shlex.split(command.replace("$OUT", "/tmp/out"))
        assert (ROOT / config).is_file(), config
        assert {option for option in options if option.startswith("--")} <= {"--minutes", "--resume", "--folder"}


def test_labels_can_be_made_and_learned_from(tmp_path: Path) -> None:
    """The command writes complete plans of each size; the seeds of the standard sets are refused."""
    from labels import main

    from vrp.solvers.training.labels import Labels

    out = tmp_path / "labels.npz"
    main(["--sizes", "5,8", "--count", "3", "--time", "0.05", "--out", str(out)])
    assert {size: batch.size for size, (batch, _) in Labels.read(out).by_size.items()} == {5: 3, 8: 3}
    with pytest.raises(SystemExit):
        main(["--seed", "1234", "--out", str(out)])
