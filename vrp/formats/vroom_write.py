"""Writing a problem as VROOM's JSON input, as far as it can say it; what it cannot is refused by name."""

import itertools
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from vrp.arrays import LATLON_SPEED
from vrp.errors import UnsupportedError, VrpError
from vrp.export_vroom import leading_number, task_ids, vehicle_ids
from vrp.formats.differences import differences
from vrp.formats.skills import skills
from vrp.formats.source import Source
from vrp.formats.vroom import read_vroom
from vrp.problem import Problem
from vrp.validate_network import only_durations
from vrp.vehicles import VehicleType

MAX_VEHICLES = 100_000
"""VROOM has one object per vehicle; more are refused."""
Keys = Mapping[int, tuple[int, int]]
"""Client's location -> its id and its row of the matrices."""
NOT_COMPARED = {"name", "names", "vehicles' name", "speed"}
"""VROOM has ids instead of names (a name reads back behind its id, that of a depot not); durations tell the speed."""


def to_vroom_input(problem: Problem) -> dict[str, Any]:
    """Return the problem as VROOM's input, which reads back as the same problem but for names.

    A vehicle type of several vehicles becomes as many types, with names that are numbered as those of routes: van 1,
    van 2. Ids are what names begin with where those are distinct whole numbers, else location indices, and numbers from
    1 for vehicles. Names of stops and vehicles become descriptions, which read back behind ids: "1 van 1". VROOM has no
    word for the names of depots and of the problem, nor for notes: these are left out.

    Raises
    ------
    UnsupportedError
        VROOM cannot hold something that the problem has; the message names each field.
    """
    single = _one_vehicle_per_type(problem)
    data = _input(single)
    try:
        again = read_vroom(Source("", "<input>"), data)
        lost = [field for field in differences(single, again) if field not in NOT_COMPARED]
        if "duration" in lost and _same_durations(single, again):
            lost.remove("duration")
        if again.num_depots != single.num_depots:  # Then nothing else is where it was.
            lost = ["depots without vehicles, or in another order than the vehicles'"]
    except VrpError as error:
        lost = [f"values ({str(error).splitlines()[-1].strip(' -').rstrip('.')})"]
    if _spares_other_setups(single):
        lost.append("setup times that legs of length 0 spare")
    if found := _fraction(data):
        lost.append(f"fractions ({found}; VROOM counts in whole numbers)")
    if lost:
        raise UnsupportedError(f"VROOM's input cannot hold this problem's {', '.join(lost)}. Write .json instead.")
    return data


def _one_vehicle_per_type(problem: Problem) -> Problem:
    counts = [v.count for v in problem.vehicles]
    if None in counts:
        raise UnsupportedError(
            "VROOM's input lists each vehicle, but this problem has as many as needed. Give a count."
        )
    rows = np.repeat(np.arange(len(counts)), [count or 0 for count in counts])
    if len(rows) > MAX_VEHICLES:
        raise UnsupportedError(f"VROOM's input lists each vehicle; more than {MAX_VEHICLES} are not written.")
    if len(rows) == len(counts):
        return problem
    taken = {v.name for v in problem.vehicles}
    types = [single for v in problem.vehicles for single in _singles(v, taken)]
    return problem.replace(vehicles=types, allowed=problem.allowed[rows], preference=problem.preference[rows])


def _singles(v: VehicleType, taken: set[str]) -> list[VehicleType]:
    """Return a type per vehicle, named "van 1", "van 2" and on, without the names of other types."""
    if v.count == 1:
        return [v]
    free = (name for i in itertools.count(1) if (name := f"{v.name} {i}") not in taken)
    return [replace(v, count=1, name=name if v.name else "") for name in itertools.islice(free, v.count)]


def _same_durations(a: Problem, b: Problem) -> bool:
    x, y = (p.duration if p.duration is not None else (p.matrices()[0] / p.speed)[None] for p in (a, b))
    return x.shape == y.shape and bool((x == y).all())


def _fraction(data: Any, key: str = "") -> str:
    """Return the first number that is not whole, with its key; "" where all are. Places and speeds may have digits."""
    if isinstance(data, float) and key not in ("location", "start", "end", "speed_factor"):
        return f"{key} {data:.10g}"
    items = data.items() if isinstance(data, dict) else ((key, item) for item in data) if isinstance(data, list) else ()
    return next((found for k, item in items if (found := _fraction(item, k))), "")


def _whole(value: float) -> int | float:
    """Return an integer where the number is one."""
    return int(value) if math.isfinite(value) and value == int(value) else float(value)


def _rows(problem: Problem) -> list[int]:
    """Return the row of each location in VROOM's matrices: stops at one place share it, for then setups are spared."""
    rows = list(range(problem.num_locations))
    if problem.distance is None:
        return rows
    tables = [table for profile in range(problem.num_profiles) for table in problem.matrices(profile)]
    for x in range(problem.num_depots, problem.num_locations):
        near = np.logical_and.reduce([(t[:x, x] == 0) & (t[x, :x] == 0) for t in tables])
        for y in np.flatnonzero(near).tolist():
            if all(np.array_equal(t[x], t[y]) and np.array_equal(t[:, x], t[:, y]) for t in tables):
                rows[x] = rows[y]
                break
    return rows


def _spares_other_setups(problem: Problem) -> bool:
    """Return whether a setup is spared after a leg of length 0 between what are two places for VROOM."""
    rows = np.array(_rows(problem))
    for x in (np.flatnonzero(problem.setup) + problem.num_depots).tolist() if problem.distance is not None else ():
        for profile in range(problem.num_profiles):
            distance, duration = problem.matrices(profile)
            if ((distance[:, x] == 0) & (duration[:, x] == 0) & (rows != rows[x])).any():
                return True
    return False


def _wholes(values: Any) -> list[int | float]:
    return [_whole(value) for value in values]


def _input(problem: Problem) -> dict[str, Any]:
    needs, has = skills(problem)
    rows = _rows(problem)
    keys = {x: (number, rows[x]) for x, number in task_ids(problem).items()}
    in_shipments = {int(x) for x in problem.shipments.ravel()}
    limited = any(math.isfinite(c) for v in problem.vehicles for c in v.capacity)
    data: dict[str, Any] = {
        "vehicles": [
            _vehicle(problem, number, v, own, limited)
            for number, v, own in zip(vehicle_ids(problem), problem.vehicles, has, strict=True)
        ],
        "jobs": [
            _job(problem, x, keys, needs)
            for x in range(problem.num_depots, problem.num_locations)
            if x not in in_shipments
        ],
    }
    if in_shipments:
        data["shipments"] = [
            {
                "amount": _wholes(load),
                "pickup": _task(problem, pickup, keys),
                "delivery": _task(problem, delivery, keys),
                **_skilled(needs[pickup - problem.num_depots]),
            }
            for (pickup, delivery), load in zip(problem.shipments.tolist(), problem.shipment_load.tolist(), strict=True)
        ]
    if problem.distance is not None:
        data["matrices"] = {_profile(p): _matrices(problem, p) for p in range(problem.num_profiles)}
    return data


def _profile(index: int) -> str:
    return "car" if index == 0 else f"car {index + 1}"


def _matrices(problem: Problem, profile: int) -> dict[str, Any]:
    distance, duration = problem.matrices(profile)
    out = {"durations": [_wholes(row) for row in duration.tolist()]}
    if not only_durations(problem.distance, problem.duration):
        out["distances"] = [_wholes(row) for row in distance.tolist()]
    return out


def _at(problem: Problem, location: int, place: str, index: str, row: int) -> dict[str, Any]:
    out: dict[str, Any] = {}
    if len(problem.coords):
        a, b = problem.coords[location].tolist()
        out[place] = [b, a] if problem.crs == "latlon" else [a, b]
    if problem.distance is not None:
        out[index] = row
    return out


def _task(problem: Problem, location: int, keys: Keys) -> dict[str, Any]:
    """Return what a job and an end of a shipment have in common."""
    client = location - problem.num_depots
    number, row = keys[location]
    out = _identity(problem.location_name(location), number)
    out |= _at(problem, location, "location", "location_index", row)
    out |= {key: _whole(value) for key in ("setup", "service") if (value := getattr(problem, key)[client])}
    windows = problem.time_windows[client]
    used = windows[np.isfinite(windows[:, 0])]
    if not (len(used) == 1 and used[0, 0] == 0 and math.isinf(used[0, 1])):
        out["time_windows"] = [_wholes(window) for window in used.tolist()]
    return out


def _identity(name: str, number: int) -> dict[str, Any]:
    """Return id and description; a name that begins with the id is not told twice."""
    rest = name.partition(" ")[2] if leading_number(name) == number else name
    return {"id": number} | ({"description": rest} if rest else {})


def _job(problem: Problem, location: int, keys: Keys, needs: list[list[int]]) -> dict[str, Any]:
    client = location - problem.num_depots
    goods = {key: getattr(problem, key)[client] for key in ("delivery", "pickup")}
    loads = {key: _wholes(amount.tolist()) for key, amount in goods.items() if amount.any()}
    return _task(problem, location, keys) | loads | _skilled(needs[client])


def _skilled(own: list[int]) -> dict[str, Any]:
    return {"skills": own} if own else {}


def _vehicle(problem: Problem, number: int, v: VehicleType, own: list[int], limited: bool) -> dict[str, Any]:
    out = _identity(v.name, number) | _at(problem, v.start_depot, "start", "start_index", v.start_depot) | _skilled(own)
    if v.end_depot is not None:
        out |= _at(problem, v.end_depot, "end", "end_index", v.end_depot)
    if limited:
        out["capacity"] = _wholes(v.capacity)
    if v.shift != (0.0, math.inf):
        out["time_window"] = _wholes(v.shift)
    if v.breaks:
        out["breaks"] = [
            {"id": i, "time_windows": [_wholes((b.start, b.start))], "service": _whole(b.end - b.start)}
            for i, b in enumerate(v.breaks, start=1)
        ]
    if v.max_stops is not None:
        out["max_tasks"] = v.max_stops
    return out | _prices(problem, v)


def _prices(problem: Problem, v: VehicleType) -> dict[str, Any]:
    """Return profile, costs and the limit on travel; without matrices also how fast it drives."""
    by_time = only_durations(problem.distance, problem.duration)
    price = float(v.distance_cost or 0.0)
    costs = {"per_hour": _whole(price * 3600)} if by_time else {"per_hour": 0, "per_km": _whole(round(price * 1000, 9))}
    out: dict[str, Any] = {"costs": costs | ({"fixed": _whole(v.fixed_cost)} if v.fixed_cost else {})}
    if problem.distance is not None:
        out["profile"] = _profile(v.profile)
    elif problem.speed != LATLON_SPEED:
        out["speed_factor"] = problem.speed / LATLON_SPEED
    if math.isfinite(v.max_distance):
        out["max_travel_time" if by_time else "max_distance"] = _whole(v.max_distance)
    return out


def vroom_text(problem: Problem) -> str:
    """Return `to_vroom_input` as text."""
    return json.dumps(to_vroom_input(problem), allow_nan=False) + "\n"
