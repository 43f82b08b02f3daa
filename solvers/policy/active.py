"""Efficient active search: the policy is trained on the very problem that it shall solve, in a few of its numbers.

Hottung et al., *Efficient active search for combinatorial optimization problems* (ICLR 2022), the variant EAS-Emb:
only what the pointer compares its queries with is changed, separately for each problem.
"""

from collections.abc import Iterator

import torch

from vrp.solvers.policy import env
from vrp.solvers.policy.decoding import Found, best_walk, better, ranks
from vrp.solvers.policy.env import Instances
from vrp.solvers.policy.pomo import POMO
from vrp.solvers.policy.rollout import Sampler, follow, replay, rollout, starts

RATE = 3e-3
"""Learning rate (Adam); the authors' runs have 3.2e-3 for tours of 100 stops and 4.9e-3 for vehicles."""
PULL = 0.02
"""Weight of imitating the best plan so far, per choice (lambda; 5.8e-3 and 6.3e-3 of whole rollouts in those runs)."""


def active_search(policy: POMO, batch: Instances, number: int, random: torch.Generator) -> Iterator[Found]:
    """Yield, round after round without end, home [B], choices [B, T] and cost [B] of the best walk of the round.

    Parameters
    ----------
    policy
        The network; it is left as it is.
    batch
        The problems.
    number
        Rollouts per problem and round.
    random
        Draws them.
    """
    memory = policy.encode(batch).detached()
    target = memory.target.clone().requires_grad_()
    optimizer = torch.optim.Adam([target], lr=RATE)
    best: Found | None = None
    best_rank = torch.full((batch.size,), torch.inf, dtype=torch.float64, device=target.device)
    while True:
        now = memory._replace(target=target)
        walks = rollout(policy, now.detached(), batch, starts(batch, number, random), Sampler(random))
        found = best_walk(batch, walks)
        yield found
        rank = ranks(batch, walks.home, walks.choices)
        best = found if best is None else better(best, found, rank.amin(dim=1) < best_rank)
        best_rank = best_rank.minimum(rank.amin(dim=1))
        cost = env.cost(batch, walks.home, walks.choices)
        # Each problem counts as much, whatever its unit: advantages in units of their spread.
        advantage = cost - cost.mean(dim=1, keepdim=True)
        advantage = advantage / advantage.square().mean(dim=1, keepdim=True).sqrt().clamp(min=1e-6)
        learned = (advantage * replay(policy, now, batch, walks).log.sum(dim=2)).mean(dim=1).sum()
        imitated = replay(policy, now, batch, follow(batch, best[1][:, None])).log.sum()
        optimizer.zero_grad()
        (learned - PULL * number * imitated / batch.places).backward(inputs=[target])  # type: ignore[no-untyped-call]
        optimizer.step()
