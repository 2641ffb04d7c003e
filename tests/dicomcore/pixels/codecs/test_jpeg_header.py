from __future__ import annotations

from dataclasses import replace
from struct import pack

import pytest

from dicomcore.pixels import ImagePixel, PixelFormat
from dicomcore.pixels.codecs.jpeg_header import MAX_SCANS, Component, read_jpeg_header, with_numbered_components

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
SCAN = b"\xff\xda\0\x02entropy"
JFIF = b"JFIF\0\1\1\0\0\1\0\1\0\0"


def segment(marker: int, content: bytes) -> bytes:
    return pack(">BBH", 0xFF, marker, len(content) + 2) + content


def frame_header(marker: int = 0xC0, components: bytes = b"\1\x22\0\2\x11\1\3\x11\1", precision: int = 8) -> bytes:
    return segment(marker, pack(">BHHB", precision, 5, 7, len(components) // 3) + components)


def adobe(transform: int) -> bytes:
    return segment(0xEE, b"Adobe\0\x64\0\0\0\0" + bytes([transform]))


def form(rows: int = 5, columns: int = 7, samples: int = 3, bits: int = 8) -> PixelFormat:
    return PixelFormat(ImagePixel(rows, columns, samples, bits, 0, False), "RGB", bits, bits - 1)


def test_frame_header_is_read() -> None:
    header = read_jpeg_header(SOI + segment(0xE0, JFIF) + adobe(1) + frame_header() + SCAN + EOI)
    assert (header.process, header.precision, header.rows, header.columns) == (0xC0, 8, 5, 7)
    assert header.components[0] == Component(1, 2, 2)
    assert header.is_jfif and header.adobe_transform == 1 and header.is_subsampled
    assert not header.is_lossless and not header.has_rgb_identifiers


def test_absent_application_segments_say_nothing() -> None:
    header = read_jpeg_header(SOI + frame_header(0xC3, b"R\x11\0G\x11\0B\x11\0", 12) + SCAN + EOI)
    assert not header.is_jfif and header.adobe_transform is None and not header.is_subsampled
    assert header.is_lossless and header.has_rgb_identifiers and header.precision == 12


def test_thumbnail_in_an_application_segment_is_not_the_image() -> None:
    thumbnail = SOI + frame_header(components=b"\1\x11\0") + SCAN + EOI
    header = read_jpeg_header(SOI + segment(0xE1, thumbnail) + frame_header() + SCAN + EOI)
    assert len(header.components) == 3


def test_fill_bytes_before_markers_are_skipped() -> None:
    assert read_jpeg_header(SOI + b"\xff\xff" + frame_header() + b"\xff" + SCAN + EOI + b"\0").rows == 5


@pytest.mark.parametrize(
    ("codestream", "problem"),
    [
        (b"", "no JPEG"),
        (b"\xff\x4f\xff\x51", "no JPEG"),
        (SOI, "no marker"),
        (SOI + b"\xff", "no marker"),
        (SOI + b"abcdef", "no marker"),
        (SOI + b"\xff\xc0\0\x20abc", "cut off"),
        (SOI + b"\xff\xc0\0\1abc", "cut off"),
        (SOI + segment(0xC0, b"\x08\0\5"), "cut off"),
        (SOI + segment(0xC0, b"\x08\0\5\0\7\3abc"), "cut off"),
        (SOI + SCAN + EOI, "no frame header"),
        (SOI + b"\xff\xd9\0\0", "no frame header|cut off"),
        (SOI + frame_header() + SCAN, "no end of image"),
        (SOI + frame_header() + SCAN * (MAX_SCANS + 1) + EOI, "scans"),
        (SOI + b"\xff\x01" * 20_000 + frame_header() + SCAN + EOI, "no frame header"),
    ],
)
def test_broken_codestream_is_refused(codestream: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_jpeg_header(codestream)


@pytest.mark.parametrize(
    "described",
    [form(rows=6), form(columns=8), form(samples=1)],
    ids=["rows", "columns", "samples"],
)
def test_other_image_than_that_of_the_data_set_is_refused(described: PixelFormat) -> None:
    header = read_jpeg_header(SOI + frame_header() + SCAN + EOI)
    header.check(form())
    with pytest.raises(ValueError, match="instead of"):
        header.check(described)


def test_floating_point_pixels_have_no_codestream() -> None:
    header = read_jpeg_header(SOI + frame_header() + SCAN + EOI)
    with pytest.raises(ValueError, match="floating"):
        header.check(replace(form(), floating=True))


@pytest.mark.parametrize("precision", [0, 1, 12, 17])
def test_precision_has_to_fit_into_the_cells(precision: int) -> None:
    header = read_jpeg_header(SOI + frame_header(0xC1, precision=precision) + SCAN + EOI)
    with pytest.raises(ValueError, match="bits"):
        header.check(form())


@pytest.mark.parametrize("process", [0xC5, 0xC7, 0xC9, 0xCB, 0xCF])
def test_hierarchical_and_arithmetic_processes_are_refused(process: int) -> None:
    header = read_jpeg_header(SOI + frame_header(process) + SCAN + EOI)
    with pytest.raises(ValueError, match=f"FF{process:02X}"):
        header.check(form())


def test_components_are_numbered_in_the_frame_header_and_in_the_scan() -> None:
    frame = b"\xff\xc3\0\x11\x08\0\4\0\5\3R\x11\0G\x11\0B\x11\0"
    scan = b"\xff\xda\0\x0c\3R\0G\0B\0\1\0\0RGB\xff\xd9"
    numbered = with_numbered_components(b"\xff\xd8\xff\xfe\0\5RGB" + frame + scan)
    assert numbered == b"\xff\xd8\xff\xfe\0\5RGB" + (
        b"\xff\xc3\0\x11\x08\0\4\0\5\3\1\x11\0\2\x11\0\3\x11\0" + b"\xff\xda\0\x0c\3\1\0\2\0\3\0\1\0\0RGB\xff\xd9"
    )


def test_numbering_ends_where_a_codestream_is_cut_off() -> None:
    with pytest.raises(ValueError, match="no marker"):
        with_numbered_components(b"\xff\xd8\xff\xfe\0\2")
