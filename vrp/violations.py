"""The rules of one route: what a scheduled route may break, each with who, how much and the limit."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vrp.display import is_clock
from vrp.problem import Problem
from vrp.schedule import Itinerary, above
from vrp.solution import Route
from vrp.wording import instant, number, place, span, vehicle


@dataclass(frozen=True)
class Violation:
    """One broken rule; `str` gives the sentence."""

    kind: str
    message: str
    """For people: it counts the routes from 1."""
    route: int | None = None
    """Index in `solution.routes`, from 0."""
    stop: int | None = None
    """Location index."""
    amount: float = 0.0
    """By how much, in the unit of what is limited."""

    def __str__(self) -> str:
        return self.message


class RouteRules:
    """One scheduled route under all rules that concern it alone; iterate over it for the violations.

    A route on trial has no index: no plan has it, so that messages name its vehicle alone, and begin with it.
    """

    def __init__(self, problem: Problem, index: int | None, it: Itinerary, route: Route) -> None:
        self.problem, self.index, self.it, self.route = problem, index, it, route
        self.vehicle = it.vehicle
        self.who = vehicle(problem, it.vehicle_type)
        if index is not None:
            self.who = f"Route {index + 1} ({self.who})"
        self.first_client = problem.num_depots
        self.clock = is_clock(problem)

    def __iter__(self) -> Iterator[Violation]:
        yield from self._times()
        yield from self._totals()
        yield from self._capacity()
        yield from self._reloads()
        yield from self._allowed()
        if self.problem.backhaul != "mixed":
            yield from self._backhauls()
        if self.it.battery:
            yield from self._battery()
        if self.vehicle.prefix:
            yield from self._prefix()

    def _broken(self, kind: str, message: str, stop: int | None = None, amount: float = 0.0) -> Violation:
        return Violation(kind, f"{self.who} {message}", self.index, stop, float(amount))

    def _at(self, seconds: float) -> str:
        return instant(seconds, self.clock)

    def _span(self, seconds: float) -> str:
        return span(seconds, self.clock)

    def _place(self, location: int) -> str:
        return place(self.problem, location)

    def _times(self) -> Iterator[Violation]:
        end_of_shift = self.vehicle.shift[1]
        for step, closes, price in zip(self.route.steps, self.it.closes, self.it.lateness_cost, strict=True):
            if step.kind == "stop":
                if step.late and price == math.inf:
                    yield self._broken(
                        "time window",
                        f"starts at {self._place(step.location)} at {self._at(step.start)}, {self._span(step.late)} "
                        f"after its window ends ({self._at(closes)}).",
                        step.location,
                        step.late,
                    )
                continue
            closes = float(self.problem.depot_windows[step.location, 1])
            if above(step.start, closes):
                yield self._broken(
                    "depot window",
                    f"is at {self._place(step.location)} at {self._at(step.start)} ({step.kind}), "
                    f"{self._span(step.start - closes)} after it closes ({self._at(closes)}).",
                    step.location,
                    step.start - closes,
                )
        end = self.route.steps[-1].leave
        if above(end, end_of_shift):
            yield self._broken(
                "shift",
                f"ends at {self._at(end)}, {self._span(end - end_of_shift)} after its shift "
                f"({self._at(end_of_shift)}).",
                amount=end - end_of_shift,
            )

    def _totals(self) -> Iterator[Violation]:
        v, route = self.vehicle, self.route
        if above(route.duration, v.max_duration):
            yield self._broken(
                "max duration",
                f"lasts {self._span(route.duration)}, {self._span(route.duration - v.max_duration)} above its limit of "
                f"{self._span(v.max_duration)}.",
                amount=route.duration - v.max_duration,
            )
        if above(route.distance, v.max_distance):
            yield self._broken(
                "max distance",
                f"drives {number(route.distance)}, above its limit of {number(v.max_distance)}.",
                amount=route.distance - v.max_distance,
            )
        stops = sum(x >= self.first_client for x in route.visits)
        if v.max_stops is not None and stops > v.max_stops:
            yield self._broken(
                "max stops", f"serves {stops} stops, above its limit of {v.max_stops}.", amount=stops - v.max_stops
            )

    def _trips(self) -> list[tuple[int, int]]:
        """First and last position of each trip in the itinerary; a reload ends one and begins the next."""
        cuts = [i for i, kind in enumerate(self.it.kinds) if kind == "reload"]
        return list(zip([0, *cuts], [*(c - 1 for c in cuts), len(self.it.kinds) - 1], strict=True))

    def _capacity(self) -> Iterator[Violation]:
        capacity = self.vehicle.capacity
        if not len(capacity) or not (self.it.load > np.asarray(capacity)).any():
            return
        trips = self._trips()
        for t, (first, last) in enumerate(trips):
            load = self.it.load[first : last + 1]
            for c, limit in enumerate(capacity):
                peak = float(load[:, c].max())
                if above(peak, limit):
                    where = self.it.locations[first + int(load[:, c].argmax())]
                    trip = f"on trip {t + 1} of {len(trips)} " if len(trips) > 1 else ""
                    dimension = f" of load {c}" if len(capacity) > 1 else ""
                    yield self._broken(
                        "capacity",
                        f"carries {number(peak)}{dimension} {trip}when leaving {self._place(where)}, above its "
                        f"capacity of {number(limit)}.",
                        where,
                        peak - limit,
                    )

    def _reloads(self) -> Iterator[Violation]:
        v = self.vehicle
        reloads = [x for x, kind in zip(self.it.locations, self.it.kinds, strict=True) if kind == "reload"]
        for depot in sorted(set(reloads) - set(v.reload_depots)):
            allowed = ", ".join(self._place(x) for x in v.reload_depots) or "none"
            yield self._broken(
                "reload not permitted",
                f"visits {self._place(depot)} on its way, which is no charger and not one of its reload depots "
                f"({allowed}).",
                depot,
            )
        if v.max_reloads is not None and len(reloads) > v.max_reloads:
            yield self._broken(
                "max reloads",
                f"reloads {len(reloads)} times, above its limit of {v.max_reloads}.",
                amount=len(reloads) - v.max_reloads,
            )

    def _allowed(self) -> Iterator[Violation]:
        clients = [x for x in self.route.visits if x >= self.first_client]
        permitted = self.problem.allowed[self.it.vehicle_type, np.array(clients, dtype=np.int64) - self.first_client]
        for x, allowed in zip(clients, permitted.tolist(), strict=True):
            if not allowed:
                yield self._broken("allowed", f"serves {self._place(x)}, which is not allowed for it.", x)

    def _backhauls(self) -> Iterator[Violation]:
        """Within a trip no delivery comes after a pickup; "strict": a trip with pickups has a delivery."""
        for first, last in self._trips():
            collected_at, delivers = None, False
            for x in (x for x in self.it.locations[first : last + 1] if x >= self.first_client):
                if self.problem.delivery[x - self.first_client].any():
                    delivers = True
                    if collected_at is not None:
                        yield self._broken(
                            "backhaul",
                            f"delivers to {self._place(x)} after the pickup at {self._place(collected_at)}, but "
                            f"deliveries come first.",
                            x,
                        )
                if collected_at is None and self.problem.pickup[x - self.first_client].any():
                    collected_at = x
            if self.problem.backhaul == "strict" and collected_at is not None and not delivers:
                yield self._broken(
                    "backhaul",
                    f"has a trip with pickups alone (from {self._place(collected_at)}), but each needs a delivery.",
                    collected_at,
                )

    def _battery(self) -> Iterator[Violation]:
        for location, level in zip(self.it.locations, self.it.battery, strict=True):
            if above(-level / self.vehicle.battery, 0.0):
                yield self._broken(
                    "battery",
                    f"reaches {self._place(location)} with its battery at {number(level)}, below 0 "
                    f"(full: {number(self.vehicle.battery)}).",
                    location,
                    -level,
                )

    def _prefix(self) -> Iterator[Violation]:
        fixed = self.vehicle.prefix
        for want, got in zip(fixed, (*self.route.visits, *[None] * len(fixed)), strict=False):
            if want != got:
                instead = "ends there" if got is None else f"has {self._place(got)}"
                stops = ", ".join(map(self._place, fixed))
                yield self._broken(
                    "prefix",
                    f"{instead} where {self._place(want)} is fixed; its first stops must be {stops}.",
                    want,
                )
                return
