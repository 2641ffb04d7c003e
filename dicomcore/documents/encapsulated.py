"""Encapsulated documents: the file that an instance wraps (PS3.3 §C.24.2).

The media type is that of the SOP Class. MIME Type of Encapsulated Document (0042,0012) was written by whoever sent the
instance and is never believed: an instance of Encapsulated PDF Storage that says ``text/html`` is given as
application/pdf. The bytes are given as they are, whatever they are, without the byte that made their length even.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomcore.errors import MissingAttribute

if TYPE_CHECKING:
    from dicomcore.data import Dataset

ENCAPSULATED_MEDIA_TYPES = {
    "1.2.840.10008.5.1.4.1.1.104.1": "application/pdf",
    "1.2.840.10008.5.1.4.1.1.104.2": "text/xml",
    "1.2.840.10008.5.1.4.1.1.104.3": "model/stl",
    "1.2.840.10008.5.1.4.1.1.104.4": "model/obj",
    "1.2.840.10008.5.1.4.1.1.104.5": "model/mtl",
}
"""The media type of the documents of each SOP Class (PS3.3 §A.45, §A.85)."""

_DOCUMENT = 0x00420011
_LENGTH = 0x00420015


def encapsulated_document(dataset: Dataset) -> memoryview:
    """Return the document: a view of the data set's buffer.

    Encapsulated Document Length (0042,0015) says whether the last byte is padding; without it a last byte NUL is.
    """
    document = dataset.raw(_DOCUMENT)
    if not document:
        raise MissingAttribute(_DOCUMENT, "Encapsulated Document")
    length = dataset.integer(_LENGTH)
    if length is not None and len(document) - 1 <= length <= len(document):
        return document[:length]
    return document[:-1] if document[-1] == 0 and not _is_binary_stl(document) else document


def _is_binary_stl(document: memoryview) -> bool:
    """Say whether this is as long as a binary STL file of its number of triangles: even, and often ending in NUL."""
    return len(document) >= 84 and len(document) == 84 + 50 * int.from_bytes(document[80:84], "little")
