import numpy as np
import pytest
from volume_builders import frames_of, series

from dicomcore.errors import InvalidParameter, LimitExceeded
from dicomcore.volumes import Grid, Orientation, VolumeKind, VolumeOptions, grid_of
from dicomcore.volumes.views import MAX_PICTURES, MAX_SIDE, camera_of, curve_places, swivel_angles, views_of

LEFT, BACK, HEAD = np.eye(3)


def grid(shape: tuple[int, int, int] = (10, 20, 40), **choices: object) -> Grid:
    return grid_of(frames_of(series(np.zeros(shape, np.int16), **choices)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("orientation", "right", "down", "forward"),
    [
        (Orientation.FEET, LEFT, BACK, HEAD),
        (Orientation.HEAD, -LEFT, BACK, -HEAD),
        (Orientation.ANTERIOR, LEFT, -HEAD, BACK),
        (Orientation.POSTERIOR, -LEFT, -HEAD, -BACK),
        (Orientation.LEFT, BACK, -HEAD, -LEFT),
        (Orientation.RIGHT, -BACK, -HEAD, LEFT),
    ],
)
def test_pictures_lie_as_the_side_of_the_patient_demands(
    orientation: Orientation, right: object, down: object, forward: object
) -> None:
    camera = camera_of(grid(), VolumeOptions(orientation=orientation))
    assert camera.right == pytest.approx(right)
    assert camera.down == pytest.approx(down)
    assert camera.forward == pytest.approx(forward)


def test_by_default_a_section_is_seen_from_the_feet_and_a_volume_from_the_front() -> None:
    assert camera_of(grid(), VolumeOptions()).forward == pytest.approx(HEAD)
    assert camera_of(grid(), VolumeOptions(kind=VolumeKind.THREE_D)).forward == pytest.approx(BACK)


def test_a_section_along_the_slices_has_their_pixels() -> None:
    (view,) = views_of(grid(spacing=(0.5, 0.5), first=(3, 4, 5)), VolumeOptions())
    assert (view.rows, view.columns, view.pixel) == (20, 40, pytest.approx(0.5))
    assert view.origin[:2] == pytest.approx([3, 4])


def test_pixels_are_square_and_as_small_as_the_smallest_side_of_a_voxel() -> None:
    (view,) = views_of(grid(spacing=(1, 1), step=(0, 0, 2.5)), VolumeOptions(orientation=Orientation.ANTERIOR))
    assert (view.rows, view.columns, view.pixel) == (25, 40, pytest.approx(1))


def test_viewpoint_parameters_place_the_camera() -> None:
    camera = camera_of(grid(), VolumeOptions(position=(0, -100, 0), look_at=(1, 100, 3), up=(1, 0, 0)))
    assert camera.look_at == pytest.approx([1, 100, 3])
    assert camera.forward == pytest.approx(np.array([1, 200, 3]) / np.linalg.norm([1, 200, 3]))
    assert float(camera.down @ LEFT) < -0.99
    assert float(camera.right @ camera.down) == pytest.approx(0, abs=1e-12)


def test_what_is_up_by_itself_is_the_head_or_along_the_body_the_front() -> None:
    across = camera_of(grid(), VolumeOptions(position=(500, 10, 5)))
    assert float(across.down @ HEAD) < -0.9
    along = camera_of(grid(), VolumeOptions(position=(19.5, 9.5, -500)))
    assert along.down == pytest.approx(BACK)


def test_a_viewpoint_without_direction_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="viewpointposition"):
        camera_of(grid(), VolumeOptions(position=(1, 2, 3), look_at=(1, 2, 3)))
    with pytest.raises(InvalidParameter, match="viewpointup"):
        camera_of(grid(), VolumeOptions(position=(0, 0, 0), look_at=(0, 9, 0), up=(0, 1, 0)))


def test_a_full_turn_begins_at_the_initial_view() -> None:
    assert swivel_angles(VolumeOptions(swivel_range=360, step_size=90)) == [0, 90, 180, 270]


def test_a_swivel_has_the_initial_view_in_its_middle() -> None:
    assert swivel_angles(VolumeOptions(swivel_range=50, step_size=10)) == [-20, -10, 0, 10, 20]


def test_a_swivel_turns_about_what_is_up() -> None:
    options = VolumeOptions(kind=VolumeKind.THREE_D, swivel_range=360, step_size=90)
    views = views_of(grid(), options)
    assert views[1].camera.forward == pytest.approx(LEFT)
    assert views[1].camera.right == pytest.approx(-BACK)
    assert {tuple(view.camera.down) for view in views} == {(0, 0, -1)}
    assert len({(view.rows, view.columns, view.pixel) for view in views}) == 1


def test_along_a_curve_the_camera_looks_ahead() -> None:
    options = VolumeOptions(curve=((0, 0, 0), (0, 0, 4), (0, 6, 4)), step_size=2)
    views = views_of(grid(), options)
    assert [tuple(view.camera.look_at) for view in views] == [(0, 0, 0), (0, 0, 2), (0, 0, 4), (0, 2, 4), (0, 4, 4)]
    assert views[0].camera.forward == pytest.approx(HEAD)
    assert views[3].camera.forward == pytest.approx(BACK)


def test_along_a_curve_a_given_direction_is_kept() -> None:
    options = VolumeOptions(curve=((0, 0, 0), (0, 6, 4)), orientation=Orientation.ANTERIOR)
    assert all(view.camera.forward == pytest.approx(BACK) for view in views_of(grid(), options))


def test_a_still_picture_of_an_animation_is_the_initial_view() -> None:
    (turned,) = views_of(grid(), VolumeOptions(swivel_range=90), is_still=True)
    assert turned.camera.forward == pytest.approx(HEAD)
    (moved,) = views_of(grid(), VolumeOptions(curve=((0, 0, 1), (0, 9, 1))), is_still=True)
    assert tuple(moved.camera.look_at) == (0, 0, 1)


def test_animations_and_pictures_are_limited() -> None:
    with pytest.raises(LimitExceeded, match=str(MAX_PICTURES)):
        swivel_angles(VolumeOptions(swivel_range=360, step_size=0.01))
    with pytest.raises(LimitExceeded, match=str(MAX_PICTURES)):
        curve_places(VolumeOptions(curve=((0, 0, 0), (0, 0, 1e5)), step_size=0.01))
    (view,) = views_of(grid(spacing=(1, 0.01), step=(0, 0, 400)), VolumeOptions(orientation=Orientation.ANTERIOR))
    assert max(view.rows, view.columns) == MAX_SIDE


def test_a_curve_of_one_place_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="volumetriccurvepoint"):
        views_of(grid(), VolumeOptions(curve=((1, 1, 1), (1, 1, 1))))
