"""Dates and times: of DICOM in the words of FHIR, and of a search in those of the index (FHIR search.html, "date").

A search for a date is turned into ranges of moments that do not touch each other: ``ne`` leaves two, several values
with commas between as many as they are. Then the matches of one range follow those of the other, and none comes twice.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise

from dicomcore.errors import InvalidParameter
from dicomcore.times import normalize_date, normalize_time, parse_offset

PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
_MOMENT = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+ -]\d\d:\d\d)?)?)?)?"
)
_STEP = timedelta(microseconds=1)
_APPROXIMATELY = 10  # ap takes in a tenth of the time between then and now
_MAX_RANGES = 20


@dataclass(frozen=True, slots=True)
class Span:
    """From one moment to another, both included; None is no bound."""

    low: datetime | None
    high: datetime | None


@dataclass(frozen=True, slots=True)
class Written:
    """A moment as it was written: all that it may be, and the offset from UTC that was given."""

    first: datetime
    last: datetime
    offset: timedelta | None


def date_time(date: str, time: str, offset: str, zone: tzinfo | None) -> str:
    """Write a DICOM date and time as a dateTime of FHIR, nothing if there is no date.

    One with a time must have an offset: ``offset`` is Timezone Offset From UTC, else that of ``zone`` counts; where
    there is neither, only the date is told.
    """
    day, clock = normalize_date(date), normalize_time(time)
    if day is None:
        return ""
    written = f"{day[:4]}-{day[4:6]}-{day[6:]}"
    if clock is None:
        return written
    seconds = "59" if clock[4:6] == "60" else clock[4:6]
    moment = datetime.strptime(f"{day}{clock[:4]}{seconds}", "%Y%m%d%H%M%S")
    shift = parse_offset(offset) if offset else moment.replace(tzinfo=zone).utcoffset()
    if shift is None:
        return written
    fraction = clock[6:].rstrip("0").rstrip(".")
    return f"{written}T{moment:%H:%M:%S}{fraction}{_offset_text(shift, ':')}"


def _offset_text(offset: timedelta, between: str = "") -> str:
    minutes = int(offset.total_seconds()) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{between}{abs(minutes) % 60:02}"


def read_moment(name: str, text: str) -> Written:
    """Read a date or dateTime, whole or in part; raises `InvalidParameter`."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise InvalidParameter(name, "must be a date such as 2024-01-31, or a dateTime such as 2024-01-31T10:11:12Z")
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    try:
        first = datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), min(int(second or 0), 59)
        )
        if fraction:
            first = first.replace(microsecond=int(fraction.ljust(6, "0")[:6]))
        last = _last(first, month, day, hour, second, fraction)
    except ValueError as error:
        raise InvalidParameter(name, "there is no such date or time") from error
    return Written(first, last, _offset_of(name, offset))


def _last(first: datetime, *written: str | None) -> datetime:
    month, day, hour, second, fraction = written
    if month is None:
        return first.replace(month=12, day=31, hour=23, minute=59, second=59, microsecond=999_999)
    if day is None:
        days = calendar.monthrange(first.year, first.month)[1]
        return first.replace(day=days, hour=23, minute=59, second=59, microsecond=999_999)
    if hour is None:
        return first.replace(hour=23, minute=59, second=59, microsecond=999_999)
    if second is None:
        return first.replace(second=59, microsecond=999_999)
    if fraction is None:
        return first.replace(microsecond=999_999)
    return first.replace(microsecond=first.microsecond + 10 ** max(0, 6 - len(fraction)) - 1)


def _offset_of(name: str, text: str | None) -> timedelta | None:
    if text is None:
        return None
    plain = "+0000" if text == "Z" else text.replace(" ", "+").replace(":", "").replace("-0000", "+0000")
    offset = parse_offset(plain)
    if offset is None:
        raise InvalidParameter(name, "has an offset from UTC that cannot be")
    return offset


def spans_of(name: str, text: str, now: datetime, to_zone: timedelta | None) -> list[Span]:
    """Read a value with its prefix; moments with an offset are moved to ``to_zone``. ``now`` is for ``ap``."""
    prefix = text[:2] if text[:2] in PREFIXES else ""
    written = read_moment(name, text.removeprefix(prefix))
    first, last = written.first, written.last
    if written.offset is not None and to_zone is not None:
        first, last = (_moved(moment, to_zone - written.offset) for moment in (first, last))
    if prefix == "ap":
        around = abs(now - first) / _APPROXIMATELY
        return [Span(_moved(first, -around), _moved(last, around))]
    after, before = Span(_moved(last, _STEP), None), Span(None, _moved(first, -_STEP))
    return {
        "": [Span(first, last)],
        "eq": [Span(first, last)],
        "ne": [after, before],
        "gt": [after],
        "sa": [after],
        "lt": [before],
        "eb": [before],
        "ge": [Span(first, None)],
        "le": [Span(None, last)],
    }[prefix]


def spans_in_utc(name: str, text: str, now: datetime, zone: tzinfo | None) -> list[Span]:
    """Read a value that instants are compared with: what has no offset is meant in ``zone``, or else in UTC."""
    if read_moment(name, text[2:] if text[:2] in PREFIXES else text).offset is not None:
        return spans_of(name, text, now, timedelta())
    return [Span(_in_utc(span.low, zone), _in_utc(span.high, zone)) for span in spans_of(name, text, now, None)]


def _in_utc(moment: datetime | None, zone: tzinfo | None) -> datetime | None:
    offset = None if moment is None else moment.replace(tzinfo=zone).utcoffset()
    return moment if moment is None or offset is None else _moved(moment, -offset)


def microseconds(moment: datetime | None) -> int | None:
    """Count from 1970-01-01; None is no bound."""
    return None if moment is None else (moment - datetime(1970, 1, 1)) // _STEP


def instant(since_1970: int) -> str:
    """Write microseconds since 1970-01-01 UTC as an instant of FHIR."""
    return f"{(datetime(1970, 1, 1) + since_1970 * _STEP).isoformat(timespec='microseconds')}Z"


def _moved(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment + by
    except OverflowError:
        return datetime.max if by > timedelta() else datetime.min


def any_of(name: str, spans: Iterable[Span]) -> list[Span]:
    """Join what overlaps, the latest first.

    Two ranges that part within one day are refused: a study without a time would be in both.
    """
    joined: list[Span] = []
    for span in sorted(spans, key=lambda one: one.low or datetime.min):
        if joined and _end(joined[-1]) + (_STEP if _end(joined[-1]) < datetime.max else timedelta()) >= _begin(span):
            if _end(span) > _end(joined[-1]):
                joined[-1] = Span(joined[-1].low, span.high)
        else:
            joined.append(span)
    if len(joined) > _MAX_RANGES:
        raise InvalidParameter(name, f"names more than {_MAX_RANGES} ranges")
    if any(_end(one).date() == _begin(other).date() for one, other in pairwise(joined)):
        raise InvalidParameter(name, "leaves out a part of a day: ne and lists are for whole days")
    return joined[::-1]


def all_of(left: Sequence[Span], right: Sequence[Span]) -> list[Span]:
    """Give what lies in both, the latest first."""
    common = (_common(one, other) for one in left for other in right)
    return sorted((span for span in common if span is not None), key=_begin, reverse=True)


def _common(one: Span, other: Span) -> Span | None:
    low, high = max(_begin(one), _begin(other)), min(_end(one), _end(other))
    if low > high:
        return None
    return Span(None if low == datetime.min else low, None if high == datetime.max else high)


def _begin(span: Span) -> datetime:
    return span.low or datetime.min


def _end(span: Span) -> datetime:
    return span.high or datetime.max


def index_text(moment: datetime | None) -> str | None:
    """Write a bound as the index has it: YYYYMMDDHHMMSS.FFFFFF."""
    return None if moment is None else f"{moment:%Y%m%d%H%M%S.%f}".rjust(21, "0")


def zone_of(moments: Iterable[Written], zone: tzinfo | None) -> timedelta | None:
    """Choose the offset that a search is made in: None if no moment has one, else that of ``zone``, or the first."""
    first = next((one for one in moments if one.offset is not None), None)
    if first is None or first.offset is None:
        return None
    here = first.first.replace(tzinfo=zone).utcoffset()
    return first.offset if here is None else here


def timezone_text(offset: timedelta | None) -> str | None:
    """Write an offset as Timezone Offset From UTC has it."""
    return None if offset is None else _offset_text(offset)
