"""Several threads search disjoint regions of one plan; what is spliced is the plan of one model again."""

import itertools
import time

import numba
import numpy as np
import pytest

from tests.solvers.test_search import KERNELS, OTHERS, proven, random_problem
from tests.solvers.test_search import run as run_alone
from tests.solvers.test_search_loads import TIMED, collecting
from vrp import Problem
from vrp.deadline import Deadline
from vrp.solution import Solution
from vrp.solvers import Event, make
from vrp.solvers.search import cores, engine, kernels, regions
from vrp.solvers.search.model import Model, build
from vrp.solvers.search.neighbours import neighbours
from vrp.solvers.search.routes import load_routes, routes
from vrp.solvers.search.warmth import warm_up

SHIPPING = len(KERNELS)
KINDS = (1, 2, 3, 4, SHIPPING)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Divide plans of any size."""
    monkeypatch.setattr(engine, "LARGE", 2)
    monkeypatch.setattr(cores, "LARGE", 2)
    monkeypatch.setattr(cores, "PIECE", 50)
    monkeypatch.setattr(regions, "FEWEST", 1)


def some_problem(rng: np.random.Generator, kernel: int, n: int) -> Problem:
    """A random problem of one of the kinds of test_search, or with pickups and shipments."""
    others = {f for f in OTHERS if rng.random() < 0.35} - ({"depot_windows"} if kernel < 2 else set())
    if kernel == SHIPPING:
        return collecting(rng, n, TIMED | others, "mixed")
    return random_problem(rng, n, KERNELS[kernel] | others)


def run(problem: Problem, iterations: int, seed: int = 0, threads: int = 2) -> Solution:
    deadline = Deadline(max_iterations=iterations)
    return make("search", threads=threads).solve(problem, deadline, np.random.default_rng(seed))


def loaded(problem: Problem, seed: int) -> Model:
    """The model of a plan that is far from the best one."""
    model = build(problem, seed)
    warm_up(model, divide=True)
    load_routes(model, run_alone(problem, 5, seed=seed).routes)
    kernels.rebuild(*model.state(), model.required)
    model.take_as_best()
    return model


@pytest.mark.parametrize("kernel", KINDS)
def test_what_is_cut_out_fits_back(kernel: int) -> None:
    """Regions hold every stop and route once, cost together what the plan costs, and splice to the same routes."""
    rng = np.random.default_rng(kernel)
    divided = 0
    for seed in range(15):
        problem = some_problem(rng, kernel, int(rng.integers(8, 40)))
        model = loaded(problem, seed)
        count = int(rng.integers(2, 5))
        if regions.largest_number(model) < count:
            continue
        divided += 1
        before, cost = routes(problem, model), model.work.cost[0]
        near = neighbours(model.net, model.times, model.loads, model.clients, 10)
        shares = regions.shares(model, near, count, rng)
        found = [regions.cut_out(model, near, share, 1) for share in shares]
        for region in found:
            part = region.model
            # Another type would be compiled anew, within the time that is given.
            assert [numba.typeof(x) for x in part.state()] == [numba.typeof(x) for x in model.state()]
            assert numba.typeof(part.order) == numba.typeof(model.order)
            assert kernels.rebuild(*part.state(), part.required) == 0
            part.take_as_best()
            known = region.near[region.near >= 0]
            assert known.max(initial=0) < len(part.clients)
        stops = np.concatenate([region.nodes[: len(region.model.clients)] for region in found])
        assert sorted(stops.tolist()) == model.clients.tolist()
        vehicles = np.concatenate([region.vehicles for region in found])
        assert len(set(vehicles.tolist())) == len(vehicles)
        assert regions.rank(found) == (model.work.missing[0], 0.0, pytest.approx(cost))
        regions.splice(model, found)
        regions.splice_best(model, found)
        assert kernels.rebuild(*model.state(), model.required) == 0
        assert model.work.cost[0] == pytest.approx(cost)
        assert routes(problem, model) == before
        model.take_as_best()
        assert routes(problem, model) == before
    assert divided > 3


@pytest.mark.parametrize("kernel", KINDS)
def test_random_problems(kernel: int) -> None:
    """On random mixtures of features every plan of several threads is feasible and costs what the search thought."""
    rng = np.random.default_rng(100 + kernel)
    for _ in range(20):
        problem = some_problem(rng, kernel, int(rng.integers(8, 40)))
        proven(problem, run(problem, 400, threads=int(rng.integers(2, 5))))


def uniform(n: int, seed: int = 0) -> Problem:
    rng = np.random.default_rng(seed)
    return Problem.from_arrays(coords=rng.random((n + 1, 2)), demand=rng.integers(1, 10, n), capacity=30)


def test_same_seed_same_answer() -> None:
    """With a seed and a number of iterations alone, several threads that divide a plan answer the same each time."""
    problem = uniform(200)
    first, second = run(problem, 5000, seed=3), run(problem, 5000, seed=3)
    assert [r.visits for r in first.routes] == [r.visits for r in second.routes]
    assert first.stats.iterations == second.stats.iterations
    # The limit holds for each thread, but for an iteration begun in each phase.
    assert 10000 <= first.stats.iterations <= 10000 + 2 * cores.PHASES


def test_one_thread_searches_regions_in_turn() -> None:
    """A plan of many stops is divided for one thread as well, which makes as many iterations as it is asked for."""
    problem = uniform(200)
    found = run(problem, 5000, threads=1)
    assert cores.pieces(loaded(problem, 1), Deadline(max_iterations=5000), 1) == 4
    assert 5000 <= found.stats.iterations <= 5000 + 4 * cores.PHASES
    assert found.routes == run(problem, 5000, threads=1).routes
    proven(problem, found)


def test_regions_are_worth_their_threads() -> None:
    """Two threads find better plans than one with the same number of iterations each."""
    problems = [uniform(300, seed) for seed in range(4)]
    alone = sum(run(p, 6000, threads=1).cost for p in problems)
    assert sum(run(p, 6000).cost for p in problems) < 0.995 * alone


@pytest.mark.parametrize("seconds", [0.15, 0.6])
def test_ends_in_time(seconds: float) -> None:
    """All threads end before the deadline, the last splice included."""
    problem = uniform(600)
    run(problem, 10)
    deadline = Deadline(time_limit=seconds)
    found = make("search", threads=2).solve(problem, deadline, np.random.default_rng(0))
    assert deadline.elapsed() < 1.5 * seconds + 0.5
    proven(problem, found)


def test_progress_stops_all_threads() -> None:
    """`on_progress` is told of plans that become better, and ends the search with the best one."""
    told: list[Event] = []

    def stop(event: Event) -> bool:
        told.append(event)
        return len(told) < 4

    problem, deadline = uniform(400), Deadline(time_limit=30.0)
    found = make("search", threads=3).solve(problem, deadline, np.random.default_rng(0), progress=stop)
    assert deadline.elapsed() < 20
    assert found.stats.interrupted
    assert all(a.cost >= b.cost and a.iterations <= b.iterations for a, b in itertools.pairwise(told))
    proven(problem, found)


def test_interrupt_keeps_the_best_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C reaches the thread that watches: the others end, and the best plan is returned."""
    problem, deadline = uniform(400), Deadline(time_limit=30.0)
    looks = itertools.count()

    def interrupted(jobs: object, timeout: float) -> object:
        if next(looks) == 3:
            raise KeyboardInterrupt
        time.sleep(timeout)
        return type("Nothing", (), {"done": set()})

    monkeypatch.setattr(cores, "wait", interrupted)
    found = make("search", threads=2).solve(problem, deadline, np.random.default_rng(0))
    assert deadline.elapsed() < 15
    assert found.stats.interrupted
    proven(problem, found)


def test_error_in_a_region_reaches_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong in one thread ends all of them."""

    def fail(*args: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(cores, "splice", fail)
    with pytest.raises(RuntimeError, match="no"):
        make("search", threads=2).solve(uniform(300), Deadline(time_limit=30.0), np.random.default_rng(0))


def test_every_field_is_known() -> None:
    """What becomes of a field in a region is said for all fields of a kind, and for those only."""
    for kind, fields in regions.FIELDS.items():
        assert set(fields) == set(kind._fields), kind
