"""Times as people write them."""

from datetime import UTC, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrp import clock


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5 min", 300),
        ("5min", 300),
        ("1h30", 5400),
        ("1 h 30 min", 5400),
        ("90 s", 90),
        ("1.5 hours", 5400),
        ("1d 2h", 93600),
        ("45", 45),
        (12.5, 12.5),
        (np.int64(7), 7),
        (timedelta(minutes=2), 120),
        (np.timedelta64(3, "m"), 180),
    ],
)
def test_durations(text: object, seconds: float):
    """Durations may be texts with units, numbers of seconds, or differences of dates."""
    assert clock.duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5 apples", "min", "5 min or so", "-5 min", None, "1:30", True, [5], "inf"])
def test_no_durations(text: object):
    """Anything else is refused with an example of what is allowed."""
    with pytest.raises(ValueError, match="5 min"):
        clock.duration(text)


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59))
def test_clock_times(hours: int, minutes: int, seconds: int):
    """Clock times count from midnight, past 24 hours too."""
    expected = 3600 * hours + 60 * minutes + seconds
    assert clock.clock(f"{hours}:{minutes:02}:{seconds:02}") == expected
    assert clock.clock(f"{hours:02}:{minutes:02}") == expected - seconds
    if hours < 24:
        assert clock.clock(time(hours, minutes, seconds)) == expected


@pytest.mark.parametrize("text", ["9", "9.5", 9, 9.5])
def test_numbers_are_seconds(text: object):
    """A number is seconds, also as text."""
    assert clock.clock(text) == float(text)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["9:75", "0730", "07.30", "noon", "09:00 - 10:00", "", None, [9], "2026-13-45 09:00", "-1:00"]
)
def test_no_clock_times(text: object):
    """Anything else is refused with an example of what is allowed."""
    with pytest.raises(ValueError, match="09:30"):
        clock.clock(text)


def test_dates_count_from_the_first_midnight():
    """Dates in any form count from the midnight before the earliest of them."""
    values = ["2026-03-03T01:00", datetime(2026, 3, 2, 9, 30), np.datetime64("2026-03-02T10:00"), "09:00", 7]
    start = clock.midnight(values)
    assert start == datetime(2026, 3, 2)
    assert [clock.clock(v, start) for v in values] == [90000, 34200, 36000, 32400, 7]
    assert clock.midnight(["09:00", 7, None]) is None


def test_dates_with_time_zones():
    """Time zones count, and the hour that the clocks skip does not pass; mixing with dates without zone is an error."""
    helsinki = ZoneInfo("Europe/Helsinki")
    before, after = datetime(2026, 3, 29, 1, 0, tzinfo=helsinki), datetime(2026, 3, 29, 5, 0, tzinfo=helsinki)
    start = clock.midnight([before, after])
    assert clock.clock(after, start) - clock.clock(before, start) == 3 * 3600
    utc, plus2 = datetime(2026, 1, 1, 10, tzinfo=UTC), datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    start = clock.midnight([utc, plus2])
    assert clock.clock(utc, start) == clock.clock(plus2, start)
    with pytest.raises(ValueError, match="time zone"):
        clock.midnight([utc, datetime(2026, 1, 1)])


def test_intervals():
    """An interval is a pair; None means no limit; one that ends before it starts is told how to pass midnight."""
    assert clock.interval(("09:00", None)) == (32400, float("inf"))
    assert clock.interval([None, "30:00"]) == (0, 108000)
    with pytest.raises(ValueError, match="30:00"):
        clock.interval(("22:00", "06:00"))
    with pytest.raises(ValueError, match="must be a pair"):
        clock.interval("09:00")
