"""The policy behind `vrp.solve`: any units, all ways of decoding, refusals, deadlines."""

import time

import numpy as np
import pytest

import vrp
from tests.solvers.policy.conftest import cvrp, tour
from vrp.errors import OptionError, UnsupportedError

torch = pytest.importorskip("torch")

from vrp.solvers.policy import solver  # noqa: E402
from vrp.solvers.policy.pomo import Shape, seeded  # noqa: E402
from vrp.solvers.policy.weights import Trained, save_pretrained  # noqa: E402


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Untrained weights that prefer near stops, for each kind."""
    policy = seeded(Shape(width=32, heads=4, hidden=32, layers=1), seed=0)
    with torch.no_grad():
        policy.pointer.nearness.fill_(0.3)
    found = {}
    for kind in ("cvrp", "tsp"):
        found[kind] = str(tmp_path_factory.mktemp(kind))
        save_pretrained(Trained(policy, kind, (5, 20), {}), found[kind])
    return found


def solve(problem: vrp.Problem, folder: str, solver: str = "policy", **options: object) -> vrp.Solution:
    limits = {key: options.pop(key) for key in ("time_limit", "max_iterations", "on_progress") if key in options}
    limits = limits or {"time_limit": 60}
    plan = vrp.solve(problem, solver=solver, seed=1, threads=1, options={"weights": folder, **options}, **limits)
    assert vrp.check(problem, plan) == []
    return plan


@pytest.mark.parametrize("decode", ["greedy", "multistart", "sampling", "beam", "active_search"])
@pytest.mark.parametrize("kind", ["cvrp", "tsp"])
def test_every_way_of_decoding(folders: dict[str, str], decode: str, kind: str) -> None:
    """Complete plans that check clean, the same for the same seed; more rollouts are no worse."""
    problem = {"cvrp": cvrp, "tsp": tour}[kind](np.random.default_rng(2), 15)
    rounds = {"rounds": 5} if decode == "active_search" else {}
    plan = solve(problem, folders[kind], decode=decode, **rounds)
    assert plan.status is vrp.Status.COMPLETE
    assert plan.stats.solver == "policy"
    assert plan.cost == solve(problem, folders[kind], decode=decode, **rounds).cost
    if decode == "multistart":
        assert plan.cost <= solve(problem, folders[kind], decode=decode, augment=1).cost
        assert plan.cost < solve(problem, folders[kind], decode="greedy").cost


def test_own_units(folders: dict[str, str]) -> None:
    """Metres, degrees, rounded legs, decimal demands, a distance price: the plan has the cost that `check` computes."""
    rng = np.random.default_rng(5)
    problem = cvrp(rng, 12)
    half = problem.replace(coords=problem.coords / 2)
    assert solve(half, folders["cvrp"]).cost == pytest.approx(solve(problem, folders["cvrp"]).cost / 2)
    rounded = problem.replace(rounding="nearest")
    assert solve(rounded, folders["cvrp"]).cost == round(solve(rounded, folders["cvrp"]).cost)
    here = vrp.Problem.from_latlon(
        60 + rng.random(9), 24 + rng.random(9), demand=rng.random(8), vehicles={"capacity": 2.0, "distance_cost": 3.0}
    )
    plan = solve(here, folders["cvrp"])
    assert plan.cost == pytest.approx(3.0 * sum(r.distance for r in plan.routes))


def test_limited_fleet_leaves_out_what_it_must(folders: dict[str, str]) -> None:
    """One vehicle too few: a partial plan that says so, not a broken one."""
    vehicles = {"count": 1, "capacity": 10}
    problem = vrp.Problem.from_arrays(coords=np.random.default_rng(0).random((6, 2)), demand=[4] * 5, vehicles=vehicles)
    plan = vrp.solve(problem, solver="policy", options={"weights": folders["cvrp"]})
    assert plan.status is vrp.Status.PARTIAL
    assert {v.kind for v in vrp.check(problem, plan)} == {"unserved"}
    assert len(plan.unserved) == 3


def test_what_it_was_not_made_for_is_named(folders: dict[str, str]) -> None:
    """Features without a rule, kinds without weights, weights of another kind, sizes beyond the memory."""
    rng = np.random.default_rng(0)
    windows = cvrp(rng, 4, time_windows=[[0, 1e6]] * 4)
    with pytest.raises(UnsupportedError, match="time windows"):
        solve(windows, folders["cvrp"])
    with pytest.raises(UnsupportedError, match="are for vehicles of one capacity"):
        solve(tour(rng, 4), folders["cvrp"])
    with pytest.raises(UnsupportedError, match=r"does not fit this machine.*stops would"):
        solve(cvrp(rng, 200_000), folders["cvrp"])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"decode": "beem"}, "'decode'"),
        ({"augment": 9}, "from 1 to 8"),
        ({"temperature": 0}, "'temperature'"),
        ({"top_p": 2.0}, "'top_p'"),
        ({"samples": 1.5}, "a whole number"),
        ({"device": "gpu"}, "'device'"),
        ({"beams": 3}, "no option 'beams'"),
        ({"beam": 0}, "'beam'"),
        ({"decode": "greedy", "samples": 5}, "'samples' is for decode='sampling'"),
        ({"weights": "nowhere"}, "no weights 'nowhere'"),
        ({"weights": 3}, "'weights' of the policy is 3"),
    ],
)
def test_wrong_options(options: dict, told: str) -> None:
    """Each is an error that names the option."""
    with pytest.raises(OptionError, match=told):
        vrp.solve(cvrp(np.random.default_rng(0), 4), solver="policy", options=options)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_missing_gpu_is_said(folders: dict[str, str]) -> None:
    """Asked for a GPU, it does not take the CPU."""
    with pytest.raises(OptionError, match="torch sees no GPU"):
        solve(cvrp(np.random.default_rng(0), 12), folders["cvrp"], device="cuda")


@pytest.mark.parametrize("decode", ["multistart", "beam"])
def test_symmetries_together(folders: dict[str, str], decode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight in a round, three and then two, or one after the other: the same plans, of several problems too."""
    problems = [cvrp(np.random.default_rng(seed), 12) for seed in range(3)]
    costs = []
    for limit, rounds in ((1, 8), (3 * 3 * 16 * 13**3, 3 if decode == "beam" else 1), (10**9, 1)):
        monkeypatch.setattr(solver, "SHORT_ROUND", limit)
        options = {"weights": folders["cvrp"], "decode": decode}
        plans = vrp.solve_many(problems, solver="policy", options=options, time_limit=60)
        assert {plan.stats.iterations for plan in plans} == {rounds}
        costs.append([plan.cost for plan in plans])
    assert costs[0] == costs[1] == costs[2]


def test_rounds_and_stopping(folders: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """`max_iterations` counts rounds, progress can stop it, and the trace falls."""
    monkeypatch.setattr(solver, "SHORT_ROUND", 1)
    problem = cvrp(np.random.default_rng(1), 12)
    assert solve(problem, folders["cvrp"], max_iterations=3).stats.iterations == 3
    assert solve(problem, folders["cvrp"]).stats.iterations == 8
    stopped = solve(problem, folders["cvrp"], time_limit=60, on_progress=lambda event: event.iterations < 2)
    assert stopped.stats.iterations == 2
    costs = [cost for _, cost in solve(problem, folders["cvrp"], decode="sampling").stats.trace]
    assert costs == sorted(costs, reverse=True)
    began = time.perf_counter()
    endless = solve(problem, folders["cvrp"], decode="sampling", samples=10**9, time_limit=0.5)
    assert endless.stats.iterations > 1
    assert time.perf_counter() - began < 60


def test_search_begins_from_the_policy(folders: dict[str, str]) -> None:
    """With hardly any search the plan is no worse than the policy's; with more it is better; it is the same again."""
    problem = cvrp(np.random.default_rng(3), 40)
    alone = solve(problem, folders["cvrp"], augment=1)
    short = solve(problem, folders["cvrp"], "policy+search", max_iterations=1)
    long = solve(problem, folders["cvrp"], "policy+search", max_iterations=3000)
    assert short.cost <= alone.cost
    assert long.cost < short.cost
    assert long.stats.solver == "policy+search"
    assert long.cost == solve(problem, folders["cvrp"], "policy+search", max_iterations=3000).cost


def test_many_problems_are_searched_too(folders: dict[str, str]) -> None:
    """`solve_many` gives what `solve` gives, the search included."""
    problems = [cvrp(np.random.default_rng(seed), 40) for seed in range(2)]
    options = {"weights": folders["cvrp"]}
    plans = vrp.solve_many(problems, solver="policy+search", max_iterations=3000, seed=1, options=options)
    assert [plan.cost for plan in plans] == [
        solve(problem, folders["cvrp"], "policy+search", max_iterations=3000).cost for problem in problems
    ]


def test_batches_are_of_one_size_and_bounded() -> None:
    """Each problem is in one batch, of its kind and of similar size, and none takes more memory than a round may."""
    from vrp.solvers.policy.solver import BYTES_PER_CHOICE, ROUND_BYTES, Policy

    rng = np.random.default_rng(0)
    kinds = [cvrp(rng, 20), cvrp(rng, 100), tour(rng, 20), cvrp(rng, 22)]
    problems = [kinds[i] for i in rng.integers(0, 4, 4000)]
    batches = Policy(device="cpu").batches(problems)
    assert sorted(i for batch in batches for i in batch) == list(range(4000))
    for batch in batches:
        places = [problems[i].num_clients + 1 for i in batch]
        assert max(places) <= 1.2 * min(places) + 4
        assert len({problems[i] is kinds[2] for i in batch}) == 1
        assert len(batch) * max(places) ** 2 * BYTES_PER_CHOICE <= 1.3 * ROUND_BYTES["cpu"]
    assert len(batches) < 40
