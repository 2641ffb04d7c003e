"""Responses that hold frames and bulk data values: as the whole body, or each as a part (PS3.18 §8.6.1.2).

Every answer has a size, ranges and an ETag. Items that are small, which is nearly all, are views of a memory map that
are there before the first byte leaves; large ones are read in windows while they are sent.
"""

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from app.multipart import Layout, Span, closing, make_boundary, part_header
from app.negotiation import Selection, content_type, multipart_content_type
from app.responses import BufferResponse, RepresentationResponse
from dicomcore.content import Content
from dicomcore.data import Buffer

Fields = Sequence[tuple[str, str]]

_FIELDS = [("Cache-Control", "private, no-cache")]


@dataclass(frozen=True, slots=True)
class Item:
    """One frame or value: where it is to be found, what it leaves as, its bytes."""

    location: str
    selection: Selection
    content: Content

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The header fields of its part."""
        return [("Content-Type", content_type(self.selection)), ("Content-Location", self.location)]


def bulk_response(items: Sequence[Item], identity: bytes, *, status: int = 200, headers: Fields = ()) -> Response:
    """Answer with the items; ``identity`` is the digest of what they were taken from."""
    etag = _entity_tag(items, identity)
    if items[0].selection.multipart:
        return _parts(items, etag, status, [*headers, *_FIELDS])
    (item,) = items
    fields = [*headers, ("Content-Location", item.location), *_FIELDS]
    return _response(item.content, content_type(item.selection), etag, status, fields)


def _response(content: Content, kind: str, etag: str, status: int, fields: Fields) -> Response:
    if content.buffers is not None:
        return BufferResponse(content.buffers, content_type=kind, status=status, etag=etag, headers=fields)
    return RepresentationResponse(
        content.size, content.read, content_type=kind, status=status, etag=etag, headers=fields
    )


def _parts(items: Sequence[Item], etag: str, status: int, fields: Fields) -> Response:
    boundary = make_boundary(etag)
    kind = multipart_content_type(items[0].selection.media_type, boundary)
    if all(item.content.buffers is not None for item in items):
        return _response(Content.of(_buffers(items, boundary)), kind, etag, status, fields)
    layout = Layout(boundary, [(item.fields, item.content.size) for item in items])

    async def slices(start: int, end: int) -> AsyncIterator[Buffer]:
        held: list[Buffer] = []
        for piece in layout.slices(start, end):
            if not isinstance(piece, Span):
                held.append(piece)
                continue
            content = items[piece.part].content.read(piece.start, piece.end)
            held.append(await anext(content, b""))  # before the header: while nothing is sent, an error can be told
            for buffer in held:
                yield buffer
            held.clear()
            async for buffer in content:
                yield buffer
        for buffer in held:
            yield buffer

    return _response(Content(layout.size, reader=slices), kind, etag, status, fields)


def _buffers(items: Sequence[Item], boundary: str) -> list[Buffer]:
    buffers: list[Buffer] = []
    for number, item in enumerate(items):
        buffers += (part_header(boundary, item.fields, first=number == 0), *(item.content.buffers or ()))
    return [*buffers, closing(boundary)]


def _entity_tag(items: Sequence[Item], identity: bytes) -> str:
    digest = hashlib.blake2b(identity, digest_size=16)
    for item in items:
        form = f"\0{item.location}\0{item.selection.multipart}\0{content_type(item.selection)}"
        digest.update(form.encode())
    return f'"{digest.hexdigest()}"'
