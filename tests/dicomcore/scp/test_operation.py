import pytest
from running_provider import ask, associated, dataset, serving

from dicomcore.archive import Archive
from dicomcore.net.dimse.commands import COMMANDS, CFindRQ, NActionRQ, Request
from dicomcore.scp.operation import SERVICES, comment

STUDY_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
COMMITMENT = "1.2.840.10008.1.20.1"


def test_every_request_belongs_to_a_service() -> None:
    assert {command for command in COMMANDS.values() if issubclass(command, Request)} == set(SERVICES)


def test_every_request_has_a_response() -> None:
    assert all(command.field | 0x8000 in COMMANDS for command in SERVICES)


@pytest.mark.parametrize(
    ("sentence", "short"), [("too long", "too long"), ("a" * 100, "a" * 64), ("Größe", "Gr??e"), ("", "")]
)
def test_an_error_comment_is_short_and_in_the_default_repertoire(sentence: str, short: str) -> None:
    assert comment(sentence) == short


async def test_a_refusal_says_what_is_wrong_and_with_which_attribute(archive: Archive) -> None:
    async with serving(archive) as served, associated(served, STUDY_FIND) as connection:
        request = CFindRQ(message_id=9, affected_sop_class_uid=STUDY_FIND)
        ((response, _),) = await ask(connection, request, dataset(StudyInstanceUID=""))
    assert (response.message_id_being_responded_to, response.status) == (9, 0xA900)
    assert response.offending_element == (0x00080052,)
    assert response.error_comment.startswith("Query/Retrieve Level")


async def test_a_refusal_names_the_class_that_was_requested(archive: Archive) -> None:
    async with serving(archive) as served, associated(served, COMMITMENT) as connection:
        request = NActionRQ(
            message_id=1, requested_sop_class_uid=COMMITMENT, requested_sop_instance_uid="1.2", action_type_id=1
        )
        ((response, _),) = await ask(connection, request)
    assert (response.status, response.affected_sop_class_uid) == (0x0212, COMMITMENT)
