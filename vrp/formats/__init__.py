"""Reading problems and plans of many formats, told by their content, and writing them."""

import json
import os
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any

from vrp.errors import FormatError, ProblemError, suggest
from vrp.files import as_path, write_text
from vrp.formats.source import Input, Source, check_rounding, load
from vrp.keywords import known_keywords
from vrp.problem import Problem
from vrp.solution import Solution

PROBLEM_SUFFIXES = (".json", ".vrp", ".csv")
VROOM_ENDING = ".vroom.json"
SOLUTION_SUFFIXES = (".json", ".sol", ".geojson", ".csv")


@known_keywords
def read(path: Input, rounding: str = "auto") -> Problem:
    """Read a problem: VRPLIB, TSPLIB, Solomon, Li and Lim, Schneider, VROOM, CSV or our own JSON, told by its content.

    Parameters
    ----------
    path
        A file, an open text stream, "-" for standard input, or a folder with stops.csv and vehicles.csv.
    rounding
        Of distances computed from planar coordinates: "nearest" integer, "truncate1" (down to one decimal), "exact",
        or "auto", which is the convention of the format: nearest for VRPLIB's CVRP, GVRP, VRPB and for TSPLIB,
        truncate1 for VRPTW (also Solomon and Homberger), PCVRPTW and MTVRPTWR, exact for the others. Sets that need
        another rule must be given it; `problem.notes` says which was used.

    Raises
    ------
    FormatError
        The file does not exist, is none of these formats, or has a field that is not honoured; with its line.
    ProblemError
        What the file says is no valid problem.
    OptionError
        There is no such rounding, or it cannot be applied.
    """
    check_rounding(rounding)
    if isinstance(path, (str, PathLike)) and os.fspath(path) != "-" and _is_folder(path):
        from vrp.formats.tables import read_folder

        return _blamed(str(path), lambda: read_folder(Path(path), rounding))
    named = isinstance(path, (str, PathLike)) and os.fspath(path) != "-"
    return _read(load(path), rounding, Path(path) if named else None)  # type: ignore[arg-type]


def read_text(text: str, rounding: str = "auto") -> Problem:
    """Read a problem from text; see `read`."""
    check_rounding(rounding)
    return _read(Source(text.removeprefix("\ufeff"), "<text>"), rounding, None)


def _is_folder(path: str | PathLike[str]) -> bool:
    try:
        return os.fspath(path) != "" and Path(path).is_dir()
    except (OSError, ValueError):
        return False


def _read(source: Source, rounding: str, path: Path | None) -> Problem:
    return _blamed(source.name, lambda: _reader(source, path)(source, rounding))


def _blamed(name: str, build: Callable[[], Problem]) -> Problem:
    """Put the name of the file before errors in what it says."""
    try:
        return build()
    except ProblemError as error:
        raise ProblemError([f"{name}: {message}" for message in error.errors]) from None


def _reader(source: Source, path: Path | None) -> Callable[[Source, str], Problem]:
    """Return the reader of the format that the text is in."""
    from vrp.formats.evrptw import is_evrptw, read_evrptw
    from vrp.formats.lilim import is_lilim, read_lilim
    from vrp.formats.plan_table import is_plan_table
    from vrp.formats.sol import is_sol
    from vrp.formats.solomon import is_solomon, read_solomon
    from vrp.formats.tables import is_stops, read_stops
    from vrp.formats.vrplib import is_vrplib, read_vrplib

    text = source.text
    if not text.strip():
        raise source.failure("it is empty.")
    if text.lstrip()[0] in "{[":
        from vrp.formats.json_text import read_json

        return read_json
    if is_sol(text) or is_plan_table(text):
        raise source.failure("this is a solution, not a problem. Read it with `vrp.read_solution(path, problem)`.")
    readers: list[tuple[Callable[[str], bool], Callable[[Source, str], Problem]]] = [
        (is_solomon, read_solomon),
        (is_evrptw, read_evrptw),
        (is_vrplib, read_vrplib),
        (is_lilim, read_lilim),
        (is_stops, lambda s, rounding: read_stops(s, rounding, path)),
    ]
    for matches, reader in readers:
        if matches(text):
            return reader
    start = text.strip()[:60]
    raise source.failure(
        f"this is none of VRPLIB, TSPLIB, Solomon, Li and Lim, Schneider (EVRPTW), VROOM JSON, our JSON, CSV; "
        f"it begins with {start!r}."
    )


@known_keywords
def read_solution(path: Input, problem: Problem) -> Solution:
    """Read a plan for a problem: .sol (VRPLIB), our own JSON or CSV, or Schneider's lines of names, told by content.

    The plan is scheduled and costed anew. A cost that the file states is kept where it is another, so that `check` can
    compare it. In a .sol file it may be rounded, to its last digit or leg by leg to 0.001, and count in another unit, a
    power of ten.

    Raises
    ------
    FormatError
        The file does not exist, is no plan, or does not fit the problem.
    """
    if not isinstance(problem, Problem):
        got = type(problem).__name__
        raise FormatError(f"A plan is read for its Problem, got {got}. Use read_solution(path, problem).")
    source = load(path)
    text = source.text.lstrip()
    if text[:1] in ("{", "["):
        from vrp.formats.json_text import parse_json
        from vrp.formats.native_solution import solution_from_dict as from_dict

        return from_dict(parse_json(source), problem, source.name)
    from vrp.formats.evrptw import is_evrptw_plan, read_evrptw_plan
    from vrp.formats.plan_table import is_plan_table, read_plan_table
    from vrp.formats.sol import read_sol

    if is_plan_table(source.text):
        return read_plan_table(source, problem)
    return read_evrptw_plan(source, problem) if is_evrptw_plan(source.text) else read_sol(source, problem)


def write(what: Problem | Solution, path: str | PathLike[str]) -> None:
    """Write a problem (.vrp, .json, .csv) or a solution (.sol, .json, .geojson, .csv); the suffix chooses the format.

    A problem as .csv is two tables: stops.csv, and vehicles.csv beside it. As .vroom.json it is VROOM's input.

    Raises
    ------
    FormatError
        The suffix is none of these, or the file cannot be written.
    UnsupportedError
        The format cannot hold something that the problem or solution has; the message names it.
    """
    target = as_path(path)
    suffix = target.suffix.lower()
    if not isinstance(what, (Problem, Solution)):
        raise FormatError(f"Only a Problem or a Solution can be written, got {type(what).__name__}.")
    allowed: tuple[str, ...] = PROBLEM_SUFFIXES if isinstance(what, Problem) else SOLUTION_SUFFIXES
    if suffix not in allowed:
        raise FormatError(f"{str(path)!r}: the suffix chooses the format, got {suffix!r}.{suggest(suffix, allowed)}")
    if isinstance(what, Problem) and suffix == ".csv":
        from vrp.formats.tables_write import write_tables

        write_tables(what, target)
    elif isinstance(what, Problem):
        write_text(path, _problem_text(what, target.name.lower()))
    else:
        write_text(path, _solution_text(what, suffix))


def _problem_text(problem: Problem, name: str) -> str:
    if name.endswith(".vrp"):
        from vrp.formats.vrplib_write import to_vrplib

        return to_vrplib(problem)
    if name.endswith(VROOM_ENDING):
        from vrp.formats.vroom_write import vroom_text

        return vroom_text(problem)
    return json.dumps(problem_to_dict(problem), allow_nan=False) + "\n"


def _solution_text(solution: Solution, suffix: str) -> str:
    if suffix == ".sol":
        from vrp.formats.sol import to_sol

        return to_sol(solution)
    if suffix == ".csv":
        from vrp.formats.plan_table import solution_csv

        return solution_csv(solution)
    data = solution.to_geojson() if suffix == ".geojson" else solution.to_dict()
    return json.dumps(data, allow_nan=False, indent=1) + "\n"


def problem_to_dict(problem: Problem) -> dict[str, Any]:
    """Return a problem as JSON types ("vrp-problem", version 1)."""
    from vrp.formats.native import problem_to_dict as to_dict

    return to_dict(problem)


def problem_from_dict(data: dict[str, Any]) -> Problem:
    """Return the problem that `problem_to_dict` gave."""
    from vrp.formats.native import problem_from_dict as from_dict

    return from_dict(data)


def solution_from_dict(data: dict[str, Any], problem: Problem) -> Solution:
    """Return the plan that `Solution.to_dict` gave, scheduled and costed anew, with the cost that it states."""
    from vrp.formats.native_solution import solution_from_dict as from_dict

    return from_dict(data, problem)
