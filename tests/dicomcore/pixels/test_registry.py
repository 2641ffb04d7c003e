from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dicomcore.data import TRANSFER_SYNTAXES
from dicomcore.pixels import Decoded, ImagePixel, PixelFormat, decode_pixels, encode_pixels
from dicomcore.pixels.codecs.jpegxl import recompress_jpeg, restore_jpeg
from dicomcore.pixels.registry import CODECS, codec_of, is_decodable, is_encodable, targets

ROOT = "1.2.840.10008.1.2"
CT = PixelFormat(ImagePixel(512, 512, 1, 16, 0, False), "MONOCHROME2", 12, 11)
PHOTO = PixelFormat(ImagePixel(512, 512, 3, 8, 0, False), "RGB", 8, 7)
MASK = PixelFormat(ImagePixel(512, 512, 1, 1, 0, False), "MONOCHROME2", 1, 0)
DOSE = PixelFormat(ImagePixel(10, 10, 1, 32, 0, False), "MONOCHROME2", 32, 31)
MAP = PixelFormat(ImagePixel(10, 10, 1, 32, 0, False), "MONOCHROME2", 32, 31, floating=True)
NATIVE = {ROOT, f"{ROOT}.1", f"{ROOT}.1.99"}
RETIRED_PROCESSES = {f"{ROOT}.4.{last}" for last in (52, 54, 56, 58, 59, 60, 61, 62, 63, 64, 65, 66)}


def test_every_image_transfer_syntax_has_an_entry() -> None:
    images = {uid for uid, syntax in TRANSFER_SYNTAXES.items() if not syntax.video and not syntax.referenced}
    assert images - RETIRED_PROCESSES == CODECS.keys()


def test_native_syntaxes_and_run_lengths_need_no_sandbox() -> None:
    free = {uid for uid, codec in CODECS.items() if not codec.is_sandboxed}
    assert free == NATIVE | {f"{ROOT}.2", f"{ROOT}.1.98", f"{ROOT}.5", f"{ROOT}.8.1"}


def test_entry_of_an_unknown_syntax_is_none() -> None:
    assert codec_of("1.2.3") is None
    assert codec_of(f"{ROOT}.5") is CODECS[f"{ROOT}.5"]


@pytest.mark.parametrize(
    ("component", "decodable", "encodable"),
    [("4.50", True, True), ("2", True, False), ("4.55", True, False), ("4.100", False, False), ("4.94", False, False)],
)
def test_what_can_be_decoded_and_encoded(component: str, decodable: bool, encodable: bool) -> None:
    assert is_decodable(f"{ROOT}.{component}".removesuffix(".")) is decodable
    assert is_encodable(f"{ROOT}.{component}") is encodable


def components(uids: tuple[str, ...]) -> set[str]:
    return {uid.removeprefix(f"{ROOT}.4.") for uid in uids if uid.startswith(f"{ROOT}.4.")}


def test_image_of_twelve_bits_goes_everywhere_but_into_baseline() -> None:
    found = targets(CT)
    assert set(found.lossless) >= NATIVE
    assert components(found.lossless) == {"57", "70", "80", "90", "91", "110", "112", "201", "202", "203"}
    assert components(found.lossy) == {"51", "81", "91", "112", "203"}


def test_image_of_eight_bits_goes_into_baseline() -> None:
    assert components(targets(PHOTO).lossy) == {"50", "81", "91", "112", "203"}


def test_palette_loses_nothing() -> None:
    found = targets(replace(CT, photometric_interpretation="PALETTE COLOR"))
    assert not found.lossy
    assert f"{ROOT}.4.80" in found.lossless


def test_negative_numbers_do_not_go_into_a_cosine_transform() -> None:
    assert components(targets(replace(CT, signed=True)).lossy) == {"81", "91", "203"}


def test_long_words_go_where_cells_go() -> None:
    found = targets(DOSE)
    assert set(found.lossless) == NATIVE | {f"{ROOT}.1.98", f"{ROOT}.8.1", f"{ROOT}.5"}
    assert not found.lossy


def test_single_bits_go_where_cells_go_but_not_into_run_lengths_of_bytes() -> None:
    found = targets(MASK)
    assert set(found.lossless) == NATIVE | {f"{ROOT}.1.98", f"{ROOT}.8.1"}
    assert not found.lossy


def test_floating_point_numbers_stay_native() -> None:
    assert set(targets(MAP).lossless) == NATIVE


def test_too_many_segments_do_not_go_into_run_lengths() -> None:
    wide = PixelFormat(ImagePixel(2, 2, 3, 64, 0, False), "RGB", 64, 63)
    assert f"{ROOT}.5" not in targets(wide).lossless


def test_baseline_jpeg_becomes_jpeg_xl_and_is_restored_to_the_byte() -> None:
    pixels = np.arange(40 * 56, dtype=np.uint8).reshape(40, 56)
    form = PixelFormat(ImagePixel(40, 56, 1, 8, 0, False), "MONOCHROME2", 8, 7)
    original = encode_pixels(Decoded(pixels, "MONOCHROME2"), form, f"{ROOT}.4.50")
    smaller = recompress_jpeg(original)
    assert restore_jpeg(smaller) == original
    one, other = decode_pixels(original, form, f"{ROOT}.4.50"), decode_pixels(smaller, form, f"{ROOT}.4.111")
    assert np.array_equal(one.pixels, other.pixels)
