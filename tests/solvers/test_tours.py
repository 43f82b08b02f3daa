"""Tours of one vehicle with nothing to keep: the best ones of small problems, and kernels that lose no city."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.solvers.test_search import proven
from vrp import Problem, VehicleType
from vrp.check import evaluate
from vrp.deadline import Deadline
from vrp.solution import Route, Solution
from vrp.solvers import make
from vrp.solvers.search import tours
from vrp.solvers.search.annealing import Annealing
from vrp.solvers.search.crew import Crew
from vrp.solvers.search.engine import Search, _Run
from vrp.solvers.search.model import build
from vrp.solvers.search.touring import Touring, is_tour
from vrp.solvers.search.warmth import warm_up


def some_tour(rng: np.random.Generator, n: int, asymmetric: bool, **vehicle: object) -> Problem:
    """A random problem of one vehicle that can carry everything."""
    coords = rng.integers(0, 100, (n + 1, 2)).astype(float)
    given: dict[str, object] = {"coords": coords}
    if asymmetric:
        apart = np.sqrt(((coords[:, None] - coords[None]) ** 2).sum(-1)) * rng.uniform(0.5, 1.5, (n + 1, n + 1))
        np.fill_diagonal(apart, 0.0)
        given = {"distance": apart}
    return Problem.from_arrays(**given, vehicles=[VehicleType(count=1, **vehicle)])


def run(problem: Problem, iterations: int, threads: int = 1, seed: int = 0, start: Solution | None = None) -> Solution:
    solver = make("search", threads=threads)
    return solver.solve(problem, Deadline(max_iterations=iterations), np.random.default_rng(seed), start)


def shortest(problem: Problem) -> float:
    """Cost of the best tour (Held and Karp 1962)."""
    every = np.arange(problem.num_locations)
    d = problem.legs(every[:, None], every[None, :])[0]
    open_end = problem.vehicles[0].end_depot is None
    clients = range(1, len(d))
    best = {(frozenset({c}), c): d[0, c] for c in clients}
    for size in range(2, len(d)):
        for group in itertools.combinations(clients, size):
            stops = frozenset(group)
            for last in group:
                rest = stops - {last}
                best[stops, last] = min(best[rest, c] + d[c, last] for c in rest)
    return float(min(best[frozenset(clients), c] + (0.0 if open_end else d[c, 0]) for c in clients))


@pytest.mark.parametrize("asymmetric", [False, True])
@pytest.mark.parametrize("end", [0, None])
def test_best_tours(asymmetric: bool, end: int | None) -> None:
    """Small tours are the shortest there are, closed or open, with one thread or two."""
    for seed in range(6):
        rng = np.random.default_rng(seed)
        problem = some_tour(rng, int(rng.integers(7, 11)), asymmetric, end_depot=end, fixed_cost=7.0)
        assert is_tour(problem, build(problem, 1))
        found = run(problem, 2000, threads=1 + seed % 2)
        proven(problem, found)
        assert found.cost == pytest.approx(shortest(problem) + 7.0)


@pytest.mark.parametrize("asymmetric", [False, True])
def test_no_move_loses_a_city_or_count(asymmetric: bool) -> None:
    """Whatever is moved and taken back, each city is visited once, and the length is that of the order."""
    for seed in range(10):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(7, 300))
        problem = some_tour(rng, n, asymmetric)
        deadline = Deadline(max_iterations=10)
        core = _Run(Search(), problem, deadline, seed, None, Crew(1)).core
        assert isinstance(core, Touring)
        warm_up(core.model, tour=True)
        core.begin(problem, np.zeros(0, np.int64))
        shortest = np.inf
        for temperature in (0.0, 1.0, 50.0, 0.0):
            core.search(200, temperature)
            tour = core.tour
            assert sorted(tour.order.tolist()) == list(range(n + 1))
            assert tour.order[tour.at].tolist() == list(range(n + 1))
            length = float(tour.length[0])
            tours.measure(core.model.net, tour)
            assert tour.length[0] == pytest.approx(length)
            shortest = min(shortest, length)
        assert core.model.work.cost[1] <= shortest + 1e-6


def test_local_search_ends_where_no_exchange_of_two_edges_helps() -> None:
    """With all cities as neighbours, a tour without kicks is 2-optimal."""
    for seed in range(10):
        problem = some_tour(np.random.default_rng(seed), 9, False)
        core = _Run(Search(), problem, Deadline(max_iterations=1), seed, None, Crew(1)).core
        assert isinstance(core, Touring)
        core.begin(problem, np.zeros(0, np.int64))
        core.search(0, 0.0)
        order = core.model.clients[0] + core.tour.order
        visits = np.roll(np.where(order == problem.num_locations, 0, order), -int(np.argmax(core.tour.order == 9)))[1:]
        here = _length(problem, visits)
        for i, j in itertools.combinations(range(len(visits) + 1), 2):
            assert _length(problem, np.concatenate([visits[:i], visits[i:j][::-1], visits[j:]])) >= here - 1e-6


def _length(problem: Problem, visits: NDArray[np.int64]) -> float:
    return evaluate(problem, [Route(0, 0, 0, tuple(visits.tolist()))]).cost


def test_start_is_not_lost() -> None:
    """A tour that is given is where the search begins."""
    problem = some_tour(np.random.default_rng(3), 150, True)
    good = run(problem, 20000)
    assert run(problem, 1, start=good).cost <= good.cost + 1e-9 < run(problem, 1).cost


def test_same_seed_same_answer() -> None:
    """With one thread, a seed and a number of iterations the answer is identical."""
    problem = some_tour(np.random.default_rng(4), 100, False)
    first, second = run(problem, 3000, seed=2), run(problem, 3000, seed=2)
    assert first.routes[0].visits == second.routes[0].visits
    assert first.stats.iterations == 3000


@pytest.mark.parametrize(
    "more",
    [
        {"vehicles": [VehicleType(count=1, max_distance=500.0)]},
        {"vehicles": [VehicleType(count=1, capacity=(9.0,))], "demand": np.ones(10)},
        {"vehicles": [VehicleType(count=2)]},
        {"vehicles": [VehicleType(count=1)], "prize": np.full(10, 5.0)},
        {"vehicles": [VehicleType(count=1)], "time_windows": np.tile([0.0, 900.0], (10, 1))},
    ],
)
def test_more_than_a_tour(more: dict[str, object]) -> None:
    """Where there is something to keep, or a choice, it is no tour."""
    coords = np.random.default_rng(0).random((11, 2)) * 100
    problem = Problem.from_arrays(coords=coords, **more)
    assert not is_tour(problem, build(problem, 1))
    assert type(_Run(Search(), problem, Deadline(max_iterations=1), 1, None, Crew(1)).core) is Annealing
