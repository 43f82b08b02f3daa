"""A population of annealed plans that exchange routes: for problems small enough that one annealing ends too early.

The child of two plans is the first one with some neighbouring routes of the second in place of those that share most
stops with them: the selective route exchange of Nagata and Kobayashi 2010 ("A memetic algorithm for the pickup and
delivery problem with time windows using selective route exchange crossover"). Deviations: the routes are chosen around
a random client, one child is made of the two that are possible, and stops that lose their route are put back by the
search's own insertion, which respects every constraint.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vrp.solvers.search.groups import replaced, stands
from vrp.solvers.search.halts import Halts, forget_halts, is_halt, stand_in
from vrp.solvers.search.jit import allocating_kernel, part
from vrp.solvers.search.model import Model, chain
from vrp.solvers.search.plan import enter_bank, held

ENOUGH = 1 / 1250
"""A population pays from this many iterations per client to the power of four on, ..."""
LEAST = 100
"""... and this many per client."""
FIRST = 0.4
"""Share of the iterations in which the first plans are annealed."""
WARM = 0.1
"""First temperature of a child, in average legs."""


class Elite(NamedTuple):
    """A plan of the population."""

    following: NDArray[np.int64]
    """[N] the node after each one, valid where the route's size is above 0."""
    size: NDArray[np.int64]
    """[R]"""
    missing: int
    """Required clients left out."""
    lead: float
    """What comes before the cost (`aims.py`)."""
    cost: float

    def rank(self) -> tuple[int, float, float]:
        """Return what plans are compared by."""
        return self.missing, self.lead, self.cost

    def equals(self, other: "Elite") -> bool:
        """Tell whether two plans are the same, as far as their costs tell."""
        same = (self.missing, self.lead) == (other.missing, other.lead)
        return same and math.isclose(self.cost, other.cost, rel_tol=1e-9)


class Shape(NamedTuple):
    """How a budget of iterations is spent on a population."""

    plans: int
    """1: the whole budget goes into one annealing."""
    child: float
    """Share of the budget that goes into the annealing of one child."""


def shape(iterations: float, clients: int) -> Shape:
    """Choose how many plans to keep and how long a child is annealed, where a plan serves so many clients.

    Fitted on 15 instances of the X set with 119 to 383 clients and 14 road problems with 100, and on longer runs of
    fleets and depots. With 100 clients a population was better from 80,000 iterations on (a mean gap of 0.14 against
    0.36 % with 150,000). With 336 to 479 and 4 to 14 million, one long annealing was better in 6 of 7 runs (mean gaps
    of 0.56 and 0.88 %); with 250 to 298 and 3 million, both were the same (0.41 and 0.41 %, 7 runs on X).
    """
    if not math.isfinite(iterations) or iterations < clients * max(ENOUGH * clients**3, LEAST) or clients < 4:
        return Shape(1, 1.0)
    each = math.sqrt(iterations / clients)
    return Shape(int(min(max(each / 3.0, 6.0), 48.0)), 0.35 * each * clients / iterations)


def elite(model: Model) -> Elite:
    """Copy the best plan of a model."""
    return Elite(model.plan.best.copy(), model.plan.best_size.copy(), *model.rank(1))


def present(model: Model) -> Elite:
    """Copy the current plan of a model."""
    return Elite(model.plan.nxt.copy(), model.plan.size.copy(), *model.rank(0))


def adopt(model: Model, plan: Elite) -> None:
    """Make an elite the current plan; its running sums are still to be rebuilt."""
    _adopt(model.plan, model.clients, plan.following, plan.size)


def cross(model: Model, near: NDArray[np.int64], a: Elite, b: Elite, rng: np.random.Generator) -> NDArray[np.int64]:
    """Make the child of a and b the current plan and return the clients that have lost their route.

    None of them is in a route or in the bank; the running sums are still to be rebuilt.
    """
    routes = max(1, int((b.size > 0).sum()) // 2)
    many, seed = int(rng.integers(1, routes + 1)), int(rng.choice(model.clients))
    left: NDArray[np.int64] = _cross(
        model.plan, model.fleet, model.clients, near, a.following, a.size, b.following, b.size, seed, many
    )
    return rng.permutation(left)


def dissolve(model: Model, routes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Take some routes out of the current plan and return their clients; the running sums are still to be rebuilt.

    Their fixed first stops stay.
    """
    plan = model.plan
    movable = np.setdiff1d(model.clients, model.locked())
    gone = movable[np.isin(plan.route[movable], routes)]
    for r in routes.tolist():
        chain(plan, r, model.prefixes.get(r, ()))
    plan.route[gone] = -1
    if isinstance(plan.halts, Halts):
        halts = plan.halts.nodes()
        plan.route[halts[np.isin(plan.route[halts], routes)]] = -1
    return gone


@part
def _clear(plan, clients):  # type: ignore[no-untyped-def]
    """Leave every vehicle unused and every client nowhere."""
    for r in range(len(plan.size)):
        plan.nxt[plan.locations + r] = plan.locations + r
    for c in clients:
        plan.route[c] = -1
        plan.place[c] = -1
    plan.banked[0] = 0
    forget_halts(plan)


@allocating_kernel
def _adopt(plan, clients, following, size):  # type: ignore[no-untyped-def]
    L = plan.locations
    _clear(plan, clients)
    for r in range(len(size)):
        i = L + r
        while size[r] > 0:
            plan.nxt[i] = following[i]
            i = following[i]
            if i == L + r:
                break
            plan.route[i] = r
    for c in clients:
        if plan.route[c] < 0 and stands(plan, c):
            enter_bank(plan, c)


@part
def _vacate(plan, r):  # type: ignore[no-untyped-def]
    """Leave route r, which makes halts alone, unused."""
    h = plan.locations + r
    while plan.nxt[h] != h:
        x = plan.nxt[h]
        plan.route[x] = -1
        plan.nxt[h] = plan.nxt[x]


@allocating_kernel
def _cross(plan, fleet, clients, near, a, size_a, b, size_b, seed, many):  # type: ignore[no-untyped-def]
    L, R = plan.locations, len(size_a)
    in_b = np.full(L, -1, np.int64)
    for r in range(R):
        i = b[L + r] if size_b[r] > 0 else L + r
        while i < L:
            in_b[i] = r
            i = b[i]
    chosen = np.zeros(R, np.bool_)
    count = 0
    for k in range(-1, near.shape[1]):
        c = seed if k < 0 else near[seed, k]
        if c < 0 or count == many:
            break
        if in_b[c] >= 0 and not chosen[in_b[c]] and held(plan.fixed, in_b[c]) == 0:
            chosen[in_b[c]] = True
            count += 1
    # The routes of a that share most with them go, but for those whose first stops are fixed.
    share = np.full(R, -1.0)
    for r in range(R):
        i = a[L + r] if size_a[r] > 0 else L + r
        shared = 0
        while i < L:
            if in_b[i] >= 0 and chosen[in_b[i]]:
                shared += 1
            i = a[i]
        if size_a[r] > 0 and held(plan.fixed, r) == 0:
            share[r] = shared / size_a[r]
    for _ in range(count):
        share[np.argmax(share)] = -1.0
    _clear(plan, clients)
    # What is left of a keeps its vehicles; the routes of b take their own or another of its kind.
    for r in range(R):
        if share[r] < 0.0 and held(plan.fixed, r) == 0:
            continue
        p = i = L + r
        empty = True
        while True:
            i = a[i]
            if i >= L:
                break
            halts = is_halt(plan, i)
            if halts or ((in_b[i] < 0 or not chosen[in_b[i]]) and not replaced(plan, i, in_b, chosen)):
                plan.nxt[p] = i
                plan.route[i] = r
                p = i
                empty = empty and halts
        plan.nxt[p] = L + r
        if empty:
            _vacate(plan, r)
    for r in range(R):
        if not chosen[r]:
            continue
        begin = fleet.begin[fleet.kind[r]]
        v = r
        if plan.nxt[L + r] < L:
            v = begin
            while v < R and fleet.kind[v] == fleet.kind[r] and plan.nxt[L + v] < L:
                v += 1
        if v == R or fleet.kind[v] != fleet.kind[r]:
            continue
        p = L + v
        i = b[L + r]
        while i < L:
            # A route of a may make the same halt.
            x = stand_in(plan, i)
            if x >= 0:
                plan.nxt[p] = x
                plan.route[x] = v
                p = x
            i = b[i]
        plan.nxt[p] = L + v
    left = np.empty(len(clients), np.int64)
    count = 0
    for c in clients:
        if plan.route[c] < 0 and stands(plan, c):
            left[count] = c
            count += 1
    return left[:count]
