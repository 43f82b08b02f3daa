"""Problems as pairs of tables: what comes back is the same, and what tables cannot say is refused by name."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import vrp
from tests.vrp.formats.problems import random_problem
from vrp.cli import main
from vrp.errors import FormatError, UnsupportedError
from vrp.formats import read, write
from vrp.formats.differences import differences
from vrp.formats.tables_write import to_tables
from vrp.problem import Problem
from vrp.vehicles import VehicleType


def sayable(seed: int) -> Problem:
    """Return a random problem without what tables have no word for; every depot has its vehicle."""
    rng = np.random.default_rng(seed)
    p = random_problem(rng)
    latlon = bool(rng.random() < 0.5)
    types = [
        replace(v, profile=0, name=f"van {k}", start_depot=k % p.num_depots, end_depot=(k + 2) % p.num_depots)
        for k, v in enumerate((*p.vehicles, p.vehicles[0]))
    ]
    if rng.random() < 0.3:
        types[0] = replace(types[0], count=None, end_depot=None)
    rows = [0, 1, 0]
    return p.replace(
        coords=rng.uniform(-1, 1, (p.num_locations, 2)) * 0.5,
        crs="latlon" if latlon else "planar",
        speed=10.0 if latlon else 1.0,
        distance=None,
        duration=None,
        rounding="exact",
        objective="cost",
        backhaul="mixed",
        scenarios=None,
        chargers={},
        group_required=np.ones(len(p.group_required), dtype=bool),
        vehicles=types,
        allowed=p.allowed[rows],
        preference=p.preference[rows],
    )


@settings(max_examples=150)
@given(seed=st.integers(0, 2**32))
def test_tables_come_back_equal(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """A problem with any mix of the fields that tables know is the same after a way through files, but for its name."""
    problem = sayable(seed)
    folder = tmp_path_factory.mktemp("tables")
    write(problem, folder / "stops.csv")
    assert set(differences(problem, read(folder / "stops.csv"))) <= {"name"}
    assert sorted(path.name for path in folder.iterdir()) == ["stops.csv", "vehicles.csv"]


SQUARE = [[0, 0], [1, 0], [0, 1]]


@pytest.mark.parametrize(
    ("fields", "lost"),
    [
        ({"distance": 1 - np.eye(3)}, "matrices"),
        ({"coords": SQUARE, "distance": 1 - np.eye(3)}, "distance"),
        ({"coords": SQUARE, "rounding": "nearest"}, "rounding"),
        ({"coords": SQUARE, "speed": 3.0}, "speed"),
        ({"coords": SQUARE, "objective": "vehicles"}, "objective"),
        ({"coords": SQUARE, "objective": "balance"}, "objective"),
        ({"coords": SQUARE, "chargers": {0: [(0, 0), (1, 9)]}}, "chargers"),
        ({"coords": SQUARE, "group": [0, 0], "group_required": [False]}, "group_required"),
        ({"coords": SQUARE, "preference": [3, 4]}, "preference"),
        ({"coords": SQUARE, "num_depots": 2}, "depots that no vehicle starts, ends or reloads at"),
        ({"coords": SQUARE, "names": ("a", " b", "c")}, "names"),
    ],
)
def test_what_tables_cannot_say_is_refused(fields: dict[str, Any], lost: str) -> None:
    """Nothing is left out silently."""
    with pytest.raises(UnsupportedError) as caught:
        to_tables(Problem(**fields))
    assert str(caught.value) == f"Tables cannot hold this problem's {lost}. Write .json instead."


def test_numbers_keep_every_digit(tmp_path: Path) -> None:
    """Large, small and irrational numbers are written without exponents and read back the same."""
    problem = Problem(
        coords=[[0, 0], [math.pi * 1e-9, 1e22], [1 / 3, -2e-300]],
        service=[1e-7, 123456789.123],
        vehicles=(VehicleType(count=3, capacity=(0.1 + 0.2,)),),
    )
    write(problem, tmp_path / "my_stops.csv")
    assert set(differences(problem, read(tmp_path / "my_stops.csv"))) == {"name"}
    assert (tmp_path / "my_vehicles.csv").exists()


def test_the_command_line_writes_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`convert` makes both tables, which solve as the file did; a name without "stops" is refused."""
    write(vrp.Problem.from_latlon([60.1, 60.2, 60.3], [24, 24.1, 24.2], demand=[1, 2], capacity=3), tmp_path / "a.json")
    assert main(["convert", str(tmp_path / "a.json"), str(tmp_path / "b.csv")]) == 2
    assert "Name that of the stops" in capsys.readouterr().err
    assert main(["convert", str(tmp_path / "a.json"), str(tmp_path / "stops.csv")]) == 0
    assert (tmp_path / "vehicles.csv").read_text(encoding="utf-8") == "count,capacity\nunlimited,3\n"
    with pytest.raises(FormatError, match="two tables"):
        write(read(tmp_path / "a.json"), tmp_path / "b.csv")
