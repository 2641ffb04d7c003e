import numpy as np
import pytest

from dicomcore.volumes.shearing import place_of, planes_of, shear_of, shifted, warped, warped_mask
from dicomcore.volumes.views import Camera, View
from dicomcore.volumes.volume import Volume

VOXELS = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6)
VOLUME = Volume(VOXELS, np.diag([1.0, 1.0, 2.0, 1.0]))


def towards(forward: object, rows: int = 5, columns: int = 6) -> View:
    direction = np.array(forward, np.float64) / np.linalg.norm(np.array(forward, np.float64))
    right = np.cross([0.0, 1.0, 0.0], direction)
    right /= np.linalg.norm(right)
    return View(Camera(np.array([2.5, 2.0, 3.0]), right, np.cross(direction, right), direction), 1.0, rows, columns)


def test_rays_along_an_axis_shear_nothing() -> None:
    shear = shear_of(VOLUME, towards((0, 0, 1)))
    assert shear.order == (0, 1, 2)
    assert not shear.offsets.any()
    assert shear.step == pytest.approx(2)
    assert list(shear.nearest_first) == [0, 1, 2, 3]


def test_from_behind_the_last_plane_is_the_nearest() -> None:
    assert list(shear_of(VOLUME, towards((0, 0, -1))).nearest_first) == [3, 2, 1, 0]


def test_planes_move_so_that_the_voxels_of_a_ray_meet() -> None:
    shear = shear_of(VOLUME, towards((0.5, 0, 2)))
    # From plane to plane (2 mm) the ray goes half a voxel to the left: the planes are put half a voxel to the right.
    assert np.diff(shear.offsets, axis=0) == pytest.approx(np.tile([0, -0.5], (3, 1)))
    assert shear.offsets.min() >= 0
    assert place_of(shear, 0)[0][1] + place_of(shear, 0)[1][1] == pytest.approx(shear.offsets[0][1])


def test_planes_come_in_order_and_contiguous() -> None:
    shear = shear_of(VOLUME, towards((1, 0, 0)))
    planes = dict(planes_of(VOLUME, shear))
    assert list(planes) == [0, 1, 2, 3, 4, 5]
    assert all(plane.flags.c_contiguous and (plane == VOXELS[:, :, number]).all() for number, plane in planes.items())


def test_a_shift_interpolates_and_continues_the_edges() -> None:
    values = np.array([[0, 10, 20]], np.float32)
    assert shifted(values, (0, 0.25)).tolist() == [[0, 7.5, 17.5]]
    assert shifted(values, (0, -0.5)).tolist() == [[5, 15, 20]]
    assert shifted(values, (0.3, 0)).tolist() == values.tolist()


def test_a_picture_that_is_not_sheared_is_warped_to_itself() -> None:
    view = towards((0, 0, 1))
    shear = shear_of(VOLUME, view)
    picture = np.pad(VOXELS[0].astype(np.float32), ((0, 1), (0, 1)))
    assert (warped(picture, VOLUME, view, shear) == VOXELS[0]).all()


def test_the_same_point_of_every_plane_comes_to_the_same_place() -> None:
    view = towards((0.4, 0.2, 1), 15, 15)
    shear = shear_of(VOLUME, view)
    found = []
    for plane in range(4):
        picture = np.zeros(shear.shape, np.float32)
        # Where the ray through the middle of the view meets this plane.
        point = view.camera.look_at + (2 * plane - 3) / view.camera.forward[2] * view.camera.forward
        row, column = shear.offsets[plane] + [point[1], point[0]]
        below, right = row % 1, column % 1
        picture[int(row) : int(row) + 2, int(column) : int(column) + 2] = np.outer(
            [1 - below, below], [1 - right, right]
        )
        found.append(warped(picture, VOLUME, view, shear)[7, 7])
    assert found == pytest.approx([found[0]] * 4, abs=1e-5)
    assert found[0] > 0.2


def test_a_mask_is_warped_to_the_nearest_pixel() -> None:
    view = towards((0, 0, 1), 7, 8)
    shear = shear_of(VOLUME, view)
    mask = np.zeros(shear.shape, np.bool_)
    mask[:5, :6] = True
    found = warped_mask(mask, VOLUME, view, shear)
    assert found.sum() == 5 * 6
    assert found[1:-1, 1:-1].all()
