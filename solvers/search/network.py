"""Networks: distance and driving time between two nodes of the plan, computed or looked up.

Nodes are locations 0..L-1 and then one sentinel per vehicle, which stands for its start depot where a leg begins and
for its end depot where a leg ends. `r` is the vehicle that drives.
"""

import math
from typing import Any, NamedTuple

from vrp.solvers.search.jit import dispatch, is_a, part


class Planar(NamedTuple):
    """Coordinates; every vehicle starts and ends at its depot. Time is distance / speed."""

    x: Any
    y: Any
    rounding: int
    pace: float


class PlanarEnds(NamedTuple):
    """Coordinates with other ends than starts; `closed` is 0 where a route ends at its last stop."""

    x: Any
    y: Any
    end_x: Any
    end_y: Any
    closed: Any
    rounding: int
    pace: float


class Sphere(NamedTuple):
    """Latitudes and longitudes as points of the unit sphere, [N, 3] where legs begin and where they end."""

    start: Any
    end: Any
    closed: Any
    diameter: float
    """Of the earth, times the detour: distance units."""
    pace: float


class Matrix(NamedTuple):
    """One matrix of costs and one of times; [L, L + 1], the last column (zeros) is the end of open routes."""

    distance: Any
    duration: Any
    start: Any
    """[N] row of each node."""
    end: Any
    """[N] column of each node."""


class Profiles(NamedTuple):
    """A matrix pair per profile, [P, L, L + 1], and each vehicle's profile."""

    distance: Any
    duration: Any
    start: Any
    end: Any
    profile: Any


ROUNDINGS = {"exact": 0, "nearest": 1, "truncate1": 2, "ceil": 3}


def leg(net: Any, r: int, i: int, j: int) -> float:
    """Distance from node i to node j."""
    raise NotImplementedError("compiled only")


def drive(net: Any, r: int, i: int, j: int) -> float:
    """Seconds from node i to node j."""
    raise NotImplementedError("compiled only")


def there_and_back(net: Any, r: int, c: int, w: int) -> tuple[float, float]:
    """Distances between two clients, both ways."""
    raise NotImplementedError("compiled only")


def _rounded(d: float, rounding: int) -> float:
    if rounding == 1:
        return math.floor(d + 0.5)
    if rounding == 2:
        return math.floor(10.0 * d) / 10.0
    if rounding == 3:
        return math.ceil(d)
    return d


rounded = part(_rounded)


def _computes(net: Any) -> bool:
    """Tell whether legs are computed from coordinates, and so are as long as the way back."""
    return is_a(net, Planar) or is_a(net, PlanarEnds) or is_a(net, Sphere)


@dispatch(leg)
def _leg(net: Any, r: Any, i: Any, j: Any) -> Any:
    if is_a(net, Planar):

        def planar(net, r, i, j):  # type: ignore[no-untyped-def]
            dx = net.x[i] - net.x[j]
            dy = net.y[i] - net.y[j]
            return rounded(math.sqrt(dx * dx + dy * dy), net.rounding)

        return planar
    if is_a(net, PlanarEnds):

        def planar_ends(net, r, i, j):  # type: ignore[no-untyped-def]
            dx = net.x[i] - net.end_x[j]
            dy = net.y[i] - net.end_y[j]
            return net.closed[j] * rounded(math.sqrt(dx * dx + dy * dy), net.rounding)

        return planar_ends
    if is_a(net, Sphere):

        def sphere(net, r, i, j):  # type: ignore[no-untyped-def]
            chord = 0.0
            for k in range(3):
                d = net.start[i, k] - net.end[j, k]
                chord += d * d
            return net.closed[j] * net.diameter * math.asin(min(1.0, 0.5 * math.sqrt(chord)))

        return sphere
    if is_a(net, Matrix):
        return lambda net, r, i, j: float(net.distance[net.start[i], net.end[j]])
    return lambda net, r, i, j: float(net.distance[net.profile[r], net.start[i], net.end[j]])


@dispatch(drive)
def _drive(net: Any, r: Any, i: Any, j: Any) -> Any:
    if _computes(net):
        return lambda net, r, i, j: leg(net, r, i, j) * net.pace
    if is_a(net, Matrix):
        return lambda net, r, i, j: float(net.duration[net.start[i], net.end[j]])
    return lambda net, r, i, j: float(net.duration[net.profile[r], net.start[i], net.end[j]])


@dispatch(there_and_back)
def _there_and_back(net: Any, r: Any, c: Any, w: Any) -> Any:
    if _computes(net):

        def symmetric(net, r, c, w):  # type: ignore[no-untyped-def]
            d = leg(net, r, c, w)
            return d, d

        return symmetric
    return lambda net, r, c, w: (leg(net, r, c, w), leg(net, r, w, c))
