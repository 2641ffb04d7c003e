"""The elements of command sets (PS3.7 §6.3, Annex E): which there are, and how their values are written and read.

Command sets are in Implicit VR Little Endian always, and all their elements are of group 0000. What others write is
read with patience: in any order, padded by spaces or zeros, with elements that are not known here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from struct import Struct, unpack
from typing import Any, NamedTuple

from dicomcore.errors import MalformedCommand

NO_DATA_SET = 0x0101
A_DATA_SET = 0x0001
MAX_COMMENT = 64  # characters of LO

_HEADER = Struct("<HHI")
_NUMBER_ELEMENT = Struct("<HHIH")
_SHORT = Struct("<H")
_BEYOND_COMMENT = re.compile(r"[^ -\[\]-~]")


class ElementRule(NamedTuple):
    """An element of group 0000: its number, how it is written with its header, how its value is read."""

    element: int
    write: Callable[[Any], bytes]
    read: Callable[[bytes], Any]


def _text(element: int, padding: bytes) -> ElementRule:
    def write(text: str) -> bytes:
        raw = text.encode("latin-1", "replace")
        if len(raw) % 2:
            raw += padding
        return _HEADER.pack(0, element, len(raw)) + raw

    return ElementRule(element, write, _read_text)


def _read_text(raw: bytes) -> str:
    return raw.decode("latin-1").strip("\0 ")


def _comment(element: int) -> ElementRule:
    """Error Comment: one LO value of the default repertoire, cut to its length."""
    rule = _text(element, b" ")
    return rule._replace(write=lambda text: rule.write(_BEYOND_COMMENT.sub("?", text)[:MAX_COMMENT]))


def _number(element: int) -> ElementRule:
    def write(number: int) -> bytes:
        return _NUMBER_ELEMENT.pack(0, element, 2, number)

    return ElementRule(element, write, read_number)


def read_number(raw: bytes) -> int:
    """Read a US value; what follows the first is passed over. Raises `struct.error` when there is none."""
    return int(_SHORT.unpack_from(raw)[0])


def _data_set_type(element: int) -> ElementRule:
    """Command Data Set Type: any value but one says that a data set follows (PS3.7 Table E.1-1)."""
    with_data, without = (_number(element).write(value) for value in (A_DATA_SET, NO_DATA_SET))
    return ElementRule(
        element, lambda present: with_data if present else without, lambda raw: read_number(raw) != NO_DATA_SET
    )


def _tags(element: int) -> ElementRule:
    def write(tags: tuple[int, ...]) -> bytes:
        raw = b"".join(_SHORT.pack(tag >> 16) + _SHORT.pack(tag & 0xFFFF) for tag in tags)
        return _HEADER.pack(0, element, len(raw)) + raw

    return ElementRule(element, write, _read_tags)


def _read_tags(raw: bytes) -> tuple[int, ...]:
    count = len(raw) // 4
    numbers = unpack(f"<{2 * count}H", raw[: 4 * count])
    return tuple(group << 16 | element for group, element in zip(numbers[::2], numbers[1::2], strict=True))


_UID_PADDING, _TEXT_PADDING = b"\0", b" "

ELEMENTS: Mapping[str, ElementRule] = {
    "affected_sop_class_uid": _text(0x0002, _UID_PADDING),
    "requested_sop_class_uid": _text(0x0003, _UID_PADDING),
    "field": _number(0x0100),
    "message_id": _number(0x0110),
    "message_id_being_responded_to": _number(0x0120),
    "move_destination": _text(0x0600, _TEXT_PADDING),
    "priority": _number(0x0700),
    "has_dataset": _data_set_type(0x0800),
    "status": _number(0x0900),
    "offending_element": _tags(0x0901),
    "error_comment": _comment(0x0902),
    "error_id": _number(0x0903),
    "affected_sop_instance_uid": _text(0x1000, _UID_PADDING),
    "requested_sop_instance_uid": _text(0x1001, _UID_PADDING),
    "event_type_id": _number(0x1002),
    "attribute_identifier_list": _tags(0x1005),
    "action_type_id": _number(0x1008),
    "number_of_remaining_suboperations": _number(0x1020),
    "number_of_completed_suboperations": _number(0x1021),
    "number_of_failed_suboperations": _number(0x1022),
    "number_of_warning_suboperations": _number(0x1023),
    "move_originator_application_entity_title": _text(0x1030, _TEXT_PADDING),
    "move_originator_message_id": _number(0x1031),
}
"""The field of a message -> its element; the numbers and names are those of PS3.7 Tables E.1-1 and E.2-1."""


def write_group_length(length: int) -> bytes:
    """Write Command Group Length (0000,0000)."""
    return _HEADER.pack(0, 0, 4) + length.to_bytes(4, "little")


def split_elements(buffer: bytes) -> dict[int, bytes]:
    """Take the values of group 0000 apart, whatever their order and the group length say.

    Less than the header of an element at the end is padding.
    """
    elements: dict[int, bytes] = {}
    position, size = 0, len(buffer)
    while position + 8 <= size:
        group, element, length = _HEADER.unpack_from(buffer, position)
        start = position + 8
        position = start + length
        if position > size:
            raise MalformedCommand(f"({group:04X},{element:04X}) of a command set is longer than what holds it")
        if group == 0:
            elements[element] = buffer[start:position]
    return elements
