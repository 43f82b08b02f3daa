"""Notes on what a problem's fields say together where its author may have meant something else."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from vrp.fields import Array, shorten

NO_CAPACITY = "No vehicle has a capacity: demands limit nothing."
UNUSED = "No vehicle uses "
LATLON = (
    "Coordinates look like latitude and longitude but are taken as planar; give them as lat and lon (arrays: "
    'crs="latlon").'
)
REMARKS = (NO_CAPACITY, UNUSED, LATLON)
"""How they begin."""
NARROW = 5.0
"""Degrees that places in latitude and longitude do not spread over, since vehicles go from one to the other."""


def remarks(out: Mapping[str, Any], rounding: str) -> list[str]:
    """Return the notes on a problem's fields, all of them valid."""
    notes = []
    goods = any(out[name].any() for name in ("delivery", "pickup", "shipment_load"))
    if goods and all(np.isinf(v.capacity).all() for v in out["vehicles"]):
        notes.append(NO_CAPACITY)
    if unused := _unused_depots(out):
        notes.append(unused)
    if out["distance"] is None and out["crs"] == "planar" and rounding == "exact" and _looks_latlon(out["coords"]):
        notes.append(LATLON)
    return notes


def _unused_depots(out: Mapping[str, Any]) -> str:
    """Return a note where a depot is there for nobody; "" elsewhere."""
    count, vehicles = out["num_depots"], out["vehicles"]
    if count == 1:
        return ""
    used = set(out["chargers"])
    for v in vehicles:
        used |= {v.start_depot, v.end_depot, *v.reload_depots}
    unused = [d for d in range(count) if d not in used]
    if not unused:
        return ""
    names = out["names"] or range(count)
    who = shorten((repr(names[d]) for d in unused), len(unused))
    starts = {v.start_depot for v in vehicles}
    all_start = f": all start at {names[starts.pop()]!r}" if len(starts) == 1 else ""
    return f"{UNUSED}depot {who}{all_start}. Give `vehicles` with another start depot to change that."


def _looks_latlon(coords: Array) -> bool:
    """Tell degrees from other planar numbers; the unit square, for one, does not look like them."""
    size = np.abs(coords)
    if len(coords) < 2 or size.min() <= 1 or size[:, 0].max() > 90 or size[:, 1].max() > 180:
        return False
    spread = float((coords.max(axis=0) - coords.min(axis=0)).max())
    return 0 < spread < NARROW and bool((coords != np.rint(coords)).mean() > 0.5)
