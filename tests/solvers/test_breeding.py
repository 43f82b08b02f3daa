"""The exchanges and the genetic search: true prices, true loads, optimal plans of tiny problems."""

import itertools
import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import vrp
from vrp.problem import Problem
from vrp.solvers.search import breeding, kernels
from vrp.solvers.search.breeding import Breeding
from vrp.solvers.search.model import Model, build
from vrp.solvers.search.neighbours import neighbours


def asymmetric(n: int, seed: int, capacity: float = 12.0) -> Problem:
    """Return a problem whose ways there and back differ."""
    rng = np.random.default_rng(seed)
    distance = rng.integers(1, 100, (n + 1, n + 1)).astype(float)
    np.fill_diagonal(distance, 0.0)
    return Problem.from_arrays(distance=distance, demand=rng.integers(1, 9, n), capacity=capacity)


def bred(problem: Problem, seed: int, plans: int) -> tuple[Model, Breeding]:
    """Return a population of so many random plans."""
    model = build(problem, seed)
    kernels.rebuild(*model.state(), model.required)
    population = Breeding.of(model, neighbours(model.net, model.times, model.loads, model.clients, 40), seed)
    population.settle_random(plans)
    return model, population


def stored(population: Breeding, slot: int) -> list[list[int]]:
    """Read the routes of a plan."""
    p, n = population.population, len(population.model.clients)
    routes = []
    for first in range(1, n + 1):
        if p.before[slot, first] == 0:
            route = [first]
            while p.after[slot, route[-1]]:
                route.append(int(p.after[slot, route[-1]]))
            routes.append(route)
    return routes


@settings(max_examples=60, deadline=None)
@given(st.integers(5, 25), st.integers(0, 10**6), st.booleans())
def test_plans_are_whole_and_priced_truly(n: int, seed: int, flat: bool) -> None:
    """Every plan of a population serves each stop once; its cost and overload are what its routes say."""
    if flat:
        rng = np.random.default_rng(seed)
        problem = Problem.from_arrays(coords=rng.random((n + 1, 2)), demand=rng.integers(1, 9, n), capacity=15)
    else:
        problem = asymmetric(n, seed)
    _, population = bred(problem, seed, 6)
    population.breed(20)
    p = population.population
    distance, _ = problem.matrices()
    slots = np.flatnonzero(p.part >= 0)
    assert len(slots) >= 2
    for slot in slots.tolist():
        routes = stored(population, slot)
        assert sorted(c for route in routes for c in route) == list(range(1, n + 1))
        assert sorted(p.tour[slot].tolist()) == list(range(1, n + 1))
        length = sum(distance[a, b] for route in routes for a, b in itertools.pairwise([0, *route, 0]))
        assert p.length[slot] * population.model.scale == pytest.approx(length)
        load = [sum(problem.delivery[c - 1, 0] for c in route) for route in routes]
        capacity = problem.vehicles[0].capacity[0]
        assert p.over[slot] == pytest.approx(sum(max(x - capacity, 0.0) for x in load), abs=1e-5)
        assert (p.part[slot] == 0) == (max(load) <= capacity)


def priced(population: Breeding, problem: Problem, plan: list[list[int]]) -> float:
    """Cost of a plan at the population's price of overload."""
    price, capacity = float(population.tours.money[1]), problem.vehicles[0].capacity[0]
    distance, _ = problem.matrices()
    total = 0.0
    for route in plan:
        total += sum(distance[a, b] for a, b in itertools.pairwise([0, *route, 0]) if route)
        total += price * max(sum(problem.delivery[c - 1, 0] for c in route) - capacity, 0.0)
    return float(total)


def moved(routes: list[list[int]]) -> Iterator[list[list[int]]]:
    """Yield the plans in which one stop has another place."""
    for i, j in itertools.product(range(len(routes)), repeat=2):
        for c in routes[i]:
            for k in range(len(routes[j]) + 1):
                plan = [[x for x in route if x != c] for route in routes]
                plan[j].insert(k, c)
                yield plan


def test_no_exchange_is_left() -> None:
    """After a descent no stop can move to another place for less: exchanges are not missed, asymmetric or not."""
    for seed in range(10):
        problem = asymmetric(12, seed)
        _, population = bred(problem, seed, 1)
        routes = stored(population, int(np.flatnonzero(population.population.part >= 0)[0]))
        before = priced(population, problem, routes)
        assert all(priced(population, problem, plan) >= before - 1e-4 for plan in moved(routes))


def test_children_are_as_good_as_if_all_was_tried() -> None:
    """Routes that a child has from one parent are not tried again, and yet no place for less is missed."""
    for seed in range(10):
        problem = asymmetric(12, seed, 20.0)
        _, population = bred(problem, seed, 6)
        population.breed(20)  # So few that the price of overload does not change.
        p = population.population
        for slot in np.flatnonzero(p.part >= 0):
            routes = stored(population, int(slot))
            before = priced(population, problem, routes)
            for plan in moved(routes):
                # What was mended at a higher price may gain by overload at this one.
                over = max(sum(problem.delivery[c - 1, 0] for c in route) for route in plan) > 20.0
                assert priced(population, problem, plan) >= before - 1e-4 or (over and p.part[slot] == 0)


def test_places_have_the_distances_of_a_plane() -> None:
    """Distances on a plane give the places back, up to a turn; roads give places that resemble them."""
    rng = np.random.default_rng(2)
    flat = rng.random((30, 2))
    legs = np.linalg.norm(flat[:, None] - flat[None], axis=2)
    legs[0, 1:] += 7.0  # the price of a vehicle
    legs[1:, 0] = 0.0  # open routes
    spots = breeding._spots(legs, 7.0)
    np.testing.assert_allclose(spots[0], 0.0, atol=1e-12)
    apart = np.linalg.norm(spots[:, None] - spots[None], axis=2)
    np.testing.assert_allclose(apart, np.linalg.norm(flat[:, None] - flat[None], axis=2), atol=1e-6)


def test_optimum_of_tiny_problems() -> None:
    """Breeding finds the cost that enumerating all plans finds."""
    for seed in range(6):
        problem = asymmetric(6, seed)
        model, population = bred(problem, seed, 10)
        population.breed(100)
        best = population.best(math.inf)
        assert best is not None
        assert best.cost * model.scale == pytest.approx(_enumerated(problem))


def _enumerated(problem: Problem) -> float:
    """Cost of the best plan: the best order of every set of stops that fits, then the best partition."""
    n, (distance, _), capacity = problem.num_clients, problem.matrices(), problem.vehicles[0].capacity[0]
    best = {0: 0.0}
    for subset in range(1, 1 << n):
        stops = [c for c in range(n) if subset >> c & 1]
        cheapest = math.inf
        if sum(problem.delivery[c, 0] for c in stops) <= capacity:
            for order in itertools.permutations(stops):
                way = [0, *(c + 1 for c in order), 0]
                cheapest = min(cheapest, sum(distance[a, b] for a, b in itertools.pairwise(way)))
        part = (subset - 1) & subset
        while part:
            cheapest = min(cheapest, best[part] + best[subset ^ part])
            part = (part - 1) & subset
        best[subset] = cheapest
    return best[(1 << n) - 1]


def test_only_plain_problems_are_bred() -> None:
    """Windows, several loads, several kinds of vehicles, optional stops and scarce vehicles are annealed instead."""
    rng = np.random.default_rng(0)
    plain = {"coords": rng.random((41, 2)), "demand": np.ones(40), "capacity": 10.0}
    vehicles = [vrp.VehicleType(capacity=(10.0,), count=4)]
    cases = [
        plain | {"time_windows": np.tile([0.0, 99.0], (40, 1))},
        plain | {"prize": 5.0},
        {"coords": plain["coords"], "demand": np.ones((40, 2)), "capacity": [10.0, 9.0]},
        {"coords": plain["coords"], "demand": np.ones(40), "vehicles": vehicles},
    ]
    assert breeding.grow(build(Problem.from_arrays(**plain), 1), 1e6) is not None
    for case in cases:
        assert breeding.grow(build(Problem.from_arrays(**case), 1), 1e6) is None


def test_a_plan_given_is_kept() -> None:
    """The answer of a bred problem is never worse than the plan it starts from, and checks clean."""
    rng = np.random.default_rng(4)
    problem = Problem.from_arrays(coords=rng.random((61, 2)), demand=rng.integers(1, 10, 60), capacity=30)
    good = vrp.solve(problem, max_iterations=60_000, solver="search", threads=1)
    again = vrp.solve(problem, max_iterations=3000, solver="search", threads=1, start=good, seed=5)
    assert again.cost <= good.cost + 1e-9
    assert vrp.check(problem, again) == []
