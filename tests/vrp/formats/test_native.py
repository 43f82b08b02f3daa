"""Our own JSON of problems and plans."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vrp.formats.problems import random_problem
from tests.vrp.formats.samples import CVRP, NATIVE
from vrp.check import check, evaluate
from vrp.data import example
from vrp.errors import FormatError, OptionError, ProblemError
from vrp.formats import problem_from_dict, problem_to_dict, read, read_solution, read_text, solution_from_dict, write
from vrp.formats.differences import differences
from vrp.problem import Problem
from vrp.solution import Route, Solution, Status
from vrp.vehicles import VehicleType


@settings(max_examples=150)
@given(seed=st.integers(0, 2**32))
def test_any_problem_comes_back_equal(seed: int) -> None:
    """A problem with any mix of fields is the same, notes included, after a way through JSON text."""
    problem = random_problem(np.random.default_rng(seed))
    again = problem_from_dict(json.loads(json.dumps(problem_to_dict(problem), allow_nan=False)))
    assert differences(problem, again) == []
    assert again.notes == problem.notes


def test_every_field_is_compared() -> None:
    """Two problems that differ in one field are told apart by that field's name."""
    rng = np.random.default_rng(3)
    problem = random_problem(rng)
    n, loads = problem.num_clients, problem.num_loads
    changes: dict[str, Any] = {
        "name": "other", "delivery": np.full((n, loads), 3.25), "service": np.full(n, 7.5), "release": np.full(n, 1.5),
        "objective": "vehicles" if problem.objective == "cost" else "cost", "depot_service": [3.0] * problem.num_depots,
        "scenarios": None if problem.scenarios else problem.scenarios, "setup": np.full(n, 2.5),
    }  # fmt: skip
    for name, value in changes.items():
        expected = [] if value is None and problem.scenarios is None else [name]
        assert differences(problem, problem.replace(**{name: value})) == expected
    faster = tuple(VehicleType(**{**vars(v), "fixed_cost": 123.0}) for v in problem.vehicles)
    assert differences(problem, problem.replace(vehicles=faster)) == ["vehicles' fixed_cost"]


def test_files(tmp_path: Path) -> None:
    """The embedded example is the same after being written and read, and neutral fields take no place."""
    path = tmp_path / "example.json"
    write(example(), path)
    assert differences(example(), read(path)) == []
    assert {"lateness_cost", "allowed", "preference", "pickup"}.isdisjoint(json.loads(path.read_text(encoding="utf-8")))
    assert [p.name for p in tmp_path.iterdir()] == ["example.json"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"demands": [1]}, "unknown key 'demands'"),
        ({"deliverys": [1]}, "Did you mean 'delivery'?"),
        ({"vehicles": [{"capcity": [3]}]}, "vehicle 0: unknown key 'capcity'. Did you mean 'capacity'?"),
        ({"vehicles": 3}, '"vehicles" must be a list'),
        ({"vehicles": [3]}, "vehicle 0 must be an object"),
        ({"vehicles": [{"count": 1.5}]}, '"count" must be a whole number'),
        ({"vehicles": [{"capacity": ["3"]}]}, '"capacity" must be a number or "inf"'),
        ({"vehicles": [{"breaks": [[1]]}]}, "pairs of numbers"),
        ({"coords": [[0, 0], [1], [2, 2]]}, '"coords" must be a list of numbers'),
        ({"coords": [[0, 0], [1, "1"], [2, 2]]}, '"coords" must be a list of numbers'),
        ({"delivery": [[1], [None]]}, '"delivery" must be a list of numbers'),
        ({"allowed": [[1, 0]]}, "true or false"),
        ({"group": [0.5, 1]}, "whole numbers"),
        ({"name": 7}, '"name" must be text'),
        ({"num_depots": True}, '"num_depots" must be a whole number'),
        ({"chargers": {"a": []}}, "depot indices as keys"),
        ({"scenarios": {"x": 1}}, "\"scenarios\" has no key 'x'"),
        ({"version": 9}, 'expected "format"'),
        ({"version": True}, 'expected "format"'),
        ({"format": "vrp-problm"}, "Did you mean 'vrp-problem'?"),
        ({"format": "vrp-solution"}, "this is a solution"),
    ],
)
def test_wrong_keys_and_types(change: dict[str, Any], message: str) -> None:
    """Unknown keys and values of the wrong type are errors that name the key."""
    with pytest.raises(FormatError) as caught:
        read_text(json.dumps({**json.loads(NATIVE), **change}))
    assert message in str(caught.value)


def test_invalid_values_name_the_file(tmp_path: Path) -> None:
    """What is well formed but no valid problem is a ProblemError that begins with the file's name."""
    path = tmp_path / "bad.json"
    path.write_text(json.dumps({**json.loads(NATIVE), "delivery": [[-1], [99]]}), encoding="utf-8")
    with pytest.raises(ProblemError, match="bad.json: .*delivery") as caught:
        read(path)
    assert all("bad.json" in error for error in caught.value.errors)


def test_rounding_may_be_named_for_planar_coordinates_only() -> None:
    """The caller's rounding replaces that of a planar problem; other problems refuse it."""
    assert read_text(NATIVE, rounding="nearest").rounding == "nearest"
    text = json.dumps(problem_to_dict(example()))
    assert differences(read_text(text, rounding="exact"), example()) == []
    with pytest.raises(OptionError, match="cannot be applied"):
        read_text(text, rounding="nearest")
    with pytest.raises(OptionError, match="Did you mean 'nearest'"):
        read_text(NATIVE, rounding="nearst")


# Plans


def plan() -> Solution:
    """Return a plan for the sample that leaves one stop out."""
    problem = read_text(CVRP)
    return evaluate(problem, [Route(0, 0, 0, (1, 2)), Route(0, 0, 0, (3, 5))])


def test_plans_come_back_equal(tmp_path: Path) -> None:
    """A plan is the same after JSON: routes with schedule, cost, unserved stops."""
    solution = plan()
    path = tmp_path / "plan.json"
    solution.write(path)
    again = read_solution(path, solution.problem)
    assert (again.routes, again.cost, again.cost_table) == (solution.routes, solution.cost, solution.cost_table)
    assert (again.unserved, again.status, again.stats) == (solution.unserved, solution.status, solution.stats)


def test_a_false_cost_is_found() -> None:
    """The cost that a plan states is kept, so that `check` reports it where it is false."""
    solution = plan()
    data = solution.to_dict() | {"cost": 1.0}
    again = solution_from_dict(data, solution.problem)
    assert any("cost" in str(violation) for violation in check(solution.problem, again))


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"status": "COMPLETE"}, "stated status"),
        ({"unserved": []}, "stated unserved"),
        ({"unserved": [{"stop": 4}, {"stop": 1}]}, "stated unserved"),
        ({"unserved": [{"stop": 4, "required": False}]}, "stated unserved"),
    ],
)
def test_false_statements_about_the_plan_are_found(change: dict[str, Any], kind: str) -> None:
    """Status and unserved stops are kept as stated too."""
    solution = plan()
    assert solution.status is Status.PARTIAL
    assert [u.stop for u in solution.unserved] == [4]
    again = solution_from_dict(solution.to_dict() | change, solution.problem)
    assert {v.kind for v in check(solution.problem, again)} == {"unserved", kind}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"status": "COMPLET"}, "there is no status 'COMPLET'. Did you mean 'COMPLETE'?"),
        ({"status": ["COMPLETE"]}, "there is no status ['COMPLETE']"),
        ({"unserved": 5}, '"unserved" must be a list'),
        ({"unserved": [4]}, 'unserved 0 must be an object with "stop"'),
        ({"unserved": [{"stop": 0}]}, "must be the location of a stop, 1 to 5, got 0"),
        ({"unserved": [{"stop": 4, "required": "no"}]}, '"required" must be true or false'),
        ({"unserved": [{"stop": 4, "why": ""}]}, "unserved 0: unknown key 'why'"),
        ({"version": 2}, 'expected an object with "format"'),
        ({"version": True}, 'expected an object with "format"'),
        ({"routes": None}, 'expected a list "routes"'),
        ({"routes": [{"visits": [1]}]}, '"vehicle_type" must be 0 to 0, got None'),
        ({"routes": [{"vehicle_type": 0, "visits": [99]}]}, '"visits" must be locations, 0 to 5, got 99'),
        ({"routes": [{"vehicle_type": 0, "visits": [True]}]}, "got True"),
        ({"cost": "cheap"}, '"cost" must be a number'),
        ({"costs": 1}, "unknown key 'costs'. Did you mean 'cost'?"),
        ({"routes": [{"vehicle_type": 0, "visits": [1], "visit": []}]}, "unknown key 'visit'"),
    ],
)
def test_wrong_plans(change: dict[str, Any], message: str) -> None:
    """A plan that does not fit the problem or the format is an error that says where."""
    with pytest.raises(FormatError) as caught:
        solution_from_dict({**plan().to_dict(), **change}, plan().problem)
    assert message in str(caught.value)


def test_the_plan_of_another_problem_is_told_by_its_names() -> None:
    """The first step with another name is an error; of a problem without names nothing can be told."""
    ours = Problem.from_arrays(coords=[[0, 0], [1, 0], [2, 0]], names=("depot", "x", "y"))
    data = evaluate(ours, [Route(0, 0, 0, (2, 1))]).to_dict()
    assert solution_from_dict(data, ours).routes
    with pytest.raises(
        FormatError, match=r"step 1 of route 1 is 'y' in the plan, but the problem calls location 2 'z'"
    ):
        solution_from_dict(data, ours.replace(names=("depot", "x", "z")))
    assert solution_from_dict(data, ours.replace(names=())).routes


def test_problem_is_no_plan() -> None:
    """Infinite limits survive, and reading writes nothing into the given dict."""
    data = problem_to_dict(Problem(coords=[[0, 0], [1, 1]], prize=[2.5]))  # type: ignore[arg-type]
    before = json.dumps(data)
    assert problem_from_dict(data).vehicles[0].max_distance == np.inf
    assert json.dumps(data) == before
