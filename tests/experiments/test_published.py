"""Published instances made anew, and the runs of many problems."""

import csv

import numpy as np
import pytest

import vrp

pytest.importorskip("torch")


def test_instances_are_the_published_ones(benchmark_data) -> None:
    """The first place is the published one, and published plans have their published costs on the first 32."""
    import published

    with np.load(benchmark_data / "routefinder_refs" / "test_refs.npz", allow_pickle=False) as file:
        costs, plans = (file[f"cvrp/50/pyvrp/{key}"] for key in ("costs", "actions"))
    problems = published.published(50)
    assert problems[0].coords[0] == pytest.approx((0.19151945, 0.62210876), abs=1e-8)
    published.compare(problems, plans.astype(int), costs.astype(float))
    with pytest.raises(SystemExit, match="instance 0 is not the published one"):
        published.compare(problems[1:], plans.astype(int), costs.astype(float))


def test_many(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every quarter leaves a row; sizes take turns."""
    import many

    monkeypatch.setattr("sys.argv", ["many.py", "--count", "9", "--sizes", "5,9", "--file", str(tmp_path / "many.csv")])
    many.main()
    with (tmp_path / "many.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["count"] for row in rows] == ["3", "5", "7", "9"]
    assert all(0 < int(row["resident_mb"]) <= int(row["peak_mb"]) for row in rows)
    assert [problem.num_clients for problem in many.problems([5, 9], 3)] == [5, 9, 5]


def test_a_failure_ends_the_run(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error in the place of a plan is not passed over."""
    import many

    monkeypatch.setattr(many, "problems", lambda *_: iter([vrp.Problem.from_arrays(distance=1 - np.eye(3))] * 4))
    monkeypatch.setattr("sys.argv", ["many.py", "--count", "4", "--file", str(tmp_path / "many.csv")])
    with pytest.raises(SystemExit, match="problem 0"):
        many.main()
