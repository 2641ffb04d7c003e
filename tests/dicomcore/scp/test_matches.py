import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from builders import CT_IMAGE_STORAGE, ct_instance
from running_provider import Served, answer, associated, dataset, put, received, send, serving

from dicomcore.archive import Archive
from dicomcore.errors import DimseFailure
from dicomcore.instance import Instance
from dicomcore.net.connection import Connection
from dicomcore.net.dimse.commands import CCancelRQ, CGetRQ, CMoveRQ, CStoreRQ, CStoreRSP
from dicomcore.net.ul.items import RoleSelection
from dicomcore.nodes import Node
from dicomcore.resources import Resource

CT = CT_IMAGE_STORAGE
STUDY_GET, STUDY_MOVE = "1.2.840.10008.5.1.4.1.2.2.3", "1.2.840.10008.5.1.4.1.2.2.2"
STUDY = dataset(QueryRetrieveLevel="STUDY", StudyInstanceUID="1.2.3")
UIDS = ["1.2.3.1", "1.2.3.2"]


class Fetching:
    """A source that gives one instance after the other, when it is told to, and fails behind the last one."""

    def __init__(self, archive: Archive, problem: Exception | None = None) -> None:
        self.spool = archive.spool
        self.given = 0
        self.may_go_on = asyncio.Semaphore(0)
        self._archive = archive
        self._problem = problem

    async def retrieve(self, resource: Resource) -> AsyncIterator[Instance]:
        async for instance in self._archive.retrieve(resource):
            await self.may_go_on.acquire()
            self.given += 1
            yield instance
        if self._problem is not None:
            raise self._problem


@pytest.fixture
async def filled(archive: Archive) -> Archive:
    for number, uid in enumerate(UIDS):
        await put(archive, ct_instance(SOPInstanceUID=uid, InstanceNumber=str(number)))
    return archive


def getting(served: Served) -> Any:
    return associated(served, STUDY_GET, CT, roles=(RoleSelection(CT, scu=True, scp=True),))


async def finish(connection: Connection) -> tuple[list[str], Any]:
    """Take instances until the final response: their UIDs, and that."""
    uids = []
    while (message := await connection.receive()) is not None:
        await received(message)
        if isinstance(message.command, CStoreRQ):
            uids.append(message.command.affected_sop_instance_uid)
            response = CStoreRSP(message_id_being_responded_to=message.command.message_id, status=0)
            await connection.send(message.context.context_id, response)
        elif message.command.status != 0xFF00:  # type: ignore[union-attr]
            return uids, message.command
    raise AssertionError("there is no final response")


async def test_who_waits_for_a_slow_source_is_told_that_it_goes_on(filled: Archive) -> None:
    source = Fetching(filled)
    async with serving(source, reassurance_seconds=0.05) as served, getting(served) as connection:  # type: ignore[arg-type]
        await send(connection, CGetRQ(message_id=1, affected_sop_class_uid=STUDY_GET), STUDY)
        first, _ = await answer(connection)
        assert (first.status, first.number_of_remaining_suboperations) == (0xFF00, 0)
        source.may_go_on.release()
        while (pending := (await answer(connection))[0]).number_of_remaining_suboperations == 0:
            pass
        assert pending.number_of_remaining_suboperations == 1
        source.may_go_on.release()
        uids, last = await finish(connection)
        assert (uids, last.status, last.number_of_completed_suboperations) == (UIDS, 0x0000, 2)


@pytest.mark.parametrize("model", [STUDY_GET, STUDY_MOVE])
async def test_a_retrieve_can_be_cancelled_before_anything_is_sent(filled: Archive, model: str) -> None:
    source = Fetching(filled)
    requests: dict[str, CGetRQ | CMoveRQ] = {
        STUDY_GET: CGetRQ(message_id=1, affected_sop_class_uid=STUDY_GET),
        STUDY_MOVE: CMoveRQ(message_id=1, affected_sop_class_uid=STUDY_MOVE, move_destination="PEER"),
    }
    node = Node("PEER", "127.0.0.1", 9)
    async with (
        serving(source, node, reassurance_seconds=0.02) as served,  # type: ignore[arg-type]
        associated(served, model) as connection,
    ):
        studies = dataset(QueryRetrieveLevel="STUDY", StudyInstanceUID=["1.2.3", "1.2.4"])
        await send(connection, requests[model], studies)
        await answer(connection)
        await send(connection, CCancelRQ(message_id_being_responded_to=1))
        await asyncio.sleep(0.2)
        source.may_go_on.release()
        uids, last = await finish(connection)
        assert (uids, last.status, last.number_of_remaining_suboperations) == ([], 0xFE00, 1)
    assert source.given == 1


async def test_nothing_more_is_fetched_for_who_has_gone(filled: Archive) -> None:
    source = Fetching(filled)
    async with serving(source, reassurance_seconds=0.02) as served:  # type: ignore[arg-type]
        async with getting(served) as connection:
            await send(connection, CGetRQ(message_id=1, affected_sop_class_uid=STUDY_GET), STUDY)
            await answer(connection)
            connection.abort()
        await asyncio.sleep(0.2)
        source.may_go_on.release()
        while served.listener.associations:
            await asyncio.sleep(0.01)
    assert source.given == 1


async def test_what_a_source_could_give_is_sent_and_what_it_could_not_is_told(filled: Archive) -> None:
    source = Fetching(filled, DimseFailure(0xB000, "one is missing"))
    source.may_go_on = asyncio.Semaphore(2)
    async with serving(source) as served, getting(served) as connection:  # type: ignore[arg-type]
        await send(connection, CGetRQ(message_id=1, affected_sop_class_uid=STUDY_GET), STUDY)
        uids, last = await finish(connection)
        assert (uids, last.status, last.number_of_completed_suboperations) == (UIDS, 0xB000, 2)
        assert "one is missing" in last.error_comment


class Unreachable:
    """A source that gives nothing."""

    async def retrieve(self, resource: Resource) -> AsyncIterator[Instance]:
        raise DimseFailure(0xA702, "nothing")
        yield


async def test_a_source_that_gives_nothing_is_a_failure() -> None:
    async with serving(Unreachable()) as served, getting(served) as connection:  # type: ignore[arg-type]
        await send(connection, CGetRQ(message_id=1, affected_sop_class_uid=STUDY_GET), STUDY)
        uids, last = await finish(connection)
        assert (uids, last.status) == ([], 0xA702)
