"""What travel costs in VROOM's input.

VROOM charges travel alone, never waiting or service, whereas `duration_cost` charges the whole route. So that both
count the same, what is paid for becomes the distance: of each vehicle, seconds of travel where it has a price per hour
alone (VROOM's default), metres where it has a price per kilometre alone, else the sum of both prices, or the `costs`
matrix of its profile. Durations stay what they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vrp.arrays import LATLON_SPEED
from vrp.formats.source import MAX_MATRIX_LOCATIONS, Source
from vrp.formats.vroom_fields import COSTS, PROFILE, Item
from vrp.problem import DETOUR, Floats, Problem

DEFAULT_PER_HOUR = 3600.0
PAID = "Route distances are the travel that VROOM's prices charge (seconds or sums of prices, not metres)."


@dataclass(frozen=True)
class Price:
    """What one vehicle's travel is charged by; equal ones share a matrix."""

    profile: str
    speed_factor: float
    kind: str
    """"time", "distance", "both" or "costs"."""
    per_second: float = 0.0
    per_metre: float = 0.0


@dataclass(frozen=True)
class Travel:
    """Fields of the problem's network, and of each vehicle."""

    network: dict[str, Any]
    vehicles: list[dict[str, Any]]


def travel(source: Source, matrices: Any, vehicles: list[Item], places: list[Any]) -> Travel:
    """Return how far it is and what it costs, from matrices or from great circles."""
    prices = []
    for vehicle in vehicles:
        costs = Item(source, f"{vehicle.who}: costs", vehicle.data.get("costs", {}), COSTS)
        if costs.number("per_task_hour", 0.0):
            costs.add('"per_task_hour" is not supported.')
        factor = vehicle.number("speed_factor", 1.0)
        if not 0.01 <= factor <= 5:
            vehicle.add(f'"speed_factor" must be 0.01 to 5, got {factor:g}.')
            factor = 1.0
        hour, km = costs.number("per_hour", DEFAULT_PER_HOUR), costs.number("per_km", 0.0)
        kind = "time" if km == 0 else "distance" if hour == 0 else "both"
        prices.append((Price(vehicle.text("profile", "car"), factor, kind, hour / 3600, km / 1000), costs))
    if matrices is None:
        return _estimated(source, vehicles, prices, places)
    return _measured(source, matrices, vehicles, prices, np.array([place.index for place in places]))


def _estimated(source: Source, vehicles: list[Item], prices: list[tuple[Price, Item]], places: list[Any]) -> Travel:
    """Great circles at one speed: seconds and metres are proportional, so metres can carry both prices."""
    if len({price.profile for price, _ in prices}) > 1:
        source.add('different values of "profile" need "matrices"; without them all vehicles would drive alike.')
    factors = sorted({price.speed_factor for price, _ in prices})
    fields = []
    for vehicle, (price, costs) in zip(vehicles, prices, strict=True):
        speed = LATLON_SPEED * price.speed_factor
        limits = [("max_distance", 1.0), ("max_travel_time", speed)]
        own: dict[str, Any] = {
            "fixed_cost": costs.number("fixed", 0.0),
            "distance_cost": price.per_second / speed + price.per_metre,
            "profile": factors.index(price.speed_factor),
        }
        given = [vehicle.number(key, 0.0) * unit for key, unit in limits if key in vehicle.data]
        fields.append(own | ({"max_distance": min(given)} if given else {}))
    if len(factors) == 1:
        return Travel({"speed": LATLON_SPEED * factors[0]}, fields)
    if len(places) > MAX_MATRIX_LOCATIONS:
        raise source.failure(
            f'different values of "speed_factor" need matrices; {MAX_MATRIX_LOCATIONS} locations are the limit.'
        )
    source.raise_errors()
    plain = Problem(coords=np.array([place.lat_lon for place in places]), crs="latlon")
    metres = plain.matrices()[0]
    note = f"Distances are estimates from great circle x {DETOUR}, at {LATLON_SPEED * 3.6:g} km/h times speed_factor."
    durations = np.stack([metres / (LATLON_SPEED * factor) for factor in factors])
    return Travel({"distance": metres[None], "duration": durations, "notes": (note,)}, fields)


def _measured(
    source: Source, matrices: Mapping[str, Any], vehicles: list[Item], prices: list[tuple[Price, Item]], rows: Any
) -> Travel:
    if len(rows) > MAX_MATRIX_LOCATIONS:
        raise source.failure(f"{len(rows)} locations with matrices, but the limit is {MAX_MATRIX_LOCATIONS}.")
    tables = {name: _Tables(source, name, profile, rows) for name, profile in matrices.items()}
    kinds: dict[Price, int] = {}
    fields = []
    for vehicle, (given, costs) in zip(vehicles, prices, strict=True):
        price = given
        if price.profile not in tables:
            vehicle.add(f'"profile" is {price.profile[:40]!r}, for which "matrices" has nothing.')
            continue
        table = tables[price.profile]
        if table.costs is not None:
            if {"per_hour", "per_km"} & costs.data.keys():
                costs.add('"per_hour" and "per_km" contradict the "costs" matrix of the profile.')
            price = Price(price.profile, price.speed_factor, "costs")
        elif price.kind != "time" and table.distances is None:
            costs.add('"per_km" needs "distances" in "matrices".')
        elif price.kind != "both":
            # The price itself is the vehicle's; only what it is charged by is in the matrix.
            price = Price(price.profile, price.speed_factor, price.kind)
        profile = kinds.setdefault(price, len(kinds))
        unit = {"time": given.per_second, "distance": given.per_metre}.get(price.kind, 1.0)
        own = {"fixed_cost": costs.number("fixed", 0.0), "distance_cost": unit, "profile": profile}
        fields.append(own | _limit(vehicle, price.kind))
    source.raise_errors()
    if len(kinds) * len(rows) ** 2 > MAX_MATRIX_LOCATIONS**2:
        raise source.failure(
            f"{len(kinds)} different prices x {len(rows)} locations need too many matrices; "
            f"{MAX_MATRIX_LOCATIONS**2:,} entries are the limit."
        )
    durations = np.stack([tables[p.profile].durations / p.speed_factor for p in kinds])
    if all(price.kind == "time" for price in kinds):
        return Travel({"duration": durations}, fields)
    paid = np.stack([_paid(tables[p.profile], p, durations[k]) for k, p in enumerate(kinds)])
    notes = () if all(price.kind == "distance" for price in kinds) else (PAID,)
    return Travel({"distance": paid, "duration": durations, "notes": notes}, fields)


def _limit(vehicle: Item, kind: str) -> dict[str, float]:
    """Return the limit on what the distances stand for."""
    limits = {"time": "max_travel_time", "distance": "max_distance"}
    for key in ("max_travel_time", "max_distance"):
        if key in vehicle.data and limits.get(kind) != key:
            vehicle.add(
                f'"{key}" is not supported beside these costs: it can be limited only where travel costs '
                f"{'per_hour' if key == 'max_travel_time' else 'per_km'} alone."
            )
    limited = limits.get(kind, "")
    return {"max_distance": vehicle.number(limited, 0.0)} if limited in vehicle.data else {}


def _paid(table: "_Tables", price: Price, durations: Floats) -> Floats:
    if price.kind == "time":
        return durations
    if price.kind == "costs":
        assert table.costs is not None
        return table.costs
    assert table.distances is not None
    if price.kind == "distance":
        return table.distances
    return price.per_second * durations + price.per_metre * table.distances


class _Tables:
    """The matrices of one profile, in the order of the problem's locations."""

    def __init__(self, source: Source, name: str, data: Any, rows: Any) -> None:
        item = Item(source, f"matrices: {name!r:.40}", data, PROFILE)
        if "durations" not in item.data:
            item.add('"durations" is missing.')
        self.durations = self._matrix(item, "durations", rows)
        self.distances = self._matrix(item, "distances", rows) if "distances" in item.data else None
        self.costs = self._matrix(item, "costs", rows) if "costs" in item.data else None

    @staticmethod
    def _matrix(item: Item, key: str, rows: Any) -> Floats:
        size = len(rows)
        try:
            array = np.asarray(item.data.get(key))
            if array.dtype.kind not in "iuf" or array.ndim != 2 or array.shape[0] != array.shape[1]:
                raise ValueError("not a square of numbers")
            matrix = array.astype(np.float64)
        except (TypeError, ValueError, OverflowError):
            item.add(f'"{key}" must be a square matrix of numbers (no null).')
            return np.zeros((size, size))
        if not (np.isfinite(matrix).all() and (matrix >= 0).all()):
            item.add(f'"{key}" must have finite numbers from 0.')
        if len(matrix) <= int(rows.max()):
            item.add(f'"{key}" has {len(matrix)} rows, but location index {int(rows.max())} is used.')
            return np.zeros((size, size))
        return matrix[np.ix_(rows, rows)]
