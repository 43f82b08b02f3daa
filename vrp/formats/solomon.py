"""Solomon's and Homberger's text format: VRPTW with a fleet of equal vehicles."""

import re
from typing import Any

import numpy as np

from vrp.formats.source import MAX_LOCATIONS, Source
from vrp.formats.tsplib import rounding_note
from vrp.formats.vrplib_text import Section, numbers, table
from vrp.problem import Problem
from vrp.vehicles import VehicleType

_FORM = re.compile(
    r"\s*(?P<name>[^\n]*)\n\s*VEHICLES?[ \t]*\n\s*NUMBER[ \t]+CAPACITY[ \t]*\n(?P<fleet>[^\n]*)\n"
    r"\s*CUSTOMERS?[ \t]*\n\s*CUST[ \t]+NO[^\n]*\n(?P<rows>.*)",
    re.IGNORECASE | re.DOTALL,
)
_COLUMNS = "customer, x, y, demand, ready time, due date, service time"


def is_solomon(text: str) -> bool:
    """Return whether the text looks like this format."""
    head = text[:2000].upper()
    return "CUST NO" in head or ("VEHICLE" in head.split("\n")[:6] and "NUMBER" in head)


def read_solomon(source: Source, rounding: str) -> Problem:
    """Return the problem of a file in Solomon's format; `rounding="auto"` truncates to one decimal (DIMACS)."""
    match = _FORM.match(source.text)
    if match is None:
        raise source.failure(
            "expected a name, VEHICLE, NUMBER CAPACITY and their line, CUSTOMER, CUST NO. ... and their lines."
        )
    line = 1 + source.text.count("\n", 0, match.start("fleet"))
    fleet = numbers(match["fleet"].split())
    if fleet is None or len(fleet) != 2 or fleet[0] != int(fleet[0]) or not 1 <= fleet[0] <= MAX_LOCATIONS:
        raise source.failure(
            f"expected the number of vehicles and their capacity, got {match['fleet'].strip()[:40]!r}.", line
        )
    section = Section("CUSTOMER", 1 + source.text.count("\n", 0, match.start("rows")), match["rows"])
    rows = customers(source, section, 7, _COLUMNS)
    if rows[0, 3] or rows[0, 6]:
        raise source.failure(
            f"the depot must have no demand and no service, got {rows[0, 3]:g} and {rows[0, 6]:g}.", section.line
        )
    vehicle = VehicleType(count=int(fleet[0]), capacity=(float(fleet[1]),))
    return Problem(
        name=match["name"].strip(),
        vehicles=(vehicle,),
        delivery=rows[1:, 3:4],
        **stops(rows, rounding, "truncate1"),
    )


def customers(source: Source, section: Section, columns: int, meaning: str) -> Any:
    """Return the rows of depot and customers, numbered 0, 1, 2, ..., at least two of them."""
    if section.text.count("\n") > 2 * MAX_LOCATIONS:
        raise source.failure(f"more than {MAX_LOCATIONS} locations, which is the limit.")
    rows = table(source, section, columns)
    if rows is None:
        source.add(f"expected in each line: {meaning}.")
        source.raise_errors()
    assert rows is not None
    if len(rows) < 2:
        raise source.failure(f"expected a depot and at least one customer, got {len(rows)} lines.", section.line)
    if not (rows[:, 0] == np.arange(len(rows))).all():
        wrong = int(np.flatnonzero(rows[:, 0] != np.arange(len(rows)))[0])
        line = [number for number, _ in section.lines()][wrong]
        raise source.failure(
            f"customers must be numbered 0 (the depot), 1, 2, ...; expected {wrong}, got {rows[wrong, 0]:g}.", line
        )
    return rows


def stops(rows: Any, rounding: str, convention: str) -> dict[str, Any]:
    """Return the fields that Solomon's columns x, y, ready, due and service stand for."""
    rule = convention if rounding == "auto" else rounding
    return {
        "coords": rows[:, 1:3],
        "rounding": rule,
        "notes": (rounding_note(rule, rounding == "auto"),),
        "depot_windows": rows[:1, 4:6],
        "time_windows": rows[1:, None, 4:6],
        "service": rows[1:, 6],
    }
