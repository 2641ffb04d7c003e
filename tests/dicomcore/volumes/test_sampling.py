import math

import numpy as np
import pytest

from dicomcore.volumes.sampling import sections, trilinear
from dicomcore.volumes.views import Camera, View
from dicomcore.volumes.volume import Volume

LEFT, BACK, HEAD = np.eye(3)
# At voxel (column, row, layer) the value is 100 layer + 10 row + column: linear, so that interpolation is exact.
RAMP = np.fromfunction(lambda layer, row, column: 100 * layer + 10 * row + column, (4, 5, 6)).astype(np.int16)
RAMP_VOLUME = Volume(RAMP, np.diag([1.0, 1.0, 2.0, 1.0]))
NO_DEPTH = np.zeros(1)


def view(look_at: object, right: object, down: object, rows: int, columns: int, pixel: float = 1.0) -> View:
    axes = np.array([right, down], np.float64)
    return View(
        Camera(np.array(look_at, np.float64), axes[0], axes[1], np.cross(axes[0], axes[1])), pixel, rows, columns
    )


def one_by_one(
    voxels: np.ndarray[tuple[int, ...], np.dtype[np.int16]], layer: float, row: float, column: float
) -> float:
    total = 0.0
    for corner in range(8):
        weight, index = 1.0, []
        for axis, place in enumerate((layer, row, column)):
            place = min(max(place, 0.0), voxels.shape[axis] - 1.0)
            before = math.floor(place)
            is_after = corner >> axis & 1
            weight *= (place - before) if is_after else 1 - (place - before)
            index.append(min(before + is_after, voxels.shape[axis] - 1))
        total += weight * float(voxels[tuple(index)])
    return total


def test_trilinear_interpolation_equals_that_of_each_place_by_itself() -> None:
    random = np.random.default_rng(7)
    voxels = random.integers(-1000, 1000, (4, 5, 6)).astype(np.int16)
    places = random.uniform(-0.5, [[3.5], [4.5], [5.5]], (3, 200))
    expected = [one_by_one(voxels, *map(float, place)) for place in places.T]
    assert trilinear(voxels, *places) == pytest.approx(expected, abs=1e-2)


def test_half_a_voxel_around_the_outermost_centers_belongs_to_the_volume() -> None:
    column = np.array([-0.6, -0.5, 5.5, 5.6])
    found = trilinear(RAMP, np.zeros(4), np.zeros(4), column)
    assert np.isnan(found).tolist() == [True, False, False, True]
    assert found[1:3].tolist() == pytest.approx([0, 5], abs=1e-3)


def test_a_section_through_voxel_centers_is_a_slice_of_the_array() -> None:
    (found,) = sections(RAMP_VOLUME, view((2.5, 2, 4), LEFT, BACK, 5, 6), NO_DEPTH)
    assert (found == RAMP[2]).all()


def test_a_section_between_slices_is_interpolated() -> None:
    (found,) = sections(RAMP_VOLUME, view((2.5, 2, 4.5), LEFT, BACK, 5, 6), NO_DEPTH)
    assert found == pytest.approx(RAMP[2] + 25.0)


def test_a_section_across_slices_has_square_pixels_and_the_direction_of_the_view() -> None:
    (found,) = sections(RAMP_VOLUME, view((2.5, 1, 3), LEFT, -HEAD, 7, 6), NO_DEPTH)
    assert found == pytest.approx(np.array([[10 + column + 50 * (6 - row) for column in range(6)] for row in range(7)]))


def test_where_there_is_no_volume_there_is_no_number() -> None:
    (found,) = sections(RAMP_VOLUME, view((2.5, 2, 4), LEFT, BACK, 9, 6), NO_DEPTH)
    assert np.isnan(found[:, 0]).tolist() == [True, True, *[False] * 5, True, True]
    (found,) = sections(RAMP_VOLUME, view((2.5, 2, 40), LEFT, BACK, 5, 6), NO_DEPTH)
    assert np.isnan(found).all()


def test_an_oblique_section_of_a_ramp_is_the_ramp() -> None:
    right, down = np.array([0.8, 0.6, 0.0]), np.array([0.0, 0.0, 1.0])
    plane = view((2.5, 2, 3), right, down, 7, 7, 0.5)
    (found,) = sections(RAMP_VOLUME, plane, np.array([0.25]))
    for row, column in ((0, 0), (3, 3), (6, 5)):
        x, y, z = plane.origin + 0.5 * column * right + 0.5 * row * down + 0.25 * plane.camera.forward
        assert found[row, column] == pytest.approx(x + 10 * y + 50 * z, abs=1e-3)


def test_depth_runs_along_the_line_of_sight() -> None:
    found = [
        one[0, 0] for one in sections(RAMP_VOLUME, view((2.5, 2, 2), LEFT, BACK, 5, 6), np.array([-1.0, 0.0, 2.0]))
    ]
    assert found == pytest.approx([50, 100, 200])


def test_a_sheared_volume_is_seen_in_its_true_shape() -> None:
    affine = np.eye(4)
    affine[:3, 2] = [0, 1, 1]
    (found,) = sections(Volume(RAMP, affine), view((2.5, 4, 3), LEFT, BACK, 5, 6), NO_DEPTH)
    assert found[1:] == pytest.approx(RAMP[3][:4].astype(float))
    assert np.isnan(found[0]).all()
