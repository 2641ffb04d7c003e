"""RLE frames (PS3.5 Annex G): a header, and a PackBits segment for each byte of each sample, most significant first."""

from __future__ import annotations

from itertools import pairwise
from struct import unpack_from

import numpy as np

from dicomcore.errors import CorruptFrame
from dicomcore.pixels.codecs import decode_packbits
from dicomcore.pixels.image import ImagePixel

HEADER_LENGTH = 64


def decode_rle(frame: memoryview | bytes, image: ImagePixel, frame_number: int = 1) -> memoryview:
    """Decode a frame to native little endian bytes, the samples of a pixel together (Planar Configuration 0)."""
    planes = (image.bits_allocated + 7) // 8
    offsets = _segment_offsets(frame, image.samples_per_pixel * planes, frame_number)
    bits = image.pixels * image.bits_allocated
    size = image.pixels if image.bits_allocated >= 8 else (bits + 7) // 8
    native = np.empty((size, image.samples_per_pixel, planes), np.uint8)
    for number, (start, end) in enumerate(zip(offsets, [*offsets[1:], len(frame)], strict=True)):
        sample, plane = divmod(number, planes)
        try:
            decoded = decode_packbits(bytes(frame[start:end]), size)
        except ValueError as error:
            raise CorruptFrame(frame_number, f"segment {number + 1}: {error}") from error
        if len(decoded) != size:
            raise CorruptFrame(frame_number, f"segment {number + 1} holds {len(decoded)} bytes instead of {size}")
        native[:, sample, planes - 1 - plane] = decoded
    return native.data.cast("B")


def _segment_offsets(frame: memoryview | bytes, expected: int, frame_number: int) -> list[int]:
    if len(frame) < HEADER_LENGTH:
        raise CorruptFrame(frame_number, "the RLE header is cut off")
    count, *offsets = unpack_from("<16I", frame)
    if count != expected or count > 15:
        raise CorruptFrame(frame_number, f"{count} RLE segments where the image has {expected}")
    used = offsets[:count]
    bounds = [HEADER_LENGTH, *used, len(frame)]
    if any(one > other for one, other in pairwise(bounds)):
        raise CorruptFrame(frame_number, "the RLE header points outside of the frame")
    return used
