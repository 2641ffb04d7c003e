import numpy as np
import pytest

from dicomcore.rendering.luts import (
    Lut,
    Rescale,
    apply_modality,
    apply_presentation,
    apply_voi_lut,
    apply_window,
    default_window,
    levels_of,
    to_bytes,
    window_between,
)
from dicomcore.rendering.options import VoiFunction, Window


def test_a_table_gives_the_first_or_last_entry_to_what_lies_outside() -> None:
    lut = Lut.of(10, 8, np.array([5, 6, 7]))
    assert lut.apply(np.array([-100, 9, 10, 11, 12, 13, 70_000])).tolist() == [5, 5, 5, 6, 7, 7, 7]


def test_a_table_takes_small_integers_beyond_their_own_range() -> None:
    lut = Lut.of(-300, 8, np.arange(256))
    assert lut.apply(np.array([-128, 127], np.int8)).tolist() == [172, 255]


def test_a_table_takes_the_largest_integers() -> None:
    lut = Lut.of(-3, 8, np.arange(10))
    assert lut.apply(np.array([0, 2**64 - 1], np.uint64)).tolist() == [3, 9]
    assert lut.apply(np.array([-(2**62), 2**62], np.int64)).tolist() == [0, 9]


def test_a_table_rounds_fractions_down_and_takes_what_is_no_number_for_the_first() -> None:
    lut = Lut.of(0, 8, np.array([1, 2, 3]))
    assert lut.apply(np.array([0.9, 1.0, 1.9, np.nan, np.inf, -np.inf])).tolist() == [1, 2, 2, 1, 3, 1]


def test_tables_of_the_same_entries_are_equal_and_hash_alike() -> None:
    one, other = Lut.of(0, 8, np.array([1, 2])), Lut.of(0, 8, np.array([1, 2], np.uint8))
    assert one == other
    assert hash(one) == hash(other)


def test_rescaling_by_whole_numbers_stays_in_integers() -> None:
    values = apply_modality(np.array([0, 4095], np.uint16), Rescale(2.0, -1024.0))
    assert values.dtype == np.int32
    assert values.tolist() == [-1024, 7166]


def test_rescaling_by_fractions_gives_fractions() -> None:
    assert apply_modality(np.array([1, 3], np.uint16), Rescale(0.5, 0.25)).tolist() == [0.75, 1.75]


def test_rescaling_by_an_infinite_slope_is_no_integer_arithmetic() -> None:
    assert not Rescale(float("inf"), 0.0).is_integral


def test_no_rescaling_returns_the_values_themselves() -> None:
    values = np.array([1, 2], np.uint16)
    assert apply_modality(values, None) is values
    assert apply_modality(values, Rescale(1.0, 0.0)) is values


def test_a_modality_lut_maps_stored_values() -> None:
    assert apply_modality(np.array([0, 1], np.uint8), Lut.of(0, 16, np.array([500, 40_000]))).tolist() == [500, 40_000]


def by_the_standard(x: float, center: float, width: float) -> float:
    """PS3.3 §C.11.2.1.2.1, as it is written there, for levels from 0 to 255."""
    if x <= center - 0.5 - (width - 1) / 2:
        return 0.0
    if x > center - 0.5 + (width - 1) / 2:
        return 255.0
    return ((x - (center - 0.5)) / (width - 1) + 0.5) * 255


@pytest.mark.parametrize(("center", "width"), [(40.0, 400.0), (2048.0, 4096.0), (0.0, 100.0), (0.5, 1.0), (10.0, 2.0)])
def test_linear_windows_follow_the_formula_of_the_standard(center: float, width: float) -> None:
    values = np.arange(-600, 5000)
    expected = (
        [by_the_standard(x, center, width) for x in values] if width > 1 else np.where(values > center - 0.5, 255, 0)
    )
    assert np.array_equal(apply_window(values, Window(center, width)), np.rint(expected))


def test_linear_windows_have_the_edges_of_the_example_in_the_standard() -> None:
    values = np.array([0, 1, 4094, 4095])
    levels = levels_of(values, Window(2048, 4096))
    assert levels[0] == 0
    assert levels[3] == 1
    assert 0 < levels[1] < levels[2] < 1


def test_linear_exact_windows_use_center_and_width_as_they_are() -> None:
    values = np.array([-1.0, 0.0, 2.5, 5.0, 10.0, 11.0])
    window = Window(5.0, 10.0, VoiFunction.LINEAR_EXACT)
    assert levels_of(values, window).tolist() == [0.0, 0.0, 0.25, 0.5, 1.0, 1.0]


def test_a_linear_window_narrower_than_the_standard_allows_is_exact() -> None:
    assert levels_of(np.array([0.0, 0.25, 0.5]), Window(0.25, 0.5)).tolist() == [0.0, 0.5, 1.0]


def test_sigmoid_windows_follow_the_formula_of_the_standard() -> None:
    values = np.array([-1e9, 30.0, 40.0, 50.0, 1e9])
    expected = 1 / (1 + np.exp(-4 * (np.array([-1000.0, 30, 40, 50, 1000]) - 40) / 20))
    assert np.allclose(levels_of(values, Window(40, 20, VoiFunction.SIGMOID)), expected)


def test_what_is_no_number_is_black() -> None:
    assert apply_window(np.array([np.nan, 1.0]), Window(0.5, 1.0)).tolist() == [0, 255]


def test_a_voi_lut_is_scaled_to_eight_bits() -> None:
    assert apply_voi_lut(np.array([0, 1, 2]), Lut.of(0, 12, np.array([0, 2048, 4095]))).tolist() == [0, 128, 255]


def test_the_default_window_shows_the_smallest_value_black_and_the_largest_white() -> None:
    values = np.array([100, 150, 355])
    assert apply_window(values, default_window(values)).tolist() == [0, 50, 255]


def test_the_default_window_leaves_padding_out() -> None:
    values = np.array([-2000, 0, 1000], np.int16)
    assert default_window(values, values == -2000) == Window(500.5, 1001.0)


def test_the_default_window_of_fractions_leaves_out_what_is_no_number() -> None:
    values = np.array([np.nan, 0.25, 0.75, np.inf])
    assert default_window(values) == Window(0.5, 0.5, VoiFunction.LINEAR_EXACT)


@pytest.mark.parametrize("values", [np.array([], np.int16), np.array([np.nan]), np.array([7, 7]), np.array([0.5, 0.5])])
def test_the_default_window_of_one_value_or_none_is_a_window(values: np.ndarray) -> None:
    assert default_window(values).width > 0


def test_the_window_of_the_largest_numbers_is_finite() -> None:
    window = window_between(-1.7e308, 1.7e308)
    assert np.isfinite(window.width)


def test_the_inverse_shape_turns_levels_around() -> None:
    assert apply_presentation(np.array([0.0, 0.25, 1.0]), True).tolist() == [1.0, 0.75, 0.0]


def test_a_presentation_lut_takes_the_whole_range_of_levels() -> None:
    lut = Lut.of(0, 8, np.array([0, 51, 255]))
    assert apply_presentation(np.array([0.0, 0.5, 1.0]), False, lut).tolist() == [0.0, 0.2, 1.0]


def test_levels_are_rounded_to_bytes() -> None:
    assert to_bytes(np.array([0.0, 0.5, 0.999, 1.0])).tolist() == [0, 128, 255, 255]
