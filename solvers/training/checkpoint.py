"""Checkpoint: a folder from which a run goes on as if it had never stopped. No file in it can run code.

`weights.safetensors` holds the weights and their moving average, `optimizer.safetensors` the moments of AdamW, and
`progress.json` how far the run is and what it is. Randomness needs no state: every step has its own seed.
"""

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from vrp.errors import FormatError

VERSION = 1


@dataclass
class Progress:
    """How far a run is."""

    step: int = 0
    seconds: float = 0.0
    """Of training, in all slices."""
    instances: int = 0
    validations: int = 0


def save(
    folder: Path,
    config: dict[str, Any],
    progress: Progress,
    weights: dict[str, Tensor],
    average: dict[str, Tensor],
    moments: dict[str, Tensor],
) -> None:
    """Write a checkpoint in place of the one before it, which stays until the new one is complete.

    Parameters
    ----------
    folder
        Where.
    config
        Of the run, as plain data.
    progress
        How far it is.
    weights, average
        By name.
    moments
        Of the optimiser, see `moments_of`.
    """
    new, old = folder.with_name(folder.name + ".new"), folder.with_name(folder.name + ".old")
    for stale in (new, old):
        shutil.rmtree(stale, ignore_errors=True)
    new.mkdir(parents=True)
    both = {f"weights.{k}": v for k, v in weights.items()} | {f"average.{k}": v for k, v in average.items()}
    save_file({k: v.detach().cpu().contiguous() for k, v in both.items()}, new / "weights.safetensors")
    save_file({k: v.detach().cpu().contiguous() for k, v in moments.items()}, new / "optimizer.safetensors")
    text = json.dumps({"version": VERSION, "progress": asdict(progress), "config": config}, indent=2)
    (new / "progress.json").write_text(text + "\n", encoding="utf-8")
    if folder.exists():
        os.replace(folder, old)
    os.replace(new, folder)
    shutil.rmtree(old, ignore_errors=True)


@dataclass(frozen=True)
class Checkpoint:
    """What was read from a folder."""

    config: dict[str, Any]
    progress: Progress
    weights: dict[str, Tensor]
    average: dict[str, Tensor]
    moments: dict[str, Tensor]


def load(folder: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises
    ------
    FormatError
        It is missing, damaged, or of another version.
    """
    if not (folder / "progress.json").is_file():
        older = folder.with_name(folder.name + ".old")
        hint = f" The one before it is still at {str(older)!r}: name that." if older.is_dir() else ""
        raise FormatError(f"There is no checkpoint at {str(folder)!r}.{hint}")
    try:
        raw = json.loads((folder / "progress.json").read_text(encoding="utf-8"))
        if raw["version"] != VERSION:
            raise FormatError(f"The checkpoint {str(folder)!r} is of version {raw['version']!r}, not {VERSION}.")
        progress = Progress(**raw["progress"])
        both = load_file(folder / "weights.safetensors")
        moments = load_file(folder / "optimizer.safetensors")
        config = raw["config"]
    except (ValueError, TypeError, KeyError, OSError, SafetensorError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(f"The checkpoint {str(folder)!r} is damaged: {error}") from None

    def part(name: str) -> dict[str, Tensor]:
        return {key.removeprefix(name): value for key, value in both.items() if key.startswith(name)}

    return Checkpoint(config, progress, part("weights."), part("average."), moments)


def moments_of(optimizer: torch.optim.Optimizer, names: list[str]) -> dict[str, Tensor]:
    """Return the moments of AdamW by the names of the weights, in the order in which the optimiser has these."""
    state = optimizer.state_dict()["state"]
    return {f"{names[i]}/{key}": value for i, entry in state.items() for key, value in entry.items()}


def restore_moments(optimizer: torch.optim.Optimizer, names: list[str], moments: dict[str, Tensor]) -> None:
    """Put moments back; raises FormatError where they are not those of this optimiser."""
    entries: dict[int, dict[str, Tensor]] = {}
    for key, value in moments.items():
        name, _, moment = key.rpartition("/")
        if name not in names:
            raise FormatError(f"The checkpoint has moments of {name!r}, which is no weight of this network.")
        entries.setdefault(names.index(name), {})[moment] = value
    state = optimizer.state_dict()
    state["state"] = entries
    optimizer.load_state_dict(state)
