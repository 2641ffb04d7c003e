import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from builders import CT_IMAGE_STORAGE, ct_instance
from peers import pynetdicom_ae
from pynetdicom import AE, build_role, evt
from running_provider import (
    AE_TITLE,
    EXPLICIT,
    KnownNodes,
    Served,
    answer,
    ask,
    associated,
    dataset,
    put,
    send,
    serving,
)

from dicomcore.archive import Archive
from dicomcore.data import Dataset
from dicomcore.errors import InvalidUid, MissingAttribute, StorageUnavailable
from dicomcore.net.connection import Connection
from dicomcore.net.dimse.commands import CEchoRQ, NActionRQ, NActionRSP, NEventReportRQ, NEventReportRSP
from dicomcore.net.listener import Listener as Listening
from dicomcore.net.ul.negotiation import AcceptorPolicy
from dicomcore.nodes import Node
from dicomcore.query import Query
from dicomcore.scp.commitment import STORAGE_COMMITMENT_INSTANCE, Commitments, Reference, make_report, read_request
from dicomcore.scu.pool import Pool
from dicomcore.source import Answer

COMMITMENT = "1.2.840.10008.1.20.1"
CT = CT_IMAGE_STORAGE
MR = "1.2.840.10008.5.1.4.1.1.4"


@pytest.fixture
async def served(archive: Archive) -> AsyncIterator[Served]:
    await put(archive, ct_instance())
    async with serving(archive) as opened:
        yield opened


def references(*pairs: tuple[str, str]) -> Dataset:
    items = [{"ReferencedSOPClassUID": one, "ReferencedSOPInstanceUID": other} for one, other in pairs]
    return dataset(TransactionUID="1.2.99", ReferencedSOPSequence=items)


def action(instance: str = STORAGE_COMMITMENT_INSTANCE, action_type: int = 1, message_id: int = 1) -> NActionRQ:
    return NActionRQ(
        message_id=message_id,
        requested_sop_class_uid=COMMITMENT,
        requested_sop_instance_uid=instance,
        action_type_id=action_type,
        has_dataset=True,
    )


def pairs(information: Dataset, sequence: int) -> list[tuple[str, str, int | None]]:
    return [
        (item.text(0x00081150), item.text(0x00081155), item.integer(0x00081197)) for item in information.items(sequence)
    ]


async def report(served: Served, wanted: Dataset) -> tuple[NEventReportRQ, Dataset]:
    """Ask for commitment and wait for the event on the same association."""
    async with associated(served, COMMITMENT) as connection:
        ((response, _),) = await ask(connection, action(), wanted)
        assert response == NActionRSP(
            message_id_being_responded_to=1,
            status=0x0000,
            affected_sop_class_uid=COMMITMENT,
            affected_sop_instance_uid=STORAGE_COMMITMENT_INSTANCE,
            action_type_id=1,
        )
        event, information = await answer(connection)
        assert information is not None
        await connection.send(
            1, NEventReportRSP(message_id_being_responded_to=event.message_id, status=0, event_type_id=1)
        )
        return event, information


async def test_what_is_stored_is_committed(served: Served) -> None:
    event, information = await report(served, references((CT, "1.2.3.4")))
    assert (event.event_type_id, event.affected_sop_instance_uid) == (1, STORAGE_COMMITMENT_INSTANCE)
    assert (information.text(0x00081195), information.text(0x00080054)) == ("1.2.99", AE_TITLE)
    assert pairs(information, 0x00081199) == [(CT, "1.2.3.4", None)]
    assert 0x00081198 not in information


async def test_what_is_not_here_or_something_else_is_not_committed(served: Served) -> None:
    event, information = await report(served, references((CT, "1.2.3.4"), (MR, "1.2.3.4"), (CT, "1.2.3.5")))
    assert event.event_type_id == 2
    assert pairs(information, 0x00081199) == [(CT, "1.2.3.4", None)]
    assert pairs(information, 0x00081198) == [(MR, "1.2.3.4", 0x0119), (CT, "1.2.3.5", 0x0112)]


async def test_other_instances_and_actions_are_refused(served: Served) -> None:
    async with associated(served, COMMITMENT) as connection:
        wanted = references((CT, "1.2.3.4"))
        assert (await ask(connection, action(instance="1.2.3"), wanted))[0][0].status == 0x0112
        assert (await ask(connection, action(action_type=2), wanted))[0][0].status == 0x0123


@pytest.mark.parametrize(
    "wanted",
    [
        references(),
        dataset(ReferencedSOPSequence=[{"ReferencedSOPClassUID": CT, "ReferencedSOPInstanceUID": "1.2"}]),
        references((CT, "")),
    ],
)
async def test_a_request_that_lacks_something_is_refused(served: Served, wanted: Dataset) -> None:
    async with associated(served, COMMITMENT) as connection:
        ((response, _),) = await ask(connection, action(), wanted)
        assert response.status & 0xFF00 == 0x0100


def test_requests_name_their_transaction_and_instances() -> None:
    assert read_request(references((CT, "1.2.3"))) == ("1.2.99", [Reference(CT, "1.2.3")])
    with pytest.raises(MissingAttribute):
        read_request(dataset(TransactionUID="1.2.99"))
    with pytest.raises(InvalidUid):
        read_request(references((CT, "no uid")))


class Listener:
    """Takes event reports."""

    def __init__(self, *statuses: int) -> None:
        self.events: list[Any] = []
        self.arrived = threading.Event()
        self._statuses = list(statuses)

    def take(self, event: evt.Event) -> tuple[int, None]:
        self.events.append((event.event_type, str(event.event_information.TransactionUID)))
        self.arrived.set()
        return (self._statuses.pop(0) if self._statuses else 0x0000), None


async def ask_and_leave(served: Served) -> None:
    """Ask for commitment and end the association before it can be reported."""
    async with associated(served, COMMITMENT, calling="PEER") as connection:
        await send(connection, action(), references((CT, "1.2.3.4")))
        await connection.receive()
        connection.abort()


@pytest.mark.parametrize("status", [0x0000, 0x0110])
async def test_who_has_gone_is_told_on_a_new_association(archive: Archive, status: int) -> None:
    await put(archive, ct_instance())
    listener = Listener(status)
    with pynetdicom_ae([(evt.EVT_N_EVENT_REPORT, listener.take)], [COMMITMENT], storage_roles=True) as node:
        async with serving(archive, node) as served:
            await ask_and_leave(served)
            assert await asyncio.to_thread(listener.arrived.wait, 10)
            await asyncio.sleep(0.1)
    assert listener.events == [(1, "1.2.99")]


async def test_a_report_is_tried_again(archive: Archive) -> None:
    await put(archive, ct_instance())
    listener = Listener()
    pool = Pool(AE_TITLE)
    nodes = KnownNodes(Node("PEER", "127.0.0.1", 9, connect_timeout=1))
    commitments = Commitments(nodes, pool, pauses=(0.05,) * 100)
    async with serving(archive, commitments=commitments) as served:
        await ask_and_leave(served)
        await asyncio.sleep(0.2)
        with pynetdicom_ae([(evt.EVT_N_EVENT_REPORT, listener.take)], [COMMITMENT], storage_roles=True) as node:
            nodes.nodes["PEER"] = node
            assert await asyncio.to_thread(listener.arrived.wait, 10)
            await commitments.close()
            await pool.close()
    assert listener.events == [(1, "1.2.99")]


@pytest.mark.parametrize("node", [None, Node("PEER", "127.0.0.1", 9, connect_timeout=1)])
async def test_a_report_that_reaches_nobody_is_given_up(
    archive: Archive, node: Node | None, caplog: pytest.LogCaptureFixture
) -> None:
    pool = Pool(AE_TITLE)
    commitments = Commitments(KnownNodes(*([node] if node else [])), pool, pauses=(0.01,))
    async with serving(archive, commitments=commitments) as served:
        with caplog.at_level("INFO", "dicomcore.scp.commitment"):
            await ask_and_leave(served)
            while commitments.count:
                await asyncio.sleep(0.01)
    await pool.close()
    assert len([one for one in caplog.records if "was not reported" in one.getMessage()]) == (2 if node else 1)


async def test_a_peer_without_the_service_is_not_told(archive: Archive) -> None:
    pool = Pool(AE_TITLE)
    with pynetdicom_ae([], ["1.2.840.10008.1.1"]) as node:
        commitments = Commitments(KnownNodes(node), pool, pauses=())
        async with serving(archive, commitments=commitments) as served:
            await ask_and_leave(served)
            async with asyncio.timeout(20):
                while commitments.count:
                    await asyncio.sleep(0.01)
    await pool.close()
    assert commitments.count == 0


async def test_whoever_asks_something_back_is_told_nothing(archive: Archive) -> None:
    await put(archive, ct_instance())
    events: list[int] = []

    async def serve(connection: Connection) -> None:
        await connection.send(1, CEchoRQ(message_id=1))
        message = await connection.receive()
        assert message is not None
        assert isinstance(message.command, NEventReportRQ)
        events.append(message.command.event_type_id)
        report_taken = NEventReportRSP(message_id_being_responded_to=message.command.message_id, status=0)
        await connection.send(message.context.context_id, report_taken)
        await connection.receive()

    policy = AcceptorPolicy(abstract_syntaxes={COMMITMENT: (EXPLICIT,)}, scu_roles=frozenset((COMMITMENT,)))
    listener = Listening(serve, policy)
    node = Node("PEER", "127.0.0.1", await listener.start("127.0.0.1", 0))
    pool = Pool(AE_TITLE)
    commitments = Commitments(KnownNodes(node), pool)
    async with serving(archive, commitments=commitments) as served:
        await ask_and_leave(served)
        while commitments.count:
            await asyncio.sleep(0.01)
    await pool.close()
    await listener.stop(1)
    assert events == [1]


async def test_what_waits_to_be_reported_is_given_up_at_the_end(archive: Archive) -> None:
    pool = Pool(AE_TITLE)
    commitments = Commitments(KnownNodes(Node("PEER", "127.0.0.1", 9)), pool, pauses=(1000.0,))
    async with serving(archive, commitments=commitments) as served:
        await ask_and_leave(served)
        await asyncio.sleep(0.1)
        assert commitments.count == 1
    assert commitments.count == 0
    await pool.close()


class Slow:
    """A source that has to be asked more than once."""

    def __init__(self, archive: Archive, failures: int, error: Exception) -> None:
        self._archive = archive
        self._failures = failures
        self._error = error

    async def search(self, query: Query) -> Answer:
        self._failures -= 1
        if self._failures >= 0:
            raise self._error
        return await self._archive.search(query)


@pytest.mark.parametrize(("failures", "pauses"), [(1, (0.01, 0.01)), (1, (0.01,))])
async def test_a_storage_that_does_not_answer_is_asked_again(
    archive: Archive, failures: int, pauses: tuple[float, ...]
) -> None:
    await put(archive, ct_instance())
    slow = Slow(archive, failures, StorageUnavailable("wait"))
    pool = Pool(AE_TITLE)
    commitments = Commitments(KnownNodes(), pool, pauses)
    async with serving(slow, commitments=commitments) as served:  # type: ignore[arg-type]
        event, _ = await report(served, references((CT, "1.2.3.4")))
    assert event.event_type_id == 1


async def test_an_unexpected_error_is_logged(archive: Archive, caplog: pytest.LogCaptureFixture) -> None:
    pool = Pool(AE_TITLE)
    commitments = Commitments(KnownNodes(), pool)
    slow = Slow(archive, 9, ZeroDivisionError())
    async with serving(slow, commitments=commitments) as served:  # type: ignore[arg-type]
        async with associated(served, COMMITMENT) as connection:
            assert (await ask(connection, action(), references((CT, "1.2.3.4"))))[0][0].status == 0x0000
        while commitments.count:
            await asyncio.sleep(0.01)
    assert [one.getMessage() for one in caplog.records] == ["a storage commitment could not be reported"]


async def test_too_many_requests_are_refused(archive: Archive) -> None:
    commitments = Commitments(KnownNodes(), Pool(AE_TITLE), limit=0)
    async with serving(archive, commitments=commitments) as served, associated(served, COMMITMENT) as connection:
        assert (await ask(connection, action(), references((CT, "1.2"))))[0][0].status == 0x0213


async def test_a_transaction_that_is_under_way_is_not_begun_again(archive: Archive) -> None:
    await put(archive, ct_instance())
    slow = Slow(archive, 1, StorageUnavailable("wait"))
    commitments = Commitments(KnownNodes(), Pool(AE_TITLE), (0.3,))
    async with (
        serving(slow, commitments=commitments) as served,  # type: ignore[arg-type]
        associated(served, COMMITMENT) as connection,
    ):
        wanted = references((CT, "1.2.3.4"))
        assert (await ask(connection, action(), wanted))[0][0].status == 0x0000
        assert (await ask(connection, action(message_id=2), wanted))[0][0].status == 0x0000
        reports = []
        for _ in range(2):
            event, information = await answer(connection)
            assert information is not None
            taken = NEventReportRSP(message_id_being_responded_to=event.message_id, status=0)
            await connection.send(1, taken)
            reports.append((event.event_type_id, pairs(information, 0x00081198)))
    assert reports == [(2, [(CT, "1.2.3.4", 0x0131)]), (1, [])]


def test_a_report_of_failures_alone_lists_nothing_as_committed() -> None:
    made = make_report("PEER", AE_TITLE, "1.2", [Reference(CT, "1.3", 0x0112)])
    assert made.event_type_id == 2
    assert 0x00081199 not in made.information


async def test_pynetdicom_asks_and_is_told(served: Served) -> None:
    assert await asyncio.to_thread(pynetdicom_commit, served.port) == (0x0000, [(1, "1.2.99")])


def pynetdicom_commit(port: int) -> tuple[int, list[Any]]:
    from pydicom import Dataset as PydicomDataset

    listener = Listener()
    ae = AE("PYNETDICOM")
    ae.add_requested_context(COMMITMENT)
    association = ae.associate(
        "127.0.0.1",
        port,
        ae_title=AE_TITLE,
        ext_neg=[build_role(COMMITMENT, scu_role=True)],
        evt_handlers=[(evt.EVT_N_EVENT_REPORT, listener.take)],
    )
    wanted, item = PydicomDataset(), PydicomDataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = CT, "1.2.3.4"
    wanted.TransactionUID, wanted.ReferencedSOPSequence = "1.2.99", [item]
    try:
        status, _ = association.send_n_action(wanted, 1, COMMITMENT, STORAGE_COMMITMENT_INSTANCE)
        listener.arrived.wait(60)
        return int(status.Status), listener.events
    finally:
        association.release()
