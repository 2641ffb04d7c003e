from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from dicomcore.pixels import Decoded, Encoding, ImagePixel, PixelFormat
from dicomcore.pixels.codecs.jpeg import decode_jpeg, encode_jpeg, encode_jpeg_extended, is_ybr
from dicomcore.pixels.codecs.jpeg_header import Component, JpegHeader

ORANGE = (230, 120, 30)
COLOR = PixelFormat(ImagePixel(16, 16, 3, 8, 0, False), "YBR_FULL_422", 8, 7)
GREY = PixelFormat(ImagePixel(16, 16, 1, 8, 0, False), "MONOCHROME2", 8, 7)
TWELVE = PixelFormat(ImagePixel(16, 16, 1, 16, 0, False), "MONOCHROME2", 12, 11)
PLAIN = tuple(Component(number, 1, 1) for number in (1, 2, 3))
HEADER = JpegHeader(0xC0, 8, 16, 16, PLAIN, is_jfif=False, adobe_transform=None)


def orange(**options: object) -> bytes:
    """JPEG of one colour, by Pillow: YCbCr with a JFIF segment, or RGB with an Adobe one."""
    file = BytesIO()
    Image.new("RGB", (16, 16), ORANGE).save(file, "JPEG", quality=95, **options)
    return file.getvalue()


def without_jfif(codestream: bytes) -> bytes:
    assert codestream[2:4] == b"\xff\xe0"
    return codestream[:2] + codestream[4 + int.from_bytes(codestream[4:6], "big") :]


def named(photometric_interpretation: str) -> PixelFormat:
    return replace(COLOR, photometric_interpretation=photometric_interpretation)


def close(decoded: Decoded, color: tuple[int, ...]) -> bool:
    return bool(np.abs(decoded.pixels.astype(int) - color).max() <= 2)


@pytest.mark.parametrize("name", ["YBR_FULL_422", "YBR_FULL", "RGB"])
def test_jfif_is_converted_to_rgb_whatever_the_data_set_says(name: str) -> None:
    decoded = decode_jpeg(orange(subsampling=0), named(name))
    assert close(decoded, ORANGE)
    assert decoded.photometric_interpretation == "RGB"


def test_without_application_segments_the_data_set_says_what_components_are() -> None:
    codestream = without_jfif(orange(subsampling=0))
    assert close(decode_jpeg(codestream, named("YBR_FULL")), ORANGE)
    assert not close(decode_jpeg(codestream, named("RGB")), ORANGE)


def test_chroma_of_lower_resolution_is_no_rgb() -> None:
    assert close(decode_jpeg(without_jfif(orange(subsampling=2)), named("RGB")), ORANGE)


@pytest.mark.parametrize("name", ["RGB", "YBR_FULL"])
def test_components_called_rgb_are_rgb(name: str) -> None:
    codestream = orange(keep_rgb=True)
    assert close(decode_jpeg(codestream, named(name)), ORANGE)


@pytest.mark.parametrize(
    ("header", "name", "expected"),
    [
        (HEADER, "RGB", False),
        (HEADER, "YBR_FULL_422", True),
        (replace(HEADER, adobe_transform=1), "RGB", True),
        (replace(HEADER, adobe_transform=0), "RGB", False),
        (replace(HEADER, adobe_transform=0), "YBR_FULL", True),
        (replace(HEADER, is_jfif=True, components=tuple(Component(c, 1, 1) for c in b"RGB")), "YBR_FULL", False),
    ],
)
def test_who_says_that_components_are_ybr(header: JpegHeader, name: str, expected: bool) -> None:
    assert is_ybr(header, named(name)) is expected


def test_four_components_are_left_as_they_are() -> None:
    file = BytesIO()
    Image.new("CMYK", (16, 16), (10, 200, 60, 90)).save(file, "JPEG", quality=95)
    form = PixelFormat(ImagePixel(16, 16, 4, 8, 0, False), "CMYK", 8, 7)
    decoded = decode_jpeg(file.getvalue(), form)
    assert decoded.pixels.shape == (16, 16, 4)
    assert decoded.photometric_interpretation == "CMYK"


def test_palette_indices_are_not_touched() -> None:
    form = replace(GREY, photometric_interpretation="PALETTE COLOR")
    pixels = np.full((16, 16), 77, np.uint8)
    codestream = encode_jpeg(Decoded(pixels, "MONOCHROME2"), GREY, Encoding())
    decoded = decode_jpeg(codestream, form)
    assert decoded.photometric_interpretation == "PALETTE COLOR"
    assert decoded.pixels.tolist() == pixels.tolist()


def test_what_loss_makes_too_large_is_the_largest() -> None:
    pixels = np.zeros((16, 16), "<u2")
    pixels[:, ::3] = 1023
    codestream = encode_jpeg_extended(Decoded(pixels, "MONOCHROME2"), TWELVE, Encoding(quality=20))
    ten_bits = replace(TWELVE, bits_stored=10, high_bit=9)
    assert decode_jpeg(codestream, TWELVE).pixels.max() > 1023
    np.testing.assert_array_equal(
        decode_jpeg(codestream, ten_bits).pixels, np.minimum(decode_jpeg(codestream, TWELVE).pixels, 1023)
    )


@pytest.mark.parametrize("progressive", [False, True])
def test_baseline_and_progressive_processes_are_decoded(progressive: bool) -> None:
    assert close(decode_jpeg(orange(progressive=progressive), COLOR), ORANGE)


def test_encoded_colour_has_half_of_the_chroma_in_a_row() -> None:
    pixels = np.full((16, 16, 3), ORANGE, np.uint8)
    codestream = encode_jpeg(Decoded(pixels, "RGB"), COLOR, Encoding(quality=95))
    with Image.open(BytesIO(codestream)) as image:
        assert image.layer[0][1:3] == (2, 1) and image.layer[1][1:3] == (1, 1)  # type: ignore[attr-defined]
        assert np.abs(np.asarray(image.convert("RGB"), int) - ORANGE).max() <= 2


def test_luminance_and_chroma_are_encoded_as_they_are() -> None:
    pixels = np.full((16, 16, 3), (100, 128, 128), np.uint8)
    decoded = decode_jpeg(encode_jpeg(Decoded(pixels, "YBR_FULL"), COLOR, Encoding()), COLOR)
    assert close(decoded, (100, 100, 100))


def test_higher_quality_is_nearer_and_larger() -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (16, 16), np.uint8)
    sizes, errors = [], []
    for quality in (10, 50, 100):
        codestream = encode_jpeg(Decoded(pixels, "MONOCHROME2"), GREY, Encoding(quality=quality))
        sizes.append(len(codestream))
        errors.append(np.abs(decode_jpeg(codestream, GREY).pixels.astype(int) - pixels).mean())
    assert sizes == sorted(sizes) and errors == sorted(errors, reverse=True)
    assert errors[-1] < 1


def test_encoded_frames_are_of_even_length() -> None:
    lengths = {
        len(encode_jpeg(Decoded(np.full((16, 16), n, np.uint8), "MONOCHROME2"), GREY, Encoding())) % 2
        for n in range(0, 256, 5)
    }
    assert lengths == {0}


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        orange()[:-2],
        orange()[: len(orange()) // 2],
        orange().replace(b"\xff\xdb", b"\xff\xfe"),
        orange().replace(b"\xff\xc0", b"\xff\xc9"),
    ],
    ids=["nothing", "no end", "half", "no quantization tables", "arithmetic"],
)
def test_broken_codestream_is_refused(broken: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_jpeg(broken, COLOR)
