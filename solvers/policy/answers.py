"""The pointer on a processor, compiled: what it answers to one query, and the gradients of that.

A query is a sum of parts (see `nets.pointer`), so that what it is compared with is compared with each part once per
problem (`fused`), and a query only adds up. Only places that are feasible are looked at.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.polynomial import Chebyshev, Polynomial
from numpy.typing import NDArray

from vrp.solvers.policy import vectors
from vrp.solvers.search.jit import part
from vrp.solvers.search.work import uniform

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Real = Any
"""A 32-bit number."""
Sizes = tuple[tuple[int, ...], tuple[int, ...]]
"""H and w, as tuples of so many numbers."""


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
    raw: Floats
    """[L, H] flat, what becomes the weights, and their gradients."""
    head: Floats
    """[H], one number per head."""
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
    # One block and gaps: compiled loops round a little differently where two of their arrays lie close to each other,
    # which must not depend on where the system happens to put them.
    block = np.zeros(places * (4 * heads + 7) + heads * (2 * width + 1) + 10 * GAP, np.float32)
    whole = np.zeros((2, places + GAP), np.int64)
    end = 0

    def real(number: int) -> Floats:
        nonlocal end
        begin, end = end, end + number + GAP
        return block[begin : begin + number]

    return Work(
        left=whole[0, :places],
        places=whole[1, :places],
        score=real(places * (heads + 2)),
        weight=real(places * heads),
        raw=real(places * heads),
        head=real(heads),
        glimpse=real(heads * width),
        bent=real(places),
        logit=real(places),
        chance=real(places),
        pushed=real(heads * width),
        moved=real(places * (heads + 2)),
        random=np.ones(1, np.uint64),
    )


GAP = 128
"""Numbers between two arrays, more than a loop takes at once."""

ZERO, ONE, TWO = np.float32(0), np.float32(1), np.float32(2)
ALONE = (0,)
"""One lane, for vectors with a number per head."""
INFINITY = np.float32(np.inf)
BELOW = np.float32(1 - 2.0**-24)
LOG2E = np.float32(1 / math.log(2))
LEAST = np.float32(-87)
"""Its exponential is about the smallest number that is not denormal."""
E0, E1, E2, E3, E4, E5, E6 = (
    np.float32(c) for c in Chebyshev.interpolate(np.exp2, 6, domain=[0, 1]).convert(kind=Polynomial).coef
)
"""2 to the power of x from 0 to 1, to 1e-7."""


@part
def answer(
    b: int, at: int, home: int, told: tuple[Real, Real, Real], count: int, tables: Tables, clip: Real, work: Work,
    shape: Sizes,
) -> None:  # fmt: skip
    """Write the logits of the feasible places (`nets.pointer.Pointer.forward`)."""
    _score(b, at, home, told, count, tables, work, shape)
    _weigh(count, work, shape)
    heads, lanes = shape
    size, width, columns = tables.value.shape[1], work.glimpse.shape[0], len(heads) + 2
    for d in range(width):
        work.glimpse[d] = ZERO
    for k in range(count):
        value = (b * size + work.places[k]) * width
        vectors.mix(work.glimpse, 0, work.weight, k * len(heads), tables.value, value, heads, lanes)
    for k in range(count):
        target = (b * size + work.places[k]) * width
        glanced = vectors.dot(work.glimpse, 0, tables.target, target, heads, lanes)
        work.bent[k] = glanced + work.score[k * columns + len(heads)]
    for k in range(count):
        work.bent[k] = _tanh(work.bent[k])
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
        vectors.add(work.score, k * wide, ONE, tables.place, ((b * size + at) * size + place) * wide, columns, ALONE)
        for c in range(3):
            part = ((b * 3 + c) * size + place) * wide
            vectors.add(work.score, k * wide, told[c], tables.context, part, columns, ALONE)
    if tables.home.shape[1] > 0:
        for k in range(count):
            part = ((b * size + home) * size + work.places[k]) * wide
            vectors.add(work.score, k * wide, ONE, tables.home, part, columns, ALONE)


@part
def _weigh(count: int, work: Work, shape: Sizes) -> None:
    """Write the weights of the feasible places in the glimpse of each head."""
    heads = shape[0]
    wide, columns = len(heads), len(heads) + 2
    raw, head = work.raw, work.head
    for i in range(count * wide):
        raw[i] = ZERO
        work.weight[i] = ZERO
    for h in range(wide):
        head[h] = work.score[h]
    for k in range(count):
        vectors.raise_to(head, 0, work.score, k * columns, heads, ALONE)
    for k in range(count):
        vectors.add(raw, k * wide, ONE, work.score, k * columns, heads, ALONE)
        vectors.add(raw, k * wide, -ONE, head, 0, heads, ALONE)
    # One long loop, since the ends of loops are not done in vectors.
    for i in range(count * wide):
        raw[i] = exponential(raw[i])
    for h in range(wide):
        head[h] = ZERO
    for k in range(count):
        vectors.add(head, 0, ONE, raw, k * wide, heads, ALONE)
    for h in range(wide):
        head[h] = ONE / head[h]
    for k in range(count):
        vectors.mix(work.weight, k * wide, head, 0, raw, k * wide, heads, ALONE)


@part
def chances(count: int, sharp: Real, work: Work) -> tuple[Real, Real]:
    """Write chances that do not add up to 1; return the largest logit, times `sharp`, and what they add up to."""
    top = work.logit[0]
    for k in range(1, count):
        top = max(top, work.logit[k])
    total = ZERO
    for k in range(count):
        chance = exponential(sharp * (work.logit[k] - top))
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
    heads, lanes = shape
    wide, columns = len(heads), len(heads) + 2
    size, width = tables.value.shape[1], work.glimpse.shape[0]
    for i in range(count * columns):
        work.moved[i] = ZERO
    for d in range(width):
        work.pushed[d] = ZERO
    _, total = chances(count, ONE, work)
    for k in range(count):
        target = (b * size + work.places[k]) * width
        by = pull * ((ONE if k == chosen else ZERO) - work.chance[k] / total)
        work.moved[k * columns + wide + 1] = by
        by *= clip * (ONE - work.bent[k] * work.bent[k])
        work.moved[k * columns + wide] = by
        vectors.add(work.pushed, 0, by, tables.target, target, heads, lanes)
        vectors.add(changes.target, target, by, work.glimpse, 0, heads, lanes)
    for h in range(wide):
        work.head[h] = ZERO
    for k in range(count):
        value = (b * size + work.places[k]) * width
        vectors.mix(changes.value, value, work.weight, k * wide, work.pushed, 0, heads, lanes)
        vectors.compare(work.raw, k * wide, work.pushed, 0, tables.value, value, heads, lanes)
        vectors.mix(work.head, 0, work.weight, k * wide, work.raw, k * wide, heads, ALONE)
    for k in range(count):
        vectors.add(work.raw, k * wide, -ONE, work.head, 0, heads, ALONE)
        vectors.mix(work.moved, k * columns, work.weight, k * wide, work.raw, k * wide, heads, ALONE)
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
        vectors.add(changes.place, ((b * size + at) * size + place) * wide, ONE, work.moved, k * wide, columns, ALONE)
        for c in range(3):
            part = ((b * 3 + c) * size + place) * wide
            vectors.add(changes.context, part, told[c], work.moved, k * wide, columns, ALONE)
    if changes.home.shape[1] > 0:
        for k in range(count):
            part = ((b * size + home) * size + work.places[k]) * wide
            vectors.add(changes.home, part, ONE, work.moved, k * wide, columns, ALONE)


# Functions that loops with vectors can hold, unlike calls of a library


@part
def exponential(x: Real) -> Real:
    """Return the exponential of a number up to 0."""
    x = max(x, LEAST) * LOG2E
    whole = vectors.floor(x)
    f = x - whole
    return (E0 + f * (E1 + f * (E2 + f * (E3 + f * (E4 + f * (E5 + f * E6)))))) * vectors.power_of_two(whole)


@part
def _tanh(x: Real) -> Real:
    """Return the hyperbolic tangent."""
    e = exponential(-TWO * abs(x))
    size = (ONE - e) / (ONE + e)
    return size if x >= ZERO else -size
