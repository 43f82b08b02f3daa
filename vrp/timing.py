"""The best start of a route, and the clock of every location that follows from it."""

from vrp.schedule import Itinerary


def timetable(it: Itinerary) -> tuple[list[float], list[float], list[float]]:
    """Return arrive, start and leave (s) of every location of the route, from its best start."""
    return _simple(it)


def _simple(it: Itinerary) -> tuple[list[float], list[float], list[float]]:
    """Single hard windows and no breaks.

    Then the start of service at location i is max(t + P, E) for a start at t, where P is the driving and serving
    before it and E the start when leaving as early as possible. So the route ends at max(t + P, E), and t may grow
    to `latest` before anything becomes later than its window (or later than it is anyway).
    """
    earliest = clock = it.opens[0]
    latest = max(clock, it.closes[0])
    path = 0.0
    stays = [max(s, c) for s, c in zip(it.service, it.charge, strict=True)] if any(it.charge) else it.service
    for drive, opens, closes, stay, release in zip(it.drive, it.opens, it.closes, stays, it.release, strict=True):
        path += drive
        clock += drive
        if clock < opens:
            clock = opens
        bound = (closes if closes > clock else clock) - path
        if bound < latest:
            latest = bound
        path += stay
        clock += stay
        if clock < release:
            clock = release
    latest = min(latest, max(it.finish, clock) - path)
    now = min(max(earliest, clock - path), latest)
    arrives, starts, leaves = [], [], []
    for drive, opens, stay, release in zip(it.drive, it.opens, stays, it.release, strict=True):
        now += drive
        arrives.append(now)
        if now < opens:
            now = opens
        starts.append(now)
        now += stay
        if now < release:
            now = release
        leaves.append(now)
    return arrives, starts, leaves
