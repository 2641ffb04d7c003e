from __future__ import annotations

from struct import pack

import numpy as np
import pytest
from pydicom.pixels import get_encoder
from pydicom.uid import RLELossless

from dicomcore.errors import CorruptFrame
from dicomcore.pixels import ImagePixel
from dicomcore.pixels.rle import decode_rle


def literal(values: bytes) -> bytes:
    return bytes([len(values) - 1]) + values


def frame(*segments: bytes) -> bytes:
    offsets = [64]
    for segment in segments[:-1]:
        offsets.append(offsets[-1] + len(segment))
    return pack("<16I", len(segments), *offsets, *[0] * (15 - len(offsets))) + b"".join(segments)


GRAY = ImagePixel(2, 2, 1, 8, 0, False)
WORDS = ImagePixel(1, 2, 1, 16, 0, False)
COLOR = ImagePixel(1, 2, 3, 8, 1, False)


def test_runs_and_literals_are_decoded() -> None:
    assert bytes(decode_rle(frame(b"\xfe\x07" + literal(b"\x09")), GRAY)) == b"\7\7\7\x09"


def test_most_significant_bytes_come_first() -> None:
    assert bytes(decode_rle(frame(literal(b"\1\3"), literal(b"\2\4")), WORDS)) == b"\2\1\4\3"


def test_samples_of_a_pixel_stand_together() -> None:
    assert bytes(decode_rle(frame(literal(b"rR"), literal(b"gG"), literal(b"bB")), COLOR)) == b"rgbRGB"


@pytest.mark.parametrize("padding", [b"\0", b"\x80", b"\x80\0", b"\0\0\0"])
def test_padding_of_a_segment_is_left_out(padding: bytes) -> None:
    assert bytes(decode_rle(frame(literal(b"\1\2\3\4") + padding), GRAY)) == b"\1\2\3\4"


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        bytes(64),
        frame(literal(b"\1\2\3\4"))[:63],
        frame(literal(b"\1\2\3")),
        frame(b"\x05\1"),
        frame(literal(b"\1\2"), literal(b"\3\4")),
        pack("<16I", 1, 9999, *[0] * 14) + literal(b"\1\2\3\4"),
        pack("<16I", 1, 0, *[0] * 14) + literal(b"\1\2\3\4"),
    ],
)
def test_frame_that_lies_is_corrupt(damaged: bytes) -> None:
    with pytest.raises(CorruptFrame) as caught:
        decode_rle(damaged, GRAY, 5)
    assert caught.value.frame_number == 5


def test_segments_out_of_order_are_corrupt() -> None:
    with pytest.raises(CorruptFrame):
        decode_rle(pack("<16I", 2, 80, 64, *[0] * 13) + bytes(40), WORDS)


@pytest.mark.parametrize(("samples", "bits"), [(1, 8), (1, 16), (3, 8), (3, 16)])
def test_what_another_encoder_made_is_decoded(samples: int, bits: int) -> None:
    shape = (11, 7) if samples == 1 else (11, 7, samples)
    pixels = np.random.default_rng(3).integers(0, 5, shape).astype(f"<u{bits // 8}")
    encoded = get_encoder(RLELossless).encode(
        pixels,
        rows=11,
        columns=7,
        samples_per_pixel=samples,
        photometric_interpretation="MONOCHROME2" if samples == 1 else "RGB",
        bits_allocated=bits,
        bits_stored=bits,
        pixel_representation=0,
        number_of_frames=1,
        planar_configuration=0,
        encoding_plugin="pydicom",
    )
    assert bytes(decode_rle(encoded, ImagePixel(11, 7, samples, bits, 0, False))) == pixels.tobytes()
