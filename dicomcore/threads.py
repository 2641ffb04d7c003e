"""The one place where blocking work leaves the event loop: a small pool of threads.

A hop into a thread and back costs several times what it takes to look up a row that is in memory: two threads have to
be woken, and hand the interpreter to each other. So small reads are tried on the spot, for as long as that is quick
(`Threads.soon`): what takes too long there, or says that it would, is done in a thread, and after two slow ones in a
row (a cold disk, a network volume) everything is, for a while. One alone may have been the scheduler of the system.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

DEFAULT_THREADS = 8  # enough for fsyncs to overlap; processor time is limited by the cores anyway
PATIENCE = 0.002  # seconds that the event loop may be held up
_CAUTION = 0.5  # seconds in which nothing is tried on the spot after that took longer, twice in a row

_here = threading.local()


class WouldTakeLong(Exception):
    """What was tried on the event loop takes too long there."""


def deadline() -> float | None:
    """Until when (`time.perf_counter`) the work that calls this has to be done; None in a thread, where it may wait."""
    return getattr(_here, "deadline", None)


def must_not_wait() -> None:
    """Raise `WouldTakeLong` on the event loop: what follows is no small matter."""
    if deadline() is not None:
        raise WouldTakeLong


class Threads:
    """Run functions in threads and await them."""

    def __init__(self, count: int = DEFAULT_THREADS, name: str = "dicomcore") -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=name)
        self._cautious_until = 0.0
        self._was_slow = False

    async def __call__(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``function`` and return what it returns."""
        if kwargs:
            return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: function(*args, **kwargs))
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *args)

    async def soon(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``function``, which only reads, on the spot if that is quick, else (again) in a thread."""
        with suppress(WouldTakeLong):
            return self.on_the_spot(function, *args, **kwargs)
        return await self(function, *args, **kwargs)

    def on_the_spot(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``function``, which only reads, here and now; raises `WouldTakeLong` if that is not quick."""
        started = time.perf_counter()
        if started < self._cautious_until:
            raise WouldTakeLong
        _here.deadline = started + PATIENCE
        try:
            return function(*args, **kwargs)
        finally:
            _here.deadline = None
            self._note(started, time.perf_counter())

    def _note(self, started: float, ended: float) -> None:
        is_slow = ended > started + PATIENCE
        if is_slow and self._was_slow:
            self._cautious_until = ended + _CAUTION
        self._was_slow = is_slow

    def close(self) -> None:
        """Wait for what runs and end the threads."""
        self._pool.shutdown()
