"""HGS-CVRP (hygese) behind the solver protocol: hybrid genetic search for one capacity, one thread."""

import math
from typing import Any

import numpy as np

from vrp.baselines.answer import answer, route, versions
from vrp.baselines.features import lacking, prices, require_installed, require_supported
from vrp.baselines.integers import rounding_scale
from vrp.baselines.to_the_end import to_the_end
from vrp.deadline import Deadline
from vrp.errors import UnsupportedError
from vrp.problem import Floats, Problem
from vrp.solution import Route, Solution, Stats
from vrp.solvers import Progress

SUPPORTED = {
    "several load dimensions",
    "fixed costs",
    "duration cost",
    "open routes",
    "several depots",
    "initial load",
    "max_distance",
    "max_duration",
}
USUAL = (1e2, 5e4)
"""Largest leg and demand that HGS is used to: it compares costs to within 0.00001, and refuses extreme numbers."""
ITERATIONS = 20_000
"""Iterations without improvement after which HGS restarts, or ends where there is no time limit (its own default)."""


class HGS:
    """HGS-CVRP with its default parameters: CVRP and TSP, also with asymmetric matrices, open routes and fixed costs.

    Its clock is the processor time of the process, so that it is late where the core is shared. `max_iterations`
    counts its iterations without improvement. It tells no progress, and after Ctrl-C it goes on to its end.

    Parameters
    ----------
    threads
        HGS uses one, whatever is given.
    """

    def __init__(self, threads: int = 1) -> None:
        require_installed("hygese")
        self.threads = threads

    def supports(self, problem: Problem) -> list[str]:
        """Name what HGS cannot honour."""
        lacks = lacking(problem, SUPPORTED)
        if len(problem.vehicles) > 1:
            return lacks
        if len(_limited_loads(problem)) > 1:
            lacks.append("more than one limited load dimension")
        v = problem.vehicles[0]
        by_distance, by_duration = prices(v)
        # HGS knows one matrix, for the cost as for the limit of a route.
        same = problem.duration is problem.distance or (problem.duration is None and problem.speed == 1.0)
        pure = not v.fixed_cost and bool(by_distance) != bool(by_duration)
        if math.isfinite(v.max_distance) and not (pure and by_distance):
            lacks.append("max_distance with other costs than distance")
        if math.isfinite(v.max_duration) and not (pure and (by_duration or same)):
            lacks.append("max_duration with other costs than duration")
        if math.isfinite(v.max_distance) and math.isfinite(v.max_duration):
            lacks.append("max_distance with max_duration")
        return lacks

    def solve(
        self,
        problem: Problem,
        deadline: Deadline,
        rng: np.random.Generator,
        start: Solution | None = None,  # it takes none
        progress: Progress | None = None,
    ) -> Solution:
        """Return the best plan found before the deadline."""
        require_supported("hgs", self.supports(problem))
        data, clients = _data(problem)
        routes, interrupted = _run(problem, data, clients, deadline, int(rng.integers(2**31)))
        stats = Stats(
            solver="hgs",
            threads=1,
            seconds=deadline.elapsed(),
            interrupted=interrupted,
            versions=versions("hygese"),
        )
        return answer(problem, routes, stats, trusted=False)


def _limited_loads(problem: Problem) -> list[int]:
    limited: list[int] = np.flatnonzero(np.isfinite(problem.vehicles[0].capacity)).tolist()
    return limited


def _data(problem: Problem) -> tuple[dict[str, Any], np.ndarray]:
    """Return the arguments of hygese and the clients (0..n-1) in them; those that fit no vehicle are left out."""
    v = problem.vehicles[0]
    n = problem.num_clients
    demand, capacity = np.ones(n), float(n)
    for c in _limited_loads(problem):
        demand = problem.delivery[:, c] + problem.pickup[:, c]  # Only one of the two, or it would be refused.
        capacity = v.capacity[c] - (v.initial_load[c] if v.initial_load else 0.0)
    if not demand.any():  # It refuses zeros; what weighs nothing limits nothing.
        demand, capacity = np.ones(n), float(n)
    clients = _fitting(demand, capacity, v.count)
    demand = demand[clients]
    factor = _usual(demand)
    locations = np.array([v.start_depot, *(clients + problem.num_depots)])
    cost, service, scale = _matrix(problem, locations)
    by_distance, by_duration = prices(v)
    limit = math.inf  # In the unit of the cost: only one limit is finite, and its price is not 0.
    if math.isfinite(v.max_distance):
        limit = v.max_distance * by_distance
    elif math.isfinite(v.max_duration):
        limit = v.max_duration * (by_duration or by_distance)
    needed = len(clients)
    if math.isinf(limit):
        needed = math.ceil(1.3 * demand.sum() / max(capacity, 1e-9)) + 3  # HGS' own default number of vehicles.
    data = {
        "demands": np.concatenate(([0.0], demand * factor)),
        "vehicle_capacity": max(capacity, 1e-9) * factor,
        "num_vehicles": min(len(clients), needed if v.count is None else min(v.count, needed)),
        "distance_matrix": cost * scale,
        "service_times": service * scale,
    }
    if math.isfinite(limit):
        data["duration_limit"] = limit * scale * (1 + 1e-9)
    if len(problem.coords):
        places = problem.coords[locations]
        data["x_coordinates"], data["y_coordinates"] = (places - places.min(axis=0)).T
    return data, clients


def _fitting(demand: Floats, capacity: float, count: int | None) -> np.ndarray:
    """Return the clients to plan for: HGS ends the process where they cannot all be served."""
    fits = np.flatnonzero(demand <= capacity)
    if count is None:
        return fits
    order = fits[np.argsort(demand[fits], kind="stable")]
    return np.sort(order[np.cumsum(demand[order]) <= count * capacity])


def _matrix(problem: Problem, locations: np.ndarray) -> tuple[Floats, Floats, float]:
    """Return cost of each leg, cost of each service (only for the limit on duration), and the factor on both."""
    v = problem.vehicles[0]
    by_distance, by_duration = prices(v)

    def cost(origin: np.ndarray, destination: np.ndarray) -> Floats:
        distance, duration = problem.legs(origin, destination, v.profile)
        both: Floats = by_distance * distance + by_duration * duration
        return both

    matrix = cost(locations[:, None], locations[None, :])
    if v.end_depot is None:
        matrix[:, 0] = 0.0
    elif v.end_depot != v.start_depot:
        matrix[:, 0] = cost(locations, np.array(v.end_depot))
    matrix[0, 1:] += v.fixed_cost
    if not matrix.any():  # It refuses a matrix of zeros, with which all plans are equal.
        matrix += 1.0
    np.fill_diagonal(matrix, 0.0)
    service = np.zeros(len(locations))
    if math.isfinite(v.max_duration):
        # A duration limit is refused unless one of the prices stands for seconds.
        stay = problem.service + problem.setup
        service[1:] = stay[locations[1:] - problem.num_depots] * (by_duration or by_distance)
    return matrix, service, _usual(matrix)


def _usual(numbers: Floats) -> float:
    """Return the power of ten that brings the largest number to a size that HGS is used to."""
    largest = float(numbers.max(initial=0.0))
    if largest == 0 or USUAL[0] <= largest <= USUAL[1]:
        return 1.0
    scale = rounding_scale(largest, USUAL[1])
    if largest * scale < USUAL[0]:  # It would refuse them by ending the process.
        raise UnsupportedError(f"Solver 'hgs' cannot honour: numbers as small as {largest:.3g}. Try solver='auto'.")
    return scale


def _run(
    problem: Problem, data: dict[str, Any], clients: np.ndarray, deadline: Deadline, seed: int
) -> tuple[list[Route], bool]:
    """Return the routes found, and whether Ctrl-C came meanwhile."""
    import hygese

    if len(clients) == 0:
        return [], False
    if len(clients) == 1:  # Its crossover waits for two different stops for ever.
        return [route(problem, 0, [int(clients[0]) + problem.num_depots])], False
    remaining = deadline.remaining()
    parameters = hygese.AlgorithmParameters(
        timeLimit=0.0 if math.isinf(remaining) else max(remaining, 1e-3),
        nbIter=deadline.max_iterations or ITERATIONS,
        seed=seed,
    )
    found, interrupted = to_the_end(lambda: hygese.Solver(parameters=parameters, verbose=False).solve_cvrp(data))
    visits = [(clients[np.array(r) - 1] + problem.num_depots).tolist() for r in found.routes if r]
    return [route(problem, 0, v) for v in visits], interrupted
