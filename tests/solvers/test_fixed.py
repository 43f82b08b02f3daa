"""Stops that are fixed as the first ones of a vehicle stay there, whatever the search and the start do."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from vrp import Problem, Solution, VehicleType, solve
from vrp.check import check, evaluate
from vrp.deadline import Deadline
from vrp.errors import ProblemError
from vrp.solution import Route
from vrp.solvers import make


def started_day(rng: np.random.Generator, n: int, types: int = 3, **fields: object) -> Problem:
    """Vans of which some have already begun: with fixed stops that they can serve in their shift."""
    coords = rng.integers(0, 60, (n + 1, 2)).astype(float)
    stops = rng.permutation(np.arange(1, n + 1)).tolist()
    begun = [int(rng.integers(0, 3)) for _ in range(types)]
    prefixes = [tuple(stops.pop() for _ in range(min(k, len(stops)))) for k in begun]
    late = rng.uniform(400, 900, n)
    vans = [
        VehicleType(
            count=1 if fixed else None,
            capacity=(20.0,),
            fixed_cost=5.0 * k,
            distance_cost=1.0 + 0.2 * k,
            prefix=fixed,
        )
        for k, fixed in enumerate(prefixes)
    ]
    allowed = rng.random((types, n)) < 0.8
    for k, fixed in enumerate(prefixes):
        allowed[k, np.array(fixed, np.int64) - 1] = True
    given = {"coords": coords, "demand": rng.integers(1, 6, n), "vehicles": vans, "allowed": allowed}
    return Problem.from_arrays(**given | {"time_windows": np.column_stack([np.zeros(n), late])} | fields)


def run(problem: Problem, iterations: int, seed: int = 0, start: Solution | None = None) -> Solution:
    return make("search").solve(problem, Deadline(max_iterations=iterations), np.random.default_rng(seed), start)


def kept(problem: Problem, plan: Solution) -> None:
    assert [str(v) for v in check(problem, plan) if v.kind != "unserved"] == []
    assert plan.stats.trace[-1][1] == pytest.approx(plan.cost, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_random_days(seed: int) -> None:
    """Every plan begins as it must, and costs what the search thought; a third of them come from a population."""
    rng = np.random.default_rng(seed)
    for case in range(40):
        problem = started_day(rng, int(rng.integers(2, 25)))
        kept(problem, run(problem, 100 * problem.num_clients if problem.num_clients < 12 else 300, case))


@pytest.mark.parametrize("seed", range(6))
def test_starts_are_mended(seed: int) -> None:
    """A plan that has the fixed stops elsewhere, or its vehicle not at all, is a start all the same."""
    rng = np.random.default_rng(50 + seed)
    for case in range(20):
        problem = started_day(rng, int(rng.integers(4, 20)))
        stops = rng.permutation(np.arange(1, problem.num_locations))
        cuts = np.split(stops, np.sort(rng.integers(0, len(stops), 2)))
        start = evaluate(problem, [Route(k, 0, 0, tuple(part.tolist())) for k, part in enumerate(cuts)])
        kept(problem, run(problem, 5, case, start))


@pytest.mark.parametrize("seed", range(8))
def test_brute_force(seed: int) -> None:
    """On tiny problems the plan is as good as the best of all that begin as they must."""
    rng = np.random.default_rng(100 + seed)
    problem = started_day(rng, 5, types=2, preference=rng.uniform(-5, 5, (2, 5)))
    problem = problem.replace(vehicles=[replace(v, count=1) for v in problem.vehicles])
    plan = run(problem, 2000)
    kept(problem, plan)
    best = math.inf
    for order in itertools.permutations(range(1, 6)):
        for cut in range(6):
            found = evaluate(problem, [Route(0, 0, 0, order[:cut]), Route(1, 0, 0, order[cut:])])
            if found.cost < best and not check(problem, found):
                best = found.cost
    if best < math.inf:
        assert plan.cost == pytest.approx(best)
    else:
        assert plan.unserved != ()


def test_nothing_else_to_do() -> None:
    """A vehicle whose every stop is fixed drives just these."""
    problem = started_day(np.random.default_rng(1), 2)
    vans = [replace(v, count=1, prefix=(2, 1) if k == 0 else ()) for k, v in enumerate(problem.vehicles)]
    problem = problem.replace(vehicles=vans, allowed=[[True, True], [True, False], [True, True]])
    assert [r.visits for r in run(problem, 50).routes] == [(2, 1)]


@pytest.mark.parametrize(
    ("van", "fields", "words"),
    [
        (VehicleType(count=1, prefix=(2, 1)), {"time_windows": [[0, 2], [0, 9]]}, "after its window ends"),
        (VehicleType(count=1, prefix=(2, 1), capacity=(3.0,)), {"demand": [2, 2]}, "above its capacity"),
        (VehicleType(count=1, prefix=(2,)), {"allowed": [[True, False]]}, "not allowed"),
        (VehicleType(count=1, prefix=(2, 1)), {"shipments": [[1, 2]]}, "before it is picked up"),
        (VehicleType(count=1, prefix=(2,)), {"shipments": [[1, 2]]}, "but not at stop 1"),
    ],
)
def test_contradictions(van: VehicleType, fields: dict[str, object], words: str) -> None:
    """Fixed stops that break a rule by themselves are an error that says which."""
    problem = Problem.from_arrays(coords=[[0, 0], [1, 0], [2, 0]], vehicles=[van], **fields)
    with pytest.raises(ProblemError, match="prefix") as raised:
        solve(problem, max_iterations=10)
    assert words in str(raised.value)


def test_goods_on_board_are_refused_by_name() -> None:
    """A fixed pickup whose delivery is still free is not modelled."""
    van = VehicleType(count=1, prefix=(1,))
    problem = Problem.from_arrays(coords=[[0, 0], [1, 0], [2, 0]], vehicles=[van], shipments=[[1, 2]])
    assert make("search").supports(problem) == ["fixed pickups whose deliveries are not fixed"]
