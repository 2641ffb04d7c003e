"""The metadata of an instance on a page: the tree, and the pieces of it that are asked for when they are opened.

Metadata are parsed, and the page is made of them, in a thread, few at a time; not at all beyond a size, since parsed
they take twenty times the memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.web.display import Json, size_text
from app.web.metadata_tree import MOST_MATCHES, MOST_SEARCHED, element_at, found_in, item_of, items_of, tree_of
from app.web.metadata_values import whole_text
from app.web.origin import Origin, origin_of, resource_of
from app.web.pages import PageRoute, render
from app.web.parsing import parse
from dicomcore.data import PLACEHOLDER, BulkdataPolicy, Dataset, bulkdata_paths
from dicomcore.errors import InvalidParameter, LimitExceeded
from dicomcore.instance import Instance
from dicomcore.resources import Resource

MAX_JSON = 8 << 20
"""Bytes of metadata that are shown as a tree."""
MAX_VALUE = 1 << 20
"""Characters of a value that are shown at once."""
MAX_WORDS = 200

_PARTS = "/ui/parts/studies/{study}/series/{series}/instances/{instance}/metadata"
_AT_ONCE = asyncio.Semaphore(2)

router = APIRouter(route_class=PageRoute, include_in_schema=False)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Metadata:
    """The metadata of an instance, as bytes of JSON whose addresses are as this page sees them."""

    document: bytes

    @property
    def size(self) -> int:
        """The number of bytes."""
        return len(self.document)

    @property
    def is_too_large(self) -> bool:
        """Whether there is too much of it for a page."""
        return self.size > MAX_JSON

    async def read(self, make: Callable[[Json], T]) -> T:
        """What a function makes of the parsed metadata, in a thread; raises `LimitExceeded` if there is too much of it.

        What it makes should hold little of them: to let go of hundreds of thousands of objects takes time, too.
        """
        if self.is_too_large:
            raise LimitExceeded("bytes of metadata on a page", MAX_JSON)
        async with _AT_ONCE:
            return await asyncio.to_thread(lambda: make(parse(self.document)))


async def metadata_of(origin: Origin, resource: Resource) -> Metadata:
    """Get the metadata of an instance; raises as `Source.metadata` does."""
    (document,) = (await origin.source.metadata(resource)).objects
    return Metadata(document.replace(PLACEHOLDER, origin.service.encode("ascii")))


async def sizes_of_bulkdata(instance: Instance, inline_threshold: int) -> Mapping[str, int]:
    """How many bytes the values of an instance have that the metadata only refer to, by path."""
    return await instance.read_dataset(lambda dataset: _sizes(dataset, inline_threshold))


def _sizes(dataset: Dataset, inline_threshold: int) -> Mapping[str, int]:
    found = bulkdata_paths(dataset, BulkdataPolicy(b"", inline_threshold))
    return {path: element.end - element.start for path, element in found}


@router.get(_PARTS)
async def metadata_part(request: Request) -> Response:
    """Give the tree, or what ``q`` finds in it."""
    origin, resource = await origin_of(request), resource_of(request)
    words = request.query_params.get("q", "")[:MAX_WORDS]
    metadata = await metadata_of(origin, resource)

    def part(parsed: Json) -> Response:
        tree = found_in(parsed, words) if words.strip() else tree_of(parsed)
        return _render(request, "metadata_tree.html", origin, resource, tree=tree, words=words)

    return await metadata.read(part)


@router.get(_PARTS + "/items")
async def items_part(request: Request) -> Response:
    """Give items of the sequence at ``path`` from number ``first`` on."""
    origin, resource = await origin_of(request), resource_of(request)
    path, first = request.query_params.get("path", ""), request.query_params.get("first", "0")
    if not first.isascii() or not first.isdigit() or len(first) > 9:
        raise InvalidParameter("first", "must be the number of an item, from 0")
    metadata = await metadata_of(origin, resource)

    def part(parsed: Json) -> Response:
        return _render(request, "metadata_items.html", origin, resource, row=items_of(parsed, path, int(first)))

    return await metadata.read(part)


@router.get(_PARTS + "/item")
async def item_part(request: Request) -> Response:
    """Give the attributes of the item at ``path``."""
    origin, resource = await origin_of(request), resource_of(request)
    path = request.query_params.get("path", "")
    metadata = await metadata_of(origin, resource)

    def part(parsed: Json) -> Response:
        return _render(request, "metadata_rows.html", origin, resource, rows=item_of(parsed, path).rows)

    return await metadata.read(part)


@router.get(_PARTS + "/value")
async def value_part(request: Request) -> Response:
    """Give the whole value at ``path``, as far as a page can show it."""
    origin, resource = await origin_of(request), resource_of(request)
    path = request.query_params.get("path", "")
    metadata = await metadata_of(origin, resource)

    def part(parsed: Json) -> Response:
        text = whole_text(element_at(parsed, path))
        shown, left_out = text[:MAX_VALUE], len(text) - MAX_VALUE
        return _render(request, "metadata_value.html", origin, resource, text=shown, left_out=left_out)

    return await metadata.read(part)


def _render(request: Request, template: str, origin: Origin, resource: Resource, **context: object) -> Response:
    return render(request, template, **tree_context(origin, resource) | context)


def tree_context(origin: Origin, resource: Resource) -> dict[str, Any]:
    """What the templates of the tree need besides the tree."""

    def part(name: str, **parameters: str | int) -> str:
        return origin.part(resource, f"metadata{name}", **parameters)

    limits = {"most_matches": MOST_MATCHES, "most_searched": MOST_SEARCHED}
    return {"part": part, "size": size_text, "words": "", **limits}
