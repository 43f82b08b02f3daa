"""Before and after the solver: the plan to begin with, the time that closing takes, and the last word on the result."""

import math
import time
from collections import Counter
from dataclasses import replace

import numpy as np

from vrp.errors import ProblemError, SolverError
from vrp.fields import shorten
from vrp.objectives import lead
from vrp.problem import Problem
from vrp.solution import Route, Solution

SAMPLE = 10
"""Stops, at least, that are scheduled to find out how long that takes: about a millisecond's work."""
SAMPLE_SHARE = 20
"""One stop in so many of a large problem, since an error of the estimate costs more time there."""
SAMPLE_ROUTE = 5
"""Stops in each route of the sample."""
SCHEDULES = 5.0
"""What evaluating and checking takes, in schedules of all stops (measured: 4.2 to 4.8)."""
ANYWAY = 50
"""What a schedule takes whatever the size, in stops (measured: 47 to 56)."""
EXPLAINED = 1000
"""Stops that are scheduled to find reasons for those left out, at most."""
EXPLAINING = 0.2
"""Share of the time limit that finding reasons may take from the search; what it takes beyond makes the answer late."""
FIXED_SECONDS = 0.0005
"""What closing takes whatever the size: explaining a few unserved stops, noticing the deadline."""


def checked_start(problem: Problem, start: object) -> Solution:
    """Return the plan evaluated anew in this problem.

    Raises
    ------
    ProblemError
        With everything that keeps its routes from being routes of this problem: unknown or repeated stops, unknown
        vehicles or more of them than there are. Lateness, overload and the like are no errors here.
    """
    from vrp.check import evaluate

    if not isinstance(start, Solution):
        raise ProblemError(f"`start` must be a Solution, got {type(start).__name__}. Read one with vrp.read_solution.")
    errors = _structure_errors(problem, start.routes)
    if errors:
        raise ProblemError([f"`start` does not fit this problem: {error}" for error in errors])
    return evaluate(problem, start.routes)


def _structure_errors(problem: Problem, routes: tuple[Route, ...]) -> list[str]:
    errors = []
    used: Counter[int] = Counter()
    seen: dict[int, int] = {}
    first, end = problem.num_depots, problem.num_locations
    for number, route in enumerate(routes, 1):
        kind = route.vehicle_type
        if not 0 <= kind < len(problem.vehicles):
            errors.append(f"route {number} is of vehicle type {kind}, but there are {len(problem.vehicles)} (from 0).")
            continue
        used[kind] += 1
        stations = {*problem.vehicles[kind].reload_depots, *problem.chargers}
        beyond = [visit for visit in route.visits if not 0 <= visit < end]
        if beyond:
            found = shorten(beyond, len(beyond))
            errors.append(f"route {number} visits location {found}, but locations are 0..{end - 1}.")
        for visit in route.visits:
            if not 0 <= visit < end:
                continue
            if visit < first:
                if visit not in stations:
                    errors.append(f"route {number} visits depot {visit} on its way, where its vehicle cannot reload.")
            elif visit in seen:
                name = problem.location_name(visit)
                errors.append(f"stop {name!r} is in route {seen[visit]} and again in route {number}.")
            else:
                seen[visit] = number
    for kind, count in used.items():
        limit = problem.vehicles[kind].count
        if limit is not None and count > limit:
            errors.append(f"{count} routes are of vehicle type {kind}, which has {limit} vehicles.")
    return errors


def check_prefixes(problem: Problem) -> None:
    """Raise an error where the fixed first stops of the vehicles contradict the rest of the problem.

    Raises
    ------
    ProblemError
        With every rule that these stops break by themselves, so that no plan could keep them.
    """
    from vrp.check import check, evaluate

    fixed = {x for v in problem.vehicles for x in v.prefix}
    if not fixed:
        return
    begun = [Route(k, v.start_depot, v.end_depot, v.prefix) for k, v in enumerate(problem.vehicles) if v.prefix]
    deliveries = set(problem.shipments[:, 1].tolist()) - fixed
    # Stops that follow can heal these alone.
    curable = {"unserved"} | ({"backhaul"} if problem.backhaul == "strict" else set())
    curable |= {"battery"} if problem.chargers else set()
    errors = [
        f"The fixed first stops (`prefix`) cannot be kept: {v.message} Correct `prefix`, or what it contradicts."
        for v in check(problem, evaluate(problem, begun))
        if v.kind not in curable and not (v.kind == "shipment" and v.stop in deliveries)
    ]
    if errors:
        raise ProblemError(errors)


def closing_seconds(problem: Problem, time_limit: float) -> float:
    """Return how long evaluating, checking and explaining the result will take, so that the search ends earlier.

    Measured on a route of a few stops, since it depends on the machine and on which constraints there are.
    """
    from vrp.schedule import itineraries
    from vrp.timing import timetable

    vehicle, first = problem.vehicles[0], problem.num_depots
    count = min(problem.num_clients, max(SAMPLE, problem.num_clients // SAMPLE_SHARE))
    sample = [
        Route(0, vehicle.start_depot, vehicle.end_depot, tuple(range(i, min(i + SAMPLE_ROUTE, first + count))))
        for i in range(first, first + count, SAMPLE_ROUTE)
    ]
    shortest = math.inf
    for _ in range(2):
        began = time.perf_counter()
        for itinerary in itineraries(problem, sample):
            timetable(itinerary)
        shortest = min(shortest, time.perf_counter() - began)
    closing = SCHEDULES * shortest * (ANYWAY + problem.num_clients) / (ANYWAY + count)
    # Each stop that is left out is tried beside each other one.
    explained = min(EXPLAINED, _left_out(problem) * (problem.num_clients + 1))
    return FIXED_SECONDS + closing + min(2 * shortest / count * explained, EXPLAINING * time_limit)


def _left_out(problem: Problem) -> int:
    """Return how many stops will perhaps be unserved: the optional ones, or any where goods exceed the fleet."""
    optional = int(np.isfinite(problem.prize).sum())
    if any(v.count is None or not v.capacity for v in problem.vehicles):
        return optional
    room = sum((v.count or 0) * np.array(v.capacity) for v in problem.vehicles)
    excess = (problem.delivery.sum(axis=0) > room).any() or (problem.pickup.sum(axis=0) > room).any()
    return problem.num_clients if excess else optional


def finish(problem: Problem, found: Solution, start: Solution | None, solver: str) -> Solution:
    """Return what was found, or a valid start that is better, with a reason for each unserved stop.

    Raises
    ------
    SolverError
        The solver returned a plan that breaks a constraint.
    """
    from vrp.check import check
    from vrp.explain import explain_unserved

    wrong = [v for v in check(problem, found) if v.kind != "unserved"]
    if wrong:
        raise SolverError(solver, [str(violation) for violation in wrong], found)
    best = found
    if start is not None and rank(start) < rank(found) and all(v.kind == "unserved" for v in check(problem, start)):
        best = replace(start, stats=found.stats)
    return explain_unserved(problem, best) if best.unserved else best


def rank(solution: Solution) -> tuple[int, float, float]:
    """Return what plans are compared by, smaller being better: unserved stops, what the objective asks for, cost."""
    return sum(stop.required for stop in solution.unserved), lead(solution), solution.cost
