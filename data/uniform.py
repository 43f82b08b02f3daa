"""The standard random instances: everything uniform in the unit square."""

import torch
from torch import Generator, Tensor

from vrp.data.fields import Fields, with_depot

CAPACITY = ((20, 30.0), (50, 40.0), (100, 50.0), (1000, 230.0))
"""Capacity by number of stops, for demands of 1 to 9; linear in between and constant outside. At 20, 50 and 100 stops
these are the values of Nazari et al., *Reinforcement learning for solving the vehicle routing problem* (NeurIPS 2018);
to 1000 stops they rise by 1 per 5 stops, as is usual."""


def tours(count: int, n: int, random: Generator) -> Fields:
    """Return travelling salesmen: a depot and n stops, uniform.

    Parameters
    ----------
    count
        Number of instances.
    n
        Stops of each, the depot not counted.
    random
        Its device is where the instances are made.
    """
    return {"coords": _coords(count, n, random)}


def uniform(count: int, n: int, random: Generator) -> Fields:
    """Return capacitated problems: depot and stops uniform, demands 1 to 9.

    Parameters
    ----------
    count
        Number of instances.
    n
        Stops of each.
    random
        Its device is where the instances are made.
    """
    coords = _coords(count, n, random)
    return {
        "coords": coords,
        "demand": with_depot(small_demand(count, n, random)),
        "capacity": torch.full((count,), capacity(n), device=random.device),
    }


def capacity(n: int) -> float:
    """Return the standard capacity for n stops with demands of 1 to 9, a whole number."""
    (first, low), *rest = CAPACITY
    if n <= first:
        return low
    for size, high in rest:
        if n <= size:
            return round(low + (high - low) * (n - first) / (size - first)) * 1.0
        first, low = size, high
    return low


def small_demand(count: int, n: int, random: Generator) -> Tensor:
    """Return demands [count, n], whole numbers from 1 to 9."""
    return torch.randint(1, 10, (count, n), generator=random, device=random.device).float()


def _coords(count: int, n: int, random: Generator) -> Tensor:
    return torch.rand(count, n + 1, 2, generator=random, device=random.device)
