"""Validation of coordinates and matrices, and the notes that follow from what was given."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vrp.fields import LARGEST, SHOWN, Array, Fields, dims, freeze, shorten, show
from vrp.remarks import REMARKS

if TYPE_CHECKING:
    from vrp.problem import Problem

ONE_MATRIX = "One matrix stands for both distance and duration."
SPEED = "Durations are distances at "
ESTIMATE = "Distances are estimates: great circle x "
ROUNDED = "Distances from coordinates are rounded "
FAR = 1_000_000.0
"""Metres from the middle of the others beyond which a place is taken for a mistake."""
_OURS = (ONE_MATRIX, SPEED, ESTIMATE, ROUNDED, *REMARKS)
_HOW = {"nearest": "to the nearest integer.", "truncate1": "down to one decimal.", "ceil": "up to the next integer."}


def network(problem: "Problem", locations: int, chosen: Mapping[str, Any], fields: Fields) -> dict[str, Any]:
    """Return `coords`, `distance`, `duration`, `speed` and `notes`; `chosen` holds the settings."""
    before = len(fields.errors)
    coords = _coords(problem, locations, chosen["crs"], fields)
    wrong_coords = len(fields.errors) > before
    given = {name: getattr(problem, name) for name in ("distance", "duration")}
    distance = _matrix("distance", given["distance"], locations, fields)
    if given["duration"] is given["distance"]:
        duration = distance
    else:
        by = "" if distance is None else " by `distance`"
        duration = _matrix("duration", given["duration"], locations, fields, by)
    if given["distance"] is None and duration is not None:
        # A view, not the array itself: so that the problem, when validated again, is known to have durations only.
        distance = duration.view()
    elif distance is not None and duration is not None and len(distance) != len(duration):
        profiles = max(len(distance), len(duration))
        if min(len(distance), len(duration)) == 1:
            distance, duration = (
                m if len(m) == profiles else freeze(np.repeat(m, profiles, axis=0)) for m in (distance, duration)
            )
        else:
            fields.add(
                f"`distance` has {len(distance)} matrices, but `duration` has {len(duration)}. Give as many of both, "
                "one per profile."
            )
    elif given["distance"] is None and given["duration"] is None and not len(coords) and not wrong_coords:
        fields.add("Nothing tells how far it is. Give `coords`, `distance` or `duration`.")
    out = {"coords": coords, "distance": distance, "duration": duration, "speed": chosen["speed"]}
    return out | {"notes": _notes(problem, chosen, out)}


def only_durations(distance: Array | None, duration: Array | None) -> bool:
    """Return whether the distances are but a view of the durations."""
    return (
        distance is not None
        and duration is not None
        and distance is not duration
        and distance.shape == duration.shape
        and distance.__array_interface__["data"] == duration.__array_interface__["data"]
    )


def _notes(problem: "Problem", chosen: Mapping[str, Any], out: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the user's notes and, anew, those that follow from the fields (they may have been replaced)."""
    from vrp.problem import DETOUR

    given: object = problem.notes
    notes = [n for n in given if isinstance(n, str) and not n.startswith(_OURS)] if isinstance(given, Sequence) else []
    distance, duration, speed = out["distance"], out["duration"], out["speed"]
    if distance is None:
        if chosen["crs"] == "latlon":
            notes.append(f"{ESTIMATE}{DETOUR:g}, at {speed * 3.6:.3g} km/h.")
        elif speed != 1:
            notes.append(f"{SPEED}{speed:g} units per second.")
        if chosen["rounding"] in _HOW:
            notes.append(ROUNDED + _HOW[chosen["rounding"]])
    elif duration is None and speed != 1:
        notes.append(f"{SPEED}{speed:g} units per second.")
    elif duration is None or duration is distance or only_durations(distance, duration):
        notes.append(ONE_MATRIX)
    return tuple(notes)


def _coords(problem: "Problem", locations: int, crs: str, fields: Fields) -> Array:
    none = freeze(np.empty((0, 2)))
    if problem.coords is None or (coords := fields.array("coords", problem.coords)) is None or coords.size == 0:
        return none
    if coords.shape != (locations, 2):
        fields.add(
            f"`coords` has shape {dims(coords.shape)}, but {locations}x2 is needed: one row per location, depots first."
        )
        return none
    if not fields.within("coords", coords, fields.location, low=-math.inf):
        return none
    if crs == "latlon":
        _latlon(coords, problem.distance is None and problem.duration is None, fields)
    return coords


def _latlon(coords: Array, estimated: bool, fields: Fields) -> None:
    """Check latitudes and longitudes; where distances come from them, also that no place is far away by mistake."""
    lat, lon = coords[:, 0], coords[:, 1]
    high, wide = np.flatnonzero(np.abs(lat) > 90), np.flatnonzero(np.abs(lon) > 180)
    if len(high):
        found = (f"{show(lat[i])} at {fields.location(i)}" for i in high)
        fields.add(
            f"Latitudes must be -90 to 90, but are {shorten(found, len(high))}. Latitude and longitude seem swapped: "
            "the rows of `coords` are lat, lon."
        )
    if len(wide):
        found = (f"{show(lon[i])} at {fields.location(i)}" for i in wide)
        fields.add(
            f"Longitudes must be -180 to 180, but are {shorten(found, len(wide))}. Is it metres? Give crs='planar'."
        )
    if len(high) or len(wide) or not estimated or len(coords) < 2:
        return
    from vrp.problem import DETOUR, straight

    # Of two places neither is the middle, and far apart may be right: then only signs of a mistake count.
    centre = np.median(coords, axis=0) if len(coords) > 2 else coords[0]
    away = straight(coords, centre, "latlon") / DETOUR
    far = away > FAR
    few = len(coords) > 2 and far.sum() <= max(1, len(coords) // 20)
    most_near = far.sum() * 2 < len(coords) or len(coords) == 2
    swapped = far & (straight(coords[:, ::-1], centre, "latlon") / DETOUR < FAR) & most_near
    others = "the middle of the others" if len(coords) > 2 else fields.location(0)
    for i in np.flatnonzero(far if few else swapped | (far & ~coords.any(axis=1)))[:SHOWN]:
        where = f"{fields.location(int(i)).capitalize()} at lat {show(lat[i])}, lon {show(lon[i])}"
        if swapped[i]:
            cause = "Latitude and longitude seem swapped"
        elif lat[i] == lon[i] == 0:
            cause = "Its address was probably not found (0, 0)"
        else:
            cause = "Check the coordinates: latitude and longitude may be swapped, or the address was not found"
        fields.add(
            f"{where} is {away[i] / 1000:,.0f} km from {others}. {cause}; if it is right, give "
            "`distance` and `duration` from a road network."
        )


def _matrix(name: str, value: object, locations: int, fields: Fields, by: str = "") -> Array | None:
    """Return a matrix as [P, L, L]; float32 stays float32, all else becomes float64. `by`: what tells its size."""
    if value is None:
        return None
    dtype = np.float32 if getattr(value, "dtype", None) == np.float32 else np.float64
    matrix = fields.array(name, value, dtype)
    if matrix is None:
        return None
    given = matrix.shape
    if matrix.ndim == 2:
        matrix = matrix[None]
    if matrix.ndim != 3 or not len(matrix) or matrix.shape[1] != matrix.shape[2] or matrix.shape[1] != locations:
        square = matrix.ndim == 3 and matrix.shape[1] == matrix.shape[2]
        fields.add(
            f"`{name}` has shape {dims(given)}"
            + (f", but there are {locations} locations{by}" if square else ", which is not square")
            + f". Give {locations}x{locations} values (or one such matrix per profile): one row and one column per "
            "location, depots first."
        )
        return None
    smallest, largest = float(matrix.min()), float(matrix.max())
    if not (smallest >= 0 and largest <= LARGEST):
        bad = np.argwhere(~((matrix >= 0) & (matrix <= np.float64(LARGEST))))
        found = (
            f"{show(matrix[p, i, j])} from {fields.location(int(i))} to {fields.location(int(j))}"
            for p, i, j in bad[:SHOWN]
        )
        fields.add(
            f"`{name}` must be at least 0 and finite (at most {LARGEST:g}), but is {shorten(found, len(bad))}. Where "
            "there is no way, leave the stop out or give a large finite value such as 1e9."
        )
    diagonal = np.einsum("pii->pi", matrix)
    if diagonal.any() and smallest == smallest:
        bad = np.argwhere(diagonal != 0)
        found = (f"{show(diagonal[p, i])} at {fields.location(int(i))}" for p, i in bad[:SHOWN])
        fields.add(
            f"`{name}` from a location to itself must be 0, but is {shorten(found, len(bad))}. Set the diagonal to 0; "
            "put time spent at a stop into `service`."
        )
    return matrix


def check_units(problem: "Problem", out: Mapping[str, Any], fields: Fields) -> None:
    """Find seconds mixed with minutes or milliseconds: even the shortest leg is longer than all of the time there is.

    One or two stops out of reach are no sign of that, nor are soft windows; such problems have a (partial) answer.
    """
    ends = np.where(np.isinf(out["time_windows"][..., 0]), 0.0, out["time_windows"][..., 1])
    last = float(ends.max()) if np.isinf(out["lateness_cost"]).all() else math.inf
    start = min(v.shift[0] for v in out["vehicles"])
    horizon = min(last, max(v.shift[1] for v in out["vehicles"])) - start
    if horizon == math.inf or horizon <= 0 or len(ends) < 3:
        return
    shortest = _shortest_leg(problem, out, horizon)
    if shortest > horizon:
        fields.add(
            f"Even the shortest leg takes {show(shortest)} s, but shifts and time windows leave {show(horizon)} s "
            "in all: the units seem mixed. Give travel times, windows and shifts all in seconds."
        )


def _shortest_leg(problem: "Problem", out: Mapping[str, Any], enough: float) -> float:
    """Return the duration of the shortest leg, or of any that is at most `enough`."""
    from vrp.problem import straight

    matrix = out["distance"] if out["duration"] is None else out["duration"]
    factor = 1.0 / out["speed"] if out["duration"] is None else 1.0
    if matrix is None:
        # The legs of some locations stand for all; they are exact where it matters, in small problems.
        coords = out["coords"][: len(out["coords"]) if len(out["coords"]) <= 200 else 200]
        first = straight(coords[0], out["coords"][1:], problem.crs).min() * factor
        if first <= enough:
            return float(first)
        matrix = straight(coords[:, None], coords[None, :], problem.crs)[None]
    elif (first := float(matrix[:, 0, 1:].min()) * factor) <= enough:
        return first
    return min(float(m[~np.eye(len(m), dtype=bool)].min()) for m in matrix) * factor
