"""Search: the schedule around the kernels. It knows the time given, stops in time and returns the best plan."""

import math
import time
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
from vrp.solvers.search.loads import OneLoad
from vrp.solvers.search.model import Model, build, load_routes, routes, unsupported
from vrp.solvers.search.neighbours import neighbours
from vrp.solvers.search.plan import Equal, Far
from vrp.solvers.search.start import savings
from vrp.solvers.search.times import NoTime
from vrp.solvers.search.warmth import warm_up

TALLEST = 10.0
"""Longest string that is removed (L max of the paper)."""
REBUILD = 20
"""Chunks of iterations between two recounts of all running sums."""
NOBODY = np.zeros(0, np.int32)


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
    _rate: float = 0.0

    def __post_init__(self) -> None:
        self.model: Model = build(self.problem, self.seed)

    def rank(self) -> tuple[int, float]:
        """Return what plans are compared by: required clients left out, then cost."""
        return int(self.model.work.missing[1]), float(self.model.work.cost[1])

    def run(self, progress: Progress | None) -> None:
        try:
            self._begin()
            self._anneal(progress)
        except KeyboardInterrupt:
            self.interrupted = True

    def _begin(self) -> None:
        m, options = self.model, self.search
        self.near = neighbours(m.net, m.times, m.clients, options.neighbours)
        kernels.rebuild(*m.state(), m.required)
        if self.start is not None:
            load_routes(m, self.start.routes)
        elif self._savings_apply():
            savings(m.net, m.loads, m.plan, self.near, m.clients)
        else:
            self._search(1, 0.0, self._sequence())
        kernels.rebuild(*m.state(), m.required)
        m.take_as_best()
        self._note()

    def _search(self, iterations: int, temperature: float, sequence: NDArray[np.int32] = NOBODY) -> None:
        m = self.model
        kernels.search(
            *m.state(), m.order, self.near, m.clients, m.required,
            sequence, iterations, temperature, self.search.removal, TALLEST,
        )  # fmt: skip

    def _savings_apply(self) -> bool:
        m = self.model
        plain = isinstance(m.times, NoTime) and isinstance(m.mix, Equal) and isinstance(m.reach, Far)
        return plain and isinstance(m.loads, OneLoad) and len(m.fleet.top) == 1 and bool(m.required[m.clients].all())

    def _sequence(self) -> NDArray[np.int32]:
        """Far clients first: the near ones fit in later."""
        m = self.model
        return m.clients[np.argsort(m.order.keys[1, m.clients], kind="stable")]

    def _anneal(self, progress: Progress | None) -> None:
        m, options, deadline = self.model, self.search, self.deadline
        n = len(m.clients)
        leg = self._leg()
        began = deadline.elapsed()
        span = deadline.time_limit - began
        limit = deadline.max_iterations
        told = began
        chunk = 100 if limit is None else max(1, min(1000, limit // 200))
        chunks = 1
        if n < 2 or span <= 0:
            return
        while not self.interrupted:
            now = deadline.elapsed()
            done = (now - began) / span if math.isfinite(span) else 0.0
            if limit is not None:
                done = max(done, self.iterations / limit)
                chunk = min(chunk, limit - self.iterations)
            if done >= 1.0 or chunk <= 0:
                break
            temperature = leg * options.heat * (options.cold / options.heat) ** done
            tick = time.perf_counter()
            if chunks % REBUILD == 0:
                kernels.rebuild(*m.state(), m.required)
            chunks += 1
            self._search(chunk, temperature)
            self.iterations += chunk
            self._note()
            self._press()
            if math.isfinite(span):
                chunk = self._next_chunk(chunk, time.perf_counter() - tick, deadline.remaining())
            if progress is not None and deadline.elapsed() - told > 0.1:
                told = deadline.elapsed()
                event = Event(told, self.iterations, self._money(), int(m.work.missing[1]))
                if progress(event) is False:
                    self.interrupted = True

    def _leg(self) -> float:
        """Mean cost of a leg of the current plan, the price of its vehicle included: the scale of temperatures."""
        m = self.model
        bank = m.plan.bank[: m.plan.banked[0]]
        missed = m.plan.penalty[bank][~m.required[bank]].sum()
        return max(float(m.work.cost[0] - missed), 0.0) / (len(m.clients) - len(bank) + int(m.fleet.used[0]) or 1)

    def _next_chunk(self, chunk: int, seconds: float, remaining: float) -> int:
        rate = chunk / max(seconds, 1e-7)
        self._rate = rate if self._rate == 0.0 else 0.5 * (self._rate + rate)
        return max(1, int(self._rate * min(0.01, max(remaining, 0.0) * 0.7, self.deadline.time_limit / 100)))

    def _press(self) -> None:
        """Make required clients that stay out dearer, so that others make room for them."""
        m = self.model
        if m.work.missing[0]:
            waiting = m.plan.bank[: m.plan.banked[0]]
            waiting = waiting[m.required[waiting]]
            m.plan.penalty[waiting] = np.minimum(m.plan.penalty[waiting] * 1.1, 1e12)

    def _money(self) -> float:
        return float(self.model.work.cost[1]) * self.model.scale + self.model.constant

    def _note(self) -> None:
        cost = self._money()
        if not self.trace or cost != self.trace[-1][1]:
            self.trace.append((self.deadline.elapsed(), cost))
