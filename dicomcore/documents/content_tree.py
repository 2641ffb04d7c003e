"""Read the content tree of a structured report or of a key object selection (PS3.3 §C.17.3).

The root is the data set itself. Relationships by reference become `Link`s and are never followed: a document whose
items refer to each other in a circle is as finite as any other. Depth and number of items are limited. What is missing
or of an unknown type is an `Unreadable`, not an error: the rest of a report is worth reading.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any

from dicomcore.documents.codes import read_code
from dicomcore.documents.evidence import Evidence, read_evidence, reference_of
from dicomcore.documents.tables import read_table
from dicomcore.documents.values import (
    Concept,
    Container,
    ContentItem,
    Coordinates,
    Link,
    Moment,
    Number,
    PersonName,
    Reference,
    TemporalCoordinates,
    Text,
    Uid,
    Unreadable,
    Value,
)
from dicomcore.errors import LimitExceeded

if TYPE_CHECKING:
    from dicomcore.data import Dataset

MAX_LEVELS = 64
"""How deep a content tree may be; no data set that was read nests deeper."""
MAX_ITEMS = 50_000
"""How many content items a document may have."""
MAX_POINTS = 10_000
"""How many coordinates one item keeps; more would not be read by people."""

_CONTENT_SEQUENCE = 0x0040A730
_TARGET = 0x0040DB73
_REFERENCED_SOPS = 0x00081199
_MEASURED_VALUES = 0x0040A300


def read_content(dataset: Dataset) -> ContentItem:
    """Read the content tree, from its root down."""
    return _TreeReader(read_evidence(dataset)).item(dataset, (1,))


class _TreeReader:
    """One pass over the content of one document."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._numbers = count(1)

    def item(self, dataset: Dataset, place: tuple[int, ...]) -> ContentItem:
        if next(self._numbers) > MAX_ITEMS:
            raise LimitExceeded("content items of a document", MAX_ITEMS)
        if len(place) > MAX_LEVELS:
            raise LimitExceeded("levels of content items", MAX_LEVELS)
        children = enumerate(dataset.items(_CONTENT_SEQUENCE), 1)
        value = self._value(dataset)
        return ContentItem(
            place=place,
            relationship=dataset.text(0x0040A010),
            value_type="" if isinstance(value, Link) else dataset.text(0x0040A040),
            name=read_code(dataset, 0x0040A043),
            value=value,
            children=tuple(self.item(child, (*place, number)) for number, child in children),
            observed_at=dataset.text(0x0040A032),
            template=_template(dataset),
            uid=dataset.text(0x0040A171),
        )

    def _value(self, dataset: Dataset) -> Value:
        target = tuple(number for number in dataset.values(_TARGET)[:MAX_LEVELS] if isinstance(number, int))
        if target:
            return Link(target)
        reader = _READERS.get(dataset.text(0x0040A040))
        value = Unreadable() if reader is None else reader(dataset)
        return self._evidence.located(value) if isinstance(value, Reference) else value


def _template(dataset: Dataset) -> str:
    items = dataset.items(0x0040A504)
    return items[0].text(0x0040DB00) if items else ""


def _read_text(dataset: Dataset) -> Value:
    return Text(dataset.text(0x0040A160)) if 0x0040A160 in dataset else Unreadable()


def _moment_reader(tag: int, vr: str) -> Callable[[Dataset], Value]:
    def read_moment(dataset: Dataset) -> Value:
        return Moment(vr, dataset.text(tag)) if tag in dataset else Unreadable()

    return read_moment


def _read_uid(dataset: Dataset) -> Value:
    return Uid(dataset.text(0x0040A124)) if 0x0040A124 in dataset else Unreadable()


def _read_person_name(dataset: Dataset) -> Value:
    return PersonName(dataset.text(0x0040A123)) if 0x0040A123 in dataset else Unreadable()


def _read_concept(dataset: Dataset) -> Value:
    code = read_code(dataset, 0x0040A168)
    return Unreadable() if code is None else Concept(code)


def _read_number(dataset: Dataset) -> Value:
    """Read NUM (PS3.3 Table C.18.1-1): at most one measured value, or the reason why there is none."""
    qualifier = read_code(dataset, 0x0040A301)
    items = dataset.items(_MEASURED_VALUES)
    if not items:
        return Number("", None, None, qualifier)
    measured = items[0]
    rational = _rational(measured)
    quotient = None if rational is None else rational[0] / rational[1]
    exact = next((one for one in (measured.number(0x0040A161), quotient) if one is not None), None)
    text = measured.text(0x0040A30A)
    value = measured.number(0x0040A30A) if exact is None else exact
    return Number(text, value, read_code(measured, 0x004008EA), qualifier, rational)


def _rational(measured: Dataset) -> tuple[int, int] | None:
    numerator, denominator = measured.integer(0x0040A162), measured.integer(0x0040A163)
    return (numerator, denominator) if numerator is not None and denominator else None


def _read_reference(dataset: Dataset) -> Value:
    items = dataset.items(_REFERENCED_SOPS)
    return reference_of(items[0]) if items else Unreadable()


def _points(dataset: Dataset, dimensions: int) -> tuple[tuple[float, ...], ...]:
    numbers: list[Any] = dataset.values(0x00700022)[: MAX_POINTS * dimensions]
    whole = len(numbers) // dimensions * dimensions
    return tuple(tuple(numbers[at : at + dimensions]) for at in range(0, whole, dimensions))


def _read_coordinates(dataset: Dataset) -> Value:
    shape = dataset.text(0x00700023)
    return Coordinates(shape, _points(dataset, 2), pixel_origin=dataset.text(0x00480301))


def _read_coordinates_in_space(dataset: Dataset) -> Value:
    shape = dataset.text(0x00700023)
    return Coordinates(shape, _points(dataset, 3), frame_of_reference_uid=dataset.text(0x30060024))


def _read_temporal_coordinates(dataset: Dataset) -> Value:
    return TemporalCoordinates(
        dataset.text(0x0040A130),
        tuple(dataset.values(0x0040A132)[:MAX_POINTS]),
        tuple(one for one in dataset.values(0x0040A138)[:MAX_POINTS] if isinstance(one, (int, float))),
        tuple(dataset.texts(0x0040A13A)[:MAX_POINTS]),
    )


def _read_container(dataset: Dataset) -> Value:
    return Container(dataset.text(0x0040A050) == "CONTINUOUS")


_READERS: dict[str, Callable[[Dataset], Value]] = {
    "TEXT": _read_text,
    "NUM": _read_number,
    "CODE": _read_concept,
    "DATETIME": _moment_reader(0x0040A120, "DT"),
    "DATE": _moment_reader(0x0040A121, "DA"),
    "TIME": _moment_reader(0x0040A122, "TM"),
    "UIDREF": _read_uid,
    "PNAME": _read_person_name,
    "COMPOSITE": _read_reference,
    "IMAGE": _read_reference,
    "WAVEFORM": _read_reference,
    "SCOORD": _read_coordinates,
    "SCOORD3D": _read_coordinates_in_space,
    "TCOORD": _read_temporal_coordinates,
    "CONTAINER": _read_container,
    "TABLE": read_table,
}
