"""Edge weights of TSPLIB and VRPLIB files: how far it is from node to node, as the file's header says."""

from typing import Any

import numpy as np

from vrp.errors import OptionError, suggest
from vrp.formats.source import MAX_LOCATIONS, MAX_MATRIX_LOCATIONS
from vrp.formats.vrplib_text import Sheet, stream
from vrp.problem import Floats

KEYS = (
    "EDGE_WEIGHT_TYPE",
    "EDGE_WEIGHT_FORMAT",
    "EDGE_WEIGHT_ROUNDING",
    "EDGE_WEIGHT_UNIT_OF_MEASUREMENT",
    "NODE_COORD_TYPE",
    "DISPLAY_DATA_TYPE",
)
SECTIONS = ("NODE_COORD_SECTION", "DISPLAY_DATA_SECTION", "EDGE_WEIGHT_SECTION")

PLANAR = ("EUC_2D", "CEIL_2D")
TYPES = (*PLANAR, "MAN_2D", "MAX_2D", "GEO", "ATT", "EXPLICIT")
# Column-wise formats of a symmetric matrix are row-wise ones of the other triangle.
FORMATS = {
    "FULL_MATRIX": "full",
    "UPPER_ROW": "upper",
    "LOWER_COL": "upper",
    "LOWER_ROW": "lower",
    "UPPER_COL": "lower",
    "UPPER_DIAG_ROW": "upper diagonal",
    "LOWER_DIAG_COL": "upper diagonal",
    "LOWER_DIAG_ROW": "lower diagonal",
    "UPPER_DIAG_COL": "lower diagonal",
}
UNITS = {"sec": "duration", "s": "duration", "km": "distance", "m": "distance"}
EARTH_RADIUS_KM, PI = 6378.388, 3.141592
"""As TSPLIB95 defines them for GEO; better values would give other distances."""


def edge_weight_type(sheet: Sheet, dimension: int) -> str:
    """Return the EDGE_WEIGHT_TYPE; unknown ones and sizes beyond the limits are errors raised at once."""
    source = sheet.source
    if "EDGE_WEIGHT_TYPE" not in sheet.values:
        raise source.failure(f"EDGE_WEIGHT_TYPE is missing.{suggest('', TYPES)}")
    text, line = sheet.values["EDGE_WEIGHT_TYPE"]
    kind = text.upper()
    if kind not in TYPES:
        raise source.failure(f"EDGE_WEIGHT_TYPE {text[:40]!r} is not supported.{suggest(kind, TYPES)}", line)
    limit = MAX_LOCATIONS if kind in PLANAR else MAX_MATRIX_LOCATIONS
    if dimension > limit:
        raise source.failure(
            f"DIMENSION is {dimension}, but the limit is {limit} for EDGE_WEIGHT_TYPE {kind}.", sheet.line("DIMENSION")
        )
    for key, allowed in (
        ("DISPLAY_DATA_TYPE", ("COORD_DISPLAY", "TWOD_DISPLAY", "NO_DISPLAY")),
        ("NODE_COORD_TYPE", ("TWOD_COORDS", "NO_COORDS")),
        ("EDGE_WEIGHT_UNIT_OF_MEASUREMENT", tuple(UNITS)),
        ("EDGE_WEIGHT_ROUNDING", ("exact", "nearest", "truncate1")),
    ):
        if key in sheet.values and sheet.values[key][0] not in allowed:
            value, at = sheet.values[key]
            source.add(f"{key} {value[:40]!r} is not supported.{suggest(value, allowed)}", at)
    return kind


def network(sheet: Sheet, kind: str, coords: Floats | None, dimension: int, rounding: str, auto: str) -> dict[str, Any]:
    """Return the fields of a problem that say how far it is, in the file's order of nodes.

    `auto` is the rounding that `rounding="auto"` stands for.
    """
    if kind == "EXPLICIT":
        return _explicit(sheet, coords, dimension, rounding)
    for key in ("EDGE_WEIGHT_SECTION", "EDGE_WEIGHT_UNIT_OF_MEASUREMENT"):
        if key in sheet.sections or key in sheet.values:
            sheet.source.add(f"{key} is only for EDGE_WEIGHT_TYPE EXPLICIT, got {kind}.", sheet.line(key))
    if "EDGE_WEIGHT_FORMAT" in sheet.values and sheet.values["EDGE_WEIGHT_FORMAT"][0].upper() != "FUNCTION":
        text, line = sheet.values["EDGE_WEIGHT_FORMAT"]
        sheet.source.add(f"EDGE_WEIGHT_FORMAT {text[:40]!r} does not go with EDGE_WEIGHT_TYPE {kind}.", line)
    if coords is None:
        raise sheet.source.failure(f"EDGE_WEIGHT_TYPE {kind} needs a NODE_COORD_SECTION.")
    if kind == "EUC_2D":
        rule = auto if rounding == "auto" else rounding
        return {"coords": coords, "rounding": rule, "notes": (rounding_note(rule, rounding == "auto"),)}
    if rounding != "auto":
        raise OptionError(
            f"Rounding {rounding!r} cannot be applied: EDGE_WEIGHT_TYPE {kind} defines its own. Use 'auto'."
        )
    if kind == "CEIL_2D":
        return {"coords": coords, "rounding": "ceil"}
    note = f"Distances are integers as EDGE_WEIGHT_TYPE {kind} defines them."
    if kind == "GEO":
        if np.any(np.abs(coords) > (90, 180)):
            raise sheet.source.failure("GEO nodes must be latitude (-90 to 90) and longitude (-180 to 180), DDD.MM.")
        degrees = np.trunc(coords) + (coords - np.trunc(coords)) / 0.6
        return {"coords": degrees, "crs": "latlon", "distance": _geo(coords), "notes": (note,)}
    with np.errstate(over="ignore"):
        x, y = (np.abs(coords[:, None, k] - coords[None, :, k]) for k in (0, 1))
        if kind == "ATT":
            matrix = np.ceil(np.sqrt((x**2 + y**2) / 10))
        else:
            matrix = _nearest(x + y) if kind == "MAN_2D" else _nearest(np.maximum(x, y))
    return {"coords": coords, "distance": matrix, "notes": (note,)}


def rounding_note(rule: str, convention: bool) -> str:
    """Return the note that says which rounding was used and why."""
    why = "the convention of this format" if convention else "what was asked for"
    return f"Distances are not rounded, {why}." if rule == "exact" else f"Rounding {rule!r} is {why}."


def _explicit(sheet: Sheet, coords: Floats | None, dimension: int, rounding: str) -> dict[str, Any]:
    source = sheet.source
    if "EDGE_WEIGHT_SECTION" not in sheet.sections or "EDGE_WEIGHT_FORMAT" not in sheet.values:
        raise source.failure("EDGE_WEIGHT_TYPE EXPLICIT needs EDGE_WEIGHT_FORMAT and an EDGE_WEIGHT_SECTION.")
    text, line = sheet.values["EDGE_WEIGHT_FORMAT"]
    if text.upper() not in FORMATS:
        raise source.failure(f"EDGE_WEIGHT_FORMAT {text[:40]!r} is not supported.{suggest(text, FORMATS)}", line)
    if "EDGE_WEIGHT_ROUNDING" in sheet.values:
        source.add("EDGE_WEIGHT_ROUNDING is only for EDGE_WEIGHT_TYPE EUC_2D.", sheet.line("EDGE_WEIGHT_ROUNDING"))
    matrix = _matrix(sheet, FORMATS[text.upper()], dimension)
    np.fill_diagonal(matrix, 0.0)  # Some files forbid the leg from a node to itself by a large number.
    if rounding in ("nearest", "truncate1"):
        matrix = _nearest(matrix) if rounding == "nearest" else np.floor(10 * matrix) / 10
    notes = () if rounding == "auto" else (rounding_note(rounding, False),)
    out: dict[str, Any] = {"distance": matrix}
    if coords is not None:
        out["coords"] = coords
    if "EDGE_WEIGHT_UNIT_OF_MEASUREMENT" in sheet.values:
        unit = sheet.values["EDGE_WEIGHT_UNIT_OF_MEASUREMENT"][0]
        if UNITS.get(unit) == "duration":
            out["duration"] = out.pop("distance")
        elif unit == "km":
            notes = (*notes, "Distances are kilometres.")
        # Only files with roads behind their matrix name a unit; their coordinates are latitude and longitude.
        out["crs"] = "latlon"
    return out | {"notes": notes}


def _matrix(sheet: Sheet, form: str, dimension: int) -> Floats:
    """Return the square matrix of an EDGE_WEIGHT_SECTION."""
    n = dimension
    counts = {"full": n * n, "upper": n * (n - 1) // 2, "lower": n * (n - 1) // 2}
    section = sheet.sections["EDGE_WEIGHT_SECTION"]
    values = stream(sheet.source, section, counts.get(form, n * (n + 1) // 2))
    if values is None:
        sheet.source.raise_errors()
    assert values is not None
    if form == "full":
        return values.reshape(n, n)
    diagonal = 0 if form.endswith("diagonal") else 1
    half = np.zeros((n, n))
    half[np.triu_indices(n, diagonal) if form.startswith("upper") else np.tril_indices(n, -diagonal)] = values
    np.fill_diagonal(half, 0.0)
    return half + half.T


def _geo(coords: Floats) -> Floats:
    """Return TSPLIB95's distances on the globe of nodes at DDD.MM (degrees and minutes)."""
    degrees = np.trunc(coords)
    radians = PI * (degrees + 5.0 * (coords - degrees) / 3.0) / 180.0
    lat, lon = radians[:, 0], radians[:, 1]
    q1 = np.cos(lon[:, None] - lon[None, :])
    q2 = np.cos(lat[:, None] - lat[None, :])
    q3 = np.cos(lat[:, None] + lat[None, :])
    cosine = np.clip(0.5 * ((1.0 + q1) * q2 - (1.0 - q1) * q3), -1.0, 1.0)
    matrix: Floats = np.floor(EARTH_RADIUS_KM * np.arccos(cosine) + 1.0)
    np.fill_diagonal(matrix, 0.0)
    return matrix


def _nearest(values: Floats) -> Floats:
    return np.asarray(np.floor(values + 0.5))
