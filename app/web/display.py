"""Values of DICOM as people read them: names, dates, times, ages and numbers, from text and from the JSON model.

What is not what its VR asks for is shown as it is, since the reader is to see what there is. Nothing here is HTML:
the templates escape it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dicomcore.times import normalize_date, normalize_time
from dicomcore.written_names import readable_name

Json = Mapping[str, Any]
"""A data set in the DICOM JSON model (PS3.18 Annex F), parsed."""

_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_AGE = re.compile(r"0*(\d{1,3})([DWMY])")
_INTEGER = re.compile(r" *[+-]?[0-9]{1,15} *")
_AGE_UNITS = {"D": "day", "W": "week", "M": "month", "Y": "year"}
_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")
_SEXES = {"F": "female", "M": "male", "O": "other"}


def values_of(dataset: Json, tag: int) -> list[Any]:
    """Return the values of an attribute that are not empty, as the JSON model has them."""
    element = dataset.get(f"{tag:08X}")
    values = element.get("Value", ()) if isinstance(element, Mapping) else ()
    return [value for value in values if value not in (None, "")] if isinstance(values, list) else []


def first_value(dataset: Json, tag: int) -> str:
    """Return the first value of an attribute as text, empty if there is none; of a name, as `person_name` does."""
    return next(iter(_shown(dataset, tag)), "")


def all_values(dataset: Json, tag: int, separator: str = ", ") -> str:
    """Return all values of an attribute as text, each as `first_value` has it."""
    return separator.join(_shown(dataset, tag))


def _shown(dataset: Json, tag: int) -> list[str]:
    values = values_of(dataset, tag)
    return [person_name(value) if isinstance(value, Mapping) else str(value) for value in values]


def person_name(name: Mapping[str, Any] | str) -> str:
    """Show a name (PN, PS3.5 §6.2.1) as "Family, Given (ideographic, phonetic)".

    ``name`` is an object of the JSON model (PS3.18 §F.2.2), or text with ``=`` between the component groups.
    """
    text = name if isinstance(name, str) else "=".join(str(name.get(group) or "") for group in _GROUPS)
    return readable_name(text)


def date_text(date: str) -> str:
    """Show a date (DA) as 2026-11-23."""
    plain = normalize_date(date)
    return f"{plain[:4]}-{plain[4:6]}-{plain[6:]}" if plain else date.strip()


def time_text(time: str, *, seconds: bool = False) -> str:
    """Show a time (TM) as 14:05, or as 14:05:59."""
    plain = normalize_time(time)
    if plain is None:
        return time.strip()
    return f"{plain[:2]}:{plain[2:4]}:{plain[4:6]}" if seconds else f"{plain[:2]}:{plain[2:4]}"


def age_text(age: str) -> str:
    """Show an age (AS) such as 063Y as "63 years"."""
    match = _AGE.fullmatch(age.strip())
    if match is None:
        return age.strip()
    number = int(match[1])
    return f"{number} {_AGE_UNITS[match[2]]}{'' if number == 1 else 's'}"


def sex_text(sex: str) -> str:
    """Show Patient's Sex (0010,0040) as a word."""
    return _SEXES.get(sex.strip().upper(), sex.strip())


def integer(text: str) -> int | None:
    """Read a whole number (IS) of a size that somebody may have meant; None if it is none."""
    return int(text) if _INTEGER.fullmatch(text) else None


def integer_text(text: str) -> str:
    """Show a whole number with commas, anything else not at all."""
    number = integer(text)
    return "" if number is None else number_text(number)


def number_text(number: int) -> str:
    """Show a number with commas between the thousands."""
    return f"{number:,}"


def count_text(number: int, one: str, many: str | None = None) -> str:
    """Show how many there are: "1 study", "2,000 series"; ``many`` is what more than one are called."""
    return f"{number_text(number)} {one if number == 1 else many or one + 's'}"


def size_text(size: int) -> str:
    """Write a number of bytes for people, in powers of 1,000: ``1.5 GB``."""
    amount, unit = float(size), 0
    while amount >= 1000 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{amount:.0f} {_UNITS[unit]}" if unit == 0 or amount >= 100 else f"{amount:.1f} {_UNITS[unit]}"
