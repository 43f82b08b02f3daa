"""Attention of all places to all others, on a processor by compiled kernels.

They read and write the layout of the maps before and after, and keep the weights of a few places in the cache.

The kernels work in 32 bits; everything else, such as other devices, biases and autocast, takes torch's own way.
"""

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vrp.solvers.policy import vectors
from vrp.solvers.policy.answers import ALONE, ONE, ZERO, Floats
from vrp.solvers.policy.pointwise import differentiated_once, suits
from vrp.solvers.policy.threads import arrays, in_threads
from vrp.solvers.policy.vectors import LINE, TALL
from vrp.solvers.search.jit import kernel, part


def attention(maps: Tensor, heads: int, bias: Tensor | None) -> Tensor:
    """Return what each place learns of the others, [B, L, width].

    Vaswani et al., *Attention is all you need* (2017), equation 1 and section 3.2.2 without the maps.

    Parameters
    ----------
    maps
        [B, L, 3 * width], queries, keys and values, each of all heads.
    heads
        Their number, a divisor of the width.
    bias
        Added to the scores, broadcast to [B, heads, L, L]; a False or -inf forbids the pair.
    """
    size, places, width = maps.shape[0], maps.shape[1], maps.shape[2] // 3
    maps = maps.reshape(size, places, 3, heads, width // heads)
    if bias is None and maps.numel() and suits(maps):
        found: Tensor = _Attention.apply(maps)  # type: ignore[no-untyped-call]
        return found.view(size, places, width)
    query, key, value = maps.permute(2, 0, 3, 1, 4)
    mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
    return mixed.transpose(1, 2).reshape(size, places, width)


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, maps: Tensor) -> Tensor:
        maps = maps.contiguous()
        out = maps.new_empty(*maps.shape[:2], *maps.shape[3:])
        _each(maps, attend, (maps, out))
        ctx.save_for_backward(maps)
        return out

    @staticmethod
    @differentiated_once
    def backward(ctx: Any, pulled: Tensor) -> Tensor:
        (maps,) = ctx.saved_tensors
        moved, pulled = torch.empty_like(maps), pulled.contiguous()
        _each(maps, attend_back, (maps, pulled, moved))
        return moved


def _each(maps: Tensor, run: Callable[..., None], given: tuple[Tensor, ...]) -> None:
    """Call a kernel with the begin and end of ranges of heads of problems, arrays to work with, and tensors."""
    size, places, _, heads, width = maps.shape
    flat = [x.detach().view(-1).numpy() for x in given]
    at_once = max(1, PAIRS // places**2)

    def run_part(first: int, last: int, stopped: threading.Event) -> None:
        work = _work(places, width)
        for begin in range(first, last, at_once):
            if stopped.is_set():
                return
            run(begin, min(begin + at_once, last), work, *flat, (places, heads), (0,) * width, (0,) * LINE)

    in_threads(size * heads, run_part, least=max(1, FEW // places**2))


PAIRS = 2**24
"""Of places, for one head, in a call of a kernel: a tenth of a second, after which it can be interrupted."""
FEW = 2**17
"""The same for which another thread does not pay."""


class Work(NamedTuple):
    """Arrays that one thread writes to, for one head and LINE places that ask.

    Rows of w numbers are as many as there are places L, or that ask; rows of LINE numbers have one for each that asks.
    L and w are rounded up to a multiple of TALL, since so many rows are written and so many columns read at once.
    """

    key: Floats
    """[L, w] flat."""
    value: Floats
    """[L, w] flat."""
    query: Floats
    """[LINE, w] flat."""
    query_across: Floats
    """[w, LINE] flat."""
    score: Floats
    """[L, LINE] flat, later the gradients of weights."""
    weight: Floats
    """[L, LINE] flat."""
    mixed_across: Floats
    """[w, LINE] flat."""
    pulled: Floats
    """[LINE, w] flat, gradients of what is mixed."""
    pulled_across: Floats
    """[w, LINE] flat."""
    moved: Floats
    """[L, LINE] flat, gradients of scores."""
    key_moved: Floats
    """[L, w] flat."""
    value_moved: Floats
    """[L, w] flat."""


def _work(places: int, width: int) -> Work:
    rows, tall = (-(-number // TALL) * TALL for number in (places, width))
    by_place = dict.fromkeys(("key", "value", "key_moved", "value_moved"), rows * tall)
    by_weight = dict.fromkeys(("score", "weight", "moved"), rows * LINE)
    asked = ("query", "query_across", "mixed_across", "pulled", "pulled_across")
    return Work(**arrays(by_place | by_weight | dict.fromkeys(asked, tall * LINE)))


@kernel
def attend(begin: int, end: int, work: Work, maps: Floats, out: Floats, shape: Any, lanes: Any, line: Any) -> None:
    """Write what the places learn, [B, L, H, w] flat.

    Parameters
    ----------
    begin, end
        The heads of problems b * H + h from `begin` up to below `end`.
    maps
        [B, L, 3, H, w] flat.
    shape
        (L, H).
    lanes, line
        Tuples of w and of LINE numbers, for their types.
    """
    places, heads = shape
    width = len(lanes)
    for head in range(begin, end):
        b, h = head // heads, head % heads
        _lay(b, h, maps, work, shape, lanes)
        for first in range(0, places, LINE):
            count = min(LINE, places - first)
            _weigh(b, h, first, count, maps, work, shape, lanes, line)
            work.mixed_across[:] = ZERO
            vectors.multiply(work.mixed_across, _tall(width), work.value, ALONE, lanes, work.weight, places, line)
            for i in range(count):
                to = ((b * places + first + i) * heads + h) * width
                for d in range(width):
                    out[to + d] = work.mixed_across[d * LINE + i]


@kernel
def attend_back(
    begin: int, end: int, work: Work, maps: Floats, pulled: Floats, moved: Floats, shape: Any, lanes: Any, line: Any
) -> None:  # fmt: skip
    """Write the gradients of `maps` by way of those of what the places learn, `pulled`; see `attend`."""
    places, heads = shape
    width = len(lanes)
    scale = np.float32(1 / np.sqrt(width))
    for head in range(begin, end):
        b, h = head // heads, head % heads
        _lay(b, h, maps, work, shape, lanes)
        work.key_moved[:] = ZERO
        work.value_moved[:] = ZERO
        for first in range(0, places, LINE):
            count = min(LINE, places - first)
            _weigh(b, h, first, count, maps, work, shape, lanes, line)
            for i in range(count):
                place = ((b * places + first + i) * heads + h) * width
                vectors.copy(work.pulled, i * width, ONE, pulled, place, lanes)
                for d in range(width):
                    work.pulled_across[d * LINE + i] = pulled[place + d]
            work.score[:] = ZERO
            vectors.multiply(work.score, _tall(places), work.value, lanes, ALONE, work.pulled_across, width, line)
            vectors.soften_back(work.moved, LINE, work.weight, work.score, places, line)
            vectors.multiply(work.key_moved, _tall(places), work.moved, line, ALONE, work.query, count, lanes)
            vectors.multiply(work.value_moved, _tall(places), work.weight, line, ALONE, work.pulled, count, lanes)
            work.mixed_across[:] = ZERO
            vectors.multiply(work.mixed_across, _tall(width), work.key, ALONE, lanes, work.moved, places, line)
            for i in range(count):
                to = _row(b, first + i, 0, h, shape, lanes)
                for d in range(width):
                    moved[to + d] = scale * work.mixed_across[d * LINE + i]
        for j in range(places):
            vectors.copy(moved, _row(b, j, 1, h, shape, lanes), ONE, work.key_moved, j * width, lanes)
            vectors.copy(moved, _row(b, j, 2, h, shape, lanes), ONE, work.value_moved, j * width, lanes)


@part
def _row(b: int, place: int, which: int, h: int, shape: Any, lanes: Any) -> int:
    """Return where the numbers of a query, key or value begin."""
    places, heads = shape
    begin: int = (((b * places + place) * 3 + which) * heads + h) * len(lanes)
    return begin


@part
def _lay(b: int, h: int, maps: Floats, work: Work, shape: Any, lanes: Any) -> None:
    """Copy the keys and values of a head."""
    for j in range(shape[0]):
        vectors.copy(work.key, j * len(lanes), ONE, maps, _row(b, j, 1, h, shape, lanes), lanes)
        vectors.copy(work.value, j * len(lanes), ONE, maps, _row(b, j, 2, h, shape, lanes), lanes)


@part
def _weigh(b: int, h: int, first: int, count: int, maps: Floats, work: Work, shape: Any, lanes: Any, line: Any) -> None:
    """Write the queries of some places, over the root of their length, and the weights that these give all places."""
    places, width = shape[0], len(lanes)
    scale = np.float32(1 / np.sqrt(width))
    for i in range(count):
        place = _row(b, first + i, 0, h, shape, lanes)
        vectors.copy(work.query, i * width, scale, maps, place, lanes)
        for d in range(width):
            work.query_across[d * LINE + i] = scale * maps[place + d]
    work.score[:] = ZERO
    vectors.multiply(work.score, _tall(places), work.key, lanes, ALONE, work.query_across, width, line)
    vectors.soften(work.weight, work.score, LINE, places, line)


@part
def _tall(count: int) -> int:
    """Return a number of rows up to which `vectors.multiply` can be asked."""
    return (count + TALL - 1) // TALL * TALL


def warm_up(width: int, heads: int) -> None:
    """Compile both kernels, or load them."""
    with torch.enable_grad():
        maps = torch.zeros(1, 1, 3 * width, dtype=torch.float32, requires_grad=True)
        torch.autograd.grad(attention(maps, heads, None).sum(), maps)


KERNELS = attend, attend_back
