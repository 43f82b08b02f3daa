"""From a foreign solver's routes to a `Solution`: costed by `vrp.check`, and without the routes that break a rule."""

from collections.abc import Sequence
from importlib.metadata import version

from vrp.check import check, evaluate
from vrp.problem import Problem
from vrp.solution import Route, Solution, Stats


def route(problem: Problem, vehicle_type: int, visits: Sequence[int]) -> Route:
    """Return the route of a vehicle of this type over these locations."""
    vehicle = problem.vehicles[vehicle_type]
    return Route(vehicle_type, vehicle.start_depot, vehicle.end_depot, tuple(visits))


def answer(problem: Problem, routes: Sequence[Route], stats: Stats, trusted: bool) -> Solution:
    """Return the plan of these routes.

    Parameters
    ----------
    problem
        Where the routes run.
    routes
        As the solver returned them.
    stats
        How they were found.
    trusted
        The solver calls the plan feasible, and its integers were exact. Otherwise routes that break a rule are left
        out, so that what is returned is feasible, if partial.
    """
    solution = evaluate(problem, routes, stats)
    if trusted:
        return solution
    wrong = [v for v in check(problem, solution) if v.kind != "unserved"]
    if not wrong:
        return solution
    broken = {v.route for v in wrong if v.route is not None}
    return evaluate(problem, [r for i, r in enumerate(solution.routes) if i not in broken], stats)


def versions(*packages: str) -> dict[str, str]:
    """Return the installed versions of these distributions."""
    return {package: version(package) for package in packages}
