"""Compiled kernels in torch's threads, and arrays for each."""

import math
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray

from vrp.solvers.policy.vectors import LINE

Run = Callable[[int, int, threading.Event], None]
"""Called with the begin and end of a range of numbers; once the event is set, it may leave off."""


def in_threads(count: int, run: Run, least: int = 1) -> None:
    """Share the numbers 0 to `count` - 1 among as many threads as torch has, at least so many numbers for each.

    An error or an interrupt ends the others at their next look at the event.
    """
    threads = max(1, min(torch.get_num_threads(), count // least))
    stopped = threading.Event()
    if threads == 1:
        run(0, count, stopped)
        return
    with ThreadPoolExecutor(threads) as pool:
        try:
            list(pool.map(lambda i: run(count * i // threads, count * (i + 1) // threads, stopped), range(threads)))
        except BaseException:
            stopped.set()
            raise


GAP = 128
"""Numbers between two arrays, more than a loop takes at once."""


def arrays(sizes: Mapping[str, int]) -> dict[str, NDArray[np.float32]]:
    """Return arrays of so many numbers, 0, for one thread to work with.

    They are parts of one, with gaps: compiled loops round a little differently where two of their arrays lie close to
    each other, which must not depend on where the system happens to put them. Each begins a line of the cache.
    """
    taken = {name: math.ceil((size + GAP) / LINE) * LINE for name, size in sizes.items()}
    block = np.zeros(sum(taken.values()) + LINE, np.float32)
    begin = -(block.ctypes.data // block.itemsize) % LINE
    found = {}
    for name, size in sizes.items():
        found[name] = block[begin : begin + size]
        begin += taken[name]
    return found
