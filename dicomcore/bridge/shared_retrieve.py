"""One retrieve for everybody who wants the same resource at the same time.

What a retrieve brings is announced, and read from its beginning by any number of readers. It runs as long as somebody
reads: when the last one goes away it is cancelled. It may be ahead of the reader that is furthest by a limited number
of instances and of bytes; then it waits for a while, and with it the association that the instances come from. Slower
readers hold up nobody: what they have not read yet is in the archive.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from itertools import count
from typing import Protocol

from dicomcore.errors import DimseFailure
from dicomcore.net.dimse.status import CANCEL
from dicomcore.resources import Resource

AHEAD_INSTANCES = 32
AHEAD_BYTES = 64 << 20
PATIENCE_SECONDS = 20.0
"""How long one instance is held up at most: other archives end an association that stands still for a minute or so."""


class Announce(Protocol):
    """Tell all readers of an instance that is here; waits while the retrieve is too far ahead of all of them."""

    def __call__(self, instance: Resource, size: int) -> Awaitable[None]:
        """Announce ``instance``, of so many bytes; each instance is told once."""


Bring = Callable[[Resource, Announce], Awaitable[None]]
"""Bring the instances of a resource here, announcing each; what it raises, all readers raise."""


class SharedRetrieves:
    """The retrieves that are under way."""

    def __init__(
        self,
        bring: Bring,
        *,
        ahead_instances: int = AHEAD_INSTANCES,
        ahead_bytes: int = AHEAD_BYTES,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._bring = bring
        self._ahead = ahead_instances, ahead_bytes, patience
        self._running: dict[Resource, _Retrieve] = {}

    def __len__(self) -> int:
        return len(self._running)

    async def read(self, resource: Resource) -> AsyncGenerator[Resource, None]:
        """The instances of a resource as they arrive, from the first one on.

        A retrieve that runs is joined. Raises what the retrieve does, behind the instances that came before.
        """
        retrieve = self._running.get(resource)
        if retrieve is None:
            retrieve = self._running[resource] = _Retrieve(*self._ahead)
            retrieve.start(self._bring, resource, lambda: self._running.pop(resource, None))
        reader = retrieve.join()
        try:
            while (instance := await retrieve.next(reader)) is not None:
                yield instance
        finally:
            if retrieve.leave(reader) and self._running.get(resource) is retrieve:
                del self._running[resource]
            await retrieve.stopped()

    async def finish(self, resource: Resource) -> None:
        """Wait until all of a resource is here."""
        async for _instance in self.read(resource):
            pass

    async def close(self) -> None:
        """Cancel everything."""
        for retrieve in list(self._running.values()):
            await retrieve.cancel()


class _Retrieve:
    """One retrieve, what it has brought, and how far its readers are."""

    def __init__(self, ahead_instances: int, ahead_bytes: int, patience: float) -> None:
        self._patience = patience
        self._ahead_instances = ahead_instances
        self._ahead_bytes = ahead_bytes
        self._arrived: list[Resource] = []
        self._sizes = [0]  # of all instances up to each of them
        self._told: set[Resource] = set()
        self._readers: dict[int, int] = {}
        self._numbers = count()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._is_over = False
        self._problem: Exception | None = None

    def start(self, bring: Bring, resource: Resource, forget: Callable[[], object]) -> None:
        self._task = asyncio.create_task(self._run(bring, resource, forget))

    def join(self) -> int:
        reader = next(self._numbers)
        self._readers[reader] = 0
        return reader

    def leave(self, reader: int) -> bool:
        """Count a reader out; the last one ends what still runs. Says whether it was the last."""
        del self._readers[reader]
        if not self._readers and self._task is not None and not self._is_over:
            self._task.cancel()
        return not self._readers

    async def stopped(self) -> None:
        """Wait for the end of a retrieve that nobody reads any more."""
        if self._readers or self._task is None or self._is_over:
            return
        with suppress(asyncio.CancelledError):
            await asyncio.shield(self._task)

    async def cancel(self) -> None:
        self._problem = self._problem or DimseFailure(CANCEL, "the bridge is closed")
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def next(self, reader: int) -> Resource | None:
        """The next instance for a reader; None behind the last one."""
        place = self._readers[reader]
        while place >= len(self._arrived):
            if self._is_over:
                if self._problem is not None:
                    raise self._problem
                return None
            await self._change()
        self._readers[reader] = place + 1
        self._tell()
        return self._arrived[place]

    async def announce(self, instance: Resource, size: int) -> None:
        if instance in self._told:
            return
        self._told.add(instance)
        self._arrived.append(instance)
        self._sizes.append(self._sizes[-1] + size)
        self._tell()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                while self._is_ahead:
                    await self._change()

    @property
    def _is_ahead(self) -> bool:
        """Whether the reader that is furthest has enough to read; what it was given last is still being read."""
        furthest = max(self._readers.values(), default=0)
        unread = len(self._arrived) - furthest
        return unread > self._ahead_instances or (
            unread > 0 and self._sizes[-1] - self._sizes[furthest] > self._ahead_bytes
        )

    async def _run(self, bring: Bring, resource: Resource, forget: Callable[[], object]) -> None:
        try:
            await bring(resource, self.announce)
        except Exception as error:
            self._problem = error
        finally:
            self._is_over = True
            forget()
            self._tell()

    async def _change(self) -> None:
        changed = self._changed
        await changed.wait()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
