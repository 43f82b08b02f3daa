"""Readers, checker and cost together: every published plan of the benchmark data is valid and costs what it says."""

import csv
import io
import re
from pathlib import Path

import numpy as np
import pytest

from vrp.check import check
from vrp.formats import read, read_solution
from vrp.formats.sol import parse
from vrp.formats.source import load

KINDS = {
    **{f"CVRP-{name}": None for name in ("A", "B", "E", "F", "Golden", "M", "P", "X", "XXL")},
    **dict.fromkeys(("GVRP", "HFVRP", "MDVRPTW", "MTVRPTWR", "PCVRPTW", "SDVRPTW", "VRPB", "VRPTW", "VRPTW-Solomon")),
}
PLANS = 407
ROUNDING = {"leg0.001": "exact", "file": "auto"}
SINGLE_PRECISION = ("Golden_9", "Golden_15")
"""Their costs were summed in float32: both are printed with more digits than they have right."""


def rows(folder: Path) -> list[dict[str, str]]:
    """Return the rows of the table of best-known costs that have a plan."""
    with (folder / "bks.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if (folder / row["path"]).with_suffix(".sol").exists()]


def tolerance(row: dict[str, str], legs: int) -> float:
    """Return how far the cost may be from the stated one, in the unit of the stated one."""
    scale = float(row["scale"])
    last_digit = 0.5 * 10.0 ** -len(row["bks"].partition(".")[2])
    if row["instance"] in SINGLE_PRECISION:
        return 2 * float(np.spacing(np.float32(row["bks"])))
    if row["kind"] == "HFVRP":  # 0.02 of the true cost; unit and fixed costs are stored x 100.
        return 2 * scale
    return last_digit + (0.0005 * legs * scale if row["rounding"] == "leg0.001" else 0.0) + 1e-6


@pytest.mark.parametrize("kind", KINDS)
def test_published_plans(kind: str, benchmark_data: Path) -> None:
    """Every plan of the set is free of violations, serves all it must and costs what its file states."""
    own = [row for row in rows(benchmark_data) if row["kind"] == kind]
    assert own
    for row in own:
        path = benchmark_data / row["path"]
        problem = read(path, rounding=ROUNDING.get(row["rounding"], row["rounding"]))
        plan = read_solution(path.with_suffix(".sol"), problem)
        assert [str(v) for v in check(problem, plan)] == [], row["instance"]
        stated = parse(load(path.with_suffix(".sol"))).cost
        assert stated is not None
        assert stated.value == float(row["bks"])
        legs = sum(len(route.visits) + 1 for route in plan.routes)
        assert plan.cost * float(row["scale"]) == pytest.approx(stated.value, rel=1e-12, abs=tolerance(row, legs))


@pytest.mark.parametrize("kind", KINDS)
def test_other_costs_are_told(kind: str, benchmark_data: Path) -> None:
    """The published plans with a cost that is 1 % off state another cost than theirs, and nothing else is wrong."""
    row = next(row for row in rows(benchmark_data) if row["kind"] == kind)
    path = benchmark_data / row["path"]
    problem = read(path, rounding=ROUNDING.get(row["rounding"], row["rounding"]))
    text = path.with_suffix(".sol").read_text(encoding="utf-8")
    wrong = re.sub(r"(?i)cost\W*[\d.]+", f"Cost {1.01 * float(row['bks']):.2f}", text)
    assert wrong != text
    assert [v.kind for v in check(problem, read_solution(io.StringIO(wrong), problem))] == ["stated cost"]


def test_all_plans_are_tested(benchmark_data: Path) -> None:
    """The sets above are all that have plans."""
    found = rows(benchmark_data)
    assert len(found) == PLANS
    assert {row["kind"] for row in found} == set(KINDS)


def test_automatic_rounding_is_the_one_of_the_set(benchmark_data: Path) -> None:
    """`auto` chooses what the table of best-known costs says, but for Golden's set, which must be named."""
    seen = set()
    for row in rows(benchmark_data):
        if row["kind"] in seen or row["kind"] == "CVRP-Golden":
            continue
        problem = read(benchmark_data / row["path"])
        if problem.distance is not None:  # Two of Eilon's instances have matrices.
            continue
        seen.add(row["kind"])
        assert problem.rounding == ROUNDING.get(row["rounding"], row["rounding"]), row["kind"]
        assert any("the convention of this format" in note for note in problem.notes)
    assert len(seen) == len(KINDS) - 1


def test_every_other_file_reads(benchmark_data: Path) -> None:
    """TSPLIB, ATSP, Li and Lim, Schneider and road files without a plan read as problems of the size they state."""
    with (benchmark_data / "bks.csv").open(encoding="utf-8", newline="") as file:
        sized = {
            row["path"]: row for row in csv.DictReader(file) if row["kind"] in ("TSP-TSPLIB", "ATSP", "PDPTW-LiLim")
        }
    assert len(sized) == 77
    for path, row in sized.items():
        problem = read(benchmark_data / path)
        if row["n"] and row["kind"] != "PDPTW-LiLim":
            assert problem.num_locations == int(row["n"]), path
        assert problem.vehicles[0].count == (25 if row["kind"] == "PDPTW-LiLim" else 1)
    others = [*(benchmark_data / "belgium_road").iterdir(), *(benchmark_data / "evrptw").glob("*_*.txt")]
    for file_path in others:
        assert read(file_path).num_clients > 10


def test_schneiders_plan(benchmark_data: Path) -> None:
    """The plan with a charging stop, given by names, is valid and costs the 974.832 that it states."""
    problem = read(benchmark_data / "evrptw" / "r205_21.txt")
    plan = read_solution(benchmark_data / "evrptw" / "r205.sol.txt", problem)
    assert check(problem, plan) == []
    assert plan.cost == pytest.approx(974.832, abs=5e-4)
    assert problem.chargers


@pytest.mark.parametrize(("name", "length"), [("pcb442", 221440), ("gr666", 423710), ("att532", 309636)])
def test_canonical_tours(name: str, length: int, benchmark_data: Path) -> None:
    """The tours 1, 2, ..., n have the lengths by which TSPLIB95 lets implementations be verified."""
    path = benchmark_data / "tsplib" / f"{name}.tsp"
    if not path.exists():
        pytest.skip(f"{name} is not in the data")
    problem = read(path)
    tour = np.arange(problem.num_locations)
    assert problem.legs(tour, np.roll(tour, -1))[0].sum() == length
