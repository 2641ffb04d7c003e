"""Responses that send buffers as they are (RFC 9110): ranges, conditional requests, content coding, streams.

Slices of a memory map go to the transport as views, without a copy and without a thread. What depends on the request
(HEAD, If-None-Match, Range, If-Range, Accept-Encoding) is looked up in the scope when the response is sent, so handlers
say only what the representation is. Nothing is sent before the first buffer is there: an error up to then can still be
answered as one.
"""

import abc
import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from typing import NamedTuple

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.content_coding import CODINGS, coded_etag, encode, select_coding
from app.multipart import Layout, Span, make_boundary
from app.ranges import allows_range, content_range, matches_etag, parse_range
from app.sending import (
    Body,
    Buffer,
    HeaderFields,
    RawFields,
    iterate,
    pieces_of,
    raw_fields,
    send_buffers,
    send_head,
    send_stream,
    slices_of,
    while_connected,
)

Slices = Callable[[int, int], Body]

_THREAD_THRESHOLD = 256 * 1024


class _Answer(NamedTuple):
    status: int
    content_type: str
    size: int | None
    body: Callable[[], Body]
    fields: HeaderFields = ()


class _OwnResponse(Response):
    """What Starlette and FastAPI expect of a response, without a body of its own."""

    def __init__(self, status: int, *groups: HeaderFields) -> None:
        self.status_code = status
        self.background = None
        self.raw_headers = raw_fields(*groups)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request in ``scope``."""
        await self._respond(scope, receive, send)
        if self.background is not None:
            await self.background()

    @abc.abstractmethod
    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None: ...


class RepresentationResponse(_OwnResponse):
    """A representation of known size, of which ``slices(start, end)`` gives any range, for GET and HEAD.

    With an ``etag`` conditional requests are answered. ``headers`` are further fields; repeated ones stay repeated.
    """

    def __init__(
        self,
        size: int,
        slices: Slices,
        *,
        content_type: str,
        status: int = 200,
        etag: str | None = None,
        last_modified: str | None = None,
        headers: HeaderFields = (),
    ) -> None:
        validators = (("etag", etag), ("last-modified", last_modified))
        present = ((name, value) for name, value in validators if value is not None)
        super().__init__(status, present, (("vary", "Accept"),), headers)
        self.size = size
        self._slices = slices
        self._content_type = content_type
        self._etag = etag
        self._last_modified = last_modified

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.status_code == 200 and not_modified(scope, self._etag) is not None:
            await send_head(send, 304, self.raw_headers)
        else:
            await _send(scope, receive, send, self._answer(scope), self.raw_headers)

    def _answer(self, scope: Scope) -> _Answer:
        ranges = self._ranges(scope)
        accept_ranges = ("accept-ranges", "bytes")
        if ranges is None:
            fields = (accept_ranges,) if self.status_code == 200 else ()
            return _Answer(self.status_code, self._content_type, self.size, lambda: self._slices(0, self.size), fields)
        if len(ranges) == 1:
            start, end = ranges[0]
            field = ("content-range", content_range(start, end, self.size))
            return _Answer(
                206, self._content_type, end - start, lambda: self._slices(start, end), (accept_ranges, field)
            )
        layout = Layout(make_boundary(self._etag or "", repr(ranges)), [self._range_part(*one) for one in ranges])
        content_type = f"multipart/byteranges; boundary={layout.boundary}"
        return _Answer(206, content_type, layout.size, lambda: self._byteranges(layout, ranges), (accept_ranges,))

    def _ranges(self, scope: Scope) -> list[tuple[int, int]] | None:
        asked = _field(scope, b"range")
        if asked is None or scope["method"] != "GET" or self.status_code != 200:
            return None
        holds = allows_range(_field(scope, b"if-range"), self._etag, self._last_modified)
        return parse_range(asked, self.size) if holds else None

    def _range_part(self, start: int, end: int) -> tuple[HeaderFields, int]:
        fields = ("Content-Type", self._content_type), ("Content-Range", content_range(start, end, self.size))
        return fields, end - start

    async def _byteranges(self, layout: Layout, ranges: list[tuple[int, int]]) -> AsyncIterator[Buffer]:
        for piece in layout.slices(0, layout.size):
            if isinstance(piece, Span):
                async for buffer in iterate(self._slices(*ranges[piece.part])):
                    yield buffer
            else:
                yield piece


class BufferResponse(RepresentationResponse):
    """A representation that is there, as buffers one after the other."""

    def __init__(
        self,
        buffers: Sequence[Buffer],
        *,
        content_type: str,
        status: int = 200,
        etag: str | None = None,
        last_modified: str | None = None,
        headers: HeaderFields = (),
    ) -> None:
        super().__init__(
            sum(map(len, buffers)),
            lambda start, end: slices_of(buffers, start, end),
            content_type=content_type,
            status=status,
            etag=etag,
            last_modified=last_modified,
            headers=headers,
        )


class StreamResponse(_OwnResponse):
    """Buffers as an iterator gives them, to be used where nobody knows the size, or ranges make no sense.

    The next buffer is asked for when the client has taken the last one; when the client is gone the iterator is closed.
    """

    def __init__(
        self,
        buffers: AsyncIterable[Buffer],
        *,
        content_type: str,
        status: int = 200,
        size: int | None = None,
        etag: str | None = None,
        headers: HeaderFields = (),
    ) -> None:
        super().__init__(status, (("etag", etag),) if etag else (), (("vary", "Accept"),), headers)
        self._etag = etag
        self._answer = _Answer(status, content_type, size, lambda: buffers)

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.status_code == 200 and not_modified(scope, self._etag) is not None:
            await send_head(send, 304, self.raw_headers)
        else:
            await _send(scope, receive, send, self._answer, self.raw_headers)


class CodedResponse(_OwnResponse):
    """A text that may be compressed (JSON, XML), by Accept-Encoding; each coding has a strong ETag of its own.

    ``codings`` are those we make, the preferred one first; with none the text goes as it is. Large texts are compressed
    in a thread.
    """

    def __init__(
        self,
        buffers: Sequence[Buffer],
        *,
        content_type: str = "application/dicom+json",
        status: int = 200,
        etag: str | None = None,
        headers: HeaderFields = (),
        codings: Sequence[str] = CODINGS,
    ) -> None:
        super().__init__(status, (("vary", "Accept, Accept-Encoding"),), headers)
        self._buffers = buffers
        self._content_type = content_type
        self._etag = etag
        self._codings = tuple(codings)

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        matched = not_modified(scope, self._etag, self._codings) if self.status_code == 200 else None
        if matched is not None:
            await send_head(send, 304, raw_fields((("etag", matched),)) + self.raw_headers)
            return
        size = sum(map(len, self._buffers))
        coding = select_coding(_field(scope, b"accept-encoding") or "", self._codings, size)
        buffers, fields = self._buffers, []
        if self._etag:
            fields.append(("etag", coded_etag(self._etag, coding)))
        if coding:
            fields.append(("content-encoding", coding))
            if size >= _THREAD_THRESHOLD:
                buffers = [await asyncio.to_thread(encode, coding, buffers, size)]
            else:
                buffers = [encode(coding, buffers, size)]
            size = len(buffers[0])
        answer = _Answer(self.status_code, self._content_type, size, lambda: buffers, fields)
        await _send(scope, receive, send, answer, self.raw_headers)


def no_content(headers: HeaderFields = ()) -> Response:
    """Make a 204: no content, and no field that would describe it."""
    response = Response(status_code=204)
    response.raw_headers = raw_fields(headers)
    return response


def not_modified(scope: Scope, etag: str | None, codings: Sequence[str] = ()) -> str | None:
    """Return the ETag, in any of its codings, that If-None-Match of a GET or HEAD names (RFC 9110 §13.1.2)."""
    header = _field(scope, b"if-none-match")
    if header is None or etag is None or scope["method"] not in ("GET", "HEAD"):
        return None
    return next((one for one in (etag, *(coded_etag(etag, c) for c in codings)) if matches_etag(header, one)), None)


def _field(scope: Scope, name: bytes) -> str | None:
    """The value of a header field, repeated ones joined (RFC 9110 §5.3)."""
    values = [value for key, value in scope["headers"] if key == name]
    return b", ".join(values).decode("latin-1") if values else None


async def _send(scope: Scope, receive: Receive, send: Send, answer: _Answer, own: RawFields) -> None:
    fields = raw_fields((("content-type", answer.content_type),), answer.fields) + own
    if answer.size is not None:
        fields.append((b"content-length", b"%d" % answer.size))
    if scope["method"] == "HEAD":
        await send_head(send, answer.status, fields)
        return
    body = answer.body()
    if isinstance(body, AsyncIterable):
        await while_connected(receive, send_stream(send, answer.status, fields, aiter(body)))
    else:
        await send_buffers(send, answer.status, fields, pieces_of(body))
