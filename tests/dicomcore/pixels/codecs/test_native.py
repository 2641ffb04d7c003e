from __future__ import annotations

import numpy as np
import pytest

from dicomcore.pixels import Decoded, Encoding, ImagePixel, PixelFormat
from dicomcore.pixels.codecs.native import cells_of, decode_native, encode_native


def form(rows: int, columns: int, bits: int, samples: int = 1, planar: int = 0, name: str = "RGB") -> PixelFormat:
    image = ImagePixel(rows, columns, samples, bits, planar, name.endswith("_422"))
    return PixelFormat(image, name if samples > 1 else "MONOCHROME2", bits, bits - 1)


def floating(bits: int) -> PixelFormat:
    return PixelFormat(ImagePixel(1, 2, 1, bits, 0, False), "MONOCHROME2", bits, bits - 1, floating=True)


@pytest.mark.parametrize("bits", [8, 16, 32, 64])
def test_cells_are_numbers(bits: int) -> None:
    largest = (1 << bits) - 1
    frame = (1).to_bytes(bits // 8, "little") + largest.to_bytes(bits // 8, "little")
    assert decode_native(frame, form(1, 2, bits)).pixels.tolist() == [[1, largest]]


def test_cells_of_three_bytes_are_numbers() -> None:
    decoded = decode_native(b"\1\2\3\4\5\6", form(1, 2, 24))
    assert decoded.pixels.tolist() == [[0x030201, 0x060504]]
    assert encode_native(decoded, form(1, 2, 24), Encoding()) == b"\1\2\3\4\5\6"


def test_single_bits_are_bytes_of_zero_and_one() -> None:
    decoded = decode_native(b"\x35\x01", form(3, 3, 1))
    assert decoded.pixels.tolist() == [[1, 0, 1], [0, 1, 1], [0, 0, 1]]
    assert bytes(cells_of(decoded.pixels, form(3, 3, 1))) == b"\x35\x01"


@pytest.mark.parametrize(("bits", "dtype"), [(32, "<f4"), (64, "<f8")])
def test_floating_point_numbers_are_what_they_are(bits: int, dtype: str) -> None:
    numbers = np.array([[1.5, -2.25]], dtype)
    decoded = decode_native(numbers.tobytes(), floating(bits))
    assert decoded.pixels.tolist() == [[1.5, -2.25]] and decoded.pixels.dtype == dtype
    assert encode_native(decoded, floating(bits), Encoding()) == numbers.tobytes()


def test_planes_are_brought_together() -> None:
    assert decode_native(b"rRgGbB", form(1, 2, 8, 3, planar=1)).pixels.tobytes() == b"rgbRGB"


def test_chroma_of_two_pixels_is_that_of_each() -> None:
    decoded = decode_native(b"yYbrzZBR", form(1, 4, 8, 3, name="YBR_FULL_422"))
    assert decoded.pixels.tobytes() == b"ybrYbrzBRZBR"
    assert decoded.photometric_interpretation == "YBR_FULL"


def test_odd_row_of_shared_chroma_ends_with_half_a_group() -> None:
    decoded = decode_native(b"yYbrz-BR" * 2, form(2, 3, 8, 3, name="YBR_FULL_422"))
    assert decoded.pixels.tobytes() == b"ybrYbrzBR" * 2


def test_chroma_of_the_partial_range_keeps_its_name() -> None:
    decoded = decode_native(b"yYbr", form(1, 2, 8, 3, name="YBR_PARTIAL_422"))
    assert decoded.photometric_interpretation == "YBR_PARTIAL_422"


def test_padding_behind_the_cells_is_left_out() -> None:
    assert decode_native(b"\1\2\3\0", form(1, 3, 8)).pixels.tolist() == [[1, 2, 3]]


@pytest.mark.parametrize(
    ("frame", "pixel_format"), [(b"\1\2", form(1, 3, 8)), (bytes(3), form(1, 2, 12)), (bytes(32), form(1, 2, 128))]
)
def test_what_is_no_frame_is_refused(frame: bytes, pixel_format: PixelFormat) -> None:
    with pytest.raises(ValueError, match=r"bytes|bits"):
        decode_native(frame, pixel_format)


def test_pixels_are_a_view_of_the_frame_where_they_can_be() -> None:
    frame = np.arange(4, dtype="<u2")
    assert np.shares_memory(decode_native(frame.tobytes(), form(2, 2, 16)).pixels, frame) is False
    assert np.shares_memory(decode_native(memoryview(frame).cast("B"), form(2, 2, 16)).pixels, frame)


def test_encoded_frame_is_of_even_length() -> None:
    decoded = Decoded(np.array([[1, 2, 3]], np.uint8), "MONOCHROME2")
    assert encode_native(decoded, form(1, 3, 8), Encoding()) == b"\1\2\3\0"
