"""The command `vrp`: what goes to stdout, stderr and files, and the exit codes."""

import io
import json
import logging
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import vrp
from tests.vrp.five_stops import EACH_ALONE, FILE
from vrp.cli import files, main


def test_solve_prints_a_summary_and_writes_what_is_asked_for(
    stand_in: Any, instance: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Plan and map are written, the cost is shown, stderr stays silent off a terminal."""
    out, page = tmp_path / "plan.sol", tmp_path / "plan.html"
    assert main(["solve", str(instance), "--iterations", "1", "--out", str(out), "--map", str(page)]) == 0
    shown = capsys.readouterr()
    assert str(EACH_ALONE) in shown.out
    assert str(out) in shown.out
    assert shown.err == ""
    assert "Route" in out.read_text()
    assert "<html" in page.read_text()[:1000].lower()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["five.vrp", "plan.html", "plan.sol"]


@pytest.mark.parametrize("suffix", [".json", ".sol", ".csv"])
def test_every_format_of_a_plan_is_written(stand_in: Any, instance: Path, tmp_path: Path, suffix: str) -> None:
    """The suffix chooses the format."""
    out = tmp_path / f"plan{suffix}"
    assert main(["solve", str(instance), "--iterations", "1", "--quiet", "--out", str(out)]) == 0
    assert out.stat().st_size > 0
    if "json" in suffix:
        json.loads(out.read_text())


def test_a_format_that_cannot_hold_the_plan_is_refused_before_solving(
    stand_in: Any, instance: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """GeoJSON is lat/lon by definition; planar coordinates are found out before the time is spent."""
    out = tmp_path / "plan.geojson"
    began = time.perf_counter()
    assert main(["solve", str(instance), "--time", "30", "--out", str(out)]) == 2
    assert time.perf_counter() - began < 10
    assert "GeoJSON" in capsys.readouterr().err
    assert not out.exists()


def test_json_is_all_that_stdout_gets(stand_in: Any, instance: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """So that it can be piped into another program."""
    assert main(["solve", str(instance), "--iterations", "1", "--json", "--seed", "4"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["cost"] == EACH_ALONE
    assert answer["stats"]["seed"] == 4


def test_quiet_prints_nothing(stand_in: Any, instance: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not even a summary."""
    assert main(["solve", str(instance), "--iterations", "1", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_stdin_is_read_where_a_dash_stands(
    stand_in: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the format; errors speak of stdin and not of some file."""

    def give(content: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content.encode())))

    give(FILE)
    assert main(["solve", "-", "--iterations", "1"]) == 0
    assert str(EACH_ALONE) in capsys.readouterr().out
    give(FILE.replace("CAPACITY", "CAPICITY"))
    assert main(["solve", "-", "--iterations", "1"]) == 2
    message = capsys.readouterr().err
    assert "standard input" in message
    give("\n")
    assert main(["solve", "-"]) == 2
    assert "empty" in capsys.readouterr().err


def test_a_table_on_stdin_takes_no_file_from_the_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Vehicles that happen to lie in the working folder do not belong to the stops on stdin."""
    monkeypatch.chdir(tmp_path)
    Path("vehicles.csv").write_text("capacity\n5\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x,y,demand\n0,0,0\n1,1,1\n")))
    assert main(["solve", "-", "--iterations", "1"]) == 2
    assert "needs a table of vehicles" in capsys.readouterr().err


def test_partial_plans_exit_with_3(stand_in: Any, instance: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Scripts can tell without reading; the summary names the stop left out."""
    instance.write_text(FILE.replace("CAPACITY : 2", "CAPACITY : 2\nVEHICLES : 3"))
    assert main(["solve", str(instance), "--iterations", "1"]) == 3
    assert "unserved" in capsys.readouterr().out.lower()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--solver", "serach"], "no solver 'serach'"),
        (["--time", "0"], "`time_limit` must be"),
        (["--seed", "-1"], "`seed` must be"),
        (["--threads", "0"], "`threads` must be"),
        (["--iterations", "0"], "`max_iterations` must be"),
        (["--out", "plan.jsno"], "--out plan.jsno: the suffix chooses the format, got .jsno. Did you mean '.json'?"),
        (["--out", "plan"], "got no suffix. Allowed: .json, .sol, .geojson, .csv."),
        (["--out", "nowhere/plan.sol"], "there is no folder 'nowhere'"),
        (["--map", "map.png"], "--map map.png: the suffix chooses the format, got .png"),
    ],
)
def test_wrong_options_are_found_before_the_file_is_read(
    stand_in: Any, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line on stderr, no traceback; the file does not even exist."""
    assert main(["solve", "no-such-file.vrp", *arguments]) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert shown.err.startswith("vrp: ")
    assert shown.out == ""


def test_the_input_is_never_overwritten(stand_in: Any, instance: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An output that is the input is refused, under whatever spelling."""
    target = instance.with_suffix(".json")
    instance.rename(target)
    before = target.read_text()
    assert main(["solve", str(target), "--out", f"{target.parent}/../{target.parent.name}/{target.name}"]) == 2
    assert "would be overwritten" in capsys.readouterr().err
    assert target.read_text() == before


@pytest.mark.parametrize("verb", [["solve", "{}"], ["check", "{}", "{}"], ["convert", "{}", "b.json"], ["bench", "{}"]])
def test_a_missing_file_is_one_line(verb: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Named, with exit code 2, for every verb."""
    missing = str(tmp_path / "missing.vrp")
    assert main([part.format(missing) for part in verb]) == 2
    message = capsys.readouterr().err
    assert "missing.vrp" in message
    assert "Traceback" not in message


@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe", b"nonsense", FILE[:150].encode(), b"{}", b"[1, 2]"])
def test_a_broken_file_is_one_message(content: bytes, instance: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever is in it: exit code 2 and the name of the file."""
    instance.write_bytes(content)
    assert main(["solve", str(instance)]) == 2
    message = capsys.readouterr().err
    assert "five.vrp" in message
    assert "Traceback" not in message


def test_check_proves_a_plan_and_lists_violations(
    stand_in: Any, instance: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 for a feasible plan with its cost, 3 with one line per broken rule otherwise."""
    plan = tmp_path / "plan.sol"
    assert main(["solve", str(instance), "--iterations", "1", "--quiet", "--out", str(plan)]) == 0
    assert main(["check", str(instance), str(plan)]) == 0
    shown = capsys.readouterr().out
    assert "feasible: no violations" in shown
    assert f"{EACH_ALONE:.2f}" in shown
    plan.write_text("Route #1: 1 2\nRoute #2: 3 4\nCost 41\n")
    assert main(["check", str(instance), str(plan)]) == 3
    shown = capsys.readouterr().out
    assert "violation: The plan states a cost of 41, but it is 40." in shown
    assert "say how with --rounding" in shown
    plan.write_text("Route #1: 1 2 3\nCost 1\n")
    assert main(["check", str(instance), str(plan)]) == 3
    assert capsys.readouterr().out.count("violation: ") >= 2
    assert main(["check", str(instance), str(plan), "--json"]) == 3
    answer = json.loads(capsys.readouterr().out)
    assert answer["feasible"] is False
    assert {"kind", "message", "route", "stop", "amount"} == set(answer["violations"][0])


def test_check_shows_the_true_cost_of_a_plan_that_states_another(
    stand_in: Any, instance: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The cost is the sum of its terms, whatever the file states."""
    plan = tmp_path / "plan.json"
    assert main(["solve", str(instance), "--iterations", "1", "--quiet", "--out", str(plan)]) == 0
    plan.write_text(json.dumps(json.loads(plan.read_text()) | {"cost": 7}))
    assert main(["check", str(instance), str(plan)]) == 3
    shown = capsys.readouterr().out
    assert "states a cost of 7" in shown
    assert "7.00\n" not in shown
    assert main(["check", str(instance), str(plan), "--json"]) == 3
    answer = json.loads(capsys.readouterr().out)
    assert answer["cost"] == sum(answer["cost_table"].values()) == EACH_ALONE


def test_check_refuses_two_readings_of_stdin(capsys: pytest.CaptureFixture[str]) -> None:
    """There is one stdin."""
    assert main(["check", "-", "-"]) == 2
    assert "stdin" in capsys.readouterr().err


def test_convert_keeps_the_problem(instance: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Read back, the other file gives the same distances and demands."""
    target = tmp_path / "five.json"
    assert main(["convert", str(instance), str(target)]) == 0
    before, after = vrp.read(instance), vrp.read(target)
    assert (before.matrices()[0] == after.matrices()[0]).all()
    assert (before.delivery == after.delivery).all()
    assert main(["convert", str(instance), str(tmp_path / "five.xyz")]) == 2
    assert "suffix" in capsys.readouterr().err


def test_doctor_says_what_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    """Versions, cores, and for what is missing the command that installs it."""
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert f"neural-vrp {vrp.__version__}" in shown
    assert "numpy" in shown
    assert "cores:" in shown
    for line in shown.splitlines():
        if "missing" in line:
            assert "pip install" in line


def test_doctor_names_the_remedy_for_a_missing_package(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2 where a package that solving needs is missing."""
    from vrp.cli import doctor

    monkeypatch.setattr(doctor, "REQUIRED", {"surely-not-installed": "nothing"})
    assert main(["doctor"]) == 2
    assert "pip install surely-not-installed" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["--help"], ["solve", "--help"], ["bench", "--help"], ["--version"]])
def test_help_needs_no_problem(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Each verb explains itself."""
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 0
    assert capsys.readouterr().out


def test_usage_names_only_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    """The usage error of a call without a file asks for the file alone."""
    with pytest.raises(SystemExit):
        main(["solve"])
    assert capsys.readouterr().err.endswith("required: FILE\n")


def test_the_help_names_every_solver() -> None:
    """What `--help` lists are the solvers that there are."""
    assert files.SOLVERS.split(", ") == list(vrp.solvers.SOLVERS)


def test_unknown_options_are_not_guessed(instance: Path) -> None:
    """An abbreviation that works today would mean something else tomorrow."""
    with pytest.raises(SystemExit) as left:
        main(["solve", str(instance), "--iter", "1"])
    assert left.value.code == 2


def test_a_second_file_is_told_where_vehicles_are_found(instance: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two tables on the command line are one too many: the second is found beside the first."""
    assert main(["solve", str(instance), "vehicles.csv", "--time", "1"]) == 2
    assert "found beside the table of stops" in capsys.readouterr().err


def test_the_progress_line_is_for_terminals(
    stand_in: Any, instance: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On one, the line is written over and removed at the end."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert main(["solve", str(instance), "--iterations", "2"]) == 0
    shown = capsys.readouterr().err
    assert "iterations" in shown
    assert shown.endswith("\r\x1b[K")
    assert "\n" not in shown
    assert main(["solve", str(instance), "--iterations", "2", "--quiet"]) == 0
    assert capsys.readouterr().err == ""


def test_what_the_package_logs_is_told_unless_quiet(
    stand_in: Any, instance: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as that the search is being compiled, which takes a while; on stderr, so that stdout stays the answer."""
    plan = stand_in.plan

    def logging_plan(self: Any, problem: vrp.Problem) -> vrp.Solution:
        logging.getLogger("vrp").warning("compiling")
        solution: vrp.Solution = plan(self, problem)
        return solution

    monkeypatch.setattr(stand_in, "plan", logging_plan)
    assert main(["solve", str(instance), "--iterations", "1", "--json"]) == 0
    shown = capsys.readouterr()
    assert shown.err == "vrp: compiling\n"
    json.loads(shown.out)
    assert main(["solve", str(instance), "--iterations", "1", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert logging.getLogger("vrp").handlers == []


def test_a_defect_of_a_solver_is_exit_code_1(
    stand_in: Any, instance: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The input is not to blame for a plan that the checker rejects, and no file is written."""
    monkeypatch.setattr(stand_in, "per_route", 4)
    out = instance.with_name("plan.sol")
    assert main(["solve", str(instance), "--iterations", "1", "--out", str(out)]) == 1
    assert "This is a defect" in capsys.readouterr().err
    assert not out.exists()
