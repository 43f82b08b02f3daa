"""VRPLIB files: what each section means, which errors are told, and writing."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vrp.formats.problems import random_problem
from tests.vrp.formats.samples import CVRP, MATRIX, RICH, SOLOMON
from vrp.check import check, evaluate
from vrp.data import example
from vrp.errors import FormatError, OptionError, UnsupportedError
from vrp.formats import read, read_text, write
from vrp.formats.differences import differences
from vrp.problem import Problem
from vrp.solution import Route
from vrp.vehicles import VehicleType


def test_capacitated_problem() -> None:
    """Coordinates stay coordinates, vehicles are as many as needed, distances round to the nearest integer."""
    problem = read_text(CVRP)
    assert (problem.name, problem.num_depots, problem.num_clients) == ("tiny", 1, 5)
    assert problem.distance is None
    assert (problem.vehicles[0].count, problem.vehicles[0].capacity) == (None, (10,))
    assert problem.legs(0, [1, 4, 5])[0].tolist() == [5, 11, 1]
    assert read_text(CVRP, rounding="truncate1").legs(0, [1, 4, 5])[0].tolist() == [5, 10.5, 1.4]
    assert read_text(CVRP, rounding="exact").legs(0, 5)[0] == pytest.approx(2**0.5)


def test_every_section_arrives() -> None:
    """Vehicles that are alike become one type; windows of depots, groups, prizes and allowed clients are theirs."""
    problem = read_text(RICH)
    small, large = problem.vehicles
    assert (small.count, small.capacity, small.start_depot, small.end_depot) == (2, (10,), 0, 0)
    assert (large.count, large.capacity, large.start_depot, large.end_depot) == (1, (20,), 1, 1)
    assert (small.reload_depots, large.reload_depots) == ((0,), ())
    assert small.max_duration == 500
    assert problem.allowed.tolist() == [[True, True, False, False, False], [True] * 5]
    assert problem.depot_windows.tolist() == [[0, 900], [0, 900]]
    assert problem.time_windows[:2, 0].tolist() == [[0, 100], [10, 200]]
    assert problem.service.tolist() == [10] * 5
    assert problem.release.tolist() == [5, 0, 0, 0, 0]
    # No prize means required; a group of one is a required client.
    assert problem.prize.tolist() == [np.inf, 7, np.inf, 0, 0]
    assert problem.group.tolist() == [-1, -1, -1, 0, 0]
    assert problem.group_required.tolist() == [True]
    assert problem.rounding == "exact"


def test_order_of_nodes_does_not_matter() -> None:
    """Sections match by node number, depots come first wherever they are, and names keep the file's numbers."""
    lines = CVRP.split("\n")
    at = lines.index("DEMAND_SECTION")
    lines[at + 1 : at + 7] = reversed(lines[at + 1 : at + 7])
    assert differences(read_text("\n".join(lines)), read_text(CVRP)) == []
    moved = read_text(CVRP.replace("\n1 0\n2 4\n3 4\n", "\n1 4\n2 4\n3 0\n").replace("\n1\n-1", "\n3\n-1"))
    assert moved.coords[:3].tolist() == [[6, 8], [0, 0], [3, 4]]
    assert moved.names == ("3", "1", "2", "4", "5", "6")
    renumbered = read_text(CVRP.replace("\n6 ", "\n60 "))
    assert renumbered.names[-1] == "60"


def test_depots_share_unlimited_vehicles() -> None:
    """Without VEHICLES every depot has as many as needed; with it, a file must say which vehicle is where."""
    text = CVRP.replace("2 4\n3 4\n", "2 0\n3 4\n").replace("DEPOT_SECTION\n1", "DEPOT_SECTION\n1\n2")
    problem = read_text(text)
    assert [(v.count, v.start_depot, v.end_depot) for v in problem.vehicles] == [(None, 0, 0), (None, 1, 1)]
    with pytest.raises(FormatError, match="VEHICLES_DEPOT_SECTION does not say"):
        read_text(text.replace("CAPACITY", "VEHICLES: 4\nCAPACITY"))


def test_distance_limit() -> None:
    """DISTANCE limits the length of routes, with service times their sum, and is ambiguous beside windows."""
    text = CVRP.replace("CAPACITY", "DISTANCE: 30\nCAPACITY")
    assert read_text(text).vehicles[0].max_distance == 30
    timed = read_text(text.replace("CAPACITY", "SERVICE_TIME: 10\nCAPACITY"))
    assert (timed.vehicles[0].max_distance, timed.vehicles[0].max_duration) == (np.inf, 30)
    plan = evaluate(timed, [Route(0, 0, 0, (5,)), Route(0, 0, 0, (4,))])
    assert [v.route for v in check(timed, plan) if v.kind == "max duration"] == [1]
    windows = "".join(f"{node} 0 99\n" for node in range(1, 7))
    with pytest.raises(FormatError, match="DISTANCE is ambiguous beside time windows"):
        read_text(text.replace("DEPOT_SECTION", f"TIME_WINDOW_SECTION\n{windows}DEPOT_SECTION"))


def test_open_routes_and_one_salesman() -> None:
    """OVRP has open routes; a TSP has one vehicle."""
    assert read_text(CVRP.replace("TYPE: CVRP", "TYPE: OVRP")).vehicles[0].end_depot is None
    assert read_text(MATRIX).vehicles[0].count == 1


def test_backhauls() -> None:
    """In a VRPB, deliveries come first and no route has pickups alone; with another TYPE they mix."""
    text = CVRP.replace("6 4\nDEPOT", "6 0\nDEPOT").replace(
        "DEPOT_SECTION", "BACKHAUL_SECTION\n1 0\n2 0\n3 0\n4 0\n5 0\n6 5\nDEPOT_SECTION"
    )
    assert read_text(text).backhaul == "mixed"
    problem = read_text(text.replace("TYPE: CVRP", "TYPE: VRPB"))
    assert problem.backhaul == "strict"
    plans = {(1, 5): 0, (5, 1): 1, (5,): 1}
    for visits, violations in plans.items():
        found = check(problem, evaluate(problem, [Route(0, 0, 0, visits)]))
        assert sum(v.kind != "unserved" and v.route is not None for v in found) == violations, [str(v) for v in found]


def test_shipments() -> None:
    """PICKUP_AND_DELIVERY_SECTION makes shipments; partners that do not name each other are errors."""
    section = "1 0 0 900 0 0 0\n2 5 0 90 1 0 3\n3 -5 0 90 2 2 0\n4 7 0 90 3 0 5\n5 -7 0 90 4 4 0\n"
    start = CVRP[: CVRP.index("DEMAND_SECTION")].replace("DIMENSION: 6", "DIMENSION: 5").replace("6 1 1\n", "")
    text = f"{start}PICKUP_AND_DELIVERY_SECTION\n{section}DEPOT_SECTION\n1\n-1\nEOF\n".replace("CVRP", "PDPTW")
    problem = read_text(text)
    assert problem.shipments.tolist() == [[1, 2], [3, 4]]
    assert problem.shipment_load.tolist() == [[5], [7]]
    assert problem.service.tolist() == [1, 2, 3, 4]
    assert problem.time_windows[:, 0, 1].tolist() == [90] * 4
    with pytest.raises(FormatError, match="equal but for the sign"):
        read_text(text.replace("3 -5", "3 -4"))
    with pytest.raises(FormatError, match="does not name it in turn"):
        read_text(text.replace("3 -5 0 90 2 2 0", "3 -5 0 90 2 4 0"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("CAPACITY: 10", "CAPACTY: 10", "line 6: unknown keyword 'CAPACTY'. Did you mean 'CAPACITY'?"),
        ("CAPACITY: 10", "CAPACITY: ten", "line 6: CAPACITY is 'ten', but must be a number"),
        ("CAPACITY: 10", "CAPACITY 10", "line 6: unknown keyword"),
        ("CAPACITY: 10", "CAPACITY: 10\nCAPACITY: 12", "line 7: CAPACITY occurs twice (first in line 6)"),
        ("CAPACITY: 10", "CAPACITY: 10\n4 5 6", "line 7: got '4 5 6', expected a keyword"),
        ("TYPE: CVRP", "TYPE: CVPR", "line 3: TYPE 'CVPR' is not supported. Did you mean 'CVRP'?"),
        ("DIMENSION: 6", "DIMENSION: 7", "NODE_COORD_SECTION has 6 lines, but DIMENSION is 7"),
        ("DIMENSION: 6", "DIMENSION: 6.5", "line 4: DIMENSION is 6.5, but must be a whole number between 2"),
        ("DIMENSION: 6", "", "DIMENSION is missing"),
        ("EUC_2D", "EUC_3D", "line 5: EDGE_WEIGHT_TYPE 'EUC_3D' is not supported. Did you mean 'EUC_2D'?"),
        ("3 6 8", "3 6", "line 10: NODE_COORD_SECTION has 2 values here, expected 3"),
        ("3 6 8", "3 6 nan", "line 10: NODE_COORD_SECTION: 'nan' is not a finite number"),
        ("3 6 8", "2 6 8", "node 2 occurs more than once"),
        ("3 4\n4 4", "3 4\n9 4", "line 18: DEMAND_SECTION: 9 is no node of this file"),
        ("3 4\n4 4", "4 4\n4 4", "DEMAND_SECTION: 4 occurs twice"),
        ("3 4\n4 4\n", "3 4\n", "DEMAND_SECTION has no line for node 4"),
        ("1 0\n2 4", "1 3\n2 4", "DEMAND_SECTION must be 0 at depots, got 3"),
        ("SECTION\n1\n-1", "SECTION\n9\n-1", "line 22: DEPOT_SECTION: 9 is no node of this file"),
        ("SECTION\n1\n-1", "SECTION\n-1", "DEPOT_SECTION names no depot"),
        ("SECTION\n1\n-1", "SECTION\n1\n-1\n5", "line 24: DEPOT_SECTION ends with -1, but more follows"),
        ("EOF", "FIXED_EDGES_SECTION\n1 2\n-1", "FIXED_EDGES_SECTION is not supported: a problem cannot prescribe"),
        ("EOF", "EOF\nmore", "there is text after EOF"),
        ("EOF", "VEHICLES_WEIGHT_SECTION\n", "unknown keyword 'VEHICLES_WEIGHT_SECTION'"),
        ("CAPACITY: 10", "VEHICLES: 0\nCAPACITY: 10", "VEHICLES is '0', but must be a number of at least 1"),
    ],
)
def test_errors_name_the_line(old: str, new: str, message: str) -> None:
    """Whatever is wrong or not honoured is an error with its line, what was got and what is allowed."""
    assert old in CVRP
    with pytest.raises(FormatError) as caught:
        read_text(CVRP.replace(old, new, 1))
    assert message in str(caught.value)


def test_errors_come_together() -> None:
    """Several errors of one file are told at once."""
    with pytest.raises(FormatError, match="3 errors") as caught:
        read_text(CVRP.replace("COMMENT", "COMENT").replace("10\nNODE", "x\nNODE").replace("TYPE: CVRP", "TYPE: Q"))
    assert all(word in str(caught.value) for word in ("COMENT", "CAPACITY", "TYPE 'Q'"))


@pytest.mark.parametrize(
    ("key", "value", "limit"),
    [("DIMENSION: 6", "DIMENSION: 99999999999", "1000000"), ("EUC_2D", "GEO\nDISTANCE: 1", "10000")],
)
def test_absurd_sizes_are_refused_at_once(key: str, value: str, limit: str) -> None:
    """A size beyond the limit, which the error names, is refused before anything is allocated for it."""
    text = CVRP.replace(key, value)
    with pytest.raises(FormatError, match=limit):
        read_text(text if "99" in value else text.replace("DIMENSION: 6", "DIMENSION: 50000"))


def test_number_of_vehicles_must_fit() -> None:
    """Sections with one line per vehicle must have as many lines as there are vehicles."""
    with pytest.raises(FormatError, match="CAPACITY_SECTION has 3 lines, but there are 4 vehicles"):
        read_text(RICH.replace("VEHICLES: 3", "VEHICLES: 4"))
    with pytest.raises(FormatError, match="must begin with the vehicles 1, 2, 3"):
        read_text(RICH.replace("CAPACITY_SECTION\n1 10\n2 10", "CAPACITY_SECTION\n1 10\n3 10"))
    with pytest.raises(FormatError, match="VEHICLES_DEPOT_SECTION: 3 is no depot"):
        read_text(RICH.replace("2 1\n3 2\nVEHICLES_RELOAD", "2 1\n3 3\nVEHICLES_RELOAD"))
    with pytest.raises(FormatError, match="a client is in more than one group"):
        read_text(RICH.replace("2 5\nDEPOT", "2 5 6\nDEPOT"))


def test_other_line_ends_and_marks() -> None:
    """Line ends of Windows, tabs, blanks around the colon and a byte order mark change nothing."""
    other = "\ufeff" + CVRP.replace("\n", "\r\n").replace(": ", " :\t").replace(" 4\r", "\t 4 \r")
    assert differences(read_text(other), read_text(CVRP)) == []


def test_road_files(benchmark_data: Path) -> None:
    """The Belgian road files: depots by their own numbers, names of towns, latitude and longitude, seconds or km."""
    folder = benchmark_data / "belgium_road"
    time = read(folder / "belgium-road-time-d3-n100-k10.vrp")
    assert (time.num_depots, time.crs, time.names[:4]) == (3, "latlon", ("HASSELT", "GENT", "NAMUR", "BRUSSEL"))
    assert (time.vehicles[0].distance_cost, time.vehicles[0].duration_cost) == (0, 1)
    distance = read(folder / "belgium-road-km-n50-k10.vrp")
    assert distance.duration is None
    assert "Distances are kilometres." in distance.notes
    assert distance.distance is not None
    straight = Problem(coords=distance.coords, crs="latlon").legs(0, 1)[0] / 1000
    assert 0.7 * straight < distance.distance[0, 0, 1] < 1.5 * straight


# Writing


@pytest.mark.parametrize("text", [CVRP, RICH, MATRIX, SOLOMON])
@pytest.mark.parametrize("rounding", ["auto", "exact", "truncate1"])
def test_written_problems_read_back(text: str, rounding: str, tmp_path: Path) -> None:
    """What is written reads back as the same problem, its rounding included."""
    problem = read_text(text, rounding=rounding)
    write(problem, tmp_path / "a.vrp")
    assert differences(read(tmp_path / "a.vrp"), problem) == []


@settings(max_examples=100)
@given(seed=st.integers(0, 2**32))
def test_written_or_refused_by_name(seed: int) -> None:
    """Any problem is either written so that it reads back the same, or refused with the fields that would be lost."""
    from vrp.formats.vrplib_write import to_vrplib

    problem = random_problem(np.random.default_rng(seed))
    try:
        assert differences(read_text(to_vrplib(problem)), problem) == []
    except UnsupportedError as error:
        assert "cannot hold this problem's" in str(error)


def test_what_cannot_be_written_is_named() -> None:
    """The embedded example has two matrices and shifts, which the format has no words for."""
    with pytest.raises(UnsupportedError, match=r"duration.*vehicles' shift|duration, vehicles"):
        write(example(), "never.vrp")
    with pytest.raises(UnsupportedError, match="setup"):
        write(read_text(CVRP).replace(setup=[1, 0, 0, 0, 0]), "never.vrp")
    many = (VehicleType(count=200_000),)
    with pytest.raises(UnsupportedError, match="100000"):
        write(read_text(CVRP).replace(vehicles=many), "never.vrp")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"names": ["hub", "a", "b\nc"]}, "names with line breaks ('b\\nc')"),
        ({"time_windows": [[0, 9], [0, np.inf]], "names": ["hub", "a", "b"]}, "time windows without end (of hub, b;"),
        ({"shipments": [[1, 2]]}, "time windows without end (of 0, 1, 2;"),
    ],
)
def test_what_would_not_read_back_is_named(fields: dict[str, Any], message: str) -> None:
    """Not by what a reader would say of a file that nobody sees, but by whose name or window it is."""
    problem = Problem.from_arrays(coords=[[0, 0], [1, 0], [2, 0]], **fields)
    with pytest.raises(UnsupportedError, match=re.escape(message)):
        write(problem, "never.vrp")


def test_other_software_reads_what_is_written(tmp_path: Path) -> None:
    """PyVRP reads a written file with the same distances, demands, windows and vehicles."""
    pyvrp = pytest.importorskip("pyvrp")
    problem = read_text(RICH)
    write(problem, tmp_path / "rich.vrp")
    data = pyvrp.read(tmp_path / "rich.vrp", round_func="exact")
    every = np.arange(problem.num_locations)
    ours = np.rint(1000 * problem.legs(every[:, None], every)[0])
    assert np.abs(data.distance_matrix(1) - ours).max() <= 1
    assert [c.delivery[0] / 1000 for c in data.clients()] == problem.delivery[:, 0].tolist()
    assert [c.tw_late / 1000 for c in data.clients()] == problem.time_windows[:, 0, 1].tolist()
    assert [v.num_available for v in data.vehicle_types()] == [v.count for v in problem.vehicles]


def test_rounding_of_other_weights_cannot_be_chosen() -> None:
    """EDGE_WEIGHT_TYPEs that define their own rounding refuse another one."""
    with pytest.raises(OptionError, match="CEIL_2D has its own|CEIL_2D defines its own"):
        read_text(CVRP.replace("EUC_2D", "CEIL_2D"), rounding="exact")
