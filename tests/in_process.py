"""Codecs that run here: for tests of what is made of pixels and not of where.

Of well-formed codestreams only; what breaks a compression library belongs to the tests of `dicomcore.workers`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from dicomcore.transcoding import Codecs

P = ParamSpec("P")
T = TypeVar("T")


class InProcess:
    """Runs functions on the spot, and counts them."""

    def __init__(self) -> None:
        self.runs: Counter[str] = Counter()

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        self.runs[function.__name__] += 1
        return function(*args, **kwargs)


class Remembered:
    """Keeps every frame."""

    def __init__(self) -> None:
        self.frames: dict[object, bytes] = {}

    async def get(self, key: object, make: Callable[[], Awaitable[bytes]]) -> bytes:
        if key not in self.frames:
            self.frames[key] = await make()
        return self.frames[key]


def codecs_in_process() -> Codecs:
    """Codecs without worker processes."""
    return Codecs(InProcess(), Remembered())  # type: ignore[arg-type]  # what of them is used is here
