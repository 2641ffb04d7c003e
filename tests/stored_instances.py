"""Stored instances for tests: kept in an archive, damaged on the disk, observed while they are opened and closed."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from builders import EXPLICIT_LE, JPEG_BASELINE, ct_dataset, ct_instance, element, encapsulated, part10

from app.settings import Settings
from dicomcore.archive import Archive
from dicomcore.content import Content
from dicomcore.data import Buffer, read_file
from dicomcore.index import InstanceRow
from dicomcore.instance import Instance
from dicomcore.pixels import Encoding, PixelFormat, convert_frame
from dicomcore.storage import Storage, StoredObject
from dicomcore.stored_bytes import StoredBytes
from dicomcore.stored_frames import StoredFrames
from dicomcore.threads import Threads

WORDS = bytes(range(32))
SWAPPED = b"".join(WORDS[n : n + 2][::-1] for n in range(0, 32, 2))
JPEGS = [b"\xff\xd8" + bytes([n]) * 60 + b"\xff\xd9" for n in range(3)]
JPEG = part10(ct_dataset(PixelData=None, extra=element(0x00280008, "IS", "3")) + encapsulated(JPEGS), JPEG_BASELINE)
"""Three frames, none of which decodes."""
PIXELS = np.arange(48, dtype="<u2").tobytes()
"""Those of `three_frames`."""
LARGE = ct_instance(Rows=3000, Columns=3000, PixelData=bytes(range(250)) * 72_000)
"""More than is read in one window."""


def three_frames(transfer_syntax: str = EXPLICIT_LE) -> bytes:
    """Three frames of two by four pixels of sixteen bits, native or compressed."""
    content = ct_instance(extra=element(0x00280008, "IS", "3 "), PixelData=PIXELS)
    if transfer_syntax == EXPLICIT_LE:
        return content
    form = PixelFormat.of(read_file(content).dataset)
    frames = [
        convert_frame(PIXELS[start : start + 32], form, EXPLICIT_LE, transfer_syntax, 1, Encoding())[0]
        for start in (0, 32, 64)
    ]
    number = element(0x00280008, "IS", "3 ")
    return part10(ct_dataset(PixelData=None, extra=b"") + encapsulated(frames), transfer_syntax).replace(
        element(0x00280010, "US", 4), number + element(0x00280010, "US", 4)
    )


async def stored(archive: Archive, content: bytes) -> Instance:
    """Store an instance."""
    spool = archive.spool()
    spool.write(content)
    outcome = await archive.store(spool)
    assert outcome.is_stored, outcome.detail
    return await archive.instance(outcome.resource)


async def stored_row(archive: Archive, content: bytes) -> InstanceRow:
    """Store an instance and look up its row."""
    row = archive.index.instance((await stored(archive, content)).resource)
    assert row is not None
    return row


async def bytes_of(archive: Archive, content: bytes, *, verify: bool = True) -> StoredBytes:
    """The bytes of an instance that is stored."""
    row = await stored_row(archive, content)
    return StoredBytes(row, archive.storage, archive.index, archive.threads, verify=verify)


async def frames_of(archive: Archive, content: bytes) -> StoredFrames:
    """The frames of an instance that is stored, converted by the codecs of the archive."""
    return StoredFrames(await bytes_of(archive, content), archive.codecs)


async def joined(buffers: AsyncIterator[Buffer]) -> bytes:
    """All that is given, in one."""
    return b"".join([bytes(buffer) async for buffer in buffers])


async def whole(content: Content) -> bytes:
    """All of a content, read as it is sent."""
    return await joined(content.read(0, content.size))


def object_of(settings: Settings) -> Path:
    """The only object that is stored."""
    (path,) = [path for path in (settings.data / "objects").rglob("*") if path.is_file()]
    return path


def damage(settings: Settings, offset: int = -10) -> None:
    """Change one byte of the only object."""
    path = object_of(settings)
    content = bytearray(path.read_bytes())
    content[offset] ^= 0xFF
    path.write_bytes(content)


async def open_objects(settings: Settings) -> list[str]:
    """The objects that this process keeps open: a thread may let go of what it has read a moment after it gave it."""
    found: list[str] = []
    for _ in range(100):
        found = [os.readlink(path) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
        found = [name for name in found if name.startswith(str(settings.data / "objects")) and not os.path.isdir(name)]
        if not found:
            break
        await asyncio.sleep(0.01)
    return found


class Observed:
    """A storage whose objects note in which threads they are opened, and when they are closed."""

    def __init__(self, storage: Storage, error: Exception | None = None) -> None:
        self._storage = storage
        self.error = error
        self.opened: list[threading.Thread] = []
        self.closed = 0

    def open(self, key: str) -> StoredObject:
        self.opened.append(threading.current_thread())
        return ObservedObject(self, self._storage.open(key))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)


class ObservedObject:
    """An object of `Observed`; copying it fails with the error of the storage if there is one."""

    def __init__(self, storage: Observed, stored: StoredObject) -> None:
        self._storage = storage
        self._stored = stored
        self.size = stored.size

    def read(self, start: int = 0, end: int | None = None) -> bytes:
        if self._storage.error is not None:
            raise self._storage.error
        return self._stored.read(start, end)

    def view(self, start: int = 0, end: int | None = None) -> memoryview:
        return self._stored.view(start, end)

    def windows(self, start: int = 0, end: int | None = None) -> Iterator[memoryview]:
        return self._stored.windows(start, end)

    def close(self) -> None:
        self._storage.closed += 1
        self._stored.close()


async def observed(
    archive: Archive, content: bytes, error: Exception | None = None, *, verify: bool = True
) -> tuple[StoredBytes, Observed]:
    """The bytes of an instance, and the storage that they are read from."""
    row = await stored_row(archive, content)
    storage = Observed(archive.storage, error)
    return StoredBytes(row, storage, archive.index, Threads(1), verify=verify), storage
