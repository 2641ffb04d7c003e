"""Our PDUs beside those of pynetdicom: what one encodes the other decodes, and encodes again byte by byte."""

import pytest
from pynetdicom import pdu as oracle
from pynetdicom.fsm import TRANSITION_TABLE

from dicomcore.net.ul.data_transfer import data_pdus
from dicomcore.net.ul.items import (
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    PresentationContextAC,
    PresentationContextRQ,
    RoleSelection,
    UserIdentity,
    UserInformation,
)
from dicomcore.net.ul.pdu import Abort, AssociateAC, AssociateRJ, AssociateRQ, Pdu, ReleaseRP, ReleaseRQ, decode_pdu
from dicomcore.net.ul.state import TRANSITIONS

CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
FULL = UserInformation(
    maximum_length=16_382,
    implementation_class_uid="1.2.826.0.1.3680043.9.3811",
    implementation_version_name="PEER_VERSION_1.0",
    asynchronous_operations_window=(5, 0),
    role_selections=(RoleSelection(CT, True, True), RoleSelection(MR, False, True)),
    extended_negotiations=(ExtendedNegotiation(CT, b"\x02\x00\x03\x00\x01\x00"),),
    common_extended_negotiations=(
        CommonExtendedNegotiation("1.2.3.4", "1.2.840.10008.4.2", (CT, MR)),
        CommonExtendedNegotiation("1.2.3.5", "1.2.840.10008.4.2"),
    ),
    user_identity=UserIdentity(2, b"ann", b"secret", True),
)
ANSWERED = UserInformation(
    maximum_length=0,
    asynchronous_operations_window=(1, 1),
    role_selections=(RoleSelection(CT, True, False),),
    extended_negotiations=(ExtendedNegotiation(CT, b"\x02"),),
    user_identity_response=b"ticket",
)
PDUS: list[tuple[Pdu, type[oracle.PDU]]] = [
    (AssociateRQ("ARCHIVE", "MODALITY", (PresentationContextRQ(1, CT, (IMPLICIT,)),)), oracle.A_ASSOCIATE_RQ),
    (
        AssociateRQ(
            "ARCHIVE_16_CHARS",
            "A",
            (PresentationContextRQ(1, CT, (IMPLICIT, EXPLICIT)), PresentationContextRQ(255, MR, (EXPLICIT,))),
            FULL,
        ),
        oracle.A_ASSOCIATE_RQ,
    ),
    (
        AssociateAC(
            "ARCHIVE",
            "MODALITY",
            (PresentationContextAC(1, 0, EXPLICIT), PresentationContextAC(3, 0, IMPLICIT)),
            ANSWERED,
        ),
        oracle.A_ASSOCIATE_AC,
    ),
    (AssociateRJ(1, 1, 7), oracle.A_ASSOCIATE_RJ),
    (AssociateRJ(2, 3, 2), oracle.A_ASSOCIATE_RJ),
    (ReleaseRQ(), oracle.A_RELEASE_RQ),
    (ReleaseRP(), oracle.A_RELEASE_RP),
    (Abort(0, 0), oracle.A_ABORT_RQ),
    (Abort(2, 6), oracle.A_ABORT_RQ),
]


@pytest.mark.parametrize(("pdu", "kind"), PDUS)
def test_what_we_encode_is_decoded_and_encoded_again(pdu: Pdu, kind: type[oracle.PDU]) -> None:
    decoded = kind()
    decoded.decode(pdu.encode())
    encoded = decoded.encode()
    assert len(encoded) == len(pdu.encode())
    assert decode_pdu(encoded[0], encoded[6:]) == pdu


def test_a_request_says_the_same_to_both() -> None:
    decoded = oracle.A_ASSOCIATE_RQ()
    decoded.decode(PDUS[1][0].encode())
    assert (decoded.called_ae_title, decoded.calling_ae_title) == ("ARCHIVE_16_CHARS", "A")
    assert [one.context_id for one in decoded.presentation_context] == [1, 255]
    assert [str(one) for one in decoded.presentation_context[0].transfer_syntax] == [IMPLICIT, EXPLICIT]
    information = decoded.user_information
    assert information.maximum_length == 16_382
    assert (information.async_ops_window.maximum_number_operations_invoked,) == (5,)
    assert {str(uid): (role.scu_role, role.scp_role) for uid, role in information.role_selection.items()} == {
        CT: (1, 1),
        MR: (0, 1),
    }
    assert information.ext_neg[0].app_info == b"\x02\x00\x03\x00\x01\x00"
    assert [str(uid) for uid in information.common_ext_neg[0].related_general_sop_class_identification] == [CT, MR]
    assert (information.user_identity.primary_field, information.user_identity.secondary_field) == (b"ann", b"secret")


def test_data_says_the_same_to_both() -> None:
    [encoded] = data_pdus(3, True, b"a command set.", True, 16_384)
    decoded = oracle.P_DATA_TF()
    decoded.decode(bytes(encoded))
    [value] = decoded.presentation_data_value_items
    assert (value.context_id, value.message_control_header_byte, value.data) == (3, "00000011", b"\x03a command set.")
    assert decoded.encode() == encoded


def test_the_state_machines_are_the_same() -> None:
    ours = {(f"Evt{event.value}", f"Sta{state.value}"): action.value for (state, event), action in TRANSITIONS.items()}
    assert ours == TRANSITION_TABLE
