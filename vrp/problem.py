"""Problem: frozen arrays, the only thing that a solver reads. A variant is not a class, it is which fields are set."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vrp.vehicles import VehicleType

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

EARTH_RADIUS = 6_371_008.8
"""Mean radius in metres (IUGG)."""
DETOUR = 1.3
"""Road distance over great-circle distance, as assumed where lat/lon comes without a matrix."""


@dataclass(frozen=True)
class Scenarios:
    """What may happen, as S equally likely samples of the uncertain data; None means certain, as in the problem."""

    duration: Floats | None = None
    """[S, L, L] travel times, seconds."""
    delivery: Floats | None = None
    """[S, n, C] goods to deliver."""
    service: Floats | None = None
    """[S, n] service times, seconds."""
    present: NDArray[np.bool_] | None = None
    """[S, n] whether the stop exists."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Problem:
    """Stops, vehicles and a network. Validated once, on construction; every array is read-only.

    Dimensions: D depots (and charging stations), n clients, L = D + n locations (depots first, then clients),
    P profiles, C load dimensions, W time windows, G groups, S shipments, K vehicle types. All times are seconds,
    distances are metres or whatever unit the input has; infinity means "no limit". An array left at None gets its
    neutral value.

    Raises
    ------
    ProblemError
        With every error of the input, each naming the stop or vehicle, the value, what is allowed and what to do.
    """

    num_depots: int = 1
    vehicles: tuple[VehicleType, ...] = (VehicleType(),)

    # Locations
    coords: Floats = None  # type: ignore[assignment]
    """[L, 2] planar x, y, or lat, lon where `crs` is "latlon"; [0, 2] where there are none."""
    crs: Literal["planar", "latlon"] = "planar"
    distance: Floats | None = None
    """[P, L, L] row = from. None: computed from `coords` (see `legs`), so that 30,000 stops need no matrix."""
    duration: Floats | None = None
    """[P, L, L] seconds. None: the distance where `distance` is given, else computed from `coords`."""
    rounding: Literal["exact", "nearest", "truncate1", "ceil"] = "exact"
    """How distances computed from coordinates are rounded: to the nearest integer, down to one decimal, up."""
    speed: float = 1.0
    """Distance units per second, for durations computed from coordinates."""
    names: tuple[str, ...] = ()
    """[L] one unique name per location; () means "0", "1", ..."""

    # Depots
    depot_windows: Floats = None  # type: ignore[assignment]
    """[D, 2] a route starts, reloads and ends at the depot only inside it."""
    depot_service: Floats = None  # type: ignore[assignment]
    """[D] seconds of each reload at the depot (not of the start and the end)."""
    chargers: Mapping[int, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    """Depot index -> piecewise linear curve ((seconds, energy), ...) from empty; a visit charges to full."""

    # Clients
    delivery: Floats = None  # type: ignore[assignment]
    """[n, C] goods from the depot to the client."""
    pickup: Floats = None  # type: ignore[assignment]
    """[n, C] goods from the client to the depot."""
    setup: Floats = None  # type: ignore[assignment]
    """[n] seconds before the service, spared where the leg from the previous stop takes 0 s and 0 distance."""
    service: Floats = None  # type: ignore[assignment]
    """[n] seconds."""
    time_windows: Floats = None  # type: ignore[assignment]
    """[n, W, 2] the setup or service starts inside one of them; sorted and disjoint, unused rows are (inf, inf)."""
    lateness_cost: Floats = None  # type: ignore[assignment]
    """[n] price per second of starting after the last window; infinity makes it hard."""
    release: Floats = None  # type: ignore[assignment]
    """[n] the vehicle (or its trip) leaves the depot with this client's goods no earlier."""
    prize: Floats = None  # type: ignore[assignment]
    """[n] price of not serving the client; infinity means that it must be served."""
    group: Ints = None  # type: ignore[assignment]
    """[n] index of the client's group of alternatives, or -1. At most one client of a group is served."""
    group_required: NDArray[np.bool_] = None  # type: ignore[assignment]
    """[G] whether one client of the group must be served; the clients' own prizes are finite."""
    shipments: Ints = None  # type: ignore[assignment]
    """[S, 2] location indices (pickup, delivery): on one vehicle, pickup first, both or neither."""
    shipment_load: Floats = None  # type: ignore[assignment]
    """[S, C] goods that travel from the pickup to the delivery."""
    backhaul: Literal["mixed", "last", "strict"] = "mixed"
    """"last": in a trip, clients with pickup come after all with delivery; "strict": and no trip has pickups alone."""

    # Clients x vehicles
    allowed: NDArray[np.bool_] = None  # type: ignore[assignment]
    """[K, n] whether the vehicle type may serve the client."""
    preference: Floats = None  # type: ignore[assignment]
    """[K, n] gain when the vehicle type serves the client (subtracted from the cost; may be negative)."""

    objective: Literal["cost", "vehicles"] = "cost"
    """After unserved stops: the cost, or first the number of vehicles and then the cost."""
    scenarios: Scenarios | None = None
    name: str = ""
    notes: tuple[str, ...] = ()
    """What a reader of the answer must know (estimates, rounding, one matrix standing for two); in every summary."""

    def __post_init__(self) -> None:
        from vrp.validate import normalise

        for key, value in normalise(self).items():
            object.__setattr__(self, key, value)

    # Sizes

    @property
    def num_clients(self) -> int:
        """Number of clients n."""
        return len(self.service)

    @property
    def num_locations(self) -> int:
        """Number of locations L = D + n."""
        return self.num_depots + self.num_clients

    @property
    def num_loads(self) -> int:
        """Number of load dimensions C."""
        return int(self.delivery.shape[1])

    @property
    def num_profiles(self) -> int:
        """Number of profiles P."""
        return 1 if self.distance is None else len(self.distance)

    def location_name(self, location: int) -> str:
        """Return the name of a location, by default its index."""
        return self.names[location] if self.names else str(location)

    # Network

    def legs(self, origin: ArrayLike, destination: ArrayLike, profile: int = 0) -> tuple[Floats, Floats]:
        """Return distance and duration (s) of the legs between two broadcastable arrays of location indices."""
        i, j = np.asarray(origin), np.asarray(destination)
        if self.distance is not None:
            distance = np.asarray(self.distance[profile, i, j], dtype=np.float64)
        else:
            distance = self._from_coords(i, j)
        if self.duration is not None:
            duration = np.asarray(self.duration[profile, i, j], dtype=np.float64)
        else:
            duration = distance / self.speed
        return distance, duration

    def _from_coords(self, i: Ints, j: Ints) -> Floats:
        a, b = self.coords[i], self.coords[j]
        if self.crs == "latlon":
            lat_a, lat_b = np.radians(a[..., 0]), np.radians(b[..., 0])
            lon = np.radians(b[..., 1] - a[..., 1])
            h = np.sin((lat_b - lat_a) / 2) ** 2 + np.cos(lat_a) * np.cos(lat_b) * np.sin(lon / 2) ** 2
            d = DETOUR * 2 * EARTH_RADIUS * np.arcsin(np.sqrt(np.minimum(h, 1.0)))
        else:
            # Not hypot: the root of an exact sum of squares is correctly rounded, which integer rounding relies on.
            d = np.sqrt((a[..., 0] - b[..., 0]) ** 2 + (a[..., 1] - b[..., 1]) ** 2)
        return _ROUND[self.rounding](np.asarray(d, dtype=np.float64))

    def matrices(self, profile: int = 0) -> tuple[Floats, Floats]:
        """Return dense [L, L] distances and durations of a profile; computed anew where there are only coordinates."""
        if self.distance is not None and self.duration is not None:
            return self.distance[profile], self.duration[profile]
        if self.distance is not None:
            return self.distance[profile], self.distance[profile]
        every = np.arange(self.num_locations)
        return self.legs(every[:, None], every[None, :], profile)

    # Doors

    def replace(self, **changes: Any) -> "Problem":
        """Return a copy with some fields changed, validated again."""
        return replace(self, **changes)

    @classmethod
    def from_arrays(cls, **arrays: Any) -> "Problem":
        from vrp.arrays import from_arrays

        return from_arrays(**arrays)


def _nearest(d: Floats) -> Floats:
    return np.floor(d + 0.5)


_ROUND = {
    "exact": lambda d: d,
    "nearest": _nearest,
    "truncate1": lambda d: np.floor(10 * d) / 10,
    "ceil": np.ceil,
}
