"""Builder: a problem, one depot, stop and vehicle at a time, with names, clock times and durations."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from numpy.typing import ArrayLike

from vrp.assembly import assemble
from vrp.draft import Draft, Handle
from vrp.keywords import known_keywords
from vrp.problem import Objective, Problem
from vrp.vehicles import VehicleType

Load = float | Sequence[float] | Mapping[str, float]
"""An amount of goods: a number, one number per load dimension, or by name: {"kg": 120, "pallets": 1}."""
Window = Sequence[Any]
"""(start, end), or a list of such pairs; times as in `Builder`."""


@known_keywords
class Builder:
    """Collects depots, stops and vehicles; `build` returns the problem, or all errors at once.

    Points in time are clock times ("09:30" or "09:30:15"; "30:00" is 6:00 of the next day), `datetime`s, or seconds
    from midnight. Durations are seconds or texts like "5 min", "1h30", "90 s". Places are `lat` and `lon` in degrees,
    or `x` and `y`; neither is needed where `build` is given matrices. Names are unique; whoever has none is called by
    a number.

    Parameters
    ----------
    name
        Name of the problem.
    speed
        Distance units per second, where durations are computed from distances: 1, or 10 m/s (36 km/h) for lat/lon.
    rounding, backhaul, objective, notes
        As in `Problem`.

    Examples
    --------
    >>> b = Builder()
    >>> hub = b.depot(lat=60.17, lon=24.94, name="hub")
    >>> kiosk = b.stop(lat=60.18, lon=24.95, demand=3, window=("09:00", "11:30"), service="5 min")
    >>> van = b.vehicle(capacity=40, start=hub, shift=("08:00", "17:00"), count=2)
    >>> b.build().num_clients
    1
    """

    def __init__(
        self,
        name: str = "",
        *,
        speed: float | None = None,
        rounding: Literal["exact", "nearest", "truncate1", "ceil"] = "exact",
        backhaul: Literal["mixed", "last", "strict"] = "mixed",
        objective: Objective = "cost",
        notes: Sequence[str] = (),
    ) -> None:
        self._draft = Draft(
            {
                "name": name,
                "speed": speed,
                "rounding": rounding,
                "backhaul": backhaul,
                "objective": objective,
                "notes": notes,
            }
        )

    def depot(
        self,
        *,
        lat: float | None = None,
        lon: float | None = None,
        x: float | None = None,
        y: float | None = None,
        name: str | None = None,
        window: Window | None = None,
        service: Any = 0,
        charger: Sequence[tuple[float, float]] | None = None,
        **unknown: Any,
    ) -> Handle:
        """Add a depot.

        Parameters
        ----------
        lat, lon, x, y
            Its place: degrees, or planar coordinates.
        name
            Its unique name.
        window
            Opening hours, (start, end): routes start, reload and end inside them.
        service
            Duration of each reload.
        charger
            Charging curve ((seconds, energy), ...) from empty.
        **unknown
            Collected as errors.
        """
        return self._add("depot", locals())

    def stop(
        self,
        *,
        lat: float | None = None,
        lon: float | None = None,
        x: float | None = None,
        y: float | None = None,
        name: str | None = None,
        demand: Load = 0,
        pickup: Load = 0,
        window: Window | None = None,
        service: Any = 0,
        setup: Any = 0,
        release: Any = 0,
        prize: float | None = None,
        lateness_cost: float | None = None,
        group: Handle | str | None = None,
        vehicles: Sequence[Handle | str] | None = None,
        skills: Sequence[str] = (),
        preference: Mapping[Handle | str, float] | None = None,
        **unknown: Any,
    ) -> Handle:
        """Add a stop.

        Parameters
        ----------
        lat, lon, x, y
            Its place: degrees, or planar coordinates.
        name
            Its unique name.
        demand, pickup
            Goods to bring from the depot, and to collect for it: a number, one per load dimension, or by name.
        window
            When the service may start: (start, end), or a list of such pairs.
        service, setup
            Durations; the setup is spared where the previous stop is at the same place.
        release
            Time before which the vehicle with this stop's goods cannot leave the depot.
        prize
            Price of leaving the stop out; without it the stop must be served.
        lateness_cost
            Price per second of coming after the last window; without it the window is hard.
        group
            Alternatives of which at most one is served: a handle or name of `group`; a new name makes a new group.
        vehicles
            The vehicles that may serve it; without it all that have the skills.
        skills
            What the vehicle must be able to do.
        preference
            Vehicle -> gain when that vehicle serves the stop.
        **unknown
            Collected as errors.
        """
        return self._add("stop", locals())

    def vehicle(
        self,
        *,
        name: str | None = None,
        count: int | None = 1,
        capacity: Load = (),
        start: Handle | str | None = None,
        end: Handle | str | None = "start",
        shift: Window | None = None,
        breaks: Window = (),
        initial_load: Load = (),
        max_duration: Any = None,
        max_distance: float | None = None,
        max_stops: int | None = None,
        fixed_cost: float = 0,
        distance_cost: float | None = None,
        duration_cost: float | None = None,
        nominal_duration: Any = None,
        overtime_cost: float = 0,
        profile: int = 0,
        reload_depots: Sequence[Handle | str] = (),
        max_reloads: int | None = None,
        prefix: Sequence[Handle | str] = (),
        battery: float | None = None,
        consumption: float = 0,
        skills: Sequence[str] = (),
        **unknown: Any,
    ) -> Handle:
        """Add `count` equal vehicles. Costs and limits are those of `VehicleType`, durations as in the class.

        Parameters
        ----------
        name
            Its unique name.
        count
            Number of such vehicles; None means as many as needed.
        capacity, initial_load
            A number, one per load dimension, or by name; () means no limit and nothing.
        start, end
            Depots, by handle or name. Without `start` the first depot; without `end` where it started; `end=None` means
            that routes end at their last stop.
        shift
            Working hours, (start, end).
        breaks
            (start, end), or a list of such pairs.
        max_duration, max_distance, max_stops, nominal_duration
            Limits of a route; overtime begins after `nominal_duration`.
        fixed_cost, distance_cost, duration_cost, overtime_cost
            Prices of using the vehicle, of a unit of distance, and of a second.
        profile
            Index of its matrix.
        reload_depots, max_reloads
            Depots where it may unload and load again, and how often.
        prefix
            Stops that are already fixed as its first ones, in order.
        battery, consumption
            Energy of a full battery, and per unit of distance.
        skills
            What it is able to do.
        **unknown
            Collected as errors.
        """
        return self._add("vehicle", locals())

    def add_types(self, types: Iterable[VehicleType]) -> None:
        """Add ready-made vehicle types; in the problem they come before those added by `vehicle`."""
        self._draft.types.extend(types if isinstance(types, Iterable) else [types])

    @known_keywords
    def group(self, name: str | None = None, *, required: bool = True) -> Handle:
        """Add a group of alternatives, of which one stop must be served (`required`) or at most one is."""
        return self._add("group", {"name": name, "required": required, "unknown": {}})

    @known_keywords
    def shipment(self, pickup: Handle | str, delivery: Handle | str, load: Load = 1) -> None:
        """Let goods travel from one stop to another: on one vehicle, pickup first, both or neither."""
        self._draft.shipments.append((pickup, delivery, load))

    @known_keywords
    def build(self, *, distance: ArrayLike | None = None, duration: ArrayLike | None = None) -> Problem:
        """Return the problem.

        Parameters
        ----------
        distance, duration
            [L, L], or [P, L, L] with one matrix per profile; row = from, depots first, each in the order of adding.

        Raises
        ------
        ProblemError
            With every error of everything that was added.
        """
        return assemble(self._draft, distance, duration)

    def _add(self, kind: str, given: Mapping[str, Any]) -> Handle:
        return self._draft.add(kind, {k: v for k, v in given.items() if k not in ("self", "unknown")}, given["unknown"])
