"""RLE frames (PS3.5 Annex G): a header, and a PackBits segment for each byte of each sample, most significant first."""

from __future__ import annotations

from itertools import accumulate, pairwise
from struct import pack, unpack_from

import numpy as np

from dicomcore.data import Buffer
from dicomcore.pixels.codecs.native import cells_of, decode_native
from dicomcore.pixels.codecs.packbits import decode_packbits, encode_packbits
from dicomcore.pixels.encoded_form import colored_by_pixel
from dicomcore.pixels.encoding import Encoding
from dicomcore.pixels.image import ImagePixel
from dicomcore.pixels.pixel_format import Decoded, PixelFormat

HEADER_LENGTH = 64
MAX_SEGMENTS = 15


def decode_rle_frame(frame: Buffer, form: PixelFormat) -> Decoded:
    """Decode a frame; it has all samples of all pixels, whatever Photometric Interpretation says."""
    full = colored_by_pixel(form)
    return decode_native(decode_segments(frame, full.image), full)


def encode_rle_frame(decoded: Decoded, form: PixelFormat, encoding: Encoding) -> bytes:
    """Encode a frame: each row of each plane of bytes on its own (PS3.5 §G.3.1), each segment of even length.

    Single bits are refused: PS3.5 Table 8.2.2-1 knows bytes only, and other readers take nothing else.
    """
    samples, width = form.image.samples_per_pixel, form.image.bits_allocated // 8
    if not width:
        raise ValueError(f"{form.image.bits_allocated} bit in segments of bytes")
    native = np.frombuffer(cells_of(decoded.pixels, form), np.uint8)
    planes = native.reshape(form.image.rows, -1, samples, width)
    segments = [
        encode_packbits(planes[:, :, sample, byte].copy())
        for sample in range(samples)
        for byte in reversed(range(width))
    ]
    if len(segments) > MAX_SEGMENTS:
        raise ValueError(f"{len(segments)} segments do not fit into an RLE header")
    offsets = list(accumulate((len(segment) for segment in segments[:-1]), initial=HEADER_LENGTH))
    return pack("<16I", len(segments), *offsets, *[0] * (MAX_SEGMENTS - len(offsets))) + b"".join(segments)


def decode_segments(frame: Buffer, image: ImagePixel) -> memoryview:
    """Decode a frame to native cells, the samples of a pixel together; raise ValueError for one that lies."""
    width = (image.bits_allocated + 7) // 8
    offsets = _segment_offsets(frame, image.samples_per_pixel * width)
    bits = image.pixels * image.bits_allocated
    size = image.pixels if image.bits_allocated >= 8 else (bits + 7) // 8
    native = np.empty((size, image.samples_per_pixel, width), np.uint8)
    for number, (start, end) in enumerate(zip(offsets, [*offsets[1:], len(frame)], strict=True)):
        sample, byte = divmod(number, width)
        try:
            decoded = decode_packbits(bytes(frame[start:end]), size)
        except ValueError as error:
            raise ValueError(f"segment {number + 1}: {error}") from error
        if len(decoded) != size:
            raise ValueError(f"segment {number + 1} holds {len(decoded)} bytes instead of {size}")
        native[:, sample, width - 1 - byte] = decoded
    return native.data.cast("B")


def _segment_offsets(frame: Buffer, expected: int) -> list[int]:
    if len(frame) < HEADER_LENGTH:
        raise ValueError("the RLE header is cut off")
    count, *offsets = unpack_from("<16I", frame)
    if count != expected or count > MAX_SEGMENTS:
        raise ValueError(f"{count} RLE segments where the image has {expected}")
    used = offsets[:count]
    bounds = [HEADER_LENGTH, *used, len(frame)]
    if any(one > other for one, other in pairwise(bounds)):
        raise ValueError("the RLE header points outside of the frame")
    return used
