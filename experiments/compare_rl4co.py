#!/usr/bin/env python
"""Rollouts and training steps of RL4CO's POMO and of ours, side by side in one run; what is there already is skipped.

    python -m venv rl4co && rl4co/bin/pip install 'torch>=2.11,<2.14' && rl4co/bin/pip install rl4co==0.7.0
    experiments/compare_rl4co.py --rl4co-python rl4co/bin/python --sizes 50,100 --layers 3,6 --batch 32

Same width, heads, layers, starts, batch, uniform CVRPs, untrained weights, 32-bit, one thread on one core. The packages
take turns, so that whatever disturbs one disturbs the other; figures are medians of instances per processor second.
"""

import argparse
import csv
import datetime
import itertools
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FILE = HERE / "results" / "rl4co-throughput.csv"
KEYS = ("n", "layers", "starts", "batch")
COLUMNS = (
    *KEYS,
    *("repeats", "rollouts_ours", "rollouts_rl4co", "rollouts_ratio", "training_ours", "training_rl4co"),
    *("training_ratio", "torch_ours", "torch_rl4co", "hardware", "date"),
)


class Worker:
    """One package in a process of its own."""

    def __init__(self, python: str, package: str, core: int) -> None:
        command = [python, str(HERE / "rl4co_worker.py"), "--package", package, "--core", str(core)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, case: dict[str, int]) -> dict[str, float]:
        """Return the seconds of one rollout and one training step."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(case) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"A worker ended with code {self.process.wait()}; what it said is above.")
        found: dict[str, float] = json.loads(answer)
        return found


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rl4co-python", required=True, help="interpreter of an environment with rl4co")
    parser.add_argument("--sizes", default="50,100", help="numbers of stops")
    parser.add_argument("--layers", default="3,6", help="of the encoder")
    parser.add_argument("--starts", default="20,0", help="rollouts per problem; 0 for one per stop")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--file", type=Path, default=FILE)
    given = parser.parse_args()
    sizes, layers, starts = ([int(x) for x in text.split(",")] for text in (given.sizes, given.layers, given.starts))
    cases = [
        {"n": n, "layers": depth, "starts": number or n, "batch": given.batch}
        for n, depth, number in itertools.product(sizes, layers, starts)
    ]
    there = _there(given.file)
    missing = [case for case in cases if tuple(case.values()) not in there]
    if not missing:
        return
    workers = [
        Worker(sys.executable, "ours", given.core),
        Worker(os.path.abspath(given.rl4co_python), "rl4co", given.core),
    ]
    for case in missing:
        timed = [[worker.ask(case) for worker in workers] for _ in range(given.repeats + 1)][1:]
        row = {**case, "repeats": given.repeats}
        for part, name in (("rollout", "rollouts"), ("training", "training")):
            ours, theirs = (statistics.median(pair[i][part] for pair in timed) for i in (0, 1))
            row |= {
                f"{name}_ours": f"{given.batch / ours:.1f}", f"{name}_rl4co": f"{given.batch / theirs:.1f}",
                f"{name}_ratio": f"{theirs / ours:.2f}",
            }  # fmt: skip
        row |= {"torch_ours": timed[0][0]["torch"], "torch_rl4co": timed[0][1]["torch"]}
        print(row)
        _write(given.file, row)


def _there(path: Path) -> set[tuple[int, ...]]:
    if not path.exists():
        return set()
    with path.open(encoding="utf-8") as file:
        return {tuple(int(row[key]) for key in KEYS) for row in csv.DictReader(file)}


def _write(path: Path, row: dict[str, object]) -> None:
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if new:
            writer.writeheader()
        where = f"1 thread, {platform.machine()}"
        writer.writerow({**row, "hardware": where, "date": datetime.date.today().isoformat()})


if __name__ == "__main__":
    main()
