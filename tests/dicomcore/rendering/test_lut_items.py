import numpy as np
import pytest
from builders import ct_dataset

from dicomcore.data import EXPLICIT_VR_LITTLE_ENDIAN, Dataset, new_dataset, read_dataset
from dicomcore.pixels.pixel_format import PixelFormat
from dicomcore.rendering.lut_items import (
    LUT_DATA,
    LUT_DESCRIPTOR,
    MODALITY_LUT_SEQUENCE,
    PIXEL_PADDING_RANGE_LIMIT,
    PIXEL_PADDING_VALUE,
    PRESENTATION_LUT_SEQUENCE,
    PRESENTATION_LUT_SHAPE,
    RESCALE_INTERCEPT,
    RESCALE_SLOPE,
    VOI_LUT_FUNCTION,
    VOI_LUT_SEQUENCE,
    WINDOW_CENTER,
    WINDOW_WIDTH,
    may_be_negative,
    read_lut,
    read_modality,
    read_padding,
    read_presentation,
    read_voi_luts,
    read_windows,
)
from dicomcore.rendering.luts import Lut, Rescale
from dicomcore.rendering.options import VoiFunction, Window


def lut_item(count: int, first: int, bits: int, data: bytes, vr: str = "US") -> Dataset:
    item = new_dataset()
    item.put_raw(LUT_DESCRIPTOR, vr, np.array([count, first, bits]).astype("<u2").tobytes())
    item.put_raw(LUT_DATA, "OW", data)
    return item


def words(*numbers: int) -> bytes:
    return np.array(numbers, "<u2").tobytes()


def test_a_table_is_read_with_its_first_mapped_value_and_bits() -> None:
    assert read_lut(lut_item(3, 10, 12, words(0, 9, 4095)), signed=False) == Lut.of(10, 12, np.array([0, 9, 4095]))


@pytest.mark.parametrize(("vr", "signed"), [("SS", False), ("US", True)])
def test_the_first_mapped_value_is_signed_by_its_vr_or_by_what_goes_in(vr: str, signed: bool) -> None:
    lut = read_lut(lut_item(1, 65536 - 1024, 8, words(7), vr), signed=signed)
    assert lut is not None
    assert lut.first_mapped == -1024


def test_no_entries_mean_65536() -> None:
    lut = read_lut(lut_item(0, 0, 16, np.arange(65536).astype("<u2").tobytes()), signed=False)
    assert lut is not None
    assert len(lut.entries) == 65536


def test_entries_of_eight_bits_may_be_packed() -> None:
    lut = read_lut(lut_item(4, 0, 8, bytes((1, 2, 3, 255))), signed=False)
    assert lut == Lut.of(0, 8, np.array([1, 2, 3, 255]))


def test_a_table_with_larger_entries_than_its_bits_allow_has_more_bits() -> None:
    lut = read_lut(lut_item(2, 0, 8, words(0, 4095)), signed=False)
    assert lut is not None
    assert lut.bits == 12


def test_a_table_shorter_than_it_says_is_taken_as_it_is() -> None:
    lut = read_lut(lut_item(300, 0, 16, words(5, 6)), signed=False)
    assert lut is not None
    assert lut.entries.tolist() == [5, 6]


@pytest.mark.parametrize("item", [new_dataset(), lut_item(4, 0, 16, b"")])
def test_a_table_without_descriptor_or_entries_is_none(item: Dataset) -> None:
    assert read_lut(item, signed=False) is None


def test_rescaling_is_read() -> None:
    dataset = new_dataset()
    dataset.put(RESCALE_INTERCEPT, "DS", "-1024")
    dataset.put(RESCALE_SLOPE, "DS", "2.5", "7")
    assert read_modality(dataset) == Rescale(2.5, -1024.0)


def test_an_intercept_alone_has_a_slope_of_one() -> None:
    dataset = new_dataset()
    dataset.put(RESCALE_INTERCEPT, "DS", "-8")
    assert read_modality(dataset) == Rescale(1.0, -8.0)


@pytest.mark.parametrize("slope", ["0", "1e999", "-1e300", "abc", ""])
def test_a_slope_that_is_nonsense_is_one(slope: str) -> None:
    dataset = new_dataset()
    dataset.put(RESCALE_INTERCEPT, "DS", "3")
    dataset.put(RESCALE_SLOPE, "DS", slope)
    assert read_modality(dataset) == Rescale(1.0, 3.0)


def test_an_image_without_modality_transformation_has_none() -> None:
    assert read_modality(new_dataset()) is None


def test_a_modality_lut_goes_before_rescaling() -> None:
    dataset = new_dataset()
    dataset.put(RESCALE_SLOPE, "DS", "2")
    dataset.put_items(MODALITY_LUT_SEQUENCE, [lut_item(1, 0, 8, words(9))])
    assert read_modality(dataset) == Lut.of(0, 8, np.array([9]))


def test_windows_are_read_in_their_order_with_their_function() -> None:
    dataset = new_dataset()
    dataset.put(WINDOW_CENTER, "DS", "40", "-600")
    dataset.put(WINDOW_WIDTH, "DS", "400", "1500")
    dataset.put(VOI_LUT_FUNCTION, "CS", "SIGMOID")
    assert read_windows(dataset) == (
        Window(40.0, 400.0, VoiFunction.SIGMOID),
        Window(-600.0, 1500.0, VoiFunction.SIGMOID),
    )


def test_windows_without_width_are_left_out() -> None:
    dataset = new_dataset()
    dataset.put(WINDOW_CENTER, "DS", "1", "2", "x", "4", "5")
    dataset.put(WINDOW_WIDTH, "DS", "0", "-5", "10", "1e400", "8")
    assert read_windows(dataset) == (Window(5.0, 8.0),)


def test_an_unknown_function_is_linear() -> None:
    dataset = new_dataset()
    dataset.put(WINDOW_CENTER, "DS", "1")
    dataset.put(WINDOW_WIDTH, "DS", "2")
    dataset.put(VOI_LUT_FUNCTION, "CS", "CUBIC")
    assert read_windows(dataset) == (Window(1.0, 2.0),)


def test_voi_luts_that_cannot_be_read_are_left_out() -> None:
    dataset = new_dataset()
    dataset.put_items(VOI_LUT_SEQUENCE, [new_dataset(), lut_item(1, 0, 8, words(3))])
    assert read_voi_luts(dataset) == (Lut.of(0, 8, np.array([3])),)


@pytest.mark.parametrize(
    ("signed", "modality", "expected"),
    [
        (False, None, False),
        (True, None, True),
        (False, Rescale(1.0, -1.0), True),
        (False, Rescale(2.0, 0.0), False),
        (False, Rescale(-1.0, 0.0), True),
        (True, Lut.of(0, 8, np.array([1])), False),
    ],
)
def test_values_may_be_negative_by_sign_or_by_rescaling(
    signed: bool, modality: Rescale | Lut | None, expected: bool
) -> None:
    assert may_be_negative(form_of(PixelRepresentation=int(signed)), modality) == expected


@pytest.mark.parametrize(
    ("photometric_interpretation", "shape", "inverse"),
    [
        ("MONOCHROME2", "", False),
        ("MONOCHROME2", "IDENTITY", False),
        ("MONOCHROME2", "INVERSE", True),
        ("MONOCHROME1", "", True),
        ("MONOCHROME1", "INVERSE", True),
        ("MONOCHROME1", "IDENTITY", True),
    ],
)
def test_monochrome1_and_the_inverse_shape_are_one_inversion(
    photometric_interpretation: str, shape: str, inverse: bool
) -> None:
    dataset = new_dataset()
    dataset.put(PRESENTATION_LUT_SHAPE, "CS", shape)
    assert read_presentation(dataset, photometric_interpretation) == (inverse, None)


def test_a_presentation_lut_is_read() -> None:
    dataset = new_dataset()
    dataset.put_items(PRESENTATION_LUT_SEQUENCE, [lut_item(2, 0, 10, words(0, 1023))])
    assert read_presentation(dataset, "MONOCHROME2") == (False, Lut.of(0, 10, np.array([0, 1023])))


def dataset_of(**attributes: object) -> Dataset:
    return read_dataset(ct_dataset(**attributes), EXPLICIT_VR_LITTLE_ENDIAN)


def form_of(**attributes: object) -> PixelFormat:
    return PixelFormat.of(dataset_of(**attributes))


def test_padding_is_one_value_or_a_range() -> None:
    dataset = dataset_of(PixelRepresentation=1, BitsStored=16, HighBit=15)
    form = PixelFormat.of(dataset)
    assert read_padding(dataset, form) is None
    dataset.put(PIXEL_PADDING_VALUE, "SS", -2000)
    assert read_padding(dataset, form) == (-2000, -2000)
    dataset.put(PIXEL_PADDING_RANGE_LIMIT, "SS", -3000)
    assert read_padding(dataset, form) == (-3000, -2000)


def test_padding_is_read_as_stored_values_are_whatever_its_vr() -> None:
    dataset = dataset_of(PixelRepresentation=1, BitsStored=16, HighBit=15)
    dataset.put(PIXEL_PADDING_VALUE, "US", 63536)
    assert read_padding(dataset, PixelFormat.of(dataset)) == (-2000, -2000)


def test_padding_of_unsigned_pixels_has_their_bits() -> None:
    dataset = dataset_of(BitsStored=12)
    dataset.put(PIXEL_PADDING_VALUE, "SS", -1)
    assert read_padding(dataset, PixelFormat.of(dataset)) == (4095, 4095)


def test_colours_have_no_padding() -> None:
    dataset = dataset_of(SamplesPerPixel=3, PhotometricInterpretation="RGB")
    dataset.put(PIXEL_PADDING_VALUE, "US", 0)
    assert read_padding(dataset, PixelFormat.of(dataset)) is None


def test_padding_of_floating_point_pixels_has_its_own_attributes() -> None:
    dataset = dataset_of(PixelData=None, BitsAllocated=32)
    dataset.put(0x00280122, "FL", -1.5)
    dataset.put(0x00280124, "FL", -9.0)
    dataset.put_raw(0x7FE00008, "OF", bytes(64))
    assert read_padding(dataset, PixelFormat.of(dataset, 0x7FE00008)) == (-9.0, -1.5)
