"""JSON text: strict, bounded, and told apart: VROOM's, our own, or something else."""

import json
from typing import Any

from vrp.errors import suggest
from vrp.formats.source import Source
from vrp.problem import Problem


def parse_json(source: Source) -> Any:
    """Return the value of a JSON text; NaN, Infinity, and keys that occur twice are errors.

    Raises
    ------
    FormatError
        It is no JSON.
    """

    def constant(name: str) -> Any:
        line = 1 + source.text.count("\n", 0, source.text.find(name))
        raise source.failure(f"{name} is not JSON. Numbers must be finite; leave out what has no limit.", line)

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        out = dict(items)
        if len(out) < len(items):
            keys = [key for key, _ in items]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise source.failure(f"key {twice[:60]!r} occurs twice in one object.")
        return out

    try:
        return json.loads(source.text, parse_constant=constant, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        raise source.failure(f"this is no JSON: {error.msg}, column {error.colno}.", error.lineno) from None
    except RecursionError:
        raise source.failure("this JSON is nested too deeply.") from None
    except ValueError as error:  # Python refuses integers of thousands of digits.
        if source.errors:
            raise
        raise source.failure(f"this is no JSON that can be read: {str(error)[:80]}.") from None


def read_json(source: Source, rounding: str) -> Problem:
    """Return the problem of a JSON text, VROOM's or our own."""
    from vrp.formats.native import PROBLEM_FORMAT, problem_from_dict
    from vrp.formats.native_solution import SOLUTION_FORMAT
    from vrp.formats.source import refuse_rounding
    from vrp.formats.vroom import is_vroom, read_vroom

    data = parse_json(source)
    if not isinstance(data, dict):
        raise source.failure(f"expected an object {{...}}, got {type(data).__name__}.")
    kind = data.get("format")
    if kind is not None:
        if kind == SOLUTION_FORMAT:
            raise source.failure("this is a solution, not a problem. Read it with `vrp.read_solution(path, problem)`.")
        if kind != PROBLEM_FORMAT:
            raise source.failure(
                f"there is no format {str(kind)[:40]!r}.{suggest(kind, (PROBLEM_FORMAT, SOLUTION_FORMAT))}"
            )
        problem = problem_from_dict(data, source.name)
        if rounding == "auto":
            return problem
        if problem.distance is not None or problem.crs == "latlon":
            refuse_rounding(rounding, "this problem has no planar coordinates to compute distances from")
            return problem
        return problem.replace(rounding=rounding)
    if is_vroom(data):
        refuse_rounding(rounding, "VROOM's format has matrices, or latitude and longitude")
        return read_vroom(source, data)
    known = {
        "routes": "this is an answer of VROOM, not a problem",
        "durations": "this is an answer of OSRM's table service; read it with `vrp.data`",
        "features": "GeoJSON shows a plan; it is no problem",
    }
    for key, what in known.items():
        if key in data:
            raise source.failure(f"{what}.")
    raise source.failure(
        'this JSON is neither VROOM\'s (keys "vehicles" and "jobs" or "shipments") nor ours '
        f'("format": "{PROBLEM_FORMAT}").'
    )
