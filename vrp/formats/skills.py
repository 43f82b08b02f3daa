"""Who may serve whom as skills, for formats that have no other word for it."""

import numpy as np

from vrp.problem import Problem


def skills(problem: Problem) -> tuple[list[list[int]], list[list[int]]]:
    """Return what each stop needs and each vehicle type has: one skill, from 1, per set of types that may serve."""
    sets: dict[bytes, int] = {}
    needs: list[list[int]] = []
    has: list[list[int]] = [[] for _ in problem.vehicles]
    for column in problem.allowed.T:
        key = column.tobytes()
        if not column.all() and key not in sets:
            sets[key] = len(sets) + 1
            for k in np.flatnonzero(column).tolist():
                has[k].append(sets[key])
        needs.append([sets[key]] if key in sets else [])
    return needs, has
