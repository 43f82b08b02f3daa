"""The comparison: resumable, crash-proof, and counted as its README says."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

INSTANCE = """NAME : {name}
TYPE : CVRP
DIMENSION : 6
EDGE_WEIGHT_TYPE : EUC_2D
CAPACITY : 4
NODE_COORD_SECTION
1 0 0
2 0 10
3 0 20
4 10 0
5 20 0
6 10 10
DEMAND_SECTION
1 0
2 2
3 2
4 2
5 2
6 1
DEPOT_SECTION
1
-1
EOF
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder of benchmark data with three small instances."""
    folder = tmp_path / "data"
    folder.mkdir()
    rows = ["instance,kind,n,bks,rounding,scale,bks_file_units,source,path,note"]
    for k in range(3):
        (folder / f"small-{k}.vrp").write_text(INSTANCE.format(name=f"small-{k}"))
        rows.append(f"small-{k},CVRP-S,{5 + k},108,nearest,1,108,,small-{k}.vrp,")
    (folder / "bks.csv").write_text("\n".join(rows) + "\n")
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def compare(experiments: Path, data: Path, out: Path, *more: str) -> str:
    """Run the script as a user would."""
    command = [
        sys.executable,
        str(experiments / "compare.py"),
        "--set",
        "cvrp-s",
        "--time",
        "0.05",
        "--data",
        str(data),
    ]
    environment = os.environ | {"PYTHONPATH": str(experiments.parent)}
    done = subprocess.run(
        [*command, "--out", str(out), *more], capture_output=True, text=True, env=environment, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_run_resume_and_summary(experiments: Path, data: Path, tmp_path: Path) -> None:
    """Rows appear once, a second run adds only what is missing, and the summary follows from the rows."""
    pytest.importorskip("pyvrp")
    pytest.importorskip("hygese")
    out = tmp_path / "small.csv"
    compare(experiments, data, out, "--solvers", "pyvrp", "--seeds", "1", "--take", "2")
    first = rows(out)
    assert [r["instance"] for r in first] == ["small-0", "small-2"]
    assert {(r["n"], r["feasible"], r["unserved"], r["error"]) for r in first} == {("5", "1", "0", "")}
    assert all(float(r["gap"]) == pytest.approx(100 * (float(r["cost"]) / 108 - 1), abs=1e-3) for r in first)
    with out.open("a") as file:
        file.write("cvrp-s,small-1,5,py")  # A run that was killed while it wrote.
    text = compare(experiments, data, out, "--solvers", "pyvrp,hgs", "--seeds", "1")
    now = rows(out)
    assert now[:2] == first
    assert sorted((r["instance"], r["solver"]) for r in now) == [
        (f"small-{k}", s) for k in range(3) for s in ("hgs", "pyvrp")
    ]
    assert "| pyvrp |" in text
    for name in ("small-summary.csv", "small-summary.md"):
        assert (tmp_path / name).stat().st_size > 0
    before = out.read_text()
    assert (
        compare(experiments, data, out, "--solvers", "pyvrp", "--summary-only").strip()
        == text[text.index("#") :].strip()
    )
    assert out.read_text() == before


def test_unsupported_is_a_row(experiments: Path, data: Path, tmp_path: Path) -> None:
    """What a solver cannot honour is written down, not left out."""
    pytest.importorskip("hygese")
    windows = "TIME_WINDOW_SECTION\n" + "".join(f"{i} 0 90\n" for i in range(1, 7))
    (data / "small-0.vrp").write_text(
        INSTANCE.format(name="small-0").replace("CVRP", "VRPTW").replace("DEMAND_SECTION", windows + "DEMAND_SECTION")
    )
    out = tmp_path / "small.csv"
    compare(experiments, data, out, "--solvers", "hgs", "--seeds", "1", "--take", "1")
    assert [r["feasible"] for r in rows(out)] == [""]
    assert "time windows" in rows(out)[0]["error"]
    assert rows(tmp_path / "small-summary.csv")[0]["unsupported"] == "1"


def test_crash_and_hang_are_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that dies or never answers is replaced, and the row says what happened."""
    import compare as module

    monkeypatch.setattr(module, "GRACE", 0.5)
    process = module.Process("cvrp-s", tmp_path, [0])
    answers = 'import sys\nfor line in sys.stdin: print("{}", flush=True) if "true" in line else %s'
    job = {"time": 0.01}
    process.command = [sys.executable, "-c", answers % "sys.exit(7)"]
    assert process.row(job) == {"error": "the process ended with code 7"}
    assert process.process is None
    process.command = [sys.executable, "-c", "import time\n" + answers % "time.sleep(60)"]
    assert process.row(job) == {"error": "killed after 1 s"}
    assert process.process is None
    process.command = [sys.executable, "-c", answers % """print('{"cost": "3"}', flush=True)"""]
    assert process.row(job) == {"cost": "3"}
    process.close()


def test_jobs_are_interleaved() -> None:
    """All solvers of one (instance, time, seed) are one job, in changing order, without those that are there."""
    import compare as module

    from vrp.data.benchmarks import Benchmark
    from vrp.problem import Problem

    chosen = [Benchmark("s", name, 1, None, Problem) for name in "ab"]
    made = list(module.jobs(chosen, [1.0, 10.0], 2, ["x", "y", "z"], {("a", "y", 1.0, 0)}))
    assert len(made) == 8
    assert set(made[0].solvers) == {"x", "z"}
    assert all(sorted(j.solvers) == ["x", "y", "z"] for j in made[1:])
    assert len({j.solvers for j in made[1:]}) == 3
    assert [j.seed for j in made] == sorted(j.seed for j in made)


def test_wrong_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    """Unknown solvers and senseless numbers are refused before anything runs."""
    import compare as module

    for argv in (["--solvers", "pyvrpp"], ["--time", "a"], ["--seeds", "0"]):
        with pytest.raises(SystemExit):
            module.parse(["--set", "cvrp-x", *argv])
    assert "there is no solver 'pyvrpp'" in capsys.readouterr().err


def test_thread_counts_are_not_mixed(tmp_path: Path) -> None:
    """Each number of threads has a file of its own; rows of another one are no reason to skip a run."""
    import compare as module

    one = module.parse(["--set", "cvrp-x"]).out
    two = module.parse(["--set", "cvrp-x", "--threads", "2"]).out
    assert (one.name, two.name) == ("cvrp-x.csv", "cvrp-x-2threads.csv")
    out = tmp_path / "rows.csv"
    results = module.Results(out, "cvrp-s", 1, False)
    results.append({"set": "cvrp-s", "instance": "a", "solver": "search", "time": 1, "seed": 0, "threads": 1})
    assert module.Results(out, "cvrp-s", 1, False).done == {("a", "search", 1.0, 0)}
    with pytest.raises(SystemExit, match="thread"):
        module.Results(out, "cvrp-s", 2, False)
