"""The promises of `solve_many`: order, streaming, one bad problem, bounded reading, Ctrl-C."""

import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import vrp
from vrp.solution import Solution


def line(stops: int) -> vrp.Problem:
    """Return a problem whose number of stops tells it apart."""
    return vrp.Problem.from_arrays(coords=[[i, 0] for i in range(stops + 1)], demand=np.ones(stops), capacity=1)


def stops(results: list[Any]) -> list[int | None]:
    """Return the number of stops in each result; None for an error."""
    return [r.problem.num_clients if isinstance(r, Solution) else None for r in results]


def test_results_come_in_the_order_of_the_problems(stand_in: Any) -> None:
    """Whatever finishes first; each is what `solve` gives for it with one thread."""
    problems = [line(n) for n in (5, 1, 4, 2, 3)]
    results = vrp.solve_many(problems, max_iterations=3, threads=3, seed=8)
    assert stops(results) == [5, 1, 4, 2, 3]
    for problem, result in zip(problems, results, strict=True):
        assert isinstance(result, Solution)
        alone = vrp.solve(problem, max_iterations=3, threads=1, seed=8)
        assert result.routes == alone.routes
        assert result.stats.trace[0][1] == alone.stats.trace[0][1]
        assert result.stats.threads == 1


def test_one_bad_problem_does_not_lose_the_others(stand_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no problem, and what makes a solver fail, each gives an error in its place."""
    original = stand_in.plan

    def fragile(self: Any, problem: vrp.Problem) -> Solution:
        if problem.num_clients == 2:
            raise ZeroDivisionError("a defect")
        solution: Solution = original(self, problem)
        return solution

    monkeypatch.setattr(stand_in, "plan", fragile)
    results = vrp.solve_many([line(1), "x.vrp", line(2), line(3)], max_iterations=1)  # type: ignore[list-item]
    assert stops(results) == [1, None, None, 3]
    assert isinstance(results[1], vrp.ProblemError)
    assert isinstance(results[2], vrp.VrpError)
    assert "Problem 2 failed: ZeroDivisionError: a defect" in str(results[2])
    assert isinstance(results[2].__cause__, ZeroDivisionError)


def test_results_are_streamed_in_the_calling_thread(stand_in: Any) -> None:
    """Each index once, with what is in the list later, before the last one is finished."""
    seen: dict[int, Any] = {}
    threads = set()

    def on_result(index: int, result: Any) -> None:
        assert index not in seen
        seen[index] = result
        threads.add(threading.current_thread())

    results = vrp.solve_many([line(n) for n in range(1, 8)], max_iterations=2, threads=2, on_result=on_result)
    assert sorted(seen) == list(range(7))
    assert all(seen[i] is result for i, result in enumerate(results))
    assert threads == {threading.main_thread()}


def test_an_iterator_is_read_no_further_than_two_per_thread_ahead(stand_in: Any) -> None:
    """A generator of a million problems fits into memory."""
    made = finished = 0
    ahead = []

    def source() -> Iterator[vrp.Problem]:
        nonlocal made
        for _ in range(12):
            made += 1
            ahead.append(made - finished)
            yield line(1)

    def on_result(index: int, result: Any) -> None:
        nonlocal finished
        finished += 1

    assert len(vrp.solve_many(source(), max_iterations=1, threads=2, on_result=on_result)) == 12
    assert max(ahead) <= 4


def test_workers_run_at_the_same_time(stand_in: Any) -> None:
    """Eight problems of 0.1 s take about 0.2 s on four threads."""
    problems = [line(1)] * 8
    vrp.solve_many(problems[:1], max_iterations=1)  # imports
    began = time.perf_counter()
    vrp.solve_many(problems, time_limit=0.1, threads=4)
    assert time.perf_counter() - began < 0.6


def test_an_error_of_the_iterator_or_of_on_result_is_raised(stand_in: Any) -> None:
    """Nobody else could tell that problems are missing; the running ones are stopped."""

    def source() -> Iterator[vrp.Problem]:
        yield line(1)
        raise vrp.FormatError("the second file is broken")

    with pytest.raises(vrp.FormatError, match="second file"):
        vrp.solve_many(source(), max_iterations=1)

    def on_result(index: int, result: Any) -> None:
        raise RuntimeError("disk full")

    began = time.perf_counter()
    with pytest.raises(RuntimeError, match="disk full"):
        vrp.solve_many([line(1), line(2)], time_limit=0.1, threads=1, on_result=on_result)
    assert time.perf_counter() - began < 2


def test_ctrl_c_keeps_what_there_is(stand_in: Any) -> None:
    """Running problems return their best, waiting ones an error in their place, finished ones stay."""
    problems = [line(n) for n in range(1, 9)]
    timer = threading.Timer(0.3, signal.pthread_kill, [threading.main_thread().ident, signal.SIGINT])
    timer.start()
    began = time.perf_counter()
    results = vrp.solve_many(problems, time_limit=5, threads=2)
    timer.join()
    assert time.perf_counter() - began < 3
    assert stops(results) == [1, 2] + [None] * 6
    assert all(r.stats.interrupted for r in results[:2] if isinstance(r, Solution))
    assert "not started" in str(results[7])


@pytest.mark.parametrize("wrong", ["x.vrp", 5, {"a": 1}, None])
def test_what_is_no_collection_of_problems_is_refused(wrong: Any) -> None:
    """Paths are not taken for lists of letters."""
    with pytest.raises(vrp.VrpError, match="needs an iterable of problems"):
        vrp.solve_many(wrong)


def test_one_problem_is_not_many(stand_in: Any) -> None:
    """The remedy is named."""
    with pytest.raises(vrp.VrpError, match=r"Use vrp\.solve\(problem\)"):
        vrp.solve_many(line(1))  # type: ignore[arg-type]


def test_wrong_arguments_are_raised_not_put_in_every_place(stand_in: Any) -> None:
    """They are the caller's, not a problem's."""
    with pytest.raises(vrp.OptionError, match="time_limit"):
        vrp.solve_many([line(1)], time_limit=-1)
    with pytest.raises(vrp.OptionError, match="on_result"):
        vrp.solve_many([line(1)], on_result=3)  # type: ignore[arg-type]


def test_no_problems_give_no_results(stand_in: Any) -> None:
    """An empty list is no error."""
    assert vrp.solve_many([]) == []


def test_a_problem_may_occur_twice(stand_in: Any) -> None:
    """Problems are read-only, so that sharing them between threads is safe."""
    problem = line(2)
    first, second = vrp.solve_many([problem, problem], max_iterations=1)
    assert isinstance(first, Solution)
    assert isinstance(second, Solution)
    assert first.problem is second.problem is problem
    assert replace(first, stats=second.stats).routes == second.routes
