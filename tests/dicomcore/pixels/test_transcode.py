from __future__ import annotations

import tracemalloc
from struct import pack

import numpy as np
import pytest
from builders import (
    DEFLATED_LE,
    EXPLICIT_BE,
    EXPLICIT_LE,
    IMPLICIT_LE,
    JPEG_BASELINE,
    RLE_LOSSLESS,
    ct_dataset,
    ct_instance,
    element,
    encapsulated,
    part10,
    sequence,
)

from dicomcore.data import read_file
from dicomcore.errors import CodecUnavailable, CorruptFrame, LimitExceeded
from dicomcore.pixels import to_explicit_little_endian

UNCOMPRESSED = "1.2.840.10008.1.2.1.98"


def transcode(buffer: bytes) -> bytes:
    return b"".join(to_explicit_little_endian(read_file(buffer)))


def literal_rle(*segments: bytes) -> bytes:
    encoded = [bytes([len(one) - 1]) + one for one in segments]
    offsets = [64 + sum(map(len, encoded[:number])) for number in range(len(encoded))]
    return pack("<16I", len(encoded), *offsets, *[0] * (15 - len(offsets))) + b"".join(encoded)


@pytest.mark.parametrize("uid", [IMPLICIT_LE, EXPLICIT_LE, DEFLATED_LE])
def test_native_little_endian_becomes_explicit_vr(uid: str) -> None:
    assert transcode(ct_instance(uid)) == ct_instance(EXPLICIT_LE)


def test_big_endian_is_swapped() -> None:
    swapped = np.frombuffer(bytes(range(32)), ">u2").astype("<u2").tobytes()
    assert transcode(ct_instance(EXPLICIT_BE)) == ct_instance(EXPLICIT_LE, PixelData=swapped)


def test_preamble_stays() -> None:
    preamble = b"II*\0" + bytes(124)
    assert transcode(part10(ct_dataset(implicit=True), IMPLICIT_LE, preamble=preamble)) == part10(
        ct_dataset(), preamble=preamble
    )


def test_missing_file_meta_is_made() -> None:
    found = read_file(transcode(ct_dataset(implicit=True)))
    assert found.warnings == ()
    assert found.file_meta.text(0x00020003) == "1.2.3.4"
    assert found.transfer_syntax.uid == EXPLICIT_LE


def test_rle_frames_become_native() -> None:
    attributes = ct_dataset(PixelData=None, BitsAllocated=8, Rows=1, Columns=3)
    frames = element(0x00280008, "IS", "2")
    attributes = attributes.replace(element(0x00280010, "US", 1), frames + element(0x00280010, "US", 1))
    buffer = part10(attributes + encapsulated([literal_rle(b"\1\2\3"), literal_rle(b"\4\5\6")]), RLE_LOSSLESS)
    assert transcode(buffer) == part10(attributes + element(0x7FE00010, "OB", b"\1\2\3\4\5\6"))


def test_odd_pixel_data_is_padded() -> None:
    attributes = ct_dataset(PixelData=None, BitsAllocated=8, Rows=1, Columns=3)
    buffer = part10(attributes + encapsulated([literal_rle(b"\1\2\3")]), RLE_LOSSLESS)
    assert transcode(buffer) == part10(attributes + element(0x7FE00010, "OB", b"\1\2\3\0"))


def test_rle_in_color_has_planar_configuration_0() -> None:
    attributes = ct_dataset(PixelData=None, BitsAllocated=8, Rows=1, Columns=2, SamplesPerPixel=3)
    planar = element(0x00280006, "US", 1)
    attributes = attributes.replace(element(0x00280010, "US", 1), planar + element(0x00280010, "US", 1))
    found = read_file(transcode(part10(attributes + encapsulated([literal_rle(b"rR", b"gG", b"bB")]), RLE_LOSSLESS)))
    assert found.dataset.integer(0x00280006) == 0
    assert bytes(found.dataset.raw(0x7FE00010)) == b"rgbRGB"


def test_offset_tables_go_with_the_fragments() -> None:
    tables = element(0x7FE00001, "OV", bytes(8)) + element(0x7FE00002, "OV", pack("<Q", 32))
    attributes = ct_dataset(PixelData=None)
    buffer = part10(attributes + tables + encapsulated([bytes(range(32))]), UNCOMPRESSED)
    assert transcode(buffer) == ct_instance()


def test_what_comes_behind_the_pixels_stays_there() -> None:
    behind = element(0xFFFCFFFC, "OB", bytes(4))
    buffer = part10(ct_dataset(PixelData=None) + encapsulated([bytes(range(32))]) + behind, UNCOMPRESSED)
    assert transcode(buffer) == part10(ct_dataset() + behind)


def test_single_bits_are_joined_without_padding() -> None:
    attributes = ct_dataset(PixelData=None, BitsAllocated=1, Rows=1, Columns=3)
    frames = element(0x00280008, "IS", "3")
    attributes = attributes.replace(element(0x00280010, "US", 1), frames + element(0x00280010, "US", 1))
    buffer = part10(attributes + encapsulated([b"\5\0", b"\2\0", b"\7\0"]), UNCOMPRESSED)
    assert bytes(read_file(transcode(buffer)).dataset.raw(0x7FE00010)) == pack("<H", 0b111_010_101)


def test_icons_become_native_too() -> None:
    icon = element(0x00280002, "US", 1) + element(0x00280010, "US", 1) + element(0x00280011, "US", 2)
    icon += element(0x00280100, "US", 8)
    encoded = sequence(0x00880200, icon + encapsulated([literal_rle(b"ab")]))
    attributes = ct_dataset(PixelData=None, BitsAllocated=8, Rows=1, Columns=2)
    buffer = part10(attributes + encoded + encapsulated([literal_rle(b"cd")]), RLE_LOSSLESS)
    expected = sequence(0x00880200, icon + element(0x7FE00010, "OB", b"ab"))
    assert transcode(buffer) == part10(attributes + expected + element(0x7FE00010, "OB", b"cd"))


def test_other_codecs_are_unavailable_before_the_first_byte() -> None:
    buffer = part10(ct_dataset(PixelData=None) + encapsulated([b"\xff\xd8"]), JPEG_BASELINE)
    with pytest.raises(CodecUnavailable):
        to_explicit_little_endian(read_file(buffer))


def test_missing_frames_are_known_before_the_first_byte() -> None:
    attributes = ct_dataset(PixelData=None)
    attributes = attributes.replace(
        element(0x00280010, "US", 4), element(0x00280008, "IS", "3") + element(0x00280010, "US", 4)
    )
    buffer = part10(attributes + encapsulated([literal_rle(b"ab"), literal_rle(b"ab")]), RLE_LOSSLESS)
    with pytest.raises(CorruptFrame) as caught:
        to_explicit_little_endian(read_file(buffer))
    assert caught.value.frame_number == 3


def test_pixel_data_of_more_than_4_gb_is_refused() -> None:
    attributes = ct_dataset(PixelData=None, Rows=65535, Columns=65535)
    buffer = part10(attributes + encapsulated([literal_rle(b"ab")]), RLE_LOSSLESS)
    with pytest.raises(LimitExceeded):
        to_explicit_little_endian(read_file(buffer))


def test_frames_are_decoded_one_by_one() -> None:
    attributes = ct_dataset(PixelData=None, BitsAllocated=8, Rows=1024, Columns=1024)
    frames = element(0x00280008, "IS", "40")
    attributes = attributes.replace(element(0x00280010, "US", 1024), frames + element(0x00280010, "US", 1024))
    frame = pack("<16I", 1, 64, *[0] * 14) + b"\x81\7" * 8192
    found = read_file(part10(attributes + encapsulated([frame] * 40), RLE_LOSSLESS))
    tracemalloc.start()
    try:
        size = sum(len(piece) for piece in to_explicit_little_endian(found))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size > 40 << 20
    assert peak < 8 << 20
