"""Tours: one vehicle that visits every client, with nothing to keep (TSP and ATSP). Iterated local search.

Kernels. The local search improves a tour by moves that begin at a queued city and look at its nearest neighbours only:
2-opt and the moving of up to three cities (Or 1976) where legs are as long as the way back, else exchanges of two
adjacent stretches (3-opt without reversal). It is repeated after local double bridges (Martin, Otto and Felten 1991),
of which those are taken back that end in a tour too long for the temperature of an annealing.
"""

import math
from typing import Any, NamedTuple

from vrp.solvers.search.jit import kernel, outlined, part
from vrp.solvers.search.network import leg
from vrp.solvers.search.work import uniform

STRETCH = 50
"""Longest stretch of a double bridge."""
MOVED = 3
"""Most cities that one move takes elsewhere, where it may reverse them."""


class Tour(NamedTuple):
    """A tour of the cities 0..m-1: the clients and, as the last one, the depot."""

    node: Any
    """[m] the node of each city."""
    order: Any
    """[m] cities in the order of their visits, in any rotation."""
    at: Any
    """[m] where each city stands in it."""
    near: Any
    """[m, k] cities that are nearest to each one, -1 where there are fewer."""
    queue: Any
    """[m] ring of the cities that moves are to begin at."""
    queued: Any
    """[m] whether it holds a city."""
    ring: Any
    """[2] where the ring begins, and its length."""
    log: Any
    """[*, 3] places from, between and to which the order was changed, of all changes since the last kick."""
    logged: Any
    """[1]"""
    spare: Any
    """[m]"""
    length: Any
    """[1]"""
    least: float
    """What a move must save, so that rounding errors are no moves."""


@part
def _d(net, tour, i, j):  # type: ignore[no-untyped-def]
    return leg(net, 0, tour.node[i], tour.node[j])


@part
def _after(tour, i):  # type: ignore[no-untyped-def]
    k = tour.at[i] + 1
    return tour.order[k if k < len(tour.order) else 0]


@part
def _before(tour, i):  # type: ignore[no-untyped-def]
    k = tour.at[i] - 1
    return tour.order[k if k >= 0 else len(tour.order) - 1]


@part
def _ask(tour, i):  # type: ignore[no-untyped-def]
    """Queue a city."""
    if tour.queued[i] == 0:
        tour.queued[i] = 1
        k = tour.ring[0] + tour.ring[1]
        m = len(tour.queue)
        tour.queue[k if k < m else k - m] = i
        tour.ring[1] += 1


@part
def _next(tour):  # type: ignore[no-untyped-def]
    """Take the next city out of the queue."""
    i = tour.queue[tour.ring[0]]
    tour.ring[0] += 1
    if tour.ring[0] == len(tour.queue):
        tour.ring[0] = 0
    tour.ring[1] -= 1
    tour.queued[i] = 0
    return i


@part
def _note(tour, i, j, k):  # type: ignore[no-untyped-def]
    """Log a change; where the log is full, no change since the last kick can be taken back."""
    n = tour.logged[0]
    if n < len(tour.log):
        tour.log[n, 0], tour.log[n, 1], tour.log[n, 2] = i, j, k
    tour.logged[0] = n + 1


@outlined
def _turn(tour, i, j):  # type: ignore[no-untyped-def]
    """Reverse what stands from place i to place j, cyclically."""
    order, at, m = tour.order, tour.at, len(tour.order)
    count = j - i + 1
    if count <= 0:
        count += m
    for _ in range(count // 2):
        x, y = order[i], order[j]
        order[i], order[j] = y, x
        at[y], at[x] = i, j
        i += 1
        if i == m:
            i = 0
        j -= 1
        if j < 0:
            j = m - 1


@part
def _reverse(tour, a, b):  # type: ignore[no-untyped-def]
    """Reverse the way from city a to city b, or all the rest, which gives the same cycle."""
    m = len(tour.order)
    i, j = tour.at[a], tour.at[b]
    inside = j - i + 1
    if inside <= 0:
        inside += m
    if 2 * inside > m:
        i, j = j + 1, i - 1
        if i == m:
            i = 0
        if j < 0:
            j = m - 1
    _turn(tour, i, j)
    _note(tour, i, -1, j)


@part
def _exchange(tour, a, b, c, d):  # type: ignore[no-untyped-def]
    """Replace the edges ab and cd by ac and bd, where b follows a and d follows c, or both the other way round."""
    if _after(tour, a) == b:
        _reverse(tour, b, c)
    else:
        _reverse(tour, a, d)


@outlined
def _swap(tour, i, j, k):  # type: ignore[no-untyped-def]
    """Exchange the stretch from place i up to place j (excluded) and the one from j up to k, cyclically."""
    order, at, spare, m = tour.order, tour.at, tour.spare, len(tour.order)
    first, second = (j - i) % m, (k - j) % m
    x = i
    for y in range(first):
        spare[y] = order[x]
        x += 1
        if x == m:
            x = 0
    y = i
    for _ in range(second):
        c = order[x]
        order[y] = c
        at[c] = y
        x += 1
        if x == m:
            x = 0
        y += 1
        if y == m:
            y = 0
    for x in range(first):
        c = spare[x]
        order[y] = c
        at[c] = y
        y += 1
        if y == m:
            y = 0


@part
def _swap_noted(tour, i, j, k):  # type: ignore[no-untyped-def]
    _swap(tour, i, j, k)
    _note(tour, i, (i + k - j) % len(tour.order), k)


@outlined
def _undo(tour):  # type: ignore[no-untyped-def]
    for n in range(tour.logged[0] - 1, -1, -1):
        i, j, k = tour.log[n, 0], tour.log[n, 1], tour.log[n, 2]
        if j < 0:
            _turn(tour, i, k)
        else:
            _swap(tour, i, j, k)


@outlined
def _two_opt(net, tour, a):  # type: ignore[no-untyped-def]
    """Exchange an edge of city a and another one for two shorter ones; return what is saved."""
    for side in range(2):
        b = _after(tour, a) if side == 0 else _before(tour, a)
        edge = _d(net, tour, a, b)
        for k in range(tour.near.shape[1]):
            c = tour.near[a, k]
            if c < 0:
                break
            gain = edge - _d(net, tour, a, c)
            if gain <= tour.least:
                break
            d = _after(tour, c) if side == 0 else _before(tour, c)
            if c == b or d == a:
                continue
            gain += _d(net, tour, c, d) - _d(net, tour, b, d)
            if gain > tour.least:
                _exchange(tour, a, b, c, d)
                _ask(tour, a)
                _ask(tour, b)
                _ask(tour, c)
                _ask(tour, d)
                return gain
    return 0.0


@outlined
def _or_opt(net, tour, a):  # type: ignore[no-untyped-def]
    """Move up to three cities that end at city a beside one of its neighbours; return what is saved."""
    m = len(tour.order)
    for side in range(2):
        far = a
        for count in range(1, min(MOVED, m - 3) + 1):
            if count > 1:
                far = _after(tour, far) if side == 0 else _before(tour, far)
            # As it stands: p, first .. last, q.
            first, last = (a, far) if side == 0 else (far, a)
            p, q = _before(tour, first), _after(tour, last)
            saved = _d(net, tour, p, first) + _d(net, tour, last, q) - _d(net, tour, p, q)
            for k in range(tour.near.shape[1]):
                c = tour.near[a, k]
                if c < 0:
                    break
                gain = saved - _d(net, tour, a, c)
                if gain <= tour.least:
                    break
                place = (tour.at[c] - tour.at[first]) % m
                if place < count:
                    continue
                for way in range(2):
                    e = c if way == 0 else _before(tour, c)
                    f = _after(tour, c) if way == 0 else c
                    # Beside p or q it is another move, from another city.
                    if e in (last, p) or f in (first, p):
                        continue
                    other = f if way == 0 else e
                    total = gain + _d(net, tour, e, f) - _d(net, tour, far, other)
                    if total <= tour.least:
                        continue
                    # To e, last .. first, f, and where a is to stand at the other end, to e, first .. last, f.
                    _exchange(tour, p, first, e, f)
                    if e != q:
                        _exchange(tour, p, e, q, last)
                    if (a == first) == (way == 0):
                        _exchange(tour, e, last, first, f)
                    _ask(tour, p)
                    _ask(tour, q)
                    _ask(tour, first)
                    _ask(tour, last)
                    _ask(tour, e)
                    _ask(tour, f)
                    return total
    return 0.0


@outlined
def _three_opt(net, tour, a):  # type: ignore[no-untyped-def]
    """Exchange two adjacent stretches, the first of which begins behind city a; return what is saved."""
    m = len(tour.order)
    a2 = _after(tour, a)
    begin = tour.at[a2]
    leaves = _d(net, tour, a, a2)
    for k in range(tour.near.shape[1]):
        b2 = tour.near[a, k]
        if b2 < 0:
            break
        gain = leaves - _d(net, tour, a, b2)
        if gain <= tour.least:
            break
        if b2 == a2:
            continue
        b = _before(tour, b2)
        gain += _d(net, tour, b, b2)
        cut = (tour.at[b2] - begin) % m
        for x in range(tour.near.shape[1]):
            c2 = tour.near[b, x]
            if c2 < 0:
                break
            partly = gain - _d(net, tour, b, c2)
            if partly <= tour.least:
                break
            # In the order a2 .. b, b2 .. c, c2 .. a.
            end = (tour.at[c2] - begin) % m
            if end <= cut:
                continue
            c = _before(tour, c2)
            total = partly + _d(net, tour, c, c2) - _d(net, tour, c, a2)
            if total <= tour.least:
                continue
            # Of three stretches any two change places; the longest one stays.
            i, j, h = begin, tour.at[b2], tour.at[c2]
            one, two, three = cut, end - cut, m - end
            if three >= one and three >= two:
                _swap_noted(tour, i, j, h)
            elif one >= two:
                _swap_noted(tour, j, h, i)
            else:
                _swap_noted(tour, h, i, j)
            _ask(tour, a)
            _ask(tour, a2)
            _ask(tour, b)
            _ask(tour, b2)
            _ask(tour, c)
            _ask(tour, c2)
            return total
    return 0.0


@part
def _descend(net, tour, symmetric):  # type: ignore[no-untyped-def]
    """Make moves until none is left that begins at a queued city."""
    saved = 0.0
    while tour.ring[1] > 0:
        a = _next(tour)
        if symmetric:
            gain = _two_opt(net, tour, a)
            if gain == 0.0:
                gain = _or_opt(net, tour, a)
        else:
            gain = _three_opt(net, tour, a)
        saved += gain
    return saved


@part
def _kick(net, tour, work):  # type: ignore[no-untyped-def]
    """Turn three stretches that follow each other, B C D, into D C B; return by how much the tour grows."""
    m = len(tour.order)
    longest = max(1, min(STRETCH, (m - 2) // 3))
    i = int(uniform(work) * m)
    j = i + 1 + int(uniform(work) * longest)
    h = j + 1 + int(uniform(work) * longest)
    e = h + 1 + int(uniform(work) * longest)
    b1, c1, d1, y = tour.order[i], tour.order[j % m], tour.order[h % m], tour.order[e % m]
    x, b2, c2, d2 = _before(tour, b1), _before(tour, c1), _before(tour, d1), _before(tour, y)
    grown = _d(net, tour, x, d1) + _d(net, tour, d2, c1) + _d(net, tour, c2, b1) + _d(net, tour, b2, y)
    grown -= _d(net, tour, x, b1) + _d(net, tour, b2, c1) + _d(net, tour, c2, d1) + _d(net, tour, d2, y)
    _swap_noted(tour, i, j % m, e % m)
    _swap_noted(tour, i, (i + h - j) % m, (i + e - j) % m)
    for c in (x, b1, b2, c1, c2, d1, d2, y):
        _ask(tour, c)
    return grown


@kernel
def polish(net, tour, work, symmetric, kicks, temperature):  # type: ignore[no-untyped-def]
    """Improve the tour from the cities that are queued, then by kicks at one temperature."""
    tour.logged[0] = 0
    tour.length[0] -= _descend(net, tour, symmetric)
    for _ in range(kicks):
        tour.logged[0] = 0
        grown = _kick(net, tour, work)
        grown -= _descend(net, tour, symmetric)
        if grown < -temperature * math.log(1.0 - uniform(work)) or tour.logged[0] > len(tour.log):
            tour.length[0] += grown
        else:
            _undo(tour)


@kernel
def measure(net, tour):  # type: ignore[no-untyped-def]
    """Compute from `order` all that follows from it."""
    length = 0.0
    for i in range(len(tour.order)):
        c = tour.order[i]
        tour.at[c] = i
        length += _d(net, tour, c, tour.order[i + 1 if i + 1 < len(tour.order) else 0])
    tour.length[0] = length
