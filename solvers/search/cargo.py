"""Which loads a problem has, in the arrays of their kernels."""

import math

import numpy as np
from numpy.typing import NDArray

from vrp.problem import Problem
from vrp.solvers.search.loads import ManyLoads, OneLoad
from vrp.solvers.search.peaks import LAST, MIXED, STRICT, NoPairs, Pairs, Peaks
from vrp.solvers.search.tolerance import tolerant

Floats = NDArray[np.float64]
ORDERS = {"mixed": MIXED, "last": LAST, "strict": STRICT}


def loads_of(problem: Problem, kind: NDArray[np.int64]) -> OneLoad | ManyLoads | Peaks:
    """Return the loads that can bind, for vehicles of the given kinds; a limit on the number of stops is one more.

    Where all of a route's goods are delivered, or all collected, or all deliveries come first, their sum is its peak.
    """
    D, L, C = problem.num_depots, problem.num_locations, problem.num_loads
    delivers, collects = (problem.delivery > 0).any(axis=0), (problem.pickup > 0).any(axis=0)
    order = ORDERS[problem.backhaul] if collects.any() else MIXED
    room = _room(problem)
    demand = np.zeros((L + len(kind), 2 * C + 1))
    demand[D:L, :C], demand[D:L, C : 2 * C], demand[D:L, 2 * C] = problem.delivery, problem.pickup, 1.0
    capacity = np.column_stack(
        [room, room, [math.inf if v.max_stops is None else v.max_stops for v in problem.vehicles]]
    )
    binding = np.isfinite(capacity).any(axis=0) & (demand > 0).any(axis=0)
    demand, capacity = demand[:, binding], np.ascontiguousarray(tolerant(capacity)[kind][:, binding])
    peaks = delivers & collects & (order == MIXED)
    if len(problem.shipments):
        peaks |= (problem.shipment_load > 0).any(axis=0)
    peaks &= np.isfinite(room).any(axis=0)
    if peaks.any() or order != MIXED or len(problem.shipments):
        return _peaks(problem, kind, demand, capacity, np.flatnonzero(peaks), order)
    if not binding.any():
        return _one_load(np.zeros(len(demand)), np.full(len(kind), math.inf))
    if demand.shape[1] == 1:
        return _one_load(np.ascontiguousarray(demand[:, 0]), np.ascontiguousarray(capacity[:, 0]))
    return ManyLoads(np.ascontiguousarray(demand), capacity, np.zeros(capacity.shape))


def _room(problem: Problem) -> Floats:
    """[K, C] what a vehicle of each type holds besides its initial load."""
    rows = [np.subtract(v.capacity or math.inf, v.initial_load or 0.0) for v in problem.vehicles]
    return np.array([np.broadcast_to(row, problem.num_loads) for row in rows], np.float64)


def _one_load(demand: Floats, capacity: Floats) -> OneLoad:
    load = np.zeros(len(capacity))
    return OneLoad(demand, capacity, load, limit=capacity.copy(), price=np.zeros(1), overloaded=np.zeros(1, np.int64))


def _peaks(
    problem: Problem, kind: NDArray[np.int64], demand: Floats, capacity: Floats, which: NDArray[np.int64], order: int
) -> Peaks:
    """Return loads of which those in `which` depend on the order of the stops."""
    D, L, N = problem.num_depots, problem.num_locations, len(demand)
    own = np.zeros((N, 3 * (len(which) + (order != MIXED))))
    for t, c in enumerate(which.tolist()):
        delivered, kept = problem.delivery[:, c], np.array(problem.pickup[:, c])
        for end, sign in ((0, 1.0), (1, -1.0)):
            kept[problem.shipments[:, end] - D] += sign * problem.shipment_load[:, c]
        own[D:L, 3 * t : 3 * t + 3] = np.column_stack([delivered, kept, np.maximum(delivered, kept)])
    if order != MIXED:
        own[D:L, -3], own[D:L, -2] = (problem.delivery > 0).any(axis=1), (problem.pickup > 0).any(axis=1)
    return Peaks(
        demand=np.ascontiguousarray(demand),
        capacity=capacity,
        load=np.zeros(capacity.shape),
        own=own,
        limit=np.ascontiguousarray(tolerant(_room(problem))[kind][:, which]),
        order=order,
        head=np.zeros(own.shape),
        tail=np.zeros(own.shape),
        log=np.zeros((2, N), np.int64),
        old=np.zeros((2, *own.shape)),
        stamp=np.zeros((2, N), np.int64),
        count=np.zeros(2, np.int64),
        pairs=_pairs(problem, own) if len(problem.shipments) else NoPairs(0),
    )


def _pairs(problem: Problem, own: Floats) -> Pairs:
    mate, leads = np.full(len(own), -1, np.int64), np.ones(len(own), np.bool_)
    start, end = problem.shipments.T
    mate[start], mate[end], leads[end] = end, start, False
    return Pairs(mate, leads, np.zeros((1, own.shape[1])))
