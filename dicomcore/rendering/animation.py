"""Animations: the frames of an image as GIF, WebP or MP4, one after the other.

Pictures are taken one by one, so that of many frames no more are held than the format itself keeps. GIF counts in
hundredths of a second, and players take less than two of them as ten: faster frames are shown for two.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dicomcore.errors import NotAcceptable
from dicomcore.pixels.codecs.video import encode_mp4, is_available
from dicomcore.rendering.options import RenderingOptions
from dicomcore.rendering.output import DEFAULT_QUALITY, RENDERED_MEDIA_TYPES, in_palette

Picture = NDArray[np.uint8]

MAX_ANIMATION_PIXELS = 128 << 20
"""How many pixels all pictures of an animation have together at most; larger ones are scaled down."""

_SHORTEST_GIF = 20
_WEBP_METHOD = 1


def _write_gif(pictures: Iterator[Picture], milliseconds: Sequence[float], quality: int | None) -> bytes:
    images = (in_palette(_image(picture)) for picture in pictures)
    return _saved(images, "GIF", duration=[max(_SHORTEST_GIF, round(one / 10) * 10) for one in milliseconds])


def _write_webp(pictures: Iterator[Picture], milliseconds: Sequence[float], quality: int | None) -> bytes:
    durations = [max(1, round(one)) for one in milliseconds]
    return _saved(
        map(_image, pictures), "WEBP", duration=durations, quality=quality or DEFAULT_QUALITY, method=_WEBP_METHOD
    )


def _image(picture: Picture) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(picture))


def _saved(images: Iterator[Image.Image], kind: str, **choices: object) -> bytes:
    stream = io.BytesIO()
    next(images).save(stream, kind, save_all=True, append_images=images, loop=0, **choices)
    return stream.getvalue()


def _write_mp4(pictures: Iterator[Picture], milliseconds: Sequence[float], quality: int | None) -> bytes:
    """Write H.264; all pictures are shown for the same time, the mean."""
    try:
        return encode_mp4(pictures, sum(milliseconds) / len(milliseconds))
    except ValueError as error:
        raise NotAcceptable(f"no video can be made of it: {error}", ("image/gif", "image/webp")) from error


_WRITERS: dict[str, Callable[[Iterator[Picture], Sequence[float], int | None], bytes]] = {
    "image/gif": _write_gif,
    "image/webp": _write_webp,
    "video/mp4": _write_mp4,
}
MOVING_MEDIA_TYPES = tuple(_WRITERS)
"""The media types of animations; the first is the default."""


def can_write(media_type: str) -> bool:
    """Say whether pictures, one or many, can be written in a media type; video/mp4 takes a library that is optional."""
    if media_type == "video/mp4":
        return is_available()
    return media_type in _WRITERS or media_type in RENDERED_MEDIA_TYPES


def animated_media_types() -> tuple[str, ...]:
    """Return the media types that `write_animation` can write here."""
    return tuple(filter(can_write, MOVING_MEDIA_TYPES))


def write_animation(
    pictures: Iterable[Picture], milliseconds: float | Sequence[float], options: RenderingOptions
) -> bytes:
    """Write pictures, of one size and all grey or all RGB, as an animation without end.

    ``milliseconds`` is how long each picture is shown, one number for all of them or one for each.

    Raises:
        NotAcceptable: the media type of the options is not one of animations, or has no room for such pictures.
    """
    available = animated_media_types()
    if options.media_type not in available:
        raise NotAcceptable(f"{options.media_type} is no media type of animations", available)
    if isinstance(milliseconds, (int, float)):
        held = list(pictures)
        pictures, milliseconds = held, [milliseconds] * len(held)
    return _WRITERS[options.media_type](iter(pictures), milliseconds, options.quality)
