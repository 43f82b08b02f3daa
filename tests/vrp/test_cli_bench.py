"""`vrp bench`: the table, its gaps, and what it refuses before the first run."""

from pathlib import Path
from typing import Any

import pytest

import vrp
from tests.vrp.five_stops import EACH_ALONE, FILE
from vrp.cli import main


def table(text: str, name: str = "five") -> list[list[str]]:
    """Return the cells of the rows of an instance."""
    return [line.split() for line in text.splitlines() if line.startswith(name)]


def test_one_row_per_time_seed_and_solver(stand_in: Any, instance: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a reference the gap is to the best of the run."""
    arguments = ["bench", str(instance), "--solvers", "stand-in", "--time", "0.01,0.02", "--seeds", "1,2"]
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    rows = table(shown)
    assert [(row[2], row[3]) for row in rows] == [("0.01", "1"), ("0.01", "2"), ("0.02", "1"), ("0.02", "2")]
    assert {float(row[4]) for row in rows} == {EACH_ALONE}
    assert {row[5] for row in rows} == {"0.00"}
    assert shown.count("mean gap") == 2


def test_the_gap_is_to_the_plan_beside_the_file(
    stand_in: Any, instance: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """To its recomputed cost, whatever it states itself."""
    instance.with_suffix(".sol").write_text("Route #1: 1 2\nRoute #2: 3 4\n")
    assert main(["bench", str(instance), "--solvers", "stand-in", "--time", "0.01"]) == 0
    row = table(capsys.readouterr().out)[0]
    best = vrp.read_solution(instance.with_suffix(".sol"), vrp.read(instance)).cost
    assert float(row[5]) == pytest.approx(100 * (EACH_ALONE / best - 1), abs=0.01)
    assert row[-1] == "yes"


def test_an_infeasible_plan_beside_the_file_is_no_reference(
    stand_in: Any, instance: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is left aside with a warning."""
    instance.with_suffix(".sol").write_text("Route #1: 1 2 3 4\n")
    assert main(["bench", str(instance), "--solvers", "stand-in", "--time", "0.01"]) == 0
    shown = capsys.readouterr()
    assert table(shown.out)[0][5] == "0.00"
    assert "five.sol is not used" in shown.err


def test_refusals_are_rows(stand_in: Any, instance: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A solver that cannot honour an instance does not end the comparison."""
    stand_in.lacks = ["breaks"]
    assert main(["bench", str(instance), "--solvers", "stand-in"]) == 0
    assert "refused: Solver 'stand-in' cannot honour: breaks" in capsys.readouterr().out


def test_crashes_are_rows(
    stand_in: Any, instance: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A solver that fails leaves the others their turn."""
    monkeypatch.setattr(stand_in, "plan", lambda self, problem: 1 / 0)
    assert main(["bench", str(instance), "--solvers", "stand-in,stand-in", "--time", "0.01"]) == 0
    assert capsys.readouterr().out.count("failed: ZeroDivisionError: division by zero") == 2


def test_partial_plans_have_no_gap_and_the_exit_code_3(
    stand_in: Any, instance: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A cost without all stops compares with nothing."""
    instance.write_text(FILE.replace("CAPACITY : 2", "CAPACITY : 2\nVEHICLES : 3"))
    assert main(["bench", str(instance), "--solvers", "stand-in", "--time", "0.01"]) == 3
    assert table(capsys.readouterr().out)[0][-3:] == ["no,", "1", "unserved"]


def test_instances_of_the_same_name_are_told_apart(
    stand_in: Any, instance: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Their paths are shown then."""
    other = instance.parent / "other" / "five.vrp"
    other.parent.mkdir()
    other.write_text(FILE)
    assert main(["bench", str(instance), str(other), "--solvers", "stand-in", "--time", "0.01"]) == 0
    shown = capsys.readouterr().out
    assert table(shown, str(instance))
    assert table(shown, str(other))


@pytest.mark.parametrize(
    "wrong", [["--solvers", "stand-in,hsg"], ["--time", "1,0"], ["--seeds", "-1"], ["--threads", "0"]]
)
def test_everything_is_checked_before_the_first_run(
    stand_in: Any, instance: Path, capsys: pytest.CaptureFixture[str], wrong: list[str]
) -> None:
    """Unknown solvers, wrong numbers."""
    assert main(["bench", str(instance), "--solvers", "stand-in", *wrong]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("vrp: ")


@pytest.mark.parametrize("wrong", [["--time", "one"], ["--seeds", "1.5"], ["--time", "1;2"]])
def test_lists_that_are_none_are_named(instance: Path, capsys: pytest.CaptureFixture[str], wrong: list[str]) -> None:
    """With what was got."""
    with pytest.raises(SystemExit) as left:
        main(["bench", str(instance), *wrong])
    assert left.value.code == 2
    assert f"with commas between them, got {wrong[1]!r}" in capsys.readouterr().err


def test_stdin_is_no_instance_to_compare_on(capsys: pytest.CaptureFixture[str]) -> None:
    """It could be read only once."""
    assert main(["bench", "-"]) == 2
    assert "not stdin" in capsys.readouterr().err
