"""The frames of a stored instance: as they are stored, decoded, or in another transfer syntax.

A frame that begins and ends on bytes is found by the frame index and read without the rest of the object. Frames that
need a compression library are converted one by one, by `Codecs`, and cached by them; what is large is made while it is
sent.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import TypeVar

from dicomcore.content import Content
from dicomcore.data import Buffer, Dataset, read_file, transfer_syntax
from dicomcore.errors import CorruptFrame, ResourceNotFound
from dicomcore.pixels import (
    HEADER_LENGTH,
    FrameIndex,
    PixelFormat,
    convertible_to,
    decode_frame,
    encoding_of,
    has_whole_pixels,
    is_decodable,
)
from dicomcore.stored_bytes import LARGE, MANY_ELEMENTS, StoredBytes
from dicomcore.threads import WouldTakeLong, must_not_wait
from dicomcore.transcoding import Codecs, Convertible, ahead, check_codecs
from dicomcore.uids import EXPLICIT_VR_LITTLE_ENDIAN

T = TypeVar("T")

_AT_ONCE = 4  # frames that are converted for one request
_LENGTH = 4  # bytes
_ITEM_HEADER = 8  # bytes
_END_OF_FRAGMENTS = b"\xfe\xff\xdd\xe0\0\0\0\0"  # Sequence Delimitation Item (PS3.5 §A.4)


class StoredFrames:
    """The frames of one version of an instance; ``codecs`` are for those that need a compression library."""

    __slots__ = ("_index", "_stored", "_uid", "codecs")

    def __init__(self, stored: StoredBytes, codecs: Codecs | None) -> None:
        self.codecs = codecs
        self._index: FrameIndex | None = None
        self._stored = stored
        self._uid = stored.row.transfer_syntax_uid

    @property
    def index(self) -> FrameIndex:
        """Where they are, without the pages of the frame index."""
        if self._index is None:
            self._index = self._unpacked()
        return self._index

    @property
    def image_elements(self) -> bytes:
        """What was kept to describe a plain image; see `dicomcore.pixels.image_elements`."""
        return self._stored.row.frames_header[HEADER_LENGTH:]

    @property
    def is_compressed(self) -> bool:
        """Whether it takes a compression library to decode them."""
        return self.index.encapsulated and not is_decodable(transfer_syntax(self._uid))

    @property
    def syntax_uid(self) -> str:
        """The transfer syntax of what `get` gives, native frames decoded."""
        return self._uid if self.index.encapsulated else EXPLICIT_VR_LITTLE_ENDIAN

    def check(self, frame_numbers: Sequence[int]) -> None:
        """Raise `ResourceNotFound` or `CorruptFrame` if one of these frames (from 1) is not there."""
        for number in frame_numbers:
            self.index.page_number(number)

    def read_header(self, read: Callable[[Dataset], T]) -> T:
        """What a function makes of the data set without the pixels; may be called in `Threads.soon`.

        Pixel data has no value then, or the Basic Offset Table alone, and nothing is behind it; of small encapsulated
        objects and of deflated ones there is all. A header is read in a tenth of the time in which the object is mapped
        into memory, and to go from fragment to fragment would bring all of it there.
        """
        header = self._header()
        return self._stored.read_dataset(read) if header is None else read(read_file(header, MANY_ELEMENTS).dataset)

    def _header(self) -> bytes | None:
        """The object up to the pixels, and an end of pixel data; None where that is not worth it, or not possible."""
        frames = self.index
        if not frames.count or transfer_syntax(self._uid).deflated:
            return None
        if not frames.encapsulated:
            header = self._stored.copy(0, frames.offset)
            # In every encoding that pixel data has, its length stands before it.
            length = int.from_bytes(header[-_LENGTH:], "little" if frames.little_endian else "big")
            return header[:-_LENGTH] + bytes(_LENGTH) if length == frames.length else None
        if self._stored.row.size <= LARGE or not frames.little_endian:
            return None
        must_not_wait()
        (first, _), *_rest = frames.spans(1, _Pages(self._stored, frames).of(1))
        return self._stored.copy(0, first - _ITEM_HEADER) + _END_OF_FRAGMENTS

    async def get(self, frame_numbers: Sequence[int], *, decoded: bool, lazy: bool = False) -> list[Content]:
        """Frames by number from 1, as stored or ``decoded`` to little endian; see `Instance.frames`."""
        if decoded and self.is_compressed:
            return await self._decoded(frame_numbers, lazy)
        return await self._stored.threads.soon(self._get, frame_numbers, decoded, lazy)

    def native(self, frame_number: int) -> Buffer:
        """One frame in little endian, in one step; see `Instance.native_frame`."""
        if self.index.encapsulated:
            raise WouldTakeLong
        (content,) = self._get([frame_number], decoded=True, lazy=False)
        if content.buffers is None or len(content.buffers) != 1:
            raise WouldTakeLong
        return content.buffers[0]

    async def stored(self, frame_number: int) -> Buffer:
        """One frame as it is stored, in little endian if it is native."""
        (content,) = await self.get([frame_number], decoded=not self.index.encapsulated)
        return await content.whole()

    async def converted(self, frame_numbers: Sequence[int], transfer_syntax_uid: str) -> list[Content]:
        """Frames by number from 1 in another encapsulated transfer syntax, or in Explicit VR Little Endian."""
        makers = [partial(self._converted, number, transfer_syntax_uid) for number in frame_numbers]
        return [Content.of([frame]) async for frame in ahead(makers, _AT_ONCE)]

    async def convertible(self) -> Convertible:
        """What they are, and the encapsulated transfer syntaxes that they can be put into; see `Instance`."""
        codecs = check_codecs(self.codecs, self._uid)
        digest = self._stored.row.sha256
        found = codecs.known(digest)
        if found is None:
            found = await self._stored.threads(self._convertible)
            codecs.remember(digest, found)
        return found

    async def targets(self) -> tuple[str, ...]:
        """The encapsulated transfer syntaxes that they can be put into, but for the one they are in."""
        if self.codecs is None or not self.index.count:
            return ()
        return (await self.convertible()).targets

    async def whole(self, *, lazy: bool) -> Content:
        """One after the other, native in little endian; see `Instance.pixel_data`."""
        return await self._stored.threads(self._whole, lazy)

    def _unpacked(self) -> FrameIndex:
        frames = FrameIndex.from_bytes(self._stored.row.frames_header)
        if frames.image.subsampled and frames.encapsulated and has_whole_pixels(self._uid):
            return replace(frames, image=replace(frames.image, subsampled=False))
        return frames

    def _get(self, frame_numbers: Sequence[int], decoded: bool, lazy: bool) -> list[Content]:
        frames = self.index
        pages = _Pages(self._stored, frames)
        syntax = transfer_syntax(self._uid)
        # A frame that starts and ends on bytes, and is in the right order, is a view of what is stored.
        is_plain = frames.encapsulated or (frames.little_endian and frames.image.bits % 8 == 0)
        if not syntax.deflated and is_plain and (not decoded or not frames.encapsulated):
            return self._stored.extents([frames.spans(number, pages.of(number)) for number in frame_numbers], lazy)
        must_not_wait()
        buffer = self._buffer()
        return [
            Content.of([decode_frame(frames, syntax, buffer, number, pages.of(number))]) for number in frame_numbers
        ]

    def _buffer(self) -> Buffer:
        """What offsets of frames count in: the stored object or, of a deflated one, what it inflates to."""
        if not transfer_syntax(self._uid).deflated:
            return self._stored.view()
        element = next(iter(self._stored.part10().dataset), None)
        return b"" if element is None else memoryview(element.buffer)

    async def _decoded(self, frame_numbers: Sequence[int], lazy: bool) -> list[Content]:
        """Native frames, whose size is known beforehand: large ones are made when they are sent."""
        check_codecs(self.codecs, self._uid)
        self.check(frame_numbers)
        length = self.index.image.length
        if lazy or len(frame_numbers) * length > LARGE:
            return [Content(length, reader=partial(self._read_converted, number)) for number in frame_numbers]
        return await self.converted(frame_numbers, EXPLICIT_VR_LITTLE_ENDIAN)

    async def _read_converted(self, frame_number: int, start: int, end: int) -> AsyncIterator[Buffer]:
        yield memoryview(await self._converted(frame_number, EXPLICIT_VR_LITTLE_ENDIAN))[start:end]

    async def _converted(self, frame_number: int, transfer_syntax_uid: str) -> bytes:
        """One frame; those who ask for the same one at the same time wait for the first of them."""
        codecs = check_codecs(self.codecs, transfer_syntax_uid)
        key = self._stored.row.sha256, frame_number, transfer_syntax_uid
        return await codecs.cache.get(key, partial(self._convert, codecs, frame_number, transfer_syntax_uid))

    async def _convert(self, codecs: Codecs, frame_number: int, transfer_syntax_uid: str) -> bytes:
        threads = self._stored.threads
        form = (await self.convertible()).form
        length = await threads.soon(self._length_to_read, frame_number)
        encoding = encoding_of(transfer_syntax_uid)
        converted, _ = await codecs.read_and_convert(
            self.stored, length, form, self.syntax_uid, transfer_syntax_uid, frame_number, encoding, threads
        )
        return converted

    def _length_to_read(self, frame_number: int) -> int:
        """How many bytes are in memory when a frame is read: that of a deflated object takes about all frames."""
        frames = self.index
        length = frames.stored_length(frame_number, _Pages(self._stored, frames).of(frame_number))
        return length * frames.count if transfer_syntax(self._uid).deflated else length

    def _convertible(self) -> Convertible:
        return self.read_header(
            lambda dataset: Convertible(PixelFormat.of(dataset, self.index.tag), convertible_to(dataset, self._uid))
        )

    def _whole(self, lazy: bool) -> Content:
        frames = self.index
        if not frames.count:
            raise ResourceNotFound(f"pixel data of {self._stored.row.resource}")
        if not frames.encapsulated and frames.little_endian and not transfer_syntax(self._uid).deflated:
            return self._stored.extents([[(frames.offset, frames.offset + frames.length)]], lazy)[0]
        if not frames.image.length:
            raise CorruptFrame(1, "the image has no pixels")
        return Content(frames.count * frames.image.length, reader=self._read_decoded)

    async def _read_decoded(self, start: int, end: int) -> AsyncIterator[Buffer]:
        """Decode the frames that a range touches, one at a time, or a few if worker processes do it."""
        length = self.index.image.length
        index = start // length
        makers = [partial(self.get, [number], decoded=True) for number in range(index + 1, -(-end // length) + 1)]
        async with aclosing(ahead(makers, _AT_ONCE if self.is_compressed else 1)) as frames:
            async for (content,) in frames:
                async for buffer in content.read(max(0, start - index * length), min(length, end - index * length)):
                    yield buffer
                index += 1


class _Pages:
    """Pages of a frame index, each read once."""

    def __init__(self, stored: StoredBytes, frames: FrameIndex) -> None:
        self._stored = stored
        self._frames = frames
        self._pages: dict[int, bytes] = {}

    def of(self, frame_number: int) -> bytes | None:
        """The page that a frame (from 1) is looked up in; None if none is needed."""
        number = self._frames.page_number(frame_number)
        if number is None:
            return None
        if number not in self._pages:
            self._pages[number] = self._stored.frame_page(number)
        return self._pages[number]
