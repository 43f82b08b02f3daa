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
from vrp.solvers.search.annealing import CHUNK, NOBODY, Annealing, extra_heat, mean_leg
from vrp.solvers.search.breeding import Breeding, Growth, grow
from vrp.solvers.search.cores import LARGE, Cores, pieces
from vrp.solvers.search.crew import LEVELS, MOVES, Crew
from vrp.solvers.search.fewest import use_fewest
from vrp.solvers.search.groups import orders
from vrp.solvers.search.limits import unsupported
from vrp.solvers.search.model import Model, build
from vrp.solvers.search.neighbours import list_length, neighbours
from vrp.solvers.search.overload import allow
from vrp.solvers.search.peaks import Peaks
from vrp.solvers.search.population import FIRST, WARM, Elite, Shape, adopt, cross, dissolve, elite, shape
from vrp.solvers.search.routes import load_routes, routes
from vrp.solvers.search.start import savings, savings_apply
from vrp.solvers.search.touring import COLD, HOT, Touring, is_tour
from vrp.solvers.search.warmth import warm_up

STEPS = 100
"""Temperatures of an annealing, at least, where there is one."""
FEW_STEPS = 40
"""Temperatures of an annealing where there are many: each costs as much as a few iterations of a small problem."""
NO_END = 2**62
ANY_PRICE = 1e30
"""Temperature at which no client is too dear."""


@dataclass(frozen=True)
class Search:
    """Ruin and recreate (SISR) on any supported problem."""

    threads: int = 1
    neighbours: int = 40
    """Length of the neighbour lists; half as long again for 500 clients and more of which vehicles hold few."""
    removal: float = 10.0
    """Mean number of clients removed per iteration."""
    heat: float = 1.0
    """First temperature, in average legs; six times that for 200 clients and more with windows or hours."""
    cold: float = 0.003
    """Last temperature, likewise."""

    def __post_init__(self) -> None:
        for name, least in (("neighbours", 1), ("removal", 1.0), ("heat", 1e-9), ("cold", 1e-9)):
            value = getattr(self, name)
            types, kind = (int, "whole number") if name == "neighbours" else (int | float, "number")
            if isinstance(value, bool) or not isinstance(value, types) or not least <= value <= 1e9:
                raise OptionError(
                    f"The option {name!r} of the search is {value!r}, but must be a {kind} from {least:g} to 1e9."
                )
        if self.cold > self.heat:
            raise OptionError(
                f"The search cools, but `cold` is {self.cold!r} and `heat` is {self.heat!r}: give a lower `cold`."
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

        Several threads divide a large plan among them. For smaller problems each searches on its own, from a seed of
        its own, and they pass plans to each other. An iteration limit holds for each thread.
        """
        seeds = rng.integers(1, 2**62, size=self.threads)
        first = _Run(self, problem, deadline, int(seeds[0]), start, Crew(1))
        compiled = warm_up(first.model, problem.num_clients >= LARGE, isinstance(first.core, Touring))
        deadline.extend(compiled)
        first.begin(progress)
        runs = [first]
        if self.threads == 1 or first.pieces():
            first.improve()
        else:
            first.crew = Crew(self.threads)
            runs += [
                _Run(self, problem, deadline, int(seed), start, first.crew, i) for i, seed in enumerate(seeds) if i
            ]
            _together(runs)
        best = min(runs, key=_Run.rank)
        stats = Stats(
            solver="search",
            threads=self.threads,
            seconds=deadline.elapsed(),
            compile_seconds=compiled,
            iterations=sum(r.core.iterations for r in runs),
            trace=tuple(best.trace),
            interrupted=any(r.core.stopped for r in runs),
        )
        return evaluate(problem, routes(problem, best.model), stats)


def _together(runs: list["_Run"]) -> None:
    """Let each run search on a thread of its own; the first one has begun."""
    with ThreadPoolExecutor(len(runs)) as pool:
        waiting = [pool.submit(run.improve if run is runs[0] else run.run) for run in runs]
        try:
            for w in waiting:
                try:
                    w.result()
                except KeyboardInterrupt:
                    _stop(runs)
                    w.result()
                # The first alone asks for progress, and may have been told to stop.
                if runs[0].core.stopped:
                    _stop(runs)
        except BaseException:
            _stop(runs)
            raise


def _stop(runs: list["_Run"]) -> None:
    for run in runs:
        run.core.stopped = True


@dataclass
class _Run:
    """One search: on one core, or of one plan on several."""

    search: Search
    problem: Problem
    deadline: Deadline
    seed: int
    start: Solution | None
    crew: Crew
    place: int = 0
    """In the crew."""
    trace: list[tuple[float, float]] = field(default_factory=list)
    _progress: Progress | None = None
    _top: Elite | None = None
    """The best plan of all but the present annealing, which is in the model."""
    _told: float = 0.0
    _meets: bool = False
    """Whether the plans of the others are looked at."""
    _level: int = 0

    def __post_init__(self) -> None:
        self.model: Model = build(self.problem, self.seed)
        nobody = np.zeros((0, 0), np.int64)
        kind = Touring if is_tour(self.problem, self.model) else Annealing
        self.core: Annealing = kind(self.model, nobody, self.deadline, self.search.removal, self._watch)

    def rank(self) -> tuple[int, float, float]:
        """Return what plans are compared by: required clients left out, then what comes before the cost, then that."""
        here = self.model.rank(1)
        return here if self._top is None else min(here, self._top.rank())

    def run(self) -> None:
        """Begin and improve."""
        self.begin(None)
        self.improve()

    def begin(self, progress: Progress | None) -> None:
        """Make a first plan."""
        self._progress = progress
        m, core = self.model, self.core
        try:
            if isinstance(core, Touring):
                core.begin(self.problem, self._given())
            else:
                length = list_length(m, self.search.neighbours, self.deadline.time_limit)
                core.near = neighbours(m.net, m.times, m.loads, m.clients, length)
                self._first_plan()
        except KeyboardInterrupt:
            core.stopped = True
        if not isinstance(core, Touring):
            m.take_as_best()
        self._note()
        core.began = self._told = self.deadline.elapsed()

    def _first_plan(self) -> None:
        m = self.model
        m.empty()
        kernels.rebuild(*m.state(), m.required)
        if self.start is not None:
            load_routes(m, self.start.routes)
            self._mend(NOBODY)
        elif savings_apply(m):
            savings(m.net, m.loads, m.plan, self.core.near, m.clients)
            if isinstance(m.loads, Peaks):
                self._mend(NOBODY)
        else:
            self._insert()
        kernels.rebuild(*m.state(), m.required)

    def _insert(self) -> None:
        """Put everyone into the empty plan, whatever the prizes; the plan of those that pay at once is kept beside it.

        A trip to the first stop alone seldom pays, so that a search which begins with nobody stays there.
        """
        m, sequence = self.model, self._sequence()
        if not m.required[m.clients].all():
            self.core.search(1, 0.0, sequence)
            kernels.rebuild(*m.state(), m.required)
            m.take_as_best()
            self._keep()
            m.empty()
            kernels.rebuild(*m.state(), m.required)
        self.core.search(1, ANY_PRICE, sequence)

    def pieces(self) -> int:
        """Return how many regions of the plan each core searches in turn; 0 where the plan is not divided."""
        return pieces(self.model, self.deadline, self.search.threads)

    def improve(self) -> None:
        """Make the plan better until the deadline."""
        try:
            if len(self.model.clients) > 1 and not self.core.stopped:
                self._improve()
        except KeyboardInterrupt:
            self.core.stopped = True
        self._bring_back()

    def _given(self) -> NDArray[np.int64]:
        """Return the stops of the plan that was given, one route after the other."""
        visits = [] if self.start is None else [c for route in self.start.routes for c in route.visits]
        return np.array(visits, np.int64)

    def _sequence(self) -> NDArray[np.int64]:
        """Far clients first: the near ones fit in later."""
        m = self.model
        clients = np.setdiff1d(m.clients, m.locked())
        return m.unite(clients[np.argsort(m.order.keys[1, clients], kind="stable")])

    def _improve(self) -> None:
        """Anneal the first plan once, or several times apart and then the children of the results."""
        core, leg, size = self.core, mean_leg(self.model), self.crew.size
        if isinstance(core, Touring):
            leg = core.leg()
            core.budget(leg * HOT)
            self._meets = size > 1
            core.anneal(core.done(), 1.0, leg * HOT, leg * COLD, STEPS)
            return
        hot, cold = leg * self.search.heat, leg * self.search.cold
        if self.problem.objective == "vehicles":
            use_fewest(core, self.problem, self._keep, hot, cold)
            core.begin_anew()
        budget = core.budget(hot)
        more = extra_heat(self.model) if self.start is None else 1.0
        if size == 1 and (many := self.pieces()):
            Cores(core, self.search.threads, self.seed, hot * more, cold * more, STEPS, many).anneal()
            return
        if (growth := grow(self.model, budget)) is not None:
            self._evolve(growth, hot, cold)
            return
        plan = self.crew.agree(shape(budget * size, orders(self.model.plan.groups, self.model.clients)))
        if plan.plans == 1 or self.model.fleet.used[0] < 2:
            self._meets = size > 1
            core.anneal(core.done(), 1.0, hot * more, cold * more, STEPS)
        else:
            self._populate(plan, leg)

    def _populate(self, plan: Shape, leg: float) -> None:
        core, crew = self.core, self.crew
        hot, cold = leg * self.search.heat, leg * self.search.cold
        rng = np.random.default_rng(self.seed)
        first = elite(self.model)
        core.overload = allow(self.model, leg)
        mine = range(self.place, plan.plans, crew.size)
        for i in range(len(mine)):
            if i:
                self._take(first)
            core.anneal(core.done(), FIRST * (i + 1) / len(mine), hot, cold, FEW_STEPS)
            crew.add(self._keep())
        while not core.stopped and core.done() < 1.0:
            a, b = crew.parents(rng)
            self._breed(a, b, rng)
            done = core.done()
            core.anneal(done, done + plan.child * crew.size, leg * WARM, cold, FEW_STEPS)
            crew.welcome(self._keep())

    def _meet(self) -> None:
        """Go on from where another search is, if that is better."""
        if not self._meets or not self._due(LEVELS):
            return
        better = self.crew.meet(self.place, self.core.present())
        if better is not None:
            self.core.adopt(better)

    def _evolve(self, growth: Growth, hot: float, cold: float) -> None:
        """Anneal the first plan, and let it and random ones breed."""
        core = self.core
        core.anneal(core.done(), growth.annealing, hot, cold, FEW_STEPS)
        breeding = Breeding.of(self.model, core.near, self.seed)
        breeding.settle([self._keep()], 0)
        self._make(breeding, breeding.settle_random, growth.random)
        self._make(breeding, breeding.breed, NO_END)

    def _make(self, breeding: Breeding, some: Callable[[int], None], many: int) -> None:
        """Make so many plans, or as many as there is time for; each counts as an iteration per client."""
        core, deadline, n, made, rate = self.core, self.deadline, len(self.model.clients), 0, 0.0
        while not core.stopped and made < many and core.done() < 1.0:
            span = min(CHUNK, max(deadline.remaining(), 0.0) * 0.7)
            left = NO_END if deadline.max_iterations is None else deadline.max_iterations - core.iterations
            count = max(1, int(min(rate * span, many - made, math.ceil(left / n))))
            tick = time.perf_counter()
            some(count)
            rate = count / max(time.perf_counter() - tick, 1e-7)
            made += count
            core.iterations += min(count * n, left)
            best = breeding.best(self._top.cost if self._top is not None and not self._top.missing else math.inf)
            self._top = self._top if best is None else best
            if self.crew.size > 1 and self._top is not None and self._due(MOVES):
                better = self.crew.meet(self.place, self._top)
                if better is not None and not better.missing:
                    breeding.settle([better], 0)
            self._note()
            self._tell()

    def _due(self, moments: int) -> bool:
        """Tell, once for each of some moments, that it is time to look at the plans of the others."""
        level, before = int(self.core.done() * moments), self._level
        self._level = level
        return level != before

    def _breed(self, a: Elite, b: Elite, rng: np.random.Generator) -> None:
        """Make the child of two plans the current one."""
        m = self.model
        # Where the way past a stop is longer than the way through it, a route may not survive the loss of a stop.
        self._mend(cross(m, self.core.near, a, b, rng))
        m.take_as_best()

    def _mend(self, left: NDArray[np.int64]) -> None:
        """Dissolve the routes that break a constraint; put their stops, and those that are left, somewhere."""
        m = self.model
        broken = kernels.rebuild(*m.state(), m.required)
        if broken:
            left = np.concatenate([left, dissolve(m, m.work.changed[:broken])])
            kernels.rebuild(*m.state(), m.required)
        if len(left):
            self.core.search(1, 0.0, m.unite(left))
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
        here = self.model.rank(1)
        # An interrupt may have come before the costs of a new plan were known.
        if top is not None and (top.rank() < here or not math.isfinite(here[2])):
            plan.best[:], plan.best_size[:] = top.following, top.size
            work.missing[1], work.lead[1], work.cost[1] = top.rank()

    def _money(self) -> float:
        return self.rank()[2] * self.model.scale + self.model.constant

    def _watch(self) -> None:
        self._meet()
        self._note()
        self._tell()

    def _note(self) -> None:
        cost = self._money()
        if not self.trace or cost != self.trace[-1][1]:
            self.trace.append((self.deadline.elapsed(), cost))

    def _tell(self) -> None:
        now = self.deadline.elapsed()
        if self._progress is not None and now - self._told > 0.1:
            self._told = now
            event = Event(now, self.core.iterations, self._money(), self.rank()[0])
            if self._progress(event) is False:
                self.core.stopped = True
