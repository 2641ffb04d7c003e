from collections.abc import AsyncIterator

import pytest

from dicomcore.content import Content, Extent, within
from dicomcore.data import Buffer

WHOLE = b"abcdefghij"


async def read(content: Content, start: int, end: int) -> bytes:
    return b"".join([bytes(buffer) async for buffer in content.read(start, end)])


async def reader(start: int, end: int) -> AsyncIterator[Buffer]:
    yield WHOLE[start:end]


@pytest.mark.parametrize(
    "content", [Content.of([WHOLE]), Content.of([b"abc", b"", memoryview(b"defg"), b"hij"]), Content(10, reader=reader)]
)
@pytest.mark.parametrize(("start", "end"), [(0, 10), (0, 1), (2, 4), (3, 7), (9, 10), (5, 5)])
async def test_any_range_can_be_read(content: Content, start: int, end: int) -> None:
    assert content.size == 10
    assert await read(content, start, end) == WHOLE[start:end]


async def test_what_is_in_memory_is_not_copied() -> None:
    buffer = bytearray(WHOLE)
    views = [view async for view in Content.of([buffer]).read(2, 4)]
    buffer[2:4] = b"XY"
    assert b"".join(views) == b"XY"


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, 30, [(100, 110), (200, 220)]),
        (0, 10, [(100, 110)]),
        (5, 15, [(105, 110), (200, 205)]),
        (10, 11, [(200, 201)]),
        (7, 7, []),
    ],
)
def test_a_range_is_cut_out_of_extents(start: int, end: int, expected: list[Extent]) -> None:
    assert within([(100, 110), (200, 220)], start, end) == expected


async def test_the_whole_is_one_buffer_and_not_a_copy_where_it_is_one() -> None:
    held = b"abc"
    assert await Content.of([held]).whole() is held
    assert await Content.of([b"ab", b"", b"c"]).whole() == b"abc"
    assert await Content.of([]).whole() == b""
