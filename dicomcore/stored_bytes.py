"""The bytes of a stored instance: opened, verified, read in windows or in parts, and as a data set.

What is small is copied in the step that opens it, on the event loop if it is quick there (`Threads.soon`). What is
large is read in windows of a few megabytes, in threads. Whole objects are checked against the checksum they were stored
with; one that fits in a window before its first byte leaves, a larger one before its last window does, so that no
damaged object is ever delivered complete. A part is given as it is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

import xxhash

from dicomcore.content import Content, Extent, within
from dicomcore.data import Alarm, Buffer, Dataset, Part10, read_file
from dicomcore.errors import DamagedInstance, ResourceGone, ResourceNotFound, StorageUnavailable
from dicomcore.index import Index, InstanceRow
from dicomcore.storage import Storage, StoredObject
from dicomcore.threads import Threads, must_not_wait

T = TypeVar("T")

LARGE = 16 << 20  # bytes; what is larger is read or made while it is sent
_COPIED = 1 << 20  # bytes that are read quicker than they are mapped into memory
_FEW = 64  # extents that are read one by one on the event loop
MANY_ELEMENTS = Alarm(1_000, must_not_wait)
"""More than a thousand take more than a millisecond."""


class StoredBytes:
    """The stored object of one version of an instance; ``verify``: what is read whole is checked.

    Only the methods that are awaited, or that say so, are for the event loop; the others block.
    """

    __slots__ = ("__weakref__", "_index", "_storage", "_verify", "row", "threads")

    def __init__(self, row: InstanceRow, storage: Storage, index: Index, threads: Threads, *, verify: bool) -> None:
        self.row = row
        self.threads = threads
        self._storage = storage
        self._index = index
        self._verify = verify

    async def read(self, start: int = 0, end: int | None = None) -> AsyncIterator[Buffer]:
        """The object, or a range of it; awaiting this opens it, and the first window is there.

        Raises:
            DamagedInstance: the object is not there, or its bytes are not those that were stored; of an object larger
                than a window the iterator raises it, before the last one.
        """
        return self._drain(*await self.threads.soon(self._begin, start, end))

    async def follow(self, begun: Sequence[Buffer], rest: Iterator[Buffer]) -> AsyncIterator[Buffer]:
        """Give what was read or made of the object, and then the rest of it, each buffer from a thread."""
        for buffer in begun:
            yield buffer
        async for buffer in self._drain(await self.threads(next, rest, None), rest):
            yield buffer

    def extents(self, all_extents: Sequence[Sequence[Extent]], lazy: bool) -> list[Content]:
        """Content of extents of the object: opened now if it is small, else read while it is sent.

        May be called in `Threads.soon`.
        """
        sizes = [sum(end - start for start, end in extents) for extents in all_extents]
        if lazy or sum(sizes) > LARGE:
            readers = [partial(self._read_extents, extents) for extents in all_extents]
            return [Content(size, reader=reader) for size, reader in zip(sizes, readers, strict=True)]
        is_copied = sum(sizes) <= _COPIED and sum(map(len, all_extents)) <= _FEW
        if not is_copied:
            must_not_wait()
        stored = self.open()
        take = stored.read if is_copied else stored.view
        try:
            views = [[take(start, end) for start, end in extents] for extents in all_extents]
        finally:
            stored.close()
        return [Content(size, buffers) for size, buffers in zip(sizes, views, strict=True)]

    def open(self) -> StoredObject:
        """Open the object.

        Raises:
            DamagedInstance: it is not there, or has not the size that it was stored with.
            ResourceGone, ResourceNotFound: the instance was deleted meanwhile.
            StorageUnavailable: the instance was replaced meanwhile.
        """
        try:
            stored = self._storage.open(self.row.key)
        except KeyError:
            row = self._index.instance(self.row.resource)
        else:
            if stored.size == self.row.size:
                return stored
            stored.close()
            raise DamagedInstance(self.row.resource, "its object has another size than what was stored")
        if row is None:
            gone = self._index.was_deleted(self.row.resource)
            raise (ResourceGone if gone else ResourceNotFound)(self.row.resource)
        if row.key == self.row.key:
            raise DamagedInstance(self.row.resource, "its object is missing")
        raise self._replaced()

    def view(self) -> Buffer:
        """All of the object, mapped into memory."""
        stored = self.open()
        view = stored.view()
        stored.close()
        return view

    def copy(self, start: int, end: int) -> bytes:
        """A part of the object, copied; may be called in `Threads.soon`."""
        if end - start > _COPIED:
            must_not_wait()
        stored = self.open()
        try:
            return stored.read(start, end)
        finally:
            stored.close()

    def windows(self, start: int = 0) -> Iterator[Buffer]:
        """The object from ``start``; it is closed when the last window was given, or nobody wants more."""
        stored = self.open()
        return _closing(stored, stored.windows(start))

    def part10(self) -> Part10:
        """The object as a file whose elements are views of a memory map."""
        return read_file(self.view())

    def read_dataset(self, read: Callable[[Dataset], T]) -> T:
        """What a function makes of the data set; may be called in `Threads.soon`."""
        if self.row.size > _COPIED:
            must_not_wait()
        return read(read_file(self.view(), MANY_ELEMENTS).dataset)

    def check(self) -> None:
        """Read all of the object, and raise `DamagedInstance` if its bytes are not those that were stored."""
        if self._verify:
            for _window in self._verified(self.windows()):
                pass

    def frame_page(self, number: int) -> bytes:
        """A page of the frame index."""
        page = self._index.frame_page(self.row, number)
        if page is None:
            raise self._replaced()
        return page

    def _begin(self, start: int, end: int | None) -> tuple[Buffer | None, Iterator[Buffer] | None]:
        """The first window and, if there are more, the others."""
        stop = self.row.size if end is None else min(end, self.row.size)
        is_checked = self._verify and start == 0 and stop == self.row.size
        if stop - start <= _COPIED:
            return self._copied(start, stop, is_checked), None
        must_not_wait()
        stored = self.open()
        windows = _closing(stored, stored.windows(start, stop))
        if is_checked:
            windows = self._verified(windows)
        return next(windows, None), windows

    def _copied(self, start: int, end: int, is_checked: bool) -> bytes:
        """A small part, or all of a small object."""
        content = self.copy(start, end)
        if is_checked:
            self._compare(xxhash.xxh3_128_digest(content))
        return content

    def _compare(self, checksum: bytes) -> None:
        if checksum != self.row.checksum:
            raise DamagedInstance(self.row.resource, "its bytes differ from what was stored")

    def _replaced(self) -> StorageUnavailable:
        """What to raise when another version has taken the place of this one."""
        return StorageUnavailable(f"{self.row.resource} was replaced while it was read; ask again")

    async def _drain(self, first: Buffer | None, rest: Iterator[Buffer] | None) -> AsyncIterator[Buffer]:
        buffer = first
        while buffer is not None:
            yield buffer
            buffer = None if rest is None else await self.threads(next, rest, None)

    async def _read_extents(self, extents: Sequence[Extent], start: int, end: int) -> AsyncIterator[Buffer]:
        for first, last in within(extents, start, end):
            async for buffer in await self.read(first, last):
                yield buffer

    def _verified(self, windows: Iterator[Buffer]) -> Iterator[Buffer]:
        """Hold back the last window until the checksum of all is known to be right."""
        checksum = xxhash.xxh3_128()
        held: Buffer | None = None
        for window in windows:
            checksum.update(window)
            if held is not None:
                yield held
            held = window
        self._compare(checksum.digest())
        if held is not None:
            yield held


def _closing(stored: StoredObject, windows: Iterator[Buffer]) -> Iterator[Buffer]:
    """Close the object when the last window was given, or nobody wants more."""
    try:
        yield from windows
    finally:
        stored.close()
