from __future__ import annotations

import numpy as np
import pytest
from presentation_builders import dataset_of

from dicomcore.rendering.planes import Plane, nearest, plane_of, resampled

AXIAL = Plane((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (1.0, 1.0))


def axial(x: float = 0.0, y: float = 0.0, z: float = 0.0, spacing: float = 1.0) -> Plane:
    return Plane((x, y, z), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (spacing, spacing))


def test_the_plane_of_an_image_is_read() -> None:
    dataset = dataset_of(
        ImagePositionPatient=["1", "2", "3"],
        ImageOrientationPatient=["0", "2", "0", "0", "0", "-1"],
        PixelSpacing=["0.5", "0.25"],
        FrameOfReferenceUID="1.9",
    )
    assert plane_of(dataset) == Plane((1.0, 2.0, 3.0), (0.0, 1.0, 0.0), (0.0, 0.0, -1.0), (0.5, 0.25), "1.9")


def test_the_plane_of_a_frame_is_read_from_its_groups() -> None:
    orientation = dataset_of(ImageOrientationPatient=["1", "0", "0", "0", "1", "0"])
    shared = dataset_of(
        PlaneOrientationSequence=[orientation], PixelMeasuresSequence=[dataset_of(PixelSpacing=["1", "1"])]
    )
    frames = [dataset_of(PlanePositionSequence=[dataset_of(ImagePositionPatient=["0", "0", str(z)])]) for z in (5, 6)]
    dataset = dataset_of(SharedFunctionalGroupsSequence=[shared], PerFrameFunctionalGroupsSequence=frames)
    plane = plane_of(dataset, 2)
    assert plane is not None and plane.position == (0.0, 0.0, 6.0)


@pytest.mark.parametrize("orientation", [["0"] * 6, ["1", "0", "0", "1", "0", "0"], ["1", "0", "0"], []])
def test_a_plane_without_directions_is_none(orientation: list[str]) -> None:
    dataset = dataset_of(
        ImagePositionPatient=["1", "2", "3"], ImageOrientationPatient=orientation, PixelSpacing=["1", "1"]
    )
    assert plane_of(dataset) is None


def test_the_nearest_parallel_plane_is_found() -> None:
    sagittal = Plane((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, 1.0))
    assert nearest(axial(z=1), [axial(z=9), None, sagittal, axial(50, 50, 3), axial(z=-2)]) == 3
    assert nearest(axial(), [sagittal, None]) is None


def test_planes_of_another_frame_of_reference_are_not_parallel() -> None:
    other = Plane(AXIAL.position, AXIAL.across, AXIAL.down, AXIAL.spacing, "1.9")
    assert not AXIAL.is_parallel(other)


def test_a_point_is_taken_from_plane_to_plane() -> None:
    a, b, c, d, e, f = axial(spacing=2.0).affine_to(axial(4.0, 2.0))
    # The center of the first pixel, at 0 mm, is 4 mm left of and 2 mm above that of the other plane.
    assert (a * 0.5 + b * 0.5 + c, d * 0.5 + e * 0.5 + f) == pytest.approx((-3.5, -1.5))
    assert (a * 2.5 + b * 1.5 + c, d * 2.5 + e * 1.5 + f) == pytest.approx((0.5, 0.5))


def test_a_picture_is_laid_where_it_belongs() -> None:
    picture = np.full((2, 2), 200, np.uint8)
    moved, covered = resampled(picture, axial(3.0, 1.0), AXIAL, (5, 6), smooth=False)
    expected = np.zeros((5, 6), bool)
    expected[1:3, 3:5] = True
    assert (covered == expected).all()
    assert (moved == np.where(expected, 200, 0)).all()


def test_a_coarser_picture_is_spread() -> None:
    picture = np.array([[10, 20], [30, 40]], np.uint8)
    moved, covered = resampled(picture, axial(0.5, 0.5, spacing=2.0), AXIAL, (4, 4), smooth=False)
    assert covered.all()
    assert (moved == np.kron(picture, np.ones((2, 2), np.uint8))).all()


def test_without_planes_a_picture_is_stretched() -> None:
    picture = np.array([[10, 20]], np.uint8)
    moved, covered = resampled(picture, None, AXIAL, (2, 4), smooth=False)
    assert covered.all()
    assert moved.tolist() == [[10, 10, 20, 20]] * 2


def test_a_picture_of_the_same_size_is_the_same() -> None:
    picture = np.zeros((3, 4, 3), np.uint8)
    moved, covered = resampled(picture, None, None, (3, 4), smooth=True)
    assert moved is picture and covered.all()
