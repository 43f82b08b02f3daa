"""What a `Builder` collects, and how it is read: names to indices, times to seconds, errors to sentences."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from vrp import clock
from vrp.errors import suggest
from vrp.fields import as_number, comma_hint, shorten, show
from vrp.vehicles import VehicleType

SHOWN = 40
"""How many different errors are told before it says "and 37 more errors"."""


@dataclass(frozen=True)
class Handle:
    """What `Builder.depot`, `stop`, `vehicle` and `group` return, to refer to it later; its name does as well."""

    kind: str
    number: int
    """Counted from 0 among those of its kind."""
    owner: object
    """The `owner` of the draft that it belongs to."""


@dataclass
class Draft:
    """What a `Builder` has collected so far, unread."""

    settings: dict[str, Any] = field(default_factory=dict)
    records: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {"depot": [], "stop": [], "vehicle": [], "group": []}
    )
    shipments: list[tuple[Any, Any, Any]] = field(default_factory=list)
    errors: list[tuple[str, int, str]] = field(default_factory=list)
    """(kind, number, what is wrong)."""
    types: list[Any] = field(default_factory=list)
    """Ready-made vehicle types, before those added one by one."""
    depots_after_stops: bool = False
    owner: object = field(default_factory=object)
    """Tells handles of this draft from those of others; an id could be reused."""

    def add(self, kind: str, record: dict[str, Any], unknown: Iterable[str] = ()) -> Handle:
        """Collect a depot, stop, vehicle or group."""
        records = self.records[kind]
        self.errors += [(kind, len(records), f"there is no `{key}`.{suggest(key, record)}") for key in unknown]
        self.depots_after_stops |= kind == "depot" and bool(self.records["stop"])
        records.append(record)
        return Handle(kind, len(records) - 1, self.owner)


class Reader:
    """Reads a draft. A value that cannot be read is an error, and its neutral value takes its place meanwhile."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.depots, self.stops = draft.records["depot"], draft.records["stop"]
        self.vehicles, self.groups = draft.records["vehicle"], list(draft.records["group"])
        self.types = [t for t in draft.types if isinstance(t, VehicleType)]
        self.errors: dict[str, list[str]] = {}
        """What is wrong -> with whom."""
        for other in draft.types:
            if not isinstance(other, VehicleType):
                self.errors[f"`add_types` needs VehicleTypes, but got {show(other)}."] = []
        for kind, number, error in draft.errors:
            self.error(kind, number, error)
        self.index = {kind: self._index(kind) for kind in draft.records}
        self.start = self._start()

    # Errors

    def who(self, kind: str, number: int) -> str:
        """Return how a record is called: by name, locations else by their index."""
        if kind == "shipment":
            pickup, delivery, _ = self.draft.shipments[number]
            return f"shipment from {self._end(pickup)} to {self._end(delivery)}"
        records = self.draft.records.get(kind, ())
        name = records[number].get("name") if number < len(records) else None
        if name is not None:
            return f"{kind} {name!r}"
        return f"{kind} {number + len(self.depots) if kind == 'stop' else number}"

    def _end(self, value: Any) -> str:
        if isinstance(value, Handle) and value.owner is self.draft.owner:
            return self.who(value.kind, value.number)
        return f"stop {show(value)}"

    def error(self, kind: str, number: int, text: str) -> None:
        """Remember an error of a record."""
        text = text if text.endswith((".", "?")) else f"{text}."
        self.errors.setdefault(text, []).append(self.who(kind, number))

    def told(self) -> list[str]:
        """Return all errors as sentences, those that many records share as one."""
        lines = []
        for text, whom in self.errors.items():
            who = shorten(whom)
            lines.append(f"{who[:1].upper()}{who[1:]}: {text}" if who else text)
        return lines if len(lines) <= SHOWN else [*lines[:SHOWN], f"And {len(lines) - SHOWN} more errors."]

    def read(self, kind: str, key: str, parse: Callable[[Any], Any], neutral: Any = 0.0) -> list[Any]:
        """Return one field of all records of a kind; None becomes the neutral value."""
        out = []
        for number, record in enumerate(self.draft.records[kind]):
            value = record[key]
            if value is not None:
                try:
                    value = parse(value)
                except ValueError as error:
                    self.error(kind, number, f"`{key}` {error}")
                    value = None
            out.append(neutral if value is None else value)
        return out

    # Names and times

    def _index(self, kind: str) -> dict[str, int]:
        """Return names to numbers; ready-made vehicle types, which come before the others, count up to -1."""
        found: dict[str, int] = {}
        if kind == "vehicle":
            ready = self.types
            found = {t.name: k - len(ready) for k, t in enumerate(ready) if isinstance(t.name, str) and t.name}
        for number, record in enumerate(self.draft.records[kind]):
            name = record["name"]
            if name is None:
                continue
            if not isinstance(name, str) or not name:
                self.error(kind, number, f"`name` must be a text, not empty, but is {show(name)}.")
            elif found.setdefault(name, number) != number:
                self.errors.setdefault(f"There is more than one {kind} called {name!r}. Names must be unique.", [])
        return found

    def _start(self) -> datetime | None:
        """Return the midnight that dates count from."""
        values: list[Any] = []
        for record in (*self.depots, *self.stops, *self.vehicles):
            for key in ("window", "shift", "breaks"):
                pairs = record.get(key)
                if isinstance(pairs, (tuple, list)):
                    values += [t for pair in pairs for t in (pair if isinstance(pair, (tuple, list)) else (pair,))]
            values.append(record.get("release"))
        try:
            return clock.midnight(values)
        except ValueError as error:
            self.errors.setdefault(str(error), [])
            return None

    def point(self, value: Any) -> float:
        """Return a point in time (s)."""
        return clock.clock(value, self.start)

    def interval(self, value: Any) -> tuple[float, float]:
        """Return a pair of points in time (s)."""
        return clock.interval(value, self.start)

    def intervals(self, value: Any) -> list[tuple[float, float]]:
        """Return one pair of points in time, or several, as a list (s)."""
        if clock.is_interval(value):
            return [self.interval(value)]
        if not isinstance(value, (tuple, list)):
            raise ValueError(f'must be a pair such as ("09:00", "11:30") or a list of pairs, but is {show(value)}')
        return [self.interval(pair) for pair in value]

    def refer(self, kind: str, value: Any) -> int:
        """Return the number of the record that a handle or name means."""
        if isinstance(value, Handle) and value.kind == kind and value.owner is self.draft.owner:
            return value.number
        if isinstance(value, Handle):
            other = "of another builder" if value.owner is not self.draft.owner else f"a {value.kind}"
            raise ValueError(f"must be a {kind} of this builder, but is {other}")
        if isinstance(value, str) and value in self.index[kind]:
            return self.index[kind][value]
        names = self.index[kind]
        raise ValueError(f"must be a {kind}, but is {show(value)}" + (f".{suggest(value, names)}" if names else ""))

    def refers(self, kind: str) -> Callable[[Any], list[int]]:
        """Return a function that reads one or several handles or names."""

        def parse(value: Any) -> list[int]:
            many = [value] if isinstance(value, (str, Handle)) or not isinstance(value, Iterable) else value
            return [self.refer(kind, v) for v in many]

        return parse


class Columns:
    """The load dimensions that some amounts of goods span: by name where any has names, else by position."""

    def __init__(self, loads: Iterable[Any]) -> None:
        names: dict[str, None] = {}
        self.count = 1
        for load in loads:
            if isinstance(load, Mapping):
                names |= dict.fromkeys(load)
            elif isinstance(load, (tuple, list)):
                self.count = max(self.count, len(load))
        self.names = tuple(names)
        if names:
            self.count = len(names)

    def row(self, load: Any, neutral: float) -> tuple[float, ...]:
        """Return the amount in each dimension; 0, None and () stand for the neutral amount in all of them."""
        if load is None or (isinstance(load, (tuple, list, Mapping)) and not load):
            return (neutral,) * self.count
        if isinstance(load, Mapping):
            return tuple(number(load[name]) if name in load else neutral for name in self.names)
        if isinstance(load, (tuple, list)):
            if self.names or len(load) != self.count:
                wanted = f"named {', '.join(self.names)}" if self.names else f"{self.count} of them"
                raise ValueError(f"is {show(load)}, but elsewhere loads are {wanted}. Give the same everywhere")
            return tuple(number(v) for v in load)
        amount = number(load)
        if self.count > 1 and amount != 0:
            wanted = f"named {', '.join(self.names)}" if self.names else f"{self.count} numbers"
            raise ValueError(f"is {show(load)}, but elsewhere loads are {wanted}. Give the same everywhere")
        return (amount,) * self.count


def number(value: Any) -> float:
    """Return the value as a float; raises ValueError where it is no number."""
    found = as_number(value)
    if found is None:
        raise ValueError(f"must be a number, but is {show(value)}.{comma_hint(value)}".removesuffix("."))
    return found


def texts(value: Any) -> tuple[str, ...]:
    """Return a text or several as a tuple; raises ValueError where some are none."""
    many = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, Iterable) else (None,)
    if not all(isinstance(v, str) for v in many):
        raise ValueError(f"must be a list of texts, but is {show(value)}")
    return many
