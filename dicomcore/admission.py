"""How much is read at the same time: frames that wait for a process are in memory, and a frame may be hundreds of MB.

Without this, as many clients as want to would each have a frame read before the first is drawn.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

T = TypeVar("T")


class Admission:
    """Lets work begin in the order in which it came, for as long as all of it takes at most ``limit_bytes``.

    What is larger than that has its turn alone.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._taken = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def room(self, size: int) -> AsyncIterator[None]:
        """Wait for room for ``size`` bytes, and keep it for the block."""
        size = min(size, self._limit)
        await self._enter(size)
        try:
            yield
        finally:
            self._leave(size)

    async def run(self, size: int, make: Callable[[], Awaitable[T]]) -> T:
        """Make something once there is room for ``size`` bytes."""
        async with self.room(size):
            return await make()

    async def _enter(self, size: int) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        self._admit()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._admit()  # it may have been in the way of a smaller one
            else:
                self._leave(size)
            raise

    def _leave(self, size: int) -> None:
        self._taken -= size
        self._admit()

    def _admit(self) -> None:
        while self._waiting:
            size, turn = self._waiting[0]
            if not turn.done():
                if self._taken + size > self._limit:
                    return
                self._taken += size
                turn.set_result(None)
            self._waiting.popleft()
