"""An item of a sequence in a line: a code, a content item of a report, what it refers to. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from app.web.display import Json, first_value

LONGEST = 80
"""How many characters of a text are in a line."""

_CODE_MEANING, _CODE_VALUES, _SCHEME = 0x00080104, (0x00080100, 0x00080119, 0x00080120), 0x00080102
_CONCEPT_NAME = "0040A043"
_CONTENT_VALUES = (0x0040A160, 0x0040A120, 0x0040A121, 0x0040A122, 0x0040A123, 0x0040A124)
_MEASURED, _NUMERIC_VALUE, _UNITS = "0040A300", 0x0040A30A, "004008EA"
_CONCEPT_CODE = "0040A168"
_REFERENCED = (0x00081155, 0x00080018, 0x0020000E, 0x0020000D)


def item_summary(item: Json) -> str:
    """Say in a line what an item is: a code, a content item of a report, what it refers to; or nothing."""
    if code := _code(item):
        return code
    name = _first_code(item, _CONCEPT_NAME)
    value = _content(item)
    if name or value:
        return f"{name}: {value}" if name and value else name or value
    return next((text for tag in _REFERENCED if (text := first_value(item, tag))), "")


def _code(item: Json) -> str:
    """Write a code (PS3.3 §8.8) as "Chest (T-D3000, SRT)"."""
    meaning = first_value(item, _CODE_MEANING)
    value = next((text for tag in _CODE_VALUES if (text := first_value(item, tag))), "")
    where = ", ".join(filter(None, (value, first_value(item, _SCHEME))))
    return f"{meaning} ({where})" if meaning and where else meaning or value


def _content(item: Json) -> str:
    """The value of a content item (PS3.3 §C.17.3), shortened."""
    text = next((text for tag in _CONTENT_VALUES if (text := first_value(item, tag))), "")
    measured = next(items_in(item.get(_MEASURED)), None)
    if measured is not None:
        units = next(items_in(measured.get(_UNITS)), {})
        text = f"{first_value(measured, _NUMERIC_VALUE)} {first_value(units, _CODE_VALUES[0])}".strip()
    text = text or _first_code(item, _CONCEPT_CODE)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _first_code(item: Json, name: str) -> str:
    first: Json = next(items_in(item.get(name)), {})
    return first_value(first, _CODE_MEANING)


def items_in(element: object) -> Iterator[Json]:
    """The items of a sequence; what is no item is one without attributes."""
    values = element.get("Value") if isinstance(element, Mapping) else None
    for item in values if isinstance(values, list) else ():
        yield item if isinstance(item, Mapping) else {}
