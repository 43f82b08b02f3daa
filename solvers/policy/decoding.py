"""Decoding: from a policy and problems to walks. Greedy from many starts, sampling, and the eight symmetries."""

from collections.abc import Iterator

import torch
from torch import Tensor

from vrp.solvers.policy import env
from vrp.solvers.policy.env import Instances
from vrp.solvers.policy.nets.pointer import Memory
from vrp.solvers.policy.pomo import POMO
from vrp.solvers.policy.rollout import Choose, Rollout, greedy, query, rollout, starts

Found = tuple[Tensor, Tensor, Tensor]
"""Home [B], choices [B, T] and cost [B] of one walk per problem."""


def symmetries(batch: Instances, number: int, together: int = 1) -> Iterator[tuple[Instances, int]]:
    """Yield the problems as they are and turned and mirrored, so many symmetries of each in a row, and how many."""
    turned = symmetric(batch, number)
    first = number * torch.arange(batch.size, device=batch.coords.device)[:, None]
    for begin in range(0, number, together):
        maps = torch.arange(begin, min(begin + together, number), device=first.device)
        yield turned.take((first + maps).flatten()), len(maps)


def best_symmetry(turned: Instances, found: Found, number: int) -> Found:
    """Return the best of the walks over `number` symmetries in a row of each problem."""
    home, choices, cost = found
    rank = ranks(turned, home[:, None], choices[:, None]).view(-1, number)
    at = rank.argmin(dim=1) + number * torch.arange(len(rank), device=rank.device)
    return home[at], choices[at], cost[at]


def symmetric(batch: Instances, number: int) -> Instances:
    """Return each problem `number` times in a row, turned and mirrored (POMO, section 4.3, table 1).

    Parameters
    ----------
    batch
        The problems; the first of each stays as it is.
    number
        1 to 8 of the symmetries of the square.
    """
    x, y = batch.coords.unbind(2)
    turned = [(x, y), (y, x), (x, 1 - y), (y, 1 - x), (1 - x, y), (1 - y, x), (1 - x, 1 - y), (1 - y, 1 - x)][:number]
    coords = torch.stack([torch.stack(pair, dim=2) for pair in turned], dim=1)
    repeated = batch.repeat(number)
    return Instances(**{**vars(repeated), "coords": coords.flatten(0, 1)})


@torch.no_grad()
def best_from(policy: POMO, memory: Memory, batch: Instances, first: Tensor, choose: Choose) -> Found:
    """Return home [B], choices [B, T] and cost [B] of the best rollout of each problem.

    Best is: fewest stops left out, then the shortest.

    Parameters
    ----------
    policy
        The network.
    memory
        Of these problems.
    batch
        The problems.
    first
        [B, S] first choices.
    choose
        Greedy, or a sampler.
    """
    return best_walk(batch, rollout(policy, memory, batch, first, choose, record=False))


@torch.no_grad()
def best_of(policy: POMO, batch: Instances, number: int | None = None, augment: int = 1) -> Found:
    """Return home [B], choices [B, T] and cost [B] of the best of greedy rollouts from many starts.

    Parameters
    ----------
    policy
        The network.
    batch
        The problems.
    number
        Starts per problem; None means one from every stop.
    augment
        How many symmetries of each problem are tried.
    """
    turned = symmetric(batch, augment)
    first = starts(turned, number or batch.places)
    return best_walk(turned, rollout(policy, policy.encode(turned), turned, first, greedy, record=False), augment)


@torch.no_grad()
def alone(policy: POMO, batch: Instances) -> Found:
    """Return home [B], choices [B, T] and cost [B] of one greedy rollout of each problem.

    Its first choice too is the policy's own, instead of a given one; tours begin at their first place.
    """
    memory = policy.encode(batch)
    home = torch.zeros(batch.size, 1, dtype=torch.int64, device=batch.coords.device)
    first = torch.where(batch.cyclic[:, None], home, greedy(policy(memory, query(batch, env.reset(batch, home)))))
    return best_walk(batch, rollout(policy, memory, batch, first, greedy, record=False))


def ranks(batch: Instances, home: Tensor, choices: Tensor) -> Tensor:
    """Return [B, S] what walks (home [B, S], choices [B, S, T]) are compared by: stops left out, then the length."""
    return env.cost(batch, home, choices).double() + FAR * unserved(batch, home, choices)


def best_walk(turned: Instances, walks: Rollout, augment: int = 1) -> Found:
    """Return home [B], choices [B, T] and cost [B] of the best walk of each problem.

    Parameters
    ----------
    turned
        The problems, with `augment` symmetries of each in a row.
    walks
        Rollouts on all of them.
    augment
        Symmetries per problem.
    """
    size = turned.size // augment
    best = ranks(turned, walks.home, walks.choices).view(size, -1).argmin(dim=1)
    rows = torch.arange(size, device=best.device)
    home = walks.home.view(size, -1)[rows, best]
    choices = walks.choices.reshape(size, -1, walks.choices.shape[2])[rows, best]
    costs = env.cost(turned, walks.home, walks.choices).view(size, -1)[rows, best]
    return home, choices, costs


def better(one: Found, other: Found, take: Tensor) -> Found:
    """Return the other's walk where `take` is true; the shorter row is padded with its home."""
    length = max(one[1].shape[1], other[1].shape[1])
    choices = [
        torch.cat([walk, home[:, None].expand(-1, length - walk.shape[1])], dim=1) for home, walk, _ in (one, other)
    ]
    chosen = torch.where(take[:, None], choices[1], choices[0])
    return torch.where(take, other[0], one[0]), chosen, torch.where(take, other[2], one[2])


FAR = 1e6
"""More than any walk is long, per stop left out."""


def unserved(batch: Instances, home: Tensor, choices: Tensor) -> Tensor:
    """Return [B, S] how many stops each walk leaves out, which a limited fleet can come to."""
    left = batch.valid[:, None, :].expand(-1, home.shape[1], -1).scatter(2, home[..., None], False)
    return left.scatter(2, choices, False).sum(dim=2)
