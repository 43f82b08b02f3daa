"""A solver that is nothing but the protocol, for tests of what stands around solvers."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests.vrp.five_stops import FILE
from vrp.arguments import usable_cores
from vrp.check import evaluate
from vrp.deadline import Deadline
from vrp.problem import Problem
from vrp.solution import Route, Solution, Stats
from vrp.solvers import SOLVERS, Event, Progress


class StandIn:
    """Cuts the list of stops into routes, then does nothing until the deadline; knows its duties, not routing."""

    lacks: Sequence[str] = ()
    per_route = 1

    def __init__(self, threads: int = 1, step: float = 0.002, serve: int | None = None) -> None:
        self.threads = threads
        self.step = step
        self.serve = serve

    def supports(self, problem: Problem) -> list[str]:
        return list(self.lacks)

    def solve(
        self,
        problem: Problem,
        deadline: Deadline,
        rng: np.random.Generator,
        start: Solution | None = None,
        progress: Progress | None = None,
    ) -> Solution:
        iterations, interrupted = 0, False
        try:
            while deadline.remaining() > 0 and (
                deadline.max_iterations is None or iterations < deadline.max_iterations
            ):
                time.sleep(min(self.step, max(0.0, deadline.remaining())))
                iterations += 1
                if progress is not None and progress(Event(deadline.elapsed(), iterations, 0.0, 0)) is False:
                    break
        except KeyboardInterrupt:
            interrupted = True
        stats = Stats(iterations=iterations, interrupted=interrupted, trace=((deadline.elapsed(), rng.random()),))
        return replace(self.plan(problem), stats=stats)

    def plan(self, problem: Problem) -> Solution:
        vehicle = problem.vehicles[0]
        stops = range(problem.num_depots, problem.num_locations)
        cut = [tuple(stops[i : i + self.per_route]) for i in range(0, len(stops), self.per_route)]
        count = vehicle.count if self.serve is None else self.serve
        return evaluate(problem, [Route(0, vehicle.start_depot, vehicle.end_depot, visits) for visits in cut[:count]])


def overshoot_allowed(stops: int, time_limit: float) -> float:
    """Return the seconds promised in `solve`; several times as much where other programs want the cores too."""
    promised = max(0.005 if stops <= 200 else 0.05, 0.05 * time_limit)
    return promised if os.getloadavg()[0] < 0.7 * usable_cores() else 5 * promised


@pytest.fixture(name="overshoot_allowed")
def _overshoot_allowed() -> Callable[[int, float], float]:
    return overshoot_allowed


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    """A file with four stops."""
    path = tmp_path / "five.vrp"
    path.write_text(FILE)
    return path


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[StandIn]]:
    """The class of a solver that is registered as "stand-in", alone."""

    class Registered(StandIn):
        pass

    module = ModuleType("stand_in")
    module.Solver = Registered  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "stand_in", module)
    # As a whole, since "auto" goes by the order of the registry.
    registry = dict(SOLVERS)
    SOLVERS.clear()
    SOLVERS["stand-in"] = "stand_in:Solver"
    yield Registered
    SOLVERS.clear()
    SOLVERS.update(registry)
