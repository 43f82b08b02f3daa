"""What is trained on: batches of random instances by the name of their distribution."""

from collections.abc import Callable
from functools import cache

import torch

from vrp.errors import OptionError, suggest
from vrp.solvers.policy.env import Instances, instances

Generate = Callable[[int, int, torch.Generator], dict[str, torch.Tensor]]
"""From a number of instances, a number of stops, and a generator whose device they are made on."""

SET = 1000
"""Instances of a standard set; a part of one is its first."""


@cache
def distributions() -> dict[str, Generate]:
    """Return the generators by name, always in the same dict; what `instances` has no parameter for is an attribute."""
    from vrp.data.clustered import mixture
    from vrp.data.like_x import like_x
    from vrp.data.uniform import tours, uniform

    return {"uniform": uniform, "mixture": mixture, "x": like_x, "tours": tours}


def generated(name: str, count: int, size: int, random: torch.Generator) -> Instances:
    """Return a batch of random instances.

    Raises
    ------
    OptionError
        There is no such distribution.
    """
    known = distributions()
    if name not in known:
        raise OptionError(f"There is no distribution {name!r}.{suggest(name, known)}")
    return instances(**known[name](count, size, random))


def standard(name: str, count: int, size: int, seed: int) -> Instances:
    """Return the first instances of a standard set, the same on every device."""
    return generated(name, SET, size, torch.Generator().manual_seed(seed)).take(slice(0, count))
