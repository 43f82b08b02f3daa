"""Learned policies: the rules as tensors, networks, decoding, and weights.

torch is imported by what is called here, not by this module.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vrp.solvers.policy.weights import Trained as Trained


def available() -> list[str]:
    """Return the names of the weights that come with the package."""
    from vrp.solvers.policy.weights import available

    return available()


def load(name: str | Path) -> "Trained":
    """Load weights by name ("cvrp") or from a folder; see `vrp.solvers.policy.weights.load`."""
    from vrp.solvers.policy.weights import load

    return load(name)


def save_pretrained(trained: "Trained", folder: str | Path, card: str = "") -> None:
    """Write weights to a folder that `load` reads; see `vrp.solvers.policy.weights.save_pretrained`."""
    from vrp.solvers.policy.weights import save_pretrained

    save_pretrained(trained, folder, card)
