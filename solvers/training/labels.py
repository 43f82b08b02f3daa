"""Labels: plans to imitate, as compact arrays. A file holds instances of any sizes with one plan each."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vrp.errors import FormatError, OptionError
from vrp.problem import Problem
from vrp.solution import Solution
from vrp.solvers.policy.decoding import symmetric
from vrp.solvers.policy.env import Instances, encode, instances, is_tour

Arrays = dict[str, NDArray[np.generic]]
FIELDS = ("coords", "demand", "capacity", "choices")


@dataclass(frozen=True)
class Labels:
    """Instances of each size, with their plans."""

    by_size: dict[int, tuple[Instances, Tensor]]
    """Number of stops -> N instances and choices [N, T], routes apart by 0, 0 after the end."""

    @classmethod
    def read(cls, path: str | Path) -> "Labels":
        """Read a file that `write` made.

        Raises
        ------
        FormatError
            The file is missing, damaged, or no file of labels.
        """
        try:
            with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
                arrays = {key: file[key] for key in file.files}
            sizes = sorted({int(key.split("/")[0]) for key in arrays})
            return cls({size: _tensors(arrays, size) for size in sizes})
        except FileNotFoundError:
            raise FormatError(f"There is no file of labels {str(path)!r}.") from None
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise FormatError(f"{str(path)!r} holds no labels, or is damaged: {error}") from None

    def draw(self, size: int, count: int, orders: int, random: torch.Generator) -> tuple[Instances, Tensor]:
        """Return random instances of a size, each turned or mirrored by one of the eight symmetries, with their plans.

        The plans, [count, orders, T], are one plan per instance, written in as many random ones of its ways.

        Raises
        ------
        OptionError
            There are none of that size.
        """
        if size not in self.by_size:
            raise OptionError(f"There are no labels of {size} stops, only of {sorted(self.by_size)}.")
        batch, choices = self.by_size[size]
        rows = torch.randint(0, batch.size, (count,), generator=random, device=random.device)
        drawn = batch.take(rows.to(batch.coords.device)).to(random.device)
        turn = torch.randint(0, 8, (count,), generator=random, device=random.device)
        turned = symmetric(drawn, 8).take(turn + 8 * torch.arange(count, device=random.device))
        written = choices[rows.to(choices.device)].to(random.device).repeat_interleave(orders, dim=0)
        ways = reordered(written, bool(batch.cyclic[0]), random)
        return turned, ways.view(count, orders, -1)


def reordered(choices: Tensor, cyclic: bool, random: torch.Generator) -> Tensor:
    """Return plans [N, T] with the same routes in another order, each in a random direction; of tours, turned.

    The choice of the order is no choice of the plan, so the policy shall learn to continue from any.
    """
    if cyclic:
        turn = torch.randint(0, choices.shape[1], (len(choices), 1), generator=random, device=choices.device)
        along = torch.arange(choices.shape[1], device=choices.device).expand_as(choices)
        flip = torch.rand(len(choices), 1, generator=random, device=choices.device) < 0.5
        return choices.gather(1, (turn + torch.where(flip, -along, along)) % choices.shape[1])
    stop = choices != 0
    route = (choices == 0).long().cumsum(dim=1) - (choices == 0).long()
    draw = torch.rand((2, *choices.shape), generator=random, device=choices.device, dtype=torch.float64)
    order, flip = draw[0].gather(1, route), draw[1].gather(1, route) < 0.5
    along = torch.arange(choices.shape[1], device=choices.device).expand_as(choices)
    # Sorted by route, then along it: the 0 that ends a route stays last in it, and what is after the end last of all.
    within = torch.where(flip, -along, along) / choices.shape[1]
    key = order * 1e9 + torch.where(stop, within, 2.0)
    end = (stop * along).amax(dim=1, keepdim=True) + 1
    key = key.masked_fill(along > end, torch.inf)
    return choices.gather(1, key.argsort(dim=1, stable=True))


def write(path: Path, solved: list[tuple[Problem, Solution]]) -> None:
    """Write problems with their plans.

    Parameters
    ----------
    path
        A file that ends with .npz.
    solved
        Problems in the unit square with complete plans.
    """
    by_size: dict[int, list[tuple[Problem, Solution]]] = {}
    for pair in solved:
        by_size.setdefault(pair[0].num_clients, []).append(pair)
    arrays: Arrays = {}
    for size, pairs in by_size.items():
        plans = [_choices(problem, plan) for problem, plan in pairs]
        longest = max(map(len, plans))
        batch = encode([problem for problem, _ in pairs])
        arrays[f"{size}/coords"] = batch.coords.numpy()
        arrays[f"{size}/demand"] = batch.demand.numpy().astype(np.uint32)
        arrays[f"{size}/capacity"] = batch.capacity.numpy()
        arrays[f"{size}/choices"] = np.array([p + [0] * (longest - len(p)) for p in plans], dtype=np.uint16)
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def _choices(problem: Problem, plan: Solution) -> list[int]:
    first = problem.num_depots - 1
    if is_tour(problem):
        return [0, *(x - first for x in plan.routes[0].visits)]
    return [x for route in plan.routes for x in (*(v - first for v in route.visits), 0)]


def _tensors(arrays: Arrays, size: int) -> tuple[Instances, Tensor]:
    coords, demand, capacity, choices = (torch.from_numpy(arrays[f"{size}/{f}"].astype(np.float32)) for f in FIELDS)
    batch = instances(coords) if bool((demand == 0).all()) else instances(coords, demand, capacity)
    return batch, choices.long()
