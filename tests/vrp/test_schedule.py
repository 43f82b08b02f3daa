"""Schedules, loads and costs against a plan that is played second by second from every start."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.vrp.simulation import cases, drive_once, play, price_of_duration, rank, starts
from vrp.check import evaluate
from vrp.problem import Problem
from vrp.vehicles import Break


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


@pytest.mark.parametrize("seed", range(2))
def test_units_and_the_zero_of_the_clock_do_not_matter(seed: int) -> None:
    """In tenths of odd seconds, counted from 1970, every schedule is the same one: rounding changes no decision."""
    factor, zero = 0.7, 1.7e9
    for problem, routes in cases(200 + seed, 200):
        plain = evaluate(problem, routes)
        moved = evaluate(in_other_units(problem, factor, zero), routes)
        for a, b in zip(plain.routes, moved.routes, strict=True):
            times = np.array([(s.arrive, s.start, s.leave) for s in a.steps])
            others = np.array([(s.arrive, s.start, s.leave) for s in b.steps])
            assert np.allclose(times * factor, others - zero, rtol=0, atol=1e-4)


def in_other_units(problem: Problem, factor: float, zero: float) -> Problem:
    """Multiply all times, and let instants count from another zero; prices per second change with them."""
    vehicles = tuple(
        replace(
            v,
            shift=tuple(zero + factor * np.array(v.shift)),
            breaks=tuple(Break(zero + factor * b.start, zero + factor * b.end) for b in v.breaks),
            max_duration=factor * v.max_duration,
            duration_cost=(v.duration_cost or 0.0) / factor,
            nominal_duration=factor * v.nominal_duration,
            overtime_cost=v.overtime_cost / factor,
        )
        for v in problem.vehicles
    )
    return problem.replace(
        vehicles=vehicles,
        duration=None if problem.duration is None else factor * problem.duration,
        depot_windows=zero + factor * problem.depot_windows,
        depot_service=factor * problem.depot_service,
        chargers={d: tuple((factor * s, e) for s, e in curve) for d, curve in problem.chargers.items()},
        setup=factor * problem.setup,
        service=factor * problem.service,
        time_windows=zero + factor * problem.time_windows,
        lateness_cost=problem.lateness_cost / factor,
        release=np.where(problem.release > 0, zero + factor * problem.release, 0.0),
    )


def test_waiting_without_need_never_helps() -> None:
    """Waiting anywhere and however long before a drive or a service gives no better schedule than going on at once."""
    rng = np.random.default_rng(5)
    for problem, routes in cases(300, 150):
        for route in routes:
            best = rank(problem, route, play(problem, route))
            for _ in range(20):
                begin = int(rng.choice(starts(problem, route)[:25]))
                slow = drive_once(problem, route, begin, lambda: int(rng.integers(0, 4) * (rng.random() < 0.3)))
                assert rank(problem, route, slow)[:4] >= best[:4]
