"""Start the next piece of work while the last one is being sent, and keep the order."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")

DEPTH = 3


async def read_ahead(jobs: Iterable[Callable[[], Coroutine[Any, Any, T]]], depth: int = DEPTH) -> AsyncIterator[T]:
    """Yield the results of the jobs in order, with up to ``depth`` of them begun; whoever stops early cancels them."""
    begun: deque[asyncio.Task[T]] = deque()
    try:
        for job in jobs:
            begun.append(asyncio.create_task(job()))
            if len(begun) >= depth:
                yield await begun.popleft()
        while begun:
            yield await begun.popleft()
    finally:
        for task in begun:
            task.cancel()
        await asyncio.gather(*begun, return_exceptions=True)
