"""A run of seconds, and a clock that counts its own calls."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from vrp.solvers.training.config import Config

TINY = {
    "name": "tiny",
    "minutes": 0.2,
    "data": {"uniform": 2, "mixture": 1},
    "curriculum": [{"until": 0.5, "sizes": {6: 1}}, {"until": 1, "sizes": {6: 1, 9: 1}}],
    "batch": {6: 8, 9: 5},
    "shape": {"width": 16, "heads": 2, "hidden": 16, "layers": 1},
    "starts": 4,
    "rate": 1e-3,
    "validate_every": 0.05,
    "validation": [{"size": 6, "count": 10}],
    "log_every": 2,
}


@pytest.fixture
def tiny() -> "Callable[..., Config]":
    """The config of a run of 12 steps by the clock below; arguments change it."""
    from vrp.solvers.training.config import parse

    return lambda **changes: parse(TINY | changes)


@pytest.fixture
def clock() -> Callable[[], Callable[[], float]]:
    """A clock on which every step takes a second, whatever it takes."""

    def make() -> Callable[[], float]:
        def ticks() -> Iterator[float]:
            seconds = 0.0
            while True:
                yield seconds
                seconds += 1.0

        return ticks().__next__

    return make
