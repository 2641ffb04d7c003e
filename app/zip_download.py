"""Instances as a ZIP download (an extension; PS3.18 leaves ``application/zip`` open, row MED-014).

Entries are named by UIDs, ``{study}/{series}/{instance}.dcm``. With a DICOMDIR the archive is a File-set on ZIP media
(PS3.12 Annex V): File IDs of PS3.10 §8.2, the directory at the root. It comes last, when all that it names is written.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence

from starlette.responses import Response

from app.file_set import DICOMDIR, FileSet
from app.headers import content_disposition
from app.read_ahead import read_ahead
from app.responses import StreamResponse
from app.retrieval import Headers, Leaving
from app.zip_archive import ZipWriter
from dicomcore.data import Buffer
from dicomcore.resources import Resource
from dicomcore.source import Source


def zip_file(leaving: Sequence[Leaving], resource: Resource, headers: Headers, status: int = 200) -> Response:
    """Instances as entries of a ZIP, named by their UIDs."""
    return _download(_named_by_uids(leaving), resource, headers, status)


def zip_file_set(
    source: Source, leaving: Sequence[Leaving], resource: Resource, headers: Headers, status: int = 200
) -> Response:
    """Instances as a File-set in a ZIP, with its DICOMDIR."""
    return _download(_file_set(source, leaving), resource, headers, status)


def _download(content: AsyncIterator[Buffer], resource: Resource, headers: Headers, status: int) -> Response:
    name = str(resource.sop_instance_uid or resource.series_instance_uid or resource.study_instance_uid)
    fields = [
        *headers,
        ("Content-Disposition", content_disposition(f"{name}.zip")),
        ("Cache-Control", "private, no-cache"),
    ]
    return StreamResponse(content, content_type="application/zip", status=status, headers=fields)


async def _named_by_uids(leaving: Sequence[Leaving]) -> AsyncIterator[Buffer]:
    writer = ZipWriter()
    opened = read_ahead([one.read for one in leaving])
    for one in leaving:
        resource = one.instance.resource
        name = f"{resource.study_instance_uid}/{resource.series_instance_uid}/{resource.sop_instance_uid}.dcm"
        async for piece in writer.add(name, await anext(opened)):
            yield piece
    for piece in writer.finish():
        yield piece


async def _file_set(source: Source, leaving: Sequence[Leaving]) -> AsyncIterator[Buffer]:
    writer, file_set = ZipWriter(), FileSet()
    opened = read_ahead([one.read for one in leaving])
    for one in leaving:
        entry = await file_set.place(source, one.instance, one.selection.transfer_syntax_uid)
        async for piece in writer.add("/".join(entry.file_id), await anext(opened)):
            yield piece
        file_set.entries.append(entry)
    directory = await asyncio.to_thread(file_set.directory)
    async for piece in writer.add(DICOMDIR, _once(directory)):
        yield piece
    for piece in writer.finish():
        yield piece


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
