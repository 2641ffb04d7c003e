"""An instance: what a `Source` yields, and what can be made of it.

Everything is lazy and costs what was asked for: the file as stored in windows of a few megabytes, one frame as a view
of a memory map. Blocking work is done in threads. Whole files are checked against the digest they were stored with; of
an object that fits in one window before its first byte leaves, of a larger one before its last window does, so that no
damaged object is ever delivered complete.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass

from dicomcore.data import (
    Dataset,
    Part10,
    bulkdata_element,
    bulkdata_media_type,
    file_header,
    read_file,
)
from dicomcore.errors import DamagedInstance, ResourceNotFound
from dicomcore.index import Index, InstanceRow
from dicomcore.pixels import FrameIndex, decode_frame, to_explicit_little_endian
from dicomcore.resources import Resource
from dicomcore.storage import Buffer, Storage, StoredObject
from dicomcore.threads import Threads

PIXEL_DATA_TAGS = (0x7FE00010, 0x7FE00008, 0x7FE00009)


@dataclass(frozen=True, slots=True)
class Bulkdata:
    """One value as bytes in little endian order; ``media_type`` is that of an encapsulated document, else empty."""

    buffers: list[Buffer]
    media_type: str = ""

    @property
    def size(self) -> int:
        """The number of bytes."""
        return sum(map(len, self.buffers))


class Instance:
    """One instance that is stored here."""

    def __init__(self, row: InstanceRow, storage: Storage, index: Index, threads: Threads, *, verify: bool) -> None:
        self._row = row
        self._storage = storage
        self._index = index
        self._threads = threads
        self._verify = verify
        self.resource = Resource(row.study_instance_uid, row.series_instance_uid, row.sop_instance_uid)
        self.sop_class_uid = row.sop_class_uid
        self.transfer_syntax_uid = row.transfer_syntax_uid

    @property
    def digest(self) -> bytes:
        """The SHA-256 of the stored object: what an ETag is made of."""
        return self._row.sha256

    @property
    def size(self) -> int:
        """The number of bytes of the stored object."""
        return self._row.size
