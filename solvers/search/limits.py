"""What the search cannot honour yet."""

from vrp.problem import Problem
from vrp.solvers.search.aims import even
from vrp.solvers.search.clocks import keeps_gaps
from vrp.solvers.search.halts import on_the_way


def unsupported(problem: Problem) -> list[str]:
    """Name what this search cannot honour yet."""
    vehicles = problem.vehicles
    halting = on_the_way(problem)
    found = {
        "shipments in groups of alternatives": bool(
            len(problem.shipments) and (problem.group[problem.shipments - problem.num_depots] >= 0).any()
        ),
        "fixed stops in groups of alternatives": any(
            problem.group[x - problem.num_depots] >= 0 for v in vehicles for x in v.prefix
        ),
        "shipments with reloads or recharging": len(problem.shipments) > 0 and halting,
        "fixed stops with reloads or recharging": any(v.prefix for v in vehicles) and halting,
        "breaks, several or soft time windows with reloads or recharging": keeps_gaps(problem) and halting,
        "fixed pickups whose deliveries are not fixed": _carries(problem),
        f"the objective {problem.objective!r} with reloads or recharging": even(problem.objective) and halting,
        "scenarios": problem.scenarios is not None,
    }
    return [name for name, present in found.items() if present]


def _carries(problem: Problem) -> bool:
    """Tell whether goods are on board at the end of the fixed stops of some vehicle."""
    pairs = problem.shipments.tolist()
    return any(a in v.prefix and b not in v.prefix for v in problem.vehicles if v.prefix for a, b in pairs)
