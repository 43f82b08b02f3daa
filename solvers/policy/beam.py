"""Simulation-guided beam search: of many continuations, those are kept whose greedy end is the shortest.

Choo et al., *Simulation-guided beam search for neural combinatorial optimization* (NeurIPS 2022), section 3.2.
"""

import torch
from torch import Tensor

from vrp.solvers.policy import env
from vrp.solvers.policy.decoding import Found, best_walk, better, ranks
from vrp.solvers.policy.env import Instances, State
from vrp.solvers.policy.nets.pointer import Memory
from vrp.solvers.policy.pomo import POMO
from vrp.solvers.policy.rollout import Rollout, completed, finished, greedy, picked, query, rollout, starts


@torch.no_grad()
def beam_search(policy: POMO, batch: Instances, width: int, branches: int) -> Found:
    """Return home [B], choices [B, T] and cost [B] of the best walk that was simulated.

    Parameters
    ----------
    policy
        The network.
    batch
        The problems.
    width
        Walks that are kept (beta in the paper); they begin as the best of greedy rollouts from all first choices.
    branches
        Continuations of each that are tried (gamma), the most likely ones.
    """
    memory = policy.encode(batch)
    first = starts(batch, batch.places)
    walks = rollout(policy, memory, batch, first, greedy, record=False)
    rank = ranks(batch, walks.home, walks.choices)
    best, best_rank = best_walk(batch, walks), rank.amin(dim=1)
    past = first.gather(1, rank.argsort(dim=1)[:, :width])[..., None]
    state = env.begin(batch, past[..., 0])
    while not bool(finished(query(batch, state)).all()):
        state, past, doubtful = _branched(policy, memory, batch, state, past, branches)
        ends, _ = completed(policy, memory, batch, state, greedy)
        walks = Rollout(state.home, torch.cat([past, ends], dim=2))
        rank = ranks(batch, walks.home, walks.choices)
        best = better(best, best_walk(batch, walks), rank.amin(dim=1) < best_rank)
        best_rank = best_rank.minimum(rank.amin(dim=1))
        kept = rank.masked_fill(doubtful, torch.inf).argsort(dim=1)[:, :width]
        state, past = State(*(picked(field, kept) for field in state)), picked(past, kept)
    return best


def _branched(
    policy: POMO, memory: Memory, batch: Instances, state: State, past: Tensor, branches: int
) -> tuple[State, Tensor, Tensor]:
    """Return each state after each of its likeliest choices, the choices so far, and which only repeat another."""
    values, choice = policy(memory, query(batch, state)).topk(min(branches, batch.places), dim=2)
    repeated = ~values.isfinite()  # Fewer places are feasible: the likeliest stands in for the others.
    choice = torch.where(repeated, choice[..., :1], choice).flatten(1)
    parent = torch.arange(past.shape[1], device=past.device).repeat_interleave(values.shape[2]).expand(batch.size, -1)
    after = env.step(batch, State(*(picked(field, parent) for field in state)), choice)
    return after, torch.cat([picked(past, parent), choice[..., None]], dim=2), repeated.flatten(1)
