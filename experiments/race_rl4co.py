#!/usr/bin/env python
"""Which package's POMO reaches a validation cost first: RL4CO's and ours learn CVRP from nothing for the same time.

    experiments/race_rl4co.py --rl4co-python rl4co/bin/python --minutes 8

Same network size, starts, batch, one thread, 32-bit; each side on a core of its own. Ours is a run of
`vrp.solvers.training` (AdamW, a rate that rises and falls within the minutes; the average of the weights is what is
validated), RL4CO's its training step with Adam at a constant rate, once for each of `--rates`; the best counts.
Validation is greedy from every stop on the first 200 uniform instances of seed 4321; its time counts on our side alone.
"""

import argparse
import csv
import datetime
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

HERE = Path(__file__).resolve().parent
FILE = HERE / "results" / "rl4co-race.csv"
COLUMNS = ("package", "n", "layers", "batch", "rate", "minutes", "seconds", "instances", "cost", "hardware", "date")
Told = Callable[[float, int, float], None]
"""Called with seconds of training, instances seen and validation cost."""


def main() -> None:
    """Run the command, or one side of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rl4co-python", help="interpreter of an environment with rl4co")
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--size", type=int, default=20, help="number of stops")
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=8e-4, help="highest of ours")
    parser.add_argument("--rates", default="1e-4,5e-4", help="of RL4CO's")
    parser.add_argument("--every", type=float, default=30.0, help="seconds of training between validations")
    parser.add_argument("--core", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, default=FILE)
    parser.add_argument("--side", help=argparse.SUPPRESS)
    parser.add_argument("--held", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        run_side(given)
        return
    with TemporaryDirectory() as folder:
        given.held = str(Path(folder) / "held.npz")
        keep_standard(Path(given.held), given.size, 200)
        race(given)


def race(given: argparse.Namespace) -> None:
    """Run all sides, as many at a time as there are cores for this process, and keep what they print."""
    sides = [("ours", sys.executable, given.rate)]
    sides += [("rl4co", os.path.abspath(given.rl4co_python), float(rate)) for rate in given.rates.split(",")]
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))
    for at in range(0, len(sides), len(cores)):
        running = [start(given, core, *side) for core, side in zip(cores, sides[at:], strict=False)]
        for (package, _, rate), process in zip(sides[at:], running, strict=False):
            out, _ = process.communicate()
            if process.returncode:
                raise SystemExit(f"{package} ended with code {process.returncode}; what it said is above.")
            for line in out.splitlines():
                write(given, package, rate, json.loads(line))


def start(given: argparse.Namespace, core: int, package: str, python: str, rate: float) -> "subprocess.Popen[str]":
    """Start one side in a process of its own; it prints a line of JSON per validation."""
    options = {"minutes": given.minutes, "size": given.size, "layers": given.layers, "batch": given.batch}
    options |= {"every": given.every, "rate": rate, "core": core, "side": package, "held": given.held}
    command = [python, __file__, *(text for key, value in options.items() for text in (f"--{key}", str(value)))]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def write(given: argparse.Namespace, package: str, rate: float, found: dict[str, Any]) -> None:
    """Append a row."""
    new = not given.file.exists()
    row = {"package": package, "n": given.size, "layers": given.layers, "batch": given.batch, "rate": rate, **found}
    row |= {"minutes": given.minutes, "hardware": f"1 thread, {platform.machine()}"}
    with given.file.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow({**row, "date": datetime.date.today().isoformat()})


def run_side(given: argparse.Namespace) -> None:
    """Train one package and print what it has reached, now and then."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {given.core})
    torch.set_num_threads(1)
    # Packages that print must not spoil the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def told(seconds: float, instances: int, cost: float) -> None:
        answers.write(json.dumps({"seconds": f"{seconds:.1f}", "instances": instances, "cost": f"{cost:.5f}"}) + "\n")

    (ours if given.side == "ours" else theirs)(given, told)


def ours(given: argparse.Namespace, told: Told) -> None:
    """Train with `vrp.solvers.training`."""
    from vrp.solvers.training import config
    from vrp.solvers.training.run import train

    wanted = config.parse({
        "name": "race", "minutes": given.minutes, "data": {"uniform": 1}, "batch": {given.size: given.batch},
        "curriculum": [{"until": 1, "sizes": {given.size: 1}}], "starts": given.size, "rate": given.rate,
        "shape": {"layers": given.layers, "hidden": 352}, "average": 0.99, "validate_every": given.every / 60,
        "validation": [{"size": given.size, "count": 200}],
    })  # fmt: skip
    with TemporaryDirectory() as folder:
        train(wanted, folder, quiet=True)
        with open(Path(folder) / "log.csv", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["validation_cost"]:
                    told(float(row["seconds"]), int(row["instances"]), float(row["validation_cost"]))


def theirs(given: argparse.Namespace, told: Told) -> None:
    """Train with RL4CO's POMO."""
    from rl4co.envs import CVRPEnv
    from rl4co.models import POMO
    from rl4co.utils.ops import unbatchify
    from rl4co_worker import learn

    env = CVRPEnv(generator_params={"num_loc": given.size}, check_solution=False)
    model = POMO(env, policy_kwargs={"num_encoder_layers": given.layers}, num_starts=given.size, num_augment=1)
    model.log_metrics = lambda *arguments, **named: {}
    optimizer = torch.optim.Adam(model.policy.parameters(), lr=given.rate, weight_decay=1e-6)
    held = env.generator(200)
    held.update({key: torch.from_numpy(value) for key, value in np.load(given.held).items()})
    spent, due, instances = 0.0, 0.0, 0
    torch.manual_seed(1)
    while True:
        if spent >= due or spent >= 60 * given.minutes:
            with torch.no_grad():
                out = model.policy(env.reset(held.clone()), env, phase="val", num_starts=given.size)
            told(spent, instances, -float(unbatchify(out["reward"], given.size).amax(dim=1).mean()))
            due += given.every
        if spent >= 60 * given.minutes:
            return
        began = time.perf_counter()
        learn(optimizer, model.shared_step(env.generator(given.batch), 0, "train")["loss"])
        spent += time.perf_counter() - began
        instances += given.batch


def keep_standard(path: Path, size: int, count: int) -> None:
    """Write the first instances of the standard set, seed 4321, under RL4CO's names."""
    from vrp.solvers.training.data import SET, generated

    made = generated("uniform", SET, size, torch.Generator().manual_seed(4321)).take(slice(0, count))
    coords, demand = made.coords.numpy(), (made.demand[:, 1:] / made.capacity[:, None]).numpy()
    np.savez(path, depot=coords[:, 0], locs=coords[:, 1:], demand=demand)


if __name__ == "__main__":
    main()
