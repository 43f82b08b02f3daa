"""Several cores on one plan: disjoint regions are annealed at the same time, spliced, and divided along other lines.

Every region follows the temperatures of the whole. As the borders move from phase to phase, no stop stays beside one.
"""

import math
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass

import numpy as np

from vrp.deadline import Deadline
from vrp.solvers.search import kernels
from vrp.solvers.search.annealing import Annealing
from vrp.solvers.search.model import Model
from vrp.solvers.search.regions import Region, Share, cut_out, largest_number, rank, shares, splice, splice_best

LARGE = 500
"""Clients from which one plan is divided among the cores; of smaller ones each core has its own. On 20 instances of 501
to 748 clients, 4 s, two seeds: one core 2.12 %, two with a plan each 1.94, two with one plan 1.78."""
WORTH = 30.0
"""Dividing and splicing may take one part in so many of the time. Phases are no longer than that asks for: borders that
stand still cost more (with 572 and 978 clients, 40 phases 1.56 %, 160 phases 0.96 %)."""
EACH = 5.0
"""Iterations of a phase on one core per client, where there is no time to be measured."""
PIECE = 2500
"""Clients of a region, about, where there are enough of them: few enough for the processor's cache."""
PHASES = 500
"""Phases of a search, at most."""
WATCH = 0.05
"""Seconds between two looks at the progress."""


def pieces(model: Model, deadline: Deadline, cores: int) -> int:
    """Return the number of regions for each core, 0 where the current plan had better stay in one piece."""
    clients = len(model.clients)
    # With both limits, the clock could leave nothing for the last one of several.
    both = deadline.max_iterations is not None and math.isfinite(deadline.time_limit)
    wanted = 1 if both else max(1, round(clients / (cores * PIECE)))
    if clients < LARGE or wanted * cores < 2:
        return 0
    return min(wanted, largest_number(model) // cores)


@dataclass
class Cores:
    """The search of one plan on several cores at temperatures falling from `hot` to `cold`."""

    whole: Annealing
    """The search as the deadline sees it; its model holds the plan between two phases."""
    count: int
    seed: int
    hot: float
    cold: float
    steps: int
    pieces: int
    """Regions that each core searches one after the other in a phase."""

    def anneal(self) -> None:
        """Search until the deadline. This thread only watches, so that an interrupt never meets half a splice."""
        whole = self.whole
        with ThreadPoolExecutor(self.count) as pool:
            phases = pool.submit(self._conduct, pool)
            try:
                while not wait([phases], timeout=WATCH).done:
                    whole.after()
            except KeyboardInterrupt:
                whole.stopped = True
            except BaseException:
                whole.stopped = True
                raise
            phases.result()
        whole.after()

    def _conduct(self, pool: ThreadPoolExecutor) -> None:
        whole = self.whole
        rng = np.random.default_rng(self.seed)
        begin = done = whole.done()
        whole.portion *= self.count
        span = whole.deadline.time_limit - whole.began
        limit = whole.deadline.max_iterations or math.inf
        shortest = max(1.0 / PHASES, EACH * len(whole.model.clients) / limit)
        lost = 0.0
        while not whole.stopped and done < 1.0:
            end = done + max(shortest, WORTH * lost / span)
            # The last splice is in time as well.
            last = 1.0 - lost / span
            end = end if end < last - 0.5 * shortest else last
            tick = time.perf_counter()
            divided = shares(whole.model, whole.near, self.count * self.pieces, rng)
            lost = time.perf_counter() - tick
            seeds = rng.integers(1, 2**62, size=len(divided))
            tasks = list(zip(divided, seeds.tolist(), strict=True))
            try:
                others = [
                    pool.submit(self._work, tasks[i :: self.count], begin, done, end) for i in range(1, self.count)
                ]
                found = self._work(tasks[:: self.count], begin, done, end)
                found += [each for other in others for each in other.result()]
            except BaseException:
                whole.stopped = True
                raise
            tick = time.perf_counter()
            self._splice([region for region, _ in found])
            whole.iterations += sum(core.iterations for _, core in found)
            whole.rate = found[0][1].rate
            lost += time.perf_counter() - tick
            done = whole.done() if end < last else 1.0

    def _work(
        self, tasks: list[tuple[Share, int]], begin: float, start: float, end: float
    ) -> list[tuple[Region, Annealing]]:
        """Search some regions from `start` to `end` of a phase, one after the other."""
        timed = self.whole.deadline.max_iterations is None
        found = []
        for i, (share, seed) in enumerate(tasks, 1):
            # Iterations are counted for each region, but there is one clock.
            stop = start + (end - start) * i / len(tasks) if timed else end
            found.append(self._search(share, seed, begin, stop))
        return found

    def _search(self, share: Share, seed: int, begin: float, end: float) -> tuple[Region, Annealing]:
        """Search one region."""
        whole = self.whole
        region = cut_out(whole.model, whole.near, share, seed)
        part = region.model
        kernels.rebuild(*part.state(), part.required)
        part.take_as_best()
        portion = whole.portion * len(part.clients) / len(whole.model.clients)

        def follow() -> None:
            core.stopped = whole.stopped

        base = whole.base + whole.iterations / (whole.portion * (whole.deadline.max_iterations or 1))
        core = Annealing(part, region.near, whole.deadline, whole.removal, follow, whole.began, base, portion)
        core.rate = whole.rate
        core.stopped = whole.stopped
        core.anneal(begin, 1.0, self.hot, self.cold, self.steps, stop=end)
        return region, core

    def _splice(self, regions: list[Region]) -> None:
        whole = self.whole
        splice(whole.model, regions)
        kernels.rebuild(*whole.model.state(), whole.model.required)
        if rank(regions) < whole.model.rank(1):
            splice_best(whole.model, regions)
