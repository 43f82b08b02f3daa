"""Gaussian mixtures of many spreads, as in Zhou et al., *Towards omni-generalizable neural methods for vehicle routing
problems* (ICML 2023).
"""

from itertools import product

import torch
from torch import Generator, Tensor

from vrp.data.fields import Fields
from vrp.data.uniform import uniform

CENTRES = (3, 5, 7)
SPREADS = (10.0, 30.0, 50.0)
"""Side of the square in which the centres lie, in standard deviations of a cluster."""


def mixture(count: int, n: int, random: Generator) -> Fields:
    """Return capacitated problems, each of one of 11 kinds with the same chance.

    Uniform; one Gaussian; or a mixture of 3, 5 or 7 Gaussians whose centres are uniform in a square of side 10, 30
    or 50 (their section 5). All places lie in the unit square afterwards, x and y scaled by the same factor. The depot
    is uniform in it; demands and capacity are those of the uniform instances (the paper's capacity is 30 + n / 5
    rounded up at every size).

    Parameters
    ----------
    count
        Number of instances.
    n
        Stops of each.
    random
        Its device is where the instances are made.
    """
    made = uniform(count, n, random)
    kinds = [(1, 0.0), *product(CENTRES, SPREADS)]
    kind = torch.randint(0, 1 + len(kinds), (count, 1, 1), generator=random, device=random.device)
    centres, spread = torch.tensor([kinds[0], *kinds], device=random.device)[kind].unbind(-1)
    stops = torch.where(kind == 0, made["coords"][:, 1:], _gaussians(n, random, centres, spread))
    return {**made, "coords": torch.cat([made["coords"][:, :1], stops], dim=1)}


def _gaussians(n: int, random: Generator, centres: Tensor, spread: Tensor) -> Tensor:
    """Return stops [B, n, 2] around random centres, scaled to the unit square; `centres` and `spread` are [B, 1, 1]."""
    count, device = len(centres), random.device
    middle = spread * torch.rand(count, max(CENTRES), 2, generator=random, device=device)
    chosen = (centres * torch.rand(count, n, 1, generator=random, device=device)).long()
    drawn = middle.gather(1, chosen.expand(-1, -1, 2)) + torch.randn(count, n, 2, generator=random, device=device)
    low = drawn.amin(dim=1, keepdim=True)
    extent = (drawn - low).amax(dim=(1, 2), keepdim=True)
    return (drawn - low) / extent.clamp(min=1e-9)
