"""Frames of Deflated Image Frame Compression (PS3.5 §A.4.13): native cells, deflated without any header (RFC 1951)."""

from __future__ import annotations

import zlib

from dicomcore.data import Buffer
from dicomcore.pixels.codecs.native import cells_of, decode_native
from dicomcore.pixels.encoding import Encoding
from dicomcore.pixels.pixel_format import Decoded, PixelFormat

# Level 6 takes three times as long as 3 for a few per cent of a CT.
_LEVEL = 4


def decode_deflated(frame: Buffer, form: PixelFormat) -> Decoded:
    """Inflate a frame, and not a byte more than an image of this format has."""
    return decode_native(inflated(frame, form.image.length), form)


def encode_deflated(decoded: Decoded, form: PixelFormat, encoding: Encoding) -> bytes:
    """Deflate the cells, colour by pixel; padded to even length."""
    compressor = zlib.compressobj(_LEVEL, wbits=-zlib.MAX_WBITS)
    deflated = compressor.compress(cells_of(decoded.pixels, form)) + compressor.flush()
    return deflated + b"\0" * (len(deflated) & 1)


def inflated(frame: Buffer, length: int) -> bytes:
    """Inflate the first ``length`` bytes; raise ValueError if the stream is broken."""
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(frame, length)
    except zlib.error as error:
        raise ValueError(str(error)) from error
