"""Regions: disjoint parts of a plan that can be searched at the same time, each a model of its own, and back again.

A region holds some of the vehicles with their routes, its share of the unused vehicles and of the clients in the bank.
What is known of nodes and vehicles is sliced, in the order of the routes, so that stops that follow each other lie
together in memory; matrices are shared.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vrp.solvers.search.aims import Even, part_of
from vrp.solvers.search.groups import Groups, NoGroups
from vrp.solvers.search.halts import NoHalts
from vrp.solvers.search.hours import Hours
from vrp.solvers.search.jit import allocating_kernel
from vrp.solvers.search.loads import ManyLoads, OneLoad
from vrp.solvers.search.model import Model, empty_plan, scratch
from vrp.solvers.search.network import Matrix, Planar, PlanarEnds, Profiles, Sphere, leg
from vrp.solvers.search.peaks import NoPairs, Pairs, Peaks
from vrp.solvers.search.plan import Equal, Far, Mixed, Reach
from vrp.solvers.search.times import Durations, NoTime, Windows

SPARE = 16
"""Unused vehicles of each type that a region has at least, where there are so many; else as many as it uses."""
FEWEST = 4
"""Routes per region, at least: with fewer there is too little to exchange."""

SHARED, COPIED, NODES, VEHICLES, ACROSS, BLANK, EMPTY, NAMES, INNER = range(9)
"""What a region gets of a field: the field itself, a copy, the rows of its nodes or of its vehicles, the columns of its
nodes; zeros, one per vehicle or in columns of its nodes (logs and stamps); the rows of its nodes, which name nodes, or
-1; a kind within a kind."""
_LOGS = {"log": EMPTY, "stamp": EMPTY, "old": EMPTY, "count": COPIED}
_WINDOWS = {"early": NODES, "late": NODES, "service": NODES, "slack": SHARED, **_LOGS}
_DURATIONS = {
    **dict.fromkeys(("head", "tail"), NODES),
    **dict.fromkeys(("duration", "longest", "cost"), VEHICLES),
    **dict.fromkeys(("route_log", "route_old", "route_stamp"), BLANK),
    "route_count": COPIED,
}
FIELDS: dict[type, dict[str, int]] = {
    Planar: {"x": NODES, "y": NODES, "rounding": SHARED, "pace": SHARED},
    PlanarEnds: {
        **dict.fromkeys(("x", "y", "end_x", "end_y", "closed"), NODES),
        **dict.fromkeys(("rounding", "pace"), SHARED),
    },
    Sphere: {**dict.fromkeys(("start", "end", "closed"), NODES), **dict.fromkeys(("diameter", "pace"), SHARED)},
    Matrix: {"distance": SHARED, "duration": SHARED, "start": NODES, "end": NODES},
    Profiles: {"distance": SHARED, "duration": SHARED, "start": NODES, "end": NODES, "profile": VEHICLES},
    OneLoad: {
        "demand": NODES,
        **dict.fromkeys(("capacity", "load", "limit"), VEHICLES),
        **dict.fromkeys(("price", "overloaded"), COPIED),
    },
    ManyLoads: {"demand": NODES, "capacity": VEHICLES, "load": VEHICLES},
    Peaks: {
        **dict.fromkeys(("demand", "own", "head", "tail"), NODES),
        **dict.fromkeys(("capacity", "load", "limit"), VEHICLES),
        "order": SHARED,
        "reload": NODES,
        "trips": SHARED,
        **_LOGS,
        "pairs": INNER,
    },
    NoPairs: {"unused": SHARED},
    Pairs: {"mate": NAMES, "leads": NODES, "walk": COPIED},
    NoTime: {"unused": SHARED},
    Windows: {**_WINDOWS, "first": NODES, "last": NODES},
    Durations: {**_WINDOWS, **_DURATIONS},
    Hours: {
        **_WINDOWS,
        **_DURATIONS,
        **dict.fromkeys(("setup", "release"), NODES),
        **dict.fromkeys(("nominal", "overtime"), VEHICLES),
    },
    Equal: {"unused": SHARED},
    Mixed: {"allowed": ACROSS, "gain": ACROSS},
    Reach: {"driven": VEHICLES, "longest": VEHICLES},
    Far: {"unused": SHARED},
}
"""What becomes of each field of each kind; a model with another kind is not divided."""


class Region(NamedTuple):
    """A part of a plan as a model of its own."""

    model: Model
    near: NDArray[np.int64]
    nodes: NDArray[np.int64]
    """[N'] which node of the whole plan each one is: clients, then the sentinels of the vehicles."""
    vehicles: NDArray[np.int64]
    """[R'] which vehicle each one is."""


class Share(NamedTuple):
    """What a region will consist of, in terms of the whole plan."""

    vehicles: NDArray[np.int64]
    """[R'] used and unused ones, rising."""
    waiting: NDArray[np.int64]
    """Clients of the bank."""


def largest_number(model: Model) -> int:
    """Return in how many regions the current plan can be divided.

    Fixed stops, alternatives and routes that are to be even keep it in one piece.
    """
    known = all(_known(kind) for kind in (model.net, model.loads, model.times, model.mix, model.reach))
    whole = bool(model.prefixes) or isinstance(model.plan.groups, Groups) or isinstance(model.plan.aim, Even)
    return int(model.fleet.used[0]) // FEWEST if known and not whole else 0


def _known(kind: Any) -> bool:
    fields = FIELDS.get(type(kind), {})
    return bool(fields) and all(_known(getattr(kind, name)) for name, what in fields.items() if what == INNER)


def shares(model: Model, near: NDArray[np.int64], regions: int, rng: np.random.Generator) -> list[Share]:
    """Divide the current plan into regions of about as many clients each, along lines that differ each time."""
    plan, kind = model.plan, model.fleet.kind
    used = np.flatnonzero(plan.size > 0)
    part = np.full(len(plan.size), -1, np.int64)
    _bisect(model, used, 0, regions, part, rng)
    # A waiting client goes where most of its neighbours may be: to the route of the nearest one that has a route.
    bank = plan.bank[: plan.banked[0]]
    beside = np.where(near[bank] >= 0, plan.route[near[bank]], -1)
    nearest = beside[np.arange(len(bank)), np.argmax(beside >= 0, axis=1)] if len(bank) else bank
    home = np.where(nearest >= 0, part[nearest], 0)
    pairs = getattr(model.loads, "pairs", None)
    if isinstance(pairs, Pairs):
        # Both ends of a shipment wait together, and are put back together.
        mates = np.where(pairs.leads[bank], -1, pairs.mate[bank])
        home = np.where(mates >= 0, home[plan.place[mates]], home)
    unused = np.flatnonzero(plan.size == 0)
    # The place among the unused ones of its type decides who gets a vehicle.
    first = np.searchsorted(kind[unused], kind[unused])
    turn = (np.arange(len(unused)) - first) % regions
    found = []
    for i in range(regions):
        own = np.flatnonzero(part == i)
        idle = unused[turn == i]
        begin = np.searchsorted(kind[idle], kind[idle])
        enough = np.maximum(SPARE, np.bincount(kind[own], minlength=len(model.fleet.top)))
        idle = idle[np.arange(len(idle)) - begin < enough[kind[idle]]]
        found.append(Share(np.sort(np.concatenate([own, idle])), bank[home == i]))
    return found


def _bisect(
    model: Model, routes: NDArray[np.int64], first: int, regions: int, part: NDArray[np.int64], rng: np.random.Generator
) -> None:
    """Give routes to the regions from `first` on: cut across the axis through two random clients, and again."""
    if regions == 1:
        part[routes] = first
        return
    plan, half = model.plan, regions // 2
    a, b = rng.choice(model.clients, 2, replace=False)
    order = np.argsort(along(model.net, plan, routes, a, b), kind="stable")
    behind = np.cumsum(plan.size[routes[order]])
    cut = int(np.searchsorted(behind, behind[-1] * half / regions)) + 1
    cut = min(max(cut, half), len(routes) - (regions - half))
    _bisect(model, routes[order[:cut]], first, half, part, rng)
    _bisect(model, routes[order[cut:]], first + half, regions - half, part, rng)


@allocating_kernel
def along(net, plan, routes, a, b):  # type: ignore[no-untyped-def]
    """Mean place of each route's stops on the axis from a to b; of squared distances, so that it needs no coordinates.

    The projection of FastMap (Faloutsos and Lin 1995), but for a factor and a constant.
    """
    place = np.zeros(len(routes))
    for k in range(len(routes)):
        r = routes[k]
        i = plan.nxt[plan.locations + r]
        while i < plan.locations:
            to, on = leg(net, r, a, i), leg(net, r, b, i)
            place[k] += (to * to - on * on) / plan.size[r]
            i = plan.nxt[i]
    return place


def cut_out(model: Model, near: NDArray[np.int64], share: Share, seed: int) -> Region:
    """Make a model of a share of the current plan, which is its best one too."""
    plan, fleet, vehicles = model.plan, model.fleet, share.vehicles
    served = _stops(plan, vehicles)
    clients = np.concatenate([served, share.waiting])
    nodes = np.concatenate([clients, plan.locations + vehicles])
    n, R = len(clients), len(vehicles)
    local = np.full(len(plan.nxt), -1, np.int64)
    local[nodes] = np.arange(len(nodes))
    kind = fleet.kind[vehicles]
    aim = part_of(plan.aim, int((plan.size[vehicles] > 0).sum()), R)
    own = empty_plan(n, R, n, plan.penalty[nodes], {}, NoGroups(0), NoHalts(0), aim)
    own.nxt[: len(served)] = local[plan.nxt[served]]
    own.nxt[n:] = local[plan.nxt[nodes[n:]]]
    own.bank[: len(share.waiting)] = np.arange(len(served), n)
    own.banked[0] = len(share.waiting)
    part = Model(
        net=_sliced(model.net, nodes, vehicles, local),
        loads=_sliced(model.loads, nodes, vehicles, local),
        times=_sliced(model.times, nodes, vehicles, local),
        fleet=fleet._replace(
            kind=kind,
            free=np.zeros(R, np.int64),
            begin=np.searchsorted(kind, np.arange(len(fleet.top))).astype(np.int64),
            top=np.zeros(len(fleet.top), np.int64),
            used=np.zeros(1, np.int64),
        ),
        mix=_sliced(model.mix, nodes, vehicles, local),
        reach=_sliced(model.reach, nodes, vehicles, local),
        plan=own,
        work=scratch(n + R, R, n, seed),
        order=model.order._replace(keys=np.take(model.order.keys, nodes, axis=1)),
        clients=np.arange(n),
        required=model.required[nodes],
        origin=model.origin[vehicles],
        scale=model.scale,
        constant=0.0,
        prefixes={},
    )
    return Region(part, _inside(near, clients, local), nodes, vehicles)


def _sliced(kind: Any, nodes: NDArray[np.int64], vehicles: NDArray[np.int64], local: NDArray[np.int64]) -> Any:
    fields = {}
    for name, what in FIELDS[type(kind)].items():
        value = getattr(kind, name)
        if what == NODES:
            value = np.take(value, nodes, axis=0)
        elif what == VEHICLES:
            value = np.take(value, vehicles, axis=0)
        elif what == ACROSS:
            value = np.take(value, nodes, axis=1)
        elif what == BLANK:
            value = np.zeros(len(vehicles), value.dtype)
        elif what == EMPTY:
            value = np.zeros((value.shape[0], len(nodes), *value.shape[2:]), value.dtype)
        elif what == NAMES:
            value = np.where(value[nodes] >= 0, local[value[nodes]], -1)
        elif what == INNER:
            value = _sliced(value, nodes, vehicles, local)
        elif what == COPIED:
            value = value.copy()
        fields[name] = value
    return type(kind)(**fields)


@allocating_kernel
def _stops(plan, vehicles):  # type: ignore[no-untyped-def]
    """Return the stops of some vehicles, one route after the other."""
    count = 0
    for r in vehicles:
        count += plan.size[r]
    stops = np.empty(count, np.int64)
    count = 0
    for r in vehicles:
        i = plan.nxt[plan.locations + r]
        while i < plan.locations:
            stops[count] = i
            count += 1
            i = plan.nxt[i]
    return stops


@allocating_kernel
def _inside(near, clients, local):  # type: ignore[no-untyped-def]
    """[n', k] neighbour lists of some clients without those that are elsewhere."""
    lists = np.full((len(clients), near.shape[1]), -1, np.int64)
    for a in range(len(clients)):
        count = 0
        for k in range(near.shape[1]):
            w = near[clients[a], k]
            if w < 0:
                break
            if local[w] >= 0:
                lists[a, count] = local[w]
                count += 1
    return lists


def rank(regions: list[Region]) -> tuple[int, float, float]:
    """Return what the best plans of all regions together are compared by: clients left out, lead, cost."""
    missing, lead, cost = zip(*(region.model.rank(1) for region in regions), strict=True)
    return sum(missing), sum(lead), sum(cost)


def splice(model: Model, regions: list[Region]) -> None:
    """Put the current plans of the regions in the place of what was cut out; running sums are still to be rebuilt."""
    plan, banked = model.plan, 0
    for part, _, nodes, _ in regions:
        plan.nxt[nodes] = nodes[part.plan.nxt]
        plan.penalty[nodes] = part.plan.penalty
        waiting = nodes[part.plan.bank[: part.plan.banked[0]]]
        plan.bank[banked : banked + len(waiting)] = waiting
        banked += len(waiting)
        plan.place[nodes] = -1
    plan.banked[0] = banked


def splice_best(model: Model, regions: list[Region]) -> None:
    """Make the best plans of the regions the best plan of the whole."""
    plan, work = model.plan, model.work
    plan.best_size[:] = 0
    for part, _, nodes, vehicles in regions:
        plan.best[nodes] = nodes[part.plan.best]
        plan.best_size[vehicles] = part.plan.best_size
    work.missing[1], work.lead[1], work.cost[1] = rank(regions)
