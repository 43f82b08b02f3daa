"""Rollouts: environment and policy, step by step without gradients; and all of their steps asked again at once.

On a processor compiled kernels do both wherever they can (`fused`).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from vrp.errors import OptionError
from vrp.solvers.policy import env, fused
from vrp.solvers.policy.env import Instances, State
from vrp.solvers.policy.nets.pointer import Memory, Query
from vrp.solvers.policy.pomo import POMO

Choose = Callable[[Tensor], Tensor]
"""From logits [B, S, L] to places [B, S]."""


class Rollout(NamedTuple):
    """S finished walks over each of B problems, the first choice included."""

    home: Tensor
    """[B, S] where each starts and ends."""
    choices: Tensor
    """[B, S, T] places; after the end of a shorter walk, its home."""
    asked: Query | None = None
    """The queries of all choices but the first, which no policy made: Q = (T - 1) * S, step by step; None where they
    were not recorded."""


class Replay(NamedTuple):
    """What a policy thinks of the T - 1 choices that it made."""

    log: Tensor
    """[B, S, T - 1], the log-probability of each; 0 of a forced one, such as staying at home after the end."""
    free: Tensor
    """[B, S, T - 1] bool, whether there was another."""


def query(batch: Instances, state: State) -> Query:
    """Return the question that each rollout asks in this state."""
    return Query(state.at, state.home, env.context(batch, state), env.feasible(batch, state))


def finished(asked: Query) -> Tensor:
    """Return [B, Q] bool, whether a rollout can only stay at home: home is not feasible at home otherwise."""
    return (asked.at == asked.home) & asked.mask.gather(2, asked.home[..., None])[..., 0]


@torch.no_grad()
def rollout(
    policy: POMO, memory: Memory, batch: Instances, first: Tensor, choose: Choose, record: bool = True
) -> Rollout:
    """Let the policy finish walks whose first choice is given.

    Parameters
    ----------
    policy
        The network.
    memory
        Of these problems.
    batch
        The problems.
    first
        [B, S] first choices, see `starts`.
    choose
        Greedy, or a sampler.
    record
        Keep the queries for a replay, unless it is one of the kernels, which need none.
    """
    state = env.begin(batch, first)
    choices, asked = completed(policy, memory, batch, state, choose, record)
    return Rollout(state.home, torch.cat([first[..., None], choices], dim=2), asked)


@torch.no_grad()
def completed(
    policy: POMO, memory: Memory, batch: Instances, state: State, choose: Choose, record: bool = False
) -> tuple[Tensor, Query | None]:
    """Return the choices [B, S, T] that lead from a state to the end, and their queries where these are recorded."""
    sharp = _sharpness(choose)
    if sharp is not None and fused.suits(policy, memory, batch):
        random = choose.random if isinstance(choose, Sampler) else None
        return fused.finish(policy, memory, batch, state, sharp, random), None
    choices: list[Tensor] = []
    asked: list[Query] = []
    with uncached_casts(state.at.device.type):
        while True:
            now = query(batch, state)
            if bool(finished(now).all()):
                break
            choice = choose(policy(memory, now))
            state = env.step(batch, state, choice)
            choices.append(choice)
            if record:
                asked.append(now)
    made = torch.stack(choices, dim=2) if choices else state.home.new_zeros(*state.home.shape, 0)
    return made, joined(asked or [now]) if record else None


def uncached_casts(device: str) -> torch.autocast:
    """Return the context of autocast as it is, but without its cache of cast weights.

    Casts that are made without gradients would be used again by the replay, which then had no gradients either; and a
    CUDA graph would read them after they are gone.
    """
    reduced = torch.is_autocast_enabled(device)
    return torch.autocast(device, torch.get_autocast_dtype(device), enabled=reduced, cache_enabled=False)


def joined(asked: list[Query]) -> Query:
    """Return the queries of several steps as one: [B, S, ...] each become [B, T * S, ...]."""
    return Query(*(torch.stack(field, dim=1).flatten(1, 2) for field in zip(*asked, strict=True)))


def follow(batch: Instances, choices: Tensor) -> Rollout:
    """Return the rollouts that make given choices [B, S, T], as those that a policy made; they must be feasible."""
    return Rollout(env.begin(batch, choices[..., 0]).home, choices)


@torch.no_grad()
def _recorded(batch: Instances, choices: Tensor) -> Query:
    """Return the queries of all choices [B, S, T] but the first."""
    state = env.begin(batch, choices[..., 0])
    asked = []
    for choice in choices.unbind(2)[1:]:
        asked.append(query(batch, state))
        state = env.step(batch, state, choice)
    return joined(asked or [query(batch, state)])


def replay(policy: POMO, memory: Memory, batch: Instances, walks: Rollout) -> Replay:
    """Ask for all choices but the first at once (teacher forcing); gradients flow into the policy and the memory."""
    made = walks.choices[..., 1:]
    if walks.asked is None and fused.suits(policy, memory, batch):
        return Replay(*fused.replay(policy, memory, batch, env.begin(batch, walks.choices[..., 0]), made))
    asked = walks.asked or _recorded(batch, walks.choices)
    size, number, steps = made.shape
    free = (asked.mask.sum(dim=2) > 1)[:, : steps * number]
    width = int(free.sum(dim=1).max()) if steps else 0
    found = asked.context.new_zeros(free.shape)
    if width:
        # The free choices of each problem, and forced ones where another problem has more.
        index = free.byte().argsort(dim=1, descending=True, stable=True)[:, :width]
        wanted = made.transpose(1, 2).reshape(size, -1)
        parts = torch.split(index, _at_once(asked.mask), dim=1)
        chosen = [_asked(policy, memory, asked, wanted, part) for part in parts]
        found = found.scatter(1, index, torch.cat(chosen, dim=1))
    return Replay(*(each.view(size, steps, number).transpose(1, 2) for each in (found, free)))


def explore(
    policy: POMO, memory: Memory, batch: Instances, first: Tensor, random: torch.Generator
) -> tuple[Rollout, Replay]:
    """Return sampled rollouts and their replay, in one pass where that can be."""
    if fused.suits(policy, memory, batch):
        state = env.begin(batch, first)
        log, free, choices = fused.explore(policy, memory, batch, state, random)
        return Rollout(state.home, torch.cat([first[..., None], choices], dim=2)), Replay(log, free)
    walks = rollout(policy, memory.detached(), batch, first, Sampler(random))
    return walks, replay(policy, memory, batch, walks)


def _asked(policy: POMO, memory: Memory, asked: Query, wanted: Tensor, index: Tensor) -> Tensor:
    """Return [B, W], the log-probabilities of the choices wanted [B, Q] of some queries, at [B, W]."""
    logits = policy(memory, Query(*(picked(field, index) for field in asked)))
    chosen: Tensor = logits.log_softmax(dim=2).gather(2, picked(wanted, index)[..., None])[..., 0]
    return chosen


CACHED = 2**19
"""Logits that a processor still finds in its cache; a GPU takes all queries at once."""


def _at_once(mask: Tensor) -> int:
    """Return how many queries per problem, of masks [B, Q, L], are best asked in one call."""
    size, queries, places = mask.shape
    return max(1, queries if mask.is_cuda else CACHED // (size * places))


def picked(field: Tensor, index: Tensor) -> Tensor:
    """Return some of the queries of each problem: a field [B, Q, ...] at [B, W]."""
    first = field.shape[1] * torch.arange(len(index), device=index.device)[:, None]
    found = field.flatten(0, 1).index_select(0, (index + first).flatten())
    return found.view(*index.shape, *field.shape[2:])


def starts(batch: Instances, number: int, random: torch.Generator | None = None) -> Tensor:
    """Return first choices [B, number]: stops that fit a vehicle, or places where a tour may begin; each at most once
    while there are enough, then again from the first.

    Parameters
    ----------
    batch
        The problems.
    number
        Rollouts per problem.
    random
        Draws which; without it they are taken in order.
    """
    eligible = batch.valid & (batch.demand <= batch.capacity[:, None])
    eligible[:, 0] &= batch.cyclic
    order = torch.arange(batch.places, device=eligible.device, dtype=torch.float32).expand(batch.size, -1)
    if random is not None:
        order = torch.rand(eligible.shape, generator=random, device=eligible.device)
    ranked = order.masked_fill(~eligible, torch.inf).argsort(dim=1)
    # A problem in which nothing fits starts, and ends, at its depot.
    count = eligible.sum(dim=1, keepdim=True)
    turn = torch.arange(number, device=eligible.device) % count.clamp(min=1)
    return torch.where(count > 0, ranked.gather(1, turn), 0)


def greedy(logits: Tensor) -> Tensor:
    """Choose the most likely place."""
    return logits.argmax(dim=2)


@dataclass(frozen=True)
class Sampler:
    """Chooses by the probabilities: one random number per choice, and unlike `torch.multinomial` no waiting."""

    random: torch.Generator
    temperature: float = 1.0
    """Below 1 the likely places become more likely."""
    top_k: int | None = None
    """Only so many of the most likely places."""
    top_p: float = 1.0
    """Only the most likely places that together have this probability."""

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise OptionError(f"The temperature of a sampler is {self.temperature!r}, but must be above 0.")

    def __call__(self, logits: Tensor) -> Tensor:
        """Return the places [B, S] that are drawn."""
        upto = self._narrowed(logits).softmax(dim=2).cumsum(dim=2)
        total = upto[..., -1:]
        drawn = torch.rand(total.shape, generator=self.random, device=total.device) * total
        # Below the total even after rounding, so that the first place beyond is one with a probability.
        return (upto <= drawn.minimum(total * (1 - 1e-6))).sum(dim=2)

    def _narrowed(self, logits: Tensor) -> Tensor:
        logits = logits / self.temperature
        if self.top_k is not None and self.top_k < logits.shape[2]:
            least = logits.topk(self.top_k, dim=2).values[..., -1:]
            logits = logits.masked_fill(logits < least, -math.inf)
        if self.top_p < 1.0:
            ordered, index = logits.sort(dim=2, descending=True)
            share = ordered.softmax(dim=2)
            # The place with which the sum passes top_p still belongs to it.
            beyond = (share.cumsum(dim=2) - share) >= self.top_p
            logits = logits.scatter(2, index, ordered.masked_fill(beyond, -math.inf))
        return logits


def _sharpness(choose: Choose) -> float | None:
    """Return what logits are multiplied by before one is drawn, 0 for the likeliest; None for any other choice."""
    if choose is greedy:
        return 0.0
    if type(choose) is Sampler and choose.top_k is None and choose.top_p == 1.0:
        return max(1.0 / choose.temperature, 1e-30)
    return None


def gumbel(noise: Tensor, random: torch.Generator) -> Tensor:
    """Fill a tensor with standard Gumbel noise and return it.

    Never infinite, as an exponential of exactly 0 would make it: with the -inf of a place that is not feasible it would
    give no number, which `argmax` takes for the largest.
    """
    least = torch.finfo(noise.dtype).tiny
    return noise.exponential_(generator=random).clamp_(min=least).log_().neg_()
