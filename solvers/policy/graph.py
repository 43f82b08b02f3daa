"""Rollouts as a CUDA graph: several steps are captured once per shape, then replayed until every walk is done.

On a GPU a step is some thirty small kernels, whose launches take longer than their work. A graph launches them all at
once. Nothing in it depends on the host: the noise that makes the choices random is drawn before each replay.
"""

import torch
from torch import Tensor

from vrp.solvers.policy import env
from vrp.solvers.policy.env import Instances, State
from vrp.solvers.policy.nets.pointer import Memory, Query
from vrp.solvers.policy.pomo import POMO
from vrp.solvers.policy.rollout import Rollout, finished, gumbel, joined, query, uncached_casts

STEPS = 8
"""Steps per graph; between two replays the host asks whether all walks are done."""

Advanced = tuple[State, Tensor, Query, Tensor]


@torch.no_grad()
def advance(policy: POMO, memory: Memory, batch: Instances, state: State, noise: Tensor) -> Advanced:
    """Take some steps, each to the place with the largest sum of logit and noise.

    Parameters
    ----------
    policy, memory, batch, state
        As in `rollout`.
    noise
        [K, B, S, L]; standard Gumbel noise samples by the probabilities, 0 is greedy.

    Returns
    -------
        The state, choices [B, S, K], the queries of all of them, and [] whether all walks are done.
    """
    choices, asked = [], []
    for added in noise.unbind():
        now = query(batch, state)
        choice = (policy(memory, now) + added).argmax(dim=2)
        state = env.step(batch, state, choice)
        choices.append(choice)
        asked.append(now)
    return state, torch.stack(choices, dim=2), joined(asked), finished(query(batch, state)).all()


class GraphRollouts:
    """Samples rollouts as `rollout` does; a graph is captured the first time that a shape comes up."""

    def __init__(self, policy: POMO, steps: int = STEPS) -> None:
        self.policy = policy
        self.steps = steps
        self._captured: dict[tuple[object, ...], _Captured] = {}

    @torch.no_grad()
    def __call__(self, memory: Memory, batch: Instances, first: Tensor, random: torch.Generator) -> Rollout:
        """Return finished walks; at their ends they stay at home for up to `steps` choices.

        Parameters
        ----------
        memory, batch, first
            As in `rollout`, on a GPU.
        random
            Draws the noise.
        """
        state = env.begin(batch, first)
        shape = (batch.size, first.shape[1], batch.places, *sorted(batch.more))
        if shape not in self._captured:
            self._captured[shape] = _Captured(self.policy, memory, batch, state, self.steps)
        captured = self._captured[shape]
        captured.load(memory, batch, state)
        choices, asked = [first[..., None]], []
        while True:
            gumbel(captured.noise, random)
            captured.graph.replay()
            choices.append(captured.choices.clone())
            asked.append(Query(*(field.clone() for field in captured.asked)))
            if bool(captured.done):
                break
        merged = Query(*(torch.cat(field, dim=1) for field in zip(*asked, strict=True)))
        return Rollout(state.home, torch.cat(choices, dim=2), merged)


class _Captured:
    """One graph with the memory that it reads and writes."""

    def __init__(self, policy: POMO, memory: Memory, batch: Instances, state: State, steps: int) -> None:
        self.memory = Memory(*(_copy(field) for field in memory))
        self.batch = batch.each(_copy)
        self.state = State(*(_copy(field) for field in state))
        self.noise = torch.zeros(steps, *state.unserved.shape, device=state.at.device)
        with uncached_casts("cuda"):
            self._capture(policy)

    def _capture(self, policy: POMO) -> None:
        # Libraries set themselves up in their first calls, which must not happen inside a capture.
        aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(2):
                advance(policy, self.memory, self.batch, self.state, self.noise)
        torch.cuda.current_stream().wait_stream(aside)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            state, self.choices, self.asked, self.done = advance(
                policy, self.memory, self.batch, self.state, self.noise
            )
            for mine, new in zip(self.state, state, strict=True):
                mine.copy_(new)

    def load(self, memory: Memory, batch: Instances, state: State) -> None:
        """Copy what the next rollouts are about to where the graph reads it."""
        for mine, new in zip(self.memory, memory, strict=True):
            mine.copy_(new)
        for mine, new in zip(self.batch.tensors(), batch.tensors(), strict=True):
            mine.copy_(new)
        for mine, new in zip(self.state, state, strict=True):
            mine.copy_(new)


def _copy(field: Tensor) -> Tensor:
    """Return a copy with memory of its own for every element, whatever was expanded."""
    return field.detach().clone(memory_format=torch.contiguous_format)
