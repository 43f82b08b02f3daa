"""The plots: what they draw is what the plan says, and nothing is needed that is not there."""

import sys

import numpy as np
import pytest

from vrp.check import evaluate
from vrp.errors import MissingExtraError, UnsupportedError
from vrp.problem import Problem
from vrp.solution import Route, Solution
from vrp.vehicles import VehicleType

figure_module = pytest.importorskip("matplotlib.figure", reason="matplotlib is not installed")


def two_routes(**changes: object) -> Solution:
    given: dict[str, object] = {
        "coords": np.array([[0.0, 0.0], [0, 10], [10, 10], [20, 10], [20, 0]]),
        "vehicles": (VehicleType(count=2, capacity=(10,), name="van $x$"),),
        "delivery": np.full((4, 1), 2.0),
        "service": np.full(4, 5.0),
    }
    problem = Problem(**given | changes)  # type: ignore[arg-type]
    return evaluate(problem, [Route(0, 0, 0, (1, 2)), Route(0, 0, 0, (3,))])


def test_the_figure_has_routes_loads_and_schedule() -> None:
    """The lines are the routes' ways, the steps their loads, and names are not taken for formulas."""
    solution = two_routes()
    figure = solution.plot()
    figure.canvas.draw()  # formulas in names would raise here
    routes, loads, schedule = figure.axes
    assert routes.lines[0].get_xydata().tolist() == [[0, 0], [0, 10], [10, 10], [0, 0]]
    drawn = next(line for line in loads.lines if len(line.get_ydata()) == 4)
    assert list(drawn.get_ydata()) == [4, 2, 0, 0]
    assert [t.get_text() for t in schedule.get_yticklabels()] == [r"van \$x\$ 1", r"van \$x\$ 2"]


def test_lat_lon_is_drawn_with_north_up() -> None:
    """Longitude runs to the right, latitude up."""
    coords = np.array([[60.0, 24.0], [60.1, 24.0], [60.0, 24.2], [60.0, 24.1], [60.1, 24.1]])
    figure = two_routes(coords=coords, crs="latlon").plot()
    assert figure.axes[0].lines[0].get_xydata().tolist() == [[24.0, 60.0], [24.0, 60.1], [24.2, 60.0], [24.0, 60.0]]


def test_routes_can_be_drawn_into_given_axes() -> None:
    """With `ax` only the routes are drawn, into that figure."""
    figure = figure_module.Figure()
    ax = figure.add_subplot()
    assert two_routes().plot(ax=ax) is figure
    assert len(figure.axes) == 1
    assert len(ax.lines) == 2


def test_without_coordinates_loads_and_schedule_remain() -> None:
    """A problem of matrices alone still has loads and a schedule, but no routes to draw."""
    matrix = np.ones((1, 5, 5)) - np.eye(5)
    solution = two_routes(coords=None, distance=matrix)
    assert len(solution.plot().axes) == 2
    with pytest.raises(UnsupportedError, match="needs coordinates"):
        solution.plot(ax=figure_module.Figure().add_subplot())


def test_plans_without_routes_and_of_several_loads_are_drawn() -> None:
    """An empty plan, and one whose loads have two dimensions (one of capacity 0), give a figure."""
    two = {"delivery": np.tile([[2.0, 0.0]], (4, 1)), "vehicles": (VehicleType(count=2, capacity=(10, 0)),)}
    figure = two_routes(**two).plot()
    figure.canvas.draw()
    assert list(next(x for x in figure.axes[1].lines if len(x.get_ydata()) == 4).get_ydata()) == [0.4, 0.2, 0, 0]
    evaluate(two_routes().problem, []).plot().canvas.draw()


def test_a_missing_matplotlib_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without matplotlib the error gives the command that installs it."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'neural-vrp\[view\]'`"):
        two_routes().plot()
