import struct

import pytest

from dicomcore.data.codestream import read_image_header
from dicomcore.errors import MalformedDataset

# Codestreams of 4 columns and 3 rows unless named otherwise, made by libjxl.
GREY_8 = bytes.fromhex("ff0a1030101437020804010030004b188b150a155ba04f38d800")
GREY_16 = bytes.fromhex("ff0a1030fc00458b0804010070004b188b15526c0ad1e4de30a0df2d8e9ab058acbf606deb38e16c6b")
RGB_LOSSLESS = bytes.fromhex("ff0a103010090804010068004b188b15923840f5f2627e8160006cdbb66de300aa00a5fa6a0a")
RGB_LOSSY = bytes.fromhex(
    "ff0a10b0010013880200f000b59f200000152aa38c1bbc9cebf9f24387c5b48deb0c6db56d610963b3bd30484838801d"
)
GREY_600_BY_300 = bytes.fromhex("ff0a5879101437020802010018000000400004400004400004004b188b158201030303030303")
SQUARE_512 = bytes.fromhex("ff0af81ffc00458b0802010018000000400004400004400004004b188b15820103030303")
WITH_ALPHA = bytes.fromhex("ff0a41c04a081010001c004b188b15820300")
SIGNATURE = struct.pack(">I4s4s", 12, b"JXL ", b"\r\n\x87\n") + struct.pack(
    ">I4s4sI4s", 20, b"ftyp", b"jxl ", 0, b"jxl "
)


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


@pytest.mark.parametrize(
    ("codestream", "expected"),
    [
        (GREY_8, (3, 4, 1, 8, "MONOCHROME2")),
        (GREY_16, (3, 4, 1, 16, "MONOCHROME2")),
        (RGB_LOSSLESS, (3, 4, 3, 8, "RGB")),
        (RGB_LOSSY, (3, 4, 3, 8, "XYB")),
        (GREY_600_BY_300, (300, 600, 1, 8, "MONOCHROME2")),
        (SQUARE_512, (512, 512, 1, 16, "MONOCHROME2")),
    ],
)
def test_a_codestream_says_its_size_depth_and_colours(codestream: bytes, expected: tuple[object, ...]) -> None:
    header = read_image_header(codestream)
    description = (header.rows, header.columns, header.samples_per_pixel, header.bits_stored)
    assert (*description, header.photometric_interpretation) == expected
    assert header.transfer_syntax_uid == "1.2.840.10008.1.2.4.112"


def codestream_of(*fields: tuple[int, int]) -> bytes:
    """Put fields of (value, bits) into a codestream, the least significant bit first."""
    number, position = 0, 0
    for value, bits in (*fields, (0, 64)):
        number |= value << position
        position += bits
    return b"\xff\x0a" + number.to_bytes(-(-position // 8), "little")


SMALL_SIZE = ((1, 1), (1, 5), (0, 3), (2, 5))  # 16 rows, 24 columns
ORIENTED = ((0, 1), (1, 1), (5, 3))
GREY_10_BITS = ((0, 1), (1, 2), (0, 1), (0, 2), (0, 1), (0, 1), (0, 1), (1, 2))


def test_a_small_size_and_fields_that_do_not_matter_are_read() -> None:
    header = read_image_header(codestream_of(*SMALL_SIZE, *ORIENTED, (1, 1), *SMALL_SIZE, (0, 2), *GREY_10_BITS))
    assert (header.rows, header.columns, header.bits_stored, header.samples_per_pixel) == (16, 24, 10, 1)


def test_an_image_with_defaults_is_8_bit_colour() -> None:
    header = read_image_header(codestream_of((1, 1), (0, 5), (7, 3), (1, 1)))
    assert (header.rows, header.columns, header.bits_stored, header.photometric_interpretation) == (8, 16, 8, "XYB")


@pytest.mark.parametrize(
    "fields", [(*ORIENTED, (0, 1), (1, 1)), (*ORIENTED, (0, 1), (0, 1), (1, 1)), ((0, 1), (0, 1), (1, 1))]
)
def test_previews_animations_and_floating_point_samples_are_refused(fields: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(MalformedDataset):
        read_image_header(codestream_of(*SMALL_SIZE, *fields))


def test_the_codestream_in_a_container_may_be_whole_or_in_parts() -> None:
    whole = SIGNATURE + box(b"jxlc", GREY_16)
    parts = SIGNATURE + box(b"jxlp", bytes(4) + GREY_16[:30]) + box(b"jxlp", b"\x80\0\0\1" + GREY_16[30:])
    assert read_image_header(whole) == read_image_header(parts) == read_image_header(GREY_16)


def test_a_container_that_restores_a_jpeg_file_is_a_jpeg_recompression() -> None:
    header = read_image_header(SIGNATURE + box(b"jbrd", b"\0") + box(b"jxlc", RGB_LOSSLESS))
    assert header.transfer_syntax_uid == "1.2.840.10008.1.2.4.111"
    assert header.photometric_interpretation == "YBR_FULL"
    grey = read_image_header(SIGNATURE + box(b"jbrd", b"\0") + box(b"jxlc", GREY_8))
    assert grey.photometric_interpretation == "MONOCHROME2"


@pytest.mark.parametrize(
    "codestream", [WITH_ALPHA, SIGNATURE, SIGNATURE + b"\0\0\0\3jxlc", GREY_8[:4], b"\xff\x0a", SIGNATURE[:13]]
)
def test_what_dicom_has_no_form_for_or_is_broken_is_refused(codestream: bytes) -> None:
    with pytest.raises(MalformedDataset):
        read_image_header(codestream)
