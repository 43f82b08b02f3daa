"""Instances: a batch of problems as tensors, padded to one size. What a problem has is data, not a class of its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

import torch
from torch import Tensor
from torch.nn import functional

from vrp.errors import OptionError, suggest
from vrp.solvers.policy.env.attributes import ATTRIBUTES


@dataclass(frozen=True, eq=False)
class Instances:
    """B problems of up to L places each; place 0 is the depot. What the rules of `vrp.solvers.policy.env.rules` read.

    Numbers of goods are whole numbers, held as floats (exact below 2^24), so that sums of them are exact and what is
    feasible here is feasible for `vrp.check`.
    """

    coords: Tensor
    """[B, L, 2] float, in the unit square."""
    demand: Tensor
    """[B, L] float, whole numbers; 0 at the depot."""
    capacity: Tensor
    """[B] float, a whole number."""
    fleet: Tensor
    """[B] int64, how many routes there may be."""
    valid: Tensor
    """[B, L] bool, False where a row is padding."""
    cyclic: Tensor
    """[B] bool, one route without any limit: it is a tour, which may begin at any of its places."""
    more: Mapping[str, Tensor] = field(default_factory=dict)
    """[B, L] float each, by the names of `ATTRIBUTES`; 0 at padding."""

    @property
    def size(self) -> int:
        """Number of problems B."""
        return self.coords.shape[0]

    @property
    def places(self) -> int:
        """Number of places L, padding included."""
        return self.coords.shape[1]

    def to(self, device: torch.device | str) -> "Instances":
        """Return the same batch on another device."""
        return self.each(lambda tensor: tensor.to(device))

    def take(self, rows: slice | Tensor) -> "Instances":
        """Return some of the problems."""
        return self.each(lambda tensor: tensor[rows])

    def repeat(self, times: int) -> "Instances":
        """Return each problem several times in a row."""
        return self.each(lambda tensor: tensor.repeat_interleave(times, dim=0))

    def each(self, change: Callable[[Tensor], Tensor]) -> "Instances":
        """Return a batch of other tensors, each made of one of these."""
        changed = {name: change(getattr(self, name)) for name in NAMES}
        return Instances(**changed, more={name: change(value) for name, value in self.more.items()})

    def tensors(self) -> list[Tensor]:
        """Return all tensors, in the same order for all batches with the same attributes."""
        return [*(getattr(self, name) for name in NAMES), *(self.more[name] for name in sorted(self.more))]


NAMES = tuple(f.name for f in fields(Instances) if f.name != "more")
"""The fields that every batch has."""


def instances(
    coords: Tensor,
    demand: Tensor | None = None,
    capacity: Tensor | None = None,
    fleet: Tensor | None = None,
    valid: Tensor | None = None,
    **more: Tensor,
) -> Instances:
    """Return a batch from its arrays; what is left out gets its neutral value.

    Without `demand` every problem is a tour: one vehicle, no limit. With it there are as many vehicles as stops.

    Parameters
    ----------
    coords
        [B, L, 2] in the unit square, the depot first.
    demand
        [B, L] whole numbers, 0 at the depot.
    capacity
        [B] whole numbers.
    fleet
        [B] how many routes there may be.
    valid
        [B, L] False at rows of padding, which come last.
    more
        [B, L] attributes by name.

    Raises
    ------
    OptionError
        There is no such attribute.
    """
    for name in more:
        if name not in ATTRIBUTES:
            told = suggest(name, ATTRIBUTES) if ATTRIBUTES else " None has been added to `ATTRIBUTES`."
            raise OptionError(f"Problems have no attribute {name!r}.{told}")
    size, places = coords.shape[:2]
    if valid is None:
        valid = torch.ones(size, places, dtype=torch.bool, device=coords.device)
    if fleet is None:
        fleet = valid.sum(dim=1) - 1 if demand is not None else torch.ones_like(valid[:, 0], dtype=torch.int64)
    if demand is None:
        demand = torch.zeros_like(coords[..., 0])
    if capacity is None:
        capacity = torch.full_like(coords[:, 0, 0], 1.0)
    cyclic = (fleet == 1) & (demand.sum(dim=1) == 0)
    return Instances(coords, demand, capacity, fleet, valid, cyclic, more)


def stacked(parts: Sequence[Instances]) -> Instances:
    """Return one batch of several, padded to the largest; an attribute that one lacks is 0 there."""
    places = max(part.places for part in parts)
    wide = [padded(part, places) for part in parts]
    names = dict.fromkeys(name for part in wide for name in part.more)
    more = {name: torch.cat([part.more.get(name, torch.zeros_like(part.demand)) for part in wide]) for name in names}
    return Instances(**{name: torch.cat([getattr(part, name) for part in wide]) for name in NAMES}, more=more)


def padded(batch: Instances, places: int) -> Instances:
    """Return the batch with rows of padding up to a number of places. They lie on the depot and are never visited."""
    more = places - batch.places
    if more < 0:
        raise ValueError(f"a batch of {batch.places} places cannot be padded to {places}")
    if more == 0:
        return batch
    depot = batch.coords[:, :1].expand(-1, more, -1)
    return replace(
        batch,
        coords=torch.cat([batch.coords, depot], dim=1),
        demand=functional.pad(batch.demand, (0, more)),
        valid=functional.pad(batch.valid, (0, more)),
        more={name: functional.pad(value, (0, more)) for name, value in batch.more.items()},
    )
