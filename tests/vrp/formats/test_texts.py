"""Solomon, Li and Lim, Schneider; which text is what; files that are none of these."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.vrp.formats.samples import CVRP, EVRPTW, LILIM, NATIVE, SOL, SOLOMON, STOPS_CSV, TEXTS, VEHICLES_CSV
from vrp.check import check, evaluate
from vrp.errors import FormatError, ProblemError
from vrp.formats import read, read_solution, read_text, write
from vrp.formats.differences import differences
from vrp.problem import Problem
from vrp.solution import Route


def test_solomon() -> None:
    """Fleet, depot window and customers arrive; distances truncate to one decimal."""
    problem = read_text(SOLOMON)
    assert (problem.name, problem.vehicles[0].count, problem.vehicles[0].capacity) == ("tiny", 25, (200,))
    assert problem.depot_windows.tolist() == [[0, 1236]]
    assert problem.time_windows[:, 0].tolist() == [[912, 967], [825, 870]]
    assert problem.delivery[:, 0].tolist() == [10, 30]
    assert problem.service.tolist() == [90, 90]
    assert problem.legs(0, 1)[0] == 18.6
    assert read_text(SOLOMON, rounding="nearest").legs(0, 1)[0] == 19


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  25         200", "  25", "line 5: expected the number of vehicles and their capacity, got '25'"),
        ("  25         200", "  2.5         200", "line 5: expected the number of vehicles"),
        (
            "    2      45",
            "    3      45",
            "line 12: customers must be numbered 0 (the depot), 1, 2, ...; expected 2, got 3",
        ),
        ("825        870         90", "825        870", "line 12: CUSTOMER has 6 values here, expected 7"),
        ("825        870", "825        x", "line 12: CUSTOMER: 'x' is not a finite number"),
        ("50          0          0", "50          5          0", "the depot must have no demand"),
        ("CUSTOMER\n", "CUSTOMS\n", "expected a name, VEHICLE"),
    ],
)
def test_solomon_errors(old: str, new: str, message: str) -> None:
    """Wrong lines are named."""
    assert old in SOLOMON
    with pytest.raises(FormatError) as caught:
        read_text(SOLOMON.replace(old, new, 1))
    assert message in str(caught.value)


def test_lilim_is_told_from_solomon() -> None:
    """Three numbers, then nine in each line: pickups and deliveries that name each other become shipments."""
    problem = read_text(LILIM)
    assert problem.shipments.tolist() == [[2, 1]]
    assert problem.shipment_load.tolist() == [[10]]
    assert problem.rounding == "exact"
    plan = evaluate(problem, [Route(0, 0, 0, (2, 1))])
    assert check(problem, plan) == []
    assert [v.kind for v in check(problem, evaluate(problem, [Route(0, 0, 0, (1, 2))]))]
    for old, new, message in (
        ("25\t200\t1", "25\t200\t2", "a speed of 0 or 1"),
        ("-10", "-9", "equal but for the sign"),
        ("90\t2\t0", "90\t7\t0", "partners must be tasks from 0 to 2"),
        ("90\t2\t0", "90\t0\t0", "either its pickup or its delivery"),
        ("90\t2\t0\n", "90\t2\n", "line 3: task list has 8 values here, expected 9"),
    ):
        with pytest.raises(FormatError, match=message):
            read_text(LILIM.replace(old, new))


def test_schneider() -> None:
    """Stations are depots that charge to full along a straight curve; names are those of the file."""
    problem = read_text(EVRPTW)
    assert (problem.num_depots, problem.names) == (2, ("D0", "S0", "C98", "C78"))
    assert problem.chargers == {1: ((0, 0), (pytest.approx(3.47 * 77.75), 77.75))}
    vehicle = problem.vehicles[0]
    assert (vehicle.battery, vehicle.consumption, vehicle.capacity, vehicle.count) == (77.75, 1, (200,), None)
    for old, new, message in (
        ("g inverse", "h inverse", "line 10: parameter h is unknown"),
        ("/77.75/", "/0/", "Q (battery capacity) must be a positive number"),
        ("v average Velocity /1.0/\n", "", "the line of v (speed) is missing"),
        ("S0         f", "S0         d", "expected one depot (type d), got 2"),
        ("58.0       75.0", "58.0", "line 4: expected 8 columns"),
    ):
        with pytest.raises(FormatError) as caught:
            read_text(EVRPTW.replace(old, new))
        assert message in str(caught.value)


def test_content_decides(tmp_path: Path) -> None:
    """Every format is recognised by its content, whatever the file is called, from a file, a stream or text."""
    for name, text in TEXTS.items():
        path = tmp_path / "file.dat"
        path.write_text(text, encoding="utf-8")
        problem = read(path)
        assert differences(problem, read_text(text)) == [], name
        assert differences(problem, read(io.StringIO(text))) == [], name
        assert differences(problem, read(str(path))) == [], name


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b"hello world", "this is none of VRPLIB"),
        (b"<html></html>", "this is none of VRPLIB"),
        (b"PK\x03\x04rest", "compressed file. Unpack it first"),
        (b"\x1f\x8b\x08", "compressed file. Unpack it first"),
        (b"\xff\xfeN\0A\0", "Save it as UTF-8"),
        (b"NAME: a\0b", "not a text file"),
        (SOL.encode(), "this is a solution, not a problem"),
        (b"[1, 2]", "expected an object {...}, got list"),
        (b'{"a": 1}', 'neither VROOM\'s (keys "vehicles" and "jobs" or "shipments") nor ours'),
        (b'{"routes": []}', "an answer of VROOM, not a problem"),
        (b'{"durations": []}', "answer of OSRM's table service"),
        (b'{"type": "FeatureCollection", "features": []}', "GeoJSON shows a plan"),
        (b'{"a": 1,}', "this is no JSON"),
        (b'{"format": "vrp-problem",\n "speed": NaN}', "line 2: NaN is not JSON"),
        (b'{"a": 1, "a": 2}', "key 'a' occurs twice"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"version": ' + b"9" * 5000 + b"}", "no JSON that can be read"),
        (VEHICLES_CSV.encode(), "this seems to be the table of vehicles"),
    ],
)
def test_other_files_are_refused(content: bytes, message: str, tmp_path: Path) -> None:
    """What is no problem is an error that begins with the file's name and says what it seems to be."""
    path = tmp_path / "given.txt"
    path.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        read(path)
    assert message in str(caught.value)
    assert "given.txt" in str(caught.value)


def test_missing_files(tmp_path: Path) -> None:
    """A file that is not there is a FormatError with a suggestion; so is a folder without tables, or no path at all."""
    (tmp_path / "C101.txt").write_text(SOLOMON, encoding="utf-8")
    with pytest.raises(FormatError, match="There is no file .*Did you mean 'C101.txt'"):
        read(tmp_path / "C102.txt")
    with pytest.raises(FormatError, match="does not exist either"):
        read(tmp_path / "no" / "C102.txt")
    with pytest.raises(FormatError, match="is a folder without stops.csv and vehicles.csv"):
        read(tmp_path)
    with pytest.raises(FormatError, match="Expected a path or an open text stream, got int"):
        read(7)  # type: ignore[arg-type]
    with pytest.raises(FormatError, match="cannot be written"):
        write(read_text(CVRP), tmp_path / "no" / "a.vrp")
    with pytest.raises(FormatError, match="the suffix chooses the format, got '.xml'"):
        write(read_text(CVRP), tmp_path / "a.xml")
    with pytest.raises(FormatError, match="Only a Problem or a Solution"):
        write(3, tmp_path / "a.vrp")  # type: ignore[arg-type]
    assert [p.name for p in tmp_path.iterdir()] == ["C101.txt"]


@pytest.mark.parametrize("reader", [read, lambda path: read_solution(path, read_text(CVRP))])
def test_an_empty_path_is_no_folder(
    reader: Callable[[str], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes from a variable that nobody set, and does not mean the tables that happen to be in this folder."""
    monkeypatch.chdir(tables(tmp_path))
    with pytest.raises(FormatError, match="The path is empty"):
        reader("")


# Tables


def tables(folder: Path, stops: str = STOPS_CSV, vehicles: str = VEHICLES_CSV) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "stops.csv").write_text(stops, encoding="utf-8")
    (folder / "vehicles.csv").write_text(vehicles, encoding="utf-8")
    return folder


def test_pair_of_tables(tmp_path: Path) -> None:
    """A folder and its table of stops are the same problem; separators and a byte order mark do not matter."""
    folder = tables(tmp_path / "day")
    problem = read(folder)
    assert (problem.name, problem.names, problem.num_depots) == ("day", ("hub", "a", "b"), 1)
    assert problem.delivery[:, 0].tolist() == [2, 1]
    assert problem.time_windows[:, 0].tolist() == [[0, float("inf")], [10, 600]]
    assert (problem.vehicles[0].count, problem.vehicles[0].shift) == (2, (0, 900))
    assert differences(problem, read(folder / "stops.csv")) == []
    other = tables(tmp_path / "day", "\ufeff" + STOPS_CSV.replace(",", ";"), VEHICLES_CSV.replace(",", "\t"))
    assert differences(problem, read(other)) == []
    assert read(folder, rounding="nearest").rounding == "nearest"


def test_vehicles_name_the_depots(tmp_path: Path) -> None:
    """Rows that vehicles start or end at are the depots."""
    stops = "name,x,y,demand\na,3,4,2\nnorth,0,9,\nsouth,0,0,\n"
    problem = read(tables(tmp_path / "d", stops, "name,capacity,start,end\n1,5,south,\n2,5,north,south\n"))
    assert (problem.num_depots, problem.names[-1]) == (2, "a")
    ends = [(problem.names[v.start_depot], problem.names[v.end_depot or 0]) for v in problem.vehicles]
    assert ends == [("south", "south"), ("north", "south")]


def test_wrong_tables(tmp_path: Path) -> None:
    """Missing partners, ragged rows, double columns and unknown columns are errors."""
    alone = tmp_path / "monday_stops.csv"
    alone.write_text(STOPS_CSV, encoding="utf-8")
    with pytest.raises(FormatError, match="there is no .*monday_vehicles.csv"):
        read(alone)
    with pytest.raises(FormatError, match="Name the file that has vehicles.csv beside it"):
        read_text(STOPS_CSV)
    for stops, message in (
        (STOPS_CSV + "c,1\n", "line 5: 2 cells, but the header has 6"),
        (STOPS_CSV.replace("demand", "x"), "column 'x' occurs twice"),
        (STOPS_CSV.replace("a,3", '"a,3'), "this is no CSV"),
    ):
        with pytest.raises(FormatError, match=message):
            read(tables(tmp_path / "day", stops))
    with pytest.raises(ProblemError, match="day.*unknown column 'demnd'. Did you mean 'demand'"):
        read(tables(tmp_path / "day", STOPS_CSV.replace("demand", "demnd")))


# Plans


def test_sol_round_trip(tmp_path: Path) -> None:
    """A written .sol reads back with the same routes; lines of unused vehicles count where vehicles differ."""
    problem = read_text(CVRP)
    plan = evaluate(problem, [Route(0, 0, 0, (1, 2)), Route(0, 0, 0, (3, 5))])
    plan.write(tmp_path / "a.sol")
    text = (tmp_path / "a.sol").read_text(encoding="utf-8")
    assert text == "Route #1: 1 2\nRoute #2: 3 5\nCost 31\n"
    assert read_solution(tmp_path / "a.sol", problem).routes == plan.routes
    vehicle = problem.vehicles[0]
    two = problem.replace(vehicles=(vehicle.__class__(count=2, capacity=(9,)), vehicle))
    plan = evaluate(two, [Route(1, 0, 0, (1, 2)), Route(0, 0, 0, (3,))])
    plan.write(tmp_path / "b.sol")
    assert (tmp_path / "b.sol").read_text(encoding="utf-8").startswith("Route #1: 3\nRoute #2:\nRoute #3: 1 2\n")
    assert {r.visits: r.vehicle_type for r in read_solution(tmp_path / "b.sol", two).routes} == {(3,): 0, (1, 2): 1}


def test_unlimited_vehicle_types_are_told_apart_by_json_only(tmp_path: Path) -> None:
    """A .sol file cannot say which of several unlimited types drives: reading and writing refuse it."""
    problem = read_text(CVRP)
    two = problem.replace(vehicles=problem.vehicles * 2)
    with pytest.raises(FormatError, match="which vehicle drives route #1 is not told"):
        read_solution(io.StringIO(SOL), two)
    with pytest.raises(ValueError, match="cannot hold this plan.*Write .json instead"):
        evaluate(two, [Route(1, 0, 0, (1,))]).write(tmp_path / "a.sol")


@pytest.mark.parametrize(
    ("cost", "fits"),
    [
        ("31", True),
        ("31.0", True),
        ("31.4", False),
        ("32", False),
        ("30", False),
        ("31000", True),
        ("31002", False),
        ("0.03100", True),
        ("0.031", False),
        ("3.1e1", True),
        ("3e1", True),
        ("0", False),
        ("-31", False),
    ],
)
def test_stated_costs(cost: str, fits: bool) -> None:
    """A stated cost fits where it is the true one (here 31) to its last digit, in a unit that is a power of ten."""
    problem = read_text(CVRP)
    plan = read_solution(io.StringIO(f"Route #1: 1 2\nRoute #2: 3 5\nCost {cost}\n"), problem)
    told = [v for v in check(problem, plan) if v.kind == "stated cost"]
    assert (not told) == fits
    if told:
        assert ", but it is 31." in str(told[0])


def test_costs_of_rounded_legs() -> None:
    """Where distances are exact, each leg may have been rounded to 0.001."""
    problem = Problem(coords=[[0, 0], [1, 1], [2, 3]])
    cost = f"Route #1: 1\nRoute #2: 2\nCost {2 * 1.414 + 2 * 3.606:.3f}"
    assert check(problem, read_solution(io.StringIO(cost), problem)) == []
    off = cost.replace("10.040", "10.044")
    assert [v.kind for v in check(problem, read_solution(io.StringIO(off), problem))] == ["stated cost"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Route #1: 1 x\n", "line 1: 'x' is not the number of a location"),
        ("Route #1: 1 -2\n", "'-2' is not the number of a location"),
        ("Route #2: 1\n", "line 1: expected route #1, got #2"),
        ("Route #1: 1 6\nCost 3", "line 1: there is no location 6; the problem has 0 to 5"),
        ("Route #1: 1\nCost cheap", "line 2: expected one cost, a number"),
        ("Route #1: 1\nPrice 3", "line 2: expected `Route #2: ...` or `Cost ...`, got 'Price 3'"),
        ("", "there is no route"),
        ("name,x,y\nhub,1,2\n", "this is no plan: neither .sol (`Route #1: ...`), nor our JSON or CSV"),
    ],
)
def test_wrong_plans(text: str, message: str) -> None:
    """Wrong lines of a .sol are named."""
    with pytest.raises(FormatError) as caught:
        read_solution(io.StringIO(text), read_text(CVRP))
    assert message in str(caught.value)


def test_wrong_arguments_are_our_errors(tmp_path: Path) -> None:
    """What is no path, or no problem to read a plan for, is told in our words."""
    problem = read_text(CVRP)
    for path in (None, 3, b"x.json"):
        with pytest.raises(FormatError, match="Expected the path of a file to write"):
            write(problem, path)  # type: ignore[arg-type]
    with pytest.raises(FormatError, match="cannot be written: embedded null byte"):
        write(problem, tmp_path / "a\0.json")
    with pytest.raises(FormatError, match="A plan is read for its Problem, got str"):
        read_solution(io.StringIO(SOL), "x.vrp")  # type: ignore[arg-type]
    with pytest.raises(ProblemError, match="Did you mean 'delivery'"):
        problem.replace(demand=[1] * 5)


def test_plan_as_table(tmp_path: Path) -> None:
    """A plan as CSV has one row per step and per unserved stop, with the columns of the data frame."""
    pandas = pytest.importorskip("pandas")
    plan = evaluate(read_text(NATIVE), [Route(0, 0, 0, (2,))])
    plan.write(tmp_path / "plan.csv")
    table = pandas.read_csv(tmp_path / "plan.csv")
    frame = plan.to_frame()
    assert table.columns.tolist() == frame.columns.tolist()
    assert table["kind"].tolist() == ["start", "stop", "end", "unserved"]
    assert table["arrive"].tolist()[:3] == frame["arrive"].tolist()[:3]
