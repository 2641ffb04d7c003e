from io import BytesIO

import numpy
import pytest
from PIL import Image

from dicomcore.errors import CorruptFrame, LimitExceeded
from dicomcore.pixels import ImagePixel, PixelFormat
from dicomcore.pixels.codecs.video import encode_mp4
from dicomcore.rendering import FrameDescription, RenderingOptions, Viewport, render_video_frame

H264 = "1.2.840.10008.1.2.4.102"
GREYS = (40, 120, 200)


def described(rows: int = 64, columns: int = 96) -> FrameDescription:
    image = ImagePixel(rows, columns, 3, 8, 0, False)
    return FrameDescription(PixelFormat(image, "YBR_PARTIAL_420", bits_stored=8, high_bit=7))


def stream() -> bytes:
    return encode_mp4((numpy.full((64, 96, 3), grey, numpy.uint8) for grey in GREYS), 40)


@pytest.mark.parametrize(("number", "grey"), list(enumerate(GREYS, 1)))
def test_a_frame_of_a_video_is_shown(number: int, grey: int) -> None:
    made = render_video_frame(stream(), H264, number, described(), RenderingOptions("image/png"))
    shown = numpy.asarray(Image.open(BytesIO(made)))
    assert shown.shape == (64, 96, 3)
    assert abs(int(shown.mean()) - grey) <= 3


def test_it_is_placed_as_any_frame_is() -> None:
    options = RenderingOptions("image/png", viewport=Viewport(48, 48))
    assert Image.open(BytesIO(render_video_frame(stream(), H264, 1, described(), options))).size == (48, 32)


@pytest.mark.parametrize(
    ("content", "number"), [(b"no stream at all", 1), (b"", 1), (stream(), 4), (stream()[:300], 1)]
)
def test_a_video_that_is_broken_or_ends_before_the_frame_is_corrupt(content: bytes, number: int) -> None:
    with pytest.raises(CorruptFrame) as caught:
        render_video_frame(content, H264, number, described(), RenderingOptions())
    assert caught.value.frame_number == number


def test_pictures_of_another_size_than_described_are_corrupt() -> None:
    with pytest.raises(CorruptFrame):
        render_video_frame(stream(), H264, 1, described(32, 32), RenderingOptions())


def test_pictures_that_would_be_too_large_are_refused_before_anything_is_decoded() -> None:
    with pytest.raises(LimitExceeded):
        render_video_frame(stream(), H264, 1, described(60_000, 60_000), RenderingOptions())
