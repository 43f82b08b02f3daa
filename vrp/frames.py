"""`Problem.from_frame`: the door for tables, whose rows are given to a `Builder`."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from vrp.builder import Builder
from vrp.errors import ProblemError, suggest
from vrp.fields import show
from vrp.problem import Problem
from vrp.vehicles import VehicleType

Row = dict[str, Any]

_STOP = (
    *("name", "lat", "lon", "x", "y", "demand", "pickup", "open", "close", "service", "service_min", "setup"),
    *("setup_min", "release", "prize", "lateness_cost", "group", "vehicles", "skills", "deliver_to", "shipment_load"),
)
_DEPOT = ("name", "lat", "lon", "x", "y", "open", "close", "service", "service_min")
_VEHICLE = (
    *("name", "count", "capacity", "start", "end", "shift_start", "shift_end", "break_start", "break_end"),
    *("max_duration", "max_distance", "max_stops", "fixed_cost", "distance_cost", "duration_cost", "nominal_duration"),
    *("overtime_cost", "profile", "max_reloads", "reload_depots", "battery", "consumption", "skills", "prefix"),
    "initial_load",
)
_SETTINGS = ("objective", "backhaul", "name", "rounding", "notes")
_ARGUMENTS = ("depot", "capacity", "distance", "duration", "speed", "ignore", *_SETTINGS)
_TEXTS = ("name", "group", "start", "end", "deliver_to")
_LISTS = ("vehicles", "skills", "reload_depots", "prefix")
_NUMBERS = (
    *("lat", "lon", "x", "y", "prize", "lateness_cost", "max_distance", "fixed_cost", "distance_cost"),
    *("duration_cost", "overtime_cost", "battery", "consumption", "service_min", "setup_min"),
    *("count", "max_stops", "max_reloads", "profile"),
)
_LOAD = re.compile(r"(demand|pickup|shipment_load|capacity|initial_load)(?:_(.+))?")
_WINDOW = re.compile(r"(?:open|close)(_\d+)?")
_BREAK = re.compile(r"break_(?:start|end)(_\d+)?")
_GAIN = re.compile(r"preference_(.+)")
_STOP_LOADS, _VEHICLE_LOADS = ("demand", "pickup", "shipment_load"), ("capacity", "initial_load")
# What tables have no column for -> what to do instead.
_ELSEWHERE = {
    "preference": "name the vehicle in the column, as in 'preference_van'",
    "shipment": "give the pickup a column 'deliver_to' with the name of the stop where its goods go",
    "group_required": "use vrp.Builder, whose `group` may be optional",
    **dict.fromkeys(("charger", "chargers"), "use vrp.Builder, whose `depot` takes a charging curve"),
    **dict.fromkeys(("allowed",), "give the stops a column 'vehicles' with the names of those that may serve them"),
    **dict.fromkeys(("scenarios", "present"), "use vrp.Problem.from_arrays"),
}
# What others call the columns, for the "did you mean" of an unknown one.
_ALIASES = {
    **dict.fromkeys(("latitude",), "lat"),
    **dict.fromkeys(("longitude", "lng", "long"), "lon"),
    **dict.fromkeys(("id", "stop", "stop_id", "customer", "label", "address"), "name"),
    **dict.fromkeys(("quantity", "weight", "volume", "amount", "load", "delivery"), "demand"),
    **dict.fromkeys(("ready", "ready_time", "tw_start", "earliest", "start_time"), "open"),
    **dict.fromkeys(("due", "due_date", "due_time", "tw_end", "latest", "end_time"), "close"),
    **dict.fromkeys(("service_time",), "service"),
    **dict.fromkeys(("penalty",), "prize"),
}
# What errors call fields -> the columns.
_WORDS = {
    "`window`": "`open` to `close`",
    "`shift`": "`shift_start` to `shift_end`",
    "`breaks`": "`break_start` to `break_end`",
    "`load`": "`shipment_load`",
    "Shipments use": "`deliver_to` makes shipments use",
    "locations were added": "rows are depots and stops",
    "Use `group(required=True)` to say that one of them must be served": "Leave it empty: one of them must be served",
}


def from_frame(
    stops: Any,
    vehicles: Any = None,
    *,
    depot: Any = 0,
    capacity: Any = None,
    distance: Any = None,
    duration: Any = None,
    speed: float | None = None,
    ignore: Sequence[str] = (),
    **settings: Any,
) -> Problem:
    """Return a problem from tables; see `Problem.from_frame`."""
    tables = _Tables({ignore} if isinstance(ignore, str) else set(ignore))
    tables.errors += [
        f"from_frame has no argument {key!r}.{suggest(key, _ARGUMENTS)}" for key in settings if key not in _SETTINGS
    ]
    rows = tables.rows(stops, "stops", _STOP)
    if not rows:
        raise ProblemError(tables.errors or "`stops` has no rows: the problem is empty. Give at least one stop.")
    places, apart = tables.depots(rows, depot)
    depots = [rows[i] for i in places] if apart is None else apart
    clients = [row for i, row in enumerate(rows) if i not in places]
    types, fleet = tables.vehicles(vehicles, capacity)
    tables.partners(depots, clients)
    tables.gains(clients, [*(row.get("name") for row in fleet), *(t.name for t in types)])
    if tables.errors:
        raise ProblemError(tables.errors)
    builder = Builder(speed=speed, **settings)
    for row in depots:
        builder.depot(**_depot(row))
    handles = [builder.stop(**_stop(row)) for row in clients]
    names = {row.get("name") for row in depots}
    for row in fleet:
        builder.vehicle(**_vehicle(row, names))
    builder.add_types(types)
    for row, handle in zip(clients, handles, strict=True):
        if "deliver_to" in row:
            builder.shipment(handle, row["deliver_to"], _load(row, "shipment_load", 1))
    order = [*places, *(i for i in range(len(rows)) if i not in places)]
    if places and order != sorted(order):
        distance, duration = _permuted(distance, order), _permuted(duration, order)
    try:
        return builder.build(distance=distance, duration=duration)
    except ProblemError as error:
        used = {key for row in rows for key in row}
        minutes = {f"`{k}`": f"`{k}_min` (in seconds)" for k in ("service", "setup") if f"{k}_min" in used}
        raise error.reworded(_WORDS | minutes) from None


class _Tables:
    """Turns tables into rows without empty cells, and collects what is wrong with the tables themselves."""

    def __init__(self, ignore: set[str]) -> None:
        self.ignore = ignore
        self.errors: list[str] = []

    def rows(self, table: Any, what: str, known: Sequence[str]) -> list[Row]:
        """Return the rows of a data frame, of a dict of columns or of a list of dicts."""
        if isinstance(table, Sequence) and not isinstance(table, (str, bytes)):
            bad = next((i for i, row in enumerate(table) if not isinstance(row, Mapping)), None)
            if bad is not None:
                self.errors.append(f"`{what}` must be rows as dicts, but row {bad} is {show(table[bad])}.")
                return []
            given = [dict(row) for row in table]
        else:
            columns = self._columns(table, what)
            if len({len(values) for values in columns.values()}) > 1:
                found = ", ".join(f"{name}: {len(values)}" for name, values in columns.items())
                self.errors.append(f"`{what}` has columns of different length ({found}).")
                return []
            given = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
        good = self._known(dict.fromkeys(key for row in given for key in row), what, known)
        return [{k: _cell(k, v) for k, v in row.items() if k in good and not _is_empty(v)} for row in given]

    def _columns(self, table: Any, what: str) -> dict[Any, list[Any]]:
        if isinstance(table, Mapping):
            names: list[Any] = list(table)
        elif hasattr(table, "columns") and hasattr(table, "__getitem__"):
            names = list(table.columns)
        else:
            self.errors.append(
                f"`{what}` must be a data frame, a dict of columns or a list of dicts, but is {show(table)}."
            )
            return {}
        twice = sorted({str(name) for name in names if names.count(name) > 1})
        if twice:
            self.errors.append(f"`{what}` has more than one column {', '.join(map(repr, twice))}. Rename them.")
            return {}
        columns = {name: table[name] for name in names}
        label = getattr(getattr(table, "index", None), "name", None)
        if label is not None and label not in columns:
            columns[label] = table.index
        scalars = [k for k, values in columns.items() if isinstance(values, str) or not isinstance(values, Iterable)]
        if scalars:
            self.errors.append(
                f"`{what}` must have lists as columns, but {scalars[0]!r} is {show(columns[scalars[0]])}."
            )
            return {}
        return {name: list(values) for name, values in columns.items()}

    def _known(self, columns: Iterable[Any], what: str, known: Sequence[str]) -> set[str]:
        """Return the columns that are known; the others are errors unless they are to be ignored."""
        loads = [name for name in (*_STOP_LOADS, *_VEHICLE_LOADS) if name in known]
        families = (_WINDOW, _GAIN) if "demand" in known else (_BREAK,) if "capacity" in known else ()
        good: set[str] = set()
        for column in columns:
            if column in self.ignore:
                continue
            load = _LOAD.fullmatch(str(column))
            if (
                column in known
                or (load and load[1] in loads)
                or any(family.fullmatch(str(column)) for family in families)
            ):
                good.add(column)
                continue
            key = str(column).strip().lower().replace(" ", "_")
            alias = _ALIASES.get(key)
            hint = f" Did you mean {alias!r}?" if alias in known else suggest(column, known)
            if key in _ELSEWHERE:
                hint = f" Tables cannot say this so: {_ELSEWHERE[key]}."
            self.errors.append(
                f"`{what}` has an unknown column {column!r}.{hint} To leave it aside: ignore=[{column!r}]."
            )
        both = [(k, f"{k}_min") for k in ("service", "setup") if {k, f"{k}_min"} <= good]
        for kind in loads:
            both += [(kind, other) for other in sorted(good) if kind in good and other.startswith(f"{kind}_")]
        for one, other in both:
            self.errors.append(f"`{what}` has the columns {one!r} and {other!r}, of which there may be only one.")
        return good

    def depots(self, rows: list[Row], depot: Any) -> tuple[list[int], list[Row] | None]:
        """Return the positions of the depots among the rows, or the depots that are apart from them."""
        if isinstance(depot, Mapping) and all(
            isinstance(v, str) or not isinstance(v, Iterable) for v in depot.values()
        ):
            depot = [depot]
        if not isinstance(depot, (int, np.integer, str)) and not (
            isinstance(depot, Sequence) and all(isinstance(d, (int, np.integer, str)) for d in depot)
        ):
            apart = self.rows(depot, "depot", _DEPOT)
            if not apart and not self.errors:
                self.errors.append("`depot` is empty. Give at least one depot.")
            return [], apart
        names = {row["name"]: i for i, row in reversed(list(enumerate(rows))) if "name" in row}
        places: list[int] = []
        for d in [depot] if isinstance(depot, (int, np.integer, str)) else depot:
            if isinstance(d, str) and d in names:
                places.append(names[d])
            elif isinstance(d, str):
                self.errors.append(f"`depot` is {d!r}, but no row of `stops` has that name.{suggest(d, names)}")
            elif 0 <= d < len(rows):
                places.append(int(d))
            else:
                self.errors.append(f"`depot` is {d}, but `stops` has {len(rows)} row(s), counted from 0.")
        for i in places:
            extra = {k: v for k, v in rows[i].items() if k not in _DEPOT and v != 0}
            if extra:
                found = ", ".join(f"{k} {show(v)}" for k, v in extra.items())
                self.errors.append(
                    f"Row {i} of `stops` is taken for a depot, but has {found}. Say where the depot is with `depot`: "
                    "its row, its name, or a dict such as {'lat': 60.2, 'lon': 24.9}."
                )
        if len(set(places)) < len(places):
            self.errors.append(f"`depot` names a row more than once: {show(depot)}.")
        return places, None

    def partners(self, depots: list[Row], clients: list[Row]) -> None:
        """Check what the pickups of shipments name as the stops where their goods go."""
        stops = [row["name"] for row in clients if "name" in row]
        for i, row in enumerate(clients):
            who = f"Stop {row['name']!r}" if "name" in row else f"Stop {len(depots) + i}"
            target = row.get("deliver_to")
            if target is None and any(value for key, value in row.items() if key.startswith("shipment_load")):
                self.errors.append(f"{who} has a `shipment_load`, but no `deliver_to`. Name the stop where it goes.")
            elif target is not None and any(target == depot.get("name") for depot in depots):
                self.errors.append(
                    f"{who}: `deliver_to` is {target!r}, which is a depot. Give goods that go to a depot as `pickup`."
                )
            elif target is not None and target not in stops:
                hint = suggest(target, stops) if stops else " Give the stops names."
                self.errors.append(f"{who}: `deliver_to` is {target!r}, but no stop has that name.{hint}")

    def gains(self, clients: list[Row], names: list[Any]) -> None:
        """Check that there is a vehicle of the name in each column of preferences."""
        vehicles = [name for name in names if name]
        for column in dict.fromkeys(key for row in clients for key in row):
            match = _GAIN.fullmatch(column)
            if match and match[1] not in vehicles:
                hint = suggest(match[1], vehicles) if vehicles else " Give the vehicles names."
                self.errors.append(f"`stops` has a column {column!r}, but no vehicle is called {match[1]!r}.{hint}")

    def vehicles(self, vehicles: Any, capacity: Any) -> tuple[list[VehicleType], list[Row]]:
        """Return ready-made vehicle types and the rows of the others; one of the two is empty."""
        if vehicles is None:
            return [], [{"count": 1 if capacity is None else None, "capacity": () if capacity is None else capacity}]
        if capacity is not None:
            self.errors.append("`capacity` is given beside `vehicles`. Put it into the vehicles.")
        if isinstance(vehicles, VehicleType):
            return [vehicles], []
        if isinstance(vehicles, Sequence) and vehicles and all(isinstance(v, VehicleType) for v in vehicles):
            return list(vehicles), []
        rows = self.rows(vehicles, "vehicles", _VEHICLE)
        if not rows and not self.errors:
            self.errors.append("`vehicles` has no rows. Give at least one vehicle.")
        return [], rows


def _is_empty(value: Any) -> bool:
    """Return whether a cell holds nothing: None, NaN, NaT, pandas' NA or blanks."""
    if value is None or (isinstance(value, str) and not value.strip()) or type(value).__name__ == "NAType":
        return True
    return type(value).__name__ == "NaTType" or (isinstance(value, (float, np.floating)) and bool(value != value))


def _cell(column: str, value: Any) -> Any:
    """Return what a cell means in its column; what is no number stays as it is, for the builder to name it."""
    if isinstance(value, np.generic):
        value = value.item()
    if column in _TEXTS:
        return _label(value)
    if column in _LISTS and isinstance(value, (str, int, float)):
        return [part.strip() for part in re.split(r"[,;|]", _label(value)) if part.strip()]
    if isinstance(value, str) and (column in _NUMBERS or _LOAD.fullmatch(column) or _GAIN.fullmatch(column)):
        try:
            value = float(value)
        except ValueError:
            return value
    if column in _NUMBERS and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _label(value: Any) -> str:
    """Return a name as text; pandas makes numbers of names that look like them, and floats where cells are empty."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _load(row: Row, kind: str, neutral: Any = 0) -> Any:
    """Return an amount of goods: one number, or by name where the columns have names."""
    named = {}
    for key, value in row.items():
        match = _LOAD.fullmatch(key)
        if match and match[1] == kind and match[2]:
            named[match[2]] = value
    return (named | ({"": row[kind]} if kind in row else {})) if named else row.get(kind, neutral)


def _intervals(row: Row, start: str, end: str, columns: re.Pattern[str]) -> list[tuple[Any, Any]] | None:
    """Return the pairs in the columns start, end, start_2, end_2, ...; the group of `columns` is the suffix."""
    suffixes = dict.fromkeys(m[1] or "" for key in row if (m := columns.fullmatch(key)))
    return [(row.get(f"{start}{s}"), row.get(f"{end}{s}")) for s in suffixes] or None


def _minutes(row: Row, key: str) -> Any:
    """Return a duration from its column in seconds or the one in minutes, where texts may have other units."""
    value = row.get(f"{key}_min")
    if value is None:
        return row.get(key, 0)
    return value * 60 if isinstance(value, (int, float)) else value


def _place(row: Row) -> Row:
    return {key: row.get(key) for key in ("name", "lat", "lon", "x", "y")}


def _depot(row: Row) -> Row:
    window = (row.get("open"), row.get("close"))
    return _place(row) | {"window": None if window == (None, None) else window, "service": _minutes(row, "service")}


def _stop(row: Row) -> Row:
    own = ("release", "prize", "lateness_cost", "group", "vehicles", "skills")
    plain: Row = {key: value for key, value in row.items() if key in own}
    return {
        **_place(row),
        **plain,
        "demand": _load(row, "demand"),
        "pickup": _load(row, "pickup"),
        "window": _intervals(row, "open", "close", _WINDOW),
        "service": _minutes(row, "service"),
        "setup": _minutes(row, "setup"),
        "preference": {m[1]: gain for key, gain in row.items() if (m := _GAIN.fullmatch(key))} or None,
    }


def _vehicle(row: Row, depots: Iterable[Any]) -> Row:
    own = ("shift_start", "shift_end", "end")
    plain = {k: v for k, v in row.items() if k not in own and not (_LOAD.fullmatch(k) or _BREAK.fullmatch(k))}
    out: Row = plain | {kind: _load(row, kind, ()) for kind in _VEHICLE_LOADS}
    out["breaks"] = _intervals(row, "break_start", "break_end", _BREAK) or ()
    if row.get("count") == "unlimited":
        out["count"] = None
    if "end" in row:
        out["end"] = None if row["end"] == "open" and "open" not in depots else row["end"]
    shift = (row.get("shift_start"), row.get("shift_end"))
    if shift != (None, None):
        out["shift"] = shift
    return out


def _permuted(matrix: Any, order: list[int]) -> Any:
    """Return a matrix with rows and columns in another order; one of the wrong size is left to the validation."""
    if matrix is None:
        return None
    array = np.asarray(matrix)
    if array.ndim < 2 or array.shape[-2:] != (len(order), len(order)):
        return matrix
    return array[..., np.array(order)[:, None], np.array(order)]
