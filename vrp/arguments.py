"""The arguments of `solve` and `solve_many`, checked before any work begins."""

import logging
import math
import numbers
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vrp.errors import OptionError, ProblemError, suggest
from vrp.problem import Problem
from vrp.solution import Solution

DEFAULT_TIME_LIMIT = 5.0
"""Seconds, where neither a time nor an iteration limit is given."""
MAX_THREADS = 256
MAX_SEED = 2**63 - 1
log = logging.getLogger("vrp")


@dataclass(frozen=True)
class Arguments:
    """What a run of a solver needs besides the problem."""

    time_limit: float
    """Seconds; infinity where only an iteration limit was given."""
    max_iterations: int | None
    solver: str
    seed: int
    threads: int
    options: Mapping[str, Any]


def usable_cores() -> int:
    """Return how many cores this process may run on (its affinity, not the size of the machine)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def checked_arguments(
    *,
    time_limit: float | None,
    max_iterations: int | None,
    solver: str,
    seed: int,
    threads: int | None,
    options: Mapping[str, Any] | None,
) -> Arguments:
    """Return the arguments with their defaults filled in.

    Raises
    ------
    OptionError
        With the first argument that is of the wrong type or out of range.
    """
    iterations = None if max_iterations is None else _integer("max_iterations", max_iterations, 1)
    unlimited = DEFAULT_TIME_LIMIT if iterations is None else math.inf
    return Arguments(
        time_limit=unlimited if time_limit is None else _seconds(time_limit),
        max_iterations=iterations,
        solver=_solver(solver),
        seed=_integer("seed", seed, 0, MAX_SEED),
        threads=_threads(threads),
        options=_options(options, solver),
    )


def check_problem(problem: object) -> Problem:
    """Return the problem, or raise a ProblemError that says how to make one from what was given instead."""
    if isinstance(problem, Problem):
        return problem
    got = type(problem).__name__
    if isinstance(problem, str | os.PathLike):
        path = os.fspath(problem)
        raise ProblemError(f"A Problem is needed, got the path {path!r}. Read it first: vrp.solve(vrp.read({path!r})).")
    if isinstance(problem, Solution):
        raise ProblemError("A Problem is needed, got a Solution. Give `solution.problem`, and `start=solution`.")
    if isinstance(problem, Mapping):
        how = "Use vrp.Problem.from_arrays(**arrays), or write it to a .json file and vrp.read that."
    elif hasattr(problem, "columns"):
        how = "Use vrp.Problem.from_frame(stops, vehicles)."
    elif isinstance(problem, list | tuple):
        how = "Use vrp.solve_many for several problems, or vrp.Problem.from_arrays(distance=...) for a matrix."
    elif hasattr(problem, "shape"):
        how = "Use vrp.Problem.from_arrays(distance=...) for a matrix, (coords=...) for coordinates."
    elif hasattr(problem, "build"):
        how = "Call its build() first."
    else:
        how = "Make one with vrp.read, vrp.Builder, vrp.Problem.from_arrays or vrp.Problem.from_frame."
    raise ProblemError(f"A Problem is needed, got {'an' if got[0] in 'aeiouAEIOU' else 'a'} {got}. {how}")


def check_callback(name: str, callback: object) -> None:
    """Raise an OptionError unless the argument is None or can be called."""
    if callback is not None and not callable(callback):
        raise OptionError(f"`{name}` must be a function, got {callback!r}.")


def _seconds(value: object) -> float:
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        raise OptionError(f"`time_limit` must be a number of seconds, got {value!r}.")
    seconds = float(value)
    if not math.isfinite(seconds) or seconds <= 0:
        hint = " For no time limit, give `max_iterations` alone." if seconds == math.inf else ""
        raise OptionError(f"`time_limit` must be a finite number of seconds above 0, got {value!r}.{hint}")
    return seconds


def _threads(value: object) -> int:
    cores = usable_cores()
    if value is None:
        return min(cores, MAX_THREADS)
    threads = _integer("threads", value, 1, MAX_THREADS)
    if threads > cores:
        log.warning("`threads` is %d, but there are %d usable cores: plans will be worse, and late.", threads, cores)
    return threads


def _integer(name: str, value: object, least: int, most: int | None = None) -> int:
    allowed = f"an integer >= {least}" if most is None else f"an integer in [{least}, {most}]"
    number = int(value) if isinstance(value, numbers.Integral) and not isinstance(value, bool) else None
    if number is None or number < least or (most is not None and number > most):
        raise OptionError(f"`{name}` must be {allowed}, got {value!r}.")
    return number


def _solver(value: object) -> str:
    from vrp.solvers import SOLVERS

    if not isinstance(value, str):
        raise OptionError(f"`solver` must be the name of a solver, got {value!r}.{suggest('', ['auto', *SOLVERS])}")
    if value != "auto" and value not in SOLVERS:
        raise OptionError(f"There is no solver {value!r}.{suggest(value, ['auto', *SOLVERS])}")
    return value


def _options(value: object, solver: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise OptionError(f"`options` must be a dict from option name to value, got {value!r}.")
    for taken in ("name", "threads"):
        if taken in value:
            raise OptionError(f"{taken!r} is not an option of a solver: it is an argument of its own.")
    if value and solver == "auto":
        raise OptionError("`options` belong to one solver: name it, for example solver='search'.")
    return dict(value)
