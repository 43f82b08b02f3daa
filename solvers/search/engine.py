"""Search: the schedule around the kernels. It knows the time given, stops in time and returns the best plan."""

import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vrp.check import evaluate
from vrp.deadline import Deadline
from vrp.errors import OptionError
from vrp.problem import Problem
from vrp.solution import Solution, Stats
from vrp.solvers import Event, Progress
from vrp.solvers.search import kernels
from vrp.solvers.search.breeding import Breeding, Growth, grow
from vrp.solvers.search.model import Model, build, load_routes, routes, unsupported
from vrp.solvers.search.neighbours import neighbours
from vrp.solvers.search.overload import Overload, allow
from vrp.solvers.search.peaks import Peaks
from vrp.solvers.search.population import FIRST, WARM, Elite, adopt, cross, dissolve, elite, shape
from vrp.solvers.search.start import savings, savings_apply
from vrp.solvers.search.warmth import warm_up

TALLEST = 10.0
"""Longest string that is removed (L max of the paper)."""
REBUILD = 20
"""Chunks of iterations between two recounts of all running sums."""
TRIAL = 100
"""Iterations from which the speed is estimated."""
STEPS = 100
"""Temperatures of an annealing, at least, where there is one."""
FEW_STEPS = 40
"""Temperatures of an annealing where there are many: each costs as much as a few iterations of a small problem."""
CHUNK = 0.01
"""Seconds that a call of a kernel should take at most."""
NO_END = 2**62
ANY_PRICE = 1e30
"""Temperature at which no client is too dear."""
NOBODY = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Search:
    """Ruin and recreate (SISR) on any supported problem."""

    threads: int = 1
    neighbours: int = 40
    """Length of the neighbour lists."""
    removal: float = 10.0
    """Mean number of clients removed per iteration."""
    heat: float = 1.0
    """First temperature, in average legs."""
    cold: float = 0.003
    """Last temperature, in average legs."""

    def __post_init__(self) -> None:
        for name, least in (("neighbours", 1), ("removal", 1.0), ("heat", 1e-9), ("cold", 1e-9)):
            value = getattr(self, name)
            whole = isinstance(least, int)
            if (
                isinstance(value, bool)
                or not isinstance(value, int if whole else int | float)
                or not least <= value < 1e9
            ):
                kind = "a whole number" if whole else "a number"
                raise OptionError(
                    f"The option {name!r} of the search is {value!r}, but must be {kind} of at least {least}."
                )

    def supports(self, problem: Problem) -> list[str]:
        """Name the features of the problem that this solver cannot honour."""
        return unsupported(problem)

    def solve(
        self,
        problem: Problem,
        deadline: Deadline,
        rng: np.random.Generator,
        start: Solution | None = None,
        progress: Progress | None = None,
    ) -> Solution:
        """Return the best plan found until the deadline or an interrupt.

        Several threads search independently, each from its own seed; the best plan of all is returned.
        """
        seeds = rng.integers(1, 2**62, size=self.threads)
        runs = [_Run(self, problem, deadline, int(seed), start) for seed in seeds]
        compiled = warm_up(runs[0].model)
        deadline.extend(compiled)
        if len(runs) == 1:
            runs[0].run(progress)
        else:
            with ThreadPoolExecutor(len(runs)) as pool:
                waiting = [pool.submit(r.run, progress if i == 0 else None) for i, r in enumerate(runs)]
                try:
                    for w in waiting:
                        try:
                            w.result()
                        except KeyboardInterrupt:
                            _stop(runs)
                            w.result()
                        # The first alone asks for progress, and may have been told to stop.
                        if runs[0].interrupted:
                            _stop(runs)
                except BaseException:
                    _stop(runs)
                    raise
        best = min(runs, key=_Run.rank)
        stats = Stats(
            solver="search",
            threads=self.threads,
            seconds=deadline.elapsed(),
            compile_seconds=compiled,
            iterations=sum(r.iterations for r in runs),
            trace=tuple(best.trace),
            interrupted=any(r.interrupted for r in runs),
        )
        return evaluate(problem, routes(problem, best.model), stats)


def _stop(runs: list["_Run"]) -> None:
    for r in runs:
        r.interrupted = True


@dataclass
class _Run:
    """One search on one core."""

    search: Search
    problem: Problem
    deadline: Deadline
    seed: int
    start: Solution | None
    iterations: int = 0
    interrupted: bool = False
    trace: list[tuple[float, float]] = field(default_factory=list)
    progress: Progress | None = None
    _top: Elite | None = None
    """The best plan of all but the present annealing, which is in the model."""
    _overload: Overload | None = None
    _rate: float = 0.0
    _began: float = 0.0
    _told: float = 0.0

    def __post_init__(self) -> None:
        self.model: Model = build(self.problem, self.seed)

    def rank(self) -> tuple[int, float]:
        """Return what plans are compared by: required clients left out, then cost."""
        work = self.model.work
        here = int(work.missing[1]), float(work.cost[1])
        return here if self._top is None else min(here, self._top.rank())

    def run(self, progress: Progress | None) -> None:
        self.progress = progress
        try:
            self._begin()
            if len(self.model.clients) > 1:
                self._improve()
        except KeyboardInterrupt:
            self.interrupted = True
        self._bring_back()

    def _begin(self) -> None:
        m, options = self.model, self.search
        self.near = neighbours(m.net, m.times, m.clients, options.neighbours)
        kernels.rebuild(*m.state(), m.required)
        if self.start is not None:
            load_routes(m, self.start.routes)
            self._mend(NOBODY)
        elif savings_apply(m):
            savings(m.net, m.loads, m.plan, self.near, m.clients)
            if isinstance(m.loads, Peaks):
                self._mend(NOBODY)
        else:
            self._insert()
        kernels.rebuild(*m.state(), m.required)
        m.take_as_best()
        self._note()
        self._began = self._told = self.deadline.elapsed()

    def _insert(self) -> None:
        """Put everyone into the empty plan, whatever the prizes; the plan of those that pay at once is kept beside it.

        A trip to the first stop alone seldom pays, so that a search which begins with nobody stays there.
        """
        m, sequence = self.model, self._sequence()
        if not m.required[m.clients].all():
            self._search(1, 0.0, sequence)
            kernels.rebuild(*m.state(), m.required)
            m.take_as_best()
            self._keep()
            m.empty()
            kernels.rebuild(*m.state(), m.required)
        self._search(1, ANY_PRICE, sequence)

    def _search(self, iterations: int, temperature: float, sequence: NDArray[np.int64] = NOBODY) -> None:
        m = self.model
        kernels.search(
            *m.state(), m.order, self.near, m.clients, m.required,
            sequence, iterations, temperature, self.search.removal, TALLEST,
        )  # fmt: skip

    def _sequence(self) -> NDArray[np.int64]:
        """Far clients first: the near ones fit in later."""
        m = self.model
        return m.unite(m.clients[np.argsort(m.order.keys[1, m.clients], kind="stable")])

    def _improve(self) -> None:
        """Anneal the first plan once, or several times apart and then the children of the results."""
        leg, hot = self._leg(), self.search.heat
        budget = self._budget(leg * hot)
        if (growth := grow(self.model, budget)) is not None:
            self._evolve(growth, leg, hot)
            return
        plan = shape(budget, len(self.model.clients))
        if plan.plans == 1 or self.model.fleet.used[0] < 2:
            self._anneal(1.0, leg, hot, STEPS)
            return
        rng = np.random.default_rng(self.seed)
        first = elite(self.model)
        self._overload = allow(self.model, leg)
        pool: list[Elite] = []
        for i in range(plan.plans):
            if i:
                self._take(first)
            self._anneal(FIRST * (i + 1) / plan.plans, leg, hot, FEW_STEPS)
            pool.append(self._keep())
        while not self.interrupted and self._done() < 1.0:
            x, y = rng.choice(len(pool), 2, replace=False)
            a = min(pool[x], pool[y], key=Elite.rank)
            others = [p for p in pool if p is not a]
            b = others[rng.integers(len(others))]
            a, b = (a, b) if rng.random() < 0.5 else (b, a)
            self._breed(a, b, rng)
            self._anneal(self._done() + plan.child, leg, WARM, FEW_STEPS)
            child = self._keep()
            worst = max(range(len(pool)), key=lambda i: pool[i].rank())
            if child.rank() < pool[worst].rank() and not any(child.equals(p) for p in pool):
                pool[worst] = child

    def _evolve(self, growth: Growth, leg: float, hot: float) -> None:
        """Anneal the first plan, and let it and random ones breed."""
        self._anneal(growth.annealing, leg, hot, FEW_STEPS)
        breeding = Breeding.of(self.model, self.near, self.seed)
        breeding.settle([self._keep()], 0)
        self._make(breeding, breeding.settle_random, growth.random)
        self._make(breeding, breeding.breed, NO_END)

    def _make(self, breeding: Breeding, some: Callable[[int], None], many: int) -> None:
        """Make so many plans, or as many as there is time for; each counts as an iteration per client."""
        deadline, n, made, rate = self.deadline, len(self.model.clients), 0, 0.0
        while not self.interrupted and made < many and self._done() < 1.0:
            span = min(CHUNK, max(deadline.remaining(), 0.0) * 0.7)
            left = NO_END if deadline.max_iterations is None else deadline.max_iterations - self.iterations
            count = max(1, int(min(rate * span, many - made, math.ceil(left / n))))
            tick = time.perf_counter()
            some(count)
            rate = count / max(time.perf_counter() - tick, 1e-7)
            made += count
            self.iterations += min(count * n, left)
            best = breeding.best(self._top.cost if self._top is not None and not self._top.missing else math.inf)
            self._top = self._top if best is None else best
            self._note()
            self._tell()

    def _breed(self, a: Elite, b: Elite, rng: np.random.Generator) -> None:
        """Make the child of two plans the current one."""
        m = self.model
        # Where the way past a stop is longer than the way through it, a route may not survive the loss of a stop.
        self._mend(cross(m, self.near, a, b, rng))
        m.take_as_best()

    def _mend(self, left: NDArray[np.int64]) -> None:
        """Dissolve the routes that break a constraint; put their stops, and those that are left, somewhere."""
        m = self.model
        broken = kernels.rebuild(*m.state(), m.required)
        if broken:
            left = np.concatenate([left, dissolve(m, m.work.changed[:broken])])
            kernels.rebuild(*m.state(), m.required)
        if len(left):
            self._search(1, 0.0, m.unite(left))
            kernels.rebuild(*m.state(), m.required)

    def _take(self, plan: Elite) -> None:
        m = self.model
        adopt(m, plan)
        kernels.rebuild(*m.state(), m.required)
        m.take_as_best()

    def _keep(self) -> Elite:
        """Copy the best plan of this annealing."""
        found = elite(self.model)
        if self._top is None or found.rank() < self._top.rank():
            self._top = found
        return found

    def _bring_back(self) -> None:
        """Leave the best plan of all in the model."""
        plan, work, top = self.model.plan, self.model.work, self._top
        here = int(work.missing[1]), float(work.cost[1])
        # An interrupt may have come before the costs of a new plan were known.
        if top is not None and (top.rank() < here or not math.isfinite(here[1])):
            plan.best[:], plan.best_size[:] = top.following, top.size
            work.missing[1], work.cost[1] = top.rank()

    def _done(self) -> float:
        """Return the share of the time or of the iterations that is used up."""
        span, limit = self.deadline.time_limit - self._began, self.deadline.max_iterations
        done = 0.0
        if math.isfinite(span):
            done = (self.deadline.elapsed() - self._began) / span if span > 0 else 1.0
        return done if limit is None else max(done, self.iterations / limit if limit else 1.0)

    def _budget(self, temperature: float) -> float:
        """Estimate the number of iterations that can be made."""
        most = math.inf if self.deadline.max_iterations is None else self.deadline.max_iterations
        if not math.isfinite(self.deadline.time_limit):
            return most
        # The rate is measured on iterations that a search begins with anyway.
        trial = int(min(TRIAL, most))
        tick = time.perf_counter()
        self._search(trial, temperature)
        self.iterations += trial
        self._rate = trial / max(time.perf_counter() - tick, 1e-7)
        return min(most, self._rate * (self.deadline.time_limit - self._began))

    def _anneal(self, until: float, leg: float, hot: float, steps: int) -> None:
        """Search at `steps` temperatures falling from `hot` legs until this share of time or iterations is used up."""
        m, deadline = self.model, self.deadline
        begin = done = self._done()
        chunks = 1
        while not self.interrupted and done < min(until, 1.0):
            chunk = self._chunk((until - begin) / steps)
            temperature = leg * hot * (self.search.cold / hot) ** ((done - begin) / (until - begin))
            if chunks % REBUILD == 0:
                kernels.rebuild(*m.state(), m.required)
            chunks += 1
            tick = time.perf_counter()
            self._search(chunk, temperature)
            self.iterations += chunk
            if self._overload is not None:
                self._overload.adapt(chunk)
            if math.isfinite(deadline.time_limit):
                rate = chunk / max(time.perf_counter() - tick, 1e-7)
                self._rate = 0.5 * (self._rate + rate)
            self._note()
            self._press()
            self._tell()
            done = self._done()

    def _chunk(self, share: float) -> int:
        """Choose the number of iterations at one temperature: a share of all, and 10 ms at most."""
        deadline, limit = self.deadline, self.deadline.max_iterations
        chunk = 1000.0
        if math.isfinite(deadline.time_limit):
            steps = min(CHUNK, max(deadline.remaining(), 0.0) * 0.7, deadline.time_limit * share)
            chunk = self._rate * steps
        if limit is not None:
            chunk = min(chunk, limit * share, limit - self.iterations)
        return max(1, int(chunk))

    def _leg(self) -> float:
        """Mean cost of a leg of the current plan, the price of its vehicle included: the scale of temperatures."""
        m = self.model
        bank = m.plan.bank[: m.plan.banked[0]]
        missed = m.plan.penalty[bank][~m.required[bank]].sum()
        return max(float(m.work.cost[0] - missed), 0.0) / (len(m.clients) - len(bank) + int(m.fleet.used[0]) or 1)

    def _press(self) -> None:
        """Make required clients that stay out dearer, so that others make room for them."""
        m = self.model
        if m.work.missing[0]:
            waiting = m.plan.bank[: m.plan.banked[0]]
            waiting = waiting[m.required[waiting]]
            m.plan.penalty[waiting] = np.minimum(m.plan.penalty[waiting] * 1.1, 1e12)

    def _money(self) -> float:
        return self.rank()[1] * self.model.scale + self.model.constant

    def _note(self) -> None:
        cost = self._money()
        if not self.trace or cost != self.trace[-1][1]:
            self.trace.append((self.deadline.elapsed(), cost))

    def _tell(self) -> None:
        now = self.deadline.elapsed()
        if self.progress is not None and now - self._told > 0.1:
            self._told = now
            event = Event(now, self.iterations, self._money(), self.rank()[0])
            if self.progress(event) is False:
                self.interrupted = True
