"""VROOM (pyvroom) behind the solver protocol: in this process, with the exploration level that the time allows."""

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from vrp.baselines.answer import answer, route, versions
from vrp.baselines.features import has_window, lacking, prices, require_installed, require_supported
from vrp.baselines.ortools_model import fleet_guess
from vrp.baselines.to_the_end import to_the_end
from vrp.baselines.vroom_model import Model
from vrp.deadline import Deadline
from vrp.errors import UnsupportedError
from vrp.problem import Problem
from vrp.solution import Solution, Stats
from vrp.solvers import Event, Progress

SUPPORTED = {
    "several time windows",
    "shipments",
    "allowed vehicles",
    "mixed deliveries and pickups",
    "max_stops",
    "max_distance",
    "initial load",
    "several profiles",
    "open routes",
    "several depots",
    "several vehicle types",
    "several load dimensions",
    "fixed costs",
    "duration cost",
    "time windows",
    "depot windows and shifts",
}
EFFORT = (1.0, 3.0, 9.0, 16.0, 26.0, 36.0)
"""Time of each exploration level in units of level 0, measured on problems of 50 and 150 stops."""


class Vroom:
    """VROOM has no anytime mode: a run that its limit cuts short is worse than a complete one at a lower level.

    Level 0 comes first; if it leaves time, the highest level that should still end in time, judged by how long level 0
    took. The better answer counts. It tells progress between the two only.

    Parameters
    ----------
    threads
        Threads of VROOM's own search.
    """

    def __init__(self, threads: int = 1) -> None:
        require_installed("pyvroom", "vroom")
        self.threads = threads

    def supports(self, problem: Problem) -> list[str]:
        """Name what VROOM cannot honour."""
        lacks = lacking(problem, SUPPORTED)
        if has_window(problem) and any(prices(v)[1] for v in problem.vehicles):
            lacks.append("duration cost with time windows (VROOM does not price waiting)")
        ends = (problem.shipments - problem.num_depots).ravel()
        if len(ends) and ((problem.delivery[ends] > 0).any() or (problem.pickup[ends] > 0).any()):
            lacks.append("shipments whose stops have goods of their own")
        if len(ends) and any(v.max_stops is not None for v in problem.vehicles):
            lacks.append("max_stops with shipments")
        for v in problem.vehicles:
            closes = problem.depot_windows[v.start_depot, 1]
            if v.end_depot != v.start_depot and closes < v.shift[1]:
                lacks.append("closing time of a depot where routes start but do not end")
            if v.end_depot not in (None, v.start_depot) and problem.depot_windows[v.end_depot, 0] > v.shift[0]:
                lacks.append("opening time of a depot where routes end but do not start")
        return list(dict.fromkeys(lacks))

    def solve(
        self,
        problem: Problem,
        deadline: Deadline,
        rng: np.random.Generator,  # nothing in it is random
        start: Solution | None = None,  # it takes none that it may change
        progress: Progress | None = None,
    ) -> Solution:
        """Return the best plan of at most two runs; stops that do not fit are left out."""
        require_supported("vroom", self.supports(problem))
        runs = _Runs(problem, deadline, self.threads)
        interrupted = False
        try:
            runs.first()
            go_on = progress is None or runs.best is None or progress(runs.event()) is not False
            if go_on and not runs.interrupted:
                runs.second()
        except KeyboardInterrupt:
            interrupted = True
        stats = Stats(
            solver="vroom",
            threads=self.threads,
            seconds=deadline.elapsed(),
            iterations=runs.count,
            trace=tuple(runs.trace),
            interrupted=interrupted or runs.interrupted,
            versions=versions("pyvroom"),
        )
        routes = [] if runs.best is None else [route(problem, k, visits) for k, visits in runs.best.routes]
        return answer(problem, routes, stats, trusted=False)


@dataclass
class _Plan:
    cost: float
    unserved: int
    routes: list[tuple[int, list[int]]]


class _Runs:
    """Runs of VROOM on one problem."""

    def __init__(self, problem: Problem, deadline: Deadline, threads: int) -> None:
        self.problem = problem
        self.deadline = deadline
        self.threads = threads
        self.best: _Plan | None = None
        self.trace: list[tuple[float, float]] = []
        self.count = 0
        self.took = math.inf
        self.unlimited = 0
        self.interrupted = False

    def first(self) -> None:
        """Level 0; again with more vehicles where too few of an unlimited type may be why stops are left out."""
        self.unlimited = fleet_guess(self.problem, timed=True)
        model = Model(self.problem, self.unlimited)
        while True:
            self._run(model, 0)
            if model.saturated or not self.best or not self.best.unserved:
                break
            if self.interrupted or self.deadline.remaining() < self.took:
                break
            self.unlimited = min(self.problem.num_clients, 2 * self.unlimited)
            model = Model(self.problem, self.unlimited)

    def second(self) -> None:
        """The highest level that should end in time, if any."""
        if self.deadline.max_iterations is not None and self.deadline.max_iterations <= self.count:
            return
        levels = [x for x in range(1, len(EFFORT)) if EFFORT[x] * self.took <= self.deadline.remaining()]
        if levels:
            self._run(Model(self.problem, self.unlimited), levels[-1])

    def event(self) -> Event:
        """What is to be told."""
        cost, unserved = (math.inf, 0) if self.best is None else (self.best.cost, self.best.unserved)
        return Event(self.deadline.elapsed(), self.count, cost, unserved)

    def _run(self, model: Model, level: int) -> None:
        import vroom

        before, remaining = self.deadline.elapsed(), self.deadline.remaining()
        limit = None if math.isinf(remaining) else timedelta(seconds=max(remaining, 1e-3))
        try:
            found: Any
            found, self.interrupted = to_the_end(
                lambda: model.input.solve(level, nb_threads=self.threads, timeout=limit)
            )
        except vroom._vroom.VroomInputException as error:
            raise UnsupportedError(f"VROOM refuses the problem: {error}") from error
        self.took = self.deadline.elapsed() - before
        self.count += 1
        plan = _Plan(found.summary.cost / model.scale, found.summary.unassigned, model.routes(found))
        if self.best is None or (plan.unserved, plan.cost) < (self.best.unserved, self.best.cost):
            self.best = plan
            self.trace.append((self.deadline.elapsed(), plan.cost))
