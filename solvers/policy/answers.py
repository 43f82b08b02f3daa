"""The pointer on a processor, compiled: what it answers to one query, and the gradients of that.

A query is a sum of parts (see `nets.pointer`), so that what it is compared with is compared with each part once per
problem (`fused`), and a query only adds up. Only places that are feasible are looked at.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vrp.solvers.policy import vectors
from vrp.solvers.policy.threads import GAP, arrays
from vrp.solvers.search.jit import part
from vrp.solvers.search.work import uniform

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Real = Any
"""A 32-bit number."""
Sizes = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]
"""H, w and H * w, as tuples of so many numbers."""


class Tables(NamedTuple):
    """What queries about B problems of L places are answered from; H heads of width w.

    There are C = H + 2 numbers per place: its scores for each head and for the pointer, and what is added to its logit.
    """

    place: Floats
    """[B, L, L, C], for the place where the vehicle is."""
    home: Floats
    """[B, L, L, C], or [B, 0, L, C] where the only home is the depot and is counted in `place`."""
    context: Floats
    """[B, 3, L, C], per unit of each number of the context."""
    value: Floats
    """[B, L, w, H]."""
    target: Floats
    """[B, L, w, H], what the glimpse is compared with."""


class Work(NamedTuple):
    """Arrays that one thread writes to. Of those for L places the first K are used, which are feasible."""

    left: Ints
    """[L] stops that the walk has not served, in any order; not only the feasible ones."""
    places: Ints
    """[L] the feasible places."""
    score: Floats
    """[L, C] flat, the sums over the parts of the query."""
    weight: Floats
    """[L, H] flat, the weights of the places in the glimpses."""
    weight_pull: Floats
    """[L, H] flat, the gradients of the weights."""
    pull: Floats
    """[L], gradients of what is added up to a score of the pointer."""
    glimpse: Floats
    """[w, H] flat."""
    bent: Floats
    """[L] scores of the pointer between -1 and 1."""
    logit: Floats
    """[L]."""
    chance: Floats
    """[L], not divided by their sum."""
    pushed: Floats
    """[w, H] flat, gradient of the glimpse."""
    moved: Floats
    """[L, C] flat, gradient of the scores."""
    random: NDArray[np.uint64]
    """[1] state of the generator."""


def work(places: int, heads: int, width: int) -> Work:
    """Return arrays for one thread."""
    sizes = {
        "score": places * (heads + 2), "weight": places * heads, "weight_pull": places * heads, "pull": places,
        "glimpse": heads * width, "bent": places, "logit": places, "chance": places, "pushed": heads * width,
        "moved": places * (heads + 2),
    }  # fmt: skip
    whole = np.zeros((2, places + GAP), np.int64)
    return Work(whole[0, :places], whole[1, :places], random=np.ones(1, np.uint64), **arrays(sizes))


ZERO, ONE, TWO = np.float32(0), np.float32(1), np.float32(2)
ALONE = (0,)
"""One weight, for all numbers of a row."""
INFINITY = np.float32(np.inf)
BELOW = np.float32(1 - 2.0**-24)


@part
def answer(
    b: int, at: int, home: int, told: tuple[Real, Real, Real], count: int, tables: Tables, clip: Real, work: Work,
    shape: Sizes,
) -> None:  # fmt: skip
    """Write the logits of the feasible places (`nets.pointer.Pointer.forward`)."""
    _score(b, at, home, told, count, tables, work, shape)
    heads, lanes, width = shape
    first, columns = b * tables.value.shape[1], len(heads) + 2
    vectors.soften(work.weight, work.score, columns, count, heads)
    vectors.gather(work.glimpse, work.weight, tables.value, work.places, first, count, heads, lanes)
    vectors.compare(work.bent, work.glimpse, tables.target, work.places, first, count, ALONE, width)
    for k in range(count):
        work.bent[k] = _tanh(work.bent[k] + work.score[k * columns + len(heads)])
    for k in range(count):
        work.logit[k] = clip * work.bent[k] + work.score[k * columns + len(heads) + 1]


@part
def _score(
    b: int, at: int, home: int, told: tuple[Real, Real, Real], count: int, tables: Tables, work: Work, shape: Sizes
) -> None:
    """Write the scores of the feasible places: sums over the parts of the query."""
    columns = (*shape[0], 0, 0)
    wide, size = len(columns), tables.value.shape[1]
    for i in range(count * wide):
        work.score[i] = ZERO
    for k in range(count):
        place = work.places[k]
        vectors.add(work.score, k * wide, ONE, tables.place, ((b * size + at) * size + place) * wide, columns)
        for c in range(3):
            part = ((b * 3 + c) * size + place) * wide
            vectors.add(work.score, k * wide, told[c], tables.context, part, columns)
    if tables.home.shape[1] > 0:
        for k in range(count):
            part = ((b * size + home) * size + work.places[k]) * wide
            vectors.add(work.score, k * wide, ONE, tables.home, part, columns)


@part
def chances(count: int, sharp: Real, work: Work) -> tuple[Real, Real]:
    """Write chances that do not add up to 1; return the largest logit, times `sharp`, and what they add up to."""
    top = work.logit[0]
    for k in range(1, count):
        top = max(top, work.logit[k])
    total = ZERO
    for k in range(count):
        chance = vectors.exponential(sharp * (work.logit[k] - top))
        work.chance[k] = chance
        total += chance
    return sharp * top, total


@part
def drawn(count: int, total: Real, work: Work) -> int:
    """Return which of the feasible places a random number draws, by the chances and their sum."""
    # Below the total even after rounding, so that the first place beyond is one with a chance.
    upto = min(np.float32(uniform(work)) * total, total * BELOW)
    passed = ZERO
    for k in range(count - 1):
        passed += work.chance[k]
        if passed > upto:
            return k
    return count - 1


@part
def position(choice: int, count: int, work: Work) -> int:
    """Return where a choice is among the feasible places, or -1."""
    for k in range(count):
        if work.places[k] == choice:
            return k
    return -1


@part
def change(
    b: int, at: int, home: int, told: tuple[Real, Real, Real], count: int, chosen: int, pull: Real, tables: Tables,
    clip: Real, changes: Tables, work: Work, shape: Sizes,
) -> None:  # fmt: skip
    """Add the gradients of `answer`, whose arrays are read, and of the logarithm of the chance of one place."""
    heads, lanes, width = shape
    first, wide, columns = b * tables.value.shape[1], len(heads), len(heads) + 2
    _, total = chances(count, ONE, work)
    for k in range(count):
        by = pull * ((ONE if k == chosen else ZERO) - work.chance[k] / total)
        work.pull[k] = by * clip * (ONE - work.bent[k] * work.bent[k])
        work.moved[k * columns + wide] = work.pull[k]
        work.moved[k * columns + wide + 1] = by
    vectors.gather(work.pushed, work.pull, tables.target, work.places, first, count, ALONE, width)
    vectors.scatter(changes.target, work.pull, work.glimpse, work.places, first, count, ALONE, width)
    vectors.scatter(changes.value, work.weight, work.pushed, work.places, first, count, heads, lanes)
    vectors.compare(work.weight_pull, work.pushed, tables.value, work.places, first, count, heads, lanes)
    vectors.soften_back(work.moved, columns, work.weight, work.weight_pull, count, heads)
    _move(b, at, home, told, count, changes, work, shape)


@part
def _move(
    b: int, at: int, home: int, told: tuple[Real, Real, Real], count: int, changes: Tables, work: Work, shape: Sizes
) -> None:
    """Add the gradients of `_score`."""
    columns = (*shape[0], 0, 0)
    wide, size = len(columns), changes.value.shape[1]
    for k in range(count):
        place = work.places[k]
        vectors.add(changes.place, ((b * size + at) * size + place) * wide, ONE, work.moved, k * wide, columns)
        for c in range(3):
            part = ((b * 3 + c) * size + place) * wide
            vectors.add(changes.context, part, told[c], work.moved, k * wide, columns)
    if changes.home.shape[1] > 0:
        for k in range(count):
            part = ((b * size + home) * size + work.places[k]) * wide
            vectors.add(changes.home, part, ONE, work.moved, k * wide, columns)


@part
def _tanh(x: Real) -> Real:
    """Return the hyperbolic tangent."""
    e = vectors.exponential(-TWO * abs(x))
    size = (ONE - e) / (ONE + e)
    return size if x >= ZERO else -size
