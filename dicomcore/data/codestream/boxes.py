"""Boxes, the structure of MP4, JP2 and JPEG XL files (ISO/IEC 14496-12 §4.2): length, type, content."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from dicomcore.errors import MalformedDataset

_MAX_BOXES = 10_000


def boxes(view: memoryview, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """Yield type, start and end of the content of each box between ``start`` and ``end``."""
    limit = len(view) if end is None else end
    for _ in range(_MAX_BOXES):
        if start + 8 > limit:
            return
        length, kind = struct.unpack_from(">I4s", view, start)
        content = start + 8
        if length == 1:
            length = struct.unpack_from(">Q", view, content)[0]
            content += 8
        stop = limit if length == 0 else start + length
        if not content <= stop <= limit:
            raise MalformedDataset(f"the box {kind!r} of the file has a wrong length", offset=start)
        yield kind, content, stop
        start = stop


def find_box(view: memoryview, path: bytes, start: int = 0, end: int | None = None) -> tuple[int, int] | None:
    """Return the span of the first box with this path (``b"mdia/minf"``), None if there is none."""
    name, _, rest = path.partition(b"/")
    for kind, content, stop in boxes(view, start, end):
        if kind == name:
            return find_box(view, rest, content, stop) if rest else (content, stop)
    return None
