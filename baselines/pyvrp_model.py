"""A problem as PyVRP's `ProblemData`, built directly, and PyVRP's solutions back as location indices.

Locations keep their indices; one more, at distance 0 from everywhere, ends open routes. Depots keep their indices too;
behind them come those that reload, since the service of a depot shall count at reloads only.
"""

import math
from typing import Any

import numpy as np

from vrp.baselines.integers import NO_LIMIT, Array, Costs, Integers, down, up
from vrp.problem import Problem
from vrp.solution import Solution
from vrp.vehicles import VehicleType

UNLIMITED = 2**63 - 1
"""What PyVRP recognises as no limit; then it spares itself the arithmetic."""


Plan = list[tuple[int, list[Any]]]
"""(Vehicle type, PyVRP's activities between start and end) of each route; good for any model of the problem."""


def _limit(value: int) -> int:
    return UNLIMITED if value >= NO_LIMIT else value


class Model:
    """One problem in PyVRP's terms.

    Parameters
    ----------
    numbers, prices
        The problem in integers.
    droppable
        Stops that must be served may be left out, at a price above everything else.
    """

    def __init__(self, numbers: Integers, prices: Costs, droppable: bool) -> None:
        import pyvrp

        self.numbers = numbers
        self.problem = problem = numbers.problem
        self.prices = prices
        self.droppable = droppable
        # Dimensions without a limit would only cost time.
        self.loads = np.flatnonzero(np.isfinite([v.capacity for v in problem.vehicles]).any(axis=0))
        self.open_end = any(v.end_depot is None for v in problem.vehicles)
        self.count_stops = any(v.max_stops is not None for v in problem.vehicles)
        self.forbids = False
        """Some legs are so long that they are not to be driven; PyVRP may still call a plan with one feasible."""
        self.constant_prizes = 0
        """What PyVRP adds to every cost: the prizes of copies of a client that stand for its other windows."""
        self.distance: list[Any] = []
        self.duration: list[Any] = []
        self._profiles: dict[tuple[int, bytes], int] = {}
        # PyVRP's client -> our location; a client with several windows is a group of copies.
        self.location_of: list[int] = []
        # PyVRP's shipment -> ours; those that nobody can serve are left out.
        self.shipment_of: list[int] = []
        self.reload_of = {d: problem.num_depots + i for i, d in enumerate(self._reload_depots())}
        self.depot_location: list[int] = [*range(problem.num_depots), *self.reload_of]
        vehicles = [self._vehicle_type(k, v) for k, v in enumerate(problem.vehicles)]
        clients, groups = self._clients()
        depots = self._depots()
        places = problem.coords if len(problem.coords) else np.zeros((problem.num_locations, 2))
        locations = [pyvrp.Location(x, y) for x, y in places.tolist()]
        if self.open_end:
            locations.append(pyvrp.Location(0, 0))
        self.data = pyvrp.ProblemData(
            locations, clients, depots, vehicles, self.distance, self.duration, groups, self._shipments()
        )

    def _reload_depots(self) -> list[int]:
        return sorted({d for v in self.problem.vehicles for d in v.reload_depots})

    # Building

    def _depots(self) -> list[Any]:
        import pyvrp

        depots = []
        for i, location in enumerate(self.depot_location):
            early, late = self.numbers.time_window(*self.problem.depot_windows[location].tolist())
            stay = self.problem.depot_service[location] if i >= self.problem.num_depots else 0.0
            depots.append(pyvrp.Depot(location, early, _limit(late), int(up(stay, self.numbers.duration_scale))))
        if self.open_end:
            depots.append(pyvrp.Depot(self.problem.num_locations))
        return depots

    def _vehicle_type(self, k: int, v: VehicleType) -> Any:
        import pyvrp

        numbers, prices = self.numbers, self.prices
        early, late = numbers.time_window(*v.shift)
        longest = int(down(v.max_duration, numbers.duration_scale))
        nominal = min(longest, int(down(v.nominal_duration, numbers.duration_scale))) if prices.overtime[k] else longest
        most = v.max_stops or self.problem.num_clients
        capacity = self._goods(down(np.asarray(v.capacity), numbers.load_scale), most)
        initial = np.asarray(v.initial_load or np.zeros(self.problem.num_loads))
        profile, forbidden = self._profile(k, v)
        farthest = int(down(v.max_distance, numbers.distance_scale))
        if forbidden and prices.distance[k] == 0:
            farthest = min(farthest, forbidden - 1)
        return pyvrp.VehicleType(
            num_available=self.problem.num_clients if v.count is None else min(v.count, self.problem.num_clients),
            capacity=capacity,
            start_depot=v.start_depot,
            end_depot=len(self.depot_location) if v.end_depot is None else v.end_depot,
            fixed_cost=prices.fixed[k],
            tw_early=early,
            tw_late=_limit(late),
            shift_duration=_limit(nominal),
            max_distance=_limit(farthest),
            unit_distance_cost=prices.distance[k],
            unit_duration_cost=prices.duration[k],
            profile=profile,
            initial_load=self._goods(up(initial, numbers.load_scale), 0),
            reload_depots=[self.reload_of[d] for d in v.reload_depots],
            max_overtime=min(longest - nominal, NO_LIMIT),
            unit_overtime_cost=prices.overtime[k],
            max_reloads=self.problem.num_clients if v.max_reloads is None else v.max_reloads,
        )

    def _profile(self, k: int, v: VehicleType) -> tuple[int, int]:
        """Return the index of this type's matrices, and the length of a forbidden leg (0: none is)."""
        problem, numbers = self.problem, self.numbers
        allowed = problem.allowed[k]
        key = (v.profile, allowed.tobytes())
        legs = numbers.distance[v.profile]
        longest = min(int(legs.max(axis=1).sum()) + 1, NO_LIMIT)
        bans = not bool(allowed.all())
        backhaul = problem.backhaul != "mixed" and bool((problem.pickup > 0).any())
        self.forbids = self.forbids or bans or backhaul
        if key not in self._profiles:
            self._profiles[key] = len(self.distance)
            times = numbers.duration[v.profile]
            if bans or backhaul:
                legs = legs.copy()
                if bans:
                    banned = problem.num_depots + np.flatnonzero(~allowed)
                    legs[banned, :] = legs[:, banned] = longest
                    legs[banned, banned] = 0
                if backhaul:
                    self._forbid_backhauls(legs, longest)
            if self.open_end:
                legs, times = np.pad(legs, (0, 1)), np.pad(times, (0, 1))
            np.fill_diagonal(legs, 0)
            np.fill_diagonal(times, 0)
            self.distance.append(legs)
            self.duration.append(times)
        return self._profiles[key], longest if bans or backhaul else 0

    def _forbid_backhauls(self, legs: Array, longest: int) -> None:
        problem = self.problem
        collects = problem.num_depots + np.flatnonzero((problem.pickup > 0).any(axis=1))
        delivers = problem.num_depots + np.flatnonzero((problem.delivery > 0).any(axis=1))
        legs[np.ix_(collects, delivers)] = longest
        if problem.backhaul == "strict":
            legs[np.ix_(np.arange(problem.num_depots), collects)] = longest

    def _clients(self) -> tuple[list[Any], list[Any]]:
        import pyvrp

        problem, numbers, prices = self.problem, self.numbers, self.prices
        members: list[list[int]] = [[] for _ in problem.group_required]
        required = [bool(r) for r in problem.group_required]
        in_shipment = set(problem.shipments.ravel().tolist())
        clients: list[Any] = []
        for c in range(problem.num_clients):
            location = problem.num_depots + c
            if location in in_shipment:
                continue
            must = math.isinf(problem.prize[c])
            prize = int(prices.prize[c])
            group = int(problem.group[c])
            windows = [w for w in numbers.windows[c].tolist() if w[0] < NO_LIMIT]
            if group < 0 and len(windows) > 1:
                group = len(members)
                members.append([])
                required.append(must)
            free = group >= 0 or self.droppable
            if self.droppable and (must or (group >= 0 and required[group])):
                prize += prices.unserved
            self.constant_prizes += prize * (len(windows) - 1)
            for early, late in windows:
                if group >= 0:
                    members[group].append(len(clients))
                self.location_of.append(location)
                clients.append(
                    pyvrp.Client(
                        location,
                        delivery=self._goods(numbers.delivery[c], 1),
                        pickup=self._goods(numbers.pickup[c], 0),
                        service_duration=int(numbers.service[c]),
                        tw_early=early,
                        tw_late=_limit(late),
                        release_time=int(numbers.release[c]),
                        prize=prize,
                        required=must and not free,
                        group=group if group >= 0 else None,
                    )
                )
        groups = [
            pyvrp.ClientGroup(m, required=r and not self.droppable) for m, r in zip(members, required, strict=True)
        ]
        return clients, groups

    def _goods(self, amounts: Array, stops: int) -> list[int]:
        """Return amounts in the load dimensions that count, the last of which may be the number of stops."""
        chosen: list[int] = [_limit(x) for x in amounts[self.loads].tolist()]
        return [*chosen, stops] if self.count_stops else chosen

    def _shipments(self) -> list[Any]:
        import pyvrp

        problem, numbers, prices = self.problem, self.numbers, self.prices
        shipments = []
        for index, (ends, amount) in enumerate(zip(problem.shipments.tolist(), numbers.shipment_load, strict=True)):
            pair = [location - problem.num_depots for location in ends]
            must = bool(np.isinf(problem.prize[pair]).any())
            (opens, closes), (opens_last, closes_last) = numbers.windows[pair, 0].tolist()
            if closes_last < opens:
                continue  # Nobody can serve it, and PyVRP takes it for an error of the input.
            self.shipment_of.append(index)
            stays = numbers.service[pair].tolist()
            shipments.append(
                pyvrp.Shipment(
                    ends[0],
                    ends[1],
                    opens,
                    _limit(closes),
                    stays[0],
                    opens_last,
                    _limit(closes_last),
                    stays[1],
                    self._goods(amount, 0),
                    int(prices.prize[pair].sum()) + (prices.unserved if must and self.droppable else 0),
                    must and not self.droppable,
                )
            )
        return shipments

    def dearest_leg(self) -> int:
        """Return the largest cost of a leg that is not forbidden."""
        legs = zip(self.problem.vehicles, self.prices.distance, self.prices.duration, strict=True)
        return max(
            a * int(self.numbers.distance[v.profile].max()) + b * int(self.numbers.duration[v.profile].max())
            for v, a, b in legs
        )

    # There and back

    def routes(self, solution: Any) -> list[tuple[int, list[int]]]:
        """Return the vehicle type and the visited locations of each route of PyVRP's solution."""
        return [(r.vehicle_type(), [self._location(a) for a in list(r)[1:-1]]) for r in solution.routes()]

    def saved(self, solution: Any) -> Plan:
        """Return a solution of PyVRP's so that another model of the same problem can restore it."""
        return [(r.vehicle_type(), _activities(r)) for r in solution.routes()]

    def restored(self, plan: Plan) -> Any:
        """Return a saved solution as one of this model."""
        import pyvrp

        return pyvrp.Solution(self.data, [pyvrp.Route(self.data, stops, kind) for kind, stops in plan])

    def repaired(self, solution: Any) -> Any:
        """Return the solution without the stops that make its routes break a rule, the worst first."""
        import pyvrp

        return pyvrp.Solution(self.data, [r for r in map(self._repaired, solution.routes()) if r is not None])

    def _repaired(self, route: Any) -> Any:
        """Return the largest feasible rest of a route that is found by taking out one visit after the other."""
        import pyvrp

        stops = _activities(route)
        while not route.is_feasible():
            rests = [[a for a in stops if a is not b and not _paired(a, b)] for b in stops]
            if not any(rests):
                return None
            routes = [pyvrp.Route(self.data, rest, route.vehicle_type()) for rest in rests if rest]
            route = min(routes, key=_excess)
            stops = _activities(route)
        return route

    def _location(self, activity: Any) -> int:
        if activity.is_client():
            return self.location_of[int(activity.idx)]
        if activity.is_depot():
            return self.depot_location[int(activity.idx)]
        return int(self.problem.shipments[self.shipment_of[activity.idx]][0 if activity.is_pickup() else 1])

    def solution(self, plan: Solution) -> Any:
        """Return a plan of ours as PyVRP's solution."""
        import pyvrp

        kinds = pyvrp.ActivityType
        ends = {
            int(location): pyvrp.Activity(kind, s)
            for s, ours in enumerate(self.shipment_of)
            for location, kind in zip(self.problem.shipments[ours], (kinds.PICKUP, kinds.DELIVERY), strict=True)
        }
        copies: dict[int, list[int]] = {}
        for i, location in enumerate(self.location_of):
            copies.setdefault(location, []).append(i)
        routes = []
        for r in plan.routes:
            activities = []
            for step in r.steps:
                if step.kind == "stop":
                    activity = ends.get(step.location)
                    if activity is None:
                        activity = pyvrp.Activity(kinds.CLIENT, self._copy(copies[step.location], step.start))
                    activities.append(activity)
                elif step.kind == "reload":
                    activities.append(pyvrp.Activity(kinds.DEPOT, self.reload_of[step.location]))
            routes.append(pyvrp.Route(self.data, activities, r.vehicle_type))
        return pyvrp.Solution(self.data, routes)

    def _copy(self, copies: list[int], start: float) -> int:
        """Return the copy of a client whose window a service from `start` (s) on falls into."""
        problem: Problem = self.problem
        if len(copies) == 1:
            return copies[0]
        ends = problem.time_windows[self.location_of[copies[0]] - problem.num_depots, : len(copies), 1]
        return copies[min(int(np.searchsorted(ends, start)), len(copies) - 1)]


def _activities(route: Any) -> list[Any]:
    """Return plain copies of the activities between start and end."""
    import pyvrp

    return [pyvrp.Activity(a.type, a.idx) for a in list(route)[1:-1]]


def _paired(a: Any, b: Any) -> bool:
    return bool(a.is_shipment() and b.is_shipment() and a.idx == b.idx)


def _excess(route: Any) -> tuple[int, int]:
    """Return by how much a route breaks rules, and what else counts against it."""
    return sum(route.excess_load()) + route.time_warp() + route.excess_distance(), route.distance()
