"""Kernels are compiled (or loaded) before the clock of a search counts, and the user is told when that takes long."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from vrp.problem import Problem
from vrp.solvers.search import jit, kernels, regions, touring, tours
from vrp.solvers.search.aims import Even
from vrp.solvers.search.breeding import FEWEST, Breeding, applies
from vrp.solvers.search.genetic import breed
from vrp.solvers.search.groups import Groups
from vrp.solvers.search.halts import Halts
from vrp.solvers.search.model import Model, build
from vrp.solvers.search.neighbours import neighbours
from vrp.solvers.search.peaks import Pairs
from vrp.solvers.search.plan import Locked
from vrp.solvers.search.population import adopt, cross, elite
from vrp.solvers.search.start import joinable, savings
from vrp.vehicles import VehicleType

log = logging.getLogger("vrp")
_lock = threading.Lock()
_warm: set[str] = set()


def feature_set(model: Model) -> str:
    """Name the kernels that a model needs, such as "Planar-OneLoad-NoTime-Equal-Far"."""
    parts = (model.net, model.loads, model.times, model.fleet, model.mix, model.reach)
    dtypes = {str(a.dtype) for a in model.net if isinstance(a, np.ndarray) and a.ndim > 1}
    parts_of = (*model.loads, model.plan.fixed, model.plan.groups, model.plan.halts, model.plan.aim)
    more = {type(a).__name__ for a in parts_of if isinstance(a, Pairs | Locked | Groups | Halts | Even)}
    more |= {"bred"} if applies(model) else set()
    return "-".join([type(p).__name__ for p in parts] + sorted(more | dtypes))


def warm_up(model: Model, divide: bool = False, tour: bool = False) -> float:
    """Make the kernels of an empty model ready; return the seconds spent on compilation, 0 if none was due.

    Loading kernels that were compiled before takes a few tenths of a second once per process, and is not compilation.
    `divide` tells that the model may be divided into regions, which takes a few kernels more; `tour` that it is a tour,
    which takes others.

    Raises
    ------
    OptionError
        The compiler is turned off.
    """
    jit.check_compiler()
    key = feature_set(model)
    if tour:
        return _warm_up(model, f"{key}-tours", touring.run_idle)
    seconds = _warm_up(model, key, _run_idle)
    return seconds + (_warm_up(model, f"{key}-regions", _cut_idle) if divide else 0.0)


def _warm_up(model: Model, key: str, idle: Callable[[Model], None]) -> float:
    if key in _warm:
        return 0.0
    with _lock:
        if key in _warm:
            return 0.0
        ready = jit.FOLDER / f"{key}.ready" if jit.FOLDER is not None else None
        compiled = ready is not None and ready.exists()
        if not compiled and idle is not _cut_idle:
            took = "up to 40 s" if isinstance(model.plan.halts, Halts) else "5 to 30 s"
            log.warning("Compiling the search for this kind of problem (%s), once per machine: %s.", key, took)
        begin, before = time.perf_counter(), _compilations()
        idle(model)
        seconds = time.perf_counter() - begin
        _warm.add(key)
        if ready is not None:
            ready.touch()
    return seconds if _compilations() > before else 0.0


def _compilations() -> int:
    """Count the kernels that this process has compiled rather than loaded."""
    every = (kernels.search, kernels.rebuild, breed, regions.along, tours.polish)
    if jit.FOLDER is None:
        return sum(len(k.signatures) for k in every)
    return sum(sum(k.stats.cache_misses.values()) for k in every)


def _cut_idle(model: Model) -> None:
    """Call the kernels that divide a plan with nothing to do."""
    nobody, alone = np.zeros(0, np.int64), np.full((model.plan.locations, 1), -1, np.int64)
    regions.along(model.net, model.plan, nobody, 0, 0)
    regions.cut_out(model, alone, regions.Share(nobody, nobody), 1)


def _run_idle(model: Model) -> None:
    """Call every kernel with nothing to do."""
    m = model
    near = neighbours(m.net, m.times, m.loads, m.clients[:1], 1)
    if joinable(m.loads):
        savings(m.net, m.loads, m.plan, near, m.clients[:0])
    kernels.rebuild(*m.state(), m.required)
    kernels.search(*m.state(), m.order, near, m.clients, m.required, m.clients[:0], 0, 1.0, 1.0, 1.0)
    # The crossing comes last: it leaves no client in the bank.
    nothing, alone = elite(m), np.full((m.plan.locations, 1), -1, np.int64)
    adopt(m, nothing)
    cross(m, alone, nothing, nothing, np.random.default_rng(0))
    if applies(m):
        population = Breeding.of(m, alone, 1)
        population.settle([], 0)
        population.breed(0)


def cache_info() -> dict[str, object]:
    """Return the folder of compiled kernels (None: nowhere to keep them) and the feature sets compiled into it."""
    sets = [] if jit.FOLDER is None else sorted(p.stem for p in jit.FOLDER.glob("*.ready"))
    return {"folder": None if jit.FOLDER is None else str(jit.FOLDER), "compiled": sets}


def compile_all(report: Callable[[str], object]) -> None:
    """Compile the usual kinds of problems ahead of the first solve, telling `report` of each."""
    xy, ones = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]]), np.ones(2)
    table = np.array([[0.0, 1.5, 2.5], [1.0, 0.0, 3.0], [2.0, 3.5, 0.0]])
    windows = np.array([[0.0, 50.0], [1.0, 60.0]])
    timed: dict[str, Any] = {"demand": ones, "time_windows": windows}
    van = VehicleType(capacity=(2.0,), shift=(0.0, 99.0), distance_cost=1.0, duration_cost=1.0)
    car, truck = (VehicleType(capacity=(2.0,), distance_cost=price) for price in (1.0, 2.0))
    many = np.arange(FEWEST + 1.0)
    spread, apart = np.column_stack([many, many**2]), np.abs(many[:, None] - many) + 0.5 * (many[:, None] > many)
    usual = {
        "capacity, coordinates": Problem.from_arrays(coords=spread, demand=many[1:], capacity=FEWEST),
        "capacity, matrix": Problem.from_arrays(distance=apart, demand=many[1:], capacity=FEWEST),
        "time windows, coordinates": Problem.from_arrays(coords=xy, capacity=2, **timed),
        "time windows, matrices": Problem.from_arrays(distance=table, duration=table, capacity=2, **timed),
        "hours paid, matrices": Problem.from_arrays(distance=table, duration=table, vehicles=[van], **timed),
        "several vehicle types, coordinates": Problem.from_arrays(coords=xy, demand=ones, vehicles=[car, truck]),
    }
    for name, problem in usual.items():
        seconds = warm_up(build(problem, 1))
        report(f"{name}: {f'compiled in {seconds:.0f} s' if seconds else 'ready'}")
