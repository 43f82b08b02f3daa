#!/usr/bin/env python
"""Average the weights of trained policies: `experiments/average.py FOLDER=0.3 FOLDER=0.7 --to FOLDER`.

Wortsman et al., *Model soups* (ICML 2022). The models must come from runs of which each began where another ended.
A network with fewer layers counts as the deepest one, with layers that add nothing (`nets.encoder.deepened`). What is
kept of the training is that of the last model named.
"""

import argparse
import dataclasses
from pathlib import Path

from vrp.solvers.policy import load
from vrp.solvers.policy.nets.encoder import deepened
from vrp.solvers.policy.weights import fill, save_pretrained


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", help="NAME_OR_FOLDER=SHARE; shares must add up to 1")
    parser.add_argument("--to", type=Path, required=True, help="folder that is written")
    given = parser.parse_args()
    named = [text.rpartition("=") for text in given.models]
    shares = [float(share) for *_, share in named]
    if abs(sum(shares) - 1) > 1e-6:
        parser.error(f"the shares {shares} add up to {sum(shares):g}, not to 1")
    models = [load(name) for name, *_ in named]
    deepest = max(models, key=lambda model: model.policy.shape.layers).policy
    parts = [deepened(model.policy.state_dict(), deepest.encoder) for model in models]
    mixed = {key: sum(share * part[key] for share, part in zip(shares, parts, strict=True)) for key in parts[0]}
    fill(deepest, mixed, "the average")
    save_pretrained(dataclasses.replace(models[-1], policy=deepest), given.to)


if __name__ == "__main__":
    main()
