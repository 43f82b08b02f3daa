"""The search keeps every constraint it says it supports, counts money as the checker does, and finds optimal plans."""

import itertools
import math

import numpy as np
import pytest

from vrp import Problem, Scenarios, VehicleType
from vrp.check import check, evaluate
from vrp.deadline import Deadline
from vrp.errors import OptionError
from vrp.solution import Route, Solution
from vrp.solvers import Event, make
from vrp.solvers.search import kernels
from vrp.solvers.search.model import build
from vrp.solvers.search.neighbours import neighbours
from vrp.solvers.search.population import adopt, cross, elite, shape
from vrp.solvers.search.routes import load_routes, routes
from vrp.solvers.search.warmth import warm_up

# Features that choose the kernel, a compilation each; the others may come in any mixture.
KERNELS = (
    set(),
    {"asymmetric"},
    {"windows", "service", "nearest", "depots"},
    {"asymmetric", "duration", "windows", "service", "loads", "mixed", "duration_cost", "max_distance", "open"},
    {"profiles", "duration", "allowed", "shift", "open", "max_duration", "preference"},
)
OTHERS = ("fixed", "count", "prizes", "initial_load", "depots", "depot_windows")


def random_problem(rng: np.random.Generator, n: int, features: set[str]) -> Problem:
    """A random problem that uses the given features, not necessarily one where every stop can be served."""
    depots = int(rng.integers(2, 4)) if "depots" in features else 1
    size = depots + n
    coords = rng.integers(0, 100, (size, 2)).astype(float)
    given: dict[str, object] = {"coords": coords, "num_depots": depots}
    base = np.sqrt(((coords[:, None] - coords[None]) ** 2).sum(-1))
    if {"matrix", "asymmetric", "duration", "profiles"} & features:
        if "asymmetric" in features:
            base = base * rng.uniform(0.8, 1.3, base.shape)
        given["distance"] = np.stack([base, 1.2 * base]) if "profiles" in features else base
        if "duration" in features:
            seconds = base * rng.uniform(0.5, 2.0, base.shape)
            given["duration"] = np.stack([seconds, 0.7 * seconds]) if "profiles" in features else seconds
    elif "nearest" in features:
        given["rounding"] = "nearest"
    loads = 2 if "loads" in features else 1
    given["demand"] = rng.integers(1, 10, (n, loads)).astype(float)
    if "windows" in features:
        early = rng.uniform(0, 300, n)
        given["time_windows"] = np.stack([early, early + rng.uniform(20, 200, n)], axis=1)
    if "service" in features:
        given["service"] = rng.uniform(0, 20, n)
    if "prizes" in features:
        given["prize"] = np.where(rng.random(n) < 0.5, rng.uniform(0, 80, n), math.inf)
    if "depot_windows" in features:
        given["depot_windows"] = np.stack([rng.uniform(0, 50, depots), rng.uniform(400, 800, depots)], axis=1)
    kinds = int(rng.integers(2, 4)) if {"mixed", "profiles"} & features else 1
    vehicles = []
    for k in range(max(kinds, depots)):
        start = k % depots
        vehicles.append(
            VehicleType(
                count=int(rng.integers(1, 4)) if "count" in features else None,
                capacity=tuple(rng.integers(15, 30, loads).astype(float)),
                start_depot=start,
                end_depot=None if "open" in features and k % 2 == 0 else (start + k // depots) % depots,
                shift=(0.0, 600.0) if "shift" in features else (0.0, math.inf),
                initial_load=(3.0,) * loads if "initial_load" in features else (),
                max_distance=250.0 if "max_distance" in features else math.inf,
                max_duration=350.0 if "max_duration" in features else math.inf,
                max_stops=4 if "max_stops" in features else None,
                fixed_cost=float(rng.integers(0, 50)) if "fixed" in features else 0.0,
                distance_cost=float(rng.uniform(0.5, 2)) if "mixed" in features else None,
                duration_cost=float(rng.uniform(0.1, 1)) if "duration_cost" in features else None,
                profile=k % 2 if "profiles" in features else 0,
            )
        )
    given["vehicles"] = vehicles
    if "allowed" in features:
        given["allowed"] = rng.random((len(vehicles), n)) < 0.7
    if "preference" in features:
        given["preference"] = rng.uniform(-5, 5, (len(vehicles), n))
    return Problem(**{k: tuple(v) if k == "vehicles" else v for k, v in _shaped(given, n).items()})


def _shaped(given: dict[str, object], n: int) -> dict[str, object]:
    out = dict(given)
    out["delivery"] = out.pop("demand")
    for name in ("distance", "duration"):
        if name in out:
            matrix = np.array(out[name])
            matrix = matrix if matrix.ndim == 3 else matrix[None]
            matrix[:, np.arange(matrix.shape[1]), np.arange(matrix.shape[1])] = 0
            out[name] = matrix
    if "time_windows" in out:
        out["time_windows"] = np.array(out["time_windows"])[:, None, :]
    return out


def run(problem: Problem, iterations: int = 300, seed: int = 0, **options: object) -> Solution:
    return make("search", **options).solve(problem, Deadline(max_iterations=iterations), np.random.default_rng(seed))


def proven(problem: Problem, solution: Solution) -> None:
    """Nothing but unserved stops is wrong, and the search saw the same cost as the checker."""
    wrong = [str(v) for v in check(problem, solution) if v.kind != "unserved"]
    assert wrong == []
    assert solution.stats.trace[-1][1] == pytest.approx(solution.cost, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("kernel", range(len(KERNELS)))
def test_random_problems(kernel: int) -> None:
    """On random mixtures of features every plan is feasible and costs what the search thought."""
    rng = np.random.default_rng(kernel)
    for _ in range(60):
        others = {f for f in OTHERS if rng.random() < 0.35} - ({"depot_windows"} if kernel < 2 else set())
        n = int(rng.integers(2, 25))
        problem = random_problem(rng, n, KERNELS[kernel] | others)
        # A third of them get enough iterations for a population.
        proven(problem, run(problem, 100 * n if n < 10 else 300))


@pytest.mark.parametrize("seed", range(12))
def test_brute_force(seed: int) -> None:
    """On tiny problems the plan is as good as the best of all partitions, orders and vehicles."""
    rng = np.random.default_rng(1000 + seed)
    chosen = [set(), {"asymmetric"}, {"windows", "service", "nearest"}, {"prizes"}, {"depots"}, KERNELS[3] | {"fixed"}]
    problem = random_problem(rng, 5, chosen[seed % len(chosen)])
    found = run(problem, 2000)
    proven(problem, found)
    required, cost = _best(problem)
    assert sum(u.required for u in found.unserved) == required
    assert found.cost == pytest.approx(cost, rel=1e-6)


def _best(problem: Problem) -> tuple[int, float]:
    """Fewest required stops left out, then the least cost, over every plan; each set of stops is routed on its own."""
    clients = range(problem.num_depots, problem.num_locations)
    price: dict[frozenset[int], float] = {frozenset(): 0.0}
    nobody = evaluate(problem, [])
    for size in range(1, problem.num_clients + 1):
        for group in itertools.combinations(clients, size):
            costs = []
            for k, v in enumerate(problem.vehicles):
                for order in itertools.permutations(group):
                    plan = evaluate(problem, [Route(k, v.start_depot, v.end_depot, order)])
                    if all(w.kind == "unserved" for w in check(problem, plan)):
                        costs.append(plan.cost_table["total"] if "total" in plan.cost_table else plan.routes[0].cost)
            if costs:
                price[frozenset(group)] = min(costs)

    def missed(left: frozenset[int]) -> tuple[int, float]:
        prizes = [float(problem.prize[c - problem.num_depots]) for c in left]
        return sum(math.isinf(p) for p in prizes), sum(p for p in prizes if math.isfinite(p))

    best = missed(frozenset(clients))
    assert nobody.cost == pytest.approx(best[1])

    def extend(left: frozenset[int], spent: float) -> None:
        nonlocal best
        out, prizes = missed(left)
        best = min(best, (out, spent + prizes))
        if not left:
            return
        first = min(left)
        for group, cost in price.items():
            if first in group and group <= left:
                extend(left - group, spent + cost)
        rest = left - {first}
        skipped = missed(frozenset({first}))
        _skip(rest, spent, skipped)

    def _skip(left: frozenset[int], spent: float, skipped: tuple[int, float]) -> None:
        nonlocal best
        for size in range(len(left) + 1):
            for served in itertools.combinations(left, size):
                for parts in _partitions(frozenset(served)):
                    if all(p in price for p in parts):
                        out, prizes = missed(left - frozenset(served))
                        total = spent + sum(price[p] for p in parts) + prizes + skipped[1]
                        best = min(best, (out + skipped[0], total))

    extend(frozenset(clients), 0.0)
    return best


def _partitions(items: frozenset[int]) -> list[list[frozenset[int]]]:
    if not items:
        return [[]]
    first = min(items)
    rest = sorted(items - {first})
    found = []
    for size in range(len(rest) + 1):
        for others in itertools.combinations(rest, size):
            group = frozenset({first, *others})
            found += [[group, *p] for p in _partitions(items - group)]
    return found


def uniform(n: int, seed: int = 0) -> Problem:
    rng = np.random.default_rng(seed)
    return Problem.from_arrays(coords=rng.random((n + 1, 2)), demand=rng.integers(1, 10, n), capacity=30)


def test_same_seed_same_answer() -> None:
    """With one thread, a seed and a number of iterations the answer is identical."""
    problem = uniform(60)
    first, second = run(problem, 3000, seed=7), run(problem, 3000, seed=7)
    assert [r.visits for r in first.routes] == [r.visits for r in second.routes]
    assert first.cost == second.cost
    assert first.stats.iterations == second.stats.iterations == 3000


def test_start_is_not_lost() -> None:
    """A plan that is given is where the search begins: the answer is never worse."""
    problem = uniform(60)
    good = run(problem, 20000)
    again = run(problem, 1, seed=3)
    warm = make("search").solve(problem, Deadline(max_iterations=1), np.random.default_rng(3), start=good)
    assert warm.cost <= good.cost + 1e-9 < again.cost


def test_progress_can_stop_it() -> None:
    """`on_progress` is told what the best plan costs, and stops the search by returning False."""
    told: list[Event] = []

    def stop(event: Event) -> bool:
        told.append(event)
        return False

    deadline = Deadline(time_limit=20.0)
    plan = make("search").solve(uniform(50), deadline, np.random.default_rng(0), progress=stop)
    assert len(told) == 1
    assert deadline.elapsed() < 15
    assert plan.cost <= told[0].cost + 1e-9


@pytest.mark.parametrize("limits", [{}, {"max_distance": 170.0, "max_duration": 170.0, "duration_cost": 0.5}])
def test_ways_past_a_stop_may_be_longer(limits: dict[str, float]) -> None:
    """Where matrices break the triangle inequality, taking a stop out may break a limit; no plan ever does."""
    for seed in range(50):
        rng = np.random.default_rng(seed)
        n = 15
        distance, duration = rng.integers(1, 100, (2, n + 1, n + 1)).astype(float) ** 2 / 50
        for table in (distance, duration):
            np.fill_diagonal(table, 0.0)
        early = rng.integers(0, 150, n).astype(float)
        loads = 2 if limits else 1
        fleet = [VehicleType(capacity=(6.0,) * loads, distance_cost=price, **limits) for price in range(1, 1 + loads)]
        problem = Problem.from_arrays(
            distance=distance,
            duration=duration,
            demand=np.ones((n, loads)),
            time_windows=np.column_stack([early, early + rng.integers(20, 120, n)]),
            vehicles=fleet,
        )
        plan = run(problem, 6000, seed=seed)
        assert [v for v in check(problem, plan) if v.kind != "unserved"] == []


def test_children_of_plans_lose_nobody() -> None:
    """A child keeps each client once, in a route of the second parent, of the first, or among those to put back."""
    for seed in range(30):
        rng = np.random.default_rng(seed)
        problem = random_problem(rng, int(rng.integers(4, 40)), KERNELS[3] | {"count", "prizes"})
        model = build(problem, seed)
        warm_up(model)
        near = neighbours(model.net, model.times, model.loads, model.clients, 10)
        parents = []
        for _ in range(2):
            found = evaluate(problem, run(problem, 30, seed=int(rng.integers(1000))).routes)
            other = build(problem, seed)
            load_routes(other, found.routes)
            kernels.rebuild(*other.state(), other.required)
            other.take_as_best()
            parents.append((elite(other), {frozenset(r.visits) for r in found.routes}))
        left = cross(model, near, parents[0][0], parents[1][0], rng)
        kernels.rebuild(*model.state(), model.required)
        model.take_as_best()
        child = routes(problem, model)
        visits = [c for r in child for c in r.visits]
        assert sorted([*visits, *left.tolist()]) == model.clients.tolist()
        second = [r for r in child if frozenset(r.visits) in parents[1][1]]
        first = [r for r in child if r not in second]
        assert all(any(set(r.visits) <= known for known in parents[0][1]) for r in first)
        adopt(model, parents[0][0])
        kernels.rebuild(*model.state(), model.required)
        model.take_as_best()
        assert {frozenset(r.visits) for r in routes(problem, model)} == parents[0][1]


def test_population_is_worth_its_name() -> None:
    """With enough iterations plans are bred, and the answer is the same for the same seed."""
    problem = uniform(20)
    assert shape(20000, 20).plans > 1
    assert shape(1000, 20).plans == 1
    first, second = run(problem, 20000, seed=5), run(problem, 20000, seed=5)
    assert [r.visits for r in first.routes] == [r.visits for r in second.routes]
    assert first.stats.iterations == 20000
    assert first.cost <= min(run(problem, 1000, seed=s).cost for s in range(3)) + 1e-9


def test_fleet_too_small_serves_as_many_as_fit() -> None:
    """With room for 30 of 40 equal parcels 30 are served, and the other 10 are named."""
    rng = np.random.default_rng(2)
    problem = Problem.from_arrays(
        coords=rng.random((41, 2)), demand=np.ones(40), vehicles=[VehicleType(count=3, capacity=(10.0,))]
    )
    plan = run(problem, 3000)
    assert len(plan.unserved) == 10
    proven(problem, plan)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_tiny(n: int) -> None:
    """One, two and three stops are served."""
    problem = uniform(n)
    plan = run(problem, 10)
    assert plan.unserved == ()
    proven(problem, plan)


def test_duplicates_and_a_single_place() -> None:
    """Stops at one and the same place cost nothing beyond the way there."""
    problem = Problem.from_arrays(coords=[[0, 0]] + [[3, 4]] * 60, demand=np.ones(60), capacity=60)
    assert run(problem, 200).cost == pytest.approx(10.0)


def test_unsupported_features_are_named() -> None:
    """What the search cannot honour it names."""
    problem = Problem.from_arrays(
        coords=np.zeros((3, 2)),
        demand=[1, 0],
        scenarios=Scenarios(service=np.zeros((1, 2))),
        release=[0, 5],
        capacity=9,
    )
    assert make("search").supports(problem) == ["scenarios"]


def test_large_sphere_costs_as_the_problem_says() -> None:
    """Latitudes and longitudes beyond the size of a matrix are summed up as `Problem.legs` does, open routes too."""
    rng = np.random.default_rng(5)
    coords = np.column_stack([rng.uniform(60.1, 60.3, 2101), rng.uniform(24.7, 25.1, 2101)])
    for end in (0, None):
        problem = Problem.from_arrays(
            coords=coords, crs="latlon", demand=np.ones(2100), vehicles=[VehicleType(capacity=(50.0,), end_depot=end)]
        )
        proven(problem, run(problem, 200))


def test_same_vehicles_by_other_names() -> None:
    """Vehicle types that differ in name alone are all used, each at most as often as there are vehicles."""
    coords = [[0, 0], [10, 0], [0, 10], [-10, 0], [0, -10]]
    vans = [VehicleType(count=1, capacity=(1.0,), name=name) for name in "abcd"]
    plan = run(Problem.from_arrays(coords=coords, demand=np.ones(4), vehicles=vans), 50)
    assert sorted(r.vehicle_type for r in plan.routes) == [0, 1, 2, 3]
    assert plan.cost == pytest.approx(80.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"neighbours": 0}, "'neighbours' .* is 0, but must be a whole number from 1 to 1e9"),
        ({"neighbours": 2.5}, "'neighbours' .* is 2.5"),
        ({"neighbours": 10**10}, "'neighbours' .* is 10000000000, but must be a whole number from 1 to 1e9"),
        ({"removal": "ten"}, "'removal' .* is 'ten'"),
        ({"removal": 1.1e9}, "'removal' .* is 1100000000.0, but must be a number from 1 to 1e9"),
        ({"heat": math.nan}, "'heat' .* is nan"),
        ({"heat": math.inf}, "'heat' .* is inf, but must be a number from 1e-09 to 1e9"),
        ({"heat": 1, "cold": 100}, "`cold` is 100 and `heat` is 1"),
    ],
)
def test_options_out_of_range(options: dict[str, object], message: str) -> None:
    """An option that means nothing is an error that names it and both limits; temperatures cannot rise."""
    with pytest.raises(OptionError, match=message):
        make("search", **options)


def test_error_in_progress_reaches_the_caller() -> None:
    """What `on_progress` raises is raised, from several threads too, and at once."""

    def fail(event: Event) -> bool:
        raise RuntimeError("no")

    deadline = Deadline(time_limit=30.0)
    with pytest.raises(RuntimeError, match="no"):
        make("search", threads=2).solve(uniform(50), deadline, np.random.default_rng(0), progress=fail)
    assert deadline.elapsed() < 15
