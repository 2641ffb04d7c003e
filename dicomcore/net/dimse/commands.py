"""The command sets of DIMSE messages (PS3.7 §9.3, §10.3): values, written and read in Implicit VR Little Endian.

Each message is a class whose fields are the elements of its command set, named by their keywords; ``has_dataset`` is
Command Data Set Type (0000,0800). Which element a field is, and how it is encoded, is in one table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from struct import Struct, error, unpack
from typing import Any, ClassVar, NamedTuple, TypeAlias

from dicomcore.data import Buffer
from dicomcore.errors import MalformedCommand

_ELEMENT = Struct("<HHI")
_SHORT = Struct("<H")
_GROUP_LENGTH = Struct("<HHII")
_COMMAND_FIELD = 0x0100
_DATA_SET_TYPE = 0x0800
_NO_DATA_SET = 0x0101
_A_DATA_SET = 0x0001

MEDIUM, HIGH, LOW = 0, 1, 2
"""Priorities (0000,0700)."""


class _Encoding(NamedTuple):
    write: Callable[[Any], bytes]
    read: Callable[[bytes], Any]


def _write_text(padding: bytes) -> Callable[[str], bytes]:
    def write(text: str) -> bytes:
        raw = text.encode("latin-1", "replace")
        return raw + padding if len(raw) % 2 else raw

    return write


def _read_text(raw: bytes) -> str:
    return raw.decode("latin-1").strip("\0 ")


def _read_number(raw: bytes) -> int:
    return int(_SHORT.unpack_from(raw)[0])


def _write_tags(tags: tuple[int, ...]) -> bytes:
    return b"".join(_SHORT.pack(tag >> 16) + _SHORT.pack(tag & 0xFFFF) for tag in tags)


def _read_tags(raw: bytes) -> tuple[int, ...]:
    numbers = unpack(f"<{len(raw) // 2}H", raw[: len(raw) // 2 * 2])
    return tuple(group << 16 | element for group, element in zip(numbers[::2], numbers[1::2], strict=False))


_UID = _Encoding(_write_text(b"\0"), _read_text)
_TEXT = _Encoding(_write_text(b" "), _read_text)
_NUMBER = _Encoding(_SHORT.pack, _read_number)
_TAGS = _Encoding(_write_tags, _read_tags)

# field -> element (of group 0000) and encoding
_ELEMENTS: dict[str, tuple[int, _Encoding]] = {
    "affected_sop_class_uid": (0x0002, _UID),
    "requested_sop_class_uid": (0x0003, _UID),
    "message_id": (0x0110, _NUMBER),
    "message_id_being_responded_to": (0x0120, _NUMBER),
    "move_destination": (0x0600, _TEXT),
    "priority": (0x0700, _NUMBER),
    "status": (0x0900, _NUMBER),
    "offending_element": (0x0901, _TAGS),
    "error_comment": (0x0902, _TEXT),
    "error_id": (0x0903, _NUMBER),
    "affected_sop_instance_uid": (0x1000, _UID),
    "requested_sop_instance_uid": (0x1001, _UID),
    "event_type_id": (0x1002, _NUMBER),
    "attribute_identifier_list": (0x1005, _TAGS),
    "action_type_id": (0x1008, _NUMBER),
    "number_of_remaining_suboperations": (0x1020, _NUMBER),
    "number_of_completed_suboperations": (0x1021, _NUMBER),
    "number_of_failed_suboperations": (0x1022, _NUMBER),
    "number_of_warning_suboperations": (0x1023, _NUMBER),
    "move_originator_application_entity_title": (0x1030, _TEXT),
    "move_originator_message_id": (0x1031, _NUMBER),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    message_id: int
    has_dataset: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Response:
    message_id_being_responded_to: int
    status: int
    error_comment: str = ""
    offending_element: tuple[int, ...] = ()
    error_id: int | None = None
    has_dataset: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CStoreRQ(_Request):
    """C-STORE-RQ (PS3.7 §9.3.1.1)."""

    field: ClassVar[int] = 0x0001
    affected_sop_class_uid: str
    affected_sop_instance_uid: str
    priority: int = MEDIUM
    move_originator_application_entity_title: str = ""
    move_originator_message_id: int | None = None
    has_dataset: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CStoreRSP(_Response):
    """C-STORE-RSP (PS3.7 §9.3.1.2)."""

    field: ClassVar[int] = 0x8001
    affected_sop_class_uid: str = ""
    affected_sop_instance_uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CFindRQ(_Request):
    """C-FIND-RQ (PS3.7 §9.3.2.1)."""

    field: ClassVar[int] = 0x0020
    affected_sop_class_uid: str
    priority: int = MEDIUM
    has_dataset: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CFindRSP(_Response):
    """C-FIND-RSP (PS3.7 §9.3.2.2)."""

    field: ClassVar[int] = 0x8020
    affected_sop_class_uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted(_Response):
    affected_sop_class_uid: str = ""
    number_of_remaining_suboperations: int | None = None
    number_of_completed_suboperations: int | None = None
    number_of_failed_suboperations: int | None = None
    number_of_warning_suboperations: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CGetRQ(_Request):
    """C-GET-RQ (PS3.7 §9.3.3.1)."""

    field: ClassVar[int] = 0x0010
    affected_sop_class_uid: str
    priority: int = MEDIUM
    has_dataset: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CGetRSP(_Counted):
    """C-GET-RSP (PS3.7 §9.3.3.2)."""

    field: ClassVar[int] = 0x8010


@dataclass(frozen=True, slots=True, kw_only=True)
class CMoveRQ(_Request):
    """C-MOVE-RQ (PS3.7 §9.3.4.1)."""

    field: ClassVar[int] = 0x0021
    affected_sop_class_uid: str
    move_destination: str
    priority: int = MEDIUM
    has_dataset: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CMoveRSP(_Counted):
    """C-MOVE-RSP (PS3.7 §9.3.4.2)."""

    field: ClassVar[int] = 0x8021


@dataclass(frozen=True, slots=True, kw_only=True)
class CEchoRQ(_Request):
    """C-ECHO-RQ (PS3.7 §9.3.5.1)."""

    field: ClassVar[int] = 0x0030
    affected_sop_class_uid: str = "1.2.840.10008.1.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class CEchoRSP(_Response):
    """C-ECHO-RSP (PS3.7 §9.3.5.2)."""

    field: ClassVar[int] = 0x8030
    affected_sop_class_uid: str = "1.2.840.10008.1.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class CCancelRQ:
    """C-CANCEL-RQ (PS3.7 §9.3.2.3, §9.3.3.3, §9.3.4.3); it has no response."""

    field: ClassVar[int] = 0x0FFF
    message_id_being_responded_to: int
    has_dataset: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NEventReportRQ(_Request):
    """N-EVENT-REPORT-RQ (PS3.7 §10.3.1.1)."""

    field: ClassVar[int] = 0x0100
    affected_sop_class_uid: str
    affected_sop_instance_uid: str
    event_type_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NEventReportRSP(_Response):
    """N-EVENT-REPORT-RSP (PS3.7 §10.3.1.2)."""

    field: ClassVar[int] = 0x8100
    affected_sop_class_uid: str = ""
    affected_sop_instance_uid: str = ""
    event_type_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NGetRQ(_Request):
    """N-GET-RQ (PS3.7 §10.3.2.1)."""

    field: ClassVar[int] = 0x0110
    requested_sop_class_uid: str
    requested_sop_instance_uid: str
    attribute_identifier_list: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _AffectedRSP(_Response):
    affected_sop_class_uid: str = ""
    affected_sop_instance_uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NGetRSP(_AffectedRSP):
    """N-GET-RSP (PS3.7 §10.3.2.2)."""

    field: ClassVar[int] = 0x8110


@dataclass(frozen=True, slots=True, kw_only=True)
class NSetRQ(_Request):
    """N-SET-RQ (PS3.7 §10.3.3.1)."""

    field: ClassVar[int] = 0x0120
    requested_sop_class_uid: str
    requested_sop_instance_uid: str
    has_dataset: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NSetRSP(_AffectedRSP):
    """N-SET-RSP (PS3.7 §10.3.3.2)."""

    field: ClassVar[int] = 0x8120


@dataclass(frozen=True, slots=True, kw_only=True)
class NActionRQ(_Request):
    """N-ACTION-RQ (PS3.7 §10.3.4.1)."""

    field: ClassVar[int] = 0x0130
    requested_sop_class_uid: str
    requested_sop_instance_uid: str
    action_type_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NActionRSP(_AffectedRSP):
    """N-ACTION-RSP (PS3.7 §10.3.4.2)."""

    field: ClassVar[int] = 0x8130
    action_type_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NCreateRQ(_Request):
    """N-CREATE-RQ (PS3.7 §10.3.5.1)."""

    field: ClassVar[int] = 0x0140
    affected_sop_class_uid: str
    affected_sop_instance_uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NCreateRSP(_AffectedRSP):
    """N-CREATE-RSP (PS3.7 §10.3.5.2)."""

    field: ClassVar[int] = 0x8140


@dataclass(frozen=True, slots=True, kw_only=True)
class NDeleteRQ(_Request):
    """N-DELETE-RQ (PS3.7 §10.3.6.1)."""

    field: ClassVar[int] = 0x0150
    requested_sop_class_uid: str
    requested_sop_instance_uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NDeleteRSP(_AffectedRSP):
    """N-DELETE-RSP (PS3.7 §10.3.6.2)."""

    field: ClassVar[int] = 0x8150


Request: TypeAlias = (
    CStoreRQ
    | CFindRQ
    | CGetRQ
    | CMoveRQ
    | CEchoRQ
    | NEventReportRQ
    | NGetRQ
    | NSetRQ
    | NActionRQ
    | NCreateRQ
    | NDeleteRQ
)
Response: TypeAlias = (
    CStoreRSP
    | CFindRSP
    | CGetRSP
    | CMoveRSP
    | CEchoRSP
    | NEventReportRSP
    | NGetRSP
    | NSetRSP
    | NActionRSP
    | NCreateRSP
    | NDeleteRSP
)
Command: TypeAlias = Request | Response | CCancelRQ

COMMANDS: dict[int, type[Command]] = {
    command.field: command for command in (*Request.__args__, *Response.__args__, CCancelRQ)
}
"""Command Field (0000,0100) -> the class of the message."""


class _Layout(NamedTuple):
    """How the fields of a class are written, in the order of their elements, and which it cannot be without."""

    writers: tuple[tuple[int, str, Callable[[Any], bytes]], ...]
    readers: dict[int, tuple[str, Callable[[bytes], Any]]]
    required: tuple[tuple[int, str], ...]


def _make_layout(command: type[Command]) -> _Layout:
    names = [one for one in fields(command) if one.name in _ELEMENTS]
    writers = sorted((_ELEMENTS[one.name][0], one.name, _ELEMENTS[one.name][1].write) for one in names)
    readers = {_ELEMENTS[one.name][0]: (one.name, _ELEMENTS[one.name][1].read) for one in names}
    required = tuple((_ELEMENTS[one.name][0], one.name) for one in names if one.default is MISSING)
    return _Layout(tuple(writers), readers, required)


_LAYOUTS = {command: _make_layout(command) for command in COMMANDS.values()}


def encode(command: Command) -> bytes:
    """Write a command set, with its group length; elements without a value are left out."""
    pieces: list[bytes] = []
    fixed = {
        _COMMAND_FIELD: _SHORT.pack(command.field),
        _DATA_SET_TYPE: _SHORT.pack(_A_DATA_SET if command.has_dataset else _NO_DATA_SET),
    }
    values = [
        (element, write(value))
        for element, name, write in _LAYOUTS[type(command)].writers
        if (value := getattr(command, name)) not in (None, "", ())
    ]
    for element, value in sorted([*values, *fixed.items()]):
        pieces += (_ELEMENT.pack(0, element, len(value)), value)
    content = b"".join(pieces)
    return _GROUP_LENGTH.pack(0, 0, 4, len(content)) + content


def decode(buffer: Buffer) -> Command:
    """Read a command set; raises `MalformedCommand`. What is not of the message is passed over."""
    elements = _elements(bytes(buffer))
    if _COMMAND_FIELD not in elements:
        raise MalformedCommand("a command set has no Command Field (0000,0100)")
    try:
        code = _read_number(elements[_COMMAND_FIELD])
        command = COMMANDS.get(code)
        if command is None:
            raise MalformedCommand(f"no message has the Command Field {code:04X}H")
        layout = _LAYOUTS[command]
        found = {
            name: read(elements[element]) for element, (name, read) in layout.readers.items() if elements.get(element)
        }
        has_dataset = _read_number(elements.get(_DATA_SET_TYPE, _SHORT.pack(_NO_DATA_SET))) != _NO_DATA_SET
    except error as problem:
        raise MalformedCommand("an element of a command set is too short") from problem
    missing = next((f"{name} (0000,{element:04X})" for element, name in layout.required if name not in found), None)
    if missing is not None:
        raise MalformedCommand(f"{command.__name__} lacks {missing}")
    return command(has_dataset=has_dataset, **found)


def _elements(buffer: bytes) -> dict[int, bytes]:
    """The elements of group 0000, whatever their order and the group length say."""
    elements: dict[int, bytes] = {}
    position = 0
    while position + _ELEMENT.size <= len(buffer):
        group, element, length = _ELEMENT.unpack_from(buffer, position)
        start = position + _ELEMENT.size
        position = start + length
        if position > len(buffer):
            raise MalformedCommand(f"({group:04X},{element:04X}) of a command set is longer than what holds it")
        if group == 0:
            elements[element] = buffer[start:position]
    return elements
