"""Published instances with their best-known costs, from a folder with `bks.csv`; the folder is not part of the package.

Costs are in the units of the instances' files, under the rounding that the best-known cost was published for.
"""

import csv
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from vrp.errors import OptionError, VrpError, suggest
from vrp.problem import Problem

VARIABLE = "VRP_BENCHMARK_DATA"
"""Environment variable that names the folder."""
ROUNDINGS = {"nearest": "nearest", "truncate1": "truncate1", "exact": "exact", "leg0.001": "exact", "file": "auto"}
"""The column `rounding` of bks.csv -> the argument of `vrp.read`; legs to 1/1000 differ from exact ones by nothing
that a gap shows."""
OTHER_NAMES = {"tsp-tsplib": "tsp"}
MADE_SETS = ("roads", "roads-500", "roads-500-time", "roads-1000", "uniform-100")
"""Sets that are not listed in bks.csv: made here, or read from the road matrices."""


@dataclass(frozen=True)
class Benchmark:
    """One instance: what it is called, the cost to compare with, and how to read it."""

    set: str
    name: str
    size: int
    """Number of stops as published, by which sets are ordered; some count the depot."""
    best: float | None
    """Best-known cost in the units of `read()`; None where none is published."""
    read: Callable[[], Problem] = field(repr=False, compare=False)


def folder(path: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder with the benchmark data.

    Raises
    ------
    VrpError
        No folder is named, or it holds no bks.csv.
    """
    named = path or os.environ.get(VARIABLE)
    if not named:
        raise VrpError(f"Where is the benchmark data? Set {VARIABLE} to the folder that holds bks.csv.")
    if not (Path(named) / "bks.csv").is_file():
        raise VrpError(f"There is no bks.csv in {os.fspath(named)!r}. Set {VARIABLE} to the folder that holds it.")
    return Path(named)


def benchmarks(name: str, path: str | os.PathLike[str] | None = None) -> list[Benchmark]:
    """Return the instances of a set, the smallest first.

    Parameters
    ----------
    name
        The kind of a row of bks.csv in lower case ("cvrp-x", "vrptw-solomon", "hfvrp", "atsp", "tsp" ...);
        "roads": 14 asymmetric CVRPs with 100 clients on real road distances, compared with a reference;
        "roads-500", "roads-500-time", "roads-1000": so many places of the road matrices, with seeded demands and
        nothing to compare with;
        "uniform-100": 30 random CVRPs with 100 clients, uniform, likewise.
    path
        The folder; None means the environment variable VRP_BENCHMARK_DATA.

    Raises
    ------
    OptionError
        There is no such set.
    """
    root = folder(path)
    if name in MADE_SETS:
        found = list(_made(root, name))
    else:
        with (root / "bks.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        sets = {_set_name(row) for row in rows}
        if name not in sets:
            raise OptionError(f"There is no set {name!r}.{suggest(name, sorted(sets | set(MADE_SETS)))}")
        found = [_published(root, row) for row in rows if _set_name(row) == name]
    return sorted(found, key=lambda b: (b.size, b.name))


def spread(found: list[Benchmark], take: int) -> list[Benchmark]:
    """Return so many of the instances, evenly spread by rank of size, the smallest and the largest among them."""
    if take >= len(found):
        return found
    return [found[i] for i in np.unique(np.linspace(0, len(found) - 1, take).round().astype(int))]


def _set_name(row: dict[str, str]) -> str:
    kind = row["kind"].lower()
    return OTHER_NAMES.get(kind, kind)


def _published(root: Path, row: dict[str, str]) -> Benchmark:
    path = root / row["path"]

    def read() -> Problem:
        from vrp.formats import read

        return read(path, rounding=ROUNDINGS[row["rounding"]])

    size = int(row["n"] or 0) or _lines(path) - 2  # Only Li & Lim rows leave it out: a header and the depot.
    return Benchmark(_set_name(row), row["instance"], size, float(row["bks_file_units"]), read)


def _lines(path: Path) -> int:
    return sum(bool(line.strip()) for line in path.read_text().splitlines())


def _made(root: Path, name: str) -> Iterator[Benchmark]:
    if name == "uniform-100":
        return _uniform_100()
    return _roads_100(root) if name == "roads" else _roads_cut(root, name)


def _uniform_100() -> Iterator[Benchmark]:
    """Depot and clients uniform in the unit square, demands 1 to 9, capacity 50 (Nazari et al. 2018), not rounded."""
    for seed in range(30):

        def read(seed: int = seed) -> Problem:
            random = np.random.default_rng(seed)
            coords, demand = random.random((101, 2)), random.integers(1, 10, 100).astype(np.float64)
            return Problem.from_arrays(coords=coords, demand=demand, capacity=50.0)

        yield Benchmark("uniform-100", f"uniform-100-{seed:02}", 100, None, read)


def _roads_100(root: Path) -> Iterator[Benchmark]:
    for reference in json.loads((root / "roads" / "refs_acvrp100.json").read_text()):

        def read(reference: dict[str, Any] = reference) -> Problem:
            rows = np.array(reference["idx"])
            with np.load(root / "roads" / f"{reference['city']}.npz") as table:
                distance = np.rint(table["distances"].astype(np.float64))[np.ix_(rows, rows)]
                coords = table["locations"][rows]
            return Problem.from_arrays(
                coords=coords,
                crs="latlon",
                distance=distance,
                demand=np.array(reference["demand"], dtype=np.float64),
                capacity=float(reference["capacity"]),
            )

        name = f"{reference['city']}-{reference['k']}"
        yield Benchmark("roads", name, len(reference["demand"]), float(reference["ref_cost_m"]), read)


def _roads_cut(root: Path, name: str) -> Iterator[Benchmark]:
    """The first 500 or 1000 locations of each road matrix, the first as depot; demands 1 to 9, capacity 100."""
    size = int(name.split("-")[1])
    field_name = "durations" if name.endswith("time") else "distances"
    for path in sorted((root / "roads").glob("*.npz")):
        with np.load(path) as table:
            if table[field_name].shape[0] < size or np.isnan(table[field_name]).any():
                continue

        def read(path: Path = path) -> Problem:
            with np.load(path) as table:
                matrix = np.rint(table[field_name].astype(np.float64))[:size, :size]
                coords = table["locations"][:size]
            demand = np.random.default_rng(0).integers(1, 10, size - 1).astype(np.float64)
            given: dict[str, Any] = {field_name[:-1]: matrix}
            return Problem.from_arrays(coords=coords, crs="latlon", demand=demand, capacity=100.0, **given)

        yield Benchmark(name, path.stem, size - 1, None, read)
