"""Li and Lim's text format: pickup and delivery with time windows."""

import numpy as np

from vrp.formats.pairs import shipments
from vrp.formats.solomon import customers, stops
from vrp.formats.source import MAX_LOCATIONS, Source
from vrp.formats.vrplib_text import Section, numbers
from vrp.problem import Problem
from vrp.vehicles import VehicleType

_COLUMNS = "task, x, y, demand, earliest, latest, service time, its pickup, its delivery"


def is_lilim(text: str) -> bool:
    """Return whether the text begins with a line of three numbers and one of nine."""
    first, second, *_ = (line.split() for line in [*text[:4000].lstrip().split("\n"), "", ""][:2])
    return (len(first), len(second)) == (3, 9) and numbers(first) is not None and numbers(second) is not None


def read_lilim(source: Source, rounding: str) -> Problem:
    """Return the problem of a file in Li and Lim's format; `rounding="auto"` does not round.

    The published best plans of this set have the fewest vehicles first, then the least distance; the problem's
    objective is the cost alone unless `objective="vehicles"` is set.
    """
    lead = len(source.text) - len(source.text.lstrip())
    line = 1 + source.text.count("\n", 0, lead)
    first, _, rest = source.text[lead:].partition("\n")
    fleet = numbers(first.split())
    assert fleet is not None
    count, capacity, speed = fleet
    # The set's definition says that the speed is not used: a second per unit of distance, also where it is 0.
    if count != int(count) or not 1 <= count <= MAX_LOCATIONS or speed not in (0, 1):
        raise source.failure(
            f"expected number of vehicles, capacity and a speed of 0 or 1, got {first.strip()[:40]!r}.", line
        )
    section = Section("task list", line + 1, rest)
    rows = customers(source, section, 9, _COLUMNS)
    if rows[0, 3] or rows[0, 6:].any():
        raise source.failure("the depot must have no demand, no service and no partner.", line + 1)
    size = len(rows)
    partners = rows[:, 7:9]
    if ((partners != np.floor(partners)) | (partners < 0) | (partners >= size)).any():
        raise source.failure(f"partners must be tasks from 0 to {size - 1}.", line + 1)
    pickup, delivery = partners.astype(int).T
    pairs = shipments(source, rows[:, 3], pickup, delivery, 1, None)
    source.raise_errors()
    fields = stops(rows, rounding, "exact")
    notes = (
        *fields.pop("notes"),
        "Published best plans of this set have the fewest vehicles first, then the least cost.",
    )
    vehicle = VehicleType(count=int(count), capacity=(float(capacity),))
    return Problem(vehicles=(vehicle,), notes=notes, **fields, **pairs)
