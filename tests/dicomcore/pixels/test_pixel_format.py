from __future__ import annotations

import pickle

import numpy as np
import pytest

from dicomcore.data import Dataset, new_dataset
from dicomcore.errors import CorruptFrame
from dicomcore.pixels import decode_pixels
from dicomcore.pixels.image import DOUBLE_FLOAT_PIXEL_DATA, FLOAT_PIXEL_DATA, ImagePixel
from dicomcore.pixels.pixel_format import PixelFormat
from dicomcore.pixels.registry import CODECS

TAGS = {
    "samples": (0x00280002, "US"),
    "photometric": (0x00280004, "CS"),
    "rows": (0x00280010, "US"),
    "columns": (0x00280011, "US"),
    "allocated": (0x00280100, "US"),
    "stored": (0x00280101, "US"),
    "high_bit": (0x00280102, "US"),
    "representation": (0x00280103, "US"),
}


def image(**values: object) -> Dataset:
    dataset = new_dataset()
    for name, value in values.items():
        dataset.put(*TAGS[name], value)
    return dataset


def form(allocated: int, *, signed: bool = False, floating: bool = False, samples: int = 1) -> PixelFormat:
    layout = ImagePixel(3, 5, samples, allocated, 0, False)
    return PixelFormat(layout, bits_stored=allocated, high_bit=allocated - 1, signed=signed, floating=floating)


def test_an_image_is_described_by_its_data_set() -> None:
    dataset = image(
        samples=1,
        photometric="MONOCHROME1",
        rows=3,
        columns=5,
        allocated=16,
        stored=12,
        high_bit=13,
        representation=1,
    )
    assert PixelFormat.of(dataset) == PixelFormat(
        image=ImagePixel(3, 5, 1, 16, 0, False),
        photometric_interpretation="MONOCHROME1",
        bits_stored=12,
        high_bit=13,
        signed=True,
    )


@pytest.mark.parametrize(("samples", "expected"), [(1, "MONOCHROME2"), (3, "RGB")])
def test_colours_that_are_not_named_are_those_of_the_number_of_samples(samples: int, expected: str) -> None:
    assert PixelFormat.of(image(samples=samples, allocated=8)).photometric_interpretation == expected


@pytest.mark.parametrize(
    ("allocated", "stored", "expected"), [(16, 12, 12), (16, 16, 16), (16, 17, 16), (16, 0, 16), (16, None, 16)]
)
def test_bits_stored_fit_into_those_allocated(allocated: int, stored: int | None, expected: int) -> None:
    found = PixelFormat.of(image(allocated=allocated, **({} if stored is None else {"stored": stored})))
    assert (found.bits_stored, found.high_bit) == (expected, expected - 1)


@pytest.mark.parametrize(("high_bit", "expected"), [(11, 11), (15, 15), (10, 11), (16, 11), (None, 11)])
def test_the_high_bit_has_room_for_bits_stored_below_it(high_bit: int | None, expected: int) -> None:
    said = {} if high_bit is None else {"high_bit": high_bit}
    assert PixelFormat.of(image(allocated=16, stored=12, **said)).high_bit == expected


@pytest.mark.parametrize(("representation", "signed"), [(0, False), (1, True), (2, False), (None, False)])
def test_numbers_are_signed_where_pixel_representation_is_1(representation: int | None, signed: bool) -> None:
    said = {} if representation is None else {"representation": representation}
    assert PixelFormat.of(image(allocated=16, **said)).signed is signed


@pytest.mark.parametrize(("tag", "dtype"), [(FLOAT_PIXEL_DATA, "<f4"), (DOUBLE_FLOAT_PIXEL_DATA, "<f8")])
def test_floating_point_pixel_data_have_the_type_of_their_attribute(tag: int, dtype: str) -> None:
    found = PixelFormat.of(image(allocated=16, representation=1), tag)
    assert (found.dtype, found.floating, found.signed) == (np.dtype(dtype), True, False)
    assert found.bits_stored == found.image.bits_allocated


def test_a_data_set_that_says_nothing_has_no_pixels() -> None:
    found = PixelFormat.of(new_dataset())
    assert found.image.bits == 0
    with pytest.raises(CorruptFrame):
        decode_pixels(b"", found, "1.2.840.10008.1.2.1")


@pytest.mark.parametrize(
    ("allocated", "name"),
    [(1, "u1"), (8, "u1"), (16, "u2"), (24, "u4"), (32, "u4"), (40, "u8"), (56, "u8"), (64, "u8")],
)
def test_a_sample_has_the_smallest_type_with_room_for_a_cell(allocated: int, name: str) -> None:
    assert form(allocated).dtype == np.dtype(f"<{name}")
    assert form(allocated, signed=True).dtype == np.dtype(f"<i{name[1]}")


@pytest.mark.parametrize(("allocated", "name"), [(32, "<f4"), (64, "<f8"), (65535, "<f4")])
def test_floating_point_samples_have_32_or_64_bits(allocated: int, name: str) -> None:
    assert form(allocated, floating=True).dtype == np.dtype(name)


@pytest.mark.parametrize("uid", CODECS)
@pytest.mark.parametrize("allocated", [0, 2, 7, 9, 12, 65, 72, 128, 65535])
def test_cells_that_do_not_exist_have_a_type_and_no_pixels(allocated: int, uid: str) -> None:
    nonsense = form(allocated)
    assert nonsense.dtype.itemsize <= 8
    with pytest.raises(CorruptFrame):
        decode_pixels(bytes(4096), nonsense, uid)


@pytest.mark.parametrize(("samples", "shape"), [(1, (3, 5)), (3, (3, 5, 3)), (4, (3, 5, 4)), (0, (3, 5, 0))])
def test_frames_of_several_samples_have_a_third_axis(samples: int, shape: tuple[int, ...]) -> None:
    assert form(8, samples=samples).shape == shape


def test_a_format_can_be_sent_to_another_process() -> None:
    sent = form(16, signed=True)
    assert pickle.loads(pickle.dumps(sent)) == sent
