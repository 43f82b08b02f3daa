"""Between the search and its genetic part: the model's plans as giant tours, and the best plan back."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vrp.solvers.search.aims import cost_alone
from vrp.solvers.search.exchanges import LEAST, Tours
from vrp.solvers.search.genetic import NEAR, breed
from vrp.solvers.search.groups import Groups
from vrp.solvers.search.jit import allocating_kernel
from vrp.solvers.search.loads import OneLoad
from vrp.solvers.search.model import Model
from vrp.solvers.search.network import leg
from vrp.solvers.search.plan import Equal, Far
from vrp.solvers.search.population import Elite
from vrp.solvers.search.survival import BORN, KEPT, Population
from vrp.solvers.search.times import NoTime

PAYS = 25.0
"""Breeding pays from this many children on, with 100 clients; the number grows with the cube of the clients."""
WELL = 70.0
"""Iterations per client after which the first plan is annealed well enough at 100 clients; they grow likewise."""
ANNEALED = 0.4
"""Share of the time that the first plan is annealed for, at most."""
RANDOM = 100
"""Random plans that a population begins with, at most."""
FEWEST, MOST = 5, 1000
"""Clients between which plans are bred: below there is nothing to cross, above no time is long enough."""
PATIENT = 20_000
"""Children without a better plan after which a population begins anew (as in HGS)."""
SPARE = 1.3
"""Routes that a plan may have, in least numbers of vehicles, and three more."""


class Growth(NamedTuple):
    """How a budget is spent on breeding."""

    annealing: float
    """Share of it that anneals the first plan."""
    random: int
    """Random plans that a population begins with."""


@allocating_kernel
def _table(net, clients, home, fixed):  # type: ignore[no-untyped-def]
    n = len(clients)
    legs = np.zeros((n + 1, n + 1))
    for i in range(n):
        legs[0, i + 1] = leg(net, 0, home, clients[i]) + fixed
        legs[i + 1, 0] = leg(net, 0, clients[i], home)
        for j in range(n):
            if i != j:
                legs[i + 1, j + 1] = leg(net, 0, clients[i], clients[j])
    return legs


def grow(model: Model, iterations: float) -> Growth | None:
    """Choose how a budget of iterations is spent on breeding; None where annealing alone does better, or must do.

    Fitted on uniform problems with 100 clients (0.016 to 1 s of one core) and on 16 of the X set with 147 to 626 (1 and
    10 s). In 10 s of one core a bred plan of 213 to 438 clients was 0.36 % above the best known instead of 0.76 %;
    with 626 clients it was worse.
    """
    if not applies(model):
        return None
    n = len(model.clients)
    scale, children = (n / 100.0) ** 3, iterations / n
    if children < PAYS * scale:
        return None
    return Growth(min(ANNEALED, WELL * scale / children), int(min(RANDOM, 0.05 * children)))


def applies(model: Model) -> bool:
    """Tell whether the genetic search knows the problem: one kind of vehicles, one load, every stop must be served."""
    m = model
    if m.prefixes or not cost_alone(m.plan.aim) or not FEWEST <= len(m.clients) <= MOST:
        return False
    plain = isinstance(m.times, NoTime) and isinstance(m.mix, Equal) and isinstance(m.reach, Far)
    if isinstance(m.plan.groups, Groups):
        return False
    if not plain or not isinstance(m.loads, OneLoad) or len(m.fleet.top) > 1 or not np.isfinite(m.loads.capacity[0]):
        return False
    demand = m.loads.demand[m.clients]
    least = np.ceil(demand.sum() / m.loads.capacity[0])
    spare = len(m.fleet.kind) >= SPARE * least + 3 or len(m.fleet.kind) >= len(m.clients)
    return bool(m.required[m.clients].all() and spare and 0 < demand.max() <= m.loads.capacity[0])


@dataclass
class Breeding:
    """A population that grows from plans of the model."""

    model: Model
    tours: Tours
    population: Population

    @classmethod
    def of(cls, model: Model, near: NDArray[np.int64], seed: int) -> "Breeding":
        """Make an empty population for a model whose clients have the neighbours `near`."""
        m, n, first = model, len(model.clients), int(model.clients[0])
        legs = _table(m.net, m.clients, m.plan.locations, float(m.fleet.fixed[0]))
        demand = np.concatenate([[0.0], m.loads.demand[m.clients]])
        capacity = float(m.loads.capacity[0])
        routes = min(n, len(m.fleet.kind), int(np.ceil(SPARE * demand.sum() / capacity) + 3))
        close = near[m.clients, :NEAR]
        beside = np.zeros((n + 1, close.shape[1]), np.uint32)
        beside[1:] = np.where(close >= 0, close - first + 1, 0)
        dear = float(legs.max() / demand.max())
        money = np.array([capacity, dear, LEAST * max(float(legs.mean()), 1e-300), 1e6 * dear])
        tours = _tours(legs, demand, beside, routes, money)
        return cls(m, tours, _population(n, routes, 2 * (KEPT + BORN + 2), seed, _spots(legs, float(m.fleet.fixed[0]))))

    def settle(self, plans: list[Elite], random: int) -> None:
        """Take in plans, and so many random ones."""
        rows = np.zeros((len(plans) + random, len(self.model.clients)), np.int64)
        for row, plan in zip(rows, plans, strict=False):
            row[:] = self._tour(plan)
        breed(self.tours, self.population, rows, 0)

    def settle_random(self, count: int) -> None:
        """Take in so many random plans."""
        self.settle([], count)

    def breed(self, children: int) -> None:
        """Make some children; a population that has found nothing better for long begins anew."""
        breed(self.tours, self.population, np.zeros((0, len(self.model.clients)), np.int64), children)
        if self.population.tally[2] > PATIENT:
            self.population.tally[2] = 0
            self.population.part[:] = -1
            self.settle_random(RANDOM)

    def best(self, below: float) -> Elite | None:
        """Return the best lawful plan if it costs less than `below`."""
        m, p = self.model, self.population
        if p.top[0] >= below:
            return None
        L, offset = m.plan.locations, int(m.clients[0]) - 1
        following, size = m.plan.best.copy(), np.zeros_like(m.plan.best_size)
        for r, c in enumerate(p.first[p.first > 0].tolist()):
            node = L + r
            while c:
                following[node] = node = c + offset
                size[r] += 1
                c = int(p.best[c])
            following[node] = L + r
        return Elite(following, size, 0, 0.0, float(p.top[0]))

    def _tour(self, plan: Elite) -> NDArray[np.int64]:
        L, offset, stops = self.model.plan.locations, int(self.model.clients[0]) - 1, []
        for r in np.flatnonzero(plan.size).tolist():
            c = int(plan.following[L + r])
            while c < L:
                stops.append(c - offset)
                c = int(plan.following[c])
        return np.array(stops, np.int64)


def _tours(
    legs: NDArray[np.float64],
    demand: NDArray[np.float64],
    near: NDArray[np.uint32],
    routes: int,
    money: NDArray[np.float64],
) -> Tours:
    n = len(demand) - 1
    nodes = n + 1 + routes

    def whole(*shape: int, value: int = 0) -> NDArray[np.int64]:
        return np.full(shape, value, np.int64)

    def index(count: int) -> NDArray[np.uint32]:
        return np.zeros(count, np.uint32)

    return Tours(
        leg=legs, demand=demand, near=near, at=np.where(np.arange(nodes) <= n, np.arange(nodes), 0).astype(np.uint32),
        prv=index(nodes), nxt=index(nodes), route=index(nodes), rank=index(nodes),
        into=np.zeros(nodes), onto=np.zeros(nodes), upto=np.zeros(nodes), turn=np.zeros(nodes),
        load=np.zeros(routes), turned=np.zeros(routes),
        size=whole(routes), changed=whole(routes), rest=whole(routes),
        tested=whole(nodes), paired=whole(routes, routes),
        place=whole(n + 1, routes, 3), extra=np.zeros((n + 1, routes, 3)), placed=whole(n + 1, routes, value=-1),
        stop=np.zeros((2, n), np.uint32), gain=np.zeros((2, n)), goods=np.zeros((2, n)),
        beside=np.zeros((routes, routes), np.bool_), close=np.zeros((n + 1, routes), np.bool_),
        order=np.arange(1, n + 1, dtype=np.uint32), count=whole(1), money=money,
    )  # fmt: skip


def _spots(legs: NDArray[np.float64], fixed: float) -> NDArray[np.float64]:
    """Return [n + 1, 2] places on a plane whose distances resemble the legs, seen from the depot.

    Classical scaling (Torgerson 1952): the first two principal coordinates, here by a few steps of power iteration.
    """
    apart = (legs + legs.T) / 2
    # The first legs carry the price of a vehicle, and the last ones are free where routes are open.
    apart[0, 1:] = apart[1:, 0] = np.maximum(legs[0, 1:] - fixed, legs[1:, 0])
    square = apart**2
    centred = (square.mean(axis=0) + square.mean(axis=1)[:, None] - square - square.mean()) / 2
    axes = np.stack([square[0], square[square[0].argmax()]], axis=1)
    for _ in range(20):
        axes = np.linalg.qr(centred @ axes)[0]
    values, turn = np.linalg.eigh(axes.T @ centred @ axes)
    spots = axes @ turn * np.sqrt(np.maximum(values, 0.0))
    return np.ascontiguousarray(spots - spots[0])


def _population(n: int, routes: int, slots: int, seed: int, spots: NDArray[np.float64]) -> Population:
    def whole(*shape: int, value: int = 0) -> NDArray[np.int64]:
        return np.full(shape, value, np.int64)

    return Population(
        tour=whole(slots, n), after=whole(slots, n + 1), before=whole(slots, n + 1), length=np.zeros(slots),
        over=np.zeros(slots), part=whole(slots, value=-1), apart=np.zeros((slots, slots)), fit=np.zeros(slots),
        spread=np.zeros(slots), ranked=whole(slots), kin=np.zeros(slots), best=whole(n + 1), first=whole(n),
        top=np.full(1, np.inf), tally=whole(3), random=np.array([seed | 1], np.uint64), child=whole(n),
        cut=whole(n + 1), cost=np.zeros(n + 1), mark=whole(n + 1), spot=spots,
        angle=np.zeros(routes), around=whole(routes),
    )  # fmt: skip
