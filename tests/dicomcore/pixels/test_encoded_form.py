from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dicomcore.pixels import Decoded, Encoding, ImagePixel, PixelFormat, after_encoding, encoded_form
from dicomcore.pixels.encoded_form import colored_by_pixel

ROOT = "1.2.840.10008.1.2"
GREY = PixelFormat(ImagePixel(2, 2, 1, 16, 0, False), "MONOCHROME1", 10, 9)
COLOR = PixelFormat(ImagePixel(2, 2, 3, 8, 1, True), "YBR_FULL_422", 8, 7)
PIXELS = np.zeros((2, 2, 3), np.uint8)


@pytest.mark.parametrize(
    ("component", "decoded", "lossless", "expected"),
    [
        ("1", "RGB", True, "RGB"),
        ("1", "YBR_FULL", True, "YBR_FULL"),
        ("5", "YBR_FULL", True, "YBR_FULL"),
        ("4.50", "RGB", True, "YBR_FULL_422"),
        ("4.50", "YBR_FULL", False, "YBR_FULL_422"),
        ("4.70", "RGB", True, "RGB"),
        ("4.80", "RGB", True, "RGB"),
        ("4.90", "RGB", True, "YBR_RCT"),
        ("4.91", "RGB", True, "YBR_RCT"),
        ("4.91", "RGB", False, "YBR_ICT"),
        ("4.90", "YBR_FULL", True, "YBR_FULL"),
        ("4.201", "RGB", True, "YBR_RCT"),
        ("4.202", "RGB", True, "YBR_RCT"),
        ("4.203", "RGB", False, "YBR_ICT"),
        ("4.110", "RGB", True, "RGB"),
        ("4.112", "RGB", True, "RGB"),
        ("4.112", "RGB", False, "XYB"),
    ],
)
def test_photometric_interpretation_after_encoding(component: str, decoded: str, lossless: bool, expected: str) -> None:
    found = after_encoding(COLOR, Decoded(PIXELS, decoded), f"{ROOT}.{component}", Encoding(lossless=lossless))
    assert found == expected


@pytest.mark.parametrize("component", ["1", "4.50", "4.90", "4.112"])
def test_grey_stays_what_it_is(component: str) -> None:
    decoded = Decoded(np.zeros((2, 2), np.uint16), "MONOCHROME1")
    assert after_encoding(GREY, decoded, f"{ROOT}.{component}", Encoding(lossless=False)) == "MONOCHROME1"


def test_colour_is_by_pixel_and_not_subsampled_any_more() -> None:
    found = encoded_form(COLOR, Decoded(PIXELS, "YBR_FULL"), f"{ROOT}.4.80")
    assert found.image == ImagePixel(2, 2, 3, 8, 0, False)
    assert found.photometric_interpretation == "YBR_FULL"


def test_extended_jpeg_has_twelve_bits_stored() -> None:
    found = encoded_form(GREY, Decoded(np.zeros((2, 2), np.uint16), "MONOCHROME1"), f"{ROOT}.4.51")
    assert (found.bits_stored, found.high_bit) == (12, 11)


def test_high_bit_is_the_last_of_those_stored() -> None:
    aligned = replace(GREY, high_bit=15)
    found = encoded_form(aligned, Decoded(np.zeros((2, 2), np.uint16), "MONOCHROME1"), f"{ROOT}.1")
    assert (found.bits_stored, found.high_bit) == (10, 9)


def test_format_by_pixel() -> None:
    assert colored_by_pixel(GREY) == GREY
    found = colored_by_pixel(COLOR)
    assert (found.image.planar_configuration, found.image.subsampled) == (0, False)
    assert found.photometric_interpretation == "YBR_FULL"
