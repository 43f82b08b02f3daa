"""The registry: name -> Solver, and how `auto` chooses. Solvers are imported when they are made, not before."""

if __name__ != "vrp.solvers":
    raise ImportError("Import `vrp.solvers`; the folder `solvers` is not a package of its own.")

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from vrp.deadline import Deadline
from vrp.errors import OptionError, suggest
from vrp.problem import Problem
from vrp.solution import Solution

# Name -> the module and class that implement it. The class takes `threads` and its own options as keywords.
SOLVERS: dict[str, str] = {
    "search": "vrp.solvers.search:Search",
    "ortools": "vrp.baselines.ortools:ORTools",
    "pyvrp": "vrp.baselines.pyvrp:PyVRP",
    "vroom": "vrp.baselines.vroom:Vroom",
    "hgs": "vrp.baselines.hgs:HGS",
    "policy": "vrp.solvers.policy.solver:Policy",
    "policy+search": "vrp.solvers.policy.solver:PolicySearch",
}


@dataclass(frozen=True)
class Event:
    """What `on_progress` is told, at most a few times a second. Return False from it to stop the search."""

    seconds: float
    iterations: int
    cost: float
    """Cost of the best plan so far, as the solver sees it."""
    unserved: int
    """Required stops that the best plan leaves unserved."""


Progress = Callable[[Event], bool | None]


class Solver(Protocol):
    """Anything that turns a problem into a solution before the deadline."""

    def supports(self, problem: Problem) -> list[str]:
        """Name the features of the problem that this solver cannot honour; [] means that it can solve it."""
        ...

    def solve(
        self,
        problem: Problem,
        deadline: Deadline,
        rng: np.random.Generator,
        start: Solution | None = None,
        progress: Progress | None = None,
    ) -> Solution:
        """Return the best plan found; it is interrupted by KeyboardInterrupt and then returns its best."""
        ...


def make(name: str, threads: int = 1, **options: Any) -> Solver:
    """Make a solver by name.

    Raises
    ------
    OptionError
        The solver or one of the options is unknown.
    MissingExtraError
        The package behind the solver is not installed.
    """
    if name not in SOLVERS:
        raise OptionError(f"There is no solver {name!r}.{suggest(name, ['auto', *SOLVERS])}")
    module, cls = SOLVERS[name].split(":")
    factory = getattr(importlib.import_module(module), cls)
    known = [p for p in inspect.signature(factory).parameters if p != "threads"]
    for option in options:
        if option not in known:
            what = suggest(option, known) if known else " It has no options."
            raise OptionError(f"Solver {name!r} has no option {option!r}.{what}")
    solver: Solver = factory(threads=threads, **options)
    return solver
