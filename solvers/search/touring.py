"""Touring: one vehicle that visits every client, with nothing to keep. The search around the kernels of `tours.py`."""

import math

import numpy as np
from numpy.typing import NDArray

from vrp.problem import Problem
from vrp.solvers.search import first_tour, tours
from vrp.solvers.search.annealing import NOBODY, Annealing
from vrp.solvers.search.loads import ManyLoads, OneLoad
from vrp.solvers.search.model import Model
from vrp.solvers.search.neighbours import BRUTE_FORCE, neighbours
from vrp.solvers.search.network import Matrix, Planar, Profiles, Sphere
from vrp.solvers.search.plan import Equal, Far
from vrp.solvers.search.population import Elite
from vrp.solvers.search.times import NoTime
from vrp.solvers.search.tours import Tour

SMALLEST = 7
"""Clients from which there are tours to improve."""
NEAR = 10
"""Neighbours of a city."""
HOT, COLD = 0.1, 0.01
"""First and last temperature, in average legs."""
LOG = 8
"""Changes after a kick that can be taken back, per city."""


def is_tour(problem: Problem, model: Model) -> bool:
    """Tell whether one vehicle must visit every client, and any order of them will do."""
    kinds = (type(model.times), type(model.mix), type(model.reach))
    if kinds != (NoTime, Equal, Far) or len(model.plan.size) != 1 or len(model.clients) < SMALLEST:
        return False
    vehicle = problem.vehicles[0]
    together = len(problem.shipments) == 0 and (problem.group < 0).all() and not vehicle.prefix
    return bool(together and model.required[model.clients].all() and _carries_all(model))


def _carries_all(model: Model) -> bool:
    loads = model.loads
    if not isinstance(loads, OneLoad | ManyLoads):
        return False
    return bool((loads.demand[model.clients].sum(axis=0) <= loads.capacity[0]).all())


def _tour(node: NDArray[np.int64], near: NDArray[np.int64]) -> Tour:
    """Return a tour of the cities in the order of their numbers; its length is not known yet."""
    m = len(node)
    return Tour(
        node=node,
        order=np.arange(m),
        at=np.arange(m),
        near=near,
        queue=np.arange(m),
        queued=np.ones(m, np.uint8),
        ring=np.array([0, m]),
        log=np.zeros((LOG * m, 3), np.int64),
        logged=np.zeros(1, np.int64),
        spare=np.zeros(m, np.int64),
        length=np.zeros(1),
        least=0.0,
    )


def run_idle(model: Model) -> None:
    """Call every kernel of tours with nothing to do."""
    node = np.array([model.clients[0], model.plan.locations])
    near = first_tour.nearest(model.net, node, np.zeros((0, 0), np.int64), 1)
    tail, head, _ = first_tour.arcs(model.net, node, near)
    tour = _tour(node, near)
    tour.order[:] = first_tour.chain(model.net, node, tail, head)
    tours.measure(model.net, tour)
    tour.ring[1] = 0
    tours.polish(model.net, tour, model.work, True, 0, 0.0)


class Touring(Annealing):
    """An annealing of a tour: its iterations are kicks, and its best plan is the model's."""

    def begin(self, problem: Problem, given: NDArray[np.int64]) -> None:
        """Make a first tour: the given order of all clients, or the shortest legs one after the other."""
        m = self.model
        n, h = len(m.clients), m.plan.locations
        m.work.missing[1], m.work.cost[1] = n, math.inf
        node = np.append(m.clients, h)
        ends = problem.vehicles[0]
        closed = ends.start_depot == ends.end_depot
        self.symmetric = closed and (isinstance(m.net, Planar | Sphere) or _symmetric(m.net))
        # Of many cities, only those that are near each other in space are compared.
        some = (
            neighbours(m.net, m.times, m.loads, m.clients, 2 * NEAR) if n > BRUTE_FORCE else np.zeros((0, 0), np.int64)
        )
        near = first_tour.nearest(m.net, node, some, min(NEAR, n))
        self.tour = _tour(node, near)
        if np.array_equal(np.sort(given), m.clients):
            self.tour.order[:] = np.append(given - m.clients[0], n)
        else:
            tail, head, length = first_tour.arcs(m.net, node, near)
            order = np.argsort(length, kind="stable")
            self.tour.order[:] = first_tour.chain(m.net, node, tail[order], head[order])
        tours.measure(m.net, self.tour)
        self.tour = self.tour._replace(least=1e-12 * float(self.tour.length[0]))
        self._keep()
        # The moves that a first tour needs are no measure of how long a kick takes.
        self.search(0, 0.0)

    def leg(self) -> float:
        """Return the mean length of a leg of the present tour."""
        return float(self.tour.length[0]) / len(self.tour.order)

    def search(self, iterations: int, temperature: float, sequence: NDArray[np.int64] = NOBODY) -> int:
        """Make some kicks at one temperature, and keep the tour if it is the best one."""
        tours.polish(self.model.net, self.tour, self.model.work, self.symmetric, iterations, temperature)
        self._keep_better()
        return iterations

    def recount(self) -> None:
        """Measure the tour anew."""
        tours.measure(self.model.net, self.tour)

    def present(self) -> Elite:
        """Copy the present tour."""
        return Elite(self.tour.order.copy(), np.zeros(0, np.int64), 0, 0.0, float(self.tour.length[0]))

    def adopt(self, plan: Elite) -> None:
        """Go on from a tour that another search is at."""
        self.tour.order[:] = plan.following
        self.recount()
        self._keep_better()

    def _keep_better(self) -> None:
        if float(self.tour.length[0] + self.model.fleet.fixed[0]) < self.model.work.cost[1] - self.tour.least:
            self._keep()

    def _keep(self) -> None:
        m = self.model
        plan, order, n = m.plan, self.tour.order, len(m.clients)
        stops = np.roll(self.tour.node[order], -int(self.tour.at[n]))
        plan.best[stops] = np.roll(stops, -1)
        plan.best_size[0] = n
        m.work.cost[1], m.work.missing[1] = self.tour.length[0] + m.fleet.fixed[0], 0


def _symmetric(net: object) -> bool:
    if not isinstance(net, Matrix | Profiles):
        return False
    table = net.distance if isinstance(net, Matrix) else net.distance[net.profile[0]]
    square = table[:, : table.shape[0]]
    return bool(np.array_equal(square, square.T))
