"""Problem: frozen arrays, the only thing that a solver reads. A variant is not a class, it is which fields are set."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vrp.keywords import known_keywords
from vrp.vehicles import VehicleType

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Objective = Literal["cost", "vehicles", "minmax", "balance"]

EARTH_RADIUS = 6_371_008.8
"""Mean radius in metres (IUGG)."""
DETOUR = 1.3
"""Road distance over great-circle distance, as assumed where lat/lon comes without a matrix."""


@known_keywords
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


@known_keywords
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
    """[P, L, L] row = from. None: the duration where `duration` is given, else computed from `coords` (see `legs`), so
    that 30,000 stops need no matrix."""
    duration: Floats | None = None
    """[P, L, L] seconds. None: the distance over `speed` where `distance` is given, else computed from `coords`."""
    rounding: Literal["exact", "nearest", "truncate1", "ceil"] = "exact"
    """How distances computed from coordinates are rounded: to the nearest integer, down to one decimal, up."""
    speed: float = 1.0
    """Distance units per second, for durations computed from distances or coordinates."""
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

    objective: Objective = "cost"
    """After unserved stops: the cost; or before it the number of vehicles ("vehicles"), the cost of the dearest route
    ("minmax"), the sum of the squares of the routes' costs ("balance"; see `objectives.lead`)."""
    scenarios: Scenarios | None = None
    name: str = ""
    notes: tuple[str, ...] = ()
    """What a reader of the answer must know (estimates, rounding, one matrix standing for two); in every summary."""

    def __post_init__(self) -> None:
        from vrp.validate import normalise

        for key, value in normalise(self).items():
            object.__setattr__(self, key, value)

    def __getstate__(self) -> dict[str, Any]:
        from vrp.arrays import packed

        return packed(self)

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        from vrp.arrays import unpacked

        # A pickle forgets which arrays are read-only and which are views.
        self.__dict__.update(unpacked(state))

    def __repr__(self) -> str:
        def many(count: int, what: str) -> str:
            return f"{count} {what}{'' if count == 1 else 's'}"

        stops, depots = many(self.num_clients, "stop"), many(self.num_depots, "depot")
        return f"Problem({self.name!r}, {stops}, {depots}, {many(len(self.vehicles), 'vehicle type')})"

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
            distance: Floats = np.asarray(self.distance[profile, i, j], dtype=np.float64)
        else:
            distance = self._from_coords(i, j)
        if self.duration is not None:
            duration: Floats = np.asarray(self.duration[profile, i, j], dtype=np.float64)
        else:
            duration = distance / self.speed
        return distance, duration

    def _from_coords(self, i: Ints, j: Ints) -> Floats:
        return _ROUND[self.rounding](straight(self.coords[i], self.coords[j], self.crs))

    def matrices(self, profile: int = 0) -> tuple[Floats, Floats]:
        """Return dense [L, L] distances and durations of a profile; computed anew where there are only coordinates."""
        if self.distance is not None and self.duration is not None:
            return self.distance[profile], self.duration[profile]
        if self.distance is not None and self.speed == 1:
            return self.distance[profile], self.distance[profile]
        every = np.arange(self.num_locations)
        return self.legs(every[:, None], every[None, :], profile)

    # Doors

    def replace(self, **changes: Any) -> "Problem":
        """Return a copy with some fields changed, validated again."""
        from vrp.arrays import replaced

        return replaced(self, changes)

    @classmethod
    def from_arrays(
        cls,
        *,
        coords: ArrayLike | None = None,
        distance: ArrayLike | None = None,
        duration: ArrayLike | None = None,
        demand: ArrayLike | None = None,
        capacity: ArrayLike | None = None,
        time_windows: ArrayLike | None = None,
        service: ArrayLike | None = None,
        prize: ArrayLike | None = None,
        num_depots: int = 1,
        vehicles: VehicleType | Mapping[str, Any] | Sequence[VehicleType | Mapping[str, Any]] | None = None,
        crs: Literal["planar", "latlon"] = "planar",
        rounding: Literal["exact", "nearest", "truncate1", "ceil"] = "exact",
        speed: float | None = None,
        names: Sequence[str] = (),
        depot_windows: ArrayLike | None = None,
        depot_service: ArrayLike | None = None,
        chargers: Mapping[int, Sequence[tuple[float, float]]] | None = None,
        delivery: ArrayLike | None = None,
        pickup: ArrayLike | None = None,
        setup: ArrayLike | None = None,
        release: ArrayLike | None = None,
        lateness_cost: ArrayLike | None = None,
        group: ArrayLike | None = None,
        group_required: ArrayLike | None = None,
        shipments: ArrayLike | None = None,
        shipment_load: ArrayLike | None = None,
        backhaul: Literal["mixed", "last", "strict"] = "mixed",
        allowed: ArrayLike | None = None,
        preference: ArrayLike | None = None,
        objective: Objective = "cost",
        scenarios: Scenarios | None = None,
        name: str = "",
        notes: Sequence[str] = (),
        **unknown: Any,
    ) -> "Problem":
        """Return a problem from plain arrays; what is left out gets its neutral value.

        `coords` and the matrices have one row per location, depots first; `demand` and the other arrays of stops one
        row per client. A scalar stands for all of them. The fields not listed here are described at `Problem`.

        Parameters
        ----------
        coords
            [L, 2] planar x, y; lat, lon in degrees with `crs` "latlon". Without a matrix, the latter gives great-circle
            distances times `DETOUR`, which every summary calls an estimate.
        distance, duration
            [L, L], or [P, L, L] with one matrix per profile; row = from. One alone stands for both, as the summary
            says; with `duration` alone the cost is 1 per second, else 1 per unit of distance.
        demand
            [n] or [n, C] goods to deliver; another name for `delivery`.
        capacity
            What a vehicle holds, one number or C of them. Without `vehicles` it means as many equal vehicles as needed,
            all from depot 0; without either there is one vehicle, as in a travelling salesman problem.
        time_windows
            [n, 2] or [n, W, 2] seconds.
        prize
            [n] price of leaving the client out; infinite means that it must be served.
        vehicles
            One or more `VehicleType`, or dicts of its fields.
        speed
            Distance units per second where there is no `duration`; 1, or 10 (36 km/h) for estimated distances.

        Raises
        ------
        ProblemError
            With every error of the input; unknown arguments are errors too.
        """
        given = {key: value for key, value in locals().items() if key not in ("cls", "unknown")}
        from vrp.arrays import from_arrays

        return from_arrays(given, unknown)

    @classmethod
    def from_latlon(cls, lat: ArrayLike, lon: ArrayLike, *, speed: float | None = None, **arrays: Any) -> "Problem":
        """Return a problem from latitudes and longitudes, one per location, depots first.

        Without `distance` and `duration` the legs are estimates: great circle times `DETOUR`.

        Parameters
        ----------
        lat, lon
            [L] degrees.
        speed
            Metres per second of the estimated legs; 10 (36 km/h) where it is not given.
        **arrays
            Further arguments of `from_arrays`: demand, capacity, time_windows, ...

        Raises
        ------
        ProblemError
            With every error of the input.
        """
        from vrp.arrays import from_latlon

        return from_latlon(lat, lon, speed=speed, **arrays)

    @classmethod
    def from_frame(
        cls,
        stops: Any,
        vehicles: Any = None,
        *,
        depot: Any = 0,
        capacity: ArrayLike | None = None,
        distance: ArrayLike | None = None,
        duration: ArrayLike | None = None,
        speed: float | None = None,
        ignore: Sequence[str] = (),
        **fields: Any,
    ) -> "Problem":
        """Return a problem from tables: pandas data frames, dicts of columns, or lists of dicts with one row each.

        Clock times are texts like "09:30" (hours may pass 24: "30:00" is 6:00 of the next day), datetimes, or seconds;
        durations are seconds or texts like "5 min". Empty cells get the neutral value. An unknown column is an error.

        Parameters
        ----------
        stops
            Columns: `lat` and `lon`, or `x` and `y` (neither where matrices are given); `name`; `demand` and `pickup`,
            or `demand_kg`, `pickup_kg`, `demand_pallets` ... for several loads; `open` and `close`; `service` and
            `setup`, or `service_min` and `setup_min` in minutes; `release`; `prize`; `lateness_cost`; `group`, a label;
            `vehicles`, the names of those that may serve the stop, and `skills` that they need, separated by commas;
            `preference_van`, the gain where the vehicle named van serves it. More windows are `open_2`, `close_2`, ...
            A shipment is a stop with `deliver_to`, the name of the stop where its goods go, and `shipment_load` (or
            `shipment_load_kg` ...), 1 where it is empty.
        vehicles
            One row per vehicle, or per `count` equal ones (a number, or "unlimited"; 1 where it is empty). Columns:
            `name`, `count`, `capacity` (or `capacity_kg` ...),
            `start` and `end`, names of depots (`end` is the start where it is empty, and "open" for routes that end
            at their last stop), `shift_start` and `shift_end`, `break_start` and `break_end` (more breaks:
            `break_start_2` ...), `initial_load` (or `initial_load_kg` ...), `skills`, `prefix`, the names of its fixed
            first stops, `reload_depots`, and the other numbers of `VehicleType`. Or `VehicleType`s. Without it
            `capacity` means what it means in `from_arrays`.
        depot
            Which rows of `stops` are depots: a position or a name, or a list of them. Or the depots themselves, apart
            from the stops: a dict such as `{"lat": 60.2, "lon": 24.9}` or a table with the columns of `stops`.
        distance, duration
            [L, L] or [P, L, L]: rows and columns in the order of the table `stops`, after the depots that are apart.
        speed
            As in `from_arrays`.
        ignore
            Columns of either table to leave aside.
        **fields
            Further arguments of `from_arrays` that speak of no single stop: objective, backhaul, name, rounding, notes.

        Raises
        ------
        ProblemError
            With every error of the input.
        """
        from vrp.frames import from_frame

        return from_frame(
            stops,
            vehicles,
            depot=depot,
            capacity=capacity,
            distance=distance,
            duration=duration,
            speed=speed,
            ignore=ignore,
            **fields,
        )


def straight(a: Floats, b: Floats, crs: str) -> Floats:
    """Return the distance between coordinates [..., 2], not rounded: planar, or great circle (m) times `DETOUR`."""
    if crs == "latlon":
        lat_a, lat_b = np.radians(a[..., 0]), np.radians(b[..., 0])
        lon = np.radians(b[..., 1] - a[..., 1])
        h = np.sin((lat_b - lat_a) / 2) ** 2 + np.cos(lat_a) * np.cos(lat_b) * np.sin(lon / 2) ** 2
        return np.asarray(DETOUR * 2 * EARTH_RADIUS * np.arcsin(np.sqrt(np.minimum(h, 1.0))), dtype=np.float64)
    # Not hypot: the root of an exact sum of squares is correctly rounded, which integer rounding relies on.
    return np.asarray(np.sqrt((a[..., 0] - b[..., 0]) ** 2 + (a[..., 1] - b[..., 1]) ** 2), dtype=np.float64)


def _nearest(d: Floats) -> Floats:
    return np.asarray(np.floor(d + 0.5))


_ROUND: dict[str, Callable[[Floats], Floats]] = {
    "exact": lambda d: d,
    "nearest": _nearest,
    "truncate1": lambda d: np.floor(10 * d) / 10,
    "ceil": np.ceil,
}
