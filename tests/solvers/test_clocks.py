"""Everything about the clock, in any mixture, against brute force and the checker."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from vrp import Break, Problem, VehicleType
from vrp.check import check, evaluate
from vrp.deadline import Deadline
from vrp.solution import Route, Solution
from vrp.solvers import make
from vrp.solvers.search.gaps import Timeline
from vrp.solvers.search.hours import Hours
from vrp.solvers.search.model import build

# All problems share one kind of network (matrices), of loads (one) and of vehicles (equal but for their hours).


def random_problem(rng: np.random.Generator, n: int, features: set[str], depots: int = 1) -> Problem:
    """A random problem with some of the features of time; not every stop can be served in each."""
    size = depots + n
    coords = rng.integers(0, 60, (size, 2)).astype(float)
    # Several stops at the same place, and some at the depot: nothing is set up twice there.
    for i in np.flatnonzero(rng.random(size) < 0.3):
        coords[i] = coords[rng.integers(size)]
    distance = np.sqrt(((coords[:, None] - coords[None]) ** 2).sum(-1)) * rng.uniform(0.8, 1.3, (size, size))
    np.fill_diagonal(distance, 0.0)
    early = rng.uniform(0, 200, n) * (rng.random(n) < 0.7)
    windows = np.stack([early, np.where(rng.random(n) < 0.8, early + rng.uniform(20, 200, n), math.inf)], axis=1)
    windows = several_windows(rng, n) if "several" in features else windows[:, None]
    breaks: tuple[Break, ...] = ()
    if "breaks" in features:
        times = np.sort(rng.integers(0, 300, 2 * rng.integers(1, 4))).astype(float).reshape(-1, 2)
        breaks = tuple(Break(a, min(b, a + 60)) for a, b in times)
    opens = rng.uniform(0, 40, depots) if "depot windows" in features else np.zeros(depots)
    closes = rng.uniform(250, 500, depots) if "depot windows" in features else np.full(depots, math.inf)
    shift = (float(rng.uniform(0, 30)), float(rng.uniform(250, 400))) if "shift" in features else (0.0, math.inf)
    vehicles = [
        VehicleType(
            capacity=(float(rng.integers(6, 20)),),
            start_depot=k,
            end_depot=None if "open" in features and k == 0 else int(rng.integers(depots)),
            shift=shift,
            breaks=breaks,
            fixed_cost=float(rng.integers(0, 30)),
            distance_cost=1.0,
            duration_cost=0.5 if "paid" in features else 0.0,
            max_duration=float(rng.uniform(120, 250)) if "limit" in features else math.inf,
            nominal_duration=float(rng.uniform(40, 150)) if "overtime" in features else math.inf,
            overtime_cost=1.5 if "overtime" in features else 0.0,
        )
        for k in range(depots)
    ]
    return Problem.from_arrays(
        distance=distance,
        duration=distance * rng.uniform(0.7, 1.5, distance.shape),
        num_depots=depots,
        demand=rng.integers(1, 5, n),
        service=rng.uniform(0, 15, n),
        setup=rng.uniform(0, 10, n) * (rng.random(n) < 0.5) if "setup" in features else None,
        release=rng.uniform(0, 150, n) * (rng.random(n) < 0.5) if "release" in features else None,
        prize=np.where(rng.random(n) < 0.5, rng.uniform(10, 150, n), math.inf) if "prizes" in features else None,
        time_windows=windows,
        lateness_cost=np.where(rng.random(n) < 0.6, rng.uniform(0, 3, n), math.inf) if "soft" in features else None,
        depot_windows=np.stack([opens, closes], axis=1),
        vehicles=vehicles,
    )


def whole(problem: Problem) -> Problem:
    """The same in whole seconds, so that many things happen at the same moment."""
    names = ("distance", "duration", "service", "setup", "release", "time_windows", "depot_windows")
    numbers = ("max_duration", "nominal_duration")
    vehicles = [
        replace(
            v, shift=(round(v.shift[0]), np.round(v.shift[1])), **{f: float(np.round(getattr(v, f))) for f in numbers}
        )
        for v in problem.vehicles
    ]
    return problem.replace(vehicles=vehicles, **{f: np.round(getattr(problem, f)) for f in names})


def several_windows(rng: np.random.Generator, n: int) -> np.ndarray:
    """Up to three windows of each stop."""
    windows = np.full((n, 3, 2), math.inf)
    for c in range(n):
        count = int(rng.integers(1, 4))
        windows[c, :count] = np.sort(rng.uniform(0, 300, 2 * count)).reshape(-1, 2)
    return windows


def run(problem: Problem, iterations: int, seed: int = 0) -> Solution:
    return make("search").solve(problem, Deadline(max_iterations=iterations), np.random.default_rng(seed))


def proven(problem: Problem, plan: Solution) -> None:
    """Nothing but unserved stops is wrong, and the search saw the same cost as the checker."""
    assert [str(v) for v in check(problem, plan) if v.kind != "unserved"] == []
    assert plan.stats.trace[-1][1] == pytest.approx(plan.cost, rel=1e-6, abs=1e-5)


def best_cost(problem: Problem) -> tuple[int, float]:
    """Fewest required stops left out, then the least cost, over all plans: the best order of each set of stops."""
    clients = range(problem.num_depots, problem.num_locations)
    price: dict[frozenset[int], float] = {}
    for size in range(1, problem.num_clients + 1):
        for group in itertools.combinations(clients, size):
            for k, v in enumerate(problem.vehicles):
                for order in itertools.permutations(group):
                    plan = evaluate(problem, [Route(k, v.start_depot, v.end_depot, order)])
                    cost = plan.routes[0].cost
                    if cost < price.get(frozenset(group), math.inf) and all(
                        w.kind == "unserved" for w in check(problem, plan)
                    ):
                        price[frozenset(group)] = cost
    best: dict[frozenset[int], tuple[int, float]] = {frozenset(): (0, 0.0)}
    for size in range(1, problem.num_clients + 1):
        for group in map(frozenset, itertools.combinations(clients, size)):
            first = min(group)
            prize = float(problem.prize[first - problem.num_depots])
            out, spent = best[group - {first}]
            options = [(out + 1, spent) if math.isinf(prize) else (out, spent + prize)]
            for part in (p for p in price if first in p and p <= group):
                out, spent = best[group - part]
                options.append((out, spent + price[part]))
            best[group] = min(options)
    return best[frozenset(clients)]


HOURS = ("release", "setup", "overtime")
OTHERS = ("depot windows", "shift", "open", "paid", "limit", "prizes")


@pytest.mark.parametrize("seed", range(4))
def test_hours_of_random_problems(seed: int) -> None:
    """With releases, setups and overtime every plan is feasible and costs what the search thought."""
    rng = np.random.default_rng(seed)
    for case in range(60):
        features = {f for f in HOURS if rng.random() < 0.6} or {"setup"}
        features |= {f for f in OTHERS if rng.random() < 0.35}
        problem = random_problem(rng, int(rng.integers(1, 30)), features, depots=1 + case % 2)
        assert isinstance(build(problem, 1).times, Hours)
        proven(problem, run(problem, 400, case))


@pytest.mark.parametrize("seed", range(8))
def test_hours_are_those_of_the_best_plan(seed: int) -> None:
    """On tiny problems the plan is as good as the best of all plans."""
    rng = np.random.default_rng(100 + seed)
    optimal(random_problem(rng, 5, set(HOURS) | {f for f in OTHERS if rng.random() < 0.5}))


def optimal(problem: Problem) -> None:
    """The plan of the search is as good as the best of all plans."""
    plan = run(problem, 2000)
    proven(problem, plan)
    required, cost = best_cost(problem)
    assert sum(u.required for u in plan.unserved) == required
    assert plan.cost == pytest.approx(cost, rel=1e-6)


GAPS = ("several", "soft", "breaks")


@pytest.mark.parametrize("seed", range(6))
def test_gaps_of_random_problems(seed: int) -> None:
    """With breaks, several windows and soft ones every plan is feasible and costs what the search thought."""
    rng = np.random.default_rng(200 + seed)
    for case in range(50):
        features = {f for f in GAPS if rng.random() < 0.6} or {"breaks"}
        features |= {f for f in (*HOURS, *OTHERS) if rng.random() < 0.35}
        problem = random_problem(rng, int(rng.integers(3, 25)), features, depots=1 + case % 2)
        problem = whole(problem) if case % 3 else problem
        if isinstance(build(problem, 1).times, Timeline):
            proven(problem, run(problem, 300, case))


@pytest.mark.parametrize("seed", range(3))
def test_gaps_of_shipments(seed: int) -> None:
    """Pairs of stops, too, are put where the clock allows it, and cost what the search thought."""
    rng = np.random.default_rng(400 + seed)
    for case in range(30):
        features = {f for f in (*GAPS, *HOURS, *OTHERS) if rng.random() < 0.5} - {"prizes"} | {"breaks"}
        n = int(rng.integers(4, 20))
        ends = rng.permutation(n)[: n // 2 * 2].reshape(-1, 2)
        problem = random_problem(rng, n, features, depots=1 + case % 2)
        problem = whole(problem).replace(
            shipments=ends + problem.num_depots,
            shipment_load=np.ones((len(ends), 1)),
            delivery=problem.delivery * ~np.isin(np.arange(n), ends)[:, None],
        )
        proven(problem, run(problem, 200, case))


@pytest.mark.parametrize("seed", range(9))
def test_gaps_are_those_of_the_best_plan(seed: int) -> None:
    """On tiny problems the plan is as good as the best of all plans, each with its best start."""
    rng = np.random.default_rng(300 + seed)
    features = {"paid", *rng.choice(GAPS, 2, replace=False)} | {f for f in (*HOURS, *OTHERS) if rng.random() < 0.4}
    optimal(whole(random_problem(rng, 4, features)))


def test_depots_that_close_early_and_open_late() -> None:
    """A vehicle leaves before its depot closes, even where it must wait then, and waits for the other depot to open."""
    table = np.array([[0, 5, 10], [5, 0, 10], [10, 10, 0]], float)
    car = VehicleType(start_depot=0, end_depot=1, distance_cost=1.0, duration_cost=1.0)
    given = {"distance": table, "duration": table, "num_depots": 2, "vehicles": [car]}
    early = Problem.from_arrays(**given, time_windows=[[100, 200]], depot_windows=[[0, 40], [0, 500]])
    late = Problem.from_arrays(**given, depot_windows=[[0, 40], [300, 500]])
    never = Problem.from_arrays(**given, depot_windows=[[0, 40], [0, 5]])
    for problem, cost in ((early, 20 + 70), (late, 20 + 260)):
        plan = run(problem, 20)
        proven(problem, plan)
        assert plan.cost == pytest.approx(cost)
    assert run(never, 20).routes == ()
