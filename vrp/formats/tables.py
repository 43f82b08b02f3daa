"""CSV: a problem as a pair of tables (stops.csv, vehicles.csv)."""

import csv
import io
from pathlib import Path
from typing import Any

from vrp.errors import FormatError, ProblemError
from vrp.formats.source import MAX_LOCATIONS, Source, load, refuse_rounding
from vrp.problem import Problem

STOPS, VEHICLES = "stops.csv", "vehicles.csv"
_PLACE = {"lat", "lon", "x", "y", "latitude", "longitude", "lng"}
_FLEET = {"capacity", "count", "shift_start", "shift_end", "fixed_cost"}
_DELIMITERS = ",;\t|"
# What errors of data frames say -> what holds for files, which have no arguments.
_WORDS = {
    "To leave it aside: ignore=": "Delete it, or read the tables yourself for vrp.Problem.from_frame with ignore=",
    "with `depot`: its row, its name, or a dict such as {'lat': 60.2, 'lon': 24.9}.": (
        "in the column `start` of the vehicles: the name of its row."
    ),
    "`depot` is": "`start`, `end` or `reload_depots` is",
}


def is_stops(text: str) -> bool:
    """Return whether the text begins with a header of stops or vehicles."""
    header = {cell.strip().lower() for cell in header_of(text)}
    return len(header) > 1 and bool(header & (_PLACE | _FLEET))


def header_of(text: str) -> list[str]:
    """Return the cells of the first line."""
    line = text.lstrip("\n")[:10_000].split("\n")[0]
    delimiter = max(_DELIMITERS, key=line.count)
    return [cell.strip('" ') for cell in line.split(delimiter)]


def read_folder(folder: Path, rounding: str) -> Problem:
    """Return the problem of a folder with stops.csv and vehicles.csv."""
    missing = [name for name in (STOPS, VEHICLES) if not (folder / name).is_file()]
    if missing:
        raise FormatError(f"{str(folder)!r} is a folder without {' and '.join(missing)}. Name a file.")
    return read_pair(load(folder / STOPS), load(folder / VEHICLES), rounding)


def read_stops(source: Source, rounding: str, path: Path | None) -> Problem:
    """Return the problem of a table of stops and the table of vehicles beside it.

    The depots are the rows that the vehicles name as `start`, `end` or `reload_depots`; else the first row.
    """
    header = {cell.strip().lower() for cell in header_of(source.text)}
    if not header & _PLACE:
        raise source.failure(f"this seems to be the table of vehicles. Name the table of stops (such as {STOPS}).")
    if path is None:
        raise source.failure(
            f"a table of stops needs a table of vehicles. Name the file that has {VEHICLES} beside it."
        )
    neighbour = vehicles_beside(path)
    if not neighbour.is_file():
        raise source.failure(f"a table of stops needs a table of vehicles, but there is no {str(neighbour)!r}.")
    return read_pair(source, load(neighbour), rounding)


def vehicles_beside(stops: Path) -> Path:
    """Return where the table of vehicles lies that belongs to a table of stops."""
    return stops.with_name(stops.name.replace("stops", "vehicles") if "stops" in stops.name else VEHICLES)


def read_pair(stops: Source, vehicles: Source, rounding: str) -> Problem:
    """Return the problem of both tables; the depots are in the order of their rows."""
    rows, fleet = table_rows(stops), table_rows(vehicles)
    settings: dict[str, Any] = {}
    if rounding != "auto":
        if rows and "lat" in rows[0]:
            refuse_rounding(rounding, "this table has latitude and longitude")
        settings["rounding"] = rounding
    named = [
        part.strip()
        for row in fleet
        for key in ("start", "end", "reload_depots")
        for part in row.get(key, "").replace(";", ",").replace("|", ",").split(",")
    ]
    place = {row.get("name", "").strip(): i for i, row in enumerate(rows)}
    depots = sorted({name for name in named if name and name != "open"}, key=lambda name: place.get(name, -1))
    try:
        return Problem.from_frame(rows, fleet, depot=depots or 0, name=_title(stops), **settings)
    except ProblemError as error:
        raise error.reworded(_WORDS) from None


def _title(source: Source) -> str:
    path = Path(source.name)
    return path.parent.name if path.name == STOPS else path.stem


def table_rows(source: Source) -> list[dict[str, str]]:
    """Return the rows of a table with a header; the text of each cell by the name of its column."""
    header_line = source.text.lstrip("\n").split("\n")[0]
    delimiter = max(_DELIMITERS, key=header_line.count)
    reader = csv.reader(io.StringIO(source.text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
    header: list[str] = []
    rows: list[dict[str, str]] = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = [cell.strip() for cell in cells]
                _check_header(source, header, reader.line_num)
            elif len(cells) != len(header):
                source.add(f"{len(cells)} cells, but the header has {len(header)}.", reader.line_num)
            else:
                rows.append(dict(zip(header, cells, strict=True)))
            if len(rows) > MAX_LOCATIONS:
                raise source.failure(f"more than {MAX_LOCATIONS} rows, which is the limit.")
    except csv.Error as error:
        source.add(f"this is no CSV: {error}.", reader.line_num)
    if not header:
        source.add("it is empty.")
    source.raise_errors()
    return rows


def _check_header(source: Source, header: list[str], line: int) -> None:
    for name in dict.fromkeys(header):
        if not name or header.count(name) > 1:
            source.add(f"column {name!r} {'has no name' if not name else 'occurs twice'}.", line)
