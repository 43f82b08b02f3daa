"""Times as people write them, in seconds: clock times from midnight, durations, dates."""

import math
import re
from collections.abc import Iterable
from datetime import datetime, time, timedelta

import numpy as np

from vrp.fields import as_number, show

_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_SECONDS_FROM_MIDNIGHT = re.compile(r"(?:0|[1-9]\d*)(?:\.\d+)?")
"""Without leading zeros: who writes 0730 or 07.30 means half past seven, not 730 s or 7.3 s."""
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")
_UNITS = {
    86400.0: ("d", "day", "days"),
    3600.0: ("h", "hr", "hrs", "hour", "hours"),
    60.0: ("m", "min", "mins", "minute", "minutes"),
    1.0: ("s", "sec", "secs", "second", "seconds"),
}
_SECONDS = {name: seconds for seconds, names in _UNITS.items() for name in names}


def duration(value: object) -> float:
    """Return the seconds of a duration: a number of seconds, a timedelta, or a text like "5 min", "1h30" or "90 s".

    Raises
    ------
    ValueError
        It is none of these; the message tells what is allowed.
    """
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, np.timedelta64):
        return float(value / np.timedelta64(1, "s"))
    number = as_number(value)
    if number is not None:
        return number
    if isinstance(value, str):
        text = value.strip().lower()
        if _NUMBER.fullmatch(text):
            return float(text)
        short = re.fullmatch(r"(\d+)\s*h\s*(\d{1,2})", text)  # 1h30
        if short:
            return 3600.0 * int(short[1]) + 60.0 * int(short[2])
        parts = _PART.findall(text)
        if parts and not _PART.sub("", text).strip() and all(unit in _SECONDS for _, unit in parts):
            return sum(float(amount) * _SECONDS[unit] for amount, unit in parts)
    raise ValueError(f'must be a duration such as "5 min", "1h30", "90 s" or a number of seconds, but is {show(value)}')


def as_datetime(value: object) -> datetime | None:
    """Return a date with a time of day, also from numpy or ISO text ("2026-03-02 09:00"); None for anything else."""
    if isinstance(value, np.datetime64):
        found = value.astype("datetime64[us]").item()
        return found if isinstance(found, datetime) else None
    if isinstance(value, str) and re.match(r"\s*\d{4}-\d\d-\d\d[ T]\d", value):
        try:
            return datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    # pandas' NaT is a datetime, but not equal to itself.
    return value if isinstance(value, datetime) and value == value else None


def midnight(values: Iterable[object]) -> datetime | None:
    """Return the midnight before the earliest date among the values, from which seconds count; None without dates.

    Raises
    ------
    ValueError
        Some dates have a time zone and some have none.
    """
    dates = [date for date in map(as_datetime, values) if date is not None]
    if not dates:
        return None
    if len({date.utcoffset() is None for date in dates}) > 1:
        raise ValueError("Some dates have a time zone and some have none. Give all of them one, or none.")
    return min(dates).replace(hour=0, minute=0, second=0, microsecond=0)


def clock(value: object, start: datetime | None = None) -> float:
    """Return a point in time as seconds from midnight.

    Parameters
    ----------
    value
        A text "HH:MM" or "HH:MM:SS" (hours may pass 24: "30:00" is 6:00 of the next day), a number of seconds, a
        `datetime.time`, or a date with a time of day.
    start
        What dates count from.

    Raises
    ------
    ValueError
        It is none of these; the message tells what is allowed.
    """
    number = as_number(value)
    if number is not None:
        return number
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, time):
        return 3600.0 * value.hour + 60.0 * value.minute + value.second + value.microsecond / 1e6
    date = as_datetime(value)
    if date is not None and start is not None:
        # Timestamps, for the difference between wall clocks is wrong on the days when they change.
        elapsed = date - start if date.utcoffset() is None else timedelta(seconds=date.timestamp() - start.timestamp())
        return elapsed.total_seconds()
    if isinstance(value, str):
        match = _CLOCK.fullmatch(value.strip())
        if match:
            return 3600.0 * int(match[1]) + 60.0 * int(match[2]) + float(match[3] or 0)
        if _SECONDS_FROM_MIDNIGHT.fullmatch(value.strip()):
            return float(value)
    raise ValueError(f'must be a time such as "09:30", a datetime or a number of seconds, but is {show(value)}')


def interval(value: object, start: datetime | None = None) -> tuple[float, float]:
    """Return (start, end) in seconds of a pair of clock times; None in it means no limit.

    Raises
    ------
    ValueError
        It is no pair, one of its times cannot be read, or it ends before it starts.
    """
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise ValueError(f'must be a pair such as ("09:00", "11:30"), but is {show(value)}')
    first = 0.0 if value[0] is None else clock(value[0], start)
    last = math.inf if value[1] is None else clock(value[1], start)
    if last < first:
        raise ValueError(
            f"ends at {value[1]}, before it starts at {value[0]}. Swap the times; after midnight count on: "
            '"30:00" is 6:00 of the next day'
        )
    return first, last


def is_interval(value: object) -> bool:
    """Return whether the value is one pair of times rather than a list of pairs."""
    return isinstance(value, (tuple, list)) and len(value) == 2 and not any(isinstance(v, (tuple, list)) for v in value)
