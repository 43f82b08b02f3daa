"""A problem as OR-Tools' routing model: registered matrices and dimensions, no Python callbacks.

Nodes are the depots where some vehicle starts or ends, one node at distance 0 from everywhere where routes are open,
and the clients. Vehicles are single ones; a type of unlimited number gets as many as the caller says.
"""

import math
from itertools import pairwise
from typing import Any

import numpy as np

from vrp.baselines.integers import NO_LIMIT, Array, Costs, Integers, down, up
from vrp.problem import Problem
from vrp.solution import Solution


def fleet_guess(problem: Problem, timed: bool) -> int:
    """Return how many vehicles of an unlimited type to begin with: every idle vehicle makes OR-Tools slower."""
    capacity = np.max([v.capacity for v in problem.vehicles], axis=0)
    total = np.maximum(problem.delivery.sum(axis=0), problem.pickup.sum(axis=0))
    needed = math.ceil(float((total / np.maximum(capacity, 1e-9)).max(initial=0.0)))
    bound = any(
        math.isfinite(x) for v in problem.vehicles for x in (v.max_duration, v.max_distance, v.max_stops or math.inf)
    )
    guess = 1.25 * needed + 5 + (problem.num_clients / 5 if timed or bound else 0)
    return min(problem.num_clients, int(guess))


class Model:
    """One problem in OR-Tools' terms.

    Parameters
    ----------
    numbers, prices
        The problem in integers.
    unlimited
        How many vehicles each type without a number gets.
    """

    def __init__(self, numbers: Integers, prices: Costs, unlimited: int) -> None:
        from ortools.constraint_solver import pywrapcp

        self.numbers = numbers
        self.problem = problem = numbers.problem
        self.prices = prices
        self.types = [
            k
            for k, v in enumerate(problem.vehicles)
            for _ in range(unlimited if v.count is None else min(v.count, problem.num_clients))
        ]
        self.saturated = unlimited >= problem.num_clients or all(v.count is not None for v in problem.vehicles)
        ends = [(v.start_depot, v.end_depot) for v in problem.vehicles]
        depots = sorted({d for pair in ends for d in pair if d is not None})
        self.location_of = [*depots, *range(problem.num_depots, problem.num_locations)]
        self.node_of = {location: node for node, location in enumerate(self.location_of)}
        if any(end is None for _, end in ends):
            self.open_end = len(self.location_of)
            self.location_of.append(-1)
        starts = [self.node_of[problem.vehicles[k].start_depot] for k in self.types]
        stops = [self._end_node(problem.vehicles[k].end_depot) for k in self.types]
        self.manager = pywrapcp.RoutingIndexManager(len(self.location_of), len(self.types), starts, stops)
        self.routing = pywrapcp.RoutingModel(self.manager)
        self.closed = False
        self.constant_prizes = 0
        """What the objective lacks: the prizes of those members of groups that stay unserved in any plan."""
        self._matrices: dict[tuple[str, int, int], int] = {}
        self._index = [self.manager.NodeToIndex(self.node_of[problem.num_depots + c]) for c in range(len(self.service))]
        self._costs()
        self._loads()
        self._stops_and_distance()
        if numbers.time_matters:
            self._times()
        self._optional()
        self._shipments()
        self._allowed()
        self._backhauls()

    @property
    def service(self) -> Array:
        """Seconds of each client."""
        return self.numbers.service

    def _end_node(self, depot: int | None) -> int:
        return self.open_end if depot is None else self.node_of[depot]

    # Matrices

    def _matrix(self, kind: str, profile: int, price: int = 1) -> int:
        """Register a matrix over the nodes once; return its handle."""
        key = (kind, profile, price)
        if key not in self._matrices:
            source = (self.numbers.duration if kind == "time" else self.numbers.distance)[profile]
            locations = np.array(self.location_of)
            matrix = source[np.ix_(locations, locations)] * price
            if locations[-1] < 0:
                matrix[-1, :] = matrix[:, -1] = 0
            if kind == "time":
                clients = locations >= self.problem.num_depots
                matrix[clients] += self.service[locations[clients] - self.problem.num_depots, None]
            self._matrices[key] = self.routing.RegisterTransitMatrix(matrix.tolist())
        return self._matrices[key]

    def _vector(self, of_clients: Array) -> int:
        values = np.zeros(len(self.location_of), dtype=np.int64)
        first = self.node_of[self.problem.num_depots]
        values[first : first + len(of_clients)] = of_clients
        handle: int = self.routing.RegisterUnaryTransitVector(values.tolist())
        return handle

    def _costs(self) -> None:
        for vehicle, k in enumerate(self.types):
            matrix = self._matrix("distance", self.problem.vehicles[k].profile, self.prices.distance[k])
            self.routing.SetArcCostEvaluatorOfVehicle(matrix, vehicle)
            self.routing.SetFixedCostOfVehicle(self.prices.fixed[k], vehicle)

    # Constraints

    def _loads(self) -> None:
        problem, numbers = self.problem, self.numbers
        room = np.stack([
            down(np.asarray(v.capacity), numbers.load_scale)
            - (up(np.asarray(v.initial_load), numbers.load_scale) if v.initial_load else 0)
            for v in problem.vehicles
        ])  # fmt: skip
        ends = problem.shipments - problem.num_depots
        for c in np.flatnonzero(np.isfinite([v.capacity for v in problem.vehicles]).any(axis=0)).tolist():
            capacities = [max(0, int(room[k, c])) for k in self.types]
            delivery, pickup = numbers.delivery[:, c], numbers.pickup[:, c].copy()
            back = problem.backhaul == "mixed"
            shipped = np.zeros_like(pickup)
            if len(ends):
                np.add.at(shipped, ends[:, 0], numbers.shipment_load[:, c])
                np.add.at(shipped, ends[:, 1], -numbers.shipment_load[:, c])
            if delivery.any() and (shipped.any() or (back and pickup.any())):
                self._mixed_load(c, capacities, delivery, pickup + shipped)
                continue
            # Deliveries alone fill the vehicle at the start, pickups alone at the end: both are a plain sum. Backhauls
            # come after all deliveries, so that the two never share the vehicle.
            if delivery.any():
                self._load(f"delivery {c}", delivery, capacities)
            if pickup.any() or shipped.any():
                self._load(f"pickup {c}", pickup + shipped, capacities)

    def _load(self, name: str, amounts: Array, capacities: list[int], from_zero: bool = True) -> Any:
        self.routing.AddDimensionWithVehicleCapacity(self._vector(amounts), 0, capacities, from_zero, name)
        return self.routing.GetDimensionOrDie(name)

    def _mixed_load(self, c: int, capacities: list[int], delivery: Array, gain: Array) -> None:
        """The vehicle starts with exactly what it delivers, and its load moves with each stop."""
        total = self._load(f"delivery {c}", delivery, capacities)
        load = self._load(f"load {c}", gain - delivery, capacities, from_zero=False)
        for vehicle in range(len(self.types)):
            first, last = self.routing.Start(vehicle), self.routing.End(vehicle)
            self.routing.solver().Add(load.CumulVar(first) == total.CumulVar(last))

    def _stops_and_distance(self) -> None:
        problem, scale = self.problem, self.numbers.distance_scale
        self.has_stops = any(v.max_stops is not None for v in problem.vehicles)
        if self.has_stops or (len(problem.shipments) and not self.numbers.time_matters):
            most = [problem.vehicles[k].max_stops or problem.num_clients for k in self.types]
            self._load("stops", np.ones(problem.num_clients, dtype=np.int64), most)
        if any(math.isfinite(v.max_distance) for v in problem.vehicles):
            matrices = [self._matrix("distance", problem.vehicles[k].profile) for k in self.types]
            most = [int(down(problem.vehicles[k].max_distance, scale)) for k in self.types]
            self.routing.AddDimensionWithVehicleTransitAndCapacity(matrices, 0, most, True, "distance")

    def _times(self) -> None:
        problem, numbers, prices = self.problem, self.numbers, self.prices
        windows = numbers.windows
        finite = [*windows[windows < NO_LIMIT].tolist()]
        finite += [x for v in problem.vehicles for x in numbers.time_window(*v.shift) if x < NO_LIMIT]
        finite += [x for w in problem.depot_windows.tolist() for x in numbers.time_window(*w) if x < NO_LIMIT]
        longest = max(int(t.max(axis=1).sum()) for t in numbers.duration)
        horizon = max(finite, default=0) + longest + int(self.service.sum())
        matrices = [self._matrix("time", problem.vehicles[k].profile) for k in self.types]
        self.routing.AddDimensionWithVehicleTransitAndCapacity(
            matrices, horizon, [horizon] * len(matrices), False, "time"
        )
        time = self.routing.GetDimensionOrDie("time")
        for c, index in enumerate(self._index):
            used = [w for w in windows[c].tolist() if w[0] < NO_LIMIT]
            first, last = used[0][0], used[-1][1]
            if prices.lateness[c] and last < NO_LIMIT:
                time.SetCumulVarSoftUpperBound(index, last, int(prices.lateness[c]))
                last = horizon
            time.CumulVar(index).SetRange(first, min(last, horizon))
            for (_, end), (begin, _) in pairwise(used):
                if begin > end + 1:
                    time.CumulVar(index).RemoveInterval(end + 1, begin - 1)
        for vehicle, k in enumerate(self.types):
            self._vehicle_times(time, vehicle, k, horizon)

    def _vehicle_times(self, time: Any, vehicle: int, k: int, horizon: int) -> None:
        v, numbers, prices = self.problem.vehicles[k], self.numbers, self.prices
        begin, finish = numbers.time_window(*v.shift)
        opens, closes = numbers.time_window(*self.problem.depot_windows[v.start_depot].tolist())
        time.CumulVar(self.routing.Start(vehicle)).SetRange(max(begin, opens), min(closes, horizon))
        opens, closes = (0, NO_LIMIT)
        if v.end_depot is not None:
            opens, closes = numbers.time_window(*self.problem.depot_windows[v.end_depot].tolist())
        time.CumulVar(self.routing.End(vehicle)).SetRange(opens, min(finish, closes, horizon))
        if math.isfinite(v.max_duration):
            time.SetSpanUpperBoundForVehicle(int(down(v.max_duration, numbers.duration_scale)), vehicle)
        if prices.duration[k]:
            time.SetSpanCostCoefficientForVehicle(prices.duration[k], vehicle)
        if prices.overtime[k] and math.isfinite(v.nominal_duration):
            from ortools.constraint_solver import pywrapcp

            nominal = int(down(v.nominal_duration, numbers.duration_scale))
            time.SetSoftSpanUpperBoundForVehicle(pywrapcp.BoundCost(nominal, prices.overtime[k]), vehicle)

    def _optional(self) -> None:
        """Every client may be left out for its price, so that a hard problem has an answer too."""
        problem, prices = self.problem, self.prices
        for c in np.flatnonzero(problem.group < 0).tolist():
            price = int(prices.prize[c]) if math.isfinite(problem.prize[c]) else prices.unserved
            self.routing.AddDisjunction([self._index[c]], price)
        for g, required in enumerate(problem.group_required.tolist()):
            members = np.flatnonzero(problem.group == g).tolist()
            prize = int(prices.prize[members[0]])
            price = prize + (prices.unserved if required else 0)
            self.constant_prizes += prize * (len(members) - 1)
            self.routing.AddDisjunction([self._index[c] for c in members], price, 1)

    def _shipments(self) -> None:
        if not len(self.problem.shipments):
            return
        solver = self.routing.solver()
        order = self.routing.GetDimensionOrDie("time" if self.numbers.time_matters else "stops")
        for first, second in (self.problem.shipments - self.problem.num_depots).tolist():
            pickup, delivery = self._index[first], self._index[second]
            if self.numbers.windows[second, 0, 1] < self.numbers.windows[first, 0, 0]:
                # Times of stops left out obey constraints too: this one would make the whole model infeasible.
                self.routing.ActiveVar(pickup).SetValue(0)
                self.routing.ActiveVar(delivery).SetValue(0)
                continue
            self.routing.AddPickupAndDelivery(pickup, delivery)
            solver.Add(self.routing.VehicleVar(pickup) == self.routing.VehicleVar(delivery))
            solver.Add(order.CumulVar(pickup) <= order.CumulVar(delivery))

    def _allowed(self) -> None:
        types = np.array(self.types)
        for c in np.flatnonzero(~self.problem.allowed.all(axis=0)).tolist():
            vehicles = np.flatnonzero(self.problem.allowed[types, c]).tolist()
            self.routing.VehicleVar(self._index[c]).SetValues([-1, *vehicles])

    def _backhauls(self) -> None:
        """A phase that only grows along a route: 0 at deliveries, 1 at pickups."""
        problem = self.problem
        collects = np.asarray((problem.pickup > 0).any(axis=1))
        if problem.backhaul == "mixed" or not collects.any():
            return
        zero = self.routing.RegisterUnaryTransitVector([0] * len(self.location_of))
        self.routing.AddDimension(zero, 1, 1, True, "phase")
        phase = self.routing.GetDimensionOrDie("phase")
        for c, index in enumerate(self._index):
            phase.CumulVar(index).SetValue(int(collects[c]))
        if problem.backhaul == "strict":
            backhauls = [self._index[c] for c in np.flatnonzero(collects).tolist()]
            for vehicle in range(len(self.types)):
                self.routing.NextVar(self.routing.Start(vehicle)).RemoveValues(backhauls)

    # There and back

    def routes(self, assignment: Any) -> list[list[int]]:
        """Return the visited locations of each vehicle, [] where it stays at home."""
        routes = []
        for vehicle in range(len(self.types)):
            visits = []
            index = assignment.Value(self.routing.NextVar(self.routing.Start(vehicle)))
            while not self.routing.IsEnd(index):
                visits.append(self.location_of[self.manager.IndexToNode(index)])
                index = assignment.Value(self.routing.NextVar(index))
            routes.append(visits)
        return routes

    def assignment(self, routes: list[list[int]], parameters: Any) -> Any:
        """Return routes in OR-Tools' own form; None where it takes them for infeasible."""
        if not self.closed:
            self.routing.CloseModelWithParameters(parameters)
            self.closed = True
        indices = [[self.manager.NodeToIndex(self.node_of[x]) for x in visits] for visits in routes]
        return self.routing.ReadAssignmentFromRoutes(indices, True)

    def per_vehicle(self, plan: Solution) -> list[list[int]] | None:
        """Return the locations visited by each vehicle in a plan; None where there are too few vehicles."""
        free: dict[int, list[int]] = {}
        for vehicle, k in reversed(list(enumerate(self.types))):
            free.setdefault(k, []).append(vehicle)
        routes: list[list[int]] = [[] for _ in self.types]
        for r in plan.routes:
            if not free.get(r.vehicle_type):
                return None
            routes[free[r.vehicle_type].pop()] = list(r.visits)
        return routes
