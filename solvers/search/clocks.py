"""The clock of a problem: its windows, shifts and durations, as the kernels of times read them."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vrp.problem import Problem
from vrp.schedule import RELATIVE_TOLERANCE, TOLERANCE
from vrp.solvers.search.gaps import PIECES, Timeline
from vrp.solvers.search.halts import Halts, NoHalts
from vrp.solvers.search.hours import Hours
from vrp.solvers.search.times import Durations, NoTime, Windows
from vrp.solvers.search.tolerance import tolerant
from vrp.solvers.search.trips import Trips, trips_of


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
    starts, ends = np.zeros((len(problem.vehicles), 2)), np.zeros((len(problem.vehicles), 2))
    for k, v in enumerate(problem.vehicles):
        opens, closes = problem.depot_windows[v.start_depot]
        starts[k] = max(v.shift[0], opens), closes
        opens, closes = (0.0, math.inf) if v.end_depot is None else problem.depot_windows[v.end_depot]
        ends[k] = opens, min(v.shift[1], closes)
        if starts[k, 0] > closes_of(starts[k]) or ends[k, 0] > closes_of(ends[k]):
            ends[k, 1] = -math.inf
    return Spans(np.column_stack([problem.time_windows[:, 0, 0], _last(problem)]), starts[kind], ends[kind])


def closes_of(span: NDArray[np.float64]) -> float:
    """Return the end of a span with the tolerance added."""
    return float(tolerant(span[1]))


def keeps_hours(problem: Problem) -> bool:
    """Tell whether there are setups, releases or overtime."""
    late = any(v.overtime_cost > 0 and math.isfinite(v.nominal_duration) for v in problem.vehicles)
    return late or bool((problem.setup > 0).any() or (problem.release > 0).any())


def keeps_gaps(problem: Problem) -> bool:
    """Tell whether there are breaks, several windows at a stop or soft ones."""
    several = bool(np.isfinite(problem.time_windows[:, 1:, 0]).any())
    return several or bool(_soft(problem).any()) or any(b.end > b.start for v in problem.vehicles for b in v.breaks)


def _soft(problem: Problem) -> NDArray[np.bool_]:
    return np.isfinite(problem.lateness_cost) & np.isfinite(_last(problem))


def _last(problem: Problem) -> NDArray[np.float64]:
    """[n] the end of each stop's last window."""
    windows = problem.time_windows
    return np.asarray(np.where(np.isfinite(windows[:, :, 0]), windows[:, :, 1], -math.inf).max(axis=1))


def times_of(
    problem: Problem, kind: NDArray[np.int64], spans: Spans, timed: bool, durations: bool, scale: float,
    halts: NoHalts | Halts,
) -> NoTime | Windows | Durations | Hours | Timeline | Trips:  # fmt: skip
    """Return the times of a problem in the plainest kind that honours them all."""
    if not timed and not durations:
        return NoTime(0)
    if isinstance(halts, Halts):
        return trips_of(problem, kind, halts.depot, halts.reload, spans, _hours(problem, kind, spans, scale))
    if keeps_gaps(problem):
        return _timeline(problem, kind, spans, scale)
    common = _common(problem, kind, spans)
    if not durations:
        first, last = common["early"].copy(), common["late"].copy()
        return Windows(**common, first=first, last=last, old=np.zeros((2, len(first))))
    if not keeps_hours(problem):
        return Durations(**common, **_segments(problem, kind, spans, scale, 3))
    return _hours(problem, kind, spans, scale)


def _common(problem: Problem, kind: NDArray[np.int64], spans: Spans) -> dict[str, Any]:
    D, L = problem.num_depots, problem.num_locations
    N = L + len(kind)
    early, late, service = np.zeros(N), np.full(N, math.inf), np.zeros(N)
    early[D:L], late[D:L] = spans.stops.T
    early[L:], late[L:] = spans.starts[:, 0], spans.ends[:, 1]
    service[D:L] = problem.service
    both = np.array([early, late])
    latest = float(np.abs(both[np.isfinite(both)]).max(initial=0.0))
    return {
        "early": early,
        "late": late,
        "service": service,
        "slack": float(tolerant(latest)) - latest,
        "log": np.zeros((2, N), np.int64),
        "stamp": np.zeros((2, N), np.int64),
        "count": np.zeros(2, np.int64),
    }


def _segments(problem: Problem, kind: NDArray[np.int64], spans: Spans, scale: float, width: int) -> dict[str, Any]:
    """Return heads and tails of empty routes, and what durations cost and how long they may be."""
    L, R, types = problem.num_locations, len(kind), problem.vehicles
    head, tail = (np.zeros((L + R, width)) for _ in range(2))
    head[L:, 1:3], tail[L:, 1:3] = spans.starts, spans.ends
    return {
        "head": head,
        "tail": tail,
        "old": np.zeros((2, L + R, width)),
        "duration": np.zeros(R),
        "longest": tolerant([v.max_duration for v in types])[kind],
        "cost": np.array([v.duration_cost or 0.0 for v in types])[kind] / scale,
        "route_log": np.zeros(R, np.int64),
        "route_old": np.zeros(R),
        "route_stamp": np.zeros(R, np.int64),
        "route_count": np.zeros(1, np.int64),
    }


def _hours(problem: Problem, kind: NDArray[np.int64], spans: Spans, scale: float) -> Hours:
    D, L, types = problem.num_depots, problem.num_locations, problem.vehicles
    setup, release = np.zeros(L + len(kind)), np.zeros(L + len(kind))
    setup[D:L], release[D:L] = problem.setup, problem.release
    return Hours(
        **_common(problem, kind, spans),
        **_segments(problem, kind, spans, scale, 4),
        setup=setup,
        release=release,
        nominal=np.array([v.nominal_duration for v in types])[kind],
        overtime=np.array([v.overtime_cost for v in types])[kind] / scale,
    )


def _timeline(problem: Problem, kind: NDArray[np.int64], spans: Spans, scale: float) -> Timeline:
    D, L, R, types = problem.num_depots, problem.num_locations, len(kind), problem.vehicles
    N = L + R
    soft = _soft(problem)
    hard = spans._replace(stops=np.column_stack([spans.stops[:, 0], np.where(soft, math.inf, spans.stops[:, 1])]))
    bound = _hours(problem, kind, hard, scale)
    used = np.isfinite(problem.time_windows[:, :, 0])
    windows = np.concatenate([problem.time_windows[used], spans.ends])
    count = np.zeros(N, np.int64)
    count[D:L], count[L:] = used.sum(axis=1), 1
    behind = np.cumsum(count)
    lateness = np.full(N, math.inf)
    lateness[D:L] = np.where(soft, problem.lateness_cost / scale, math.inf)
    late = bound.late.copy()
    late[D:L] = spans.stops[:, 1]
    breaks = [[(b.start, b.end) for b in v.breaks if b.end > b.start] for v in types]
    many = np.array([len(b) for b in breaks])
    pauses = np.array([pair for b in breaks for pair in b], np.float64).reshape(-1, 2)
    edges = np.concatenate([windows.ravel(), pauses.ravel(), spans.starts[:, 0]])
    # The check takes for rounding what grows with the instants of a route, of which these are the least.
    least = max(float(spans.starts[:, 0].min()), float(spans.stops[:, 0].min()))
    return Timeline(
        bound=bound,
        early=bound.early,
        late=late,
        service=bound.service,
        first_window=behind - count,
        last_window=behind,
        windows=windows,
        lateness=lateness,
        first_break=(np.cumsum(many) - many)[kind],
        last_break=np.cumsum(many)[kind],
        breaks=pauses,
        starts=np.ascontiguousarray(spans.starts),
        flexible=(bound.cost > 0) | (bound.overtime > 0) & np.isfinite(bound.nominal) | np.isfinite(bound.longest),
        horizon=float(edges[np.isfinite(edges)].max()),
        grain=(TOLERANCE + RELATIVE_TOLERANCE * least) / 2000.0,
        soonest=np.zeros((N, 3)),
        log=np.zeros(N, np.int64),
        old=np.zeros((N, 3)),
        stamp=np.zeros(N, np.int64),
        count=np.zeros(1, np.int64),
        price=np.zeros((R, 2)),
        route_log=np.zeros(R, np.int64),
        route_old=np.zeros((R, 2)),
        route_stamp=np.zeros(R, np.int64),
        route_count=np.zeros(1, np.int64),
        pieces=np.zeros((2, PIECES, 6)),
    )
