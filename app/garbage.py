"""When garbage is looked for: while there is little to look through.

Python looks for objects that only refer to each other, from time to time among all that there are. While an instance of
hundreds of thousands of elements is in memory, that takes most of a second, in which nothing else is answered, and in
vain: what data are read into has no circles. So what is new is looked through as ever, and all of it in quiet moments.
"""

import asyncio
import contextlib
import gc

MANY = 50_000
"""Objects that take tens of milliseconds to look through."""
_PAUSE_SECONDS = 2.0
_SELDOM = 3_000  # times that what is new was looked through, each of which has seen some seven thousand objects more


class GarbageRounds:
    """Look for garbage every other second, unless large data are in memory just then; one for a process."""

    def __init__(self, pause_seconds: float = _PAUSE_SECONDS) -> None:
        self._pause = pause_seconds
        self._thresholds = gc.get_threshold()
        self._rounds: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; what is here by now stays, and is left out."""
        gc.collect()
        gc.freeze()
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
            collect_if_quick()


def collect_if_quick() -> bool:
    """Look through all objects, unless there are many; say whether that was done."""
    if len(gc.get_objects(generation=2)) > MANY:
        return False
    gc.collect()
    return True
