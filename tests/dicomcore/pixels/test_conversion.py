from __future__ import annotations

import numpy as np
import pytest
from builders import (
    EXPLICIT_BE,
    EXPLICIT_LE,
    IMPLICIT_LE,
    JPEG_BASELINE,
    RLE_LOSSLESS,
    ct_dataset,
    element,
    encapsulated,
)

from dicomcore.data import Dataset, read_dataset, transfer_syntax
from dicomcore.errors import CodecUnavailable, CorruptFrame, InvalidParameter
from dicomcore.pixels import Encoding, PixelFormat, convert_frame, convertible_to, decode_pixels, encoding_of
from dicomcore.pixels.conversion import (
    check_lossless_target,
    form_between,
    has_same_pixels,
    has_whole_pixels,
    is_sandboxed,
)

ROOT = "1.2.840.10008.1.2"
UNCOMPRESSED, DEFLATED_FRAME = f"{ROOT}.1.98", f"{ROOT}.8.1"
JPEG_LOSSLESS, JPEG_LS, JPEG_2000, HTJ2K = f"{ROOT}.4.70", f"{ROOT}.4.80", f"{ROOT}.4.90", f"{ROOT}.4.201"
JPEG_XL_LOSSY = f"{ROOT}.4.112"
KEEP_CELLS = {UNCOMPRESSED, DEFLATED_FRAME, RLE_LOSSLESS}
ENCODING = Encoding()


def read(extra: bytes = b"", **overrides: object) -> Dataset:
    return read_dataset(ct_dataset(extra=extra, **overrides), transfer_syntax(EXPLICIT_LE))


def eight_bits(**overrides: object) -> Dataset:
    given = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PixelData": bytes(range(48)), **overrides}
    return read(**given)


COLOR = eight_bits(SamplesPerPixel=3, PhotometricInterpretation="RGB")


def test_an_image_can_be_put_into_what_holds_it_but_not_into_what_it_is_in() -> None:
    targets = convertible_to(read(), EXPLICIT_LE)
    assert KEEP_CELLS | {JPEG_LOSSLESS, JPEG_LS, JPEG_2000, HTJ2K} <= set(targets)
    assert JPEG_BASELINE not in targets  # it has 12 bits
    encapsulated_image = read_dataset(ct_dataset(PixelData=None) + encapsulated([b"ab"]), transfer_syntax(EXPLICIT_LE))
    assert JPEG_LS not in convertible_to(encapsulated_image, JPEG_LS)


def test_no_native_transfer_syntax_is_among_them() -> None:
    assert {IMPLICIT_LE, EXPLICIT_LE, EXPLICIT_BE}.isdisjoint(convertible_to(read(), IMPLICIT_LE))


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        (read(BitsAllocated=1, BitsStored=1, HighBit=0, PixelData=bytes(2)), KEEP_CELLS - {RLE_LOSSLESS}),
        (read(BitsAllocated=32, BitsStored=32, HighBit=31, PixelData=bytes(64)), KEEP_CELLS),
        (read(PixelData=None, extra=b""), set()),
    ],
)
def test_what_image_codecs_cannot_hold_goes_into_cells_only(dataset: Dataset, expected: set[str]) -> None:
    assert set(convertible_to(dataset, EXPLICIT_LE)) == expected


def test_floating_point_pixels_are_always_native() -> None:
    content = ct_dataset(PixelData=None, BitsAllocated=32) + element(0x7FE00008, "OF", bytes(64))
    assert convertible_to(read_dataset(content, transfer_syntax(EXPLICIT_LE)), EXPLICIT_LE) == ()


@pytest.mark.parametrize("uid", [f"{ROOT}.4.102", f"{ROOT}.4.94", f"{ROOT}.4.58", "1.2.3"])
def test_nothing_is_made_of_what_cannot_be_decoded(uid: str) -> None:
    dataset = read_dataset(ct_dataset(PixelData=None) + encapsulated([b"ab"]), transfer_syntax(EXPLICIT_LE))
    assert convertible_to(dataset, uid) == ()


def test_overlays_in_unused_bits_are_not_lost() -> None:
    embedded = element(0x60000100, "US", 16) + element(0x60000102, "US", 12)
    assert set(convertible_to(read(embedded), EXPLICIT_LE)) == KEEP_CELLS
    separate = element(0x60000102, "US", 0) + element(0x60003000, "OW", bytes(2))
    assert JPEG_LS in convertible_to(read(separate), EXPLICIT_LE)


def test_lossy_jpeg_xl_takes_no_luminance_and_chrominance() -> None:
    assert JPEG_XL_LOSSY in convertible_to(COLOR, EXPLICIT_LE)
    ybr = eight_bits(SamplesPerPixel=3, PhotometricInterpretation="YBR_FULL")
    assert JPEG_XL_LOSSY not in convertible_to(ybr, EXPLICIT_LE)


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        (EXPLICIT_LE, RLE_LOSSLESS, False),
        (UNCOMPRESSED, DEFLATED_FRAME, False),
        (EXPLICIT_LE, JPEG_LS, True),
        (JPEG_LS, EXPLICIT_LE, True),
    ],
)
def test_compression_libraries_run_in_a_sandbox(source: str, target: str, expected: bool) -> None:
    assert is_sandboxed(source, target) is expected


@pytest.mark.parametrize(
    ("uid", "lossless"), [(JPEG_LS, True), (f"{ROOT}.4.81", False), (f"{ROOT}.4.91", False), ("1.2.3", True)]
)
def test_what_a_transfer_syntax_promises_is_how_frames_are_encoded(uid: str, lossless: bool) -> None:
    assert encoding_of(uid, 70) == Encoding(lossless=lossless, quality=70)


@pytest.mark.parametrize("target", sorted(convertible_to(read(), EXPLICIT_LE)))
def test_frames_go_there_and_back(target: str) -> None:
    form = PixelFormat.of(read())
    frame = np.arange(16, dtype="<u2").tobytes()
    encoding = encoding_of(target)
    converted, interpretation = convert_frame(frame, form, EXPLICIT_LE, target, 1, encoding)
    back, _ = convert_frame(converted, form, target, EXPLICIT_LE, 1, ENCODING)
    assert len(converted) % 2 == 0
    assert interpretation == b"MONOCHROME2"
    assert back == frame or not encoding.lossless


def test_frames_go_from_one_compression_into_another() -> None:
    form = PixelFormat.of(COLOR)
    frame = bytes(range(48))
    one, _ = convert_frame(frame, form, EXPLICIT_LE, JPEG_2000, 1, ENCODING)
    other, interpretation = convert_frame(one, form, JPEG_2000, JPEG_LS, 1, ENCODING)
    assert interpretation == b"RGB"
    assert decode_pixels(other, form, JPEG_LS).pixels.tobytes() == frame


@pytest.mark.parametrize("target", sorted(KEEP_CELLS))
def test_between_cells_no_bit_is_lost(target: str) -> None:
    """Bits beside Bits Stored hold overlays, or what nobody understands."""
    form = PixelFormat.of(read())
    frame = np.full(16, 0xF123, "<u2").tobytes()
    converted, _ = convert_frame(frame, form, EXPLICIT_LE, target, 1, ENCODING)
    assert convert_frame(converted, form, target, EXPLICIT_LE, 1, ENCODING)[0] == frame
    assert form_between(form, EXPLICIT_LE, target).bits_stored == 16
    assert form_between(form, EXPLICIT_LE, JPEG_LS) is form


def test_a_frame_that_is_broken_is_corrupt() -> None:
    with pytest.raises(CorruptFrame) as caught:
        convert_frame(b"\xff\xd8nonsense", PixelFormat.of(read()), JPEG_LS, EXPLICIT_LE, 7, ENCODING)
    assert caught.value.frame_number == 7


def test_what_has_no_codec_is_unavailable() -> None:
    with pytest.raises(CodecUnavailable):
        convert_frame(bytes(32), PixelFormat.of(read()), EXPLICIT_LE, f"{ROOT}.4.102", 1, ENCODING)


def test_pixels_are_compared_sample_by_sample() -> None:
    form = PixelFormat.of(read(BitsStored=16, HighBit=15))
    frame = np.arange(16, dtype="<u2").tobytes()
    coded, _ = convert_frame(frame, form, EXPLICIT_LE, JPEG_LS, 1, ENCODING)
    assert has_same_pixels(frame, form, EXPLICIT_LE, coded, form, JPEG_LS, 1) == b"1"
    assert has_same_pixels(frame[:-1] + b"\1", form, EXPLICIT_LE, coded, form, JPEG_LS, 1) == b"0"


@pytest.mark.parametrize(
    ("uid", "expected"), [(RLE_LOSSLESS, True), (JPEG_2000, True), (UNCOMPRESSED, False), (DEFLATED_FRAME, False)]
)
def test_frames_of_shared_chroma_are_those_of_native_cells(uid: str, expected: bool) -> None:
    assert has_whole_pixels(uid) is expected


@pytest.mark.parametrize("uid", [EXPLICIT_LE, JPEG_BASELINE, f"{ROOT}.4.91", f"{ROOT}.4.92", f"{ROOT}.4.102", "1.2"])
def test_only_compression_without_loss_is_a_lossless_target(uid: str) -> None:
    assert check_lossless_target(HTJ2K) == HTJ2K
    with pytest.raises(InvalidParameter):
        check_lossless_target(uid)
