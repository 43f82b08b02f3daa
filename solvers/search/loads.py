"""Loads: what is on board, in one or several dimensions. A vehicle's capacity is less what it starts with.

A single dimension may be overloaded for a while, at a price (`overload.py`); plans of several never are.
"""

from typing import Any, NamedTuple

from vrp.solvers.search.jit import dispatch, is_a


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
    """Tell whether vehicle r can take client c as well."""
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


def bears(loads: Any, r: int) -> bool:
    """Tell whether what vehicle r is loaded with is allowed."""
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


@dispatch(bears)
def _bears(loads: Any, r: Any) -> Any:
    if is_a(loads, OneLoad):
        return lambda loads, r: loads.load[r] <= loads.limit[r]

    def many(loads, r):  # type: ignore[no-untyped-def]
        for k in range(loads.demand.shape[1]):  # noqa: SIM110 - not known to the compiler
            if loads.load[r, k] > loads.capacity[r, k]:
                return False
        return True

    return many


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
