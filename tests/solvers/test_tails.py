"""Tails: what two routes exchange is legal and priced as the checker does, and nothing that pays is overlooked."""

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest

from tests.solvers.test_search import random_problem
from tests.solvers.test_search_loads import collecting
from vrp import Problem
from vrp.check import check, evaluate
from vrp.solution import Route, Solution
from vrp.solvers.search import kernels
from vrp.solvers.search.jit import kernel
from vrp.solvers.search.kernels import undo
from vrp.solvers.search.loads import bears_less, forget_loads
from vrp.solvers.search.model import Model, build
from vrp.solvers.search.neighbours import neighbours
from vrp.solvers.search.plan import within
from vrp.solvers.search.routes import load_routes, routes
from vrp.solvers.search.tails import swap_tails
from vrp.solvers.search.times import forget, kept


@kernel
def exchange(net, loads, times, fleet, mix, reach, plan, work, near, clients, tries):  # type: ignore[no-untyped-def]
    """Try random exchanges at no temperature; keep each that is allowed and return how many, and what they save."""
    count, saved = 0, 0.0
    for _ in range(tries):
        work.clock[0] += 1
        forget(times)
        forget_loads(loads)
        logged, changed, delta = swap_tails(
            net, loads, times, fleet, mix, reach, plan, work, near, clients, 0.0, work.clock[0]
        )
        allowed = delta < 0.0
        for k in range(changed):
            r = work.changed[k]
            allowed = allowed and within(reach, r, 0.0) and bears_less(loads, plan, r) and kept(times, net, plan, r)
        if changed > 0 and allowed:
            count += 1
            saved -= delta
        else:
            undo(net, loads, times, fleet, mix, reach, plan, work, logged)
    return count, saved


def timed(rng: np.random.Generator, n: int) -> Problem:
    return random_problem(rng, n, {"windows", "service", "nearest", "depots", "fixed"})


def loaded(rng: np.random.Generator, n: int) -> Problem:
    return random_problem(rng, n, {"loads", "asymmetric", "max_distance"})


def shipping(rng: np.random.Generator, n: int) -> Problem:
    return collecting(rng, n, {"nearest", "windows", "service"}, "mixed")


def poor_plan(problem: Problem, rng: np.random.Generator) -> Solution:
    """Legal routes that were filled in a random order, shipments one behind the other; who fits nowhere is left out."""
    mates = {int(a): int(b) for a, b in problem.shipments}
    seconds = set(mates.values())
    firsts = [c for c in range(problem.num_depots, problem.num_locations) if c not in seconds]
    found: list[list[int]] = []
    kinds: list[int] = []
    for c in rng.permutation(firsts).tolist():
        both = [c, mates[c]] if c in mates else [c]
        for visits in found:
            if _legal(problem, kinds[found.index(visits)], [*visits, *both]):
                visits += both
                break
        else:
            fit = [k for k in range(len(problem.vehicles)) if _legal(problem, k, both)]
            if fit:
                kinds.append(int(rng.choice(fit)))
                found.append(both)
    return evaluate(problem, [route(problem, k, v) for k, v in zip(kinds, found, strict=True)])


def route(problem: Problem, kind: int, visits: Sequence[int]) -> Route:
    vehicle = problem.vehicles[kind]
    return Route(kind, vehicle.start_depot, vehicle.end_depot, tuple(visits))


def _legal(problem: Problem, kind: int, visits: list[int]) -> bool:
    wrong = check(problem, evaluate(problem, [route(problem, kind, visits)]))
    return all(violation.kind == "unserved" for violation in wrong)


def exchanges(problem: Problem, found: list[Route], near: np.ndarray) -> Iterator[list[Route]]:
    """Every plan that one exchange makes of another, where a stop comes to stand before one of its neighbours."""
    for (x, one), (y, other) in itertools.permutations(enumerate(found), 2):
        if one.vehicle_type != other.vehicle_type:
            continue
        for i, j in itertools.product(range(1, len(one.visits) + 1), range(len(other.visits))):
            if other.visits[j] not in near[one.visits[i - 1]]:
                continue
            new = list(found)
            new[x] = route(problem, one.vehicle_type, one.visits[:i] + other.visits[j:])
            new[y] = route(problem, other.vehicle_type, other.visits[:j] + one.visits[i:])
            yield [used for used in new if used.visits]


def prepared(problem: Problem, plan: Solution, seed: int) -> tuple[Model, np.ndarray]:
    model = build(problem, seed)
    load_routes(model, plan.routes)
    assert kernels.rebuild(*model.state(), model.required) == 0
    return model, neighbours(model.net, model.times, model.loads, model.clients, 10)


@pytest.mark.parametrize("make", [timed, loaded, shipping])
def test_exchanges_end_where_none_pays(make: Callable[[np.random.Generator, int], Problem]) -> None:
    """Each plan on the way is legal and saves what was told; at the end brute force finds no exchange that pays."""
    rng = np.random.default_rng(3)
    made = 0
    for seed in range(12):
        problem = make(rng, int(rng.integers(8, 16)))
        plan = poor_plan(problem, rng)
        model, near = prepared(problem, plan, seed)
        cost = plan.cost
        while True:
            count, saved = exchange(*model.state(), near, model.clients, 1000)
            found = evaluate(problem, routes_of(problem, model))
            assert [v for v in check(problem, found) if v.kind != "unserved"] == []
            assert found.cost == pytest.approx(cost - saved * model.scale, rel=1e-9, abs=1e-6)
            cost, made = found.cost, made + count
            if count == 0:
                break
        for other in exchanges(problem, list(found.routes), near):
            new = evaluate(problem, other)
            legal = all(violation.kind == "unserved" for violation in check(problem, new))
            assert not legal or new.cost > cost - 1e-6, (seed, found.routes, other)
    assert made > 20


def routes_of(problem: Problem, model: Model) -> list[Route]:
    """The current plan of the model."""
    model.take_as_best()
    return routes(problem, model)
