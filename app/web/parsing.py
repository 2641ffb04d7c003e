"""JSON from data, parsed for pages: objects of searches and metadata, which are as large as somebody made them.

Large ones are parsed in a thread, by a parser that leaves others their turn (`load_plain`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from app.web.display import Json
from dicomcore.data import load_plain

LARGE = 128 << 10
"""Bytes from which on JSON is parsed in a thread, between other things."""


def parse(document: bytes) -> Json:
    """Parse a JSON object."""
    parsed: Json = load_plain(document)
    return parsed


async def parse_all(documents: Sequence[bytes]) -> list[Json]:
    """Parse JSON objects, in a thread if that may take a while."""
    if sum(map(len, documents)) < LARGE:
        return [parse(one) for one in documents]
    return await asyncio.to_thread(lambda: [parse(one) for one in documents])
