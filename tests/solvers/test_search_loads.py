"""What is on board: the search keeps peak loads and the order of deliveries and pickups, and finds optimal plans."""

import itertools

import numpy as np
import pytest

import vrp
from tests.solvers.test_search import KERNELS, OTHERS, _best, proven, random_problem, run
from vrp import Problem, VehicleType
from vrp.check import check, evaluate
from vrp.solution import Route
from vrp.solvers.search import kernels
from vrp.solvers.search.model import build
from vrp.solvers.search.peaks import Peaks

ORDERS = ("mixed", "last", "strict")
# Each of them is one kind of kernels: with PLAIN no stop is part of a shipment, with the others some are.
PLAIN = {"nearest"}
TIMED = {"nearest", "windows", "service"}
RICH = KERNELS[3]


def collecting(rng: np.random.Generator, n: int, features: set[str], order: str) -> Problem:
    """A random problem whose stops deliver, collect, do both or neither, in one or two loads."""
    problem = random_problem(rng, n, features)
    shape = problem.delivery.shape
    pickup = rng.integers(1, 10, shape) * (rng.random((n, 1)) < 0.6)
    delivery = problem.delivery * (
        (rng.random((n, 1)) < 0.6) if order == "mixed" else (pickup == 0).all(axis=1)[:, None]
    )
    if order != "mixed":
        # A stop with both ends the deliveries of its trip and begins the pickups.
        delivery = np.where(rng.random((n, 1)) < 0.1, problem.delivery, delivery)
    problem = problem.replace(delivery=delivery, pickup=pickup.astype(float), backhaul=order)
    return problem if features <= PLAIN | set(OTHERS) else shipping(rng, problem)


def shipping(rng: np.random.Generator, problem: Problem) -> Problem:
    """The same problem with one shipment or more; some have no load, some of their stops have goods of their own."""
    n, loads = problem.delivery.shape
    stops = problem.num_depots + rng.permutation(n)
    pairs = stops[: 2 * int(rng.integers(1, n // 2 + 1))].reshape(-1, 2)
    keeps = rng.random(n) < 0.3
    keeps[np.setdiff1d(stops, pairs) - problem.num_depots] = True
    return problem.replace(
        shipments=pairs,
        shipment_load=rng.integers(0, 12, (len(pairs), loads)).astype(float),
        delivery=problem.delivery * keeps[:, None],
        pickup=problem.pickup * keeps[:, None],
    )


@pytest.mark.parametrize("features", [PLAIN, TIMED, RICH], ids=["plain", "timed", "rich"])
@pytest.mark.parametrize("order", ORDERS)
def test_random_problems(features: set[str], order: str) -> None:
    """On random mixtures of features every plan is feasible and costs what the search thought."""
    rng = np.random.default_rng(ORDERS.index(order))
    others = set(OTHERS) - ({"depot_windows"} if features is PLAIN else set())
    for _ in range(60):
        n = int(rng.integers(2, 25))
        problem = collecting(rng, n, features | {f for f in others if rng.random() < 0.35}, order)
        proven(problem, run(problem, 100 * n if n < 10 else 300))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("seed", range(4))
def test_brute_force(order: str, seed: int) -> None:
    """On tiny problems the plan is as good as the best of all partitions, orders and vehicles."""
    rng = np.random.default_rng(100 * seed + ORDERS.index(order))
    problem = collecting(rng, 5, [PLAIN | {"prizes", "fixed"}, TIMED | {"prizes"}, RICH, RICH | {"fixed"}][seed], order)
    found = run(problem, 3000)
    proven(problem, found)
    required, cost = _best(problem)
    assert sum(u.required for u in found.unserved) == required
    assert found.cost == pytest.approx(cost, rel=1e-6)


@pytest.mark.parametrize("order", ORDERS)
def test_peaks_are_those_of_the_check(order: str) -> None:
    """Whether a route keeps its peaks and its order is what the check says."""
    rng = np.random.default_rng(7)
    tried = {True: 0, False: 0}
    for _ in range(100):
        problem = collecting(rng, 8, PLAIN, order).replace(vehicles=(VehicleType(capacity=(18.0,)),))
        route = rng.permutation(np.arange(1, 9))[: rng.integers(2, 5)].tolist()
        plan = evaluate(problem, [Route(0, 0, 0, tuple(route))])
        broken = {v.kind for v in check(problem, plan)} & {"capacity", "backhaul"}
        assert _kept(problem, route) == (not broken)
        tried[not broken] += 1
    assert min(tried.values()) > 10


def _kept(problem: Problem, route: list[int]) -> bool:
    """Whether the only route of a plan is allowed, as the kernels see it."""
    m = build(problem, 1)
    assert isinstance(m.loads, Peaks)
    for a, b in itertools.pairwise([m.plan.locations, *route, m.plan.locations]):
        m.plan.nxt[a] = b
    return int(kernels.rebuild(*m.state(), m.required)) == 0


def test_simultaneous_delivery_and_pickup() -> None:
    """A vehicle full of deliveries collects only as much as it has delivered."""
    coords = [[0, 0], [1, 0], [2, 0], [3, 0]]
    problem = Problem.from_arrays(coords=coords, delivery=[4, 3, 3], pickup=[0, 0, 10], capacity=10)
    plan = run(problem, 200)
    proven(problem, plan)
    # The last stop collects all that fits; on the way back there is nothing left to deliver.
    assert [r.visits for r in plan.routes] in ([(1, 2, 3)], [(2, 1, 3)])
    assert plan.cost == pytest.approx(6.0)


def test_pairs_that_no_vehicle_can_hold() -> None:
    """A shipment above every capacity stays out, both ends of it, with the reason; the others are served."""
    coords = [[0, 0], [1, 0], [2, 0], [3, 0], [4, 0]]
    problem = Problem.from_arrays(
        coords=coords,
        shipments=[[1, 2], [4, 3]],
        shipment_load=[20, 5],
        capacity=10,
        time_windows=[[0, 50]] * 4,
        rounding="nearest",
    )
    plan = vrp.solve(problem, max_iterations=200, threads=1)
    assert [r.visits for r in plan.routes] == [(4, 3)]
    assert [(u.stop, u.required) for u in plan.unserved] == [(1, True), (2, True)]
    assert "carries 20" in plan.unserved[0].reason
    assert "shipment from stop 1" in plan.unserved[1].reason


def test_start_with_half_a_pair() -> None:
    """A plan that serves one end of a shipment, or both in the wrong order, is mended."""
    rng = np.random.default_rng(4)
    for _ in range(20):
        problem = collecting(rng, 12, TIMED, "mixed")
        visits = problem.num_depots + rng.permutation(12)[: rng.integers(1, 13)]
        start = evaluate(
            problem, [Route(0, 0, 0, tuple(part.tolist())) for part in np.array_split(visits, 3) if len(part)]
        )
        plan = vrp.solve(problem, max_iterations=50, threads=1, start=start)
        assert [v for v in check(problem, plan) if v.kind != "unserved"] == []
