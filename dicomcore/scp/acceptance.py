"""Which associations, SOP Classes and transfer syntaxes we accept, and what we answer to extended negotiations.

The table of services says which commands belong to which SOP Class. Every storage SOP Class of the registry is
accepted in every transfer syntax that we know, retired ones too; private and unregistered ones if the requestor says
that they are storage (PS3.7 §D.3.3.6, PS3.4 §B.4.1.2) or the operator wants them all.

A context that offers a native transfer syntax is accepted in that, Explicit VR Little Endian if it can be, since it
tells more of private attributes than Implicit VR does: every sender can do that (PS3.5 §10.1), while who offers
compression in the same context may have no codec for what it holds (``storescu +C`` fails then). A sender that wants to
send as it has stored offers each compression in a context of its own, as nearly all do. Of several compressions the one
that the requestor names first costs it least; what is retired comes last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from dicomcore.data import STORAGE_SOP_CLASSES, TRANSFER_SYNTAXES, uid_name
from dicomcore.net.dimse.commands import CEchoRQ, CFindRQ, CGetRQ, CMoveRQ, CStoreRQ, NActionRQ, Request
from dicomcore.net.ul.items import UserIdentity, UserInformation
from dicomcore.net.ul.negotiation import AcceptorPolicy
from dicomcore.net.ul.pdu import AssociateRQ
from dicomcore.uids import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)

VERIFICATION = "1.2.840.10008.1.1"
STORAGE_COMMITMENT = "1.2.840.10008.1.20.1"
PATIENT_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.1.1"
PATIENT_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.1.2"
PATIENT_ROOT_GET = "1.2.840.10008.5.1.4.1.2.1.3"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
INSTANCE_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.4.2"
INSTANCE_ROOT_GET = "1.2.840.10008.5.1.4.1.2.4.3"
WITHOUT_BULKDATA_GET = "1.2.840.10008.5.1.4.1.2.5.3"

_STORAGE_SERVICE = "1.2.840.10008.4.2"

COMMANDS: Mapping[str, type[Request]] = {
    VERIFICATION: CEchoRQ,
    STORAGE_COMMITMENT: NActionRQ,
    PATIENT_ROOT_FIND: CFindRQ,
    PATIENT_ROOT_MOVE: CMoveRQ,
    PATIENT_ROOT_GET: CGetRQ,
    STUDY_ROOT_FIND: CFindRQ,
    STUDY_ROOT_MOVE: CMoveRQ,
    STUDY_ROOT_GET: CGetRQ,
    INSTANCE_ROOT_MOVE: CMoveRQ,
    INSTANCE_ROOT_GET: CGetRQ,
    WITHOUT_BULKDATA_GET: CGetRQ,
}
"""SOP Class -> the command of its service; whatever else is accepted is storage."""

NATIVE = (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
)
_RANKS = {EXPLICIT_VR_LITTLE_ENDIAN: 0, IMPLICIT_VR_LITTLE_ENDIAN: 1, EXPLICIT_VR_BIG_ENDIAN: 3}  # 2: all others

# PS3.4 Table B.3-1: Level 2 (all attributes are kept), a byte without meaning, digital signatures of level 3 (kept bit
# by bit), another one, no coercion of elements.
_STORAGE_SUPPORT = b"\2\0\3\0\0\0"
# PS3.4 Table C.5.1-1: relational queries, combined date-time, fuzzy names; no time zone adjustment and no conversion to
# enhanced multi-frame; empty and multiple value matching.
_FIND_SUPPORT = b"\1\1\1\0\0\1\1"
_RETRIEVE_SUPPORT = b"\1\0"  # PS3.4 Table C.5.2-1: relational retrieval, no conversion to enhanced multi-frame

_SUPPORT: Mapping[type[Request], bytes] = {
    CFindRQ: _FIND_SUPPORT,
    CMoveRQ: _RETRIEVE_SUPPORT,
    CGetRQ: _RETRIEVE_SUPPORT,
}


@dataclass(frozen=True, slots=True)
class Admission:
    """Who may come in, and what for; no ``calling_ae_titles`` are any.

    Whoever calls us by another title than ours is rejected, if not ``accepts_any_called_ae_title``.
    ``asynchronous_operations`` is how many operations a requestor may invoke, or perform for us, at once.
    """

    accepts_any_called_ae_title: bool = False
    calling_ae_titles: tuple[str, ...] = ()
    accepts_unknown_storage: bool = False
    maximum_length: int = 262_144
    asynchronous_operations: int = 16
    check_identity: Callable[[UserIdentity], bytes | None] | None = None


def command_of(abstract_syntax: str) -> type[Request]:
    """Tell which command a peer may send in a presentation context."""
    return COMMANDS.get(abstract_syntax, CStoreRQ)


def policy_for(rq: AssociateRQ, admission: Admission, ae_titles: tuple[str, ...] = ()) -> AcceptorPolicy:
    """Decide about a request for an association with one of ``ae_titles``; only what it proposes is in the answer."""
    declared = _declared_storage(rq.user_information)
    offers: dict[str, list[str]] = {}
    for context in rq.presentation_contexts:
        uid = context.abstract_syntax
        if uid in COMMANDS or uid in declared or _is_storage(uid, admission):
            offers.setdefault(uid, []).extend(context.transfer_syntaxes)
    storage = frozenset(uid for uid in offers if uid not in COMMANDS)
    return AcceptorPolicy(
        ae_titles=() if admission.accepts_any_called_ae_title else ae_titles,
        calling_ae_titles=admission.calling_ae_titles,
        abstract_syntaxes={uid: NATIVE if uid in COMMANDS else preferred(offered) for uid, offered in offers.items()},
        maximum_length=admission.maximum_length,
        asynchronous_operations=(admission.asynchronous_operations, admission.asynchronous_operations),
        scu_roles=storage,
        extended={uid: partial(answer, uid) for uid in offers},
        check_identity=admission.check_identity,
    )


def preferred(offered: Iterable[str]) -> tuple[str, ...]:
    """Put the transfer syntaxes that we know into our order of preference."""
    known = dict.fromkeys(uid for uid in offered if uid in TRANSFER_SYNTAXES)
    return tuple(sorted(known, key=lambda uid: _RANKS.get(uid, 2)))


def answer(sop_class_uid: str, information: bytes) -> bytes:
    """Answer a SOP Class Extended Negotiation, byte by byte and no longer than it came (PS3.4 §B.3.1, §C.5)."""
    if sop_class_uid not in COMMANDS:
        return _STORAGE_SUPPORT[: max(1, len(information))]
    support = _SUPPORT.get(COMMANDS[sop_class_uid], b"")
    return bytes(
        wanted & ours for wanted, ours in zip(information, support.ljust(len(information), b"\0"), strict=False)
    )


def agreed(peer: UserInformation, sop_class_uid: str) -> bytes:
    """Tell what was agreed on with a requestor for a SOP Class; nothing if it did not negotiate."""
    found = (one.information for one in peer.extended_negotiations if one.sop_class_uid == sop_class_uid)
    return answer(sop_class_uid, next(found, b""))


def _is_storage(uid: str, admission: Admission) -> bool:
    return uid in STORAGE_SOP_CLASSES or (admission.accepts_unknown_storage and not uid_name(uid))


def _declared_storage(information: UserInformation) -> frozenset[str]:
    """The SOP Classes that no registry knows and the requestor says are storage (PS3.7 §D.3.3.6)."""
    return frozenset(
        one.sop_class_uid
        for one in information.common_extended_negotiations
        if one.service_class_uid == _STORAGE_SERVICE and not uid_name(one.sop_class_uid)
    )
