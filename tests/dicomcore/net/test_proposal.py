import pytest
from builders import CT_IMAGE_STORAGE, EXPLICIT_LE, IMPLICIT_LE

from dicomcore.net.proposal import Address, Proposal, Timeouts
from dicomcore.net.ul.items import IdentityType, RoleSelection, UserIdentity


def test_a_proposal_becomes_a_request() -> None:
    roles = (RoleSelection(CT_IMAGE_STORAGE, scu=True, scp=True),)
    identity = UserIdentity(IdentityType.USERNAME, b"somebody")
    rq = Proposal(
        "ASKS", "ANSWERS", [(CT_IMAGE_STORAGE, [EXPLICIT_LE, IMPLICIT_LE])], roles=roles, user_identity=identity
    ).to_rq()
    assert (rq.calling_ae_title, rq.called_ae_title) == ("ASKS", "ANSWERS")
    assert rq.presentation_contexts[0].transfer_syntaxes == (EXPLICIT_LE, IMPLICIT_LE)
    assert rq.user_information.role_selections == roles and rq.user_information.user_identity == identity


@pytest.mark.parametrize(("window", "negotiated"), [((1, 1), None), ((4, 1), (4, 1)), ((0, 0), (0, 0))])
def test_a_synchronous_window_need_not_be_negotiated(
    window: tuple[int, int], negotiated: tuple[int, int] | None
) -> None:
    rq = Proposal("ASKS", "ANSWERS", [(CT_IMAGE_STORAGE, [EXPLICIT_LE])], asynchronous=window).to_rq()
    assert rq.user_information.asynchronous_operations_window == negotiated


def test_we_say_that_we_receive_long_pdus() -> None:
    rq = Proposal("ASKS", "ANSWERS", [(CT_IMAGE_STORAGE, [EXPLICIT_LE])]).to_rq()
    assert rq.user_information.maximum_length == 262_144


@pytest.mark.parametrize(("host", "written"), [("pacs.test", "pacs.test:104"), ("::1", "[::1]:104")])
def test_an_address_is_written_as_people_write_it(host: str, written: str) -> None:
    assert str(Address(host, 104)) == written


def test_timeouts_are_those_that_are_published() -> None:
    assert Timeouts() == Timeouts(connect=10, association=30, artim=30, dimse=60, idle=60)
