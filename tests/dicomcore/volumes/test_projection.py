import numpy as np
import pytest
from volume_builders import ball

from dicomcore.volumes import RenderingMethod
from dicomcore.volumes.projection import project
from dicomcore.volumes.views import Camera, View
from dicomcore.volumes.volume import Volume

VOXELS = np.random.default_rng(3).integers(-1000, 3000, (6, 7, 8)).astype(np.int16)
VOLUME = Volume(VOXELS, np.eye(4))
LEFT, BACK, HEAD = np.eye(3)


def view(look_at: object, right: object, down: object, rows: int, columns: int) -> View:
    axes = np.array([right, down], np.float64)
    axes /= np.linalg.norm(axes, axis=1)[:, np.newaxis]
    return View(Camera(np.array(look_at, np.float64), axes[0], axes[1], np.cross(axes[0], axes[1])), 1.0, rows, columns)


@pytest.mark.parametrize(
    ("method", "reduce"),
    [
        (RenderingMethod.MAXIMUM_IP, np.max),
        (RenderingMethod.MINIMUM_IP, np.min),
        (RenderingMethod.AVERAGE_IP, np.mean),
    ],
)
def test_along_an_axis_a_projection_is_that_of_the_array(method: RenderingMethod, reduce: object) -> None:
    found = project(VOLUME, view((3.5, 3, 2.5), LEFT, BACK, 7, 8), method)
    assert found == pytest.approx(reduce(VOXELS, axis=0), abs=0.1)  # type: ignore[operator]
    found = project(VOLUME, view((3.5, 3, 2.5), LEFT, -HEAD, 6, 8), method)
    assert found == pytest.approx(reduce(VOXELS, axis=1)[::-1], abs=0.1)  # type: ignore[operator]
    found = project(VOLUME, view((3.5, 3, 2.5), BACK, -HEAD, 6, 7), method)
    assert found == pytest.approx(reduce(VOXELS, axis=2)[::-1], abs=0.1)  # type: ignore[operator]


def test_where_no_ray_meets_the_volume_there_is_no_number() -> None:
    found = project(VOLUME, view((3.5, 3, 2.5), LEFT, BACK, 11, 10), RenderingMethod.MAXIMUM_IP)
    assert np.isnan(found).sum() == 11 * 10 - 7 * 8
    assert found[2:-2, 1:-1] == pytest.approx(VOXELS.max(axis=0))


@pytest.mark.parametrize("direction", [(1, 0, 0.3), (0.2, 1, -0.7), (0.5, -0.4, 1), (-1, 1, 1)])
def test_from_any_side_a_ball_is_a_disc_at_its_place(direction: tuple[float, float, float]) -> None:
    affine = np.diag([1.0, 1.0, 1.0, 1.0])
    affine[:3, 3] = [-12, -12, -12]
    volume = Volume(ball(25, (14, 9, 13), 6, 1000, 0), affine)
    forward = np.array(direction) / np.linalg.norm(direction)
    right = np.cross(forward, HEAD)
    right /= np.linalg.norm(right)
    plane = view((0, 0, 0), right, np.cross(forward, right), 41, 41)
    found = np.nan_to_num(project(volume, plane, RenderingMethod.MAXIMUM_IP))
    rows, columns = np.nonzero(found > 500)
    center = np.array([2, -3, 1])
    assert columns.mean() - 20 == pytest.approx(center @ plane.camera.right, abs=0.25)
    assert rows.mean() - 20 == pytest.approx(center @ plane.camera.down, abs=0.25)
    assert np.sqrt(len(rows) / np.pi) == pytest.approx(6.0, abs=0.5)


def test_an_average_along_oblique_rays_keeps_a_constant() -> None:
    volume = Volume(np.full((6, 7, 8), 55, np.int16), np.eye(4))
    found = project(volume, view((3.5, 3, 2.5), (1, 0, -0.3), (0, 1, 0), 11, 11), RenderingMethod.AVERAGE_IP)
    assert found[~np.isnan(found)] == pytest.approx(55)
    assert found[5, 5] == pytest.approx(55)
