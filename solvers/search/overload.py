"""Overload: vehicles may carry more than they can for a while, at a price that follows how often they do.

Where vehicles are nearly full, few moves keep every capacity, and the way to a better plan leads through plans that do
not. As in HGS (Vidal et al. 2012, "A hybrid genetic algorithm for multidepot and periodic vehicle routing problems"),
the price is adapted towards a share of plans without overload. Deviations: the overload of a vehicle has a limit, and
the price changes after each temperature of an annealing. No plan with overload is ever kept as the best one.
"""

import math
from dataclasses import dataclass

import numpy as np

from vrp.solvers.search.loads import OneLoad
from vrp.solvers.search.model import Model

ROOM = 0.05
"""Overload that is allowed, as a share of the capacity."""
LAWFUL = 0.4
"""Share of iterations that should end without overload."""
PACE = 0.4
"""Change of the price, as an exponent, per unit of what this share is off."""
CHEAPEST, DEAREST = 1e-3, 1e6
"""Bounds of the price, in first prices."""


@dataclass(frozen=True)
class Overload:
    """The price of overload in one model. It begins with a leg's cost for a mean demand above capacity."""

    model: Model
    loads: OneLoad
    first: float

    def adapt(self, iterations: int) -> None:
        """Change the price by what the last iterations did."""
        loads, work = self.loads, self.model.work
        before, share = loads.price[0], work.clock[4] / iterations
        work.clock[4] = 0
        price = before * math.exp(PACE * (LAWFUL - share))
        loads.price[0] = min(max(price, CHEAPEST * self.first), DEAREST * self.first)
        if loads.overloaded[0]:
            above = np.maximum(loads.load - loads.capacity, 0.0).sum()
            work.cost[0] += (loads.price[0] - before) * above


def allow(model: Model, leg: float) -> Overload | None:
    """Allow overload from now on, where loads have one dimension and the best plan leaves no required client out."""
    loads = model.loads
    if not isinstance(loads, OneLoad) or not np.isfinite(loads.capacity).all() or model.work.missing[1] or leg <= 0.0:
        return None
    model.work.clock[4] = 0
    loads.limit[:] = (1.0 + ROOM) * loads.capacity
    loads.price[0] = leg / float(loads.demand[model.clients].mean())
    return Overload(model, loads, loads.price[0])
