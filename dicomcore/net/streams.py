"""The data set of a message while it arrives: fragments that wait for whoever wants them, or that go on at once.

A fragment that nobody has asked for waits here, and `Flow` counts it: whoever reads from the network stops when too
much waits. `DataStream.feed_to` is the quick way, without a step of the event loop for each fragment.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

from dicomcore.errors import LimitExceeded

Flow: TypeAlias = Callable[[int], None]
"""Told how many bytes wait from now on; a negative number when they wait no longer."""


class DataStream:
    """The data set of one message, in fragments; a fragment stays valid for as long as it is held."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._fragments: deque[memoryview] = deque()
        self._sink: Callable[[memoryview], object] | None = None
        self._until: Callable[[], bool] | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._error: Exception | None = None
        self.is_complete = False

    # From the network

    def push(self, fragment: memoryview) -> None:
        """Take a fragment that has arrived."""
        if self._sink is None:
            self._fragments.append(fragment)
            self._flow(len(fragment))
            self._wake()
            return
        try:
            self._hand(self._sink, fragment)
        except Exception as error:  # of the sink: whoever feeds it is told
            self.fail(error)
            return
        if self._until is not None and self._until():
            self._sink = None
            self._wake()

    def end(self) -> None:
        """Take note that nothing follows."""
        self.is_complete = True
        self._wake()

    def fail(self, error: Exception) -> None:
        """Take note that nothing follows though something is missing; a data set that is complete stays so."""
        if not self.is_complete and self._error is None:
            self._error = error
            self._wake()

    # To the service

    def __aiter__(self) -> DataStream:
        return self

    async def __anext__(self) -> memoryview:
        if not await self._has_more():
            raise StopAsyncIteration
        return self._next()

    async def feed_to(self, sink: Callable[[memoryview], object], *, until: Callable[[], bool] | None = None) -> bool:
        """Hand every fragment to ``sink`` as it arrives; return whether that was all.

        ``until`` is asked after each fragment: when it says yes, the rest waits to be asked for. What the sink raises
        is raised here, and what follows is dropped.
        """
        while self._fragments:
            self._hand(sink, self._next())
            if until is not None and until():
                return self.is_complete and not self._fragments
        self._sink, self._until = sink, until
        try:
            while self._sink is sink and not self.is_complete:
                await self._wait()
        finally:
            if self._sink is sink:
                self._sink = None
        self._check()
        return self.is_complete and not self._fragments

    async def read(self, limit: int = 1 << 20) -> bytes:
        """Return the whole data set, which is small; raises `LimitExceeded` and drops the rest if it is not."""
        collected = bytearray()
        async for fragment in self:
            collected += fragment
            if len(collected) > limit:
                self.discard()
                raise LimitExceeded("bytes of an identifier", limit)
        return bytes(collected)

    def discard(self) -> None:
        """Drop what is here and what follows."""
        while self._fragments:
            self._next()
        self._sink, self._until = _drop, None

    # Inside

    async def _has_more(self) -> bool:
        while not self._fragments:
            self._check()
            if self.is_complete:
                return False
            await self._wait()
        return True

    def _next(self) -> memoryview:
        fragment = self._fragments.popleft()
        self._flow(-len(fragment))
        return fragment

    def _hand(self, sink: Callable[[memoryview], object], fragment: memoryview) -> None:
        try:
            sink(fragment)
        except BaseException:
            self.discard()
            raise

    async def _wait(self) -> None:
        self._check()
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _check(self) -> None:
        """Raise what keeps the data set from being complete."""
        if self._error is not None:
            raise self._error

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _drop(_fragment: memoryview) -> None:
    """Take what nobody wants."""
