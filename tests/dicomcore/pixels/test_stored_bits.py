from __future__ import annotations

import numpy as np
import pytest

from dicomcore.pixels import ImagePixel, PixelFormat
from dicomcore.pixels.stored_bits import in_order, sample_values, stored_cells


def form(allocated: int = 16, stored: int = 12, high_bit: int = 11, *, signed: bool = False) -> PixelFormat:
    return PixelFormat(ImagePixel(1, 2, 1, allocated, 0, False), "MONOCHROME2", stored, high_bit, signed)


def cells(*values: int) -> np.ndarray:
    return np.array([values], "<u2")


@pytest.mark.parametrize(
    ("pixel_format", "cell", "value"),
    [
        (form(), 0xF123, 0x123),
        (form(signed=True), 0x0FFF, -1),
        (form(signed=True), 0xF7FF, 0x7FF),
        (form(high_bit=15), 0xABC0, 0xABC),
        (form(high_bit=15, signed=True), 0xFFF0, -1),
        (form(high_bit=13), 0xEABF, 0xAAF),
        (form(stored=16, high_bit=15), 0xFFFF, 0xFFFF),
        (form(stored=16, high_bit=15, signed=True), 0xFFFF, -1),
        (form(stored=1, high_bit=0, signed=True), 1, -1),
    ],
)
def test_cell_holds_a_number(pixel_format: PixelFormat, cell: int, value: int) -> None:
    values = sample_values(cells(cell, 0), pixel_format)
    assert values.tolist() == [[value, 0]]
    assert values.dtype == pixel_format.dtype


def test_overlay_bits_beside_the_sample_are_cut_off() -> None:
    assert sample_values(cells(0x8005, 0x1006), form()).tolist() == [[5, 6]]


def test_codestream_of_no_more_bits_knows_no_high_bit() -> None:
    assert sample_values(cells(0xABC, 1), form(high_bit=15), precision=12).tolist() == [[0xABC, 1]]
    assert sample_values(cells(0xFFF, 1), form(high_bit=15, signed=True), precision=12).tolist() == [[-1, 1]]


def test_codestream_of_whole_cells_is_read_like_cells() -> None:
    assert sample_values(cells(0xF123, 1), form(), precision=16).tolist() == [[0x123, 1]]


def test_what_a_decoder_leaves_above_the_precision_is_cut_off() -> None:
    assert sample_values(cells(0xF123, 1), form(), precision=12).tolist() == [[0x123, 1]]
    assert sample_values(cells(0xF123, 1), form(signed=True), precision=12).tolist() == [[0x123, 1]]
    assert sample_values(cells(0xF123, 1), form(), precision=10).tolist() == [[0x123, 1]]


def test_narrow_samples_are_widened() -> None:
    values = sample_values(np.array([[200, 3]], np.uint8), form(), precision=8)
    assert values.tolist() == [[200, 3]] and values.dtype == np.dtype("<u2")


def test_nothing_is_copied_where_nothing_changes() -> None:
    given = cells(1, 2)
    assert np.shares_memory(sample_values(given, form(stored=16, high_bit=15, signed=True)), given)


@pytest.mark.parametrize("stored", [1, 7, 12, 16])
@pytest.mark.parametrize("signed", [False, True])
def test_stored_cells_are_read_back(stored: int, signed: bool) -> None:
    pixel_format = form(stored=stored, high_bit=stored - 1, signed=signed)
    low, high = (-(1 << stored - 1), (1 << stored - 1) - 1) if signed else (0, (1 << stored) - 1)
    pixels = np.array([[low, high]], pixel_format.dtype)
    written = stored_cells(pixels, pixel_format)
    assert written.max() < 1 << stored
    np.testing.assert_array_equal(sample_values(written, pixel_format), pixels)


def test_single_columns_have_the_strides_of_c_order() -> None:
    narrow = np.zeros((5, 4), np.uint16)[:, :1]
    assert in_order(narrow).strides == (2, 2)
