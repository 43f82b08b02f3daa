"""The front doors: `solve` one problem, `solve_many` on all cores."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from vrp.arguments import Arguments, check_callback, check_problem, checked_arguments
from vrp.closing import check_prefixes, checked_start, closing_seconds, finish
from vrp.collector import full_passes_wait
from vrp.deadline import Deadline
from vrp.errors import MissingExtraError, OptionError, UnsupportedError, VrpError
from vrp.keywords import known_keywords
from vrp.problem import Problem
from vrp.solution import Solution
from vrp.solvers import SOLVERS, Event, Solver, make
from vrp.together import Batching, Together

OnProgress = Callable[[Event], bool | None]
OnResult = Callable[[int, Solution | VrpError], object]


@known_keywords
def solve(
    problem: Problem,
    *,
    time_limit: float | None = None,
    solver: str = "auto",
    seed: int = 0,
    threads: int | None = None,
    start: Solution | None = None,
    max_iterations: int | None = None,
    on_progress: OnProgress | None = None,
    options: Mapping[str, Any] | None = None,
    device: str | None = None,
) -> Solution:
    """Solve a problem: the best plan found in the time given, scheduled, costed and checked.

    Ctrl-C stops the search and returns the best plan so far (`solution.stats.interrupted`); a second one is raised.
    With the same seed, one thread and `max_iterations` alone, the answer is always the same.

    Parameters
    ----------
    problem
        What to solve.
    time_limit
        Seconds of wall time from this call, set-up included; only the compilation that happens once per machine is
        not counted. Neither this nor `max_iterations` given means 5 s; `max_iterations` alone means no time limit.
    solver
        "auto" takes the search, or the first installed solver that honours everything the problem uses; the summary
        then says why.
    seed
        Seed of everything random, from 0.
    threads
        Threads of the search; None means one per usable core. More than there are make it late, which is logged.
    start
        A plan to begin with, in the locations of this problem. A valid one is never made worse.
    max_iterations
        Iterations of the search, as the solver counts them.
    on_progress
        Told of the progress a few times a second; return False from it to stop the search.
    options
        Options of the named solver.
    device
        Where the policy computes, "auto", "cpu" or "cuda": short for `options={"device": ...}`.

    Raises
    ------
    OptionError
        An argument is of the wrong type or out of range; there is no such solver or option.
    ProblemError
        `problem` is no Problem, its fixed first stops contradict it, or `start` does not fit it.
    UnsupportedError
        The solver cannot honour a feature that the problem uses; the message names each one.
    MissingExtraError
        The package behind the solver is not installed.
    SolverError
        The solver returned a plan that `check` rejects, which is a defect and never the input's fault.
    """
    started = time.perf_counter()
    arguments = checked_arguments(
        time_limit=time_limit,
        max_iterations=max_iterations,
        solver=solver,
        seed=seed,
        threads=threads,
        options=_with_device(options, solver, device),
    )
    check_callback("on_progress", on_progress)
    with full_passes_wait(arguments.time_limit):
        return _solve(problem, arguments, start, on_progress, started)


@known_keywords
def solve_many(
    problems: Iterable[Problem],
    *,
    time_limit: float | None = None,
    solver: str = "auto",
    seed: int = 0,
    threads: int | None = None,
    max_iterations: int | None = None,
    options: Mapping[str, Any] | None = None,
    device: str | None = None,
    on_result: OnResult | None = None,
) -> list[Solution | VrpError]:
    """Solve many problems, one per core at a time; each as `solve` with the same arguments and `threads=1` would.

    A solver that takes batches ("policy") gets problems of similar sizes together, up to 4096 of which are read ahead.
    A batch then has the time limits of all its problems together.

    An error of one problem takes its place in the list and leaves the others alone; what is not a `VrpError` is
    wrapped in one, as its cause. An iterator is read as it is needed, never more than two problems per thread ahead;
    an error that the iterator itself raises is raised.

    Ctrl-C stops what is running, which returns its best so far (`stats.interrupted`), and puts a `VrpError` in the
    place of what was not started; a second one is raised. An iterator is then read no further, and the list ends there.

    Parameters
    ----------
    problems
        What to solve.
    time_limit
        Seconds per problem, as in `solve`.
    solver, seed, max_iterations, options, device
        As in `solve`, the same for every problem.
    threads
        How many problems are solved at a time; None means one per usable core.
    on_result
        Called in this thread with (index, result) as each one finishes, in the order of finishing.

    Returns
    -------
        One result per problem, in the order of the problems.

    Raises
    ------
    OptionError
        An argument is of the wrong type or out of range, or there is no such solver.
    """
    arguments = checked_arguments(
        time_limit=time_limit,
        max_iterations=max_iterations,
        solver=solver,
        seed=seed,
        threads=threads,
        options=_with_device(options, solver, device),
    )
    check_callback("on_result", on_result)
    check_problems(problems)
    if arguments.solver != "auto":
        engine = make(arguments.solver, arguments.threads, **arguments.options)
        if isinstance(engine, Batching):
            return Together(arguments.solver, engine, arguments, on_result).run(problems)
    return _Batch(arguments, on_result).run(problems)


def _with_device(options: Mapping[str, Any] | None, solver: str, device: object) -> Mapping[str, Any] | None:
    if device is None or not (options is None or isinstance(options, Mapping)):
        return options
    if solver == "auto":
        raise OptionError(f"`device` is {device!r}, but solver='auto' takes none. Name one that does: solver='policy'.")
    if options is not None and "device" in options:
        raise OptionError("`device` is given twice: as an argument, and in `options`. Leave one of them out.")
    return {**(options or {}), "device": str(device)}


def check_problems(problems: object) -> None:
    """Raise an error unless this is an iterable that may hold problems."""
    if isinstance(problems, Problem):
        raise VrpError("solve_many needs several problems, got one. Use vrp.solve(problem), or put it into a list.")
    if isinstance(problems, str | bytes | Mapping) or not isinstance(problems, Iterable):
        raise VrpError(f"solve_many needs an iterable of problems, got {type(problems).__name__}.")


def _solve(
    problem: Problem, arguments: Arguments, start: Solution | None, on_progress: OnProgress | None, started: float
) -> Solution:
    check_problem(problem)
    check_prefixes(problem)
    if start is not None:
        start = checked_start(problem, start)
    name, engine, why = choose(problem, arguments)
    reserve = closing_seconds(problem, arguments.time_limit)
    deadline = Deadline(max(0.0, arguments.time_limit - reserve), arguments.max_iterations, started=started)
    found = engine.solve(problem, deadline, np.random.default_rng(arguments.seed), start, on_progress)
    best = finish(problem, found, start, name)
    stats = replace(
        found.stats,
        solver=name,
        seed=arguments.seed,
        threads=arguments.threads,
        seconds=deadline.elapsed(),
        compile_seconds=deadline.given_back,
        why=why,
    )
    return replace(best, stats=stats)


def choose(problem: Problem, arguments: Arguments) -> tuple[str, Solver, str]:
    """Return the name of the solver to use, the solver, and why it is not the search where that was not asked for.

    Raises
    ------
    UnsupportedError
        The solver asked for cannot honour something; or, for "auto", no solver can honour everything.
    """
    if arguments.solver != "auto":
        solver = make(arguments.solver, arguments.threads, **arguments.options)
        if lacks := solver.supports(problem):
            raise UnsupportedError(f"Solver {arguments.solver!r} cannot honour: {', '.join(lacks)}. Try solver='auto'.")
        return arguments.solver, solver, ""
    refusals = []
    for name in SOLVERS:
        try:
            solver = make(name, arguments.threads)
        except MissingExtraError as error:
            refusals.append(f"{name}: {error}")
            continue
        lacks = solver.supports(problem)
        if not lacks:
            return name, solver, f"solver {name}, because the {refusals[0]}" if refusals else ""
        refusals.append(f"{name} cannot honour: {', '.join(lacks)}")
    raise UnsupportedError("No solver can honour everything in this problem.\n  - " + "\n  - ".join(refusals))


class _Batch:
    """One call of `solve_many`: its workers, what they are at, and what they have brought back."""

    def __init__(self, arguments: Arguments, on_result: OnResult | None) -> None:
        self.at_once = arguments.threads
        self.arguments = replace(arguments, threads=1)
        self.on_result = on_result
        self.results: dict[int, Solution | VrpError] = {}
        self.running: dict[Future[Solution | VrpError], int] = {}
        self.stop = threading.Event()
        self.taken = 0

    def run(self, problems: Iterable[Problem]) -> list[Solution | VrpError]:
        """Solve them all, or as many as Ctrl-C leaves time for."""
        count = len(problems) if isinstance(problems, Sized) else 0
        pool = ThreadPoolExecutor(self.at_once, thread_name_prefix="vrp")
        try:
            self._stream(pool, iter(problems))
        except KeyboardInterrupt:
            self._end_early()
        finally:
            # Without waiting, so that a second Ctrl-C is not held up; what still runs sees `stop` and ends soon.
            self.stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
        for i in range(max(count, self.taken)):
            self.results.setdefault(i, VrpError("This problem was not started: the run was interrupted."))
        return [self.results[i] for i in range(len(self.results))]

    def _stream(self, pool: ThreadPoolExecutor, source: Iterator[Problem]) -> None:
        while True:
            # One problem waits behind each running one, so that no worker idles while a result is handed out.
            for problem in islice(source, 2 * self.at_once - len(self.running)):
                index, self.taken = self.taken, self.taken + 1
                self.running[pool.submit(self._one, index, problem)] = index
            if not self.running:
                return
            done, _ = wait(self.running, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=self.running.__getitem__):
                self._hand_out(future)

    def _hand_out(self, future: Future[Solution | VrpError]) -> None:
        index = self.running[future]
        self.results[index] = result = future.result()
        del self.running[future]
        if self.on_result is not None:
            self.on_result(index, result)

    def _end_early(self) -> None:
        # Those that wait go first, so that no worker takes one of them when what it is at ends.
        started = [future for future in self.running if not future.cancel()]
        self.stop.set()
        for future in started:
            self._hand_out(future)

    def _one(self, index: int, problem: Problem) -> Solution | VrpError:
        started = time.perf_counter()
        cut_short = False

        def go_on(event: Event) -> bool:
            nonlocal cut_short
            cut_short = self.stop.is_set()
            return not cut_short

        try:
            solution = _solve(problem, self.arguments, None, go_on, started)
        except VrpError as error:
            return error
        except Exception as error:  # one problem's defect must not lose the answers to the others
            wrapped = VrpError(f"Problem {index} failed: {type(error).__name__}: {error}")
            wrapped.__cause__ = error
            return wrapped
        return replace(solution, stats=replace(solution.stats, interrupted=True)) if cut_short else solution
