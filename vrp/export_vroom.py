"""A plan in the schema of VROOM's output, so that what reads one reads the other.

VROOM counts in whole seconds and metres: times, distances and costs are rounded here (`to_dict` has them exactly).
"""

from typing import Any

import numpy as np

from vrp.display import route_names
from vrp.errors import UnsupportedError
from vrp.problem import Floats, Problem
from vrp.solution import Route, Solution, Step


def to_vroom(solution: Solution) -> dict[str, Any]:
    """Return a solution as VROOM would answer it; of violations only delays are listed (`check` finds all).

    Ids are what the stops' and vehicle types' names begin with where those are distinct whole numbers (as after reading
    VROOM's own input), else the location index and the type's number from 1, or the route's where a type has several
    vehicles.

    Raises
    ------
    UnsupportedError
        A route reloads or charges, for which VROOM has no word.
    """
    problem = solution.problem
    _refuse_depot_visits(solution)
    ids = task_ids(problem)
    routes = [
        _Writer(problem, ids, route).route(vehicle, name)
        for vehicle, name, route in zip(_vehicles(solution), route_names(solution), solution.routes, strict=True)
    ]
    kinds = _kinds(problem)
    unassigned = [
        {"id": ids[u.stop], "type": kinds.get(u.stop, "job"), **_place(problem, u.stop)} for u in solution.unserved
    ]
    totals = {key: sum(r[key] for r in routes) for key in _SUMS}
    loads = {key: np.sum([r[key] for r in routes] or [[0] * problem.num_loads], axis=0).tolist() for key in _LOADS}
    computing = {"loading": 0, "solving": round(1000 * solution.stats.seconds), "routing": 0}
    summary = {"cost": round(solution.cost), "routes": len(routes), "unassigned": len(unassigned), **totals, **loads}
    summary |= {"priority": 0, "violations": _all(routes, "violations"), "computing_times": computing}
    return {"code": 0, "summary": summary, "unassigned": unassigned, "routes": routes}


_SUMS = ("setup", "service", "duration", "waiting_time", "distance")
_LOADS = ("delivery", "pickup")


def _all(parts: list[dict[str, Any]], key: str) -> list[Any]:
    return [item for part in parts for item in part[key]]


def _refuse_depot_visits(solution: Solution) -> None:
    kinds = {s.kind for r in solution.routes for s in r.steps} & {"reload", "charge"}
    if kinds:
        raise UnsupportedError(
            f"VROOM's output has no step for: {', '.join(sorted(kinds))}. Write our own JSON (`to_dict`) instead."
        )


def task_ids(problem: Problem) -> dict[int, int]:
    """Return the id of each client."""
    clients = range(problem.num_depots, problem.num_locations)
    own = [leading_number(problem.location_name(x)) for x in clients]
    known = [number for number in own if number is not None]
    if len(set(known)) == len(own):
        return dict(zip(clients, known, strict=True))
    return {x: x for x in clients}


def leading_number(name: str) -> int | None:
    """Return the whole number that a name is or begins with: VROOM's input is read as id and description."""
    number = name.split(" ")[0]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 20 else None


def _vehicles(solution: Solution) -> list[int]:
    """Return the id of each route's vehicle."""
    own = vehicle_ids(solution.problem)
    if all(v.count == 1 for v in solution.problem.vehicles):
        return [own[r.vehicle_type] for r in solution.routes]
    return list(range(1, len(solution.routes) + 1))


def vehicle_ids(problem: Problem) -> list[int]:
    """Return an id per vehicle type: what their names begin with, else counted from 1."""
    known = [number for v in problem.vehicles if (number := leading_number(v.name)) is not None]
    return known if len(set(known)) == len(problem.vehicles) else list(range(1, len(problem.vehicles) + 1))


def _kinds(problem: Problem) -> dict[int, str]:
    """Return "pickup" or "delivery" of each end of a shipment."""
    ends = {}
    for pickup, delivery in np.asarray(problem.shipments).reshape(-1, 2).tolist():
        ends[pickup], ends[delivery] = "pickup", "delivery"
    return ends


def _place(problem: Problem, location: int) -> dict[str, Any]:
    """Return where a location is: its row in the matrices, and its coordinates as lon, lat (planar: x, y)."""
    place: dict[str, Any] = {"location_index": location, "description": problem.location_name(location)}
    if len(problem.coords):
        a, b = problem.coords[location].tolist()
        place["location"] = [b, a] if problem.crs == "latlon" else [a, b]
    return place


class _Writer:
    """Writes the steps of one route, adding up what VROOM adds up."""

    def __init__(self, problem: Problem, ids: dict[int, int], route: Route) -> None:
        self.problem, self.ids, self.plan = problem, ids, route
        self.kinds = _kinds(problem)
        self.vehicle = problem.vehicles[route.vehicle_type]
        self.driven = self.setup = self.service = self.waiting = 0.0
        self.steps: list[dict[str, Any]] = []
        self.breaks = sorted((b.start, b.end) for b in self.vehicle.breaks)

    def route(self, vehicle: int, name: str) -> dict[str, Any]:
        """Return the whole route."""
        before: Step | None = None
        for step in self.plan.steps:
            self._add(step, before)
            before = step
        delivery, pickup = self._amounts()
        return {
            "vehicle": vehicle,
            "description": name,
            "cost": round(self.plan.cost),
            "delivery": _whole(delivery),
            "pickup": _whole(pickup),
            "setup": round(self.setup),
            "service": round(self.service),
            "duration": round(self.driven),
            "waiting_time": round(self.waiting),
            "distance": round(self.plan.distance),
            "priority": 0,
            "steps": self.steps,
            "violations": _all(self.steps, "violations"),
        }

    def _amounts(self) -> tuple[Floats, Floats]:
        """Return what the route delivers and picks up in all, goods of shipments in both."""
        clients = np.array([v - self.problem.num_depots for v in self.plan.visits], dtype=int)
        delivery, pickup = self.problem.delivery[clients].sum(axis=0), self.problem.pickup[clients].sum(axis=0)
        shipped = np.isin(self.problem.shipments[:, 0], self.plan.visits)
        carried = self.problem.shipment_load[shipped].sum(axis=0)
        return delivery + carried, pickup + carried

    def _add(self, step: Step, before: Step | None) -> None:
        setup = service = 0.0
        if before is not None:
            legs = self.problem.legs(before.location, step.location, self.vehicle.profile)
            self._add_breaks(before, step)
            self.driven += float(legs[1])
            if step.location >= self.problem.num_depots:
                client = step.location - self.problem.num_depots
                service = float(self.problem.service[client])
                setup = float(self.problem.setup[client]) if any(float(x) for x in legs) else 0.0
        self.setup, self.service, self.waiting = self.setup + setup, self.service + service, self.waiting + step.wait
        self._write(step, self._type(step), setup, service)

    def _type(self, step: Step) -> str:
        return self.kinds.get(step.location, "job") if step.kind == "stop" else step.kind

    def _write(self, step: Step, kind: str, setup: float, service: float) -> None:
        late = [{"cause": "delay", "duration": round(step.late)}] if step.late > 0 else []
        written = {
            "type": kind,
            **_place(self.problem, step.location),
            "arrival": round(step.arrive),
            "setup": round(setup),
            "service": round(service),
            "waiting_time": round(step.wait),
            "duration": round(self.driven),
            "distance": round(step.distance),
            "load": _whole(step.load),
            "violations": late,
        }
        if kind not in ("start", "end"):
            written["id"] = self.ids[step.location]
        self.steps.append(written)

    def _add_breaks(self, before: Step, step: Step) -> None:
        """Write the breaks between leaving the last location and starting at this one."""
        for number, (start, end) in enumerate(self.breaks, 1):
            if before.leave <= start < step.start:
                pause = {"type": "break", "id": number, "arrival": round(start), "service": round(end - start)}
                pause |= {"setup": 0, "waiting_time": 0, "duration": round(self.driven), "violations": []}
                self.steps.append(pause | {"distance": round(before.distance), "load": _whole(before.load)})


def _whole(load: Any) -> list[int]:
    return [round(float(x)) for x in load]
