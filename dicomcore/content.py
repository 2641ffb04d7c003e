"""Bytes that can be sent: views that are there, or something that is read while it is sent.

What is small is opened at once, in the same step that finds it; what is large is read in windows, so that memory does
not grow with it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from dicomcore.data import Buffer

Extent = tuple[int, int]
"""From where to where in a stored object."""


@dataclass(frozen=True, slots=True)
class Content:
    """``size`` bytes: ``buffers`` if they are in memory, else what ``reader`` gives for a range."""

    size: int
    buffers: Sequence[Buffer] | None = None
    reader: Callable[[int, int], AsyncIterator[Buffer]] | None = None

    @classmethod
    def of(cls, buffers: Sequence[Buffer]) -> Content:
        """Content that is in memory."""
        return cls(sum(map(len, buffers)), buffers)

    async def read(self, start: int, end: int) -> AsyncIterator[Buffer]:
        """Give the bytes of a range."""
        if self.reader is not None:
            async for buffer in self.reader(start, end):
                yield buffer
            return
        offset = 0
        for buffer in self.buffers or ():
            low, high = max(0, start - offset), min(len(buffer), end - offset)
            offset += len(buffer)
            if low < high:
                yield memoryview(buffer)[low:high]

    async def whole(self) -> Buffer:
        """All of it at once: without a copy if it is one buffer."""
        if self.buffers is not None and len(self.buffers) == 1:
            return self.buffers[0]
        return b"".join([buffer async for buffer in self.read(0, self.size)])


def within(extents: Sequence[Extent], start: int, end: int) -> list[Extent]:
    """Cut bytes ``start`` to ``end`` out of extents that follow each other."""
    found = []
    offset = 0
    for first, last in extents:
        low, high = max(0, start - offset), min(last - first, end - offset)
        offset += last - first
        if low < high:
            found.append((first + low, first + high))
    return found
