"""Putting retrieved instances into responses (PS3.18 §8.6, §10.4.3.3): one file, or parts; `zip_download` for a ZIP.

What leaves as it is stored has a known size, hence Content-Length, Range and a strong ETag from the digests of the
objects; what is converted on its way is streamed. Parts carry Content-Type with the transfer syntax and
Content-Location, written by us because viewers match the case (`app.multipart`).
"""

import hashlib
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response
from starlette.types import Receive

from app.bulk_responses import Item, bulk_response
from app.dependencies import Asked
from app.headers import content_disposition
from app.multipart import Layout, Span, closing, make_boundary, part_header
from app.negotiation import (
    DICOM,
    Acceptable,
    Selection,
    Stored,
    content_type,
    depends_on_targets,
    multipart_content_type,
    select_instances,
)
from app.read_ahead import read_ahead
from app.responses import RepresentationResponse, StreamResponse
from app.sending import made_while_connected
from dicomcore.content import Content
from dicomcore.data import Buffer
from dicomcore.errors import NotAcceptable
from dicomcore.instance import Instance
from dicomcore.pixels import codec_of
from dicomcore.resources import Resource
from dicomcore.source import Source

Headers = list[tuple[str, str]]

_SMALL = 4 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Leaving:
    """An instance, and the form that it leaves in."""

    instance: Instance
    selection: Selection

    @property
    def is_as_stored(self) -> bool:
        """Whether the stored bytes are what is sent."""
        return self.instance.is_file and self.selection.transfer_syntax_uid == self.instance.transfer_syntax_uid

    @property
    def is_small(self) -> bool:
        """Whether the stored bytes are sent, and are few."""
        return self.is_as_stored and self.instance.size <= _SMALL

    async def read(self, start: int = 0, end: int | None = None) -> AsyncIterator[Buffer]:
        """Open it; of what is converted there are no ranges."""
        if self.is_as_stored:
            return await self.instance.read(start, end)
        return await self.instance.file(self.selection.transfer_syntax_uid)


async def instances_of(source: Source, resource: Resource) -> list[Instance]:
    """The instances of a resource; what is known of them, not their bytes."""
    return [instance async for instance in source.retrieve(resource)]


def can_decode(transfer_syntax_uid: str) -> bool:
    """Whether pixel data stored in a transfer syntax can be made native."""
    return codec_of(transfer_syntax_uid) is not None


async def stored_form(instance: Instance, accepted: Acceptable, *, for_instances: bool, single: bool) -> Stored:
    """How an instance is stored and, where the choice depends on that, what it can be converted to."""
    uid = instance.transfer_syntax_uid
    if depends_on_targets(accepted, uid, for_instances=for_instances, can_decode=can_decode, single=single):
        return Stored(uid, await instance.targets())
    return Stored(uid)


async def select_forms(
    instances: Sequence[Instance], accepted: Acceptable, *, single: bool
) -> list[tuple[Instance, Selection | None]]:
    """Choose for each instance how it leaves; None for one that cannot be had in a form that is asked for.

    Raises `NotAcceptable` when that is all.
    """
    forms = [await stored_form(one, accepted, for_instances=True, single=single) for one in instances]
    chosen = select_instances(accepted, dict.fromkeys(forms), can_decode=can_decode, single=single)
    return [(one, chosen.get(form)) for one, form in zip(instances, forms, strict=True)]


async def select_form(instance: Instance, accepted: Acceptable, *, single: bool) -> Selection:
    """Choose how one instance leaves; raises `NotAcceptable`."""
    form = await stored_form(instance, accepted, for_instances=True, single=single)
    return select_instances(accepted, (form,), can_decode=can_decode, single=single)[form]


def entity_tag(leaving: Sequence[Leaving], *more: str) -> str:
    """A strong validator: of what is stored, and of what it is made into."""
    digest = hashlib.blake2b(digest_size=16)
    for one in leaving:
        digest.update(one.instance.digest + one.selection.transfer_syntax_uid.encode())
    for word in more:
        digest.update(b"\0" + word.encode())
    return f'"{digest.hexdigest()}"'


async def single_file(leaving: Leaving, base: str, receive: Receive | None = None) -> Response:
    """One instance as one file; one that is converted is given up when the client goes before the answer begins."""
    instance = leaving.instance
    name = f"{instance.resource.sop_instance_uid}.dcm"
    headers = [
        ("Content-Location", base + instance.resource.path),
        ("Content-Disposition", content_disposition(name)),
        ("Cache-Control", "private, no-cache"),
    ]
    etag = entity_tag([leaving])
    kind = content_type(leaving.selection)
    if leaving.is_as_stored:

        async def slices(start: int, end: int) -> AsyncIterator[Buffer]:
            async for buffer in await leaving.read(start, end):
                yield buffer

        return RepresentationResponse(instance.size, slices, content_type=kind, etag=etag, headers=headers)
    converted = await made_while_connected(receive, leaving.read())
    return StreamResponse(converted, content_type=kind, etag=etag, headers=headers)


async def small_instance(leaving: Leaving, base: str) -> Response:
    """One instance that is read as a whole before it is sent, which for most is the quickest way."""
    resource = leaving.instance.resource
    content = Content.of([buffer async for buffer in await leaving.read()])
    disposition = ("Content-Disposition", content_disposition(f"{resource.sop_instance_uid}.dcm"))
    headers = [] if leaving.selection.multipart else [disposition]
    return bulk_response(
        [Item(base + resource.path, leaving.selection, content)], leaving.instance.digest, headers=headers
    )


def parts(leaving: Sequence[Leaving], base: str, headers: Headers, status: int = 200) -> Response:
    """Instances as the parts of a multipart body."""
    etag = entity_tag(leaving, base)
    boundary = make_boundary(etag)
    kind = multipart_content_type(leaving[0].selection.media_type, boundary)
    fields = [*headers, ("Cache-Control", "private, no-cache")]
    if not all(one.is_as_stored for one in leaving):
        stream = _stream(leaving, base, boundary)
        return StreamResponse(stream, content_type=kind, status=status, etag=etag, headers=fields)
    layout = Layout(boundary, [(_part_fields(one, base), one.instance.size) for one in leaving])

    async def slices(start: int, end: int) -> AsyncIterator[Buffer]:
        pieces = list(layout.slices(start, end))
        opened = read_ahead([_opening(leaving[piece.part], piece) for piece in pieces if isinstance(piece, Span)])
        held: list[bytes] = []
        for piece in pieces:
            if not isinstance(piece, Span):
                held.append(piece)
                continue
            content = await anext(opened)  # before the header: while nothing is sent, an error can be told
            yield b"".join(held)
            held.clear()
            async for buffer in content:
                yield buffer
        yield b"".join(held)

    return RepresentationResponse(layout.size, slices, content_type=kind, status=status, etag=etag, headers=fields)


async def arriving_parts(first: Instance, rest: AsyncGenerator[Instance, None], asked: Asked) -> Response:
    """Instances as the parts of a multipart body, each as soon as it is there: what a bridge gets from another archive.

    Which form they leave in is decided one by one; one that cannot be had in a form that is asked for is left out. When
    the other archive fails, the answer ends early, so that the client notices.
    """
    accepted, base = asked.accepted, asked.base
    boundary = make_boundary(os.urandom(16))
    kind = multipart_content_type(DICOM, boundary)
    body = _arriving(first, rest, accepted, base, boundary)
    if asked.request.method == "HEAD":
        await rest.aclose()
    return StreamResponse(body, content_type=kind, headers=[("Cache-Control", "private, no-cache")])


async def _arriving(
    first: Instance, rest: AsyncGenerator[Instance, None], accepted: Acceptable, base: str, boundary: str
) -> AsyncIterator[Buffer]:
    is_first = True
    async with aclosing(rest):
        async for instance in _chained(first, rest):
            leaving = await leaving_alone(instance, accepted)
            if leaving is None:
                continue
            content = await leaving.read()
            yield part_header(boundary, _part_fields(leaving, base), first=is_first)
            is_first = False
            async for buffer in content:
                yield buffer
    yield closing(boundary)


async def _chained(first: Instance, rest: AsyncGenerator[Instance, None]) -> AsyncIterator[Instance]:
    yield first
    async for instance in rest:
        yield instance


async def leaving_alone(instance: Instance, accepted: Acceptable) -> Leaving | None:
    """The form that one instance of several leaves in, whatever the others do; None if it is no multipart of files."""
    try:
        selection = await select_form(instance, accepted, single=False)
    except NotAcceptable:
        return None
    return Leaving(instance, selection) if selection.media_type == DICOM else None


def _opening(one: Leaving, span: Span) -> Callable[[], Coroutine[Any, Any, AsyncIterator[Buffer]]]:
    return lambda: one.read(span.start, span.end)


def _part_fields(one: Leaving, base: str) -> Headers:
    return [
        ("Content-Type", content_type(one.selection)),
        ("Content-Location", base + one.instance.resource.path),
    ]


async def _stream(leaving: Sequence[Leaving], base: str, boundary: str) -> AsyncIterator[Buffer]:
    opened = read_ahead([one.read for one in leaving])
    for number, one in enumerate(leaving):
        content = await anext(opened)
        yield part_header(boundary, _part_fields(one, base), first=number == 0)
        async for buffer in content:
            yield buffer
    yield closing(boundary)
