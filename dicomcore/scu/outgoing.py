"""Instances that are to be sent, each in whatever transfer syntax the destination has agreed to (PS3.4 §B.2.1).

As stored they are read and passed on. Otherwise they become native: in Explicit VR Little Endian, for which compressed
pixels need `Codecs` (but for RLE, which needs none), and from that in Implicit VR Little Endian, which needs the whole
data set at once; large ones are put into a temporary file for it. Instances of an archive that has codecs can be had in
whatever compression holds them, too.
"""

from __future__ import annotations

import mmap
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from struct import unpack_from
from tempfile import TemporaryFile
from typing import Protocol

from dicomcore.data import VRS, Buffer, Part10, read_dataset, read_file, transfer_syntax, write_dataset
from dicomcore.errors import CodecUnavailable, NotDicom, StorageUnavailable
from dicomcore.instance import Instance
from dicomcore.pixels import encoding_of, to_explicit_little_endian
from dicomcore.threads import Threads
from dicomcore.transcoding import Codecs, file_in
from dicomcore.uids import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN

NATIVE = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)
_WINDOW = 1 << 20  # bytes
_IN_MEMORY = 64 << 20  # bytes of a data set that is rewritten there
_META = 132  # where File Meta Information begins
_LONG_HEADER = 12  # bytes
_SOP_CLASS_UID, _SOP_INSTANCE_UID = 0x00080016, 0x00080018


class Outgoing(Protocol):
    """An instance that is to be sent."""

    @property
    def sop_class_uid(self) -> str:
        """Its SOP Class."""

    @property
    def sop_instance_uid(self) -> str:
        """Itself."""

    @property
    def transfer_syntax_uid(self) -> str:
        """How it is stored."""

    async def dataset(self, transfer_syntax_uid: str) -> AsyncIterator[Buffer]:
        """Its data set, without File Meta Information, as it is stored, native, or in another transfer syntax.

        Raises:
            CodecUnavailable: it cannot be had in this transfer syntax.
        """


class StoredInstance:
    """An instance of a `Source`, to be sent."""

    def __init__(self, instance: Instance, threads: Threads) -> None:
        self.instance = instance
        self.sop_class_uid = instance.sop_class_uid
        self.sop_instance_uid = str(instance.resource.sop_instance_uid)
        self.transfer_syntax_uid = instance.transfer_syntax_uid
        self._threads = threads

    async def dataset(self, transfer_syntax_uid: str) -> AsyncIterator[Buffer]:
        """See `Outgoing`."""
        if transfer_syntax_uid == self.transfer_syntax_uid:
            return await self._as_stored()
        if transfer_syntax_uid != IMPLICIT_VR_LITTLE_ENDIAN:
            return _without_first(await self.instance.file(transfer_syntax_uid))
        explicit = _without_first(await self.instance.file(EXPLICIT_VR_LITTLE_ENDIAN))
        return await _in_implicit_vr(explicit, self._threads)

    async def _as_stored(self) -> AsyncIterator[Buffer]:
        if self.instance.is_file:
            windows = await self.instance.read()
            first = memoryview(await anext(windows))
            start = _dataset_start(first)
            if start is not None:
                return _chain(first[start:], windows)
        return _without_first(await self.instance.file(self.transfer_syntax_uid))


class StoredFile:
    """A file, to be sent; `StoredFile.open` reads what has to be known of it."""

    def __init__(self, path: Path, part10: Part10, threads: Threads, codecs: Codecs | None = None) -> None:
        self.path = path
        self.sop_class_uid = part10.dataset.text(_SOP_CLASS_UID)
        self.sop_instance_uid = part10.dataset.text(_SOP_INSTANCE_UID)
        self.transfer_syntax_uid = part10.transfer_syntax.uid
        self._threads = threads
        self._codecs = codecs

    @classmethod
    async def open(cls, path: Path, threads: Threads, codecs: Codecs | None = None) -> StoredFile:
        """Look into a file.

        Raises:
            NotDicom, MalformedDataset: it is no instance.
            StorageUnavailable: it cannot be read.
        """
        _, part10 = await threads(_read, path)
        found = cls(path, part10, threads, codecs)
        if not found.sop_class_uid or not found.sop_instance_uid:
            raise NotDicom("there is no SOP Class UID or no SOP Instance UID")
        return found

    async def dataset(self, transfer_syntax_uid: str) -> AsyncIterator[Buffer]:
        """See `Outgoing`."""
        content, part10 = await self._threads(_read, self.path)
        if transfer_syntax_uid == self.transfer_syntax_uid:
            return _windows(content, part10.dataset_start)
        return await native_dataset(part10, transfer_syntax_uid, self._codecs, self._threads)


async def native_dataset(
    part10: Part10, transfer_syntax_uid: str, codecs: Codecs | None, threads: Threads
) -> AsyncIterator[Buffer]:
    """The data set of a file in a native transfer syntax, without File Meta Information.

    Raises:
        CodecUnavailable: it cannot be had in this transfer syntax.
        CorruptFrame: a frame does not decode; of a large instance the iterator may raise it.
    """
    if transfer_syntax_uid not in NATIVE:
        raise CodecUnavailable(transfer_syntax_uid)
    explicit = await _in_explicit_vr(part10, codecs, threads)
    if transfer_syntax_uid == EXPLICIT_VR_LITTLE_ENDIAN:
        return explicit
    return await _in_implicit_vr(explicit, threads)


def _read(path: Path) -> tuple[Buffer, Part10]:
    try:
        with path.open("rb") as file:
            if not path.stat().st_size:
                raise NotDicom("the file is empty")
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise StorageUnavailable(f"{path} cannot be read: {error.strerror}") from error
    return content, read_file(content)


async def _in_explicit_vr(part10: Part10, codecs: Codecs | None, threads: Threads) -> AsyncIterator[Buffer]:
    if codecs is None or not part10.transfer_syntax.encapsulated:
        return _in_threads(await threads(_file_in_explicit_vr, part10), threads)
    uid = EXPLICIT_VR_LITTLE_ENDIAN
    buffers = file_in(part10, uid, encoding_of(uid), codecs, threads)
    await anext(buffers)  # the File Meta Information; what does not decode is known by now
    return buffers


def _file_in_explicit_vr(part10: Part10) -> Iterator[Buffer]:
    buffers = to_explicit_little_endian(part10)
    next(buffers)  # the File Meta Information
    return buffers


async def _windows(content: Buffer, start: int) -> AsyncIterator[Buffer]:
    view = memoryview(content)
    for position in range(start, len(view), _WINDOW):
        yield view[position : position + _WINDOW]


async def _in_threads(buffers: Iterator[Buffer], threads: Threads) -> AsyncIterator[Buffer]:
    while (buffer := await threads(next, buffers, None)) is not None:
        yield buffer


async def _without_first(buffers: AsyncIterator[Buffer]) -> AsyncIterator[Buffer]:
    """Leave out the first buffer: of what is written as a file, that is all before the data set."""
    await anext(buffers)
    async for buffer in buffers:
        yield buffer


async def _chain(first: Buffer, rest: AsyncIterator[Buffer]) -> AsyncIterator[Buffer]:
    yield first
    async for buffer in rest:
        yield buffer


def _dataset_start(window: memoryview) -> int | None:
    """Walk over the File Meta Information (PS3.10 §7.1) of a file that begins with ``window``.

    Its group length is not relied on, which is wrong in some files. None if it is not in explicit VR, or not there.
    """
    position = _META if bytes(window[_META - 4 : _META]) == b"DICM" else len(window)
    while position + _LONG_HEADER <= len(window):
        if bytes(window[position : position + 2]) != b"\2\0":
            return position
        rule = VRS.get(bytes(window[position + 4 : position + 6]).decode("latin-1"))
        if rule is None:
            return None
        if rule.long_header:
            position += _LONG_HEADER + int(unpack_from("<I", window, position + 8)[0])
        else:
            position += 8 + int(unpack_from("<H", window, position + 6)[0])
    return None


async def _in_implicit_vr(explicit: AsyncIterator[Buffer], threads: Threads) -> AsyncIterator[Buffer]:
    content = await _whole(explicit, threads)
    dataset = await threads(read_dataset, content, transfer_syntax(EXPLICIT_VR_LITTLE_ENDIAN))
    return _in_threads(write_dataset(dataset, transfer_syntax(IMPLICIT_VR_LITTLE_ENDIAN)), threads)


async def _whole(buffers: AsyncIterator[Buffer], threads: Threads) -> Buffer:
    """Bring a data set together: in memory, or as a mapping of a temporary file."""
    collected = bytearray()
    async for buffer in buffers:
        collected += buffer
        if len(collected) > _IN_MEMORY:
            return await _mapped(collected, buffers, threads)
    return bytes(collected)


async def _mapped(begun: Buffer, rest: AsyncIterator[Buffer], threads: Threads) -> Buffer:
    with TemporaryFile() as file:
        await threads(file.write, begun)
        async for buffer in rest:
            await threads(file.write, buffer)
        await threads(file.flush)
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
