#!/usr/bin/env python
"""Train a policy, or go on with one: `experiments/train.py CONFIG --minutes 9 --resume RUN/checkpoint`.

Stops at the minute and leaves a checkpoint from which the same command goes on as if it had never stopped.
"""

import argparse
import sys
from pathlib import Path

from learning_curve import draw

from vrp.errors import VrpError
from vrp.solvers.training import config
from vrp.solvers.training.run import train

HERE = Path(__file__).resolve().parent


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", help="YAML file, complete")
    parser.add_argument("--minutes", type=float, help="of this slice; default: until the run is complete")
    parser.add_argument("--resume", type=Path, help="checkpoint to go on from")
    parser.add_argument("--folder", type=Path, help="where everything goes; default: experiments/runs/NAME")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.add_argument("--toy", action="store_true", help="the same in seconds, tiny and on the CPU, to see it work")
    given = parser.parse_args(arguments)
    try:
        wanted = config.read(given.config)
        if given.toy:
            wanted = config.toy(wanted)
        folder = given.folder or HERE / "runs" / wanted.name
        outcome = train(wanted, folder, given.minutes, given.resume, quiet=given.quiet)
    except VrpError as error:
        print(error, file=sys.stderr)
        return 2
    progress = outcome.training.progress
    print(f"{wanted.name}: step {progress.step}, {progress.instances} instances, {progress.seconds / 60:.2f} minutes")
    for v, (cost, gap) in zip(wanted.validation, outcome.validated, strict=False):
        print(f"  {v.size} stops: cost {cost:.4f}" + ("" if gap is None else f", gap {gap:.2f} %"))
    draw(folder / "log.csv", folder / "curve.svg")
    left = "complete" if outcome.finished else f"go on with --resume {folder / 'checkpoint'}"
    print(f"written: {folder}; {left}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
