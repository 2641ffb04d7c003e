"""Dates and times by meaning: normal forms, completion, ranges, time zones (PS3.5 §6.2, PS3.4 §C.2.2.2.1.3 and .5).

The normal forms compare as text: DA ``YYYYMMDD``, TM ``HHMMSS.FFFFFF``, DT ``YYYYMMDDHHMMSS.FFFFFF`` in UTC. What is
not written out (``1030`` for a time, ``2020`` for a DT) is filled up with the earliest moment, for the upper end of a
range with the latest. A DT without an offset has that of the request or of its data set, if one is given, else UTC.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta

_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)|(\d{4})\.(\d\d)\.(\d\d)")
_TIME = re.compile(r"(\d\d)(?:(\d\d)(?:(\d\d)(?:\.(\d{1,6}))?)?)?|(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?")
_MOMENT = re.compile(r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.(\d{1,6}))?)?)?)?)?)?([+-]\d{4})?")
_OFFSET = re.compile(r"([+-])(\d\d)([0-5]\d)")
_EARLIEST = ("", "01", "01", "00", "00", "00", "000000")
_LATEST = ("", "12", "31", "23", "59", "59", "999999")
_LAST_DAYS = {"02": "28", "04": "30", "06": "30", "09": "30", "11": "30"}
_FORMAT = "%Y%m%d%H%M%S.%f"
_ZERO = timedelta()


def parse_offset(text: str) -> timedelta | None:
    """Read an offset from UTC, -1200 to +1400 (PS3.3 §C.12.1.1, TimezoneOffsetFromUTC); None if it is not one."""
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
    if match[1] == "-":
        return -offset if timedelta() < offset <= timedelta(hours=12) else None
    return offset if offset <= timedelta(hours=14) else None


def normalize_date(text: str) -> str | None:
    """Give ``YYYYMMDD``; the form ``YYYY.MM.DD`` of ACR-NEMA is understood. None if there is no such day."""
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return None
    plain = "".join(part for part in match.groups() if part)
    try:
        date(int(plain[:4]), int(plain[4:6]), int(plain[6:]))
    except ValueError:
        return None
    return plain


def normalize_time(text: str, *, latest: bool = False) -> str | None:
    """Give ``HHMMSS.FFFFFF``; the form ``HH:MM:SS`` of ACR-NEMA is understood. None if there is no such time.

    Second 60 is the leap second that PS3.5 §6.2 allows.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return None
    written = match.groups()[:4] if match[1] else match.groups()[4:]
    hour, minute, second, fraction = _fill(written, 3, latest)
    if hour > "23" or minute > "59" or second > "60":
        return None
    return f"{hour}{minute}{second}.{fraction}"


def normalize_datetime(text: str, offset: timedelta | None = None, *, latest: bool = False) -> str | None:
    """Give ``YYYYMMDDHHMMSS.FFFFFF`` in UTC; ``offset`` is for text without one. None if there is no such moment."""
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        return None
    written = match.groups()[:7]
    if match[8]:
        offset = parse_offset(match[8])
        if offset is None:
            return None
    year, month, day, hour, minute, second, fraction = _fill(written, 0, latest)
    if latest and written[2] is None and month in _LAST_DAYS:
        day = _LAST_DAYS[month] if month != "02" or not calendar.isleap(int(year)) else "29"
    # datetime has no second 60: a leap second counts as the one before it.
    return shift(f"{year}{month}{day}{hour}{minute}{'59' if second == '60' else second}.{fraction}", -(offset or _ZERO))


def shift(moment: str, by: timedelta) -> str | None:
    """Move a complete moment; None if there is no such moment in the years 1 to 9999."""
    try:
        moved = datetime.strptime(moment, _FORMAT) + by
    except (ValueError, OverflowError):
        return None
    return f"{moved:{_FORMAT}}".rjust(21, "0")


def _fill(written: Sequence[str | None], first: int, latest: bool) -> list[str]:
    """Complete what is not written; ``first`` is the place of the first part among year, month ... fraction."""
    missing = _LATEST if latest else _EARLIEST
    parts = [part or missing[first + place] for place, part in enumerate(written)]
    parts[-1] = parts[-1].ljust(6, "9" if latest else "0")
    return parts


def split_range(vr: str, text: str) -> tuple[str, str] | None:
    """Cut ``a-b``, ``-b`` or ``a-`` in two; None if the text is no range.

    In a DT a hyphen may also begin an offset. Four digits after a hyphen that can be an offset are one, since they
    would be a year before 1201 otherwise; both sides of a range must be whole moments.
    """
    if vr != "DT":
        low, hyphen, high = text.partition("-")
        return (low, high) if hyphen else None
    cuts = (place for place, mark in enumerate(text) if mark == "-")
    sides = ((text[:cut], text[cut + 1 :]) for cut in cuts)
    return next((pair for pair in sides if any(pair) and all(not side or _is_bound(side) for side in pair)), None)


def _is_bound(text: str) -> bool:
    return normalize_datetime(text) is not None and not (len(text) == 4 and parse_offset("-" + text) is not None)
