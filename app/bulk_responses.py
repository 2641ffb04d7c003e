"""Responses that hold frames and bulk data values: as the whole body, or each as a part (PS3.18 §8.6.1.2).

Items that are small, which is nearly all, are views of a memory map that are there before the first byte leaves; large
ones are read in windows while they are sent. Such answers have a size, ranges and an ETag. Many frames that have yet to
be compressed are made one after the other while they are sent: nobody knows the size of that, and it has no ranges.
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

from starlette.responses import Response

from app.multipart import Layout, Span, closing, make_boundary, part_header
from app.negotiation import Selection, content_type, multipart_content_type
from app.responses import BufferResponse, RepresentationResponse, StreamResponse
from dicomcore.content import Content
from dicomcore.data import Buffer
from dicomcore.transcoding import ahead

Fields = Sequence[tuple[str, str]]

Made = Callable[[], Awaitable[Content]]

_AT_ONCE = 4  # items that are made for one answer
_FIELDS = [("Cache-Control", "private, no-cache"), ("X-Content-Type-Options", "nosniff")]
# What was stored here by somebody must not act when a browser shows it: it would act as a page of ours.
_INERT = ("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:")
_PASSIVE = ("image/", "video/", "audio/", "model/", "application/dicom", "application/octet-stream", "application/pdf")


@dataclass(frozen=True, slots=True)
class Item:
    """One frame or value: where it is to be found, what it leaves as, its bytes, or how they are made."""

    location: str
    selection: Selection
    content: Content | Made

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The header fields of its part."""
        return [("Content-Type", content_type(self.selection)), ("Content-Location", self.location)]


def bulk_response(items: Sequence[Item], identity: bytes, *, status: int = 200, headers: Fields = ()) -> Response:
    """Answer with the items; ``identity`` is the digest of what they were taken from."""
    etag = _entity_tag(items, identity)
    contents = [item.content for item in items if isinstance(item.content, Content)]
    if items[0].selection.multipart:
        fields = [*headers, *_FIELDS, *_guard(items)]
        return (_parts if len(contents) == len(items) else _streamed_parts)(items, etag, status, fields)
    ((item,), (content,)) = items, contents
    fields = [*headers, ("Content-Location", item.location), *_FIELDS, *_guard(items)]
    return _response(content, content_type(item.selection), etag, status, fields)


def _guard(items: Sequence[Item]) -> Fields:
    """What keeps other items than pictures and the like from acting; PDF is shown by what has walls of its own."""
    types = (item.selection.media_type.lower() for item in items)
    return () if all(one.startswith(_PASSIVE) and "xml" not in one for one in types) else (_INERT,)


def _response(content: Content, kind: str, etag: str, status: int, fields: Fields) -> Response:
    if content.buffers is not None:
        return BufferResponse(content.buffers, content_type=kind, status=status, etag=etag, headers=fields)
    return RepresentationResponse(
        content.size, content.read, content_type=kind, status=status, etag=etag, headers=fields
    )


def _parts(items: Sequence[Item], etag: str, status: int, fields: Fields) -> Response:
    boundary = make_boundary(etag)
    kind = multipart_content_type(items[0].selection.media_type, boundary)
    contents = [item.content for item in items if isinstance(item.content, Content)]
    if all(content.buffers is not None for content in contents):
        return _response(Content.of(_buffers(items, contents, boundary)), kind, etag, status, fields)
    layout = Layout(boundary, [(item.fields, one.size) for item, one in zip(items, contents, strict=True)])

    async def slices(start: int, end: int) -> AsyncIterator[Buffer]:
        held: list[Buffer] = []
        for piece in layout.slices(start, end):
            if not isinstance(piece, Span):
                held.append(piece)
                continue
            content = contents[piece.part].read(piece.start, piece.end)
            held.append(await anext(content, b""))  # before the header: while nothing is sent, an error can be told
            for buffer in held:
                yield buffer
            held.clear()
            async for buffer in content:
                yield buffer
        for buffer in held:
            yield buffer

    return _response(Content(layout.size, reader=slices), kind, etag, status, fields)


def _streamed_parts(items: Sequence[Item], etag: str, status: int, fields: Fields) -> Response:
    """Answer with items some of which are made when it is their turn, a few of them at the same time."""
    boundary = make_boundary(etag)
    kind = multipart_content_type(items[0].selection.media_type, boundary)

    async def stream() -> AsyncIterator[Buffer]:
        async with aclosing(ahead([partial(_content_of, item) for item in items], _AT_ONCE)) as contents:
            number = 0
            async for content in contents:
                yield part_header(boundary, items[number].fields, first=number == 0)
                async for buffer in content.read(0, content.size):
                    yield buffer
                number += 1
        yield closing(boundary)

    return StreamResponse(stream(), content_type=kind, status=status, etag=etag, headers=fields)


async def _content_of(item: Item) -> Content:
    return item.content if isinstance(item.content, Content) else await item.content()


def _buffers(items: Sequence[Item], contents: Sequence[Content], boundary: str) -> list[Buffer]:
    buffers: list[Buffer] = []
    for number, (item, content) in enumerate(zip(items, contents, strict=True)):
        buffers += (part_header(boundary, item.fields, first=number == 0), *(content.buffers or ()))
    return [*buffers, closing(boundary)]


def _entity_tag(items: Sequence[Item], identity: bytes) -> str:
    digest = hashlib.blake2b(identity, digest_size=16)
    for item in items:
        form = f"\0{item.location}\0{item.selection.multipart}\0{content_type(item.selection)}"
        digest.update(form.encode())
    return f'"{digest.hexdigest()}"'
