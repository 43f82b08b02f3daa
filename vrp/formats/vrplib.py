"""VRPLIB and TSPLIB files: CVRP, VRPTW, MDVRP, HFVRP, VRPB, PCVRP, GVRP, PDPTW, TSP ... by what they contain."""

from typing import Any

import numpy as np

from vrp.errors import suggest
from vrp.formats import tsplib
from vrp.formats.pairs import shipments
from vrp.formats.source import MAX_LOCATIONS, Source
from vrp.formats.vrplib_nodes import Nodes, read_nodes
from vrp.formats.vrplib_text import Sheet, parse, ragged
from vrp.formats.vrplib_vehicles import KEYS as VEHICLE_KEYS
from vrp.formats.vrplib_vehicles import SECTIONS as VEHICLE_SECTIONS
from vrp.formats.vrplib_vehicles import Fleet, read_fleet
from vrp.problem import Floats, Problem
from vrp.vehicles import VehicleType

# TYPE -> the rounding of EUC_2D distances that the published costs of such files are in.
TYPES = {
    **dict.fromkeys(("CVRP", "ACVRP", "DCVRP", "OVRP", "MDVRP", "VRPB", "VRPMPD", "GVRP", "TSP", "ATSP"), "nearest"),
    **dict.fromkeys(("VRPTW", "CVRPTW", "PCVRP", "PCVRPTW", "MTVRPTW", "MTVRPTWR", "VRPMPDTW"), "truncate1"),
    **dict.fromkeys(("HFVRP", "MDVRPTW", "SDVRP", "SDVRPTW", "PDPTW", "VRP"), "exact"),
}
KEYS = ("NAME", "TYPE", "DIMENSION", "SERVICE_TIME", "DISTANCE", *tsplib.KEYS, *VEHICLE_KEYS)
SECTIONS = (
    *tsplib.SECTIONS,
    "DEMAND_SECTION",
    "LINEHAUL_SECTION",
    "BACKHAUL_SECTION",
    "SERVICE_TIME_SECTION",
    "TIME_WINDOW_SECTION",
    "RELEASE_TIME_SECTION",
    "PRIZE_SECTION",
    "MUTUALLY_EXCLUSIVE_GROUP_SECTION",
    "PICKUP_AND_DELIVERY_SECTION",
    "DEPOT_SECTION",
    *VEHICLE_SECTIONS,
)
REFUSED = {
    "FIXED_EDGES_SECTION": "a problem cannot prescribe legs",
    "EDGE_DATA_SECTION": "the network must be complete: give coordinates or a matrix",
    "EDGE_DATA_FORMAT": "the network must be complete: give coordinates or a matrix",
    "TOUR_SECTION": "this is a solution, not a problem",
    "GTSP_SETS": "write a MUTUALLY_EXCLUSIVE_GROUP_SECTION instead",
    "GTSP_SET_SECTION": "write a MUTUALLY_EXCLUSIVE_GROUP_SECTION instead",
}


def read_vrplib(source: Source, rounding: str) -> Problem:
    """Return the problem of a VRPLIB or TSPLIB file.

    Sections count whatever the TYPE; it decides on the rounding of `rounding="auto"`, on backhauls (VRPB: after all
    linehauls and never alone), open routes (OVRP) and a single vehicle (TSP, ATSP). Without VEHICLES there are as many
    vehicles as needed, at every depot.
    """
    sheet = parse(source, KEYS, SECTIONS, REFUSED)
    kind = _type(sheet)
    dimension = sheet.whole("DIMENSION", 2, MAX_LOCATIONS)
    if "DIMENSION" not in sheet.values:
        source.add("DIMENSION is missing.")
    if dimension is None:
        source.raise_errors()
    assert dimension is not None
    weights = tsplib.edge_weight_type(sheet, dimension)
    nodes = read_nodes(sheet, dimension)
    auto = sheet.values.get("EDGE_WEIGHT_ROUNDING", (TYPES[kind], 0))[0]
    network = tsplib.network(sheet, weights, nodes.coords, dimension, rounding, auto)
    fields = _clients(sheet, nodes)
    fleet = read_fleet(sheet, nodes, kind)
    _limit_distance(sheet, fleet, fields)
    source.raise_errors()
    return Problem(
        name=sheet.values["NAME"][0] if "NAME" in sheet.values else "",
        num_depots=len(nodes.depots),
        vehicles=fleet.types,
        allowed=fleet.allowed,  # type: ignore[arg-type]
        names=nodes.names(),
        backhaul="strict" if kind == "VRPB" else "mixed",
        **_ordered(network, nodes),
        **fields,
    )


def _type(sheet: Sheet) -> str:
    if "TYPE" not in sheet.values:
        sheet.source.add("TYPE is missing.")
        return "CVRP"
    text, line = sheet.values["TYPE"]
    kind = (text.split() or [""])[0].upper()  # ulysses and others add their author here.
    if kind not in TYPES:
        sheet.source.add(f"TYPE {text[:40]!r} is not supported.{suggest(kind, TYPES)}", line)
        return "CVRP"
    return kind


def _ordered(network: dict[str, Any], nodes: Nodes) -> dict[str, Any]:
    """Put the network into the order of locations: depots first."""
    if nodes.in_order:
        return network
    out = dict(network)
    if "coords" in out:
        out["coords"] = out["coords"][nodes.order]
    for key in ("distance", "duration"):
        if key in out:
            out[key] = out[key][np.ix_(nodes.order, nodes.order)]
    return out


def _clients(sheet: Sheet, nodes: Nodes) -> dict[str, Any]:
    """Return the fields of depots and clients."""
    depots = len(nodes.depots)
    out: dict[str, Any] = {}
    if "LINEHAUL_SECTION" in sheet.sections and "DEMAND_SECTION" in sheet.sections:
        sheet.source.add("LINEHAUL_SECTION and DEMAND_SECTION are the same.", sheet.line("LINEHAUL_SECTION"))
    for key, section in (("delivery", "DEMAND"), ("delivery", "LINEHAUL"), ("pickup", "BACKHAUL")):
        if (goods := nodes.values(sheet, f"{section}_SECTION", None)) is not None:
            _no_depot(sheet, f"{section}_SECTION", goods[:depots])
            out[key] = goods[depots:]
    if (windows := nodes.values(sheet, "TIME_WINDOW_SECTION", 2)) is not None:
        out["depot_windows"], out["time_windows"] = windows[:depots], windows[depots:, None, :]
    service = nodes.values(sheet, "SERVICE_TIME_SECTION", 1)
    if service is not None:
        out["service"], at_depots = service[depots:, 0], service[:depots, 0]
        if at_depots.any() and "VEHICLES_RELOAD_DEPOT_SECTION" not in sheet.sections:
            _no_depot(sheet, "SERVICE_TIME_SECTION", at_depots)
        out["depot_service"] = at_depots
    elif (seconds := sheet.number("SERVICE_TIME")) is not None:
        out["service"] = np.full(nodes.count - depots, seconds)
    if (release := nodes.values(sheet, "RELEASE_TIME_SECTION", 1)) is not None:
        _no_depot(sheet, "RELEASE_TIME_SECTION", release[:depots])
        out["release"] = release[depots:, 0]
    if (prize := nodes.values(sheet, "PRIZE_SECTION", 1)) is not None:
        _no_depot(sheet, "PRIZE_SECTION", prize[:depots])
        # As in PyVRP's benchmark sets, no prize means that the client must be served.
        out["prize"] = np.where(prize[depots:, 0] == 0, np.inf, prize[depots:, 0])
    _groups(sheet, nodes, out)
    _pairs(sheet, nodes, out)
    return out


def _no_depot(sheet: Sheet, section: str, values: Floats) -> None:
    if np.any(values != 0):
        sheet.source.add(f"{section} must be 0 at depots, got {values[values != 0].flat[0]:g}.", sheet.line(section))


def _groups(sheet: Sheet, nodes: Nodes, out: dict[str, Any]) -> None:
    if "MUTUALLY_EXCLUSIVE_GROUP_SECTION" not in sheet.sections:
        return
    clients = nodes.count - len(nodes.depots)
    group = np.full(clients, -1)
    prize = out.get("prize", np.full(clients, np.inf)).copy()
    groups = 0
    for line, (_, *members) in ragged(sheet.source, sheet.sections["MUTUALLY_EXCLUSIVE_GROUP_SECTION"]):
        stops = nodes.clients(sheet, members, line)
        # One client alone is no choice: it must be served.
        if len(stops) < 2:
            continue
        if (group[stops] >= 0).any() or len(set(stops)) < len(stops):
            sheet.source.add("a client is in more than one group, or twice in this one.", line)
        group[stops] = groups
        prize[stops] = np.where(np.isinf(prize[stops]), 0.0, prize[stops])
        groups += 1
    out |= {"group": group, "group_required": np.ones(groups, dtype=bool), "prize": prize}


def _pairs(sheet: Sheet, nodes: Nodes, out: dict[str, Any]) -> None:
    """Honour a PICKUP_AND_DELIVERY_SECTION: node, demand, window, service, its pickup's node, its delivery's node."""
    name = "PICKUP_AND_DELIVERY_SECTION"
    if (rows := nodes.values(sheet, name, 6)) is None:
        return
    for other in ("DEMAND_SECTION", "TIME_WINDOW_SECTION", "SERVICE_TIME_SECTION"):
        if other in sheet.sections:
            sheet.source.add(f"{other} and {name} are the same.", sheet.line(other))
    depots = len(nodes.depots)
    _no_depot(sheet, name, rows[:depots, [0, 3, 4, 5]])
    out["depot_windows"], out["time_windows"] = rows[:depots, 1:3], rows[depots:, None, 1:3]
    out["service"] = rows[depots:, 3]
    partners = nodes.locations(sheet, rows[:, 4:6], sheet.line(name))
    if partners is not None:
        out |= shipments(sheet.source, rows[:, 0], partners[:, 0], partners[:, 1], depots, sheet.line(name))


def _limit_distance(sheet: Sheet, fleet: Fleet, fields: dict[str, Any]) -> None:
    """Honour DISTANCE: the longest route, to whose length the sets that have it add the service times."""
    limit = sheet.number("DISTANCE")
    if limit is None:
        return
    line = sheet.line("DISTANCE")
    if "time_windows" in fields:
        sheet.source.add(
            "DISTANCE is ambiguous beside time windows. Write VEHICLES_MAX_DISTANCE or VEHICLES_MAX_DURATION.", line
        )
    key = "max_duration" if np.any(fields.get("service", 0)) else "max_distance"
    if f"VEHICLES_{key.upper()}" in sheet.values or f"VEHICLES_{key.upper()}_SECTION" in sheet.sections:
        sheet.source.add(f"DISTANCE and VEHICLES_{key.upper()} are the same here. Leave one out.", line)
    fleet.types = tuple(VehicleType(**{**vars(t), key: limit}) for t in fleet.types)


def is_vrplib(text: str) -> bool:
    """Return whether a line near the beginning is one of this format's keywords."""
    heads = (line.split(":")[0].strip().upper() for line in text[:20_000].split("\n"))
    return any(head in KEYS or head in SECTIONS or head == "COMMENT" for head in heads if head)
