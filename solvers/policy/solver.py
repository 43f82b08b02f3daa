"""The solvers `policy` and `policy+search`: a trained network behind the protocol, in rounds until the deadline."""

import importlib.util
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from vrp.check import evaluate
from vrp.deadline import Deadline
from vrp.errors import MissingExtraError, OptionError, UnsupportedError, suggest
from vrp.problem import Problem
from vrp.solution import Route, Solution, Stats
from vrp.solvers import Event, Progress

if TYPE_CHECKING:
    from torch import Tensor

    from vrp.solvers.policy.rollout import Choose
    from vrp.solvers.policy.weights import Trained

DECODES = ("greedy", "multistart", "sampling", "beam", "active_search")
ROUND_BYTES = 2**28
"""Memory that the rollouts of a round may take; more starts are spread over several rounds."""


@dataclass(frozen=True)
class Policy:
    """A trained network on problems of its kind, from coordinates.

    Rounds of rollouts are run until the way of decoding is through or the deadline is near; the first is always
    finished. `max_iterations` counts rounds.
    """

    threads: int = 1
    weights: str = ""
    """Name or folder of the weights; "" for those of the package for the kind of problem."""
    decode: str = "multistart"
    """"greedy": one rollout; "multistart": one from every first stop; "sampling": random ones; "beam":
    simulation-guided beam search; "active_search": the network learns on this very problem."""
    augment: int = 8
    """How many symmetries of the map are tried, 1 to 8; "greedy" tries none, "active_search" all at once."""
    samples: int = 1024
    """Rollouts of "sampling", all together."""
    temperature: float = 1.0
    """Of "sampling": below 1 likely places become more likely."""
    top_k: int = 0
    """Of "sampling": only so many of the likeliest places; 0 for all."""
    top_p: float = 1.0
    """Of "sampling": only the likeliest places that together have this probability."""
    beam: int = 4
    """Walks that "beam" keeps."""
    branches: int = 4
    """Continuations of each walk that "beam" tries."""
    rounds: int = 100
    """Of "active_search"."""
    device: str = "auto"
    """"cpu", "cuda", or "auto": the GPU where there is one."""

    def __post_init__(self) -> None:
        if self.decode not in DECODES:
            raise OptionError(f"The option 'decode' of the policy is {self.decode!r}.{suggest(self.decode, DECODES)}")
        if self.device not in ("auto", "cpu", "cuda"):
            told = suggest(self.device, ("auto", "cpu", "cuda"))
            raise OptionError(f"The option 'device' of the policy is {self.device!r}.{told}")
        for name, kind, low, high in (
            ("augment", int, 1, 8), ("samples", int, 1, 10**9), ("top_k", int, 0, 10**9), ("beam", int, 1, 10**6),
            ("branches", int, 1, 10**6), ("rounds", int, 1, 10**9),
            ("temperature", float, 1e-3, 1e3), ("top_p", float, 1e-6, 1.0),
        ):  # fmt: skip
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, kind)) or not low <= value <= high:
                what = "a whole number" if kind is int else "a number"
                told = f"The option {name!r} of the policy is {value!r}, but must be {what} from {low:g} to {high:g}."
                raise OptionError(told)
        for package in ("torch", "safetensors"):
            if importlib.util.find_spec(package) is None:
                raise MissingExtraError(package, "train")

    def supports(self, problem: Problem) -> list[str]:
        """Name the features of the problem that this solver cannot honour."""
        from vrp.solvers.policy.env import is_tour, unsupported
        from vrp.solvers.policy.weights import KINDS, available, load

        if lacks := unsupported(problem):
            return lacks
        kind = "tsp" if is_tour(problem) else "cvrp"
        if not self.weights:
            return [] if kind in available() else [f"{KINDS[kind]} (the package has no weights for it)"]
        trained = load(self.weights)
        if trained.kind != kind:
            return [f"{KINDS[kind]} (the weights {self.weights!r} are for {KINDS[trained.kind]})"]
        return []

    def solve(
        self,
        problem: Problem,
        deadline: Deadline,
        rng: np.random.Generator,
        start: Solution | None = None,  # it cannot begin from a plan
        progress: Progress | None = None,
    ) -> Solution:
        """Return the best plan of all rollouts."""
        import torch

        if lacks := self.supports(problem):
            raise UnsupportedError(f"Solver 'policy' cannot honour: {', '.join(lacks)}. Try solver='auto'.")
        torch.set_num_threads(self.threads)
        best = _Best(problem, deadline)
        try:
            for home, choices, cost in self._rounds(problem, int(rng.integers(2**62))):
                best.offer(home, choices, cost)
                if best.over() or (progress is not None and progress(best.event()) is False):
                    break
        except KeyboardInterrupt:
            best.interrupted = True
        return best.solution(self.threads, torch.__version__)

    def _rounds(self, problem: Problem, seed: int) -> "Iterator[tuple[Tensor, Tensor, float]]":
        """Yield home, choices and cost of the best walk of each round."""
        import torch

        from vrp.solvers.policy import decoding, env
        from vrp.solvers.policy.active import active_search
        from vrp.solvers.policy.beam import beam_search
        from vrp.solvers.policy.rollout import greedy, sampler, starts
        from vrp.solvers.policy.weights import load

        batch = env.encode([problem])
        _require_memory(batch.places)
        device = self._device()
        trained: Trained = load(self.weights or ("tsp" if bool(batch.cyclic[0]) else "cvrp"))
        policy, batch = trained.policy.to(device), batch.to(device)
        if self.decode == "greedy":
            yield _only(decoding.best_from(policy, batch, decoding.first_choice(policy, batch), greedy))
            return
        turned = decoding.symmetric(batch, self.augment)
        random = torch.Generator(device).manual_seed(seed)
        if self.decode == "active_search":
            for home, choices, costs in islice(active_search(policy, turned, batch.places, random), self.rounds):
                at = int(costs.argmin())
                yield home[at], choices[at], float(costs[at])
            return
        if self.decode == "beam":
            for map_ in range(self.augment):
                yield _only(beam_search(policy, turned.take(slice(map_, map_ + 1)), self.beam, self.branches))
            return
        choose: Choose = greedy
        rounds = 1
        at_once = min(batch.places, max(1, ROUND_BYTES // (64 * batch.places**2)))
        if self.decode == "sampling":
            choose = decoding.narrowed(sampler(random), self.temperature, self.top_k or None, self.top_p)
            rounds = math.ceil(self.samples / (self.augment * batch.places))
        for _ in range(rounds):
            first = starts(batch, batch.places - (not bool(batch.cyclic[0])), random)
            for map_ in range(self.augment):
                for part in torch.split(first, at_once, dim=1):
                    yield _only(decoding.best_from(policy, turned.take(slice(map_, map_ + 1)), part, choose))

    def _device(self) -> str:
        import torch

        if self.device == "cuda" and not torch.cuda.is_available():
            raise OptionError("The option 'device' is 'cuda', but torch sees no GPU. Choose 'cpu' or 'auto'.")
        return self.device if self.device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"


@dataclass(frozen=True)
class PolicySearch(Policy):
    """The search, begun from the policy's plan."""

    augment: int = 1
    """As in `Policy`; the time of more symmetries is better spent by the search."""

    def solve(
        self,
        problem: Problem,
        deadline: Deadline,
        rng: np.random.Generator,
        start: Solution | None = None,
        progress: Progress | None = None,
    ) -> Solution:
        """Return the search's best plan; a better `start` than the policy's plan is begun from instead."""
        from vrp.solvers import make

        # The search counts `max_iterations`; half of the time at most goes to the policy.
        mine = Deadline(deadline.elapsed() + 0.5 * deadline.remaining(), started=deadline.started)
        mine.extend(deadline.given_back)
        first = super().solve(problem, mine, rng)
        if start is not None and (len(start.unserved), start.cost) <= (len(first.unserved), first.cost):
            first = start
        if first.stats.interrupted:
            return first
        found = make("search", self.threads).solve(problem, deadline, rng, first, progress)
        return replace(found, stats=replace(found.stats, versions=first.stats.versions))


class _Best:
    """The best plan so far, and the clock."""

    def __init__(self, problem: Problem, deadline: Deadline) -> None:
        self.problem = problem
        self.deadline = deadline
        self.interrupted = False
        self.rounds = 0
        self.rank = (math.inf, math.inf)
        self.routes: list[Route] = []
        self.trace: list[tuple[float, float]] = []
        self._last = deadline.elapsed()
        self._longest = 0.0

    def offer(self, home: "Tensor", choices: "Tensor", cost: float) -> None:
        """Take a walk if it leaves out fewer stops, or as many and is shorter on its scaled map."""
        from vrp.solvers.policy.env import decode

        self.rounds += 1
        routes = decode(self.problem, home, choices)
        rank = (self.problem.num_clients - sum(len(r.visits) for r in routes), cost)
        if rank < self.rank:
            self.rank, self.routes = rank, routes
            self.trace.append((self.deadline.elapsed(), evaluate(self.problem, routes).cost))
        now = self.deadline.elapsed()
        self._longest, self._last = max(self._longest, now - self._last), now

    def over(self) -> bool:
        """Return whether another round as long as the longest would pass the deadline."""
        limit = self.deadline.max_iterations
        return (limit is not None and self.rounds >= limit) or self.deadline.remaining() < self._longest

    def event(self) -> Event:
        """Return what progress is told."""
        return Event(self.deadline.elapsed(), self.rounds, self.trace[-1][1], int(self.rank[0]))

    def solution(self, threads: int, torch_version: str) -> Solution:
        """Return the plan."""
        stats = Stats(
            solver="policy",
            threads=threads,
            seconds=self.deadline.elapsed(),
            iterations=self.rounds,
            trace=tuple(self.trace),
            interrupted=self.interrupted,
            versions={"torch": torch_version},
        )
        return evaluate(self.problem, self.routes, stats)


def _only(found: "tuple[Tensor, Tensor, Tensor]") -> "tuple[Tensor, Tensor, float]":
    home, choices, cost = found
    return home[0], choices[0], float(cost[0])


def _require_memory(places: int) -> None:
    """Raise an error where the pairs of places alone do not fit the memory of this machine."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    per_pair = 4 * 16  # Bytes: distances, scores of the heads, and masks of a round with few starts.
    if places**2 * per_pair > 0.5 * total:
        most = int(math.sqrt(0.5 * total / per_pair)) - 1
        raise UnsupportedError(
            f"The policy looks at all pairs of {places - 1} stops, which does not fit this machine's"
            f" {total / 2**30:.0f} GiB of memory; up to {most} stops would. Use solver='search'."
        )
