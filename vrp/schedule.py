"""Schedule of given routes: which legs, loads and times a plan means. Float64, and shared with no solver.

`itineraries` looks up everything that does not depend on time, for all routes at once. `vrp.timing` finds the best
start of each route, and `timetable` adds the clock to it.

What the fields of `Problem` mean in time:

- A route may start at any moment inside the shift and the start depot's window, after the releases of its first
  trip. It starts at the earliest of those moments that are best, where best means: least lateness where none is
  allowed, then least duration above the maximum, then least cost of duration, overtime and soft lateness, then least
  duration.
- A plan that comes too late goes on: the service starts at the late arrival.
- A reload takes `depot_service` and lies inside the depot's window; its trip leaves no earlier than the releases of its
  clients. A charge starts inside the depot's window too, and goes on during breaks. Where a depot does both, both
  happen at the same time. The start and the end of a route take no time.
- Setup and service are one block that no break interrupts.

Loads: at a stop the delivery leaves the vehicle before the pickup enters it. A shipment is on board from its pickup to
its delivery, across reloads too. The initial load stays on board for the whole route.

Where PyVRP has a feature, it means the same there (tests compare thousands of routes), except for these: its depot
service is spent at the start of a route too, and only after the release of the trip's goods (here the reload may be
done by then); it takes the initial load off at the first reload; and it wants both ends of a shipment in one trip.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from vrp.problem import Floats, Ints, Problem
from vrp.solution import Route
from vrp.vehicles import VehicleType

TOLERANCE = 1e-6
"""By how much a limit may be exceeded; what a plan states is compared relative to its size too: texts are rounded."""
RELATIVE_TOLERANCE = 1e-9
"""What is allowed on top, relative to the limit: sums of large numbers are rounded. A whole unit too much is not."""


def above(value: float, limit: float) -> bool:
    """Whether an amount or an instant exceeds its limit by more than the tolerance."""
    return value > limit and value - limit > TOLERANCE + RELATIVE_TOLERANCE * min(abs(value), abs(limit))


@dataclass(slots=True)
class Itinerary:
    """One route without its times: parallel lists with one entry per location, the start first."""

    vehicle: VehicleType
    vehicle_type: int
    locations: list[int]
    kinds: list[str]
    drive: list[float]
    """Seconds from the previous location."""
    distance: list[float]
    """Driven so far."""
    opens: list[float]
    closes: list[float]
    """End of the last window; the shift's end is part of it at the end depot only."""
    service: list[float]
    """Seconds of setup and service, or of a reload; no break interrupts it."""
    charge: list[float]
    """Seconds of charging, at the same time as the service."""
    release: list[float]
    """The location is left no earlier (reloads)."""
    lateness_cost: list[float]
    finish: float
    """Latest end of an open route; infinity where the end depot bounds it."""
    simple: bool
    """One hard window everywhere and no breaks: the best start has a closed form."""
    load: Floats = field(repr=False)
    """[m, C] on board when leaving (at the end: when arriving)."""
    battery: list[float] = field(default_factory=list)
    """Energy on arrival; empty where the vehicle needs none."""
    windows: list[list[tuple[float, float]]] | None = None
    """All windows of each location; None where there is one each."""


def prices(vehicle: VehicleType) -> tuple[float, float]:
    """Return price per unit of distance and per second of duration, with the defaults of `VehicleType`."""
    duration = vehicle.duration_cost
    distance = vehicle.distance_cost
    if distance is None:
        distance = 1.0 if duration is None else 0.0
    return distance, 0.0 if duration is None else duration


def itineraries(problem: Problem, routes: Sequence[Route]) -> list[Itinerary]:
    """Look up legs, windows, services and loads of all routes at once.

    Only `vehicle_type` and `visits` are read; both must be valid indices.
    """
    if not routes:
        return []
    sequences: list[list[int]] = []
    for route in routes:
        v = problem.vehicles[route.vehicle_type]
        sequences.append(
            [v.start_depot, *route.visits] if v.end_depot is None else [v.start_depot, *route.visits, v.end_depot]
        )
    ends = np.cumsum([len(s) for s in sequences])
    flat = np.fromiter((x for s in sequences for x in s), dtype=np.int64, count=int(ends[-1]))
    look = _LookUp(problem, flat, np.repeat([r.vehicle_type for r in routes], np.diff(ends, prepend=0)))
    result, begin = [], 0
    for route, end in zip(routes, ends.tolist(), strict=True):
        result.append(look.itinerary(route.vehicle_type, flat[begin:end].tolist(), begin, end))
        begin = end
    return result


class _LookUp:
    """The values of all locations of a plan, looked up in one go; `itinerary` cuts one route out of them."""

    def __init__(self, problem: Problem, flat: Ints, vehicle_type: Ints) -> None:
        self.problem = problem
        depots = problem.num_depots
        self.is_client = flat >= depots
        client = flat[self.is_client] - depots
        drive, distance = self._legs(flat, vehicle_type)
        leg_is_nothing = (drive == 0) & (distance == 0)
        self.drive, self.distance = drive, distance
        service = self._spread(problem.service[client])
        setup = self._spread(problem.setup[client])
        self.service = (service + np.where(leg_is_nothing, 0.0, setup)).tolist()
        windows = problem.time_windows[client]
        used = windows[:, :, 0] < np.inf
        last = np.where(used, windows[:, :, 1], -np.inf).max(axis=1)
        self.several = self._spread(used.sum(axis=1) > 1).astype(bool)
        self.windows = windows
        self.client_row = np.cumsum(self.is_client) - 1
        depot = flat[~self.is_client]
        opens, closes = np.empty(len(flat)), np.empty(len(flat))
        opens[self.is_client], closes[self.is_client] = windows[:, 0, 0], last
        opens[~self.is_client], closes[~self.is_client] = problem.depot_windows[depot].T
        self.opens, self.closes = opens.tolist(), closes.tolist()
        price = self._spread(problem.lateness_cost[client], np.inf)
        self.soft = np.isfinite(price) & np.isfinite(closes)
        self.price = price.tolist()
        self.release = self._spread(problem.release[client], -np.inf)
        self.has_release = bool((self.release > 0).any())
        self.delivery = self._spread(problem.delivery[client])
        self.pickup = self._spread(problem.pickup[client])
        self.partner = {}
        for s, (a, b) in enumerate(np.asarray(problem.shipments).tolist()):
            self.partner[a] = (b, s, True)
            self.partner[b] = (a, s, False)

    def _spread(self, of_clients: Floats, elsewhere: float = 0.0) -> Floats:
        out = np.full((len(self.is_client), *of_clients.shape[1:]), elsewhere)
        out[self.is_client] = of_clients
        return out

    def _legs(self, flat: Ints, vehicle_type: Ints) -> tuple[Floats, Floats]:
        """Drive and distance from the previous location; those into a route's start mean nothing."""
        previous = np.roll(flat, 1)
        profile = np.array([v.profile for v in self.problem.vehicles])[vehicle_type]
        if (profile == profile[0]).all():
            distance, drive = self.problem.legs(previous, flat, int(profile[0]))
            return np.array(drive), np.array(distance)
        drive, distance = np.empty(len(flat)), np.empty(len(flat))
        for p in np.unique(profile).tolist():
            here = profile == p
            distance[here], drive[here] = self.problem.legs(previous[here], flat[here], p)
        return drive, distance

    def itinerary(self, vehicle_type: int, sequence: list[int], begin: int, end: int) -> Itinerary:
        v = self.problem.vehicles[vehicle_type]
        m = end - begin
        kinds = ["stop"] * m
        kinds[0] = "start"
        service = self.service[begin:end]
        service[0] = 0.0
        opens, closes = self.opens[begin:end], self.closes[begin:end]
        opens[0] = max(opens[0], v.shift[0])
        if v.end_depot is not None:
            kinds[-1] = "end"
            closes[-1] = min(closes[-1], v.shift[1])
        trips = [0]
        for i in np.flatnonzero(~self.is_client[begin:end]).tolist():
            if kinds[i] == "stop":
                reload = sequence[i] in v.reload_depots or sequence[i] not in self.problem.chargers
                kinds[i] = "reload" if reload else "charge"
                if reload:
                    trips.append(i)
                    service[i] = float(self.problem.depot_service[sequence[i]])
        drive, legs = self.drive[begin:end], self.distance[begin:end]
        drive[0] = legs[0] = 0.0
        release = [-np.inf] * m
        if self.has_release:
            for a, b in zip(trips, [*trips[1:], m], strict=True):
                release[a] = float(self.release[begin + a : begin + b].max())
            opens[0] = max(opens[0], release[0])
        several = bool(self.several[begin:end].any())
        itinerary = Itinerary(
            v, vehicle_type, sequence, kinds, drive.tolist(), np.cumsum(legs).tolist(), opens, closes, service,
            [0.0] * m, release, self.price[begin:end], v.shift[1] if v.end_depot is None else np.inf,
            not (v.breaks or several or bool(self.soft[begin:end].any())),
            self._loads(v, sequence, trips, begin, end),
            windows=self._windows(begin, end, opens, closes) if several else None,
        )  # fmt: skip
        if v.consumption > 0 and np.isfinite(v.battery):
            _drain(self.problem, itinerary, legs.tolist())
        return itinerary

    def _windows(
        self, begin: int, end: int, opens: list[float], closes: list[float]
    ) -> list[list[tuple[float, float]]]:
        out = [[(a, b)] for a, b in zip(opens, closes, strict=True)]
        for i in np.flatnonzero(self.several[begin:end]).tolist():
            rows = self.windows[self.client_row[begin + i]].tolist()
            out[i] = [(a, b) for a, b in rows if a < np.inf]
        return out

    def _loads(self, v: VehicleType, sequence: list[int], trips: list[int], begin: int, end: int) -> Floats:
        delivery, pickup = self.delivery[begin:end], self.pickup[begin:end]
        load = pickup - delivery
        for a, b in zip(trips, [*trips[1:], end - begin], strict=True):
            load[a] = delivery[a:b].sum(axis=0)  # what this trip brings; what the last one collected is off
            np.cumsum(load[a:b], axis=0, out=load[a:b])
        if len(v.initial_load):
            load += np.asarray(v.initial_load, dtype=np.float64)
        if self.partner:
            self._add_shipments(load, sequence)
        return load

    def _add_shipments(self, load: Floats, sequence: list[int]) -> None:
        """Put goods on board from pickup to delivery; to the end of the route where the delivery does not follow."""
        seen = set()
        for i, location in enumerate(sequence):
            other, shipment, is_pickup = self.partner.get(location, (-1, -1, False))
            if is_pickup and location not in seen:
                seen.add(location)
                until = sequence.index(other, i) if other in sequence[i:] else len(sequence)
                load[i:until] += self.problem.shipment_load[shipment]


def _drain(problem: Problem, it: Itinerary, legs: list[float]) -> None:
    """Follow the battery along the route and set how long each charge takes."""
    v, level = it.vehicle, it.vehicle.battery
    for i, (location, leg) in enumerate(zip(it.locations, legs, strict=True)):
        level -= v.consumption * leg
        it.battery.append(level)
        if it.kinds[i] in ("reload", "charge") and location in problem.chargers:
            curve = problem.chargers[location]
            it.charge[i] = max(0.0, _seconds(curve, v.battery) - _seconds(curve, max(level, 0.0)))
            level = v.battery


def _seconds(curve: Sequence[tuple[float, float]], energy: float) -> float:
    """Seconds from empty to `energy`."""
    seconds, energies = zip(*curve, strict=True)
    return float(np.interp(energy, energies, seconds))
