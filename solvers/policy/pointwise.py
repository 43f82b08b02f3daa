"""RMSNorm and the gate of SwiGLU: on a processor by compiled kernels in one pass each, where torch takes several.

The kernels work in 32 bits; everything else, such as other devices and autocast, takes torch's own way.
"""

import math
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from vrp.solvers.policy.answers import ONE, ZERO, Floats, Real
from vrp.solvers.policy.threads import in_threads
from vrp.solvers.policy.vectors import exponential
from vrp.solvers.search import jit
from vrp.solvers.search.jit import kernel, part


class RMSNorm(nn.RMSNorm):
    """Zhang and Sennrich, *Root mean square layer normalization* (2019), equation 4."""

    def forward(self, x: Tensor) -> Tensor:
        """Return [..., width]."""
        if self.eps is None or self.weight is None or self.weight.shape != x.shape[-1:] or not suits(x, self.weight):
            return super().forward(x)
        found: Tensor = _Norm.apply(x, self.weight, self.eps)  # type: ignore[no-untyped-call]
        return found


def gated(both: Tensor) -> Tensor:
    """Return silu(g) * x, [..., hidden], of g and x, the halves of [..., 2 * hidden]."""
    if suits(both) and both.shape[-1] % 2 == 0:
        found: Tensor = _Gated.apply(both)  # type: ignore[no-untyped-call]
        return found
    gate, value = both.chunk(2, dim=-1)
    return functional.silu(gate) * value


def suits(*tensors: Tensor) -> bool:
    """Return whether the kernels can take these."""
    return (
        all(type(each) in (Tensor, nn.Parameter) for each in tensors)
        and all(each.device.type == "cpu" and each.dtype is torch.float32 for each in tensors)
        and jit.compiles()
        and not torch.is_autocast_enabled("cpu")
        and not (torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active())
        and not (torch._C._get_tracing_state() or torch._C._len_torch_dispatch_stack())
    )


def differentiated_once(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate the `backward` of a function whose gradients are kernels, which have none themselves.

    Whoever differentiates twice is told so, and also where the gradient that comes in is a constant, unlike by torch's
    own `once_differentiable`, which then leaves out what the gradients depend on.
    """

    @wraps(backward)
    def once(ctx: Any, *pulled: Tensor) -> Any:
        with torch.no_grad():
            found = backward(ctx, *pulled)
        if not torch.is_grad_enabled():
            return found
        several = found if isinstance(found, tuple) else (found,)
        # With what they were computed from, so that whoever asks for gradients of that comes by.
        every = (*(each if each is None else each.detach().requires_grad_() for each in several), *ctx.saved_tensors)
        late: Any = torch._C._functions.DelayedError
        marked = late(b"The kernels of the policy have no second derivatives.", len(every))(*every)
        return marked[: len(several)] if isinstance(found, tuple) else marked[0]

    return once


BLOCK = 256
"""Rows whose share of the gradient of the weights is added up together, whatever the number of threads."""


class _Norm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, eps: float) -> Tensor:
        x = x.contiguous()
        out, scale = torch.empty_like(x), x.new_empty(x.shape[:-1])
        rows = _rows(x), _rows(out), scale.view(-1).numpy()
        _each(rows, lambda *these: normalise(weight.detach().numpy(), np.float32(eps), *these))
        ctx.save_for_backward(x, weight, scale)
        return out

    @staticmethod
    @differentiated_once
    def backward(ctx: Any, pulled: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, scale = ctx.saved_tensors
        moved = torch.empty_like(x)
        shares = x.new_zeros(-(-scale.numel() // BLOCK), x.shape[-1])
        rows = _rows(x), scale.view(-1).numpy(), _rows(pulled.contiguous()), _rows(moved)

        def run(begin: int, end: int, stopped: threading.Event) -> None:
            these = (each[BLOCK * begin : BLOCK * end] for each in rows)
            normalise_back(weight.detach().numpy(), *these, shares[begin:end].numpy(), BLOCK)

        in_threads(len(shares), run, least=2)
        return moved, shares.sum(dim=0) if ctx.needs_input_grad[1] else None, None


class _Gated(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, both: Tensor) -> Tensor:
        both = both.contiguous()
        out = both.new_empty(*both.shape[:-1], both.shape[-1] // 2)
        _each((_rows(both), _rows(out)), gate)
        ctx.save_for_backward(both)
        return out

    @staticmethod
    @differentiated_once
    def backward(ctx: Any, pulled: Tensor) -> Tensor:
        (both,) = ctx.saved_tensors
        moved = torch.empty_like(both)
        _each((_rows(both), _rows(pulled.contiguous()), _rows(moved)), gate_back)
        return moved


def _rows(x: Tensor) -> Floats:
    """Return a view [N, width]."""
    found: Floats = x.detach().view(-1, x.shape[-1]).numpy()
    return found


def _each(rows: tuple[NDArray[Any], ...], function: Callable[..., None]) -> None:
    """Call a function with all rows of some arrays, or with parts of them."""
    in_threads(len(rows[0]), lambda begin, end, _: function(*(each[begin:end] for each in rows)), least=2 * BLOCK)


# LLVM makes vectors of these loops only if they begin at 0 and read before they write.


@kernel
def normalise(weight: Floats, eps: Real, x: Floats, out: Floats, scale: Floats) -> None:
    """Write rows [N, D] over the root of the mean of their squares, times the weights [D]; and that factor, [N]."""
    number, width = x.shape
    for i in range(number):
        total = ZERO
        for j in range(width):
            total += x[i, j] * x[i, j]
        by = ONE / np.float32(math.sqrt(total / np.float32(width) + eps))
        scale[i] = by
        for j in range(width):
            out[i, j] = x[i, j] * by * weight[j]


@kernel
def normalise_back(
    weight: Floats, x: Floats, scale: Floats, pulled: Floats, moved: Floats, shares: Floats, block: int
) -> None:
    """Write the gradients of rows, and add those of the weights: of each so many rows to one of `shares`, [S, D]."""
    number, width = x.shape
    for i in range(number):
        by = scale[i]
        along = ZERO
        for j in range(width):
            along += pulled[i, j] * weight[j] * x[i, j]
        along *= by * by / np.float32(width)
        for j in range(width):
            moved[i, j] = by * (pulled[i, j] * weight[j] - along * x[i, j])
        for j in range(width):
            shares[i // block, j] += pulled[i, j] * x[i, j] * by


@kernel
def gate(both: Floats, out: Floats) -> None:
    """Write silu(g) * x of rows [g, x], [N, 2 * D] to [N, D]."""
    number, width = out.shape
    for i in range(number):
        for j in range(width):
            out[i, j] = both[i, j] * _sigmoid(both[i, j]) * both[i, width + j]


@kernel
def gate_back(both: Floats, pulled: Floats, moved: Floats) -> None:
    """Write the gradients of rows."""
    number, width = pulled.shape
    for i in range(number):
        for j in range(width):
            g, x, pull = both[i, j], both[i, width + j], pulled[i, j]
            open_ = _sigmoid(g)
            moved[i, width + j] = pull * g * open_
            moved[i, j] = pull * x * open_ * (ONE + g * (ONE - open_))


@part
def _sigmoid(x: Real) -> Real:
    small = exponential(-abs(x))
    return (ONE if x >= ZERO else small) / (ONE + small)


def warm_up(width: int) -> None:
    """Compile all kernels, or load them."""
    with torch.enable_grad():
        x = torch.ones(1, 2 * width, dtype=torch.float32, requires_grad=True)
        torch.autograd.grad(RMSNorm(width, eps=1e-5)(gated(x)).sum(), x)


KERNELS = normalise, normalise_back, gate, gate_back
