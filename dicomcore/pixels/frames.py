"""The frame index: where each frame of an instance lies, found once and looked up in constant time.

Native frames are arithmetic. Of encapsulated pixel data the index has pages of `FRAMES_PER_PAGE` frames each, packed,
so that looking up a frame takes the header and one page however many frames there are. Offsets are those of the buffer
that the data set was read from: the file, or for a deflated data set what it was inflated to.

The header is `HEADER_LENGTH` bytes: ``_HEADER`` below and the packed `ImagePixel`. A page holds two 64-bit numbers for
each frame: start and end of its only fragment, or, with the top bit of the first one set, the number in the page of the
first of its spans and how many there are. The spans follow the frames, two numbers each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from struct import Struct, pack, unpack_from

from dicomcore.data import Dataset, Element
from dicomcore.errors import CorruptFrame, ResourceNotFound
from dicomcore.pixels.image import LAYOUT_LENGTH, PIXEL_DATA_TAGS, ImagePixel, number_of_frames
from dicomcore.pixels.offset_tables import Spans, first_fragments

FRAMES_PER_PAGE = 1024
_HEADER = Struct("<BBQQQQ")
HEADER_LENGTH = _HEADER.size + LAYOUT_LENGTH
"""Bytes of the header; what else may be kept behind it is not read here."""
_VERSION = 1
_ENCAPSULATED, _BIG_ENDIAN, _WORDS = 1, 2, 4
_TAG_SHIFT = 3  # two bits: the place of the tag in PIXEL_DATA_TAGS
_SEVERAL = 1 << 63


@dataclass(frozen=True, slots=True)
class FrameIndex:
    """Where the frames of an instance are.

    ``declared`` is Number of Frames, ``count`` how many of them are there; a video stream counts as one frame. Native
    pixel data is ``length`` bytes at ``offset``; ``words`` says that it is OW, which matters in big endian.
    """

    image: ImagePixel
    declared: int = 0
    count: int = 0
    encapsulated: bool = False
    little_endian: bool = True
    words: bool = False
    offset: int = 0
    length: int = 0
    pages: tuple[bytes, ...] = ()
    tag: int = PIXEL_DATA_TAGS[0]

    @property
    def header(self) -> bytes:
        """Everything but the pages, packed."""
        flags = self.encapsulated * _ENCAPSULATED | (not self.little_endian) * _BIG_ENDIAN | self.words * _WORDS
        flags |= PIXEL_DATA_TAGS.index(self.tag) << _TAG_SHIFT
        header = _HEADER.pack(_VERSION, flags, self.declared, self.count, self.offset, self.length)
        return header + self.image.to_bytes()

    @classmethod
    def from_bytes(cls, header: bytes, pages: Sequence[bytes] = ()) -> FrameIndex:
        """Unpack a header; pages may be given all, or one by one to `spans`."""
        if not header:
            return NO_FRAMES
        _, flags, declared, count, offset, length = _HEADER.unpack_from(header)
        return cls(
            image=ImagePixel.from_bytes(header[_HEADER.size : HEADER_LENGTH]),
            declared=declared,
            count=count,
            encapsulated=bool(flags & _ENCAPSULATED),
            little_endian=not flags & _BIG_ENDIAN,
            words=bool(flags & _WORDS),
            offset=offset,
            length=length,
            pages=tuple(pages),
            tag=PIXEL_DATA_TAGS[flags >> _TAG_SHIFT],
        )

    def page_number(self, frame_number: int) -> int | None:
        """Return which page, from 0, a frame (from 1) is looked up in; None if none is needed."""
        self._check(frame_number)
        return (frame_number - 1) // FRAMES_PER_PAGE if self.encapsulated else None

    def spans(self, frame_number: int, page: bytes | None = None) -> tuple[tuple[int, int], ...]:
        """Return the spans that hold a frame (from 1): its fragments, or the one of a native frame.

        A native frame of single bits may begin and end within a byte; `bit_offset` says where. Raises
        `ResourceNotFound` if there is no such frame, `CorruptFrame` if its bytes are missing.
        """
        number = self.page_number(frame_number)
        if number is None:
            first = (frame_number - 1) * self.image.bits
            return ((self.offset + first // 8, self.offset + (first + self.image.bits + 7) // 8),)
        page = self.pages[number] if page is None else page
        start, end = unpack_from("<QQ", page, (frame_number - 1) % FRAMES_PER_PAGE * 16)
        if not start & _SEVERAL:
            return ((start, end),)
        numbers = unpack_from(f"<{2 * end}Q", page, (start ^ _SEVERAL) * 16)
        return tuple(zip(numbers[::2], numbers[1::2], strict=True))

    def stored_length(self, frame_number: int, page: bytes | None = None) -> int:
        """Return the number of bytes of the spans that hold a frame (from 1); raises as `spans` does."""
        return sum(end - start for start, end in self.spans(frame_number, page))

    def bit_offset(self, frame_number: int) -> int:
        """Return the bit, from the least significant, of the first byte that a native frame (from 1) begins with."""
        return 0 if self.encapsulated else (frame_number - 1) * self.image.bits % 8

    def _check(self, frame_number: int) -> None:
        if not 1 <= frame_number <= max(self.count, self.declared):
            raise ResourceNotFound(f"frame {frame_number}")
        if frame_number > self.count:
            raise CorruptFrame(frame_number, f"pixel data ends after frame {self.count}")


NO_FRAMES = FrameIndex(ImagePixel(0, 0, 0, 0, 0, False))


def frame_index(dataset: Dataset) -> FrameIndex:
    """Find the frames of a data set; it has none without pixel data."""
    element = pixel_data(dataset)
    if element is None:
        return NO_FRAMES
    image = ImagePixel.of(dataset, element.tag)
    if element.fragments is not None:
        return _index_fragments(dataset, element, image)
    length = element.end - element.start
    declared = number_of_frames(dataset) or 1
    count = min(declared, length * 8 // image.bits) if image.bits else 0
    return FrameIndex(
        image=image,
        declared=declared,
        count=count,
        little_endian=dataset.little_endian,
        words=element.vr != "OB",
        offset=element.start,
        length=length,
        tag=element.tag,
    )


def pixel_data(dataset: Dataset) -> Element | None:
    """Return the element that holds the pixels, be they integers or floating point numbers."""
    return next((dataset.elements[tag] for tag in PIXEL_DATA_TAGS if tag in dataset.elements), None)


def _index_fragments(dataset: Dataset, element: Element, image: ImagePixel) -> FrameIndex:
    declared = number_of_frames(dataset)
    starts = first_fragments(dataset, element, declared)
    fragments = (element.fragments or ())[1:]
    count = len(fragments) if starts is None else len(starts)
    pages = []
    for first in range(0, count, FRAMES_PER_PAGE):
        if starts is None:
            spans = fragments[first : first + FRAMES_PER_PAGE]
            pages.append(pack(f"<{2 * len(spans)}Q", *chain.from_iterable(spans)))
        else:
            bounds = [*starts[first : first + FRAMES_PER_PAGE + 1], len(fragments)][: FRAMES_PER_PAGE + 1]
            pages.append(_pack_page([fragments[one:other] for one, other in pairwise(bounds)]))
    return FrameIndex(image, declared or count, count, encapsulated=True, pages=tuple(pages))


def _pack_page(frames: Sequence[Spans]) -> bytes:
    entries: list[tuple[int, int]] = []
    several: list[tuple[int, int]] = []
    for spans in frames:
        if len(spans) == 1:
            entries.append(spans[0])
        else:
            entries.append((_SEVERAL | len(frames) + len(several), len(spans)))
            several += spans
    return pack(f"<{2 * (len(entries) + len(several))}Q", *chain.from_iterable(entries), *chain.from_iterable(several))
