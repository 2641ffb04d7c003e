from __future__ import annotations

import numpy as np
import pytest

from dicomcore.errors import CorruptFrame
from dicomcore.pixels import FrameIndex, ImagePixel
from dicomcore.pixels.native import native_frame, packed_bits, shifted_bits


def frames(count: int, rows: int, columns: int, bits: int, length: int, *, big_endian: bool = False) -> FrameIndex:
    return FrameIndex(
        ImagePixel(rows, columns, 1, bits, 0, False),
        declared=count,
        count=count,
        little_endian=not big_endian,
        words=True,
        offset=2,
        length=length,
    )


def test_little_endian_frame_is_a_view_of_the_buffer() -> None:
    buffer = b"xx" + bytes(range(16))
    frame = native_frame(frames(2, 2, 2, 16, 16), memoryview(buffer), 2)
    assert bytes(frame) == bytes(range(8, 16))
    assert frame.obj is buffer


@pytest.mark.parametrize(
    ("bits", "expected"), [(16, b"\1\0\3\2"), (32, b"\3\2\1\0"), (8, b"\1\0\3\2")], ids=["16", "32", "8 in words"]
)
def test_big_endian_frame_is_swapped(bits: int, expected: bytes) -> None:
    index = frames(1, 1, 32 // bits, bits, 4, big_endian=True)
    assert bytes(native_frame(index, memoryview(b"xx\0\1\2\3"), 1)) == expected


def test_big_endian_frame_may_begin_within_a_word() -> None:
    index = frames(2, 1, 3, 8, 6, big_endian=True)
    view = memoryview(b"xx\1\0\3\2\5\4yy")
    assert [bytes(native_frame(index, view, number)) for number in (1, 2)] == [b"\0\1\2", b"\3\4\5"]


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_each_frame_of_single_bits_stands_for_itself(count: int) -> None:
    pixels = np.random.default_rng(1).integers(0, 2, (count, 3, 5), np.uint8)
    packed = np.packbits(pixels.ravel(), bitorder="little").tobytes()
    index = frames(count, 3, 5, 1, len(packed))
    for number in range(1, count + 1):
        frame = native_frame(index, memoryview(b"xx" + packed), number)
        assert bytes(frame) == np.packbits(pixels[number - 1].ravel(), bitorder="little").tobytes()


def test_bits_beyond_the_frame_are_zero() -> None:
    assert bytes(shifted_bits(memoryview(b"\xff\xff"), 3, 5)) == b"\x1f"


def test_frame_beyond_the_buffer_is_corrupt() -> None:
    with pytest.raises(CorruptFrame):
        native_frame(frames(1, 2, 2, 16, 8), memoryview(b"xx\0\1"), 1)


@pytest.mark.parametrize("bits", [1, 7, 8, 15, 16])
def test_packing_joins_frames_without_padding(bits: int) -> None:
    pixels = np.random.default_rng(2).integers(0, 2, (5, bits), np.uint8)
    alone = [np.packbits(one, bitorder="little").data for one in pixels]
    assert b"".join(packed_bits(alone, bits)) == np.packbits(pixels.ravel(), bitorder="little").tobytes()
