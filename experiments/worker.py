"""Solves what it is told, one line of JSON at a time, in a process of its own on cores of its own.

Started by compare.py, which asks twice for each row: to prepare (read the instance, import and compile; not measured)
and to measure. A solver that crashes or hangs takes only this process with it.
"""

import argparse
import gc
import json
import os
import sys
import time
from typing import Any

import numpy as np

import vrp
from vrp.check import check
from vrp.data.benchmarks import Benchmark, benchmarks
from vrp.errors import MissingExtraError, UnsupportedError
from vrp.problem import Problem

WARM_UP = 0.02
"""Seconds of the unmeasured run on each new problem, which compiles what the search needs for its features."""


class Worker:
    """Keeps what need not be done again: read instances, warmed solvers."""

    def __init__(self, set_name: str, data: str | None) -> None:
        self.benchmarks = {b.name: b for b in benchmarks(set_name, data)}
        self.name = ""
        self.problem: Problem | None = None
        self.warm: set[str] = set()

    def run(self, job: dict[str, Any]) -> dict[str, Any]:
        """Return columns of one row; with an error among them, the row is complete."""
        benchmark = self.benchmarks[job["instance"]]
        row: dict[str, Any] = {}
        try:
            problem = self._read(benchmark)
            row["n"] = problem.num_clients
            if job["prepare"]:
                self._warm(job["solver"], problem, job["threads"])
                return row
            return row | _measure(benchmark, problem, job)
        except (UnsupportedError, MissingExtraError) as error:
            return row | {"error": f"not supported: {error}"}
        except Exception as error:  # One solver's failure is a row, not the end of the run.
            return row | {"error": " ".join(f"{type(error).__name__}: {error}".split())[:300]}

    def _read(self, benchmark: Benchmark) -> Problem:
        if self.problem is None or benchmark.name != self.name:
            self.problem, self.name = benchmark.read(), benchmark.name
            self.warm.discard("search")
        return self.problem

    def _warm(self, solver: str, problem: Problem, threads: int) -> None:
        """Import and compile before the clock starts: once per solver, for the search once per problem."""
        if solver in self.warm:
            return
        if solver != "search":
            coords = np.random.default_rng(0).random((9, 2)).round(2)
            problem = Problem.from_arrays(coords=coords, demand=np.ones(8), capacity=3.0)
        vrp.solve(problem, solver=solver, time_limit=WARM_UP, threads=threads)
        self.warm.add(solver)


def _measure(benchmark: Benchmark, problem: Problem, job: dict[str, Any]) -> dict[str, Any]:
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    solution = vrp.solve(
        problem, solver=job["solver"], time_limit=job["time"], seed=job["seed"], threads=job["threads"]
    )
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    violations = check(problem, solution)
    feasible = not violations
    gap = ""
    if feasible and benchmark.best is not None:
        gap = f"{100 * (solution.cost / benchmark.best - 1):.4f}"
    return {
        "cost": f"{solution.cost:.10g}",
        "gap": gap,
        "feasible": int(feasible),
        "unserved": sum(u.required for u in solution.unserved),
        "routes": len(solution.routes),
        "seconds": f"{wall:.3f}",
        "cpu_seconds": f"{cpu:.3f}",
        "iterations": solution.stats.iterations,
        "versions": " ".join(f"{k}={v}" for k, v in sorted(solution.stats.versions.items())),
        "error": "" if feasible else "; ".join(sorted({v.kind for v in violations})),
    }


def main() -> None:
    """Pin this process, then answer each line on stdin by a line on stdout."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--set", required=True)
    parser.add_argument("--data")
    parser.add_argument("--cores", required=True)
    arguments = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(core) for core in arguments.cores.split(",")})
    # Solvers that print must not spoil the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    worker = Worker(arguments.set, arguments.data)
    for line in sys.stdin:
        answers.write(json.dumps(worker.run(json.loads(line))) + "\n")


if __name__ == "__main__":
    main()
