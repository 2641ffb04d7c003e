"""Negotiation of an association (PS3.8 §7.1, §9.3.2 to §9.3.4; PS3.7 Annex D): what to propose, and what to answer.

The acceptor's answer is a function of the request and an `AcceptorPolicy`. Titles, application context and identity
decide whether there is an association at all; SOP Classes and transfer syntaxes decide about each presentation context,
and a request of which no context can be accepted is accepted without any, as the standard wants it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from dicomcore.errors import LimitExceeded
from dicomcore.net.ul.items import (
    CommonExtendedNegotiation,
    ContextResult,
    ExtendedNegotiation,
    PresentationContextAC,
    PresentationContextRQ,
    RoleSelection,
    UserIdentity,
    UserInformation,
)
from dicomcore.net.ul.pdu import (
    APPLICATION_CONTEXT,
    APPLICATION_CONTEXT_NOT_SUPPORTED,
    CALLED_AE_TITLE_NOT_RECOGNIZED,
    CALLING_AE_TITLE_NOT_RECOGNIZED,
    NO_REASON,
    AssociateAC,
    AssociateRJ,
    AssociateRQ,
)
from dicomcore.uids import IMPLICIT_VR_LITTLE_ENDIAN

MAXIMUM_CONTEXTS = 128  # the odd numbers from 1 to 255
STORAGE_SERVICE_CLASS = "1.2.840.10008.4.2"

_DICOM_ROOT = "1.2.840.10008."
_STORAGE_ROOT = "1.2.840.10008.5.1.4.1.1."
_SYNCHRONOUS = (1, 1)


@dataclass(frozen=True, slots=True)
class AcceptedContext:
    """A presentation context that both sides have agreed on, and our roles in it (PS3.7 §D.3.3.4)."""

    context_id: int
    abstract_syntax: str
    transfer_syntax: str
    we_are_scu: bool
    we_are_scp: bool


@dataclass(frozen=True, slots=True)
class AcceptorPolicy:
    """What an acceptor agrees to.

    No titles stand for any title. ``abstract_syntaxes`` names the transfer syntaxes of each SOP Class, the preferred
    first. With ``accepts_unknown_storage`` a SOP Class that is not there, but is storage or may be, is accepted in
    ``unknown_transfer_syntaxes``. For ``scu_roles`` the requestor may be SCP too, so that we are SCU.
    ``extended`` answers application information by SOP Class, with nothing where there is no answer.
    ``check_identity`` returns the server response (which may be empty), or None to reject the association; without it,
    an identity is not looked at.
    """

    ae_titles: tuple[str, ...] = ()
    calling_ae_titles: tuple[str, ...] = ()
    abstract_syntaxes: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    accepts_unknown_storage: bool = False
    unknown_transfer_syntaxes: tuple[str, ...] = (IMPLICIT_VR_LITTLE_ENDIAN,)
    maximum_length: int = 0
    asynchronous_operations: tuple[int, int] = _SYNCHRONOUS
    scu_roles: frozenset[str] = frozenset()
    extended: Mapping[str, Callable[[bytes], bytes]] = field(default_factory=lambda: MappingProxyType({}))
    check_identity: Callable[[UserIdentity], bytes | None] | None = None


def propose(contexts: Sequence[tuple[str, Sequence[str]]]) -> tuple[PresentationContextRQ, ...]:
    """Number pairs of abstract syntax and transfer syntaxes; raises `LimitExceeded` if there are more than 128."""
    if len(contexts) > MAXIMUM_CONTEXTS:
        raise LimitExceeded("presentation contexts of an association", MAXIMUM_CONTEXTS)
    return tuple(
        PresentationContextRQ(2 * number + 1, abstract_syntax, tuple(transfer_syntaxes))
        for number, (abstract_syntax, transfer_syntaxes) in enumerate(contexts)
    )


def negotiate(rq: AssociateRQ, policy: AcceptorPolicy) -> AssociateAC | AssociateRJ:
    """Answer a request for an association; the titles of the answer are those of the request."""
    if (rejection := _rejection(rq, policy)) is not None:
        return rejection
    response: bytes | None = None
    identity = rq.user_information.user_identity
    if identity is not None and policy.check_identity is not None:
        response = policy.check_identity(identity)
        if response is None:
            return NO_REASON
    contexts = tuple(_answers(rq, policy))
    has_response = identity is not None and identity.positive_response_requested
    information = _user_information(rq, policy, contexts, response if has_response else None)
    return AssociateAC(rq.called_ae_title, rq.calling_ae_title, contexts, information)


def _rejection(rq: AssociateRQ, policy: AcceptorPolicy) -> AssociateRJ | None:
    """What PS3.8 Table 9-21 has for a request that is not for us; empty titles are never recognized (§9.3.2)."""
    if rq.application_context != APPLICATION_CONTEXT:
        return APPLICATION_CONTEXT_NOT_SUPPORTED
    if not _is_recognized(rq.called_ae_title, policy.ae_titles):
        return CALLED_AE_TITLE_NOT_RECOGNIZED
    if not _is_recognized(rq.calling_ae_title, policy.calling_ae_titles):
        return CALLING_AE_TITLE_NOT_RECOGNIZED
    return None


def _is_recognized(ae_title: str, known: tuple[str, ...]) -> bool:
    return ae_title in known if known else bool(ae_title)


def _answers(rq: AssociateRQ, policy: AcceptorPolicy) -> Iterator[PresentationContextAC]:
    declared = {one.sop_class_uid: one for one in rq.user_information.common_extended_negotiations}
    for context in rq.presentation_contexts:
        known = _transfer_syntaxes(context.abstract_syntax, declared.get(context.abstract_syntax), policy)
        yield _answer(context, known)


def _answer(context: PresentationContextRQ, known: tuple[str, ...] | None) -> PresentationContextAC:
    """The answer to one proposal. A refused context repeats a syntax of the proposal, as nothing may be left out."""
    fallback = context.transfer_syntaxes[0]
    if known is None:
        return PresentationContextAC(context.context_id, ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED, fallback)
    for transfer_syntax in known:
        if transfer_syntax in context.transfer_syntaxes:
            return PresentationContextAC(context.context_id, ContextResult.ACCEPTANCE, transfer_syntax)
    return PresentationContextAC(context.context_id, ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED, fallback)


def _transfer_syntaxes(
    abstract_syntax: str, declared: CommonExtendedNegotiation | None, policy: AcceptorPolicy
) -> tuple[str, ...] | None:
    """The transfer syntaxes for a SOP Class, those of a general SOP Class that it specializes included."""
    general = declared.related if declared is not None else ()
    for uid in (abstract_syntax, *general):
        if uid in policy.abstract_syntaxes:
            return policy.abstract_syntaxes[uid]
    is_accepted = policy.accepts_unknown_storage and _may_be_storage(abstract_syntax, declared)
    return policy.unknown_transfer_syntaxes if is_accepted else None


def _may_be_storage(abstract_syntax: str, declared: CommonExtendedNegotiation | None) -> bool:
    """What the requestor declares counts (PS3.7 §D.3.3.6); else its UID tells, and a private one may be storage."""
    if declared is not None:
        return declared.service_class_uid == STORAGE_SERVICE_CLASS
    return abstract_syntax.startswith(_STORAGE_ROOT) or not abstract_syntax.startswith(_DICOM_ROOT)


def _user_information(
    rq: AssociateRQ, policy: AcceptorPolicy, contexts: tuple[PresentationContextAC, ...], response: bytes | None
) -> UserInformation:
    proposed = rq.user_information
    results = {one.context_id: one.result for one in contexts}
    accepted = {
        one.abstract_syntax for one in rq.presentation_contexts if results[one.context_id] == ContextResult.ACCEPTANCE
    }
    return UserInformation(
        maximum_length=policy.maximum_length,
        asynchronous_operations_window=_window(proposed.asynchronous_operations_window, policy),
        role_selections=tuple(_roles(proposed.role_selections, accepted, policy)),
        extended_negotiations=tuple(_extended(proposed.extended_negotiations, accepted, policy)),
        user_identity_response=response,
    )


def _window(proposed: tuple[int, int] | None, policy: AcceptorPolicy) -> tuple[int, int] | None:
    """The smaller window of both sides, where 0 is no limit; none if none was proposed (PS3.7 §D.3.3.3)."""
    if proposed is None:
        return None
    invoked, performed = (
        min(theirs or ours, ours or theirs)
        for theirs, ours in zip(proposed, policy.asynchronous_operations, strict=True)
    )
    return invoked, performed


def _roles(proposed: Sequence[RoleSelection], accepted: set[str], policy: AcceptorPolicy) -> Iterator[RoleSelection]:
    """The roles that the requestor may have: SCU if it wants, SCP where we are ready to be SCU (PS3.7 §D.3.3.4)."""
    for role in proposed:
        if (uid := role.sop_class_uid) in accepted:
            may_be_scp = uid in policy.scu_roles or uid not in policy.abstract_syntaxes
            yield RoleSelection(uid, role.scu, role.scp and may_be_scp)


def _extended(
    proposed: Sequence[ExtendedNegotiation], accepted: set[str], policy: AcceptorPolicy
) -> Iterator[ExtendedNegotiation]:
    for offer in proposed:
        answer = policy.extended.get(offer.sop_class_uid)
        if answer is not None and offer.sop_class_uid in accepted and (information := answer(offer.information)):
            yield ExtendedNegotiation(offer.sop_class_uid, information)


def accepted_contexts(rq: AssociateRQ, ac: AssociateAC, *, is_requestor: bool) -> dict[int, AcceptedContext]:
    """The presentation contexts that both sides have agreed on; what was not proposed does not count as accepted."""
    proposed = {one.context_id: one for one in rq.presentation_contexts}
    roles = _requestor_roles(rq.user_information.role_selections, ac.user_information.role_selections)
    agreed: dict[int, AcceptedContext] = {}
    for answer in ac.presentation_contexts:
        context = proposed.get(answer.context_id)
        if answer.result != ContextResult.ACCEPTANCE or context is None:
            continue
        if answer.transfer_syntax in context.transfer_syntaxes:
            scu, scp = roles.get(context.abstract_syntax, (True, False))
            ours = (scu, scp) if is_requestor else (scp, scu)
            agreed[context.context_id] = AcceptedContext(
                context.context_id, context.abstract_syntax, answer.transfer_syntax, *ours
            )
    return agreed


def _requestor_roles(
    proposed: Sequence[RoleSelection], answered: Sequence[RoleSelection]
) -> dict[str, tuple[bool, bool]]:
    """The roles of the requestor, as SCU and as SCP, for SOP Classes where both sides speak of them."""
    wanted = {one.sop_class_uid: one for one in proposed}
    return {
        one.sop_class_uid: (one.scu and wanted[one.sop_class_uid].scu, one.scp and wanted[one.sop_class_uid].scp)
        for one in answered
        if one.sop_class_uid in wanted
    }
