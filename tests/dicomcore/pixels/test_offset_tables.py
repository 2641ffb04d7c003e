from __future__ import annotations

from struct import pack

import pytest
from builders import element, encapsulated

from dicomcore.data import EXPLICIT_VR_LITTLE_ENDIAN, read_dataset
from dicomcore.pixels.offset_tables import begins_codestream, first_fragments

JPEG = b"\xff\xd8\xff\xe0"
MORE = b"more"
RLE = pack("<16I", 2, 64, 70, *[0] * 13)


def starts(
    fragments: list[bytes], frames: int | None, *, basic: list[int] | None = None, extended: list[int] | None = None
) -> list[int] | None:
    encoded = b"" if extended is None else element(0x7FE00001, "OV", pack(f"<{len(extended)}Q", *extended))
    encoded += encapsulated(fragments, offset_table=pack(f"<{len(basic or [])}I", *(basic or [])))
    dataset = read_dataset(encoded, EXPLICIT_VR_LITTLE_ENDIAN)
    return first_fragments(dataset, dataset.elements[0x7FE00010], frames)


def test_one_frame_has_all_fragments() -> None:
    assert starts([JPEG, MORE, MORE], 1) == [0]


def test_as_many_fragments_as_frames_are_one_each() -> None:
    assert starts([MORE, MORE, MORE], 3) is None


def test_no_fragments_are_no_frames() -> None:
    assert starts([], 3) == []


def test_basic_offset_table_says_where_frames_begin() -> None:
    assert starts([MORE] * 4, 2, basic=[0, 36]) == [0, 3]


def test_extended_offset_table_says_where_frames_begin() -> None:
    assert starts([MORE] * 4, 2, extended=[0, 24]) == [0, 2]


def test_extended_offset_table_wins_if_it_is_right() -> None:
    assert starts([MORE] * 4, 2, basic=[0, 36], extended=[0, 24]) == [0, 2]
    assert starts([MORE] * 4, 2, basic=[0, 36], extended=[0, 23]) == [0, 3]


@pytest.mark.parametrize(
    "lies",
    [[0, 35], [12, 24], [0, 0], [24, 0], [0, 4000], [0], [0, 12, 24]],
    ids=["between", "not from the start", "twice", "backwards", "outside", "too few", "too many"],
)
def test_offset_table_that_lies_is_ignored(lies: list[int]) -> None:
    assert starts([JPEG, MORE, MORE, JPEG], 2, basic=lies) == [0, 3]


def test_without_number_of_frames_the_table_decides() -> None:
    assert starts([MORE] * 4, None, basic=[0, 12, 36]) == [0, 1, 3]
    assert starts([MORE] * 4, None) == [0]


def test_fragments_are_scanned_for_codestreams() -> None:
    assert starts([JPEG, MORE, JPEG, MORE, JPEG], 3) == [0, 2, 4]


def test_fewer_codestreams_than_frames_are_fewer_frames() -> None:
    assert starts([JPEG, MORE, JPEG, MORE], 3) == [0, 2]


def test_more_codestreams_than_frames_are_not_more_frames() -> None:
    assert starts([JPEG, JPEG, JPEG], 2) == [0, 1]


@pytest.mark.parametrize("start", [b"\0\0\1\xb3", b"\0\0\0\1\x67", b"\0\0\0\x20ftypisom", b"G\x40\0\x10"])
def test_video_is_one_stream(start: bytes) -> None:
    assert starts([start + bytes(20), MORE, MORE], 250) == [0]


def test_what_is_not_recognised_is_one_stream() -> None:
    assert starts([MORE, MORE, MORE], 2) == [0]


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        (JPEG, True),
        (b"\xff\x4f\xff\x51\0\x29", True),
        (b"\0\0\0\x0cjP  \r\n\x87\n", True),
        (b"\xff\x0a\0", True),
        (b"\0\0\0\x0cJXL \r\n\x87\n", True),
        (RLE + bytes(20), True),
        (RLE, False),
        (pack("<16I", 16, 64, *[0] * 14) + bytes(20), False),
        (pack("<16I", 2, 60, 70, *[0] * 13) + bytes(20), False),
        (pack("<16I", 1, 64, 70, *[0] * 13) + bytes(20), False),
        (pack("<16I", 2, 64, 9000, *[0] * 13) + bytes(20), False),
        (MORE, False),
        (b"", False),
    ],
)
def test_codestreams_are_known_by_their_first_bytes(fragment: bytes, expected: bool) -> None:
    assert begins_codestream(b"x" + fragment + RLE, (1, 1 + len(fragment))) is expected
