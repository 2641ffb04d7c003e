"""One attribute of the DICOM JSON model as text: its value, and what that means where a code or a UID says it. Pure.

Values are shown as they are stored, with backslashes between them and carets in names: who looks at metadata wants to
see what there is. What it means is a note beside it. Nothing here raises, whatever the JSON model holds.
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.web.display import age_text, date_text, person_name, time_text
from dicomcore.data import dictionary, uid_name

SHORT = 160
"""How many characters of a value are shown at first."""
LONG = 4_000
"""How many characters of a value are in the page at all; the rest is asked for."""

_HEX_BYTES = 16
_MOST_NUMBERS = 8
_NAME_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_TEXT_VRS = frozenset(("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UT"))
_NUMBERS = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d", "SV": "q", "UV": "Q"}


def whole_text(element: Mapping[str, Any]) -> str:
    """Return all values as text, with backslashes between them."""
    return "\\".join(_texts(_values(element)))


def text_of(element: Mapping[str, Any], limit: int = LONG) -> tuple[str, bool]:
    """Return the values as text of about ``limit`` characters at most, and whether that is all."""
    values = _values(element)
    taken: list[str] = []
    size = 0
    for value in values:
        taken.append(value if isinstance(value, str) else _text(value))
        size += len(taken[-1]) + 1
        if size > limit:
            break
    text = "\\".join(taken)
    return text[:limit], len(text) <= limit and len(taken) == len(values)


def note_of(element: Mapping[str, Any], vr: str) -> str:
    """Return what the values mean, empty where they speak for themselves."""
    values = _values(element)
    meaning = _MEANINGS.get(vr)
    if meaning is None or not values:
        return ""
    shown = [meaning(value) for value in values[:_MOST_NUMBERS]]
    known = [text for text in shown if text]
    return ", ".join(known) if known and known != _texts(values[:_MOST_NUMBERS]) else ""


def binary_text(encoded: object, known_vr: str) -> tuple[str, str]:
    """Return how many bytes there are, with the first of them, and what they say where they are text or numbers.

    ``known_vr`` is that of the dictionary, which may know more than who wrote the instance.
    """
    try:
        raw = base64.b64decode(encoded if isinstance(encoded, str) else "?", validate=True)
    except (binascii.Error, ValueError):
        return "unreadable", ""
    shown = raw[:_HEX_BYTES].hex(" ").upper() + (" …" if len(raw) > _HEX_BYTES else "")
    return f"{len(raw):,} {'byte' if len(raw) == 1 else 'bytes'}: {shown}", _decoded(raw, known_vr)


def _decoded(raw: bytes, vr: str) -> str:
    code = _NUMBERS.get(vr)
    if code is not None:
        count = len(raw) // struct.calcsize(code)
        if not count or len(raw) % struct.calcsize(code):
            return ""
        numbers = struct.unpack_from(f"<{min(count, _MOST_NUMBERS)}{code}", raw)
        return "\\".join(map(_text, numbers)) + (" …" if count > _MOST_NUMBERS else "")
    if vr not in _TEXT_VRS and vr != "UN":
        return ""
    try:
        text = raw.rstrip(b"\0 ").decode("utf-8")
    except UnicodeDecodeError:
        return ""
    is_text = len(text) > (0 if vr != "UN" else 1) and all(one.isprintable() or one in "\r\n\t" for one in text)
    return f"“{text[:SHORT]}{'…' if len(text) > SHORT else ''}”" if is_text else ""


def _values(element: Mapping[str, Any]) -> Sequence[Any]:
    values = element.get("Value")
    return values if isinstance(values, list) else ()


def _texts(values: Sequence[Any]) -> list[str]:
    return [_text(value) for value in values]


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):  # a person's name
        return "=".join(str(value.get(group) or "") for group in _NAME_GROUPS).rstrip("=")
    return str(value)


def _named_attribute(value: object) -> str:
    text = str(value)
    tag = dictionary.parse_tag(text) if len(text) == 8 else None
    return dictionary.name_of(tag) if tag is not None else ""


def _moment(value: object) -> str:
    text = str(value)
    date, time = text[:8], text[8:].partition("+")[0].partition("-")[0]
    return f"{date_text(date)} {time_text(time, seconds=True)}".strip()


_MEANINGS: dict[str, Callable[[Any], str]] = {
    "AS": lambda value: age_text(str(value)),
    "AT": _named_attribute,
    "DA": lambda value: date_text(str(value)),
    "DT": _moment,
    "PN": lambda value: person_name(value) if isinstance(value, Mapping | str) else "",
    "TM": lambda value: time_text(str(value), seconds=True),
    "UI": lambda value: uid_name(str(value)),
}
