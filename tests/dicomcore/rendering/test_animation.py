import io

import numpy as np
import pytest
from PIL import Image

from dicomcore.errors import NotAcceptable
from dicomcore.rendering.animation import MOVING_MEDIA_TYPES, animated_media_types, can_write, write_animation
from dicomcore.rendering.options import RenderingOptions

Y, X = np.mgrid[:40, :52]
GREY = [((X + Y) * 2 + 12 * number).astype(np.uint8) for number in range(5)]
COLOUR = [np.stack((one, one[::-1], one[:, ::-1]), axis=-1) for one in GREY]


def options(media_type: str) -> RenderingOptions:
    return RenderingOptions(media_type=media_type)


@pytest.mark.parametrize("pictures", [GREY, COLOUR], ids=["grey", "colour"])
@pytest.mark.parametrize("media_type", ["image/gif", "image/webp"])
def test_frames_are_shown_one_after_the_other_without_end(media_type: str, pictures: list[np.ndarray]) -> None:
    image = Image.open(io.BytesIO(write_animation(iter(pictures), [40, 60, 80, 100, 120], options(media_type))))
    durations = []
    for number, picture in enumerate(pictures):
        image.seek(number)
        image.load()
        durations.append(image.info["duration"])
        shown = np.asarray(image.convert("RGB")).astype(int)
        assert np.abs(shown - (picture if picture.ndim == 3 else picture[..., None])).mean() < 12
    assert durations == [40, 60, 80, 100, 120]
    assert image.n_frames == 5
    assert image.info["loop"] == 0


def test_one_time_is_that_of_all_frames() -> None:
    image = Image.open(io.BytesIO(write_animation(GREY, 50.0, options("image/gif"))))
    assert image.info["duration"] == 50


def test_gif_is_not_faster_than_players_are() -> None:
    image = Image.open(io.BytesIO(write_animation(GREY, 1.0, options("image/gif"))))
    assert image.info["duration"] == 20


def test_one_frame_is_an_animation_too() -> None:
    assert write_animation(GREY[:1], 50.0, options("image/gif")).startswith(b"GIF89a")


def test_frames_that_are_alike_all_count() -> None:
    image = Image.open(io.BytesIO(write_animation([GREY[0]] * 3, 50.0, options("image/webp"))))
    assert image.info.get("duration", 150) in (50, 150)


def test_mp4_is_written_where_its_library_is_installed() -> None:
    assert write_animation(GREY, 40.0, options("video/mp4"))[4:8] == b"ftyp"


def test_a_video_that_cannot_be_is_refused() -> None:
    with pytest.raises(NotAcceptable):
        write_animation([np.zeros((1, 20_000), np.uint8)], 40.0, options("video/mp4"))


def test_a_media_type_that_does_not_move_is_refused_with_those_that_do() -> None:
    with pytest.raises(NotAcceptable) as caught:
        write_animation(GREY, 40.0, options("image/png"))
    assert caught.value.available == animated_media_types() == MOVING_MEDIA_TYPES


def test_what_can_be_written() -> None:
    assert all(map(can_write, ("image/jpeg", "image/gif", "image/webp", "video/mp4")))
    assert not can_write("video/mpeg")
