import numpy as np
import pytest
from pydicom.pixels.processing import convert_color_space

from dicomcore.rendering.color import colour_picture, eight_bits


def random_pixels(samples: int = 3) -> np.ndarray:
    return np.random.default_rng(4).integers(0, 256, (30, 40, samples), np.uint8)


@pytest.mark.parametrize("photometric_interpretation", ["RGB", "YBR_RCT", "YBR_ICT", "XYB", "UNHEARD_OF"])
def test_rgb_and_what_codecs_make_rgb_of_is_left_alone(photometric_interpretation: str) -> None:
    pixels = random_pixels()
    assert np.array_equal(colour_picture(pixels, photometric_interpretation, 8), pixels)


@pytest.mark.parametrize("photometric_interpretation", ["YBR_FULL", "YBR_FULL_422"])
def test_ybr_is_converted_as_pydicom_does(photometric_interpretation: str) -> None:
    pixels = random_pixels()
    expected = convert_color_space(pixels, "YBR_FULL", "RGB").astype(int)
    assert np.abs(colour_picture(pixels, photometric_interpretation, 8) - expected).max() <= 1


@pytest.mark.parametrize("rgb", [(0, 0, 0), (255, 255, 255), (255, 0, 0), (10, 200, 90), (0, 0, 255)])
def test_partial_ybr_is_converted_back_to_what_it_was(rgb: tuple[int, int, int]) -> None:
    there = np.array([[0.2568, 0.5041, 0.0979], [-0.1482, -0.2910, 0.4392], [0.4392, -0.3678, -0.0714]])
    ybr = np.rint(there @ rgb + [16, 128, 128]).astype(np.uint8)
    assert np.abs(colour_picture(ybr[None, None], "YBR_PARTIAL_420", 8)[0, 0].astype(int) - rgb).max() <= 2


def test_retired_interpretations_are_converted() -> None:
    assert colour_picture(np.array([[[0, 255, 255]]], np.uint8), "HSV", 8).tolist() == [[[255, 0, 0]]]
    assert colour_picture(np.array([[[9, 1, 2, 3]]], np.uint8), "ARGB", 8).tolist() == [[[1, 2, 3]]]
    assert colour_picture(np.array([[[0, 255, 255, 0]]], np.uint8), "CMYK", 8).tolist() == [[[255, 0, 0]]]


def test_fewer_samples_than_three_are_grey() -> None:
    assert colour_picture(np.array([[[7, 9]]], np.uint8), "RGB", 8).tolist() == [[[7, 7, 7]]]


def test_of_more_bits_the_upper_eight_count() -> None:
    assert eight_bits(np.array([0, 0x0FF0], np.uint16), 12).tolist() == [0, 255]
    assert eight_bits(np.array([0, 0xFFFF0000], np.uint32), 32).tolist() == [0, 255]


def test_fewer_bits_fill_the_range() -> None:
    assert eight_bits(np.array([0, 7, 15, 200], np.uint8), 4).tolist() == [0, 119, 255, 255]


def test_signed_and_floating_samples_fill_the_range_from_smallest_to_largest() -> None:
    assert eight_bits(np.array([-100, 155], np.int16), 16).tolist() == [0, 255]
    assert eight_bits(np.array([0.25, 0.75]), 32).tolist() == [0, 255]
