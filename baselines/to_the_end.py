"""Calls of compiled code that Ctrl-C cannot end: what they find is not lost to it."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Found = TypeVar("Found")


def to_the_end(call: Callable[[], Found]) -> tuple[Found, bool]:
    """Return what a call returns, and whether Ctrl-C came meanwhile; a second Ctrl-C is raised, without waiting.

    The call runs in another thread, since in this one the interrupt would take the place of its result.
    """
    answer: Future[Found] = Future()

    def run() -> None:
        try:
            answer.set_result(call())
        except BaseException as error:
            answer.set_exception(error)

    thread = threading.Thread(target=run, name="vrp-foreign", daemon=True)
    try:
        thread.start()
        return answer.result(), False
    except KeyboardInterrupt:
        if not thread.is_alive() and not answer.done():  # It came before the thread did.
            raise
        return answer.result(), True
