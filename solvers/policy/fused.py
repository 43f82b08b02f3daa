"""Walks by compiled kernels: what `rollout` and `replay` do on a processor, several times as fast.

The kernels (`kernels`) know the rules of `env.rules` and the pointer of `nets.pointer`, in 32 bits. Everything else,
such as other devices, networks with a `forward` of their own and attributes with a rule, takes the general way.
"""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vrp.solvers.policy import attention, env, kernels, pointwise
from vrp.solvers.policy.answers import Sizes, Tables, Work
from vrp.solvers.policy.answers import work as arrays
from vrp.solvers.policy.env import ATTRIBUTES, Instances, State, instances
from vrp.solvers.policy.nets.pointer import NEARNESS, Memory, Pointer
from vrp.solvers.policy.pointwise import differentiated_once
from vrp.solvers.policy.pomo import POMO
from vrp.solvers.policy.threads import in_threads
from vrp.solvers.search import jit

log = logging.getLogger("vrp")
_warm: set[tuple[int, int, bool]] = set()
"""Heads and widths of the pointers for which there are kernels in this process, and whether they can learn."""


def suits(policy: POMO, memory: Memory, batch: Instances) -> bool:
    """Return whether the kernels do what the policy does on these problems."""
    plain = type(policy).forward is POMO.forward and "forward" not in vars(policy)
    return (
        batch.coords.device.type == "cpu"
        and jit.compiles()
        and not torch.is_autocast_enabled("cpu")
        and all(field.dtype is torch.float32 for field in memory)
        and plain
        and not policy._forward_hooks
        and not policy._forward_pre_hooks
        and type(policy.pointer) is Pointer
        and type(policy.pointer.context) is nn.Linear
        and all(ATTRIBUTES[name].allows is None for name in batch.more)
        and 4 * batch.size * batch.places**2 * (policy.pointer.heads + 2) <= MOST_BYTES
    )


MOST_BYTES = 2**28
"""Of the largest table; making it takes four to five times as much. Beyond, torch needs less memory."""


def warm_up(policy: POMO, learning: bool = False) -> float:
    """Compile the kernel of walks where that is due, or load it; return the seconds spent on compilation.

    With `learning` also those of log-probabilities and gradients.
    """
    shape = policy.pointer.heads, policy.pointer.context.out_features, learning
    if shape in _warm:
        return 0.0
    misses, began = _misses(), time.perf_counter()
    device = policy.pointer.nearness.device
    corners = torch.tensor([[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]])
    batch = instances(corners, torch.tensor([[0.0, 1.0, 1.0]]), torch.tensor([2.0])).to(device)
    memory = policy.encode(batch).detached()
    if not suits(policy, memory, batch):
        return 0.0
    path = kernels.walk.stats.cache_path
    ready = Path(path) / "-".join(map(str, ("policy", *shape, "ready"))) if path else None
    if ready is None or not ready.exists():
        log.warning("Compiling the walks of the policy (%d heads), once per machine: 5 to 30 s.", shape[0])
    state = env.begin(batch, torch.ones(1, 1, dtype=torch.int64))
    finish(policy, memory, batch, state, 0.0, None)
    if learning:
        pointwise.warm_up(policy.pointer.context.out_features)
        attention.warm_up(policy.pointer.context.out_features, policy.pointer.heads)
        with torch.enable_grad():
            target = memory.target.clone().requires_grad_()
            found, _ = replay(policy, memory._replace(target=target), batch, state, torch.tensor([[[2, 0]]]))
            torch.autograd.grad(found.sum(), target)
    _warm.add(shape)
    if ready is not None:
        ready.touch()
    return time.perf_counter() - began if _misses() > misses else 0.0


def _misses() -> int:
    every = (kernels.walk, kernels.likelihoods, kernels.gradients, *pointwise.KERNELS, *attention.KERNELS)
    return sum(sum(kernel.stats.cache_misses.values()) for kernel in every)


@torch.no_grad()
def finish(
    policy: POMO, memory: Memory, batch: Instances, state: State, sharp: float, random: torch.Generator | None
) -> Tensor:
    """Return the choices [B, S, T] that lead from a state to the end, then home.

    Parameters
    ----------
    policy, memory, batch, state
        As in `rollout.completed`.
    sharp
        What logits are multiplied by before one is drawn; 0 always takes the likeliest.
    random
        Draws the seeds; None where nothing is drawn.
    """
    tables = _arrays(_tables(policy, memory, batch, state))
    return _walked(policy.pointer, batch, state, tables, sharp, random, record=False)[0]


def replay(policy: POMO, memory: Memory, batch: Instances, state: State, choices: Tensor) -> tuple[Tensor, Tensor]:
    """Return the log-probabilities [B, S, T] of choices from a state on, with gradients, and whether they are free.

    That of a choice which is not feasible is -inf, without gradients. Raises ValueError where one is no place at all.
    """
    if choices.numel() and not 0 <= int(choices.min()) <= int(choices.max()) < batch.places:
        told = f"from {int(choices.min())} to {int(choices.max())}"
        raise ValueError(f"The choices to replay are {told}, but must be places from 0 to {batch.places - 1}.")
    found: tuple[Tensor, Tensor] = _Replay.apply(  # type: ignore[no-untyped-call]
        policy.pointer, batch, state, choices, *_tables(policy, memory, batch, state)
    )
    return found


def explore(
    policy: POMO, memory: Memory, batch: Instances, state: State, random: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Return what `replay` says of choices that are drawn by their probabilities, and the choices."""
    found: tuple[Tensor, Tensor, Tensor] = _Explore.apply(  # type: ignore[no-untyped-call]
        policy.pointer, batch, state, random, *_tables(policy, memory, batch, state)
    )
    return found


class _Replay(torch.autograd.Function):
    """The kernels `likelihoods` and `gradients`."""

    @staticmethod
    def forward(
        ctx: Any, pointer: Pointer, batch: Instances, state: State, choices: Tensor, *tables: Tensor
    ) -> tuple[Tensor, ...]:
        choices = choices.contiguous()
        found, free = tables[0].new_zeros(choices.shape), torch.zeros(choices.shape, dtype=torch.bool)
        given = _arrays(tables), _rules(batch), _begun(state), np.float32(pointer.clip), choices.numpy()

        def run(begin: int, end: int, work: Work, shape: Sizes) -> None:
            kernels.likelihoods(begin, end, *given, found.numpy(), free.numpy(), work, shape)

        _in_parts(state.at.numel(), run, pointer, batch.places)
        ctx.save_for_backward(*tables, choices)
        ctx.mark_non_differentiable(free)
        ctx.pointer, ctx.batch, ctx.state = pointer, batch, state
        return found, free

    @staticmethod
    @differentiated_once
    def backward(ctx: Any, *pulled: Tensor) -> tuple[Tensor | None, ...]:
        *tables, choices = ctx.saved_tensors
        changes = [torch.empty_like(table) for table in tables]
        given = _arrays(tables), _rules(ctx.batch), _begun(ctx.state), np.float32(ctx.pointer.clip), choices.numpy()
        pull, added = pulled[0].contiguous().numpy(), _arrays(changes)

        def run(begin: int, end: int, work: Work, shape: Sizes) -> None:
            kernels.gradients(begin, end, *given, pull, added, work, shape)

        _in_parts(ctx.batch.size, run, ctx.pointer, ctx.batch.places, ctx.state.at.shape[1])
        return (None, None, None, None, *changes)


class _Explore(_Replay):
    """The same of choices that the kernel `walk` makes."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, pointer: Pointer, batch: Instances, state: State, random: torch.Generator, *tables: Tensor
    ) -> tuple[Tensor, ...]:
        choices, found, free = _walked(pointer, batch, state, _arrays(tables), 1.0, random, record=True)
        ctx.save_for_backward(*tables, choices)
        ctx.mark_non_differentiable(free, choices)
        ctx.pointer, ctx.batch, ctx.state = pointer, batch, state
        return found, free, choices


def _walked(
    pointer: Pointer, batch: Instances, state: State, tables: Tables, sharp: float,
    random: torch.Generator | None, record: bool,
) -> tuple[Tensor, ...]:  # fmt: skip
    """Return choices [B, S, T] and, where they are recorded, log-probabilities and whether they are free."""
    size, number = state.at.shape
    seeds = torch.ones(size * number, dtype=torch.int64)
    if random is not None:
        seeds = torch.randint(1, 2**62, seeds.shape, generator=random)
    choices = state.home[..., None].repeat(1, 1, 2 * batch.places)
    counts = torch.zeros(size, number, dtype=torch.int64)
    found = torch.zeros(size, number, choices.shape[2] if record else 0, dtype=torch.float32)
    made = choices, counts, found, torch.zeros(found.shape, dtype=torch.bool)
    given = tables, _rules(batch), _begun(state), np.float32(pointer.clip), np.float32(sharp)
    arrays = seeds.numpy().view(np.uint64), *(field.numpy() for field in made)

    def run(begin: int, end: int, work: Work, shape: Sizes) -> None:
        kernels.walk(begin, end, *given, *arrays, work, shape)

    _in_parts(size * number, run, pointer, batch.places)
    length = int(counts.max()) if counts.numel() else 0
    return tuple(field[..., :length].contiguous() for field in (made[0], *made[2:]))


def _tables(policy: POMO, memory: Memory, batch: Instances, state: State) -> tuple[Tensor, ...]:
    """Return the fields of `Tables` as tensors, with their history."""
    pointer = policy.pointer
    size, heads, places, wide = memory.key.shape
    target, pointed = memory.target.chunk(2, dim=2)
    scale = wide**-0.5

    def compared(asked: Tensor, added: Tensor) -> Tensor:
        """Return [B, A, L, C] of queries [B, A, width] and what is added to their logits [B, A, L]."""
        parts = asked.view(size, -1, heads, wide).transpose(1, 2)
        scores = (scale * parts) @ memory.key.transpose(2, 3)
        pointers = asked @ pointed.transpose(1, 2)
        return torch.cat([scores, pointers[:, None], added[:, None]], dim=1).permute(0, 2, 3, 1).contiguous()

    def none(number: int) -> Tensor:
        return target.new_zeros(size, number, places)

    near = -NEARNESS * pointer.nearness * memory.distance
    if bool(state.home.any()) or bool(batch.cyclic.any()):
        place, home = compared(memory.at, near), compared(memory.home, none(places))
    else:
        place = compared(memory.at + memory.home[:, :1], near)
        home = place.new_zeros(size, 0, *place.shape[2:])
    told = pointer.context.weight.t().expand(size, -1, -1)
    value = memory.value.permute(0, 2, 3, 1).contiguous()
    target = target.view(size, places, heads, wide).transpose(2, 3).contiguous()
    return place, home, compared(told, none(told.shape[1])), value, target


def _arrays(tables: tuple[Tensor, ...] | list[Tensor]) -> Tables:
    return Tables(*(table.detach().numpy() for table in tables))


def _rules(batch: Instances) -> kernels.Rules:
    given = batch.demand, batch.capacity, batch.valid.sum(dim=1)
    return kernels.Rules(*(field.float().contiguous().numpy() for field in given))


def _begun(state: State) -> kernels.Begun:
    return kernels.Begun(*(field.contiguous().numpy() for field in state._replace(used=state.used.float())))


def _in_parts(count: int, run: Callable[..., None], pointer: Pointer, places: int, walks: int = 1) -> None:
    """Run a kernel on 0 to count - 1, each of so many walks, in torch's threads, so that it can be interrupted."""
    wide = pointer.context.out_features // pointer.heads
    shape = tuple((0,) * size for size in (pointer.heads, wide, pointer.heads * wide))
    each = max(1, walks * places**2)
    at_once = max(1, WORK // each)

    def run_part(first: int, last: int, stopped: threading.Event) -> None:
        work = arrays(places, pointer.heads, wide)
        for begin in range(first, last, at_once):
            if stopped.is_set():
                return
            run(begin, min(begin + at_once, last), work, shape)

    in_threads(count, run_part, least=max(1, FEW // each))


WORK = 2**23
"""Walks in a call of a kernel times the square of places: half a second, or one number's, if that is more."""
FEW = 2**14
"""The same for which another thread does not pay."""
