"""Survival: the plans of a population, how far they are apart, and which of them stay.

Vidal 2022 ("Hybrid genetic search for the CVRP: open-source implementation and SWAP* neighborhood"): biased fitness by
cost and by diversity, measured in broken pairs; lawful plans and those with overload are two parts of their own.
"""

import math
from typing import Any, NamedTuple

from vrp.solvers.search.jit import outlined, part

KEPT = 25
"""Plans of each part that survive (mu)."""
BORN = 40
"""Plans that a part may grow by before it is cut down (lambda)."""
ELITE = 4
"""Plans of each part that are safe for their cost alone."""
CLOSEST = 5
"""Plans that the diversity of a plan is measured against."""


class Population(NamedTuple):
    """Plans in slots; a slot is free where its part is -1."""

    tour: Any
    """[P, n] giant tours."""
    after: Any
    """[P, n + 1] stop that follows each one, 0 at the end of a route."""
    before: Any
    """[P, n + 1]"""
    length: Any
    """[P] cost without the price of overload."""
    over: Any
    """[P] load above capacity."""
    part: Any
    """[P] 0 lawful, 1 with overload, -1 free."""
    apart: Any
    """[P, P] share of broken pairs between two plans."""
    fit: Any
    """[P] biased fitness (eq. 4): rank by cost, and by diversity as far as the elite is safe."""
    spread: Any
    """[P] scratch: mean distance to the closest plans."""
    ranked: Any
    """[P] scratch: the plans of a part, the cheapest first."""
    kin: Any
    """[P] scratch."""
    best: Any
    """[n + 1] `after` of the best lawful plan."""
    first: Any
    """[n] first stops of its routes; 0 behind them."""
    top: Any
    """[1] its cost."""
    tally: Any
    """[3] lawful plans and all plans since the price was changed, plans since the best one."""
    random: Any
    """[1] state of the random numbers."""
    child: Any
    """[n]"""
    cut: Any
    """[n + 1] predecessors of the split."""
    cost: Any
    """[n + 1] its costs."""
    mark: Any
    """[n + 1] scratch of the crossing."""
    spot: Any
    """[n + 1, 2] where a stop lies, seen from the depot."""
    angle: Any
    """[R] direction of a route's centre, seen from the depot."""
    around: Any
    """[R] the routes in the order of these directions."""


@part
def measure(s):  # type: ignore[no-untyped-def]
    """Return the cost of the plan without the price of overload, and the overload."""
    n = len(s.demand) - 1
    length, over = 0.0, 0.0
    for r in range(len(s.load)):
        over += max(s.load[r] - s.money[0], 0.0)
        h = n + 1 + r
        i = s.nxt[h]
        if i == h:
            continue
        length += s.leg[0, i]
        while i != h:
            length += s.leg[i, s.at[s.nxt[i]]]
            i = s.nxt[i]
    return length, over


@outlined
def _go_around(s, p):  # type: ignore[no-untyped-def]
    """Sort the routes by the direction of their centres, so that a stretch of a giant tour is a sector of the plan."""
    n = len(s.demand) - 1
    for r in range(len(s.load)):
        h = n + 1 + r
        x, y = 0.0, 0.0
        i = s.nxt[h]
        while i != h:
            x += p.spot[i, 0]
            y += p.spot[i, 1]
            i = s.nxt[i]
        p.angle[r] = math.atan2(y, x)
        j = r
        while j > 0 and p.angle[p.around[j - 1]] > p.angle[r]:
            p.around[j] = p.around[j - 1]
            j -= 1
        p.around[j] = r


@outlined
def store(s, p, slot):  # type: ignore[no-untyped-def]
    """Write the plan to a slot of the population."""
    n = len(s.demand) - 1
    k = 0
    _go_around(s, p)
    for r in p.around:
        h = n + 1 + r
        i, before = s.nxt[h], 0
        while i != h:
            p.tour[slot, k] = i
            k += 1
            p.before[slot, i] = before
            if before > 0:
                p.after[slot, before] = i
            before = i
            i = s.nxt[i]
        if before > 0:
            p.after[slot, before] = 0
    p.length[slot], p.over[slot] = measure(s)
    p.part[slot] = 0 if p.over[slot] <= 1e-9 * s.money[0] else 1
    for q in range(len(p.part)):
        if p.part[q] >= 0 and q != slot:
            broken = 0
            for c in range(1, n + 1):
                a, b = p.after[slot, c], p.before[slot, c]
                if a != p.after[q, c] and a != p.before[q, c]:
                    broken += 1
                if b == 0 and p.before[q, c] != 0 and p.after[q, c] != 0:
                    broken += 1
            p.apart[slot, q] = p.apart[q, slot] = broken / n


@outlined
def rank(s, p, which):  # type: ignore[no-untyped-def]
    """Sort the plans of a part by cost and set their biased fitness; return how many there are."""
    count, price = 0, s.money[1]
    for q in range(len(p.part)):
        if p.part[q] == which:
            cost = p.length[q] + price * p.over[q]
            j = count
            while j > 0 and p.length[p.ranked[j - 1]] + price * p.over[p.ranked[j - 1]] > cost:
                p.ranked[j] = p.ranked[j - 1]
                j -= 1
            p.ranked[j] = q
            count += 1
    for i in range(count):
        q = p.ranked[i]
        # Mean of the least distances: a small heap kept by insertion.
        kept = 0
        for j in range(count):
            if i == j:
                continue
            d = p.apart[q, p.ranked[j]]
            if kept == CLOSEST and d >= p.kin[kept - 1]:
                continue
            at = kept if kept < CLOSEST else CLOSEST - 1
            while at > 0 and p.kin[at - 1] > d:
                p.kin[at] = p.kin[at - 1]
                at -= 1
            p.kin[at] = d
            kept = min(kept + 1, CLOSEST)
        total = 0.0
        for j in range(kept):
            total += p.kin[j]
        p.spread[q] = total / max(kept, 1)
    share = max(0.0, 1.0 - ELITE / max(count, 1))
    for i in range(count):
        q = p.ranked[i]
        place = 0
        for j in range(count):
            d = p.spread[p.ranked[j]]
            place += d > p.spread[q] or (d == p.spread[q] and j < i)
        p.fit[q] = (i + share * place) / max(count - 1, 1)
    return count


@outlined
def cull(s, p, which):  # type: ignore[no-untyped-def]
    """Cut a part down to the plans that survive: first clones go, then those of the worst fitness."""
    while True:
        count = rank(s, p, which)
        if count <= KEPT:
            return
        worst, cloned = -1, False
        for i in range(1, count):
            q = p.ranked[i]
            clone = False
            for j in range(count):
                if i != j and p.apart[q, p.ranked[j]] < 1e-9:
                    clone = True
            if worst < 0 or (clone and not cloned) or (clone == cloned and p.fit[q] > p.fit[worst]):
                worst, cloned = q, clone
        p.part[worst] = -1
