"""Attention over the places of a problem: pre-norm, RMSNorm and SwiGLU, with a bias per pair of places."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from vrp.solvers.policy.attention import attention
from vrp.solvers.policy.pointwise import RMSNorm, gated


class Attention(nn.Module):
    """Multi-head attention of every place to every other."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.project = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)

    def forward(self, x: Tensor, bias: Tensor | None) -> Tensor:
        """Return [B, L, width].

        Parameters
        ----------
        x
            [B, L, width].
        bias
            Added to the scores, broadcast to [B, heads, L, L]; a False or -inf forbids the pair.
        """
        out: Tensor = self.out(attention(self.project(x), self.heads, bias))
        return out


class SwiGLU(nn.Module):
    """The feed-forward part with a gate: W3 (silu(W1 x) * W2 x); Shazeer, *GLU variants improve transformer* (2020)."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.up = nn.Linear(width, 2 * hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return [..., width]."""
        out: Tensor = self.down(gated(self.up(x)))
        return out


class Layer(nn.Module):
    """Attention and feed-forward, each normalised before and added after."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.before_attention = RMSNorm(width, eps=1e-5)
        self.attention = Attention(width, heads)
        self.before_forward = RMSNorm(width, eps=1e-5)
        self.feed_forward = SwiGLU(width, hidden)

    def forward(self, x: Tensor, bias: Tensor | None) -> Tensor:
        """Return [B, L, width]."""
        x = x + self.attention(self.before_attention(x), bias)
        out: Tensor = x + self.feed_forward(self.before_forward(x))
        return out


class Encoder(nn.Module):
    """From features of places to what the decoder is told of each: the encoder of RouteFinder (RF-TE).

    Berto et al., *RouteFinder: towards foundation models for vehicle routing problems* (TMLR 2025).
    """

    def __init__(self, features: int, width: int, heads: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.embed = nn.Linear(features, width)
        self.layers = nn.ModuleList(Layer(width, heads, hidden) for _ in range(layers))
        self.norm = RMSNorm(width, eps=1e-5)

    def forward(self, features: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return [B, L, width].

        Parameters
        ----------
        features
            [B, L, F].
        bias
            See `Attention`; this is where padding, and matrices, come in.
        """
        # The stream that all layers add to stays in 32 bits, whatever these compute in.
        x = self.embed(features).float()
        for layer in self.layers:
            x = layer(x, bias)
        out: Tensor = self.norm(x)
        return out


def padding_bias(valid: Tensor) -> Tensor | None:
    """Return [B, 1, 1, L] bool that hides padding, or None where there is none, so that faster kernels apply."""
    return None if bool(valid.all()) else valid[:, None, None, :]


def initialise(module: nn.Module) -> None:
    """Scale the maps that are added to the stream down by the number of such maps, so that deep stacks start calm."""
    layers = [m for m in module.modules() if isinstance(m, Layer)]
    for layer in layers:
        for linear in (layer.attention.out, layer.feed_forward.down):
            with torch.no_grad():
                linear.weight.mul_((2 * len(layers)) ** -0.5)


def deepened(tensors: Mapping[str, Tensor], encoder: Encoder) -> dict[str, Tensor]:
    """Return the weights of a network with those of the layers that only a deeper encoder has.

    They are what the encoder begins with, but for the last map of both parts of a layer: 0, so that the layer adds
    nothing, and the network computes what it did, until it has learned.
    """
    found = dict(tensors)
    for name, weight in encoder.layers.state_dict(prefix="encoder.layers.").items():
        last = name.endswith(("attention.out.weight", "feed_forward.down.weight"))
        found.setdefault(name, torch.zeros_like(weight) if last else weight)
    return found
