"""Rendered resources as responses (PS3.18 §8.6.1.2, §10.4.3.3.3): one picture as the whole body, several as parts.

One or a few pictures are made before the answer begins, so that it has a length, an ETag and the right status. Those of
a study or series are made while they are sent, a few ahead; when one fails by then, the answer ends early, so that the
client notices.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive

from app.bulk_responses import Item, Made, bulk_response
from app.headers import warning
from app.negotiation import Selection
from app.read_ahead import read_ahead
from app.rendered_negotiation import rendered_content_type
from app.sending import while_connected
from dicomcore.content import Content

Fields = list[tuple[str, str]]

_FEW = 8


def nothing_at_once() -> None:
    """Say that a picture has to be waited for."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Something that is to be rendered: where it is, what it leaves as, how it is made.

    ``identity`` says of which bytes and with which options. Text that was not ``written_here`` says itself what its
    character set is. ``at_once`` gives it, if that takes hardly any time.
    """

    location: str
    selection: Selection
    identity: bytes
    make: Made
    written_here: bool = True
    at_once: Callable[[], Content | None] = nothing_at_once

    @property
    def typed(self) -> Selection:
        """The selection with the character set."""
        if not self.written_here:
            return self.selection
        return Selection(rendered_content_type(self.selection.media_type), self.selection.multipart)

    async def made(self) -> Content:
        """Make it."""
        return await self.make()

    def item_of(self, content: Content | Made) -> Item:
        """Put what was made, or how it is made, into words for a response."""
        return Item(self.location, self.typed, content)


def warnings_as_fields(texts: Sequence[str], base: str) -> Fields:
    """Warning 299 for each text."""
    return [("Warning", warning(base, text)) for text in texts]


async def rendered_response(
    pictures: Sequence[Picture], headers: Fields, *, status: int = 200, receive: Receive | None = None
) -> Response:
    """Answer with pictures; there is at least one."""
    identity = hashlib.blake2b(b"".join(one.identity for one in pictures)).digest()
    if len(pictures) > _FEW:
        return bulk_response([one.item_of(one.make) for one in pictures], identity, status=status, headers=headers)
    contents = await _made(pictures, receive)
    items = [one.item_of(content) for one, content in zip(pictures, contents, strict=True)]
    return bulk_response(items, identity, status=status, headers=headers)


async def _made(pictures: Sequence[Picture], receive: Receive | None) -> list[Content]:
    """Make pictures; those that nobody waits for any more are given up, so that they hold up nobody else."""
    if len(pictures) == 1 and (content := pictures[0].at_once()) is not None:
        return [content]
    contents: list[Content] = []

    async def make() -> None:
        if len(pictures) == 1:
            contents.append(await pictures[0].make())
        else:
            contents.extend([content async for content in read_ahead([one.made for one in pictures])])

    if receive is None:
        await make()
    else:
        await while_connected(receive, make())
    if len(contents) < len(pictures):
        raise ClientDisconnect
    return contents
