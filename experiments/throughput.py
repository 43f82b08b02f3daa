#!/usr/bin/env python
"""Instances per second of rollouts and of whole training steps, beside the arithmetic that they need.

    experiments/throughput.py --device cpu --sizes 20,50 --batch 64
    experiments/throughput.py --device cuda --sizes 50,100 --batch 512 --precision bf16 --decode graph

Each figure is the median of `--repeats` steps. `gflop` is what matrix products and attention of one instance's training
step take (rollout and replay forward once each, backward at twice the cost), `tflops` that over the time.
"""

import argparse
import csv
import datetime
import platform
import statistics
import time
from pathlib import Path

import torch

from vrp.solvers.policy import env, load
from vrp.solvers.policy.env import Instances
from vrp.solvers.policy.graph import GraphRollouts
from vrp.solvers.policy.pomo import POMO
from vrp.solvers.policy.rollout import explore, replay, starts
from vrp.solvers.training.data import generated
from vrp.solvers.training.losses import reinforce

FILE = Path(__file__).resolve().parent / "results" / "policy-throughput.csv"
COLUMNS = (
    *("device", "precision", "decode", "weights", "n", "batch", "starts", "threads"),
    *("rollouts_per_second", "training_per_second", "gflop", "tflops", "hardware", "torch", "date"),
)


class Step:
    """One training step, the parts timed."""

    def __init__(self, policy: POMO, given: argparse.Namespace) -> None:
        self.policy = policy
        self.given = given
        self.random = torch.Generator(given.device).manual_seed(1)
        self.graphs = GraphRollouts(policy) if given.decode == "graph" else None
        self.optimizer = torch.optim.AdamW(policy.parameters(), lr=0.0)

    def __call__(self, batch: Instances) -> tuple[float, float, float]:
        """Return the seconds of encoder and rollouts, those of the whole step, and the arithmetic of an instance."""
        began = self._now()
        with torch.autocast(self.given.device, torch.bfloat16, enabled=self.given.precision == "bf16"):
            memory = self.policy.encode(batch)
            first = starts(batch, min(self.given.starts, batch.places - 1), self.random)
            if self.graphs is not None:
                walks = self.graphs(memory.detached(), batch, first, self.random)
                rolled = self._now()
                replayed = replay(self.policy, memory, batch, walks)
            else:
                walks, replayed = explore(self.policy, memory, batch, first, self.random)
                rolled = self._now()
            cost = env.cost(batch, walks.home, walks.choices)
            loss = reinforce(cost, replayed.log.sum(dim=2), replayed.free.sum(dim=2))
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.policy.parameters(), 1.0)
        self.optimizer.step()
        return rolled - began, self._now() - began, gflop(self.policy, replayed.free, batch.places)

    def _now(self) -> float:
        if self.given.device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()


def gflop(policy: POMO, free: torch.Tensor, places: int) -> float:
    """Return the arithmetic of one instance's training step, if every query looked at all places."""
    shape, queries = policy.shape, free[0].numel()
    d = shape.width
    layer = 2 * 4 * d**2 + 2 * 3 * d * shape.hidden + 4 * places * d
    encoder = places * (shape.layers * layer + 2 * 6 * d**2)
    query = 4 * places * d + 2 * 2 * d * places
    return (3 * encoder + (queries + 3 * int(free.sum()) / len(free)) * query) / 1e9


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default="cvrp", help="trained ones, so that walks have their usual length")
    parser.add_argument("--sizes", default="20,50")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--decode", choices=("eager", "graph"), default="eager")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--file", type=Path, default=FILE)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.set_float32_matmul_precision("high")
    trained = load(given.weights)
    step = Step(trained.policy.to(given.device).train(), given)
    for size in map(int, given.sizes.split(",")):
        name = "tours" if trained.kind == "tsp" else "uniform"
        timed = [step(generated(name, given.batch, size, step.random)) for _ in range(given.repeats + 2)][2:]
        rolled, whole, work = (statistics.median(numbers) for numbers in zip(*timed, strict=True))
        row = {
            "device": given.device, "precision": given.precision, "decode": given.decode, "weights": given.weights,
            "n": size, "batch": given.batch, "starts": given.starts, "threads": given.threads,
            "rollouts_per_second": f"{given.batch / rolled:.1f}", "training_per_second": f"{given.batch / whole:.1f}",
            "gflop": f"{work:.3f}", "tflops": f"{work * given.batch / whole / 1e3:.4f}",
        }  # fmt: skip
        print(row)
        write(given.file, row)


def write(path: Path, row: dict[str, object]) -> None:
    """Append a row."""
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        if new:
            writer.writeheader()
        on_gpu = row["device"] == "cuda"
        hardware = torch.cuda.get_device_name() if on_gpu else f"{platform.machine()} {platform.processor()}"
        writer.writerow({
            **row, "hardware": hardware, "torch": torch.__version__, "date": datetime.date.today().isoformat()
        })  # fmt: skip


if __name__ == "__main__":
    main()
