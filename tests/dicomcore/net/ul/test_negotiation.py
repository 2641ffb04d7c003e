from dataclasses import replace

import pytest

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
from dicomcore.net.ul.negotiation import (
    AcceptedContext,
    AcceptorPolicy,
    accepted_contexts,
    negotiate,
    propose,
)
from dicomcore.net.ul.pdu import (
    APPLICATION_CONTEXT_NOT_SUPPORTED,
    CALLED_AE_TITLE_NOT_RECOGNIZED,
    CALLING_AE_TITLE_NOT_RECOGNIZED,
    NO_REASON,
    AssociateAC,
    AssociateRJ,
    AssociateRQ,
)

VERIFICATION = "1.2.840.10008.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
FUTURE_STORAGE = "1.2.840.10008.5.1.4.1.1.999.1"
WORKLIST = "1.2.840.10008.5.1.4.31"
PRIVATE = "1.3.6.1.4.1.5962.301.9"
STORAGE_SERVICE = "1.2.840.10008.4.2"
IMPLICIT, EXPLICIT, JPEG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.50"

POLICY = AcceptorPolicy(
    ae_titles=("ISOCENTER", "ARCHIVE"),
    abstract_syntaxes={VERIFICATION: (IMPLICIT,), CT: (EXPLICIT, JPEG)},
    maximum_length=65_536,
)
OPEN_POLICY = replace(POLICY, accepts_unknown_storage=True, unknown_transfer_syntaxes=(EXPLICIT, IMPLICIT))


def request(*contexts: tuple[str, list[str]], **information: object) -> AssociateRQ:
    """A request to the archive with these contexts and this user information."""
    return AssociateRQ("ARCHIVE", "MODALITY", propose(contexts), UserInformation(**information))  # type: ignore[arg-type]


def accepted(rq: AssociateRQ, policy: AcceptorPolicy = POLICY) -> AssociateAC:
    answer = negotiate(rq, policy)
    assert isinstance(answer, AssociateAC)
    return answer


def result_of(abstract_syntax: str, transfer_syntaxes: list[str], policy: AcceptorPolicy = POLICY) -> tuple[int, str]:
    [context] = accepted(request((abstract_syntax, transfer_syntaxes)), policy).presentation_contexts
    return context.result, context.transfer_syntax


def test_proposals_have_odd_numbers() -> None:
    assert propose([(VERIFICATION, [IMPLICIT]), (CT, [EXPLICIT, JPEG])]) == (
        PresentationContextRQ(1, VERIFICATION, (IMPLICIT,)),
        PresentationContextRQ(3, CT, (EXPLICIT, JPEG)),
    )


def test_an_association_has_room_for_128_proposals() -> None:
    assert propose([(CT, [EXPLICIT])] * 128)[-1].context_id == 255
    with pytest.raises(LimitExceeded, match="128"):
        propose([(CT, [EXPLICIT])] * 129)


def test_an_acceptance_repeats_the_titles_and_says_what_we_receive() -> None:
    answer = accepted(request((VERIFICATION, [IMPLICIT])))
    assert (answer.called_ae_title, answer.calling_ae_title) == ("ARCHIVE", "MODALITY")
    assert answer.user_information == UserInformation(maximum_length=65_536)
    assert answer.presentation_contexts == (PresentationContextAC(1, 0, IMPLICIT),)


@pytest.mark.parametrize(
    ("change", "rejection"),
    [
        ({"application_context": "1.2.3"}, APPLICATION_CONTEXT_NOT_SUPPORTED),
        ({"application_context": ""}, APPLICATION_CONTEXT_NOT_SUPPORTED),
        ({"called_ae_title": "OTHER"}, CALLED_AE_TITLE_NOT_RECOGNIZED),
        ({"called_ae_title": "archive"}, CALLED_AE_TITLE_NOT_RECOGNIZED),
        ({"calling_ae_title": "STRANGER"}, CALLING_AE_TITLE_NOT_RECOGNIZED),
        ({"called_ae_title": "OTHER", "calling_ae_title": "STRANGER"}, CALLED_AE_TITLE_NOT_RECOGNIZED),
    ],
)
def test_a_request_that_is_not_for_us_is_rejected(change: dict[str, str], rejection: AssociateRJ) -> None:
    policy = replace(POLICY, calling_ae_titles=("MODALITY",))
    assert negotiate(replace(request((VERIFICATION, [IMPLICIT])), **change), policy) == rejection  # type: ignore[arg-type]


def test_no_titles_stand_for_any_title_but_not_for_none() -> None:
    policy = replace(POLICY, ae_titles=())
    rq = request((VERIFICATION, [IMPLICIT]))
    assert isinstance(negotiate(replace(rq, called_ae_title="WHATEVER"), policy), AssociateAC)
    assert negotiate(replace(rq, called_ae_title=""), policy) == CALLED_AE_TITLE_NOT_RECOGNIZED
    assert negotiate(replace(rq, calling_ae_title=""), policy) == CALLING_AE_TITLE_NOT_RECOGNIZED


def test_the_preferred_transfer_syntax_of_those_proposed_is_accepted() -> None:
    assert result_of(CT, [JPEG, IMPLICIT, EXPLICIT]) == (ContextResult.ACCEPTANCE, EXPLICIT)
    assert result_of(CT, [IMPLICIT, JPEG]) == (ContextResult.ACCEPTANCE, JPEG)


def test_a_context_is_refused_for_its_abstract_syntax_or_for_its_transfer_syntaxes() -> None:
    assert result_of(WORKLIST, [IMPLICIT])[0] == ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED
    assert result_of(CT, [IMPLICIT])[0] == ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED


def test_every_proposal_has_its_answer() -> None:
    answer = accepted(request((WORKLIST, [IMPLICIT]), (CT, [EXPLICIT]), (CT, [JPEG]), (CT, [IMPLICIT])))
    assert [(one.context_id, int(one.result)) for one in answer.presentation_contexts] == [
        (1, 3),
        (3, 0),
        (5, 0),
        (7, 4),
    ]


def test_an_association_without_any_context_is_accepted() -> None:
    assert accepted(request()).presentation_contexts == ()


def test_unknown_storage_is_accepted_only_by_setting() -> None:
    assert result_of(PRIVATE, [IMPLICIT])[0] == ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED
    assert result_of(PRIVATE, [IMPLICIT, EXPLICIT], OPEN_POLICY) == (ContextResult.ACCEPTANCE, EXPLICIT)
    assert result_of(FUTURE_STORAGE, [IMPLICIT], OPEN_POLICY) == (ContextResult.ACCEPTANCE, IMPLICIT)
    assert result_of(WORKLIST, [IMPLICIT], OPEN_POLICY)[0] == ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED


def declared(sop_class_uid: str, service_class_uid: str, *related: str) -> AssociateRQ:
    """A request that says what service class a SOP Class belongs to."""
    common = CommonExtendedNegotiation(sop_class_uid, service_class_uid, related)
    return request((sop_class_uid, [EXPLICIT]), common_extended_negotiations=(common,))


def test_a_declared_service_class_decides_whether_it_is_storage() -> None:
    storage = accepted(declared(PRIVATE, STORAGE_SERVICE), OPEN_POLICY)
    other = accepted(declared(PRIVATE, "1.2.840.10008.4.9"), OPEN_POLICY)
    assert [answer.presentation_contexts[0].result for answer in (storage, other)] == [0, 3]


def test_a_specialized_class_is_accepted_like_its_general_one() -> None:
    assert accepted(declared(PRIVATE, STORAGE_SERVICE, CT)).presentation_contexts[0].result == ContextResult.ACCEPTANCE
    assert accepted(declared(PRIVATE, STORAGE_SERVICE, WORKLIST)).presentation_contexts[0].result == 3


@pytest.mark.parametrize(
    ("proposed", "ours", "answer"),
    [
        (None, (8, 8), None),
        ((1, 1), (8, 8), (1, 1)),
        ((16, 4), (8, 8), (8, 4)),
        ((0, 0), (8, 1), (8, 1)),
        ((5, 0), (0, 0), (5, 0)),
    ],
)
def test_the_smaller_operations_window_counts_and_zero_is_no_limit(
    proposed: tuple[int, int] | None, ours: tuple[int, int], answer: tuple[int, int] | None
) -> None:
    rq = request((CT, [EXPLICIT]), asynchronous_operations_window=proposed)
    policy = replace(POLICY, asynchronous_operations=ours)
    assert accepted(rq, policy).user_information.asynchronous_operations_window == answer


def test_the_requestor_may_be_scp_where_we_are_ready_to_be_scu() -> None:
    roles = (
        RoleSelection(CT, False, True),
        RoleSelection(VERIFICATION, True, True),
        RoleSelection(WORKLIST, True, True),
    )
    rq = request((CT, [EXPLICIT]), (VERIFICATION, [IMPLICIT]), (WORKLIST, [IMPLICIT]), role_selections=roles)
    answer = accepted(rq, replace(POLICY, scu_roles=frozenset({CT}))).user_information.role_selections
    assert answer == (RoleSelection(CT, False, True), RoleSelection(VERIFICATION, True, False))


def test_the_requestor_may_be_scp_of_unknown_storage_that_was_accepted() -> None:
    rq = request((PRIVATE, [EXPLICIT]), role_selections=(RoleSelection(PRIVATE, True, True),))
    assert accepted(rq, OPEN_POLICY).user_information.role_selections == (RoleSelection(PRIVATE, True, True),)


def test_application_information_is_answered_for_accepted_classes_that_have_an_answer() -> None:
    offers = tuple(ExtendedNegotiation(uid, b"\x01\x01") for uid in (CT, VERIFICATION, WORKLIST, PRIVATE))
    rq = request((CT, [EXPLICIT]), (VERIFICATION, [IMPLICIT]), (WORKLIST, [IMPLICIT]), extended_negotiations=offers)
    policy = replace(POLICY, extended={CT: lambda offer: offer[:1], VERIFICATION: lambda _: b"", WORKLIST: bytes})
    assert accepted(rq, policy).user_information.extended_negotiations == (ExtendedNegotiation(CT, b"\x01"),)


def known_user(identity: UserIdentity) -> bytes | None:
    """Know one user."""
    return b"welcome" if identity.primary == b"ann" else None


@pytest.mark.parametrize(("is_asked", "response"), [(True, b"welcome"), (False, None)])
def test_an_identity_is_answered_if_it_asks_for_it(is_asked: bool, response: bytes | None) -> None:
    rq = request((CT, [EXPLICIT]), user_identity=UserIdentity(1, b"ann", positive_response_requested=is_asked))
    answer = accepted(rq, replace(POLICY, check_identity=known_user))
    assert answer.user_information.user_identity_response == response


def test_an_identity_that_is_not_accepted_is_no_reason_to_say_why() -> None:
    rq = request((CT, [EXPLICIT]), user_identity=UserIdentity(1, b"eve", positive_response_requested=True))
    assert negotiate(rq, replace(POLICY, check_identity=known_user)) == NO_REASON


def test_an_identity_is_not_looked_at_without_a_check() -> None:
    rq = request((CT, [EXPLICIT]), user_identity=UserIdentity(1, b"eve", positive_response_requested=True))
    assert accepted(rq).user_information.user_identity_response is None


def test_nobody_is_checked_who_does_not_say_who_it_is() -> None:
    answer = accepted(request((CT, [EXPLICIT])), replace(POLICY, check_identity=known_user))
    assert answer.user_information.user_identity_response is None


def agreed(
    answers: list[PresentationContextAC], *, is_requestor: bool, roles: tuple[list[RoleSelection], list[RoleSelection]]
) -> dict[int, AcceptedContext]:
    proposed, answered = (UserInformation(role_selections=tuple(one)) for one in roles)
    rq = AssociateRQ("ARCHIVE", "MODALITY", propose([(CT, [EXPLICIT, JPEG]), (VERIFICATION, [IMPLICIT])]), proposed)
    ac = AssociateAC("ARCHIVE", "MODALITY", tuple(answers), answered)
    return accepted_contexts(rq, ac, is_requestor=is_requestor)


def test_only_what_was_proposed_and_accepted_is_agreed_on() -> None:
    answers = [
        PresentationContextAC(1, 0, JPEG),
        PresentationContextAC(3, 3, IMPLICIT),
        PresentationContextAC(5, 0, JPEG),
    ]
    assert agreed(answers, is_requestor=True, roles=([], [])) == {1: AcceptedContext(1, CT, JPEG, True, False)}


def test_a_transfer_syntax_that_was_not_proposed_is_not_agreed_on() -> None:
    assert agreed([PresentationContextAC(1, 0, IMPLICIT)], is_requestor=True, roles=([], [])) == {}


BOTH, SCP = RoleSelection(CT, True, True), RoleSelection(CT, False, True)


@pytest.mark.parametrize(
    ("proposed", "answered", "roles_of_requestor"),
    [
        ([], [], (True, False)),
        ([BOTH], [], (True, False)),
        ([], [BOTH], (True, False)),
        ([BOTH], [BOTH], (True, True)),
        ([SCP], [BOTH], (False, True)),
        ([BOTH], [SCP], (False, True)),
        ([SCP], [RoleSelection(CT, True, False)], (False, False)),
    ],
)
def test_roles_are_those_that_both_sides_want(
    proposed: list[RoleSelection], answered: list[RoleSelection], roles_of_requestor: tuple[bool, bool]
) -> None:
    answers, roles = [PresentationContextAC(1, 0, JPEG)], (proposed, answered)
    ours = agreed(answers, is_requestor=True, roles=roles)[1]
    theirs = agreed(answers, is_requestor=False, roles=roles)[1]
    assert (ours.we_are_scu, ours.we_are_scp) == roles_of_requestor
    assert (theirs.we_are_scp, theirs.we_are_scu) == roles_of_requestor
