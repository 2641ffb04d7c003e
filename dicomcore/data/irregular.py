"""Elements in explicit VR that the reader's loop cannot take in passing: UN, fragments, unknown and missing VRs.

What is tolerated is listed at the head of the `reader` module.
"""

from __future__ import annotations

import struct

from dicomcore.data.dataset import Dataset, Element
from dicomcore.data.reading import (
    DELIMITERS,
    ENCLOSED,
    MAX_DEPTH,
    PIXEL_DATA,
    UNDEFINED,
    OpenSequence,
    Reading,
    too_long,
)
from dicomcore.data.vr import VRS
from dicomcore.data.vr_resolution import dictionary_vr, fits
from dicomcore.errors import LimitExceeded, MalformedDataset

_VRS = {vr.encode(): rule for vr, rule in VRS.items()}


def read_irregular(reading: Reading, dataset: Dataset, pos: int, limit: int, stack: list[OpenSequence]) -> int:
    """Read what is at ``pos``; return where the next element begins."""
    group, number, code, length = reading.layout.explicit.unpack_from(reading.buffer, pos)
    tag = group << 16 | number
    if group == DELIMITERS or (code == b"\0\0" and length == 0 and tag == 0):
        return reading.end_of_extent(pos, limit, tag)
    rule = _VRS.get(code)
    if rule is None:
        return _read_without_vr(reading, dataset, tag, code, pos, limit, stack)
    if not rule.long_header:
        raise too_long(tag, pos, length, limit - pos - 8)
    (length,) = reading.layout.length.unpack_from(reading.buffer, pos + 8)
    start = pos + 12
    if length == UNDEFINED and (code in (b"OB", b"OW") or tag == PIXEL_DATA):
        return reading.read_fragments(dataset, tag, rule.name, pos, start, limit)
    if length == UNDEFINED and code == b"UN":
        return _read_sequence(reading, dataset, tag, pos, start, limit, True, stack)
    if code != b"UN" or start + length > limit:
        raise too_long(tag, pos, length, limit - start)
    return _read_unknown(reading, dataset, tag, pos, start, start + length, stack)


def _read_unknown(
    reading: Reading, dataset: Dataset, tag: int, header: int, start: int, stop: int, stack: list[OpenSequence]
) -> int:
    """Read a UN of defined length; the dictionary's VR takes its place when the value fits it.

    Values of UN are little endian whatever the data set is (PS3.5 §6.2.2), so that in big endian it stays UN.
    """
    vr, is_ambiguous = dictionary_vr(tag, dataset.elements)
    if vr == "SQ" and _try_sequence(reading, dataset, tag, header, start, stop, False, stack, False):
        return stop
    if vr == "SQ" or not reading.little_endian or not fits(vr, stop - start):
        vr = "UN"
    elif is_ambiguous:
        reading.note_ambiguous(dataset, tag, stack)
    return reading.store(dataset, Element(tag, vr, reading.buffer, header, start, stop), stop)


def _read_sequence(
    reading: Reading,
    dataset: Dataset,
    tag: int,
    header: int,
    start: int,
    stop: int,
    undefined: bool,
    stack: list[OpenSequence],
) -> int:
    """Read a sequence that does not say so: its items are in implicit VR (PS3.5 §6.2.2), by mistake in explicit VR."""
    end = _try_sequence(reading, dataset, tag, header, start, stop, undefined, stack, False)
    if not end:
        end = _try_sequence(reading, dataset, tag, header, start, stop, undefined, stack, True)
        reading.warn("a sequence with VR UN holds items in explicit VR", tag)
    if not end:
        raise MalformedDataset("the items of a sequence with VR UN cannot be read", offset=start, tag=tag)
    return end


def _try_sequence(
    reading: Reading,
    dataset: Dataset,
    tag: int,
    header: int,
    start: int,
    stop: int,
    undefined: bool,
    stack: list[OpenSequence],
    explicit: bool,
) -> int:
    """Read the items of a sequence; return where it ends, 0 if they cannot be read."""
    noted = len(reading.ambiguous), len(reading.late_character_sets), len(reading.warnings)
    enclosing = len(reading.enclosing)
    if len(stack) + enclosing >= MAX_DEPTH:
        raise LimitExceeded("levels of sequences", MAX_DEPTH)
    last = tag if tag in dataset.elements else next(reversed(dataset.elements), -1)
    items: list[Dataset] = []
    sequence = (tag, header, start, stop, undefined, items, dataset.item_scope(), dataset, ENCLOSED, False, last)
    reading.enclosing += [open_sequence[7] for open_sequence in stack]
    try:
        return reading.read(dataset, start, -1, [sequence], explicit)
    except (MalformedDataset, struct.error):
        del reading.ambiguous[noted[0] :], reading.late_character_sets[noted[1] :], reading.warnings[noted[2] :]
        return 0
    finally:
        del reading.enclosing[enclosing:]


def _read_without_vr(
    reading: Reading, dataset: Dataset, tag: int, code: bytes, pos: int, limit: int, stack: list[OpenSequence]
) -> int:
    """Read an element whose VR field holds no VR: part of an implicit VR header, or an unknown VR."""
    buffer = reading.buffer
    (length,) = reading.layout.length.unpack_from(buffer, pos + 4)
    vr, _ = dictionary_vr(tag, dataset.elements)
    if not code.isupper() and vr != "UN" and _may_end(reading, tag, pos + 8, length, limit):
        reading.warn("an element in implicit VR within explicit VR", tag)
        stop = limit if length == UNDEFINED else pos + 8 + length
        if vr == "SQ":
            return _read_sequence(reading, dataset, tag, -1, pos + 8, stop, length == UNDEFINED, stack)
        return reading.store(dataset, Element(tag, vr, buffer, -1, pos + 8, stop), stop)
    reading.warn("an element with an unknown VR", tag)
    _, _, reserved, length = struct.unpack_from("<4sHHI" if reading.little_endian else ">4sHHI", buffer, pos)
    for start, stop in ((pos + 12, pos + 12 + length), (pos + 8, pos + 8 + reserved)):
        if stop <= limit and (start == pos + 8 or reserved == 0):
            return reading.store(dataset, Element(tag, "UN", buffer, pos, start, stop), stop)
    raise too_long(tag, pos, length, limit - pos - 8)


def _may_end(reading: Reading, tag: int, start: int, length: int, limit: int) -> bool:
    """Say whether an implicit VR element would be followed by a higher tag, a delimiter or the end."""
    if length == UNDEFINED:
        return bool(reading.item_header(reading.buffer, start)[0] == reading.layout.item_start)
    stop = start + length
    if stop == limit:
        return True
    if stop + 8 > limit:
        return False
    group, number, _ = reading.layout.implicit.unpack_from(reading.buffer, stop)
    return bool(group << 16 | number > tag)
