"""The rules of a plan as batched tensors: `begin` a rollout, `feasible` choices, and what `step` makes of one.

S rollouts run side by side on each of B problems. A rollout is a walk over the places of its problem: it leaves its
home, visits stops and comes home, again and again, until nothing is left that it may serve. Every rule is a field of
`Instances` or `State`, or an attribute (`vrp.solvers.policy.env.attributes`); no rule knows the name of a variant.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from vrp.errors import UnsupportedError
from vrp.solvers.policy.env.attributes import ATTRIBUTES
from vrp.solvers.policy.env.instances import Instances


class State(NamedTuple):
    """What has been decided, for S rollouts on each of B problems."""

    at: Tensor
    """[B, S] int64, the place where the vehicle is."""
    home: Tensor
    """[B, S] int64, the place where its routes start and end."""
    used: Tensor
    """[B, S] float, goods of this route so far."""
    routes: Tensor
    """[B, S] int64, how many vehicles are still at home."""
    unserved: Tensor
    """[B, S, L] bool, stops that no route has served."""


def reset(batch: Instances, home: Tensor) -> State:
    """Return the state before the first choice.

    Parameters
    ----------
    batch
        The problems.
    home
        [B, S] the place where the routes of each rollout start and end.
    """
    unserved = batch.valid[:, None, :].expand(-1, home.shape[1], -1).scatter(2, home[..., None], False)
    used = torch.zeros_like(home, dtype=batch.demand.dtype)
    return State(home, home, used, batch.fleet[:, None].expand_as(home), unserved)


def begin(batch: Instances, first: Tensor) -> State:
    """Return the state after the first choice: the first stop, or where a tour begins.

    Parameters
    ----------
    batch
        The problems.
    first
        [B, S] places. A tour may begin anywhere and has its home there; else home is the depot, and these are the first
        stops.
    """
    state = reset(batch, torch.where(batch.cyclic[:, None], first, 0))
    return step(batch, state, first)


def feasible(batch: Instances, state: State) -> Tensor:
    """Return [B, S, L] bool, True where the place may be chosen next. There is always at least one.

    A stop may be chosen if it is unserved, its goods still fit, and it needs no further vehicle when there is none.
    Home may be chosen from elsewhere, except that the last vehicle serves what it can before. A rollout that is at home
    with nothing left to choose stays there: it is done.
    """
    # Where a full vehicle stands and whether another waits is one number per rollout; only this line is as wide as L.
    room = batch.capacity[:, None] - state.used
    stranded = (state.at == state.home) & (state.routes == 0)
    room = torch.where(stranded, -1.0, room)
    stops = state.unserved & (batch.demand[:, None, :] <= room[..., None])
    for name, values in batch.more.items():
        if (allows := ATTRIBUTES[name].allows) is not None:
            stops = stops & allows(batch, state, values)
    none = ~stops.any(dim=2)
    home = torch.where(state.at == state.home, none, none | (state.routes > 0))
    return stops.scatter(2, state.home[..., None], home[..., None])


def step(batch: Instances, state: State, choice: Tensor) -> State:
    """Return the state after going to the places chosen, [B, S]; they must be feasible."""
    returns = choice == state.home
    leaves = (state.at == state.home) & ~returns
    used = torch.where(returns, 0.0, state.used + batch.demand.gather(1, choice))
    unserved = state.unserved.scatter(2, choice[..., None], False)
    return State(choice, state.home, used, state.routes - leaves.long(), unserved)


def context(batch: Instances, state: State) -> Tensor:
    """Return [B, S, 3] float, what a policy is told besides where the vehicle is.

    The share of its capacity that is left, the goods still to deliver in units of capacity, and the stops still to
    serve as a share of all places. Attention averages over the places that are left; how much is left, and so how
    many vehicles that will take, it cannot see.
    """
    share = batch.demand / batch.capacity[:, None]
    place = (1.0 / batch.valid.sum(dim=1, keepdim=True)).expand_as(share)
    left = state.unserved.to(share.dtype) @ torch.stack([share, place], dim=2)
    room = 1.0 - state.used / batch.capacity[:, None]
    return torch.cat([room[..., None], left], dim=2)


CONTEXT = 3
"""How many numbers `context` gives."""


def done(batch: Instances, state: State) -> Tensor:
    """Return [B, S] bool, whether the rollout can only stay at home."""
    stops = feasible(batch, state).scatter(2, state.home[..., None], False)
    return (state.at == state.home) & ~stops.any(dim=2)


def distances(batch: Instances) -> Tensor:
    """Return [B, L, L] float, row = from; 0 from and to padding."""
    between = torch.cdist(batch.coords, batch.coords, compute_mode="donot_use_mm_for_euclid_dist")
    return between * (batch.valid[:, :, None] & batch.valid[:, None, :])


def cost(batch: Instances, home: Tensor, choices: Tensor) -> Tensor:
    """Return [B, S] float, the lengths of the walks and what attributes add to them.

    Parameters
    ----------
    batch
        The problems.
    home
        [B, S] where each walk starts and ends.
    choices
        [B, S, T] the places visited in between.
    """
    walk = torch.cat([home[..., None], choices, home[..., None]], dim=2)
    size, rollouts, length = walk.shape
    flat = walk.reshape(size, -1, 1).expand(-1, -1, 2)
    points = batch.coords.gather(1, flat).view(size, rollouts, length, 2)
    total = (points[:, :, 1:] - points[:, :, :-1]).square().sum(dim=3).sqrt().sum(dim=2)
    for name, values in batch.more.items():
        if (price := ATTRIBUTES[name].price) is not None:
            total = total + price(batch, home, choices, values)
    return total


def features(batch: Instances, attributes: Sequence[str] = ()) -> Tensor:
    """Return [B, L, F] float, what a policy is told of each place; the same wherever the map lies and however large.

    x and y from the middle of the map, in units of its larger side; the share of a vehicle that the demand fills;
    whether this is a depot, and its x and y once more (so that one linear map has separate weights for depots); and the
    attributes named, 0 where these problems have none.

    Raises
    ------
    UnsupportedError
        The problems have an attribute that is not named.
    """
    if unseen := batch.more.keys() - set(attributes):
        told = f"is made for {', '.join(attributes)}" if attributes else "is made for none"
        raise UnsupportedError(
            f"The problems have the attributes {', '.join(sorted(unseen))}, but the network {told}. Name them in its"
            " shape: Shape(attributes=(...))."
        )
    flat = place_map(batch)
    share = batch.demand / batch.capacity[:, None].clamp(min=1.0)
    depot = torch.zeros_like(share)
    depot[:, 0] = (~batch.cyclic).to(depot.dtype)
    named = [batch.more.get(name, torch.zeros_like(share))[..., None] for name in attributes]
    made = torch.cat([flat, share[..., None], depot[..., None], flat * depot[..., None], *named], dim=2)
    return made * batch.valid[..., None]


FEATURES = 6
"""How many numbers `features` gives per place, besides attributes."""


def place_map(batch: Instances) -> Tensor:
    """Return [B, L, 2] float, coordinates from the middle of the map in units of its larger side."""
    hidden = ~batch.valid[..., None]
    low = batch.coords.masked_fill(hidden, torch.inf).amin(dim=1, keepdim=True)
    high = batch.coords.masked_fill(hidden, -torch.inf).amax(dim=1, keepdim=True)
    extent = (high - low).amax(dim=2, keepdim=True)
    return (batch.coords - (low + high) / 2) / torch.where(extent > 0, extent, 1.0)


def neighbour_distances(batch: Instances) -> Tensor:
    """Return [B, L, L] float, distances in units of the typical one between neighbours: side / sqrt(places)."""
    flat = place_map(batch)
    between = torch.cdist(flat, flat, compute_mode="donot_use_mm_for_euclid_dist")
    return between * batch.valid.sum(dim=1).to(between.dtype).sqrt()[:, None, None]
