from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from images import image_format

from dicomcore.pixels.codecs.declaration import Declaration, limits, padded, stored_colors, values_of

FORM = image_format((2, 3), 12)


def test_a_codestream_of_the_image_is_accepted() -> None:
    Declaration(2, 3, 1, 12).check(FORM)


@pytest.mark.parametrize(
    "declared",
    [
        Declaration(3, 2, 1, 12),
        Declaration(2**31, 2**31, 1, 12),
        Declaration(2, 3, 3, 12),
        Declaration(2, 3, 1, 17),
        Declaration(2, 3, 1, 0),
    ],
)
def test_a_codestream_of_another_image_is_refused(declared: Declaration) -> None:
    with pytest.raises(ValueError):
        declared.check(FORM)


def test_floating_point_pixels_have_no_codestream() -> None:
    with pytest.raises(ValueError):
        Declaration(2, 3, 1, 12).check(replace(FORM, floating=True))


def test_unsigned_samples_of_signed_data_are_twos_complement_of_bits_stored() -> None:
    samples = np.array([0, 1, 0x7FF, 0x800, 0xFFF], np.uint16)
    values = values_of(samples, Declaration(1, 5, 1, 12), image_format((1, 5), 12, signed=True), is_exact=True)
    assert values.tolist() == [0, 1, 2047, -2048, -1]


def test_signed_samples_of_unsigned_data_lose_their_sign_and_not_their_bits() -> None:
    samples = np.array([0, 5, -1, -2048], np.int16)
    values = values_of(samples, Declaration(1, 4, 1, 12, is_signed=True), image_format((1, 4), 12), is_exact=True)
    assert values.tolist() == [0, 5, 4095, 2048]
    assert values.dtype == np.dtype("<u2")


def test_loss_does_not_turn_white_into_black() -> None:
    samples = np.array([4095, 4096, 4100], np.uint16)
    values = values_of(samples, Declaration(1, 3, 1, 16), image_format((1, 3), 12), is_exact=False)
    assert values.tolist() == [4095, 4095, 4095]


def test_bits_above_those_stored_are_no_part_of_an_exact_sample() -> None:
    samples = np.array([0x1FFF, 0xF001], np.uint16)
    values = values_of(samples, Declaration(1, 2, 1, 16), image_format((1, 2), 12), is_exact=True)
    assert values.tolist() == [0xFFF, 0x001]


@pytest.mark.parametrize(
    ("signed", "bits", "expected"), [(False, 12, (0, 4095)), (True, 12, (-2048, 2047)), (True, 16, (-32768, 32767))]
)
def test_limits_follow_bits_stored(signed: bool, bits: int, expected: tuple[int, int]) -> None:
    assert limits(image_format((1, 1), bits, signed=signed)) == expected


@pytest.mark.parametrize(
    ("named", "expected"), [("RGB", "RGB"), ("YBR_FULL", "YBR_FULL"), ("YBR_RCT", "RGB"), ("YBR_ICT", "RGB")]
)
def test_components_without_a_conversion_are_what_the_data_set_says(named: str, expected: str) -> None:
    assert stored_colors(image_format((1, 1, 3), 8, photometric_interpretation=named)) == expected


def test_fragments_have_even_length() -> None:
    assert (padded(b"abc"), padded(b"ab")) == (b"abc\0", b"ab")


@pytest.mark.parametrize(("bits", "precision"), [(8, 8), (16, 16), (16, 13)])
def test_a_sign_that_fills_the_cell_is_lost_too(bits: int, precision: int) -> None:
    samples = np.array([0, 5, -1, -(1 << precision - 1)], f"i{bits // 8}")
    form = image_format((1, 4), bits)
    values = values_of(samples, Declaration(1, 4, 1, precision, is_signed=True), form, is_exact=True)
    assert values.tolist() == [0, 5, (1 << precision) - 1, 1 << precision - 1]
    assert values.dtype == form.dtype
