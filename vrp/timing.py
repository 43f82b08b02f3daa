"""The best start of a route, and the clock of every location that follows from it.

Where each location has one hard window and there are no breaks, the best start has a closed form. Otherwise the cost of
a start is piecewise linear in it, and never better just after a jump than at it: arrivals only grow with the start. So
its minimum lies where some arrival, start or end meets an edge of a window, of a break or of a price. Those starts are
found by carrying the edges back from the end of the route to its start, and all are tried.
"""

import math
from collections.abc import Sequence

import numpy as np

from vrp.problem import Floats
from vrp.schedule import RELATIVE_TOLERANCE, TOLERANCE, Itinerary, prices
from vrp.vehicles import Break

Interval = tuple[float, float]


def timetable(it: Itinerary) -> tuple[list[float], list[float], list[float]]:
    """Return arrive, start and leave (s) of every location of the route, from its best start."""
    if it.simple:
        return _simple(it, it.closes)
    # Without breaks and gaps between windows, and with no price on lateness, no start is worse than it is with them. So
    # the best start then is the best start, if it meets none of them.
    relaxed = _simple(it, [c if p == math.inf else math.inf for c, p in zip(it.closes, it.lateness_cost, strict=True)])
    return relaxed if _meets_nothing(it, relaxed[0][0], relaxed[1], relaxed[2][-1]) else _Search(it).timetable()


def _meets_nothing(it: Itinerary, begin: float, starts: Sequence[float], end: float) -> bool:
    """Whether a schedule has no break, no start between windows and none after the last one."""
    if any(b.start < end and begin < b.end for b in it.vehicle.breaks):
        return False
    if any(start > closes for start, closes in zip(starts, it.closes, strict=True)):
        return False
    if it.windows is None:
        return True
    return all(any(a <= s <= b for a, b in windows) for s, windows in zip(starts, it.windows, strict=True))


def _simple(it: Itinerary, latest_starts: Sequence[float]) -> tuple[list[float], list[float], list[float]]:
    """Single hard windows, which end at `latest_starts`, and no breaks.

    The service at location i starts at max(t + P, E) for a start at t, where P is the driving and serving before it
    and E its start when leaving as early as possible. So the route ends at max(t + P, E) too, and t may grow to
    `latest` before anything becomes later than its window (or later than it is anyway).
    """
    earliest = clock = it.opens[0]
    latest = max(clock, latest_starts[0])
    path = 0.0
    stays = _stays(it)
    for drive, opens, closes, stay, release in zip(it.drive, it.opens, latest_starts, stays, it.release, strict=True):
        path += drive
        clock += drive
        if clock < opens:
            clock = opens
        bound = (closes if closes > clock else clock) - path
        if bound < latest:
            latest = bound
        path += stay
        clock += stay
        if clock < release:
            clock = release
    latest = min(latest, max(it.finish, clock) - path)
    now = min(max(earliest, clock - path), latest)
    arrives, starts, leaves = [], [], []
    for drive, opens, stay, release in zip(it.drive, it.opens, stays, it.release, strict=True):
        now += drive
        arrives.append(now)
        if now < opens:
            now = opens
        starts.append(now)
        now += stay
        if now < release:
            now = release
        leaves.append(now)
    return arrives, starts, leaves


def _stays(it: Itinerary) -> list[float]:
    if not any(it.charge):
        return it.service
    return [max(s, c) for s, c in zip(it.service, it.charge, strict=True)]


class _Search:
    """All starts of one route that can be best, tried at once: every array has one entry per start."""

    def __init__(self, it: Itinerary) -> None:
        self.it = it
        self.stays = _stays(it)
        # What rounding may move an instant: far below every tolerance.
        horizon = max([x for x in (*it.opens, *it.release, *it.vehicle.shift) if x < math.inf])
        self.rounding = (TOLERANCE + RELATIVE_TOLERANCE * (horizon + sum(it.drive) + sum(self.stays))) / 1000
        breaks = [b for b in it.vehicle.breaks if b.end > b.start]
        self.roads = _Roads(breaks, self.rounding)
        windows = it.windows or [[w] for w in zip(it.opens, it.closes, strict=True)]
        work = [kind in ("stop", "reload") for kind in it.kinds]  # a break does not stop the rest
        self.slots = [
            _Slots(w, service, breaks if works else (), self.rounding)
            for w, service, works in zip(windows, it.service, work, strict=True)
        ]

    def timetable(self) -> tuple[list[float], list[float], list[float]]:
        """Try every start and return the clock of the best one."""
        first, v = self.it.opens[0], self.it.vehicle
        starts = self._candidates()
        starts = np.unique(np.append(first, starts[(starts > first) & (starts < math.inf)]))
        # Between two neighbours, where the end stands still, the duration passes its limits.
        limits = [x for x in (v.nominal_duration, v.max_duration) if x < math.inf]
        if limits:
            end = self._run(starts)[2][-1]
            more = np.concatenate([end - x for x in limits])
            starts = np.unique(np.append(starts, more[more > first]))
        clocks = self._run(starts)
        best = self._best(starts, *clocks)
        arrive, start, leave = (clock[:, best].tolist() for clock in clocks)
        return arrive, start, leave

    def _run(self, starts: Floats) -> tuple[Floats, Floats, Floats]:
        """Return arrive, start and leave [m, starts] of every location."""
        it = self.it
        shape = (len(it.locations), len(starts))
        arrive, start, leave = np.empty(shape), np.empty(shape), np.empty(shape)
        clock = starts
        for i, (drive, slots, stay, release) in enumerate(
            zip(it.drive, self.slots, self.stays, it.release, strict=True)
        ):
            arrive[i] = self.roads.arrive(clock, drive)
            start[i] = slots.start(arrive[i])
            leave[i] = clock = np.maximum(start[i] + stay, release)
        return arrive, start, leave

    def _candidates(self) -> Floats:
        """Carry every edge back through the route: the latest start for which it is not yet passed."""
        it = self.it
        soonest = self._run(np.array([it.opens[0]]))[2][:, 0] - self.rounding
        edges = np.array([it.finish])
        steps = list(zip(soonest, it.drive, self.slots, self.stays, it.release, it.closes, strict=True))
        for leave, drive, slots, stay, release, closes in reversed(steps):
            edges = edges[edges >= leave]  # the rest lie before every start
            edges = np.where(edges < release, -math.inf, edges - stay)
            edges = np.concatenate([slots.latest(edges), slots.begins, slots.ends, [closes, release - stay]])
            edges = self.roads.latest(np.unique(np.append(edges, self.roads.begins)), drive)
            edges = np.concatenate([edges, self.roads.begins, self.roads.ends])
        return edges

    def _best(self, starts: Floats, arrive: Floats, start: Floats, leave: Floats) -> int:
        """Return the earliest of the best starts."""
        it, v = self.it, self.it.vehicle
        duration = leave[-1] - starts
        per_second = prices(v)[1]
        cost = per_second * duration + v.overtime_cost * np.maximum(duration - v.nominal_duration, 0.0)
        lateness = np.maximum(leave[-1] - it.finish, 0.0)
        for i, (closes, price) in enumerate(zip(it.closes, it.lateness_cost, strict=True)):
            if closes < math.inf:
                late = np.maximum(start[i] - closes, 0.0)
                if price < math.inf:
                    cost = cost + price * late
                else:
                    lateness = lateness + late
        good = np.ones(len(starts), dtype=bool)
        for what in (lateness, np.maximum(duration - v.max_duration, 0.0), cost, duration):
            best = float(what[good].min())
            good &= what <= best + max(100 * self.rounding, 1e-12 * abs(best))
        return int(np.flatnonzero(good)[0])


class _Roads:
    """Driving with breaks, in which the vehicle stands."""

    def __init__(self, breaks: Sequence[Break], rounding: float) -> None:
        self.begins = np.array([b.start for b in breaks])
        self.ends = np.array([b.end for b in breaks])
        self.rounding = rounding
        # On a clock that stands still during breaks, break k happens at `moments[k]`; before it, `stood[k]` is lost.
        self.stood = np.append(0.0, np.cumsum(self.ends - self.begins))
        self.moments = self.begins - self.stood[:-1]
        self.reached = np.append(-math.inf, self.moments)

    def _driven(self, clock: Floats) -> Floats:
        begun = np.searchsorted(self.begins, clock, side="right")
        return np.asarray(np.maximum(clock - self.stood[begun], self.reached[begun]))

    def arrive(self, clock: Floats, drive: float) -> Floats:
        """Return the arrival after `drive` seconds of driving."""
        if not len(self.begins) or drive == 0:
            return clock + drive
        driven = self._driven(clock) + drive
        return np.asarray(driven + self.stood[np.searchsorted(self.moments, driven - self.rounding)])

    def latest(self, clock: Floats, drive: float) -> Floats:
        """Return the latest departure that arrives no later than `clock`."""
        if not len(self.begins) or drive == 0:
            return clock - drive
        driven = self._driven(clock) - drive
        return np.asarray(driven + self.stood[np.searchsorted(self.moments, driven + self.rounding, side="right")])


class _Slots:
    """When a service may start: in a window, or too late, and such that no break interrupts it."""

    def __init__(self, windows: Sequence[Interval], service: float, breaks: Sequence[Break], rounding: float) -> None:
        slots = [(a, max(a, b)) for a, b in windows]  # a depot may open after the shift's end
        last = slots[-1][1]
        if last < math.inf:
            slots.append((last, math.inf))  # a plan that comes too late goes on
        for b in breaks:
            slots = [part for slot in slots for part in _without(slot, b.start - service, b.end)]
        self.begins = np.array([a for a, _ in slots])
        self.ends = np.array([b for _, b in slots])
        self.rounding = rounding

    def start(self, arrive: Floats) -> Floats:
        """Return the first moment from `arrive` on at which the service may start."""
        k = np.searchsorted(self.ends, arrive - self.rounding)
        return np.asarray(np.maximum(arrive, self.begins[k]))

    def latest(self, start: Floats) -> Floats:
        """Return the latest arrival after which the service starts no later than `start`."""
        k = np.searchsorted(self.begins, start + self.rounding, side="right") - 1
        return np.asarray(np.where(k < 0, -math.inf, np.minimum(start, self.ends[np.maximum(k, 0)])))


def _without(slot: Interval, begin: float, end: float) -> list[Interval]:
    """Cut an open interval out of a closed one."""
    a, b = slot
    if b <= begin or a >= end:
        return [slot]
    parts = []
    if a <= begin:
        parts.append((a, begin))
    if b >= end:
        parts.append((end, b))
    return parts
