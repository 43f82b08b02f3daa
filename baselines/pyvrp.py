"""PyVRP (0.14) behind the solver protocol: iterated local search on integers, one thread."""

import math
import warnings
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from vrp.baselines.answer import answer, route, versions
from vrp.baselines.features import FEATURES, lacking, require_installed, require_supported
from vrp.baselines.integers import Costs, Integers, costs, integers
from vrp.baselines.pyvrp_model import Model, Plan
from vrp.deadline import Deadline
from vrp.problem import Problem
from vrp.solution import Solution, Stats
from vrp.solvers import Event, Progress

LACKS = {
    "scenarios",
    "prefix (locked first stops)",
    "battery and charging",
    "breaks",
    "preferences",
    "soft time windows",
    "setup times with legs of length 0",
    "backhauls of stops with both or no goods",
    "objective 'minmax'",
    "objective 'balance'",
}
LARGEST_LEG = 1e4
"""Where numbers must be rounded: PyVRP's penalties are tuned to numbers of about this size."""
DEAR_LEG = 1e5
"""Where legs cost more than this, penalties may grow in proportion, or breaking a rule would be worth its price."""
PATIENCE = 0.5
"""Share of the time after which, with nothing feasible found, stops that must be served may be left out."""
FAIR_TRIAL = 1000
"""Iterations that it must have had by then: penalties are adapted every 500."""


class PyVRP:
    """PyVRP's own `solve`, with its default parameters, but with its set-up inside the deadline.

    Where it finds no plan that serves every required stop, the rest of the time goes to a second run, in which
    leaving one out is possible and dearer than anything else; so there is an answer, if a partial one.

    Parameters
    ----------
    threads
        PyVRP uses one, whatever is given.
    """

    def __init__(self, threads: int = 1) -> None:
        require_installed("pyvrp")
        from pyvrp.exceptions import PenaltyBoundWarning

        self.threads = threads
        # It says that a problem is hard; the answer's status says so too.
        warnings.filterwarnings("ignore", category=PenaltyBoundWarning)

    def supports(self, problem: Problem) -> list[str]:
        """Name what PyVRP cannot honour."""
        lacks = lacking(problem, FEATURES.keys() - LACKS)
        ends = (problem.shipments - problem.num_depots).ravel()
        if len(ends):
            if (problem.delivery[ends] > 0).any() or (problem.pickup[ends] > 0).any():
                lacks.append("shipments whose stops have goods of their own")
            if (problem.group[ends] >= 0).any():
                lacks.append("groups of shipments")
            if (problem.release[ends] > 0).any():
                lacks.append("release times of shipments")
            if np.isfinite(problem.time_windows[ends, 1:, 0]).any():
                lacks.append("several time windows of shipments")
            if any(v.max_stops is not None for v in problem.vehicles):
                lacks.append("max_stops with shipments")
        if any(v.max_stops is not None and v.reload_depots for v in problem.vehicles):
            lacks.append("max_stops with reload depots")
        return lacks

    def solve(
        self,
        problem: Problem,
        deadline: Deadline,
        rng: np.random.Generator,
        start: Solution | None = None,
        progress: Progress | None = None,
    ) -> Solution:
        """Return the best plan found before the deadline, set-up included."""
        require_supported("pyvrp", self.supports(problem))
        numbers = integers(problem, LARGEST_LEG)
        prices = costs(numbers)
        run = _Run(problem, numbers, prices, deadline, progress)
        seed = int(rng.integers(2**31))
        best = run(Model(numbers, prices, droppable=False), seed, start, PATIENCE * deadline.remaining())
        if not best.feasible and not run.over():
            best = run(Model(numbers, prices, droppable=True), seed, best.last, math.inf)
        stats = Stats(
            solver="pyvrp",
            threads=1,
            seconds=deadline.elapsed(),
            iterations=run.iterations,
            trace=tuple(run.trace),
            interrupted=run.interrupted,
            versions=versions("pyvrp"),
        )
        routes = [route(problem, kind, visits) for kind, visits in best.routes if visits]
        return answer(problem, routes, stats, trusted=numbers.exact and not run.model.forbids)


class _Run:
    """Runs of PyVRP on models of one problem, against one deadline; also its stopping criterion and its callbacks."""

    def __init__(
        self, problem: Problem, numbers: Integers, prices: Costs, deadline: Deadline, progress: Progress | None
    ) -> None:
        self.problem = problem
        self.prices = prices
        self.deadline = deadline
        self.progress = progress
        self.iterations = 0
        self.trace: list[tuple[float, float]] = []
        self.interrupted = False

    def over(self) -> bool:
        """Return whether the deadline has passed, in time or in iterations, or the run was interrupted."""
        limit = self.deadline.max_iterations
        return self.interrupted or self.deadline.remaining() <= 0 or (limit is not None and self.iterations >= limit)

    def __call__(self, model: Model, seed: int, start: Solution | Plan | None, patience: float) -> "_Best":
        """Run until the deadline, or for `patience` seconds where nothing feasible is found by then."""
        import pyvrp
        import pyvrp.search
        from pyvrp.IteratedLocalSearch import IteratedLocalSearch, IteratedLocalSearchParams
        from pyvrp.PenaltyManager import PenaltyManager, PenaltyParams

        self.model = model
        data = model.data
        # The steps of pyvrp.solve(), with the clock of the deadline, which has been running since before the set-up.
        generator = pyvrp.RandomNumberGenerator(seed=seed)
        neighbours = pyvrp.search.compute_neighbours(data)
        search = pyvrp.search.LocalSearch(data, generator, neighbours, pyvrp.search.PerturbationManager())
        for operator in pyvrp.search.OPERATORS:
            if operator.supports(data):
                search.add_operator(operator(data))
        most = PenaltyParams().max_penalty * max(1.0, model.dearest_leg() / DEAR_LEG)
        if model.droppable:  # Breaking a rule shall not be cheaper than leaving out a stop.
            most = max(most, 2.0 * self.prices.unserved)
        limits = PenaltyParams(max_penalty=most)
        penalties = PenaltyManager(limits.midpoint_penalties(data), limits)
        if isinstance(start, Solution):
            first = model.solution(start)
        elif start is not None:
            first = model.restored(start)
        else:
            random = pyvrp.Solution.make_random(data, generator)
            first = search(random, penalties.max_cost_evaluator(), exhaustive=True)
        stop = _Stop(self, patience + self.deadline.elapsed(), model.constant_prizes)
        keep = _Keep(first)
        params = IteratedLocalSearchParams(callbacks=cast("Any", keep))
        try:
            IteratedLocalSearch(data, penalties, search, first, params).run(stop, collect_stats=False, display=False)
        except KeyboardInterrupt:
            self.interrupted = True
        if keep.best.is_feasible():
            return _Best(True, model.routes(keep.best), [])
        return _Best(False, model.routes(model.repaired(keep.current)), model.saved(keep.current))


@dataclass(frozen=True)
class _Best:
    feasible: bool
    """Serves all that must be served."""
    routes: list[tuple[int, list[int]]]
    """(vehicle type, locations); none breaks a rule."""
    last: Plan
    """Where an infeasible run stood at its end."""


class _Stop:
    """Asked before each iteration with the best feasible cost; an infeasible one is the largest integer."""

    def __init__(self, run: _Run, give_up: float, offset: int) -> None:
        self.run = run
        self.give_up = give_up
        self.offset = offset
        self.best_cost: float = math.inf
        self.event = (math.inf, run.problem.num_clients)
        self.next_event = 0.0

    def __call__(self, best_cost: int) -> bool:
        run, deadline = self.run, self.run.deadline
        elapsed = deadline.elapsed()
        if best_cost < min(self.best_cost, 2**62):
            self.best_cost = best_cost
            self.event = run.prices.money(best_cost - self.offset)
            run.trace.append((elapsed, self.event[0]))
        limit = deadline.max_iterations
        if elapsed >= deadline.time_limit or (limit is not None and run.iterations >= limit):
            return True
        tried = run.iterations >= FAIR_TRIAL and elapsed >= self.give_up
        tried = tried or (limit is not None and run.iterations >= PATIENCE * limit)
        if tried and math.isinf(self.best_cost) and math.isfinite(self.give_up):
            return True
        if run.progress is not None and elapsed >= self.next_event:
            self.next_event = elapsed + 0.2
            if run.progress(Event(elapsed, run.iterations, *self.event)) is False:
                run.interrupted = True
                return True
        run.iterations += 1
        return False


class _Keep:
    """PyVRP's callbacks: keeps the best plan and the current one, so that an interrupted run has one."""

    def __init__(self, first: Any) -> None:
        self.best = self.current = first

    def on_best(self, best: Any) -> None:
        self.best = best

    def on_start(self, *_: Any) -> None: ...

    def on_end(self, *_: Any) -> None: ...

    def on_iteration(self, current: Any, *_: Any) -> None:
        self.current = current

    def on_restart(self, *_: Any) -> None: ...
