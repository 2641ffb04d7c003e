"""Instances as the data sets of C-STORE sub-operations on the association that asked for them (PS3.4 §C.4.3, §Z).

How an instance becomes a data set in a transfer syntax is `dicomcore.scu.outgoing`'s; here are the choice of the
presentation context, and instances without their bulk data.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dicomcore.data import Buffer, Dataset, read_file, transfer_syntax, write_dataset
from dicomcore.errors import NoPresentationContext
from dicomcore.instance import Instance
from dicomcore.net.connection import Connection
from dicomcore.net.ul.association import AcceptedContext
from dicomcore.scp.acceptance import NATIVE
from dicomcore.source import Source
from dicomcore.storage import Spool
from dicomcore.uids import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN

_ENCODABLE = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)

# PS3.4 §Z.1.3, and the offset tables, which mean nothing without their pixel data.
_BULKDATA = frozenset(
    (
        0x00287FE0,  # Pixel Data Provider URL
        0x00420011,  # Encapsulated Document
        0x54001010,  # Waveform Data
        0x56000020,  # Spectroscopy Data
        0x7FE00001,  # Extended Offset Table
        0x7FE00002,  # Extended Offset Table Lengths
        0x7FE00008,  # Float Pixel Data
        0x7FE00009,  # Double Float Pixel Data
        0x7FE00010,  # Pixel Data
    )
)
# Of the repeating groups 50xx and 60xx: Curve Data, Audio Sample Data, Overlay Data.
_REPEATING_BULKDATA = frozenset((0x50003000, 0x5000200C, 0x60003000))


def context_for(connection: Connection, instance: Instance, *, with_bulkdata: bool = True) -> AcceptedContext:
    """Choose the presentation context to send an instance in: as it is stored if the peer takes that, else native.

    Without bulk data nothing is compressed, and native is best. Raises `NoPresentationContext`.
    """
    stored = instance.transfer_syntax_uid
    for uid in (stored, *_ENCODABLE) if with_bulkdata else (*NATIVE, stored):
        context = connection.context_for(instance.sop_class_uid, uid)
        if context is not None:
            return context
    raise NoPresentationContext(instance.sop_class_uid, stored)


@asynccontextmanager
async def dataset_without_bulkdata(
    instance: Instance, transfer_syntax_uid: str, source: Source
) -> AsyncIterator[list[Buffer]]:
    """Read the data set of an instance and encode what is left of it without bulk data."""
    spool = source.spool()
    try:
        async for buffer in await instance.file(instance.transfer_syntax_uid):
            await _write(spool, buffer)
        yield await asyncio.to_thread(_rewrite, spool, transfer_syntax_uid)
    finally:
        spool.close()


def without_bulkdata(dataset: Dataset) -> Dataset:
    """Return the data set without its bulk data, at any depth; in what was not changed nothing is encoded anew."""
    kept = dataset.copy()
    for element in dataset:
        if _is_bulkdata(element.tag):
            kept.remove(element.tag)
        elif element.items:
            items = [without_bulkdata(item) for item in element.items]
            if any(item.is_modified for item in items):
                kept.put_items(element.tag, items)
    return kept


def _is_bulkdata(tag: int) -> bool:
    return tag in _BULKDATA or (tag & 0xFF00FFFF in _REPEATING_BULKDATA and not tag & 0x00010000)


async def _write(spool: Spool, buffer: Buffer) -> None:
    if spool.wants_thread:
        await asyncio.to_thread(spool.write, buffer)
    else:
        spool.write(buffer)


def _rewrite(spool: Spool, transfer_syntax_uid: str) -> list[Buffer]:
    dataset = without_bulkdata(read_file(spool.view()).dataset)
    return [b"".join(write_dataset(dataset, transfer_syntax(transfer_syntax_uid)))]
