import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from builders import CT_IMAGE_STORAGE, ct_dataset, ct_instance
from running_provider import Served, answer, ask, associated, dataset, put, send, serving, store_request

from dicomcore.archive import Archive
from dicomcore.errors import AssociationAborted, AssociationRejected
from dicomcore.net.connection import Address, Connection, connect
from dicomcore.net.dimse.commands import (
    CCancelRQ,
    CEchoRQ,
    CEchoRSP,
    CFindRQ,
    CGetRQ,
    CStoreRQ,
    CStoreRSP,
    NActionRQ,
    NCreateRQ,
    NGetRQ,
)
from dicomcore.net.listener import Listener
from dicomcore.net.proposal import Proposal
from dicomcore.net.ul.items import RoleSelection, UserInformation
from dicomcore.net.ul.pdu import AssociateRQ
from dicomcore.query import Query
from dicomcore.source import Answer, StoreOutcome
from dicomcore.storage import Spool

VERIFICATION = "1.2.840.10008.1.1"
COMMITMENT = "1.2.840.10008.1.20.1"
STUDY_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_GET = "1.2.840.10008.5.1.4.1.2.2.3"
CT = CT_IMAGE_STORAGE
STUDIES = dataset(QueryRetrieveLevel="STUDY", StudyInstanceUID="")


def response_to(request: CStoreRQ, status: int = 0x0000) -> CStoreRSP:
    return CStoreRSP(
        message_id_being_responded_to=request.message_id,
        status=status,
        affected_sop_class_uid=request.affected_sop_class_uid,
        affected_sop_instance_uid=request.affected_sop_instance_uid,
    )


@pytest.fixture
async def served(archive: Archive) -> AsyncIterator[Served]:
    async with serving(archive) as opened:
        yield opened


@pytest.mark.parametrize(
    ("context", "request_", "status"),
    [
        (VERIFICATION, CFindRQ(message_id=1, affected_sop_class_uid=STUDY_FIND), 0x0211),
        (STUDY_FIND, CEchoRQ(message_id=1), 0x0211),
        (VERIFICATION, NCreateRQ(message_id=1, affected_sop_class_uid=VERIFICATION), 0x0211),
        (
            COMMITMENT,
            NGetRQ(message_id=1, requested_sop_class_uid=COMMITMENT, requested_sop_instance_uid="1.2"),
            0x0211,
        ),
        (VERIFICATION, CEchoRQ(message_id=1, affected_sop_class_uid="1.2.3"), 0x0122),
        (STUDY_FIND, CFindRQ(message_id=1, affected_sop_class_uid=STUDY_GET), 0x0122),
        (
            COMMITMENT,
            NActionRQ(
                message_id=1,
                requested_sop_class_uid="1.2.3",
                requested_sop_instance_uid="1.2",
                action_type_id=1,
                has_dataset=True,
            ),
            0x0118,
        ),
    ],
)
async def test_what_does_not_fit_its_context_is_refused(
    served: Served, context: str, request_: CFindRQ, status: int
) -> None:
    async with associated(served, context) as connection:
        content = STUDIES if request_.has_dataset else None
        ((response, _),) = await ask(connection, request_, content)
        assert response.status == status
        assert connection.is_open


async def test_a_query_without_identifier_is_refused(served: Served) -> None:
    async with associated(served, STUDY_FIND) as connection:
        request = CFindRQ(message_id=1, affected_sop_class_uid=STUDY_FIND, has_dataset=False)
        ((response, _),) = await ask(connection, request)
        assert response.status == 0x0212


async def test_an_identifier_that_cannot_be_read_is_refused(served: Served) -> None:
    async with associated(served, STUDY_FIND) as connection:
        request = CFindRQ(message_id=1, affected_sop_class_uid=STUDY_FIND)
        ((response, _),) = await ask(connection, request, b"\x08\0\x52\0CS\xff\xffSTUDY")
        assert response.status == 0xC000


async def test_an_identifier_that_is_endless_is_refused(served: Served) -> None:
    async with associated(served, STUDY_FIND) as connection:
        request = CFindRQ(message_id=1, affected_sop_class_uid=STUDY_FIND)
        ((response, _),) = await ask(connection, request, bytes(9 << 20))
        assert response.status == 0xA700
        ((response, _), *_) = await ask(connection, request, STUDIES)
        assert response.status == 0x0000


async def test_a_cancel_that_comes_too_late_and_a_response_to_nothing_are_passed_over(served: Served) -> None:
    async with associated(served, VERIFICATION) as connection:
        await send(connection, CCancelRQ(message_id_being_responded_to=1))
        await send(connection, CEchoRSP(message_id_being_responded_to=9, status=0))
        assert (await ask(connection, CEchoRQ(message_id=1)))[0][0].status == 0x0000


class BrokenSource:
    """A source that does what nobody expects."""

    def __init__(self, archive: Archive) -> None:
        self.spool = archive.spool

    async def search(self, query: Query) -> Answer:
        raise ZeroDivisionError("Doe^Jane")

    async def store(self, spool: Spool) -> StoreOutcome:
        spool.close()
        raise ZeroDivisionError("Doe^Jane")


async def test_an_unexpected_error_is_a_failure_and_a_line_in_the_log(
    archive: Archive, caplog: pytest.LogCaptureFixture
) -> None:
    broken = BrokenSource(archive)
    async with serving(broken) as served, associated(served, STUDY_FIND, CT) as connection:  # type: ignore[arg-type]
        request = CFindRQ(message_id=1, affected_sop_class_uid=STUDY_FIND)
        with caplog.at_level(logging.ERROR):
            ((found, _),) = await ask(connection, request, STUDIES)
            ((stored, _),) = await ask(connection, store_request(CT, "1.2.3.4"), ct_dataset(), context_id=3)
        assert (found.status, found.error_comment) == (0xC000, "internal error")
        assert stored.status == 0xC000
        assert [record.getMessage() for record in caplog.records] == ["an operation could not be performed"] * 2
        assert connection.is_open


class WaitingSource:
    """A source whose stores end when they are told to."""

    def __init__(self, archive: Archive) -> None:
        self.spool = archive.spool
        self.may_end = asyncio.Event()
        self.most_at_once = 0
        self._at_once = 0

    async def store(self, spool: Spool) -> StoreOutcome:
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        await self.may_end.wait()
        self._at_once -= 1
        spool.close()
        return StoreOutcome()


async def test_as_many_instances_are_stored_at_once_as_was_agreed_on(archive: Archive) -> None:
    waiting = WaitingSource(archive)
    async with (
        serving(waiting) as served,  # type: ignore[arg-type]
        associated(served, CT, asynchronous=(3, 1)) as connection,
    ):
        for number in range(1, 7):
            await send(connection, store_request(CT, "1.2.3.4", number), ct_dataset())
        while waiting.most_at_once < 3:
            await asyncio.sleep(0.01)
        waiting.may_end.set()
        assert sorted([(await answer(connection))[0].message_id_being_responded_to for _ in range(6)]) == [*range(1, 7)]
    assert waiting.most_at_once == 3


async def test_without_a_window_one_instance_is_stored_after_the_other(archive: Archive) -> None:
    waiting = WaitingSource(archive)
    waiting.may_end.set()
    async with serving(waiting) as served, associated(served, CT) as connection:  # type: ignore[arg-type]
        for number in range(1, 5):
            await send(connection, store_request(CT, "1.2.3.4", number), ct_dataset())
        assert [(await answer(connection))[0].message_id_being_responded_to for _ in range(4)] == [1, 2, 3, 4]
    assert waiting.most_at_once == 1


async def test_a_message_id_that_is_in_use_is_a_duplicate_invocation(archive: Archive) -> None:
    waiting = WaitingSource(archive)
    async with (
        serving(waiting) as served,  # type: ignore[arg-type]
        associated(served, CT, asynchronous=(3, 1)) as connection,
    ):
        await send(connection, store_request(CT, "1.2.3.4", 7), ct_dataset())
        ((response, _),) = await ask(connection, store_request(CT, "1.2.3.4", 7), ct_dataset())
        assert response.status == 0x0210
        waiting.may_end.set()
        assert (await answer(connection))[0].status == 0x0000


async def test_what_has_arrived_is_stored_though_the_association_ends(archive: Archive) -> None:
    waiting = WaitingSource(archive)
    async with serving(waiting) as served:  # type: ignore[arg-type]
        async with associated(served, CT, asynchronous=(3, 1)) as connection:
            await send(connection, store_request(CT, "1.2.3.4"), ct_dataset())
            while not waiting.most_at_once:
                await asyncio.sleep(0.01)
            connection.abort()
        await asyncio.sleep(0.1)
        assert served.listener.associations == 1
        waiting.may_end.set()
        while served.listener.associations:
            await asyncio.sleep(0.01)


async def test_requests_that_come_during_a_retrieve_are_served(archive: Archive) -> None:
    await put(archive, ct_instance())
    role = RoleSelection(CT, scu=True, scp=True)
    async with (
        serving(archive) as served,
        associated(served, STUDY_GET, CT, VERIFICATION, STUDY_FIND, asynchronous=(4, 4), roles=(role,)) as connection,
    ):
        wanted = dataset(QueryRetrieveLevel="STUDY", StudyInstanceUID="1.2.3")
        await send(connection, CGetRQ(message_id=1, affected_sop_class_uid=STUDY_GET), wanted)
        store, _ = await answer(connection)
        assert isinstance(store, CStoreRQ)
        await send(connection, CEchoRQ(message_id=2), context_id=5)
        assert (await answer(connection))[0] == CEchoRSP(message_id_being_responded_to=2, status=0)
        await send(connection, CFindRQ(message_id=3, affected_sop_class_uid=STUDY_FIND), STUDIES, context_id=7)
        await send(connection, CEchoRQ(message_id=3), context_id=5)
        assert (await answer(connection))[0].status == 0x0210
        await connection.send(3, response_to(store))
        statuses = [
            (command.message_id_being_responded_to, command.status)
            for command, _ in [await answer(connection) for _ in range(4)]
        ]
        assert statuses == [(1, 0xFF00), (1, 0x0000), (3, 0xFF00), (3, 0x0000)]


async def test_requests_that_were_put_off_are_dropped_when_serving_ends(archive: Archive) -> None:
    await put(archive, ct_instance())
    role = RoleSelection(CT, scu=True, scp=True)
    async with serving(archive) as served:
        tasks: list[asyncio.Task[None]] = []

        async def serve(connection: Connection) -> None:
            tasks.append(asyncio.create_task(served.provider.serve(connection)))
            await asyncio.wait(tasks)

        listener = Listener(serve, served.provider.policy)
        served.port = await listener.start("127.0.0.1", 0)
        async with associated(served, STUDY_GET, CT, STUDY_FIND, asynchronous=(4, 4), roles=(role,)) as connection:
            wanted = dataset(QueryRetrieveLevel="STUDY", StudyInstanceUID="1.2.3")
            await send(connection, CGetRQ(message_id=1, affected_sop_class_uid=STUDY_GET), wanted)
            await answer(connection)
            await send(connection, CFindRQ(message_id=3, affected_sop_class_uid=STUDY_FIND), STUDIES, context_id=5)
            await asyncio.sleep(0.1)
            tasks[0].cancel()
            await asyncio.wait(tasks)
            assert tasks[0].cancelled()
            connection.abort()
        await listener.stop(1)


async def test_each_called_title_has_its_own_source(archive: Archive) -> None:
    await put(archive, ct_instance())
    empty = BrokenSource(archive)
    async with serving(empty, others={"OTHER": archive}) as served:  # type: ignore[arg-type]
        address = Address("127.0.0.1", served.port)
        contexts = [(STUDY_FIND, ("1.2.840.10008.1.2.1",))]
        async with await connect(address, Proposal("ME", "OTHER", contexts)) as connection:
            request = CFindRQ(message_id=1, affected_sop_class_uid=STUDY_FIND)
            (_, found), _ = await ask(connection, request, STUDIES)
            assert found is not None
            assert found.text(0x00080054) == "OTHER"
        with pytest.raises(AssociationRejected):
            await connect(address, Proposal("ME", "NOBODY", contexts))


async def test_an_association_that_is_aborted_ends_quietly(served: Served) -> None:
    async with associated(served, VERIFICATION) as connection:
        await ask(connection, CEchoRQ(message_id=1))
        connection.abort()
        with pytest.raises(AssociationAborted):
            await connection.receive()
    while served.listener.associations:
        await asyncio.sleep(0.01)


def test_the_policy_is_that_of_the_request(archive: Archive, served: Served) -> None:
    policy = served.provider.policy(AssociateRQ("ISOCENTER", "ME", (), UserInformation()))
    assert policy.ae_titles == ("ISOCENTER",)
