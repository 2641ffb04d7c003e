import pytest

from dicomcore.data import STORAGE_SOP_CLASSES, TRANSFER_SYNTAXES
from dicomcore.net.dimse.commands import CFindRQ, CStoreRQ
from dicomcore.net.ul.items import (
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    PresentationContextRQ,
    UserInformation,
)
from dicomcore.net.ul.negotiation import AcceptorPolicy, negotiate
from dicomcore.net.ul.pdu import CALLED_AE_TITLE_NOT_RECOGNIZED, AssociateAC, AssociateRQ
from dicomcore.scp.acceptance import (
    PATIENT_ROOT_FIND,
    STORAGE_COMMITMENT,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    VERIFICATION,
    Admission,
    agreed,
    answer,
    command_of,
    policy_for,
    preferred,
)

CT = "1.2.840.10008.5.1.4.1.1.2"
PRIVATE = "1.3.6.1.4.1.9999.1"
EXPLICIT, IMPLICIT, BIG_ENDIAN = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"
JPEG, JPEG_LS = "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.80"
STORAGE_SERVICE = "1.2.840.10008.4.2"


def request(*contexts: tuple[str, tuple[str, ...]], **information: object) -> AssociateRQ:
    proposed = tuple(PresentationContextRQ(2 * place + 1, *one) for place, one in enumerate(contexts))
    return AssociateRQ("ISOCENTER", "PEER", proposed, UserInformation(**information))  # type: ignore[arg-type]


def policy(rq: AssociateRQ, **admission: object) -> AcceptorPolicy:
    return policy_for(rq, Admission(**admission), ("ISOCENTER",))  # type: ignore[arg-type]


def results(rq: AssociateRQ, **admission: object) -> list[tuple[int, str]]:
    answered = negotiate(rq, policy(rq, **admission))
    assert isinstance(answered, AssociateAC)
    return [(int(one.result), one.transfer_syntax) for one in answered.presentation_contexts]


@pytest.mark.parametrize("uid", sorted(STORAGE_SOP_CLASSES)[::20])
def test_every_storage_sop_class_is_accepted_in_every_transfer_syntax(uid: str) -> None:
    rq = request(*((uid, (syntax,)) for syntax in TRANSFER_SYNTAXES))
    assert results(rq) == [(0, syntax) for syntax in TRANSFER_SYNTAXES]


def test_storage_comes_in_explicit_vr_if_it_can() -> None:
    assert results(request((CT, (JPEG, IMPLICIT, EXPLICIT)))) == [(0, EXPLICIT)]
    assert results(request((CT, (BIG_ENDIAN, JPEG, IMPLICIT)))) == [(0, IMPLICIT)]


def test_storage_comes_in_the_compression_that_the_requestor_names_first() -> None:
    assert preferred((BIG_ENDIAN, JPEG, JPEG_LS, JPEG, IMPLICIT)) == (IMPLICIT, JPEG, JPEG_LS, BIG_ENDIAN)
    assert results(request((CT, (JPEG_LS, JPEG)))) == [(0, JPEG_LS)]


def test_each_context_of_a_class_is_answered_by_itself() -> None:
    rq = request((CT, (JPEG,)), (CT, (EXPLICIT, IMPLICIT)), (CT, (BIG_ENDIAN,)))
    assert results(rq) == [(0, JPEG), (0, EXPLICIT), (0, BIG_ENDIAN)]


def test_services_come_in_explicit_vr_if_they_can() -> None:
    assert results(request((PATIENT_ROOT_FIND, (IMPLICIT, EXPLICIT)), (VERIFICATION, (IMPLICIT,)))) == [
        (0, EXPLICIT),
        (0, IMPLICIT),
    ]


def test_what_nobody_knows_is_refused() -> None:
    assert results(request((PRIVATE, (EXPLICIT,)), (CT, ("1.2.3.4",)))) == [(3, EXPLICIT), (4, "1.2.3.4")]


def test_a_class_that_is_no_storage_is_not_taken_for_it() -> None:
    worklist = "1.2.840.10008.5.1.4.31"
    assert results(request((worklist, (EXPLICIT,))), accepts_unknown_storage=True) == [(3, EXPLICIT)]


def test_private_storage_is_accepted_by_option() -> None:
    assert results(request((PRIVATE, (JPEG,))), accepts_unknown_storage=True) == [(0, JPEG)]


def test_private_storage_is_accepted_when_the_requestor_declares_it() -> None:
    declared = CommonExtendedNegotiation(PRIVATE, STORAGE_SERVICE, (CT,))
    assert results(request((PRIVATE, (EXPLICIT,)), common_extended_negotiations=(declared,))) == [(0, EXPLICIT)]


def test_a_declaration_makes_no_storage_of_a_service() -> None:
    declared = CommonExtendedNegotiation("1.2.840.10008.5.1.4.31", STORAGE_SERVICE)
    rq = request(("1.2.840.10008.5.1.4.31", (EXPLICIT,)), common_extended_negotiations=(declared,))
    assert results(rq) == [(3, EXPLICIT)]


def test_whoever_calls_another_title_is_rejected() -> None:
    rq = AssociateRQ("OTHER", "PEER", (), UserInformation())
    assert negotiate(rq, policy(rq)) == CALLED_AE_TITLE_NOT_RECOGNIZED
    assert isinstance(negotiate(rq, policy(rq, accepts_any_called_ae_title=True)), AssociateAC)


def test_requestors_may_be_provider_of_storage_only() -> None:
    rq = request((CT, (EXPLICIT,)), (VERIFICATION, (EXPLICIT,)), (STORAGE_COMMITMENT, (EXPLICIT,)))
    assert policy(rq).scu_roles == {CT}


@pytest.mark.parametrize(
    ("uid", "offered", "answered"),
    [
        (CT, b"\0\0\0\0\0\0", b"\2\0\3\0\0\0"),
        (CT, b"\2", b"\2"),
        (PATIENT_ROOT_FIND, b"\1", b"\1"),
        (PATIENT_ROOT_FIND, b"\0\1\1", b"\0\1\1"),
        (PATIENT_ROOT_FIND, b"\1\1\1\1\1\1\1", b"\1\1\1\0\0\1\1"),
        (PATIENT_ROOT_FIND, b"\1\1\1\1\1\1\1\1\1", b"\1\1\1\0\0\1\1\0\0"),
        (STUDY_ROOT_MOVE, b"\1\1", b"\1\0"),
        (STUDY_ROOT_GET, b"\1", b"\1"),
        (VERIFICATION, b"\1", b"\0"),
    ],
)
def test_extended_negotiation_is_answered_byte_by_byte(uid: str, offered: bytes, answered: bytes) -> None:
    assert answer(uid, offered) == answered


def test_what_was_not_negotiated_was_not_agreed_on() -> None:
    information = UserInformation(extended_negotiations=(ExtendedNegotiation(PATIENT_ROOT_FIND, b"\1\0\1"),))
    assert agreed(information, PATIENT_ROOT_FIND) == b"\1\0\1"
    assert agreed(information, STUDY_ROOT_MOVE) == b""


def test_every_class_but_those_of_services_is_storage() -> None:
    assert command_of(PATIENT_ROOT_FIND) is CFindRQ
    assert command_of(PRIVATE) is CStoreRQ
