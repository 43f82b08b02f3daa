"""VehicleType: a group of equal vehicles, what they may do and what they cost."""

import math
from dataclasses import dataclass

from vrp.keywords import known_keywords


@known_keywords
@dataclass(frozen=True)
class Break:
    """An interval of seconds in which the driver neither drives nor serves.

    A drive is interrupted and goes on afterwards; a service that would not end before the break starts after it.
    """

    start: float
    end: float


@known_keywords
@dataclass(frozen=True)
class VehicleType:
    """A group of `count` equal vehicles. Seconds and distance units throughout; infinity means no limit.

    A route's distance and duration exclude nothing: duration is the time from leaving the start depot to reaching the
    end depot (for an open route: to leaving the last stop), waiting and service included.
    """

    count: int | None = None
    """Number of vehicles; None means as many as needed."""
    capacity: tuple[float, ...] = ()
    """[C] load that fits, one number per load dimension; () means no limit."""
    name: str = ""
    start_depot: int = 0
    end_depot: int | None = 0
    """Location index of the depot where routes end; None means that they end at the last stop (open routes)."""
    shift: tuple[float, float] = (0.0, math.inf)
    """Earliest departure from the start depot and latest return to the end depot (open: latest end of service)."""
    breaks: tuple[Break, ...] = ()
    initial_load: tuple[float, ...] = ()
    """[C] load on board from start to end of the route that no stop takes off; () means none."""
    max_duration: float = math.inf
    max_distance: float = math.inf
    max_stops: int | None = None
    fixed_cost: float = 0.0
    """Price of using one vehicle."""
    distance_cost: float | None = None
    """Price per unit of distance. None: 1, or 0 where `duration_cost` is given or only durations are known."""
    duration_cost: float | None = None
    """Price per second of route duration. None: 0, or 1 where only durations are known and `distance_cost` is None."""
    nominal_duration: float = math.inf
    """Seconds after which overtime begins; `max_duration` still holds."""
    overtime_cost: float = 0.0
    """Price per second of overtime, on top of `duration_cost`."""
    profile: int = 0
    """Which of the problem's distance and duration matrices this type drives by."""
    reload_depots: tuple[int, ...] = ()
    """Location indices of depots where a route may be split into trips: all pickups off, the next deliveries on."""
    max_reloads: int | None = None
    """Largest number of reloads in a route; None means no limit."""
    prefix: tuple[int, ...] = ()
    """Stops (location indices) that are already fixed as the first ones of the only vehicle of this type."""
    battery: float = math.inf
    """Energy of a full battery; a vehicle starts full and may never fall below 0."""
    consumption: float = 0.0
    """Energy per unit of distance."""
