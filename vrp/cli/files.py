"""Files named on the command line: refusing impossible outputs before any work is done."""

import argparse
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from vrp.errors import OptionError, suggest

if TYPE_CHECKING:
    from vrp.problem import Problem

ROUNDINGS = ("auto", "nearest", "truncate1", "exact")
SOLVERS = "search, ortools, pyvrp, vroom, hgs, policy, policy+search"
"""For the help, which imports no solver."""
MAP_SUFFIXES = (".html", ".htm")


def add_rounding(parser: argparse.ArgumentParser) -> None:
    """Add the option that says how distances computed from a file's coordinates are rounded."""
    parser.add_argument(
        "--rounding",
        choices=ROUNDINGS,
        default="auto",
        help="of distances computed from coordinates; auto follows the file's format",
    )


def check_output(option: str, path: str | None, suffixes: Iterable[str], inputs: Iterable[str] = ()) -> None:
    """Raise unless a file of this name can be written: its suffix, its folder, and that it is none of the inputs."""
    if path is None:
        return
    target = Path(path)
    allowed = list(suffixes)
    if target.suffix.lower() not in allowed:
        got = target.suffix or "no suffix"
        hint = suggest(target.suffix.lower(), allowed) if target.suffix else f" Allowed: {', '.join(allowed)}."
        raise OptionError(f"{option} {path}: the suffix chooses the format, got {got}.{hint}")
    if not target.absolute().parent.is_dir():
        raise OptionError(f"{option} {path}: there is no folder {str(target.parent)!r}. Make it first.")
    if target.is_dir():
        raise OptionError(f"{option} {path}: this is a folder.")
    if not os.access(target.absolute().parent, os.W_OK):
        raise OptionError(f"{option} {path}: the folder {str(target.parent)!r} cannot be written to. Choose another.")
    for source in inputs:
        if source != "-" and target.exists() and Path(source).exists() and target.samefile(source):
            raise OptionError(f"{option} {path}: this is the input, which would be overwritten.")


def rehearse(problem: "Problem", out: str | None, page: str | None) -> None:
    """Write an empty plan of the problem to nowhere, so that a format that cannot hold it is found before solving."""
    from vrp.check import evaluate

    if out is None and page is None:
        return
    nothing = evaluate(problem, [])
    with tempfile.TemporaryDirectory(prefix="vrp-") as folder:
        if out is not None:
            nothing.write(Path(folder, Path(out).name))
        if page is not None:
            nothing.map(Path(folder, Path(page).name))


def numbers(text: str) -> list[float]:
    """Return the numbers of a comma-separated list (as an argparse type)."""
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"needs numbers with commas between them, got {text!r}") from None


def integers(text: str) -> list[int]:
    """Return the integers of a comma-separated list (as an argparse type)."""
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"needs integers with commas between them, got {text!r}") from None
