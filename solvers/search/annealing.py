"""Annealing: one model searched at falling temperatures on one core, until a share of the time or iterations is up."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrp.deadline import Deadline
from vrp.solvers.search import kernels
from vrp.solvers.search.aims import sharpen
from vrp.solvers.search.model import Model
from vrp.solvers.search.overload import Overload
from vrp.solvers.search.plan import Mixed
from vrp.solvers.search.population import Elite, adopt, present
from vrp.solvers.search.times import NoTime

TALLEST = 10.0
"""Longest string that is removed (L max of the paper)."""
REBUILD = 20
"""Chunks of iterations between two recounts of all running sums."""
TRIAL = 100
"""Iterations from which the speed is estimated."""
CHUNK = 0.01
"""Seconds at one temperature, at most."""
SHORTEST = 5e-4
"""Seconds that are worth a call, where its end is not the deadline. A call alone takes 14 to 90 us. In 16 ms, with
this, 30 uniform problems of 100 stops cost 0.8 % less than with a call for each of 40 temperatures."""
HOTTER, MANY = 6.0, 200
"""Where time counts, one annealing of this many clients or more is so much hotter, at its begin and at its end: with
windows each client has few places, and costs change by more. On two instances each of VRPTW (1000 clients) and SDVRPTW
(600 and 1008), 10 s gave 5.70 % above the best known with 1, 5.20 with 3 and 4.55 with 6."""
NOBODY = np.zeros(0, np.int64)


@dataclass
class Annealing:
    """What one core does. `began` and what is `done` count for the whole search that this is a part of."""

    model: Model
    near: NDArray[np.int64]
    deadline: Deadline
    removal: float
    """Mean number of clients removed per iteration."""
    after: Callable[[], object]
    """Called after each chunk of iterations."""
    began: float = 0.0
    """Seconds of the deadline at which the first annealing began."""
    base: float = 0.0
    """What was done before."""
    portion: float = 1.0
    """Iterations due to this core, in those of the deadline."""
    iterations: int = 0
    rate: float = 0.0
    """Iterations per second."""
    stopped: bool = False
    overload: Overload | None = None

    def search(self, iterations: int, temperature: float, sequence: NDArray[np.int64] = NOBODY) -> int:
        """Run some iterations at one temperature; the first puts the clients of a sequence somewhere.

        Returns how many were run, which is fewer only where a number of vehicles is tried and found enough.
        """
        m, before = self.model, int(self.model.work.clock[0])
        kernels.search(
            *m.state(), m.order, self.near, m.clients, m.required,
            sequence, iterations, temperature, self.removal, TALLEST,
        )  # fmt: skip
        return int(m.work.clock[0]) - before

    def turn(self, chunk: int, temperature: float) -> None:
        """Search, count the iterations and learn how fast they are."""
        tick = time.perf_counter()
        made = self.search(chunk, temperature)
        self.iterations += made
        if math.isfinite(self.deadline.time_limit):
            self.rate = 0.5 * (self.rate + made / max(time.perf_counter() - tick, 1e-7))

    def recount(self) -> None:
        """Compute all running sums anew."""
        kernels.rebuild(*self.model.state(), self.model.required)

    def present(self) -> Elite:
        """Copy the current plan."""
        return present(self.model)

    def adopt(self, plan: Elite) -> None:
        """Go on from a plan that another search is at."""
        adopt(self.model, plan)
        self.recount()
        self.model.soil_all()

    def done(self) -> float:
        """Return the share of the time or of the iterations that is used up."""
        span, limit = self.deadline.time_limit - self.began, self.deadline.max_iterations
        done = 0.0
        if math.isfinite(span):
            done = (self.deadline.elapsed() - self.began) / span if span > 0 else 1.0
        if limit is None:
            return done
        return max(done, self.base + self.iterations / (limit * self.portion) if limit else 1.0)

    def begin_anew(self) -> None:
        """Let the time and the iterations that are left be the whole from now on."""
        self.began = self.deadline.elapsed()
        limit = self.deadline.max_iterations
        if limit:
            left = max(1.0 - self.iterations / limit, 1e-9)
            self.base, self.portion = 1.0 - 1.0 / left, left

    def budget(self, temperature: float) -> float:
        """Estimate the number of iterations that can be made."""
        limit = self.deadline.max_iterations
        most = math.inf if limit is None else limit * self.portion * (1.0 - self.base) - self.iterations
        if not math.isfinite(self.deadline.time_limit):
            return most
        # The rate is measured on iterations that a search begins with anyway.
        trial = int(min(TRIAL, most))
        tick = time.perf_counter()
        self.search(trial, temperature)
        self.iterations += trial
        self.rate = trial / max(time.perf_counter() - tick, 1e-7)
        return min(most, self.rate * (self.deadline.time_limit - self.began))

    def anneal(self, begin: float, until: float, hot: float, cold: float, steps: int, stop: float = 1.0) -> None:
        """Search until the share `stop`, at `steps` temperatures that fall from `hot` at `begin` to `cold` at `until`.

        Where the plan costs nothing, both are 0.
        """
        done, stop = self.done(), min(stop, until, 1.0)
        chunks, fall = 1, cold / hot if hot > 0.0 else 0.0
        while not self.stopped and done < stop:
            chunk = self.chunk((until - begin) / steps, stop)
            sharpen(self.model.plan.aim, done)
            temperature = hot * fall ** ((done - begin) / (until - begin))
            if chunks % REBUILD == 0:
                self.recount()
            chunks += 1
            self.turn(chunk, temperature)
            if self.overload is not None:
                self.overload.adapt(chunk)
            self._press()
            self.after()
            done = self.done()

    def chunk(self, share: float, stop: float) -> int:
        """Choose the number of iterations at one temperature: a share of all, and 10 ms at most."""
        deadline, limit = self.deadline, self.deadline.max_iterations
        chunk = 1000.0
        if math.isfinite(deadline.time_limit):
            left = deadline.remaining()
            seconds = min(CHUNK, max(left, 0.0) * 0.7, max(deadline.time_limit * share, SHORTEST))
            if stop < 1.0:
                seconds = min(seconds, max(left - (1.0 - stop) * (deadline.time_limit - self.began), SHORTEST))
            chunk = self.rate * seconds
        if limit is not None:
            every = limit * self.portion
            chunk = min(chunk, every * share, every * (stop - self.base) - self.iterations)
        return max(1, int(chunk))

    def _press(self) -> None:
        """Make required clients that stay out dearer, so that others make room for them."""
        m = self.model
        if m.work.missing[0]:
            waiting = m.plan.bank[: m.plan.banked[0]]
            waiting = waiting[m.required[waiting]]
            m.plan.penalty[waiting] = np.minimum(m.plan.penalty[waiting] * 1.1, 1e12)


def extra_heat(m: Model) -> float:
    """Return by how much the one annealing of a model is hotter than its options say."""
    return HOTTER if len(m.clients) >= MANY and not isinstance(m.times, NoTime) else 1.0


def mean_leg(m: Model) -> float:
    """Mean cost of a leg of the current plan, with vehicles and without gains: the scale of temperatures."""
    bank = m.plan.bank[: m.plan.banked[0]]
    missed = m.plan.penalty[bank][~m.required[bank]].sum()
    cost = float(m.work.cost[0] - missed)
    if isinstance(m.mix, Mixed):
        served = m.clients[m.plan.route[m.clients] >= 0]
        cost += float(m.mix.gain[m.fleet.kind[m.plan.route[served]], served].sum())
    return max(cost, 0.0) / (int(m.plan.size.sum() + m.fleet.used[0]) or 1)
