"""From what a `Builder` collected to a `Problem`."""

import math
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from vrp import clock
from vrp.arrays import LATLON_WORDS
from vrp.draft import Columns, Draft, Reader, number, texts
from vrp.errors import ProblemError, suggest
from vrp.fields import Fields, as_number, comma_hint, dims, shape_of, show
from vrp.problem import Problem
from vrp.validate import read_settings
from vrp.vehicles import Break, VehicleType

# Fields of a vehicle that pass unchanged; `VehicleType` holds their neutral values.
_PLAIN = (
    "max_distance",
    "max_stops",
    "fixed_cost",
    "distance_cost",
    "duration_cost",
    "overtime_cost",
    "profile",
    "max_reloads",
    "battery",
    "consumption",
)

# What errors call fields -> what the builder calls them.
_WORDS = {
    "`time_windows` of one stop": "The windows of one stop",
    "`time_windows`": "`window`",
    "`depot_windows`": "`window`",
    "`depot_service`": "`service`",
    "`shipments` use": "Shipments use",
    "`shipment_load`": "`load`",
    "Use `group_required` to say": "Use `group(required=True)` to say",
}
_PLACE_WORDS = {
    "latlon": LATLON_WORDS | {"Give crs='planar'": "Give `x` and `y`"},
    "planar": {"`coords`": "`x` and `y`"},
}


def assemble(draft: Draft, distance: Any = None, duration: Any = None) -> Problem:
    """Return the problem that a draft describes.

    Raises
    ------
    ProblemError
        With every error of the draft, and of the problem where it can be told.
    """
    return _Assembly(draft).problem(distance, duration)


class _Assembly(Reader):
    """The parts of a problem, each read from a draft."""

    def problem(self, distance: Any, duration: Any) -> Problem:
        if not self.depots:
            self.errors.setdefault("There is no depot. Add one with `depot(...)`.", [])
        if not self.stops:
            self.errors.setdefault("There is no stop: the problem is empty. Add one besides the depots.", [])
        if not self.vehicles and not self.draft.types:
            self.errors.setdefault("There is no vehicle. Add one with `vehicle(...)`.", [])
        if self.draft.depots_after_stops and (distance is not None or duration is not None):
            self.errors.setdefault(
                "A depot was added after a stop, so that the rows of the matrices are in doubt. Add the depots first.",
                [],
            )
        values = self.places(distance is None and duration is None) | self.clients() | self.loads()
        values["names"] = self.names()
        values["vehicles"] = (*self.types, *self.vehicle_types(values.pop("capacities"))) or None
        values |= self.fleet(len(self.types))
        values |= {"distance": distance, "duration": duration, **self.draft.settings}
        if self.start is not None:
            values["notes"] = (*(values["notes"] or ()), f"Times count from {self.start}.")
        sized = self.sized(distance=distance, duration=duration)
        errors = self.told()
        if not sized:
            wrong = Fields()
            speed = 1.0 if values["speed"] is None else values["speed"]
            read_settings(SimpleNamespace(**values | {"speed": speed}), wrong)
            raise ProblemError([*errors, *wrong.errors])
        try:
            problem = Problem.from_arrays(**values)
        except ProblemError as error:
            told = error.reworded(_WORDS | _PLACE_WORDS[values["crs"]])
            raise ProblemError([*errors, *told.errors]) from None
        if errors:
            raise ProblemError(errors)
        return problem

    def sized(self, **matrices: Any) -> bool:
        """Return whether there are depots and stops, and matrices of that size; only then all else can be checked."""
        total = len(self.depots) + len(self.stops)
        good = bool(self.depots and self.stops)
        for name, matrix in matrices.items():
            shape = shape_of(matrix)
            if matrix is not None and shape[-2:] != (total, total):
                good = False
                self.errors[
                    f"`{name}` has shape {dims(shape)}, but {total} locations were added. Give {total}x{total} values: "
                    "one row and one column per location, depots first."
                ] = []
        return good

    def names(self) -> tuple[str, ...]:
        """Return a name for every location, its index where it has none; () where nobody has one or some share one."""
        for shared in sorted(self.index["depot"].keys() & self.index["stop"].keys()):
            self.errors.setdefault(f"A depot and a stop are both called {shared!r}. Names must be unique.", [])
        given = [r["name"] if isinstance(r["name"], str) else None for r in (*self.depots, *self.stops)]
        if not any(given):
            return ()
        taken = {name for name in given if name}
        names = []
        for i, name in enumerate(given):
            made = str(i)
            while made in taken:
                made = f"_{made}"
            names.append(name or made)
        return tuple(names) if len(set(names)) == len(names) else ()

    def places(self, needed: bool) -> dict[str, Any]:
        """Return coordinates and their kind."""
        pairs: dict[str, list[Any]] = {}
        for kind, records in (("depot", self.depots), ("stop", self.stops)):
            for k, r in enumerate(records):
                given = [key for key in ("lat", "lon", "x", "y") if r[key] is not None]
                if given in (["lat", "lon"], ["x", "y"]):
                    values = [r[key] for key in given]
                    if all(as_number(v) is not None for v in values):
                        pairs.setdefault(given[0], []).append(values)
                        continue
                    self.error(
                        kind,
                        k,
                        f"`{given[0]}`, `{given[1]}` must be numbers, but are {show(values)}.{comma_hint(*values)}",
                    )
                elif given:
                    self.error(kind, k, f"a place is lat and lon, or x and y, but only {given} are given.")
                else:
                    pairs.setdefault("none", []).append((kind, k))
        if len(pairs) > 1 and not ("none" in pairs and needed):
            have = {"lat": "lat and lon", "x": "x and y", "none": "no place"}
            found = " and ".join(f"{len(who)} with {have[key]}" for key, who in pairs.items())
            self.errors.setdefault(f"There are locations {found}. Give all of them the same.", [])
        elif "none" in pairs and needed:
            for kind, k in pairs["none"]:
                self.error(kind, k, "no place. Give lat and lon, or x and y, or build(distance=..., duration=...).")
        total = len(self.depots) + len(self.stops)
        axis = "lat" if "lat" in pairs else "x"
        complete = len(pairs.get(axis, ())) == total
        coords = pairs[axis] if complete and total else (np.zeros((total, 2)) if needed else None)
        # Coordinates that cannot be read are told above; zeros let the rest of the fields be checked all the same.
        return {"coords": coords, "crs": "latlon" if axis == "lat" and complete else "planar"}

    def clients(self) -> dict[str, Any]:
        n = len(self.stops)
        windows = self.read("stop", "window", self.intervals, [(0.0, math.inf)])
        wide = max((len(w) for w in windows), default=1) or 1
        padded = np.full((n, wide, 2), math.inf)
        for i, window in enumerate(windows):
            if window:
                padded[i, : len(window)] = sorted(window)
            else:
                self.error("stop", i, "`window` is an empty list. Give at least one, or None for no limit.")
                padded[i, 0] = (0.0, math.inf)
        group = self.group()
        prizes = self.read("stop", "prize", number, None)
        return {
            "num_depots": max(len(self.depots), 1),
            "time_windows": padded,
            "service": self.read("stop", "service", clock.duration),
            "setup": self.read("stop", "setup", clock.duration),
            "release": self.read("stop", "release", self.point),
            "lateness_cost": self.read("stop", "lateness_cost", number, math.inf),
            "prize": [(math.inf if g < 0 else 0.0) if p is None else p for p, g in zip(prizes, group, strict=True)],
            "group": group,
            "group_required": [bool(g["required"]) for g in self.groups],
            "depot_windows": self.read("depot", "window", self.interval, (0.0, math.inf)),
            "depot_service": self.read("depot", "service", clock.duration),
            "chargers": {i: r["charger"] for i, r in enumerate(self.depots) if r["charger"] is not None},
        }

    def group(self) -> list[int]:
        """Return the group of each stop; names that no `group(...)` declared make new ones."""
        numbers: list[int] = []
        for i, stop in enumerate(self.stops):
            value = stop["group"]
            if isinstance(value, str) and value not in self.index["group"]:
                self.index["group"][value] = len(self.groups)
                self.groups.append({"name": value, "required": True})
            try:
                numbers.append(-1 if value is None else self.refer("group", value))
            except ValueError as error:
                self.error("stop", i, f"`group` {error}")
                numbers.append(-1)
        return numbers

    def loads(self) -> dict[str, Any]:
        """Return all amounts of goods with the same columns, those of the vehicles as tuples."""
        ends = [
            [self._shipment_end(i, a, "pickup"), self._shipment_end(i, b, "delivery")]
            for i, (a, b, _) in enumerate(self.draft.shipments)
        ]
        every = {
            "demand": [r["demand"] for r in self.stops],
            "pickup": [r["pickup"] for r in self.stops],
            "load": [load for _, _, load in self.draft.shipments],
            "capacity": [r["capacity"] for r in self.vehicles],
            "initial_load": [r["initial_load"] for r in self.vehicles],
        }
        columns = Columns([load for loads in every.values() for load in loads])
        self.unknown_loads(every["demand"] + every["pickup"] + every["load"], every["capacity"])
        kinds = {
            "demand": "stop",
            "pickup": "stop",
            "load": "shipment",
            "capacity": "vehicle",
            "initial_load": "vehicle",
        }
        rows: dict[str, list[tuple[float, ...]]] = {}
        for key, given in every.items():
            rows[key] = []
            for k, load in enumerate(given):
                try:
                    rows[key].append(columns.row(load, math.inf if key == "capacity" else 0.0))
                except ValueError as error:
                    self.error(kinds[key], k, f"`{key}` {error}")
                    rows[key].append((0.0,) * columns.count if key != "capacity" else (math.inf,) * columns.count)
        known = bool(ends) and all(end is not None for pair in ends for end in pair)
        return {
            "demand": np.array(rows["demand"]).reshape(len(self.stops), columns.count),
            "pickup": np.array(rows["pickup"]).reshape(len(self.stops), columns.count),
            "shipments": ends if known else None,
            "shipment_load": rows["load"] if known else None,
            "capacities": list(zip(rows["capacity"], rows["initial_load"], strict=True)),
        }

    def unknown_loads(self, goods: Sequence[Any], capacities: Sequence[Any]) -> None:
        """Find names of goods that no vehicle has, where vehicles name theirs: a slip would mean no limit."""
        known = {name for c in capacities if isinstance(c, Mapping) for name in c}
        used = dict.fromkeys(name for load in goods if isinstance(load, Mapping) for name in load)
        for name in used if known else ():
            if name not in known:
                self.errors[f"No vehicle has a capacity for {name!r}.{suggest(name, sorted(map(str, known)))}"] = []

    def _shipment_end(self, shipment: int, value: Any, which: str) -> int | None:
        try:
            return len(self.depots) + self.refer("stop", value)
        except ValueError as error:
            self.error("shipment", shipment, f"`{which}` {error}")
            return None

    def vehicle_types(self, loads: Sequence[tuple[tuple[float, ...], tuple[float, ...]]]) -> list[VehicleType]:
        starts = self.read("vehicle", "start", lambda v: self.refer("depot", v), 0)
        shifts = self.read("vehicle", "shift", self.interval, (0.0, math.inf))
        breaks = self.read("vehicle", "breaks", self.intervals, [])
        reloads = self.read("vehicle", "reload_depots", self.refers("depot"), ())
        prefixes = self.read("vehicle", "prefix", self.refers("stop"), ())
        max_duration = self.read("vehicle", "max_duration", clock.duration, math.inf)
        nominal = self.read("vehicle", "nominal_duration", clock.duration, math.inf)
        types = []
        for k, r in enumerate(self.vehicles):
            plain = {key: r[key] for key in _PLAIN if r[key] is not None}
            types.append(
                VehicleType(
                    count=r["count"],
                    capacity=loads[k][0],
                    initial_load=loads[k][1],
                    name=r["name"] if isinstance(r["name"], str) else "",
                    start_depot=starts[k],
                    end_depot=self.end(k, r["end"], starts[k]),
                    shift=shifts[k],
                    breaks=tuple(Break(*b) for b in breaks[k]),
                    max_duration=max_duration[k],
                    nominal_duration=nominal[k],
                    reload_depots=tuple(reloads[k]),
                    prefix=tuple(len(self.depots) + stop for stop in prefixes[k]),
                    **plain,
                )
            )
        return types

    def end(self, vehicle: int, value: Any, start: int) -> int | None:
        if value is None:
            return None
        if isinstance(value, str) and value == "start" and value not in self.index["depot"]:
            return start
        try:
            return self.refer("depot", value)
        except ValueError as error:
            self.error("vehicle", vehicle, f"`end` {error}")
            return start

    def fleet(self, ready: int) -> dict[str, Any]:
        """Return which vehicle may serve which stop and what it gains; `ready` types come before those with records."""
        out: dict[str, Any] = {}
        shape = (ready + len(self.vehicles), len(self.stops))
        chosen = self.read("stop", "vehicles", self.refers("vehicle"), None)
        needed = self.read("stop", "skills", texts, ())
        if any(c is not None for c in chosen) or any(needed):
            skills = [set(s) for s in self.read("vehicle", "skills", texts, ())]
            allowed = np.ones(shape, dtype=np.bool_)
            for i, (vehicles, needs) in enumerate(zip(chosen, needed, strict=True)):
                if vehicles is not None:
                    allowed[:, i] = False
                    allowed[[ready + k for k in vehicles], i] = True
                for k in range(shape[0]) if needs else ():
                    allowed[k, i] &= k >= ready and skills[k - ready].issuperset(needs)
            out["allowed"] = allowed
        if any(r["preference"] is not None for r in self.stops):
            preference = np.zeros(shape)
            gains = self.read("stop", "preference", self._gains, {})
            for i, gain in enumerate(gains):
                for k, value in gain.items():
                    preference[ready + k, i] = value
            out["preference"] = preference
        return out

    def _gains(self, value: Any) -> dict[int, float]:
        if not isinstance(value, Mapping):
            raise ValueError(f"must map vehicles to gains, but is {show(value)}")
        return {self.refer("vehicle", key): number(gain) for key, gain in value.items()}
