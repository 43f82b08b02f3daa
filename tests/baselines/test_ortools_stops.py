"""OR-Tools ends when it is told to: by Ctrl-C, by progress, by iterations alone; and leaves nothing behind."""

import gc
import os
import signal
import subprocess
import sys
import time
import weakref
from typing import Any

import numpy as np
import pytest

import vrp
from vrp.deadline import Deadline
from vrp.solution import Status
from vrp.solvers import Event, make

pytest.importorskip("ortools")

INTERRUPTED = """
import numpy as np, vrp
coords = np.random.default_rng(0).random((STOPS + 1, 2)).round(3)
problem = vrp.Problem.from_arrays(coords=coords, demand=np.ones(STOPS), capacity=8)
vrp.solve(problem, solver="ortools", time_limit=0.1)
print("begins", flush=True)
solution = vrp.solve(problem, solver="ortools", time_limit=30)
print(solution.stats.interrupted, solution.status.name)
"""


def some(stops: int) -> vrp.Problem:
    coords = np.random.default_rng(0).random((stops + 1, 2)).round(3)
    return vrp.Problem.from_arrays(coords=coords, demand=np.ones(stops), capacity=8)


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize("stops", [3, 100])
def test_ctrl_c_ends_the_search_soon_with_its_best_plan(stops: int) -> None:
    """The interrupt of a running search is neither put off to the deadline nor lost."""
    script = INTERRUPTED.replace("STOPS", str(stops))
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begins\n"
        time.sleep(1.0)
        began = time.perf_counter()
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=25)
        assert time.perf_counter() - began < 5
    assert out == "True COMPLETE\n"


def test_progress_is_told_and_stops_the_search() -> None:
    """False ends the search with its best plan; the last event tells that plan's cost."""
    events: list[Event] = []
    problem = some(40)

    def progress(event: Event) -> bool:
        events.append(event)
        return len(events) < 4

    solution = vrp.solve(problem, solver="ortools", time_limit=30, on_progress=progress)
    assert len(events) == 4
    assert solution.stats.seconds < 10
    assert solution.stats.interrupted
    assert events[-1].cost == pytest.approx(solution.cost, rel=1e-3)  # it sees integers
    assert events[-1].unserved == 0


def test_an_error_in_progress_is_raised() -> None:
    """What the caller's function raises reaches the caller, although OR-Tools lies between."""

    def progress(event: Event) -> bool:
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        vrp.solve(some(10), solver="ortools", time_limit=30, on_progress=progress)


@pytest.mark.parametrize("stops", [1, 2, 6])
def test_iterations_alone_end_soon_where_there_is_nothing_left_to_find(stops: int) -> None:
    """A tiny problem, on which guided local search goes on for ever, is solved in less than the emergency limit."""
    deadline = Deadline(max_iterations=100_000)
    solution = make("ortools").solve(some(stops), deadline, np.random.default_rng(0))
    assert solution.status is Status.COMPLETE
    assert deadline.elapsed() < 8


def test_models_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """What OR-Tools calls back does not keep its model in memory."""
    from vrp.baselines import ortools

    made: list[Any] = []

    class Seen(ortools.Model):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            made.append(weakref.ref(self.routing))

    monkeypatch.setattr(ortools, "Model", Seen)
    for _ in range(3):
        make("ortools").solve(some(10), Deadline(0.02), np.random.default_rng(0))
    gc.collect()
    assert len(made) >= 3
    assert [ref() for ref in made] == [None] * len(made)
