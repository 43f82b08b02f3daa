"""Our own JSON of a problem: every field by its name, neutral ones left out, "inf" for no limit."""

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any

import numpy as np

from vrp.errors import suggest
from vrp.formats.source import Source
from vrp.problem import Problem, Scenarios
from vrp.validate_network import only_durations
from vrp.vehicles import Break, VehicleType

PROBLEM_FORMAT = "vrp-problem"
VERSION = 1

FLOATS = (
    *("coords", "distance", "duration", "depot_windows", "depot_service", "delivery", "pickup", "setup", "service"),
    *("time_windows", "lateness_cost", "release", "prize", "shipment_load", "preference"),
)
INTEGERS = ("group", "shipments")
BOOLEANS = ("group_required", "allowed")
TEXTS = ("crs", "rounding", "backhaul", "objective", "name")
# Field -> the number that all its entries have where it says nothing; then it is left out.
NEUTRAL = {
    **dict.fromkeys(("depot_service", "pickup", "setup", "release", "preference", "shipment_load"), 0.0),
    **dict.fromkeys(("lateness_cost",), math.inf),
    "group": -1,
    "allowed": True,
    "group_required": True,
}
SAME = "distance"
"""Value of "duration" where it is the very matrix of "distance"."""


def problem_to_dict(problem: Problem) -> dict[str, Any]:
    """Return a problem as JSON types; an infinity is the text "inf"."""
    out: dict[str, Any] = {"format": PROBLEM_FORMAT, "version": VERSION}
    for field in fields(Problem):
        name, value = field.name, getattr(problem, field.name)
        if name == "vehicles":
            out[name] = [_vehicle(vehicle) for vehicle in value]
        elif name == "chargers":
            if value:
                out[name] = {
                    str(depot): [list(map(_plain, point)) for point in curve] for depot, curve in value.items()
                }
        elif name == "scenarios":
            if value is not None:
                arrays = {f.name: getattr(value, f.name) for f in fields(Scenarios)}
                out[name] = {key: _array(array) for key, array in arrays.items() if array is not None}
        elif name in FLOATS + INTEGERS + BOOLEANS:
            if not _says_nothing(problem, name, value):
                out[name] = _array(value)
        elif field.default is MISSING or value != field.default:
            out[name] = list(value) if isinstance(value, tuple) else value
    if problem.distance is not None:
        if only_durations(problem.distance, problem.duration):
            del out["distance"]
        elif problem.duration is problem.distance:
            out["duration"] = SAME
    return out


def _says_nothing(problem: Problem, name: str, value: Any) -> bool:
    if value is None or value.size == 0:
        return True
    if name == "prize":  # Its neutral value is infinity, or 0 for stops in a group.
        return bool((np.isinf(value) == (problem.group < 0)).all() and not value[problem.group >= 0].any())
    if name in ("depot_windows", "time_windows"):
        return bool(value.shape[-2:] == (1, 2) or name == "depot_windows") and bool(
            (value[..., 0] == 0).all() and np.isinf(value[..., 1]).all()
        )
    return name in NEUTRAL and bool((value == NEUTRAL[name]).all())


def _plain(value: Any) -> Any:
    """Return a number as JSON has it."""
    number = value.item() if isinstance(value, np.generic) else value
    return str(number) if isinstance(number, float) and math.isinf(number) else number


def _array(array: Any) -> Any:
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return array.tolist()
    nested = array.astype(object)
    nested[np.isinf(array)] = "inf"
    nested[array == -np.inf] = "-inf"
    return nested.tolist()


def _vehicle(vehicle: VehicleType) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for field in fields(VehicleType):
        value = getattr(vehicle, field.name)
        if field.name == "breaks":
            if value:
                out[field.name] = [[_plain(b.start), _plain(b.end)] for b in value]
        elif value != field.default:
            out[field.name] = [_plain(v) for v in value] if isinstance(value, tuple) else _plain(value)
    return out


def problem_from_dict(data: Mapping[str, Any], name: str = "the problem") -> Problem:
    """Return the problem that `problem_to_dict` gave.

    Raises
    ------
    FormatError
        A key is unknown or its value of the wrong type.
    ProblemError
        The values are no valid problem.
    """
    source = Source("", name)
    if not isinstance(data, Mapping):
        raise source.failure(f"expected an object {{...}}, got {type(data).__name__}.")
    if data.get("format") != PROBLEM_FORMAT or data.get("version") != VERSION or data["version"] is True:
        raise source.failure(
            f'expected "format": "{PROBLEM_FORMAT}" and "version": {VERSION}, got {data.get("format")!r:.40} and '
            f"{data.get('version')!r:.40}."
        )
    known = [field.name for field in fields(Problem)]
    values: dict[str, Any] = {}
    for key, value in data.items():
        if key in ("format", "version"):
            continue
        if key not in known:
            source.add(f"unknown key {str(key)[:60]!r}.{suggest(key, known)}")
        elif key == "duration" and value == SAME and "distance" in data:
            continue
        else:
            values[key] = _field(source, key, value)
    source.raise_errors()
    if data.get("duration") == SAME and "distance" in values:
        values["duration"] = values["distance"]
    return Problem(**values)


def _field(source: Source, key: str, value: Any) -> Any:
    """Return the value of a problem's field, checked for its type only; `Problem` checks the rest."""
    if key == "num_depots":
        return _whole(source, key, value)
    if key == "speed":
        return number(source, key, value)
    if key in TEXTS:
        return _text(source, key, value)
    if key in ("names", "notes"):
        return tuple(_text(source, key, item) for item in _list(source, key, value))
    if key == "vehicles":
        return tuple(_read_vehicle(source, k, item) for k, item in enumerate(_list(source, key, value)))
    if key == "chargers":
        return _chargers(source, value)
    if key == "scenarios":
        return _scenarios(source, value)
    if key in INTEGERS:
        return _numbers(source, key, value, "iu")
    return _numbers(source, key, value, "b" if key in BOOLEANS else "fiu")


def _numbers(source: Source, key: str, value: Any, kinds: str) -> Any:
    """Return nested lists as an array whose numbers are of these kinds (letters of numpy)."""
    what = {"b": "true or false", "iu": "whole numbers"}.get(kinds, "numbers")
    try:
        array = np.asarray(value)
        if array.dtype.kind in "UO" and kinds == "fiu":
            array = _with_infinity(array if array.dtype.kind == "O" else np.array(value, dtype=object))
    except (TypeError, ValueError, OverflowError):
        array = None
    if array is None or array.ndim == 0 or (array.size and array.dtype.kind not in kinds):
        source.add(f'"{key}" must be a list of {what}, nested evenly, got {_short(value)}.')
        return None
    if array.dtype.kind == "f" and np.isnan(array).any():
        source.add(f'"{key}" has a number that is not finite.')
    return array.astype({"b": np.bool_, "iu": np.int64}.get(kinds, np.float64))


def _with_infinity(array: Any) -> Any:
    """Return an array of numbers and "inf" as floats; raise ValueError where it has something else."""
    flat = []
    for item in array.flat:
        if (isinstance(item, (int, float)) and not isinstance(item, bool)) or item in ("inf", "-inf"):
            flat.append(float(item))
        else:
            raise ValueError("neither a number nor an infinity")
    return np.array(flat, dtype=np.float64).reshape(array.shape)


def number(source: Source, key: str, value: Any) -> float:
    """Return a number or "inf"; otherwise remember an error."""
    if value == "inf":
        return math.inf
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    except OverflowError:
        pass
    source.add(f'"{key}" must be a number or "inf", got {_short(value)}.')
    return 0.0


def _whole(source: Source, key: str, value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
        return value
    source.add(f'"{key}" must be a whole number, got {_short(value)}.')
    return 1


def _text(source: Source, key: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    source.add(f'"{key}" must be text, got {_short(value)}.')
    return ""


def _list(source: Source, key: str, value: Any) -> list[Any]:
    if isinstance(value, (list, tuple)):
        return list(value)
    source.add(f'"{key}" must be a list, got {_short(value)}.')
    return []


def _short(value: Any) -> str:
    text = repr(value) if not isinstance(value, (list, dict)) or len(value) < 10 else f"{type(value).__name__}"
    return text if len(text) < 60 else f"{text[:57]}..."


_OPTIONAL: dict[str, Callable[[Source, str, Any], Any]] = {
    **dict.fromkeys(("count", "end_depot", "max_stops", "max_reloads"), _whole),
    **dict.fromkeys(("distance_cost", "duration_cost"), number),
}
_VEHICLE: dict[str, Callable[[Source, str, Any], Any]] = {
    "name": _text,
    **dict.fromkeys(("start_depot", "profile"), _whole),
    **dict.fromkeys(
        ("max_duration", "max_distance", "fixed_cost", "nominal_duration", "overtime_cost", "battery", "consumption"),
        number,
    ),
    **dict.fromkeys(
        ("capacity", "initial_load", "shift"), lambda s, k, v: tuple(number(s, k, x) for x in _list(s, k, v))
    ),
    **dict.fromkeys(("reload_depots", "prefix"), lambda s, k, v: tuple(_whole(s, k, x) for x in _list(s, k, v))),
    "breaks": lambda s, k, v: tuple(Break(*_pair(s, k, x)) for x in _list(s, k, v)),
}


def _pair(source: Source, key: str, value: Any) -> tuple[float, float]:
    items = _list(source, key, value)
    if len(items) != 2:
        source.add(f'"{key}" must hold pairs of numbers, got {_short(value)}.')
        return (0.0, 0.0)
    return number(source, key, items[0]), number(source, key, items[1])


def _read_vehicle(source: Source, index: int, value: Any) -> VehicleType:
    if not isinstance(value, Mapping):
        source.add(f"vehicle {index} must be an object, got {_short(value)}.")
        return VehicleType()
    known = [field.name for field in fields(VehicleType)]
    out: dict[str, Any] = {}
    for key, item in value.items():
        if key not in known:
            source.add(f"vehicle {index}: unknown key {str(key)[:60]!r}.{suggest(key, known)}")
        elif key in _OPTIONAL:
            out[key] = None if item is None else _OPTIONAL[key](source, key, item)
        else:
            out[key] = _VEHICLE[key](source, key, item)
    return VehicleType(**out)


def _chargers(source: Source, value: Any) -> dict[int, tuple[tuple[float, float], ...]]:
    if not isinstance(value, Mapping):
        source.add(f'"chargers" must be an object, got {_short(value)}.')
        return {}
    out = {}
    for key, curve in value.items():
        if not (isinstance(key, str) and key.isascii() and key.isdigit() and len(key) < 10):
            source.add(f'"chargers" must have depot indices as keys, got {_short(key)}.')
            continue
        out[int(key)] = tuple(_pair(source, "chargers", point) for point in _list(source, "chargers", curve))
    return out


def _scenarios(source: Source, value: Any) -> Scenarios | None:
    known = {"duration": "fiu", "delivery": "fiu", "service": "fiu", "present": "b"}
    if not isinstance(value, Mapping):
        source.add(f'"scenarios" must be an object, got {_short(value)}.')
        return None
    for key in value:
        if key not in known:
            source.add(f'"scenarios" has no key {str(key)[:60]!r}.{suggest(key, known)}')
    return Scenarios(**{key: _numbers(source, key, value[key], known[key]) for key in known if key in value})
