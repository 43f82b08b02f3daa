"""Files named on the command line: reading them, and refusing impossible outputs before any work is done."""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from vrp.errors import FormatError, OptionError, VrpError, suggest

if TYPE_CHECKING:
    from vrp.problem import Problem
    from vrp.solution import Solution

ROUNDINGS = ("auto", "nearest", "truncate1", "exact")
SOLUTION_SUFFIXES = (".json", ".sol", ".geojson", ".csv")
MAP_SUFFIXES = (".html", ".htm")


def add_rounding(parser: argparse.ArgumentParser) -> None:
    """Add the option that says how distances computed from a file's coordinates are rounded."""
    parser.add_argument(
        "--rounding",
        choices=ROUNDINGS,
        default="auto",
        help="of distances computed from coordinates; auto follows the file's format",
    )


def read_problem(path: str, rounding: str) -> "Problem":
    """Read a problem from a file, or from stdin where the path is "-"."""
    from vrp.formats import read

    if path != "-":
        return read(path, rounding=rounding)
    with _Stdin() as file:
        return read(file, rounding=rounding)


def read_plan(path: str, problem: "Problem") -> "Solution":
    """Read a solution from a file, or from stdin where the path is "-"."""
    from vrp.formats import read_solution

    if path != "-":
        return read_solution(path, problem)
    with _Stdin() as file:
        return read_solution(file, problem)


class _Stdin:
    """Stdin as a file with a name, whose name does not show in error messages."""

    def __enter__(self) -> str:
        content = sys.stdin.buffer.read()
        if not content.strip():
            raise FormatError("stdin is empty.")
        self.folder = tempfile.TemporaryDirectory(prefix="vrp-")
        self.path = Path(self.folder.name) / "stdin"
        self.path.write_bytes(content)
        return str(self.path)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self.folder.cleanup()
        if isinstance(error, VrpError):
            raise FormatError(str(error).replace(str(self.path), "stdin")) from error


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
