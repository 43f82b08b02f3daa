"""Bad and borderline input, end to end: one clear error before any solving, or a partial plan with its reasons.

The rows are those on which other solvers crash, return a wrong plan or give up without a word. Each runs through
Python; what a file can hold runs through the command line too.
"""

import inspect
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vrp
from vrp.cli import main
from vrp.formats import problem_to_dict
from vrp.solution import Solution

SQUARE = [[0, 0], [1, 0], [0, 1], [-1, 0], [0, -1], [2, 2]]
"""A depot and five stops."""
STEPS = np.linalg.norm(np.array(SQUARE)[:, None] - np.array(SQUARE)[None, :], axis=-1)
WINDOWS = [[0.0, 100.0]] * 5
HELSINKI = [[60.1, 24.9], [60.11, 24.91], [60.12, 24.92], [60.13, 24.93], [60.14, 24.94], [60.15, 24.95]]


def changed(matrix: Any, row: int, column: int, value: float) -> Any:
    """Return a copy with another value in one place."""
    copy = np.array(matrix, dtype=float)
    copy[row, column] = value
    return copy


def replaced(values: list[Any], index: int, value: Any) -> list[Any]:
    """Return a copy with another value in one place."""
    return [value if i == index else v for i, v in enumerate(values)]


def solved(problem: vrp.Problem) -> Solution:
    """Solve with few iterations; whatever comes out has passed the checker, up to unserved stops."""
    solution = vrp.solve(problem, max_iterations=200, threads=1)
    assert {v.kind for v in vrp.check(problem, solution)} <= {"unserved"}
    return solution


# What is wrong is an error, before any solving

ERRORS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing": ({}, ["empty", "coords"]),
    "no location": ({"coords": np.zeros((0, 2))}, ["empty"]),
    "depot only": ({"coords": SQUARE[:1]}, ["empty", "Add at least one stop"]),
    "more depots than locations": ({"coords": SQUARE, "num_depots": 7}, ["empty", "7"]),
    "no vehicle": ({"coords": SQUARE, "vehicles": []}, ["no vehicle", "Add"]),
    "0 vehicles of a type": ({"coords": SQUARE, "vehicles": [{"count": 0}]}, ["Vehicle type 0", "count", "0"]),
    "NaN distance": ({"distance": changed(STEPS, 1, 2, math.nan)}, ["distance", "nan", "stop 1", "stop 2"]),
    "infinite distance": ({"distance": changed(STEPS, 1, 2, math.inf)}, ["distance", "inf", "stop 1", "stop 2"]),
    "negative distance": ({"distance": changed(STEPS, 4, 3, -1)}, ["distance", "-1", "stop 4", "stop 3"]),
    "NaN duration": ({"distance": STEPS, "duration": changed(STEPS, 1, 0, math.nan)}, ["duration", "nan", "stop 1"]),
    "non-zero diagonal": ({"distance": changed(STEPS, 2, 2, 3)}, ["itself", "3", "stop 2"]),
    "non-square": ({"distance": STEPS[:5]}, ["5x6", "square"]),
    "ragged": ({"distance": [[0, 1], [1]]}, ["distance"]),
    "matrix smaller than the stops": ({"distance": STEPS[:4, :4], "demand": np.ones(5)}, ["demand", "5", "3"]),
    "matrices of different sizes": (
        {"distance": STEPS, "duration": STEPS[:4, :4]},
        ["duration", "4x4", "6x6", "by `distance`"],
    ),
    "matrix and coordinates differ": ({"distance": STEPS, "coords": SQUARE[:4]}, ["coords", "4", "6"]),
    "text for numbers": ({"coords": SQUARE, "demand": ["1", "x", 2, 3, 4]}, ["demand", "text"]),
    "NaN coordinate": ({"coords": [[0, 0], [math.nan, 1]]}, ["coords", "nan", "stop 1"]),
    "NaN demand": ({"coords": SQUARE, "demand": [1, 1, math.nan, 1, 1], "capacity": 5}, ["nan", "stop 3"]),
    "negative demand": ({"coords": SQUARE, "demand": [1, 1, -1, 1, 1], "capacity": 5}, ["-1", "stop 3", "pickup"]),
    "negative service": ({"coords": SQUARE, "service": [0, 0, 0, 0, -5]}, ["service", "-5", "stop 5"]),
    "zero capacity": ({"coords": SQUARE, "demand": np.ones(5), "capacity": 0}, ["capacity", "0"]),
    "negative capacity": ({"coords": SQUARE, "demand": np.ones(5), "capacity": -5}, ["capacity", "-5"]),
    "NaN capacity": ({"coords": SQUARE, "demand": np.ones(5), "capacity": math.nan}, ["capacity", "nan"]),
    "window ends before it starts": (
        {"coords": SQUARE, "time_windows": replaced(WINDOWS, 2, [5.0, 3.0])},
        ["time_windows", "5", "3", "stop 3"],
    ),
    "too few windows": ({"coords": SQUARE, "time_windows": WINDOWS[:3]}, ["time_windows", "3", "5"]),
    "unknown key": ({"coords": SQUARE, "demnad": np.ones(5)}, ["'demnad'", "Did you mean 'demand'?"]),
    "unknown key of a vehicle": (
        {"coords": SQUARE, "vehicles": [{"capasity": 3}]},
        ["'capasity'", "Did you mean 'capacity'?"],
    ),
    "duplicate names": ({"coords": SQUARE, "names": ["d", "a", "b", "b", "c", "e"]}, ["names", "unique", "'b'"]),
    "lat and lon swapped at one stop": (
        {"coords": replaced(HELSINKI, 3, [24.93, 60.13]), "crs": "latlon"},
        ["Stop 3", "km", "swapped"],
    ),
    "lat and lon swapped at the only stop": (
        {"coords": [HELSINKI[0], HELSINKI[1][::-1]], "crs": "latlon"},
        ["Stop 1", "km from depot 0", "swapped"],
    ),
    "a latitude that is none": ({"coords": [[24.9, 60.1], [124.9, 60.2]], "crs": "latlon"}, ["124.9", "stop 1"]),
    "milliseconds against seconds": (
        {"distance": STEPS * 1e5, "duration": STEPS * 1e5, "time_windows": np.array(WINDOWS)},
        ["units"],
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_what_is_wrong_is_one_clear_error(case: str) -> None:
    """It names the field, the value and the stop or vehicle, and comes when the problem is made."""
    arguments, words = ERRORS[case]
    with pytest.raises(vrp.ProblemError) as caught:
        vrp.Problem.from_arrays(**arguments)
    for word in words:
        assert word in str(caught.value)


def test_one_mistake_is_one_error() -> None:
    """Coordinates that are wrong are not missing as well; two places far apart are no mistake by themselves."""
    with pytest.raises(vrp.ProblemError) as caught:
        vrp.Problem.from_arrays(coords=[[0, 0], [math.nan, 1]])
    assert len(caught.value.errors) == 1
    vrp.Problem.from_latlon([40.7, 34.1], [-74.0, -118.2])


def test_all_errors_come_together() -> None:
    """Whoever mends a file needs one look, not one per mistake."""
    with pytest.raises(vrp.ProblemError) as caught:
        vrp.Problem.from_arrays(
            coords=SQUARE, demand=[1, -1, 1, 1, 1], capacity=-2, service=math.nan, time_windows=[[9, 2]] * 5
        )
    assert len(caught.value.errors) == 4


# What cannot be served is a partial plan with reasons

PARTIAL: dict[str, tuple[dict[str, Any], int, set[int] | None, list[str]]] = {
    "demand above every capacity": ({"coords": SQUARE, "demand": [1, 1, 9, 1, 1], "capacity": 3}, 1, {3}, ["9", "3"]),
    "fleet too small": (
        {"coords": SQUARE, "demand": np.ones(5), "vehicles": [vrp.VehicleType(count=1, capacity=(3,))]},
        2,
        None,
        [],
    ),
    "window that nobody reaches": (
        {"coords": SQUARE, "time_windows": replaced(WINDOWS, 4, [0.0, 1.0]), "demand": np.ones(5), "capacity": 9},
        1,
        {5},
        ["window"],
    ),
    "too far for a day": (
        {"coords": SQUARE, "vehicles": [vrp.VehicleType(max_distance=4.0)]},
        1,
        {5},
        ["distance"],
    ),
    "allowed for nobody": ({"coords": SQUARE, "allowed": [[True, True, False, True, True]]}, 1, {3}, ["allowed"]),
}


@pytest.mark.parametrize("case", PARTIAL)
def test_what_cannot_be_served_is_left_out_with_a_reason(case: str) -> None:
    """The rest is routed; each stop left out says why and what would help."""
    arguments, count, stops, words = PARTIAL[case]
    solution = solved(vrp.Problem.from_arrays(**arguments))
    assert solution.status.name == "PARTIAL"
    assert len(solution.unserved) == count
    assert stops is None or {u.stop for u in solution.unserved} == stops
    for unserved in solution.unserved:
        assert unserved.reason
        assert unserved.hint
        for word in words:
            assert word in unserved.reason.lower() + unserved.hint.lower()


def test_nothing_can_be_served() -> None:
    """That is an empty plan with a reason for every stop, not an error."""
    solution = solved(vrp.Problem.from_arrays(coords=SQUARE, demand=np.full(5, 9), capacity=3))
    assert solution.status.name == "EMPTY"
    assert len(solution.unserved) == 5
    assert all(u.reason and u.required for u in solution.unserved)


# What is unusual but right is solved, and honestly

FINE: dict[str, tuple[dict[str, Any], float]] = {
    "one stop": ({"coords": SQUARE[:2]}, 2.0),
    "all demands 0": ({"coords": SQUARE[:2], "demand": [0], "capacity": 1}, 2.0),
    "a unit square in floats": ({"distance": STEPS[:3, :3]}, 2 + math.sqrt(2)),
    "values times 1e12": ({"distance": STEPS[:2, :2] * 1e12, "demand": [1e12], "capacity": 1e12}, 2e12),
    "values times 1e-9": ({"distance": STEPS[:3, :3] * 1e-9}, (2 + math.sqrt(2)) * 1e-9),
    "all in one place": ({"coords": [[3, 3]] * 4}, 0.0),
    "integers": ({"distance": [[0, 2], [3, 0]]}, 5.0),
    "more depots than used": ({"coords": [[9, 9], *SQUARE[:2]], "num_depots": 2, "vehicles": [
        {"start_depot": 1, "end_depot": 1}]}, 2.0),
}  # fmt: skip


@pytest.mark.parametrize("case", FINE)
def test_the_unusual_is_solved_at_its_true_cost(case: str) -> None:
    """Floats stay floats, whatever their size."""
    arguments, cost = FINE[case]
    solution = solved(vrp.Problem.from_arrays(**arguments))
    assert solution.status.name == "COMPLETE"
    assert solution.cost == pytest.approx(cost, rel=1e-9, abs=1e-30)


# The same through files and the command line


def valid() -> dict[str, Any]:
    """Return a good problem as our JSON."""
    problem = vrp.Problem.from_arrays(
        coords=SQUARE, demand=np.ones(5), capacity=3, time_windows=WINDOWS, names=["hub", "a", "b", "c", "d", "e"]
    )
    return problem_to_dict(problem)


FILES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "empty": ({"coords": [[0.0, 0.0]], "delivery": [], "service": [], "time_windows": [], "names": ["hub"]}, ["empty"]),
    "no vehicle": ({"vehicles": []}, ["no vehicle"]),
    "negative capacity": ({"vehicles": [{"capacity": [-1.0]}]}, ["capacity", "-1"]),
    "unknown key": ({"tme_windows": []}, ["'tme_windows'", "Did you mean 'time_windows'?"]),
    "unknown key of a vehicle": ({"vehicles": [{"capasity": [3.0]}]}, ["'capasity'", "Did you mean 'capacity'?"]),
    "NaN": ({"service": [0.0, 0.0, math.nan, 0.0, 0.0]}, ["NaN"]),
    "infinity": ({"service": [0.0, 0.0, math.inf, 0.0, 0.0]}, ["Infinity"]),
    "negative demand": ({"delivery": [[1.0], [1.0], [-1.0], [1.0], [1.0]]}, ["-1", "'c'"]),
    "window ends before it starts": ({"time_windows": [[[9.0, 2.0]]] + [[[0.0, 9.0]]] * 4}, ["9", "2", "'a'"]),
    "zero character": (
        {"names": ["hub", "a\0", "b", "c", "d", "e"]},
        ["`names` must be texts, not empty and without zero characters, but holds 'a\\x00'"],
    ),
    "zero character in a vehicle": ({"vehicles": [{"name": "v\0"}]}, ["without zero characters, but is 'v\\x00'"]),
    "duplicate names": ({"names": ["hub", "a", "b", "b", "d", "e"]}, ["'b'"]),
    "non-square": ({"distance": [[[0.0, 1.0]] * 3]}, ["distance", "3x2"]),
    "text for numbers": ({"service": ["one"] * 5}, ["service"]),
}


@pytest.mark.parametrize("case", FILES)
def test_a_wrong_file_is_exit_code_2_and_names_the_file(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One message on stderr, nothing on stdout, no traceback, no output file."""
    changes, words = FILES[case]
    path, out = tmp_path / "problem.json", tmp_path / "plan.sol"
    path.write_text(json.dumps(valid() | changes))
    assert main(["solve", str(path), "--time", "60", "--out", str(out)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "problem.json" in shown.err
    assert "Traceback" not in shown.err
    for word in words:
        assert word in shown.err
    assert not out.exists()


def test_a_partial_plan_is_written_and_exits_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The summary names the stop that is left out and why."""
    path, out = tmp_path / "problem.json", tmp_path / "plan.json"
    path.write_text(json.dumps(valid() | {"delivery": [[1.0], [1.0], [7.0], [1.0], [1.0]]}))
    assert main(["solve", str(path), "--iterations", "100", "--threads", "1", "--out", str(out)]) == 3
    shown = capsys.readouterr().out
    assert "unserved" in shown.lower()
    (left_out,) = json.loads(out.read_text())["unserved"]
    assert left_out["name"] == "c"
    assert left_out["reason"] in shown


def test_stops_in_a_table_are_blamed_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A CSV pair with swapped coordinates in one row."""
    rows = "".join(f"s{i},{lat},{lon},{min(i, 1)}\n" for i, (lat, lon) in enumerate(HELSINKI))
    (tmp_path / "stops.csv").write_text("name,lat,lon,demand\n" + rows.replace("60.13,24.93", "24.93,60.13"))
    (tmp_path / "vehicles.csv").write_text("count,capacity\n2,9\n")
    assert main(["solve", str(tmp_path / "stops.csv")]) == 2
    message = capsys.readouterr().err
    assert "s3" in message
    assert "swapped" in message


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: vrp.Problem.from_arrays(coords=np.eye(2), vehicles={"end": 0}), "Did you mean 'end_depot'?"),
        (lambda: vrp.Problem.from_arrays(coords=np.eye(2), vehicles={"start": 0}), "Did you mean 'start_depot'?"),
        (lambda: vrp.Problem.from_arrays(coords=np.eye(2), time_windows=[[0, 9], [0, 9]]), "Leave out the depots."),
        (lambda: vrp.Problem.from_frame({"x": ["0", "1,5"], "y": [0, 1]}), "Use a point: 1.5."),
        (lambda: vrp.Problem.from_frame({"x": [0, 1], "y": [0, 1], "demand": [0, "2,5"]}), "Use a point: 2.5"),
        (
            lambda: vrp.Problem.from_frame({"x": [0, 1], "y": [0, 1]}, {"name": ["a"], "fixed_cost": ["7,25"]}),
            "Use a point: 7.25.",
        ),
        (
            lambda: vrp.Problem.from_frame({"x": [0, 1], "y": [0, 1], "demand": [0, "1,200"]}),
            "Write 1200, or 1.200 if the comma is a decimal one.",
        ),
        (
            lambda: vrp.Problem.from_frame({"x": [0, 1], "y": [0, 1], "demand": [0, "1,234,000.5"]}),
            "Leave out the commas: 1234000.5.",
        ),
        (lambda: vrp.Problem.from_frame({"lat": [0, 1], "lon": [0, 181]}), "Is it metres? Give `x` and `y`."),
        (lambda: vrp.Problem.from_latlon([0, 1], [0, 181]), "Use Problem.from_arrays with crs='planar'."),
        (lambda: vrp.Problem.from_arrays(distance="abc"), "`distance` must be numbers in rows"),
        (lambda: vrp.Problem.from_arrays(distance=7), "`distance` has shape a single number, but needs one row per"),
    ],
)
def test_slips_get_the_remedy(make: Callable[[], vrp.Problem], words: str) -> None:
    """Keys of tables in dicts, windows of the depots and decimal commas are told what to write instead."""
    with pytest.raises(vrp.ProblemError) as caught:
        make()
    assert words in str(caught.value)


def table_of(**columns: list[Any]) -> Callable[[], vrp.Problem]:
    return lambda: vrp.Problem.from_frame({"lat": [60.1, 60.2, 60.3], "lon": [24.1, 24.2, 24.3], **columns})


@pytest.mark.parametrize(
    ("make", "theirs", "ours"),
    [
        (lambda: vrp.Problem.from_arrays(coords=SQUARE, demand=-1), "`demand`", "`delivery`"),
        (lambda: vrp.Problem.from_arrays(coords=SQUARE, delivery=-1), "`delivery`", "`demand`"),
        (lambda: vrp.Problem.from_arrays(coords=SQUARE, demand=1, pickup=-1), "Use `demand`", "`delivery`"),
        (lambda: vrp.Problem.from_latlon([60, math.nan], [24, 25]), "`lat` and `lon`", "`coords`"),
        (lambda: vrp.Problem.from_latlon([24, 25], [160, 260]), "Longitudes", "`coords`"),
        (table_of(demand=[0, -1, 2]), "`demand`", "`delivery`"),
        (table_of(lat=[60.1, math.inf, 60.2]), "`lat` and `lon`", "`coords`"),
        (table_of(open=[-1, 0, 0]), "`open` to `close`", "window"),
        (table_of(open=[0, 1, 5], close=[9, 5, 9], open_2=["", 3, ""], close_2=["", 8, ""]), "overlap", "`"),
        (table_of(service_min=[0, -1, 1]), "`service_min` (in seconds)", "`service`"),
    ],
)
def test_errors_speak_the_users_words(make: Callable[[], vrp.Problem], theirs: str, ours: str) -> None:
    """A field is called in errors what the caller called it."""
    with pytest.raises(vrp.ProblemError) as caught:
        make()
    assert theirs in str(caught.value)
    assert ours not in str(caught.value)


def test_errors_of_tables_tell_what_can_be_done_in_a_file(tmp_path: Path) -> None:
    """A file has no arguments: columns are deleted, and the vehicles tell the depot."""
    (tmp_path / "stops.csv").write_text("name,lat,lon,demand,phone\na,60.1,24.1,2,5\nb,60.2,24.2,2,6\n")
    (tmp_path / "vehicles.csv").write_text("capacity\n9\n")
    with pytest.raises(vrp.ProblemError, match="unknown column 'phone'.*Delete it, or read the tables yourself"):
        vrp.read(tmp_path)
    (tmp_path / "stops.csv").write_text("name,lat,lon,demand\na,60.1,24.1,2\nb,60.2,24.2,2\n")
    with pytest.raises(
        vrp.ProblemError, match="Say where the depot is in the column `start` of the vehicles: the name"
    ):
        vrp.read(tmp_path)
    (tmp_path / "vehicles.csv").write_text("capacity,start\n9,c\n")
    with pytest.raises(vrp.ProblemError, match="`start`, `end` or `reload_depots` is 'c', but no row of `stops`"):
        vrp.read(tmp_path)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: vrp.solve(vrp.Problem(coords=SQUARE), sede=3), "solve has no argument 'sede'. Did you mean 'seed'?"),
        (lambda: vrp.solve_many([], tread=3), "solve_many has no argument 'tread'. Did you mean 'threads'?"),
        (lambda: vrp.read("x.json", roundin="exact"), "read has no argument 'roundin'. Did you mean 'rounding'?"),
        (lambda: vrp.Builder(sped=3), "Builder has no argument 'sped'. Did you mean 'speed'?"),
        (lambda: vrp.Builder().build(distanc=3), "Builder.build has no argument 'distanc'. Did you mean 'distance'?"),
        (lambda: vrp.VehicleType(capcity=3), "VehicleType has no argument 'capcity'. Did you mean 'capacity'?"),
        (lambda: vrp.Break(0, finish=3), "Break has no argument 'finish'. Allowed: start, end."),
        (lambda: vrp.Problem(coordz=1), "Problem has no argument 'coordz'. Did you mean 'coords'?"),
    ],
)
def test_unknown_keywords_are_our_error_and_pythons(call: Callable[[], object], message: str) -> None:
    """They name what was probably meant; whoever expects Python's TypeError gets one."""
    with pytest.raises(vrp.OptionError) as caught:
        call()
    assert str(caught.value) == message
    assert isinstance(caught.value, TypeError)


def test_signatures_stay_for_help() -> None:
    """Refusing unknown keywords hides no argument."""
    assert list(inspect.signature(vrp.solve).parameters)[:3] == ["problem", "time_limit", "solver"]
    assert list(inspect.signature(vrp.Break).parameters) == ["start", "end"]
    assert "capacity" in str(inspect.signature(vrp.VehicleType))
