"""A stored instance as a PS3.10 file: in its own transfer syntax, or in another one.

What is converted is checked before anything is made of it, and the first megabyte is made before the first byte leaves,
so that a frame of a small instance that does not decode can be answered as such.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing

from dicomcore.data import DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, Buffer, Part10, file_header
from dicomcore.errors import CodecUnavailable
from dicomcore.pixels import encoding_of, to_deflated, to_explicit_little_endian
from dicomcore.stored_bytes import StoredBytes
from dicomcore.stored_frames import StoredFrames
from dicomcore.transcoding import Overwrite, check_codecs, transcoded_file
from dicomcore.uids import EXPLICIT_VR_LITTLE_ENDIAN

_BEGINNING = 1 << 20  # bytes of a converted instance that are made before the first leaves
_NATIVE = (EXPLICIT_VR_LITTLE_ENDIAN, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN.uid)


async def file_of(
    stored: StoredBytes, frames: StoredFrames, transfer_syntax_uid: str, overwrite: Overwrite | None
) -> AsyncIterator[Buffer]:
    """Make the file; the first buffer is all that comes before the data set. See `Instance.file`."""
    if _needs_codecs(stored, frames, transfer_syntax_uid):
        return await _transcoded(stored, frames, transfer_syntax_uid, overwrite)
    buffers = await stored.threads(_file, stored, transfer_syntax_uid)
    begun = await stored.threads(_begin, buffers)
    return stored.follow(begun, buffers)


def _needs_codecs(stored: StoredBytes, frames: StoredFrames, transfer_syntax_uid: str) -> bool:
    if transfer_syntax_uid == stored.row.transfer_syntax_uid:
        return False
    if transfer_syntax_uid == EXPLICIT_VR_LITTLE_ENDIAN:
        return frames.is_compressed
    return transfer_syntax_uid not in _NATIVE or frames.index.encapsulated


async def _transcoded(
    stored: StoredBytes, frames: StoredFrames, transfer_syntax_uid: str, overwrite: Overwrite | None
) -> AsyncIterator[Buffer]:
    codecs = check_codecs(frames.codecs, transfer_syntax_uid)
    if transfer_syntax_uid not in (*_NATIVE, *await frames.targets()):
        raise CodecUnavailable(transfer_syntax_uid)
    part10 = await stored.threads(_verified, stored)
    encoding = encoding_of(transfer_syntax_uid)
    read = None if part10.transfer_syntax.deflated else frames.stored
    buffers = transcoded_file(part10, transfer_syntax_uid, encoding, codecs, stored.threads, read, overwrite)
    begun: list[Buffer] = []
    while sum(map(len, begun)) < _BEGINNING and (buffer := await anext(buffers, None)) is not None:
        begun.append(buffer)
    return _continued(begun, buffers)


def _verified(stored: StoredBytes) -> Part10:
    stored.check()
    return stored.part10()


def _file(stored: StoredBytes, transfer_syntax_uid: str) -> Iterator[Buffer]:
    stored.check()
    if transfer_syntax_uid == stored.row.transfer_syntax_uid:
        return _wrapped(stored)
    made = to_explicit_little_endian if transfer_syntax_uid == EXPLICIT_VR_LITTLE_ENDIAN else to_deflated
    return made(stored.part10())


def _wrapped(stored: StoredBytes) -> Iterator[Buffer]:
    """Put the beginning of a PS3.10 file before a data set that was stored without it."""
    row = stored.row
    yield file_header(
        sop_class_uid=row.sop_class_uid,
        sop_instance_uid=str(row.resource.sop_instance_uid),
        transfer_syntax_uid=row.transfer_syntax_uid,
    )
    yield from stored.windows(row.dataset_start)


def _begin(buffers: Iterator[Buffer]) -> list[Buffer]:
    """Make the first megabyte."""
    begun: list[Buffer] = []
    size = 0
    while size < _BEGINNING and (buffer := next(buffers, None)) is not None:
        begun.append(buffer)
        size += len(buffer)
    return begun


async def _continued(begun: list[Buffer], rest: AsyncGenerator[Buffer, None]) -> AsyncIterator[Buffer]:
    """Give what was made, and then the rest, whose making ends when nobody asks for more."""
    async with aclosing(rest):
        while begun:
            yield begun.pop(0)
        async for buffer in rest:
            yield buffer
