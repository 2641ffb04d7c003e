"""An instance: what a `Source` yields, and what can be made of it.

Everything is lazy and costs what was asked for: the file as stored in windows of a few megabytes, one frame as a view
of a memory map. Blocking work is done in threads. Whole files are checked against the digest they were stored with; an
object that fits in one window before its first byte leaves, a larger one before its last window does, so that no
damaged object is ever delivered complete. What is converted on its way is checked before anything is made of it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TypeVar

import xxhash

from dicomcore.content import Content, Extent, within
from dicomcore.data import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    OCTET_STREAM,
    Alarm,
    Buffer,
    BulkdataPolicy,
    Dataset,
    Part10,
    bulkdata_media_type,
    bulkdata_paths,
    bulkdata_value,
    file_header,
    find_element,
    read_file,
    transfer_syntax,
)
from dicomcore.errors import (
    CodecUnavailable,
    CorruptFrame,
    DamagedInstance,
    ResourceGone,
    ResourceNotFound,
    StorageUnavailable,
)
from dicomcore.index import Index, InstanceRow
from dicomcore.pixels import (
    FrameIndex,
    PixelFormat,
    convertible_to,
    decode_frame,
    encoding_of,
    has_whole_pixels,
    is_decodable,
    to_deflated,
    to_explicit_little_endian,
)
from dicomcore.storage import Storage, StoredObject
from dicomcore.threads import Threads, must_not_wait
from dicomcore.transcoding import Codecs, Convertible, Overwrite, ahead, check_codecs, transcoded_file
from dicomcore.uids import EXPLICIT_VR_LITTLE_ENDIAN

T = TypeVar("T")

_MANY_ELEMENTS = Alarm(1_000, must_not_wait)
"""More than a thousand take more than a millisecond."""
_AT_ONCE = 4  # frames that are converted for one request
_BEGINNING = 1 << 20  # bytes of a converted instance that are made before the first leaves
_COPIED = 1 << 20  # bytes that are read quicker than they are mapped into memory
_FEW = 64  # extents that are read one by one on the event loop
_NATIVE = (EXPLICIT_VR_LITTLE_ENDIAN, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN.uid)
_SMALL = 16 << 20  # bytes; what is larger is read in windows while it is sent


@dataclass(frozen=True, slots=True)
class Value:
    """A bulk data value: its path in the metadata, its content, its media type if it is an encapsulated document."""

    path: str
    content: Content
    document_type: str = ""


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
        self._storage = storage
        self._index = index
        self._threads = threads
        self._verify = verify
        self._codecs = codecs
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
        return self._drain(*await self._threads.soon(self._open, start, end))

    async def file(self, transfer_syntax_uid: str, overwrite: Overwrite | None = None) -> AsyncIterator[Buffer]:
        """The instance as a PS3.10 file in its own transfer syntax or in another; the SOP Instance UID stays.

        The first buffer is all that comes before the data set. With ``overwrite`` the offset table of large pixel data
        is not left empty, but written at the end.

        Raises:
            CodecUnavailable: its pixel data cannot be had in this transfer syntax.
            CorruptFrame: a frame does not decode; of a large instance the iterator may raise it.
        """
        if self._needs_codecs(transfer_syntax_uid):
            return await self._transcoded(transfer_syntax_uid, overwrite)
        buffers = await self._threads(self._file, transfer_syntax_uid)
        begun = await self._threads(_begin, buffers)
        return self._follow(begun, buffers)

    async def convertible(self) -> Convertible:
        """What the pixel data are, and the encapsulated transfer syntaxes that they can be put into; () without any.

        Raises:
            CodecUnavailable: nothing can be converted here.
        """
        codecs = check_codecs(self._codecs, self.transfer_syntax_uid)
        found = codecs.known(self.digest)
        if found is None:
            found = await self._threads(self._convertible)
            codecs.remember(self.digest, found)
        return found

    async def targets(self) -> tuple[str, ...]:
        """The encapsulated transfer syntaxes that the pixel data can be put into, but for the one they are in."""
        if self._codecs is None or not self.number_of_frames:
            return ()
        return (await self.convertible()).targets

    async def dataset(self) -> Dataset:
        """The data set, read from a memory map of the stored object: elements are views, and nothing is copied.

        Raises:
            DamagedInstance: the object is not there.
        """
        return (await self._threads(self._part10)).dataset

    async def read_dataset(self, read: Callable[[Dataset], T]) -> T:
        """What a function makes of the data set, in one step: on the spot if the data set is small.

        Raises as `dataset` does, and what the function raises.
        """
        return await self._threads.soon(self._read_dataset, read)

    async def frames(self, frame_numbers: Sequence[int], *, decoded: bool, lazy: bool = False) -> list[Content]:
        """Frames by number from 1, as stored or ``decoded`` to little endian; ``lazy``: opened when they are sent.

        Raises:
            ResourceNotFound: there is no such frame.
            CorruptFrame: it cannot be decoded.
            CodecUnavailable: nothing here decodes it.
        """
        if decoded and self._is_compressed:
            return await self._decoded_frames(frame_numbers, lazy)
        return await self._threads.soon(self._frames, frame_numbers, decoded, lazy)

    def check_frames(self, frame_numbers: Sequence[int]) -> None:
        """Raise `ResourceNotFound` or `CorruptFrame` if one of these frames (from 1) is not there."""
        for number in frame_numbers:
            self._frame_index.page_number(number)

    async def converted_frames(self, frame_numbers: Sequence[int], transfer_syntax_uid: str) -> list[Content]:
        """Frames by number from 1 in another encapsulated transfer syntax, or in Explicit VR Little Endian.

        Raises as `frames` does.
        """
        makers = [partial(self._converted, number, transfer_syntax_uid) for number in frame_numbers]
        return [Content.of([frame]) async for frame in ahead(makers, _AT_ONCE)]

    async def bulkdata(self, path: str) -> Value:
        """The value at a path of tags and item numbers from 0, as BulkDataURIs have it: ``00540016/0/00189345``.

        Raises:
            ResourceNotFound: there is no such value.
        """
        return await self._threads(self._bulkdata, path)

    async def all_bulkdata(self, inline_threshold: int) -> list[Value]:
        """Every value that the metadata refer to by a BulkDataURI, opened when it is sent."""
        return await self._threads(self._all_bulkdata, inline_threshold)

    async def pixel_data(self, *, lazy: bool = False) -> Content:
        """The whole of the pixel data, native in little endian: its frames one after the other.

        Raises:
            ResourceNotFound: there is no pixel data.
            CodecUnavailable, CorruptFrame: it cannot be decoded.
        """
        return await self._threads(self._pixel_data, lazy)

    @property
    def number_of_frames(self) -> int:
        """How many frames the pixel data holds; 0 without pixel data."""
        return self._frame_index.count

    @property
    def is_encapsulated(self) -> bool:
        """Whether the frames are stored in fragments, compressed as a rule."""
        return self._frame_index.encapsulated

    @property
    def frames_syntax_uid(self) -> str:
        """The transfer syntax of the frames that `frames` gives, native ones decoded."""
        return self.transfer_syntax_uid if self.is_encapsulated else EXPLICIT_VR_LITTLE_ENDIAN

    @property
    def pixel_data_path(self) -> str:
        """The path of the attribute that holds the pixels: integers, or floating point numbers."""
        return f"{self._frame_index.tag:08X}"

    @cached_property
    def _frame_index(self) -> FrameIndex:
        frames = FrameIndex.from_bytes(self._row.frames_header)
        if frames.image.subsampled and frames.encapsulated and has_whole_pixels(self.transfer_syntax_uid):
            return replace(frames, image=replace(frames.image, subsampled=False))
        return frames

    @property
    def _is_compressed(self) -> bool:
        """Whether it takes a compression library to decode frames."""
        return self.is_encapsulated and not is_decodable(transfer_syntax(self.transfer_syntax_uid))

    def _needs_codecs(self, transfer_syntax_uid: str) -> bool:
        if transfer_syntax_uid == self.transfer_syntax_uid:
            return False
        if transfer_syntax_uid == EXPLICIT_VR_LITTLE_ENDIAN:
            return self._is_compressed
        return transfer_syntax_uid not in _NATIVE or self.is_encapsulated

    def _convertible(self) -> Convertible:
        dataset = self._part10().dataset
        form = PixelFormat.of(dataset, self._frame_index.tag)
        return Convertible(form, convertible_to(dataset, self.transfer_syntax_uid))

    async def _transcoded(self, transfer_syntax_uid: str, overwrite: Overwrite | None) -> AsyncIterator[Buffer]:
        codecs = check_codecs(self._codecs, transfer_syntax_uid)
        if transfer_syntax_uid not in (*_NATIVE, *await self.targets()):
            raise CodecUnavailable(transfer_syntax_uid)
        part10 = await self._threads(self._verified_part10)
        encoding = encoding_of(transfer_syntax_uid)
        read = None if part10.transfer_syntax.deflated else self._stored_frame
        buffers = transcoded_file(part10, transfer_syntax_uid, encoding, codecs, self._threads, read, overwrite)
        begun: list[Buffer] = []
        while sum(map(len, begun)) < _BEGINNING and (buffer := await anext(buffers, None)) is not None:
            begun.append(buffer)
        return _continued(begun, buffers)

    async def _stored_frame(self, frame_number: int) -> Buffer:
        (content,) = await self.frames([frame_number], decoded=not self.is_encapsulated)
        return await content.whole()

    async def _converted(self, frame_number: int, transfer_syntax_uid: str) -> bytes:
        """One frame; those who ask for the same one at the same time wait for the first of them."""
        codecs = check_codecs(self._codecs, transfer_syntax_uid)
        key = self.digest, frame_number, transfer_syntax_uid
        return await codecs.cache.get(key, partial(self._convert, codecs, frame_number, transfer_syntax_uid))

    async def _convert(self, codecs: Codecs, frame_number: int, transfer_syntax_uid: str) -> bytes:
        source = self.frames_syntax_uid
        form = (await self.convertible()).form
        length = await self._threads.soon(self._length_to_read, frame_number)
        encoding = encoding_of(transfer_syntax_uid)
        converted, _ = await codecs.read_and_convert(
            self._stored_frame, length, form, source, transfer_syntax_uid, frame_number, encoding, self._threads
        )
        return converted

    def _length_to_read(self, frame_number: int) -> int:
        """How many bytes are in memory when a frame is read: that of a deflated object takes about all frames."""
        frames = self._frame_index
        pages = _Pages(self._index, self._row, frames)
        length = frames.stored_length(frame_number, pages.of(frame_number))
        return length * frames.count if transfer_syntax(self.transfer_syntax_uid).deflated else length

    async def _decoded_frames(self, frame_numbers: Sequence[int], lazy: bool) -> list[Content]:
        """Native frames, whose size is known beforehand: large ones are made when they are sent."""
        check_codecs(self._codecs, self.transfer_syntax_uid)
        self.check_frames(frame_numbers)
        length = self._frame_index.image.length
        if lazy or len(frame_numbers) * length > _SMALL:
            return [Content(length, reader=partial(self._read_converted, number)) for number in frame_numbers]
        return await self.converted_frames(frame_numbers, EXPLICIT_VR_LITTLE_ENDIAN)

    async def _read_converted(self, frame_number: int, start: int, end: int) -> AsyncIterator[Buffer]:
        yield memoryview(await self._converted(frame_number, EXPLICIT_VR_LITTLE_ENDIAN))[start:end]

    def _open(self, start: int, end: int | None) -> tuple[Buffer | None, Iterator[Buffer] | None]:
        """The first window and, if there are more, the others."""
        stop = self._row.size if end is None else min(end, self._row.size)
        is_small = stop - start <= _COPIED
        if not is_small:
            must_not_wait()
        stored = self._open_object()
        windows = _closing(stored, _copied(stored, start, stop) if is_small else stored.windows(start, stop))
        if self._verify and start == 0 and stop == self._row.size:
            windows = self._verified(windows)
        first = next(windows, None)
        if is_small:
            next(windows, None)  # there is none, but this closes the object
        return first, None if is_small else windows

    async def _follow(self, begun: Sequence[Buffer], rest: Iterator[Buffer]) -> AsyncIterator[Buffer]:
        for buffer in begun:
            yield buffer
        async for buffer in self._drain(await self._threads(next, rest, None), rest):
            yield buffer

    async def _drain(self, first: Buffer | None, rest: Iterator[Buffer] | None) -> AsyncIterator[Buffer]:
        buffer = first
        while buffer is not None:
            yield buffer
            buffer = None if rest is None else await self._threads(next, rest, None)

    def _open_object(self) -> StoredObject:
        try:
            stored = self._storage.open(self._row.key)
        except KeyError:
            row = self._index.instance(self.resource)
        else:
            if stored.size == self._row.size:
                return stored
            stored.close()
            raise DamagedInstance(self.resource, "its object has another size than what was stored")
        if row is None:
            gone = self._index.was_deleted(self.resource)
            raise (ResourceGone if gone else ResourceNotFound)(self.resource)
        if row.key == self._row.key:
            raise DamagedInstance(self.resource, "its object is missing")
        raise StorageUnavailable(f"{self.resource} was replaced while it was read; ask again")

    def _verified(self, windows: Iterator[Buffer]) -> Iterator[Buffer]:
        """Hold back the last window until the digest of all is known to be right."""
        checksum = xxhash.xxh3_128()
        held: Buffer | None = None
        for window in windows:
            checksum.update(window)
            if held is not None:
                yield held
            held = window
        if checksum.digest() != self._row.checksum:
            raise DamagedInstance(self.resource, "its bytes differ from what was stored")
        if held is not None:
            yield held

    def _part10(self) -> Part10:
        stored = self._open_object()
        view = stored.view()
        stored.close()
        return read_file(view)

    def _read_dataset(self, read: Callable[[Dataset], T]) -> T:
        if self._row.size > _COPIED:
            must_not_wait()
        stored = self._open_object()
        view = stored.view()
        stored.close()
        return read(read_file(view, _MANY_ELEMENTS).dataset)

    def _verified_part10(self) -> Part10:
        self._check_bytes()
        return self._part10()

    def _check_bytes(self) -> None:
        if self._verify:
            stored = self._open_object()
            for _window in self._verified(_closing(stored, stored.windows())):
                pass

    def _file(self, transfer_syntax_uid: str) -> Iterator[Buffer]:
        self._check_bytes()
        if transfer_syntax_uid == self.transfer_syntax_uid:
            return self._wrapped()
        made = to_explicit_little_endian if transfer_syntax_uid == EXPLICIT_VR_LITTLE_ENDIAN else to_deflated
        return made(self._part10())

    def _wrapped(self) -> Iterator[Buffer]:
        """Put the beginning of a PS3.10 file before a data set that was stored without it."""
        yield file_header(
            sop_class_uid=self.sop_class_uid,
            sop_instance_uid=str(self.resource.sop_instance_uid),
            transfer_syntax_uid=self.transfer_syntax_uid,
        )
        stored = self._open_object()
        yield from _closing(stored, stored.windows(self._row.dataset_start))

    def _frames(self, frame_numbers: Sequence[int], decoded: bool, lazy: bool) -> list[Content]:
        frames = self._frame_index
        pages = _Pages(self._index, self._row, frames)
        syntax = transfer_syntax(self.transfer_syntax_uid)
        # A frame that starts and ends on bytes, and is in the right order, is a view of what is stored.
        is_plain = frames.encapsulated or (frames.little_endian and frames.image.bits % 8 == 0)
        if not syntax.deflated and is_plain and (not decoded or not frames.encapsulated):
            return self._extents([frames.spans(number, pages.of(number)) for number in frame_numbers], lazy)
        must_not_wait()
        buffer = self._buffer()
        return [
            Content.of([decode_frame(frames, syntax, buffer, number, pages.of(number))]) for number in frame_numbers
        ]

    def _extents(self, all_extents: Sequence[Sequence[Extent]], lazy: bool) -> list[Content]:
        """Content that lies in the stored object: views if it is small, else read while it is sent."""
        sizes = [sum(end - start for start, end in extents) for extents in all_extents]
        if lazy or sum(sizes) > _SMALL:
            readers = [partial(self._read_extents, extents) for extents in all_extents]
            return [Content(size, reader=reader) for size, reader in zip(sizes, readers, strict=True)]
        is_copied = sum(sizes) <= _COPIED and sum(map(len, all_extents)) <= _FEW
        if not is_copied:
            must_not_wait()
        stored = self._open_object()
        take = stored.read if is_copied else stored.view
        try:
            views = [[take(start, end) for start, end in extents] for extents in all_extents]
        finally:
            stored.close()
        return [Content(size, buffers) for size, buffers in zip(sizes, views, strict=True)]

    async def _read_extents(self, extents: Sequence[Extent], start: int, end: int) -> AsyncIterator[Buffer]:
        for first, last in within(extents, start, end):
            async for buffer in await self.read(first, last):
                yield buffer

    def _buffer(self) -> Buffer:
        """What offsets of frames count in: the stored object or, of a deflated one, what it inflates to."""
        if not transfer_syntax(self.transfer_syntax_uid).deflated:
            stored = self._open_object()
            view = stored.view()
            stored.close()
            return view
        element = next(iter(self._part10().dataset), None)
        return b"" if element is None else memoryview(element.buffer)

    def _pixel_data(self, lazy: bool) -> Content:
        frames = self._frame_index
        if not frames.count:
            raise ResourceNotFound(f"pixel data of {self.resource}")
        syntax = transfer_syntax(self.transfer_syntax_uid)
        if not frames.encapsulated and frames.little_endian and not syntax.deflated:
            return self._extents([[(frames.offset, frames.offset + frames.length)]], lazy)[0]
        if not frames.image.length:
            raise CorruptFrame(1, "the image has no pixels")
        return Content(frames.count * frames.image.length, reader=self._read_decoded)

    async def _read_decoded(self, start: int, end: int) -> AsyncIterator[Buffer]:
        """Decode the frames that a range touches, one at a time, or a few if worker processes do it."""
        length = self._frame_index.image.length
        index = start // length
        makers = [partial(self.frames, [number], decoded=True) for number in range(index + 1, -(-end // length) + 1)]
        async with aclosing(ahead(makers, _AT_ONCE if self._is_compressed else 1)) as frames:
            async for (content,) in frames:
                async for buffer in content.read(max(0, start - index * length), min(length, end - index * length)):
                    yield buffer
                index += 1

    def _bulkdata(self, path: str) -> Value:
        return self._value(self._part10(), path, lazy=False)

    def _all_bulkdata(self, inline_threshold: int) -> list[Value]:
        part10 = self._part10()
        policy = BulkdataPolicy(b"", inline_threshold)
        found = bulkdata_paths(part10.dataset, policy)
        return [self._value(part10, path, lazy=True) for path, _ in found]

    def _value(self, part10: Part10, path: str, *, lazy: bool) -> Value:
        holder, element = find_element(part10.dataset, path)
        if element.items is not None:
            raise ResourceNotFound(path)
        media_type = bulkdata_media_type(part10.dataset, element)
        document_type = "" if media_type == OCTET_STREAM else media_type
        if part10.dataset.little_endian and not part10.transfer_syntax.deflated:
            (content,) = self._extents([[(element.start, element.end)]], lazy)
            return Value(path, content, document_type)
        return Value(path, Content.of([bulkdata_value(holder, element)]), document_type)


class _Pages:
    """Pages of a frame index, each read once."""

    def __init__(self, index: Index, row: InstanceRow, frames: FrameIndex) -> None:
        self._index = index
        self._row = row
        self._pages: dict[int, bytes | None] = {}
        self._frames = frames

    def of(self, frame_number: int) -> bytes | None:
        """The page that a frame (from 1) is looked up in; None if none is needed."""
        number = self._frames.page_number(frame_number)
        if number is None:
            return None
        if number not in self._pages:
            page = self._index.frame_page(self._row, number)
            if page is None:
                raise StorageUnavailable(f"{self._row.resource} was replaced while it was read; ask again")
            self._pages[number] = page
        return self._pages[number]


def _begin(buffers: Iterator[Buffer]) -> list[Buffer]:
    """Make the first megabyte of a conversion, so that a damaged frame of a small instance can be answered as such."""
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


def _copied(stored: StoredObject, start: int, end: int) -> Iterator[Buffer]:
    yield stored.read(start, end)


def _closing(stored: StoredObject, windows: Iterator[Buffer]) -> Iterator[Buffer]:
    """Close the object when the last window was given, or nobody wants more."""
    try:
        yield from windows
    finally:
        stored.close()
