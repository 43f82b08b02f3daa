"""Solution, Route, Step, Status: what a plan is. Times and costs are computed by `vrp.check`, never by a solver."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from vrp.problem import Problem


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
