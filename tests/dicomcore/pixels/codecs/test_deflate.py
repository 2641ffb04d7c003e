from __future__ import annotations

import zlib

import numpy as np
import pytest

from dicomcore.pixels import Decoded, Encoding, ImagePixel, PixelFormat
from dicomcore.pixels.codecs.deflate import decode_deflated, encode_deflated, inflated

FORM = PixelFormat(ImagePixel(3, 5, 1, 8, 0, False), "MONOCHROME2", 8, 7)
PIXELS = np.arange(15, dtype=np.uint8).reshape(3, 5)


def deflate(content: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(content) + compressor.flush()


def test_frame_is_inflated() -> None:
    assert decode_deflated(deflate(PIXELS.tobytes()), FORM).pixels.tolist() == PIXELS.tolist()


def test_bomb_is_inflated_as_far_as_the_image_goes() -> None:
    assert inflated(deflate(bytes(64 << 20)), 15) == bytes(15)


@pytest.mark.parametrize("broken", [b"", b"\xff\xff", deflate(bytes(14)), deflate(bytes(15))[:3]])
def test_broken_stream_is_refused(broken: bytes) -> None:
    with pytest.raises(ValueError, match=r"bytes instead of|Error"):
        decode_deflated(broken, FORM)


def test_encoded_frame_has_no_zlib_header_and_even_length() -> None:
    encoded = encode_deflated(Decoded(PIXELS, "MONOCHROME2"), FORM, Encoding())
    assert len(encoded) % 2 == 0
    assert zlib.decompress(encoded, wbits=-15) == PIXELS.tobytes()
