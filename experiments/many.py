#!/usr/bin/env python
"""Many problems of mixed sizes through `solve_many(solver="policy")`: time, and the most memory that it ever took.

    experiments/many.py --count 100000 --sizes 20,50,100

Problems are made as they are read and checked as they are answered, so that nothing but the plans is kept. One row per
quarter goes to the file, which shows what grows with the number of problems.
"""

import argparse
import csv
import os
import platform
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import torch

import vrp
from vrp.data.fields import as_problems
from vrp.data.uniform import uniform

FILE = Path(__file__).resolve().parent / "results" / "policy-many.csv"
COLUMNS = ("solver", "options", "sizes", "count", "seconds", "resident_mb", "peak_mb", "waiting", "threads", "hardware")
BLOCK = 100
"""Problems of each size that are made at once."""


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--sizes", default="20,50,100", help="stops; as many problems of each, in turn")
    parser.add_argument("--decode", default="multistart")
    parser.add_argument("--augment", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--file", type=Path, default=FILE)
    given = parser.parse_args()
    sizes = [int(size) for size in given.sizes.split(",")]
    options = {"decode": given.decode, "augment": given.augment}
    waiting: dict[int, vrp.Problem] = {}
    most = done = 0

    def read() -> Iterator[vrp.Problem]:
        for i, problem in enumerate(problems(sizes, given.count)):
            waiting[i] = problem
            yield problem

    def answered(i: int, plan: vrp.Solution | vrp.VrpError) -> None:
        nonlocal most, done
        most = max(most, len(waiting))
        problem = waiting.pop(i)
        if isinstance(plan, vrp.VrpError):
            raise SystemExit(f"problem {i}: {plan}")
        if found := vrp.check(problem, plan):
            raise SystemExit(f"problem {i}: {found}")
        done += 1
        if 4 * done // given.count > 4 * (done - 1) // given.count:
            row = ("policy", options, given.sizes, done, f"{time.perf_counter() - began:.1f}", *_memory(), most)
            _write(given.file, (*row, given.threads, platform.machine()))

    vrp.solve_many(problems(sizes, len(sizes)), solver="policy", options=options, threads=given.threads)
    print(f"before: {_memory()[0]} MB")
    began = time.perf_counter()
    vrp.solve_many(read(), solver="policy", options=options, threads=given.threads, on_result=answered)


def problems(sizes: list[int], count: int) -> Iterator[vrp.Problem]:
    """Yield standard random instances, of each size in turn."""
    random = torch.Generator().manual_seed(1)
    made = 0
    while True:
        for row in zip(*(as_problems(uniform(BLOCK, size, random)) for size in sizes), strict=True):
            for problem in row:
                if made == count:
                    return
                yield problem
                made += 1


def _memory() -> tuple[int, int]:
    """Return megabytes of this process now and at most."""
    now = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    # What the system calls the most may lag behind.
    most = max(now, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 2**10)
    return now // 2**20, most // 2**20


def _write(path: Path, row: tuple[object, ...]) -> None:
    print(*row, sep=", ")
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(COLUMNS)
        writer.writerow(row)


if __name__ == "__main__":
    main()
