"""The one place where blocking work leaves the event loop: a small pool of threads."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

DEFAULT_THREADS = 8  # enough for fsyncs to overlap; processor time is limited by the cores anyway


class Threads:
    """Run functions in threads and await them."""

    def __init__(self, count: int = DEFAULT_THREADS, name: str = "dicomcore") -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=name)

    async def __call__(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``function`` and return what it returns."""
        if kwargs:
            return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: function(*args, **kwargs))
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *args)

    def close(self) -> None:
        """Wait for what runs and end the threads."""
        self._pool.shutdown()
