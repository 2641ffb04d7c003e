from __future__ import annotations

import sys
from fractions import Fraction
from io import BytesIO

import av
import numpy as np
import pytest
from images import image_format

from dicomcore.data import read_image_header
from dicomcore.errors import CodecUnavailable
from dicomcore.pixels.codecs.video import encode_mp4, is_available, video_frames

ROOT = "1.2.840.10008.1.2.4."
FORM = image_format((48, 64, 3), 8, photometric_interpretation="YBR_PARTIAL_420")
COLORS = [(number * 4 % 256, 250 - number * 4 % 256, 90) for number in range(70)]


def pictures(rows: int = 48, columns: int = 64):
    return (np.full((rows, columns, 3), color, np.uint8) for color in COLORS)


def stream(codec: str, container: str) -> bytes:
    """The pictures as another program would write them."""
    target = BytesIO()
    with av.open(target, "w", format=container) as output:
        video = output.add_stream(codec, rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        video.options = {"crf": "10", "x265-params": "log-level=none"} if codec != "mpeg2video" else {"b": "4000000"}
        for number, picture in enumerate(pictures()):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
    return target.getvalue()


def shown(encoded: bytes, numbers: list[int], uid: str = ROOT + "102") -> list[list[int]]:
    return [frame.pixels[20, 30].tolist() for frame in video_frames(encoded, FORM, numbers, uid)]


def test_pyav_is_there() -> None:
    assert is_available()


def test_without_pyav_there_is_no_codec(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded = encode_mp4(pictures(), 40)
    monkeypatch.setitem(sys.modules, "av", None)  # as if it were not installed
    assert not is_available()
    with pytest.raises(CodecUnavailable):
        encode_mp4(pictures(), 40)
    with pytest.raises(CodecUnavailable):
        shown(encoded, [1])


@pytest.mark.parametrize(
    ("codec", "container", "last"),
    [
        ("libx264", "mp4", "102"),
        ("libx265", "mp4", "107"),
        ("mpeg2video", "mpeg2video", "100"),
        ("mpeg2video", "vob", "101"),
        ("mpeg2video", "mpegts", "101"),
        ("libx264", "h264", "102"),
        ("libx265", "hevc", "107"),
    ],
)
def test_any_frame_of_any_stream_is_found(codec: str, container: str, last: str) -> None:
    wanted = [1, 2, 3, 35, 69, 70]
    found = shown(stream(codec, container), wanted, ROOT + last)
    assert np.abs(np.subtract(found, [COLORS[number - 1] for number in wanted])).max() <= 4


def test_frames_come_in_ascending_order_and_once() -> None:
    encoded = encode_mp4(pictures(), 40)
    assert shown(encoded, [50, 3, 50]) == shown(encoded, [3]) + shown(encoded, [50])


def test_frames_are_rgb() -> None:
    (frame,) = video_frames(encode_mp4(pictures(), 40), FORM, [5], ROOT + "102")
    assert (frame.photometric_interpretation, frame.pixels.dtype, frame.pixels.shape) == ("RGB", np.uint8, (48, 64, 3))


def test_no_frame_wanted_is_no_frame() -> None:
    assert shown(b"not even looked at", []) == []


@pytest.mark.parametrize("number", [0, -1, 71, 2_000_000])
def test_frames_that_are_not_there_are_refused(number: int) -> None:
    with pytest.raises(ValueError):
        shown(encode_mp4(pictures(), 40), [number])


def test_a_video_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="50 rows of 64"):
        shown(encode_mp4(pictures(50, 64), 40), [1])


@pytest.mark.parametrize("length", [0, 4, 30, 900])
def test_streams_that_are_cut_off_are_refused(length: int) -> None:
    with pytest.raises(ValueError):
        shown(encode_mp4(pictures(), 40)[:length], [70])


def test_a_list_of_addresses_is_no_video() -> None:
    with pytest.raises(ValueError, match="no video stream"):
        shown(b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/secret.ts\n", [1])


def test_what_is_encoded_is_h264_that_starts_with_its_directory() -> None:
    encoded = encode_mp4(pictures(), 40)
    header = read_image_header(encoded)
    assert (header.rows, header.columns, header.number_of_frames, header.frame_time) == (48, 64, 70, 40.0)
    assert header.transfer_syntax_uid == ROOT + "102"
    assert encoded.index(b"moov") < encoded.index(b"mdat")


def test_grey_stays_grey_from_black_to_white() -> None:
    levels = [0, 64, 128, 200, 255]
    encoded = encode_mp4((np.full((48, 64), level, np.uint8) for level in levels), 100)
    assert np.abs(np.subtract(shown(encoded, [1, 2, 3, 4, 5]), np.repeat(levels, 3).reshape(5, 3))).max() <= 2


def test_odd_sizes_grow_by_a_row_and_a_column() -> None:
    encoded = encode_mp4(pictures(47, 63), 40)
    header = read_image_header(encoded)
    assert (header.rows, header.columns) == (48, 64)
    assert shown(encoded, [70])[0] == pytest.approx(COLORS[69], abs=4)


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        [np.zeros((4, 4), np.uint8), np.zeros((4, 6), np.uint8)],
        [np.zeros((9000, 2), np.uint8)],
    ],
    ids=["none", "different sizes", "too large"],
)
def test_what_cannot_be_a_video_is_refused(wrong: list[np.ndarray]) -> None:
    with pytest.raises(ValueError):
        encode_mp4(wrong, 40)


@pytest.mark.parametrize("milliseconds", [0, -5, float("nan"), 1e9])
def test_pictures_have_to_be_shown_for_a_while(milliseconds: float) -> None:
    with pytest.raises(ValueError):
        encode_mp4(pictures(), milliseconds)
