from __future__ import annotations

import zlib
from struct import pack

import numpy as np
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
from dicomcore.errors import CodecUnavailable, CorruptFrame, InvalidParameter, LimitExceeded, ResourceNotFound
from dicomcore.pixels import (
    Decoded,
    Encoding,
    FrameIndex,
    ImagePixel,
    PixelFormat,
    decode_frame,
    decode_pixels,
    encode_pixels,
    frame_index,
    is_decodable,
    native_bytes,
    stored_frame,
)

UNCOMPRESSED = "1.2.840.10008.1.2.1.98"
DEFLATED_FRAME = "1.2.840.10008.1.2.8.1"
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"
JPEG_LS = "1.2.840.10008.1.2.4.80"
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


GREY = PixelFormat(ImagePixel(4, 4, 1, 16, 0, False), "MONOCHROME2", 12, 11, signed=True)
VALUES = np.arange(-8, 8, dtype="<i2").reshape(4, 4)


def test_native_frame_is_decoded_to_numbers() -> None:
    decoded = decode_pixels(VALUES.tobytes(), GREY, EXPLICIT_LE)
    np.testing.assert_array_equal(decoded.pixels, VALUES)
    assert decoded.photometric_interpretation == "MONOCHROME2"


@pytest.mark.parametrize("uid", [RLE_LOSSLESS, JPEG_LOSSLESS, JPEG_LS, EXPLICIT_LE])
def test_frame_is_encoded_and_decoded(uid: str) -> None:
    encoded = encode_pixels(Decoded(VALUES, "MONOCHROME2"), GREY, uid)
    np.testing.assert_array_equal(decode_pixels(memoryview(encoded), GREY, uid).pixels, VALUES)


def test_decoding_and_encoding_need_an_entry_of_the_registry() -> None:
    with pytest.raises(CodecUnavailable):
        decode_pixels(b"", GREY, "1.2.840.10008.1.2.4.94")
    with pytest.raises(CodecUnavailable):
        encode_pixels(Decoded(VALUES, "MONOCHROME2"), GREY, EXPLICIT_BE)


def test_image_that_a_syntax_cannot_hold_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="cannot hold"):
        encode_pixels(Decoded(VALUES, "MONOCHROME2"), GREY, JPEG_BASELINE, Encoding(lossless=False))


@pytest.mark.parametrize("uid", [RLE_LOSSLESS, UNCOMPRESSED, DEFLATED_FRAME, JPEG_BASELINE, JPEG_LOSSLESS, JPEG_LS])
def test_corrupt_frame_says_which_it_is(uid: str) -> None:
    with pytest.raises(CorruptFrame) as caught:
        decode_pixels(b"\xff\xd8nonsense", GREY, uid, 7)
    assert caught.value.frame_number == 7


@pytest.mark.parametrize("uid", [EXPLICIT_LE, RLE_LOSSLESS, JPEG_BASELINE])
def test_size_is_checked_before_any_codec_is_called(uid: str) -> None:
    huge = PixelFormat(ImagePixel(65535, 65535, 1, 8, 0, False))
    with pytest.raises(LimitExceeded):
        decode_pixels(b"", huge, uid)
    with pytest.raises(CorruptFrame, match="no pixels"):
        decode_pixels(b"", PixelFormat(ImagePixel(0, 5, 1, 8, 0, False)), uid)


@pytest.mark.parametrize("bits", [0, 4, 12, 72, 128, 65535])
@pytest.mark.parametrize("uid", [EXPLICIT_LE, RLE_LOSSLESS, JPEG_LOSSLESS])
def test_cells_that_do_not_exist_are_corrupt(bits: int, uid: str) -> None:
    with pytest.raises(CorruptFrame):
        decode_pixels(bytes(4096), PixelFormat(ImagePixel(2, 2, 1, bits, 0, False), "MONOCHROME2", bits, 0), uid)


def test_single_bits_count_as_the_bytes_they_become() -> None:
    with pytest.raises(LimitExceeded):
        decode_pixels(b"", PixelFormat(ImagePixel(40000, 40000, 1, 1, 0, False), "MONOCHROME2", 1, 0), EXPLICIT_LE)


def test_pixels_as_native_bytes() -> None:
    assert bytes(native_bytes(Decoded(np.array([[1, -2]], ">i2"), "MONOCHROME2"))) == b"\1\0\xfe\xff"
    turned = np.arange(6, dtype=np.uint8).reshape(2, 3).T
    assert bytes(native_bytes(Decoded(turned, "MONOCHROME2"))) == bytes([0, 3, 1, 4, 2, 5])


def test_single_bits_as_native_bytes_are_packed_if_the_format_is_given() -> None:
    mask = Decoded(np.array([[1, 0, 1]], np.uint8), "MONOCHROME2")
    form = PixelFormat(ImagePixel(1, 3, 1, 1, 0, False), "MONOCHROME2", 1, 0)
    assert bytes(native_bytes(mask)) == b"\1\0\1"
    assert bytes(native_bytes(mask, form)) == b"\5"
