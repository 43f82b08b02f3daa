"""The network of a problem: its coordinates or its matrices, as the kernels read them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrp.problem import DETOUR, EARTH_RADIUS, Problem
from vrp.solvers.search.network import ROUNDINGS, Matrix, Planar, PlanarEnds, Profiles, Sphere

DOUBLE = 500
"""Number of locations up to which matrices fit the processor's cache in double precision."""
DENSE = 2000
"""Number of locations up to which latitudes and longitudes become a matrix: looked up faster than computed."""


def network_of(
    problem: Problem,
    kind: NDArray[np.int64],
    start: NDArray[np.int64],
    end: NDArray[Any],
    by_distance: float,
    by_time: float,
    timed: bool,
) -> tuple[Any, float]:
    """Return the network whose legs cost `by_distance` and `by_time`, divided by a scale, and that scale."""
    closed = end >= 0
    if problem.distance is None and problem.duration is None and problem.crs == "planar":
        scale = by_distance + by_time / problem.speed
        x, y = np.ascontiguousarray(problem.coords[start, 0]), np.ascontiguousarray(problem.coords[start, 1])
        rounding = ROUNDINGS[problem.rounding]
        if np.array_equal(start, end):
            return Planar(x, y, rounding, 1.0 / problem.speed), scale
        to = np.where(closed, end, 0)
        to_x, to_y = np.ascontiguousarray(problem.coords[to, 0]), np.ascontiguousarray(problem.coords[to, 1])
        return PlanarEnds(x, y, to_x, to_y, closed.astype(np.float64), rounding, 1.0 / problem.speed), scale
    if problem.distance is None and problem.duration is None and problem.num_locations > DENSE:
        lat, lon = np.radians(problem.coords[:, 0]), np.radians(problem.coords[:, 1])
        points = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
        diameter, pace = DETOUR * 2 * EARTH_RADIUS, 1.0 / problem.speed
        ends = np.ascontiguousarray(points[np.where(closed, end, 0)])
        net = Sphere(np.ascontiguousarray(points[start]), ends, closed.astype(np.float64), diameter, pace)
        return net, by_distance + by_time * pace
    to = np.where(closed, end, problem.num_locations).astype(np.int64)
    pairs = [problem.matrices(p) for p in range(problem.num_profiles)]
    if len(pairs) == 1:
        distance, duration = pairs[0]
        # One matrix of prices serves where the time itself is not asked for.
        if by_time != 0.0:
            distance, scale = by_distance * distance + by_time * duration, 1.0
        else:
            scale = by_distance
        cost, seconds = _prepared([distance, duration] if timed else [distance], bool(closed.all()))
        return Matrix(cost, seconds, start, to), scale
    profile = np.array([v.profile for v in problem.vehicles], np.int64)[kind]
    legs = [d if by_time == 0.0 else by_distance * d + by_time * t for d, t in pairs]
    both = np.stack(legs), np.stack([t for _, t in pairs])
    cost, seconds = _prepared(list(both) if timed else [both[0]], bool(closed.all()))
    return Profiles(cost, seconds, start, to, profile), by_distance if by_time == 0.0 else 1.0


def _prepared(matrices: list[NDArray[Any]], all_closed: bool) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return one or two matrices as the kernels read them: the same precision, and read-only.

    Large ones in single precision where that is exact (half the memory traffic); with a column of zeros for open routes
    to end in.
    """
    exact = False
    if matrices[0].shape[-1] > DOUBLE:
        with np.errstate(over="ignore"):  # too large for single precision is not equal, and stays double
            exact = all(np.array_equal(m.astype(np.float32, copy=False), m) for m in matrices)
    out: list[NDArray[Any]] = []
    for m in matrices:
        chosen: NDArray[Any] = m.astype(np.float32 if exact else np.float64, copy=False)
        if not all_closed:
            chosen = np.concatenate([chosen, np.zeros((*chosen.shape[:-1], 1), chosen.dtype)], axis=-1)
        chosen = np.ascontiguousarray(chosen)
        chosen.setflags(write=False)
        out.append(chosen)
    return out[0], out[-1]
