"""A whole instance in another transfer syntax, but for the coding of its frames, which is done where it is safe.

`Recoding` says which frames are to be coded (`frame`, and `icons`, which always become native) and, given what came of
the first one, writes what is around them: `start`, `wrapped` for each frame, `end`. Nothing larger than a frame is
held. The data set is corrected by `dicomcore.pixels.corrected`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from dicomcore.data import EXPLICIT_VR_LITTLE_ENDIAN, Buffer, Dataset, Part10, write_dataset
from dicomcore.errors import CodecUnavailable, CorruptFrame
from dicomcore.pixels.conversion import KEEP_CELLS, NATIVE
from dicomcore.pixels.corrected import Coding, correct
from dicomcore.pixels.decoding import stored_frame
from dicomcore.pixels.encapsulation import END_OF_FRAGMENTS, encapsulated_start, fragment, native_start
from dicomcore.pixels.encoded_form import encoded_form
from dicomcore.pixels.encoding import Encoding
from dicomcore.pixels.frames import FrameIndex, frame_index
from dicomcore.pixels.icons import encapsulated_icons, replaced_icons, with_native_pixels
from dicomcore.pixels.image import PIXEL_DATA
from dicomcore.pixels.native import packed_bits
from dicomcore.pixels.pixel_format import Decoded, PixelFormat
from dicomcore.pixels.transcode import around_pixel_data, check_complete, check_native_length, file_start

_EMPTY_TABLE = encapsulated_start()
_NO_PIXELS = np.empty(0, np.uint8)


@dataclass(frozen=True, slots=True)
class Icon:
    """Encapsulated pixel data of an item: its first frame, which for icons is all."""

    item: Dataset
    form: PixelFormat
    frame: Buffer


class Recoding:
    """A file on its way into ``target_uid``, which is native little endian or encapsulated.

    Raises:
        CodecUnavailable: there is no pixel data that could be coded.
        CorruptFrame: frames are missing.
    """

    def __init__(self, part10: Part10, target_uid: str, encoding: Encoding) -> None:
        element = part10.dataset.get(PIXEL_DATA)
        if element is None:
            raise CodecUnavailable(target_uid)
        self._part10 = part10
        self._buffer = element.buffer
        self._frames = frame_index(part10.dataset)
        check_complete(self._frames)
        if not self._frames.count:
            raise CorruptFrame(1, "there is no frame")
        self.source_uid = part10.transfer_syntax.uid
        self.target_uid = target_uid
        self.encoding = encoding
        self.form = PixelFormat.of(part10.dataset)
        self._packer = _Packer()
        self._is_padded = False
        self._after = part10.dataset

    @property
    def is_native(self) -> bool:
        """Whether the frames become native."""
        return self.target_uid in NATIVE

    @property
    def count(self) -> int:
        """The number of frames."""
        return self._frames.count

    @property
    def native_length(self) -> int:
        """The number of bytes of a native frame, as its data set describes it before."""
        return self.form.image.length

    def frame(self, frame_number: int) -> Buffer:
        """A frame (from 1) as it is stored, in little endian if it is native."""
        return stored_frame(self._frames, self._buffer, frame_number)

    def stored_length(self, frame_number: int) -> int:
        """The number of bytes of a frame (from 1) as it is stored."""
        return self._frames.stored_length(frame_number)

    def icons(self) -> list[Icon]:
        """The icons that are encapsulated."""
        return [_icon(item) for item in encapsulated_icons(self._part10.dataset)]

    def coded_form(self, photometric_interpretation: str, form: PixelFormat | None = None) -> PixelFormat:
        """What describes the frames afterwards, if they decode to this Photometric Interpretation."""
        form = form or self.form
        decoded = Decoded(_NO_PIXELS, photometric_interpretation)
        coded = encoded_form(form, decoded, self.target_uid, self.encoding)
        if {self.source_uid, self.target_uid} <= KEEP_CELLS:
            return replace(coded, bits_stored=form.bits_stored, high_bit=form.high_bit)
        return coded

    def start(
        self,
        photometric_interpretation: str,
        first_length: int,
        icons: Mapping[int, tuple[bytes, str]],
        offset_table: bytes = _EMPTY_TABLE,
    ) -> Iterator[Buffer]:
        """Yield the file up to its first frame; the first buffer is all that comes before the data set.

        ``first_length`` is that of the first frame coded, ``icons`` are native bytes and Photometric Interpretation by
        the id of their item. ``offset_table`` is the last buffer, unless the frames are native.
        """
        form = self.coded_form(photometric_interpretation)
        native_length = form.image.length
        ratio = Fraction(native_length, max(1, first_length))
        coding = Coding(self.source_uid, self.target_uid, self.form, form, self.encoding, ratio)
        dataset = replaced_icons(self._part10.dataset, lambda item: self._native_icon(item, *icons[id(item)]))
        before, self._after = around_pixel_data(dataset)
        correct(before, coding)
        length = (self.count * form.image.bits + 7) // 8
        if self.is_native:
            check_native_length(length)
        yield file_start(self._part10, self.target_uid)
        yield from write_dataset(before, EXPLICIT_VR_LITTLE_ENDIAN)
        if not self.is_native:
            yield offset_table
            return
        self._packer = _Packer(form.image.bits)
        self._is_padded = bool(length & 1)
        yield native_start(form.image.bits_allocated, length + (length & 1))

    def wrapped(self, coded: Buffer) -> tuple[Buffer, ...]:
        """Return the bytes of the next frame."""
        return (self._packer.add(coded),) if self.is_native else fragment(coded)

    def end(self) -> Iterator[Buffer]:
        """Yield what follows the last frame."""
        if self.is_native:
            yield from self._packer.rest()
            yield b"\0" if self._is_padded else b""
        else:
            yield END_OF_FRAGMENTS
        yield from write_dataset(self._after, EXPLICIT_VR_LITTLE_ENDIAN)

    def _native_icon(self, item: Dataset, native: bytes, photometric_interpretation: str) -> Dataset:
        form = PixelFormat.of(item)
        changed = with_native_pixels(item, form.image.bits_allocated, [native])
        image = replace(form.image, planar_configuration=0, subsampled=False)
        coded = replace(form, image=image, photometric_interpretation=photometric_interpretation)
        if self.source_uid not in KEEP_CELLS:
            coded = replace(coded, high_bit=coded.bits_stored - 1)
        correct(changed, Coding(self.source_uid, EXPLICIT_VR_LITTLE_ENDIAN.uid, form, coded, Encoding()))
        return changed


def _icon(item: Dataset) -> Icon:
    frames: FrameIndex = frame_index(item)
    check_complete(frames)
    if not frames.count:
        raise CorruptFrame(1, "an icon has no pixels")
    return Icon(item, PixelFormat.of(item), stored_frame(frames, item.elements[PIXEL_DATA].buffer, 1))


class _Packer:
    """Native frames one after the other: of single bits, the next begins where the last ends (PS3.5 §8.1.1)."""

    def __init__(self, bits: int = 8) -> None:
        self._waiting: deque[memoryview] = deque()
        self._packed = packed_bits(iter(self._next, None), bits)

    def _next(self) -> memoryview | None:
        return self._waiting.popleft() if self._waiting else None

    def add(self, frame: Buffer) -> Buffer:
        """Return the whole bytes up to the end of this frame."""
        self._waiting.append(memoryview(frame))
        return next(self._packed)

    def rest(self) -> Iterator[Buffer]:
        """Yield the last, incomplete byte."""
        yield from self._packed
