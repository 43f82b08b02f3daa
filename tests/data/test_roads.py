"""Road tables: what OSRM answers is either a complete table or an error that says which stop is to blame and why."""

import copy
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrp import Problem, VrpError
from vrp.data import OsrmError, SnapWarning, read_osrm_table
from vrp.errors import FormatError, ProblemError

PLACES = np.array([[60.1692, 24.9392], [60.1697, 24.9385], [60.1674, 24.9384], [60.1649, 24.9420]])
SECONDS = np.array([[0, 30, 40, 50], [35, 0, 20, 60], [45, 25, 0, 30], [52, 61, 33, 0]], dtype=float)
NAMES = ["depot", "bakery", "school", "museum"]


def saved_answer(**changes: Any) -> dict[str, Any]:
    """Four places in OSRM's own shape."""
    places = [{"location": [lon, lat], "distance": 3.0, "name": ""} for lat, lon in PLACES]
    whole = {
        "code": "Ok",
        "durations": SECONDS.tolist(),
        "distances": (10 * SECONDS).tolist(),
        "sources": places,
        "destinations": copy.deepcopy(places),
    }
    return whole | changes


def moved(index: int, metres: float) -> dict[str, Any]:
    """The same answer with one place that lies some metres off the road."""
    answer = saved_answer()
    for key in ("sources", "destinations"):
        answer[key][index]["distance"] = metres
    return answer


def without(rows: list[int], columns: list[int]) -> dict[str, Any]:
    """The same answer with no route from some places and to some others."""
    seconds = SECONDS.astype(object)
    for i in range(4):
        for j in range(4):
            if i != j and (i in rows or j in columns):
                seconds[i, j] = None
    return saved_answer(durations=seconds.tolist())


def test_square_answer_becomes_matrices() -> None:
    """Rows are origins, and lon, lat of the file becomes lat, lon."""
    table = read_osrm_table(saved_answer())
    assert np.array_equal(table.duration, SECONDS)
    assert np.array_equal(table.distance, 10 * SECONDS)
    assert np.array_equal(table.snapped, PLACES)
    assert np.array_equal(table.coords, PLACES)
    with pytest.raises(ValueError, match="read-only"):
        table.duration[0, 0] = 1


def test_table_makes_a_problem() -> None:
    """The arrays go straight into a problem, with the places that were asked for as coordinates."""
    asked = PLACES + 1e-4
    problem = Problem.from_arrays(
        **read_osrm_table(saved_answer(), points=asked).arrays(), demand=[1, 2, 3], capacity=6
    )
    assert problem.crs == "latlon"
    assert np.array_equal(problem.coords, asked)
    distance, duration = problem.legs(1, 3)
    assert (distance, duration) == (600, 60)


def test_durations_alone_are_enough() -> None:
    """OSRM answers with durations only unless it is asked for more."""
    answer = saved_answer()
    del answer["distances"]
    table = read_osrm_table(answer)
    assert table.distance is None
    assert set(table.arrays()) == {"coords", "crs", "duration"}


def test_saved_file_is_read(tmp_path: Path) -> None:
    """A path stands for the JSON in it; a path that is not there is our own error."""
    file = tmp_path / "table.json"
    file.write_text(json.dumps(saved_answer()))
    assert np.array_equal(read_osrm_table(file).duration, SECONDS)
    with pytest.raises(FormatError, match=r"absent\.json cannot be read"):
        read_osrm_table(tmp_path / "absent.json")


def test_missing_route_names_the_stop() -> None:
    """A stop that nobody reaches is to blame, not every pair that it is part of."""
    with pytest.raises(ProblemError) as error:
        read_osrm_table(without([2], [2]), names=NAMES)
    assert "'school' cannot reach 3 and cannot be reached from 3 of the 3 others" in str(error.value)
    assert "bakery" not in str(error.value)


def test_one_way_trap_names_the_stop() -> None:
    """A stop that can be reached but not left is told apart."""
    with pytest.raises(ProblemError, match="'museum' cannot reach 3 and cannot be reached from 0"):
        read_osrm_table(without([3], []), names=NAMES)


def test_snapping_far_warns_and_farther_fails() -> None:
    """Within 300 m is silent, within 5 km warns, beyond is an error; each names the stop."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_osrm_table(moved(1, 299.0), names=NAMES)
    with pytest.warns(SnapWarning, match=r"'bakery' \(301 m\)") as caught:
        read_osrm_table(moved(1, 301.0), names=NAMES)
    assert caught[0].filename == __file__
    with pytest.raises(ProblemError, match=r"'bakery' lies 5\.1 km from any road"):
        read_osrm_table(moved(1, 5100.0), names=NAMES)
    with pytest.warns(SnapWarning):
        read_osrm_table(moved(1, 5100.0), max_snap=6000)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (None, "look swapped"),
        (PLACES[:, ::-1], "look swapped: give latitude first"),
        (PLACES - 40.0, "map is of another region"),
    ],
)
def test_all_points_off_the_map(asked: np.ndarray | None, says: str) -> None:
    """Swapped coordinates are told from a wrong map where the points are known."""
    answer = saved_answer(durations=np.zeros((4, 4)).tolist())
    for key in ("sources", "destinations"):
        for place in answer[key]:
            place["distance"] = 4_865_000.0
    with pytest.raises(ProblemError, match=says):
        read_osrm_table(answer, points=asked)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"code": None}, "no `code`"),
        ({"durations": [[1, 2], [3]]}, "no matrix of numbers"),
        ({"durations": [[0, 1], [1, 0]]}, r"shape \(2, 2\), but there are \(4, 4\)"),
        ({"durations": (SECONDS - 30).tolist()}, "negative"),
        ({"durations": (SECONDS + 1).tolist()}, "from a place to itself"),
        ({"sources": None}, "no list `sources`"),
        ({"destinations": []}, "no places in `destinations`"),
        ({"sources": saved_answer()["sources"][::-1]}, "not the same places"),
    ],
)
def test_broken_answers_are_refused(changes: dict[str, Any], says: str) -> None:
    """Whatever is missing or misshapen is said."""
    with pytest.raises(FormatError, match=says):
        read_osrm_table(saved_answer(**changes))


def test_rounding_below_zero_is_zero() -> None:
    """OSRM computes about -1 m between places snapped closely together; that is no distance below 0."""
    metres = 10 * SECONDS
    metres[1, 2] = -1.1
    assert read_osrm_table(saved_answer(distances=metres.tolist())).distance[1, 2] == 0


@pytest.mark.parametrize(
    ("points", "says"),
    [
        ([[60, 24], [60.1, np.nan]], "'1' is at latitude 60.1, longitude nan"),
        ([[120.0, 24], [60.1, 24]], "Are they swapped"),
        ([[60, 24, 0], [61, 25, 0]], r"shape \(2, 3\)"),
        ([[60, 24]], "L >= 2"),
        ([["a", "b"], ["c", "d"]], "must be numbers"),
        (PLACES[:3], "table of 4 places, but 3 points"),
    ],
)
def test_points_must_be_places(points: Any, says: str) -> None:
    """Points are checked before anything else is done with them."""
    with pytest.raises(ProblemError, match=says):
        read_osrm_table(saved_answer(), points=points)


def test_one_name_per_point() -> None:
    """Names are for messages, but they must fit."""
    with pytest.raises(ProblemError, match="2 names for 4 points"):
        read_osrm_table(saved_answer(), names=["a", "b"])


@pytest.mark.parametrize(
    ("file", "error", "says"),
    [
        ("nulls_12.json", ProblemError, "49 of 144 pairs have no route.*'9', '10', '11'; all other pairs have one"),
        ("swapped_latlon_12.json", ProblemError, "look swapped"),
        ("far_point_12.json", ProblemError, r"'11' lies 1,480\.1 km from any road"),
        ("fallback_speed_12.json", ProblemError, "49 of 144 cells .* guesses"),
        ("sources_3x12.json", FormatError, "from 3 sources to 12 destinations"),
        ("toobig_120.json", OsrmError, "TooBig.*--max-table-size"),
        ("nosegment_radius.json", OsrmError, "NoSegment: .*coordinate 11.*no road near"),
    ],
)
def test_recorded_answers(benchmark_data: Path, file: str, error: type[VrpError], says: str) -> None:
    """Answers recorded from the real engine, each with its known fault."""
    with pytest.raises(error, match=says):
        read_osrm_table(benchmark_data / "osrm_fixtures" / file)


def test_recorded_clean_answer(benchmark_data: Path) -> None:
    """A clean recorded answer is taken as it is."""
    file = benchmark_data / "osrm_fixtures" / "ok_9.json"
    raw = json.loads(file.read_text())
    table = read_osrm_table(file)
    assert np.array_equal(table.duration, raw["durations"])
    assert np.array_equal(table.distance, raw["distances"])
    assert not np.array_equal(table.duration, table.duration.T)


def test_recorded_refusal_names_the_stop(benchmark_data: Path) -> None:
    """OSRM speaks of `coordinate 11`; with names the message also says which stop that is."""
    names = [f"stop {i}" for i in range(12)]
    with pytest.raises(OsrmError, match=r"coordinate 11 \('stop 11'\)"):
        read_osrm_table(benchmark_data / "osrm_fixtures" / "nosegment_radius.json", names=names)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@given(key=st.sampled_from([*saved_answer(), "fallback_speed_cells", "message"]), value=JUNK)
def test_only_own_errors_from_junk(key: str, value: Any) -> None:
    """Any value in any field gives a table or one of our errors."""
    try:
        read_osrm_table(saved_answer(**{key: value}))
    except VrpError as error:
        assert str(error)


@given(cut=st.integers(0, 1000), byte=st.integers(0, 255), where=st.integers(0, 1000))
def test_only_own_errors_from_broken_files(
    tmp_path_factory: pytest.TempPathFactory, cut: int, byte: int, where: int
) -> None:
    """Truncated and changed files give a table or one of our errors."""
    whole = bytearray(json.dumps(saved_answer()).encode())
    whole[where % len(whole)] = byte
    file = tmp_path_factory.getbasetemp() / "broken.json"
    file.write_bytes(whole[: len(whole) - cut])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SnapWarning)
            read_osrm_table(file)
    except VrpError as error:
        assert str(error)
