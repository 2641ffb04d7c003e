"""Native frames (PS3.5 §8): to little endian byte order, single bits to the start of a byte."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from dicomcore.data import Buffer
from dicomcore.errors import CorruptFrame
from dicomcore.pixels.frames import FrameIndex


def native_frame(frames: FrameIndex, view: memoryview, frame_number: int) -> memoryview:
    """Return a native frame (from 1) out of the buffer its data set was read from, in little endian.

    It is a view of the buffer where nothing has to be changed.
    """
    ((start, end),) = frames.spans(frame_number)
    frame = view[start:end]
    if len(frame) != end - start:
        raise CorruptFrame(frame_number, "the buffer ends before it")
    if not frames.little_endian and frames.words:
        frame = _swapped(frames, view, start, end)
    if frames.image.bits % 8 == 0:
        return frame
    return shifted_bits(frame, frames.bit_offset(frame_number), frames.image.bits)


def _swapped(frames: FrameIndex, view: memoryview, start: int, end: int) -> memoryview:
    """Swap pixel cells, or whole words where a cell is less than one; a frame may begin within a word."""
    width = frames.image.swap_width
    before = (start - frames.offset) % width
    after = -(end - frames.offset) % width
    last = min(end + after, frames.offset + frames.length)
    words = view[start - before : last]
    whole = len(words) // width * width
    swapped = np.frombuffer(words[:whole], f"<u{width}").byteswap().tobytes() + bytes(words[whole:])
    return memoryview(swapped)[before : before + end - start]


def shifted_bits(frame: memoryview, bit_offset: int, bits: int) -> memoryview:
    """Return ``bits`` bits from ``bit_offset`` on, least significant first (PS3.5 §8.1.1), padded with zeros."""
    unpacked = np.unpackbits(np.frombuffer(frame, np.uint8), bitorder="little")
    return np.packbits(unpacked[bit_offset : bit_offset + bits], bitorder="little").data


def packed_bits(frames: Iterable[memoryview], bits: int) -> Iterator[Buffer]:
    """Yield frames of ``bits`` bits each one after the other, without padding between them (PS3.5 §8.1.1)."""
    carried = np.empty(0, np.uint8)
    for frame in frames:
        if not len(carried) and bits % 8 == 0:
            yield frame
            continue
        unpacked = np.unpackbits(np.frombuffer(frame, np.uint8), bitorder="little")[:bits]
        waiting = np.concatenate((carried, unpacked))
        whole = len(waiting) // 8 * 8
        yield np.packbits(waiting[:whole], bitorder="little").tobytes()
        carried = waiting[whole:]
    if len(carried):
        yield np.packbits(carried, bitorder="little").tobytes()
