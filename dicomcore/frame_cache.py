"""Frames that were transcoded or rendered lately, kept in memory or in a folder up to a number of bytes.

Many ask for the same frame at the same time (a tile of a slide, a screen that is shared): it is made once, and all get
what comes of it. Who leaves leaves the others undisturbed; when all have left, the making is cancelled. What was not
used for the longest time makes room, and what is large for the cache passes through it.

Several processes may share a folder. What is in it is what counts: each process looks there, and when it has written a
sixteenth of the limit it sweeps up what is too much. A file is written under another name first, so it is there as a
whole or not at all. Nothing outlives a start, which clears the folder of our files, and of no others.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from dicomcore.threads import Threads

Key = bytes | tuple[object, ...]

logger = logging.getLogger(__name__)

_OVERHEAD = 256  # bytes of an entry in memory, beside its own
_KEPT = ".frame"
_UNFINISHED = ".part"
_ABANDONED_SECONDS = 3600.0


class FrameCache:
    """Bytes by keys, made at most once at a time; keys are bytes, or tuples with a ``repr`` that says all of them.

    ``hits`` counts what was there or already being made, ``misses`` what was made.
    """

    def __init__(self, limit_bytes: int, folder: Path | None = None, threads: Threads | None = None) -> None:
        """Open an empty cache; raises `OSError` if the folder cannot be made.

        Files are read and written in ``threads``.
        """
        self.hits = 0
        self.misses = 0
        self._store = _Memory(limit_bytes) if folder is None else _Folder(limit_bytes, folder)
        self._threads = (threads or Threads(2, "frame-cache")) if folder is not None else None
        self._largest = limit_bytes // 8
        self._flights: dict[Key, _Flight] = {}

    @property
    def size(self) -> int:
        """How many bytes are kept; in a folder, as far as this process knows."""
        return self._store.size

    def at_once(self, key: Key, make: Callable[[], bytes | None]) -> bytes | None:
        """Return what is kept under ``key``, or else what ``make`` returns, all in one step.

        None if that is not possible: what is kept is in a folder, it is being made, or ``make`` returns None.
        """
        if self._threads is not None or key in self._flights:
            return None
        if (kept := self._store.read(key)) is not None:
            self.hits += 1
            return kept
        made = make()
        if made is not None:
            self.misses += 1
            if len(made) <= self._largest:
                self._store.write(key, made)
        return made

    async def get(self, key: Key, make: Callable[[], Awaitable[bytes]]) -> bytes:
        """Return what is kept under ``key``, or else what ``make`` returns; its errors are raised and not kept."""
        if self._threads is None and (kept := self._store.read(key)) is not None:
            self.hits += 1
            return kept
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = _Flight(self._fetch(key, make))
        else:
            self.hits += 1
        try:
            return await flight.join()
        finally:
            if not flight.is_awaited and self._flights.get(key) is flight:
                del self._flights[key]

    async def _fetch(self, key: Key, make: Callable[[], Awaitable[bytes]]) -> bytes:
        if self._threads is not None and (kept := await self._threads.soon(self._store.read, key)) is not None:
            self.hits += 1
            return kept
        self.misses += 1
        made = await make()
        if len(made) > self._largest:
            return made
        if self._threads is None:
            self._store.write(key, made)
        else:
            await self._threads(self._store.write, key, made)
        return made


class _Flight:
    """Something that is being made, for as long as anybody waits for it."""

    def __init__(self, work: Coroutine[object, object, bytes]) -> None:
        self._task = asyncio.get_running_loop().create_task(work)
        self._waiters = 0

    @property
    def is_awaited(self) -> bool:
        return self._waiters > 0

    async def join(self) -> bytes:
        self._waiters += 1
        try:
            return await asyncio.shield(self._task)
        finally:
            self._waiters -= 1
            if not self._waiters:
                self._task.cancel()


class _Memory:
    def __init__(self, limit: int) -> None:
        self.size = 0
        self._limit = limit
        self._entries: OrderedDict[Key, bytes] = OrderedDict()

    def read(self, key: Key) -> bytes | None:
        data = self._entries.get(key)
        if data is not None:
            self._entries.move_to_end(key)
        return data

    def write(self, key: Key, data: bytes) -> None:
        self._entries[key] = data
        self.size += len(data) + _OVERHEAD
        while self.size > self._limit:
            _, dropped = self._entries.popitem(last=False)
            self.size -= len(dropped) + _OVERHEAD


class _Folder:
    """Files that are named by a digest of their keys; when they were last read is their time of modification."""

    def __init__(self, limit: int, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.size = 0
        self._limit = limit
        self._folder = folder
        self._unswept = 0
        self._numbers = itertools.count()
        self._is_failing = False
        for entry in self._files(_KEPT, _UNFINISHED):
            _remove(entry.path)

    def read(self, key: Key) -> bytes | None:
        path = self._path(key)
        try:
            data = path.read_bytes()
            os.utime(path)
        except OSError:  # not there; or there no more, or not to be read: then it is made again
            return None
        return data

    def write(self, key: Key, data: bytes) -> None:
        """Keep bytes if that is possible; who waits for them gets them all the same."""
        path = self._path(key)
        unfinished = path.with_suffix(f".{os.getpid()}-{next(self._numbers)}{_UNFINISHED}")
        try:
            self._make_room(len(data))
            unfinished.write_bytes(data)
            unfinished.replace(path)
        except OSError as error:
            _remove(unfinished)
            self._say_that_it_fails(error)
        else:
            self._is_failing = False

    def _path(self, key: Key) -> Path:
        name = key if isinstance(key, bytes) else repr(key).encode("utf-8", "surrogatepass")
        return self._folder / (blake2b(name, digest_size=20).hexdigest() + _KEPT)

    def _files(self, *suffixes: str) -> Iterator[os.DirEntry[str]]:
        with os.scandir(self._folder) as entries:
            yield from (entry for entry in entries if entry.name.endswith(suffixes))

    def _make_room(self, length: int) -> None:
        """Sweep before more is written than the limit leaves; others, who do the same, are counted then."""
        self._unswept += length
        self.size += length
        if self._unswept > self._limit // 16:
            self._unswept = length
            self.size = self._sweep(self._limit - self._limit // 8) + length

    def _sweep(self, most: int) -> int:
        """Remove what was not used for the longest time until at most so many bytes are left; return how many."""
        found: list[tuple[float, int, str]] = []
        for entry in self._files(_KEPT):
            with suppress(FileNotFoundError):  # another process sweeps as well
                status = entry.stat()
                found.append((status.st_mtime, status.st_size, entry.path))
        found.sort()
        size = sum(length for _, length, _ in found)
        for _, length, path in found:
            if size <= most:
                break
            _remove(path)
            size -= length
        self._remove_abandoned()
        return size

    def _remove_abandoned(self) -> None:
        """Remove what a process that died has left unfinished."""
        before = time.time() - _ABANDONED_SECONDS
        for entry in self._files(_UNFINISHED):
            with suppress(FileNotFoundError):
                if entry.stat().st_mtime < before:
                    _remove(entry.path)

    def _say_that_it_fails(self, error: OSError) -> None:
        if not self._is_failing:
            logger.warning("frames cannot be cached", extra={"problem": str(error)})
        self._is_failing = True


def _remove(path: str | Path) -> None:
    with suppress(OSError):
        os.unlink(path)
