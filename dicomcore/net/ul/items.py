"""Items of A-ASSOCIATE PDUs (PS3.8 §9.3.2, §9.3.3) and of their User Information (PS3.8 Annex D, PS3.7 Annex D).

Every item is a type, a reserved byte, a length of two bytes and as many bytes. What is not known is passed over, as
PS3.8 §9.3.1 wants it.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from struct import Struct
from typing import NamedTuple

from dicomcore.errors import MalformedPdu
from dicomcore.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

_ITEM = Struct(">BxH")
_LENGTH = Struct(">H")
_LONG = Struct(">I")
_PAIR = Struct(">HH")
_MAX_NAME = 16
_MIN_MAXIMUM_LENGTH = 8  # the six bytes before a fragment, and two of it since fragments are even


class ContextResult(enum.IntEnum):
    """What becomes of a proposed presentation context (PS3.8 Table 9-18)."""

    ACCEPTANCE = 0
    USER_REJECTION = 1
    NO_REASON = 2
    ABSTRACT_SYNTAX_NOT_SUPPORTED = 3
    TRANSFER_SYNTAXES_NOT_SUPPORTED = 4


@dataclass(frozen=True, slots=True)
class PresentationContextRQ:
    """A proposed presentation context (PS3.8 §9.3.2.2)."""

    context_id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PresentationContextAC:
    """The answer to a proposed presentation context (PS3.8 §9.3.3.2)."""

    context_id: int
    result: int
    transfer_syntax: str = ""


@dataclass(frozen=True, slots=True)
class RoleSelection:
    """The roles of the requestor for a SOP Class (PS3.7 §D.3.3.4): proposed, or accepted."""

    sop_class_uid: str
    scu: bool
    scp: bool


@dataclass(frozen=True, slots=True)
class ExtendedNegotiation:
    """What a service class negotiates for a SOP Class (PS3.7 §D.3.3.5)."""

    sop_class_uid: str
    information: bytes


@dataclass(frozen=True, slots=True)
class CommonExtendedNegotiation:
    """The service class of a SOP Class, and the general SOP Classes that it specializes (PS3.7 §D.3.3.6)."""

    sop_class_uid: str
    service_class_uid: str
    related: tuple[str, ...] = ()


class IdentityType(enum.IntEnum):
    """How a user is told (PS3.7 Table D.3-14)."""

    USERNAME = 1
    USERNAME_AND_PASSCODE = 2
    KERBEROS = 3
    SAML = 4
    JWT = 5


@dataclass(frozen=True, slots=True, repr=False)
class UserIdentity:
    """Who the requestor says is behind it (PS3.7 §D.3.3.7.1). The fields are secrets, and left out of messages."""

    type: int
    primary: bytes
    secondary: bytes = b""
    positive_response_requested: bool = False

    def __repr__(self) -> str:
        return f"UserIdentity(type={self.type})"


@dataclass(frozen=True, slots=True)
class UserInformation:
    """Everything that the two sides tell each other beside the presentation contexts (PS3.7 §D.3.3).

    ``maximum_length`` is that of P-DATA-TF PDUs which the sender can receive; 0 is no limit.
    """

    maximum_length: int = 0
    implementation_class_uid: str = IMPLEMENTATION_CLASS_UID
    implementation_version_name: str = IMPLEMENTATION_VERSION_NAME
    asynchronous_operations_window: tuple[int, int] | None = None
    role_selections: tuple[RoleSelection, ...] = ()
    extended_negotiations: tuple[ExtendedNegotiation, ...] = ()
    common_extended_negotiations: tuple[CommonExtendedNegotiation, ...] = ()
    user_identity: UserIdentity | None = None
    user_identity_response: bytes | None = None


def item(item_type: int, content: bytes) -> bytes:
    """Write an item; raises `MalformedPdu` if it is too long for its length field."""
    if len(content) > 0xFFFF:
        raise MalformedPdu(f"item {item_type:02X}H would be longer than 65535 bytes")
    return _ITEM.pack(item_type, len(content)) + content


class Item(NamedTuple):
    """An item that was read; ``offset`` is that of its content in the PDU."""

    type: int
    content: bytes
    offset: int


def read_items(content: bytes, offset: int) -> Iterator[Item]:
    """Read items one after the other; ``offset`` is where the content starts in the PDU."""
    position = 0
    while position < len(content):
        if position + 4 > len(content):
            raise MalformedPdu("the header of an item is cut off", offset=offset + position)
        item_type, length = _ITEM.unpack_from(content, position)
        start = position + 4
        position = start + length
        if position > len(content):
            raise MalformedPdu(f"item {item_type:02X}H is longer than what holds it", offset=offset + start - 4)
        yield Item(item_type, content[start:position], offset + start)


def read_uid(content: bytes, offset: int) -> str:
    """Read a UID; padding that does not belong there is tolerated."""
    try:
        return content.rstrip(b"\0 ").decode("ascii")
    except UnicodeDecodeError as error:
        raise MalformedPdu("a UID has characters that are not ASCII", offset=offset) from error


def write_uid(uid: str) -> bytes:
    """Write a UID without padding (PS3.8 Annex F)."""
    try:
        return uid.encode("ascii")
    except UnicodeEncodeError as error:
        raise MalformedPdu("a UID has characters that are not ASCII") from error


def write_user_information(info: UserInformation) -> bytes:
    """Write the User Information item (50H)."""
    parts = [item(0x51, _LONG.pack(info.maximum_length)), item(0x52, write_uid(info.implementation_class_uid))]
    if info.asynchronous_operations_window is not None:
        parts.append(item(0x53, _PAIR.pack(*info.asynchronous_operations_window)))
    parts += [item(0x54, _counted_uid(one.sop_class_uid) + bytes((one.scu, one.scp))) for one in info.role_selections]
    if info.implementation_version_name:
        parts.append(item(0x55, info.implementation_version_name[:_MAX_NAME].encode("ascii", "replace")))
    parts += [item(0x56, _counted_uid(one.sop_class_uid) + one.information) for one in info.extended_negotiations]
    parts += [item(0x57, _write_common(one)) for one in info.common_extended_negotiations]
    if info.user_identity is not None:
        parts.append(item(0x58, _write_identity(info.user_identity)))
    if info.user_identity_response is not None:
        parts.append(item(0x59, _counted(info.user_identity_response)))
    return item(0x50, b"".join(parts))


def _counted(content: bytes) -> bytes:
    if len(content) > 0xFFFF:
        raise MalformedPdu("a field of a sub-item would be longer than 65535 bytes")
    return _LENGTH.pack(len(content)) + content


def _counted_uid(uid: str) -> bytes:
    return _counted(write_uid(uid))


def _write_common(common: CommonExtendedNegotiation) -> bytes:
    related = b"".join(map(_counted_uid, common.related))
    return _counted_uid(common.sop_class_uid) + _counted_uid(common.service_class_uid) + _counted(related)


def _write_identity(identity: UserIdentity) -> bytes:
    head = bytes((identity.type, identity.positive_response_requested))
    return head + _counted(identity.primary) + _counted(identity.secondary)


class _Fields:
    """Reads fields of a sub-item one after the other."""

    def __init__(self, one: Item) -> None:
        self._content = one.content
        self._offset = one.offset
        self.position = 0

    def take(self, count: int) -> bytes:
        end = self.position + count
        if end > len(self._content):
            raise MalformedPdu("a sub-item is too short for what it holds", offset=self._offset + self.position)
        taken = self._content[self.position : end]
        self.position = end
        return taken

    def counted(self) -> bytes:
        (length,) = _LENGTH.unpack(self.take(2))
        return self.take(length)

    def uid(self) -> str:
        return read_uid(self.counted(), self._offset)

    def rest(self) -> bytes:
        return self.take(len(self._content) - self.position)

    @property
    def is_at_end(self) -> bool:
        return self.position >= len(self._content)


def _read_common(fields: _Fields) -> CommonExtendedNegotiation:
    sop_class_uid, service_class_uid = fields.uid(), fields.uid()
    related: list[str] = []
    if not fields.is_at_end:
        inner = _Fields(Item(0x57, fields.counted(), 0))
        while not inner.is_at_end:
            related.append(inner.uid())
    return CommonExtendedNegotiation(sop_class_uid, service_class_uid, tuple(related))


def _read_identity(fields: _Fields) -> UserIdentity:
    identity_type, asks = fields.take(2)
    primary = fields.counted()
    secondary = b"" if fields.is_at_end else fields.counted()
    return UserIdentity(identity_type, primary, secondary, bool(asks))


def _read_maximum_length(fields: _Fields) -> int:
    length = int.from_bytes(fields.take(4), "big")
    if 0 < length < _MIN_MAXIMUM_LENGTH:
        raise MalformedPdu(f"a maximum length of {length} bytes leaves no room for data")
    return length


_Read = Callable[[_Fields], object]

# type of sub-item -> field of UserInformation, whether there may be several, how to read it
_SUB_ITEMS: dict[int, tuple[str, bool, _Read]] = {
    0x51: ("maximum_length", False, _read_maximum_length),
    0x52: ("implementation_class_uid", False, lambda fields: read_uid(fields.rest(), 0)),
    0x53: ("asynchronous_operations_window", False, lambda fields: _PAIR.unpack(fields.take(4))),
    0x54: (
        "role_selections",
        True,
        lambda fields: RoleSelection(fields.uid(), bool(fields.take(1)[0]), bool(fields.take(1)[0])),
    ),
    0x55: (
        "implementation_version_name",
        False,
        lambda fields: fields.rest().decode("ascii", "replace").strip("\0 "),
    ),
    0x56: ("extended_negotiations", True, lambda fields: ExtendedNegotiation(fields.uid(), fields.rest())),
    0x57: ("common_extended_negotiations", True, _read_common),
    0x58: ("user_identity", False, _read_identity),
    0x59: ("user_identity_response", False, lambda fields: fields.counted()),
}


def read_user_information(one: Item) -> UserInformation:
    """Read the User Information item; raises `MalformedPdu`."""
    single: dict[str, object] = {"implementation_class_uid": "", "implementation_version_name": ""}
    several: dict[str, list[object]] = {}
    for sub_item in _known(read_items(one.content, one.offset)):
        name, is_repeated, read = _SUB_ITEMS[sub_item.type]
        value = read(_Fields(sub_item))
        if is_repeated:
            several.setdefault(name, []).append(value)
        else:
            single[name] = value
    return UserInformation(**single, **{name: tuple(values) for name, values in several.items()})  # type: ignore[arg-type]


def _known(items: Iterable[Item]) -> Iterator[Item]:
    return (one for one in items if one.type in _SUB_ITEMS)
