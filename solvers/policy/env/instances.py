"""Instances: a batch of problems as tensors, padded to one size. What a problem has is data, not a class of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor
from torch.nn import functional


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
        return self._each(lambda field: field.to(device))

    def take(self, rows: slice | Tensor) -> "Instances":
        """Return some of the problems."""
        return self._each(lambda field: field[rows])

    def repeat(self, times: int) -> "Instances":
        """Return each problem several times in a row."""
        return self._each(lambda field: field.repeat_interleave(times, dim=0))

    def _each(self, change: Callable[[Tensor], Tensor]) -> "Instances":
        return Instances(**{field.name: change(getattr(self, field.name)) for field in fields(self)})


def instances(
    coords: Tensor,
    demand: Tensor | None = None,
    capacity: Tensor | None = None,
    fleet: Tensor | None = None,
    valid: Tensor | None = None,
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
    """
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
    return Instances(coords, demand, capacity, fleet, valid, cyclic)


def stacked(parts: Sequence[Instances]) -> Instances:
    """Return one batch of several, padded to the largest."""
    places = max(part.places for part in parts)
    wide = [padded(part, places) for part in parts]
    return Instances(
        **{field.name: torch.cat([getattr(part, field.name) for part in wide]) for field in fields(Instances)}
    )


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
    )
