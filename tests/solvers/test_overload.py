"""Vehicles may be overloaded on the way, never in an answer; a plan to begin with may break anything."""

import numpy as np
import pytest

from vrp import Problem, VehicleType, solve
from vrp.check import check
from vrp.solvers.search import kernels
from vrp.solvers.search.model import Model, build
from vrp.solvers.search.neighbours import neighbours
from vrp.solvers.search.overload import ROOM, Overload, allow
from vrp.solvers.search.warmth import warm_up


def tight(n: int = 30, seed: int = 0) -> Problem:
    """Make vehicles that are nearly full: by demands that are no round numbers."""
    rng = np.random.default_rng(seed)
    demand = rng.uniform(1.0, 9.0, n)
    return Problem.from_arrays(coords=rng.random((n + 1, 2)), demand=demand, capacity=demand.sum() / 4.999)


def overloaded(problem: Problem, iterations: int, price: float = 0.1) -> tuple[Model, Overload]:
    """Search from the plan of nothing where overload costs a tenth of its usual price."""
    model = build(problem, 1)
    warm_up(model)
    kernels.rebuild(*model.state(), model.required)
    near = neighbours(model.net, model.times, model.loads, model.clients, 20)
    overload = allow(model, 1.0)
    assert overload is not None
    model.loads.price[0] *= price
    none = model.clients[:0]
    arguments = (model.order, near, model.clients, model.required)
    kernels.search(*model.state(), *arguments, model.clients, 1, 0.0, 10.0, 10.0)
    kernels.rebuild(*model.state(), model.required)
    model.take_as_best()
    kernels.search(*model.state(), *arguments, none, iterations, 0.05, 10.0, 10.0)
    return model, overload


@pytest.mark.parametrize("seed", range(5))
def test_running_sums_are_those_of_the_plan(seed: int) -> None:
    """After thousands of overloads that came and went, cost, loads and count are those of a recount."""
    model, _ = overloaded(tight(seed=seed), 3000)
    cost, count, loads = float(model.work.cost[0]), int(model.loads.overloaded[0]), model.loads.load.copy()
    assert kernels.rebuild(*model.state(), model.required) == 0
    assert model.work.cost[0] == pytest.approx(cost, rel=1e-9)
    assert model.loads.overloaded[0] == count
    np.testing.assert_allclose(model.loads.load, loads, atol=1e-9)
    most = np.maximum(model.loads.capacity * ROOM, model.loads.demand[model.clients].min())
    assert (model.loads.load <= model.loads.capacity + most + 1e-9).all()
    above = np.maximum(model.loads.load - model.loads.capacity, 0.0)
    assert (above > 0.0).sum() == count


def test_vehicles_of_few_stops_may_take_one_too_many() -> None:
    """Where a share of the capacity is less than any stop, the lightest stop still fits into a full vehicle."""
    rng = np.random.default_rng(3)
    problem = Problem.from_arrays(coords=rng.random((25, 2)), demand=np.repeat([0.0, 2.0, 3.0], 8), capacity=10)
    model, _ = overloaded(problem, 1000)
    np.testing.assert_allclose(model.loads.limit, 12.0, rtol=1e-6)
    assert model.work.clock[4] < 1000


def test_overload_happens_and_its_price_ends_it() -> None:
    """Cheap overload is used by nearly every plan; a dear one by few; a change of the price is a change of the cost."""
    model, overload = overloaded(tight(), 1000)
    assert model.work.clock[4] < 300
    overload.adapt(1000)
    assert model.loads.price[0] > 0.1 * overload.first
    cost = float(model.work.cost[0])
    kernels.rebuild(*model.state(), model.required)
    assert model.work.cost[0] == pytest.approx(cost, rel=1e-9)
    model, _ = overloaded(tight(), 1000, price=100.0)
    assert model.work.clock[4] > 700


@pytest.mark.parametrize("seed", range(10))
def test_no_answer_is_overloaded(seed: int) -> None:
    """A population on nearly full vehicles ends in a plan that keeps every capacity."""
    problem = tight(12, seed)
    assert check(problem, solve(problem, solver="search", max_iterations=20 * 12**2, seed=seed)) == []


def test_plan_that_breaks_constraints_is_a_start_all_the_same() -> None:
    """Yesterday's plan for today's stops: routes that are too heavy, too late or not allowed are taken apart."""
    rng = np.random.default_rng(4)
    coords, demand = rng.random((21, 2)), np.ones(20)
    old = solve(Problem.from_arrays(coords=coords, demand=demand, capacity=20), solver="search", max_iterations=500)
    assert len(old.routes) == 1
    windows = np.tile([0.0, 1.5], (20, 1))
    vans = [VehicleType(capacity=(20.0,)), VehicleType(capacity=(20.0,))]
    allowed = np.ones((2, 20), bool)
    allowed[0, 3] = False
    for problem in (
        Problem.from_arrays(coords=coords, demand=demand, capacity=6),
        Problem.from_arrays(coords=coords, demand=demand, capacity=20, time_windows=windows),
        Problem.from_arrays(coords=coords, demand=demand, vehicles=vans, allowed=allowed),
    ):
        assert check(problem, old) != []
        new = solve(problem, solver="search", max_iterations=200, start=old)
        assert check(problem, new) == []
