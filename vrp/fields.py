"""Reading of single fields: numbers of a known shape and range, frozen, and one sentence per field that is wrong."""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]
SHOWN = 5
"""How many offenders an error names before it says "and 37 more"."""
LARGEST = 1e100
"""Finite amounts, times and prices may not be larger: their sums and products would not be finite."""


def shorten(items: Iterable[object], total: int | None = None) -> str:
    """Join items with commas; beyond the first few only their number is told."""
    shown = []
    count = 0
    for count, item in enumerate(items, start=1):
        if count <= SHOWN:
            shown.append(str(item))
        elif total is not None:
            break
    more = (count if total is None else total) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def show(value: object) -> str:
    """Return a value as people write it, shortened."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return f"{value:.10g}"
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def as_number(value: object) -> float | None:
    """Return a plain number as a float; None for anything else, and for integers beyond all floats."""
    if not isinstance(value, (int, float, np.integer, np.floating)) or isinstance(value, bool):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def is_text(value: object) -> bool:
    """Return whether a value is text that can be written and read back.

    Half a surrogate pair (JSON may hold one) has no UTF-8; a file with a zero character is taken for no text.
    """
    try:
        return isinstance(value, str) and b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False


def comma_hint(*values: object) -> str:
    """Return what to do where a text is a number with commas, before decimals or between thousands; "" elsewhere."""
    for text in (value.strip() for value in values if isinstance(value, str)):
        decimal = re.fullmatch(r"[+-]?\d+,\d+", text)
        thousands = re.fullmatch(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?", text)
        point, whole = text.replace(",", "."), text.replace(",", "")
        if decimal and thousands:
            return f" Write {whole}, or {point} if the comma is a decimal one."
        if decimal or thousands:
            return f" Use a point: {point}." if decimal else f" Leave out the commas: {whole}."
    return ""


def shape_of(value: Any) -> tuple[int, ...]:
    """Return the shape of a list or array; of ragged lists only the first dimension, which is all that is known."""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and all(isinstance(d, int) for d in shape):
        return shape
    try:
        return tuple(np.shape(value))
    except (TypeError, ValueError):
        return (len(value),) if isinstance(value, Sequence) else ()


def frozen(array: Array) -> bool:
    """Return whether nobody can write to this memory through the array or through those that it is a view of."""
    owner: object = array
    while isinstance(owner, np.ndarray):
        if owner.flags.writeable:
            return False
        owner = owner.base
    return owner is None or isinstance(owner, bytes)


def freeze(array: Array) -> Array:
    """Make an array of our own, and those that it is a view of, read-only."""
    owner: object = array
    while isinstance(owner, np.ndarray):
        owner.flags.writeable = False
        owner = owner.base
    return array


class Fields:
    """Collects the errors of one input while its fields are read. Names locations as the user does."""

    def __init__(self, names: Sequence[str] = (), num_depots: int = 1) -> None:
        self.errors: list[str] = []
        self.names = names
        self.num_depots = num_depots

    def add(self, error: str) -> None:
        """Remember an error."""
        self.errors.append(error)

    def location(self, index: int | np.integer[Any]) -> str:
        """Return how a location is called in an error."""
        kind = "depot" if index < self.num_depots else "stop"
        return f"{kind} {self.names[int(index)]!r}" if index < len(self.names) else f"{kind} {index}"

    def stop(self, client: int | np.integer[Any]) -> str:
        """Return how a client (0..n-1) is called in an error."""
        return self.location(self.num_depots + int(client))

    def array(self, field: str, value: object, dtype: DTypeLike = np.float64) -> Array | None:
        """Return the value as a read-only array that shares no memory others can write to; None if it has no numbers.

        A frozen array of the right type is returned as it is, anything else is copied once.
        """
        if isinstance(value, np.ndarray) and value.dtype == dtype and value.flags.c_contiguous and frozen(value):
            return value if type(value) is np.ndarray else np.asarray(value)
        try:
            made = _numbers(value, np.dtype(dtype))
        except (TypeError, ValueError, OverflowError) as error:
            self.add(f"`{field}` must be numbers in rows of equal length, but is {show(value)}: {error}.")
            return None
        return freeze(made)

    def shaped(
        self, field: str, value: object, shape: tuple[int, ...], meaning: str, dtype: DTypeLike = np.float64
    ) -> Array | None:
        """Return the value as an array of this shape; a scalar spreads, and one column may come without its axis."""
        array = self.array(field, value, dtype)
        if array is None or array.shape == shape:
            return array
        if len(shape) == 2 and shape[1] == 1 and array.shape == shape[:1]:
            return freeze(array.reshape(shape))
        if array.ndim == 0:
            return freeze(np.full(shape, array, dtype=array.dtype))
        surplus = array.shape[:1] == (shape[0] + self.num_depots,) and ("each stop" in meaning or "per stop" in meaning)
        self.add(
            f"`{field}` has shape {dims(array.shape)}, but {dims(shape)} is needed: {meaning}."
            + (" Leave out the depots." if surplus else "")
        )
        return None

    def within(
        self,
        field: str,
        array: Array,
        label: Callable[[int], str],
        low: float = 0.0,
        infinite: bool = False,
        advice: str = "",
    ) -> bool:
        """Check bounds, NaN and infinity of an array; `label` names the offender by its first index."""
        if array.size == 0:
            return True
        smallest, largest = float(array.min()), float(array.max())
        if max(low, -LARGEST) <= smallest and largest <= LARGEST:
            return True
        bad = ~(array >= low) if infinite else ~((array >= low) & np.isfinite(array))
        ends = "" if infinite else " and finite"
        allowed = "a number" if low == -math.inf else f"at least {low:g}"
        if not bad.any():
            bad = np.isfinite(array) & (np.abs(array) > LARGEST)
            allowed, ends = f"at most {LARGEST:g}", ", or infinite" if infinite else ""
        if not bad.any():
            return True
        where = np.argwhere(bad)[:SHOWN]
        found = (f"{show(array[tuple(at)])} at {label(int(at[0]))}" for at in where)
        self.add(
            f"`{field}` must be {allowed}{ends}, but is "
            f"{shorten(found, int(bad.sum()))}.{' ' + advice if advice else ''}"
        )
        return False


def dims(shape: tuple[int, ...]) -> str:
    """Return a shape as people write it: 3x4."""
    return "x".join(map(str, shape)) if shape else "a single number"


def _numbers(value: object, dtype: np.dtype[Any]) -> Array:
    """Return numbers as an array of our own; raises TypeError, ValueError or OverflowError with the reason."""
    given = np.asarray(value)
    if given.dtype.kind not in "biufO":
        raise TypeError("it holds " + ("text" if given.dtype.kind in "US" else str(given.dtype)))
    if given.dtype.kind == "O" and any(isinstance(item, (str, bytes)) for item in given.flat):
        raise TypeError("it holds text")
    if isinstance(value, np.ma.MaskedArray) and np.ma.getmaskarray(value).any():
        raise ValueError("it holds masked values")
    if dtype.kind == "f":
        made = np.asarray(given, dtype=dtype, order="C")
        if np.may_share_memory(made, given) and not isinstance(value, (list, tuple, int, float)):
            made = made.copy()
        return made
    exact = np.asarray(given, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        made = exact.astype(dtype)
    if not (made == exact).all():
        wanted = "True or False" if dtype.kind == "b" else "whole numbers"
        raise ValueError(f"{show(exact[made != exact].flat[0])} is not among {wanted}")
    return made
