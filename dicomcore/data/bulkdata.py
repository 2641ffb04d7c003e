"""Bulk data of a data set: what it is, where it is, and its media type (PS3.18 §8.7.3, §10.4.3.3).

A path names an element as the BulkDataURI of the metadata does: tags and item numbers from 0, joined by slashes, as in
``00081140/0/00420011``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dicomcore.data.dataset import Dataset, Element
from dicomcore.data.json_model import BulkdataPolicy, Location, bulkdata_path, is_shown
from dicomcore.data.transfer_syntax import OCTET_STREAM
from dicomcore.errors import ResourceNotFound

ENCAPSULATED_DOCUMENT = 0x00420011
MIME_TYPE_OF_ENCAPSULATED_DOCUMENT = 0x00420012

_PATH = re.compile(r"[0-9A-Fa-f]{8}(?:/[0-9]{1,9}/[0-9A-Fa-f]{8}){0,64}").fullmatch
# RFC 6838 §4.2, without the parameters.
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}").fullmatch


def find_element(dataset: Dataset, path: str) -> tuple[Dataset, Element]:
    """Return the element at a path and the data set or item that holds it, or raise `ResourceNotFound`."""
    if not _PATH(path):
        raise ResourceNotFound(path[:200])
    *steps, last = path.split("/")
    for sequence, number in zip(steps[::2], steps[1::2], strict=True):
        items = dataset.items(int(sequence, 16))
        if int(number) >= len(items):
            raise ResourceNotFound(path)
        dataset = items[int(number)]
    element = dataset.get(int(last, 16))
    if element is None:
        raise ResourceNotFound(path)
    return dataset, element


def bulkdata_element(dataset: Dataset, path: str) -> Element:
    """Return the element at a path, a sequence excepted, or raise `ResourceNotFound`."""
    _, element = find_element(dataset, path)
    if element.items is not None:
        raise ResourceNotFound(path)
    return element


def bulkdata_value(dataset: Dataset, element: Element) -> memoryview:
    """Return the value field in little endian, as the web has it: a view of the buffer, or a swapped copy.

    ``dataset`` is the one that holds the element, which says how pixel data is swapped.
    """
    return dataset.in_little_endian(element)


def bulkdata_paths(dataset: Dataset, policy: BulkdataPolicy) -> list[tuple[str, Element]]:
    """Return path and element of all that the metadata, encoded with the same policy, refer to by a BulkDataURI."""
    return list(_paths(dataset, policy, None))


def _paths(dataset: Dataset, policy: BulkdataPolicy, location: Location | None) -> Iterator[tuple[str, Element]]:
    for element in dataset:
        for number, item in enumerate(element.items or ()):
            yield from _paths(item, policy, (location, element.tag, number))
        if is_shown(element.tag) and policy.takes(element, is_nested=location is not None):
            yield bulkdata_path(location, element.tag).decode("ascii"), element


def bulkdata_media_type(dataset: Dataset, element: Element) -> str:
    """Return the media type of a value that is not pixel data: that of the document it is, or octets.

    What an instance calls its document may be anything, so that only a plain ``type/subtype`` is believed.
    """
    if element.tag != ENCAPSULATED_DOCUMENT:
        return OCTET_STREAM
    media_type = dataset.text(MIME_TYPE_OF_ENCAPSULATED_DOCUMENT).partition(";")[0].strip().lower()
    return media_type if _MEDIA_TYPE(media_type) else OCTET_STREAM
