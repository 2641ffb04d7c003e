"""What the loops of the reader share: open sequences, fragments, and everything that should not be there.

An element that a loop cannot take in passing comes here: undefined lengths, UN, delimiters, unknown VRs, headers in the
wrong form, lengths that reach too far. What is tolerated is listed at the head of the `reader` module.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from typing import NamedTuple

from dicomcore.data.dataset import SPECIFIC_CHARACTER_SET, Buffer, CharacterSetScope, Dataset, Element
from dicomcore.data.dictionary import is_private
from dicomcore.data.vr_resolution import choose_vr, dictionary_vr
from dicomcore.errors import LimitExceeded, MalformedDataset

MAX_DEPTH = 64
MAX_ELEMENTS = 1_000_000
MAX_FRAGMENTS = 1_000_000
UNDEFINED = 0xFFFFFFFF
PIXEL_DATA = 0x7FE00010
DELIMITERS = 0xFFFE
ITEM_END = 0xFFFEE00D
BETWEEN_ITEMS = -1
ENCLOSED = 0
_MAX_WARNINGS = 100

# An open sequence: tag, header, start, end of its extent, whether its length is undefined, its items so far, the
# character set scope of the items; then the data set it belongs to with the end of its extent, whether it ends with a
# delimiter, and the highest tag in it.
OpenSequence = tuple[int, int, int, int, bool, list[Dataset], CharacterSetScope, Dataset, int, bool, int]
# Where a loop goes on: data set, offset, end of the extent, whether it ends with a delimiter, the highest tag so far.
Place = tuple[Dataset, int, int, bool, int]
# Reads elements up to an offset, or the sequence that is open; returns where that ends.
Loop = Callable[["Reading", Dataset, int, int, list[OpenSequence]], int]


class Layout(NamedTuple):
    """The headers of elements and items in one byte order."""

    explicit: struct.Struct
    length: struct.Struct
    implicit: struct.Struct
    item: struct.Struct
    item_start: int
    sequence_end: int


def _layout(order: str, item_start: int, sequence_end: int) -> Layout:
    explicit, length, implicit, item = (struct.Struct(order + fields) for fields in ("HH2sH", "I", "HHI", "II"))
    return Layout(explicit, length, implicit, item, item_start, sequence_end)


LITTLE = _layout("<", 0xE000FFFE, 0xE0DDFFFE)
BIG = _layout(">", 0xFFFEE000, 0xFFFEE0DD)


def too_long(tag: int, pos: int, length: int, available: int) -> MalformedDataset:
    """Make the error of an element or item that is longer than what encloses it."""
    if length == UNDEFINED:
        return MalformedDataset("an undefined length where none is allowed", offset=pos, tag=tag)
    return MalformedDataset(f"a length of {length} where {max(available, 0)} bytes are left", offset=pos, tag=tag)


class Alarm(NamedTuple):
    """What is called after so many elements; it may raise to stop the reading."""

    elements: int
    ring: Callable[[], None]


def _steps(alarm: Alarm | None) -> Iterator[None]:
    """One step for each element that is allowed; the alarm is rung on the way."""
    if alarm is None:
        return repeat(None, MAX_ELEMENTS)
    return chain(repeat(None, alarm.elements), _rung(alarm), repeat(None, MAX_ELEMENTS - alarm.elements))


def _rung(alarm: Alarm) -> Iterator[None]:
    alarm.ring()
    yield from ()


class Reading:
    """One pass over a buffer."""

    def __init__(
        self,
        buffer: Buffer,
        little_endian: bool,
        warnings: list[str],
        loops: tuple[Loop, Loop],
        alarm: Alarm | None = None,
    ) -> None:
        self.loops = loops
        self.buffer = buffer
        self.layout = LITTLE if little_endian else BIG
        self.item_header = self.layout.item.unpack_from
        self.little_endian = little_endian
        self.warnings = warnings
        self.steps = _steps(alarm)
        self.ambiguous: list[tuple[Dataset, int, tuple[Dataset, ...]]] = []
        self.late_character_sets: list[Dataset] = []
        self.enclosing: list[Dataset] = []

    def read(self, dataset: Dataset, pos: int, limit: int, stack: list[OpenSequence], explicit: bool) -> int:
        """Read elements up to ``limit``, or the sequence that is open on ``stack``; return where that ends."""
        return self.loops[explicit](self, dataset, pos, limit, stack)

    def finish(self) -> None:
        """Decide what depends on elements that may have come later: ambiguous VRs, the character set of items."""
        for late in self.late_character_sets:
            late.item_scope().element = late.elements.get(SPECIFIC_CHARACTER_SET)
        for dataset, tag, ancestors in self.ambiguous:
            elements = tuple(one.elements for one in (dataset, *ancestors))
            dataset.elements[tag] = choose_vr(dataset.elements[tag], elements, self.little_endian)

    def warn(self, sentence: str, tag: int | None = None) -> None:
        """Keep a sentence about something that was tolerated."""
        where = "" if tag is None else f" ({tag >> 16:04X},{tag & 0xFFFF:04X})"
        if len(self.warnings) < _MAX_WARNINGS and sentence + where not in self.warnings:
            self.warnings.append(sentence + where)

    def open_sequence(
        self,
        stack: list[OpenSequence],
        dataset: Dataset,
        tag: int,
        header: int,
        start: int,
        length: int,
        limit: int,
        open_ended: bool,
        last: int,
    ) -> None:
        """Put a sequence on the stack."""
        if len(stack) + len(self.enclosing) >= MAX_DEPTH:
            raise LimitExceeded("levels of sequences", MAX_DEPTH)
        stop = limit if length == UNDEFINED else start + length
        if stop > limit:
            raise too_long(tag, header, length, limit - start)
        scope = dataset.scope or dataset.item_scope()
        stack.append((tag, header, start, stop, length == UNDEFINED, [], scope, dataset, limit, open_ended, last))

    def next_item(self, stack: list[OpenSequence], pos: int, explicit: bool) -> Place:
        """Open the next item of the innermost sequence, or close the sequence and go back to the data set around."""
        tag, header, start, stop, undefined, items, scope, outer, limit, open_ended, last = stack[-1]
        after = pos
        if pos < stop:
            marker, length = self.item_header(self.buffer, pos)
            after = pos + 8
            if marker == self.layout.item_start:
                item = Dataset({}, little_endian=self.little_endian, explicit=explicit, outer_scope=scope)
                items.append(item)
                end = stop if length == UNDEFINED else after + length
                if end > stop or after > stop:
                    raise too_long(tag, pos, length, stop - after)
                return item, after, end, length == UNDEFINED, -1
            if marker != self.layout.sequence_end or not undefined:
                raise MalformedDataset("a sequence holds something that is no item", offset=pos, tag=tag)
        elif undefined:
            raise MalformedDataset("a sequence lacks its delimiter", offset=pos, tag=tag)
        stack.pop()
        if tag <= last:
            self.note_disorder(outer, tag, header, after)
        outer.elements[tag] = tuple.__new__(Element, (tag, "SQ", self.buffer, header, start, pos, tuple(items), None))
        return outer, after, limit, open_ended, max(last, tag)

    def note_disorder(self, dataset: Dataset, tag: int, header: int, stop: int) -> None:
        """Tolerate an element that comes too late; refuse a tag that comes again with other bytes."""
        earlier = dataset.elements.get(tag)
        if dataset.is_ordered:
            dataset.is_ordered = False
            self.warn("elements are not in ascending order")
        if earlier is None:
            pass
        elif header < 0 or earlier.header < 0:
            raise MalformedDataset("the same tag twice in different forms", tag=tag)
        else:
            end = earlier.end + (8 if earlier.has_undefined_length else 0)
            with memoryview(self.buffer) as view:
                if view[earlier.header : end] != view[header:stop]:
                    raise MalformedDataset("the same tag twice with different values", offset=header, tag=tag)
            self.warn("an element is there twice", tag)
        if tag == SPECIFIC_CHARACTER_SET and dataset.scope is not None:
            self.late_character_sets.append(dataset)

    def store(self, dataset: Dataset, element: Element, stop: int) -> int:
        """Add an element that did not come the usual way; return where the next one begins."""
        elements = dataset.elements
        if elements and (element.tag in elements or element.tag <= next(reversed(elements))):
            self.note_disorder(dataset, element.tag, element.header, stop)
        elements[element.tag] = element
        return stop

    def end_of_extent(self, pos: int, limit: int, tag: int) -> int:
        """Take what may stand after the last element: zeros, or a delimiter where none is needed."""
        if tag == ITEM_END and pos + 8 == limit:
            self.warn("an item of defined length ends with a delimiter")
            return limit
        if not any(self.buffer[pos : min(pos + 4096, limit)]) and not any(self.buffer[pos:limit]):
            self.warn("zeros after the last element")
            return limit
        raise MalformedDataset("an element reaches beyond what encloses it", offset=pos, tag=tag)

    def note_ambiguous(self, dataset: Dataset, tag: int, stack: list[OpenSequence]) -> None:
        """Remember an element whose VR other elements decide."""
        self.ambiguous.append((dataset, tag, (*(open_[7] for open_ in reversed(stack)), *reversed(self.enclosing))))

    def implicit_vr(self, dataset: Dataset, stack: list[OpenSequence], tag: int, start: int, length: int) -> str:
        """Find the VR of an element without one; of undefined length it is SQ, or OB for encapsulated pixel data."""
        vr, is_ambiguous = dictionary_vr(tag, dataset.elements)
        if is_ambiguous:
            self.note_ambiguous(dataset, tag, stack)
        if length == UNDEFINED:
            if vr in ("OB", "OW") and not is_private(tag):
                return "OB"
            if vr not in ("SQ", "UN") and not is_private(tag):
                raise too_long(tag, start - 8, length, 0)
            return "SQ"
        if vr == "SQ" and length and is_private(tag):
            begins_with_item = length >= 8 and self.item_header(self.buffer, start)[0] == self.layout.item_start
            return "SQ" if begins_with_item else "UN"
        return vr

    def read_fragments(self, dataset: Dataset, tag: int, vr: str, header: int, start: int, limit: int) -> int:
        """Read encapsulated pixel data (PS3.5 §A.4): items of bytes up to the sequence delimiter."""
        buffer, item_header, item_start = self.buffer, self.item_header, self.layout.item_start
        spans: list[tuple[int, int]] = []
        append = spans.append
        pos = start
        marker = 0
        for _ in repeat(None, MAX_FRAGMENTS):
            marker, length = item_header(buffer, pos)
            if marker != item_start:
                break
            begin = pos + 8
            pos = begin + length
            append((begin, pos))
        else:
            raise LimitExceeded("fragments", MAX_FRAGMENTS)
        if pos + 8 > limit:
            raise MalformedDataset("encapsulated pixel data is cut off", offset=header, tag=tag)
        if marker != self.layout.sequence_end:
            raise MalformedDataset("encapsulated pixel data lacks its delimiter", offset=pos, tag=tag)
        element = Element(tag, vr, buffer, header, start, pos, None, tuple(spans))
        return self.store(dataset, element, pos + 8)
