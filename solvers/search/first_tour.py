"""First tour: the nearest neighbours of each city, and the shortest legs to them joined to one tour. Kernels."""

import math

import numpy as np

from vrp.solvers.search.jit import allocating_kernel
from vrp.solvers.search.network import leg


@allocating_kernel
def nearest(net, node, near, k):  # type: ignore[no-untyped-def]
    """[m, k] cities that the legs from each city are shortest to: of the neighbours of its node, or of all.

    All cities are looked at if no neighbours are given, and for the depot, which is no one's neighbour.
    """
    m = len(node)
    lists = np.full((m, k), -1, np.int64)
    cost = np.empty(k)
    city = np.full(node.max() + 1, -1, np.int64)
    for i in range(m):
        city[node[i]] = i
    for i in range(m):
        few = near.shape[1] if i < m - 1 and near.shape[1] > 0 else m - 1
        count = 0
        for x in range(few + 1):
            # The last one is the depot.
            j = m - 1 if x == few else (x if few == m - 1 else near[node[i], x])
            if j < 0:
                continue
            if few < m - 1 and x < few:
                j = city[j]
            if j == i:
                continue
            d = leg(net, 0, node[i], node[j])
            if count == k and d >= cost[k - 1]:
                continue
            y = count if count < k else k - 1
            while y > 0 and cost[y - 1] > d:
                cost[y] = cost[y - 1]
                lists[i, y] = lists[i, y - 1]
                y -= 1
            cost[y] = d
            lists[i, y] = j
            count = min(count + 1, k)
    return lists


@allocating_kernel
def arcs(net, node, near):  # type: ignore[no-untyped-def]
    """Return every arc (city, neighbour) and its length."""
    m, k = near.shape
    tail, head, length = np.empty(m * k, np.int64), np.empty(m * k, np.int64), np.empty(m * k)
    count = 0
    for i in range(m):
        for x in range(k):
            if near[i, x] < 0:
                break
            tail[count], head[count] = i, near[i, x]
            length[count] = leg(net, 0, node[i], node[near[i, x]])
            count += 1
    return tail[:count], head[:count], length[:count]


@allocating_kernel
def chain(net, node, tail, head):  # type: ignore[no-untyped-def]
    """Return an order of the cities: the arcs one after the other where they fit, then the nearest way on."""
    m = len(node)
    following, before = np.full(m, -1, np.int64), np.full(m, -1, np.int64)
    trip = np.arange(m)
    for k in range(len(tail)):
        i, j = tail[k], head[k]
        if following[i] >= 0 or before[j] >= 0:
            continue
        a, b = i, j
        while trip[a] != a:
            trip[a] = trip[trip[a]]
            a = trip[a]
        while trip[b] != b:
            trip[b] = trip[trip[b]]
            b = trip[b]
        if a != b:
            following[i], before[j] = j, i
            trip[b] = a
    heads = np.flatnonzero(before < 0)
    order = np.empty(m, np.int64)
    count, left, best = 0, len(heads), 0
    while left > 0:
        i = heads[best]
        heads[best] = heads[left - 1]
        left -= 1
        while i >= 0:
            order[count] = i
            count += 1
            i = following[i]
        last, shortest = order[count - 1], math.inf
        for x in range(left):
            d = leg(net, 0, node[last], node[heads[x]])
            if d < shortest:
                best, shortest = x, d
    return order
