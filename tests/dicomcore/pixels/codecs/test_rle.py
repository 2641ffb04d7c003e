from __future__ import annotations

from struct import pack, unpack_from

import numpy as np
import pytest

from dicomcore.pixels import Decoded, Encoding, ImagePixel, PixelFormat
from dicomcore.pixels.codecs.rle import decode_rle_frame, decode_segments, encode_rle_frame


def form(
    bits: int, samples: int = 1, name: str = "MONOCHROME2", planar: int = 0, *, signed: bool = False
) -> PixelFormat:
    image = ImagePixel(2, 4, samples, bits, planar, name == "YBR_FULL_422")
    return PixelFormat(image, name, bits, bits - 1, signed)


def encode(pixels: np.ndarray, pixel_format: PixelFormat) -> bytes:
    return encode_rle_frame(Decoded(pixels, pixel_format.photometric_interpretation), pixel_format, Encoding())


def test_header_counts_segments_and_points_at_them() -> None:
    encoded = encode(np.full((2, 4), 0x0102, "<u2"), form(16))
    assert unpack_from("<16I", encoded) == (2, 64, 68, *[0] * 13)
    assert encoded[64:] == b"\xfd\1\xfd\1\xfd\2\xfd\2"


@pytest.mark.parametrize(("bits", "samples"), [(8, 1), (8, 3), (16, 1), (16, 3), (32, 1), (32, 3), (64, 1)])
def test_frame_is_decoded_again(bits: int, samples: int) -> None:
    pixel_format = form(bits, samples, "RGB" if samples == 3 else "MONOCHROME2")
    pixels = np.random.default_rng(1).integers(0, 1 << bits - 1, pixel_format.shape)
    encoded = encode(pixels.astype(pixel_format.dtype), pixel_format)
    np.testing.assert_array_equal(decode_rle_frame(encoded, pixel_format).pixels, pixels)


def test_single_bits_are_decoded_but_not_encoded_because_no_other_reader_takes_them() -> None:
    encoded = pack("<16I", 1, 64, *[0] * 14) + b"\0\xa5"
    bits = decode_rle_frame(encoded, form(1)).pixels
    np.testing.assert_array_equal(bits, [[1, 0, 1, 0], [0, 1, 0, 1]])
    with pytest.raises(ValueError, match="1 bit"):
        encode(bits, form(1))


def test_signs_come_back() -> None:
    pixels = np.array([[-1, 2, -3, 4]] * 2, "<i2")
    np.testing.assert_array_equal(decode_rle_frame(encode(pixels, form(16)), form(16, signed=True)).pixels, pixels)


def test_data_set_of_shared_chroma_or_planes_is_full_colour_by_pixel() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    encoded = encode(pixels, form(8, 3, "YBR_FULL"))
    decoded = decode_rle_frame(encoded, form(8, 3, "YBR_FULL_422", planar=1))
    np.testing.assert_array_equal(decoded.pixels, pixels)
    assert decoded.photometric_interpretation == "YBR_FULL"


def test_more_than_fifteen_segments_do_not_fit() -> None:
    with pytest.raises(ValueError, match="24 segments"):
        encode(np.zeros((2, 4, 3), "<u8"), form(64, 3, "RGB"))


@pytest.mark.parametrize(
    ("broken", "problem"),
    [(b"", "cut off"), (bytes(64), "0 RLE segments"), (b"\1" + bytes(3) + b"\xff" * 60, "outside")],
)
def test_broken_header_is_refused(broken: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        decode_segments(broken, form(8).image)
