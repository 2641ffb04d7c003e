from __future__ import annotations

from struct import pack

import pytest

from dicomcore.pixels.codecs.fast_start import with_fast_start


def box(kind: bytes, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return pack(">I4s", 8 + len(content), kind) + content


def nested(kinds: list[bytes], content: bytes) -> bytes:
    for kind in reversed(kinds):
        content = box(kind, content)
    return content


def directory(*offsets: int, table: bytes = b"stco") -> bytes:
    chunks = box(table, pack(f">II{len(offsets)}I", 0, len(offsets), *offsets))
    return nested([b"moov", b"trak", b"mdia", b"minf", b"stbl"], chunks)


FILE_TYPE = box(b"ftyp", b"isom")
SAMPLES = box(b"mdat", b"first", b"second")


def test_the_directory_is_moved_to_the_front_and_points_to_the_same_samples() -> None:
    first = len(FILE_TYPE) + 8
    moved = with_fast_start(FILE_TYPE + SAMPLES + directory(first, first + 5))
    distance = len(directory(0, 0))
    assert moved == FILE_TYPE + directory(first + distance, first + 5 + distance) + SAMPLES
    assert moved[first + distance :].startswith(b"firstsecond")


def test_a_file_that_starts_with_its_directory_stays_as_it_is() -> None:
    file = FILE_TYPE + directory(100) + SAMPLES
    assert with_fast_start(file) == file


def test_offsets_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError):
        with_fast_start(FILE_TYPE + SAMPLES + directory(20, table=b"co64"))
