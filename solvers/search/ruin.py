"""Ruin: remove strings of adjacent stops from routes that are near each other, and order what was removed."""

from vrp.solvers.search.aims import renew
from vrp.solvers.search.halts import is_halt, with_halts
from vrp.solvers.search.jit import part
from vrp.solvers.search.loads import refresh_loads
from vrp.solvers.search.pairs import call, leads, take_mates
from vrp.solvers.search.plan import held, locked, take
from vrp.solvers.search.work import TAKEN, note, uniform

SPLIT_RATE = 0.5
"""Probability of removing a split string (alpha of the paper)."""
SPLIT_STOP = 0.01
"""Probability of stopping the growth of its preserved part (beta of the paper)."""

PIONEERS = 0.3
"""Probability that, where the random client is one that waits and may, its neighbours who wait are called and no route
is touched. One stop seldom pays for a vehicle, ten together may. On four instances of PCVRPTW, 20 s gave 2.23 % above
the best known without, 1.20 with a probability of 0.1 and 1.15 with 0.5."""


@part
def _movable(plan, i):  # type: ignore[no-untyped-def]
    return i < plan.locations and not locked(plan.fixed, i)


@part
def string(plan, work, c, size, tallest):  # type: ignore[no-untyped-def]
    """Choose a string of stops around c: its first stop, length, and the preserved stretch inside (offset, length)."""
    length = min(1 + int(uniform(work) * min(float(size), tallest)), size)
    kept = 0
    if 1 < length < size and uniform(work) < SPLIT_RATE:
        kept = 1
        while length + kept < size and uniform(work) > SPLIT_STOP:
            kept += 1
    total = length + kept
    first = c
    back = int(uniform(work) * total)
    while back > 0 and _movable(plan, plan.prv[first]):
        first = plan.prv[first]
        back -= 1
    # Where the route ends too early, the string begins earlier.
    last, count = first, 1
    while count < total and plan.nxt[last] < plan.locations:
        last = plan.nxt[last]
        count += 1
    while count < total and _movable(plan, plan.prv[first]):
        first = plan.prv[first]
        count += 1
    offset = 1 + int(uniform(work) * (length - 1)) if kept > 0 else total
    return first, total, offset, kept


@part
def ruin(  # type: ignore[no-untyped-def]
    net, loads, times, fleet, mix, reach, plan, work, near, clients, required, removal, tallest, it
):
    """Remove strings from routes near a random client, or call those who wait near one of them, and remove nobody.

    Returns how many clients are to be put somewhere, the length of the log, how many routes changed and the change of
    cost.
    """
    count = logged = changed = 0
    delta = 0.0
    longest = min(tallest, len(clients) / max(1, fleet.used[0]))
    strings = 1 + int(uniform(work) * (4.0 * removal / (1.0 + longest) - 1.0))
    waiting, pioneers = plan.banked[0], False
    if waiting > 0 and uniform(work) < 0.5:
        seed = plan.bank[int(uniform(work) * waiting)]
        pioneers = not required[seed] and uniform(work) < PIONEERS
    else:
        seed = clients[int(uniform(work) * len(clients))]
    for k in range(-1, near.shape[1]):
        c = seed if k < 0 else near[seed, k]
        if c < 0 or (strings == 0 and not pioneers):
            break
        r = plan.route[c]
        if r < 0:
            if waiting > 0 and plan.place[c] >= 0 and (pioneers or count < removal):
                count, logged = call(loads, plan, work, c, count, logged)
            continue
        if pioneers or work.seen[r] == it or locked(plan.fixed, c):
            continue
        work.seen[r] = it
        strings -= 1
        size = plan.size[r] - held(plan.fixed, r)
        cur, total, offset, kept = string(plan, work, c, size, with_halts(plan, work, r, longest))
        before = plan.prv[cur]
        latest, since = before, logged
        for i in range(total):
            following = plan.nxt[cur]
            if i < offset or i >= offset + kept:
                latest = plan.prv[cur]
                delta += take(net, loads, fleet, mix, reach, plan, cur)
                logged = note(work, logged, TAKEN, cur, latest, r)
                if leads(loads, cur) and not is_halt(plan, cur):
                    work.removed[count] = cur
                    count += 1
            cur = following
        string_end = logged
        logged, count, saved = take_mates(net, loads, fleet, mix, reach, plan, work, since, logged, count)
        delta += saved
        if logged > string_end:
            # Their places may be anywhere on the route.
            before = plan.locations + r
            latest = plan.prv[before]
        delta += renew(times, net, plan, r, plan.nxt[before], plan.nxt[latest], latest, before, it)
        refresh_loads(loads, plan, r, plan.nxt[before], plan.nxt[latest], latest, before, it)
        work.touched[r] = it
        work.changed[changed] = r
        changed += 1
    for _ in range(min(plan.banked[0], 3)):
        # A pair leaves the bank together.
        if plan.banked[0] > 0:
            c = plan.bank[int(uniform(work) * plan.banked[0])]
            count, logged = call(loads, plan, work, c, count, logged)
    return count, logged, changed, delta


@part
def sort(work, order, count):  # type: ignore[no-untyped-def]
    """Sort the removed clients by a key drawn at random."""
    u = uniform(work)
    which = 0
    while which < len(order.share) and u >= order.share[which]:
        which += 1
    for i in range(count):
        work.key[i] = uniform(work) if which == len(order.share) else order.keys[which, work.removed[i]]
    for i in range(1, count):
        k, c = work.key[i], work.removed[i]
        j = i - 1
        while j >= 0 and work.key[j] > k:
            work.key[j + 1] = work.key[j]
            work.removed[j + 1] = work.removed[j]
            j -= 1
        work.key[j + 1] = k
        work.removed[j + 1] = c
