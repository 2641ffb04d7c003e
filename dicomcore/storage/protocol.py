"""What a storage of objects can do: keep bytes under a key, give them back, forget them.

An object is written once and never changed. Its key is made here, from the time and chance, in 32 hexadecimal digits
that sort in the order of arrival; nothing from a data set ever becomes part of a key or a path. Bytes arrive in a
`Spool` on the storage's own volume, so that keeping them is a rename and not a copy.
"""

from collections.abc import Collection, Iterator
from typing import Protocol

from dicomcore.data import Buffer


class Spool(Protocol):
    """Bytes on their way into storage. Whoever made it closes it; closing what was kept is harmless."""

    @property
    def size(self) -> int:
        """The number of bytes written."""

    @property
    def sha256(self) -> bytes:
        """The digest of the bytes written."""

    @property
    def checksum(self) -> bytes:
        """A fast checksum (XXH3, 128 bits) of the bytes written."""

    @property
    def wants_thread(self) -> bool:
        """Whether the next `write` may touch the disk and should not run on an event loop."""

    def write(self, chunk: Buffer) -> None:
        """Append ``chunk``.

        Raises:
            LimitExceeded: the instance became larger than allowed.
            StorageFull: no room is left.
        """

    def view(self) -> memoryview:
        """All bytes written, read-only and contiguous; valid until `close`."""

    def windows(self, start: int = 0) -> Iterator[Buffer]:
        """The bytes from ``start`` on in consecutive pieces of limited size; memory does not grow with the object."""

    def overwrite(self, offset: int, replacement: bytes) -> None:
        """Replace bytes that were written; their number stays."""

    def close(self) -> None:
        """Drop what was not kept."""


class StoredObject(Protocol):
    """The bytes of one object, open for reading. They stay readable when the object is deleted meanwhile."""

    @property
    def size(self) -> int:
        """The number of bytes."""

    def view(self, start: int = 0, end: int | None = None) -> memoryview:
        """Map the bytes from ``start`` to ``end`` into memory, without copying; kept alive by the view itself."""

    def windows(self, start: int = 0, end: int | None = None) -> Iterator[memoryview]:
        """The same in consecutive views of limited size, so that a reader's memory does not grow with the object."""

    def read(self, start: int = 0, end: int | None = None) -> bytes:
        """Copy the bytes from ``start`` to ``end``: of a few hundred kilobytes quicker than mapping them."""

    def close(self) -> None:
        """Let go of the file; views that were given stay valid."""


class Storage(Protocol):
    """Where objects are kept. All calls block and are safe in threads."""

    def spool(self) -> Spool:
        """A place for the bytes of one object that is to come."""

    def keep(self, spool: Spool, key: str | None = None) -> str:
        """Make the spooled bytes an object and return its key; on return they survive a power cut.

        Who needs the ``key`` before that makes it by `new_key`.

        Raises:
            StorageFull: no room is left.
            StorageUnavailable: the volume cannot be written.
        """

    def open(self, key: str) -> StoredObject:
        """Open an object.

        Raises:
            KeyError: there is no object with this key.
        """

    def delete(self, key: str) -> None:
        """Forget an object; a key that is not there is no error. Who has it open reads on."""

    def keys(self, since: float = 0.0) -> Iterator[str]:
        """The keys of all objects, ascending; only those kept after ``since`` (seconds since the epoch, roughly)."""

    def check(self) -> None:
        """Raise `StorageUnavailable` if an object could not be kept now."""

    def close(self) -> None:
        """Leave the storage."""

    @property
    def is_alone(self) -> bool:
        """Whether no other process had the storage open when this one opened it, and others still wait outside."""

    @property
    def swept(self) -> float:
        """When the last sweep was (seconds since the epoch); 0 if never."""

    def sweep(self, orphans: Collection[str] = ()) -> int:
        """Drop unfinished spools and put ``orphans`` out of the way; only while `is_alone`. Returns how many."""

    def share(self) -> None:
        """Let other processes in."""
