"""Dates with times as conditions on their two columns (PS3.4 §C.2.2.2.5.4); zones are not in columns.

Where a query names its zone, a moment that is stored moves by as much as the two zones differ, if the stored one is
known (PS3.3 §C.12.1.1), and nobody knows by how much before the JSON is read. Offsets from UTC are -12 to +14 hours,
so that days tell three kinds apart: what is too far from the range to match, what lies so far inside that it matches
in whatever zone it is meant, and what is near a bound. Only of the last the JSON has to be read.
"""

from __future__ import annotations

from datetime import timedelta

from dicomcore.index.conditions import Test, Values, days_test
from dicomcore.matching import EARLIEST, LATEST
from dicomcore.query import CombinedRange
from dicomcore.times import parse_offset, shift

_WESTERNMOST, _EASTERNMOST = timedelta(hours=-12), timedelta(hours=14)
_DATE, _TIME = "????????", "??????.??????"
_MORE = "\\:"  # sorts behind a further value in the column


def moment_test(pair: CombinedRange, date: str, time: str, values: Values) -> Test:
    """Test a date and a time column for a range of moments; where there is no time, the day decides."""
    tests = [days_test(date, pair.low and pair.low[:8], pair.high and pair.high[:8], values)]
    for bound, beyond, within in ((pair.low, ">", ">="), (pair.high, "<", "<=")):
        if bound is not None:
            inside = (beyond, date, values.add(bound[:8])), (within, time, values.add(bound[8:]))
            tests.append(("or", ("=", time, values.add("")), *inside))
    return ("and", *tests)


def possible_test(pair: CombinedRange, timezone: str | None, date: str, values: Values) -> Test:
    """Test a date column for the days that can hold a match, in whatever zone they are meant.

    The first of several dates decides, whatever stands behind it in the column.
    """
    back, forth = _moves(timezone)
    last = _day(pair.high, -back)
    return days_test(date, _day(pair.low, -forth), last and last + _MORE, values)


def certain_test(pair: CombinedRange, timezone: str | None, date: str, time: str, values: Values) -> Test:
    """Test two columns for what matches in whatever zone it is meant.

    What is no date or time, or is several, is never certain: only its JSON tells what is made of it.
    """
    back, forth = _moves(timezone)
    after = (">", date, values.add(_day(pair.low, -back) or EARLIEST))
    before = ("<", date, values.add(_day(pair.high, -forth) or LATEST))
    is_time = ("or", ("=", time, values.add("")), values.glob(time, _TIME))
    return ("and", after, before, values.glob(date, _DATE), is_time)


def _moves(timezone: str | None) -> tuple[timedelta, timedelta]:
    """Say how far a stored moment can move, back and forth; one whose zone is not known stays."""
    asked = parse_offset(timezone or "") or timedelta()
    return asked - _EASTERNMOST, asked - _WESTERNMOST


def _day(moment: str | None, by: timedelta) -> str | None:
    if moment is None:
        return None
    # There is no second 60 to count from.
    whole = f"{moment[:12]}59.999999" if moment[12:14] == "60" else moment
    return (shift(whole, by) or moment)[:8]
