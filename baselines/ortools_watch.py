"""What OR-Tools calls back while it holds the interpreter: progress, Ctrl-C, an end where there is no time limit."""

import math
from collections.abc import Callable, Iterator
from typing import Any

from vrp.baselines.integers import Costs
from vrp.baselines.ortools_model import Model
from vrp.deadline import Deadline
from vrp.solvers import Event, Progress

EVERY = 0.2
"""Seconds between two events of progress."""
FRUITLESS = 100_000
"""Checks without a better solution after which a search without a time limit ends, for any problem ..."""
FRUITLESS_PER_STOP = 1_000
"""... and for each stop of it: half a second for small ones."""


class Watch:
    """Says when to stop. OR-Tools asks many times a millisecond, and tells of every solution it accepts.

    Parameters
    ----------
    prices
        What the solutions' costs mean.
    deadline
        What limits the search.
    progress
        Told of it a few times a second; False from it stops the search.
    """

    def __init__(self, prices: Costs, deadline: Deadline, progress: Progress | None) -> None:
        self.prices, self.deadline, self.progress = prices, deadline, progress
        self.interrupted = False
        self.error: BaseException | None = None
        """What `progress` raised."""
        self.solutions = 0
        self.event = (math.inf, 0)
        """Cost of the best solution and the required stops that it leaves out."""
        self.best: int | float = math.inf
        self._next_event = 0.0
        self._fruitless = 0
        self._listeners: list[Any] = []

    def attach(self, model: Model) -> None:
        """Watch what is searched with this model from now on."""
        routing = model.routing
        self.best = math.inf
        if math.isinf(self.event[0]):
            self.event = (math.inf, len(model.service))
        patience = math.inf
        if math.isinf(self.deadline.time_limit):
            patience = FRUITLESS + FRUITLESS_PER_STOP * len(model.service)
        asked = self._listener(lambda: self._asked(patience))
        told = self._listener(lambda: self._told(routing.CostVar().Value() + model.constant_prizes))
        self._listeners += [asked, told]
        routing.AddSearchMonitor(routing.solver().CustomLimit(asked.__next__))
        routing.AddAtSolutionCallback(told.__next__)

    def detach(self) -> None:
        """Let go of the models: OR-Tools keeps what it calls, which must not keep OR-Tools."""
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()

    def begin(self) -> None:
        """Note that another search begins."""
        self._fruitless = 0

    def _listener(self, body: Callable[[], bool]) -> Iterator[bool]:
        """Yield what the body returns. OR-Tools calls `__next__` of it.

        A pending Ctrl-C is raised as soon as Python code runs. In a function called from OR-Tools that is before its
        first line, where nothing can catch it, and OR-Tools forgets it; a generator goes on inside its `try`.
        """
        while True:
            try:
                while True:
                    yield body()
            except KeyboardInterrupt:
                self.interrupted = True
            except GeneratorExit:
                raise
            except BaseException as error:  # through OR-Tools nothing passes: the search raises it at its end
                self.error = error
                self.interrupted = True

    def _asked(self, patience: float) -> bool:
        self._fruitless += 1
        if self.interrupted or self._fruitless > patience:
            return True
        if self.progress is not None and (elapsed := self.deadline.elapsed()) >= self._next_event:
            self._next_event = elapsed + EVERY
            if self.progress(Event(elapsed, self.solutions, *self.event)) is False:
                self.interrupted = True
        return self.interrupted

    def _told(self, objective: int) -> bool:
        self.solutions += 1
        if objective < self.best:
            self._fruitless = 0
            self.best = objective
            self.event = self.prices.money(objective)
        return True
