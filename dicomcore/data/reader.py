"""The data set reader (PS3.5 §7, Annex A): one pass over a buffer, spans and nothing else.

Two loops, one for explicit and one for implicit VR, walk over the elements; sequences and items are kept on a stack of
our own, so that depth is a number that is checked and not the machine's stack. The loops are long because each of them
runs a quarter of a million times for a large object: what happens rarely (fragments, UN, broken elements) is in methods
of `Reading`.

What the standard forbids and the reader takes all the same, each with a warning:

- elements out of order, and a tag twice in one data set with identical bytes;
- zeros after the last element, a Data Set Trailing Padding (FFFC,FFFC), an item delimiter closing an item of defined
  length;
- an element with an implicit VR header within explicit VR (some vendors' private sequences), if the dictionary knows it
  and it ends where an element may end;
- a VR of unknown letters, in the 32-bit form that PS3.5 §6.2 foresees, or in the 16-bit form if only that fits;
- the items of a UN of undefined length in explicit VR instead of implicit VR.

What is refused with `MalformedDataset`: any length that reaches beyond what encloses it, missing delimiters, anything
but items in a sequence, the same tag twice with different bytes. With `LimitExceeded`: more than 64 sequences within
each other, more than a million elements and items, or fragments.
"""

from __future__ import annotations

import struct

from dicomcore.data.dataset import Buffer, Dataset, Element
from dicomcore.data.inflate import inflate
from dicomcore.data.irregular import read_irregular
from dicomcore.data.reading import (
    BETWEEN_ITEMS,
    DELIMITERS,
    ITEM_END,
    MAX_ELEMENTS,
    UNDEFINED,
    Alarm,
    Loop,
    OpenSequence,
    Reading,
)
from dicomcore.data.transfer_syntax import TransferSyntax
from dicomcore.data.vr import VRS
from dicomcore.data.vr_resolution import known_vrs
from dicomcore.errors import LimitExceeded, MalformedDataset

_PAST_EVERYTHING = 1 << 62
_SHORT = {vr.encode(): vr for vr, rule in VRS.items() if not rule.long_header}
# SQ has a branch of its own, and a UN may be something that the dictionary knows better.
_LONG = {vr.encode(): vr for vr, rule in VRS.items() if rule.long_header and vr not in ("SQ", "UN")}


def read_dataset(
    buffer: Buffer,
    transfer_syntax: TransferSyntax,
    *,
    start: int = 0,
    end: int | None = None,
    warnings: list[str] | None = None,
    alarm: Alarm | None = None,
) -> Dataset:
    """Read the data set between ``start`` and ``end``; sentences about what was tolerated go to ``warnings``.

    With an ``alarm`` who reads learns on the way that there are many elements, and may stop.
    The elements of a deflated data set are spans of a buffer of their own, not of the one given.
    """
    end = len(buffer) if end is None else end
    if transfer_syntax.deflated:
        buffer, start = inflate(buffer, start, end), 0
        end = len(buffer)
    return read_span(buffer, start, end, transfer_syntax.explicit, transfer_syntax.little_endian, warnings, alarm)


def read_span(
    buffer: Buffer,
    start: int,
    end: int,
    explicit: bool,
    little_endian: bool,
    warnings: list[str] | None = None,
    alarm: Alarm | None = None,
) -> Dataset:
    """Read the data set between ``start`` and ``end`` in the encoding given."""
    root = Dataset({}, little_endian=little_endian, explicit=explicit)
    reading = Reading(buffer, little_endian, [] if warnings is None else warnings, _LOOPS, alarm)
    try:
        reading.read(root, start, end, [], explicit)
    except struct.error as error:
        if not _only_zeros_are_left(root, start, end):
            raise MalformedDataset("the data set ends within the header of an element", offset=end) from error
        reading.warn("zeros after the last element")
    reading.finish()
    return root


def _only_zeros_are_left(root: Dataset, start: int, end: int) -> bool:
    """Say whether fewer zeros than a header has bytes follow the last element.

    In big endian they may as well be the beginning of a tag.
    """
    if not root.elements or not root.little_endian:
        return False
    element = root.elements[next(reversed(root.elements))]
    last = element.end + (8 if element.has_undefined_length else 0)
    return end - last < 12 and not any(element.buffer[last:end])


def _read_explicit(reading: Reading, dataset: Dataset, pos: int, limit: int, stack: list[OpenSequence]) -> int:
    """Read explicit VR elements up to ``limit``, or the sequence open on ``stack``; return where that ends."""
    buffer, elements, new = reading.buffer, dataset.elements, tuple.__new__
    element_header, length_field = reading.layout.explicit.unpack_from, reading.layout.length.unpack_from
    short_vrs, long_vrs = _SHORT, _LONG
    open_ended, last = False, -1
    for _ in reading.steps:
        if pos >= limit:
            if not stack:
                return pos
            if open_ended:
                raise MalformedDataset("an item lacks its delimiter", offset=pos)
            dataset, pos, limit, open_ended, last = reading.next_item(stack, pos, True)
            elements = dataset.elements
            continue
        group, number, code, length = element_header(buffer, pos)
        tag = group << 16 | number
        vr = short_vrs.get(code)
        if vr is not None:
            start = pos + 8
            stop = start + length
        elif code == b"SQ":
            start = pos + 12
            reading.open_sequence(
                stack, dataset, tag, pos, start, length_field(buffer, pos + 8)[0], limit, open_ended, last
            )
            pos, limit, open_ended = start, BETWEEN_ITEMS, False
            continue
        else:
            vr = long_vrs.get(code)
            if vr is not None:
                start = pos + 12
                stop = start + length_field(buffer, start - 4)[0]
            else:
                stop = _PAST_EVERYTHING
        if stop > limit:
            if tag == ITEM_END and open_ended:
                pos, limit, open_ended = pos + 8, BETWEEN_ITEMS, False
                continue
            pos = read_irregular(reading, dataset, pos, limit, stack)
            last = max(last, next(reversed(elements), -1))
            continue
        if tag <= last:
            reading.note_disorder(dataset, tag, pos, stop)
        else:
            last = tag
        elements[tag] = new(Element, (tag, vr, buffer, pos, start, stop, None, None))
        pos = stop
    raise LimitExceeded("elements", MAX_ELEMENTS)


def _read_implicit(reading: Reading, dataset: Dataset, pos: int, limit: int, stack: list[OpenSequence]) -> int:
    """Read implicit VR elements up to ``limit``, or the sequence open on ``stack``; return where that ends."""
    buffer, elements, new = reading.buffer, dataset.elements, tuple.__new__
    element_header, known = reading.layout.implicit.unpack_from, known_vrs()
    open_ended, last = False, -1
    for _ in reading.steps:
        if pos >= limit:
            if not stack:
                return pos
            if open_ended:
                raise MalformedDataset("an item lacks its delimiter", offset=pos)
            dataset, pos, limit, open_ended, last = reading.next_item(stack, pos, False)
            elements = dataset.elements
            continue
        group, number, length = element_header(buffer, pos)
        tag = group << 16 | number
        vr = known.get(tag)
        start = pos + 8
        stop = start + length
        if vr is None or stop > limit:
            if tag == ITEM_END and open_ended:
                pos, limit, open_ended = pos + 8, BETWEEN_ITEMS, False
                continue
            if group == DELIMITERS or not (tag or length) or (stop > limit and length != UNDEFINED):
                pos = reading.end_of_extent(pos, limit, tag)
                continue
            vr = reading.implicit_vr(dataset, stack, tag, start, length)
            if vr == "SQ":
                reading.open_sequence(stack, dataset, tag, pos, start, length, limit, open_ended, last)
                pos, limit, open_ended = start, BETWEEN_ITEMS, False
                continue
            if length == UNDEFINED:
                pos = reading.read_fragments(dataset, tag, "OB", pos, start, limit)
                last = max(last, tag)
                continue
        if tag <= last:
            reading.note_disorder(dataset, tag, pos, stop)
        else:
            last = tag
        elements[tag] = new(Element, (tag, vr, buffer, pos, start, stop, None, None))
        pos = stop
    raise LimitExceeded("elements", MAX_ELEMENTS)


# Indexed by whether the VR is explicit.
_LOOPS: tuple[Loop, Loop] = (_read_implicit, _read_explicit)
