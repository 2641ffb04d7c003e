from __future__ import annotations

import pytest

from dicomcore.data import Dataset, new_dataset
from dicomcore.pixels.image import FLOAT_PIXEL_DATA, ImagePixel, number_of_frames


def image(**values: object) -> Dataset:
    tags = {"rows": (0x00280010, "US"), "columns": (0x00280011, "US"), "samples": (0x00280002, "US")}
    tags |= {"bits": (0x00280100, "US"), "planar": (0x00280006, "US"), "photometric": (0x00280004, "CS")}
    tags |= {"frames": (0x00280008, "IS")}
    dataset = new_dataset()
    for name, value in values.items():
        dataset.put(*tags[name], value)
    return dataset


@pytest.mark.parametrize(
    ("attributes", "bits", "length"),
    [
        ({"rows": 512, "columns": 512, "samples": 1, "bits": 16}, 4194304, 524288),
        ({"rows": 3, "columns": 5, "samples": 3, "bits": 8}, 360, 45),
        ({"rows": 3, "columns": 5, "samples": 1, "bits": 1}, 15, 2),
        ({"rows": 2, "columns": 4, "samples": 3, "bits": 8, "photometric": "YBR_FULL_422"}, 128, 16),
        ({"rows": 65535, "columns": 65535, "samples": 4, "bits": 64}, 65535 * 65535 * 256, 65535 * 65535 * 32),
        ({"rows": 3, "columns": 5}, 0, 0),
        ({}, 0, 0),
    ],
)
def test_length_of_a_frame(attributes: dict[str, object], bits: int, length: int) -> None:
    layout = ImagePixel.of(image(**attributes))
    assert (layout.bits, layout.length) == (bits, length)


def test_float_pixel_data_has_32_bits() -> None:
    layout = ImagePixel.of(image(rows=2, columns=2, samples=1), FLOAT_PIXEL_DATA)
    assert layout.length == 16


def test_layout_survives_packing() -> None:
    layout = ImagePixel.of(image(rows=3, columns=5, samples=3, bits=8, planar=1, photometric="YBR_FULL_422"))
    assert ImagePixel.from_bytes(layout.to_bytes()) == layout
    assert layout.planar_configuration == 1 and layout.subsampled


@pytest.mark.parametrize(("bits", "width"), [(1, 2), (8, 2), (16, 2), (32, 4), (64, 8)])
def test_unit_of_swapping(bits: int, width: int) -> None:
    assert ImagePixel(1, 1, 1, bits, 0, False).swap_width == width


@pytest.mark.parametrize(("value", "expected"), [("5", 5), ("0", None), ("-1", None), ("x", None), ("", None)])
def test_number_of_frames(value: str, expected: int | None) -> None:
    assert number_of_frames(image(frames=value)) == expected
    assert number_of_frames(new_dataset()) is None
