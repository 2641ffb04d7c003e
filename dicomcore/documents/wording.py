"""Dates, times, names, numbers and places as people read them.

Dates are written 2024-01-31, times 14:03:22 and offsets from UTC +01:00: no reader mistakes the month for the day, and
nothing is converted. What breaks the rules of its VR is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_DATE = re.compile(r"(\d{4})\.?(\d\d)\.?(\d\d)")
_TIME = re.compile(r"(\d\d):?(\d\d)?:?(\d\d)?(\.\d+)?")
_MOMENT = re.compile(r"(\d{4})(\d\d)?(\d\d)?(\d\d(?:\d\d(?:\d\d(?:\.\d+)?)?)?)?([+-]\d{4})?")
_OFFSET = re.compile(r"([+-]\d\d):?(\d\d)")
_LINE_BREAK = re.compile(r"\r\n|\r|\n|\f")


def readable_date(text: str) -> str:
    """Write a DA value as 2024-01-31."""
    found = _DATE.fullmatch(text.strip())
    return "-".join(found.groups()) if found else text.strip()


def readable_time(text: str) -> str:
    """Write a TM value as 14:03:22.5, as exact as it is; a fraction of nothing is left out."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return text.strip()
    fraction = (found[4] or "").rstrip("0").rstrip(".")
    return ":".join(part for part in found.groups()[:3] if part) + fraction


def readable_offset(text: str) -> str:
    """Write an offset from UTC as +01:00."""
    found = _OFFSET.fullmatch(text.strip())
    return f"{found[1]}:{found[2]}" if found else text.strip()


def readable_moment(text: str, offset: str = "") -> str:
    """Write a DT value as 2024-01-31 14:03:22 +01:00; ``offset`` is that of the data set, for a value without one."""
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        return text.strip()
    day = "-".join(part for part in found.groups()[:3] if part)
    if not found[4]:
        return day
    zone = readable_offset(found[5] or offset)
    return " ".join(part for part in (day, readable_time(found[4]), zone) if part)


def readable_date_and_time(date: str, time: str, offset: str = "") -> str:
    """Write a DA and a TM value as one moment; the offset is shown with a time only."""
    parts = (readable_date(date), readable_time(time), readable_offset(offset) if time.strip() else "")
    return " ".join(part for part in parts if part)


def readable_number(value: float) -> str:
    """Write a number with as many digits as a single precision value has, whole numbers without a point."""
    return f"{value:.7g}"


def readable_list(numbers: Sequence[int], shown: int = 24) -> str:
    """Write 1, 2, 3, 7 as "1-3, 7"; a long list ends with how many more there are."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    words = [str(low) if low == high else f"{low}-{high}" for low, high in spans[:shown]]
    left_out = sum(high - low + 1 for low, high in spans[shown:])
    return ", ".join(words) + (f" and {left_out} more" if left_out else "")


def shorten(text: str, letters: int) -> str:
    """Cut text to so many letters, the last an ellipsis; line breaks become spaces."""
    line = " ".join(text[: letters * 4].split())
    return line if len(line) <= letters else line[: letters - 1] + "…"


def lines_of(text: str) -> list[str]:
    """Split text at any of the line breaks that DICOM text has (CR, LF, FF, CR LF), trailing empty lines left out."""
    return [line.rstrip() for line in _LINE_BREAK.split(text.rstrip())]
