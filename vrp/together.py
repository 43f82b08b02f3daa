"""`solve_many` with a solver that takes many problems at once: those of similar sizes go to it as one batch."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Protocol, runtime_checkable

import numpy as np

from vrp.arguments import Arguments, check_problem
from vrp.closing import finish
from vrp.deadline import Deadline
from vrp.errors import UnsupportedError, VrpError
from vrp.problem import Problem
from vrp.solution import Solution
from vrp.solvers import Solver

WINDOW = 4096
"""Problems that are read before the first are solved; no more are held at a time."""


@runtime_checkable
class Batching(Solver, Protocol):
    """A solver that is faster on many problems at once than on one after the other."""

    def batches(self, problems: Sequence[Problem]) -> list[list[int]]:
        """Return which problems, by index, should go together."""
        ...

    def solve_together(
        self, problems: Sequence[Problem], deadline: Deadline, rng: np.random.Generator
    ) -> list[Solution]:
        """Return a plan for each problem of a batch; the deadline is that of all together."""
        ...


class Together:
    """One call of `solve_many` with such a solver."""

    def __init__(
        self,
        name: str,
        solver: Batching,
        arguments: Arguments,
        on_result: Callable[[int, Solution | VrpError], object] | None,
    ) -> None:
        self.name = name
        self.solver = solver
        self.arguments = arguments
        self.on_result = on_result
        self.results: dict[int, Solution | VrpError] = {}
        self.taken = 0
        self.interrupted = False

    def run(self, problems: Iterable[Problem]) -> list[Solution | VrpError]:
        """Solve them all, or as many as Ctrl-C leaves time for."""
        source = iter(problems)
        try:
            while not self.interrupted and (window := list(islice(source, WINDOW))):
                first, self.taken = self.taken, self.taken + len(window)
                self._solve(first, window)
        except KeyboardInterrupt:
            self.interrupted = True
        if self.interrupted and isinstance(problems, Sequence):
            self.taken = len(problems)
        for i in range(self.taken):
            self.results.setdefault(i, VrpError("This problem was not started: the run was interrupted."))
        return [self.results[i] for i in range(self.taken)]

    def _solve(self, first: int, window: list[Problem]) -> None:
        fit = []
        for i, problem in enumerate(window):
            try:
                check_problem(problem)
                if lacks := self.solver.supports(problem):
                    raise UnsupportedError(f"Solver {self.name!r} cannot honour: {', '.join(lacks)}.")
                fit.append(i)
            except VrpError as error:
                self._hand_out(first + i, error)
        for batch in self.solver.batches([window[i] for i in fit]):
            if self.interrupted:
                return
            chosen = [fit[i] for i in batch]
            for i, result in zip(chosen, self._batch([window[i] for i in chosen]), strict=True):
                self._hand_out(first + i, result)

    def _batch(self, problems: list[Problem]) -> list[Solution | VrpError]:
        a = self.arguments
        deadline = Deadline(a.time_limit * len(problems), a.max_iterations)
        try:
            found = self.solver.solve_together(problems, deadline, np.random.default_rng(a.seed))
        except VrpError as error:
            return [error] * len(problems)
        self.interrupted = found[0].stats.interrupted
        results: list[Solution | VrpError] = []
        for problem, plan in zip(problems, found, strict=True):
            try:
                best = finish(problem, plan, None, self.name)
            except VrpError as error:
                results.append(error)
                continue
            stats = replace(plan.stats, solver=self.name, seed=a.seed, threads=a.threads)
            results.append(replace(best, stats=stats))
        return results

    def _hand_out(self, index: int, result: Solution | VrpError) -> None:
        self.results[index] = result
        if self.on_result is not None:
            self.on_result(index, result)
