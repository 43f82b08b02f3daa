"""Breaks, gaps between windows and soft lateness: how one instant, or every start of a route, goes on to the next stop.

All starts of a route at once are pieces, stretches of starts with which it leaves a stop either at one and the same
moment or a constant time after the start (slope 0 or 1), and for which it owes a linear price of lateness. Leaving
never gets earlier with the start, so that pieces stay in order; where a later start leaves no later and owes no more,
the earlier one is forgotten. This is the dynamic programming of Hashimoto et al. 2006 ("The vehicle routing problem
with flexible time windows and traveling times") with the start as its argument.
"""

import math
from typing import Any, NamedTuple

from vrp.solvers.search.hours import Hours, stay, worth
from vrp.solvers.search.jit import outlined, part
from vrp.solvers.search.network import drive

PIECES = 48
"""Pieces that are kept; where a route has more, the latest starts are not looked at."""
BEGIN, END, LEAVE, SLOPE, OWED, RISE = 0, 1, 2, 3, 4, 5
"""Columns of a piece: its first and last start; with the first one, when it leaves and what it owes; its slopes."""


class Timeline(NamedTuple):
    """Any windows, hard or soft, and breaks, with everything that `Hours` has.

    The price of a route's time is that of its best start, exactly so up to `PIECES`; beyond, it may be too high.
    """

    bound: Hours
    """One window per node, from the first to the last, without end where lateness has a price; no breaks. No route is
    shorter than there, and none is feasible that is not feasible there."""
    early: Any
    """[N] start of the first window."""
    late: Any
    """[N] end of the last window."""
    service: Any
    """[N] seconds."""
    first_window: Any
    """[N]"""
    last_window: Any
    """[N] behind the last one of the node's windows (sentinel: that of the end)."""
    windows: Any
    """[*, 2]"""
    lateness: Any
    """[N] price per second after the last window, infinite where it is hard."""
    first_break: Any
    """[R]"""
    last_break: Any
    """[R] behind the last one of the vehicle's breaks."""
    breaks: Any
    """[*, 2]"""
    starts: Any
    """[R, 2] when the route may start, releases apart."""
    flexible: Any
    """[R] whether its duration matters, so that the soonest start need not be the best."""
    horizon: float
    """No start after all edges of windows and breaks is better than one at the last of them."""
    grain: float
    """What rounding may move an instant: half of what the check takes it for."""
    soonest: Any
    """[N, 3] with the soonest start: when the node is begun and left, and the lateness owed up to it."""
    log: Any
    """[N] nodes whose `soonest` changed in this iteration."""
    old: Any
    """[N, 3]"""
    stamp: Any
    count: Any
    price: Any
    """[R, 2] price of each route's time; 1 where it breaks a window, a break or its longest duration."""
    route_log: Any
    route_old: Any
    """[R, 2]"""
    route_stamp: Any
    route_count: Any
    pieces: Any
    """[2, PIECES, 6] scratch space."""


@part
def arrival(times, r, clock, seconds, tolerance):  # type: ignore[no-untyped-def]
    """When vehicle r arrives that leaves at `clock` and drives for some seconds; it stands during breaks."""
    if seconds <= 0.0:
        return clock
    for b in range(times.first_break[r], times.last_break[r]):
        begin, end = times.breaks[b, 0], times.breaks[b, 1]
        if end <= clock:
            continue
        if clock + seconds <= begin + tolerance:
            break
        seconds -= max(begin - clock, 0.0)
        clock = end
    return clock + seconds


@part
def opening(times, r, i, clock, seconds, tolerance):  # type: ignore[no-untyped-def]
    """First moment from `clock` on at which seconds of work may begin at node i, or too late for it.

    With a negative tolerance: where it goes as the clock gets later than this, however little.
    """
    w, windows = times.first_window[i], times.last_window[i]
    b, breaks = times.first_break[r], times.last_break[r]
    arrived = clock + times.grain
    while True:
        while w < windows and clock > times.windows[w, 1] + tolerance:
            w += 1
        if w < windows:
            clock = max(clock, times.windows[w, 0])
        if clock > arrived:
            tolerance = times.grain  # whoever waits begins at one and the same moment
        while b < breaks and times.breaks[b, 1] <= clock:
            b += 1
        if b == breaks or clock + seconds <= times.breaks[b, 0] + tolerance:
            return clock
        clock = times.breaks[b, 1]
        if clock > arrived:
            tolerance = times.grain


@part
def work(times, net, r, p, i, locations):  # type: ignore[no-untyped-def]
    """Seconds at node i that no break may interrupt; less than nothing at the end, which may fall into a break."""
    return stay(times.bound, net, r, p, i) if i < locations else -math.inf


@part
def owing(times, i, start):  # type: ignore[no-untyped-def]
    """Price of beginning node i at `start`; infinite where that is not allowed."""
    late = start - times.late[i]
    if late <= 0.0:
        return 0.0
    if times.lateness[i] == math.inf:
        return 0.0 if late <= times.bound.slack else math.inf
    return times.lateness[i] * late


@part
def _driven(times, r, clock, seconds, tolerance):  # type: ignore[no-untyped-def]
    """Return the arrival, its slope, and how much later one may leave for the same slope."""
    slope, room = 1.0, math.inf
    if seconds <= 0.0:
        return clock, slope, room
    left = clock
    edge = -min(tolerance, 0.0)
    for b in range(times.first_break[r], times.last_break[r]):
        begin, end = times.breaks[b, 0], times.breaks[b, 1]
        if end - clock <= times.grain:
            continue
        if clock == left and clock >= begin - edge:
            # All arrive at the same moment, which is no limit that arrivals come near to.
            slope, room, tolerance = 0.0, end - clock, times.grain
            clock = end
            continue
        if clock + seconds <= begin + tolerance:
            if slope > 0.0:
                room = min(room, max(begin - clock - seconds, 0.0))
            break
        if clock == left:
            room = min(room, begin - clock)
        seconds -= max(begin - clock, 0.0)
        clock = end
    return clock + seconds, slope, room


@part
def _begun(times, r, i, clock, seconds, tolerance):  # type: ignore[no-untyped-def]
    """Return when work may begin at node i, its slope, and how much later one may arrive for the same slope."""
    start = opening(times, r, i, clock, seconds, tolerance)
    if start - clock > times.grain:
        return start, 0.0, start - clock
    room = math.inf
    w, windows = times.first_window[i], times.last_window[i]
    while w < windows and start > times.windows[w, 1] + tolerance:
        w += 1
    if w < windows:
        room = times.windows[w, 1] - start
    b, breaks = times.first_break[r], times.last_break[r]
    while b < breaks and times.breaks[b, 1] - start <= times.grain:
        b += 1
    if b < breaks:
        room = min(room, times.breaks[b, 0] - seconds - start)
    return start, 1.0, max(room, 0.0)


@part
def _push(piece, count, begin, end, leave, slope, owed, rise, grain):  # type: ignore[no-untyped-def]
    """Append a piece, and forget the one before where it is of no use any more; return how many there are."""
    if slope == 0.0 and rise == 0.0:
        begin = end
    if count > 0:
        k = count - 1
        if (
            piece[k, SLOPE] == 0.0
            and piece[k, RISE] == 0.0
            and leave <= piece[k, LEAVE] + grain
            and owed <= piece[k, OWED]
        ):
            count = k
    piece[count, BEGIN] = begin
    piece[count, END] = end
    piece[count, LEAVE] = leave
    piece[count, SLOPE] = slope
    piece[count, OWED] = owed
    piece[count, RISE] = rise
    return count + 1


@outlined
def _advance(times, net, r, p, i, locations, side, count):  # type: ignore[no-untyped-def]
    """Carry the pieces from leaving node p to leaving node i, to the other side; return how many there are."""
    source, into = times.pieces[side], times.pieces[1 - side]
    travel, seconds = drive(net, r, p, i), work(times, net, r, p, i, locations)
    hard, late = times.lateness[i] == math.inf, times.late[i]
    limit = late + times.bound.slack
    found = steps = 0
    for k in range(count):
        begin, end, clock = source[k, BEGIN], source[k, END], source[k, LEAVE]
        owed, rise = source[k, OWED], source[k, RISE]
        tolerance = times.grain
        while True:
            arrive, slope, room = _driven(times, r, clock, travel, tolerance)
            start, also, wait = _begun(times, r, i, arrive, seconds, tolerance if slope > 0.0 else times.grain)
            if slope > 0.0:
                slope, room = also, min(room, wait)
            if hard and start > limit:
                return found
            last = min(begin + room, end) if source[k, SLOPE] > 0.0 else end
            slope *= source[k, SLOPE]
            behind = 0.0 if hard else max(start - late, 0.0)
            more = 0.0
            if hard and slope > 0.0:
                last = min(last, begin + limit - start)
            elif not hard and slope > 0.0 and (behind > 0.0 or (tolerance < 0.0 and start > late - times.grain)):
                more = times.lateness[i]
            price = owed + (times.lateness[i] * behind if behind > 0.0 else 0.0)
            found = _push(into, found, begin, last, start + max(seconds, 0.0), slope, price, rise + more, times.grain)
            steps += 1
            if found == PIECES or steps == 4 * PIECES:
                return found
            if source[k, SLOPE] == 0.0 or begin + room >= end:
                break
            begin += room
            clock += room
            owed += rise * room
            tolerance = -times.grain
    return found


@part
def _follower(plan, i, p, c, p2, c2):  # type: ignore[no-untyped-def]
    """Return the node after i, with c put behind p and then c2 behind p2, where these are not negative."""
    if c2 >= 0 and i == p2:
        return c2
    if c2 >= 0 and i == c2:
        return plan.nxt[p if p2 == c else p2]
    if c >= 0 and i == p:
        return c
    return plan.nxt[p if c >= 0 and i == c else i]


@outlined
def cheapest(times, net, plan, r, p, c, p2, c2, release):  # type: ignore[no-untyped-def]
    """Return the price of time of route r from its best start, infinity if it may have none.

    With client c put behind p, and client c2 behind p2 (which may be c), where they are not negative.
    """
    h = plan.locations + r
    soonest = max(times.starts[r, 0], release)
    if soonest > times.starts[r, 1] + times.bound.slack:
        return math.inf
    latest = soonest
    if times.flexible[r]:
        latest = max(soonest, min(times.starts[r, 1], times.horizon))
    side, count = 0, _push(times.pieces[0], 0, soonest, latest, soonest, 1.0, 0.0, 0.0, times.grain)
    i = h
    while True:
        q = _follower(plan, i, p, c, p2, c2)
        count = _advance(times, net, r, i, q, plan.locations, side, count)
        side = 1 - side
        if count == 0:
            return math.inf
        if q == h:
            break
        i = q
    best = math.inf
    bound = times.bound
    for k in range(count):
        piece = times.pieces[side, k]
        begin, end, leave, owed = piece[BEGIN], piece[END], piece[LEAVE], piece[OWED]
        if piece[SLOPE] > 0.0:
            # Every start of the piece takes as long, and the first owes least.
            if leave - begin <= bound.longest[r]:
                best = min(best, worth(bound, r, leave - begin) + owed)
            continue
        first = max(begin, leave - bound.longest[r])
        if first > end:
            continue
        kink = min(max(leave - bound.nominal[r], first), end)
        for start in (first, kink, end):
            best = min(best, worth(bound, r, leave - start) + owed + piece[RISE] * (start - begin))
    return best
