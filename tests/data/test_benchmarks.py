"""Sets of published instances: every row of the list is reachable, in the units of its best-known cost."""

import csv
from pathlib import Path

import pytest

from vrp.data.benchmarks import MADE_SETS, Benchmark, benchmarks, folder, spread
from vrp.errors import OptionError, VrpError
from vrp.problem import Problem


def test_every_row_belongs_to_a_set(benchmark_data: Path) -> None:
    """Each instance of bks.csv is in exactly one set, ordered by size."""
    with (benchmark_data / "bks.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    kinds = {row["kind"].lower().replace("tsp-tsplib", "tsp") for row in rows}
    found = [b for kind in sorted(kinds) for b in benchmarks(kind, benchmark_data)]
    assert len(found) == len(rows)
    sizes = [b.size for b in benchmarks("cvrp-x", benchmark_data)]
    assert sizes == sorted(sizes)


@pytest.mark.parametrize("name", ["cvrp-a", "vrptw-solomon", "pdptw-lilim", "atsp", "tsp", *MADE_SETS])
def test_smallest_instance_is_read(name: str, benchmark_data: Path) -> None:
    """An instance has about the size that the list states."""
    smallest = benchmarks(name, benchmark_data)[0]
    problem = smallest.read()
    assert isinstance(problem, Problem)
    assert abs(problem.num_clients - smallest.size) <= 8  # Li & Lim files repeat some requests.


def test_road_reference_is_reached_by_its_routes(benchmark_data: Path) -> None:
    """The routes of the reference cost on our problem what the reference states."""
    import json

    from vrp.check import check, evaluate
    from vrp.solution import Route

    text = (benchmark_data / "roads" / "refs_acvrp100.json").read_text()
    reference = json.loads(text)[0]
    name = f"{reference['city']}-{reference['k']}"
    chosen = next(b for b in benchmarks("roads", benchmark_data) if b.name == name)
    problem = chosen.read()
    solution = evaluate(problem, [Route(0, 0, 0, tuple(visits)) for visits in reference["routes"]])
    assert check(problem, solution) == []
    assert solution.cost == chosen.best == reference["ref_cost_m"]


def test_spread_takes_both_ends() -> None:
    """A selection contains the smallest and the largest, no instance twice, and all where there are few."""
    made = [Benchmark("s", str(i), i, None, Problem) for i in range(50)]
    sizes = [b.size for b in spread(made, 14)]
    assert (sizes[0], sizes[-1], len(set(sizes))) == (0, 49, 14)
    assert spread(made, 60) == made


def test_errors_name_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing folder and an unknown set are explained."""
    monkeypatch.delenv("VRP_BENCHMARK_DATA", raising=False)
    with pytest.raises(VrpError, match="VRP_BENCHMARK_DATA"):
        folder()
    with pytest.raises(VrpError, match=r"bks\.csv"):
        folder(tmp_path)
    (tmp_path / "bks.csv").write_text("instance,kind,n,bks,rounding,scale,bks_file_units,source,path,note\n")
    with pytest.raises(OptionError, match="roads"):
        benchmarks("cvrp-q", tmp_path)
