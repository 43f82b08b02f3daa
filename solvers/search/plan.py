"""The plan that the search changes: routes as circular doubly linked lists through one sentinel per vehicle."""

from typing import Any, NamedTuple

from vrp.solvers.search.aims import charge
from vrp.solvers.search.jit import dispatch, is_a, outlined, part
from vrp.solvers.search.loads import add_load
from vrp.solvers.search.network import leg


class Free(NamedTuple):
    """Every stop may be moved."""

    unused: int


class Locked(NamedTuple):
    """The first stops of some vehicles are fixed."""

    stop: Any
    """[N] whether the client is one of them."""
    many: Any
    """[R] how many the vehicle has."""


class Plan(NamedTuple):
    """Nodes are locations 0..L-1 (depots are unused) and sentinels L..L+R-1, one per vehicle."""

    locations: int
    """L"""
    prv: Any
    """[N]"""
    nxt: Any
    """[N]"""
    route: Any
    """[N] vehicle of each node, -1 for a client that no route serves."""
    ahead: Any
    """[N] length of the leg to the next node."""
    size: Any
    """[R] clients on each route."""
    bank: Any
    """[n] the clients that no route serves, in any order."""
    place: Any
    """[N] where a client stands in the bank."""
    banked: Any
    """[1] length of the bank."""
    fixed: Any
    """`Free` or `Locked`"""
    penalty: Any
    """[N] price of leaving a client in the bank."""
    groups: Any
    """Of alternatives (`groups.py`)."""
    halts: Any
    """At depots on the way (`halts.py`)."""
    aim: Any
    """What comes before the cost (`aims.py`)."""
    best: Any
    """[N] `nxt` of the best plan, valid where `best_size` of the route is above 0."""
    best_size: Any
    """[R]"""
    dirty: Any
    """[R] whether a route may differ from the best plan."""
    dirty_list: Any
    """[R] those that do."""
    dirty_count: Any
    """[1]"""


class Fleet(NamedTuple):
    """Vehicles r of type k stand in one stretch; a stack per type holds the unused ones."""

    kind: Any
    """[R] type of each vehicle."""
    fixed: Any
    """[K] price of using one."""
    unit: Any
    """[K] price per unit of distance."""
    free: Any
    """[R] stacks of unused vehicles, one stretch per type."""
    begin: Any
    """[K] where a type's stack begins."""
    top: Any
    """[K] its height."""
    used: Any
    """[1] vehicles in use."""


class Varied(NamedTuple):
    """A fleet in which whole routes may change vehicles: as `Fleet`."""

    kind: Any
    fixed: Any
    unit: Any
    free: Any
    begin: Any
    top: Any
    used: Any
    family: Any
    """[K] types of the same family differ in capacity, prices and clients alone."""


class Equal(NamedTuple):
    """All vehicles pay 1 per unit of distance and may serve every client."""

    unused: int


class Mixed(NamedTuple):
    """Vehicles differ in price, or in whom they may serve or gain by."""

    allowed: Any
    """[K, N]"""
    gain: Any
    """[K, N] subtracted from the cost."""


class Reach(NamedTuple):
    """Longest distance of a route."""

    driven: Any
    """[R]"""
    longest: Any
    """[R] with the tolerance added."""


class Far(NamedTuple):
    """No limit of distance."""

    unused: int


def unit(mix: Any, fleet: Any, r: int) -> float:
    """Price of a unit of distance of vehicle r."""
    raise NotImplementedError("compiled only")


def may(mix: Any, fleet: Any, r: int, c: int) -> bool:
    """Tell whether vehicle r may serve client c."""
    raise NotImplementedError("compiled only")


def gain(mix: Any, fleet: Any, r: int, c: int) -> float:
    """What is gained when vehicle r serves client c."""
    raise NotImplementedError("compiled only")


def within(reach: Any, r: int, delta: float) -> bool:
    """Tell whether route r may become longer by delta."""
    raise NotImplementedError("compiled only")


def lengthen(reach: Any, r: int, delta: float) -> None:
    """Make route r longer by delta."""
    raise NotImplementedError("compiled only")


def length_of(reach: Any, r: int) -> float:
    """Distance of route r, where it is kept."""
    raise NotImplementedError("compiled only")


@dispatch(length_of)
def _length_of(reach: Any, r: Any) -> Any:
    if is_a(reach, Far):
        return lambda reach, r: 0.0
    return lambda reach, r: reach.driven[r]


@dispatch(unit)
def _unit(mix: Any, fleet: Any, r: Any) -> Any:
    if is_a(mix, Equal):
        return lambda mix, fleet, r: 1.0
    return lambda mix, fleet, r: fleet.unit[fleet.kind[r]]


@dispatch(may)
def _may(mix: Any, fleet: Any, r: Any, c: Any) -> Any:
    if is_a(mix, Equal):
        return lambda mix, fleet, r, c: True
    return lambda mix, fleet, r, c: mix.allowed[fleet.kind[r], c]


@dispatch(gain)
def _gain(mix: Any, fleet: Any, r: Any, c: Any) -> Any:
    if is_a(mix, Equal):
        return lambda mix, fleet, r, c: 0.0
    return lambda mix, fleet, r, c: mix.gain[fleet.kind[r], c]


@dispatch(within)
def _within(reach: Any, r: Any, delta: Any) -> Any:
    if is_a(reach, Far):
        return lambda reach, r, delta: True
    return lambda reach, r, delta: reach.driven[r] + delta <= reach.longest[r]


@dispatch(lengthen)
def _lengthen(reach: Any, r: Any, delta: Any) -> Any:
    if is_a(reach, Far):
        return lambda reach, r, delta: None

    def longer(reach, r, delta):  # type: ignore[no-untyped-def]
        reach.driven[r] += delta

    return longer


def locked(fixed: Any, i: int) -> bool:
    """Tell whether node i stays where it is, so that nothing is put before it either."""
    raise NotImplementedError("compiled only")


def held(fixed: Any, r: int) -> int:
    """Return how many stops of vehicle r stay where they are."""
    raise NotImplementedError("compiled only")


@dispatch(locked)
def _locked(fixed: Any, i: Any) -> Any:
    if is_a(fixed, Free):
        return lambda fixed, i: False
    return lambda fixed, i: fixed.stop[i]


@dispatch(held)
def _held(fixed: Any, r: Any) -> Any:
    if is_a(fixed, Free):
        return lambda fixed, r: 0
    return lambda fixed, r: fixed.many[r]


@part
def enter_bank(plan, c):  # type: ignore[no-untyped-def]
    """Let client c wait in the bank."""
    k = plan.banked[0]
    plan.bank[k] = c
    plan.place[c] = k
    plan.banked[0] = k + 1


@part
def leave_bank(plan, c):  # type: ignore[no-untyped-def]
    """Call client c from the bank."""
    k = plan.banked[0] - 1
    last = plan.bank[k]
    at = plan.place[c]
    plan.bank[at] = last
    plan.place[last] = at
    plan.place[c] = -1
    plan.banked[0] = k


@part
def take(net, loads, fleet, mix, reach, plan, c):  # type: ignore[no-untyped-def]
    """Take client c off its route and return the change of cost, that of duration excepted."""
    r = plan.route[c]
    p, q = plan.prv[c], plan.nxt[c]
    # An unused vehicle drives nothing, not from its start depot to its end depot.
    joined = leg(net, r, p, q) if plan.size[r] > 1 else 0.0
    delta = joined - plan.ahead[p] - plan.ahead[c]
    plan.nxt[p] = q
    plan.prv[q] = p
    plan.ahead[p] = joined
    plan.route[c] = -1
    lengthen(reach, r, delta)
    size = plan.size[r] - 1
    plan.size[r] = size
    cost = unit(mix, fleet, r) * delta + gain(mix, fleet, r, c) + add_load(loads, r, c, -1)
    if size == 0:
        k = fleet.kind[r]
        fleet.free[fleet.begin[k] + fleet.top[k]] = r
        fleet.top[k] += 1
        fleet.used[0] -= 1
        cost -= fleet.fixed[k]
    charge(plan, r, cost)
    return cost


@part
def put(net, loads, fleet, mix, reach, plan, c, p, r):  # type: ignore[no-untyped-def]
    """Put client c behind node p of route r and return the change of cost, that of duration excepted."""
    q = plan.nxt[p]
    to, on = leg(net, r, p, c), leg(net, r, c, q)
    delta = to + on - plan.ahead[p]
    plan.nxt[p] = c
    plan.prv[c] = p
    plan.nxt[c] = q
    plan.prv[q] = c
    plan.ahead[p] = to
    plan.ahead[c] = on
    plan.route[c] = r
    lengthen(reach, r, delta)
    cost = unit(mix, fleet, r) * delta - gain(mix, fleet, r, c) + add_load(loads, r, c, 1)
    if plan.size[r] == 0:
        k = fleet.kind[r]
        fleet.top[k] -= 1
        fleet.used[0] += 1
        cost += fleet.fixed[k]
    plan.size[r] += 1
    charge(plan, r, cost)
    return cost


@part
def soil(plan, r):  # type: ignore[no-untyped-def]
    """Note that route r may differ from the best plan."""
    if plan.dirty[r] == 0:
        plan.dirty[r] = 1
        plan.dirty_list[plan.dirty_count[0]] = r
        plan.dirty_count[0] += 1


@outlined
def keep_best(plan):  # type: ignore[no-untyped-def]
    """Copy the routes that have changed since the last time."""
    for k in range(plan.dirty_count[0]):
        r = plan.dirty_list[k]
        plan.dirty[r] = 0
        plan.best_size[r] = plan.size[r]
        h = plan.locations + r
        i = h
        while True:
            plan.best[i] = plan.nxt[i]
            i = plan.nxt[i]
            if i == h:
                break
    plan.dirty_count[0] = 0
