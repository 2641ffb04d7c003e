from builders import ct_dataset

from dicomcore.data import EXPLICIT_VR_LITTLE_ENDIAN, Dataset, new_dataset, read_dataset, write_dataset
from dicomcore.pixels.pixel_format import PixelFormat
from dicomcore.rendering.functional_groups import (
    FRAME_VOI_LUT,
    OPTICAL_PATH_IDENTIFICATION,
    OPTICAL_PATH_IDENTIFIER,
    PER_FRAME_FUNCTIONAL_GROUPS,
    PIXEL_MEASURES,
    PIXEL_SPACING,
    PIXEL_VALUE_TRANSFORMATION,
    SHARED_FUNCTIONAL_GROUPS,
    FunctionalGroups,
    read_functional_groups,
)
from dicomcore.rendering.lut_items import RESCALE_INTERCEPT, RESCALE_SLOPE, WINDOW_CENTER, WINDOW_WIDTH
from dicomcore.rendering.luts import Rescale
from dicomcore.rendering.options import Window


def window_group(center: float, width: float) -> Dataset:
    voi, groups = new_dataset(), new_dataset()
    voi.put(WINDOW_CENTER, "DS", str(center))
    voi.put(WINDOW_WIDTH, "DS", str(width))
    groups.put_items(FRAME_VOI_LUT, [voi])
    return groups


def rescale_group(slope: float, intercept: float) -> Dataset:
    transformation, groups = new_dataset(), new_dataset()
    transformation.put(RESCALE_INTERCEPT, "DS", str(intercept))
    transformation.put(RESCALE_SLOPE, "DS", str(slope))
    groups.put_items(PIXEL_VALUE_TRANSFORMATION, [transformation])
    return groups


def groups_of(shared: Dataset | None, *frames: Dataset) -> FunctionalGroups:
    """Build an image, write it and read it again, so that items have bytes."""
    plain = ct_dataset(PixelData=None, RescaleIntercept=None, RescaleSlope=None)
    built = read_dataset(plain, EXPLICIT_VR_LITTLE_ENDIAN)
    if shared is not None:
        built.put_items(SHARED_FUNCTIONAL_GROUPS, [shared])
    built.put_items(PER_FRAME_FUNCTIONAL_GROUPS, frames)
    written = b"".join(write_dataset(built, EXPLICIT_VR_LITTLE_ENDIAN))
    dataset = read_dataset(written, EXPLICIT_VR_LITTLE_ENDIAN)
    read, unwritten = (read_functional_groups(one, PixelFormat.of(one)) for one in (dataset, built))
    assert read == unwritten
    return read


def test_each_frame_has_its_own_window() -> None:
    groups = groups_of(None, window_group(40, 400), window_group(-600, 1500))
    assert groups.of(1).windows == (Window(40.0, 400.0),)
    assert groups.of(2).windows == (Window(-600.0, 1500.0),)


def test_what_a_frame_does_not_say_is_shared() -> None:
    groups = groups_of(rescale_group(1, -1024), window_group(40, 400))
    assert groups.of(1).modality == Rescale(1.0, -1024.0)
    assert groups.of(1).windows == (Window(40.0, 400.0),)


def test_a_frame_goes_before_what_is_shared() -> None:
    groups = groups_of(rescale_group(1, -1024), rescale_group(2, 0), new_dataset())
    assert groups.of(1).modality == Rescale(2.0, 0.0)
    assert groups.of(2).modality == Rescale(1.0, -1024.0)


def test_frames_of_the_same_groups_share_them() -> None:
    groups = groups_of(None, *(window_group(40 + number % 2, 400) for number in range(100)))
    assert len(groups.variants) == 3
    assert groups.of(99).windows == (Window(40.0, 400.0),)
    assert groups.of(100).windows == (Window(41.0, 400.0),)


def test_frames_without_groups_that_matter_have_the_shared_ones() -> None:
    position = new_dataset()
    position.put(0x00209157, "UL", 1)
    groups = groups_of(window_group(1, 2), position, position)
    assert groups.places == ()
    assert groups.of(2).windows == (Window(1.0, 2.0),)


def test_a_frame_beyond_all_groups_has_the_shared_ones() -> None:
    groups = groups_of(window_group(1, 2), window_group(3, 4))
    assert groups.of(7).windows == (Window(1.0, 2.0),)


def test_spacing_and_optical_path_are_read() -> None:
    measures, path, groups = new_dataset(), new_dataset(), new_dataset()
    measures.put(PIXEL_SPACING, "DS", "0.5", "0.25")
    path.put(OPTICAL_PATH_IDENTIFIER, "SH", "2")
    groups.put_items(PIXEL_MEASURES, [measures])
    groups.put_items(OPTICAL_PATH_IDENTIFICATION, [path])
    read = groups_of(groups, new_dataset()).of(1)
    assert read.spacing == (0.5, 0.25)
    assert read.optical_path == "2"


def test_an_image_that_is_not_enhanced_says_it_itself() -> None:
    dataset = read_dataset(ct_dataset(), EXPLICIT_VR_LITTLE_ENDIAN)
    groups = read_functional_groups(dataset, PixelFormat.of(dataset))
    assert groups.of(1).modality == Rescale(1.0, -1024.0)
