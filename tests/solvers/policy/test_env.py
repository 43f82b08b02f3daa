"""The environment against `vrp.check` and against brute force."""

import itertools
import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import vrp
from tests.solvers.policy.conftest import cvrp, tour
from vrp.check import evaluate

torch = pytest.importorskip("torch")

from vrp.solvers.policy import env  # noqa: E402


def walk(batch: env.Instances, rollouts: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Home and choices of rollouts that choose anything feasible, each with the same chance."""
    random = torch.Generator().manual_seed(seed)

    def choose(mask: torch.Tensor) -> torch.Tensor:
        return (torch.rand(mask.shape, generator=random) * mask).argmax(dim=2)

    fitting = batch.valid & (batch.demand <= batch.capacity[:, None]) & (batch.demand > 0)
    fitting |= batch.valid & batch.cyclic[:, None]
    first = choose(fitting[:, None, :].expand(-1, rollouts, -1))
    state = env.begin(batch, first)
    choices = [first]
    while not bool(env.done(batch, state).all()):
        assert len(choices) <= 2 * batch.places
        mask = env.feasible(batch, state)
        assert bool(mask.any(dim=2).all())
        choices.append(choose(mask))
        state = env.step(batch, state, choices[-1])
    return state.home, torch.stack(choices, dim=2)


def plans(problems: list[vrp.Problem], batch: env.Instances, seed: int = 0, rollouts: int = 3) -> Iterator[tuple]:
    """Problem, plan and stated cost (in the unit square) of random rollouts."""
    home, choices = walk(batch, rollouts, seed)
    costs = env.cost(batch, home, choices)
    for b, problem in enumerate(problems):
        for s in range(rollouts):
            yield problem, evaluate(problem, env.decode(problem, home[b, s], choices[b, s])), float(costs[b, s])


def extent(problem: vrp.Problem) -> float:
    return float(np.ptp(problem.coords, axis=0).max()) or 1.0


@given(st.integers(0, 2**31), st.lists(st.integers(1, 12), min_size=1, max_size=4), st.booleans())
def test_rollouts_check_clean(seed: int, sizes: list[int], alike: bool) -> None:
    """Whatever is chosen of what is feasible, the plan is complete, breaks no rule, and costs what the tensors say."""
    rng = np.random.default_rng(seed)
    problems = [tour(rng, n) if alike and rng.random() < 0.5 else cvrp(rng, n) for n in sizes]
    for problem, plan, cost in plans(problems, env.encode(problems), seed):
        assert vrp.check(problem, plan) == []
        assert plan.status is vrp.Status.COMPLETE
        assert cost * extent(problem) == pytest.approx(plan.cost, rel=1e-5)


@given(st.integers(0, 2**31), st.floats(1e-3, 1e4))
def test_uneven_demands_never_overload(seed: int, unit: float) -> None:
    """Demands without a common unit are rounded so that no feasible plan overloads a vehicle."""
    rng = np.random.default_rng(seed)
    problem = vrp.Problem.from_arrays(
        coords=rng.random((16, 2)), demand=unit * rng.uniform(0.1, 1.0, 15), capacity=unit * 2.0
    )
    for _, plan, _ in plans([problem], env.encode([problem]), seed):
        assert vrp.check(problem, plan) == []


def test_decimal_demands_fill_the_vehicle_exactly() -> None:
    """0.1 + 0.2 + 0.7 fit a capacity of 1, though they do not as floats of any precision."""
    problem = vrp.Problem.from_arrays(coords=np.eye(5, 2), demand=[0.1, 0.2, 0.7, 0.35], capacity=1.0)
    batch = env.encode([problem])
    assert batch.demand.tolist() == [[0, 10, 20, 70, 35]]
    assert batch.capacity.tolist() == [100]


@given(st.integers(0, 2**31), st.integers(1, 3))
def test_limited_fleet_is_kept(seed: int, count: int) -> None:
    """Never more routes than vehicles: what does not fit is left out, and nothing else breaks a rule."""
    rng = np.random.default_rng(seed)
    vehicles = {"count": count, "capacity": 12.0}
    problem = vrp.Problem.from_arrays(coords=rng.random((9, 2)), demand=rng.integers(1, 10, 8), vehicles=vehicles)
    for _, plan, _ in plans([problem], env.encode([problem]), seed):
        assert {v.kind for v in vrp.check(problem, plan)} <= {"unserved"}


def reachable(batch: env.Instances, problem: vrp.Problem) -> set[frozenset[tuple[int, ...]]]:
    """Every plan that some sequence of feasible choices leads to."""
    found = set()
    todo: list[tuple[env.State, list[int]]] = [(env.reset(batch, torch.zeros(1, 1, dtype=torch.int64)), [])]
    while todo:
        state, chosen = todo.pop()
        if bool(env.done(batch, state)):
            routes = env.decode(problem, state.home[0, 0], torch.tensor(chosen))
            found.add(frozenset(r.visits for r in routes))
            continue
        for place in env.feasible(batch, state)[0, 0].nonzero()[:, 0].tolist():
            todo.append((env.step(batch, state, torch.tensor([[place]])), [*chosen, place]))
    return found


def every_plan(problem: vrp.Problem) -> set[frozenset[tuple[int, ...]]]:
    """All sets of routes that serve every stop once within the capacity, from all orders cut at all places."""
    n, demand, found = problem.num_clients, problem.delivery[:, 0], set()
    for order in itertools.permutations(range(n)):
        for cuts in itertools.product((False, True), repeat=n - 1):
            routes: list[list[int]] = [[order[0]]]
            for stop, cut in zip(order[1:], cuts, strict=True):
                routes.append([stop]) if cut else routes[-1].append(stop)
            if all(demand[r].sum() <= problem.vehicles[0].capacity[0] for r in routes):
                found.add(frozenset(tuple(problem.num_depots + x for x in r) for r in routes))
    return found


@pytest.mark.parametrize("n", [1, 2, 4])
def test_reachable_plans_are_all_plans(n: int) -> None:
    """On tiny problems exactly the feasible plans can be reached: the mask forbids nothing else, and nothing less."""
    for seed in range(5):
        problem = cvrp(np.random.default_rng(seed), n)
        demand = problem.delivery.sum()
        vehicle = {"capacity": max(problem.delivery.max(), demand // 2)}
        problem = vrp.Problem.from_arrays(coords=problem.coords, demand=problem.delivery, vehicles=vehicle)
        assert reachable(env.encode([problem]), problem) == every_plan(problem)


def test_reachable_tours_are_all_tours() -> None:
    """A tour of 4 stops has 4! orders, wherever it begins."""
    problem = tour(np.random.default_rng(0), 4)
    batch = env.encode([problem])
    assert len(reachable(batch, problem)) == math.factorial(4)
    for _, plan, _ in plans([problem], batch, rollouts=20):
        assert len(plan.routes) == 1
        assert sorted(plan.routes[0].visits) == [1, 2, 3, 4]


def test_padding_changes_nothing() -> None:
    """The same choices are feasible, step by step, with and without rows of padding, which are never feasible."""
    rng = np.random.default_rng(3)
    small = [cvrp(rng, 5), tour(rng, 5)]
    narrow, wide = env.encode(small), env.padded(env.encode(small), 11)
    home, choices = walk(narrow, 4, seed=1)
    here, there = (env.begin(batch, choices[..., 0]) for batch in (narrow, wide))
    for choice in choices.unbind(2)[1:]:
        mask, wider = env.feasible(narrow, here), env.feasible(wide, there)
        assert torch.equal(mask, wider[..., :6])
        assert not wider[..., 6:].any()
        here, there = env.step(narrow, here, choice), env.step(wide, there, choice)
    assert bool(env.done(wide, there).all())
    assert torch.equal(env.cost(narrow, home, choices), env.cost(wide, home, choices))


def test_tensordicts_step_alike() -> None:
    """On tensordicts the same choices lead to the same masks and ends; a slice of a batch steps on alone."""
    pytest.importorskip("tensordict")
    from vrp.solvers.policy.env import tensordicts

    rng = np.random.default_rng(8)
    batch = env.encode([cvrp(rng, 6), tour(rng, 4), cvrp(rng, 3)])
    _, choices = walk(batch, 3, seed=2)
    state = env.begin(batch, choices[..., 0])
    packed = tensordicts.reset(batch, choices[..., 0])
    for choice in choices.unbind(2)[1:]:
        assert torch.equal(packed["action_mask"], env.feasible(batch, state))
        assert torch.equal(packed["done"], env.done(batch, state))
        alone = packed[1:2].set("action", choice[1:2])
        packed = tensordicts.step(packed.set("action", choice))
        assert torch.equal(tensordicts.step(alone)["action_mask"], packed["action_mask"][1:2])
        state = env.step(batch, state, choice)
    assert bool(packed["done"].all())


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"time_windows": [[0, 9]] * 3}, "time windows"),
        ({"prize": [1.0, 2.0, 3.0]}, "prizes"),
        ({"vehicles": {"capacity": 9, "end_depot": None}}, "open routes"),
        ({"vehicles": {"capacity": 9, "fixed_cost": 5.0}}, "fixed costs"),
        ({"vehicles": {"capacity": 9, "distance_cost": 0.0, "duration_cost": 1.0}}, "costs of other things"),
        ({"distance": np.ones((4, 4)) - np.eye(4)}, "matrices"),
        ({"pickup": [1, 0, 0]}, "mixed deliveries and pickups"),
    ],
)
def test_what_has_no_rule_is_refused_by_name(change: dict, named: str) -> None:
    """A field without a rule is named, and the plain problem is not refused."""
    plain = {"coords": np.eye(4, 2), "demand": [1, 2, 3], "vehicles": {"capacity": 9}}
    assert env.unsupported(vrp.Problem.from_arrays(**plain)) == []
    lacks = env.unsupported(vrp.Problem.from_arrays(**plain | change))
    assert any(named in lack for lack in lacks), lacks


def test_extreme_problems_encode() -> None:
    """One stop, all places at one point, a stop that fits no vehicle, the date line, and depots that nobody uses."""
    point = vrp.Problem.from_arrays(coords=np.ones((4, 2)), demand=[5, 5, 5], capacity=9)
    heavy = vrp.Problem.from_arrays(coords=np.eye(3, 2), demand=[5, 50], capacity=9)
    fiji = vrp.Problem.from_latlon([-17.0, -17.1, -17.2], [179.9, -179.9, 179.8], demand=[5, 5], capacity=9)
    two = vrp.Problem.from_arrays(
        coords=[[9, 9], [0, 0], [3, 4]], num_depots=2, demand=[1], vehicles={"start_depot": 1, "end_depot": 1}
    )
    for problem in (point, heavy, fiji, two):
        batch = env.encode([problem])
        assert 0 <= float(batch.coords.min()) <= float(batch.coords.max()) <= 1
        for _, plan, cost in plans([problem], batch, rollouts=2):
            assert {v.kind for v in vrp.check(problem, plan)} <= {"unserved"}
            assert math.isfinite(cost)
    assert next(plans([two], env.encode([two])))[1].cost == pytest.approx(10.0)
    flat, round_earth = env.distances(env.encode([fiji]))[0].numpy(), fiji.matrices()[0]
    assert flat[0] / flat[0, 1] == pytest.approx(round_earth[0] / round_earth[0, 1], rel=1e-3)


def test_context_tells_how_much_is_left() -> None:
    """Room, goods and stops that are left after each choice, counted by hand; the same beside a larger problem."""
    coords = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0]])
    small = vrp.Problem.from_arrays(coords=coords, demand=[4.0, 3.0, 5.0], capacity=8)
    for batch in (env.encode([small]), env.encode([small, cvrp(np.random.default_rng(0), 9)])):
        state = env.begin(batch, torch.ones(batch.size, 1, dtype=torch.int64))
        told = [env.context(batch, state)[0, 0]]
        for choice in (2, 0):
            state = env.step(batch, state, torch.full((batch.size, 1), choice))
            told.append(env.context(batch, state)[0, 0])
        expected = [[4 / 8, 8 / 8, 2 / 4], [1 / 8, 5 / 8, 1 / 4], [1.0, 5 / 8, 1 / 4]]
        assert torch.allclose(torch.stack(told), torch.tensor(expected))
