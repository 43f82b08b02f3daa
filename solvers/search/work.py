"""Scratch space of one search, its random numbers and the log of an iteration."""

import math
from typing import Any, NamedTuple

import numpy as np

from vrp.solvers.search.jit import part

TAKEN, PUT, CALLED, BANKED = 0, 1, 2, 3
BLINK = 0.01
"""Probability of not looking at a place for a client (beta of SISR)."""
LOG_KEEP = math.log(1.0 - BLINK)


class Order(NamedTuple):
    """Keys that removed clients are sorted by before they are put back, and how likely each is drawn."""

    keys: Any
    """[M, N]"""
    share: Any
    """[M + 1] cumulative probabilities; the rest is a random order."""


class Work(NamedTuple):
    """Scratch space of one search, so that nothing is allocated while it runs."""

    random: Any
    """[1] uint64 state of xorshift64* (Vigna 2016)."""
    removed: Any
    key: Any
    log: Any
    """[*, 4] what was done (TAKEN, PUT, CALLED, BANKED), client, node before it, route."""
    seen: Any
    """[R] last iteration in which the route was ruined."""
    touched: Any
    """[R] last iteration in which the route was changed."""
    changed: Any
    """[R] the routes changed in this iteration."""
    held: Any
    """[n] clients of a route that is about to change its vehicle."""
    mark: Any
    """[N] last insertion that looked at the positions beside the node."""
    clock: Any
    """[5] iterations, insertions, positions until the next blink, the only type whose vehicles may be opened or -1,
    iterations that left no vehicle above its capacity."""
    cost: Any
    """[2] cost of the current and the best plan: penalties of optional clients included, of required ones not."""
    missing: Any
    """[2] required clients in the bank of the current and the best plan."""
    lead: Any
    """[2] what comes between these two where plans are compared, of the current and the best plan."""
    urge: Any
    """[1] by how much a required client gets dearer in each iteration that leaves it in the bank; where this is above
    0, a search ends with the first plan that leaves out nobody."""


@part
def uniform(work):  # type: ignore[no-untyped-def]
    """Draw a number from [0, 1)."""
    s = work.random[0]
    s ^= s >> np.uint64(12)
    s ^= s << np.uint64(25)
    s ^= s >> np.uint64(27)
    work.random[0] = s
    return float((s * np.uint64(2685821657736338717)) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@part
def note(work, logged, what, c, p, r):  # type: ignore[no-untyped-def]
    """Append to the log and return its new length."""
    work.log[logged, 0] = what
    work.log[logged, 1] = c
    work.log[logged, 2] = p
    work.log[logged, 3] = r
    return logged + 1


@part
def until_blink(work):  # type: ignore[no-untyped-def]
    """Draw the number of places that are looked at before the next one is not."""
    return int(math.log(1.0 - uniform(work)) / LOG_KEEP)


@part
def touch(work, changed, r, it):  # type: ignore[no-untyped-def]
    """Note that route r changes in this iteration, and return how many do."""
    if work.touched[r] == it:
        return changed
    work.touched[r] = it
    work.changed[changed] = r
    return changed + 1
