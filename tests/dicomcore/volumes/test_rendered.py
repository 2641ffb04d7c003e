import io
import pickle

import numpy as np
import pytest
from PIL import Image
from volume_builders import ball, enhanced_file, loaded, series

from dicomcore.errors import CorruptFrame, InvalidParameter, NotAcceptable
from dicomcore.rendering import Annotation, RenderingOptions, Viewport, Window
from dicomcore.volumes import (
    Orientation,
    RenderingMethod,
    VolumeKind,
    VolumeOptions,
    needed_frames,
    render_volume,
)
from dicomcore.volumes.rendered import affordable

PNG = RenderingOptions(media_type="image/png", window=Window(0, 2000))
# A ball to the left of, behind and below the middle, in voxels of 1 x 1 x 2 mm.
BALL = ball(24, (18, 15, 5), 4)
SERIES = loaded(series(BALL, first=(-11.5, -11.5, -23), step=(0, 0, 2)))
DEEP = VolumeOptions(kind=VolumeKind.THREE_D)


def picture(options: VolumeOptions, rendering: RenderingOptions = PNG, loaded_series: object = SERIES) -> np.ndarray:  # type: ignore[type-arg]
    frames, uids, descriptions = loaded_series  # type: ignore[misc]
    return np.asarray(Image.open(io.BytesIO(render_volume(frames, uids, descriptions, options, rendering))))


def middle(grey: np.ndarray) -> tuple[float, float]:  # type: ignore[type-arg]
    """Return where the ball is: right of and below the middle of the picture, in pixels."""
    rows, columns = np.nonzero(grey > 128)
    return columns.mean() - (grey.shape[1] - 1) / 2, rows.mean() - (grey.shape[0] - 1) / 2


@pytest.mark.parametrize(
    ("orientation", "look_at", "size", "right", "down"),
    [
        (Orientation.FEET, (0, 0, -13), (24, 24), 6.5, 3.5),
        (Orientation.HEAD, (0, 0, -13), (24, 24), -6.5, 3.5),
        (Orientation.ANTERIOR, (0, 3.5, 0), (48, 24), 6.5, 13),
        (Orientation.POSTERIOR, (0, 3.5, 0), (48, 24), -6.5, 13),
        (Orientation.LEFT, (6.5, 0, 0), (48, 24), 3.5, 13),
        (Orientation.RIGHT, (6.5, 0, 0), (48, 24), -3.5, 13),
    ],
)
def test_sections_show_the_ball_where_it_is_in_the_patient(
    orientation: Orientation, look_at: tuple[float, float, float], size: tuple[int, int], right: float, down: float
) -> None:
    found = picture(VolumeOptions(orientation=orientation, look_at=look_at))
    assert found.shape == size
    assert middle(found) == pytest.approx((right, down), abs=0.5)


@pytest.mark.parametrize("method", [RenderingMethod.MAXIMUM_IP, RenderingMethod.VOLUME_RENDERED])
def test_projections_show_the_ball_where_it_is_in_the_patient(method: RenderingMethod) -> None:
    found = picture(VolumeOptions(kind=VolumeKind.THREE_D, method=method, orientation=Orientation.ANTERIOR))
    grey = found if found.ndim == 2 else found.max(axis=2)
    assert found.shape[:2] == (48, 24)
    rows, columns = np.nonzero(grey > 60)
    assert columns.mean() - 11.5 == pytest.approx(6.5, abs=0.5)
    assert rows.mean() - 23.5 == pytest.approx(13, abs=0.7)


def test_a_section_along_the_slices_is_the_slice_itself() -> None:
    found = picture(VolumeOptions(look_at=(0, 0, -13)))
    assert (found == np.where(BALL[5] > 0, 255, 0)).all()


def test_frames_that_are_not_needed_may_be_empty() -> None:
    frames, uids, descriptions = SERIES
    options = VolumeOptions(orientation=Orientation.FEET)
    needed = needed_frames(descriptions, options, PNG)
    few = [frame if index in needed else b"" for index, frame in enumerate(frames)]
    assert render_volume(few, uids, descriptions, options, PNG) == render_volume(*SERIES, options, PNG)


def test_arguments_travel_to_worker_processes() -> None:
    sent = pickle.loads(pickle.dumps((*SERIES, VolumeOptions(), PNG)))
    assert render_volume(*sent) == render_volume(*SERIES, VolumeOptions(), PNG)


def test_an_enhanced_image_gives_the_picture_of_its_slices() -> None:
    voxels = BALL[:, :, :12]
    file = enhanced_file(voxels, [(0, 0, number) for number in range(24)], ["1"] * 24)
    (_, _, descriptions) = loaded([file])
    frames = [voxels[number].astype("<i2").tobytes() for number in range(24)]
    uids = ["1.2.840.10008.1.2.1"] * 24
    found = picture(VolumeOptions(look_at=(2.75, 23, 7)), PNG, (frames, uids, descriptions))
    # Rows are 2 mm apart, columns 0.5 mm: the picture has pixels of 0.5 mm.
    assert found.shape == (96, 12)
    assert (found[::4] == np.where(voxels[7] > 0, 255, 0)[0]).all(axis=1).any()


def test_the_viewport_scales_and_crops() -> None:
    assert picture(VolumeOptions(), RenderingOptions("image/png", viewport=Viewport(96, 96))).shape == (96, 96)


def test_without_a_window_that_of_the_images_is_taken() -> None:
    plain = loaded(series(BALL // 10))
    found = picture(VolumeOptions(look_at=(11.5, 11.5, 5)), RenderingOptions("image/png"), plain)
    assert set(np.unique(found)) == {0, 255}


def test_an_average_through_the_whole_volume_has_a_window_that_shows_something() -> None:
    options = VolumeOptions(kind=VolumeKind.THREE_D, method=RenderingMethod.AVERAGE_IP)
    found = picture(options, RenderingOptions("image/png"))
    assert (int(found.min()), int(found.max())) == (0, 255)


def test_a_swivel_is_an_animation() -> None:
    options = VolumeOptions(kind=VolumeKind.THREE_D, method=RenderingMethod.MAXIMUM_IP, swivel_range=360, step_size=90)
    data = render_volume(*SERIES, options, RenderingOptions("image/gif", window=Window(0, 2000)))
    moving = Image.open(io.BytesIO(data))
    places = []
    for number in range(4):
        moving.seek(number)
        places.append(middle(np.asarray(moving.convert("L")))[0])
    assert getattr(moving, "n_frames", 1) == 4
    # From the front, from the right, from behind, from the left.
    assert places == pytest.approx([6.5, -3.5, -6.5, 3.5], abs=0.6)


def test_the_pictures_of_an_animation_have_room_in_memory() -> None:
    assert affordable(Viewport(16_000, 500, 3, 4), 180) == Viewport(863, 500, 3, 4)
    assert affordable(Viewport(None, 200), 180) == Viewport(863, 200)
    assert affordable(None, 180) is None


def test_a_still_media_type_shows_the_initial_view_of_an_animation() -> None:
    assert (picture(VolumeOptions(swivel_range=90)) == picture(VolumeOptions())).all()


def test_annotations_are_written_on_the_picture() -> None:
    size = Viewport(400, 400)
    plain = picture(DEEP, RenderingOptions("image/png", viewport=size))
    noted = picture(DEEP, RenderingOptions("image/png", viewport=size, annotations=frozenset((Annotation.PATIENT,))))
    assert (plain != noted).any()


def test_a_volume_beside_the_view_is_a_black_picture() -> None:
    assert not picture(VolumeOptions(look_at=(0, 0, 500))).any()


def test_a_frame_that_does_not_decode_is_named() -> None:
    frames, uids, descriptions = SERIES
    with pytest.raises(CorruptFrame):
        render_volume([b"" for _ in frames], uids, descriptions, DEEP, PNG)


def test_what_is_no_volume_or_no_picture_is_refused() -> None:
    frames, uids, descriptions = SERIES
    with pytest.raises(InvalidParameter, match="volume"):
        render_volume(frames[:1], uids[:1], descriptions[:1], DEEP, PNG)
    with pytest.raises(NotAcceptable):
        render_volume(*SERIES, DEEP, RenderingOptions("text/plain"))


def test_inverse_images_stay_inverse_and_what_lies_outside_black() -> None:
    inverse = loaded(series(BALL, PhotometricInterpretation="MONOCHROME1"))
    found = picture(VolumeOptions(look_at=(15.5, 11.5, 5)), PNG, inverse)
    assert (found[:, :20] == np.where(BALL[5] > 0, 0, 255)[:, 4:]).all()
    assert not found[:, 20:].any()
