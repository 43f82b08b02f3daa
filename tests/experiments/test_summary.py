"""The figures of a summary, computed by hand."""

import csv
from pathlib import Path
from typing import Any

import pytest

DEFAULTS = {
    "set": "s", "n": 100, "time": 1, "threads": 1, "unserved": 0, "routes": 1, "seconds": 1.0, "cpu_seconds": 1.0,
    "iterations": 1, "error": "", "versions": "peer=1", "vrp": "0", "cpu": "c", "cores": 2, "date": "2026-11-22",
}  # fmt: skip


def summarised(tmp_path: Path, rows: list[dict[str, Any]]) -> tuple[list[dict[str, str]], str]:
    """Write rows, summarise them, and return the summary's rows and its text."""
    from compare import COLUMNS
    from summary import summarise

    path = tmp_path / "s.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(DEFAULTS | row for row in rows)
    text = summarise(path, ours="search")
    with (tmp_path / "s-summary.csv").open(newline="") as file:
        return list(csv.DictReader(file)), text


def row(solver: str, instance: str, seed: int, gap: float | None, **more: Any) -> dict[str, Any]:
    """A row, infeasible where there is no gap."""
    return {
        "solver": solver, "instance": instance, "seed": seed, "gap": "" if gap is None else gap, "cost": 1,
        "feasible": int(gap is not None),
    } | more  # fmt: skip


def test_seeds_first_then_instances(tmp_path: Path) -> None:
    """An instance with more seeds counts no more than another; the interval is Student's over instances."""
    rows = [row("search", "a", 0, 1.0), row("search", "a", 1, 3.0), row("search", "b", 0, 6.0)]
    found, _ = summarised(tmp_path, rows)
    assert float(found[0]["mean_gap"]) == pytest.approx(4.0)
    # Two instances, 2 and 6: standard deviation 8 ** 0.5, and t = 12.706 with one degree of freedom.
    assert float(found[0]["interval"]) == pytest.approx(12.7062 * 8**0.5 / 2**0.5, rel=1e-4)


def test_failures_are_counted_not_averaged(tmp_path: Path) -> None:
    """Infeasible, failed and unsupported rows have no gap; the ratio is over instances that both solved."""
    rows = [
        row("search", "a", 0, 1.0),
        row("search", "b", 0, 2.0),
        row("peer", "a", 0, 4.0),
        row("peer", "b", 0, None, error="unserved"),
        row("peer", "c", 0, None, feasible="", error="killed after 65 s", seconds=""),
        row("other", "a", 0, None, feasible="", error="not supported: windows", seconds=""),
    ]
    found, text = summarised(tmp_path, rows)
    peer = next(r for r in found if r["solver"] == "peer")
    assert [peer[k] for k in ("instances", "infeasible", "failed", "unsupported")] == ["1", "1", "1", "0"]
    assert next(r for r in found if r["solver"] == "other")["unsupported"] == "1"
    assert float(next(r for r in found if r["solver"] == "search")["common_gap"]) == 1.0
    assert "0.25 x peer (1)" in text


def test_without_published_cost_the_best_row_counts(tmp_path: Path) -> None:
    """Gaps are to the best feasible cost in the file where none is published; infeasible costs do not count."""
    rows = [
        row("search", "a", 0, None, feasible=1, cost=110),
        row("peer", "a", 0, None, feasible=1, cost=100),
        row("peer", "a", 1, None, feasible=0, cost=50),
    ]
    found, text = summarised(tmp_path, rows)
    assert {r["solver"]: float(r["mean_gap"]) for r in found} == {"search": pytest.approx(10.0), "peer": 0.0}
    assert "No cost is published" in text


def test_figure_is_drawn(tmp_path: Path) -> None:
    """Gap against time, one line per solver."""
    pytest.importorskip("matplotlib")
    summarised(tmp_path, [row(s, "a", 0, g, time=t) for s, g in (("search", 1.0), ("peer", 2.0)) for t in (1, 10)])
    assert "<svg" in (tmp_path / "s.svg").read_text()
