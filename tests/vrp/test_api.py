"""The promises of `solve`: arguments, choice of the solver, deadline, the last check of the plan."""

import itertools
import math
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import vrp
from vrp.arguments import usable_cores
from vrp.check import evaluate
from vrp.closing import closing_seconds, rank
from vrp.errors import MissingExtraError, SolverError
from vrp.objectives import lead
from vrp.solution import Route, Solution
from vrp.solvers import SOLVERS, Event


def square(stops: int = 4, **changes: Any) -> vrp.Problem:
    """Return stops on a line east of the depot, any number of vehicles that take two each."""
    given: dict[str, Any] = {"capacity": 2, "demand": np.ones(stops)} | changes
    return vrp.Problem.from_arrays(coords=[[i, 0] for i in range(stops + 1)], **given)


def test_solve_returns_a_checked_plan_with_stats(stand_in: Any) -> None:
    """The answer passes the checker and says how it was found."""
    solution = vrp.solve(square(), time_limit=0.05, seed=3, threads=2)
    assert solution.status.name == "COMPLETE"
    assert vrp.check(solution.problem, solution) == []
    assert solution.cost == 2 * (1 + 2 + 3 + 4)
    assert (solution.stats.solver, solution.stats.seed, solution.stats.threads) == ("stand-in", 3, 2)
    assert 0 < solution.stats.seconds < 1
    assert solution.stats.iterations > 1


@pytest.mark.parametrize("stops", [5, 200, 1000])
def test_time_limit_is_wall_time_from_the_call(
    stand_in: Any, stops: int, overshoot_allowed: Callable[[int, float], float]
) -> None:
    """The best of a few calls keeps the deadline that is promised for the size; a busy machine may spoil some."""
    problem = square(stops, capacity=10)
    stand_in.per_route = 10
    limit = 0.2
    vrp.solve(problem, max_iterations=1)  # imports
    overshoot = []
    for _ in range(4):
        began = time.perf_counter()
        solution = vrp.solve(problem, time_limit=limit)
        seconds = time.perf_counter() - began
        assert seconds >= solution.stats.seconds
        overshoot.append(seconds - limit)
    assert min(overshoot) <= overshoot_allowed(stops, limit)
    # Nor is the time given away: what is kept for closing is in proportion.
    assert max(overshoot) > -0.5 * limit


def test_no_limit_means_five_seconds_and_iterations_alone_mean_no_time_limit(
    stand_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The two defaults that the docstring states."""
    seen = []
    original = stand_in.solve

    def spy(self: Any, problem: Any, deadline: Any, *rest: Any) -> Solution:
        seen.append((deadline.time_limit, deadline.max_iterations))
        deadline.max_iterations = 1
        solution: Solution = original(self, problem, deadline, *rest)
        return solution

    monkeypatch.setattr(stand_in, "solve", spy)
    vrp.solve(square())
    vrp.solve(square(), max_iterations=7)
    vrp.solve(square(), max_iterations=7, time_limit=2)
    assert seen[0][0] == pytest.approx(5, abs=0.1)
    assert seen[0][1] is None
    assert seen[1] == (math.inf, 7)
    assert seen[2][0] == pytest.approx(2, abs=0.1)


def test_same_seed_and_iterations_give_the_same_answer(stand_in: Any) -> None:
    """The random generator depends on the seed alone."""
    a, b, c = (vrp.solve(square(), max_iterations=3, threads=1, seed=s).stats.trace[0][1] for s in (1, 1, 2))
    assert a == b != c


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"time_limit": 0}, r"`time_limit` must be a finite number of seconds above 0, got 0\."),
        ({"time_limit": -1.5}, r"above 0, got -1\.5"),
        ({"time_limit": math.nan}, r"finite .* got nan"),
        ({"time_limit": math.inf}, r"got inf\. For no time limit, give `max_iterations` alone"),
        ({"time_limit": "5"}, r"a number of seconds, got '5'"),
        ({"time_limit": True}, r"a number of seconds, got True"),
        ({"max_iterations": 0}, r"`max_iterations` must be an integer >= 1, got 0"),
        ({"max_iterations": 2.5}, r"integer >= 1, got 2\.5"),
        ({"max_iterations": True}, r"integer >= 1, got True"),
        ({"seed": -1}, r"`seed` must be an integer in \[0, \d+\], got -1"),
        ({"seed": 2**64}, r"`seed` must be"),
        ({"seed": 1.0}, r"`seed` must be .* got 1\.0"),
        ({"threads": 0}, r"`threads` must be an integer in \[1, 256\], got 0"),
        ({"threads": False}, r"`threads` must be .* got False"),
        ({"solver": "stand in"}, r"There is no solver 'stand in'\. Did you mean 'stand-in'\?"),
        ({"solver": 7}, r"`solver` must be the name of a solver, got 7\. Allowed: auto, stand-in"),
        ({"options": {"stap": 1}, "solver": "stand-in"}, r"no option 'stap'\. Did you mean 'step'\?"),
        ({"options": ["step"]}, r"`options` must be a dict"),
        ({"options": {"step": 1}}, r"`options` belong to one solver: name it"),
        ({"options": {"threads": 1}, "solver": "stand-in"}, r"'threads' is not an option of a solver"),
        ({"on_progress": 5}, r"`on_progress` must be a function, got 5"),
    ],
)
def test_wrong_arguments_are_refused_before_any_work(stand_in: Any, wrong: dict[str, Any], message: str) -> None:
    """Each says what was got and what is allowed."""
    began = time.perf_counter()
    with pytest.raises(vrp.OptionError, match=message):
        vrp.solve(square(), **wrong)
    assert time.perf_counter() - began < 1


def test_numbers_of_numpy_are_numbers(stand_in: Any) -> None:
    """Arguments that come out of arrays need no conversion."""
    solution = vrp.solve(
        square(), time_limit=np.float32(0.5), max_iterations=np.int64(2), seed=np.uint8(4), threads=np.int32(1)
    )
    assert type(solution.stats.seed) is int
    assert solution.stats.seed == 4


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("x.vrp", r"got the path 'x\.vrp'\. Read it first: vrp\.solve\(vrp\.read\('x\.vrp'\)\)"),
        ({"coords": []}, r"got a dict\. Use vrp\.Problem\.from_arrays"),
        ([[0, 1], [1, 0]], r"got a list\. Use vrp\.solve_many .*\.from_arrays\(distance"),
        (np.zeros((2, 2)), r"got a ndarray\. Use vrp\.Problem\.from_arrays\(distance"),
        (None, r"got a NoneType\. Make one with vrp\.read"),
    ],
)
def test_what_is_no_problem_is_met_with_the_way_to_make_one(wrong: object, message: str) -> None:
    """The common mistakes each get their remedy."""
    with pytest.raises(vrp.ProblemError, match=message):
        vrp.solve(wrong)  # type: ignore[arg-type]


def test_a_solution_is_no_problem(stand_in: Any) -> None:
    """Giving back what `solve` returned is answered with how to go on from it."""
    solution = vrp.solve(square(), max_iterations=1)
    with pytest.raises(vrp.ProblemError, match=r"`start=solution`"):
        vrp.solve(solution)  # type: ignore[arg-type]


def test_a_named_solver_refuses_what_it_cannot_honour_by_name(stand_in: Any) -> None:
    """Nothing is dropped: the message lists each feature."""
    stand_in.lacks = ["breaks", "reload depots"]
    with pytest.raises(vrp.UnsupportedError, match=r"'stand-in' cannot honour: breaks, reload depots"):
        vrp.solve(square(), solver="stand-in")


def test_auto_goes_on_to_the_first_installed_solver_that_honours_everything(
    stand_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Solvers that lack something or are not installed are passed over; if none is left, each says why."""

    class Other(stand_in):  # type: ignore[misc]
        pass

    def absent(threads: int = 1) -> None:
        raise MissingExtraError("absent", "baselines")

    module = sys.modules["stand_in"]
    monkeypatch.setattr(module, "Other", Other, raising=False)
    monkeypatch.setattr(module, "absent", absent, raising=False)
    monkeypatch.setitem(SOLVERS, "absent", "stand_in:absent")
    monkeypatch.setitem(SOLVERS, "other", "stand_in:Other")
    stand_in.lacks = ["breaks"]
    Other.lacks = []
    found = vrp.solve(square(), max_iterations=1)
    assert found.stats.solver == "other"
    assert "note  Solver other, because the stand-in cannot honour: breaks." in found.summary()
    assert found.to_dict()["stats"]["why"] == found.stats.why
    assert vrp.solve(square(), max_iterations=1, solver="other").stats.why == ""
    Other.lacks = ["shipments"]
    with pytest.raises(vrp.UnsupportedError) as caught:
        vrp.solve(square(), max_iterations=1)
    message = str(caught.value)
    assert "stand-in cannot honour: breaks" in message
    assert "absent is not installed" in message
    assert "other cannot honour: shipments" in message


def test_unserved_stops_are_explained(stand_in: Any) -> None:
    """A fleet that is too small is no error: the plan is partial and each stop left out has a reason."""
    problem = square(vehicles=[vrp.VehicleType(count=3, capacity=(2,))], capacity=None)
    solution = vrp.solve(problem, max_iterations=1)
    assert solution.status.name == "PARTIAL"
    assert [u.stop for u in solution.unserved] == [4]
    assert solution.unserved[0].reason
    assert solution.unserved[0].hint


def test_a_plan_that_breaks_a_constraint_is_never_returned(stand_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A solver's defect comes out as an error that names solver and violation, with the plan attached."""
    monkeypatch.setattr(stand_in, "plan", lambda self, problem: evaluate(problem, [Route(0, 0, 0, (1, 2, 3, 4))]))
    with pytest.raises(SolverError, match=r"(?s)'stand-in' returned a plan that breaks .*4") as caught:
        vrp.solve(square(), max_iterations=1)
    assert isinstance(caught.value, vrp.VrpError)
    assert isinstance(caught.value.solution, Solution)


def test_progress_is_told_and_may_stop_the_search(stand_in: Any) -> None:
    """False, and only False, ends it."""
    events: list[Event] = []

    def stop_at_third(event: Event) -> bool | None:
        events.append(event)
        return False if len(events) == 3 else None

    solution = vrp.solve(square(), time_limit=5, on_progress=stop_at_third)
    assert len(events) == 3
    assert solution.stats.seconds < 2


def test_a_better_start_is_not_made_worse(stand_in: Any) -> None:
    """The solver's own plan costs more than the one it was given, which is what is returned."""
    problem = square()
    plain = vrp.solve(problem, max_iterations=1)
    better = replace(plain, routes=(Route(0, 0, 0, (1, 2)), Route(0, 0, 0, (4, 3))))
    solution = vrp.solve(problem, max_iterations=1, start=better)
    assert solution.cost == 4 + 8
    assert solution.stats.iterations == 1
    assert vrp.check(problem, solution) == []


def test_an_overloaded_start_is_not_returned(stand_in: Any) -> None:
    """A start may break constraints, but then it is no answer, however cheap."""
    problem = square()
    plain = vrp.solve(problem, max_iterations=1)
    cheap = replace(plain, routes=(Route(0, 0, 0, (1, 2, 3, 4)),))
    assert vrp.solve(problem, max_iterations=1, start=cheap).cost == plain.cost


def test_a_start_that_does_not_fit_is_an_error_with_all_reasons(stand_in: Any) -> None:
    """Unknown stops, repeated stops, depots on the way, unknown vehicles and too many of them, all at once."""
    problem = square(vehicles=[vrp.VehicleType(count=3, capacity=(2,))], capacity=None)
    plain = vrp.solve(problem, max_iterations=1)
    routes = (Route(0, 0, 0, (1, 9)), Route(0, 0, 0, (1,)), Route(0, 0, 0, (0, 2)), Route(0, 0, 0, (3,)))
    with pytest.raises(vrp.ProblemError) as caught:
        vrp.solve(problem, max_iterations=1, start=replace(plain, routes=(*routes, Route(3, 0, 0, (4,)))))
    assert len(caught.value.errors) == 5
    assert all(error.startswith("`start` does not fit this problem") for error in caught.value.errors)
    beyond = replace(plain, routes=(Route(0, 0, 0, tuple(range(1, 40))),))
    with pytest.raises(vrp.ProblemError, match=r"route 1 visits location 5, 6, .* and 30 more") as caught:
        vrp.solve(problem, max_iterations=1, start=beyond)
    assert len(caught.value.errors) == 1
    with pytest.raises(vrp.ProblemError, match="`start` must be a Solution, got list"):
        vrp.solve(problem, max_iterations=1, start=[[1, 2]])  # type: ignore[arg-type]


def test_ctrl_c_returns_the_best_so_far(stand_in: Any) -> None:
    """An interrupt while the solver is at work ends it, and the plan is marked."""

    def press(event: Event) -> None:
        raise KeyboardInterrupt

    solution = vrp.solve(square(), time_limit=5, on_progress=press)
    assert solution.stats.interrupted
    assert solution.status.name == "COMPLETE"
    assert solution.stats.seconds < 2


def test_ranking_puts_unserved_stops_before_vehicles_before_cost(stand_in: Any) -> None:
    """The order of the objective."""
    problem = square(objective="vehicles")
    plain = vrp.solve(problem, max_iterations=1)
    fewer = replace(plain, routes=plain.routes[:2], cost=plain.cost + 1)
    partial = vrp.solve(problem, max_iterations=1, solver="stand-in", options={"serve": 1})
    assert rank(fewer) < rank(plain) < rank(partial)


@pytest.mark.parametrize(
    ("objective", "first"), [("cost", (0, 0)), ("vehicles", (0, 2)), ("minmax", (0, 20.0)), ("balance", (0, 464.0))]
)
def test_ranking_by_each_objective(objective: str, first: tuple[int, float]) -> None:
    """What the objective puts first comes between the unserved stops and the cost."""
    problem = vrp.Problem.from_arrays(coords=[[0, 0], [10, 0], [0, 4]], objective=objective)  # type: ignore[arg-type]
    plan = evaluate(problem, [Route(0, 0, 0, (1,)), Route(0, 0, 0, (2,))])
    assert rank(plan) == (*first, 28.0)


def test_a_route_that_gains_counts_as_nothing() -> None:
    """Preferences may make a route pay; it neither lowers the sum of squares nor raises it."""
    problem = vrp.Problem.from_arrays(coords=[[0, 0], [3, 0], [0, 4]], preference=[9, 0], objective="balance")
    assert lead(evaluate(problem, [Route(0, 0, 0, (1,)), Route(0, 0, 0, (2,))])) == 64.0


def test_the_time_kept_for_closing_grows_with_the_size(stand_in: Any) -> None:
    """Small problems give away next to nothing."""
    closing_seconds(square(), 1.0)  # imports
    assert min(closing_seconds(square(10), 1.0) for _ in range(5)) < 0.01
    assert min(closing_seconds(square(2000), 1.0) for _ in range(5)) < 1


def test_finding_reasons_takes_little_from_a_short_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each optional stop is tried beside each other one, a thousand times at most and for a fifth of the limit."""
    ticks = itertools.count()
    monkeypatch.setattr("vrp.closing.time.perf_counter", lambda: next(ticks) * 1e-3)

    def more(stops: int, optional: int, limit: float) -> float:
        prizes = [30.0] * optional + [np.inf] * (stops - optional)
        return closing_seconds(square(stops, prize=prizes), limit) - closing_seconds(square(stops), limit)

    # The clock says a millisecond for 5 or 10 stops; twice that is kept.
    assert more(5, 5, 10.0) == pytest.approx(5 * 6 * 2e-3 / 5)
    assert more(10, 2, 10.0) == pytest.approx(2 * 11 * 2e-3 / 10)
    assert more(50, 50, 10.0) == pytest.approx(1000 * 2e-3 / 10)
    assert more(50, 50, 0.05) == pytest.approx(0.2 * 0.05)
    assert more(50, 0, 10.0) == pytest.approx(0.0)


def test_all_usable_cores_by_default(stand_in: Any) -> None:
    """`threads=None` follows the affinity of the process."""
    assert vrp.solve(square(), max_iterations=1).stats.threads == usable_cores() >= 1


def test_more_threads_than_cores_are_remarked(caplog: pytest.LogCaptureFixture) -> None:
    """They help nobody and cost time; as many as there are are no matter for a remark."""
    vrp.solve(square(), max_iterations=1, threads=usable_cores())
    assert "usable cores" not in caplog.text
    vrp.solve(square(), max_iterations=1, threads=usable_cores() + 1)
    assert f"`threads` is {usable_cores() + 1}, but there are {usable_cores()} usable cores" in caplog.text
