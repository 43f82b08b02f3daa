"""Instances like the X set of CVRPLIB: Uchoa et al., *New benchmark instances for the capacitated vehicle routing
problem*, European Journal of Operational Research 257 (2017), section 4.
"""

import torch
from torch import Generator, Tensor

from vrp.data.fields import Fields, with_depot

SEEDS = (3, 8)
"""Fewest and most centres of clusters."""
DECAY = 0.04
"""The chance of a stop near a centre falls by e per so much distance (40 of 1000 in the paper)."""
STOPS_PER_ROUTE = (3.0, 6.0, 25.0)
"""Least, most likely and largest mean number of stops per route."""


def like_x(count: int, n: int, random: Generator) -> Fields:
    """Return capacitated problems; depot, places, demands and length of routes are drawn from the paper's classes.

    Two deviations, so that all can be drawn at once: a stop that would fall outside the square is reflected at its edge
    instead of drawn again, and centres are not stops themselves.

    Parameters
    ----------
    count
        Number of instances.
    n
        Stops of each.
    random
        Its device is where the instances are made.
    """
    device = random.device
    stops = _places(count, n, random)
    demand = _demands(stops, random)
    low, mode, high = STOPS_PER_ROUTE
    share = torch.rand(count, generator=random, device=device)
    rising = low + (share * (high - low) * (mode - low)).sqrt()
    falling = high - ((1 - share) * (high - low) * (high - mode)).sqrt()
    length = torch.where(share < (mode - low) / (high - low), rising, falling).clamp(max=n)
    capacity = (length * demand.sum(dim=1) / n).ceil().maximum(demand.amax(dim=1))
    coords = torch.cat([_depots(count, random)[:, None], stops], dim=1)
    return {"coords": coords, "demand": with_depot(demand), "capacity": capacity}


def _depots(count: int, random: Generator) -> Tensor:
    """Central, in a corner, or anywhere."""
    device = random.device
    anywhere = torch.rand(count, 2, generator=random, device=device)
    kind = torch.randint(0, 3, (count, 1), generator=random, device=device)
    return torch.where(kind == 0, 0.5, torch.where(kind == 1, 0.0, anywhere))


def _places(count: int, n: int, random: Generator) -> Tensor:
    """Random, clustered, or half of each."""
    device = random.device
    anywhere = torch.rand(count, n, 2, generator=random, device=device)
    centres = torch.rand(count, SEEDS[1], 2, generator=random, device=device)
    number = torch.randint(SEEDS[0], SEEDS[1] + 1, (count, 1), generator=random, device=device)
    chosen = (torch.rand(count, n, generator=random, device=device) * number).long()
    # A density that falls exponentially with the distance has a radius of Gamma(2): the sum of two exponentials.
    uniforms = torch.rand(count, n, 3, generator=random, device=device).clamp(min=1e-7)
    radius = -DECAY * (uniforms[..., 0].log() + uniforms[..., 1].log())
    angle = 2 * torch.pi * uniforms[..., 2]
    offset = radius[..., None] * torch.stack([angle.cos(), angle.sin()], dim=2)
    near = centres.gather(1, chosen[..., None].expand(-1, -1, 2)) + offset
    near = (1 - (1 - near.abs()).abs()).clamp(0, 1)
    kind = torch.randint(0, 3, (count, 1, 1), generator=random, device=device)
    first_half = (torch.arange(n, device=device) < n // 2)[None, :, None]
    return torch.where((kind == 0) | ((kind == 2) & first_half), anywhere, near)


def _demands(stops: Tensor, random: Generator) -> Tensor:
    """One of the seven classes: 1; 1-10; 5-10; 1-100; 50-100; by quadrant; many small and few large."""
    count, n = stops.shape[:2]

    def whole(low: int, high: int) -> Tensor:
        return torch.randint(low, high + 1, (count, n), generator=random, device=stops.device).float()

    small, large = whole(1, 50), whole(51, 100)
    # Large demands in the even quadrants, that is, where one coordinate is in its upper half and the other is not.
    even = (stops[..., 0] > 0.5) != (stops[..., 1] > 0.5)
    share = 0.7 + 0.25 * torch.rand(count, 1, generator=random, device=stops.device)
    few = torch.rand(count, n, generator=random, device=stops.device) > share
    classes = torch.stack([
        torch.ones(count, n, device=stops.device), whole(1, 10), whole(5, 10), whole(1, 100), whole(50, 100),
        torch.where(even, large, small), torch.where(few, large, whole(1, 10)),
    ])  # fmt: skip
    kind = torch.randint(0, len(classes), (1, count, 1), generator=random, device=stops.device)
    return classes.gather(0, kind.expand(-1, -1, n))[0]
