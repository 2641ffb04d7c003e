"""RLE frames (PS3.5 Annex G) as native bytes, for readers that need no numbers."""

from __future__ import annotations

from dicomcore.errors import CorruptFrame
from dicomcore.pixels.codecs.rle import decode_segments
from dicomcore.pixels.image import ImagePixel


def decode_rle(frame: memoryview | bytes, image: ImagePixel, frame_number: int = 1) -> memoryview:
    """Decode a frame to native little endian bytes, the samples of a pixel together (Planar Configuration 0)."""
    try:
        return decode_segments(frame, image)
    except ValueError as error:
        raise CorruptFrame(frame_number, str(error)) from error
