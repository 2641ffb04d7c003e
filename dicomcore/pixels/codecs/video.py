"""Video (PS3.5 §8.2.5 to §8.2.12): pictures out of MPEG-2, H.264 and HEVC, and pictures into MP4, by PyAV.

PyAV is optional: without it all of this raises `CodecUnavailable`. A stream is all frames of an image together, and
is decoded from the next picture before the wanted one that stands on its own. Interlaced pictures stay as they are.

What a stream is follows from its first bytes and its transfer syntax and is never guessed by the library, some of whose
formats are lists of addresses of other streams.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from importlib.util import find_spec
from io import BytesIO
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dicomcore.data import Buffer
from dicomcore.errors import CodecUnavailable
from dicomcore.pixels.codecs.fast_start import with_fast_start
from dicomcore.pixels.pixel_format import Decoded, PixelFormat

MAX_FRAME_NUMBER = 1_000_000

_ROOT = "1.2.840.10008.1.2.4."
_H264 = f"{_ROOT}102"
_HEVC = frozenset((f"{_ROOT}107", f"{_ROOT}108"))
_MP4 = "mov"
_MAGIC = (
    (4, b"ftyp", _MP4),
    (0, b"\0\0\1\xba", "mpeg"),
    (0, b"\0\0\1\xb3", "mpegvideo"),
    (0, b"\x47", "mpegts"),
)
_NO_PROTOCOLS = {"protocol_whitelist": "none"}
_HIGH_DEFINITION = 720
_BT_709 = 1
_LIMITED = 1
_LARGEST_SIDE = 8_192
# Nearly without visible loss; a picture that stands on its own every 30, so that one can jump.
_GROUP = 30
_OPTIONS = {"crf": "18", "preset": "veryfast", "g": str(_GROUP)}


def is_available() -> bool:
    """Say whether PyAV is installed."""
    return find_spec("av") is not None


def video_frames(
    stream: Buffer, form: PixelFormat, numbers: Iterable[int], transfer_syntax_uid: str
) -> Iterator[Decoded]:
    """Yield frames (from 1) of a whole stream as RGB, each number once and in ascending order.

    Raises:
        CodecUnavailable: PyAV is not installed.
        ValueError: the stream is broken, has other pictures than the data set says, or fewer.
    """
    wanted = sorted(set(numbers))
    if not wanted:
        return
    if not 1 <= wanted[0] <= wanted[-1] <= MAX_FRAME_NUMBER:
        raise ValueError("a frame number beyond all videos")
    library = _library(transfer_syntax_uid)
    kind = _kind(stream, transfer_syntax_uid)
    with _translated(library), library.open(BytesIO(stream), format=kind, options=_NO_PROTOCOLS) as container:
        for picture in _pictures(container, form, wanted, is_seekable=kind == _MP4):
            _check(picture, form)
            yield Decoded(_rgb(library, picture, form), "RGB")


def encode_mp4(pictures: Iterable[NDArray[np.uint8]], milliseconds: float) -> bytes:
    """Encode pictures of the same size, (rows, columns) or (rows, columns, 3), as H.264 in an MP4 file.

    Each is shown for ``milliseconds``. An odd last row or column is repeated, because chroma has half of them; the file
    starts with its directory, so that it plays while it loads.

    Raises:
        CodecUnavailable: PyAV is not installed.
        ValueError: there is no picture, they differ in size, or are too large or too fast.
    """
    library = _library(_H264)
    if not 1 <= milliseconds <= 3_600_000:
        raise ValueError(f"{milliseconds} ms for a picture")
    target = BytesIO()
    with _translated(library), library.open(target, "w", format="mp4") as container:
        stream: Any = None
        shape: tuple[int, ...] = ()
        for number, picture in enumerate(map(_even, pictures)):
            if stream is None:
                stream, shape = _video_stream(container, picture, milliseconds), picture.shape
            if picture.shape != shape:
                raise ValueError("pictures of different size in one video")
            container.mux(stream.encode(_yuv(library, picture, number)))
        if stream is None:
            raise ValueError("a video without pictures")
        container.mux(stream.encode(None))
    return with_fast_start(target.getvalue())


def _library(transfer_syntax_uid: str) -> Any:
    try:
        import av
        import av.video.reformatter
    except ImportError as error:
        raise CodecUnavailable(transfer_syntax_uid) from error
    return av


@contextmanager
def _translated(library: Any) -> Iterator[None]:
    """Make every error of FFmpeg a ValueError; not all of its classes are one."""
    try:
        yield
    except library.FFmpegError as error:
        raise ValueError(str(error)) from error


def _kind(stream: Buffer, transfer_syntax_uid: str) -> str:
    start = bytes(memoryview(stream)[:8])
    found = next((kind for offset, magic, kind in _MAGIC if start.startswith(magic, offset)), None)
    if found is None and start.startswith((b"\0\0\1", b"\0\0\0\1")):
        found = "hevc" if transfer_syntax_uid in _HEVC else "h264"
    if found is None:
        raise ValueError("no video stream of a known kind")
    return found


def _pictures(container: Any, form: PixelFormat, wanted: list[int], *, is_seekable: bool) -> Iterator[Any]:
    """Yield the wanted pictures; a stream that says another size than the data set is not decoded at all."""
    if not container.streams.video:
        raise ValueError("a stream without video")
    stream = container.streams.video[0]
    if stream.codec_context is None:
        raise ValueError("a video that is encoded in an unknown way")
    stream.codec_context.thread_count = 1
    _check(stream.codec_context, form)
    times = _times(container, stream) if is_seekable else []
    pick = _by_time(container, stream, times, wanted) if times else _by_counting(container, stream, wanted)
    found = 0
    for picture in pick:
        found += 1
        yield picture
    if found < len(wanted):
        raise ValueError(f"the video has no frame {wanted[found]}")


def _times(container: Any, stream: Any) -> list[int]:
    """Return when each picture is shown, in order; empty if the stream does not say it of all."""
    times = [packet.pts for packet in islice(container.demux(stream), MAX_FRAME_NUMBER) if packet.size]
    container.seek(0, stream=stream)
    return [] if None in times or len(set(times)) < len(times) else sorted(times)


def _by_time(container: Any, stream: Any, times: list[int], wanted: list[int]) -> Iterator[Any]:
    """Jump to each picture that is not soon after the last one."""
    last = -1
    decoding: Iterator[Any] = iter(())
    for number in wanted:
        if number > len(times):
            return
        time = times[number - 1]
        if last < 0 or number - last > _GROUP:
            container.seek(time, stream=stream)
            decoding = container.decode(stream)
        last = number
        picture = next((one for one in decoding if one.pts is not None and one.pts >= time), None)
        if picture is None:
            return
        yield picture


def _by_counting(container: Any, stream: Any, wanted: list[int]) -> Iterator[Any]:
    rest = iter(wanted)
    number = next(rest, None)
    for count, picture in enumerate(container.decode(stream), 1):
        if count == number:
            yield picture
            number = next(rest, None)
        if number is None:
            return


def _check(picture: Any, form: PixelFormat) -> None:
    image = form.image
    if (picture.height, picture.width) != (image.rows, image.columns):
        raise ValueError(f"{picture.height} rows of {picture.width} instead of {image.rows} of {image.columns}")
    if image.samples_per_pixel != 3 or image.bits_allocated not in (8, 16):
        raise ValueError("a video where the image has no colours")


def _rgb(library: Any, picture: Any, form: PixelFormat) -> NDArray[Any]:
    """Convert a picture by the matrix that it names, or else by that of its size: BT.709 from 720 rows on."""
    reformatter = library.video.reformatter
    is_named = picture.colorspace not in (0, 2)
    high = reformatter.Colorspace.ITU709 if picture.height >= _HIGH_DEFINITION else reformatter.Colorspace.ITU601
    is_wide = form.image.bits_allocated == 16
    converted = picture.reformat(
        format="rgb48le" if is_wide else "rgb24",
        src_colorspace=picture.colorspace if is_named else high,
    ).to_ndarray()
    narrowed = converted >> (16 - form.bits_stored) if is_wide else converted
    return np.ascontiguousarray(narrowed, form.dtype)


def _video_stream(container: Any, picture: NDArray[np.uint8], milliseconds: float) -> Any:
    rows, columns = picture.shape[:2]
    if max(rows, columns) > _LARGEST_SIDE:
        raise ValueError(f"pictures of more than {_LARGEST_SIDE} rows or columns")
    stream = container.add_stream("libx264", rate=Fraction(1000 / milliseconds).limit_denominator(100_000))
    stream.width, stream.height, stream.pix_fmt = columns, rows, "yuv420p"
    stream.options = dict(_OPTIONS)
    context = stream.codec_context
    context.thread_count = 1
    context.colorspace = context.color_primaries = context.color_trc = _BT_709
    context.color_range = _LIMITED
    return stream


def _yuv(library: Any, picture: NDArray[np.uint8], number: int) -> Any:
    reformatter = library.video.reformatter
    frame = library.VideoFrame.from_ndarray(picture, format="rgb24").reformat(
        format="yuv420p",
        dst_colorspace=reformatter.Colorspace.ITU709,
        dst_color_range=reformatter.ColorRange.MPEG,
    )
    frame.pts = number
    return frame


def _even(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    colored = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=-1)
    rows, columns = colored.shape[:2]
    return np.ascontiguousarray(np.pad(colored, ((0, rows & 1), (0, columns & 1), (0, 0)), mode="edge"))
