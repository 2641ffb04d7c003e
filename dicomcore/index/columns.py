"""Fill the columns of a level from the DICOM JSON fragments of its attributes; how values are written stands in
`attributes`.

Columns are made from the fragments, not from data sets, so that a row is the same whether an instance came in just
now, its level was computed anew after a delete, or the whole index was rebuilt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson

from dicomcore.index.attributes import ABSENT_NUMBER, ATTRIBUTES, Attribute
from dicomcore.matching import comparable
from dicomcore.names import name_words, normalize_name, phonetic
from dicomcore.resources import Level

Columns = dict[str, str | int]

_NAME_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_NAME_LENGTH = len(b'"00080020":')
_REQUEST_ATTRIBUTES_SEQUENCE = 0x00400275
_SCHEDULED_PROCEDURE_STEP_ID = "00400009"
_REQUESTED_PROCEDURE_ID = "00401001"

# Given by the record of the instance, which has them checked.
_UIDS = frozenset((0x00080016, 0x00080018, 0x0020000D, 0x0020000E))
_REMEMBERED = 256  # fragments of each attribute: most instances repeat those of the one before

_Read = Callable[[bytes], tuple[str | int, str]]


def columns(level: Level, fragments: Mapping[int, bytes]) -> Columns:
    """Give the values of the attribute columns of a level, except for those that the index makes and for UIDs."""
    row: Columns = {}
    for tag, column, key_column, read in _READERS[level]:
        value, key = read(fragments.get(tag, b""))
        row[column] = value
        if key_column:
            row[key_column] = key
    return row


def column(level: Level, tag: int, fragments: Mapping[int, bytes]) -> str:
    """Give the value of one text column."""
    return str(_READER[level, tag](fragments.get(tag, b""))[0])


def many(values: Sequence[str]) -> str:
    """Write several values into one column: with a backslash before, between and after them."""
    return f"\\{chr(92).join(values)}\\" if values else ""


def split_many(text: str) -> list[str]:
    """Read what `many` wrote."""
    return text[1:-1].split("\\") if text else []


def name_word_rows(level: Level, fragments: Mapping[int, bytes]) -> Iterator[tuple[int, str, str]]:
    """Give (tag, word, phonetic code) of each word of each person name that has a column."""
    for tag in _NAMES[level]:
        if tag in fragments:
            words = {_clean(word) for text in _texts(_element(fragments[tag])) for word in name_words(text)}
            yield from ((tag, word, phonetic(word)) for word in sorted(words))


def request_rows(fragments: Mapping[int, bytes]) -> Iterator[tuple[str, str]]:
    """Give (Scheduled Procedure Step ID, Requested Procedure ID) of each item of Request Attributes Sequence."""
    found = fragments.get(_REQUEST_ATTRIBUTES_SEQUENCE)
    if found is None:
        return
    for item in _element(found).get("Value", ()):
        if isinstance(item, dict):
            yield _item_text(item, _SCHEDULED_PROCEDURE_STEP_ID), _item_text(item, _REQUESTED_PROCEDURE_ID)


def _item_text(item: Mapping[str, Any], name: str) -> str:
    return next((_clean(comparable("SH", text)) for text in _texts(item.get(name))), "")


def _element(fragment: bytes) -> Mapping[str, Any]:
    """Parse a fragment, without its name."""
    parsed: Mapping[str, Any] = orjson.loads(fragment[_NAME_LENGTH:])
    return parsed


def _texts(element: Mapping[str, Any] | None) -> list[str]:
    if element is None:
        return []
    return [text for text in map(_value_text, element.get("Value", ())) if text]


def _value_text(value: object) -> str:
    if isinstance(value, dict):
        return "=".join(str(value.get(group, "")) for group in _NAME_GROUPS).rstrip("=")
    return "" if value is None else str(value)


def _reader(attribute: Attribute) -> _Read:
    """Make what reads the value of a column, and of its key if it is a name, from a fragment; b"" is absent."""

    @lru_cache(_REMEMBERED)
    def read(fragment: bytes) -> tuple[str | int, str]:
        texts = _texts(_element(fragment)) if fragment else []
        if attribute.is_number:
            return _number(texts), ""
        if attribute.is_name:
            return _text(attribute, texts), _text(attribute, [normalize_name(text) for text in texts])
        return _text(attribute, [comparable(attribute.vr, text) for text in texts]), ""

    return read


def _text(attribute: Attribute, texts: Sequence[str]) -> str:
    values = [_clean(text) for text in texts]
    return many(values) if attribute.many else "\\".join(values)


def _clean(text: str) -> str:
    """PostgreSQL keeps no NUL in text; no value that follows PS3.5 §6.1.3 has one."""
    return text.replace("\0", "") if "\0" in text else text


def _number(texts: Sequence[str]) -> int:
    try:
        number = int(float(texts[0])) if texts and "." in texts[0] else int(texts[0])
    except (ValueError, IndexError, OverflowError):
        return ABSENT_NUMBER
    return number if abs(number) < ABSENT_NUMBER else ABSENT_NUMBER


_WITH_COLUMN: Mapping[Level, tuple[Attribute, ...]] = {
    level: tuple(a for a in table.values() if a.column and not a.dynamic and a.tag not in _UIDS)
    for level, table in ATTRIBUTES.items()
}
_READER: Mapping[tuple[Level, int], _Read] = {
    (level, attribute.tag): _reader(attribute) for level, found in _WITH_COLUMN.items() for attribute in found
}
_READERS: Mapping[Level, tuple[tuple[int, str, str, _Read], ...]] = {
    level: tuple((a.tag, a.column, f"{a.column}_key" if a.is_name else "", _READER[level, a.tag]) for a in found)
    for level, found in _WITH_COLUMN.items()
}
_NAMES: Mapping[Level, tuple[int, ...]] = {
    level: tuple(attribute.tag for attribute in found if attribute.is_name) for level, found in _WITH_COLUMN.items()
}
