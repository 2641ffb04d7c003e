"""Command sets of DIMSE messages (PS3.7 §6.3): values, written and read in Implicit VR Little Endian.

The messages are in `composite` (C-STORE, C-FIND...) and `normalized` (N-ACTION...), and come from here; their
elements are in `elements`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from operator import attrgetter
from struct import error
from typing import Any, NamedTuple, TypeAlias

from dicomcore.data import Buffer
from dicomcore.errors import MalformedCommand
from dicomcore.net.dimse.composite import (
    HIGH,
    LOW,
    MEDIUM,
    CCancelRQ,
    CEchoRQ,
    CEchoRSP,
    CFindRQ,
    CFindRSP,
    CGetRQ,
    CGetRSP,
    CMoveRQ,
    CMoveRSP,
    CStoreRQ,
    CStoreRSP,
)
from dicomcore.net.dimse.elements import ELEMENTS, read_number, split_elements, write_group_length
from dicomcore.net.dimse.normalized import (
    NActionRQ,
    NActionRSP,
    NCreateRQ,
    NCreateRSP,
    NDeleteRQ,
    NDeleteRSP,
    NEventReportRQ,
    NEventReportRSP,
    NGetRQ,
    NGetRSP,
    NSetRQ,
    NSetRSP,
)

__all__ = [
    "COMMANDS",
    "HIGH",
    "LOW",
    "MEDIUM",
    "CCancelRQ",
    "CEchoRQ",
    "CEchoRSP",
    "CFindRQ",
    "CFindRSP",
    "CGetRQ",
    "CGetRSP",
    "CMoveRQ",
    "CMoveRSP",
    "CStoreRQ",
    "CStoreRSP",
    "Command",
    "NActionRQ",
    "NActionRSP",
    "NCreateRQ",
    "NCreateRSP",
    "NDeleteRQ",
    "NDeleteRSP",
    "NEventReportRQ",
    "NEventReportRSP",
    "NGetRQ",
    "NGetRSP",
    "NSetRQ",
    "NSetRSP",
    "Request",
    "Response",
    "decode",
    "encode",
]

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

_COMMAND_FIELD = ELEMENTS["field"].element
_NO_VALUE = (None, "", ())


class _Layout(NamedTuple):
    """How the fields of a class are written and read, in the order of their elements, and which it has to have."""

    values: Callable[[Command], tuple[Any, ...]]
    writers: tuple[Callable[[Any], bytes], ...]
    readers: tuple[tuple[int, str, Callable[[bytes], Any]], ...]
    required: frozenset[str]


def _make_layout(command: type[Command]) -> _Layout:
    names = sorted([one.name for one in fields(command)], key=lambda name: ELEMENTS[name].element)
    written = sorted(["field", *names], key=lambda name: ELEMENTS[name].element)
    return _Layout(
        values=attrgetter(*written),
        writers=tuple(ELEMENTS[name].write for name in written),
        readers=tuple((ELEMENTS[name].element, name, ELEMENTS[name].read) for name in names),
        required=frozenset(one.name for one in fields(command) if one.default is MISSING) | {"has_dataset"},
    )


_LAYOUTS = {command: _make_layout(command) for command in COMMANDS.values()}


def encode(command: Command) -> bytes:
    """Write a command set, with its group length; elements without a value are left out.

    Raises `MalformedCommand` for a number that its element cannot hold.
    """
    layout = _LAYOUTS[type(command)]
    try:
        content = b"".join(
            [
                write(value)
                for value, write in zip(layout.values(command), layout.writers, strict=True)
                if value not in _NO_VALUE
            ]
        )
    except error as problem:
        raise MalformedCommand(f"{command} has a number outside 0 to 65535") from problem
    return write_group_length(len(content)) + content


def decode(buffer: Buffer) -> Command:
    """Read a command set; raises `MalformedCommand`. What is not of the message is passed over."""
    elements = split_elements(bytes(buffer))
    try:
        command = _class_of(elements)
        layout = _LAYOUTS[command]
        found = {name: read(elements[element]) for element, name, read in layout.readers if elements.get(element)}
    except error as problem:
        raise MalformedCommand("a number in a command set has no value") from problem
    missing = layout.required - found.keys()
    if missing:
        names = ", ".join(f"{name} (0000,{ELEMENTS[name].element:04X})" for name in sorted(missing))
        raise MalformedCommand(f"{command.__name__} lacks {names}")
    return command(**found)


def _class_of(elements: dict[int, bytes]) -> type[Command]:
    raw = elements.get(_COMMAND_FIELD)
    if not raw:
        raise MalformedCommand("a command set has no Command Field (0000,0100)")
    code = read_number(raw)
    command = COMMANDS.get(code)
    if command is None:
        raise MalformedCommand(f"no message has the Command Field {code:04X}H")
    return command
