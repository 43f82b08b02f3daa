"""Full passes of the garbage collector while solving."""

import gc
import sys
import threading
from collections.abc import Iterator

import numpy as np
import pytest

import vrp
from vrp import Problem
from vrp.collector import NEVER, WORTH_IT, full_passes_wait
from vrp.solvers import Event


@pytest.fixture(autouse=True)
def thresholds() -> Iterator[None]:
    """Whatever a test does to the collector ends with it."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def passes_during(seconds: float) -> int:
    """Count the full passes that happen while a hundred thousand objects are made, which calls for some.

    A pass is due once the new objects are a quarter of those that it has seen before: the others are set aside.
    """
    gc.freeze()
    gc.collect()
    gc.set_threshold(100, 2, 2)
    full = []

    def notice(phase: str, info: dict[str, int]) -> None:
        if phase == "start" and info["generation"] == 2:
            full.append(info)

    gc.callbacks.append(notice)
    try:
        with full_passes_wait(seconds):
            kept = [[i] for i in range(100_000)]
        assert len(kept) == 100_000
    finally:
        gc.callbacks.remove(notice)
        gc.unfreeze()
    return len(full)


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="full passes are spread over many there")
def test_they_wait_for_a_short_solve_only() -> None:
    """The same allocations bring full passes where nobody holds them back."""
    assert passes_during(1.0) == 0
    assert passes_during(2 * WORTH_IT) > 0


def test_thresholds_are_as_before() -> None:
    """Also when the solve raises; young objects are collected all the time."""
    gc.set_threshold(500, 7, 8)
    with full_passes_wait(1.0):
        assert gc.get_threshold() == (500, 7, NEVER)
    assert gc.get_threshold() == (500, 7, 8)
    with pytest.raises(KeyError), full_passes_wait(1.0):
        raise KeyError
    assert gc.get_threshold() == (500, 7, 8)


def test_what_someone_else_sets_meanwhile_stays() -> None:
    """Their choice is not undone."""
    with full_passes_wait(1.0):
        gc.set_threshold(400, 5, 6)
    assert gc.get_threshold() == (400, 5, 6)


def test_an_overlapping_solve_neither_prolongs_nor_ends_it() -> None:
    """The first one in holds them back until it is out."""
    gc.set_threshold(500, 7, 8)
    entered, leave = threading.Event(), threading.Event()

    def other() -> None:
        with full_passes_wait(1.0):
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    with full_passes_wait(1.0):
        thread.start()
        assert entered.wait(10)
    assert gc.get_threshold() == (500, 7, 8)
    leave.set()
    thread.join()
    with full_passes_wait(1.0):
        assert gc.get_threshold()[2] == NEVER


def test_a_solve_holds_them_back() -> None:
    """Seen from inside, as a solve tells of its progress."""
    seen = []

    def notice(event: Event) -> bool:
        seen.append(gc.get_threshold()[2])
        return False

    places = np.random.default_rng(0).random((41, 2))
    vrp.solve(Problem.from_arrays(coords=places, demand=1, capacity=9), time_limit=WORTH_IT, on_progress=notice)
    assert set(seen) == {NEVER}
    assert gc.get_threshold()[2] != NEVER
