"""The clock of a problem: its windows, shifts and durations, as the kernels of times read them."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vrp.problem import Problem
from vrp.solvers.search.hours import Hours
from vrp.solvers.search.times import Durations, NoTime, Windows
from vrp.solvers.search.tolerance import tolerant


class Spans(NamedTuple):
    """When stops may be begun, and when vehicles may start and end."""

    stops: NDArray[np.float64]
    """[n, 2] from the start of the first to the end of the last window."""
    starts: NDArray[np.float64]
    """[R, 2] of the route, at its depot."""
    ends: NDArray[np.float64]
    """[R, 2]"""

    def bind(self) -> bool:
        """Tell whether any of them can make a difference."""
        every = np.concatenate(self)
        return bool((every[:, 0] > every[:, 0].min()).any() or np.isfinite(every[:, 1]).any())


def spans_of(problem: Problem, kind: NDArray[np.int64]) -> Spans:
    """Look up the spans of all stops and vehicles; a vehicle that can never start or never end ends at -infinity."""
    windows = problem.time_windows
    last = np.where(np.isfinite(windows[:, :, 0]), windows[:, :, 1], -math.inf).max(axis=1)
    starts, ends = np.zeros((len(problem.vehicles), 2)), np.zeros((len(problem.vehicles), 2))
    for k, v in enumerate(problem.vehicles):
        opens, closes = problem.depot_windows[v.start_depot]
        starts[k] = max(v.shift[0], opens), closes
        opens, closes = (0.0, math.inf) if v.end_depot is None else problem.depot_windows[v.end_depot]
        ends[k] = opens, min(v.shift[1], closes)
        if starts[k, 0] > closes_of(starts[k]) or ends[k, 0] > closes_of(ends[k]):
            ends[k, 1] = -math.inf
    return Spans(np.column_stack([windows[:, 0, 0], last]), starts[kind], ends[kind])


def closes_of(span: NDArray[np.float64]) -> float:
    """Return the end of a span with the tolerance added."""
    return float(tolerant(span[1]))


def keeps_hours(problem: Problem) -> bool:
    """Tell whether there are setups, releases or overtime."""
    late = any(v.overtime_cost > 0 and math.isfinite(v.nominal_duration) for v in problem.vehicles)
    return late or bool((problem.setup > 0).any() or (problem.release > 0).any())


def times_of(
    problem: Problem, kind: NDArray[np.int64], spans: Spans, timed: bool, durations: bool, scale: float
) -> NoTime | Windows | Durations | Hours:
    """Return the times of a problem in the plainest kind that honours them all."""
    if not timed and not durations:
        return NoTime(0)
    D, L = problem.num_depots, problem.num_locations
    N = L + len(kind)
    early, late, service = np.zeros(N), np.full(N, math.inf), np.zeros(N)
    early[D:L], late[D:L] = spans.stops.T
    early[L:], late[L:] = spans.starts[:, 0], spans.ends[:, 1]
    service[D:L] = problem.service
    both = np.array([early, late])
    latest = float(np.abs(both[np.isfinite(both)]).max(initial=0.0))
    slack = float(tolerant(latest)) - latest
    common: dict[str, Any] = {"early": early, "late": late, "service": service, "slack": slack}
    common |= {
        "log": np.zeros((2, N), np.int64),
        "stamp": np.zeros((2, N), np.int64),
        "count": np.zeros(2, np.int64),
    }
    if not durations:
        return Windows(**common, first=early.copy(), last=late.copy(), old=np.zeros((2, N)))
    common |= _per_route(problem, kind, scale)
    hours = keeps_hours(problem)
    width = 4 if hours else 3
    head, tail = (np.zeros((N, width)) for _ in range(2))
    head[L:, 1:3], tail[L:, 1:3] = spans.starts, spans.ends
    common |= {"head": head, "tail": tail, "old": np.zeros((2, N, width))}
    if not hours:
        return Durations(**common)
    setup, release = np.zeros(N), np.zeros(N)
    setup[D:L], release[D:L] = problem.setup, problem.release
    types = problem.vehicles
    return Hours(
        **common,
        setup=setup,
        release=release,
        nominal=np.array([v.nominal_duration for v in types])[kind],
        overtime=np.array([v.overtime_cost for v in types])[kind] / scale,
    )


def _per_route(problem: Problem, kind: NDArray[np.int64], scale: float) -> dict[str, Any]:
    """Return what durations cost and how long they may be, and where they are kept."""
    types, R = problem.vehicles, len(kind)
    return {
        "duration": np.zeros(R),
        "longest": tolerant([v.max_duration for v in types])[kind],
        "cost": np.array([v.duration_cost or 0.0 for v in types])[kind] / scale,
        "route_log": np.zeros(R, np.int64),
        "route_old": np.zeros(R),
        "route_stamp": np.zeros(R, np.int64),
        "route_count": np.zeros(1, np.int64),
    }
