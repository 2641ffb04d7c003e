"""Instances that arrive because we asked for them, by C-GET or C-MOVE: what they are, and how they are waited for.

Whoever receives an instance awaits what is to be answered for it. So nothing is acknowledged before it was dealt with,
and a slow reader slows down the association that the instances come from.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import TypeAlias

from dicomcore.net.dimse.status import OUT_OF_RESOURCES, SUCCESS
from dicomcore.storage import Spool


@dataclass(frozen=True, slots=True)
class Received:
    """One instance, complete: its PS3.10 file is in ``spool``, which whoever takes it closes."""

    spool: Spool
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    calling_ae_title: str = ""


Sink: TypeAlias = Callable[[Received], Awaitable[int]]
"""Take an instance and return the status that answers its C-STORE-RQ."""


class Arrivals:
    """Iterate over instances as they arrive: `take` is the `Sink`.

    An instance is answered when the next one is asked for: with 0000, or with what was given to `answer`. Those that
    arrive when nobody iterates any more are refused and their spools closed.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[Received, asyncio.Future[int]]] = deque()
        self._current: asyncio.Future[int] | None = None
        self._status = SUCCESS
        self._wakeup = asyncio.Event()
        self._is_ended = False
        self._problem: BaseException | None = None

    async def take(self, received: Received) -> int:
        """Hand over an instance, and return what is to be answered for it."""
        if self._is_ended:
            received.spool.close()
            return OUT_OF_RESOURCES
        answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((received, answered))
        self._wakeup.set()
        return await answered

    def answer(self, status: int) -> None:
        """Set what is answered for the instance that was yielded last."""
        self._status = status

    def end(self, problem: BaseException | None = None) -> None:
        """Let the iteration end behind what has arrived; with ``problem``, which is raised then."""
        self._is_ended = True
        self._problem = problem
        self._wakeup.set()

    def close(self) -> None:
        """Refuse whatever nobody has taken."""
        self._is_ended = True
        self._settle(OUT_OF_RESOURCES)
        while self._waiting:
            received, answered = self._waiting.popleft()
            received.spool.close()
            _answer(answered, OUT_OF_RESOURCES)

    def __enter__(self) -> Arrivals:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __aiter__(self) -> AsyncIterator[Received]:
        return self

    async def __anext__(self) -> Received:
        self._settle(self._status)
        while not self._waiting:
            if self._is_ended:
                raise self._problem or StopAsyncIteration
            self._wakeup.clear()
            await self._wakeup.wait()
        received, self._current = self._waiting.popleft()
        return received

    def _settle(self, status: int) -> None:
        current, self._current, self._status = self._current, None, SUCCESS
        if current is not None:
            _answer(current, status)


def _answer(answered: asyncio.Future[int], status: int) -> None:
    if not answered.done():
        answered.set_result(status)
