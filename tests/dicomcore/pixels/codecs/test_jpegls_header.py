from __future__ import annotations

from struct import pack

import pytest

from dicomcore.pixels.codecs.declaration import Declaration
from dicomcore.pixels.codecs.jpegls_header import read_jpegls_header

SOI = b"\xff\xd8"


def segment(marker: int, content: bytes) -> bytes:
    return pack(">BBH", 0xFF, marker, 2 + len(content)) + content


FRAME = segment(0xF7, pack(">BHHB", 12, 7, 9, 1) + b"\1\x11\0")
SCAN = segment(0xDA, b"\1\1\0\3\0\0") + b"samples\xff\xd9"
SPIFF = segment(0xE8, b"SPIFF\0" + bytes(24)) + segment(0xE8, b"\0\0\0\1" + SOI)


def test_the_frame_header_is_read() -> None:
    header = read_jpegls_header(SOI + FRAME + SCAN)
    assert (header.declared, header.near, header.start) == (Declaration(7, 9, 1, 12), 3, 2)


def test_a_spiff_header_is_stepped_over() -> None:
    header = read_jpegls_header(SOI + SPIFF + FRAME + SCAN)
    assert (header.declared.rows, header.start) == (7, 2 + len(SPIFF))


def test_the_start_of_image_of_a_spiff_header_may_stand_behind_its_end() -> None:
    spiff = segment(0xE8, b"SPIFF\0" + bytes(24)) + segment(0xE8, b"\0\0\0\1")
    assert read_jpegls_header(SOI + spiff + SOI + FRAME + SCAN).start == 2 + len(spiff) + 2


def test_fill_bytes_may_stand_before_a_marker() -> None:
    assert read_jpegls_header(SOI + b"\xff\xff" + FRAME + SCAN).declared.columns == 9


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        SOI,
        b"\xff\x4f" + FRAME + SCAN,
        SOI + SCAN,
        SOI + FRAME,
        SOI + FRAME[:-2],
        SOI + segment(0xF7, b"\x0c\0\7") + SCAN,
        SOI + FRAME + b"\0" + SCAN,
        SOI + FRAME + segment(0xDA, b""),
        SOI + pack(">BBH", 0xFF, 0xE0, 1) + FRAME + SCAN,
        SOI + FRAME + segment(0xF8, b"\4" + bytes(8)) + SCAN,
        SOI + segment(0xE0, b"") * 2000 + FRAME + SCAN,
    ],
)
def test_broken_headers_are_refused(damaged: bytes) -> None:
    with pytest.raises(ValueError):
        read_jpegls_header(damaged)
