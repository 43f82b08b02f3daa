"""Each foreign solver against the checker, and against each other."""

import functools
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import vrp
from tests.baselines.problems import CASES, problem
from vrp.baselines import to_the_end
from vrp.check import check, evaluate
from vrp.deadline import Deadline
from vrp.errors import MissingExtraError, OptionError, UnsupportedError
from vrp.problem import Problem
from vrp.solution import Route, Solution, Status
from vrp.solvers import Event, make
from vrp.vehicles import VehicleType

PACKAGES = {"pyvrp": "pyvrp", "ortools": "ortools", "vroom": "vroom", "hgs": "hygese"}
SEEDS = (0, 1)
SECONDS = 0.08


@pytest.fixture(params=PACKAGES)
def name(request: pytest.FixtureRequest) -> str:
    """Each solver whose package is installed."""
    pytest.importorskip(PACKAGES[request.param])
    chosen: str = request.param
    return chosen


@functools.cache
def solved(name: str, case: str, seed: int) -> Solution:
    """Return the solver's answer to a problem of this kind; tests share it."""
    return run(name, problem(CASES[case], seed))


def run(name: str, given: Problem, seconds: float = SECONDS, **arguments: Any) -> Solution:
    return make(name).solve(given, Deadline(seconds), np.random.default_rng(0), **arguments)


@pytest.mark.parametrize("case", CASES)
def test_each_feature_is_honoured_or_refused_by_name(name: str, case: str) -> None:
    """An answer is feasible and costs what the solver's own objective says; or the refusal names the feature."""
    word = CASES[case].refused.get(name)
    if word is not None:
        given = problem(CASES[case], 0)
        assert any(word in lack for lack in make(name).supports(given))
        with pytest.raises(UnsupportedError, match=name):
            run(name, given)
        return
    for seed in SEEDS:
        solution = solved(name, case, seed)
        assert make(name).supports(solution.problem) == []
        assert [v for v in check(solution.problem, solution) if v.kind != "unserved"] == []
        if solution.status is Status.COMPLETE and solution.stats.trace:
            assert solution.stats.trace[-1][1] == pytest.approx(solution.cost)


@pytest.mark.parametrize("case", CASES)
def test_two_exact_models_agree(case: str) -> None:
    """PyVRP and OR-Tools, whose models share nothing but integers, find plans of the same rank on small problems."""
    pytest.importorskip("pyvrp")
    pytest.importorskip("ortools")
    if CASES[case].refused.keys() & {"pyvrp", "ortools"}:
        pytest.skip("one of them refuses this feature")
    names = ("pyvrp", "ortools")
    for seed in SEEDS:
        ranks = [rank(solved(name, case, seed)) for name in names]
        if ranks[0] != pytest.approx(ranks[1]):  # On a busy machine the short time may be too short.
            ranks = [rank(run(name, problem(CASES[case], seed), 1.0)) for name in names]
        assert ranks[0] == pytest.approx(ranks[1])


def rank(solution: Solution) -> tuple[int, int, float]:
    """What plans are compared by."""
    vehicles = len(solution.routes) if solution.problem.objective == "vehicles" else 0
    return sum(u.required for u in solution.unserved), vehicles, solution.cost


@pytest.mark.parametrize("case", ["plain", "fixed cost", "open routes", "duration cost", "max_distance"])
def test_hgs_agrees_with_pyvrp(case: str) -> None:
    """What HGS is told by bending its one matrix is the same problem: the best plans cost the same."""
    pytest.importorskip("hygese")
    pytest.importorskip("pyvrp")
    for seed in SEEDS:
        ours, theirs = solved("hgs", case, seed), solved("pyvrp", case, seed)
        assert (ours.status, ours.cost) == (theirs.status, pytest.approx(theirs.cost))


def test_impossible_stop_is_left_out(name: str) -> None:
    """A stop that demands more than any vehicle holds is the only one that stays unserved; nothing fails."""
    coords = np.random.default_rng(1).random((8, 2)) * 100
    solution = run(name, Problem.from_arrays(coords=coords, demand=[1, 2, 9, 1, 2, 1, 1], capacity=4))
    assert solution.status is Status.PARTIAL
    assert [u.stop for u in solution.unserved] == [3]
    assert [v.kind for v in check(solution.problem, solution)] == ["unserved"]


def test_too_small_fleet(name: str) -> None:
    """Where the fleet cannot carry everything the answer is partial and feasible."""
    given = Problem.from_arrays(
        coords=np.random.default_rng(2).random((7, 2)) * 100,
        demand=[3, 3, 3, 3, 3, 3],
        vehicles=[VehicleType(count=1, capacity=(7,))],
    )
    solution = run(name, given)
    assert solution.status is Status.PARTIAL
    assert len(solution.unserved) == 4
    assert {v.kind for v in check(given, solution)} == {"unserved"}


@pytest.mark.parametrize("clients", [1, 2])
def test_very_few_stops(name: str, clients: int) -> None:
    """One and two stops are ordinary problems."""
    coords = [[0, 0], [3, 4], [6, 8]][: clients + 1]
    solution = run(name, Problem.from_arrays(coords=coords))
    assert solution.status is Status.COMPLETE
    assert solution.cost == pytest.approx(10 * clients)


@pytest.mark.parametrize("size", [1.0, 1e-3, 1e-9, 1e7], ids=["unit square", "small", "tiny", "huge"])
def test_floats_of_any_size(name: str, size: float) -> None:
    """Scaling to integers neither loses small numbers nor overflows: the answer is that of an ordinary size."""
    coords = np.random.default_rng(3).random((9, 2))
    ordinary = run(name, Problem.from_arrays(coords=coords * 1000, demand=np.full(8, 0.25), capacity=0.75))
    solution = run(name, Problem.from_arrays(coords=coords * size, demand=np.full(8, 0.25), capacity=0.75))
    assert solution.status is Status.COMPLETE
    assert solution.cost / size == pytest.approx(ordinary.cost / 1000, rel=2e-3)


def test_stops_all_at_one_place(name: str) -> None:
    """Where every plan is free, the answer serves all; no solver takes zeros for a lack of data."""
    solution = run(name, Problem.from_arrays(coords=np.zeros((6, 2)), demand=np.ones(5), capacity=2))
    assert (solution.status, solution.cost) == (Status.COMPLETE, 0)


def test_stops_without_demand(name: str) -> None:
    """Vehicles with a capacity serve stops that weigh nothing, in one route."""
    coords = [[0, 0], [0, 3], [4, 3], [4, 0]]
    solution = run(name, Problem.from_arrays(coords=coords, demand=0, capacity=2))
    assert (solution.status, solution.cost) == (Status.COMPLETE, pytest.approx(14))


def test_numbers_that_no_scale_mends() -> None:
    """What HGS would end the process for is refused before."""
    pytest.importorskip("hygese")
    with pytest.raises(UnsupportedError, match="'hgs' cannot honour: numbers as small as 1e-310"):
        run("hgs", Problem.from_arrays(distance=1e-310 * (1 - np.eye(6)), demand=np.ones(5), capacity=2))


@pytest.mark.parametrize("name", ["pyvrp", "ortools", "vroom"])
def test_windows_in_floats_hold(name: str) -> None:
    """Windows, services and legs with many digits are rounded to the safe side: no answer is late by a rounding."""
    pytest.importorskip(PACKAGES[name])
    rng = np.random.default_rng(4)
    for _ in range(4):
        opens = rng.random(8) * 2
        given = Problem.from_arrays(
            coords=rng.random((9, 2)),
            demand=rng.random(8),
            capacity=2.5,
            service=rng.random(8) * 0.1,
            time_windows=np.stack((opens, opens + 0.3 + rng.random(8)), axis=1),
        )
        solution = run(name, given)
        assert [v for v in check(given, solution) if v.kind != "unserved"] == []


@pytest.mark.parametrize("name", ["pyvrp", "ortools"])
@pytest.mark.parametrize(
    "case", ["plain", "time windows", "prizes", "groups", "shipments", "reloads", "several time windows"]
)
def test_warm_start_is_used(name: str, case: str) -> None:
    """From its best plan, one iteration is enough to return a plan that is no worse."""
    pytest.importorskip(PACKAGES[name])
    if name in CASES[case].refused:
        pytest.skip("refused")
    best = solved(name, case, 0)
    deadline = Deadline(5.0, max_iterations=1)
    again = make(name).solve(best.problem, deadline, np.random.default_rng(5), start=best)
    assert again.status is best.status
    assert again.cost <= best.cost + 1e-9


def test_through_the_front_door(name: str) -> None:
    """`vrp.solve` reaches every solver, with its version in the result; an unknown option is named."""
    coords = np.random.default_rng(6).random((7, 2)).round(3)
    given = Problem.from_arrays(coords=coords, demand=np.ones(6), capacity=3)
    solution = vrp.solve(given, solver=name, time_limit=0.1, threads=1)
    assert solution.status is Status.COMPLETE
    assert solution.stats.solver == name
    assert solution.stats.versions
    with pytest.raises(OptionError, match="effort"):
        vrp.solve(given, solver=name, options={"effort": 3})


def test_missing_package_says_what_to_install(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package there is one sentence with the command that installs it."""
    for module in [m for m in sys.modules if m.partition(".")[0] == PACKAGES[name]]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, PACKAGES[name], None)
    with pytest.raises(MissingExtraError, match=r"pip install .*\[baselines\]"):
        make(name)


def test_iteration_limit_alone_ends(name: str) -> None:
    """Without a time limit the solvers end by themselves."""
    given = Problem.from_arrays(coords=np.random.default_rng(7).random((6, 2)).round(2), demand=np.ones(5), capacity=3)
    solution = make(name).solve(given, Deadline(max_iterations=20), np.random.default_rng(0))
    assert solution.status is Status.COMPLETE


def test_pyvrp_is_stopped_by_progress_and_by_ctrl_c() -> None:
    """The best plan so far comes back, marked as interrupted."""
    pytest.importorskip("pyvrp")
    given = problem(CASES["plain"], 0)
    events: list[Event] = []

    def stop(event: Event) -> bool:
        events.append(event)
        return False

    def interrupt(event: Event) -> bool:
        raise KeyboardInterrupt

    for progress in (stop, interrupt):
        solution = run("pyvrp", given, 30.0, progress=progress)
        assert solution.stats.interrupted
        assert solution.stats.seconds < 10
        assert solution.status is Status.COMPLETE
    assert len(events) == 1
    assert events[0].unserved == 0


@pytest.mark.parametrize("cut_short", ["hgs", "vroom"])
def test_ctrl_c_does_not_lose_what_compiled_code_finds(cut_short: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """These two go on to their end, and their plan comes back, marked as interrupted."""
    pytest.importorskip(PACKAGES[cut_short])
    run(cut_short, problem(CASES["plain"], 0))  # What is imported or made first shall not be interrupted.
    end = to_the_end.to_the_end

    def interrupted(call: Callable[[], Any]) -> tuple[Any, bool]:
        def late() -> Any:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            time.sleep(0.05)
            return call()

        return end(late)

    monkeypatch.setattr(f"vrp.baselines.{cut_short}.to_the_end", interrupted)
    solution = run(cut_short, problem(CASES["plain"], 0))
    assert solution.stats.interrupted
    assert solution.status is Status.COMPLETE


def test_too_little_time_gives_a_feasible_rest() -> None:
    """An infeasible state of PyVRP is not returned: what breaks a rule is taken out."""
    pytest.importorskip("pyvrp")
    for case in ("time windows", "reloads and windows", "shipments and windows", "backhauls strict"):
        given = problem(CASES[case], 3)
        solution = make("pyvrp").solve(given, Deadline(1e-4), np.random.default_rng(0))
        assert [v for v in check(given, solution) if v.kind != "unserved"] == []


def test_broken_routes_are_left_out() -> None:
    """An answer that is not trusted loses exactly the routes that break a rule."""
    from vrp.baselines.answer import answer
    from vrp.solution import Stats

    given = Problem.from_arrays(coords=[[0, 0], [1, 0], [2, 0], [3, 0]], demand=[2, 2, 2], capacity=3)
    routes = [Route(0, 0, 0, (1, 2)), Route(0, 0, 0, (3,))]
    assert answer(given, routes, Stats(), trusted=False).routes == evaluate(given, routes[1:]).routes
    assert len(answer(given, routes, Stats(), trusted=True).routes) == 2
