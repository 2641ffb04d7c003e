"""Metadata that was asked for lately, kept as long as it is true.

A viewer asks for the metadata of a series several times, and of one series after the other. What is kept is checked
against the revision of the resource, one small read, so that every process may have its own cache.
"""

import threading
from collections import OrderedDict

from dicomcore.index import StoredMetadata
from dicomcore.resources import Resource

DEFAULT_BYTES = 32 << 20
_OVERHEAD = 64  # of an object in memory, beside its bytes


class MetadataCache:
    """The most recently used metadata, up to a number of bytes; safe in threads."""

    def __init__(self, limit: int = DEFAULT_BYTES) -> None:
        self._limit = limit
        self._size = 0
        self._entries: OrderedDict[Resource, tuple[StoredMetadata, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, resource: Resource, revision: int) -> StoredMetadata | None:
        """What is kept of ``resource``, if it is of this revision."""
        with self._lock:
            entry = self._entries.get(resource)
            if entry is None or entry[0].revision != revision:
                return None
            self._entries.move_to_end(resource)
            return entry[0]

    def put(self, resource: Resource, metadata: StoredMetadata) -> None:
        """Keep metadata, at the cost of what was not used for the longest time; what is too large is not kept."""
        size = sum(2 * len(one) + _OVERHEAD for one in metadata.objects)  # as objects and as an array
        if size > self._limit // 2:
            return
        with self._lock:
            self._drop(resource)
            self._entries[resource] = metadata, size
            self._size += size
            while self._size > self._limit:
                self._drop(next(iter(self._entries)))

    def _drop(self, resource: Resource) -> None:
        entry = self._entries.pop(resource, None)
        if entry is not None:
            self._size -= entry[1]
