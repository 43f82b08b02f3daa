"""The embedded example: 60 deliveries on real streets, small enough to travel with the package."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from vrp.problem import Problem
from vrp.vehicles import VehicleType

FILE = Path(__file__).with_name("example.json")


def example() -> Problem:
    """Return the embedded example: 60 deliveries in central Helsinki with time windows, and 5 vans in two shifts.

    The addresses and the asymmetric car matrices (seconds, metres) are real: OpenStreetMap data and the OSRM engine;
    orders, windows and vans are made up, costs are in euros, times are seconds since midnight. The extract that it was
    built from is only 1.6 x 1.0 km, so the legs are short and one-way streets make up much of them.
    `experiments/build_example.py` builds the file. (c) OpenStreetMap contributors, ODbL 1.0.
    """
    raw = json.loads(FILE.read_text(encoding="utf-8"))
    depot, stops = raw["depot"], raw["stops"]
    return Problem(
        name=raw["name"],
        notes=(raw["attribution"],),
        names=(depot["name"], *(s["name"] for s in stops)),
        coords=np.array(raw["lat_lon"]),
        crs="latlon",
        duration=np.array([raw["durations_s"]]),
        distance=np.array([raw["distances_m"]]),
        depot_windows=np.array([_window(depot["window"])]),
        delivery=np.array([s["delivery"] for s in stops]),
        service=np.array([60.0 * s["service_min"] for s in stops]),
        time_windows=np.array([[_window(s["window"])] for s in stops]),
        vehicles=tuple(_vehicle(v) for v in raw["vehicles"]),
    )


def _vehicle(raw: dict[str, Any]) -> VehicleType:
    return VehicleType(**{**raw, "capacity": tuple(raw["capacity"]), "shift": _window(raw["shift"])})


def _window(clock: list[str]) -> tuple[float, float]:
    """Return seconds since midnight of two clock times."""
    start, end = (60.0 * (60 * int(t[:2]) + int(t[3:])) for t in clock)
    return start, end
