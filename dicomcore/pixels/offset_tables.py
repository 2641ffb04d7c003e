"""Which fragments make up which frame of encapsulated pixel data (PS3.5 §A.4).

The number of frames and the fragments themselves decide where they can: one frame has all of them, as many fragments as
frames have one each. Otherwise an offset table is believed if each of its offsets is the start of a fragment, and
ignored if not. What is left is looked at: a fragment that begins like a codestream begins a frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from struct import unpack, unpack_from

from dicomcore.data import Buffer, Dataset, Element

EXTENDED_OFFSET_TABLE = 0x7FE00001
EXTENDED_OFFSET_TABLE_LENGTHS = 0x7FE00002

_ITEM_HEADER = 8
_RLE_HEADER = 64
_SIGNATURES = (
    b"\xff\xd8\xff",  # JPEG and JPEG-LS
    b"\xff\x4f\xff\x51",  # JPEG 2000 and HTJ2K
    b"\0\0\0\x0cjP  \r\n\x87\n",  # JPEG 2000 in its file format
    b"\xff\x0a",  # JPEG XL
    b"\0\0\0\x0cJXL \r\n\x87\n",  # JPEG XL in its file format
)
# MPEG-2 sequence, pack and Annex B NAL units; MPEG-4 files have "ftyp" behind the length of their first box.
_VIDEO_STARTS = (b"\0\0\x01", b"\0\0\0\x01", b"G")

Spans = Sequence[tuple[int, int]]


def first_fragments(dataset: Dataset, element: Element, number_of_frames: int | None) -> list[int] | None:
    """Return for each frame the number, from 0, of its first fragment; None if each fragment is a frame.

    There may be fewer than ``number_of_frames`` if fragments are missing, and one only for a video stream.
    """
    fragments: Spans = (element.fragments or ())[1:]
    if not fragments:
        return []
    if number_of_frames == 1:
        return [0]
    if number_of_frames == len(fragments):
        return None
    starts = _from_extended_table(dataset, fragments, number_of_frames)
    starts = starts or _from_basic_table(element, fragments, number_of_frames)
    if starts:
        return starts
    if number_of_frames is None or _is_video(element.buffer, fragments[0]):
        return [0]
    starts = [number for number, span in enumerate(fragments) if begins_codestream(element.buffer, span)]
    return starts[:number_of_frames] if starts[:1] == [0] else [0]


def _from_extended_table(dataset: Dataset, fragments: Spans, number_of_frames: int | None) -> list[int] | None:
    table = bytes(dataset.raw(EXTENDED_OFFSET_TABLE))
    return _match(unpack(f"<{len(table) // 8}Q", table[: len(table) // 8 * 8]), fragments, number_of_frames)


def _from_basic_table(element: Element, fragments: Spans, number_of_frames: int | None) -> list[int] | None:
    start, end = (element.fragments or ((0, 0),))[0]
    count = (end - start) // 4
    return _match(unpack_from(f"<{count}I", element.buffer, start), fragments, number_of_frames)


def _match(offsets: Sequence[int], fragments: Spans, number_of_frames: int | None) -> list[int] | None:
    """Return the numbers of the fragments at these offsets; None if the table is empty or does not fit."""
    if not offsets or offsets[0] != 0 or (number_of_frames is not None and len(offsets) != number_of_frames):
        return None
    first = fragments[0][0]
    numbers = {start - first: number for number, (start, _) in enumerate(fragments)}
    found = [numbers.get(offset, -1) for offset in offsets]
    is_ascending = all(one < other for one, other in pairwise(found))
    return found if found[0] == 0 and is_ascending else None


def begins_codestream(buffer: Buffer, span: tuple[int, int]) -> bool:
    """Say whether a fragment begins like the first one of a frame: with a codestream or an RLE header."""
    start, end = span
    head = bytes(buffer[start : min(end, start + _RLE_HEADER)])
    return head.startswith(_SIGNATURES) or _is_rle_header(head, end - start)


def _is_rle_header(head: bytes, length: int) -> bool:
    """Say whether this is a header of PS3.5 §G.5: up to 15 segments, the first right behind the header."""
    if len(head) < _RLE_HEADER:
        return False
    count, *offsets = unpack("<16I", head)
    if not 1 <= count <= 15 or offsets[0] != _RLE_HEADER or any(offsets[count:]):
        return False
    used = offsets[:count]
    return used[-1] <= length and all(one < other for one, other in pairwise(used))


def _is_video(buffer: Buffer, span: tuple[int, int]) -> bool:
    head = bytes(buffer[span[0] : min(span[1], span[0] + 8)])
    return head.startswith(_VIDEO_STARTS) or head[4:8] == b"ftyp"
