"""The proof of a plan: cost, schedule and violations, recomputed in float64 from the routes alone.

Shares no code with any solver. Of a route only `vehicle_type` and `visits` count; what else it states is compared.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrp.errors import VrpError
from vrp.problem import Problem
from vrp.schedule import RELATIVE_TOLERANCE, TOLERANCE, Itinerary, above, itineraries, prices
from vrp.solution import Route, Solution, Stats, Status, Step, Unserved
from vrp.timing import timetable
from vrp.violations import RouteRules
from vrp.violations import Violation as Violation
from vrp.wording import number, place, vehicle

Bools = NDArray[np.bool_]


TERMS = ("fixed", "distance", "duration", "overtime", "lateness", "missed prizes", "preferences")


def evaluate(problem: Problem, routes: Sequence[Route], stats: Stats = Stats()) -> Solution:  # noqa: B008  frozen
    """Schedule and cost given routes; feasible or not, the result says what they mean.

    Parameters
    ----------
    problem
        Where the routes run.
    routes
        Only `vehicle_type` and `visits` are read. Routes without visits are left out: they use no vehicle.
    stats
        How the plan was found; passed on.

    Raises
    ------
    VrpError
        A location or vehicle type does not exist.
    """
    routes = [r for r in routes if r.visits]
    _require_existing(problem, routes)
    return _recompute(problem, routes, stats)[0]


def _recompute(problem: Problem, routes: Sequence[Route], stats: Stats) -> tuple[Solution, list[Itinerary]]:
    terms = dict.fromkeys(TERMS, 0.0)
    plan = itineraries(problem, routes)
    done = tuple(_finish(problem, it, terms) for it in plan)
    served = _served(problem, routes)
    unserved = _unserved(problem, served)
    missed = problem.prize[~served]
    terms["missed prizes"] = float(missed[np.isfinite(missed)].sum())
    solution = Solution(problem, done, unserved, _status(served, unserved), sum(terms.values()), terms, stats)
    return solution, plan


def _require_existing(problem: Problem, routes: Sequence[Route]) -> None:
    types, locations = len(problem.vehicles), problem.num_locations
    for i, route in enumerate(routes, 1):
        if not 0 <= route.vehicle_type < types:
            raise VrpError(
                f"Route {i} uses vehicle type {route.vehicle_type}, but the problem has the types 0 to {types - 1}."
            )
        if min(route.visits) < 0 or max(route.visits) >= locations:
            wrong = next(x for x in route.visits if not 0 <= x < locations)
            raise VrpError(
                f"Route {i} visits location {wrong}, but the problem has the locations 0 to {locations - 1}: "
                f"depots first, then clients."
            )


def _finish(problem: Problem, it: Itinerary, terms: dict[str, float]) -> Route:
    """Put the clock on a route and add its cost to `terms`."""
    v = it.vehicle
    arrives, starts, leaves = timetable(it)
    steps = []
    lateness = 0.0
    for location, kind, arrive, start, leave, closes, price, load, distance in zip(
        it.locations, it.kinds, arrives, starts, leaves, it.closes, it.lateness_cost, it.load.tolist(), it.distance,
        strict=True,
    ):  # fmt: skip
        late = 0.0
        if start > closes and above(start, closes):
            late = start - closes
            if price < math.inf:
                lateness += late * price
        steps.append(Step(location, kind, arrive, start - arrive, start, leave, tuple(load), distance, late))
    duration = leaves[-1] - leaves[0]
    per_distance, per_second = prices(v)
    clients = [x - problem.num_depots for x in it.locations if x >= problem.num_depots]
    cost = {
        "fixed": v.fixed_cost,
        "distance": per_distance * it.distance[-1],
        "duration": per_second * duration,
        "overtime": v.overtime_cost * max(0.0, duration - v.nominal_duration) if v.overtime_cost else 0.0,
        "lateness": lateness,
        "preferences": -float(problem.preference[it.vehicle_type, clients].sum()),
    }
    for term, amount in cost.items():
        terms[term] += amount
    visits = it.locations[1:] if v.end_depot is None else it.locations[1:-1]
    return Route(
        it.vehicle_type, v.start_depot, v.end_depot, tuple(visits), tuple(steps), it.distance[-1], duration,
        sum(cost.values()),
    )  # fmt: skip


def _served(problem: Problem, routes: Sequence[Route]) -> Bools:
    served = np.zeros(problem.num_locations, dtype=bool)
    for route in routes:
        served[list(route.visits)] = True
    return served[problem.num_depots :]


def _unserved(problem: Problem, served: Bools) -> tuple[Unserved, ...]:
    """Who is not served, with a reason that holds for everyone; `vrp.explain` finds the particular one."""
    missing = np.flatnonzero(~served).tolist()
    if not missing:
        return ()
    required = np.isinf(problem.prize)
    for g in np.flatnonzero(problem.group_required).tolist():
        members = problem.group == g
        if not served[members].any():
            required = required | members
    return tuple(
        Unserved(problem.num_depots + c, "No route of this plan serves it.", "", bool(required[c])) for c in missing
    )


def _status(served: Bools, unserved: tuple[Unserved, ...]) -> Status:
    if len(served) and not served.any():
        return Status.EMPTY
    return Status.PARTIAL if any(u.required for u in unserved) else Status.COMPLETE


def check(problem: Problem, solution: Solution) -> list[Violation]:
    """Return every broken rule of a plan; [] proves that it is feasible and that all it states is true.

    Everything is recomputed from `vehicle_type` and `visits` of each route. A route without steps states no schedule.
    A required stop that is not served is a violation too, whatever the status says.

    Raises
    ------
    VrpError
        The arguments are not a problem and a solution, in this order.
    """
    if not isinstance(problem, Problem) or not isinstance(solution, Solution):
        got = f"{type(problem).__name__} and {type(solution).__name__}"
        raise VrpError(f"check needs a Problem and a Solution, got {got}. Use vrp.check(problem, solution).")
    found: list[Violation] = []
    routes, index = [], []
    for i, route in enumerate(solution.routes):
        known, problems = _known(problem, i, route)
        found += problems
        if known is not None and known.visits:
            routes.append(known)
            index.append(i)
    truth, plan = _recompute(problem, routes, solution.stats)
    for i, it, route in zip(index, plan, truth.routes, strict=True):
        found += RouteRules(problem, i, it, route)
        found += _stated_route(problem, i, solution.routes[i], route)
    found += _fleet(problem, routes)
    found += _visits(problem, routes, index, truth)
    found += _stated(solution, truth)
    return found


def examine(
    problem: Problem, routes: Sequence[Route], ignore: Collection[str] = ()
) -> list[tuple[Route, list[Violation]]]:
    """Schedule routes on trial, each by itself; return each with the rules that it breaks on its own.

    Where "release" or "breaks" are ignored, the schedule is that without the releases or the breaks.
    """
    terms = dict.fromkeys(TERMS, 0.0)
    result = []
    for it in itineraries(problem, routes):
        if "release" in ignore:
            it.opens[0] = max(it.vehicle.shift[0], float(problem.depot_windows[it.locations[0], 0]))
            it.release = [-math.inf] * len(it.release)
        if "breaks" in ignore:
            it.vehicle = replace(it.vehicle, breaks=())
        route = _finish(problem, it, terms)
        result.append((route, list(RouteRules(problem, None, it, route))))
    return result


def _known(problem: Problem, index: int, route: Route) -> tuple[Route | None, list[Violation]]:
    """Return the part of a route that exists in the problem, and a violation for each part that does not."""
    if not 0 <= route.vehicle_type < len(problem.vehicles):
        message = (
            f"Route {index + 1} uses vehicle type {route.vehicle_type}, but there are only the types 0 to "
            f"{len(problem.vehicles) - 1}; its stops are not counted as served."
        )
        return None, [Violation("unknown vehicle type", message, index)]
    size = problem.num_locations
    unknown = [x for x in route.visits if not 0 <= x < size]
    found = [
        Violation(
            "unknown stop",
            f"Route {index + 1} visits location {x}, but there are only the locations 0 to {size - 1}.",
            index,
            x,
        )
        for x in unknown
    ]
    visits = tuple(x for x in route.visits if 0 <= x < size) if unknown else route.visits
    return Route(route.vehicle_type, route.start_depot, route.end_depot, visits), found


def _fleet(problem: Problem, routes: Sequence[Route]) -> Iterator[Violation]:
    """Count the vehicles of each type; a vehicle with fixed stops must be used."""
    used = Counter(r.vehicle_type for r in routes)
    for k, v in enumerate(problem.vehicles):
        if v.count is not None and used[k] > v.count:
            message = f"{used[k]} routes use {vehicle(problem, k)}, but it has {v.count} vehicles."
            yield Violation("too many vehicles", message, amount=used[k] - v.count)
        if v.prefix and not used[k]:
            stops = ", ".join(place(problem, x) for x in v.prefix)
            message = f"No route uses {vehicle(problem, k)}, whose first stops are fixed: {stops}."
            yield Violation("prefix", message, stop=v.prefix[0])


def _visits(problem: Problem, routes: Sequence[Route], index: Sequence[int], truth: Solution) -> Iterator[Violation]:
    """What concerns the plan as a whole: stops served twice or not, groups, shipments."""
    depots = problem.num_depots
    on: dict[int, list[int]] = {}
    for i, route in zip(index, routes, strict=True):
        for x in route.visits:
            if x >= depots:
                on.setdefault(x, []).append(i)
    for x, where in on.items():
        if len(where) > 1:
            listed = ", ".join(str(i + 1) for i in where)
            message = f"{_capital(place(problem, x))} is served {len(where)} times (routes {listed}), not once."
            yield Violation("visited twice", message, where[1], x, len(where) - 1)
    for c in np.flatnonzero(np.isinf(problem.prize)).tolist():
        if c + depots not in on:
            message = f"{_capital(place(problem, c + depots))} must be served, but no route serves it."
            yield Violation("unserved", message, None, c + depots, 1.0)
    yield from _groups(problem, on)
    yield from _shipments(problem, on, {i: r.visits for i, r in zip(index, routes, strict=True)})


def _groups(problem: Problem, on: Mapping[int, list[int]]) -> Iterator[Violation]:
    if not len(problem.group_required):
        return
    members: dict[int, list[int]] = {}
    for x in on:
        members.setdefault(int(problem.group[x - problem.num_depots]), []).append(x)
    for g, required in enumerate(problem.group_required.tolist()):
        served = members.get(g, [])
        if len(served) > 1:
            listed = ", ".join(place(problem, x) for x in served)
            message = f"Group {g} has {len(served)} of its alternatives served ({listed}), but one is enough."
            yield Violation("group", message, on[served[1]][0], served[1], len(served) - 1)
        elif required and not served:
            some = np.flatnonzero(problem.group == g) + problem.num_depots
            listed = ", ".join(place(problem, x) for x in some[:5].tolist()) + (", ..." if len(some) > 5 else "")
            yield Violation(
                "unserved", f"Group {g} must be served, but none of its alternatives is: {listed}.", amount=1
            )


def _shipments(
    problem: Problem, on: Mapping[int, list[int]], visits: Mapping[int, tuple[int, ...]]
) -> Iterator[Violation]:
    for s, (a, b) in enumerate(np.asarray(problem.shipments).tolist()):
        what = f"Shipment {s} from {place(problem, a)} to {place(problem, b)}"
        if (a in on) != (b in on):
            done, missing = (a, b) if a in on else (b, a)
            message = f"{what} is served at {place(problem, done)} but not at {place(problem, missing)}."
            yield Violation("shipment", message, on[done][0], missing, 1.0)
        elif a in on:
            together = sorted(set(on[a]) & set(on[b]))
            if not together:
                message = (
                    f"{what} is split over the routes {on[a][0] + 1} and {on[b][0] + 1}, but one vehicle must carry it."
                )
                yield Violation("shipment", message, on[b][0], b)
            elif all(visits[i].index(a) > visits[i].index(b) for i in together):
                message = f"{what} is delivered before it is picked up on route {together[0] + 1}."
                yield Violation("shipment", message, together[0], b)


def _stated_route(problem: Problem, index: int, stated: Route, true: Route) -> Iterator[Violation]:
    """Compare a route's depots and, where it has steps, its schedule and figures with the true ones."""
    for name in ("start_depot", "end_depot"):
        got, want = getattr(stated, name), getattr(true, name)
        if got != want:
            message = f"Route {index + 1} states {name} {got}, but {vehicle(problem, true.vehicle_type)} has {want}."
            yield Violation("stated route", message, index)
    if not stated.steps:
        return
    for name in ("distance", "duration", "cost"):
        got, want = getattr(stated, name), getattr(true, name)
        if _differ(got, want, RELATIVE_TOLERANCE * true.steps[-1].leave if name == "duration" else 0.0):
            message = f"Route {index + 1} states a {name} of {number(got)}, but it is {number(want)}."
            yield Violation("stated route", message, index, amount=abs(got - want))
    if [s.location for s in stated.steps] != [s.location for s in true.steps]:
        yield Violation("stated steps", f"Route {index + 1} states steps at other locations than its visits.", index)
        return
    for got_step, want_step in zip(stated.steps, true.steps, strict=True):
        if got_step == want_step:
            continue
        for name in ("kind", "arrive", "wait", "start", "leave", "load", "distance", "late"):
            got, want = getattr(got_step, name), getattr(want_step, name)
            if not _same(got, want, RELATIVE_TOLERANCE * true.steps[-1].leave):
                where = place(problem, want_step.location)
                message = f"Route {index + 1} states {name} {got!r} at {where}, but it is {want!r}."
                yield Violation("stated steps", message, index, want_step.location)


def _stated(solution: Solution, truth: Solution) -> Iterator[Violation]:
    """Compare cost, status and the list of unserved stops with the true ones."""
    if _differ(solution.cost, truth.cost):
        message = f"The plan states a cost of {number(solution.cost)}, but it is {number(truth.cost)}."
        yield Violation("stated cost", message, amount=abs(solution.cost - truth.cost))
    for term in sorted({*solution.cost_table, *truth.cost_table}):
        got, want = solution.cost_table.get(term, 0.0), truth.cost_table.get(term, 0.0)
        if _differ(got, want):
            message = f"The plan states {number(got)} for {term!r}, but it is {number(want)}."
            yield Violation("stated cost", message, amount=abs(got - want))
    if solution.status is not truth.status:
        message = f"The plan states the status {solution.status.name}, but it is {truth.status.name}."
        yield Violation("stated status", message)
    stated, true = ({u.stop: u.required for u in s.unserved} for s in (solution, truth))
    for x in sorted({*stated, *true}):
        if x not in true:
            message = f"The plan lists location {x} as unserved, but it is served or no stop."
        elif x not in stated:
            message = f"The plan does not serve {place(truth.problem, x)} and does not list it as unserved."
        elif stated[x] != true[x]:
            word = "required" if true[x] else "optional"
            message = f"The plan calls the unserved {place(truth.problem, x)} otherwise, but it is {word}."
        else:
            continue
        yield Violation("stated unserved", message, stop=x)


def _differ(got: float, want: float, more: float = 0.0) -> bool:
    """Whether two figures differ by more than the tolerance; NaN differs from everything."""
    return not abs(got - want) <= TOLERANCE * (1.0 + abs(want)) + more


def _same(got: Any, want: Any, more: float) -> bool:
    """Whether two values of a step agree."""
    if isinstance(want, str):
        return bool(got == want)
    if isinstance(want, tuple):
        return len(got) == len(want) and not any(_differ(a, b) for a, b in zip(got, want, strict=True))
    return not _differ(got, want, more)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
