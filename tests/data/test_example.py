"""The embedded example: real, complete, small, and interesting enough."""

import numpy as np

from vrp.data import example
from vrp.data.example import FILE


def test_the_example_is_real_roads_and_small() -> None:
    """60 named stops with an asymmetric matrix of seconds and one of metres, in less than 300 kB."""
    problem = example()
    assert FILE.stat().st_size < 300_000
    assert problem.num_clients == 60
    assert problem.crs == "latlon"
    assert len(set(problem.names)) == 61
    assert problem.distance is not None
    assert problem.duration is not None
    assert not np.allclose(problem.duration, problem.duration.swapaxes(1, 2))
    speed = problem.distance.sum() / problem.duration.sum()
    assert 4 < speed < 14  # metres per second, in a town: the units are not mixed up
    assert any("OpenStreetMap contributors, ODbL" in note for note in problem.notes)


def test_no_road_is_shorter_than_the_crow_flies() -> None:
    """Lat and lon are in this order, and the matrices belong to the coordinates."""
    problem = example()
    lat, lon = np.radians(problem.coords).T
    north = 6_371_000 * (lat[:, None] - lat)
    east = 6_371_000 * np.cos(lat.mean()) * (lon[:, None] - lon)
    crow = np.hypot(north, east)
    # Points are moved to the street, by 40 m at most at either end.
    assert (problem.distance[0] >= crow - 80).all()
    assert 500 < crow.max() < 2500


def test_the_fleet_fits_the_orders() -> None:
    """Five vans suffice by load and four do not; every window shares an hour with some van's shift."""
    problem = example()
    vans = [v for v in problem.vehicles for _ in range(v.count or 0)]
    assert len(vans) == 5
    capacity = [v.capacity[0] for v in vans]
    assert sum(capacity[:4]) < problem.delivery.sum() <= sum(capacity)
    for start, end in problem.time_windows[:, 0]:
        assert any(min(end, v.shift[1]) - max(start, v.shift[0]) >= 3600 for v in vans)
    assert ((problem.service >= 180) & (problem.service <= 480)).all()
