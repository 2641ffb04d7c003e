"""An instance: what a `Source` yields, and what can be made of it.

Everything is lazy and costs what was asked for: the file as stored in windows of a few megabytes, one frame as a view
of a memory map. Blocking work is done in threads. No damaged object is ever delivered complete, and what is converted
on its way is checked before anything is made of it.

- `dicomcore.stored_bytes`: the stored object: opened, verified, read
- `dicomcore.stored_frames`: its frames, as stored or converted
- `dicomcore.stored_values`: its bulk data
- `dicomcore.stored_file`: the PS3.10 file that is made of it
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import TypeVar

from dicomcore.content import Content
from dicomcore.data import Buffer, Dataset
from dicomcore.index import Index, InstanceRow
from dicomcore.storage import Storage
from dicomcore.stored_bytes import StoredBytes
from dicomcore.stored_file import file_of
from dicomcore.stored_frames import StoredFrames
from dicomcore.stored_values import Value, all_values, value_at
from dicomcore.threads import Threads
from dicomcore.transcoding import Codecs, Convertible, Overwrite

__all__ = ["Instance", "Value"]

T = TypeVar("T")


class Instance:
    """One instance that is stored here; ``codecs`` are for pixel data that need a compression library."""

    def __init__(
        self,
        row: InstanceRow,
        storage: Storage,
        index: Index,
        threads: Threads,
        *,
        verify: bool,
        codecs: Codecs | None = None,
    ) -> None:
        self._row = row
        self._threads = threads
        self.stored = StoredBytes(row, storage, index, threads, verify=verify)
        """What all is read from: alive for as long as anybody reads, be it after the instance was let go of."""
        self._frames = StoredFrames(self.stored, codecs)
        self.resource = row.resource
        self.sop_class_uid = row.sop_class_uid
        self.transfer_syntax_uid = row.transfer_syntax_uid

    @property
    def digest(self) -> bytes:
        """The SHA-256 of the stored object: what an ETag is made of."""
        return self._row.sha256

    @property
    def key(self) -> str:
        """Where the object is stored: no other version of the instance has the same."""
        return self._row.key

    @property
    def size(self) -> int:
        """The number of bytes of the stored object."""
        return self._row.size

    @property
    def is_file(self) -> bool:
        """Whether the stored object is a PS3.10 file; some came without preamble or meta and are kept like that."""
        return bool(self._row.is_file)

    async def read(self, start: int = 0, end: int | None = None) -> AsyncIterator[Buffer]:
        """The stored object, or a range of it; awaiting this opens it, and the first window is there.

        Raises:
            DamagedInstance: the object is not there, or its bytes are not those that were stored; of an object larger
                than a window the iterator raises it, before the last one.
        """
        return await self.stored.read(start, end)

    async def file(self, transfer_syntax_uid: str, overwrite: Overwrite | None = None) -> AsyncIterator[Buffer]:
        """The instance as a PS3.10 file in its own transfer syntax or in another; the SOP Instance UID stays.

        The first buffer is all that comes before the data set. With ``overwrite`` the offset table of large pixel data
        is not left empty, but written at the end.

        Raises:
            CodecUnavailable: its pixel data cannot be had in this transfer syntax.
            CorruptFrame: a frame does not decode; of a large instance the iterator may raise it.
        """
        return await file_of(self.stored, self._frames, transfer_syntax_uid, overwrite)

    async def convertible(self) -> Convertible:
        """What the pixel data are, and the encapsulated transfer syntaxes that they can be put into; () without any.

        Raises:
            CodecUnavailable: nothing can be converted here.
        """
        return await self._frames.convertible()

    async def targets(self) -> tuple[str, ...]:
        """The encapsulated transfer syntaxes that the pixel data can be put into, but for the one they are in."""
        return await self._frames.targets()

    async def made_of_dataset(self, make: Callable[[Dataset], T]) -> T:
        """What a function that takes its time makes of the data set, in a thread, which also lets go of the data set.

        It is read from a memory map of the stored object: elements are views, and nothing is copied.

        Raises:
            DamagedInstance: the object is not there.
        """
        return await self._threads(lambda: make(self.stored.part10().dataset))

    async def read_dataset(self, read: Callable[[Dataset], T]) -> T:
        """What a function makes of the data set, in one step: on the spot if the data set is small.

        Raises as `made_of_dataset` does, and what the function raises.
        """
        return await self._threads.soon(self.stored.read_dataset, read)

    async def read_header(self, read: Callable[[Dataset], T]) -> T:
        """What a function makes of the data set but for the pixels; see `StoredFrames.read_header`."""
        return await self._threads.soon(self._frames.read_header, read)

    def header(self, read: Callable[[Dataset], T]) -> T:
        """What `read_header` gives, in this step; for `Threads.on_the_spot`."""
        return self._frames.read_header(read)

    def native_frame(self, frame_number: int) -> Buffer:
        """A small frame by its number from 1, in this step; for `Threads.on_the_spot`.

        Raises `WouldTakeLong` for frames that are encapsulated, or have to be made, and what `frames` raises.
        """
        return self._frames.native(frame_number)

    async def frames(self, frame_numbers: Sequence[int], *, decoded: bool, lazy: bool = False) -> list[Content]:
        """Frames by number from 1, as stored or ``decoded`` to little endian; ``lazy``: opened when they are sent.

        Raises:
            ResourceNotFound: there is no such frame.
            CorruptFrame: it cannot be decoded.
            CodecUnavailable: nothing here decodes it.
        """
        return await self._frames.get(frame_numbers, decoded=decoded, lazy=lazy)

    def check_frames(self, frame_numbers: Sequence[int]) -> None:
        """Raise `ResourceNotFound` or `CorruptFrame` if one of these frames (from 1) is not there."""
        self._frames.check(frame_numbers)

    async def converted_frames(self, frame_numbers: Sequence[int], transfer_syntax_uid: str) -> list[Content]:
        """Frames by number from 1 in another encapsulated transfer syntax, or in Explicit VR Little Endian.

        Raises as `frames` does.
        """
        return await self._frames.converted(frame_numbers, transfer_syntax_uid)

    async def bulkdata(self, path: str) -> Value:
        """The value at a path of tags and item numbers from 0, as BulkDataURIs have it: ``00540016/0/00189345``.

        Raises:
            ResourceNotFound: there is no such value.
        """
        return await self._threads(value_at, self.stored, path)

    async def all_bulkdata(self, inline_threshold: int) -> list[Value]:
        """Every value that the metadata refer to by a BulkDataURI, opened when it is sent."""
        return await self._threads(all_values, self.stored, inline_threshold)

    async def pixel_data(self, *, lazy: bool = False) -> Content:
        """The whole of the pixel data, native in little endian: its frames one after the other.

        Raises:
            ResourceNotFound: there is no pixel data.
            CodecUnavailable, CorruptFrame: it cannot be decoded.
        """
        return await self._frames.whole(lazy=lazy)

    @property
    def number_of_frames(self) -> int:
        """How many frames the pixel data holds; 0 without pixel data."""
        return self._frames.index.count

    @property
    def is_encapsulated(self) -> bool:
        """Whether the frames are stored in fragments, compressed as a rule."""
        return self._frames.index.encapsulated

    @property
    def frames_syntax_uid(self) -> str:
        """The transfer syntax of the frames that `frames` gives, native ones decoded."""
        return self._frames.syntax_uid

    @property
    def image_elements(self) -> bytes:
        """What was kept to describe a plain image without reading it, for `read_image_elements`; b"" of others."""
        return self._frames.image_elements

    @property
    def pixel_data_path(self) -> str:
        """The path of the attribute that holds the pixels: integers, or floating point numbers."""
        return f"{self._frames.index.tag:08X}"
