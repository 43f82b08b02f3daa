"""A plan as plain data: our JSON, GeoJSON, VROOM's output and a data frame."""

import math
from typing import TYPE_CHECKING, Any

from vrp.display import credit_notes, route_names
from vrp.errors import MissingExtraError, UnsupportedError
from vrp.problem import Problem
from vrp.solution import Route, Solution, Step

if TYPE_CHECKING:
    import pandas as pd


def to_dict(solution: Solution) -> dict[str, Any]:
    """Return a solution as JSON types; an infinity is the text "inf" or "-inf".

    The names of the steps are for people, and for reading to notice a plan of another problem.
    """
    problem, stats = solution.problem, solution.stats
    names = route_names(solution)
    return {
        "format": "vrp-solution",
        "version": 1,
        "problem": problem.name,
        "status": solution.status.name,
        "cost": plain(solution.cost),
        "cost_table": {term: plain(amount) for term, amount in solution.cost_table.items()},
        "routes": [_route(problem, name, route) for name, route in zip(names, solution.routes, strict=True)],
        "unserved": [
            {
                "stop": int(u.stop),
                "name": problem.location_name(u.stop),
                "reason": u.reason,
                "hint": u.hint,
                "required": bool(u.required),
            }
            for u in solution.unserved
        ],
        "stats": {
            "solver": stats.solver,
            "seed": int(stats.seed),
            "threads": int(stats.threads),
            "seconds": plain(stats.seconds),
            "compile_seconds": plain(stats.compile_seconds),
            "iterations": int(stats.iterations),
            "trace": [[plain(seconds), plain(cost)] for seconds, cost in stats.trace],
            "interrupted": bool(stats.interrupted),
            "versions": dict(stats.versions),
            **({"why": stats.why} if stats.why else {}),
        },
        "notes": list(problem.notes),
    }


def plain(value: float) -> float | str:
    """Return a Python float, or "inf", "-inf" or "nan", which JSON has no numbers for."""
    number = float(value)
    return number if math.isfinite(number) else str(number)


def _route(problem: Problem, name: str, route: Route) -> dict[str, Any]:
    return {
        "vehicle_type": int(route.vehicle_type),
        "vehicle": name,
        "start_depot": int(route.start_depot),
        "end_depot": None if route.end_depot is None else int(route.end_depot),
        "visits": [int(v) for v in route.visits],
        "distance": plain(route.distance),
        "duration": plain(route.duration),
        "cost": plain(route.cost),
        "steps": [{"name": problem.location_name(s.location), **_step(s)} for s in route.steps],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "location": int(step.location),
        "kind": step.kind,
        "arrive": plain(step.arrive),
        "wait": plain(step.wait),
        "start": plain(step.start),
        "leave": plain(step.leave),
        "load": [plain(x) for x in step.load],
        "distance": plain(step.distance),
        "late": plain(step.late),
    }


# Data frame


def to_frame(solution: Solution) -> "pd.DataFrame":
    """Return one row per step of each route, then one per unserved stop (kind "unserved", its times missing).

    Columns: route (number in `solution.routes`), vehicle, position, location, name, kind, arrive, wait, start, leave,
    distance, late, load (load_0, load_1, ... where there are several dimensions), reason.

    Raises
    ------
    MissingExtraError
        pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingExtraError("pandas", "view") from error
    problem = solution.problem
    loads = ["load"] if problem.num_loads == 1 else [f"load_{c}" for c in range(problem.num_loads)]
    times = ["arrive", "wait", "start", "leave", "distance", "late"]
    rows: list[dict[str, Any]] = []
    for i, (name, route) in enumerate(zip(route_names(solution), solution.routes, strict=True)):
        for position, step in enumerate(route.steps):
            row = {"route": i, "vehicle": name, "position": position, "location": step.location}
            row |= {"name": problem.location_name(step.location), "kind": step.kind, "reason": ""}
            rows.append(row | {t: getattr(step, t) for t in times} | dict(zip(loads, step.load, strict=True)))
    for u in solution.unserved:
        row = {"location": u.stop, "name": problem.location_name(u.stop), "kind": "unserved"}
        rows.append(row | {"vehicle": "", "reason": f"{u.reason} {u.hint}".strip()})
    columns = ["route", "vehicle", "position", "location", "name", "kind", *times, *loads, "reason"]
    frame = pd.DataFrame(rows, columns=columns)
    whole = dict.fromkeys(("route", "position", "location"), "Int64")
    return frame.astype(whole | dict.fromkeys([*times, *loads], "float64"))


# GeoJSON


def to_geojson(solution: Solution) -> dict[str, Any]:
    """Return a GeoJSON FeatureCollection (RFC 7946; lon, lat): a line per route, a point per depot and stop.

    The lines are straight from stop to stop, since a problem knows how long a road is but not where it runs.

    Raises
    ------
    UnsupportedError
        The problem has no coordinates or planar ones: RFC 7946 knows longitude and latitude only.
    """
    problem = solution.problem
    if problem.crs != "latlon" or not len(problem.coords):
        got = "planar coordinates" if len(problem.coords) else "no coordinates"
        raise UnsupportedError(
            f"GeoJSON holds longitude and latitude, but this problem has {got}. "
            'Give `coords` as lat, lon with crs="latlon", or write JSON, CSV or a plot instead.'
        )
    features = [_depot_feature(problem, d) for d in range(problem.num_depots)]
    for i, (name, route) in enumerate(zip(route_names(solution), solution.routes, strict=True)):
        features += _route_features(problem, i, name, route)
    for u in solution.unserved:
        properties = {"kind": "unserved", "location": u.stop, "name": problem.location_name(u.stop)}
        properties |= {"reason": u.reason, "hint": u.hint, "required": u.required}
        features.append(_point(problem, u.stop, properties))
    return {"type": "FeatureCollection", "features": features, "attribution": credit_notes(problem)}


def _position(problem: Problem, location: int) -> list[float]:
    lat, lon = problem.coords[location].tolist()
    return [lon, lat]


def _point(problem: Problem, location: int, properties: dict[str, Any]) -> dict[str, Any]:
    geometry = {"type": "Point", "coordinates": _position(problem, location)}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _depot_feature(problem: Problem, depot: int) -> dict[str, Any]:
    return _point(problem, depot, {"kind": "depot", "location": depot, "name": problem.location_name(depot)})


def _route_features(problem: Problem, index: int, name: str, route: Route) -> list[dict[str, Any]]:
    way = [route.start_depot, *route.visits, *([] if route.end_depot is None else [route.end_depot])]
    line = {"type": "LineString", "coordinates": [_position(problem, x) for x in way]}
    about = {"kind": "route", "route": index, "vehicle": name, "vehicle_type": route.vehicle_type}
    about |= {"distance": plain(route.distance), "duration": plain(route.duration), "cost": plain(route.cost)}
    features = [{"type": "Feature", "geometry": line, "properties": about}]
    stops = (s for s in route.steps if s.location >= problem.num_depots)
    for sequence, step in enumerate(stops, 1):
        properties = {"route": index, "vehicle": name, "sequence": sequence}
        properties |= {"name": problem.location_name(step.location)} | _step(step)
        features.append(_point(problem, step.location, properties))
    return features
