"""How far limits may be exceeded: half of what the check allows."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

TOLERANCE = 5e-7
"""Absolute, and a thousandth of it relative: half of what the check allows."""


def tolerant(limit: ArrayLike) -> NDArray[np.float64]:
    """Return limits with the tolerance added."""
    value = np.asarray(limit, dtype=np.float64)
    return value + TOLERANCE + 1e-3 * TOLERANCE * np.abs(np.where(np.isfinite(value), value, 0.0))
