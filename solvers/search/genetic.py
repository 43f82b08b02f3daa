"""Hybrid genetic search: a population of plans that are crossed as giant tours, split and improved by exchanges.

Vidal 2022 ("Hybrid genetic search for the CVRP: open-source implementation and SWAP* neighborhood"), for one kind of
vehicles whose only limit is one load. Plans that overload vehicles have a part of the population of their own; their
price follows how many plans are lawful. Deviations: one plan of the first population comes from annealing; the tour is
split by the plain recursion, whose work is bounded by the longest stretch that one and a half vehicles hold; routes
that a child has from one parent are not tried among themselves again; the places that give the order of routes around
the depot are made from the legs; the neighbours are 15, not 20.
"""

import math

from vrp.solvers.search.descent import descend
from vrp.solvers.search.exchanges import refresh
from vrp.solvers.search.jit import kernel, outlined, part
from vrp.solvers.search.survival import BORN, KEPT, cull, measure, rank, store
from vrp.solvers.search.work import uniform

NEAR = 15
"""Neighbours of a stop between which exchanges are tried (Gamma of the paper)."""
LAWFUL = 0.2
"""Share of plans that should be lawful after their improvement."""
EVERY = 100
"""Plans between two changes of the price."""
ROOM = 1.5
"""Capacities up to which a route may be loaded when a tour is split."""


@outlined
def _split(s, p):  # type: ignore[no-untyped-def]
    """Cut the tour of the child into routes at the least price, and write them to the plan."""
    n = len(s.demand) - 1
    tour, cost, cut = p.child, p.cost, p.cut
    capacity, price = s.money[0], s.money[1]
    for i in range(1, n + 1):
        cost[i] = math.inf
    cost[0] = 0.0
    for i in range(n):
        load, length = 0.0, 0.0
        for j in range(i, n):
            c = tour[j]
            load += s.demand[c]
            length += s.leg[0, c] if j == i else s.leg[tour[j - 1], c]
            if load > ROOM * capacity and j > i:
                break
            total = cost[i] + length + s.leg[c, 0] + price * max(load - capacity, 0.0)
            if total < cost[j + 1]:
                cost[j + 1], cut[j + 1] = total, i
    routes = len(s.load)
    s.count[0] += 1
    r, j = 0, n
    for k in range(routes):
        s.nxt[n + 1 + k] = s.prv[n + 1 + k] = n + 1 + k
    while j > 0:
        i = cut[j]
        # Where vehicles are few, the last one takes all that is left.
        h = n + 1 + min(r, routes - 1)
        before = s.prv[h]
        for k in range(i, j):
            c = tour[k]
            s.nxt[before], s.prv[c] = c, before
            before = c
        s.nxt[before], s.prv[h] = h, before
        r += 1
        j = i
    for k in range(routes):
        refresh(s, k)


@outlined
def _admit(s, p):  # type: ignore[no-untyped-def]
    """Take the plan into the population; return whether it is lawful."""
    slot = 0
    while p.part[slot] >= 0:
        slot += 1
    store(s, p, slot)
    which = p.part[slot]
    lawful = which == 0
    if lawful and p.length[slot] < p.top[0] - s.money[2]:
        p.top[0] = p.length[slot]
        k = 0
        p.first[:] = 0
        for c in range(1, len(s.demand)):
            p.best[c] = p.after[slot, c]
            if p.before[slot, c] == 0:
                p.first[k] = c
                k += 1
        p.tally[2] = 0
    count = 0
    for q in range(len(p.part)):
        count += p.part[q] == which
    if count > KEPT + BORN:
        cull(s, p, which)
    return lawful


@outlined
def _shuffle(p, stops):  # type: ignore[no-untyped-def]
    """Put the stops in a random order."""
    for i in range(len(stops) - 1, 0, -1):
        j = int(uniform(p) * (i + 1))
        stops[i], stops[j] = stops[j], stops[i]


@outlined
def _educate(s, p):  # type: ignore[no-untyped-def]
    """Improve the plan in a random order of stops."""
    _shuffle(p, s.order)
    descend(s)


@outlined
def _inherit(s, p, a, b):  # type: ignore[no-untyped-def]
    """Note which routes of the plan are routes of one of its parents: those of the same one rest among themselves."""
    n = len(s.demand) - 1
    for r in range(len(s.load)):
        h = n + 1 + r
        of_a, of_b = True, True
        i = s.nxt[h]
        while i != h:
            before, after = s.at[s.prv[i]], s.at[s.nxt[i]]
            of_a = of_a and p.before[a, i] == before and p.after[a, i] == after
            of_b = of_b and p.before[b, i] == before and p.after[b, i] == after
            i = s.nxt[i]
        s.rest[r] = 1 if of_a else 2 if of_b else 0


@outlined
def _grow(s, p):  # type: ignore[no-untyped-def]
    """Improve and admit the child; one with overload is, every second time, mended at ten times the price."""
    _educate(s, p)
    lawful = _admit(s, p)
    p.tally[0] += lawful
    p.tally[1] += 1
    if not lawful and uniform(p) < 0.5:
        s.money[1] *= 10.0
        # Between routes without overload nothing is better at a higher price.
        for r in range(len(s.load)):
            s.rest[r] = s.load[r] <= s.money[0]
        _educate(s, p)
        s.money[1] /= 10.0
        if measure(s)[1] <= 1e-9 * s.money[0]:
            _admit(s, p)
    if p.tally[1] == EVERY:
        share = p.tally[0] / EVERY
        if share < LAWFUL - 0.05:
            s.money[1] = min(s.money[1] * 1.2, s.money[3])
        elif share > LAWFUL + 0.05:
            s.money[1] *= 0.85
        p.tally[0] = p.tally[1] = 0


@part
def _tournament(p, count):  # type: ignore[no-untyped-def]
    """Draw two plans of those in `kin` order and return the fitter one."""
    a = p.ranked[int(uniform(p) * count)]
    b = p.ranked[int(uniform(p) * count)]
    return a if p.fit[a] < p.fit[b] else b


@outlined
def _parents(s, p):  # type: ignore[no-untyped-def]
    """Draw two different plans by binary tournaments over both parts."""
    rank(s, p, 1)
    rank(s, p, 0)
    count = 0
    for q in range(len(p.part)):
        if p.part[q] >= 0:
            p.ranked[count] = q
            count += 1
    a = _tournament(p, count)
    b = _tournament(p, count)
    for _ in range(10):
        if a != b:
            break
        b = _tournament(p, count)
    return a, b


@outlined
def _cross(p, a, b):  # type: ignore[no-untyped-def]
    """Order crossover: a stretch of the first tour, the other stops in the order of the second."""
    n = len(p.child)
    i, j = int(uniform(p) * n), int(uniform(p) * n)
    while j == i and n > 1:
        j = int(uniform(p) * n)
    p.mark[:] = 0
    k = i
    while True:
        c = p.tour[a, k]
        p.child[k] = c
        p.mark[c] = 1
        if k == j:
            break
        k = k + 1 if k + 1 < n else 0
    at = j + 1 if j + 1 < n else 0
    k = at
    for _ in range(n):
        c = p.tour[b, k]
        if p.mark[c] == 0:
            p.child[at] = c
            at = at + 1 if at + 1 < n else 0
        k = k + 1 if k + 1 < n else 0


@kernel
def breed(s, p, tours, children):  # type: ignore[no-untyped-def]
    """Take plans into the population and then make some children of it.

    `tours` [k, n] holds the plans as giant tours; a row that begins with 0 stands for a random one. One kernel does
    both, since each takes seconds to compile.
    """
    n = len(p.child)
    for k in range(len(tours) + children):
        if k >= len(tours):
            a, b = _parents(s, p)
            _cross(p, a, b)
            _split(s, p)
            _inherit(s, p, a, b)
            p.tally[2] += 1
        else:
            given = tours[k, 0] > 0
            for i in range(n):
                p.child[i] = tours[k, i] if given else i + 1
            if not given:
                _shuffle(p, p.child)
            _split(s, p)
            s.rest[:] = 0
        _grow(s, p)
