"""Source: the text of an input and what to call it in errors; reading of files, bounded."""

import os
import sys
from os import PathLike
from pathlib import Path
from typing import IO

from vrp.errors import FormatError, OptionError, suggest

ROUNDINGS = ("auto", "nearest", "truncate1", "exact")
Input = str | PathLike[str] | IO[str]

MAX_BYTES = 1 << 30
"""Larger files are refused before they are read into memory."""
MAX_LOCATIONS = 1_000_000
"""Larger problems are refused before anything is allocated for them."""
MAX_MATRIX_LOCATIONS = 10_000
"""The same for problems that need a matrix: 10,000 squared are 0.8 GB."""
SHOWN_ERRORS = 20
"""How many errors of one file are shown."""


class Source:
    """Text, its name, and the errors found in it so far."""

    def __init__(self, text: str, name: str) -> None:
        self.text = text.replace("\r\n", "\n").replace("\r", "\n")
        self.name = name
        self.errors: list[str] = []
        """Only those that are shown; `found` counts all."""
        self.found = 0

    def add(self, message: str, line: int | None = None) -> None:
        """Remember an error; `line` counts from 1."""
        self.found += 1
        if len(self.errors) < SHOWN_ERRORS:
            self.errors.append(f"line {line}: {message}" if line else message)

    def failure(self, message: str, line: int | None = None) -> FormatError:
        """Return, to be raised, an error with everything remembered and this."""
        self.add(message, line)
        return self._error()

    def raise_errors(self) -> None:
        """Raise what was remembered, if anything.

        Raises
        ------
        FormatError
            With all errors, each with its line where it has one.
        """
        if self.errors:
            raise self._error()

    def _error(self) -> FormatError:
        if self.found == 1:
            return FormatError(f"{self.name}: {self.errors[0]}")
        more = [f"and {self.found - len(self.errors)} more"] if self.found > len(self.errors) else []
        return FormatError(f"{self.name}: {self.found} errors:\n  - " + "\n  - ".join([*self.errors, *more]))


def check_rounding(rounding: str) -> None:
    """Raise `OptionError` where there is no such rounding."""
    if rounding not in ROUNDINGS:
        raise OptionError(f"There is no rounding {rounding!r}.{suggest(rounding, ROUNDINGS)}")


def refuse_rounding(rounding: str, why: str) -> None:
    """Raise `OptionError` where a rounding is asked for that a format leaves no room for."""
    if rounding not in ("auto", "exact"):
        raise OptionError(f"Rounding {rounding!r} cannot be applied: {why}. Leave `rounding` at 'auto'.")


def load(path: Input) -> Source:
    """Return the text of a file, of an open text stream, or of standard input ("-").

    Raises
    ------
    FormatError
        It cannot be opened, is too large, or is not text.
    """
    if not isinstance(path, (str, PathLike)):
        return _checked(_read_stream(path), str(getattr(path, "name", "<input>")))
    name = os.fspath(path)
    if name == "-":
        return _checked(_read_stream(sys.stdin), "<standard input>")
    if not name:
        raise FormatError('The path is empty. Name a file, or the current folder as ".".')
    try:
        with Path(name).open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise FormatError(f"There is no file {name!r}.{_neighbours(name)}") from None
    except (OSError, ValueError) as error:
        raise FormatError(f"{name!r} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    return _checked(raw, name)


def _read_stream(stream: IO[str]) -> str | bytes:
    if not hasattr(stream, "read"):
        raise FormatError(f"Expected a path or an open text stream, got {type(stream).__name__}.")
    try:
        return stream.read(MAX_BYTES + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"The input cannot be read: {error}.") from None


def _checked(raw: str | bytes, name: str) -> Source:
    if len(raw) > MAX_BYTES:
        raise FormatError(f"{name}: larger than {MAX_BYTES >> 20} MiB, which is the limit.")
    head = raw[:4]
    if isinstance(raw, bytes):
        if head[:2] == b"\x1f\x8b" or head == b"PK\x03\x04":
            raise FormatError(f"{name}: this is a compressed file. Unpack it first.")
        if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise FormatError(f"{name}: this is UTF-16 text. Save it as UTF-8.")
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = raw.decode("latin-1")  # Old files have accents in names and comments, never in numbers.
    else:
        text = raw.removeprefix("\ufeff")
    if "\0" in text:
        raise FormatError(f"{name}: this is not a text file.")
    return Source(text, name)


def _neighbours(name: str) -> str:
    """Return a suggestion from the files beside a missing one."""
    path = Path(name)
    try:
        names = [p.name for p in path.parent.iterdir()][:10_000]
    except (OSError, ValueError):
        return f" The folder {str(path.parent)!r} does not exist either."
    hint = suggest(path.name, names) if names else ""
    return hint if hint.startswith(" Did") else ""
