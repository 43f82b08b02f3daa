"""Our own JSON of a plan, as `Solution.to_dict` writes it."""

from collections.abc import Mapping
from dataclasses import MISSING, fields, replace
from typing import Any, TypeGuard

from vrp.errors import suggest
from vrp.formats.source import Source
from vrp.problem import Problem
from vrp.solution import Route, Solution, Stats, Status, Unserved

SOLUTION_FORMAT = "vrp-solution"
VERSION = 1
KEYS = ("format", "version", "problem", "status", "cost", "cost_table", "routes", "unserved", "stats", "notes")
ROUTE_KEYS = ("vehicle_type", "vehicle", "start_depot", "end_depot", "visits", "distance", "duration", "cost", "steps")
UNSERVED_KEYS = ("stop", "name", "reason", "hint", "required")


def solution_from_dict(data: Mapping[str, Any], problem: Problem, name: str = "the solution") -> Solution:
    """Return the plan that `Solution.to_dict` gave.

    Of the routes, vehicle types and visits count; schedule and costs are computed anew. What the plan states as a whole
    (cost, status, unserved stops with their reasons) is kept, so that `check` can compare it. The names of the steps
    tell a plan of another problem, where this problem has names.

    Raises
    ------
    FormatError
        A key is missing or its value of the wrong type; a location or vehicle type is not in the problem, or a location
        has another name there.
    """
    from vrp.check import evaluate

    source = Source("", name)
    known = isinstance(data, Mapping) and data.get("format") == SOLUTION_FORMAT and data.get("version") == VERSION
    if not known or data["version"] is True:
        raise source.failure(f'expected an object with "format": "{SOLUTION_FORMAT}" and "version": {VERSION}.')
    _check_keys(source, "the solution", data, KEYS)
    routes = data.get("routes")
    if not isinstance(routes, list):
        raise source.failure('expected a list "routes".')
    made = [_route(source, k, route, problem) for k, route in enumerate(routes, 1)]
    cost = data.get("cost")
    if cost is not None and (isinstance(cost, bool) or not isinstance(cost, (int, float))):
        source.add('"cost" must be a number.')
    status = data.get("status")
    if status is not None and str(status) not in Status.__members__:
        source.add(f"there is no status {status!r:.40}.{suggest(status, Status.__members__)}")
    unserved = _unserved(source, data["unserved"], problem) if "unserved" in data else None
    source.raise_errors()
    if other := _other_name(routes, problem):
        raise source.failure(f"this is the plan of another problem: {other}.")
    solution = evaluate(problem, [route for route in made if route is not None], _stats(data.get("stats")))
    try:
        return replace(
            solution,
            cost=solution.cost if cost is None else float(cost),
            status=solution.status if status is None else Status[str(status)],
            unserved=solution.unserved if unserved is None else unserved,
        )
    except OverflowError:
        raise source.failure('"cost" must be a finite number.') from None


def _route(source: Source, index: int, route: Any, problem: Problem) -> Route | None:
    who = f"route {index}"
    if not isinstance(route, Mapping) or not isinstance(route.get("visits"), list):
        source.add(f'{who} must be an object with "vehicle_type" and a list "visits".')
        return None
    _check_keys(source, who, route, ROUTE_KEYS)
    vehicle_type, visits = route.get("vehicle_type"), route["visits"]
    types, locations = len(problem.vehicles), problem.num_locations
    if not _is_index(vehicle_type, types):
        source.add(f'{who}: "vehicle_type" must be 0 to {types - 1}, got {vehicle_type!r:.40}.')
        return None
    wrong = next((visit for visit in visits if not _is_index(visit, locations)), None)
    if wrong is not None:
        source.add(f'{who}: "visits" must be locations, 0 to {locations - 1}, got {wrong!r:.40}.')
        return None
    vehicle = problem.vehicles[vehicle_type]
    return Route(vehicle_type, vehicle.start_depot, vehicle.end_depot, tuple(visits))


def _unserved(source: Source, stops: Any, problem: Problem) -> tuple[Unserved, ...]:
    if not isinstance(stops, list):
        source.add('"unserved" must be a list.')
        return ()
    made = []
    for k, stop in enumerate(stops):
        who = f"unserved {k}"
        if not isinstance(stop, Mapping):
            source.add(f'{who} must be an object with "stop".')
            continue
        _check_keys(source, who, stop, UNSERVED_KEYS)
        where, required = stop.get("stop"), stop.get("required", True)
        if not _is_index(where, problem.num_locations) or where < problem.num_depots:
            clients = f"{problem.num_depots} to {problem.num_locations - 1}"
            source.add(f'{who}: "stop" must be the location of a stop, {clients}, got {where!r:.40}.')
        elif not isinstance(required, bool):
            source.add(f'{who}: "required" must be true or false, got {required!r:.40}.')
        else:
            made.append(Unserved(where, str(stop.get("reason", "")), str(stop.get("hint", "")), required))
    return tuple(made)


def _other_name(routes: list[Any], problem: Problem) -> str:
    """Return the first step that has another name in the plan than in the problem; "" where there is none."""
    if not problem.names:
        return ""
    for k, route in enumerate(routes, 1):
        steps = route.get("steps")
        for i, step in enumerate(steps if isinstance(steps, list) else []):
            if not isinstance(step, Mapping):
                continue
            name, location = step.get("name"), step.get("location")
            if not isinstance(name, str) or not _is_index(location, problem.num_locations):
                continue
            if name != problem.names[location]:
                return (
                    f"step {i} of route {k} is {name!r:.60} in the plan, but the problem calls location {location} "
                    f"{problem.names[location]!r:.60}"
                )
    return ""


def _check_keys(source: Source, who: str, data: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in data:
        if key not in known:
            source.add(f"{who}: unknown key {str(key)[:60]!r}.{suggest(key, known)}")


def _is_index(value: Any, size: int) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < size


def _stats(data: Any) -> Stats:
    """Return how the plan was found, as far as it is told; it proves nothing, so what is odd is left out."""
    if not isinstance(data, Mapping):
        return Stats()
    kinds = {field.name: type(field.default) for field in fields(Stats) if field.default is not MISSING}
    out: dict[str, Any] = {key: data[key] for key, kind in kinds.items() if type(data.get(key)) is kind}
    trace, versions = data.get("trace"), data.get("versions")
    pairs = [tuple(point) for point in trace if isinstance(point, list)] if isinstance(trace, list) else []
    out["trace"] = tuple(p for p in pairs if len(p) == 2 and all(isinstance(x, float) for x in p))
    out["versions"] = {str(k): str(v) for k, v in versions.items()} if isinstance(versions, Mapping) else {}
    return Stats(**out)
