"""Responses as an ASGI server gets them (RFC 9110; rows COM-040 to COM-043, COM-052 to COM-054)."""

import asyncio
import gzip
import mmap
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import zstandard
from starlette.background import BackgroundTask
from starlette.responses import Response

from app.multipart import PartBegin, PartData, Reader
from app.responses import (
    BufferResponse,
    CodedResponse,
    RepresentationResponse,
    StreamResponse,
    no_content,
    not_modified,
)
from app.sending import Buffer
from dicomcore.errors import RangeNotSatisfiable

ETAG = '"abc"'


def scope(method: str = "GET", **headers: str) -> dict[str, Any]:
    fields = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "method": method, "headers": fields}


class Answer:
    def __init__(self, messages: list[dict[str, Any]]) -> None:
        self.status = messages[0]["status"]
        self.fields = [(name.decode(), value.decode("latin-1")) for name, value in messages[0]["headers"]]
        self.headers = dict(self.fields)
        self.pieces = [message["body"] for message in messages[1:]]
        self.body = b"".join(self.pieces)
        assert [message.get("more_body", False) for message in messages[1:]] == [True] * (len(messages) - 2) + [False]


async def answer(response: Response, asked: dict[str, Any] | None = None) -> Answer:
    messages: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        messages.append(message)

    await response(asked or scope(), never, send)
    return Answer(messages)


async def never() -> Any:
    await asyncio.Event().wait()


def frame(*buffers: Buffer, etag: str | None = ETAG) -> BufferResponse:
    return BufferResponse(buffers or [b"0123456789"], content_type="application/octet-stream", etag=etag)


async def test_buffers_are_sent_with_their_length_and_type() -> None:
    found = await answer(frame(b"abc", b"def"))
    assert (found.status, found.body) == (200, b"abcdef")
    assert found.headers == {
        "content-type": "application/octet-stream",
        "content-length": "6",
        "accept-ranges": "bytes",
        "etag": ETAG,
        "vary": "Accept",
    }


async def test_memory_map_is_sent_as_views_without_a_copy(tmp_path: Path) -> None:
    path = tmp_path / "instance"
    path.write_bytes(b"x" * 3_000_000)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        found = await answer(frame(mapped))
        assert [len(piece) for piece in found.pieces] == [1 << 20, 1 << 20, 3_000_000 - (2 << 20)]
        assert all(isinstance(piece, memoryview) and piece.obj is mapped for piece in found.pieces)
        for piece in found.pieces:
            piece.release()


async def test_small_buffers_go_together() -> None:
    found = await answer(frame(*[b"x" * 1000] * 3, b"y" * 100_000, b"z"))
    assert [len(piece) for piece in found.pieces] == [3000, 100_000, 1]


async def test_very_many_small_buffers_go_in_pieces() -> None:
    found = await answer(frame(*[b"x" * 10_000] * 200))
    assert [len(piece) for piece in found.pieces] == [1_050_000, 950_000]


async def test_nothing_is_sent_as_nothing() -> None:
    found = await answer(frame(b""))
    assert (found.status, found.body, found.headers["content-length"]) == (200, b"", "0")


async def test_repeated_headers_stay_repeated_and_cannot_be_broken_out_of() -> None:
    fields = [("Warning", "299 a: b"), ("Warning", "299 a: c\r\nX: y")]
    found = await answer(BufferResponse([b""], content_type="text/plain", headers=fields))
    assert [value for name, value in found.fields if name == "warning"] == ["299 a: b", "299 a: c X: y"]


async def test_head_has_the_same_headers_and_no_body() -> None:
    found, head = await answer(frame()), await answer(frame(), scope("HEAD"))
    assert (head.status, head.fields, head.body) == (200, found.fields, b"")


async def test_head_does_not_ask_for_the_data() -> None:
    response = RepresentationResponse(10, lambda start, end: [b"" * (1 // 0)], content_type="a/b")
    assert (await answer(response, scope("HEAD"))).headers["content-length"] == "10"


async def test_matching_etag_is_not_modified() -> None:
    found = await answer(frame(), scope(if_none_match='"x", "abc"'))
    assert (found.status, found.body) == (304, b"")
    assert found.headers == {"etag": ETAG, "vary": "Accept"}


async def test_other_etag_is_answered_in_full() -> None:
    assert (await answer(frame(), scope(if_none_match='"x"'))).status == 200


async def test_conditions_are_for_get_and_head() -> None:
    assert not_modified(scope("POST", if_none_match=ETAG), ETAG) is None


async def test_range_is_a_part_of_all_buffers() -> None:
    found = await answer(frame(b"012", b"345", b"6789"), scope(range="bytes=2-7"))
    assert (found.status, found.body) == (206, b"234567")
    assert (found.headers["content-range"], found.headers["content-length"]) == ("bytes 2-7/10", "6")


async def test_several_ranges_are_a_multipart_answer() -> None:
    found = await answer(frame(), scope(range="bytes=0-1,-2"))
    media_type, _, boundary = found.headers["content-type"].partition("; boundary=")
    events = Reader(boundary).feed(found.body)
    assert (found.status, media_type) == (206, "multipart/byteranges")
    assert int(found.headers["content-length"]) == len(found.body)
    assert [event.headers["content-range"] for event in events if isinstance(event, PartBegin)] == [
        "bytes 0-1/10",
        "bytes 8-9/10",
    ]
    assert [bytes(event.data) for event in events if isinstance(event, PartData)] == [b"01", b"89"]


async def test_range_with_another_if_range_is_answered_in_full() -> None:
    assert (await answer(frame(), scope(range="bytes=0-1", if_range='"x"'))).status == 200
    assert (await answer(frame(), scope(range="bytes=0-1", if_range=ETAG))).status == 206


async def test_range_is_for_get_only() -> None:
    assert (await answer(frame(), scope("HEAD", range="bytes=0-1"))).headers["content-length"] == "10"


async def test_range_outside_is_an_error_before_anything_is_sent() -> None:
    with pytest.raises(RangeNotSatisfiable):
        await answer(frame(), scope(range="bytes=10-"))


async def test_other_statuses_have_no_ranges_and_no_conditions() -> None:
    response = BufferResponse([b"0123456789"], content_type="a/b", status=206, etag=ETAG)
    found = await answer(response, scope(range="bytes=0-1", if_none_match=ETAG))
    assert (found.status, found.body, "accept-ranges" in found.headers) == (206, b"0123456789", False)


async def test_last_modified_is_a_validator() -> None:
    date = "Tue, 15 Nov 1994 12:45:26 GMT"
    response = BufferResponse([b"0123456789"], content_type="a/b", last_modified=date)
    found = await answer(response, scope(range="bytes=0-1", if_range=date))
    assert (found.status, found.headers["last-modified"]) == (206, date)


async def slowly(start: int, end: int) -> AsyncIterator[Buffer]:
    for place in range(start, end):
        await asyncio.sleep(0)
        yield b"0123456789"[place : place + 1]


@pytest.mark.parametrize(("header", "body"), [("bytes=0-", b"0123456789"), ("bytes=3-4", b"34")])
async def test_slices_may_come_asynchronously(header: str, body: bytes) -> None:
    response = RepresentationResponse(10, slowly, content_type="a/b")
    assert (await answer(response, scope(range=header))).body == body


async def test_several_ranges_may_come_asynchronously() -> None:
    response = RepresentationResponse(10, slowly, content_type="a/b")
    found = await answer(response, scope(range="bytes=0-1,8-9"))
    assert int(found.headers["content-length"]) == len(found.body)
    assert b"\r\n\r\n01\r\n--" in found.body


async def test_background_work_is_done_after_the_answer() -> None:
    done: list[str] = []
    response = frame()
    response.background = BackgroundTask(done.append, "done")
    await answer(response)
    assert done == ["done"]


# Streams


async def pieces(*buffers: bytes) -> AsyncIterator[Buffer]:
    for buffer in buffers:
        yield buffer


async def test_stream_of_unknown_size_has_no_length() -> None:
    found = await answer(StreamResponse(pieces(b"a", b"b"), content_type="a/b"))
    assert (found.status, found.body, "content-length" in found.headers) == (200, b"ab", False)


async def test_stream_of_known_size_has_a_length_and_an_etag() -> None:
    found = await answer(StreamResponse(pieces(b"ab"), content_type="a/b", size=2, etag=ETAG))
    assert (found.headers["content-length"], found.headers["etag"]) == ("2", ETAG)


async def test_stream_of_nothing_is_answered() -> None:
    assert (await answer(StreamResponse(pieces(), content_type="a/b"))).body == b""


async def test_stream_that_is_not_modified_is_not_begun() -> None:
    response = StreamResponse(pieces(b"a"), content_type="a/b", etag=ETAG)
    assert (await answer(response, scope(if_none_match=ETAG))).status == 304


async def test_error_before_the_first_buffer_comes_before_anything_is_sent() -> None:
    async def failing() -> AsyncIterator[Buffer]:
        raise RangeNotSatisfiable(1)
        yield b""

    with pytest.raises(RangeNotSatisfiable):
        await answer(StreamResponse(failing(), content_type="a/b"))


async def test_stream_stops_and_is_closed_when_the_client_goes_away() -> None:
    gone, closed, sent = asyncio.Event(), asyncio.Event(), []

    async def endless() -> AsyncIterator[Buffer]:
        try:
            while True:
                yield b"x"
                await asyncio.sleep(0)
        finally:
            closed.set()

    async def receive() -> Any:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)
        if len(sent) == 5:
            gone.set()

    await asyncio.wait_for(StreamResponse(endless(), content_type="a/b")(scope(), receive, send), 5)
    assert closed.is_set()


async def test_unread_body_of_the_request_does_not_look_like_a_disconnect() -> None:
    messages = iter([{"type": "http.request", "body": b"", "more_body": False}])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(messages, None) or await never()

    async def send(message: Any) -> None:
        await asyncio.sleep(0.001)
        sent.append(message)

    await StreamResponse(slowly(0, 10), content_type="a/b")(scope(), receive, send)
    assert b"".join(message.get("body", b"") for message in sent) == b"0123456789"


async def test_iterators_that_cannot_be_closed_are_taken() -> None:
    class Once:
        def __init__(self) -> None:
            self.left = [b"a", b"b"]

        def __aiter__(self) -> "Once":
            return self

        async def __anext__(self) -> bytes:
            if not self.left:
                raise StopAsyncIteration
            return self.left.pop(0)

    assert (await answer(StreamResponse(Once(), content_type="a/b"))).body == b"ab"


# Texts


TEXT = b'{"00080020":{"vr":"DA","Value":["20200101"]}},' * 100


async def test_json_goes_as_it_is_when_nobody_asks_for_a_coding() -> None:
    found = await answer(CodedResponse([b"[", b"]"], etag=ETAG))
    assert found.headers == {
        "content-type": "application/dicom+json",
        "content-length": "2",
        "etag": ETAG,
        "vary": "Accept, Accept-Encoding",
    }


@pytest.mark.parametrize(("coding", "decode"), [("gzip", gzip.decompress), ("zstd", zstandard.decompress)])
@pytest.mark.parametrize("times", [1, 200])
async def test_json_is_coded_for_those_who_accept_it(coding: str, decode: Any, times: int) -> None:
    found = await answer(CodedResponse([TEXT] * times, etag=ETAG), scope(accept_encoding=coding))
    assert decode(found.body) == TEXT * times
    assert (found.headers["content-encoding"], found.headers["etag"]) == (coding, f'"abc-{coding}"')
    assert int(found.headers["content-length"]) == len(found.body)


async def test_coded_answer_without_etag() -> None:
    found = await answer(CodedResponse([TEXT]), scope(accept_encoding="gzip"))
    assert "etag" not in found.headers


async def test_etag_of_any_coding_is_not_modified() -> None:
    found = await answer(CodedResponse([TEXT], etag=ETAG), scope(if_none_match='"abc-gzip"'))
    assert (found.status, found.headers["etag"]) == (304, '"abc-gzip"')


async def test_store_response_with_another_status_is_never_304() -> None:
    found = await answer(CodedResponse([TEXT], etag=ETAG, status=202), scope(if_none_match=ETAG))
    assert found.status == 202


async def test_no_content_has_no_type_and_no_length() -> None:
    found = await answer(no_content([("X-Total-Count", "0")]))
    assert (found.status, found.headers, found.body) == (204, {"x-total-count": "0"}, b"")
