"""Records of a run: one CSV with a row now and then, and the same figures for TensorBoard."""

import csv
import time
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.loggers import TensorBoardLogger

from vrp.errors import FormatError
from vrp.solvers.policy.decoding import best_of
from vrp.solvers.policy.env import Instances
from vrp.solvers.training.config import Config, Validation
from vrp.solvers.training.data import standard
from vrp.solvers.training.module import Training

COLUMNS = (
    *("step", "seconds", "instances", "per_second", "rate", "size", "loss", "cost"),
    *("validation", "validation_cost", "gap"),
)


class Records(L.Callback):
    """Appends to `log.csv`: every so many steps the training, every so many minutes a validation."""

    def __init__(self, config: Config, folder: Path) -> None:
        self.config = config
        self.path = folder / "log.csv"
        name = max(config.data, key=lambda name: config.data[name])
        self.board = TensorBoardLogger(folder, name="", version="tensorboard")
        self.sets = [(v, standard(name, v.count, v.size, v.seed)) for v in config.validation]
        self.references = [_reference(v, name) for v in config.validation]
        self._counted = (0.0, 0)

    def on_train_start(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        """Begin to count, and drop rows beyond the point from which the run goes on."""
        training = _training(module)
        self._counted = (time.perf_counter(), training.progress.instances)
        if trainer.is_global_zero:
            _drop_after(self.path, training.progress.step)

    def on_train_batch_end(
        self, trainer: L.Trainer, module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Write a row where one is due."""
        training = _training(module)
        progress = training.progress
        if not trainer.is_global_zero:
            return
        if progress.step % self.config.log_every == 0:
            before, count = self._counted
            self._counted = (time.perf_counter(), progress.instances)
            speed = (progress.instances - count) / max(self._counted[0] - before, 1e-9)
            rate = trainer.optimizers[0].param_groups[0]["lr"]
            measured = {key: float(value) for key, value in training.measures.items()}
            self._write(training, per_second=speed, rate=rate, **measured)
        if progress.seconds >= 60.0 * self.config.validate_every * (progress.validations + 1):
            progress.validations = int(progress.seconds / (60.0 * self.config.validate_every))
            self.validate(training)

    def validate(self, training: Training) -> list[tuple[float, float | None]]:
        """Solve the validation sets with the average weights, greedily from all starts; return costs and gaps in %."""
        found = []
        for (v, batch), reference in zip(self.sets, self.references, strict=True):
            costs = solved(training, batch)
            gap = 100.0 * float((costs / reference - 1.0).mean()) if reference is not None else None
            found.append((float(costs.mean()), gap))
            self._write(training, validation=v.size, validation_cost=found[-1][0], gap=gap)
        self._counted = (time.perf_counter(), training.progress.instances)
        return found

    def _write(self, training: Training, **values: float | None) -> None:
        progress = training.progress
        row = {"step": progress.step, "seconds": round(progress.seconds, 2), "instances": progress.instances, **values}
        new = not self.path.exists()
        with self.path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            if new:
                writer.writeheader()
            writer.writerow({k: f"{v:.6g}" if isinstance(v, float) and k != "seconds" else v for k, v in row.items()})
        suffix = f"/{values['validation']}" if "validation" in values else ""
        told = {f"{k}{suffix}": v for k, v in values.items() if v is not None and k != "validation"}
        self.board.log_metrics(told, progress.step)


def solved(training: Training, batch: Instances, augment: int = 1, at_once: int = 64) -> torch.Tensor:
    """Return [B] costs of greedy multi-start with the average weights, on the CPU."""
    parts = []
    for at in range(0, batch.size, at_once):
        part = batch.take(slice(at, at + at_once)).to(training.device)
        parts.append(best_of(training.average, part, augment=augment)[2].cpu())
    return torch.cat(parts).double()


def _reference(v: Validation, name: str) -> torch.Tensor | None:
    """Return the costs to compare with, [count]."""
    if not v.reference:
        return None
    wanted = (name, str(v.size), str(v.seed))
    try:
        with open(v.reference, encoding="utf-8") as file:
            rows = [r for r in csv.DictReader(file) if (r["distribution"], r["n"], r["seed"]) == wanted]
            costs = {int(r["index"]): float(r["cost"]) for r in rows}
    except (OSError, KeyError, ValueError) as error:
        raise FormatError(f"{v.reference!r} holds no reference costs: {error!r}.") from None
    if missing := [i for i in range(v.count) if i not in costs]:
        raise FormatError(
            f"{v.reference!r} lacks {len(missing)} of the first {v.count} costs of {name!r}, {v.size} stops, seed"
            f" {v.seed}, such as that of instance {missing[0]}."
        )
    return torch.tensor([costs[i] for i in range(v.count)], dtype=torch.float64)


def _drop_after(path: Path, step: int) -> None:
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        kept = [row for row in csv.DictReader(file) if int(row["step"]) <= step]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(kept)


def _training(module: L.LightningModule) -> Training:
    assert isinstance(module, Training)
    return module
