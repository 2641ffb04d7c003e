from __future__ import annotations

import numpy as np
from presentation_builders import dataset_of, image_item

from dicomcore.data import Dataset
from dicomcore.rendering.blending import blended, colored, read_blending
from dicomcore.rendering.luts import Lut
from dicomcore.rendering.palette import Palette
from dicomcore.rendering.references import ImageReference


def series_item(position: str, series: str, uid: str, **values: object) -> Dataset:
    images = dataset_of(SeriesInstanceUID=series, ReferencedImageSequence=[image_item(uid)])
    return dataset_of(BlendingPosition=position, ReferencedSeriesSequence=[images], **values)


def put_palette(dataset: Dataset, red: list[int], green: list[int], blue: list[int]) -> None:
    for channel, entries in enumerate((red, green, blue)):
        dataset.put(0x00281101 + channel, "US", len(entries), 0, 8)
        dataset.put(0x00281201 + channel, "OW", np.array(entries, "<u2").tobytes())


def test_a_blending_state_has_an_underlying_and_a_superimposed_input() -> None:
    state = dataset_of(
        BlendingSequence=[
            series_item("SUPERIMPOSED", "1.2", "1.2.1", RescaleSlope="3", RescaleIntercept="0"),
            series_item("UNDERLYING", "1.1", "1.1.1"),
        ],
        RelativeOpacity=0.25,
    )
    put_palette(state, [0, 255], [0, 0], [0, 0])
    blending = read_blending(state)
    assert blending is not None and blending.opacity == 0.25
    below, above = blending.inputs
    assert below.covers(ImageReference("1.1", "", "1.1.1"), 1) and below.palette is None
    assert above.covers(ImageReference("1.2", "", "1.2.1"), 1) and above.palette is not None
    assert above.pipeline.modality is not None


def test_a_state_without_both_inputs_has_no_blending() -> None:
    assert read_blending(dataset_of()) is None
    assert read_blending(dataset_of(BlendingSequence=[series_item("UNDERLYING", "1.1", "1.1.1")])) is None


def advanced(mode: str, **values: object) -> Dataset:
    inputs = [dataset_of(BlendingInputNumber=number, SeriesInstanceUID=f"1.{number}") for number in (1, 2)]
    display = dataset_of(
        BlendingMode=mode,
        BlendingDisplayInputSequence=[dataset_of(BlendingInputNumber=number) for number in (1, 2, 9)],
        **values,
    )
    return dataset_of(AdvancedBlendingSequence=inputs, BlendingDisplaySequence=[display])


def test_the_foreground_of_an_advanced_state_lies_above() -> None:
    blending = read_blending(advanced("FOREGROUND", RelativeOpacity=0.75))
    assert blending is not None and blending.opacity == 0.75
    assert [one.series_instance_uid for one in blending.inputs] == ["1.2", "1.1"]
    assert blending.inputs[0].covers(ImageReference("1.2", "", "7"), 1)


def test_equal_inputs_are_averaged() -> None:
    blending = read_blending(advanced("EQUAL"))
    assert blending is not None and blending.opacity is None
    pictures = [np.full((1, 1, 3), level, np.uint8) for level in (30, 60, 90)]
    covers = [np.ones((1, 1), bool)] * 3
    assert blended(pictures, covers, None)[0, 0].tolist() == [60, 60, 60]


def test_the_opacity_is_that_of_what_lies_above() -> None:
    below, above = np.full((1, 2, 3), 100, np.uint8), np.full((1, 2, 3), 200, np.uint8)
    covers = [np.ones((1, 2), bool), np.array([[True, False]])]
    assert blended([below, above], covers, 0.25)[0, :, 0].tolist() == [125, 100]


def test_grey_levels_are_spread_over_the_whole_palette() -> None:
    table = Lut.of(0, 8, np.array([10, 20, 30]))
    picture = colored(np.array([[0, 127, 128, 255]], np.uint8), Palette(table, table, table))
    assert picture[0, :, 0].tolist() == [10, 20, 20, 30]
