"""Schedule: everything that depends on how much of the run's time has passed. Time is given, never asked for here."""

import math
import random
from typing import TypeVar

from vrp.solvers.training.config import Config

T = TypeVar("T")


def rate(config: Config, share: float) -> float:
    """Return the learning rate when this share of the time has passed: linear warm-up, then a cosine."""
    share = min(max(share, 0.0), 1.0)
    if share < config.warmup:
        # Not 0 in the first step, of which nothing would be learned.
        return config.rate * max(share / config.warmup, 0.02)
    along = (share - config.warmup) / (1.0 - config.warmup)
    return config.rate * (config.final + (1.0 - config.final) * 0.5 * (1.0 + math.cos(math.pi * along)))


def size(config: Config, share: float, step: int) -> int:
    """Return the number of stops in a step; the same in every process of the run."""
    stage = next((s for s in config.curriculum if share < s.until), config.curriculum[-1])
    return draw(stage.sizes, config.seed, step, "size")


def distribution(config: Config, step: int) -> str:
    """Return the name of the distribution in a step."""
    return draw(config.data, config.seed, step, "data")


def draw(weights: dict[T, float], *seeds: object) -> T:
    """Return one of the keys by their weights; the seeds decide which."""
    return random.Random(repr(seeds)).choices(list(weights), list(weights.values()))[0]


def seed(config: Config, step: int, process: int) -> int:
    """Return the seed of all that is random in a step of one process, so that a resumed run needs no other state."""
    return random.Random(repr((config.seed, step, process))).getrandbits(62)
