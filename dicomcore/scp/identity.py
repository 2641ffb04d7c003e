"""Who an instance that has been spooled is, by the first elements of its data set, without reading it as a whole.

The SOP Class and Instance UID are among the first ten elements of nearly every data set, the Study and Series Instance
UID among the first hundred. Where the quick way does not get there (a sequence of undefined length before them, an
encoding that is not the declared one) the data set is read in full, in a thread.
"""

from __future__ import annotations

import asyncio
import zlib
from struct import Struct

from dicomcore.data import LONG_HEADER_VRS, VRS, Buffer, TransferSyntax, read_file, transfer_syntax
from dicomcore.storage import Spool

SOP_CLASS_UID = 0x00080016
SOP_INSTANCE_UID = 0x00080018
STUDY_INSTANCE_UID = 0x0020000D
SERIES_INSTANCE_UID = 0x0020000E
_UIDS = (SOP_CLASS_UID, SOP_INSTANCE_UID, STUDY_INSTANCE_UID, SERIES_INSTANCE_UID)

_BEGINNING = 65_536  # bytes that are searched
_LONGEST_UID = 64 + 1  # bytes, with padding
_IMPLICIT = {True: Struct("<HHI"), False: Struct(">HHI")}
_EXPLICIT = {True: Struct("<HH2sH"), False: Struct(">HH2sH")}
_LONG = {True: Struct("<I"), False: Struct(">I")}
_VRS = frozenset(vr.encode() for vr in VRS)
_LONG_VRS = frozenset(vr.encode() for vr in LONG_HEADER_VRS)


async def uids_of(spool: Spool, start: int, transfer_syntax_uid: str, last: int = SOP_INSTANCE_UID) -> dict[int, str]:
    """Read the UIDs, up to that with tag ``last``, of the data set that begins at ``start``; those that are there.

    Raises:
        DicomError: the data set had to be read, and cannot be.
    """
    syntax = transfer_syntax(transfer_syntax_uid)
    beginning: Buffer = spool.view()[start : start + _BEGINNING]
    if syntax.deflated:
        beginning = _inflated(beginning)
    uids = scan(beginning, syntax, last)
    return await asyncio.to_thread(_read, spool) if uids is None else uids


def scan(beginning: Buffer, syntax: TransferSyntax, last: int) -> dict[int, str] | None:
    """Walk over the first elements of a data set up to the tag ``last``; None if that is not found in this way."""
    header = (_EXPLICIT if syntax.explicit else _IMPLICIT)[syntax.little_endian]
    long = _LONG[syntax.little_endian]
    uids: dict[int, str] = {}
    position, end = 0, len(beginning) - 12  # a long header fits in
    while position <= end:
        group, number, *rest = header.unpack_from(beginning, position)
        tag = group << 16 | number
        if tag > last:
            return uids
        position += 8
        length = rest[-1]
        if syntax.explicit:
            if rest[0] not in _VRS:
                return None
            if rest[0] in _LONG_VRS:
                (length,) = long.unpack_from(beginning, position)
                position += 4
        if tag in _UIDS and length <= _LONGEST_UID:
            uids[tag] = bytes(beginning[position : position + length]).decode("latin-1").strip("\0 ")
            if tag == last:
                return uids
        position += length  # an undefined length ends the walk: it is longer than everything
    return None


def _inflated(beginning: Buffer) -> bytes:
    """Inflate as much as is searched; nothing if it cannot be inflated."""
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(beginning, _BEGINNING)
    except zlib.error:
        return b""


def _read(spool: Spool) -> dict[int, str]:
    dataset = read_file(spool.view()).dataset
    return {tag: dataset.text(tag) for tag in _UIDS if tag in dataset}
