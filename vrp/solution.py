"""Solution, Route, Step, Status: what a plan is. Times and costs are computed by `vrp.check`, never by a solver."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vrp.problem import Problem

if TYPE_CHECKING:
    import os

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from vrp.check import Violation


class Status(Enum):
    """What was reached; the value is the sentence shown to the user."""

    COMPLETE = "every stop that must be served is served"
    PARTIAL = "some stops that must be served are not"
    EMPTY = "no stop is served"


@dataclass(frozen=True)
class Step:
    """One point of a route's schedule. All times are seconds."""

    location: int
    kind: str
    """"start", "stop", "reload", "charge" or "end"."""
    arrive: float
    wait: float
    start: float
    """Start of the service (setup included)."""
    leave: float
    load: tuple[float, ...]
    """[C] load on board when leaving."""
    distance: float
    """Distance driven so far."""
    late: float = 0.0
    """Seconds of starting after the last time window (or the shift's end)."""


@dataclass(frozen=True)
class Route:
    """One vehicle's way. A solver states the first four; `vrp.check.evaluate` fills in the rest."""

    vehicle_type: int
    start_depot: int
    end_depot: int | None
    visits: tuple[int, ...]
    """Location indices in order, without start and end depot; a reload or charge is the index of its depot."""
    steps: tuple[Step, ...] = ()
    distance: float = 0.0
    duration: float = 0.0
    cost: float = 0.0


@dataclass(frozen=True)
class Unserved:
    """A client that no route serves, why, and what would help."""

    stop: int
    """Location index."""
    reason: str
    hint: str
    required: bool = True
    """False: it was optional (it has a finite prize)."""


@dataclass(frozen=True)
class Stats:
    """How the plan was found."""

    solver: str = ""
    seed: int = 0
    threads: int = 1
    seconds: float = 0.0
    """Wall time from the call of `solve`; the once-per-machine compilation is not counted."""
    compile_seconds: float = 0.0
    iterations: int = 0
    trace: tuple[tuple[float, float], ...] = ()
    """(seconds, best cost) at each improvement; the cost as the solver saw it."""
    interrupted: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)
    why: str = ""
    """Why "auto" took another solver than the search; "" where it did not."""


@dataclass(frozen=True, eq=False)
class Solution:
    """A plan for a problem, with its schedule and its cost."""

    problem: Problem
    routes: tuple[Route, ...]
    unserved: tuple[Unserved, ...]
    status: Status
    cost: float
    """Sum of `cost_table`; compare plans by the unserved required stops first."""
    cost_table: Mapping[str, float]
    """fixed, distance, duration, overtime, lateness, missed prizes, preferences (negative = gain): amounts of money."""
    stats: Stats = Stats()

    # Exits

    def check(self) -> "list[Violation]":
        """Return every broken rule; [] proves that the plan is feasible and its cost right."""
        from vrp.check import check

        return check(self.problem, self)

    def summary(self) -> str:
        """Return cost, terms, routes and unserved stops as text."""
        from vrp.report import summary

        return summary(self)

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return f"Solution({self.status.name}, cost={self.cost:.10g}, routes={len(self.routes)})"

    def _repr_html_(self) -> str:
        from vrp.report import to_html

        return to_html(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON types ("vrp-solution", version 1); see `vrp.export.to_dict`."""
        from vrp.export import to_dict

        return to_dict(self)

    def to_frame(self) -> "pd.DataFrame":
        """Return a data frame with one row per step and unserved stop; see `vrp.export.to_frame`."""
        from vrp.export import to_frame

        return to_frame(self)

    def to_geojson(self) -> dict[str, Any]:
        """Return a GeoJSON FeatureCollection, for problems with lat/lon only; see `vrp.export.to_geojson`."""
        from vrp.export import to_geojson

        return to_geojson(self)

    def to_vroom(self) -> dict[str, Any]:
        """Return the plan in the schema of VROOM's output; see `vrp.export_vroom.to_vroom`."""
        from vrp.export_vroom import to_vroom

        return to_vroom(self)

    def write(self, path: "str | os.PathLike[str]") -> None:
        """Write the plan to a file; its suffix chooses the format (see `vrp.formats.write`)."""
        from vrp.formats import write

        write(self, path)

    def plot(self, ax: "Axes | None" = None) -> "Figure":
        """Draw routes, loads and schedule with matplotlib, or the routes alone into `ax`; see `vrp.view.plot`."""
        from vrp.view.plot import plot

        return plot(self, ax)

    def map(self, path: "str | os.PathLike[str]", tiles: str | tuple[str, str] | None = None) -> Path:
        """Write an interactive map as one HTML file that needs no network, and return its path; see `vrp.view.map`.

        Parameters
        ----------
        path
            Where the file goes.
        tiles
            The street map behind the routes, loaded when the file is opened: None for none, "osm" for
            openstreetmap.org, or a pair of URL template and attribution for another server.
        """
        from vrp.view.map import write_map

        return write_map(self, path, tiles)
