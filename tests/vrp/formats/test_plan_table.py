"""Plans as tables: they come back as they were, and rows that do not fit the problem are named."""

import io
from pathlib import Path

import pytest

from tests.vrp.simulation import cases
from vrp.check import evaluate
from vrp.cli import main
from vrp.errors import FormatError
from vrp.formats import read_solution, read_text, write
from vrp.formats.plan_table import solution_csv
from vrp.problem import Problem
from vrp.solution import Route, Solution
from vrp.vehicles import VehicleType


def test_any_plan_comes_back(tmp_path: Path) -> None:
    """Random plans, feasible or not, with reloads and several types have the same routes after a way through a file."""
    reloads = 0
    for problem, routes in cases(500, 100):
        plan = evaluate(problem, routes)
        plan.write(tmp_path / "plan.csv")
        again = read_solution(tmp_path / "plan.csv", problem)
        assert again.routes == plan.routes
        assert again.cost == plan.cost
        reloads += sum(step.kind == "reload" for route in plan.routes for step in route.steps)
    assert reloads > 10


FLEET = (VehicleType(count=1, name="van"), VehicleType(name="bike"), VehicleType(count=2), VehicleType(count=1))


def small() -> Solution:
    problem = Problem(
        coords=[[0, 0], [1, 0], [0, 1], [1, 1], [2, 2]], names=("hub", "a", "b", "c", "d"), vehicles=FLEET
    )
    return evaluate(problem, [Route(k, 0, 0, (stop,)) for k, stop in ((1, 1), (3, 2), (1, 3), (2, 4))])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("bike 2", "bik 2", "line 8: which vehicle type 'bik 2' is of cannot be told"),
        ("vehicle 3", "vehicle", "which vehicle type 'vehicle' is of cannot be told"),
        (",1,a,", ",9,a,", "line 3: there is no location '9'; the problem has 0 to 4"),
        (",1,a,", ",1,x,", "this is the plan of another problem: location 1 is 'x' here"),
        (",a,stop", ",a,stopp", "there is no kind 'stopp'. Did you mean 'stop'?"),
    ],
)
def test_rows_that_do_not_fit(old: str, new: str, message: str) -> None:
    """They are told with their line."""
    text = solution_csv(small())
    assert old in text
    with pytest.raises(FormatError) as caught:
        read_solution(io.StringIO(text.replace(old, new)), small().problem)
    assert message in str(caught.value)


def test_vehicles_are_told_apart() -> None:
    """By name and number, with and without names; where a number could be part of a name, nothing is guessed."""
    plan = small()
    assert [r.vehicle_type for r in read_solution(io.StringIO(solution_csv(plan)), plan.problem).routes] == [1, 3, 1, 2]
    two = [FLEET[1], VehicleType(count=1, name="bike 1")]
    twins = plan.problem.replace(vehicles=two, allowed=None, preference=None)
    with pytest.raises(FormatError, match="cannot be told"):
        read_solution(io.StringIO(solution_csv(evaluate(twins, [Route(0, 0, 0, (1, 2))]))), twins)


def test_the_command_line_checks_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`vrp check` takes a table as a plan; as a problem it is refused."""
    plan = small()
    write(plan.problem, tmp_path / "p.json")
    plan.write(tmp_path / "plan.csv")
    assert main(["check", str(tmp_path / "p.json"), str(tmp_path / "plan.csv")]) == 0
    assert "feasible" in capsys.readouterr().out
    with pytest.raises(FormatError, match="this is a solution, not a problem"):
        read_text(solution_csv(plan))
