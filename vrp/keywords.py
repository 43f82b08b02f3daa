"""Unknown keywords of the public functions and classes: our own error, with a suggestion."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from vrp.errors import ArgumentError, suggest

Target = TypeVar("Target", bound=Callable[..., Any])


def known_keywords(target: Target) -> Target:
    """Let a function, or the constructor of a class, refuse unknown keywords with an `ArgumentError`.

    The signature stays what it is, for `help` and for type checkers.
    """
    if isinstance(target, type):
        target.__init__ = _checked(target.__init__, target.__name__)  # type: ignore[misc]
        return target
    return _checked(target, target.__qualname__)  # type: ignore[return-value]


def _checked(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    known = [p.name for p in inspect.signature(function).parameters.values() if p.name != "self"]

    @functools.wraps(function)
    def call(*args: Any, **keywords: Any) -> Any:
        unknown = [key for key in keywords if key not in known]
        if unknown:
            raise ArgumentError(" ".join(f"{name} has no argument {key!r}.{suggest(key, known)}" for key in unknown))
        return function(*args, **keywords)

    return call
