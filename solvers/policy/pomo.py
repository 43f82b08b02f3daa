"""POMO: attention encoder and pointer decoder, trained and used with many starts.

Kwon et al., *POMO: policy optimization with multiple optima for reinforcement learning* (NeurIPS 2020). Many rollouts
per problem, each with another first choice; their mean cost is the baseline of each (`vrp.solvers.training.losses`,
section 4.2), and at use the best is taken, also over the eight symmetries of the square
(`vrp.solvers.policy.decoding`, section 4.3). Deviations: the encoder is RouteFinder's (`nets.encoder`) instead of
Kool's with batch norm, and the decoder looks at distances too (`nets.pointer`).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vrp.errors import OptionError
from vrp.solvers.policy.env import Instances, rules
from vrp.solvers.policy.nets.encoder import Encoder, initialise, padding_bias
from vrp.solvers.policy.nets.pointer import Memory, Pointer, Query


@dataclass(frozen=True)
class Shape:
    """The sizes of the network; the defaults have 1.3 million weights."""

    width: int = 128
    heads: int = 8
    hidden: int = 352
    """Width inside the feed-forward parts."""
    layers: int = 6
    clip: float = 10.0
    """The scores of the pointer lie within plus and minus this."""
    attributes: tuple[str, ...] = ()
    """Which attributes of problems it sees (`vrp.solvers.policy.env.attributes`)."""


class POMO(nn.Module):
    """The network: `encode` once per problem, then `forward` gives the logits of any number of queries."""

    name = "pomo"

    def __init__(self, shape: Shape | None = None) -> None:
        super().__init__()
        self.shape = shape = shape or Shape()
        if shape.width % shape.heads:
            told = f"A network of width {shape.width} cannot have {shape.heads} heads: these must divide the width."
            raise OptionError(told)
        self.encoder = Encoder(
            rules.FEATURES + len(shape.attributes), shape.width, shape.heads, shape.hidden, shape.layers
        )
        self.pointer = Pointer(shape.width, shape.heads, rules.CONTEXT, shape.clip)
        initialise(self)

    def encode(self, batch: Instances) -> Memory:
        """Return what all queries about these problems share."""
        encoded = self.encoder(rules.features(batch, self.shape.attributes), padding_bias(batch.valid))
        return self.pointer.remember(encoded, rules.neighbour_distances(batch))

    def forward(self, memory: Memory, query: Query) -> Tensor:
        """Return logits [B, Q, L] of the next place, -inf where infeasible."""
        logits: Tensor = self.pointer(memory, query)
        return logits


NETWORKS: dict[str, type[POMO]] = {POMO.name: POMO}
"""By name: what configs of training and files of weights can ask for. Another has its own `encode` or `forward`."""


def seeded(shape: Shape, seed: int, network: str = POMO.name) -> POMO:
    """Return an untrained network whose weights depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return NETWORKS[network](shape)
