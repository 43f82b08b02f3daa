"""What the generators return: plain tensors by name, and the same as `Problem`s."""

import torch
from torch import Tensor

from vrp.problem import Problem

Fields = dict[str, Tensor]
"""coords [B, 1 + n, 2] float32 in the unit square, the depot first; and, where there are vehicles to load, demand
[B, 1 + n] float32 of whole numbers, 0 at the depot, and capacity [B]."""


def with_depot(demand: Tensor) -> Tensor:
    """Return demands of stops [B, n] with a 0 for the depot before them."""
    return torch.nn.functional.pad(demand, (1, 0))


def as_problems(fields: Fields, name: str = "") -> list[Problem]:
    """Return the same instances as problems: distances exact, as many vehicles as needed.

    Parameters
    ----------
    fields
        From a generator. Without "demand" they are tours.
    name
        Their names begin with it and end with their number.
    """
    plain = {key: value.double().cpu().numpy() for key, value in fields.items()}
    problems = []
    for i, coords in enumerate(plain["coords"]):
        goods = {"demand": plain["demand"][i, 1:], "capacity": plain["capacity"][i]} if "demand" in plain else {}
        problems.append(Problem.from_arrays(coords=coords, name=f"{name}{i}", **goods))
    return problems
