"""A run of training, or a slice of one: `train` takes it from a config, or from where it stopped, to its minute."""

import contextlib
import logging
import platform
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import lightning as L
import torch

from vrp.errors import OptionError
from vrp.solvers.policy.weights import Trained, load, save_pretrained
from vrp.solvers.training import checkpoint, config
from vrp.solvers.training.config import Config
from vrp.solvers.training.module import Clock, EndOfStep, Training
from vrp.solvers.training.records import Records

SAVE_EVERY = 120.0
"""Seconds between two checkpoints."""


@dataclass(frozen=True)
class Outcome:
    """Where a slice of a run ended."""

    training: Training
    finished: bool
    """Whether the run is complete."""
    validated: list[tuple[float, float | None]]
    """Cost and gap in % of each validation set."""


def train(
    wanted: Config,
    folder: str | Path,
    minutes: float | None = None,
    resume: str | Path | None = None,
    clock: Clock = time.perf_counter,
    steps: int = -1,
    quiet: bool = False,
) -> Outcome:
    """Train until the slice or the run is over; write checkpoint, log and weights into the folder.

    Parameters
    ----------
    wanted
        The whole run.
    folder
        Gets `checkpoint/`, `log.csv` and, as a folder that can be loaded, `model/`.
    minutes
        Of this slice; None means all that is left.
    resume
        A checkpoint from which to go on.
    clock
        Seconds.
    steps
        Stop after so many steps at the latest; -1 for no limit.
    quiet
        Show no progress bar, on a terminal either.

    Raises
    ------
    OptionError
        The device is not there, or the checkpoint is of another run.
    """
    if wanted.device == "cuda" and not torch.cuda.is_available():
        raise OptionError(
            '`device` is "cuda", but torch sees no GPU here. Set `device: cpu`, or install torch for CUDA.'
        )
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    training = Training(wanted, wanted.minutes if minutes is None else minutes, clock)
    if resume is not None:
        _resume(training, wanted, Path(resume))
    elif wanted.begin:
        training.begin_from(load(wanted.begin).policy)
    if training.finished:
        raise OptionError(f"The run {wanted.name!r} is complete: its {wanted.minutes:g} minutes are used up.")
    records = Records(wanted, folder)
    with warnings.catch_warnings(), _no_advertisements():
        trainer = _trainer(wanted, [EndOfStep(), records, _Saving(folder / "checkpoint")], steps, quiet)
        # Steps have no data to load, and so no workers to load it; and what torch deprecates under Lightning.
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        warnings.filterwarnings("ignore", message=".*LeafSpec.*")
        trainer.fit(training)
    validated = []
    if trainer.is_global_zero:
        validated = records.validate(training)
        _keep(training, folder)
    return Outcome(training, training.finished, validated)


@contextlib.contextmanager
def _no_advertisements() -> Iterator[None]:
    """Keep Lightning from telling of other products, and of the devices that there are."""
    logger = logging.getLogger("lightning.pytorch.utilities.rank_zero")
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)


def _trainer(wanted: Config, callbacks: list[L.Callback], steps: int, quiet: bool) -> L.Trainer:
    torch.set_num_threads(wanted.threads)
    if wanted.device == "cuda":
        torch.set_float32_matmul_precision("high")
    return L.Trainer(
        accelerator="gpu" if wanted.device == "cuda" else "cpu",
        devices=wanted.devices,
        num_nodes=wanted.nodes,
        strategy="ddp" if wanted.devices * wanted.nodes > 1 else "auto",
        precision=wanted.precision,
        gradient_clip_val=wanted.clip,
        max_steps=steps,
        max_epochs=-1,
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=not quiet and sys.stdout.isatty(),
        callbacks=callbacks,
    )


class _Saving(L.Callback):
    """Writes the checkpoint now and then, and at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._last = time.perf_counter()

    def on_train_batch_end(self, trainer: L.Trainer, module: L.LightningModule, *rest: object) -> None:
        if trainer.is_global_zero and time.perf_counter() - self._last > SAVE_EVERY:
            self._save(module)

    def on_train_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        if trainer.is_global_zero:
            self._save(module)

    def _save(self, module: L.LightningModule) -> None:
        assert isinstance(module, Training)
        checkpoint.save(self.folder, config.plain(module.config), **module.saved())
        self._last = time.perf_counter()


def _resume(training: Training, wanted: Config, path: Path) -> None:
    saved = checkpoint.load(path)
    now, then = config.plain(wanted), config.plain(config.parse(saved.config))
    if changed := [key for key in now if now[key] != then[key]]:
        told = "; ".join(f"`{key}` was {then[key]!r} and is {now[key]!r}" for key in changed)
        raise OptionError(f"The checkpoint {str(path)!r} is of another run: {told}.")
    training.restore(saved)


def _keep(training: Training, folder: Path) -> None:
    """Write the average weights as a model."""
    c, progress = training.config, training.progress
    sizes = [size for stage in c.curriculum for size in stage.sizes]
    kind = "tsp" if set(c.data) == {"tours"} else "cvrp"
    facts = {
        "data": c.data,
        "loss": c.loss,
        "instances": progress.instances,
        "steps": progress.step,
        "minutes": round(progress.seconds / 60.0, 2),
        "hardware": torch.cuda.get_device_name()
        if c.device == "cuda"
        else f"{c.threads} thread(s), {platform.machine()}",
    }
    save_pretrained(Trained(training.average, kind, (min(sizes), max(sizes)), facts), folder / "model")
