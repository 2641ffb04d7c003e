import numpy as np
import pytest
from volume_builders import ball

from dicomcore.rendering import Window
from dicomcore.volumes.compositing import ray_step, render_in_color
from dicomcore.volumes.transfer import ct_transfer, window_transfer
from dicomcore.volumes.views import Camera, View
from dicomcore.volumes.volume import Volume

LEFT, BACK, HEAD = np.eye(3)


def front(rows: int = 24, columns: int = 24) -> View:
    return View(Camera(np.array([11.5, 11.5, 11.5]), LEFT, -HEAD, BACK), 1.0, rows, columns)


def behind(rows: int = 24, columns: int = 24) -> View:
    return View(Camera(np.array([11.5, 11.5, 11.5]), -LEFT, -HEAD, -BACK), 1.0, rows, columns)


def test_a_ball_of_bone_is_bright_on_black_at_its_place() -> None:
    volume = Volume(ball(24, (16, 12, 6), 4), np.eye(4))
    picture = render_in_color(volume, front(), ct_transfer(1.0))
    assert picture.shape == (24, 24, 3)
    rows, columns = np.nonzero(picture.max(axis=2) > 60)
    assert columns.mean() == pytest.approx(16, abs=0.5)
    assert rows.mean() == pytest.approx(23 - 6, abs=0.5)
    assert picture[0, 0].tolist() == [0, 0, 0]


def test_what_is_nearer_hides_what_is_behind_it() -> None:
    voxels = np.full((24, 24, 24), -1000, np.int16)
    voxels[:, 4:8, :], voxels[:, 14:18, :] = 200, 1500
    volume = Volume(voxels, np.eye(4))
    from_front = render_in_color(volume, front(), ct_transfer(1.0))[12, 12].astype(int)
    from_behind = render_in_color(volume, behind(), ct_transfer(1.0))[12, 12].astype(int)
    assert from_front[0] - from_front[2] > 20 + from_behind[0] - from_behind[2]


def test_a_surface_is_brightest_where_it_faces_the_viewer() -> None:
    volume = Volume(ball(24, (11.5, 11.5, 11.5), 9), np.eye(4))
    grey = render_in_color(volume, front(), ct_transfer(1.0)).mean(axis=2)
    assert grey[11:13, 11:13].mean() > grey[11:13, 18:20].mean() + 15


def test_the_picture_is_the_same_from_opposite_sides_of_what_is_symmetric() -> None:
    volume = Volume(ball(24, (11.5, 11.5, 11.5), 7), np.eye(4))
    one = render_in_color(volume, front(), ct_transfer(1.0)).astype(int)
    other = render_in_color(volume, behind(), ct_transfer(1.0)).astype(int)
    assert np.abs(one - other).max() <= 2


def test_samples_are_as_far_apart_as_planes_along_the_ray() -> None:
    volume = Volume(np.zeros((4, 4, 4), np.int16), np.diag([1.0, 3.0, 1.0, 1.0]))
    assert ray_step(volume, front()) == pytest.approx(3)


def test_a_volume_without_anything_solid_is_black() -> None:
    volume = Volume(np.full((4, 4, 4), -1000, np.int16), np.eye(4))
    assert not render_in_color(volume, front(), ct_transfer(1.0)).any()


@pytest.mark.parametrize(
    "window", [Window(1e99, 1e99), Window(0, 1e99), Window(-1e99, 1), Window(1e30, 1), Window(0, 1e-99)]
)
def test_a_window_far_from_all_values_still_makes_a_picture(window: Window) -> None:
    volume = Volume(ball(24, (16, 12, 6), 4), np.eye(4))
    assert render_in_color(volume, front(), window_transfer(window, 1.0)).shape == (24, 24, 3)


def test_values_without_measure_still_make_a_picture() -> None:
    voxels = np.zeros((8, 8, 8), np.float32)
    voxels[2, 2, 2], voxels[3, 3, 3], voxels[4, 4, 4] = np.finfo(np.float32).max, np.finfo(np.float32).min, np.nan
    volume = Volume(voxels, np.eye(4))
    assert render_in_color(volume, front(), window_transfer(Window(0, 1e-99), 1.0)).shape == (24, 24, 3)
