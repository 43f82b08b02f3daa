"""A plan played second by second, straight from the definitions: slow, for whole seconds, and nothing like `vrp.check`.

`play` drives one route from every possible start and keeps the best. Goods are single parcels in a van, time is a loop.
`random_problem` and `random_routes` make small cases in which every field of `Problem` occurs.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from vrp.errors import ProblemError
from vrp.problem import Problem
from vrp.solution import Route
from vrp.vehicles import Break, VehicleType

LONGEST = 45
"""Starts are tried up to here; no time in `random_problem` lies beyond."""
CURVE = ((0.0, 0.0), (4.0, 4.0), (16.0, 8.0))
"""Of every charger in `random_problem`."""


@dataclass
class Played:
    """What happened on a route."""

    times: list[tuple[int, int, int]] = field(default_factory=list)
    """(arrive, start, leave) of every location."""
    loads: list[tuple[float, ...]] = field(default_factory=list)
    distance: float = 0.0
    lateness_cost: float = 0.0
    late: int = 0
    """Seconds of lateness where none is allowed."""
    broken: set[tuple[str, int | None]] = field(default_factory=set)
    """(kind, location) of every broken rule."""

    @property
    def duration(self) -> int:
        return self.times[-1][2] - self.times[0][0]


def at_rest(vehicle: VehicleType, second: int) -> bool:
    """Whether the second that begins here belongs to a break."""
    return any(b.start <= second < b.end for b in vehicle.breaks)


def workable(vehicle: VehicleType, start: int, seconds: int) -> bool:
    """Whether work of this length can start here without a break in it."""
    if seconds == 0:
        return not any(b.start < start < b.end for b in vehicle.breaks)
    return not any(at_rest(vehicle, s) for s in range(start, start + seconds))


def is_reload(problem: Problem, vehicle: VehicleType, depot: int) -> bool:
    return depot in vehicle.reload_depots or depot not in problem.chargers


def release_of(problem: Problem, vehicle: VehicleType, visits: list[int]) -> int:
    """When the trip that begins with these visits may leave."""
    latest = 0
    for x in visits:
        if x < problem.num_depots and is_reload(problem, vehicle, x):
            break
        if x >= problem.num_depots:
            latest = max(latest, int(problem.release[x - problem.num_depots]))
    return latest


def charging_seconds(level: float, full: float) -> int:
    """Charge unit by unit at `CURVE`: the first four take a second each, the others three."""
    return sum(1 if unit < 4 else 3 for unit in range(max(int(level), 0), int(full)))


def drive_once(problem: Problem, route: Route, begin: int, dawdle: Callable[[], int] = lambda: 0) -> Played:
    """Play a route that starts at `begin`; everything but cargo. `dawdle` tells how long to wait without need."""
    v = problem.vehicles[route.vehicle_type]
    depots = problem.num_depots
    played = Played()
    close = problem.depot_windows[v.start_depot, 1]
    if begin > close:
        played.late += int(begin - close)
        played.broken.add(("depot window", v.start_depot))
    played.times.append((begin, begin, begin))
    here, now, energy = v.start_depot, begin, v.battery
    path = list(route.visits) + ([] if v.end_depot is None else [v.end_depot])
    for k, x in enumerate(path):
        leg, seconds = (float(a) for a in problem.legs(here, x, v.profile))
        left = int(seconds)
        now += dawdle()
        while left:
            left -= not at_rest(v, now)
            now += 1
        arrive = now
        played.distance += leg
        energy -= v.consumption * leg
        if energy < -1e-9:
            played.broken.add(("battery", x))
        if x >= depots:
            c = x - depots
            windows = [(a, b) for a, b in problem.time_windows[c].tolist() if a < math.inf]
            price = float(problem.lateness_cost[c])
            work = int(problem.service[c] + (problem.setup[c] if leg or seconds else 0))
            stay, leave_from, breaks = work, 0, v
        else:
            last = k == len(path) - 1 and v.end_depot is not None
            windows, price, work, stay, leave_from = [tuple(problem.depot_windows[x].tolist())], math.inf, 0, 0, 0
            breaks = VehicleType()
            if not last:
                if is_reload(problem, v, x):
                    work = stay = int(problem.depot_service[x])
                    leave_from, breaks = release_of(problem, v, path[k + 1 :]), v
                if x in problem.chargers and v.consumption and v.battery < math.inf:
                    stay = max(stay, charging_seconds(energy, v.battery))
                    energy = v.battery
        end = windows[-1][1]
        now += dawdle()
        while not ((now > end or any(a <= now <= b for a, b in windows)) and workable(breaks, now, work)):
            now += 1
        start = now
        if start > end and price == math.inf:
            played.broken.add(("time window" if x >= depots else "depot window", x))
        if k == len(path) - 1 and v.end_depot is not None:
            end = min(end, v.shift[1])
        if start > end and price == math.inf:
            played.late += int(start - end)
        elif start > end:
            played.lateness_cost += price * (start - end)
        now = max(start + stay, leave_from)
        played.times.append((arrive, start, now))
        here = x
    if now > v.shift[1]:
        played.broken.add(("shift", None))
        played.late += int(now - v.shift[1]) if v.end_depot is None else 0
    return played


def price_of_duration(v: VehicleType, duration: float) -> float:
    return float((v.duration_cost or 0.0) * duration + v.overtime_cost * max(0.0, duration - v.nominal_duration))


def starts(problem: Problem, route: Route) -> range:
    """All moments at which a route may start."""
    v = problem.vehicles[route.vehicle_type]
    soonest = max(v.shift[0], problem.depot_windows[v.start_depot, 0], release_of(problem, v, list(route.visits)))
    return range(int(soonest), max(LONGEST, int(soonest) + 1))


def rank(problem: Problem, route: Route, played: Played) -> tuple[float, float, float, int, int]:
    """What schedules are compared by: lateness, excess duration, cost, duration, start."""
    v, d = problem.vehicles[route.vehicle_type], played.duration
    cost = price_of_duration(v, d) + played.lateness_cost
    return played.late, max(0.0, d - v.max_duration), cost, d, played.times[0][0]


def play(problem: Problem, route: Route) -> Played:
    """Play a route from every possible start and keep the earliest of the best."""
    v = problem.vehicles[route.vehicle_type]
    runs = [drive_once(problem, route, begin) for begin in starts(problem, route)]
    best = min(runs, key=lambda played: rank(problem, route, played))
    if best.duration > v.max_duration:
        best.broken.add(("max duration", None))
    if best.distance > v.max_distance:
        best.broken.add(("max distance", None))
    carry(problem, route, best)
    count(problem, route, best)
    return best


def carry(problem: Problem, route: Route, played: Played) -> None:
    """Load and unload parcels: each is (what, where it leaves the van, amounts)."""
    v, depots = problem.vehicles[route.vehicle_type], problem.num_depots
    path = [v.start_depot, *route.visits] + ([] if v.end_depot is None else [v.end_depot])
    van: list[tuple[str, int, np.ndarray]] = [("initial", -1, np.array(v.initial_load))]
    over = False
    for k, x in enumerate(path):
        reload = k == 0 or (
            x < depots and not (k == len(path) - 1 and v.end_depot is not None) and is_reload(problem, v, x)
        )
        if reload:
            van = [parcel for parcel in van if parcel[0] not in ("pickup", "delivery")]
            for y in path[k + 1 :]:
                if y < depots and is_reload(problem, v, y):
                    break
                if y >= depots:
                    van.append(("delivery", y, problem.delivery[y - depots]))
        elif x >= depots:
            gone = [i for i, (what, to, _) in enumerate(van) if what == "delivery" and to == x][:1]
            van = [parcel for i, parcel in enumerate(van) if i not in gone and parcel[:2] != ("shipment", x)]
            van.append(("pickup", -1, problem.pickup[x - depots]))
            for (a, b), amount in zip(problem.shipments.tolist(), problem.shipment_load, strict=True):
                if a == x and x not in path[:k]:
                    van.append(("shipment", b, amount))
        load = np.sum([amount for _, _, amount in van], axis=0)
        played.loads.append(tuple(load.tolist()))
        over = over or bool((load > np.array(v.capacity)).any())
    if over:
        played.broken.add(("capacity", None))


def count(problem: Problem, route: Route, played: Played) -> None:
    """Rules without clock or cargo."""
    v, depots = problem.vehicles[route.vehicle_type], problem.num_depots
    clients = [x for x in route.visits if x >= depots]
    if v.max_stops is not None and len(clients) > v.max_stops:
        played.broken.add(("max stops", None))
    for x in clients:
        if not problem.allowed[route.vehicle_type, x - depots]:
            played.broken.add(("allowed", x))
    trips: list[list[int]] = [[]]
    for x in route.visits:
        if x >= depots:
            trips[-1].append(x - depots)
        elif is_reload(problem, v, x):
            trips.append([])
            if x not in v.reload_depots:
                played.broken.add(("reload not permitted", x))
    if v.max_reloads is not None and len(trips) - 1 > v.max_reloads:
        played.broken.add(("max reloads", None))
    if problem.backhaul != "mixed":
        for trip in trips:
            pickups = [i for i, c in enumerate(trip) if problem.pickup[c].any()]
            deliveries = [i for i, c in enumerate(trip) if problem.delivery[c].any()]
            if any(p < d for p in pickups for d in deliveries):
                played.broken.add(("backhaul", None))
            if problem.backhaul == "strict" and pickups and not deliveries:
                played.broken.add(("backhaul", None))
    if v.prefix and tuple(route.visits[: len(v.prefix)]) != v.prefix:
        played.broken.add(("prefix", None))


def whole_plan(problem: Problem, routes: list[Route]) -> set[tuple[str, int | None]]:
    """Broken rules that concern more than one route."""
    depots, broken = problem.num_depots, set()
    visits = [x for r in routes for x in r.visits if x >= depots]
    for x in range(depots, problem.num_locations):
        if visits.count(x) > 1:
            broken.add(("visited twice", x))
        if x not in visits and problem.prize[x - depots] == math.inf:
            broken.add(("unserved", x))
    for g, required in enumerate(problem.group_required):
        members = {x for x in visits if problem.group[x - depots] == g}
        if len(members) > 1:
            broken.add(("group", None))
        if required and not members:
            broken.add(("unserved", None))
    for a, b in problem.shipments.tolist():
        together = any(a in r.visits and b in r.visits and r.visits.index(a) < r.visits.index(b) for r in routes)
        if (a in visits or b in visits) and not together:
            broken.add(("shipment", None))
    for k, v in enumerate(problem.vehicles):
        used = sum(r.vehicle_type == k for r in routes)
        if v.count is not None and used > v.count:
            broken.add(("too many vehicles", None))
        if v.prefix and not used:
            broken.add(("prefix", None))
    return broken


def random_problem(rng: np.random.Generator) -> Problem:
    """Draw a small problem of whole numbers; each kind of field is there or not."""

    def maybe(value: object, neutral: object, probability: float = 0.3) -> object:
        return value if rng.random() < probability else neutral

    depots, n, loads = int(rng.integers(1, 4)), int(rng.integers(1, 6)), int(rng.integers(1, 3))
    size = depots + n
    profiles = int(rng.integers(1, 3))
    kinds = int(rng.integers(1, 3))
    windows = int(rng.integers(1, 4)) if rng.random() < 0.3 else 1
    chargers = {depots - 1: CURVE} if rng.random() < 0.3 else {}
    group = rng.integers(-1, 2, n) if rng.random() < 0.2 else np.full(n, -1)
    group = np.unique(group, return_inverse=True)[1] - (-1 in group)
    prize = np.where((group >= 0) | (rng.random(n) < 0.2), rng.integers(0, 9, n), math.inf)
    shipments = rng.permutation(np.arange(depots, size))[: 2 * int(rng.integers(0, n // 2 + 1))].reshape(-1, 2)
    if rng.random() < 0.6 or any(group[a] >= 0 and group[a] == group[b] for a, b in shipments - depots):
        shipments = shipments[:0]
    return Problem(
        num_depots=depots,
        vehicles=tuple(random_vehicle(rng, depots, size, loads, profiles, maybe) for _ in range(kinds)),
        distance=random_matrices(rng, profiles, size),
        duration=random_matrices(rng, profiles, size),
        depot_windows=maybe(np.sort(rng.integers(0, 41, (depots, 2)), axis=1), None),
        depot_service=maybe(rng.integers(0, 4, depots), None),
        chargers=chargers,
        delivery=rng.integers(0, 4, (n, loads)) * rng.integers(0, 2, (n, 1)),
        pickup=maybe(rng.integers(0, 4, (n, loads)) * rng.integers(0, 2, (n, 1)), None),
        setup=maybe(rng.integers(0, 4, n), None),
        service=rng.integers(0, 5, n),
        time_windows=maybe(random_windows(rng, n, windows), None, 0.7),
        lateness_cost=maybe(np.where(rng.random(n) < 0.5, rng.integers(0, 4, n), math.inf), None),
        release=maybe(rng.integers(0, 20, n), None),
        prize=prize,
        group=group,
        group_required=rng.random(int(group.max()) + 1) < 0.5,
        shipments=shipments,
        shipment_load=rng.integers(0, 3, (len(shipments), loads)),
        backhaul=str(rng.choice(["mixed", "mixed", "last", "strict"])),  # type: ignore[arg-type]
        allowed=maybe(rng.random((kinds, n)) < 0.8, None),
        preference=maybe(rng.integers(-3, 4, (kinds, n)), None),
    )


def random_matrices(rng: np.random.Generator, profiles: int, size: int) -> np.ndarray:
    """Small whole numbers, in some problems mostly zero: then setup is spared on some legs."""
    shape = (profiles, size, size)
    matrices = rng.integers(0, 7, shape) * (1 - np.eye(size, dtype=int))
    return matrices * rng.integers(0, 2, shape) if rng.random() < 0.3 else matrices


def random_windows(rng: np.random.Generator, n: int, windows: int) -> np.ndarray:
    """Sorted disjoint windows, of which some stops use fewer."""
    edges = np.sort(np.array([rng.choice(41, 2 * windows, replace=False) for _ in range(n)]), axis=1)
    result = edges.reshape(n, windows, 2).astype(float)
    for row in result:
        row[int(rng.integers(1, windows + 1)) :] = math.inf
    return result


def random_vehicle(rng, depots, size, loads, profiles, maybe):  # type: ignore[no-untyped-def]
    """Draw a vehicle type."""
    breaks = np.sort(rng.choice(41, 4, replace=False)).reshape(2, 2)[: int(rng.integers(1, 3))].tolist()
    prefix = maybe(tuple((depots + rng.permutation(size - depots))[: int(rng.integers(1, 3))].tolist()), (), 0.15)
    return VehicleType(
        prefix=prefix,
        count=1 if prefix else maybe(1, None),
        capacity=maybe(tuple(rng.integers(2, 9, loads).tolist()), (), 0.6),
        start_depot=int(rng.integers(depots)),
        end_depot=maybe(None, int(rng.integers(depots))),
        shift=maybe((int(rng.integers(0, 10)), int(rng.integers(15, 50))), (0, math.inf)),
        breaks=maybe(tuple(Break(a, b) for a, b in breaks), ()),
        initial_load=maybe(tuple(rng.integers(0, 3, loads).tolist()), (), 0.2),
        max_duration=maybe(int(rng.integers(5, 30)), math.inf),
        max_distance=maybe(int(rng.integers(3, 20)), math.inf),
        max_stops=maybe(int(rng.integers(1, 4)), None),
        fixed_cost=maybe(7, 0),
        distance_cost=maybe(2, 1),
        duration_cost=maybe(int(rng.integers(0, 4)), 0, 0.6),
        nominal_duration=maybe(int(rng.integers(0, 20)), math.inf),
        overtime_cost=maybe(int(rng.integers(0, 4)), 0),
        profile=int(rng.integers(profiles)),
        reload_depots=maybe(tuple(np.flatnonzero(rng.random(depots) < 0.7).tolist()), (), 0.6),
        max_reloads=maybe(int(rng.integers(0, 3)), None),
        battery=maybe(int(rng.integers(4, 9)), math.inf, 0.5),
        consumption=maybe(1, 0, 0.5),
    )


def random_routes(rng: np.random.Generator, problem: Problem) -> list[Route]:
    """Draw routes over most stops with some depots in between, heedless of every limit."""
    depots, routes = problem.num_depots, []
    clients = rng.permutation(np.arange(depots, problem.num_locations))
    clients = clients[: len(clients) - int(rng.random() < 0.2)]
    if rng.random() < 0.1:
        clients = rng.choice(np.arange(depots, problem.num_locations), len(clients))
    for part in np.array_split(clients, int(rng.integers(1, 3))):
        visits = part.tolist()
        while rng.random() < 0.35:
            visits.insert(int(rng.integers(len(visits) + 1)), int(rng.integers(depots)))
        if visits:
            kind = int(rng.integers(len(problem.vehicles)))
            v = problem.vehicles[kind]
            if v.prefix and rng.random() < 0.7:
                visits = [*v.prefix, *(x for x in visits if x not in v.prefix)]
            routes.append(Route(kind, v.start_depot, v.end_depot, tuple(visits)))
    return routes


def cases(seed: int, number: int) -> list[tuple[Problem, list[Route]]]:
    """Random problems that are valid, each with random routes."""
    rng = np.random.default_rng(seed)
    found: list[tuple[Problem, list[Route]]] = []
    while len(found) < number:
        try:
            problem = random_problem(rng)
        except ProblemError:
            continue
        found.append((problem, random_routes(rng, problem)))
    return found
