"""Pixel data elements as they are written (PS3.5 §A.4): native, or encapsulated with one fragment for each frame.

The offset table is the Basic one where its 32 bits reach, else the Extended one (PS3.3 §C.7.6.3.1.8). When frames are
sent before the length of all of them is known it is empty, which §A.4 allows: every fragment is a frame. In a file that
can be written to again, room is left for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from struct import pack

from dicomcore.data import Buffer
from dicomcore.pixels.image import PIXEL_DATA
from dicomcore.pixels.offset_tables import EXTENDED_OFFSET_TABLE, EXTENDED_OFFSET_TABLE_LENGTHS

END_OF_FRAGMENTS = pack("<HHI", 0xFFFE, 0xE0DD, 0)
_ITEM_HEADER = 8
_UNDEFINED = 0xFFFFFFFF
_LARGEST_BASIC_OFFSET = 0xFFFFFFFF


def encapsulated_start(lengths: Sequence[int] | None = None, *, extended: bool | None = None) -> bytes:
    """Write everything before the first fragment; ``lengths`` are those of all frames, even, if they are known.

    Whether it is ``extended`` decides how much that is; if that is not said, the table is as small as it can be.
    """
    if lengths is None:
        return _element("OB", PIXEL_DATA, _UNDEFINED) + _item(b"")
    offsets = list(accumulate((length + _ITEM_HEADER for length in lengths[:-1]), initial=0))
    if not (offsets[-1] > _LARGEST_BASIC_OFFSET if extended is None else extended):
        return _element("OB", PIXEL_DATA, _UNDEFINED) + _item(pack(f"<{len(offsets)}I", *offsets))
    count = len(offsets)
    return (
        _element("OV", EXTENDED_OFFSET_TABLE, 8 * count)
        + pack(f"<{count}Q", *offsets)
        + _element("OV", EXTENDED_OFFSET_TABLE_LENGTHS, 8 * count)
        + pack(f"<{count}Q", *lengths)
        + _element("OB", PIXEL_DATA, _UNDEFINED)
        + _item(b"")
    )


def needs_extended(count: int, native_length: int) -> bool:
    """Say whether to make room for the Extended Offset Table, before it is known how long frames will be.

    No compression makes a frame more than twice as long as it is.
    """
    return count * (2 * native_length + _ITEM_HEADER) > _LARGEST_BASIC_OFFSET


def fragment(frame: Buffer) -> tuple[Buffer, ...]:
    """Write a frame as an item, padded to even length."""
    length = len(frame)
    start = pack("<HHI", 0xFFFE, 0xE000, length + (length & 1))
    return (start, frame, b"\0") if length & 1 else (start, frame)


def native_start(bits_allocated: int, length: int) -> bytes:
    """Write the header of native pixel data of even ``length`` (PS3.5 §A.2: OW above 8 bits, here OB below)."""
    return _element("OW" if bits_allocated > 8 else "OB", PIXEL_DATA, length)


def _element(vr: str, tag: int, length: int) -> bytes:
    return pack("<HH2sHI", tag >> 16, tag & 0xFFFF, vr.encode(), 0, length)


def _item(content: bytes) -> bytes:
    return pack("<HHI", 0xFFFE, 0xE000, len(content)) + content
