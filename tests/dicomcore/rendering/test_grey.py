from dataclasses import replace

import numpy as np
import pytest

from dicomcore.pixels.image import ImagePixel
from dicomcore.pixels.pixel_format import PixelFormat
from dicomcore.rendering.description import FrameDescription
from dicomcore.rendering.grey import automatic_window, grey_picture, shows_stored_values, voi_of
from dicomcore.rendering.luts import Lut, Rescale, apply_modality, levels_of, to_bytes
from dicomcore.rendering.options import VoiFunction, Window
from dicomcore.rendering.palette import Palette

RAMP = Lut.of(0, 8, np.arange(256))


def grey(bits: int = 16, *, signed: bool = False, floating: bool = False, **description: object) -> FrameDescription:
    allocated = 8 if bits <= 8 else 16 if bits <= 16 else 32
    form = PixelFormat(ImagePixel(1, 4, 1, allocated, 0, False), "MONOCHROME2", bits, bits - 1, signed, floating)
    return replace(FrameDescription(form), **description)


def row(*values: float, dtype: str = "<u2") -> np.ndarray:
    return np.array([values], dtype)


def test_unsigned_pixels_of_eight_bits_are_shown_as_they_are() -> None:
    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(grey_picture(pixels, grey(8)), pixels)


def test_fewer_bits_fill_the_range() -> None:
    assert grey_picture(row(0, 5, 15, dtype="u1"), grey(4)).tolist() == [[0, 85, 255]]
    assert grey_picture(row(0, 1, dtype="u1"), grey(1)).tolist() == [[0, 255]]


def test_without_a_window_the_smallest_value_is_black_and_the_largest_white() -> None:
    assert grey_picture(row(1000, 1100, 1255), grey()).tolist() == [[0, 100, 255]]


def test_signed_pixels_of_eight_bits_are_not_levels() -> None:
    assert grey_picture(row(-128, 0, 127, dtype="i1"), grey(8, signed=True)).tolist() == [[0, 128, 255]]


def test_the_window_of_the_image_is_in_units_of_the_modality_transformation() -> None:
    description = grey(modality=Rescale(1.0, -1024.0), windows=(Window(40.0, 400.0),))
    assert grey_picture(row(0, 1064, 4000), description)[0].tolist() == [0, 128, 255]


def test_the_first_window_counts() -> None:
    description = grey(windows=(Window(50.0, 100.0), Window(0.0, 1.0)))
    assert voi_of(description) == Window(50.0, 100.0)


def test_a_voi_lut_goes_before_windows_and_a_window_asked_for_before_both() -> None:
    description = grey(windows=(Window(50.0, 100.0),), voi_luts=(RAMP,))
    assert grey_picture(row(7), description).tolist() == [[7]]
    assert grey_picture(row(7), description, Window(5.0, 1.0)).tolist() == [[255]]


def test_levels_are_inverted_last() -> None:
    description = grey(8, presentation_lut_inverse=True)
    assert grey_picture(row(0, 55, 255, dtype="u1"), description).tolist() == [[255, 200, 0]]


def test_a_presentation_lut_is_applied_to_levels() -> None:
    lut = Lut.of(0, 8, np.array([0, 10, 255]))
    assert grey_picture(row(0, 128, 255, dtype="u1"), grey(8, presentation_lut=lut)).tolist() == [[0, 10, 255]]


def test_padding_is_black_and_does_not_count() -> None:
    description = grey(signed=True, padding=(-2000, -2000), presentation_lut_inverse=True)
    assert grey_picture(row(-2000, 0, 100, 255, dtype="<i2"), description).tolist() == [[0, 255, 155, 0]]


def test_a_range_of_padding_is_black() -> None:
    description = grey(8, padding=(250, 255))
    assert grey_picture(row(249, 250, 253, 255, dtype="u1"), description).tolist() == [[249, 0, 0, 0]]


def test_what_lossy_compression_left_of_padding_does_not_count_either() -> None:
    rng = np.random.default_rng(1)
    pixels = np.concatenate((rng.integers(-2100, -1900, 400), rng.integers(0, 1001, 600)))[None].astype("<i2")
    pixels[0, -2:] = 0, 1000
    description = grey(signed=True, padding=(-2000, -2000), is_lossy=True)
    assert automatic_window(((pixels, description),)) == Window(500.5, 1001.0)


def test_padding_among_the_values_of_a_lossy_image_counts() -> None:
    pixels = np.arange(1001, dtype="<u2")[None]
    description = grey(padding=(0, 0), is_lossy=True)
    assert automatic_window(((pixels, description),)) == Window(500.5, 1001.0)
    assert grey_picture(pixels, description, Window(0.0, 100.0))[0, 0] == 129


def test_a_modality_lut_that_is_not_monotonous_has_its_own_extremes() -> None:
    lut = Lut.of(0, 16, np.array([5, 1000, 7]))
    assert grey_picture(row(0, 1, 2), grey(modality=lut)).tolist() == [[0, 255, 1]]


def test_a_negative_slope_makes_large_values_dark() -> None:
    assert grey_picture(row(0, 255), grey(modality=Rescale(-1.0, 0.0))).tolist() == [[255, 0]]


@pytest.mark.parametrize("dtype", ["<u4", "<i4"])
def test_pixels_of_32_bits_are_computed_one_by_one(dtype: str) -> None:
    pixels = np.arange(3_000_000, dtype=dtype).reshape(3, 1_000_000)
    shown = grey_picture(pixels, grey(32, signed=dtype == "<i4"))
    expected = to_bytes(levels_of(pixels, Window(1_500_000.0, 3_000_000.0)))
    assert np.array_equal(shown, expected)


def test_floating_pixels_are_shown_from_smallest_to_largest_and_no_numbers_are_black() -> None:
    pixels = row(np.nan, -0.5, 0.0, 0.5, np.inf, dtype="<f4")
    assert grey_picture(pixels, grey(32, floating=True)).tolist() == [[0, 0, 128, 255, 255]]


def test_the_largest_floating_pixels_do_no_harm() -> None:
    pixels = row(-1.7e308, 0.0, 1.7e308, dtype="<f8")
    assert grey_picture(pixels, grey(32, floating=True, modality=Rescale(1e99, 0.0)))[0, 0] == 0


def test_what_a_supplemental_palette_colours_does_not_count() -> None:
    colours = Lut.of(4000, 8, np.array([1, 2]))
    description = grey(palette=Palette(colours, colours, colours))
    assert automatic_window(((row(0, 255, 4000, 4095), description),)) == Window(128.0, 256.0)


def test_an_image_of_nothing_but_padding_is_black() -> None:
    assert grey_picture(row(7, 7), grey(padding=(7, 7))).tolist() == [[0, 0]]


def test_several_frames_share_a_window_in_units_of_each() -> None:
    frames = [(row(0, 10), grey(modality=Rescale(1.0, 0.0))), (row(0, 10), grey(modality=Rescale(20.0, 0.0)))]
    assert automatic_window(frames) == Window(100.5, 201.0)


@pytest.mark.parametrize("function", list(VoiFunction))
@pytest.mark.parametrize("signed", [False, True])
def test_the_table_gives_what_the_formula_gives(function: VoiFunction, signed: bool) -> None:
    pixels = np.random.default_rng(2).integers(0, 65536, (64, 64)).astype("<u2").view("<i2" if signed else "<u2")
    window, modality = Window(1000.0, 5000.0, function), Rescale(0.5, -100.0)
    shown = grey_picture(pixels, grey(signed=signed, modality=modality, windows=(window,)))
    assert np.array_equal(shown, to_bytes(levels_of(apply_modality(pixels, modality), window)))


def test_stored_values_are_shown_only_where_nothing_changes_them() -> None:
    assert shows_stored_values(grey(8))
    changes = ({"windows": (Window(1.0, 2.0),)}, {"presentation_lut_inverse": True}, {"padding": (0, 0)})
    assert not any(shows_stored_values(grey(8, **change)) for change in changes)
    assert not shows_stored_values(grey(7))
