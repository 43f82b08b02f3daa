"""The line that tells how a running search is doing, and what the package logs; both on stderr."""

import logging
import sys
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vrp.solvers import Event


class Progress:
    """One line that is written over and over, on a terminal only; log messages appear above it."""

    def __init__(self, quiet: bool, label: str = "") -> None:
        self.quiet = quiet
        self.live = not quiet and sys.stderr.isatty()
        self.label = label
        self.shown = False

    def __enter__(self) -> "Progress":
        # Without any handler, Python would print warnings by itself.
        self.handler = logging.NullHandler() if self.quiet else _AboveLine(self)
        self.handler.setFormatter(logging.Formatter("%(message)s"))
        logger = logging.getLogger("vrp")
        self.level = logger.level
        logger.addHandler(self.handler)
        logger.setLevel(logging.INFO)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()
        logger = logging.getLogger("vrp")
        logger.removeHandler(self.handler)
        logger.setLevel(self.level)

    def __call__(self, event: "Event") -> None:
        """Show an event of the search."""
        if not self.live:
            return
        unserved = f"   unserved {event.unserved}" if event.unserved else ""
        text = f"{event.seconds:6.1f} s   cost {event.cost:,.1f}   {event.iterations:,} iterations{unserved}"
        self.show(text)

    def show(self, text: str) -> None:
        """Write the line anew."""
        if self.live:
            sys.stderr.write(f"\r\x1b[K{self.label}{text}")
            sys.stderr.flush()
            self.shown = True

    def clear(self) -> None:
        """Remove the line."""
        if self.shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self.shown = False


class _AboveLine(logging.Handler):
    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self.progress = progress

    def emit(self, record: logging.LogRecord) -> None:
        self.progress.clear()
        print(f"vrp: {self.format(record)}", file=sys.stderr)
