"""VROOM's JSON input: jobs, shipments, vehicles and matrices. Coordinates are [lon, lat] there, and only there."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrp.formats.source import MAX_LOCATIONS, Source
from vrp.formats.vroom_costs import travel
from vrp.formats.vroom_fields import BREAK, JOB, SHIPMENT, STEP, TOP, VEHICLE, Item
from vrp.problem import Floats, Problem
from vrp.vehicles import Break, VehicleType

MAX_ALLOWED = 200_000_000
"""Largest number of vehicles x tasks for which it is stored who may serve whom."""


@dataclass(frozen=True)
class Place:
    """Where something is: a row of the matrices, or latitude and longitude, or both."""

    index: int | None
    lat_lon: tuple[float, float] | None


@dataclass(frozen=True)
class Task:
    """A job, or one end of a shipment."""

    kind: str
    id: int
    item: Item
    place: Place
    skills: frozenset[int]
    priority: float
    setup: float
    service: float
    windows: list[tuple[float, float]]
    delivery: tuple[float, ...] = ()
    pickup: tuple[float, ...] = ()
    amount: tuple[float, ...] = ()
    """Of a shipment, at its pickup."""


def is_vroom(data: Mapping[str, Any]) -> bool:
    """Return whether the object looks like VROOM's input."""
    return "vehicles" in data and ("jobs" in data or "shipments" in data)


def read_vroom(source: Source, data: Mapping[str, Any]) -> Problem:
    """Return the problem of VROOM's input. Every task must be served where possible, one vehicle type per vehicle.

    The cost is VROOM's: a price of travel (by default 1 per second), not of waiting and service. Where prices of hours
    and kilometres come with matrices, `distance` is therefore the travel that is paid for (`vrp.formats.vroom_costs`);
    without matrices, everything is estimated from great circles. Refused by name: breaks with a choice of time,
    vehicles without start, priorities that differ, times per vehicle type, given routes.
    """
    top = Item(source, "the problem", data, TOP)
    matrices = data.get("matrices")
    size = _matrix_size(top, matrices)
    tasks, shipments = _tasks(top, size)
    vehicles = [Item(source, _called("vehicle", k, v), v, VEHICLE) for k, v in enumerate(top.items("vehicles"))]
    if not vehicles:
        top.add('"vehicles" is empty.')
    if not tasks:
        top.add('there is nothing to do: "jobs" and "shipments" are empty.')
    if len(tasks) > MAX_LOCATIONS:
        top.add(f"{len(tasks)} tasks are more than {MAX_LOCATIONS}, which is the limit.")
    ends = [(_place(v, "start", "start_index", size), _place(v, "end", "end_index", size)) for v in vehicles]
    own = [_own_fields(v, start) for v, (start, _) in zip(vehicles, ends, strict=True)]
    _unique(tasks, vehicles)
    _same_priorities(top, tasks)
    loads = _num_loads(vehicles, tasks)
    allowed = _allowed(top, vehicles, tasks)
    source.raise_errors()
    depots: dict[Any, int] = {}
    for place in (p for pair in ends for p in pair if p is not None):
        depots.setdefault(_key(place), len(depots))
    places = [Place(*key) if isinstance(key, tuple) else Place(key, None) for key in depots]
    places = _with_coordinates(places, ends) + [task.place for task in tasks]
    drive = travel(source, matrices, vehicles, places)
    source.raise_errors()
    types = tuple(
        VehicleType(
            start_depot=depots[_key(start)], end_depot=None if end is None else depots[_key(end)], **fields, **driving
        )
        for (start, end), fields, driving in zip(ends, own, drive.vehicles, strict=True)
        if start is not None
    )
    return _problem(types, len(depots), tasks, shipments, places, loads, drive.network | {"allowed": allowed})


def _problem(
    types: tuple[VehicleType, ...], num_depots: int, tasks: list[Task], shipments: list[tuple[int, int]],
    places: list[Place], loads: int, fields: dict[str, Any],
) -> Problem:  # fmt: skip
    coords = [place.lat_lon for place in places]
    pairs = np.array(shipments, dtype=np.int64).reshape(-1, 2)
    return Problem(
        num_depots=num_depots,
        vehicles=types,
        names=_names(num_depots, tasks),
        coords=None if None in coords else np.array(coords),  # type: ignore[arg-type]
        crs="planar" if None in coords else "latlon",
        delivery=_loads([task.delivery for task in tasks], loads),
        pickup=_loads([task.pickup for task in tasks], loads),
        setup=np.array([task.setup for task in tasks]),
        service=np.array([task.service for task in tasks]),
        time_windows=_padded([task.windows for task in tasks]),
        shipments=pairs + num_depots,
        shipment_load=_loads([tasks[pickup].amount for pickup, _ in shipments], loads),
        **fields,
    )


def _matrix_size(top: Item, matrices: Any) -> int | None:
    """Return the number of rows of the first matrix, None where there are no matrices."""
    if matrices is None:
        return None
    for profile in matrices.values() if isinstance(matrices, Mapping) else ():
        for matrix in profile.values() if isinstance(profile, Mapping) else ():
            if isinstance(matrix, list) and matrix:
                return len(matrix)
    top.add('"matrices" must be an object of profiles, each with "durations" (and "distances", "costs").')
    return 1


def _called(kind: str, index: int, data: Any) -> str:
    return f"{kind} {data['id']!r:.30}" if isinstance(data, Mapping) and "id" in data else f"{kind} number {index + 1}"


def _tasks(top: Item, size: int | None) -> tuple[list[Task], list[tuple[int, int]]]:
    """Return all tasks, and the pairs of (pickup, delivery) among them."""
    tasks, pairs = [], []
    for k, data in enumerate(top.items("jobs")):
        job = Item(top.source, _called("job", k, data), data, JOB)
        tasks.append(_task("job", job, job, size, job.numbers("delivery"), job.numbers("pickup")))
    for k, data in enumerate(top.items("shipments")):
        shipment = Item(top.source, f"shipment number {k + 1}", data, SHIPMENT)
        amount = shipment.numbers("amount")
        for kind in ("pickup", "delivery"):
            if kind not in shipment.data:
                shipment.add(f'"{kind}" is missing.')
            end = shipment.data.get(kind, {})
            step = Item(top.source, _called(kind, k, end), end, STEP)
            tasks.append(_task(kind, step, shipment, size, amount=amount))
        pairs.append((len(tasks) - 2, len(tasks) - 1))
    return tasks, pairs


def _task(
    kind: str, item: Item, order: Item, size: int | None, delivery: tuple[float, ...] = (),
    pickup: tuple[float, ...] = (), amount: tuple[float, ...] = (),
) -> Task:  # fmt: skip
    """Return a task; `order` is the job itself, or the shipment that it is an end of."""
    place = _place(item, "location", "location_index", size)
    if place is None:
        key = "location" if size is None else "location_index"
        if key not in item.data:
            item.add(f'"{key}" is missing{"" if size is None else "; it is needed beside matrices"}.')
        place = Place(0, None)
    return Task(
        kind=kind,
        id=item.identity(),
        item=item,
        place=place,
        skills=order.skills(),
        priority=order.number("priority", 0.0),
        setup=item.number("setup", 0.0),
        service=item.number("service", 0.0),
        windows=item.windows("time_windows"),
        delivery=delivery,
        pickup=pickup,
        amount=amount,
    )


def _place(item: Item, location: str, index: str, size: int | None) -> Place | None:
    """Return a place; with matrices it needs an index, without them a location."""
    lat_lon = item.place(location)
    if size is None:
        if index in item.data:
            item.add(f'"{index}" has no meaning without "matrices".')
        return None if lat_lon is None else Place(None, lat_lon)
    row = item.whole(index, size)
    if row is None and lat_lon is not None and index not in item.data:
        item.add(f'"{index}" is missing; it is needed beside matrices.')
    return None if row is None else Place(row, lat_lon)


def _unique(tasks: list[Task], vehicles: list[Item]) -> None:
    seen: set[tuple[str, int]] = set()
    things = [(task.kind, task.id, task.item) for task in tasks]
    things += [("vehicle", vehicle.identity(), vehicle) for vehicle in vehicles]
    for kind, number, item in things:
        if (kind, number) in seen:
            item.add(f"another {kind} has the same id.")
        seen.add((kind, number))


def _key(place: Place) -> Any:
    """Return what makes two depots one."""
    return place.index if place.index is not None else (None, place.lat_lon)


def _with_coordinates(depots: list[Place], ends: list[tuple[Place | None, Place | None]]) -> list[Place]:
    """Return depots with the coordinates that some vehicle states for their row of the matrices."""
    known = {p.index: p.lat_lon for pair in ends for p in pair if p is not None and p.lat_lon is not None}
    return [Place(d.index, known.get(d.index) if d.lat_lon is None else d.lat_lon) for d in depots]


def _num_loads(vehicles: list[Item], tasks: list[Task]) -> int:
    """Return the number of load dimensions, the same for all; vehicles have all or none a capacity."""
    loads = len(vehicles[0].items("capacity")) if vehicles else 0
    for vehicle in vehicles:
        if len(vehicle.items("capacity")) != loads:
            vehicle.add(f'"capacity" must have {loads} numbers as the first vehicle has.')
    for task in tasks:
        for key in ("delivery", "pickup", "amount"):
            if len(getattr(task, key)) not in (0, loads):
                task.item.add(
                    f'"{key}" must have {loads} numbers as the vehicles\' "capacity" has.'
                    if loads
                    else f'"{key}" needs a "capacity" of the same length in every vehicle.'
                )
    return loads


def _loads(goods: list[tuple[float, ...]], loads: int) -> Floats:
    zero = (0.0,) * loads
    # A problem has at least one load dimension; without capacities it limits nothing.
    return np.array([g or zero for g in goods]).reshape(len(goods), loads) if loads else np.zeros((len(goods), 1))


def _padded(windows: list[list[tuple[float, float]]]) -> Floats:
    """Return lists of windows as [n, W, 2]."""
    most = max(1, *(len(w) for w in windows))
    out = np.full((len(windows), most, 2), math.inf)
    for row, own in zip(out, windows, strict=True):
        row[: max(1, len(own))] = own or [(0.0, math.inf)]
    return out


def _names(num_depots: int, tasks: list[Task]) -> tuple[str, ...]:
    """Return ids and descriptions; jobs, pickups and deliveries with the same id are told apart by their kind."""
    unique = len({task.id for task in tasks}) == len(tasks)
    depots = ["depot"] if num_depots == 1 else [f"depot {k + 1}" for k in range(num_depots)]
    names = [_label(str(task.id) if unique else f"{task.kind} {task.id}", task.item) for task in tasks]
    return (*depots, *names)


def _label(name: str, item: Item) -> str:
    description = item.text("description").strip()
    return f"{name} {description}" if description else name


def _own_fields(item: Item, start: Place | None) -> dict[str, Any]:
    """Return the fields of a vehicle type that depend on nothing but the vehicle."""
    if start is None:
        item.add('without "start" is not supported: a route begins at a depot.')
    # The type matters only beside times per type, which are refused.
    item.text("type")
    return {
        "count": 1,
        "name": _label(str(item.data.get("id")), item),
        "capacity": item.numbers("capacity"),
        "shift": item.window("time_window", item.data["time_window"])
        if "time_window" in item.data
        else (0.0, math.inf),
        "breaks": tuple(b for data in item.items("breaks") if (b := _break(item, data)) is not None),
        "max_stops": item.whole("max_tasks"),
    }


def _break(vehicle: Item, data: Any) -> Break | None:
    """Return a break that begins at a fixed time; None where it takes no time."""
    item = Item(vehicle.source, f"{vehicle.who}: {_called('break', 0, data)}", data, BREAK)
    windows = item.windows("time_windows")
    service = item.number("service", 0.0)
    if service == 0:
        return None
    if len(windows) != 1 or windows[0][0] != windows[0][1]:
        item.add('a choice of time is not supported; write a fixed start s as "time_windows": [[s, s]].')
        return None
    return Break(windows[0][0], windows[0][0] + service)


def _allowed(top: Item, vehicles: list[Item], tasks: list[Task]) -> NDArray[np.bool_] | None:
    if not any(task.skills for task in tasks):
        return None
    if len(vehicles) * len(tasks) > MAX_ALLOWED:
        raise top.source.failure(
            f"{len(vehicles)} vehicles x {len(tasks)} tasks with skills exceed the limit of {MAX_ALLOWED}."
        )
    has = [vehicle.skills() for vehicle in vehicles]
    return np.array([[task.skills <= skills for task in tasks] for skills in has])


def _same_priorities(top: Item, tasks: list[Task]) -> None:
    """Priorities choose whom to leave out; all the same, they choose nothing."""
    if len({task.priority for task in tasks}) > 1:
        top.add('different values of "priority" are not supported; use prizes (our own JSON) to say what matters more.')
