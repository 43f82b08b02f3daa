"""Translation of a Problem into the arrays that the kernels work on."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrp.problem import Problem
from vrp.solvers.search.aims import Even, Total, aim_of, even
from vrp.solvers.search.cargo import loads_of
from vrp.solvers.search.clocks import Spans, keeps_gaps, keeps_hours, spans_of, times_of
from vrp.solvers.search.distances import network_of
from vrp.solvers.search.groups import Groups, NoGroups, groups_of
from vrp.solvers.search.halts import Halts, NoHalts, halts_of, may_halt, on_the_way, places_of
from vrp.solvers.search.loads import OneLoad
from vrp.solvers.search.peaks import Pairs
from vrp.solvers.search.plan import Equal, Far, Fleet, Free, Locked, Mixed, Plan, Reach, Varied
from vrp.solvers.search.tolerance import tolerant
from vrp.solvers.search.work import Order, Work
from vrp.vehicles import VehicleType


@dataclass
class Model:
    """All arguments of the kernels, and how their cost becomes money: `scale` * cost + `constant`."""

    net: Any
    loads: Any
    times: Any
    fleet: Fleet | Varied
    mix: Any
    reach: Any
    plan: Plan
    work: Work
    order: Order
    clients: NDArray[np.int64]
    required: NDArray[np.bool_]
    origin: NDArray[np.int64]
    """[R] type of each vehicle; `fleet.kind` is that of the first type like it."""
    scale: float
    constant: float
    prefixes: dict[int, tuple[int, ...]]
    """The fixed first stops of each vehicle that has some."""

    def locked(self) -> NDArray[np.int64]:
        """Return the clients that stay where they are."""
        return np.array([c for fixed in self.prefixes.values() for c in fixed], np.int64)

    def state(self) -> tuple[Any, ...]:
        """Return the arguments that most kernels begin with."""
        return self.net, self.loads, self.times, self.fleet, self.mix, self.reach, self.plan, self.work

    def take_as_best(self) -> None:
        """Take the current plan as the best one; one with overloaded vehicles ranks behind every other."""
        plan, work = self.plan, self.work
        plan.best[:] = plan.nxt
        plan.best_size[:] = plan.size
        plan.dirty[:] = 0
        plan.dirty_count[0] = 0
        work.cost[1], work.lead[1], work.missing[1] = work.cost[0], work.lead[0], work.missing[0]
        if isinstance(self.loads, OneLoad) and self.loads.overloaded[0]:
            work.cost[1], work.missing[1] = math.inf, len(self.clients) + 1
        aim = plan.aim
        if isinstance(aim, Total) and aim.vehicles and not work.missing[1]:
            aim.most[0] = min(aim.most[0], self.fleet.used[0])

    def rank(self, which: int) -> tuple[int, float, float]:
        """Return what the current plan (0) and the best one (1) are compared by: clients left out, lead, cost."""
        work = self.work
        # Sums of the same costs in another order are as good.
        return int(work.missing[which]), float(f"{work.lead[which]:.10g}"), float(work.cost[which])

    def empty(self) -> None:
        """Take every client but the fixed ones out of routes and bank; the running sums are still to be rebuilt."""
        plan = self.plan
        plan.nxt[plan.locations :] = np.arange(plan.locations, len(plan.nxt))
        plan.route[: plan.locations] = plan.place[: plan.locations] = -1
        plan.banked[0] = 0
        for r, fixed in self.prefixes.items():
            chain(plan, r, fixed)

    def soil_all(self) -> None:
        """Note that every route may differ from the best plan; take the current one as the best where it is better."""
        plan = self.plan
        if self.rank(0) < self.rank(1) and not (isinstance(self.loads, OneLoad) and self.loads.overloaded[0]):
            self.take_as_best()
            return
        plan.dirty[:] = 1
        plan.dirty_list[:] = np.arange(len(plan.dirty))
        plan.dirty_count[0] = len(plan.dirty)

    def unite(self, left: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return those of the clients that stand for themselves or others; a mate that waits leaves the bank."""
        if isinstance(self.plan.groups, Groups):
            left = self.plan.groups.first_of_each(left)
        pairs = getattr(self.loads, "pairs", None)
        if not isinstance(pairs, Pairs):
            return left
        plan = self.plan
        both = np.union1d(left, pairs.mate[left][pairs.mate[left] >= 0])
        waiting = plan.bank[: plan.banked[0]]
        staying = waiting[~np.isin(waiting, both)]
        plan.place[waiting] = -1
        plan.bank[: len(staying)], plan.place[staying], plan.banked[0] = staying, np.arange(len(staying)), len(staying)
        # In the order given, so that the first ones still come first.
        heads = np.where(pairs.leads[left], left, pairs.mate[left])
        return heads[np.sort(np.unique(heads, return_index=True)[1])]


def build(problem: Problem, seed: int) -> Model:
    """Translate a problem; every array that a search changes is new, the matrices are shared where possible."""
    n, L, D = problem.num_clients, problem.num_locations, problem.num_depots
    kind, origin = _vehicles(problem)
    R = len(kind)
    places = places_of(problem)
    inner = L + sum(count for _, _, count in places)
    N = inner + R
    types = problem.vehicles
    halts = halts_of(problem, places, N)
    halted = np.zeros(0, np.int64) if isinstance(halts, NoHalts) else halts.depot[L:inner]
    start = np.concatenate([np.arange(L), halted, [types[k].start_depot for k in kind]]).astype(np.int64)
    ends = [-1 if types[k].end_depot is None else types[k].end_depot for k in kind]
    end = np.concatenate([np.arange(L), halted, ends]).astype(np.int64)

    spans = spans_of(problem, kind)
    timed, durations, mixed, by_distance, by_time = _prices(problem, spans)
    net, scale = network_of(problem, kind, start, end, by_distance, by_time, timed or durations)
    extra = by_time * problem.service
    required = np.zeros(N, np.bool_)
    grouped = problem.group >= 0
    must = np.append(problem.group_required, False)[problem.group]
    required[D:L] = np.isinf(problem.prize) | must
    penalty, reserve = np.zeros(N), _dearest_trip(problem)
    penalty[D:L] = np.where(required[D:L], 10.0 * reserve + 1.0, np.where(grouped, 0.0, problem.prize - extra)) / scale
    allowed, gains = np.zeros((len(types), N), np.bool_), np.zeros((len(types), N))
    allowed[:, D:L] = problem.allowed
    prizes = np.where(grouped, problem.prize, 0.0)
    gains[:, D:L] = (problem.preference + prizes) / scale
    if isinstance(halts, Halts):
        for x in halts.nodes().tolist():
            allowed[:, x] = [may_halt(problem, v, int(halts.depot[x]), bool(halts.reload[x])) for v in types]
    reload = np.zeros(N, np.bool_) if isinstance(halts, NoHalts) else halts.reload
    longest = tolerant([v.max_distance for v in types])[kind]
    clients = np.arange(D, L, dtype=np.int64)
    prefixes = {r: types[k].prefix for r, k in enumerate(origin.tolist()) if types[k].prefix}
    return Model(
        net=net,
        loads=loads_of(problem, kind, reload, on_the_way(problem)),
        times=times_of(problem, kind, spans, timed, durations, scale, halts),
        fleet=_fleet(problem, kind, scale, mixed),
        mix=Mixed(allowed, gains) if mixed else Equal(0),
        reach=Reach(np.zeros(R), longest) if _limited(problem) or on_the_way(problem) else Far(0),
        plan=empty_plan(
            inner, R, n, penalty, prefixes, groups_of(problem, N), halts, aim_of(problem, R, reserve / scale)
        ),
        work=scratch(N, R, N - R, seed),
        order=_order(problem, N, spans.stops if timed else None),
        clients=clients,
        required=required,
        origin=origin,
        scale=scale,
        constant=float(extra.sum() + prizes.sum()),
        prefixes=prefixes,
    )


def _prices(problem: Problem, spans: Spans) -> tuple[bool, bool, bool, float, float]:
    """Tell which kinds of kernels are due, and what a leg costs by distance and by time.

    Returns whether there are windows, whether durations are kept, whether vehicles differ, and the two prices.
    """
    types = problem.vehicles
    timed, hours = spans.bind(), keeps_hours(problem) or keeps_gaps(problem)
    limited = _limited(problem)
    by_distance, by_time = types[0].distance_cost or 0.0, types[0].duration_cost or 0.0
    mixed = (
        len({(v.distance_cost, v.duration_cost) for v in types}) > 1
        or by_distance + by_time == 0.0
        or not problem.allowed.all()
        or bool(problem.preference.any())
        or _groups_differ(problem)
        or on_the_way(problem)
    )
    # Without windows the duration is a sum over the legs: where it can, its price goes into the legs.
    durations = any(math.isfinite(v.max_duration) for v in types) or hours or on_the_way(problem)
    durations = durations or (
        any((v.duration_cost or 0.0) > 0 for v in types) and (timed or limited or mixed or even(problem.objective))
    )
    mixed = mixed or (durations and by_distance == 0.0)
    if mixed:
        by_distance, by_time = 1.0, 0.0
    elif durations:
        by_time = 0.0
    return timed, durations, mixed, by_distance, by_time


def _groups_differ(problem: Problem) -> bool:
    """Tell whether it matters for more than the way which alternative is served."""
    grouped = problem.group >= 0
    timed = any((v.duration_cost or 0.0) > 0 for v in problem.vehicles)
    return bool(problem.prize[grouped].any() or (timed and problem.service[grouped].any()))


def _limited(problem: Problem) -> bool:
    return any(math.isfinite(v.max_distance) for v in problem.vehicles)


def _vehicles(problem: Problem) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """[R] kind and [R] type of each vehicle, by kind; as many of an unlimited type as could ever be of use.

    Types that differ in name and number alone are of one kind, that of the first of them.
    """
    most = max(problem.num_clients, 1)
    # A plan with thousands of vehicle types cannot use a full fleet of each.
    share = max(100, 200_000 // len(problem.vehicles))
    kinds: dict[object, int] = {}
    rows: list[tuple[int, int]] = []
    for k, v in enumerate(problem.vehicles):
        alike = (replace(v, name="", count=None), problem.allowed[k].tobytes(), problem.preference[k].tobytes())
        rows += [(kinds.setdefault(alike, k), k)] * min(most, share if v.count is None else v.count)
    rows.sort()
    both = np.array(rows, np.int64).reshape(-1, 2)
    return np.ascontiguousarray(both[:, 0]), np.ascontiguousarray(both[:, 1])


def _fleet(problem: Problem, kind: NDArray[np.int64], scale: float, mixed: bool) -> Fleet | Varied:
    types = problem.vehicles
    counts = np.bincount(kind, minlength=len(types))
    fleet = Fleet(
        kind=kind,
        fixed=np.array([v.fixed_cost for v in types]) / scale,
        unit=np.array([v.distance_cost or 0.0 for v in types]),
        free=np.zeros(len(kind), np.int64),
        begin=np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64),
        top=np.zeros(len(types), np.int64),
        used=np.zeros(1, np.int64),
    )
    plain = VehicleType()
    free_to_differ = {
        f: getattr(plain, f)
        for f in ("name", "count", "capacity", "initial_load", "max_stops", "fixed_cost", "distance_cost")
    } | {"duration_cost": None}
    families: dict[VehicleType, int] = {}
    family = np.array([families.setdefault(replace(v, **free_to_differ), k) for k, v in enumerate(types)], np.int64)
    # Where vehicles differ anyway, those that cannot stand in for each other are no kind of their own. A single
    # type that halts is one, as it takes longest to compile.
    kinds = np.count_nonzero(counts)
    if (mixed and (kinds > 1 or not on_the_way(problem))) or len(np.unique(family[counts > 0])) < kinds:
        return Varied(*fleet, family=family)
    return fleet


def _dearest_trip(problem: Problem) -> float:
    """Return what no trip to a single client exceeds, nor any detour ten times."""
    every = np.arange(problem.num_locations)
    worst = 0.0
    for v in problem.vehicles:
        out, out_time = problem.legs(v.start_depot, every, v.profile)
        back, back_time = problem.legs(every, v.start_depot if v.end_depot is None else v.end_depot, v.profile)
        span = v.shift[1] - v.shift[0] if math.isfinite(v.shift[1]) else 0.0
        seconds = (v.duration_cost or 0.0) + v.overtime_cost
        trip = (v.distance_cost or 0.0) * (out + back) + seconds * (out_time + back_time + span)
        worst = max(worst, v.fixed_cost + float(trip.max()))
    return worst


def empty_plan(
    L: int,
    R: int,
    n: int,
    penalty: NDArray[np.float64],
    prefixes: dict[int, tuple[int, ...]],
    groups: NoGroups | Groups,
    halts: NoHalts | Halts,
    aim: Total | Even,
) -> Plan:
    """Return a plan of L locations, n of them clients, and R vehicles that serves nobody; the bank is to be filled."""
    N = L + R
    chain = np.arange(N, dtype=np.int64)
    route = np.full(N, -1, np.int64)
    route[L:] = np.arange(R)
    return Plan(
        locations=L,
        prv=chain.copy(),
        nxt=chain.copy(),
        route=route,
        ahead=np.zeros(N),
        size=np.zeros(R, np.int64),
        bank=np.zeros(n + 1, np.int64),
        place=np.full(N, -1, np.int64),
        banked=np.zeros(1, np.int64),
        fixed=_fixed(N, R, prefixes),
        penalty=penalty,
        groups=groups,
        halts=halts,
        aim=aim,
        best=chain.copy(),
        best_size=np.zeros(R, np.int64),
        dirty=np.zeros(R, np.uint8),
        dirty_list=np.zeros(R, np.int64),
        dirty_count=np.zeros(1, np.int64),
    )


def scratch(N: int, R: int, n: int, seed: int) -> Work:
    """Return the scratch space of one search."""
    return Work(
        random=np.array([seed | 1], np.uint64),
        removed=np.zeros(n + 1, np.int64),
        key=np.zeros(n + 1),
        # Each stop with two halts: taken, moved to another vehicle, put back, and halts taken again and again.
        log=np.zeros((16 * n + 16, 4), np.int64),
        seen=np.zeros(R, np.int64),
        touched=np.zeros(R, np.int64),
        changed=np.zeros(R, np.int64),
        held=np.zeros(n, np.int64),
        mark=np.zeros(N, np.int64),
        clock=np.array([0, 0, 0, -1, 0], np.int64),
        cost=np.zeros(2),
        missing=np.zeros(2, np.int64),
        lead=np.zeros(2),
        urge=np.zeros(1),
    )


def _order(problem: Problem, N: int, windows: NDArray[np.float64] | None) -> Order:
    """Keys as in SISR, section 5.2: demand, far, close; with windows also their length, start and end (section 6)."""
    D, L = problem.num_depots, problem.num_locations
    far, _ = problem.legs(problem.vehicles[0].start_depot, np.arange(D, L), problem.vehicles[0].profile)
    goods = (problem.delivery + problem.pickup).sum(axis=1)
    goods[problem.shipments[:, 0] - D] += problem.shipment_load.sum(axis=1)
    keys = [-goods, -far, far]
    weights = [4.0, 2.0, 1.0]
    if windows is not None:
        start, end = windows.T
        keys += [end - start, start, -end]
        weights += [2.0, 2.0, 2.0]
    rows = np.zeros((len(keys), N))
    rows[:, D:L] = np.nan_to_num(np.array(keys), posinf=1e300, neginf=-1e300)
    return Order(rows, np.cumsum(weights) / (sum(weights) + 4.0))


def chain(plan: Plan, r: int, visits: Iterable[int]) -> None:
    """Write the visits of vehicle r; the running sums are still to be rebuilt."""
    node = h = plan.locations + r
    for c in visits:
        plan.nxt[node] = node = c
    plan.nxt[node] = h


def _fixed(N: int, R: int, prefixes: dict[int, tuple[int, ...]]) -> Free | Locked:
    if not prefixes:
        return Free(0)
    fixed = Locked(np.zeros(N, np.bool_), np.zeros(R, np.int64))
    for r, stops in prefixes.items():
        fixed.stop[list(stops)], fixed.many[r] = True, len(stops)
    return fixed
