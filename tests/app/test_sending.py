"""Buffers on their way to the server."""

import asyncio
from typing import Any

import pytest
from starlette.requests import ClientDisconnect

from app.sending import made_while_connected, raw_fields, slices_of, while_connected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, 6, [b"ab", b"", b"cdef"]),
        (1, 3, [b"b", b"c"]),
        (2, 6, [b"cdef"]),
        (0, 2, [b"ab"]),
        (4, 4, []),
        (5, 99, [b"f"]),
    ],
)
def test_slices_span_buffers(start: int, end: int, expected: list[bytes]) -> None:
    found = [bytes(piece) for piece in slices_of([b"ab", b"", b"cdef"], start, end)]
    assert found == [piece for piece in expected if piece]


def test_slices_are_views_and_whole_buffers_themselves() -> None:
    buffers = [b"abc", b"def"]
    first, second = slices_of(buffers, 0, 5)
    assert first is buffers[0]
    assert isinstance(second, memoryview) and second.obj is buffers[1]


def test_fields_are_lower_case_latin_1() -> None:
    assert raw_fields([("Content-Type", "a/b")], [("X", "ü\n")]) == [(b"content-type", b"a/b"), (b"x", b"\xfc")]


async def never() -> Any:
    await asyncio.Event().wait()


async def test_errors_of_the_work_come_out() -> None:
    async def fail() -> None:
        raise ValueError

    with pytest.raises(ValueError):
        await while_connected(never, fail())


async def test_cancellation_from_outside_stops_the_work() -> None:
    stopped = asyncio.Event()

    async def work() -> None:
        try:
            await never()
        finally:
            stopped.set()

    task = asyncio.create_task(while_connected(never, work()))
    await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stopped.is_set()


async def gone() -> Any:
    return {"type": "http.disconnect"}


@pytest.mark.parametrize("receive", [None, never])
async def test_what_is_made_for_a_client_that_stays_comes_out(receive: Any) -> None:
    async def make() -> bytes:
        await asyncio.sleep(0)
        return b"made"

    assert await made_while_connected(receive, make()) == b"made"


async def test_what_is_made_for_nobody_is_given_up() -> None:
    with pytest.raises(ClientDisconnect):
        await made_while_connected(gone, never())
