import struct

import pytest

from dicomcore.data.codestream import read_image_header
from dicomcore.errors import MalformedDataset

JFIF = b"\xff\xe0\x00\x10JFIF\0" + bytes(9)
GREY = ((1, 0x11),)
COLOUR = ((1, 0x11), (2, 0x11), (3, 0x11))
SUBSAMPLED = ((1, 0x21), (2, 0x11), (3, 0x11))
NAMED_RGB = ((ord("R"), 0x11), (ord("G"), 0x11), (ord("B"), 0x11))


def adobe(transform: int) -> bytes:
    return b"\xff\xee\x00\x0eAdobe" + bytes(6) + bytes([transform])


def jpeg(
    marker: int,
    *,
    before: bytes = b"",
    components: tuple[tuple[int, int], ...] = GREY,
    parameter: int = 0,
    precision: int = 8,
) -> bytes:
    table = b"".join(bytes((name, sampling, 0)) for name, sampling in components)
    frame = struct.pack(">BBHBHHB", 0xFF, marker, 8 + len(table), precision, 3, 4, len(components)) + table
    names = b"".join(bytes((name, 0)) for name, _ in components)
    scan = struct.pack(">BBHB", 0xFF, 0xDA, 6 + len(names), len(components)) + names + bytes((parameter, 0, 0))
    return b"\xff\xd8" + before + b"\xff\xc4\x00\x03\0" + frame + scan + b"\1\2\xff\xd9"


@pytest.mark.parametrize(
    ("marker", "parameter", "component"),
    [
        (0xC0, 0, "50"),
        (0xC1, 0, "51"),
        (0xC2, 0, "55"),
        (0xC3, 1, "70"),
        (0xC3, 6, "57"),
        (0xF7, 0, "80"),
        (0xF7, 2, "81"),
    ],
)
def test_the_transfer_syntax_follows_from_process_predictor_and_near(
    marker: int, parameter: int, component: str
) -> None:
    header = read_image_header(jpeg(marker, parameter=parameter))
    assert header.transfer_syntax_uid == f"1.2.840.10008.1.2.4.{component}"
    assert (header.rows, header.columns, header.samples_per_pixel) == (3, 4, 1)
    assert header.photometric_interpretation == "MONOCHROME2"


def test_the_precision_is_the_bits_stored() -> None:
    header = read_image_header(jpeg(0xC1, precision=12))
    assert (header.bits_stored, header.bits_allocated) == (12, 16)


@pytest.mark.parametrize(
    ("codestream", "colour"),
    [
        (jpeg(0xC0, components=COLOUR), "YBR_FULL"),
        (jpeg(0xC0, components=SUBSAMPLED, before=JFIF), "YBR_FULL_422"),
        (jpeg(0xC0, components=NAMED_RGB), "RGB"),
        (jpeg(0xC0, components=COLOUR, before=adobe(0)), "RGB"),
        (jpeg(0xC0, components=NAMED_RGB, before=adobe(1)), "YBR_FULL"),
        (jpeg(0xC3, components=COLOUR, parameter=1), "RGB"),
        (jpeg(0xF7, components=COLOUR), "RGB"),
    ],
)
def test_colours_are_told_apart_by_markers_names_and_process(codestream: bytes, colour: str) -> None:
    assert read_image_header(codestream).photometric_interpretation == colour


def test_fill_bytes_before_a_marker_are_skipped() -> None:
    assert read_image_header(jpeg(0xC0, before=b"\xff\xff\xff" + JFIF)).rows == 3


@pytest.mark.parametrize(
    "codestream",
    [
        b"",
        b"\xff\xd8\xff",
        b"BM" + bytes(40),
        jpeg(0xC0)[:20],
        jpeg(0xC5),
        jpeg(0xC9),
        jpeg(0xC0, components=(*COLOUR, (4, 0x11))),
        b"\xff\xd8\xff\xe0\x00\x01",
        b"\xff\xd8\xff\xda\x00\x0c" + bytes(10),
    ],
)
def test_what_is_broken_or_has_no_transfer_syntax_is_refused(codestream: bytes) -> None:
    with pytest.raises(MalformedDataset):
        read_image_header(codestream)
