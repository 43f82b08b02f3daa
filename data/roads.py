"""Road distances and durations from an OSRM server, or from a saved answer of its `/table` service."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vrp.data.osrm import Answer, Client, OsrmError, parse, read_json, stack
from vrp.errors import FormatError, ProblemError
from vrp.problem import EARTH_RADIUS

Floats = NDArray[np.float64]

DEFAULT_CELLS = 10_000
"""Sources x destinations that a server with default settings (--max-table-size 100) computes in one request."""
DEMO_SERVER = "router.project-osrm.org"
NAMED = 10
"""Stops that a message names before it only counts them."""


class SnapWarning(UserWarning):
    """A stop lies farther from the nearest road of the map than is plausible."""


@dataclass(frozen=True, eq=False)
class RoadTable:
    """Road network between L places as a car sees it; row = from, column = to. All arrays are read-only.

    Distances are those of the fastest route, not of the shortest one, so they need not satisfy the triangle inequality.
    """

    coords: Floats
    """[L, 2] lat, lon as asked for; of the snapped places where the answer was read without the points."""
    duration: Floats | None
    """[L, L] seconds; None where the answer holds distances only."""
    distance: Floats | None
    """[L, L] metres; None where the answer holds durations only. OSRM's rounding below 0 is 0 here."""
    snapped: Floats
    """[L, 2] lat, lon of the places on the road from which the routes are computed."""
    snap_distance: Floats
    """[L] metres between the two."""

    def arrays(self) -> dict[str, Any]:
        """Return keywords for `Problem.from_arrays`: coords, crs and the matrices that there are."""
        found = {"distance": self.distance, "duration": self.duration}
        return {"coords": self.coords, "crs": "latlon"} | {k: v for k, v in found.items() if v is not None}


def osrm_table(
    points: ArrayLike,
    url: str,
    *,
    profile: str = "driving",
    names: Sequence[str] | None = None,
    timeout: float = 60.0,
    cells: int = DEFAULT_CELLS,
    warn_snap: float = 300.0,
    max_snap: float = 5_000.0,
) -> RoadTable:
    """Ask an OSRM server for the road table between points.

    Large tables are asked for in blocks of rows. Every request carries all points, because OSRM may snap a point
    elsewhere when others are missing; so the blocks equal one large request.

    Parameters
    ----------
    points
        [L, 2] latitude, longitude in degrees.
    url
        Address of the server, such as "http://127.0.0.1:5000".
    profile
        Name in the address; most servers know one profile and ignore it.
    names
        [L] names of the points in messages; by default their index.
    timeout
        Seconds for one request, the answer included.
    cells
        Largest sources x destinations of one request. The default fits servers with default settings; a server
        that was started with --max-table-size N takes N * N.
    warn_snap
        Metres between a point and the nearest road above which a `SnapWarning` names it.
    max_snap
        Metres above which it is an error.

    Raises
    ------
    OsrmError
        The server cannot be reached, refuses the request or its answer is too large.
    ProblemError
        Points are no places, lie off the map, look as if latitude and longitude were swapped, or have no route.
    """
    coords = _points(points, names)
    labels = _labels(names, len(coords))
    client = Client(url, profile, coords, timeout)
    if client.host == DEMO_SERVER and len(coords) ** 2 > DEFAULT_CELLS:
        raise OsrmError(
            f"{DEMO_SERVER} is a demonstration server for small requests; {len(coords)} points are too many for it. "
            "Run an own osrm-routed and give its address."
        )
    rows = max(1, cells // len(coords))
    blocks = [range(first, min(first + rows, len(coords))) for first in range(0, len(coords), rows)]
    parts = [parse(client.ask(block), labels) for block in blocks]
    for part, block in zip(parts, blocks, strict=True):
        if part.shape != (len(block), len(coords)):
            raise OsrmError(
                f"{url} answered with a table of {part.shape} cells instead of {(len(block), len(coords))}."
            )
    whole = Answer(
        duration=stack([p.duration for p in parts]),
        distance=stack([p.distance for p in parts]),
        sources=np.concatenate([p.sources for p in parts]),
        destinations=parts[0].destinations,
        snap=parts[0].snap,
    )
    return _checked(whole, coords, labels, warn_snap, max_snap)


def read_osrm_table(
    answer: str | Path | Mapping[str, Any],
    *,
    points: ArrayLike | None = None,
    names: Sequence[str] | None = None,
    warn_snap: float = 300.0,
    max_snap: float = 5_000.0,
) -> RoadTable:
    """Read a saved answer of OSRM's `/table` service.

    Parameters
    ----------
    answer
        Path of the JSON file, or its content as a dict.
    points
        [L, 2] latitude, longitude of the places that were asked for, where they are known; an answer holds only the
        places on the road.
    names, warn_snap, max_snap
        As in `osrm_table`.

    Raises
    ------
    FormatError
        It is no complete, square table.
    OsrmError
        It is the server's refusal instead of a table.
    ProblemError
        As in `osrm_table`.
    """
    where = "The OSRM answer" if isinstance(answer, Mapping) else str(answer)
    content = answer if isinstance(answer, Mapping) else read_json(_bytes(answer), where)
    found = parse(content, None if names is None else list(names))
    rows, columns = found.shape
    if rows != columns or not np.array_equal(found.sources, found.destinations):
        raise FormatError(
            f"{where} is a table from {rows} sources to {columns} destinations that are not the same places in the "
            "same order. Ask for the whole square: leave out `sources` and `destinations`."
        )
    coords = None if points is None else _points(points, names)
    if coords is not None and len(coords) != rows:
        raise ProblemError(f"{where} is a table of {rows} places, but {len(coords)} points were given.")
    return _checked(found, coords, _labels(names, rows), warn_snap, max_snap)


def _bytes(path: str | Path) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror}.") from None


# Judging


def _points(points: ArrayLike, names: Sequence[str] | None) -> Floats:
    try:
        coords = np.array(points, dtype=np.float64)
    except (TypeError, ValueError):
        raise ProblemError("Points must be numbers: one row of latitude, longitude per point.") from None
    if coords.ndim != 2 or coords.shape[1] != 2 or len(coords) < 2:
        raise ProblemError(
            f"Got points of shape {coords.shape}, but it must be (L, 2), latitude and longitude, L >= 2."
        )
    labels = _labels(names, len(coords))
    with np.errstate(invalid="ignore"):
        wrong = ~((np.abs(coords[:, 0]) <= 90) & (np.abs(coords[:, 1]) <= 180))
    errors = [
        f"Point {labels[i]!r} is at latitude {coords[i, 0]:g}, longitude {coords[i, 1]:g}, but they must lie within "
        f"-90..90 and -180..180.{' Are they swapped?' if 90 < abs(coords[i, 0]) <= 180 else ''}"
        for i in np.flatnonzero(wrong).tolist()
    ]
    if errors:
        raise ProblemError(errors)
    return coords


def _labels(names: Sequence[str] | None, count: int) -> list[str]:
    if names is None:
        return [str(i) for i in range(count)]
    if len(names) != count:
        raise ProblemError(f"Got {len(names)} names for {count} points; give one name per point.")
    return [str(name) for name in names]


def _checked(
    found: Answer, coords: Floats | None, labels: Sequence[str], warn_snap: float, max_snap: float
) -> RoadTable:
    _check_snap(found, coords, labels, warn_snap, max_snap)
    _check_routes(found, labels)
    for matrix in (found.duration, found.distance):
        if matrix is not None and matrix.diagonal().any():
            raise FormatError("The OSRM answer has ways from a place to itself that are not 0.")
    parts = (found.destinations if coords is None else coords, found.duration, found.distance)
    table = RoadTable(*parts, snapped=found.destinations, snap_distance=found.snap)
    for array in (table.coords, table.duration, table.distance, table.snapped, table.snap_distance):
        if array is not None:
            array.flags.writeable = False
    return table


def _check_snap(found: Answer, coords: Floats | None, labels: Sequence[str], warn_snap: float, max_snap: float) -> None:
    far = np.flatnonzero(found.snap > max_snap)
    if len(far) == len(found.snap):
        if coords is None:
            likely = "Latitude and longitude look swapped (OSRM has longitude first), or the map is of another region."
        # Swapped back, the points lie much nearer to the roads that were found.
        elif np.median(_great_circle(coords[:, ::-1], found.destinations)) < 0.2 * np.median(found.snap):
            likely = "Latitude and longitude look swapped: give latitude first."
        else:
            likely = "The server's map is of another region."
        raise ProblemError(f"Every point lies more than {max_snap / 1000:g} km from any road of the map. {likely}")
    errors = [
        f"Point {labels[i]!r} lies {found.snap[i] / 1000:,.1f} km from any road of the map; at most "
        f"{max_snap / 1000:g} km are allowed. Correct its place, or use a map that covers it."
        for i in far.tolist()
    ]
    if errors:
        raise ProblemError(errors)
    off = [f"{labels[i]!r} ({found.snap[i]:,.0f} m)" for i in np.flatnonzero(found.snap > warn_snap).tolist()]
    if off:
        text = f"Points farther than {warn_snap:g} m from any road, routed from the nearest one: {_listed(off)}."
        warnings.warn(text, SnapWarning, stacklevel=4)


def _check_routes(found: Answer, labels: Sequence[str]) -> None:
    missing = np.zeros(found.shape, dtype=np.bool_)
    for matrix in (found.duration, found.distance):
        if matrix is not None:
            missing |= np.isnan(matrix)
    if not missing.any():
        return
    # The stops to blame are few: leave out the one with the most missing pairs until none is missing.
    rest, blamed = missing.copy(), []
    while rest.any():
        worst = int(np.argmax(rest.sum(axis=0) + rest.sum(axis=1)))
        blamed.append(worst)
        rest[worst, :] = rest[:, worst] = False
    others = len(missing) - 1
    errors = [
        f"Point {labels[i]!r} cannot reach {missing[i].sum()} and cannot be reached from {missing[:, i].sum()} "
        f"of the {others} others."
        for i in blamed[:NAMED]
    ]
    rest_text = f" and {len(blamed) - NAMED} more" if len(blamed) > NAMED else ""
    raise ProblemError(
        [
            f"{missing.sum()} of {missing.size} pairs have no route on the map. Leave out or move the points "
            f"{', '.join(repr(labels[i]) for i in blamed[:NAMED])}{rest_text}; all other pairs have one.",
            *errors,
        ]
    )


def _great_circle(a: Floats, b: Floats) -> Floats:
    """Metres between rows of lat, lon."""
    (lat_a, lon_a), (lat_b, lon_b) = np.radians(a).T, np.radians(b).T
    h = np.sin((lat_b - lat_a) / 2) ** 2 + np.cos(lat_a) * np.cos(lat_b) * np.sin((lon_b - lon_a) / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS * np.arcsin(np.sqrt(np.clip(h, 0.0, 1.0))), dtype=np.float64)


def _listed(items: Sequence[str]) -> str:
    more = f" and {len(items) - NAMED} more" if len(items) > NAMED else ""
    return ", ".join(items[:NAMED]) + more
