"""Transfers that are carried out by this process: claimed in their order, at most so many at the same time.

What has changed is written twice a second at most, for all of them in one transaction. A process says now and then that
it is there; what it had begun when it ended is gone on with by others, or by itself after it was started again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from dicomcore.delivery.owner import has_gone, new_owner
from dicomcore.delivery.progress import Progress
from dicomcore.errors import DicomError
from dicomcore.index import Claimed, TransferTable
from dicomcore.threads import Threads
from dicomcore.transfer import TransferKind, TransferState

logger = logging.getLogger(__name__)

Carry = Callable[[Progress], Awaitable[None]]
"""Carry out a transfer; raises the `DicomError` for which all of it has failed."""

DEFAULT_LIMIT = 4
STALE_SECONDS = 30.0
KEPT_SECONDS = 7 * 86_400.0
_LOOK_SECONDS = 0.5  # between two looks at what is to be done: how often progress is written, too
_BEAT_SECONDS = 5.0
_FORGET_SECONDS = 3_600.0


@dataclass(frozen=True, slots=True)
class _Running:
    progress: Progress
    task: asyncio.Task[None]


class Runner:
    """Carries out the transfers of a table; ``ways`` says how, for each kind."""

    def __init__(
        self,
        table: TransferTable,
        ways: Mapping[TransferKind, Carry],
        threads: Threads,
        *,
        limit: int = DEFAULT_LIMIT,
        stale_seconds: float = STALE_SECONDS,
    ) -> None:
        self.owner = new_owner()
        self._table = table
        self._ways = ways
        self._threads = threads
        self._limit = limit
        self._stale_seconds = stale_seconds
        self._running: dict[tuple[str, int], _Running] = {}
        self._wakeup = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._is_stopping = False
        self._beaten = 0.0
        self._forgotten = float("-inf")

    async def start(self) -> None:
        """Begin, with what was left by processes that are no more."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Interrupt what runs; it waits for another process, or for the next start."""
        self._is_stopping = True
        self.look()
        if self._task is not None:
            await asyncio.wait([self._task])
        tasks = [running.task for running in self._running.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._safely(self._release_ours)

    def look(self) -> None:
        """Look at once at what is to be done."""
        self._wakeup.set()

    async def _run(self) -> None:
        await self._safely(self._release_abandoned)
        while not self._is_stopping:
            self._wakeup.clear()
            for step in (self._write, self._beat, self._drop_lost, self._claim, self._forget):
                await self._safely(step)
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._wakeup.wait()

    async def _safely(self, step: Callable[[], Awaitable[None]]) -> None:
        try:
            await step()
        except DicomError as error:
            logger.warning("transfers have to wait: %s", error)

    async def _release_abandoned(self) -> None:
        gone = [owner for owner in await self._threads(self._table.owners) if has_gone(owner)]
        if gone:
            await self._threads(self._table.release_those_of, gone)

    async def _release_ours(self) -> None:
        """Leave nothing behind that was claimed and not begun."""
        if await self._threads(self._table.running, self.owner):
            await self._threads(self._table.release_those_of, [self.owner])

    async def _write(self) -> None:
        """Write how far transfers are that have news."""
        news = [one.progress for one in self._running.values() if one.progress.is_news]
        if news:
            await self._threads(self._table.put, [progress.taken() for progress in news])

    async def _beat(self) -> None:
        if self._running and time.monotonic() - self._beaten > _BEAT_SECONDS:
            await self._threads(self._table.beat, self.owner)
            self._beaten = time.monotonic()

    async def _drop_lost(self) -> None:
        """Interrupt what somebody has cancelled, removed or taken over."""
        if self._running:
            asked = list(self._running)
            ours = await self._threads.soon(self._table.running, self.owner)
            for key in asked:
                if key not in ours and key in self._running:
                    self._running[key].task.cancel()

    async def _claim(self) -> None:
        free, stale = self._limit - len(self._running), _microseconds(time.time() - self._stale_seconds)
        if free <= 0 or not await self._threads.soon(self._table.is_claimable, stale):
            return
        claimed = await self._threads(self._table.claim, self.owner, free, stale)
        for one in claimed:
            self._begin(one)

    def _begin(self, claimed: Claimed) -> None:
        key = claimed.transfer.id, claimed.transfer.attempts
        progress = Progress(claimed)
        task = asyncio.create_task(self._carry_out(progress))
        self._running[key] = _Running(progress, task)
        task.add_done_callback(lambda _: self._end(key))

    def _end(self, key: tuple[str, int]) -> None:
        del self._running[key]
        self.look()

    async def _forget(self) -> None:
        if time.monotonic() - self._forgotten > _FORGET_SECONDS:
            await self._threads(self._table.forget, _microseconds(time.time() - KEPT_SECONDS))
            self._forgotten = time.monotonic()

    async def _carry_out(self, progress: Progress) -> None:
        transfer = progress.transfer
        try:
            await self._ways[transfer.kind](progress)
        except asyncio.CancelledError:
            if self._is_stopping:
                await self._put([progress.taken(TransferState.WAITING)])
            return
        except DicomError as error:
            progress.end(str(error))
            state = TransferState.FAILED
        except Exception as error:
            logger.exception("a transfer failed with an error of ours")
            progress.end(f"an error of this program: {type(error).__name__}")
            state = TransferState.FAILED
        else:
            state = TransferState.FAILED if progress.has_problems else TransferState.COMPLETED
        await self._put([progress.taken(state)])
        counts = (progress.completed, progress.failed)
        logger.info("transfer %s, %s %s: %d and %d failed", transfer.id, transfer.kind, state, *counts)

    async def _put(self, states: Sequence[Claimed]) -> None:
        """Write how it ended; if that cannot be, it is tried again when this process has said nothing for long."""
        try:
            await asyncio.shield(self._threads(self._table.put, states))
        except DicomError as error:
            logger.warning("the end of a transfer cannot be written: %s", error)


def _microseconds(seconds: float) -> int:
    return int(seconds * 1_000_000)
