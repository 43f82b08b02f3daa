"""A problem as VROOM's input: jobs, shipments and vehicles on integer matrices of 32 bits."""

import math
from typing import Any

import numpy as np

from vrp.baselines.features import prices
from vrp.baselines.integers import NO_LIMIT, Array, down, exact_scale, integers, nearest, rounding_scale, up
from vrp.errors import UnsupportedError
from vrp.problem import Problem
from vrp.vehicles import VehicleType

LARGEST_LEG = 1e6
"""Where times must be rounded."""
COST_BOUND = 1e9
"""VROOM refuses matrices whose rows' largest costs sum to more than 32 bits hold; this leaves a margin."""
LARGEST_TIME = 2**32 - 1


class Model:
    """One problem in VROOM's terms; good for one run.

    Parameters
    ----------
    problem
        What to model.
    unlimited
        How many vehicles each type without a number gets.
    """

    def __init__(self, problem: Problem, unlimited: int) -> None:
        import vroom

        self.problem = problem
        self.numbers = integers(problem, LARGEST_LEG)
        self.saturated = unlimited >= problem.num_clients or all(v.count is not None for v in problem.vehicles)
        self.types = [
            k
            for k, v in enumerate(problem.vehicles)
            for _ in range(unlimited if v.count is None else min(v.count, problem.num_clients))
        ]
        self.loads = np.flatnonzero(np.isfinite([v.capacity for v in problem.vehicles]).any(axis=0))
        self.skills = self._skills()
        self.input: Any = vroom.Input()
        self._profile_of: dict[tuple[int, float, float], str] = {}
        self.scale = self._matrices()
        """Costs in VROOM are this times the problem's."""
        try:
            self.input.add_vehicle([self._vehicle(i, k) for i, k in enumerate(self.types)])
            self.input.add_job([*self._jobs(), *self._shipments()])
        except (TypeError, OverflowError, vroom._vroom.VroomInputException) as error:
            raise UnsupportedError(f"VROOM refuses the problem: {error}") from error

    def _matrices(self) -> float:
        """Set one profile per matrix and prices; return the scale of costs."""
        problem, numbers = self.problem, self.numbers
        costs = {}
        for v in problem.vehicles:
            key = (v.profile, *prices(v))
            if key not in costs:
                distance, duration = problem.matrices(v.profile)
                costs[key] = key[1] * distance
                if key[2]:  # VROOM prices the drive alone; the service is priced with the leg that leads to it.
                    costs[key] = costs[key] + key[2] * duration
                    costs[key][:, problem.num_depots :] += key[2] * (problem.service + problem.setup)
        largest = max(float(c.max()) for c in costs.values())
        bound = COST_BOUND / problem.num_locations
        fixed = np.array([v.fixed_cost for v in problem.vehicles])
        scale = exact_scale([*costs.values(), fixed], limit=bound) or rounding_scale(largest, bound)
        for key, cost in costs.items():
            name = f"profile {len(self._profile_of)}"
            self._profile_of[key] = name
            whole = nearest(cost, scale)
            if numbers.time_matters:
                self.input.set_durations_matrix(name, numbers.duration[key[0]])
                self.input.set_costs_matrix(name, whole)
            else:
                self.input.set_durations_matrix(name, whole)
            if any(math.isfinite(v.max_distance) for v in problem.vehicles):
                self.input.set_distances_matrix(name, numbers.distance[key[0]])
        return scale

    def _skills(self) -> dict[bytes, int]:
        """Return a skill for each set of vehicle types that may serve some client but not all."""
        allowed = self.problem.allowed
        restricted = sorted({allowed[:, c].tobytes() for c in np.flatnonzero(~allowed.all(axis=0))})
        return {column: i for i, column in enumerate(restricted)}

    def _needed(self, *clients: int) -> set[int]:
        columns = (self.problem.allowed[:, c].tobytes() for c in clients)
        return {self.skills[column] for column in columns if column in self.skills}

    def _goods(self, amounts: Array) -> list[int]:
        chosen: list[int] = amounts[self.loads].tolist()
        return chosen

    def _vehicle(self, index: int, k: int) -> Any:
        import vroom

        numbers, v = self.numbers, self.problem.vehicles[k]
        room = down(np.asarray(v.capacity), numbers.load_scale)
        if v.initial_load:
            room = np.maximum(room - up(np.asarray(v.initial_load), numbers.load_scale), 0)
        extra: dict[str, Any] = {}
        if v.end_depot is not None:
            extra["end"] = v.end_depot
        begin, finish = self._shift(v)
        if begin > 0 or finish < NO_LIMIT:
            extra["time_window"] = _window(begin, finish)
        if v.max_stops is not None:
            extra["max_tasks"] = v.max_stops
        if math.isfinite(v.max_distance):
            extra["max_distance"] = int(down(v.max_distance, numbers.distance_scale))
        return vroom.Vehicle(
            index + 1,
            start=v.start_depot,
            profile=self._profile_of[(v.profile, *prices(v))],
            capacity=self._goods(room),
            skills={skill for column, skill in self.skills.items() if column[k]},
            costs=vroom.VehicleCosts(fixed=round(v.fixed_cost * self.scale)),
            **extra,
        )

    def _shift(self, v: VehicleType) -> tuple[int, int]:
        """Return the shift inside the depots' windows."""
        begin, finish = v.shift
        begin = max(begin, float(self.problem.depot_windows[v.start_depot, 0]))
        if v.end_depot is not None:
            finish = min(finish, float(self.problem.depot_windows[v.end_depot, 1]))
        return self.numbers.time_window(begin, finish)

    def _times(self, client: int) -> dict[str, Any]:
        windows = [w for w in self.numbers.windows[client].tolist() if w[0] < NO_LIMIT]
        service = int(self.numbers.service[client]) if self.numbers.time_matters else 0
        if len(windows) == 1 and windows[0][0] <= 0 and windows[0][1] >= NO_LIMIT:
            return {"default_service": service}
        return {"default_service": service, "time_windows": [_window(*w) for w in windows]}

    def _jobs(self) -> list[Any]:
        import vroom

        shipped = set(self.problem.shipments.ravel().tolist())
        first = self.problem.num_depots
        return [
            vroom.Job(
                first + c,
                first + c,
                delivery=self._goods(self.numbers.delivery[c]),
                pickup=self._goods(self.numbers.pickup[c]),
                skills=self._needed(c),
                **self._times(c),
            )
            for c in range(self.problem.num_clients)
            if first + c not in shipped
        ]

    def _shipments(self) -> list[Any]:
        import vroom

        shipments = []
        for ends, amount in zip(self.problem.shipments.tolist(), self.numbers.shipment_load, strict=True):
            clients = [location - self.problem.num_depots for location in ends]
            steps = [vroom.ShipmentStep(x, x, **self._times(c)) for x, c in zip(ends, clients, strict=True)]
            shipments.append(vroom.Shipment(*steps, amount=self._goods(amount), skills=self._needed(*clients)))
        return shipments

    def routes(self, found: Any) -> list[tuple[int, list[int]]]:
        """Return the vehicle type and the visited locations of each route."""
        rows = found.routes
        routes: dict[int, list[int]] = {}
        for vehicle, kind, location in zip(rows["vehicle_id"], rows["type"], rows["location_index"], strict=True):
            if kind in ("job", "pickup", "delivery"):
                routes.setdefault(int(vehicle), []).append(int(location))
        return [(self.types[vehicle - 1], visits) for vehicle, visits in routes.items()]


def _window(start: int, end: int) -> Any:
    import vroom

    if start > LARGEST_TIME:
        raise OverflowError(f"a time window starts at {start} units, beyond {LARGEST_TIME}.")
    return vroom.TimeWindow(start, min(end, LARGEST_TIME))
