from __future__ import annotations

import numpy as np
import pytest
from presentation_builders import dataset_of, description_of, image_item

from dicomcore.data import Dataset
from dicomcore.rendering.lut_items import Rescale
from dicomcore.rendering.luts import Lut
from dicomcore.rendering.options import VoiFunction, Window
from dicomcore.rendering.softcopy import full_range, read_grey_pipeline

GREY = description_of(np.zeros((2, 2), "<u2"), windows=(Window(1, 2),), modality=Rescale(7.0, 7.0), padding=(0, 0))


def lut_item(first: int, *entries: int, bits: int = 16) -> Dataset:
    item = dataset_of()
    item.put(0x00283002, "US", len(entries), first & 0xFFFF, bits)
    item.put(0x00283006, "OW", np.array(entries, "<u2").tobytes())
    return item


def test_what_the_image_says_does_not_count() -> None:
    described = read_grey_pipeline(dataset_of()).over(GREY, "1.2", 1)
    assert described.modality is None
    assert described.windows == (Window(32768.0, 65536.0),)
    assert described.padding is None
    assert described.overlays == ()


def test_the_modality_transformation_of_the_state_counts() -> None:
    pipeline = read_grey_pipeline(dataset_of(RescaleSlope="2", RescaleIntercept="-10"))
    assert pipeline.over(GREY, "1.2", 1).modality == Rescale(2.0, -10.0)


def test_each_image_and_frame_has_its_own_voi() -> None:
    pipeline = read_grey_pipeline(
        dataset_of(
            SoftcopyVOILUTSequence=[
                dataset_of(ReferencedImageSequence=[image_item("1.2", 2)], WindowCenter="10", WindowWidth="20"),
                dataset_of(
                    ReferencedImageSequence=[image_item("1.3")],
                    WindowCenter="30",
                    WindowWidth="40",
                    VOILUTFunction="SIGMOID",
                ),
            ]
        )
    )
    assert pipeline.over(GREY, "1.2", 2).windows == (Window(10.0, 20.0),)
    assert pipeline.over(GREY, "1.3", 9).windows == (Window(30.0, 40.0, VoiFunction.SIGMOID),)
    assert pipeline.over(GREY, "1.2", 1).windows == (Window(32768.0, 65536.0),)


def test_a_voi_lut_begins_below_zero_where_values_may() -> None:
    item = dataset_of(VOILUTSequence=[lut_item(-5, 1, 2, 3)])
    state = dataset_of(RescaleIntercept="-10", RescaleSlope="1", SoftcopyVOILUTSequence=[item])
    (lut,) = read_grey_pipeline(state).over(GREY, "1.2", 1).voi_luts
    assert lut.first_mapped == -5
    (lut,) = read_grey_pipeline(dataset_of(SoftcopyVOILUTSequence=[item])).over(GREY, "1.2", 1).voi_luts
    assert lut.first_mapped == 65531


def test_a_modality_lut_begins_below_zero_where_pixels_may() -> None:
    pipeline = read_grey_pipeline(dataset_of(ModalityLUTSequence=[lut_item(-2, 1, 2)]))
    modality = pipeline.over(description_of(np.zeros((2, 2), "<i2")), "1.2", 1).modality
    assert isinstance(modality, Lut) and modality.first_mapped == -2


def test_the_presentation_lut_says_what_is_dark() -> None:
    inverse = read_grey_pipeline(dataset_of(PresentationLUTShape="INVERSE"))
    assert inverse.over(GREY, "1.2", 1).presentation_lut_inverse
    table = read_grey_pipeline(dataset_of(PresentationLUTSequence=[lut_item(0, 0, 4095, bits=12)]))
    described = table.over(description_of(np.zeros((2, 2), "<u2"), presentation_lut_inverse=True), "1.2", 1)
    assert described.presentation_lut is not None and not described.presentation_lut_inverse


def test_colour_images_keep_their_colours() -> None:
    color = description_of(np.zeros((2, 2, 3), np.uint8), icc_profile=b"profile")
    described = read_grey_pipeline(dataset_of(RescaleSlope="2")).over(color, "1.2", 1)
    assert described == color


@pytest.mark.parametrize(
    ("dtype", "modality", "low", "high"),
    [
        ("<u1", None, 0, 255),
        ("<i2", None, -32768, 32767),
        ("<u1", Rescale(2.0, -10.0), -10, 500),
        ("<u1", Rescale(-1.0, 0.0), -255, 0),
        ("<u2", Lut.of(0, 12, np.array([1, 4000])), 0, 4095),
    ],
)
def test_the_full_range_is_from_black_to_white(dtype: str, modality: Lut | Rescale | None, low: int, high: int) -> None:
    window = full_range(description_of(np.zeros((2, 2), dtype)).form, modality)
    if window.function is VoiFunction.LINEAR:
        assert (window.center - 0.5 - (window.width - 1) / 2, window.center - 0.5 + (window.width - 1) / 2) == (
            low,
            high,
        )
    else:
        assert (window.center - window.width / 2, window.center + window.width / 2) == (low, high)
