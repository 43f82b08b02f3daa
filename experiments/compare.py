#!/usr/bin/env python
"""Compare solvers on a set of published instances: same machine, same cores, same wall time, same checker.

    experiments/compare.py --set cvrp-x --time 1,10 --solvers search,pyvrp,ortools,vroom,hgs

One row of CSV per (instance, solver, time, seed) is appended as soon as it is known. Rows that are there are skipped,
so a run can be stopped at any time and started again. All solvers of one (instance, time, seed) run one after the
other on the same core. See experiments/README.md for how the figures are counted.
"""

import argparse
import csv
import datetime
import itertools
import json
import os
import queue
import select
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from summary import summarise

from vrp.data.benchmarks import Benchmark, benchmarks, folder, spread
from vrp.errors import VrpError
from vrp.solvers import SOLVERS

HERE = Path(__file__).resolve().parent
COLUMNS = (
    *("set", "instance", "n", "solver", "time", "seed", "threads", "cost", "gap", "feasible", "unserved", "routes"),
    *("seconds", "cpu_seconds", "iterations", "error", "versions", "vrp", "cpu", "cores", "date"),
)
GRACE = 60.0
"""Seconds beyond five times the limit after which a solver is killed."""
PREPARATION = 600.0
"""Seconds after which reading an instance, importing and compiling are given up."""
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")

Key = tuple[str, str, float, int]


@dataclass(frozen=True)
class Job:
    """All solvers of one (instance, time, seed): they run back to back on the same core."""

    instance: str
    time: float
    seed: int
    solvers: tuple[str, ...]


class Results:
    """The CSV file: which rows are there, and appending one at a time."""

    def __init__(self, path: Path, set_name: str, threads: int, redo_failed: bool) -> None:
        self.path = path
        self.lock = threading.Lock()
        self.done: set[Key] = set()
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            self._mend()
            if redo_failed:
                self._forget_failed()
            with path.open(newline="") as file:
                for row in csv.DictReader(file):
                    if row["set"] != set_name:
                        raise SystemExit(
                            f"{path} holds results of {row['set']!r}, not {set_name!r}. Choose another --out."
                        )
                    if int(row["threads"]) != threads:
                        raise SystemExit(
                            f"{path} holds results of {row['threads']} thread(s), not {threads}. Choose another --out."
                        )
                    self.done.add((row["instance"], row["solver"], float(row["time"]), int(row["seed"])))
        else:
            path.write_text(",".join(COLUMNS) + "\n")

    def _mend(self) -> None:
        """Drop a last line that was being written when a run was killed."""
        text = self.path.read_bytes()
        if text and not text.endswith(b"\n"):
            self.path.write_bytes(text[: text.rfind(b"\n") + 1])

    def _forget_failed(self) -> None:
        with self.path.open(newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["feasible"]]
        new = self.path.with_name(f".{self.path.name}.new")
        with new.open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        new.replace(self.path)

    def append(self, row: dict[str, Any]) -> None:
        """Write one row and make sure that it is on the disk."""
        with self.lock, self.path.open("a", newline="") as file:
            csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n").writerow(row)


class Process:
    """A worker that is started when needed, and killed and started again when it crashes or hangs."""

    def __init__(self, set_name: str, data: Path, cores: list[int]) -> None:
        self.command = [sys.executable, str(HERE / "worker.py"), "--set", set_name, "--data", str(data)]
        self.command += ["--cores", ",".join(map(str, cores))]
        self.environment = os.environ | dict.fromkeys(ONE_THREAD, str(len(cores)))
        self.process: subprocess.Popen[bytes] | None = None

    def row(self, job: dict[str, Any]) -> dict[str, Any]:
        """Prepare, then measure; return the columns of a row, which may say how it failed."""
        prepared = self._ask(job | {"prepare": True}, PREPARATION)
        if prepared.get("error"):
            return prepared
        return self._ask(job | {"prepare": False}, 5 * job["time"] + GRACE)

    def _ask(self, job: dict[str, Any], limit: float) -> dict[str, Any]:
        if self.process is None:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.environment, bufsize=0,
                start_new_session=True,  # Ctrl-C is for compare.py, which ends its workers itself.
            )  # fmt: skip
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(job).encode() + b"\n")
            answer = self._line(limit)
        except BrokenPipeError:
            answer = None
        if answer:
            result: dict[str, Any] = json.loads(answer)
            return result
        code = self.process.poll() if answer is None else None
        self.close()
        return {"error": f"killed after {limit:.0f} s" if answer == b"" else f"the process ended with code {code}"}

    def _line(self, limit: float) -> bytes | None:
        """Return the next line, b"" where none comes in time, None where the process has ended."""
        assert self.process is not None
        assert self.process.stdout is not None
        end = datetime.datetime.now().timestamp() + limit
        line = b""
        while not line.endswith(b"\n"):
            left = end - datetime.datetime.now().timestamp()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                return b""
            part = os.read(self.process.stdout.fileno(), 65536)
            if not part:
                self.process.wait(10)
                return None
            line += part
        return line

    def kill(self) -> None:
        """End the worker while another thread waits for its answer."""
        if self.process is not None:
            self.process.kill()

    def close(self) -> None:
        """End the worker and forget it."""
        if self.process is not None:
            self.process.kill()
            with self.process:  # Waits, and closes the pipes.
                self.process = None


def jobs(chosen: list[Benchmark], times: list[float], seeds: int, solvers: list[str], done: set[Key]) -> Iterator[Job]:
    """Yield what is missing: seed by seed and time by time, so that a stopped run has covered all instances.

    The order of the solvers changes from job to job, so that none always runs first.
    """
    shifts = itertools.count()
    for seed, limit, benchmark in itertools.product(range(seeds), times, chosen):
        shift = next(shifts) % len(solvers)
        order = [*solvers[shift:], *solvers[:shift]]
        missing = tuple(s for s in order if (benchmark.name, s, limit, seed) not in done)
        if missing:
            yield Job(benchmark.name, limit, seed, missing)


def run(arguments: argparse.Namespace, data: Path) -> None:
    """Run everything that is missing."""
    chosen = spread(benchmarks(arguments.set, data), arguments.take)
    results = Results(arguments.out, arguments.set, arguments.threads, arguments.redo_failed)
    waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
    count = 0
    for job in jobs(chosen, arguments.time, arguments.seeds, arguments.solvers, results.done):
        waiting.put(job)
        count += len(job.solvers)
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))
    size = arguments.threads
    if arguments.jobs * size > len(usable):
        raise SystemExit(f"{arguments.jobs} jobs of {size} thread(s) need more than the {len(usable)} cores there are.")
    print(f"{count} runs to do on {len(chosen)} instances, {len(results.done)} rows are there: {arguments.out}")
    common = {"set": arguments.set, "threads": size, "vrp": _version(), "cpu": _cpu(), "cores": len(usable)}
    stop = threading.Event()

    def loop(process: Process) -> None:
        while not stop.is_set():
            try:
                job = waiting.get_nowait()
            except queue.Empty:
                return
            for solver in job.solvers:
                if stop.is_set():
                    return
                asked = {"instance": job.instance, "solver": solver, "time": job.time, "seed": job.seed}
                answer = process.row(asked | {"threads": size})
                if stop.is_set():
                    return
                date = datetime.datetime.now().isoformat(timespec="seconds")
                results.append(common | asked | answer | {"date": date})
                _tell(asked, answer)

    processes = [Process(arguments.set, data, usable[i * size : (i + 1) * size]) for i in range(arguments.jobs)]
    threads = [threading.Thread(target=loop, args=(p,), daemon=True) for p in processes]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    except KeyboardInterrupt:
        print("\nStopped; the same command goes on where it was.")
    finally:
        stop.set()
        for process in processes:
            process.kill()
        for thread in threads:
            if thread.ident is not None:
                thread.join()
        for process in processes:
            process.close()


def _tell(asked: dict[str, Any], answer: dict[str, Any]) -> None:
    what = f"gap {answer['gap']} %" if answer.get("gap") else f"cost {answer.get('cost', '-')}"
    error = f"  {answer['error']}" if answer.get("error") else ""
    print(
        f"{asked['instance']:20} {asked['time']:g} s  seed {asked['seed']}  {asked['solver']:8} {what:>16}"
        f"  {answer.get('seconds', '-'):>8} s{error}",
        flush=True,
    )


def _version() -> str:
    """Return our version, with the commit where there is a repository and a mark where it has been changed."""
    import vrp

    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty"], cwd=HERE, capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return vrp.__version__
    return f"{vrp.__version__} {done.stdout.strip()}"


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return "unknown"
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", required=True, help="cvrp-x, vrptw-solomon, roads, ...: see vrp.data.benchmarks")
    parser.add_argument("--time", default="1,10", help="seconds of wall time, separated by commas")
    parser.add_argument("--solvers", default=",".join(SOLVERS), help="separated by commas; the first is ours")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--take", type=int, default=sys.maxsize, help="so many instances, spread by size")
    parser.add_argument("--threads", type=int, default=1, help="threads of each solver, and cores of each job")
    parser.add_argument("--jobs", type=int, default=1, help="solvers that run at the same time, on cores of their own")
    parser.add_argument("--data", help="folder with bks.csv (default: $VRP_BENCHMARK_DATA)")
    parser.add_argument("--out", type=Path, help="default: experiments/results/SET.csv, or SET-2threads.csv and so on")
    parser.add_argument("--redo-failed", action="store_true", help="run again what crashed, hung or was not supported")
    parser.add_argument("--summary-only", action="store_true", help="make the summary of the rows that are there")
    arguments = parser.parse_args(argv)
    try:
        arguments.time = [float(x) for x in arguments.time.split(",")]
    except ValueError:
        parser.error(f"--time must be seconds separated by commas, got {arguments.time!r}")
    arguments.solvers = list(dict.fromkeys(arguments.solvers.split(",")))
    for solver in arguments.solvers:
        if solver not in SOLVERS:
            parser.error(f"there is no solver {solver!r}; there are {', '.join(SOLVERS)}")
    if min(arguments.seeds, arguments.take, arguments.threads, arguments.jobs, *arguments.time) <= 0:
        parser.error("--time, --seeds, --take, --threads and --jobs must be greater than 0")
    if arguments.out is None:
        several = f"-{arguments.threads}threads" if arguments.threads > 1 else ""
        arguments.out = HERE / "results" / f"{arguments.set}{several}.csv"
    return arguments


def main(argv: list[str] | None = None) -> int:
    """Run what is missing, then write the summary."""
    arguments = parse(argv)
    if not arguments.summary_only:
        try:
            run(arguments, folder(arguments.data))
        except VrpError as error:
            print(error, file=sys.stderr)
            return 2
    print(summarise(arguments.out, ours=arguments.solvers[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
