"""The changes of the archive, to be read from any number on and to be followed.

Whatever process commits a change, it is a row with the next number (`dicomcore.index.changes`), so that who follows
asks the index for what is behind the number it has: nothing is missed, and nothing is kept for anybody. Who has seen
everything waits for the next look at the index, of which there is one for all followers of a process, and none while
nobody follows. A slow follower reads for itself what has come meanwhile, a batch at a time, when it asks for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dicomcore.errors import DicomError
from dicomcore.index import ChangeEntry, Index
from dicomcore.threads import Threads

logger = logging.getLogger(__name__)

BATCH = 250  # changes; few enough to be written out between two other things on the event loop
PAGE = 1000
PACE = 0.25  # seconds between two looks


@dataclass(frozen=True, slots=True)
class _Look:
    """All changes after number ``start``, as they were found at one time."""

    start: int
    entries: list[ChangeEntry]

    @property
    def end(self) -> int:
        return self.entries[-1].sequence if self.entries else self.start


class ChangeFeed:
    """The changes in ``index``, looked for every ``pace`` seconds while somebody follows them."""

    def __init__(self, index: Index, threads: Threads, *, pace: float = PACE) -> None:
        self._index = index
        self._threads = threads
        self._pace = pace
        self._followers = 0
        self._looking: asyncio.Task[None] | None = None
        self._latest: _Look | None = None
        self._next = asyncio.Event()

    async def last(self) -> int:
        """The number of the last change; 0 if there was none."""
        return await self._threads.soon(self._index.last_change)

    async def since(self, sequence: int, limit: int = PAGE) -> list[ChangeEntry]:
        """The changes after number ``sequence``, at most ``limit`` of them, in the order of their commits."""
        return await self._threads.soon(self._index.changes, sequence, limit)

    async def follow(self, sequence: int) -> AsyncGenerator[list[ChangeEntry], None]:
        """Give the changes after number ``sequence`` in batches, without an end; close the iterator to be done.

        A batch is empty when a look at the index has found nothing, so that the one who follows can do other things in
        between. Raises `IndexUnavailable` when what is missing cannot be read; follow again from the last number.
        """
        with self._followed():
            while True:
                entries = await self._after(sequence)
                if not entries:
                    await self._next.wait()
                    entries = await self._after(sequence)
                if entries:
                    sequence = entries[-1].sequence
                yield entries

    async def _after(self, sequence: int) -> list[ChangeEntry]:
        """The changes after a number: those of the last look, if it goes back so far."""
        latest = self._latest
        if latest is None or sequence < latest.start:
            return await self.since(sequence, BATCH)
        return [entry for entry in latest.entries if entry.sequence > sequence]

    @contextmanager
    def _followed(self) -> Iterator[None]:
        """Look for changes while this context, or another, is open."""
        self._followers += 1
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        try:
            yield
        finally:
            self._followers -= 1
            if not self._followers:
                self._looking.cancel()
                self._looking = self._latest = None

    async def _look(self) -> None:
        is_failing = False
        while True:
            if is_failing or self._latest is None or len(self._latest.entries) < BATCH:
                await asyncio.sleep(self._pace)
            try:
                start = self._latest.end if self._latest else await self.last()
                self._latest = _Look(start, await self.since(start, BATCH))
                is_failing = False
            except DicomError as error:
                if not is_failing:
                    logger.warning("changes cannot be looked for: %s", error)
                is_failing = True
            awaited, self._next = self._next, asyncio.Event()
            awaited.set()
