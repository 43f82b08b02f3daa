"""Schedules, loads and costs against a plan that is played second by second from every start."""

import math

import numpy as np
import pytest

from tests.vrp.simulation import cases, play, price_of_duration
from vrp.check import evaluate


@pytest.mark.parametrize("seed", range(4))
def test_schedule_is_the_best_of_all_starts(seed: int) -> None:
    """Times, loads, distances and cost terms equal those of a second-by-second simulation of every start."""
    for problem, routes in cases(seed, 300):
        solution = evaluate(problem, routes)
        lateness = duration = overtime = distance = fixed = 0.0
        for route in solution.routes:
            played = play(problem, route)
            v = problem.vehicles[route.vehicle_type]
            times = np.array([(s.arrive, s.start, s.leave) for s in route.steps])
            assert np.allclose(times, played.times, rtol=0, atol=1e-9)
            assert np.allclose([s.load for s in route.steps], played.loads, rtol=0, atol=1e-9)
            assert route.distance == pytest.approx(played.distance)
            assert route.duration == pytest.approx(played.duration)
            lateness += played.lateness_cost
            fixed += v.fixed_cost
            distance += (v.distance_cost or 0.0) * played.distance
            duration += (v.duration_cost or 0.0) * played.duration
            overtime += price_of_duration(v, played.duration) - (v.duration_cost or 0.0) * played.duration
        table = dict(solution.cost_table)
        served = {x for r in routes for x in r.visits}
        missed = {x: problem.prize[x - problem.num_depots] for x in range(problem.num_depots, problem.num_locations)}
        assert table == pytest.approx(
            {
                "fixed": fixed,
                "distance": distance,
                "duration": duration,
                "overtime": overtime,
                "lateness": lateness,
                "missed prizes": sum(p for x, p in missed.items() if x not in served and p < math.inf),
                "preferences": -sum(
                    problem.preference[r.vehicle_type, x - problem.num_depots]
                    for r in routes
                    for x in r.visits
                    if x >= problem.num_depots
                ),
            }
        )
        assert solution.cost == pytest.approx(sum(table.values()))
