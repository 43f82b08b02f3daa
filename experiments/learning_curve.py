#!/usr/bin/env python
"""Draw the learning curve of a run: gap (or cost, where there is no reference) over instances seen, one line per size.

experiments/learning_curve.py experiments/runs/NAME/log.csv curve.svg
"""

import csv
import sys
from pathlib import Path


def curves(log: Path) -> tuple[str, dict[str, list[tuple[int, float]]]]:
    """Return what is measured, and (instances, value) for each number of stops."""
    with log.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["validation"]]
    measure = "gap" if any(row["gap"] for row in rows) else "validation_cost"
    found: dict[str, list[tuple[int, float]]] = {}
    for row in rows:
        if row[measure]:
            found.setdefault(row["validation"], []).append((int(row["instances"]), float(row[measure])))
    return measure, found


def draw(log: Path, path: Path) -> None:
    """Write the figure; without matplotlib, say so."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        print("matplotlib is not installed: no figure. Install the extra `view`.")
        return
    measure, found = curves(log)
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    for stops, points in found.items():
        axes.plot(*zip(*points, strict=True), marker=".", label=f"{stops} stops")
    axes.set_xlabel("instances seen")
    axes.set_ylabel("gap to the reference, %" if measure == "gap" else "mean cost")
    if measure == "gap":
        axes.set_yscale("log")
    axes.grid(alpha=0.3)
    if found:
        axes.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    draw(Path(sys.argv[1]), Path(sys.argv[2]))
