import numpy as np
import pytest
from builders import element
from volume_builders import enhanced_file, slice_file

from dicomcore.data import read_file
from dicomcore.volumes import VolumeFrame, slices_of

PIXELS = np.zeros((4, 6), np.int16)


def only(file: bytes) -> VolumeFrame:
    (frame,) = slices_of(read_file(file).dataset)
    return frame


def none(file: bytes) -> bool:
    return slices_of(read_file(file).dataset) == ()


def test_a_slice_has_position_directions_and_spacing_of_rows_then_columns() -> None:
    frame = only(slice_file(PIXELS, (1, 2, 3), orientation=(0, 1, 0, 0, 0, -1), spacing=(0.7, 0.5)))
    assert frame.position == (1, 2, 3)
    assert (frame.row, frame.column, frame.normal) == ((0, 1, 0), (0, 0, -1), (-1, 0, 0))
    assert frame.spacing == (0.7, 0.5)


def test_directions_are_made_straight_and_of_length_one() -> None:
    frame = only(slice_file(PIXELS, (0, 0, 0), orientation=(0.9999, 0, 0, 0.004, 1.0001, 0)))
    assert frame.row == (1, 0, 0)
    assert frame.column == pytest.approx((0, 1, 0))


def test_frames_of_an_enhanced_image_have_planes_of_their_own() -> None:
    voxels = np.zeros((3, 4, 6), np.int16)
    file = enhanced_file(voxels, [(0, 0, 5), (0, 0, 7), (0, 0, 9)], ["1", "1", "2"])
    frames = slices_of(read_file(file).dataset)
    assert [frame.position[2] for frame in frames] == [5, 7, 9]
    assert [frame.frame_number for frame in frames] == [1, 2, 3]
    assert {frame.spacing for frame in frames} == {(2.0, 0.5)}
    assert frames[0].stack == frames[1].stack != frames[2].stack


def test_frames_of_a_dose_grid_lie_along_its_normal() -> None:
    file = slice_file(
        PIXELS,
        (0, 0, 10),
        extra=[element(0x00280008, "IS", "3"), element(0x3004000C, "DS", ["0", "2.5", "5"])],
        PixelData=bytes(3 * PIXELS.nbytes),
    )
    assert [frame.position[2] for frame in slices_of(read_file(file).dataset)] == [10, 12.5, 15]


def test_what_is_no_slice_gives_none() -> None:
    assert none(slice_file(PIXELS, (0, 0, 0), ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]))
    assert none(slice_file(PIXELS, (0, 0, 0), ImagePositionPatient=None))
    assert none(slice_file(PIXELS, (0, 0, 0), orientation=(0, 0, 0, 0, 1, 0)))
    assert none(slice_file(PIXELS, (0, 0, 0), orientation=(1, 0, 0, 1, 1, 0)))
    assert none(slice_file(PIXELS, (0, 0, 0), spacing=(0, 1)))
    assert none(slice_file(PIXELS, (0, 0, 1e30)))
    assert none(slice_file(PIXELS, (0, 0, 0), SamplesPerPixel=3, PhotometricInterpretation="RGB"))
    assert none(slice_file(PIXELS, (0, 0, 0), PixelData=None))


def test_what_is_true_of_one_slice_only_is_not_written_on_the_picture() -> None:
    frame = only(slice_file(PIXELS, (0, 0, 0), InstanceNumber="77", SliceThickness="5"))
    technique = " ".join(frame.description.texts.technique)
    assert "77" not in technique
    assert "Thk" not in technique
    assert "Axial 5 mm" in technique
