"""Loads: what is on board, in one or several dimensions. A vehicle's capacity is less what it starts with.

A single dimension may be overloaded for a while, at a price (`overload.py`); plans of several never are. Where the load
depends on the order of the stops, each node keeps what is on board before and after it (`peaks.py`).
"""

from typing import Any, NamedTuple

from vrp.solvers.search.jit import dispatch, is_a
from vrp.solvers.search.peaks import Peaks, peak_along, peak_between, peak_of, refresh_peaks, restore_peaks


class OneLoad(NamedTuple):
    """A single load dimension."""

    demand: Any
    """[N] by node."""
    capacity: Any
    """[R] by vehicle, with the tolerance added."""
    load: Any
    """[R] by vehicle."""
    limit: Any
    """[R] what a vehicle may be loaded with, capacity or more."""
    price: Any
    """[1] of a unit above capacity."""
    overloaded: Any
    """[1] vehicles above capacity."""


class ManyLoads(NamedTuple):
    """Several load dimensions: as `OneLoad`, with a last axis [C]."""

    demand: Any
    capacity: Any
    load: Any


def fits(loads: Any, r: int, c: int) -> bool:
    """Tell whether vehicle r can take client c as well, by all that is known without a place on its route."""
    raise NotImplementedError("compiled only")


def holds(loads: Any, r: int, p: int, c: int, q: int) -> bool:
    """Tell whether vehicle r, which `fits` client c, can take it between its nodes p and q."""
    raise NotImplementedError("compiled only")


def carries(loads: Any, plan: Any, r: int, to: int) -> bool:
    """Tell whether vehicle `to` could carry all that vehicle r does."""
    raise NotImplementedError("compiled only")


def peaks_below(loads: Any, plan: Any, r: int, to: int) -> bool:
    """Tell whether the peaks of route r are nowhere above what vehicle `to` bears."""
    raise NotImplementedError("compiled only")


def bears_chain(loads: Any, r: int, p: int, chain: Any, many: int, q: int) -> bool:
    """Tell whether vehicle r, which `fits` them, can take `many` nodes of a chain between its nodes p and q."""
    raise NotImplementedError("compiled only")


def surcharge(loads: Any, r: int, c: int) -> float:
    """Price of the overload that client c would bring to vehicle r."""
    raise NotImplementedError("compiled only")


def add_load(loads: Any, r: int, c: int, sign: int) -> float:
    """Put client c on vehicle r (sign 1) or take it off (-1); return the change of what overload costs."""
    raise NotImplementedError("compiled only")


def clear_loads(loads: Any) -> None:
    """Empty all vehicles."""
    raise NotImplementedError("compiled only")


def bears(loads: Any, plan: Any, r: int) -> bool:
    """Tell whether what vehicle r is loaded with is allowed."""
    raise NotImplementedError("compiled only")


def bears_less(loads: Any, plan: Any, r: int) -> bool:
    """Tell whether a vehicle that lost stops since it was allowed, and took others where it `holds` them, still is."""
    raise NotImplementedError("compiled only")


def refresh_loads(loads: Any, plan: Any, r: int, i: int, until: int, j: int, down_to: int, now: int) -> None:
    """Update route r forward from node i and backward from node j, at least as far as `until` and `down_to`."""
    raise NotImplementedError("compiled only")


def restore_loads(loads: Any) -> None:
    """Undo all that was refreshed in this iteration; what `add_load` did is undone by `add_load`."""
    raise NotImplementedError("compiled only")


def forget_loads(loads: Any) -> None:
    """Begin an iteration: nothing is logged."""
    raise NotImplementedError("compiled only")


def lawful(loads: Any) -> bool:
    """Tell whether no vehicle is above its capacity."""
    raise NotImplementedError("compiled only")


@dispatch(clear_loads)
def _clear_loads(loads: Any) -> Any:
    if is_a(loads, OneLoad):

        def one(loads):  # type: ignore[no-untyped-def]
            loads.load[:] = 0.0
            loads.overloaded[0] = 0

        return one

    def many(loads):  # type: ignore[no-untyped-def]
        loads.load[:, :] = 0.0

    return many


@dispatch(fits)
def _fits(loads: Any, r: Any, c: Any) -> Any:
    if is_a(loads, OneLoad):
        return lambda loads, r, c: loads.load[r] + loads.demand[c] <= loads.limit[r]

    def many(loads, r, c):  # type: ignore[no-untyped-def]
        for k in range(loads.demand.shape[1]):  # noqa: SIM110 - not known to the compiler
            if loads.load[r, k] + loads.demand[c, k] > loads.capacity[r, k]:
                return False
        return True

    return many


@dispatch(holds)
def _holds(loads: Any, r: Any, p: Any, c: Any, q: Any) -> Any:
    if is_a(loads, Peaks):
        return lambda loads, r, p, c, q: peak_between(loads, r, loads.head, p, c, q)
    return lambda loads, r, p, c, q: True


@dispatch(bears_chain)
def _bears_chain(loads: Any, r: Any, p: Any, chain: Any, many: Any, q: Any) -> Any:
    if is_a(loads, Peaks):
        return lambda loads, r, p, chain, many, q: peak_along(loads, r, p, chain, many, q)
    return lambda loads, r, p, chain, many, q: True


@dispatch(bears)
def _bears(loads: Any, plan: Any, r: Any) -> Any:
    if is_a(loads, OneLoad):
        return lambda loads, plan, r: loads.load[r] <= loads.limit[r]
    ordered = is_a(loads, Peaks)

    def many(loads, plan, r):  # type: ignore[no-untyped-def]
        for k in range(loads.demand.shape[1]):
            if loads.load[r, k] > loads.capacity[r, k]:
                return False
        return not ordered or bears_less(loads, plan, r)

    return many


@dispatch(carries)
def _carries(loads: Any, plan: Any, r: Any, to: Any) -> Any:
    if is_a(loads, OneLoad):
        return lambda loads, plan, r, to: loads.load[r] <= loads.capacity[to]

    def many(loads, plan, r, to):  # type: ignore[no-untyped-def]
        for k in range(loads.demand.shape[1]):
            if loads.load[r, k] > loads.capacity[to, k]:
                return False
        return peaks_below(loads, plan, r, to)

    return many


@dispatch(peaks_below)
def _peaks_below(loads: Any, plan: Any, r: Any, to: Any) -> Any:
    if is_a(loads, Peaks):
        return lambda loads, plan, r, to: peak_of(loads, plan, r, to)
    return lambda loads, plan, r, to: True


@dispatch(bears_less)
def _bears_less(loads: Any, plan: Any, r: Any) -> Any:
    if is_a(loads, Peaks):
        return lambda loads, plan, r: peak_of(loads, plan, r, r)
    return lambda loads, plan, r: True


@dispatch(refresh_loads)
def _refresh_loads(loads: Any, plan: Any, r: Any, i: Any, until: Any, j: Any, down_to: Any, now: Any) -> Any:
    if is_a(loads, Peaks):
        return lambda loads, plan, r, i, until, j, down_to, now: refresh_peaks(
            loads, plan, r, i, until, j, down_to, now
        )
    return lambda loads, plan, r, i, until, j, down_to, now: None


@dispatch(restore_loads)
def _restore_loads(loads: Any) -> Any:
    if is_a(loads, Peaks):
        return lambda loads: restore_peaks(loads)
    return lambda loads: None


@dispatch(forget_loads)
def _forget_loads(loads: Any) -> Any:
    if not is_a(loads, Peaks):
        return lambda loads: None

    def peaks(loads):  # type: ignore[no-untyped-def]
        loads.count[0] = 0
        loads.count[1] = 0

    return peaks


@dispatch(lawful)
def _lawful(loads: Any) -> Any:
    if is_a(loads, OneLoad):
        return lambda loads: loads.overloaded[0] == 0
    return lambda loads: True


@dispatch(surcharge)
def _surcharge(loads: Any, r: Any, c: Any) -> Any:
    if not is_a(loads, OneLoad):
        return lambda loads, r, c: 0.0

    def one(loads, r, c):  # type: ignore[no-untyped-def]
        load, capacity = loads.load[r], loads.capacity[r]
        above = load + loads.demand[c] - max(load, capacity)
        return loads.price[0] * above if above > 0.0 else 0.0

    return one


@dispatch(add_load)
def _add_load(loads: Any, r: Any, c: Any, sign: Any) -> Any:
    if is_a(loads, OneLoad):

        def one(loads, r, c, sign):  # type: ignore[no-untyped-def]
            before, capacity = loads.load[r], loads.capacity[r]
            after = before + sign * loads.demand[c]
            loads.load[r] = after
            if before <= capacity and after <= capacity:
                return 0.0
            loads.overloaded[0] += (after > capacity) - (before > capacity)
            return loads.price[0] * (max(after, capacity) - max(before, capacity))

        return one

    def many(loads, r, c, sign):  # type: ignore[no-untyped-def]
        for k in range(loads.demand.shape[1]):
            loads.load[r, k] += sign * loads.demand[c, k]
        return 0.0

    return many
