"""The nodes of a VRPLIB file: their numbers, coordinates and names, and the order of locations (depots first)."""

from dataclasses import dataclass, field

import numpy as np

from vrp.formats.source import Source
from vrp.formats.vrplib_text import Section, Sheet, numbers, ragged, table
from vrp.problem import Floats, Ints


@dataclass
class Nodes:
    """Node numbers as the file has them, and where each is among the locations."""

    ids: Ints
    """[L] in the file's order."""
    coords: Floats | None
    """[L, 2] in the file's order."""
    labels: list[str]
    """[L] or none, in the file's order."""
    depots: list[int]
    """Rows of the depots in the file's order."""
    order: Ints = field(init=False)
    """[L] row of each location."""
    in_order: bool = field(init=False)

    def __post_init__(self) -> None:
        rest = np.delete(np.arange(len(self.ids)), self.depots)
        self.order = np.concatenate([np.array(self.depots, dtype=np.int64), rest])
        self.in_order = bool((self.order == np.arange(len(self.ids))).all())
        self.counted = bool((self.ids == np.arange(1, len(self.ids) + 1)).all())
        rank = np.empty(len(self.ids), dtype=np.int64)
        rank[self.order] = np.arange(len(self.ids))
        # Files count from 1 nearly always; then the table of node numbers is never made.
        self.location = {} if self.counted else dict(zip(self.ids.tolist(), rank.tolist(), strict=True))
        self.rank = rank

    @property
    def count(self) -> int:
        """Number of locations."""
        return len(self.ids)

    def find(self, node: int) -> int | None:
        """Return the location of a node number, None where there is no such node."""
        if self.counted:
            return int(self.rank[node - 1]) if 1 <= node <= len(self.ids) else None
        return self.location.get(node)

    def names(self) -> tuple[str, ...]:
        """Return the names of the locations; none where nodes are simply counted from 1."""
        if not self.labels:
            # Counted nodes in another order than the locations must be told apart.
            return () if self.counted and self.in_order else tuple(map(str, self.ids[self.order].tolist()))
        labels = [self.labels[row] for row in self.order.tolist()]
        twice = {label for label in labels if labels.count(label) > 1} if len(set(labels)) < len(labels) else set()
        numbers = self.ids[self.order].tolist()
        return tuple(f"{a} ({n})" if a in twice or not a else a for a, n in zip(labels, numbers, strict=True))

    def values(self, sheet: Sheet, name: str, columns: int | None) -> Floats | None:
        """Return a section of one line per node as [L, columns] in the order of locations; None: absent or wrong."""
        if name not in sheet.sections:
            return None
        section = sheet.sections[name]
        rows = table(sheet.source, section, None if columns is None else columns + 1)
        if rows is None:
            return None
        if rows.shape[1] < 2:
            sheet.source.add(f"{name} must have a node and its values in each line.", section.line)
            return None
        if rows.shape[0] == self.count and (rows[:, 0] == self.ids).all():
            return rows[:, 1:] if self.in_order else rows[self.order, 1:]
        return self._scattered(sheet.source, section, rows)

    def _scattered(self, source: Source, section: Section, rows: Floats) -> Floats | None:
        out = np.full((self.count, rows.shape[1] - 1), np.nan)
        lines = [line for line, _ in section.lines()]
        errors = 0
        for line, row in zip(lines, rows, strict=True):
            at = self.find(int(row[0])) if row[0] == int(row[0]) else None
            if at is None or not np.isnan(out[at, 0]):
                errors += 1
                problem = "is no node of this file" if at is None else "occurs twice"
                source.add(f"{section.name}: {row[0]:g} {problem}.", line)
            else:
                out[at] = row[1:]
        missing = np.flatnonzero(np.isnan(out[:, 0]))
        if len(missing) and not errors:
            nodes = ", ".join(str(self.ids[self.order[at]]) for at in missing[:5])
            more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
            source.add(f"{section.name} has no line for node {nodes}{more}.", section.line)
        return None if errors or len(missing) else out

    def clients(self, sheet: Sheet, numbers: list[int], line: int) -> list[int]:
        """Return the client indices (0..n-1) of node numbers; others are remembered as errors."""
        out = []
        for node in numbers:
            at = self.find(node)
            if at is None or at < len(self.depots):
                sheet.source.add(f"{node} is {'no node of this file' if at is None else 'a depot'}.", line)
            else:
                out.append(at - len(self.depots))
        return out

    def locations(self, sheet: Sheet, numbers: Floats, line: int | None) -> Ints | None:
        """Return the locations of an array of node numbers; 0 stays 0."""
        out = np.zeros(numbers.shape, dtype=np.int64)
        for index, node in np.ndenumerate(numbers):
            at = self.find(int(node)) if node == int(node) else None
            if at is None and node != 0:
                sheet.source.add(f"{node:g} is no node of this file.", line)
                return None
            out[index] = at or 0
        return out


def read_nodes(sheet: Sheet, dimension: int) -> Nodes:
    """Read node numbers, coordinates, labels and depots; raise where the nodes make no sense at all."""
    source = sheet.source
    ids: Ints = np.arange(1, dimension + 1)
    coords, labels = None, list[str]()
    drawn = [sheet.sections[name] for name in ("NODE_COORD_SECTION", "DISPLAY_DATA_SECTION") if name in sheet.sections]
    if len(drawn) == 2:
        source.add("DISPLAY_DATA_SECTION beside NODE_COORD_SECTION is ambiguous. Leave one out.", drawn[1].line)
    if drawn:
        rows = _coordinates(source, drawn[0], labels)
        ids, coords = _ids(source, drawn[0], rows, dimension), None if rows is None else rows[:, 1:]
    else:
        listed = ("DEMAND_SECTION", "LINEHAUL_SECTION", "SERVICE_TIME_SECTION")
        first = next((sheet.sections[name] for name in listed if name in sheet.sections), None)
        if first is not None:
            ids = _ids(source, first, table(source, first), dimension)
    return Nodes(ids, coords, labels, _depots(sheet, ids))


def _ids(source: Source, section: Section, rows: Floats | None, dimension: int) -> Ints:
    """Return the node numbers in the first column of a section."""
    if rows is None:
        source.raise_errors()
    assert rows is not None
    if len(rows) != dimension:
        raise source.failure(f"{section.name} has {len(rows)} lines, but DIMENSION is {dimension}.", section.line)
    numbered = rows[:, 0]
    if not ((np.abs(numbered) < 2**53) & (numbered == np.floor(numbered))).all():
        raise source.failure(f"{section.name}: nodes must be whole numbers.", section.line)
    values, times = np.unique(numbered.astype(np.int64), return_counts=True)
    if len(values) < len(numbered):
        raise source.failure(f"{section.name}: node {values[times > 1][0]} occurs more than once.", section.line)
    return numbered.astype(np.int64)


def _coordinates(source: Source, section: Section, labels: list[str]) -> Floats | None:
    """Return node, x, y; what follows in a line is the node's label."""
    rows = [tokens for tokens in map(str.split, section.text.split("\n")) if tokens]
    if any(len(row) > 3 for row in rows):
        labels += [" ".join(row[3:]) for row in rows]
        plain = "\n".join(" ".join(tokens[:3]) for tokens in map(str.split, section.text.split("\n")))
        return table(source, Section(section.name, section.line, plain), 3)
    if all(len(row) == 3 for row in rows):
        array = numbers([token for row in rows for token in row])
        if array is not None:
            return array.reshape(len(rows), 3)
    return table(source, section, 3)


def _depots(sheet: Sheet, ids: Ints) -> list[int]:
    """Return the rows of the depots; without DEPOT_SECTION it is the first node."""
    if "DEPOT_SECTION" not in sheet.sections:
        return [0]
    section = sheet.sections["DEPOT_SECTION"]
    tokens = [(line, node) for line, nodes in ragged(sheet.source, section) for node in nodes]
    if (end := next((i for i, (_, node) in enumerate(tokens) if node == -1), None)) is not None:
        if end + 1 < len(tokens):
            sheet.source.add("DEPOT_SECTION ends with -1, but more follows.", tokens[end + 1][0])
        tokens = tokens[:end]
    rows = {int(node): row for row, node in enumerate(ids)} if tokens else {}
    out: list[int] = []
    for line, node in tokens:
        if node not in rows or rows[node] in out:
            problem = "is no node of this file" if node not in rows else "occurs twice"
            sheet.source.add(f"DEPOT_SECTION: {node} {problem}.", line)
        else:
            out.append(rows[node])
    if not tokens:
        sheet.source.add("DEPOT_SECTION names no depot.", section.line)
    elif len(out) == len(ids):
        sheet.source.add("every node is a depot; there is nothing to visit.", section.line)
    return out or [0]
