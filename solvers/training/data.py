"""What is trained on: batches of random instances by the name of their distribution."""

from collections.abc import Callable

import torch

from vrp.data.clustered import mixture
from vrp.data.like_x import like_x
from vrp.data.uniform import tours, uniform
from vrp.errors import OptionError, suggest
from vrp.solvers.policy.env import Instances, instances

Generate = Callable[[int, int, torch.Generator], dict[str, torch.Tensor]]
"""From a number of instances, a number of stops, and a generator whose device they are made on."""

SET = 1000
"""Instances of a standard set; a part of one is its first."""


DISTRIBUTIONS: dict[str, Generate] = {"uniform": uniform, "mixture": mixture, "x": like_x, "tours": tours}
"""The generators by name; names beyond those of `instances` are attributes."""


def generated(name: str, count: int, size: int, random: torch.Generator) -> Instances:
    """Return a batch of random instances.

    Raises
    ------
    OptionError
        There is no such distribution.
    """
    if name not in DISTRIBUTIONS:
        raise OptionError(f"There is no distribution {name!r}.{suggest(name, DISTRIBUTIONS)}")
    return instances(**DISTRIBUTIONS[name](count, size, random))


def standard(name: str, count: int, size: int, seed: int) -> Instances:
    """Return the first instances of a standard set, the same on every device."""
    return generated(name, SET, size, torch.Generator().manual_seed(seed)).take(slice(0, count))
