"""Why a stop is unserved: recomputed from the problem and the plan, never from what a search remembers.

First come tests that are certain (no vehicle can do it even with nothing else to do), then evidence from the plan (what
stands in the way at the cheapest places in its routes), worded as such. The work is bounded, so that a plan with
thousands of unserved stops is explained in a fraction of a second.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vrp.check import Bools, examine
from vrp.display import is_clock, route_names
from vrp.places import Places
from vrp.problem import Problem
from vrp.range import out_of_range
from vrp.schedule import above
from vrp.solution import Route, Solution, Unserved
from vrp.violations import Violation
from vrp.wording import instant, number, place, span, vehicle

EXAMINED = 100
"""Unserved stops that are tried alone; the others get the reason that is most common among these."""
WORK = 500
"""Stops on the routes of all insertions that are tried, some 10 ms."""

# Kind of violation -> what it is called, and what would help.
LIMITS = {
    "capacity": ("the capacity", "Add a vehicle or raise the capacity."),
    "time window": ("a time window", "Add a vehicle or widen the windows."),
    "shift": ("the end of the shift", "Add a vehicle or extend the shifts."),
    "depot window": ("the depot's opening hours", "Add a vehicle or extend the depot's opening hours."),
    "max duration": ("the maximum duration", "Add a vehicle or raise the maximum duration."),
    "max distance": ("the maximum distance", "Add a vehicle or raise the maximum distance."),
    "max stops": ("the maximum number of stops", "Add a vehicle or raise the maximum number of stops."),
    "allowed": ("which stops the vehicle may serve", "Add a vehicle that may serve it, or allow it for the others."),
    "backhaul": ("the order of deliveries and pickups", "Add a vehicle or allow mixed pickups."),
    "battery": ("the battery", "Add a vehicle or a charger."),
    "prefix": ("the fixed first stops", "Add a vehicle."),
}
IN_SECONDS = {"time window", "shift", "depot window", "max duration"}


def explain_unserved(problem: Problem, solution: Solution) -> Solution:
    """Return the same solution with a reason and a hint for each unserved stop."""
    if not solution.unserved:
        return solution
    explainer = _Explainer(problem, solution)
    return replace(solution, unserved=tuple(explainer.explain()))


@dataclass(frozen=True)
class _Reason:
    reason: str
    hint: str


class _Explainer:
    """One plan under examination."""

    def __init__(self, problem: Problem, solution: Solution) -> None:
        self.problem, self.solution = problem, solution
        self.depots = problem.num_depots
        self.clock = is_clock(problem)
        self.served = {x for r in solution.routes for x in r.visits if x >= self.depots}
        self.used = Counter(r.vehicle_type for r in solution.routes)
        self.partner = {a: b for pair in np.asarray(problem.shipments).tolist() for a, b in (pair, pair[::-1])}
        self.is_pickup = set(np.asarray(problem.shipments)[:, 0].tolist())
        self.group_served = {int(problem.group[x - self.depots]): x for x in self.served}
        self.work = WORK // 4 if _slow_to_schedule(problem) else WORK
        self.limits: Counter[str] = Counter()
        self.places: Places | None = None

    def explain(self) -> Iterable[Unserved]:
        """Explain one stop after the other, the required ones first as long as there is work left to spend."""
        order = sorted(self.solution.unserved, key=lambda u: not u.required)
        alone = self._alone([u.stop for u in order][:EXAMINED])
        found = {u.stop: self._reason(u, alone) for u in order}
        return [replace(u, reason=found[u.stop].reason, hint=found[u.stop].hint) for u in self.solution.unserved]

    def _at(self, seconds: float) -> str:
        return instant(seconds, self.clock)

    def _span(self, seconds: float) -> str:
        return span(seconds, self.clock)

    def _on(self, index: int) -> str:
        """Return what a route of the plan is called: its number, and the vehicle's name as in the summary."""
        named = self.problem.vehicles[self.solution.routes[index].vehicle_type].name
        return f"on route {index + 1}" + (f", {route_names(self.solution)[index]}" if named else "")

    def _unit(self, stop: int) -> tuple[int, ...]:
        """Return what is served together: a stop, or both ends of a shipment."""
        other = self.partner.get(stop)
        if other is None:
            return (stop,)
        return (stop, other) if stop in self.is_pickup else (other, stop)

    def _types(self, unit: Sequence[int]) -> list[int]:
        """Return the vehicle types that may serve all of a unit."""
        able = self.problem.allowed[:, unit[0] - self.depots]
        if len(unit) > 1:
            able = able & self.problem.allowed[:, unit[1] - self.depots]
        return [k for k, yes in enumerate(able.tolist()) if yes]

    def _reason(self, u: Unserved, alone: dict[int, list[tuple[Route, list[Violation]]]]) -> _Reason:
        stop = u.stop
        group = int(self.problem.group[stop - self.depots])
        if group >= 0 and group in self.group_served:
            other = place(self.problem, self.group_served[group])
            return _Reason(f"Its alternative is served instead: {other}.", "Nothing to do.")
        other_end = self.partner.get(stop)
        if other_end is not None and stop not in self.is_pickup:
            return _Reason(
                f"It is the delivery of the shipment from {place(self.problem, other_end)}, which is unserved.",
                "See there.",
            )
        unit = self._unit(stop)
        types = self._types(unit)
        certain = self._not_allowed(unit, types) or self._too_large(unit, types) or self._out_of_range(stop, types)
        if certain is None and stop in alone:
            certain = self._not_even_alone(stop, alone[stop])
        return certain or self._in_the_plan(u, unit, alone.get(stop, []))

    # Certain reasons

    def _not_allowed(self, unit: Sequence[int], types: Sequence[int]) -> _Reason | None:
        if types:
            return None
        both = " and its delivery" if len(unit) > 1 else ""
        return _Reason(
            f"No vehicle type is allowed to serve it{both}.",
            "Allow it for a vehicle type, or give one the skills that it needs.",
        )

    def _too_large(self, unit: Sequence[int], types: Sequence[int]) -> _Reason | None:
        """Compare what it brings onto a vehicle with what the largest one holds besides its initial load."""
        p = self.problem
        if len(unit) > 1:
            return None  # its load depends on the order: tried alone
        demand = np.maximum(p.delivery[unit[0] - self.depots], p.pickup[unit[0] - self.depots])
        room = [
            np.array(v.capacity or math.inf) - np.array(v.initial_load or 0.0) for v in (p.vehicles[k] for k in types)
        ]
        if any(not any(above(float(a), float(b)) for a, b in np.broadcast(demand, r)) for r in room):
            return None
        best = min(range(len(room)), key=lambda i: float((demand - room[i]).max()))
        c = int((demand - room[best]).argmax())
        dimension = f" of load {c}" if len(demand) > 1 else ""
        limit = float(np.broadcast_to(room[best], demand.shape)[c])
        return _Reason(
            f"Its demand is {number(float(demand[c]))}{dimension}, but no vehicle that may serve it holds more than "
            f"{number(limit)} ({vehicle(p, types[best])}).",
            "Split the stop or add a larger vehicle.",
        )

    def _out_of_range(self, stop: int, types: Sequence[int]) -> _Reason | None:
        # Without chargers the trip to it alone tells as much.
        if not self.problem.chargers or (short := out_of_range(self.problem, stop, types)) is None:
            return None
        energy, k = short
        return _Reason(
            f"It is out of range: from the nearest depot or charger to it and on to the next takes {number(energy)} of "
            f"energy; a full battery holds {number(self.problem.vehicles[k].battery)} ({vehicle(self.problem, k)}).",
            "Add a charger near it, or a vehicle with a larger battery.",
        )

    def _alone(self, stops: Sequence[int]) -> dict[int, list[tuple[Route, list[Violation]]]]:
        """Try each stop as the only one of a route, by every vehicle type that may serve it."""
        routes, owner = [], []
        for stop in stops:
            unit = self._unit(stop)
            if stop != unit[0]:
                continue
            for k in self._types(unit):
                v = self.problem.vehicles[k]
                routes.append(
                    Route(k, v.start_depot, v.end_depot, (*v.prefix, *(x for x in unit if x not in v.prefix)))
                )
                owner.append(stop)
        result: dict[int, list[tuple[Route, list[Violation]]]] = {}
        for stop, examined in zip(owner, examine(self.problem, routes), strict=True):
            result.setdefault(stop, []).append(examined)
        return result

    def _not_even_alone(self, stop: int, trips: Sequence[tuple[Route, list[Violation]]]) -> _Reason | None:
        """Find the rule that stops every vehicle type although it has nothing else to do."""
        broken = [(r, w) for r, violations in trips if (w := self._blocking(r, violations)) is not None]
        if len(broken) < len(trips) or not broken:
            return None
        kind = Counter(w.kind for _, w in broken).most_common(1)[0][0]
        route, wrong = min(((r, w) for r, w in broken if w.kind == kind), key=lambda pair: pair[1].amount)
        found = self._alone_breaks(kind, route, wrong)
        cause = self._cause(route) if kind in IN_SECONDS else None
        return found if cause is None else _Reason(f"{found.reason} {cause.reason}", cause.hint)

    def _cause(self, route: Route) -> _Reason | None:
        """Find out whether releases or breaks are to blame for what a route breaks: without them it breaks nothing."""
        v = self.problem.vehicles[route.vehicle_type]
        released = max(float(self.problem.release[x - self.depots]) for x in route.visits if x >= self.depots)
        late = released > max(v.shift[0], float(self.problem.depot_windows[v.start_depot, 0]))
        breaks = ", ".join(f"{self._at(b.start)} to {self._at(b.end)}" for b in v.breaks)
        who = vehicle(self.problem, route.vehicle_type)
        goods = f"Its goods are released only at {self._at(released)}"
        causes = {
            ("release",): (late, f"{goods}.", "Release them earlier."),
            ("breaks",): (bool(breaks), f"The breaks of {who} ({breaks}) are in the way.", "Move the breaks."),
            ("release", "breaks"): (
                late and bool(breaks),
                f"{goods}, and then the breaks of {who} ({breaks}) are in the way.",
                "Release its goods earlier and move the breaks.",
            ),
        }
        for ignored, (possible, reason, hint) in causes.items():
            if possible and self._blocking(route, examine(self.problem, [route], ignored)[0][1]) is None:
                return _Reason(reason, hint)
        return None

    def _alone_breaks(self, kind: str, route: Route, wrong: Violation) -> _Reason:
        """Tell by how much a route to a stop alone breaks a rule."""
        who = vehicle(self.problem, route.vehicle_type)
        v = self.problem.vehicles[route.vehicle_type]
        end = route.steps[-1].leave
        if kind == "time window":
            return self._window(route, wrong)
        if kind == "shift":
            return _Reason(
                f"No vehicle can serve it within its shift, even alone: the earliest end is {self._at(end)}, "
                f"and the shift of {who} ends at {self._at(v.shift[1])}.",
                "Extend the shift or start a vehicle earlier.",
            )
        if kind == "depot window":
            return _Reason(
                f"No vehicle can serve it while its depot is open, even alone: {wrong.message}",
                "Extend the depot's opening hours.",
            )
        if kind == "max duration":
            return _Reason(
                f"A route to it alone lasts {self._span(route.duration)}, above every vehicle's limit "
                f"({who}: {self._span(v.max_duration)}).",
                "Raise the maximum duration.",
            )
        if kind == "max distance":
            return _Reason(
                f"A route to it alone drives {number(route.distance)}, above every vehicle's limit "
                f"({who}: {number(v.max_distance)}).",
                "Raise the maximum distance.",
            )
        return _Reason(f"No vehicle can serve it, even alone: {wrong.message}", LIMITS.get(kind, ("", ""))[1])

    def _blocking(self, route: Route, violations: Sequence[Violation]) -> Violation | None:
        """Return the first violation that neither more stops nor a reload or charge on the way could heal."""
        curable = {"backhaul"}
        if self.problem.chargers:
            curable.add("battery")
        if self.problem.vehicles[route.vehicle_type].reload_depots:
            curable.add("capacity")
        return next((v for v in violations if v.kind not in curable), None)

    def _window(self, route: Route, wrong: Violation) -> _Reason:
        step = next(s for s in route.steps if s.location == wrong.stop and s.late)
        windows = self.problem.time_windows[step.location - self.depots]
        used = windows[windows[:, 0] < math.inf]
        text = " and ".join(f"{self._at(a)} to {self._at(b)}" for a, b in used.tolist())
        whose = "Its" if len(route.visits) == 1 else f"At {place(self.problem, step.location)} the"
        way = "straight from its depot" if step.location == route.visits[0] else "by way of its pickup"
        return _Reason(
            f"{whose} window{'s' if len(used) > 1 else ''} {text} end{'' if len(used) > 1 else 's'} before any vehicle "
            f"can start there, coming {way} (earliest {self._at(step.start)}, "
            f"{vehicle(self.problem, route.vehicle_type)}).",
            "Widen it or start a vehicle earlier.",
        )

    # Evidence from the plan

    def _in_the_plan(self, u: Unserved, unit: Sequence[int], alone: Sequence[tuple[Route, list[Violation]]]) -> _Reason:
        """Try to put it where it costs least, and tell what came of it."""
        free = [(r, w) for r, w in alone if self._available(r.vehicle_type) and self._blocking(r, w) is None]
        best, where = math.inf, ""
        for route, wrong in free:
            if not wrong and route.cost < best and not self.problem.vehicles[route.vehicle_type].prefix:
                best, where = route.cost, f"alone on another vehicle ({vehicle(self.problem, route.vehicle_type)})"
        tried, limits = 0, Counter[str]()
        nearest: dict[str, float] = {}
        for index, cost, wrong_here in self._insert(unit):
            tried += 1
            if not wrong_here and cost < best:
                best, where = cost, self._on(index)
            for w in wrong_here[:1]:
                limits[w.kind] += 1
                nearest[w.kind] = min(nearest.get(w.kind, math.inf), w.amount)
        self.limits += limits
        if best < math.inf:
            return self._place_exists(u, unit, best, where)
        if free and all(wrong and wrong[0].kind == "backhaul" for _, wrong in free):
            places = f", and {self._met('the', tried, limits, nearest)}" if tried else ""
            return _Reason(
                f"A trip of pickups alone is not allowed{places}.",
                "Add a delivery that a trip can begin with, or allow pickups alone.",
            )
        if free and all(wrong and wrong[0].kind == "battery" for _, wrong in free):
            return _Reason(
                "A vehicle is left that could reach it by charging on the way, but the search found no such route; "
                "it puts no two charging stops in a row.",
                "Allow more time, a larger battery or a charging station nearer to it.",
            )
        if free:
            return _Reason("A vehicle is left that can serve it, but the search ended before.", "Allow more time.")
        if tried:
            return self._no_room(tried, limits, nearest)
        return self._not_tried(self._types(unit))

    def _place_exists(self, u: Unserved, unit: Sequence[int], cost: float, where: str) -> _Reason:
        prize = float(self.problem.prize[np.array(unit) - self.depots].sum())
        if not u.required and cost >= prize:
            return _Reason(
                f"The cheapest place found for it costs {number(cost)} more ({where}), but its prize is only "
                f"{number(prize)}.",
                f"Raise its prize above {number(cost)} to have it served.",
            )
        return _Reason(
            f"There is a place for it ({where}, for {number(cost)} more), but the search ended before.",
            "Allow more time.",
        )

    def _no_room(self, tried: int, limits: Counter[str], nearest: dict[str, float]) -> _Reason:
        kind = limits.most_common(1)[0][0]
        return _Reason(
            f"All vehicles that could serve it are used; {self._met('their', tried, limits, nearest)}.",
            LIMITS.get(kind, ("", "Add a vehicle."))[1],
        )

    def _met(self, whose: str, tried: int, limits: Counter[str], nearest: dict[str, float]) -> str:
        """Tell which limits were met, the most frequent one with how little was missing."""
        ranked = limits.most_common()
        kind, least = ranked[0][0], nearest[ranked[0][0]]
        parts = [f"{count} break {LIMITS.get(k, (k, ''))[0]}" for k, count in ranked]
        if least > 0:
            parts[0] += f" (by {self._span(least) if kind in IN_SECONDS else number(least)} at the least)"
        return f"of the {tried} cheapest places in {whose} routes {', '.join(parts)}"

    def _not_tried(self, types: Sequence[int]) -> _Reason:
        """One of so many unserved stops that it was not tried itself."""
        left = f"It is one of {len(self.solution.unserved)} unserved stops, too many to try each"
        if any(self._available(k) for k in types):
            return _Reason(f"{left}; not all vehicles are used.", "Allow more time.")
        if not self.limits:
            return _Reason(f"{left}; all vehicles that may serve it are used.", "Add a vehicle.")
        kind = self.limits.most_common(1)[0][0]
        name, hint = LIMITS.get(kind, (kind, "Add a vehicle."))
        return _Reason(f"{left}; all vehicles that may serve it are used, and the others mostly break {name}.", hint)

    def _available(self, kind: int) -> bool:
        count = self.problem.vehicles[kind].count
        return count is None or self.used[kind] < count

    def _insert(self, unit: Sequence[int]) -> Iterable[tuple[int, float, list[Violation]]]:
        """Yield route index, added cost and broken rules of the cheapest insertions, as long as work is left."""
        if self.work <= 0 or not self.solution.routes:
            return
        self.places = self.places or Places(self.problem, self.solution.routes)
        index: list[int] = []
        changed: list[Route] = []
        able: Bools = np.all(self.problem.allowed[:, np.array(unit) - self.depots], axis=1)
        for i, at in self.places.cheapest(unit[0], able):
            old = self.solution.routes[i]
            # A delivery may follow its pickup at once, or where its own detour is the shortest.
            for behind in sorted({at, self.places.later(unit[-1], i, at)} if len(unit) > 1 else {at}):
                if self.work > 0:
                    index.append(i)
                    visits = (*old.visits[:at], unit[0], *old.visits[at:behind], *unit[1:], *old.visits[behind:])
                    changed.append(replace(old, visits=visits))
                    self.work -= len(old.visits)
        for i, (new, wrong) in zip(index, examine(self.problem, changed), strict=True):
            yield i, new.cost - self.solution.routes[i].cost, wrong


def _slow_to_schedule(problem: Problem) -> bool:
    """Whether the best start of a route has to be searched for."""
    several = problem.time_windows.shape[1] > 1
    return several or bool(np.isfinite(problem.lateness_cost).any()) or any(v.breaks for v in problem.vehicles)
