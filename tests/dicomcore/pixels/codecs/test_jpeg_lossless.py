from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dicomcore.pixels import Decoded, Encoding, ImagePixel, PixelFormat
from dicomcore.pixels.codecs.jpeg_header import read_jpeg_header
from dicomcore.pixels.codecs.jpeg_lossless import decode_process_14, encode_first_order, encode_jpeg_lossless

GREY = PixelFormat(ImagePixel(9, 7, 1, 16, 0, False), "MONOCHROME2", 12, 11)
COLOR = PixelFormat(ImagePixel(9, 7, 3, 8, 0, False), "RGB", 8, 7)
PIXELS = np.random.default_rng(1).integers(0, 4096, (9, 7), "<u2")


def decode(codestream: bytes, form: PixelFormat) -> Decoded:
    return decode_process_14(codestream, read_jpeg_header(codestream), form)


def selection_value(codestream: bytes) -> int:
    """The predictor, in the header of the only scan (10918-1 §B.2.3)."""
    start = codestream.index(b"\xff\xda")
    return codestream[start + 5 + 2 * codestream[start + 4]]


@pytest.mark.parametrize("predictor", range(1, 8))
def test_every_predictor_gives_back_the_pixels(predictor: int) -> None:
    codestream = encode_jpeg_lossless(Decoded(PIXELS, "MONOCHROME2"), GREY, Encoding(predictor=predictor))
    assert selection_value(codestream) == predictor
    np.testing.assert_array_equal(decode(codestream, GREY).pixels, PIXELS)


def test_first_order_prediction_has_the_first_predictor_whatever_is_asked_for() -> None:
    codestream = encode_first_order(Decoded(PIXELS, "MONOCHROME2"), GREY, Encoding(predictor=6))
    assert selection_value(codestream) == 1


@pytest.mark.parametrize(
    ("allocated", "stored", "precision"), [(8, 6, 8), (8, 8, 8), (16, 6, 9), (16, 12, 12), (16, 16, 16)]
)
def test_precision_tells_readers_the_size_of_a_cell(allocated: int, stored: int, precision: int) -> None:
    form = PixelFormat(ImagePixel(9, 7, 1, allocated, 0, False), "MONOCHROME2", stored, stored - 1)
    pixels = (PIXELS & 63).astype(form.dtype)
    codestream = encode_first_order(Decoded(pixels, "MONOCHROME2"), form, Encoding())
    assert read_jpeg_header(codestream).precision == precision
    np.testing.assert_array_equal(decode(codestream, form).pixels, pixels)


def test_negative_numbers_are_twos_complement_of_the_bits_stored() -> None:
    form = replace(GREY, signed=True)
    pixels = PIXELS.astype("<i2") - 2048
    codestream = encode_first_order(Decoded(pixels, "MONOCHROME2"), form, Encoding())
    np.testing.assert_array_equal(decode(codestream, form).pixels, pixels)
    np.testing.assert_array_equal(decode(codestream, GREY).pixels, pixels & 0xFFF)


@pytest.mark.parametrize(
    ("name", "decoded_name"), [("RGB", "RGB"), ("YBR_FULL", "YBR_FULL"), ("YBR_FULL_422", "YBR_FULL")]
)
def test_components_are_not_converted(name: str, decoded_name: str) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (9, 7, 3), np.uint8)
    form = replace(COLOR, photometric_interpretation=name)
    decoded = decode(encode_first_order(Decoded(pixels, name), form, Encoding()), form)
    np.testing.assert_array_equal(decoded.pixels, pixels)
    assert decoded.photometric_interpretation == decoded_name


@pytest.mark.parametrize(
    ("name", "identifiers"), [("RGB", b"RGB"), ("YBR_FULL", b"\1\2\3"), ("YBR_FULL_422", b"\1\2\3")]
)
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_components_are_called_by_colour_only_where_they_are_of_it(name: str, identifiers: bytes, bits: int) -> None:
    image = ImagePixel(9, 7, 3, 8 if bits == 8 else 16, 0, False)
    form = PixelFormat(image, name, bits, bits - 1)
    pixels = np.random.default_rng(3).integers(0, 1 << bits, (9, 7, 3)).astype(form.dtype)
    codestream = encode_jpeg_lossless(Decoded(pixels, name), form, Encoding())
    header = read_jpeg_header(codestream)
    scan = codestream[codestream.index(b"\xff\xda") :]
    assert bytes(one.identifier for one in header.components) == scan[5:11:2] == identifiers
    assert not header.is_jfif
    assert header.adobe_transform == (0 if name == "RGB" else None)
    np.testing.assert_array_equal(decode(codestream, form).pixels, pixels)


def test_broken_codestream_is_refused() -> None:
    codestream = encode_first_order(Decoded(PIXELS, "MONOCHROME2"), GREY, Encoding())
    with pytest.raises(ValueError, match="Huffman"):
        decode(codestream.replace(b"\xff\xc4", b"\xff\xfe"), GREY)
