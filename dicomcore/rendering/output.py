"""Pictures as files: the rendered media types of PS3.18 §8.7.4 and those that are added to them.

image/jpeg is baseline with 8 bits, YCbCr with chroma halved both ways below a quality of 95. Without a quality, lossy
media types are written with 90; image/jp2, image/jph and image/jxl are lossless then, and lossy with one.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dicomcore.errors import LimitExceeded, NotAcceptable
from dicomcore.pixels.codecs.picture_formats import (
    encode_jp2_picture,
    encode_jpeg_picture,
    encode_jph_picture,
    encode_jxl_picture,
)
from dicomcore.rendering.options import RenderingOptions

Picture = NDArray[np.uint8]

DEFAULT_QUALITY = 90
_PNG_COMPRESSION = 4
_WEBP_METHOD = 2
_AVIF_SPEED = 8
_PALETTE_SIZE = 256
_SAMPLE_SIDE = 128


def _write_jpeg(picture: Picture, quality: int | None, icc: bytes | None) -> bytes:
    return encode_jpeg_picture(picture, quality or DEFAULT_QUALITY, icc)


def _write_jxl(picture: Picture, quality: int | None, icc: bytes | None) -> bytes:
    return encode_jxl_picture(picture, quality)


def _write_png(picture: Picture, quality: int | None, icc: bytes | None) -> bytes:
    return _saved(picture, "PNG", compress_level=_PNG_COMPRESSION, icc_profile=icc)


def _write_gif(picture: Picture, quality: int | None, icc: bytes | None) -> bytes:
    return _saved(in_palette(Image.fromarray(picture)), "GIF")


def in_palette(image: Image.Image) -> Image.Image:
    """Return an image of at most 256 colours, as GIF has them: grey as it is, few colours exactly.

    Many colours become those that stand for a sample of the pixels best; to count all of them takes too long.
    """
    if image.mode == "L":
        return image
    if image.getcolors(_PALETTE_SIZE) is not None:
        return image.quantize(_PALETTE_SIZE)
    step = -(-max(image.size) // _SAMPLE_SIDE)
    size = (-(-image.width // step), -(-image.height // step))
    sample = image.resize(size, Image.Resampling.NEAREST).quantize(_PALETTE_SIZE)
    return image.quantize(palette=sample, dither=Image.Dither.NONE)


def _write_webp(picture: Picture, quality: int | None, icc: bytes | None) -> bytes:
    return _saved(picture, "WEBP", quality=quality or DEFAULT_QUALITY, method=_WEBP_METHOD, icc_profile=icc)


def _write_avif(picture: Picture, quality: int | None, icc: bytes | None) -> bytes:
    profile = {} if icc is None else {"icc_profile": icc}
    return _saved(picture, "AVIF", quality=quality or DEFAULT_QUALITY, speed=_AVIF_SPEED, max_threads=1, **profile)


def _saved(picture: Picture | Image.Image, kind: str, **choices: object) -> bytes:
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    stream = io.BytesIO()
    image.save(stream, kind, **choices)
    return stream.getvalue()


Writer = Callable[[Picture, int | None, bytes | None], bytes]
"""Write a contiguous picture with a quality and an ICC profile, where the format has them."""


@dataclass(frozen=True, slots=True)
class RenderedMediaType:
    """What a media type of still pictures can do.

    ``largest`` is how many pixels it may have in a row or column; ``most_grey`` and ``most_colored`` are how many in
    all. These were measured in the 448 MiB of memory of a worker process, where libraries fail on larger ones or end
    the process, with noise, which compresses worst, at the default quality. Noise of nearly so many pixels may still
    be too much without loss, at a quality of 100, or beside a stored frame of the same size.
    """

    write: Writer
    has_quality: bool
    has_icc_profile: bool
    largest: int
    most_grey: int
    most_colored: int

    def most_pixels(self, samples: int) -> int:
        """Return how many pixels a picture of one or three samples may have."""
        return self.most_grey if samples == 1 else self.most_colored


def _media_type(
    write: Writer, *, quality: bool, icc: bool, largest: int = 65535, millions: tuple[float, float]
) -> RenderedMediaType:
    grey, colored = (round(one * 1_000_000) for one in millions)
    return RenderedMediaType(write, quality, icc, largest, grey, colored)


RENDERED_MEDIA_TYPES: dict[str, RenderedMediaType] = {
    "image/jpeg": _media_type(_write_jpeg, quality=True, icc=True, largest=65500, millions=(67.2, 67.2)),
    "image/png": _media_type(_write_png, quality=False, icc=True, millions=(67.2, 67.2)),
    "image/gif": _media_type(_write_gif, quality=False, icc=False, millions=(67.2, 56)),
    "image/jp2": _media_type(encode_jp2_picture, quality=True, icc=True, millions=(24, 8.4)),
    "image/jph": _media_type(encode_jph_picture, quality=True, icc=True, millions=(40, 16)),
    "image/jxl": _media_type(_write_jxl, quality=True, icc=False, millions=(32, 16)),
    "image/webp": _media_type(_write_webp, quality=True, icc=True, largest=16383, millions=(24, 24)),
    "image/avif": _media_type(_write_avif, quality=True, icc=True, millions=(15.2, 10)),
}
"""The media types of still pictures, and what they can do."""

STILL_MEDIA_TYPES = tuple(RENDERED_MEDIA_TYPES)
"""Their names; the first is the default (PS3.18 Table 8.7.4-1)."""


def write_image(picture: Picture, options: RenderingOptions, icc: bytes | None = None) -> bytes:
    """Write a picture, grey (rows, columns) or RGB (rows, columns, 3), in the media type of the options.

    ``icc`` is the profile to embed; media types without room for one leave it out.

    Raises:
        NotAcceptable: the media type is not one of still pictures.
        LimitExceeded: the format cannot hold a picture of this size, or there is not enough memory to write it.
    """
    media_type = RENDERED_MEDIA_TYPES.get(options.media_type)
    if media_type is None:
        raise NotAcceptable(f"{options.media_type} is no media type of pictures", tuple(RENDERED_MEDIA_TYPES))
    if max(picture.shape[:2]) > media_type.largest:
        raise LimitExceeded(f"pixels in a row or column of {options.media_type}", media_type.largest)
    rows, columns = picture.shape[:2]
    most = media_type.most_pixels(1 if picture.ndim == 2 else 3)
    if rows * columns > most:
        raise LimitExceeded(f"pixels in a picture of {options.media_type}", most)
    return media_type.write(np.ascontiguousarray(picture), options.quality, icc)
