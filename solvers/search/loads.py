"""Loads: what is on board, in one or several dimensions. A vehicle's capacity is less what it starts with."""

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


class ManyLoads(NamedTuple):
    """Several load dimensions: as `OneLoad`, with a last axis [C]."""

    demand: Any
    capacity: Any
    load: Any


def fits(loads: Any, r: int, c: int) -> bool:
    """Tell whether vehicle r can take client c as well."""
    raise NotImplementedError("compiled only")


def add_load(loads: Any, r: int, c: int, sign: int) -> None:
    """Put client c on vehicle r (sign 1) or take it off (-1)."""
    raise NotImplementedError("compiled only")


def clear_load(loads: Any, r: int) -> None:
    """Empty vehicle r."""
    raise NotImplementedError("compiled only")


@dispatch(clear_load)
def _clear_load(loads: Any, r: Any) -> Any:
    if is_a(loads, OneLoad):

        def one(loads, r):  # type: ignore[no-untyped-def]
            loads.load[r] = 0.0

        return one

    def many(loads, r):  # type: ignore[no-untyped-def]
        loads.load[r, :] = 0.0

    return many


@dispatch(fits)
def _fits(loads: Any, r: Any, c: Any) -> Any:
    if is_a(loads, OneLoad):
        return lambda loads, r, c: loads.load[r] + loads.demand[c] <= loads.capacity[r]

    def many(loads, r, c):  # type: ignore[no-untyped-def]
        for k in range(loads.demand.shape[1]):  # noqa: SIM110 - not known to the compiler
            if loads.load[r, k] + loads.demand[c, k] > loads.capacity[r, k]:
                return False
        return True

    return many


@dispatch(add_load)
def _add_load(loads: Any, r: Any, c: Any, sign: Any) -> Any:
    if is_a(loads, OneLoad):

        def one(loads, r, c, sign):  # type: ignore[no-untyped-def]
            loads.load[r] += sign * loads.demand[c]

        return one

    def many(loads, r, c, sign):  # type: ignore[no-untyped-def]
        for k in range(loads.demand.shape[1]):
            loads.load[r, k] += sign * loads.demand[c, k]

    return many
