"""The data set writer (PS3.5 §7, Annex A): any data set in any transfer syntax.

Elements that were read in the target's encoding leave as the bytes they came as, so that what nobody touched is
byte-identical. Everything else is encoded anew: numbers are swapped when the byte order changes, odd values are padded,
a value too long for its VR's 16-bit length becomes a UN (PS3.5 §6.2.2 note 3), sequences keep their form, undefined or
defined length, and group lengths (PS3.5 §7.2, retired but for group 2) that would have to be computed anew are left
out.

Encapsulated pixel data stays encapsulated and native pixel data native; `dicomcore.pixels` changes them. Large values
are yielded as views, and swapped in pieces: memory does not depend on their size.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from struct import pack

from dicomcore.data.dataset import Buffer, Dataset, Element
from dicomcore.data.transfer_syntax import TransferSyntax
from dicomcore.data.values import swap_units
from dicomcore.data.vr import VRS

UNDEFINED = 0xFFFFFFFF
MAX_SHORT_LENGTH = 0xFFFE
_FILE_META_GROUP_LENGTH = 0x00020000
_JOINED = 1 << 16
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class _Swapped:
    """A large value to be swapped when it is its turn."""

    value: memoryview
    width: int

    def __len__(self) -> int:
        return len(self.value)

    def pieces(self) -> Iterator[bytes]:
        for start in range(0, len(self.value), _PIECE):
            yield swap_units(self.value[start : start + _PIECE], self.width)


_Piece = Buffer | _Swapped


def write_dataset(dataset: Dataset, transfer_syntax: TransferSyntax) -> Iterator[Buffer]:
    """Yield the data set in a transfer syntax: small elements joined, large values as views of their buffers."""
    pieces = encode_elements(dataset, transfer_syntax.explicit, transfer_syntax.little_endian)
    joined = _join(pieces)
    return _deflate(joined) if transfer_syntax.deflated else joined


def encode_elements(dataset: Dataset, explicit: bool, little_endian: bool) -> list[_Piece]:
    """Encode a data set into pieces, without copying what is large."""
    encoder = _Encoder(explicit, little_endian)
    encoder.add_dataset(dataset)
    return encoder.pieces


def is_untouched(dataset: Dataset) -> bool:
    """Say whether nothing was changed in a data set since it was read, nor in the items of its sequences."""
    if dataset.is_modified:
        return False
    return all(is_untouched(item) for element in dataset.elements.values() if element.items for item in element.items)


class _Encoder:
    """Encode elements into a list of pieces."""

    def __init__(self, explicit: bool, little_endian: bool) -> None:
        self.explicit = explicit
        self.little_endian = little_endian
        self.order = "<" if little_endian else ">"
        self.pieces: list[_Piece] = []

    def add_dataset(self, dataset: Dataset) -> None:
        """Encode all elements; contiguous ones that need no change become one view."""
        is_same_encoding = dataset.explicit == self.explicit and dataset.little_endian == self.little_endian
        is_whole = is_same_encoding and is_untouched(dataset)
        buffer: Buffer = b""
        first = last = 0
        for element in dataset:
            if is_same_encoding and element.header >= 0 and (is_whole or _is_copied(element)):
                if element.buffer is not buffer or element.header != last:
                    self._add_view(buffer, first, last)
                    buffer, first = element.buffer, element.header
                last = _end(element)
            else:
                self._add_view(buffer, first, last)
                buffer, first, last = b"", 0, 0
                self._add_element(element, dataset)
        self._add_view(buffer, first, last)

    def _add_view(self, buffer: Buffer, start: int, end: int) -> None:
        if end > start:
            self.pieces.append(memoryview(buffer)[start:end])

    def _add_element(self, element: Element, dataset: Dataset) -> None:
        tag = element.tag
        if not tag & 0xFFFF and element.header >= 0 and tag != _FILE_META_GROUP_LENGTH:
            return
        if element.items is not None:
            self._add_sequence(element)
        elif element.fragments is not None:
            self._add_fragments(element, element.fragments)
        else:
            self._add_value(element, dataset)

    def _add_value(self, element: Element, dataset: Dataset) -> None:
        value = memoryview(element.buffer)[element.start : element.end]
        rule = VRS[element.vr]
        length = len(value) + (len(value) & 1)
        vr = element.vr
        swapped = dataset.little_endian != self.little_endian
        if self.explicit and length > MAX_SHORT_LENGTH and not rule.long_header:
            vr = "UN"
            swapped = not dataset.little_endian  # the value of a UN is little endian in any data set
        self._add_header(element.tag, vr, length)
        width = dataset.swap_width(element) if swapped else 1
        if width == 1:
            self.pieces.append(value)
        elif len(value) > _PIECE:
            self.pieces.append(_Swapped(value, width))
        else:
            self.pieces.append(swap_units(value, width))
        if length != len(value):
            self.pieces.append(rule.padding)

    def _add_sequence(self, element: Element) -> None:
        is_undefined = element.has_undefined_length
        content = _Encoder(self.explicit, self.little_endian)
        for item in element.items or ():
            encoder = _Encoder(self.explicit, self.little_endian)
            encoder.add_dataset(item)
            length = UNDEFINED if is_undefined else sum(map(len, encoder.pieces))
            content._add_item_header(0xE000, length)
            content.pieces += encoder.pieces
            if is_undefined:
                content._add_item_header(0xE00D, 0)
        self._add_header(element.tag, "SQ", UNDEFINED if is_undefined else sum(map(len, content.pieces)))
        self.pieces += content.pieces
        if is_undefined:
            self._add_item_header(0xE0DD, 0)

    def _add_fragments(self, element: Element, fragments: Iterable[tuple[int, int]]) -> None:
        self._add_header(element.tag, element.vr, UNDEFINED)
        for start, end in fragments:
            self._add_item_header(0xE000, end - start + (end - start & 1))
            self.pieces.append(memoryview(element.buffer)[start:end])
            if (end - start) & 1:
                self.pieces.append(b"\0")
        self._add_item_header(0xE0DD, 0)

    def _add_item_header(self, number: int, length: int) -> None:
        self.pieces.append(pack(f"{self.order}HHI", 0xFFFE, number, length))

    def _add_header(self, tag: int, vr: str, length: int) -> None:
        group, number = tag >> 16, tag & 0xFFFF
        if not self.explicit:
            self.pieces.append(pack(f"{self.order}HHI", group, number, length))
        elif VRS[vr].long_header:
            self.pieces.append(pack(f"{self.order}HH2sHI", group, number, vr.encode(), 0, length))
        else:
            self.pieces.append(pack(f"{self.order}HH2sH", group, number, vr.encode(), length))


def _is_copied(element: Element) -> bool:
    """Say whether an element of a changed data set leaves as it came."""
    if not element.tag & 0xFFFF:
        return element.tag == _FILE_META_GROUP_LENGTH
    return element.items is None or all(is_untouched(item) for item in element.items)


def _end(element: Element) -> int:
    return element.end + (8 if element.has_undefined_length else 0)


def _join(pieces: Iterable[_Piece]) -> Iterator[Buffer]:
    waiting = bytearray()
    for piece in pieces:
        if len(piece) < _JOINED:
            waiting += piece  # type: ignore[arg-type]  # a _Swapped is never small
            if len(waiting) < _JOINED:
                continue
            piece = b""
        if waiting:
            yield bytes(waiting)
            waiting.clear()
        if isinstance(piece, _Swapped):
            yield from piece.pieces()
        elif piece:
            yield piece
    if waiting:
        yield bytes(waiting)


def _deflate(buffers: Iterable[Buffer]) -> Iterator[Buffer]:
    """Deflate without zlib header, padded to even length (PS3.5 §A.5)."""
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    length = 0
    for buffer in buffers:
        for start in range(0, len(buffer), _PIECE):
            compressed = compressor.compress(memoryview(buffer)[start : start + _PIECE])
            length += len(compressed)
            if compressed:
                yield compressed
    rest = compressor.flush()
    yield rest + b"\0" * (length + len(rest) & 1)
