"""The pointer decoder: where to go next, asked for many rollouts and steps at once.

What it needs of the places (keys, values) is computed once per problem; a query depends only on where a vehicle is, on
its context and on what is feasible. So all steps of finished rollouts can be asked in one call.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional


class Memory(NamedTuple):
    """What is computed once per problem. `H` heads of width w."""

    key: Tensor
    """[B, H, L, w]."""
    value: Tensor
    """[B, H, L, w]."""
    target: Tensor
    """[B, L, 2 * width], what the glimpse and the query are compared with; 32-bit."""
    at: Tensor
    """[B, L, width], the query's part for the place where the vehicle is."""
    home: Tensor
    """[B, L, width], its part for the place where the route ends."""
    distance: Tensor
    """[B, L, L] float, in typical distances to a neighbour."""

    def detached(self) -> "Memory":
        """Return the same without its history."""
        return Memory(*(field.detach() for field in self))

    def take(self, rows: Tensor | slice) -> "Memory":
        """Return some of the problems."""
        return Memory(*(field[rows] for field in self))


class Query(NamedTuple):
    """Q questions about each of B problems; fields are those of the environment's `State`."""

    at: Tensor
    """[B, Q] int64."""
    home: Tensor
    """[B, Q] int64."""
    context: Tensor
    """[B, Q, C] float."""
    mask: Tensor
    """[B, Q, L] bool, True = feasible."""


class Pointer(nn.Module):
    """Glimpse and pointer of Kool et al., *Attention, learn to solve routing problems!* (ICLR 2019), equations 5 to 8.

    Deviations: the query is a sum of parts (place, home, context) instead of a map of their concatenation with the mean
    of all places (their equation 4), and is added to the glimpse; and a learned multiple of the distance is taken
    off the logits, as in Gao et al., *Towards generalizable neural solvers for vehicle routing problems via
    ensemble with transferrable local policy* (IJCAI 2024) and its successors, here for all places.
    """

    def __init__(self, width: int, heads: int, context: int, clip: float) -> None:
        super().__init__()
        self.heads = heads
        self.clip = clip
        self.places = nn.Linear(width, 5 * width, bias=False)
        self.context = nn.Linear(context, width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.nearness = nn.Parameter(torch.zeros(()))

    def remember(self, encoded: Tensor, distance: Tensor) -> Memory:
        """Return what all queries share.

        Parameters
        ----------
        encoded
            [B, L, width].
        distance
            [B, L, L].
        """
        size, places, width = encoded.shape
        key, value, target, at, home = self.places(encoded).chunk(5, dim=2)
        key, value = (x.view(size, places, self.heads, -1).transpose(1, 2).contiguous() for x in (key, value))
        # The glimpse's own map is applied here, to L places, instead of to every query.
        target = torch.cat([target @ self.out.weight, target], dim=2).float() / math.sqrt(width)
        return Memory(key, value, target, at.contiguous(), home.contiguous(), distance)

    def forward(self, memory: Memory, query: Query) -> Tensor:
        """Return logits [B, Q, L], -inf where infeasible; 32-bit whatever the rest is in."""
        size, number = query.at.shape
        asked = rows(memory.at, query.at) + rows(memory.home, query.home) + self.context(query.context)
        heads = asked.view(size, number, self.heads, -1).transpose(1, 2)
        # Equations 5 and 6; all rollouts share keys and values.
        glimpse = functional.scaled_dot_product_attention(
            heads.to(memory.value.dtype), memory.key, memory.value, attn_mask=query.mask[:, None]
        )
        both = torch.cat([glimpse.transpose(1, 2).reshape(size, number, -1), asked], dim=2)
        with torch.autocast(both.device.type, enabled=False):
            # Equation 7.
            scores = both.float() @ memory.target.transpose(1, 2)
            logits = self.clip * scores.tanh() - NEARNESS * self.nearness * rows(memory.distance, query.at)
        masked: Tensor = logits.masked_fill(~query.mask, -math.inf)
        return masked


def rows(table: Tensor, index: Tensor) -> Tensor:
    """Return some rows of each problem's table, [B, L, D] at [B, Q]; as an embedding, which is the fastest way."""
    size, places, width = table.shape
    first = places * torch.arange(size, device=index.device)[:, None]
    return functional.embedding(index + first, table.reshape(size * places, width))


NEARNESS = 10.0
"""Factor on the learned weight of distances, so that it moves as fast as it must at the rates that suit the rest."""
