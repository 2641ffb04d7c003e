"""JSON from data, parsed for pages: objects of searches and metadata, which are as large as somebody made them.

A parser does not let go of the interpreter, so the time it takes is time in which nothing else is answered. Most of
that would go into looking for garbage among the hundreds of thousands of objects that it makes, none of which is any.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence

import orjson

from app.web.display import Json

LARGE = 128 << 10
"""Bytes from which on JSON is parsed in a thread, between other things."""


def parse(document: bytes) -> Json:
    """Parse a JSON object."""
    if len(document) < LARGE or not gc.isenabled():
        small: Json = orjson.loads(document)
        return small
    gc.disable()
    try:
        large: Json = orjson.loads(document)
    finally:
        gc.enable()
    return large


async def parse_all(documents: Sequence[bytes]) -> list[Json]:
    """Parse JSON objects, in a thread if that may take a while."""
    if sum(map(len, documents)) < LARGE:
        return [parse(one) for one in documents]
    return await asyncio.to_thread(lambda: [parse(one) for one in documents])
