"""From the rows of compare.py to what may be quoted: a table per solver and time, ratios, and a figure.

Seeds are averaged first, then instances; the interval is Student's over instances. Gaps of infeasible answers do not
exist and are counted instead.
"""

import csv
import math
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

HEADER = ("set", "solver", "time", "instances", "rows", "mean_gap", "interval", "infeasible", "failed", "unsupported",
          "mean_seconds", "max_seconds", "common_gap")  # fmt: skip


@dataclass
class Cell:
    """All rows of one solver at one time."""

    solver: str
    time: float
    gaps: dict[str, float]
    """Instance -> mean gap over seeds, percent."""
    rows: int
    infeasible: int
    failed: int
    unsupported: int
    seconds: list[float]

    @property
    def mean(self) -> float:
        """Mean gap over instances, percent."""
        return fmean(self.gaps.values()) if self.gaps else math.nan

    @property
    def interval(self) -> float:
        """Half the 95 % interval of the mean over instances."""
        if len(self.gaps) < 2:
            return math.nan
        from scipy.stats import t

        return float(t.ppf(0.975, len(self.gaps) - 1)) * stdev(self.gaps.values()) / math.sqrt(len(self.gaps))


def summarise(path: Path, ours: str) -> str:
    """Write NAME-summary.csv, NAME-summary.md and NAME.svg beside the rows; return the text of the second.

    Parameters
    ----------
    path
        The rows.
    ours
        The solver that the others are compared with.
    """
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        return f"There are no rows in {path}."
    cells = _cells(rows)
    common = _common(cells)
    base = path.with_suffix("")
    _write_csv(base.with_name(f"{base.name}-summary.csv"), rows[0]["set"], cells, common)
    text = _text(rows, cells, common, ours, path)
    base.with_name(f"{base.name}-summary.md").write_text(text)
    figure(base.with_suffix(".svg"), rows[0]["set"], cells)
    return text


def _cells(rows: list[dict[str, str]]) -> list[Cell]:
    best = _references(rows)
    grouped = defaultdict(list)
    for row in rows:
        grouped[row["solver"], float(row["time"])].append(row)
    order = list(dict.fromkeys(row["solver"] for row in rows))
    return [
        _cell(solver, time, grouped[solver, time], best)
        for time in sorted({time for _, time in grouped})
        for solver in order
        if (solver, time) in grouped
    ]


def _references(rows: list[dict[str, str]]) -> dict[str, float]:
    """Return the best cost in the file of each instance for which no best-known cost was given."""
    best: dict[str, float] = {}
    for row in rows:
        if row["feasible"] == "1" and not row["gap"]:
            best[row["instance"]] = min(best.get(row["instance"], math.inf), float(row["cost"]))
    return best


def _cell(solver: str, time: float, rows: list[dict[str, str]], best: dict[str, float]) -> Cell:
    gaps = defaultdict(list)
    for row in rows:
        if row["feasible"] == "1":
            gap = float(row["gap"]) if row["gap"] else 100 * (float(row["cost"]) / best[row["instance"]] - 1)
            gaps[row["instance"]].append(gap)
    unsupported = sum(row["error"].startswith("not supported") for row in rows)
    return Cell(
        solver,
        time,
        {instance: fmean(values) for instance, values in gaps.items()},
        rows=len(rows),
        infeasible=sum(row["feasible"] == "0" for row in rows),
        failed=sum(row["feasible"] == "" for row in rows) - unsupported,
        unsupported=unsupported,
        seconds=[float(row["seconds"]) for row in rows if row["seconds"]],
    )


def _common(cells: list[Cell]) -> dict[float, set[str]]:
    """Return for each time the instances for which every solver that answered any has a feasible answer."""
    common: dict[float, set[str]] = {}
    for cell in cells:
        if cell.gaps:
            common[cell.time] = common.get(cell.time, set(cell.gaps)) & cell.gaps.keys()
    return common


def _common_mean(cell: Cell, common: dict[float, set[str]]) -> float:
    values = [cell.gaps[i] for i in common.get(cell.time, set()) if i in cell.gaps]
    return fmean(values) if values else math.nan


def _write_csv(path: Path, set_name: str, cells: list[Cell], common: dict[float, set[str]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for c in cells:
            numbers = (
                c.mean,
                c.interval,
                fmean(c.seconds) if c.seconds else math.nan,
                max(c.seconds, default=math.nan),
            )
            gap, interval, mean, most = (f"{x:.4f}" for x in numbers)
            writer.writerow(
                (set_name, c.solver, f"{c.time:g}", len(c.gaps), c.rows, gap, interval, c.infeasible, c.failed,
                 c.unsupported, mean, most, f"{_common_mean(c, common):.4f}")
            )  # fmt: skip


def _text(rows: list[dict[str, str]], cells: list[Cell], common: dict[float, set[str]], ours: str, path: Path) -> str:
    seeds = len({row["seed"] for row in rows})
    instances = {row["instance"] for row in rows}
    sizes = [int(row["n"]) for row in rows if row["n"]]
    lines = [
        f"# {rows[0]['set']}: {len(instances)} instances, {seeds} seed(s), {rows[0]['threads']} thread(s)",
        "",
        f"Sizes {min(sizes, default=0)} to {max(sizes, default=0)}. {rows[0]['cpu']}, {rows[0]['cores']} core(s). "
        f"{min(row['date'] for row in rows)[:10]} to {max(row['date'] for row in rows)[:10]}. Rows: {path.name}.",
        "",
        "Gap to the best-known cost (where there is none, to the best in this file) in percent, mean over instances "
        "after seeds, +- half the 95 % interval. Wall seconds are what was used, set-up included; only importing and "
        'compiling were done before. "Common" is the mean over the instances that all solvers solved.',
    ]
    if not {row["gap"] for row in rows if row["feasible"] == "1"} - {""}:
        lines[-1] += " No cost is published for this set."
    for time in sorted({c.time for c in cells}):
        here = [c for c in cells if c.time == time]
        lines += ["", f"## {time:g} s", ""]
        lines += ["| solver | mean gap % | common | instances | infeasible | failed | not supported | wall s (max) |"]
        lines += ["|---|---|---|---|---|---|---|---|"]
        for c in sorted(here, key=lambda c: (math.isnan(c.mean), c.mean)):
            wall = f"{fmean(c.seconds):.2f} ({max(c.seconds):.2f})" if c.seconds else "-"
            lines.append(
                f"| {c.solver} | {c.mean:.2f} +- {c.interval:.2f} | {_common_mean(c, common):.2f} | {len(c.gaps)} "
                f"| {c.infeasible} | {c.failed} | {c.unsupported} | {wall} |"
            )
        lines += _ratios(here, ours)
    used = sorted({v for row in rows for v in row["versions"].split() if v})
    lines += ["", f"Versions: vrp {', '.join(sorted({row['vrp'] for row in rows}))}; {', '.join(used)}.", ""]
    return "\n".join(lines).replace("nan", "-")


def _ratios(cells: list[Cell], ours: str) -> list[str]:
    """Return a sentence on how our mean gap compares with each other's, on the instances that both solved."""
    mine = next((c for c in cells if c.solver == ours and c.gaps), None)
    if mine is None:
        return []
    found = []
    for peer in cells:
        both = mine.gaps.keys() & peer.gaps.keys()
        if peer.solver == ours or not both:
            continue
        a, b = fmean(mine.gaps[i] for i in both), fmean(peer.gaps[i] for i in both)
        # A ratio of gaps says nothing where one of them is not positive.
        text = f"{a / b:.2f} x {peer.solver}" if a > 0 < b else f"{a:.2f} % against {b:.2f} % of {peer.solver}"
        found.append((b, f"{text} ({len(both)})"))
    if not found:
        return []
    found.sort()
    return ["", f"Mean gap of {ours} over that of each peer (common instances), best peer first: "
            f"{', '.join(text for _, text in found)}."]  # fmt: skip


def figure(path: Path, set_name: str, cells: list[Cell]) -> None:
    """Draw the mean gap of each solver over the wall time that it used."""
    try:
        import matplotlib as mpl
    except ImportError:
        print("matplotlib is not installed: no figure. Install the extra `view`.")
        return
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    drawn, axes = plt.subplots(figsize=(6.5, 4), layout="constrained")
    for solver in dict.fromkeys(c.solver for c in cells):
        mine = [c for c in cells if c.solver == solver and c.gaps]
        if mine:
            axes.errorbar(
                [fmean(c.seconds) for c in mine],
                [c.mean for c in mine],
                yerr=[0.0 if math.isnan(c.interval) else c.interval for c in mine],
                marker="o",
                capsize=3,
                label=solver,
            )
    axes.set(xscale="log", xlabel="wall time used, s", ylabel="mean gap, %", title=set_name)
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    axes.grid(alpha=0.3)
    if axes.has_data():
        axes.legend()
    drawn.savefig(path)
    plt.close(drawn)
