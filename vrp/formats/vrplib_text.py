"""The syntax of VRPLIB and TSPLIB files: `KEY: value` lines and sections of numbers. No meaning yet."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vrp.errors import suggest
from vrp.formats.source import Source
from vrp.problem import Floats

# Data lines begin with a number, so every line that begins with a letter is a keyword.
_KEYWORD = re.compile(r"^[ \t]*([^\W\d][^\n:]*?)[ \t]*(?:(:)[ \t]*([^\n]*?)[ \t]*)?$", re.MULTILINE)
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Section:
    """The lines of one section; `line` is that of its keyword."""

    name: str
    line: int
    text: str

    def lines(self) -> Iterator[tuple[int, list[str]]]:
        """Yield (line number, tokens) of each line that is not blank."""
        for number, line in enumerate(self.text.split("\n"), start=self.line):
            if tokens := line.split():
                yield number, tokens


@dataclass(frozen=True)
class Sheet:
    """Header values with their lines, and sections, by keyword."""

    source: Source
    values: dict[str, tuple[str, int]]
    sections: dict[str, Section]

    def line(self, key: str) -> int | None:
        """Return the line where a key or section is, to name in errors."""
        if key in self.values:
            return self.values[key][1]
        return self.sections[key].line if key in self.sections else None

    def number(self, key: str, low: float = 0.0) -> float | None:
        """Return a header value as a number, None where it is absent or wrong (which is remembered)."""
        if key not in self.values:
            return None
        text, line = self.values[key]
        value = as_number(text)
        if value is None or value < low:
            self.source.add(f"{key} is {text!r}, but must be a number of at least {low:g}.", line)
            return None
        return value

    def whole(self, key: str, low: int, high: int) -> int | None:
        """Return a header value as a whole number within bounds, None where it is absent or wrong."""
        value = self.number(key, low)
        if value is None:
            return None
        if value != int(value) or value > high:
            text, line = self.values[key]
            self.source.add(f"{key} is {text}, but must be a whole number between {low} and {high}.", line)
            return None
        return int(value)


def as_number(text: str) -> float | None:
    """Return a finite number, or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < float("inf") and "_" not in text else None


def parse(source: Source, keys: tuple[str, ...], sections: tuple[str, ...], refused: dict[str, str]) -> Sheet:
    """Split a file into header values and sections; unknown keywords are errors, `refused` says why of known ones."""
    sheet = Sheet(source, {}, {})
    for key, value, line, match, body in _entries(source):
        if key == "EOF":
            break
        if key not in sections and body.strip():
            source.add(f"got {body.strip()[:40]!r}, expected a keyword.", line + 1)
        if key == "COMMENT":
            continue
        if key in sheet.values or key in sheet.sections:
            source.add(f"{key} occurs twice (first in line {sheet.line(key)}).", line)
        elif key in refused:
            source.add(f"{key} is not supported: {refused[key]}.", line)
        elif key in keys and value is not None:
            sheet.values[key] = (value, line)
        elif key in sections and not value:
            sheet.sections[key] = Section(key, line, body)
        elif key in keys or key in sections:
            source.add(f"got {match.strip()[:60]!r}, expected `{key}{': value' if key in keys else ''}`.", line)
        else:
            source.add(f"unknown keyword {key[:60]!r}.{_suggest(key, keys + sections)}", line)
    return sheet


def _entries(source: Source) -> Iterator[tuple[str, str | None, int, str, str]]:
    """Yield keyword, value (None: no colon), line, the whole line, and the text up to the next keyword."""
    text, line, at = source.text, 1, 0
    match = _KEYWORD.search(text)
    if match is None or text[: match.start()].strip():
        raise source.failure(f"expected a line `KEY: value`, got {text.strip()[:40]!r}.", 1)
    while match is not None:
        line += text.count("\n", at, match.start())
        at = match.start()
        key = match[1].upper()
        following = _KEYWORD.search(text, match.end())
        if key == "EOF":
            following = None
            if text[match.end() :].strip():
                source.add("there is text after EOF.", line + 1)
        end = following.start() if following else len(text)
        yield key, match[3] if match[2] else None, line, match[0], text[match.end() : end]
        match = following


def _suggest(key: str, known: tuple[str, ...]) -> str:
    hint = suggest(key, known)
    return hint if hint.startswith(" Did") else ""


def table(source: Source, section: Section, columns: int | None = None) -> Floats | None:
    """Return a section as an array with one row per line, None where it is none (which is remembered).

    `columns` None takes the number of the first line.
    """
    rows = [tokens for tokens in map(str.split, section.text.split("\n")) if tokens]
    wide = columns if columns is not None else (len(rows[0]) if rows else 0)
    if any(len(row) != wide for row in rows):
        number, tokens = next((n, t) for n, t in section.lines() if len(t) != wide)
        source.add(f"{section.name} has {len(tokens)} values here, expected {wide}.", number)
        return None
    array = numbers([token for row in rows for token in row])
    if array is None:
        _name_bad_number(source, section)
        return None
    return array.reshape(len(rows), wide)


def stream(source: Source, section: Section, expected: int) -> Floats | None:
    """Return all numbers of a section whose line breaks mean nothing, None where there are not `expected` many."""
    # By chunks: a list of all tokens of a large matrix would take twenty times its memory.
    parts: list[Floats] = []
    text, start, count = section.text, 0, 0
    while start < len(text):
        end = text.find("\n", start + _CHUNK)
        end = len(text) if end < 0 else end
        part = numbers(text[start:end].split())
        if part is None:
            _name_bad_number(source, section)
            return None
        parts.append(part)
        count += len(part)
        start = end
    if count != expected:
        source.add(f"{section.name} has {count} numbers, expected {expected}.", section.line)
        return None
    return np.concatenate(parts) if parts else np.zeros(0)


def ragged(source: Source, section: Section) -> list[tuple[int, list[int]]]:
    """Return the lines of a section of whole numbers, each with its line number."""
    out = []
    for line, tokens in section.lines():
        try:
            out.append((line, [int(token) for token in tokens]))
        except ValueError:
            bad = next(token for token in tokens if not _is_int(token))
            source.add(f"{section.name}: {bad[:30]!r} is not a whole number.", line)
    return out


def numbers(tokens: list[str]) -> Floats | None:
    """Return tokens as finite float64, or None."""
    try:
        array = np.array(tokens, dtype=np.float64)
    except (ValueError, OverflowError):
        return None
    return array if np.isfinite(array).all() else None


def _name_bad_number(source: Source, section: Section) -> None:
    for line, tokens in section.lines():
        for token in tokens:
            if as_number(token) is None:
                source.add(f"{section.name}: {token[:30]!r} is not a finite number.", line)
                return
    source.add(f"{section.name} holds something that is not a number.", section.line)


def _is_int(token: str) -> bool:
    try:
        int(token)
    except ValueError:
        return False
    return True
