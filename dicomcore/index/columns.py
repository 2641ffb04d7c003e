"""Fill the columns of a level from the DICOM JSON fragments of its attributes; how values are written stands in
`attributes`.

Columns are made from the fragments, not from data sets, so that a row is the same whether an instance came in just
now, its level was computed anew after a delete, or the whole index was rebuilt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from dicomcore.index.attributes import ABSENT_NUMBER, ATTRIBUTES, Attribute
from dicomcore.matching import comparable
from dicomcore.names import name_words, normalize_name, phonetic
from dicomcore.resources import Level

Columns = dict[str, str | int]

_NAME_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_REQUEST_ATTRIBUTES_SEQUENCE = 0x00400275
_SCHEDULED_PROCEDURE_STEP_ID = "00400009"
_REQUESTED_PROCEDURE_ID = "00401001"

_WITH_COLUMN: Mapping[Level, tuple[Attribute, ...]] = {
    level: tuple(attribute for attribute in table.values() if attribute.column and not attribute.dynamic)
    for level, table in ATTRIBUTES.items()
}


def columns(level: Level, fragments: Mapping[int, bytes]) -> Columns:
    """Give the values of all attribute columns of a level except those of dynamic attributes."""
    attributes = _WITH_COLUMN[level]
    parsed = _parse(fragments, attributes)
    row: Columns = {}
    for attribute in attributes:
        texts = _texts(parsed.get(attribute.tag))
        row[attribute.column] = _number(texts) if attribute.is_number else _text(attribute, texts, _comparable)
        if attribute.is_name:
            row[f"{attribute.column}_key"] = _text(attribute, texts, _name_key)
    return row


def many(values: Sequence[str]) -> str:
    """Write several values into one column: with a backslash before, between and after them."""
    return f"\\{chr(92).join(values)}\\" if values else ""


def split_many(text: str) -> list[str]:
    """Read what `many` wrote."""
    return text[1:-1].split("\\") if text else []


def name_word_rows(level: Level, fragments: Mapping[int, bytes]) -> Iterator[tuple[int, str, str]]:
    """Give (tag, word, phonetic code) of each word of each person name that has a column."""
    names = [attribute for attribute in _WITH_COLUMN[level] if attribute.is_name]
    for tag, element in _parse(fragments, names).items():
        words = {word for text in _texts(element) for word in name_words(text)}
        yield from ((tag, word, phonetic(word)) for word in sorted(words))


def request_rows(fragments: Mapping[int, bytes]) -> Iterator[tuple[str, str]]:
    """Give (Scheduled Procedure Step ID, Requested Procedure ID) of each item of Request Attributes Sequence."""
    found = fragments.get(_REQUEST_ATTRIBUTES_SEQUENCE)
    if found is None:
        return
    element = orjson.loads(b"{" + found + b"}")[f"{_REQUEST_ATTRIBUTES_SEQUENCE:08X}"]
    for item in element.get("Value", ()):
        if isinstance(item, dict):
            yield _item_text(item, _SCHEDULED_PROCEDURE_STEP_ID), _item_text(item, _REQUESTED_PROCEDURE_ID)


def _item_text(item: Mapping[str, Any], name: str) -> str:
    return next((_clean(comparable("SH", text)) for text in _texts(item.get(name))), "")


def _parse(fragments: Mapping[int, bytes], attributes: Sequence[Attribute]) -> dict[int, Mapping[str, Any]]:
    wanted = [fragments[attribute.tag] for attribute in attributes if attribute.tag in fragments]
    parsed = orjson.loads(b"{" + b",".join(wanted) + b"}")
    return {int(name, 16): element for name, element in parsed.items()}


def _texts(element: Mapping[str, Any] | None) -> list[str]:
    if element is None:
        return []
    return [text for text in map(_value_text, element.get("Value", ())) if text]


def _value_text(value: object) -> str:
    if isinstance(value, dict):
        return "=".join(str(value.get(group, "")) for group in _NAME_GROUPS).rstrip("=")
    return "" if value is None else str(value)


def _comparable(attribute: Attribute, text: str) -> str:
    return text if attribute.is_name else comparable(attribute.vr, text)


def _name_key(_: Attribute, text: str) -> str:
    return normalize_name(text)


def _text(attribute: Attribute, texts: Sequence[str], form: Callable[[Attribute, str], str]) -> str:
    if not texts:
        return ""
    values = [_clean(form(attribute, text)) for text in texts]
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
