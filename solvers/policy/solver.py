"""The solvers `policy` and `policy+search`: a trained network behind the protocol, in rounds until the deadline."""

import importlib.util
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from vrp.check import evaluate
from vrp.deadline import Deadline
from vrp.errors import MissingExtraError, OptionError, UnsupportedError, suggest
from vrp.problem import Problem
from vrp.solution import Solution, Stats
from vrp.solvers import Event, Progress

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from vrp.solvers.policy.decoding import Found
    from vrp.solvers.policy.env import Instances
    from vrp.solvers.policy.pomo import POMO
    from vrp.solvers.policy.rollout import Choose
    from vrp.solvers.policy.weights import Trained

DECODES = ("greedy", "multistart", "sampling", "beam", "active_search")
OF = {"samples": "sampling", "temperature": "sampling", "top_k": "sampling", "top_p": "sampling", "beam": "beam",
      "branches": "beam", "rounds": "active_search"}  # fmt: skip
"""The only way of decoding that an option is for."""
ROUND_BYTES = {"cpu": 2**25, "cuda": 2**28}
"""Memory that the rollouts of a round may take; more starts are spread over several rounds. A processor is no faster
with more (measured with 20 and 100 stops), and hands out its first plans later."""
ROUND_WORK = 2**26
"""Walks times the square of places in a round on a processor: half a second, for the sake of deadlines."""
SHORT_ROUND = 2**19
"""Walks times the square of places up to which several symmetries are looked at in one round: few enough to be over in
10 ms on a processor, where torch's calls for each would take longer."""
STARTS_AT_ONCE = 100
"""Starts that still fit a round with the largest batch."""
BYTES_PER_CHOICE = 64
"""What a feasible or infeasible choice takes at its peak: logits, noise, masks, distances."""


@dataclass(frozen=True)
class Rollouts:
    """A trained network on problems of its kind, from coordinates: what both solvers share.

    Rounds of rollouts are run until the way of decoding is through or the deadline is near; the first is always
    finished. `max_iterations` counts rounds: one symmetry of the map or a part of its starts, or several symmetries
    where the problems are few and small.
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
    """Rollouts of "sampling", all together; more where they do not fill whole rounds."""
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
            if OF.get(name, self.decode) != self.decode and value != getattr(Rollouts, name):
                told = f"The option {name!r} is for decode={OF[name]!r}, but decode is {self.decode!r}."
                raise OptionError(f"{told} Leave it out, or choose that way of decoding.")
        if not isinstance(self.weights, str | os.PathLike):
            told = (
                f"The option 'weights' of the policy is {self.weights!r}, but must be a name or the path of a folder."
            )
            raise OptionError(told)
        for package in ("torch", "safetensors"):
            if importlib.util.find_spec(package) is None:
                raise MissingExtraError(package, "train")

    def supports(self, problem: Problem) -> list[str]:
        """Name the features of the problem that this solver cannot honour."""
        from vrp.solvers.policy.env import is_tour, unsupported
        from vrp.solvers.policy.weights import KINDS, available

        if lacks := unsupported(problem):
            return lacks
        kind = "tsp" if is_tour(problem) else "cvrp"
        if not self.weights:
            return [] if kind in available() else [f"{KINDS[kind]} (the package has no weights for it)"]
        if self._trained(kind).kind != kind:
            return [f"{KINDS[kind]} (the weights {self.weights!r} are for {KINDS[self._trained(kind).kind]})"]
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
        return self.solve_together([problem], deadline, rng, progress)[0]

    def solve_together(
        self,
        problems: Sequence[Problem],
        deadline: Deadline,
        rng: np.random.Generator,
        progress: Progress | None = None,
    ) -> list[Solution]:
        """Return the best plan of each problem, as `solve` does, in one batch; all must be tours, or none.

        Parameters
        ----------
        problems
            Of similar sizes, since all are padded to the largest.
        deadline
            Of all together.
        rng
            Seed of what is random.
        progress
            Told of the first problem.
        """
        import torch

        from vrp.solvers.policy import fused
        from vrp.solvers.policy.env import is_tour

        for problem in problems:
            if lacks := self.supports(problem):
                raise UnsupportedError(f"Solver 'policy' cannot honour: {', '.join(lacks)}. Try solver='auto'.")
        torch.set_num_threads(self.threads)
        best = Best(problems, deadline)
        try:
            if self._device() == "cpu":
                policy = self._trained("tsp" if is_tour(problems[0]) else "cvrp").policy.to("cpu")
                deadline.extend(fused.warm_up(policy, learning=self.decode == "active_search"))
            for home, choices, cost in self._rounds(problems, int(rng.integers(2**62))):
                best.offer(home.cpu(), choices.cpu(), cost.cpu())
                if best.over() or (progress is not None and progress(best.event()) is False):
                    break
        except KeyboardInterrupt:
            best.interrupted = True
        return best.solutions(self.threads, torch.__version__)

    def _rounds(self, problems: Sequence[Problem], seed: int) -> "Iterator[Found]":
        """Yield homes [B], choices [B, T] and costs [B] of the best walks of each round."""
        import torch

        from vrp.solvers.policy import decoding, env
        from vrp.solvers.policy.active import active_search
        from vrp.solvers.policy.beam import beam_search

        batch = env.encode(problems)
        device = self._device()
        _require_memory(batch.places, device)
        trained = self._trained("tsp" if bool(batch.cyclic[0]) else "cvrp")
        policy, batch = trained.policy.to(device), batch.to(device)
        random = torch.Generator(device).manual_seed(seed)
        if self.decode == "greedy":
            yield decoding.alone(policy, batch)
        elif self.decode == "active_search":
            turned = decoding.symmetric(batch, self.augment)
            for found in islice(active_search(policy, turned, batch.places, random), self.rounds):
                yield decoding.best_symmetry(turned, found, self.augment)
        elif self.decode == "beam":
            walks = self.beam * min(self.branches, batch.places) * batch.places
            for turned, number in decoding.symmetries(batch, self.augment, self._together(batch, walks)):
                found = beam_search(policy, turned, self.beam, self.branches)
                yield decoding.best_symmetry(turned, found, number)
        else:
            yield from self._many_starts(policy, batch, random)

    def _many_starts(self, policy: "POMO", batch: "Instances", random: "torch.Generator") -> "Iterator[Found]":
        import torch

        from vrp.solvers.policy import decoding
        from vrp.solvers.policy.rollout import Sampler, greedy, starts

        choose: Choose = greedy
        rounds = 1
        if self.decode == "sampling":
            choose = Sampler(random, self.temperature, self.top_k or None, self.top_p)
            rounds = math.ceil(self.samples / (self.augment * batch.places))
        device = batch.coords.device.type
        at_once = ROUND_BYTES[device] // (BYTES_PER_CHOICE * batch.size * batch.places)
        if device == "cpu":
            at_once = min(at_once, ROUND_WORK // (batch.size * batch.places**2))
        for _ in range(rounds):
            first = starts(batch, max(1, batch.places - (not bool(batch.cyclic[0]))), random)
            together = self._together(batch, first.shape[1])
            for turned, number in decoding.symmetries(batch, self.augment, together):
                with torch.no_grad():
                    memory = policy.encode(turned)
                for part in torch.split(first.repeat_interleave(number, dim=0), max(1, at_once // number), dim=1):
                    found = decoding.best_from(policy, memory, turned, part, choose)
                    yield decoding.best_symmetry(turned, found, number)

    def _together(self, batch: "Instances", walks: int) -> int:
        """Return how many symmetries are best looked at in one round, with so many walks on each."""
        return max(1, min(self.augment, SHORT_ROUND // (batch.size * walks * batch.places**2)))

    def _trained(self, kind: str) -> "Trained":
        """Return the weights to use for a kind of problem; they are read once."""
        return self._given if self.weights else _packaged(kind)

    @cached_property
    def _given(self) -> "Trained":
        from vrp.solvers.policy.weights import load

        return load(self.weights)

    def _device(self) -> str:
        import torch

        if self.device == "cuda" and not torch.cuda.is_available():
            raise OptionError("The option 'device' is 'cuda', but torch sees no GPU. Choose 'cpu' or 'auto'.")
        return self.device if self.device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"


@dataclass(frozen=True)
class Policy(Rollouts):
    """The policy's own plans, for many problems at once too."""

    def batches(self, problems: Sequence[Problem]) -> list[list[int]]:
        """Return which problems should be solved together: of one kind, of similar size, in bounded memory."""
        import torch

        from vrp.solvers.policy.env import is_tour

        memory = ROUND_BYTES["cuda" if self.device != "cpu" and torch.cuda.is_available() else "cpu"]
        tours = [is_tour(problem) for problem in problems]
        found: list[list[int]] = []
        for i in sorted(range(len(problems)), key=lambda i: (tours[i], problems[i].num_clients)):
            smallest = problems[found[-1][0]].num_clients if found else 0
            places = problems[i].num_clients + 1
            room = memory // (BYTES_PER_CHOICE * places * min(places, STARTS_AT_ONCE))
            alike = bool(found) and tours[i] == tours[found[-1][0]] and problems[i].num_clients <= 1.2 * smallest + 4
            if alike and len(found[-1]) < room:
                found[-1].append(i)
            else:
                found.append([i])
        return found


@dataclass(frozen=True)
class PolicySearch(Rollouts):
    """The search, begun from the policy's plan; one problem after the other, since the search takes no batches."""

    augment: int = 1
    """As in `Rollouts`; the time of more symmetries is better spent by the search."""

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
        deadline.extend(mine.given_back - deadline.given_back)
        if start is not None and (len(start.unserved), start.cost) <= (len(first.unserved), first.cost):
            first = start
        if first.stats.interrupted:
            return first
        found = make("search", self.threads).solve(problem, deadline, rng, first, progress)
        return replace(found, stats=replace(found.stats, versions=first.stats.versions))


@cache
def _packaged(kind: str) -> "Trained":
    from vrp.solvers.policy.weights import load

    return load(kind)


class Best:
    """The best plan of each problem so far, and the clock."""

    def __init__(self, problems: Sequence[Problem], deadline: Deadline) -> None:
        self.problems = problems
        self.deadline = deadline
        self.interrupted = False
        self.rounds = 0
        self.ranks = [(math.inf, math.inf)] * len(problems)
        self.plans: list[Solution | None] = [None] * len(problems)
        self.traces: list[list[tuple[float, float]]] = [[] for _ in problems]
        self._last = deadline.elapsed()
        self._longest = 0.0

    def offer(self, home: "Tensor", choices: "Tensor", cost: "Tensor") -> None:
        """Take the walks that leave out fewer stops, or as many and are shorter on their scaled maps."""
        from vrp.solvers.policy.env import decode

        self.rounds += 1
        for i, (problem, length) in enumerate(zip(self.problems, cost.tolist(), strict=True)):
            if self.ranks[i] <= (0, length):
                continue
            routes = decode(problem, home[i], choices[i])
            rank = (problem.num_clients - sum(len(r.visits) for r in routes), length)
            if rank < self.ranks[i]:
                self.ranks[i], self.plans[i] = rank, (plan := evaluate(problem, routes))
                self.traces[i].append((self.deadline.elapsed(), plan.cost))
        now = self.deadline.elapsed()
        self._longest, self._last = max(self._longest, now - self._last), now

    def over(self) -> bool:
        """Return whether another round as long as the longest would pass the deadline."""
        limit = self.deadline.max_iterations
        return (limit is not None and self.rounds >= limit) or self.deadline.remaining() < self._longest

    def event(self) -> Event:
        """Return what progress is told."""
        return Event(self.deadline.elapsed(), self.rounds, self.traces[0][-1][1], int(self.ranks[0][0]))

    def solutions(self, threads: int, torch_version: str) -> list[Solution]:
        """Return the plans."""
        stats = Stats(
            solver="policy",
            threads=threads,
            seconds=self.deadline.elapsed(),
            iterations=self.rounds,
            interrupted=self.interrupted,
            versions={"torch": torch_version},
        )
        return [
            replace(plan or evaluate(problem, []), stats=replace(stats, trace=tuple(trace)))
            for problem, plan, trace in zip(self.problems, self.plans, self.traces, strict=True)
        ]


def _require_memory(places: int, device: str) -> None:
    """Raise an error where the pairs of places alone do not fit the memory of the device."""
    import torch

    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if device == "cuda":
        total = torch.cuda.mem_get_info()[1]
    per_pair = 4 * 16  # Bytes: distances, scores of the heads, and masks of a round with few starts.
    if places**2 * per_pair > 0.5 * total:
        most = int(math.sqrt(0.5 * total / per_pair)) - 1
        raise UnsupportedError(
            f"The policy looks at all pairs of {places - 1} stops, which does not fit this machine's"
            f" {total / 2**30:.0f} GiB of memory ({device}); up to {most} stops would. Use solver='search'."
        )
