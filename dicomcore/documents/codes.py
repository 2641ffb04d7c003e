"""Coded concepts (PS3.3 §8.8) and units of measurement as people write them.

A code is shown by its meaning; its value and scheme go along for those who want to know. Units are UCUM codes (PS3.16
CID 82 and others), which were made for machines: ``mm2`` is written mm², ``Cel`` °C, ``{ratio}`` nothing but its word.
A unit of any other scheme, or one that is not in the table, is shown by its meaning or as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dicomcore.data import Dataset

_VALUES = (0x00080100, 0x00080119, 0x00080120)  # Code Value, Long Code Value, URN Code Value
_SCHEME = 0x00080102
_SCHEME_VERSION = 0x00080103
_MEANING = 0x00080104
_UCUM = "UCUM"

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PARTS = re.compile(r"(?:[^./{]|\{[^{}]*\}?)+|[./]")
_ANNOTATION = re.compile(r"\{([^{}]*)\}?")
_TEN_TO_THE = re.compile(r"10[*^]\+?(-?\d+)")
_POWER = re.compile(r"([^\d+-]+)\+?(-?\d+)")
_CLOSE = frozenset(("", "°", "\u2032", "\u2033"))
_NO_BREAK_SPACE = "\u00a0"
_SILENT = re.compile(r"1|\{(ratio|no units|counts?|[^{}A-Za-z]*)\}")
_WHOLE = {"a": "years", "mo": "months", "wk": "weeks", "d": "days", "{H.B.}/min": "bpm", "{H.B.}": "beats"}
_FACTORS = {
    "Cel": "°C",
    "[degF]": "°F",
    "deg": "°",
    "'": "\u2032",
    "''": "\u2033",
    "um": "µm",
    "us": "µs",
    "ug": "µg",
    "ul": "µL",
    "uL": "µL",
    "uV": "µV",
    "uA": "µA",
    "uGy": "µGy",
    "uSv": "µSv",
    "uCi": "µCi",
    "umol": "µmol",
    "l": "L",
    "ml": "mL",
    "dl": "dL",
    "Ohm": "Ω",
    "kOhm": "kΩ",
    "mm[Hg]": "mmHg",
    "cm[H2O]": "cmH₂O",
    "[hnsf'U]": "HU",
    "[in_i]": "in",
    "[ft_i]": "ft",
    "[lb_av]": "lb",
    "[pH]": "pH",
    "[IU]": "IU",
}


@dataclass(frozen=True, slots=True)
class Code:
    """One coded concept; any part may be the empty string."""

    value: str
    scheme: str
    meaning: str
    scheme_version: str = ""

    @property
    def label(self) -> str:
        """What people read: the meaning, else the code itself."""
        return self.meaning or self.value

    @property
    def triplet(self) -> str:
        """The code as PS3.16 writes it: (value, scheme, "meaning")."""
        return f'({self.value}, {self.scheme}, "{self.meaning}")'


def read_code(dataset: Dataset, sequence: int) -> Code | None:
    """Read the first item of a code sequence; None if there is none or it says nothing."""
    items = dataset.items(sequence)
    return code_of(items[0]) if items else None


def read_codes(dataset: Dataset, sequence: int) -> tuple[Code, ...]:
    """Read all items of a code sequence that say something."""
    codes = (code_of(item) for item in dataset.items(sequence))
    return tuple(code for code in codes if code is not None)


def code_of(item: Dataset) -> Code | None:
    """Read the Code Sequence Macro (PS3.3 Table 8.8-1) of an item."""
    value = next(filter(None, (item.text(tag) for tag in _VALUES)), "")
    meaning = item.text(_MEANING)
    if not value and not meaning:
        return None
    return Code(value, item.text(_SCHEME), meaning, item.text(_SCHEME_VERSION))


def unit_symbol(unit: Code | None) -> str:
    """Return the unit as people write it after a number; the empty string for none and for pure numbers."""
    if unit is None:
        return ""
    if unit.scheme != _UCUM:
        return unit.value or unit.meaning
    return "" if _SILENT.fullmatch(unit.value) else _WHOLE.get(unit.value) or _spell(unit.value) or unit.meaning


def with_unit(number: str, unit: Code | None) -> str:
    """Write a number with its unit, on one line."""
    symbol = unit_symbol(unit)
    return f"{number}{symbol}" if symbol in _CLOSE else f"{number}{_NO_BREAK_SPACE}{symbol}"


def _spell(ucum: str) -> str:
    """Write a unit factor by factor: powers raised, annotations in braces as the words they are."""
    return "".join("·" if part == "." else _factor(part) for part in _PARTS.findall(ucum))


def _factor(part: str) -> str:
    ten = _TEN_TO_THE.fullmatch(part)
    if ten is not None:
        return "10" + ten[1].translate(_SUPERSCRIPTS)
    if "{" in part:
        return _ANNOTATION.sub(lambda found: " " + found[1].replace("_", " "), part).strip()
    powered = None if part in _FACTORS else _POWER.fullmatch(part)
    base, power = (part, "") if powered is None else (powered[1], powered[2])
    return _FACTORS.get(base, base) + power.translate(_SUPERSCRIPTS)
