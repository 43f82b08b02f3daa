"""The command `vrp` as a process of its own: signals, closed pipes, what it loads."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import vrp
from vrp.formats import write

ROOT = Path(vrp.__file__).resolve().parent.parent
RUN = [sys.executable, "-m", "vrp"]
STAND_IN = f"""
import sys, types
sys.path.insert(0, {str(Path(__file__).parent)!r})
from conftest import StandIn
from vrp.solvers import SOLVERS
sys.modules["stand_in"] = module = types.ModuleType("stand_in")
module.Solver = StandIn
SOLVERS["stand-in"] = "stand_in:Solver"
from vrp.cli import main
print("ready", file=sys.stderr, flush=True)
sys.exit(main(sys.argv[1:]))
"""


def line(folder: Path, stops: int = 4) -> Path:
    """Write stops on a line east of the depot."""
    path = folder / "line.json"
    write(vrp.Problem.from_arrays(coords=[[i, 0] for i in range(stops + 1)], demand=[1] * stops, capacity=2), path)
    return path


def test_help_imports_nothing_heavy() -> None:
    """Not even numpy, so that the shell answers at once."""
    code = (
        "import sys\nfrom vrp.cli import main\ntry: main(['--help'])\nexcept SystemExit: print('numpy' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert answer.stdout.endswith("False\n")


def test_a_closed_pipe_is_no_traceback(tmp_path: Path) -> None:
    """As with `vrp check ... | head -1`, whose reader leaves early."""
    instance = line(tmp_path)
    plan = tmp_path / "plan.sol"
    plan.write_text("".join(f"Route #{i}: {i}\n" for i in range(1, 5)))
    reading, writing = os.pipe()
    os.close(reading)
    with subprocess.Popen(
        [*RUN, "check", str(instance), str(plan)], stdout=writing, stderr=subprocess.PIPE, cwd=ROOT, text=True
    ) as process:
        os.close(writing)
        _, errors = process.communicate(timeout=60)
    assert errors == ""
    assert process.returncode == 141


@pytest.mark.parametrize("closed", [1, 2])
def test_a_closed_stream_is_no_traceback(tmp_path: Path, closed: int) -> None:
    """As with `vrp check ... >&-`: the exit code is what it would be, and the other stream says the same."""
    instance, plan = line(tmp_path), tmp_path / "plan.sol"
    plan.write_text("Route #1: 1 2\n")
    command = [*RUN, "check", str(instance), str(plan)]
    whole = subprocess.run(command, capture_output=True, cwd=ROOT, check=False)
    shell = f'exec "$@" {closed}>&-'
    answer = subprocess.run(["/bin/sh", "-c", shell, "sh", *command], capture_output=True, cwd=ROOT, check=False)
    assert answer.returncode == whole.returncode == 3
    assert (answer.stdout, answer.stderr) == ((b"", whole.stderr) if closed == 1 else (whole.stdout, b""))


def test_names_are_escaped_where_the_encoding_lacks_them(tmp_path: Path) -> None:
    """A terminal that knows ASCII alone is shown the code of the letter."""
    instance, plan = tmp_path / "café.json", tmp_path / "plan.sol"
    write(vrp.Problem.from_arrays(coords=[[0, 0], [1, 0], [2, 0]], names=["hub", "café", "pub"]), instance)
    plan.write_text("Route #1: 2\n")
    answer = subprocess.run(
        [*RUN, "check", str(instance), str(plan)],
        capture_output=True,
        cwd=ROOT,
        check=False,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
    )
    assert answer.returncode == 3
    assert b"caf\\xe9" in answer.stdout
    assert answer.stderr == b""


def test_ctrl_c_prints_the_best_so_far(tmp_path: Path) -> None:
    """The first one ends the search; the plan is printed and counts like any other."""
    arguments = ["solve", str(line(tmp_path)), "--solver", "stand-in", "--time", "60", "--json"]
    with subprocess.Popen(
        [sys.executable, "-c", STAND_IN, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, text=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        assert process.stderr.readline() == "ready\n"
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=30)
    assert errors == ""
    assert process.returncode == 0
    assert json.loads(out)["stats"]["interrupted"] is True
