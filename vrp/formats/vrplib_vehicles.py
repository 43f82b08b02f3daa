"""The vehicles of a VRPLIB file: one line per vehicle; neighbours that are alike become one vehicle type."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrp.formats.source import MAX_LOCATIONS
from vrp.formats.vrplib_nodes import Nodes
from vrp.formats.vrplib_text import Sheet, ragged, table
from vrp.problem import Floats
from vrp.vehicles import VehicleType

# Fields that are one number for all vehicles, or a section with one line per vehicle.
NUMBERS = {
    "VEHICLES_FIXED_COST": "fixed_cost",
    "VEHICLES_UNIT_DISTANCE_COST": "distance_cost",
    "VEHICLES_MAX_DISTANCE": "max_distance",
    "VEHICLES_MAX_DURATION": "max_duration",
    "VEHICLES_MAX_RELOADS": "max_reloads",
}
KEYS = ("VEHICLES", "CAPACITY", *NUMBERS)
SECTIONS = (
    "CAPACITY_SECTION",
    "VEHICLES_DEPOT_SECTION",
    "VEHICLES_RELOAD_DEPOT_SECTION",
    "VEHICLES_ALLOWED_CLIENTS_SECTION",
    *(f"{key}_SECTION" for key in NUMBERS),
)
MAX_ALLOWED = 200_000_000
"""Largest number of vehicles x clients for which it is stored who may serve whom."""


@dataclass
class Fleet:
    """Vehicle types in the order of the file's vehicles, and which clients each may serve."""

    types: tuple[VehicleType, ...]
    allowed: NDArray[np.bool_] | None


def read_fleet(sheet: Sheet, nodes: Nodes, kind: str) -> Fleet:
    """Read the vehicles; without their number there are as many as needed, at every depot (a TSP has one)."""
    lists = _Lists(sheet)
    count = sheet.whole("VEHICLES", 1, MAX_LOCATIONS)
    sizes = {name: lists.size(name) for name in SECTIONS if name in sheet.sections}
    if count is None:
        count = next(iter(sizes.values()), None)
    if count is None and kind in ("TSP", "ATSP"):
        count = 1
    for name, size in sizes.items():
        if size != count:
            sheet.source.add(f"{name} has {size} lines, but there are {count} vehicles.", sheet.line(name))
            return Fleet((), None)
    shared = {field: sheet.number(key) for key, field in NUMBERS.items()}
    for key in (*NUMBERS, "CAPACITY"):
        if key in sheet.values and f"{key}_SECTION" in sheet.sections:
            sheet.source.add(f"{key} is given twice: for all, and for each vehicle.", sheet.line(key))
    if (capacity := sheet.number("CAPACITY")) is not None:
        shared["capacity"] = (capacity,)  # type: ignore[assignment]
    common = {field: value for field, value in shared.items() if value is not None}
    if count is None:
        return Fleet(tuple(_unlimited(depot, common, kind) for depot in range(len(nodes.depots))), None)
    if len(nodes.depots) > 1 and "VEHICLES_DEPOT_SECTION" not in sheet.sections:
        sheet.source.add(
            "there are several depots, but VEHICLES_DEPOT_SECTION does not say which vehicle is where.",
            sheet.line("VEHICLES") or sheet.line("DEPOT_SECTION"),
        )
        return Fleet((), None)
    return _grouped(sheet, nodes, lists, common, count, kind)


def _unlimited(depot: int, common: dict[str, Any], kind: str) -> VehicleType:
    return _vehicle({**common, "start_depot": depot}, kind, None)


def _vehicle(fields: dict[str, Any], kind: str, count: int | None) -> VehicleType:
    fields = dict(fields)
    if "max_reloads" in fields:
        fields["max_reloads"] = int(fields["max_reloads"])
    start = fields.setdefault("start_depot", 0)
    return VehicleType(count=count, end_depot=None if kind == "OVRP" else start, **fields)


def _grouped(sheet: Sheet, nodes: Nodes, lists: "_Lists", common: dict[str, Any], count: int, kind: str) -> Fleet:
    """Join neighbouring vehicles that are alike, so that the k-th route of a solution is still the k-th vehicle."""
    columns: dict[str, list[Any]] = {}
    for key, field in NUMBERS.items():
        if (array := lists.numbers(f"{key}_SECTION", 1)) is not None:
            columns[field] = array[:, 0].tolist()
    if (array := lists.numbers("CAPACITY_SECTION", None)) is not None:
        columns["capacity"] = [tuple(row) for row in array.tolist()]
    if (array := lists.numbers("VEHICLES_DEPOT_SECTION", 1)) is not None:
        columns["start_depot"] = [_depot(sheet, nodes, node, "VEHICLES_DEPOT_SECTION") for node in array[:, 0]]
    if (rows := lists.whole_numbers("VEHICLES_RELOAD_DEPOT_SECTION")) is not None:
        columns["reload_depots"] = [
            tuple(_depot(sheet, nodes, node, "VEHICLES_RELOAD_DEPOT_SECTION") for node in row) for row in rows
        ]
    served = lists.whole_numbers("VEHICLES_ALLOWED_CLIENTS_SECTION")
    if served is not None:
        columns["allowed"] = [tuple(row) for row in served]
    if sheet.source.errors:
        return Fleet((), None)
    vehicles = list(zip(*columns.values(), strict=True)) if columns else [()] * count
    firsts = [k for k in range(count) if k == 0 or vehicles[k] != vehicles[k - 1]]
    ends = [*firsts[1:], count]
    types: list[VehicleType] = []
    allowed = None
    clients = nodes.count - len(nodes.depots)
    if served is not None:
        if len(firsts) * clients > MAX_ALLOWED:
            raise sheet.source.failure(
                f"{len(firsts)} different vehicles x {clients} clients exceed the limit of {MAX_ALLOWED}."
            )
        allowed = np.zeros((len(firsts), clients), dtype=bool)
    line = sheet.line("VEHICLES_ALLOWED_CLIENTS_SECTION")
    for first, end in zip(firsts, ends, strict=True):
        own = dict(zip(columns, vehicles[first], strict=True))
        if allowed is not None:
            allowed[len(types), nodes.clients(sheet, list(own.pop("allowed")), line or 0)] = True
        types.append(_vehicle({**common, **own}, kind, end - first))
    return Fleet(tuple(types), allowed)


def _depot(sheet: Sheet, nodes: Nodes, node: float, section: str) -> int:
    at = nodes.find(int(node)) if node == int(node) else None
    if at is None or at >= len(nodes.depots):
        sheet.source.add(f"{section}: {node:g} is no depot.", sheet.line(section))
        return 0
    return at


class _Lists:
    """Sections with one line per vehicle: its number (1, 2, ...) and its values."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet

    def size(self, name: str) -> int:
        return sum(1 for _ in self.sheet.sections[name].lines())

    def numbers(self, name: str, columns: int | None) -> Floats | None:
        """Return the values [K, columns], None where the section is absent or wrong."""
        if name not in self.sheet.sections:
            return None
        section = self.sheet.sections[name]
        rows = table(self.sheet.source, section, None if columns is None else columns + 1)
        if rows is None:
            return None
        if rows.shape[1] < 2 or not (rows[:, 0] == np.arange(1, len(rows) + 1)).all():
            self.sheet.source.add(f"{name}: lines must begin with the vehicles 1, 2, 3, ... in order.", section.line)
            return None
        return rows[:, 1:]

    def whole_numbers(self, name: str) -> list[list[int]] | None:
        """Return the values of each vehicle, of any number."""
        if name not in self.sheet.sections:
            return None
        rows = ragged(self.sheet.source, self.sheet.sections[name])
        for k, (line, row) in enumerate(rows, start=1):
            if row[0] != k:
                self.sheet.source.add(f"{name}: expected vehicle {k}, got {row[0]}.", line)
                return None
        return [row[1:] for _, row in rows]
