"""Deadline: how long a solver may run, in wall time and/or iterations."""

import math
import time
from dataclasses import dataclass, field


@dataclass
class Deadline:
    """Wall time counts from `started`; `extend` gives back what does not count (compilation)."""

    time_limit: float = math.inf
    """Seconds."""
    max_iterations: int | None = None
    started: float = field(default_factory=time.perf_counter)
    given_back: float = 0.0
    """Seconds that were given back."""

    def elapsed(self) -> float:
        """Seconds since the start, without those given back."""
        return time.perf_counter() - self.started - self.given_back

    def remaining(self) -> float:
        """Seconds left; negative when it has passed."""
        return self.time_limit - self.elapsed()

    def extend(self, seconds: float) -> None:
        """Do not count these seconds."""
        self.given_back += seconds
