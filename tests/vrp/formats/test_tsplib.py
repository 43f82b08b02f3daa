"""Edge weights of TSPLIB: every type and every matrix format."""

import math

import numpy as np
import pytest

from tests.vrp.formats.samples import GEO
from vrp.errors import FormatError
from vrp.formats import read_text

FULL = np.array([[0, 1, 2, 3], [1, 0, 4, 5], [2, 4, 0, 6], [3, 5, 6, 0]])
ENTRIES = {
    "FULL_MATRIX": [(i, j) for i in range(4) for j in range(4)],
    "UPPER_ROW": [(i, j) for i in range(4) for j in range(i + 1, 4)],
    "LOWER_ROW": [(i, j) for i in range(4) for j in range(i)],
    "UPPER_DIAG_ROW": [(i, j) for i in range(4) for j in range(i, 4)],
    "LOWER_DIAG_ROW": [(i, j) for i in range(4) for j in range(i + 1)],
    "UPPER_COL": [(i, j) for j in range(4) for i in range(j)],
    "LOWER_COL": [(i, j) for j in range(4) for i in range(j + 1, 4)],
    "UPPER_DIAG_COL": [(i, j) for j in range(4) for i in range(j + 1)],
    "LOWER_DIAG_COL": [(i, j) for j in range(4) for i in range(j, 4)],
}


def explicit(form: str, numbers: str) -> str:
    return (
        f"NAME: m\nTYPE: TSP\nDIMENSION: 4\nEDGE_WEIGHT_TYPE: EXPLICIT\nEDGE_WEIGHT_FORMAT: {form}\n"
        f"EDGE_WEIGHT_SECTION\n{numbers}\nEOF\n"
    )


def planar(kind: str, nodes: list[tuple[float, float]]) -> str:
    lines = "\n".join(f"{i} {x} {y}" for i, (x, y) in enumerate(nodes, start=1))
    return f"NAME: p\nTYPE: TSP\nDIMENSION: {len(nodes)}\nEDGE_WEIGHT_TYPE: {kind}\nNODE_COORD_SECTION\n{lines}\nEOF\n"


@pytest.mark.parametrize("form", ENTRIES)
@pytest.mark.parametrize("width", [1, 3, 100])
def test_matrix_formats(form: str, width: int) -> None:
    """Every format gives the same matrix, wherever its lines break."""
    tokens = [str(FULL[i, j]) for i, j in ENTRIES[form]]
    lines = [" ".join(tokens[k : k + width]) for k in range(0, len(tokens), width)]
    problem = read_text(explicit(form, "\n".join(lines)))
    assert problem.distance is not None
    assert problem.distance.tolist() == [FULL.tolist()]


def test_asymmetric_matrix_and_its_diagonal() -> None:
    """Rows are origins; a large diagonal, which some files have, counts as zero."""
    problem = read_text(explicit("FULL_MATRIX", "9999 1 2 3  4 9999 5 6  7 8 9999 9  10 11 12 9999"))
    assert problem.legs([0, 1, 3], [3, 0, 3])[0].tolist() == [3, 4, 0]


def test_wrong_matrices() -> None:
    """Too few or too many numbers, and what is no number, are errors with their line."""
    with pytest.raises(FormatError, match="line 6: EDGE_WEIGHT_SECTION has 5 numbers, expected 6"):
        read_text(explicit("UPPER_ROW", "1 2 3\n4 5"))
    with pytest.raises(FormatError, match="line 8: EDGE_WEIGHT_SECTION: '1e999' is not a finite number"):
        read_text(explicit("UPPER_ROW", "1 2 3\n4 1e999\n6"))
    with pytest.raises(FormatError, match="Did you mean 'UPPER_ROW'"):
        read_text(explicit("UPPER_ROWS", "1"))
    with pytest.raises(FormatError, match="needs EDGE_WEIGHT_FORMAT and an EDGE_WEIGHT_SECTION"):
        read_text(planar("EXPLICIT", [(0, 0), (1, 1)]))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("EUC_2D", lambda x, y: math.floor(math.hypot(x, y) + 0.5)),
        ("CEIL_2D", lambda x, y: math.ceil(math.hypot(x, y))),
        ("MAN_2D", lambda x, y: math.floor(abs(x) + abs(y) + 0.5)),
        ("MAX_2D", lambda x, y: max(math.floor(abs(x) + 0.5), math.floor(abs(y) + 0.5))),
        ("ATT", lambda x, y: math.ceil(math.sqrt((x * x + y * y) / 10))),
    ],
)
def test_planar_types(kind: str, expected: object) -> None:
    """Each type computes what TSPLIB95 defines, on integer and on fractional coordinates."""
    assert callable(expected)
    nodes = [(0.0, 0.0), (3.0, 4.0), (10.0, 0.5), (-7.25, 12.0), (6823.0, 4674.0), (7692.0, 2247.0)]
    problem = read_text(planar(kind, nodes))
    for i, (a, b) in enumerate(nodes):
        for j, (c, d) in enumerate(nodes):
            assert problem.legs(i, j)[0] == expected(a - c, b - d)


def test_geographical_distance() -> None:
    """Nodes are degrees and minutes; distances match the haversine on TSPLIB's globe, rounded up as it defines."""
    problem = read_text(GEO)
    assert problem.crs == "latlon"
    assert problem.coords[0].tolist() == pytest.approx([16 + 47 / 60, 96 + 10 / 60])
    lat, lon = np.radians(problem.coords).T
    for i in range(3):
        for j in range(3):
            h = math.sin((lat[i] - lat[j]) / 2) ** 2
            h += math.cos(lat[i]) * math.cos(lat[j]) * math.sin((lon[i] - lon[j]) / 2) ** 2
            expected = 0 if i == j else int(2 * 6378.388 * math.asin(math.sqrt(h)) + 1)
            assert problem.legs(i, j)[0] == expected
    assert problem.legs(0, 1)[0] == 153  # burma14 begins with these nodes and this distance
    with pytest.raises(FormatError, match="GEO nodes must be latitude"):
        read_text(GEO.replace("96.10", "960.1"))
