"""OR-Tools' routing library behind the solver protocol: guided local search from the best of a few first solutions."""

import math
from typing import Any

import numpy as np

from vrp.baselines.answer import answer, route, versions
from vrp.baselines.features import FEATURES, lacking, require_installed, require_supported
from vrp.baselines.integers import costs, integers
from vrp.baselines.ortools_model import Model, fleet_guess
from vrp.baselines.ortools_watch import Watch
from vrp.deadline import Deadline
from vrp.problem import Problem
from vrp.solution import Solution, Stats
from vrp.solvers import Progress

LACKS = {
    "scenarios",
    "prefix (locked first stops)",
    "battery and charging",
    "breaks",
    "reload depots",
    "preferences",
    "setup times with legs of length 0",
    "release times",
    "groups with different prizes",
    "backhauls of stops with both or no goods",
    "objective 'minmax'",
    "objective 'balance'",
}
LARGEST_LEG = 1e6
"""Where numbers must be rounded."""
STRATEGIES = ("PARALLEL_CHEAPEST_INSERTION", "SAVINGS", "LOCAL_CHEAPEST_INSERTION", "PATH_CHEAPEST_ARC")
TRIAL = 0.2
"""Share of the time that trying first-solution strategies may take, unless none has served all stops so far."""
UNTIMED = 10.0
"""Seconds after which it ends where only iterations are limited, if it has not given up by then."""


class ORTools:
    """OR-Tools with guided local search, on one thread.

    A few first-solution strategies are tried, as long as that costs little of the time, and the search goes on from
    the best. `max_iterations` counts the solutions that the search accepts; where it alone is given, the search also
    ends when it has found no better one for long, since guided local search need not end by itself.

    Parameters
    ----------
    threads
        OR-Tools uses one, whatever is given.
    """

    def __init__(self, threads: int = 1) -> None:
        require_installed("ortools", "ortools.constraint_solver.pywrapcp")
        self.threads = threads

    def supports(self, problem: Problem) -> list[str]:
        """Name what this model of OR-Tools cannot honour."""
        lacks = lacking(problem, FEATURES.keys() - LACKS)
        ends = (problem.shipments - problem.num_depots).ravel()
        if len(ends) and (problem.group[ends] >= 0).any():
            lacks.append("groups of shipments")
        return lacks

    def solve(
        self,
        problem: Problem,
        deadline: Deadline,
        rng: np.random.Generator,  # nothing in it is random
        start: Solution | None = None,
        progress: Progress | None = None,
    ) -> Solution:
        """Return the best plan found before the deadline; stops that do not fit are left out."""
        require_supported("ortools", self.supports(problem))
        search = _Search(problem, deadline, progress)
        watch = search.watch
        try:
            search.run(start)
        except KeyboardInterrupt:
            watch.interrupted = True
        finally:
            watch.detach()
        if watch.error is not None:
            raise watch.error
        stats = Stats(
            solver="ortools",
            threads=1,
            seconds=deadline.elapsed(),
            iterations=search.solutions,
            trace=tuple(search.trace),
            interrupted=watch.interrupted,
            versions=versions("ortools"),
        )
        routes = [route(problem, k, visits) for k, visits in search.plan if visits]
        return answer(problem, routes, stats, trusted=search.numbers.exact)


class _Search:
    """The search on one problem; `plan` is its best (vehicle type, locations), whatever happens."""

    def __init__(self, problem: Problem, deadline: Deadline, progress: Progress | None) -> None:
        self.problem = problem
        self.deadline = deadline
        self.numbers = integers(problem, LARGEST_LEG)
        self.prices = costs(self.numbers)
        self.watch = Watch(self.prices, deadline, progress)
        self.plan: list[tuple[int, list[int]]] = []
        self.trace: list[tuple[float, float]] = []
        self.solutions = 0
        self.best: int | float = math.inf

    def run(self, start: Solution | None) -> None:
        unlimited = fleet_guess(self.problem, self.numbers.time_matters)
        if start is not None:
            unlimited = min(self.problem.num_clients, max(unlimited, len(start.routes) + 2))
        while True:
            model = Model(self.numbers, self.prices, unlimited)
            self.watch.attach(model)
            routes = self._first(model, start)
            dropped = self.best >= self.prices.unserved
            if model.saturated or not dropped or self._over():
                break
            unlimited = min(self.problem.num_clients, 2 * unlimited)  # Too few vehicles may be the reason.
            self.best = math.inf
        if routes is not None and not self._over():
            self._solve(model, "AUTOMATIC", routes, self.deadline.max_iterations)

    def _first(self, model: Model, start: Solution | None) -> list[list[int]] | None:
        """Return the best first solution as the locations visited by each vehicle; None where there is none."""
        best = None if start is None else model.per_vehicle(start)
        if best is not None and self._solve(model, "AUTOMATIC", best, 1) is not None:
            return best
        began, allowance = self.deadline.elapsed(), TRIAL * min(self.deadline.remaining(), 10 * UNTIMED)
        for strategy in STRATEGIES:
            before = self.deadline.elapsed()
            routes = self._solve(model, strategy, None, 1)
            best = routes or best
            took = self.deadline.elapsed() - before
            limit = allowance if self.best < self.prices.unserved else 0.5 * self.deadline.remaining()
            if self._over() or self.deadline.elapsed() - began + took > limit:
                break
        return best

    def _over(self) -> bool:
        return self.watch.interrupted or self.deadline.remaining() <= 0.001

    def _solve(
        self, model: Model, strategy: str, routes: list[list[int]] | None, solutions: int | None
    ) -> list[list[int]] | None:
        """Search from given routes or from scratch; return the routes found where they are the best so far."""
        parameters = self._parameters(strategy, solutions)
        self.watch.begin()
        if routes is None:
            found = model.routing.SolveWithParameters(parameters)
            model.closed = True
        else:
            first = model.assignment(routes, parameters)
            if first is None:
                return None
            found = model.routing.SolveFromAssignmentWithParameters(first, parameters)
        self.solutions += int(model.routing.solver().Solutions())
        if found is None or found.ObjectiveValue() >= self.best:
            return None
        self.best = objective = int(found.ObjectiveValue())
        better = model.routes(found)
        self.plan = list(zip(model.types, better, strict=True))
        self.trace.append((self.deadline.elapsed(), self.prices.money(objective + model.constant_prizes)[0]))
        return better

    def _parameters(self, strategy: str, solutions: int | None) -> Any:
        from ortools.constraint_solver import pywrapcp, routing_enums_pb2

        parameters = pywrapcp.DefaultRoutingSearchParameters()
        parameters.first_solution_strategy = getattr(routing_enums_pb2.FirstSolutionStrategy, strategy)
        parameters.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
        remaining = self.deadline.remaining()
        seconds = UNTIMED if math.isinf(remaining) else remaining
        parameters.time_limit.FromMilliseconds(max(1, round(1000 * seconds)))
        if solutions is not None:
            parameters.solution_limit = solutions
        return parameters
