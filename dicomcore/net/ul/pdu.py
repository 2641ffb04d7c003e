"""The protocol data units of the upper layer (PS3.8 §9.3): values that are written to bytes and read from them.

P-DATA-TF has no class here: it is streamed (`dicomcore.net.ul.association`), since it carries everything that is large.
Reserved bytes are written as zero and not looked at.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from struct import Struct
from typing import TypeAlias

from dicomcore.errors import MalformedPdu
from dicomcore.net.ul.items import (
    Item,
    PresentationContextAC,
    PresentationContextRQ,
    UserInformation,
    item,
    read_items,
    read_uid,
    read_user_information,
    write_uid,
    write_user_information,
)

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
HEADER = Struct(">BxI")
_ASSOCIATE = Struct(">H2x16s16s32x")
_REASONS = Struct(">xBBB")
_CONTEXT = Struct(">BxBx")


class PduType(enum.IntEnum):
    """The first byte of a PDU."""

    ASSOCIATE_RQ = 1
    ASSOCIATE_AC = 2
    ASSOCIATE_RJ = 3
    P_DATA_TF = 4
    RELEASE_RQ = 5
    RELEASE_RP = 6
    ABORT = 7


def check_ae_title(text: str) -> str:
    """Return an AE title without the spaces around it (PS3.5 §6.2); raises `MalformedPdu` if it is none."""
    title = text.strip(" ")
    if not title or len(title) > 16 or "\\" in title or not (title.isascii() and title.isprintable()):
        raise MalformedPdu(f"not an AE title: {text[:20]!r}")
    return title


@dataclass(frozen=True, slots=True)
class AssociateRQ:
    """A-ASSOCIATE-RQ (PS3.8 §9.3.2)."""

    called_ae_title: str
    calling_ae_title: str
    presentation_contexts: tuple[PresentationContextRQ, ...]
    user_information: UserInformation = field(default_factory=UserInformation)
    application_context: str = APPLICATION_CONTEXT
    protocol_version: int = 1

    def encode(self) -> bytes:
        """Write the PDU."""
        contexts = (item(0x20, _CONTEXT.pack(one.context_id, 0) + _syntaxes(one)) for one in self.presentation_contexts)
        return _associate(PduType.ASSOCIATE_RQ, self, b"".join(contexts))


@dataclass(frozen=True, slots=True)
class AssociateAC:
    """A-ASSOCIATE-AC (PS3.8 §9.3.3); the AE titles are those of the request, and are not looked at."""

    called_ae_title: str
    calling_ae_title: str
    presentation_contexts: tuple[PresentationContextAC, ...]
    user_information: UserInformation = field(default_factory=UserInformation)
    application_context: str = APPLICATION_CONTEXT
    protocol_version: int = 1

    def encode(self) -> bytes:
        """Write the PDU."""
        contexts = (
            item(0x21, _CONTEXT.pack(one.context_id, one.result) + item(0x40, write_uid(one.transfer_syntax)))
            for one in self.presentation_contexts
        )
        return _associate(PduType.ASSOCIATE_AC, self, b"".join(contexts))


@dataclass(frozen=True, slots=True)
class AssociateRJ:
    """A-ASSOCIATE-RJ (PS3.8 §9.3.4)."""

    result: int
    source: int
    reason: int

    def encode(self) -> bytes:
        """Write the PDU."""
        return HEADER.pack(PduType.ASSOCIATE_RJ, 4) + _REASONS.pack(self.result, self.source, self.reason)

    def __str__(self) -> str:
        words = _REJECTIONS.get((self.source, self.reason), f"source {self.source}, reason {self.reason}")
        return f"rejected {'for now' if self.result == TRANSIENT else 'for good'}: {words}"


PERMANENT, TRANSIENT = 1, 2
_REJECTIONS = {
    (1, 1): "no reason given",
    (1, 2): "application context name not supported",
    (1, 3): "calling AE title not recognized",
    (1, 7): "called AE title not recognized",
    (2, 1): "no reason given by the service provider",
    (2, 2): "protocol version not supported",
    (3, 1): "temporary congestion",
    (3, 2): "local limit exceeded",
}
NO_REASON = AssociateRJ(PERMANENT, 1, 1)
APPLICATION_CONTEXT_NOT_SUPPORTED = AssociateRJ(PERMANENT, 1, 2)
CALLING_AE_TITLE_NOT_RECOGNIZED = AssociateRJ(PERMANENT, 1, 3)
CALLED_AE_TITLE_NOT_RECOGNIZED = AssociateRJ(PERMANENT, 1, 7)
PROTOCOL_VERSION_NOT_SUPPORTED = AssociateRJ(PERMANENT, 2, 2)
TEMPORARY_CONGESTION = AssociateRJ(TRANSIENT, 3, 1)
LOCAL_LIMIT_EXCEEDED = AssociateRJ(TRANSIENT, 3, 2)


@dataclass(frozen=True, slots=True)
class ReleaseRQ:
    """A-RELEASE-RQ (PS3.8 §9.3.6)."""

    def encode(self) -> bytes:
        """Write the PDU."""
        return HEADER.pack(PduType.RELEASE_RQ, 4) + bytes(4)


@dataclass(frozen=True, slots=True)
class ReleaseRP:
    """A-RELEASE-RP (PS3.8 §9.3.7)."""

    def encode(self) -> bytes:
        """Write the PDU."""
        return HEADER.pack(PduType.RELEASE_RP, 4) + bytes(4)


class AbortSource(enum.IntEnum):
    """Who aborts (PS3.8 Table 9-26)."""

    SERVICE_USER = 0
    SERVICE_PROVIDER = 2


class AbortReason(enum.IntEnum):
    """Why the service provider aborts (PS3.8 Table 9-26)."""

    NOT_SPECIFIED = 0
    UNRECOGNIZED_PDU = 1
    UNEXPECTED_PDU = 2
    UNRECOGNIZED_PDU_PARAMETER = 4
    UNEXPECTED_PDU_PARAMETER = 5
    INVALID_PDU_PARAMETER = 6


@dataclass(frozen=True, slots=True)
class Abort:
    """A-ABORT (PS3.8 §9.3.8)."""

    source: int
    reason: int

    def encode(self) -> bytes:
        """Write the PDU."""
        return HEADER.pack(PduType.ABORT, 4) + _REASONS.pack(0, self.source, self.reason)


Pdu: TypeAlias = AssociateRQ | AssociateAC | AssociateRJ | ReleaseRQ | ReleaseRP | Abort


def decode_pdu(pdu_type: int, body: bytes) -> Pdu:
    """Read the PDU of a type from what follows its header; raises `MalformedPdu`, with the offset from its start."""
    if pdu_type in (PduType.ASSOCIATE_RQ, PduType.ASSOCIATE_AC):
        return _decode_associate(pdu_type, body)
    if pdu_type not in _SHORT:
        raise MalformedPdu(f"no PDU has type {pdu_type:02X}H", offset=0)
    if len(body) < 4:
        raise MalformedPdu("the PDU is too short", offset=HEADER.size + len(body))
    result, source, reason = _REASONS.unpack_from(body)
    if pdu_type == PduType.ASSOCIATE_RJ:
        return AssociateRJ(result, source, reason)
    if pdu_type == PduType.ABORT:
        return Abort(source, reason)
    return ReleaseRQ() if pdu_type == PduType.RELEASE_RQ else ReleaseRP()


_SHORT = (PduType.ASSOCIATE_RJ, PduType.RELEASE_RQ, PduType.RELEASE_RP, PduType.ABORT)


def _associate(pdu_type: PduType, pdu: AssociateRQ | AssociateAC, contexts: bytes) -> bytes:
    titles = (
        title.ljust(16)[:16].encode("latin-1", "replace") for title in (pdu.called_ae_title, pdu.calling_ae_title)
    )
    fixed = _ASSOCIATE.pack(pdu.protocol_version, *titles)
    application = item(0x10, write_uid(pdu.application_context))
    body = fixed + application + contexts + write_user_information(pdu.user_information)
    return HEADER.pack(pdu_type, len(body)) + body


def _syntaxes(context: PresentationContextRQ) -> bytes:
    transfer_syntaxes = (item(0x40, write_uid(uid)) for uid in context.transfer_syntaxes)
    return item(0x30, write_uid(context.abstract_syntax)) + b"".join(transfer_syntaxes)


def _decode_associate(pdu_type: int, body: bytes) -> AssociateRQ | AssociateAC:
    if len(body) < _ASSOCIATE.size:
        raise MalformedPdu("the PDU is too short", offset=HEADER.size + len(body))
    version, called, calling = _ASSOCIATE.unpack_from(body)
    application_context = ""
    requested: list[PresentationContextRQ] = []
    answered: list[PresentationContextAC] = []
    user_information = UserInformation(implementation_class_uid="", implementation_version_name="")
    for one in read_items(body[_ASSOCIATE.size :], HEADER.size + _ASSOCIATE.size):
        if one.type == 0x10:
            application_context = read_uid(one.content, one.offset)
        elif one.type == 0x20 and pdu_type == PduType.ASSOCIATE_RQ:
            requested.append(_read_requested(one))
        elif one.type == 0x21 and pdu_type == PduType.ASSOCIATE_AC:
            answered.append(_read_answered(one))
        elif one.type == 0x50:
            user_information = read_user_information(one)
    titles = _read_ae_title(called), _read_ae_title(calling)
    if pdu_type == PduType.ASSOCIATE_RQ:
        _check_ids(requested)
        return AssociateRQ(*titles, tuple(requested), user_information, application_context, version)
    return AssociateAC(*titles, tuple(answered), user_information, application_context, version)


def _check_ids(contexts: list[PresentationContextRQ]) -> None:
    """PS3.8 §9.3.2.2: the IDs of presentation contexts are odd and different, so that there are 128 at most."""
    ids = {context.context_id for context in contexts}
    if len(ids) < len(contexts) or not all(context_id % 2 for context_id in ids):
        raise MalformedPdu("the IDs of presentation contexts are not odd or not different")


def _read_ae_title(field: bytes) -> str:
    """An AE title as it came: whether it is one that is known is decided later."""
    return field.decode("latin-1").strip(" \0")


def _read_context(one: Item) -> tuple[int, int, list[Item]]:
    if len(one.content) < _CONTEXT.size:
        raise MalformedPdu("a presentation context is too short", offset=one.offset)
    context_id, result = _CONTEXT.unpack_from(one.content)
    return context_id, result, list(read_items(one.content[_CONTEXT.size :], one.offset + _CONTEXT.size))


def _read_requested(one: Item) -> PresentationContextRQ:
    context_id, _, items = _read_context(one)
    abstract = [read_uid(sub.content, sub.offset) for sub in items if sub.type == 0x30]
    transfer = [read_uid(sub.content, sub.offset) for sub in items if sub.type == 0x40]
    if len(abstract) != 1 or not transfer:
        raise MalformedPdu("a presentation context has no abstract or no transfer syntax", offset=one.offset)
    return PresentationContextRQ(context_id, abstract[0], tuple(transfer))


def _read_answered(one: Item) -> PresentationContextAC:
    context_id, result, items = _read_context(one)
    transfer = [read_uid(sub.content, sub.offset) for sub in items if sub.type == 0x40]
    return PresentationContextAC(context_id, result, transfer[0] if transfer else "")
