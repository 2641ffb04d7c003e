from pathlib import Path

import pytest
from builders import CT_IMAGE_STORAGE, EXPLICIT_LE

from dicomcore.net.dimse.commands import CStoreRQ
from dicomcore.resources import Resource
from dicomcore.scu.arrivals import Received
from dicomcore.scu.inbox import Inbox
from dicomcore.storage import LocalSpool

STUDY = Resource("1.2.3")
INSTANCE = Resource("1.2.3", "1.2.3.1", "1.2.3.4")


async def nobody(received: Received) -> int:
    return 0


def store_request(originator: str = "", message_id: int | None = None) -> CStoreRQ:
    return CStoreRQ(
        message_id=1,
        affected_sop_class_uid=CT_IMAGE_STORAGE,
        affected_sop_instance_uid="1.2.3.4",
        move_originator_application_entity_title=originator,
        move_originator_message_id=message_id,
    )


def test_an_instance_is_for_the_move_that_it_names() -> None:
    inbox = Inbox("US")
    with inbox.expect("PEER", STUDY, nobody) as first, inbox.expect("PEER", STUDY, nobody) as second:
        assert first.message_id != second.message_id
        assert inbox.offer(store_request("US", first.message_id), "PEER") is first
        assert inbox.offer(store_request("US", second.message_id), "PEER") is second


def test_an_instance_of_somebody_elses_move_is_for_nobody() -> None:
    inbox = Inbox("US")
    with inbox.expect("PEER", STUDY, nobody) as expected:
        assert inbox.offer(store_request("OTHERS", expected.message_id), "PEER", INSTANCE) is None
        assert inbox.offer(store_request("US", expected.message_id + 1), "PEER", INSTANCE) is None


def test_nothing_is_expected_any_more_when_the_move_is_over() -> None:
    inbox = Inbox("US")
    with inbox.expect("PEER", STUDY, nobody) as expected:
        pass
    assert inbox.offer(store_request("US", expected.message_id), "PEER") is None


@pytest.mark.parametrize(
    "resource", [Resource("1.2.3"), Resource("1.2.3", "1.2.3.1"), Resource("1.2.3", "1.2.3.1", "1.2.3.4")]
)
def test_without_originator_an_instance_is_told_by_its_uids_and_its_sender(resource: Resource) -> None:
    inbox = Inbox("US")
    with inbox.expect("PEER", resource, nobody) as expected:
        assert inbox.offer(store_request(), "PEER", INSTANCE) is expected
        assert inbox.offer(store_request(), "OTHER", INSTANCE) is None


@pytest.mark.parametrize("resource", [Resource("1.2.4"), Resource("1.2.3", "1.2.3.2"), Resource("1.2.3", None, "1.2")])
def test_without_originator_an_instance_of_something_else_is_for_nobody(resource: Resource) -> None:
    inbox = Inbox("US")
    with inbox.expect("PEER", resource, nobody):
        assert inbox.offer(store_request(), "PEER", INSTANCE) is None


def test_before_its_data_set_is_read_an_instance_is_told_by_its_own_uid_alone() -> None:
    inbox = Inbox("US")
    with inbox.expect("PEER", STUDY, nobody):
        assert inbox.offer(store_request(), "PEER") is None
        with inbox.expect("PEER", INSTANCE, nobody) as expected:
            assert inbox.offer(store_request(), "PEER") is expected


def test_message_ids_go_on_from_the_first_and_start_again_behind_the_largest() -> None:
    inbox = Inbox("US", 65_534)
    numbers = []
    for _ in range(4):
        with inbox.expect("PEER", STUDY, nobody) as expected:
            numbers.append(expected.message_id)
    assert numbers == [65_534, 65_535, 1, 2]


def test_a_message_id_in_use_is_passed_over() -> None:
    inbox = Inbox("US", 65_535)
    with inbox.expect("PEER", STUDY, nobody):
        inbox._numbers = iter([65_535, 65_536])  # type: ignore[assignment]  # as after 65535 others
        with inbox.expect("PEER", STUDY, nobody) as second:
            assert second.message_id == 1


async def test_what_is_delivered_goes_to_the_sink_which_answers(tmp_path: Path) -> None:
    taken = []

    async def take(received: Received) -> int:
        taken.append(received)
        return 0xB000

    inbox = Inbox("US")
    spool = LocalSpool(tmp_path / "spool", memory_limit=1000, size_limit=1000)
    received = Received(spool, CT_IMAGE_STORAGE, "1.2.3.4", EXPLICIT_LE, "PEER")
    with inbox.expect("PEER", STUDY, take) as expected:
        assert await expected.deliver(received) == 0xB000
    assert taken == [received]
    spool.close()
