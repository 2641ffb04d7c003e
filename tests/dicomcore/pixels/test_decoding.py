from __future__ import annotations

import zlib
from struct import pack

import pytest
from builders import (
    EXPLICIT_BE,
    EXPLICIT_LE,
    JPEG_BASELINE,
    RLE_LOSSLESS,
    ct_dataset,
    ct_instance,
    encapsulated,
    part10,
)

from dicomcore.data import read_file, transfer_syntax
from dicomcore.errors import CodecUnavailable, CorruptFrame, LimitExceeded, ResourceNotFound
from dicomcore.pixels import FrameIndex, ImagePixel, decode_frame, frame_index, is_decodable, stored_frame

UNCOMPRESSED = "1.2.840.10008.1.2.1.98"
DEFLATED_FRAME = "1.2.840.10008.1.2.8.1"
PIXELS = bytes(range(16))


def compressed(uid: str, *fragments: bytes) -> bytes:
    attributes = ct_dataset(PixelData=None, BitsAllocated=8)
    return part10(attributes + encapsulated(fragments), uid)


def decode(buffer: bytes, frame_number: int = 1) -> bytes:
    found = read_file(buffer)
    return bytes(decode_frame(frame_index(found.dataset), found.transfer_syntax, buffer, frame_number))


def rle(pixels: bytes) -> bytes:
    return pack("<16I", 1, 64, *[0] * 14) + bytes([len(pixels) - 1]) + pixels


def deflate(pixels: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(pixels) + compressor.flush()


@pytest.mark.parametrize(
    ("uid", "fragment"),
    [(RLE_LOSSLESS, rle(PIXELS)), (UNCOMPRESSED, PIXELS), (DEFLATED_FRAME, deflate(PIXELS))],
    ids=["RLE", "uncompressed", "deflated"],
)
def test_frame_is_decoded(uid: str, fragment: bytes) -> None:
    assert decode(compressed(uid, fragment)) == PIXELS


def test_native_frames_are_little_endian() -> None:
    assert decode(ct_instance(EXPLICIT_LE))[:2] == b"\0\1"
    assert decode(ct_instance(EXPLICIT_BE))[:2] == b"\1\0"


def test_fragments_of_a_frame_are_joined() -> None:
    assert decode(compressed(UNCOMPRESSED, PIXELS[:6], PIXELS[6:])) == PIXELS


@pytest.mark.parametrize(
    ("uid", "fragment"),
    [
        (RLE_LOSSLESS, rle(PIXELS)[:-4]),
        (UNCOMPRESSED, PIXELS[:-2]),
        (DEFLATED_FRAME, deflate(PIXELS[:-1])),
        (DEFLATED_FRAME, b"\xff\xff\xff\xff"),
    ],
)
def test_damaged_frame_is_corrupt(uid: str, fragment: bytes) -> None:
    with pytest.raises(CorruptFrame):
        decode(compressed(uid, fragment))


def test_deflated_frame_is_not_inflated_beyond_its_length() -> None:
    assert decode(compressed(DEFLATED_FRAME, deflate(PIXELS + bytes(100 << 20)))) == PIXELS


def test_other_transfer_syntaxes_need_a_codec() -> None:
    with pytest.raises(CodecUnavailable) as caught:
        decode(compressed(JPEG_BASELINE, b"\xff\xd8"))
    assert caught.value.uid == JPEG_BASELINE


def test_encapsulated_pixels_in_a_native_transfer_syntax_are_corrupt() -> None:
    with pytest.raises(CorruptFrame):
        decode(compressed(EXPLICIT_LE, PIXELS))


def test_stored_frame_is_a_view() -> None:
    buffer = compressed(JPEG_BASELINE, b"\xff\xd8\xff\xd9")
    frame = stored_frame(frame_index(read_file(buffer).dataset), buffer, 1)
    assert bytes(frame) == b"\xff\xd8\xff\xd9"
    assert frame.obj is buffer


def test_frame_that_is_not_there_is_not_found() -> None:
    with pytest.raises(ResourceNotFound):
        decode(ct_instance(), 2)


def test_frame_too_large_is_refused_before_anything_is_decoded() -> None:
    frames = FrameIndex(ImagePixel(65535, 65535, 1, 8, 0, False), declared=1, count=1, encapsulated=True)
    with pytest.raises(LimitExceeded):
        decode_frame(frames, transfer_syntax(RLE_LOSSLESS), b"", 1)


def test_image_without_pixels_is_corrupt() -> None:
    frames = FrameIndex(ImagePixel(0, 0, 1, 8, 0, False), declared=1, count=1, encapsulated=True)
    with pytest.raises(CorruptFrame):
        decode_frame(frames, transfer_syntax(RLE_LOSSLESS), b"", 1)


@pytest.mark.parametrize(
    ("uid", "expected"),
    [(EXPLICIT_BE, True), (RLE_LOSSLESS, True), (JPEG_BASELINE, False), ("1.2.840.10008.1.2.4.94", False)],
)
def test_what_is_decodable(uid: str, expected: bool) -> None:
    assert is_decodable(transfer_syntax(uid)) is expected
