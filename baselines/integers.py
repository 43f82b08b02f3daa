"""Integers for solvers that take nothing else: scales chosen from the magnitudes, and safe directions of rounding.

Limits on time and load are rounded so that a plan which is feasible in integers is feasible in floats: durations,
services and loads up, ends of windows and capacities down. Where every number is a multiple of a power of ten (whole
metres, distances cut to one decimal) that power is the scale and nothing is rounded at all.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrp.baselines.features import prices, time_matters
from vrp.errors import UnsupportedError
from vrp.problem import Floats, Problem

Array = NDArray[np.int64]

FUZZ = 1e-6
"""A number this near to an integer is meant to be that integer."""
EXACT_LIMIT = 1e7
"""Exact scales are taken up to this largest scaled number; beyond, numbers are rounded."""
NO_LIMIT = 1 << 40
"""Stands for infinity; sums of thousands of them do not overflow 64 bits."""
LARGEST_PRICE = float(1 << 52)
"""The same for prices of vehicles, of which there may be a thousand."""


def exact_scale(arrays: Iterable[Floats | float], limit: float = EXACT_LIMIT) -> float | None:
    """Return the smallest power of ten from 1 that makes all finite numbers whole; None where there is none.

    Tiny numbers are near to 0, but none of the arrays may vanish as a whole.
    """
    numbers = [np.asarray(a, dtype=np.float64).ravel() for a in arrays]
    numbers = [a[np.isfinite(a)] for a in numbers]
    largest = max((float(np.abs(a).max()) for a in numbers if a.size), default=0.0)
    for power in range(7):
        scale = 10.0**power
        if largest * scale > limit:
            return None
        # A glance at the head spares most of the arithmetic where the answer is no.
        if all(_whole(a[:64] * scale) and _whole(a * scale) for a in numbers):
            return None if any(_vanishes(a * scale) for a in numbers) else scale
    return None


def _whole(scaled: Floats) -> bool:
    return bool((np.abs(scaled - np.rint(scaled)) <= FUZZ).all())


def _vanishes(scaled: Floats) -> bool:
    return bool(scaled.any()) and not np.rint(scaled).any()


def rounding_scale(largest: float, target: float) -> float:
    """Return the largest power of ten that keeps the largest number at or below the target (1e300 at most)."""
    return 10.0 ** min(300, math.floor(math.log10(target) - math.log10(largest))) if largest > 0 else 1.0


def up(values: Floats | float, scale: float) -> Array:
    """Scale and round up; infinity becomes `NO_LIMIT`."""
    return _integers(np.ceil(np.asarray(values) * scale - FUZZ))


def down(values: Floats | float, scale: float) -> Array:
    """Scale and round down; infinity becomes `NO_LIMIT`."""
    return _integers(np.floor(np.asarray(values) * scale + FUZZ))


def nearest(values: Floats | float, scale: float) -> Array:
    """Scale and round to the nearest; infinity becomes `NO_LIMIT`."""
    return _integers(np.rint(np.asarray(values) * scale))


def _integers(values: Floats) -> Array:
    return np.clip(values, -float(NO_LIMIT), float(NO_LIMIT)).astype(np.int64)


@dataclass(frozen=True)
class Integers:
    """The numbers of a problem as integers: [L, L] matrices per profile, and what belongs to the clients."""

    problem: Problem
    exact: bool
    """Nothing was rounded: a feasible plan stays feasible, its cost the same."""
    time_matters: bool
    """False: the durations are not needed and stand at the distances."""
    distance_scale: float
    duration_scale: float
    load_scale: float
    distance: tuple[Array, ...]
    duration: tuple[Array, ...]
    service: Array
    """[n] with the setup."""
    windows: Array
    """[n, W, 2]; unused ones start at `NO_LIMIT`."""
    release: Array
    delivery: Array
    pickup: Array
    shipment_load: Array

    def time_window(self, start: float, end: float) -> tuple[int, int]:
        """Return an interval of seconds as integers that lie within it."""
        first = int(up(start, self.duration_scale))
        return first, max(first, int(down(end, self.duration_scale)))


def integers(problem: Problem, target: float) -> Integers:
    """Turn a problem's numbers into integers.

    Parameters
    ----------
    problem
        With everything in floats.
    target
        Where numbers must be rounded, the largest leg becomes about this number.
    """
    times = time_matters(problem)
    floats = [problem.matrices(p) for p in range(problem.num_profiles)]
    limits_distance = any(math.isfinite(v.max_distance) for v in problem.vehicles)
    hint = problem.distance is None and problem.rounding in ("nearest", "ceil")
    d_scale = 1.0 if hint else exact_scale(d for d, _ in floats)
    t_scale = _duration_scale(problem, floats, d_scale, hint) if times else 1.0
    loads = [problem.delivery, problem.pickup, problem.shipment_load]
    caps = [np.asarray(c, dtype=np.float64) for v in problem.vehicles for c in (v.capacity, v.initial_load)]
    l_scale = exact_scale([*loads, *caps])
    exact = None not in (d_scale, t_scale, l_scale)
    d_scale = d_scale or rounding_scale(max(float(d.max()) for d, _ in floats), target)
    t_scale = t_scale or rounding_scale(max(float(t.max()) for _, t in floats), target)
    l_scale = l_scale or rounding_scale(max(float(a.max()) for a in loads if a.size), target)
    distance = tuple((up if limits_distance else nearest)(d, d_scale) for d, _ in floats)
    shared = [t is d or (problem.duration is None and problem.speed == 1.0) for d, t in floats]
    duration = tuple(
        distance[p] if not times or (shared[p] and t_scale == d_scale) else up(t, t_scale)
        for p, (_, t) in enumerate(floats)
    )
    starts, ends = up(problem.time_windows[..., 0], t_scale), down(problem.time_windows[..., 1], t_scale)
    return Integers(
        problem, exact, times, d_scale, t_scale, l_scale, distance, duration,
        service=up(problem.service + problem.setup, t_scale),
        windows=np.stack((starts, np.maximum(starts, ends)), axis=-1),
        release=up(problem.release, t_scale),
        delivery=up(problem.delivery, l_scale),
        pickup=up(problem.pickup, l_scale),
        shipment_load=up(problem.shipment_load, l_scale),
    )  # fmt: skip


def _duration_scale(
    problem: Problem, floats: list[tuple[Floats, Floats]], d_scale: float | None, hint: bool
) -> float | None:
    """Return the scale that makes everything measured in seconds whole; None where there is none."""
    same_as_distance = problem.duration is None and (problem.distance is not None or problem.speed == 1.0)
    others: list[Floats | float] = [problem.service, problem.setup, problem.release, problem.time_windows,
                                    problem.depot_windows, problem.depot_service]  # fmt: skip
    others += [x for v in problem.vehicles for x in (*v.shift, v.max_duration, v.nominal_duration)]
    if same_as_distance and d_scale is not None:
        rest = exact_scale(others)
        return None if rest is None else max(rest, d_scale)
    return exact_scale([*(t for _, t in floats), *others])


@dataclass(frozen=True)
class Costs:
    """Prices as integers: costs in integers are `scale` times the problem's."""

    scale: float
    distance: tuple[int, ...]
    """[K] price per unit of scaled distance."""
    duration: tuple[int, ...]
    overtime: tuple[int, ...]
    lateness: Array
    """[n] price per unit of scaled time; 0 where windows are hard."""
    fixed: tuple[int, ...]
    prize: Array
    """[n]; 0 where it is infinite."""
    vehicle: int
    """Part of each fixed cost: with objective "vehicles" more than any plan costs, else 0."""
    unserved: int
    """More than any plan costs: the price of leaving out a stop that must be served."""

    def money(self, cost: int) -> tuple[float, int]:
        """Return the problem's cost, and the number of required stops left out, that a cost in integers stands for."""
        return cost % (self.vehicle or self.unserved) / self.scale, cost // self.unserved


def costs(numbers: Integers) -> Costs:
    """Choose the scale of costs: unit prices become whole, or at least 1,000 where they cannot.

    With objective "vehicles" the fixed cost of each vehicle is raised above anything that its use could save.

    Raises
    ------
    UnsupportedError
        A fixed cost is so much larger than the price of a leg that integers cannot hold both.
    """
    problem = numbers.problem
    prices_ = [prices(v) for v in problem.vehicles]
    units = [a / numbers.distance_scale for a, _ in prices_]
    units += [b / numbers.duration_scale for _, b in prices_]
    units += [v.overtime_cost / numbers.duration_scale for v in problem.vehicles]
    late = np.where(np.isfinite(problem.lateness_cost), problem.lateness_cost, 0.0) / numbers.duration_scale
    finite = np.where(np.isfinite(problem.prize), problem.prize, 0.0)
    lumps = [*(v.fixed_cost for v in problem.vehicles), *np.unique(finite).tolist()]
    scale = _cost_scale([u for u in (*units, *np.unique(late).tolist()) if u > 0], [x for x in lumps if x > 0])
    dearest = max(v.fixed_cost for v in problem.vehicles)
    if dearest * scale > LARGEST_PRICE:
        raise UnsupportedError(
            f"Solvers that count in integers cannot hold a fixed cost of {dearest:g} beside the prices of the legs, "
            "which are far smaller. Use larger units for distances, or solver='search'."
        )
    k = len(problem.vehicles)
    distance, duration, overtime = (
        tuple(max(1, round(u * scale)) if u > 0 else 0 for u in units[i * k : (i + 1) * k]) for i in range(3)
    )
    worst = max(distance) * sum(int(d.max(axis=1).sum()) for d in numbers.distance[:1]) + round(sum(lumps) * scale)
    lateness = nearest(late, scale)
    if numbers.time_matters and (any(duration) or any(overtime) or lateness.any()):
        horizon = numbers.windows[numbers.windows < NO_LIMIT]
        length = int(numbers.duration[0].max(axis=1).sum() + numbers.service.sum())
        length += int(horizon.max()) * problem.num_clients if horizon.size else 0
        worst += (max(duration) + max(overtime) + int(lateness.max())) * length
    worst = min(2 * worst + 1, NO_LIMIT)
    vehicle = worst if problem.objective == "vehicles" else 0
    return Costs(
        scale, distance, duration, overtime, lateness,
        fixed=tuple(round(v.fixed_cost * scale) + vehicle for v in problem.vehicles),
        prize=nearest(finite, scale),
        vehicle=vehicle,
        unserved=min(worst * (1 + problem.num_clients), NO_LIMIT) if vehicle else worst,
    )  # fmt: skip


def _cost_scale(units: list[float], lumps: list[float]) -> float:
    """Return the smallest power of ten that makes every price whole, else one that keeps three digits of each."""
    if not units:
        return 1.0
    low = math.floor(math.log10(min(units)))
    for power in range(-low - 6, -low + 5):
        scale = 10.0**power
        whole = all(abs(x * scale - round(x * scale)) <= FUZZ * x * scale and x * scale >= 0.5 for x in units)
        if whole and all(_whole(np.asarray(x * scale)) for x in lumps):
            return scale
    return 10.0 ** (3 - low)
