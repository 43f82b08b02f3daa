"""Compiled kernels in torch's threads."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch

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
