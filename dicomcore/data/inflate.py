"""Deflated data sets (PS3.5 §A.5): inflated in pieces, under a limit, to memory or to a temporary file.

The stream has no zlib header; some writers put one all the same, and it is understood. A data set of up to 64 MB is
accepted whatever it came from; beyond that it may be no more than 200 times as large as what was received, so that a
small request can never become a large claim. More than 8 MB go to a temporary file that is mapped.
"""

from __future__ import annotations

import mmap
import tempfile
import zlib
from collections.abc import Iterator
from itertools import chain

from dicomcore.data.dataset import Buffer
from dicomcore.errors import LimitExceeded, MalformedDataset, StorageFull

MAX_RATIO = 200
RATIO_APPLIES_ABOVE = 64 << 20
MAX_INFLATED = 4 << 30
_PIECE = 1 << 20
_IN_MEMORY = 8 << 20


def inflate(buffer: Buffer, start: int, end: int, maximum: int = MAX_INFLATED) -> Buffer:
    """Inflate the bytes between ``start`` and ``end``; bytes after the end of the stream are padding."""
    allowed = min(maximum, max(RATIO_APPLIES_ABOVE, MAX_RATIO * (end - start)))
    pieces = inflated_pieces(buffer, start, end)
    kept: list[bytes] = []
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > allowed:
            raise LimitExceeded("bytes in an inflated data set", allowed)
        kept.append(piece)
        if size > _IN_MEMORY:
            return _spool(chain(kept, pieces), allowed)
    return b"".join(kept)


def inflated_pieces(buffer: Buffer, start: int, end: int) -> Iterator[bytes]:
    """Yield what the deflated bytes between ``start`` and ``end`` stand for, a megabyte at most at a time."""
    decompressor = zlib.decompressobj(15 if _has_zlib_header(bytes(buffer[start : start + 2])) else -15)
    position = start
    waiting = b""
    try:
        while not decompressor.eof:
            if not waiting:
                if position >= end:
                    break
                waiting = bytes(buffer[position : min(end, position + _PIECE)])
                position += len(waiting)
            yield decompressor.decompress(waiting, _PIECE)
            waiting = decompressor.unconsumed_tail
        yield from _rest(decompressor, end)
    except zlib.error as error:
        raise MalformedDataset(f"the data set does not inflate ({error})", offset=position) from error


def _rest(decompressor: zlib._Decompress, end: int) -> Iterator[bytes]:
    """Yield what zlib still holds; a stream without its end has been cut off."""
    while not decompressor.eof:
        piece = decompressor.decompress(b"", _PIECE)
        if not piece:
            break
        yield piece
    if not decompressor.eof:
        raise MalformedDataset("the deflated data set is cut off", offset=end)


def _has_zlib_header(first: bytes) -> bool:
    """Say whether the stream begins with the header of RFC 1950.

    Read as raw deflate it would be a stored block with padding bits set, which no compressor writes.
    """
    return len(first) == 2 and first[0] & 0x0F == 8 and first[0] >> 4 <= 7 and (first[0] << 8 | first[1]) % 31 == 0


def _spool(pieces: Iterator[bytes], allowed: int) -> Buffer:
    try:
        with tempfile.TemporaryFile() as file:
            size = 0
            for piece in pieces:
                size += len(piece)
                if size > allowed:
                    raise LimitExceeded("bytes in an inflated data set", allowed)
                file.write(piece)
            file.flush()
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise StorageFull("no room for an inflated data set") from error
