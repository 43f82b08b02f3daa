"""Full passes of the garbage collector wait while a short solve runs, since one may take longer than its deadline."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

WORTH_IT = 10.0
"""Seconds of the longest solve that full passes wait for: beyond, a pass is lost in what a deadline allows (5 %)."""
NEVER = 2**31 - 1
_held = threading.Lock()


@contextmanager
def full_passes_wait(seconds: float) -> Iterator[None]:
    """Hold back full passes meanwhile, if no more than `seconds` are due; young objects are collected as always.

    With compiled kernels in memory a full pass looks at some hundred thousand objects and takes a few tenths of a
    second. Only one caller at a time holds them back, and the next one does not prolong that: in a process that solves
    without a break, full passes still have their turn. Thresholds that someone else sets meanwhile are left alone.
    """
    if seconds > WORTH_IT or not _held.acquire(blocking=False):
        yield
        return
    before = gc.get_threshold()
    during = (*before[:2], NEVER)
    gc.set_threshold(*during)
    try:
        yield
    finally:
        if gc.get_threshold() == during:
            gc.set_threshold(*before)
        _held.release()
