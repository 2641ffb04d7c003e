"""The bulk data of a stored instance: values that the metadata refer to by a path (PS3.18 §10.4.3.3)."""

from __future__ import annotations

from dataclasses import dataclass

from dicomcore.content import Content
from dicomcore.data import (
    OCTET_STREAM,
    BulkdataPolicy,
    Part10,
    bulkdata_media_type,
    bulkdata_paths,
    bulkdata_value,
    find_element,
)
from dicomcore.errors import ResourceNotFound
from dicomcore.stored_bytes import StoredBytes


@dataclass(frozen=True, slots=True)
class Value:
    """A bulk data value: its path in the metadata, its content, its media type if it is an encapsulated document."""

    path: str
    content: Content
    document_type: str = ""


def value_at(stored: StoredBytes, path: str) -> Value:
    """Find the value at a path of tags and item numbers; blocks.

    Raises:
        ResourceNotFound: there is no such value.
    """
    return _value(stored, stored.part10(), path, lazy=False)


def all_values(stored: StoredBytes, inline_threshold: int) -> list[Value]:
    """Find every value that the metadata refer to by a BulkDataURI, opened when it is sent; blocks."""
    part10 = stored.part10()
    found = bulkdata_paths(part10.dataset, BulkdataPolicy(b"", inline_threshold))
    return [_value(stored, part10, path, lazy=True) for path, _ in found]


def _value(stored: StoredBytes, part10: Part10, path: str, *, lazy: bool) -> Value:
    holder, element = find_element(part10.dataset, path)
    if element.items is not None:
        raise ResourceNotFound(path)
    media_type = bulkdata_media_type(part10.dataset, element)
    document_type = "" if media_type == OCTET_STREAM else media_type
    if part10.dataset.little_endian and not part10.transfer_syntax.deflated:
        (content,) = stored.extents([[(element.start, element.end)]], lazy)
        return Value(path, content, document_type)
    return Value(path, Content.of([bulkdata_value(holder, element)]), document_type)
