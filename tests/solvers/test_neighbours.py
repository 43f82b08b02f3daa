"""Neighbour lists against sorted distances, with and without the k-d tree, and where deliveries come first."""

import numpy as np
import pytest

import vrp
from vrp.solvers.search import neighbours as module
from vrp.solvers.search.model import build
from vrp.solvers.search.neighbours import ACROSS, FEW, MANY, PATIENT, list_length, neighbours


def problem(n: int, collects: int, backhaul: str, seed: int = 0) -> vrp.Problem:
    """Return n stops, of which the last ones are pickups."""
    rng = np.random.default_rng(seed)
    last = np.arange(n) >= n - collects
    return vrp.Problem.from_arrays(
        coords=rng.random((n + 1, 2)),
        delivery=np.where(last, 0, 1),
        pickup=np.where(last, 1, 0),
        backhaul=backhaul,
        capacity=10,
    )


def lists(given: vrp.Problem, k: int) -> np.ndarray:
    m = build(given, 1)
    return neighbours(m.net, m.times, m.loads, m.clients, k)


def nearest(given: vrp.Problem, c: int, among: np.ndarray, k: int) -> list[int]:
    distance = np.linalg.norm(given.coords[among] - given.coords[c], axis=1)
    order = among[np.argsort(distance)]
    return order[order != c][:k].tolist()


@pytest.mark.parametrize("tree", [False, True])
def test_lists_hold_the_nearest_clients_in_order(tree, monkeypatch):
    monkeypatch.setattr(module, "BRUTE_FORCE", 0 if tree else 3000)
    given = problem(60, 0, "mixed")
    near = lists(given, 12)
    clients = np.arange(1, 61)
    for c in clients:
        assert near[c].tolist() == nearest(given, c, clients, 12)


@pytest.mark.parametrize("tree", [False, True])
@pytest.mark.parametrize("backhaul", ["last", "strict"])
def test_most_of_a_list_is_of_the_own_side_where_deliveries_come_first(backhaul, tree, monkeypatch):
    monkeypatch.setattr(module, "BRUTE_FORCE", 0 if tree else 3000)
    given = problem(90, 30, backhaul)
    near = lists(given, 20)
    first, second = np.arange(1, 61), np.arange(61, 91)
    for own, other in ((first, second), (second, first)):
        for c in own:
            assert set(near[c]) == {*nearest(given, c, own, 16), *nearest(given, c, other, int(20 * ACROSS))}
            distance = np.linalg.norm(given.coords[near[c]] - given.coords[c], axis=1)
            assert (np.diff(distance) >= 0).all()


@pytest.mark.parametrize("tree", [False, True])
@pytest.mark.parametrize("collects", [0, 1, 3, 27, 30])
def test_no_slot_is_lost_where_a_side_is_small(collects, tree, monkeypatch):
    monkeypatch.setattr(module, "BRUTE_FORCE", 0 if tree else 3000)
    near = lists(problem(30, collects, "last"), 20)[1:]
    assert (near > 0).all()
    for c, row in enumerate(near, start=1):
        assert len({*row.tolist(), c}) == 21


@pytest.mark.parametrize("tree", [False, True])
def test_stops_on_one_place_are_no_neighbours_of_themselves(tree, monkeypatch):
    monkeypatch.setattr(module, "BRUTE_FORCE", 0 if tree else 3000)
    given = vrp.Problem.from_arrays(coords=np.zeros((31, 2)), demand=np.ones(30), capacity=10)
    for c, row in enumerate(lists(given, 5)[1:], start=1):
        assert len({*row.tolist(), c}) == 6


@pytest.mark.parametrize(
    ("n", "capacity", "seconds", "length"),
    [
        (MANY, 2 * FEW - 1, PATIENT * MANY, 60),
        (MANY, 2 * FEW - 1, np.inf, 60),
        (MANY - 1, 2 * FEW - 1, np.inf, 40),
        (MANY, 2 * FEW + 1, np.inf, 40),
        (MANY, 2 * FEW - 1, 0.9 * PATIENT * MANY, 40),
    ],
)
def test_lists_are_longer_where_vehicles_hold_few_of_many_stops(
    n: int, capacity: float, seconds: float, length: int
) -> None:
    """Demands of two; with windows, or nothing to carry, nothing changes."""
    given = {"coords": np.random.default_rng(0).random((n + 1, 2)), "demand": np.full(n, 2.0), "capacity": capacity}
    assert list_length(build(vrp.Problem.from_arrays(**given), 1), 40, seconds) == length
    timed = vrp.Problem.from_arrays(**given, time_windows=np.tile([0.0, 9.0], (n, 1)))
    assert list_length(build(timed, 1), 40, seconds) == 40
    given["demand"] = np.zeros(n)
    assert list_length(build(vrp.Problem.from_arrays(**given), 1), 40, seconds) == 40
