from __future__ import annotations

from struct import pack

import pytest
from images import image_format

from dicomcore.pixels.codecs.declaration import Declaration
from dicomcore.pixels.codecs.jpeg2000_header import MAX_LAYERS, MAX_TILES, Jpeg2000Header, read_jpeg2000_header

SOC, SOT = b"\xff\x4f", b"\xff\x90\0\x0a"
FORM = image_format((300, 400), 12)


def segment(marker: int, content: bytes) -> bytes:
    return pack(">HH", marker, 2 + len(content)) + content


def siz(
    right: int = 400,
    bottom: int = 300,
    *,
    left: int = 0,
    top: int = 0,
    tile: tuple[int, int, int, int] = (400, 300, 0, 0),
    components: bytes = b"\x0b\1\1",
) -> bytes:
    area = pack(">HIIIIIIIIH", 0, right, bottom, left, top, *tile, len(components) // 3)
    return segment(0xFF51, area + components)


def cod(layers: int = 1, levels: int = 5, *, converted: int = 0, wavelet: int = 1, precincts: bytes = b"") -> bytes:
    style = pack(">BBHBBBBBB", bool(precincts), 2, layers, converted, levels, 4, 4, 0, wavelet)
    return segment(0xFF52, style + precincts)


def header(*segments: bytes) -> Jpeg2000Header:
    return read_jpeg2000_header(memoryview(SOC + b"".join(segments) + SOT))


def test_size_and_samples_are_read() -> None:
    assert header(siz(), cod()).declared == Declaration(300, 400, 1, 12)


def test_the_image_area_may_begin_anywhere_on_the_grid() -> None:
    read = header(siz(410, 320, left=10, top=20, tile=(100, 100, 0, 0)), cod())
    assert (read.declared.rows, read.declared.columns, read.tiles) == (300, 400, 20)


def test_signs_are_read() -> None:
    assert header(siz(components=b"\x8f\1\1"), cod()).declared == Declaration(300, 400, 1, 16, is_signed=True)


@pytest.mark.parametrize("converted", [0, 1])
@pytest.mark.parametrize("wavelet", [0, 1])
def test_conversion_and_wavelet_are_read(converted: int, wavelet: int) -> None:
    read = header(siz(components=b"\7\1\1" * 3), cod(converted=converted, wavelet=wavelet))
    assert (read.is_converted, read.is_reversible) == (converted == 1, wavelet == 1)


@pytest.mark.parametrize(
    "segments",
    [
        (siz(), cod()),
        (siz(), cod(precincts=b"\x77" + b"\x88" * 5)),
        (siz(tile=(64, 64, 0, 0)), cod()),
        (siz(), cod(layers=20)),
    ],
)
def test_what_encoders_make_is_accepted(segments: tuple[bytes, ...]) -> None:
    header(*segments).check(FORM)


@pytest.mark.parametrize(
    ("segments", "problem"),
    [
        ((siz(tile=(1, 1, 0, 0)), cod()), f"more than {MAX_TILES}"),
        ((siz(), cod(layers=65535)), f"from 1 to {MAX_LAYERS}"),
        ((siz(), cod(layers=0)), f"from 1 to {MAX_LAYERS}"),
        ((siz(), cod(layers=1000, precincts=b"\x11" * 6)), "packets"),
        ((siz(tile=(16, 16, 0, 0)), cod(layers=900)), "packets"),
        ((siz(tile=(1, 300, 0, 0)), cod()), "tiles of 300 rows of 1"),
        ((siz(2**32 - 1, 2**32 - 1), cod()), "4294967295 rows"),
        ((siz(components=b"\x0b\1\1" * 16384), cod()), "16384 components"),
        ((siz(components=b"\x25\1\1"), cod()), "38 bits"),
    ],
)
def test_what_asks_for_too_much_is_refused(segments: tuple[bytes, ...], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        header(*segments).check(FORM)


@pytest.mark.parametrize(
    "segments",
    [
        (),
        (siz(),),
        (cod(),),
        (siz(), siz(), cod()),
        (siz(), cod(), cod()),
        (siz(), cod(levels=33)),
        (siz(), cod(precincts=b"\x77")),
        (siz(), cod(precincts=b"\x77\x70\x77\x77\x77\x77")),
        (siz(), cod()[:-1]),
        (siz(400, 300, left=400), cod()),
        (siz(tile=(0, 300, 0, 0)), cod()),
        (siz(left=5, tile=(5, 300, 0, 0)), cod()),
        (siz(tile=(400, 300, 1, 0)), cod()),
        (siz(components=b""), cod()),
        (siz(components=b"\7\1\1\7\2\2\7\2\2"), cod()),
        (siz(components=b"\7\2\1"), cod()),
        (siz(), cod(), segment(0x0052, b"")),
        (siz(), cod(), segment(0xFF64, b"") * 10_001),
    ],
)
def test_broken_headers_are_refused(segments: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError):
        header(*segments)


@pytest.mark.parametrize("length", [0, 2, 3, 20, 50, 60])
def test_headers_that_are_cut_off_are_refused(length: int) -> None:
    with pytest.raises(ValueError):
        read_jpeg2000_header(memoryview((SOC + siz() + cod() + SOT)[:length]))


def tile_part(length: int, content: bytes) -> bytes:
    return b"\xff\x90" + pack(">HHIBB", 10, 0, length, 0, 1) + b"\xff\x93" + content


EOC = b"\xff\xd9"


@pytest.mark.parametrize(
    ("rest", "is_whole"),
    [
        (tile_part(22, bytes(8)) + EOC, True),
        (tile_part(22, bytes(8)) + tile_part(18, bytes(4)) + EOC + bytes(3), True),
        (tile_part(22, bytes(8)), False),
        (tile_part(23, bytes(8)) + EOC, False),
        (tile_part(22, bytes(8)) + tile_part(18, bytes(4))[:9], False),
        (tile_part(0, bytes(8)) + EOC, False),
        (tile_part(13, b"") + EOC, False),
        (tile_part(0xFFFFFFFF, bytes(8)) + EOC, False),
    ],
)
def test_a_codestream_is_whole_when_its_last_tile_part_ends_where_it_does(rest: bytes, is_whole: bool) -> None:
    assert read_jpeg2000_header(memoryview(SOC + siz() + cod() + rest)).is_whole == is_whole
