"""Rendered resources as responses (PS3.18 §8.6.1.2, §10.4.3.3.3): one picture as the whole body, several as parts.

One or a few pictures are made before the answer begins, so that it has a length, an ETag and the right status. Those of
a study or series are made while they are sent, a few ahead; when one fails by then, the answer ends early, so that the
client notices.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from app.bulk_responses import Item, bulk_response
from app.headers import warning
from app.multipart import closing, make_boundary, part_header
from app.negotiation import Selection, multipart_content_type
from app.read_ahead import read_ahead
from app.rendered_negotiation import rendered_content_type
from app.responses import StreamResponse
from dicomcore.content import Content
from dicomcore.data import Buffer

Fields = list[tuple[str, str]]

_FEW = 8
# Stored text and drawings must not act when a browser shows them.
_INERT = ("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:")
_ACTIVE = ("text/", "image/svg+xml")


@dataclass(frozen=True, slots=True)
class Picture:
    """Something that is to be rendered: where it is, what it leaves as, how it is made.

    ``identity`` says of which bytes and with which options. Text that was not ``written_here`` says itself what its
    character set is.
    """

    location: str
    selection: Selection
    identity: bytes
    make: Callable[[], Awaitable[Content]]
    written_here: bool = True

    @property
    def typed(self) -> Selection:
        """The selection with the character set."""
        if not self.written_here:
            return self.selection
        return Selection(rendered_content_type(self.selection.media_type), self.selection.multipart)

    async def made(self) -> Content:
        """Make it."""
        return await self.make()

    def item_of(self, content: Content) -> Item:
        """Put what was made into words for a response."""
        return Item(self.location, self.typed, content)


def warnings_as_fields(texts: Sequence[str], base: str) -> Fields:
    """Warning 299 for each text."""
    return [("Warning", warning(base, text)) for text in texts]


async def rendered_response(pictures: Sequence[Picture], headers: Fields, *, status: int = 200) -> Response:
    """Answer with pictures; there is at least one."""
    headers = [*headers, ("X-Content-Type-Options", "nosniff")]
    if any(one.selection.media_type.startswith(_ACTIVE) for one in pictures):
        headers.append(_INERT)
    if len(pictures) <= _FEW:
        identity = hashlib.blake2b(b"".join(one.identity for one in pictures)).digest()
        contents = [content async for content in read_ahead([one.made for one in pictures])]
        items = [one.item_of(content) for one, content in zip(pictures, contents, strict=True)]
        return bulk_response(items, identity, status=status, headers=headers)
    boundary = make_boundary(b"".join(one.identity for one in pictures).hex())
    kind = multipart_content_type(pictures[0].typed.media_type, boundary)
    fields = [*headers, ("Cache-Control", "private, no-cache")]
    return StreamResponse(_parts(pictures, boundary), content_type=kind, status=status, headers=fields)


async def _parts(pictures: Sequence[Picture], boundary: str) -> AsyncIterator[Buffer]:
    contents = read_ahead([one.made for one in pictures])
    for number, picture in enumerate(pictures):
        content = await anext(contents)
        yield part_header(boundary, picture.item_of(content).fields, first=number == 0)
        async for buffer in content.read(0, content.size):
            yield buffer
    yield closing(boundary)
