"""Stretches of a route as segments: duration, and the earliest and latest start with which it takes no longer.

Segments are concatenated as in Vidal et al. 2013 ("A hybrid genetic algorithm with adaptive diversity management for a
large class of vehicle routing problems with time-windows"), section 4.1, without time warp.
"""

from vrp.solvers.search.jit import part


@part
def join(d1, e1, l1, travel, d2, e2, l2):  # type: ignore[no-untyped-def]
    """Return duration, earliest and latest start of two segments with a drive between; and how late the second is."""
    at = d1 + travel
    wait = max(e2 - at - l1, 0.0)
    return at + wait + d2, max(e2 - at, e1) - wait, min(l2 - at, l1), e1 + at - l2


@part
def note_duration(times, r, duration, now):  # type: ignore[no-untyped-def]
    """Set the duration of route r, and note the one before once per iteration."""
    if times.route_stamp[r] != now:
        times.route_stamp[r] = now
        k = times.route_count[0]
        times.route_log[k] = r
        times.route_old[k] = times.duration[r]
        times.route_count[0] = k + 1
    times.duration[r] = duration
