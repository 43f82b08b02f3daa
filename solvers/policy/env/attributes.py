"""Attributes: what a problem has besides the fields of `Instances`, as data with the rules that read it.

An attribute is one tensor [B, L], a number per place, in `Instances.more`, and one line in `ATTRIBUTES`. Networks that
were made with its name (`Shape.attributes`) see the number as a feature of the place; 0 is neutral.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from torch import Tensor

if TYPE_CHECKING:
    from vrp.solvers.policy.env.instances import Instances
    from vrp.solvers.policy.env.rules import State

Allows = Callable[["Instances", "State", Tensor], Tensor]
"""From problems, state and values [B, L] to [B, S, L] bool, False where a stop may not be chosen next. From home every
stop must be allowed by some walk, or it is left out."""
Price = Callable[["Instances", Tensor, Tensor, Tensor], Tensor]
"""From problems, homes [B, S], choices [B, S, T] and values [B, L] to what is added to the lengths, [B, S]."""


class Attribute(NamedTuple):
    """The rules of an attribute; without any, networks only see it."""

    allows: Allows | None = None
    price: Price | None = None


ATTRIBUTES: dict[str, Attribute] = {}
"""By name. Those that the environment itself knows are fields of `Instances`."""
