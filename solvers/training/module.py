"""The Lightning module: one step makes instances, lets the policy roll out, and learns from a replay of all choices."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import lightning as L
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from vrp.solvers.policy import env, fused
from vrp.solvers.policy.decoding import symmetric
from vrp.solvers.policy.env import Instances
from vrp.solvers.policy.graph import GraphRollouts
from vrp.solvers.policy.nets.encoder import deepened
from vrp.solvers.policy.nets.pointer import Memory
from vrp.solvers.policy.pomo import POMO, seeded
from vrp.solvers.policy.rollout import Replay, Rollout, explore, follow, replay, starts
from vrp.solvers.policy.weights import fill
from vrp.solvers.training import checkpoint, schedule
from vrp.solvers.training.config import Config
from vrp.solvers.training.data import generated
from vrp.solvers.training.labels import Labels
from vrp.solvers.training.losses import LOSSES

Clock = Callable[[], float]


class Training(L.LightningModule):
    """A policy that learns. What it has reached is in `progress`, `policy` and `average`."""

    def __init__(self, config: Config, minutes: float, clock: Clock = time.perf_counter) -> None:
        """Prepare a run.

        Parameters
        ----------
        config
            The whole run.
        minutes
            Of this slice; the run stops after them, or when it is complete.
        clock
            Seconds.
        """
        super().__init__()
        self.config = config
        self.policy = seeded(config.shape, config.seed, config.network)
        self.average = seeded(config.shape, config.seed, config.network).requires_grad_(False)
        self.progress = checkpoint.Progress()
        self.loss = LOSSES[config.loss]
        self.labels = Labels.read(config.labels) if config.labels else None
        self.graphs = GraphRollouts(self.policy) if config.decode == "graph" else None
        self.measures: dict[str, Tensor | float] = {}
        self._moments: dict[str, Tensor] = {}
        self._clock = clock
        self._slice = 60.0 * minutes
        self._spent = 0.0
        self._last = 0.0

    # What Lightning asks for

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW; without decay for what is no matrix."""
        named = list(self.policy.named_parameters())
        groups = [
            {"params": [p for _, p in named if p.ndim >= 2], "weight_decay": self.config.weight_decay},
            {"params": [p for _, p in named if p.ndim < 2], "weight_decay": 0.0},
        ]
        # Lightning clips no gradients of a fused optimiser in mixed precision.
        fused_too = True if self.device.type == "cpu" and self.config.precision == "32-true" else None
        optimizer = torch.optim.AdamW(groups, lr=self.config.rate, fused=fused_too)
        if self._moments:
            checkpoint.restore_moments(optimizer, self._names(), self._moments)
            self._moments = {}
        return optimizer

    def train_dataloader(self) -> DataLoader[int]:
        """Numbers of steps: the instances themselves are made on the device."""
        return DataLoader(_Steps(), batch_size=None)

    def on_train_start(self) -> None:
        """Start the clock, once there is nothing to compile."""
        fused.warm_up(self.policy, learning=True)
        self._last = self._clock()

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Set the learning rate by the time that has passed."""
        value = schedule.rate(self.config, self.share)
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = value

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        """Return the loss of one batch."""
        config, step = self.config, self.progress.step
        random = torch.Generator(self.device).manual_seed(schedule.seed(config, step, self.global_rank))
        instances, given = self._instances(random)
        memory = self.policy.encode(instances)
        if given is None:
            walks, replayed = self._explore(instances, memory, random)
        else:
            walks = follow(instances, given)
            replayed = replay(self.policy, memory, instances, walks)
        cost = env.cost(instances, walks.home, walks.choices)
        learned = cost, replayed.log.sum(dim=2), replayed.free.sum(dim=2)
        # All rollouts of a problem in a row, whichever of its symmetries they are on.
        problems = instances.size // config.symmetries
        loss = self.loss(*(each.view(problems, -1) for each in learned))
        self.progress.instances += problems * self.trainer.world_size
        self.measures = {"size": instances.places - 1, "loss": loss.detach(), "cost": cost.mean()}
        return loss

    def end_step(self) -> None:
        """Update the average and the clock, and stop when the time is over.

        Called by `EndOfStep`, since Lightning calls a module's own hook only after those that write down where it is.
        """
        self.progress.step += 1
        decay = min(self.config.average, (1 + self.progress.step) / (10 + self.progress.step))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.average.parameters()), list(self.policy.parameters()), 1 - decay)
        now = self._clock()
        passed = self._agreed(now - self._last)
        self._last = now
        self._spent += passed
        self.progress.seconds += passed
        if self.finished or self._spent >= self._slice:
            self.trainer.should_stop = True

    # What others ask for

    @property
    def share(self) -> float:
        """Share of the run's time that has passed."""
        return self.progress.seconds / (60.0 * self.config.minutes)

    @property
    def finished(self) -> bool:
        """Whether the run's time is over."""
        return self.share >= 1.0

    def saved(self) -> dict[str, Any]:
        """Return what `checkpoint.save` keeps, besides the config and the place."""
        return {
            "progress": self.progress,
            "weights": self.policy.state_dict(),
            "average": self.average.state_dict(),
            "moments": checkpoint.moments_of(self.trainer.optimizers[0], self._names()),
        }

    def restore(self, saved: checkpoint.Checkpoint) -> None:
        """Go on from a checkpoint; before the run starts."""
        fill(self.policy, saved.weights, "the checkpoint")
        fill(self.average, saved.average, "the checkpoint")
        self.progress = saved.progress
        self._moments = saved.moments

    def begin_from(self, policy: POMO) -> None:
        """Begin with the weights of another network; raises FormatError unless it has the same shape, or fewer layers.

        To fewer layers this network adds some that change nothing at first.
        """
        for mine in (self.policy, self.average):
            fill(mine, deepened(policy.state_dict(), mine.encoder), self.config.begin)

    def _instances(self, random: torch.Generator) -> tuple[Instances, Tensor | None]:
        step, config = self.progress.step, self.config
        size = schedule.size(config, self.share, step)
        count = config.batch[size]
        if self.labels is not None:
            return self.labels.draw(size, count, config.starts, random)
        made = generated(schedule.distribution(config, step), count, size, random)
        return symmetric(made, config.symmetries), None

    def _explore(self, instances: Instances, memory: Memory, random: torch.Generator) -> tuple[Rollout, Replay]:
        first = starts(instances, min(self.config.starts, instances.places - 1), random)
        if self.graphs is None:
            return explore(self.policy, memory, instances, first, random)
        walks = self.graphs(memory.detached(), instances, first, random)
        return walks, replay(self.policy, memory, instances, walks)

    def _names(self) -> list[str]:
        """Names of the weights in the order of the optimiser's groups."""
        named = list(self.policy.named_parameters())
        return [k for k, p in named if p.ndim >= 2] + [k for k, p in named if p.ndim < 2]

    def _agreed(self, seconds: float) -> float:
        """Return the first process's seconds: all must have the same learning rate and stop together."""
        if self.trainer.world_size == 1:
            return seconds
        told = torch.tensor(seconds, dtype=torch.float64, device=self.device)
        torch.distributed.broadcast(told, src=0)
        return float(told)


class EndOfStep(L.Callback):
    """The first of all callbacks: the others see a step that is complete."""

    def on_train_batch_end(
        self, trainer: L.Trainer, module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """End the step."""
        assert isinstance(module, Training)
        module.end_step()


class _Steps(IterableDataset[int]):
    """0, 1, 2, ..."""

    def __iter__(self) -> Iterator[int]:
        number = 0
        while True:
            yield number
            number += 1
