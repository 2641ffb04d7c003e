import numpy as np
import pydicom.pixels.processing
import pytest

from dicomcore.data import Dataset, new_dataset
from dicomcore.rendering.luts import Lut
from dicomcore.rendering.palette import Palette, expand_segments, read_palette


def palette_of(*channels: list[int], first: int = 0, bits: int = 8) -> Palette:
    red, green, blue = (Lut.of(first, bits, np.array(one)) for one in channels)
    return Palette(red, green, blue)


def test_each_value_gets_its_colour() -> None:
    palette = palette_of([1, 2], [10, 20], [100, 200])
    assert palette.apply(np.array([[0, 1]], np.uint8)).tolist() == [[[1, 10, 100], [2, 20, 200]]]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int64])
def test_values_outside_get_the_first_or_last_colour(dtype: type) -> None:
    palette = palette_of([1, 2], [10, 20], [100, 200], first=5)
    assert palette.apply(np.array([0, 5, 6, 90], dtype))[:, 0].tolist() == [1, 1, 2, 2]


def test_signed_values_are_mapped_from_a_negative_first_value() -> None:
    palette = palette_of([1, 2, 3], [0, 0, 0], [0, 0, 0], first=-2)
    assert palette.apply(np.array([-30000, -2, -1, 0, 9], np.int16))[:, 0].tolist() == [1, 1, 2, 3, 3]


def test_of_entries_with_sixteen_bits_the_upper_eight_count() -> None:
    palette = palette_of([0, 0x80FF], [0, 0x100], [0, 0xFFFF], bits=16)
    assert palette.colours().tolist() == [[0, 0, 0], [0x80, 1, 0xFF]]


def test_sixteen_bits_that_hold_no_more_than_eight_are_eight() -> None:
    assert palette_of([0, 200], [0, 100], [0, 255], bits=16).colours()[1].tolist() == [200, 100, 255]


def test_tables_of_different_length_end_with_their_last_entry() -> None:
    assert palette_of([1, 2, 3], [4], [5, 6]).colours().tolist() == [[1, 4, 5], [2, 4, 6], [3, 4, 6]]


def dataset_of(descriptor: list[int], data_tag: int, data: bytes) -> Dataset:
    dataset = new_dataset()
    for channel in range(3):
        dataset.put_raw(0x00281101 + channel, "US", np.array(descriptor).astype("<u2").tobytes())
        dataset.put_raw(data_tag + channel, "OW", data)
    return dataset


def test_a_palette_is_read() -> None:
    palette = read_palette(dataset_of([2, 7, 16], 0x00281201, np.array([0, 0xFF00], "<u2").tobytes()))
    assert palette is not None
    assert palette.first_mapped == 7
    assert palette.colours().tolist() == [[0, 0, 0], [255, 255, 255]]


def test_an_image_without_one_of_the_tables_has_no_palette() -> None:
    dataset = dataset_of([2, 0, 8], 0x00281201, b"\1\2\3\4")
    dataset.remove(0x00281203)
    assert read_palette(dataset) is None
    assert read_palette(new_dataset()) is None


SEGMENTS = [0, 1, 0, 1, 128, 65280, 0, 2, 5, 6, 2, 2, 0, 0]


def test_segments_are_expanded_as_pydicom_does() -> None:
    expected = pydicom.pixels.processing._expand_segmented_lut(SEGMENTS, "<H")
    assert expand_segments(SEGMENTS, 65536, wide=True) == expected
    assert len(expected) == 1 + 128 + 2 + 1 + 128


def test_segments_of_eight_bits_are_expanded_as_pydicom_does() -> None:
    segments = [0, 2, 10, 20, 1, 8, 100, 2, 2, 0, 0, 0, 0]
    expected = pydicom.pixels.processing._expand_segmented_lut(segments, "<B")
    assert expand_segments(segments, 256, wide=False) == expected


def test_segments_end_with_the_number_of_entries() -> None:
    assert len(expand_segments(SEGMENTS, 100, wide=True)) == 100


@pytest.mark.parametrize(
    "segments",
    [
        [],
        [0],
        [1, 5, 100],
        [2, 65535, 0, 0],
        [0, 1, 7, 2, 65535, 6, 0],
        [0, 0, 7, 7],
        [9, 1, 1],
        [0, 1, 7, 1, 0, 9],
        [0, 1, 7, 2, 3, 0xFFFF, 0xFFFF],
    ],
)
def test_broken_segments_end_the_table(segments: list[int]) -> None:
    assert len(expand_segments(segments, 65536, wide=True)) <= 1


def test_a_segmented_palette_is_read() -> None:
    dataset = dataset_of([257, 0, 16], 0x00281221, np.array([0, 1, 0, 1, 256, 65280], "<u2").tobytes())
    palette = read_palette(dataset)
    assert palette is not None
    assert palette.colours()[:, 0].tolist() == [255 * number >> 8 for number in range(257)]


def test_a_segmented_palette_that_cannot_be_expanded_is_none() -> None:
    assert read_palette(dataset_of([2, 0, 16], 0x00281221, b"\1\0\1\0\1\0")) is None
