import pickle
from itertools import islice

import numpy as np
import pytest
from builders import ct_dataset

from dicomcore.data import EXPLICIT_VR_LITTLE_ENDIAN, Dataset, new_dataset, read_dataset
from dicomcore.rendering.cine import Cine
from dicomcore.rendering.description import (
    ICC_PROFILE,
    OPTICAL_PATH_IDENTIFIER,
    OPTICAL_PATH_SEQUENCE,
    PIXEL_ASPECT_RATIO,
    PIXEL_PRESENTATION,
    ImageDescription,
    aspect_of,
    describe,
    read_pixel_aspect,
)
from dicomcore.rendering.functional_groups import (
    FRAME_VOI_LUT,
    OPTICAL_PATH_IDENTIFICATION,
    PER_FRAME_FUNCTIONAL_GROUPS,
    PIXEL_MEASURES,
    PIXEL_SPACING,
)
from dicomcore.rendering.lut_items import WINDOW_CENTER, WINDOW_WIDTH
from dicomcore.rendering.luts import Rescale
from dicomcore.rendering.options import Window

NUMBER_OF_FRAMES = 0x00280008


def image(**attributes: object) -> Dataset:
    return read_dataset(ct_dataset(**attributes), EXPLICIT_VR_LITTLE_ENDIAN)


def test_a_slice_is_described_by_its_data_set() -> None:
    dataset = image()
    dataset.put(WINDOW_CENTER, "DS", "40")
    dataset.put(WINDOW_WIDTH, "DS", "400")
    description = describe(dataset)
    frame = description.frame(1)
    assert description.number_of_frames == 1
    assert frame.modality == Rescale(1.0, -1024.0)
    assert frame.windows == (Window(40.0, 400.0),)
    assert frame.form.bits_stored == 12
    assert frame.modality_name == "CT"
    assert frame.texts.patient[0] == "Doe, Jane"


def test_an_instance_without_pixel_data_has_no_frames() -> None:
    assert describe(image(PixelData=None)).number_of_frames == 0


def test_a_description_is_a_value_that_travels() -> None:
    frame = describe(image()).frame(1)
    assert pickle.loads(pickle.dumps(frame)) == frame
    assert hash(pickle.loads(pickle.dumps(frame))) == hash(frame)


def test_a_description_of_an_image_keeps_nothing_of_its_buffer() -> None:
    buffer = bytearray(ct_dataset())
    description = describe(read_dataset(memoryview(buffer), EXPLICIT_VR_LITTLE_ENDIAN))
    assert isinstance(description, ImageDescription)
    buffer.clear()


def multi_frame(frames: int) -> Dataset:
    dataset = image()
    dataset.put(NUMBER_OF_FRAMES, "IS", str(frames))
    items = []
    for number in range(1, frames + 1):
        voi, groups = new_dataset(), new_dataset()
        voi.put(WINDOW_CENTER, "DS", str(number))
        voi.put(WINDOW_WIDTH, "DS", "10")
        groups.put_items(FRAME_VOI_LUT, [voi])
        items.append(groups)
    dataset.put_items(PER_FRAME_FUNCTIONAL_GROUPS, items)
    return dataset


def test_the_last_of_many_frames_has_its_own_description() -> None:
    description = describe(multi_frame(500))
    assert description.frame(471).windows == (Window(471.0, 10.0),)
    assert description.frame(471).texts.technique[-1] == "Frame 471 of 500"


@pytest.mark.parametrize(("said", "expected"), [("3", 3), ("0", 6), ("99", 6), ("", 6)])
def test_the_representative_frame_is_the_one_that_is_named_or_the_middle(said: str, expected: int) -> None:
    dataset = multi_frame(10)
    dataset.put(0x00286010, "US", *(int(one) for one in filter(None, [said])))
    assert describe(dataset).representative_frame == expected


def test_the_time_of_a_frame_is_that_of_the_cine_module() -> None:
    dataset = multi_frame(2)
    dataset.put(0x00181063, "DS", "40")
    description = describe(dataset)
    assert description.cine == Cine(40.0)
    assert description.cine.milliseconds == 40


def test_pixels_are_square_without_any_spacing() -> None:
    assert read_pixel_aspect(new_dataset()) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("tag", "vr", "values"),
    [(PIXEL_ASPECT_RATIO, "IS", ("2", "1")), (PIXEL_SPACING, "DS", ("0.8", "0.4")), (0x00181164, "DS", ("1", ".5"))],
)
def test_the_aspect_is_that_of_a_ratio_or_a_spacing(tag: int, vr: str, values: tuple[str, ...]) -> None:
    dataset = new_dataset()
    dataset.put(tag, vr, *values)
    assert read_pixel_aspect(dataset) == (2.0, 1.0)


def test_the_pixel_aspect_ratio_goes_before_a_spacing() -> None:
    dataset = new_dataset()
    dataset.put(PIXEL_ASPECT_RATIO, "IS", "1", "3")
    dataset.put(PIXEL_SPACING, "DS", "1", "1")
    assert read_pixel_aspect(dataset) == (1.0, 3.0)


@pytest.mark.parametrize("spacing", [(1.0, 1.001), (1.0, 1e6), (1e-9, 1.0)])
def test_pixels_that_hardly_or_absurdly_differ_are_square(spacing: tuple[float, float]) -> None:
    assert aspect_of(spacing) == (1.0, 1.0)


def test_the_spacing_of_the_functional_groups_is_that_of_the_frame() -> None:
    dataset = image()
    measures, groups = new_dataset(), new_dataset()
    measures.put(PIXEL_SPACING, "DS", "3", "1")
    groups.put_items(PIXEL_MEASURES, [measures])
    dataset.put_items(PER_FRAME_FUNCTIONAL_GROUPS, [groups])
    assert describe(dataset).frame(1).pixel_aspect == (3.0, 1.0)


def test_a_grey_image_has_a_palette_only_if_it_is_to_be_shown_in_colour() -> None:
    dataset = image()
    for number in (1, 2, 3):
        dataset.put_raw(0x00281100 + number, "US", np.array([2, 100, 8], "<u2").tobytes())
        dataset.put_raw(0x00281200 + number, "OW", np.array([number, 0], "<u2").tobytes())
    assert describe(dataset).common.palette is None
    dataset.put(PIXEL_PRESENTATION, "CS", "COLOR")
    palette = describe(dataset).common.palette
    assert palette is not None
    assert palette.first_mapped == 100


def test_a_frame_has_the_icc_profile_of_its_optical_path() -> None:
    dataset = image()
    paths, frames = [], []
    for name in ("a", "b"):
        path, identification, groups = new_dataset(), new_dataset(), new_dataset()
        path.put(OPTICAL_PATH_IDENTIFIER, "SH", name)
        path.put(ICC_PROFILE, "OB", b"profile " + name.encode() + b" ")
        identification.put(OPTICAL_PATH_IDENTIFIER, "SH", name)
        groups.put_items(OPTICAL_PATH_IDENTIFICATION, [identification])
        paths.append(path)
        frames.append(groups)
    dataset.put_items(OPTICAL_PATH_SEQUENCE, paths)
    dataset.put_items(PER_FRAME_FUNCTIONAL_GROUPS, frames)
    description = describe(dataset)
    assert [description.frame(number).icc_profile for number in (1, 2, 3)] == [
        b"profile a ",
        b"profile b ",
        b"profile a ",
    ]


def test_the_descriptions_of_frames_share_what_is_common() -> None:
    description = describe(multi_frame(3))
    first, second = islice((description.frame(number) for number in (1, 2)), 2)
    assert first.form is second.form
