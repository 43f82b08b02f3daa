"""The environment on a processor, compiled: whole walks, their log-probabilities and the gradients of these.

One thread takes walk after walk, and all that a step needs stays in its cache. The rules are those of `env.rules`, of
which `tests/solvers/policy/test_fused.py` is the proof; what to choose is asked of `answers`.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vrp.solvers.policy.answers import (
    INFINITY,
    ONE,
    ZERO,
    Floats,
    Ints,
    Real,
    Sizes,
    Tables,
    Work,
    answer,
    chances,
    change,
    drawn,
    position,
)
from vrp.solvers.search.jit import kernel, part


class Rules(NamedTuple):
    """The problems, as in `env.Instances`."""

    demand: Floats
    """[B, L]."""
    capacity: Floats
    """[B]."""
    places: Floats
    """[B], number of places without padding."""


class Begun(NamedTuple):
    """The walks so far, as in `env.State`."""

    at: Ints
    """[B, S]."""
    home: Ints
    """[B, S]."""
    used: Floats
    """[B, S]."""
    routes: Ints
    """[B, S]."""
    unserved: NDArray[np.bool_]
    """[B, S, L]."""


@kernel
def walk(
    begin: int, end: int, tables: Tables, rules: Rules, begun: Begun, clip: Real, sharp: Real, seeds: Any,
    choices: Any, counts: Any, found: Any, free: Any, work: Work, shape: Sizes,
) -> None:  # fmt: skip
    """Finish some of the walks.

    Parameters
    ----------
    begin, end
        Those of which b * S + s is from `begin` up to below `end`.
    clip
        Of the pointer.
    sharp
        What logits are multiplied by before one is drawn; 0 always takes the likeliest.
    seeds
        [B * S] uint64, not 0.
    choices
        [B, S, 2 * L] int64 to write to; beyond the end of a walk, its home must be there.
    counts
        [B, S] int64 to write the numbers of choices to.
    found, free
        As in `likelihoods`, [B, S, 2 * L], where `sharp` is 1; or [B, S, 0] where nobody asks.
    shape
        Of the network.
    """
    number = begun.at.shape[1]
    for pair in range(begin, end):
        b, s = pair // number, pair % number
        at, home, used, routes, left, goods = _begin(b, s, rules, begun, work)
        work.random[0] = seeds[pair]
        made = 0
        while True:
            count = _feasible(b, at, home, used, routes, left, rules, work)
            if at == home and work.places[0] == home:
                break
            chosen = 0
            if count > 1:
                answer(b, at, home, _told(b, used, goods, left, rules), count, tables, clip, work, shape)
                if sharp > ZERO:
                    top, total = chances(count, sharp, work)
                    chosen = drawn(count, total, work)
                    if found.shape[2] > 0:
                        free[b, s, made] = True
                        found[b, s, made] = work.logit[chosen] - top - np.float32(math.log(total))
                else:
                    for k in range(1, count):
                        chosen = k if work.logit[k] > work.logit[chosen] else chosen
            choice = work.places[chosen]
            choices[b, s, made] = choice
            made += 1
            at, used, routes, left, goods = _step(b, choice, at, home, used, routes, left, goods, rules, work)
        counts[b, s] = made


@kernel
def likelihoods(
    begin: int, end: int, tables: Tables, rules: Rules, begun: Begun, clip: Real, choices: Any, found: Any, free: Any,
    work: Work, shape: Sizes,
) -> None:  # fmt: skip
    """Write for choices [B, S, T] whether they are free, and of those that are the log-probabilities; see `walk`."""
    number = begun.at.shape[1]
    for pair in range(begin, end):
        b, s = pair // number, pair % number
        at, home, used, routes, left, goods = _begin(b, s, rules, begun, work)
        for t in range(choices.shape[2]):
            count = _feasible(b, at, home, used, routes, left, rules, work)
            choice = choices[b, s, t]
            if count > 1:
                answer(b, at, home, _told(b, used, goods, left, rules), count, tables, clip, work, shape)
                top, total = chances(count, ONE, work)
                chosen = position(choice, count, work)
                free[b, s, t] = True
                log = work.logit[chosen] - top - np.float32(math.log(total))
                found[b, s, t] = log if chosen >= 0 else -INFINITY
            at, used, routes, left, goods = _step(b, choice, at, home, used, routes, left, goods, rules, work)


@kernel
def gradients(
    begin: int, end: int, tables: Tables, rules: Rules, begun: Begun, clip: Real, choices: Any, pulled: Any,
    changes: Tables, work: Work, shape: Sizes,
) -> None:  # fmt: skip
    """Write to `changes` the gradients of the tables by way of the log-probabilities: `pulled` [B, S, T].

    For the problems from `begin` up to below `end`, with all of their walks; see `likelihoods`.
    """
    for b in range(begin, end):
        # Only now, so that they are in the cache.
        changes.place[b] = ZERO
        changes.home[b] = ZERO
        changes.context[b] = ZERO
        changes.value[b] = ZERO
        changes.target[b] = ZERO
        for s in range(begun.at.shape[1]):
            at, home, used, routes, left, goods = _begin(b, s, rules, begun, work)
            for t in range(choices.shape[2]):
                count = _feasible(b, at, home, used, routes, left, rules, work)
                choice = choices[b, s, t]
                pull = pulled[b, s, t]
                if count > 1 and pull != ZERO:
                    told = _told(b, used, goods, left, rules)
                    answer(b, at, home, told, count, tables, clip, work, shape)
                    chosen = position(choice, count, work)
                    if chosen >= 0:
                        change(b, at, home, told, count, chosen, pull, tables, clip, changes, work, shape)
                at, used, routes, left, goods = _step(b, choice, at, home, used, routes, left, goods, rules, work)


# The environment


@part
def _begin(b: int, s: int, rules: Rules, begun: Begun, work: Work) -> tuple[int, int, Real, int, int, Real]:
    """List the stops that are left; return place, home, goods used, vehicles at home, stops left and their goods."""
    left = 0
    goods = ZERO
    for j in range(begun.unserved.shape[2]):
        if begun.unserved[b, s, j]:
            work.left[left] = j
            left += 1
            goods += rules.demand[b, j]
    return begun.at[b, s], begun.home[b, s], begun.used[b, s], begun.routes[b, s], left, goods


@part
def _feasible(
    b: int, at: int, home: int, used: Real, routes: int, left: int, rules: Rules, work: Work
) -> int:  # fmt: skip
    """List the feasible places, home last, and return how many (`env.feasible`)."""
    count = 0
    room = rules.capacity[b] - used
    if at != home or routes > 0:
        for i in range(left):
            work.places[count] = work.left[i]
            count += rules.demand[b, work.left[i]] <= room
    if count == 0 or (at != home and routes > 0):
        work.places[count] = home
        count += 1
    return count


@part
def _told(b: int, used: Real, goods: Real, left: int, rules: Rules) -> tuple[Real, Real, Real]:
    """Return the context (`env.context`)."""
    capacity = rules.capacity[b]
    return ONE - used / capacity, goods / capacity, np.float32(left) / rules.places[b]


@part
def _step(
    b: int, choice: int, at: int, home: int, used: Real, routes: int, left: int, goods: Real, rules: Rules,
    work: Work,
) -> tuple[int, Real, int, int, Real]:  # fmt: skip
    """Return place, goods used, vehicles at home, and number and goods of the stops left (`env.step`)."""
    if choice == home:
        return home, ZERO, routes, left, goods
    demand = rules.demand[b, choice]
    for i in range(left):
        if work.left[i] == choice:
            left -= 1
            work.left[i] = work.left[left]
            goods -= demand
            break
    return choice, used + demand, routes - (at == home), left, goods
