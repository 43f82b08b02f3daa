"""Plots of a plan with matplotlib: its routes, the load after each stop, and the schedule."""

from typing import TYPE_CHECKING, Any

import numpy as np

from vrp.display import amount, credit_notes, is_clock, moment, route_names
from vrp.errors import MissingExtraError, UnsupportedError
from vrp.report import title
from vrp.solution import Route, Solution
from vrp.view.colours import colour, dash

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_NUMBERS = 150
"""Stops up to which their numbers are written."""
MAX_LEGEND = 20
"""Routes up to which they are named in the legend and beside the schedule."""


def plot(solution: Solution, ax: "Axes | None" = None) -> "Figure":
    """Draw a plan and return the figure; nothing is shown or saved.

    Parameters
    ----------
    solution
        The plan.
    ax
        Where to draw the routes alone. None: a new figure of routes, loads and schedule; where the problem has no
        coordinates, of loads and schedule.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    UnsupportedError
        `ax` is given, but the problem has no coordinates.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("matplotlib", "view") from error
    placed = bool(len(solution.problem.coords))
    if ax is not None:
        if not placed:
            raise UnsupportedError(
                "A plot of routes needs coordinates, but this problem has none. Leave `ax` out for loads and schedule."
            )
        draw_routes(solution, ax)
        return ax.figure.figure
    figure: Figure = _new_figure(Figure, (13, 7.5) if placed else (8, 7.5))
    grid = figure.add_gridspec(2, 2 if placed else 1, width_ratios=[1.25, 1] if placed else None)
    if placed:
        draw_routes(solution, figure.add_subplot(grid[:, 0]))
    draw_loads(solution, figure.add_subplot(grid[0, -1]))
    draw_schedule(solution, figure.add_subplot(grid[1, -1]))
    figure.suptitle(_plain(f"{title(solution)}    cost {amount(solution.cost)}"))
    credits = "\n".join(_plain(note) for note in credit_notes(solution.problem))
    if credits:
        figure.supxlabel(credits, x=0.995, ha="right", fontsize=7, color="0.4")
    return figure


def _new_figure(kind: Any, size: tuple[float, float]) -> Any:
    """Return a figure that a notebook or a script can show: through pyplot, where it has a screen."""
    import matplotlib

    if matplotlib.get_backend().lower() == "agg":  # Without a screen, pyplot would only keep figures alive.
        return kind(figsize=size, layout="constrained")
    import matplotlib.pyplot as plt

    return plt.figure(figsize=size, layout="constrained")


def draw_routes(solution: Solution, ax: "Axes") -> None:
    """Draw where the routes run; lat/lon with the aspect of its latitude."""
    problem = solution.problem
    xy = problem.coords[:, ::-1] if problem.crs == "latlon" else problem.coords
    x, y = xy[:, 0], xy[:, 1]
    numbered = problem.num_clients <= MAX_NUMBERS
    size = 130 if numbered else max(6.0, 9000 / problem.num_clients)
    for i, (name, route) in enumerate(zip(route_names(solution), solution.routes, strict=True)):
        way = [route.start_depot, *route.visits, *([] if route.end_depot is None else [route.end_depot])]
        ax.plot(x[way], y[way], color=colour(i), linestyle=_line(i), linewidth=1.4, zorder=2, label=_plain(name))
        stops = [v for v in route.visits if v >= problem.num_depots]
        ax.scatter(x[stops], y[stops], s=size, color=colour(i), edgecolors="white", linewidths=0.8, zorder=3)
        if numbered:
            for order, stop in enumerate(stops, 1):
                ax.annotate(str(order), xy[stop], ha="center", va="center", fontsize=6.5, color="white", zorder=4)
    depots = xy[: problem.num_depots]
    ax.scatter(
        depots[:, 0], depots[:, 1], marker="s", s=110, color="black", edgecolors="white", zorder=5, label="depot"
    )
    lost = [u.stop for u in solution.unserved]
    if lost:
        ax.scatter(x[lost], y[lost], marker="X", s=90, color="#b3261e", edgecolors="white", zorder=5, label="unserved")
    ax.set_aspect(1 / np.cos(np.radians(y.mean())) if problem.crs == "latlon" else "equal", adjustable="datalim")
    ax.ticklabel_format(useOffset=False)
    ax.tick_params(labelsize=7)
    ax.set_title("Routes")
    if len(solution.routes) <= MAX_LEGEND:
        ax.legend(fontsize=7, loc="best")


def draw_loads(solution: Solution, ax: "Axes") -> None:
    """Draw the load after each step; of several dimensions, the one that is fullest, as a share of its capacity."""
    problem = solution.problem
    several = problem.num_loads > 1
    for i, route in enumerate(solution.routes):
        if not route.steps:
            continue
        loads = np.array([s.load for s in route.steps], dtype=float).reshape(len(route.steps), -1)
        capacity = np.array(problem.vehicles[route.vehicle_type].capacity or [np.inf] * loads.shape[1], dtype=float)
        if several:
            # An empty dimension of capacity 0 is not full.
            loads = np.divide(loads, capacity, out=np.zeros_like(loads), where=capacity > 0).max(axis=1, keepdims=True)
        elif np.isfinite(capacity[0]):
            ax.axhline(capacity[0], color="0.6", linewidth=0.8, linestyle=":")
        ax.step(range(len(loads)), loads[:, 0], where="post", color=colour(i), linestyle=_line(i), linewidth=1.4)
    ax.set_title("Load on board after each stop")
    ax.set_xlabel("stops from the start")
    ax.set_ylabel("share of the capacity" if several else "load")
    ax.set_ylim(bottom=0)


def draw_schedule(solution: Solution, ax: "Axes") -> None:
    """Draw one row per route: driving thin, service full, waiting light."""
    for i, route in enumerate(solution.routes):
        _draw_row(route, i, ax)
    names = [_plain(n) for n in route_names(solution)]
    if len(names) <= MAX_LEGEND:
        ax.set_yticks(range(len(names)), names, fontsize=7)
    else:
        ax.set_ylabel("route")
    ax.invert_yaxis()
    ax.set_title("Schedule: driving thin, service full, waiting light")
    if is_clock(solution.problem):
        _hours(ax)
    else:
        ax.set_xlabel("seconds")


def _hours(ax: "Axes") -> None:
    """Label the time axis with times of the day, at round steps."""
    low, high = ax.get_xlim()
    step = next((s for s in (300, 900, 1800, 3600, 7200, 14400, 28800) if (high - low) / s <= 8), 86400)
    ticks = np.arange(np.ceil(low / step) * step, high, step)
    ax.set_xticks(ticks, [moment(t, True) for t in ticks.tolist()])


def _draw_row(route: Route, row: int, ax: "Axes") -> None:
    if not route.steps:
        return
    start, end = route.steps[0].leave, route.steps[-1].leave
    ax.broken_barh([(start, end - start)], (row - 0.06, 0.12), color=colour(row), alpha=0.6)
    inner = [s for s in route.steps[1:] if s.kind != "end"]
    waits = [(s.arrive, s.wait) for s in inner if s.wait > 0]
    ax.broken_barh(waits, (row - 0.2, 0.4), color="0.8")
    serves = [(s.start, s.leave - s.start) for s in inner]
    ax.broken_barh(serves, (row - 0.32, 0.64), color=colour(row), edgecolor="white", linewidth=0.4)


def _line(route: int) -> Any:
    dashes = dash(route)
    return (0, tuple(d / 2 for d in dashes)) if dashes else "-"


def _plain(text: str) -> str:
    """Return text in which matplotlib finds no formula."""
    return text.replace("$", r"\$")
