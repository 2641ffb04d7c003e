"""When garbage is looked for: while there is little to look through.

Python looks for objects that only refer to each other, from time to time among all that there are. While an instance of
hundreds of thousands of elements is in memory, that takes most of a second, in which nothing else is answered, and in
vain: what data are read into has no circles. So what is new is looked through as ever, and all of it in quiet moments.
"""

import asyncio
import contextlib
import gc
import sys

MANY = 150_000
"""Blocks of memory; the objects in so many take tens of milliseconds to look through.

Objects themselves are not counted: who asks for all of them (`gc.get_objects`) holds a tuple that another thread is
making just then, and that thread fails with a `SystemError`.
"""
_PAUSE_SECONDS = 2.0
_SELDOM = 3_000  # times that what is new was looked through, each of which has seen some seven thousand objects more


class GarbageRounds:
    """Look for garbage every other second, unless large data are in memory just then; one for a process."""

    def __init__(self, pause_seconds: float = _PAUSE_SECONDS) -> None:
        self._pause = pause_seconds
        self._thresholds = gc.get_threshold()
        self._blocks = 0
        self._rounds: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; what is here by now stays, and is left out."""
        gc.collect()
        gc.freeze()
        self._blocks = sys.getallocatedblocks()
        self._thresholds = gc.get_threshold()
        gc.set_threshold(*self._thresholds[:2], _SELDOM)
        self._rounds = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Leave it to Python again."""
        gc.set_threshold(*self._thresholds)
        if self._rounds is not None:
            self._rounds.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._rounds

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._pause)
            collect_if_quick(self._blocks)


def collect_if_quick(blocks: int) -> bool:
    """Look through all objects, unless there are many more than ``blocks`` by now; say whether that was done."""
    if sys.getallocatedblocks() - blocks > MANY:
        return False
    gc.collect()
    return True
