"""Gaussian mixtures of many spreads, as in Zhou et al., *Towards omni-generalizable neural methods for vehicle routing
problems* (ICML 2023).
"""

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
    kind = torch.randint(0, 2 + len(CENTRES) * len(SPREADS), (count, 1, 1), generator=random, device=random.device)
    stops = made["coords"][:, 1:]
    gauss = _gaussians(count, n, random, centres=1, spread=0.0)
    stops = torch.where(kind == 1, gauss, stops)
    for i, centres in enumerate(CENTRES):
        for j, spread in enumerate(SPREADS):
            drawn = _gaussians(count, n, random, centres, spread)
            stops = torch.where(kind == 2 + i * len(SPREADS) + j, drawn, stops)
    return {**made, "coords": torch.cat([made["coords"][:, :1], stops], dim=1)}


def _gaussians(count: int, n: int, random: Generator, centres: int, spread: float) -> Tensor:
    """Return stops [count, n, 2] around random centres, scaled to the unit square."""
    device = random.device
    middle = spread * torch.rand(count, centres, 2, generator=random, device=device)
    chosen = torch.randint(0, centres, (count, n, 1), generator=random, device=device)
    drawn = middle.gather(1, chosen.expand(-1, -1, 2)) + torch.randn(count, n, 2, generator=random, device=device)
    low = drawn.amin(dim=1, keepdim=True)
    extent = (drawn - low).amax(dim=(1, 2), keepdim=True)
    return (drawn - low) / extent.clamp(min=1e-9)
