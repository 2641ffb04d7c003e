import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from association_pair import Store, associated, proposal, stored
from builders import CT_IMAGE_STORAGE, EXPLICIT_LE, IMPLICIT_LE, ct_dataset, ct_instance, element
from peers import dcmqrscp, pynetdicom_ae, storescp
from pydicom import Dataset as PydicomDataset
from pynetdicom import evt

from dicomcore.data import Dataset, new_dataset
from dicomcore.errors import (
    AssociationAborted,
    AssociationTimeout,
    DimseFailure,
    NoPresentationContext,
    StorageUnavailable,
    UnexpectedCall,
)
from dicomcore.net.connection import Connection, Message, Timeouts
from dicomcore.net.dimse.commands import CEchoRQ, CFindRQ, CFindRSP, CStoreRQ
from dicomcore.scu.client import Originator, StoreItem, echo, find, store, store_all
from dicomcore.scu.operation import is_busy
from dicomcore.scu.pool import open_association
from dicomcore.scu.purposes import QUERY, STUDY_ROOT_FIND, Purpose, services

STORE_CT = Purpose(((CT_IMAGE_STORAGE, (EXPLICIT_LE,)),))
ECHO_UID = "1.2.840.10008.1.1"


def study_identifier(**values: str) -> Dataset:
    """An identifier at STUDY level: ``PatientID="7"`` matches, Study Instance UID is always asked for."""
    identifier = new_dataset()
    identifier.put(0x00080052, "CS", "STUDY")
    identifier.put(0x00100020, "LO", values.get("PatientID", ""))
    identifier.put(0x0020000D, "UI")
    return identifier


def found(number: int) -> PydicomDataset:
    answer = PydicomDataset()
    answer.QueryRetrieveLevel = "STUDY"
    answer.StudyInstanceUID = f"1.2.{number}"
    return answer


def ct_item(number: int = 1) -> StoreItem:
    dataset = ct_dataset(SOPInstanceUID=f"1.2.3.{number}")
    return StoreItem(CT_IMAGE_STORAGE, f"1.2.3.{number}", EXPLICIT_LE, [dataset[:100], dataset[100:]])


async def test_echo_returns_the_status_of_the_peer() -> None:
    with pynetdicom_ae([(evt.EVT_C_ECHO, lambda event: 0x0122)], [ECHO_UID]) as node:
        async with await open_association(node, services(ECHO_UID), "US") as connection:
            assert await echo(connection) == 0x0122


async def test_echo_reaches_dcmtk(tmp_path: Path) -> None:
    with storescp(tmp_path / "store") as peer:
        async with await open_association(peer.node, services(ECHO_UID), "US") as connection:
            assert await echo(connection) == 0


async def test_find_yields_what_the_archive_of_dcmtk_has(tmp_path: Path) -> None:
    files = [ct_instance(StudyInstanceUID=f"1.2.{n}", SOPInstanceUID=f"1.2.{n}.1", PatientID="7") for n in (1, 2)]
    with dcmqrscp(tmp_path / "archive", files) as peer:
        async with await open_association(peer.node, QUERY, "US") as connection:
            answers = [one async for one in find(connection, STUDY_ROOT_FIND, study_identifier(PatientID="7"))]
            nothing = [one async for one in find(connection, STUDY_ROOT_FIND, study_identifier(PatientID="8"))]
    assert sorted(one.text(0x0020000D) for one in answers) == ["1.2.1", "1.2.2"]
    assert nothing == []


async def test_find_yields_pending_responses_with_and_without_warning() -> None:
    def handle(event: Any) -> Iterator[tuple[int, PydicomDataset]]:
        yield 0xFF00, found(1)
        yield 0xFF01, found(2)

    with pynetdicom_ae([(evt.EVT_C_FIND, handle)], [STUDY_ROOT_FIND]) as node:
        async with await open_association(node, services(STUDY_ROOT_FIND), "US") as connection:
            answers = [one async for one in find(connection, STUDY_ROOT_FIND, study_identifier())]
    assert [one.text(0x0020000D) for one in answers] == ["1.2.1", "1.2.2"]


async def test_find_raises_the_failure_behind_what_was_found() -> None:
    def handle(event: Any) -> Iterator[tuple[int, PydicomDataset | None]]:
        yield 0xFF00, found(1)
        yield 0xA700, None

    answers = []
    with pynetdicom_ae([(evt.EVT_C_FIND, handle)], [STUDY_ROOT_FIND]) as node:
        async with await open_association(node, services(STUDY_ROOT_FIND), "US") as connection:
            with pytest.raises(DimseFailure, match="A700"):
                async for one in find(connection, STUDY_ROOT_FIND, study_identifier()):
                    answers.append(one.text(0x0020000D))
            assert connection.is_open and not is_busy(connection)
    assert answers == ["1.2.1"]


async def test_closing_a_find_cancels_it_and_leaves_the_association_in_order() -> None:
    cancelled = threading.Event()

    def handle(event: Any) -> Iterator[tuple[int, PydicomDataset | None]]:
        for number in range(500):
            time.sleep(0.01)  # so that its other thread comes to read
            if event.is_cancelled:
                cancelled.set()
                yield 0xFE00, None
                return
            yield 0xFF00, found(number)

    with pynetdicom_ae([(evt.EVT_C_FIND, handle)], [STUDY_ROOT_FIND, ECHO_UID]) as node:
        async with await open_association(node, services(STUDY_ROOT_FIND, ECHO_UID), "US") as connection:
            async with aclosing(find(connection, STUDY_ROOT_FIND, study_identifier())) as answers:
                assert (await anext(answers)).text(0x0020000D) == "1.2.0"
            assert cancelled.is_set()
            assert await echo(connection) == 0


async def test_a_find_that_is_not_over_keeps_others_from_its_association() -> None:
    def handle(event: Any) -> Iterator[tuple[int, PydicomDataset | None]]:
        yield 0xFF00, found(1)
        yield 0xFF00, found(2)

    with pynetdicom_ae([(evt.EVT_C_FIND, handle)], [STUDY_ROOT_FIND, ECHO_UID]) as node:
        async with (
            await open_association(node, services(STUDY_ROOT_FIND, ECHO_UID), "US") as connection,
            aclosing(find(connection, STUDY_ROOT_FIND, study_identifier())) as answers,
        ):
            await anext(answers)
            with pytest.raises(UnexpectedCall):
                await echo(connection)


async def answer_find(connection: Connection, message: Message, status: int = 0xFF00) -> None:
    """Answer a C-FIND-RQ, with a data set if more is to follow."""
    assert isinstance(message.command, CFindRQ)
    response = CFindRSP(
        message_id_being_responded_to=message.command.message_id, status=status, has_dataset=status == 0xFF00
    )
    data = [element(0x0020000D, "UI", "1.2.1", implicit=True)] if status == 0xFF00 else None
    await connection.send(message.context.context_id, response, data)


async def test_an_abort_in_the_middle_of_a_find_is_raised() -> None:
    async def serve(peer: Connection) -> None:
        message = await peer.receive()
        assert message is not None
        await answer_find(peer, message)
        peer.abort()

    answers = []
    async with associated(serve) as connection:
        with pytest.raises(AssociationAborted):
            async for one in find(connection, STUDY_ROOT_FIND, study_identifier()):
                answers.append(one)
        assert not connection.is_open
    assert len(answers) == 1


async def test_a_peer_that_does_not_answer_is_aborted() -> None:
    async def serve(peer: Connection) -> None:
        await peer.receive()
        await peer.closed()

    async with associated(serve, ours=Timeouts(dimse=0.2)) as connection:
        with pytest.raises(AssociationTimeout):
            await echo(connection)
        assert not connection.is_open and not is_busy(connection)


async def test_late_responses_to_what_was_given_up_are_passed_over() -> None:
    async def serve(peer: Connection) -> None:
        message = await peer.receive()
        assert message is not None
        late = replace(message.command, message_id=4711)
        await answer_find(peer, replace(message, command=late))
        await answer_find(peer, message)
        await answer_find(peer, message, 0)
        await peer.receive()

    async with associated(serve) as connection:
        assert len([one async for one in find(connection, STUDY_ROOT_FIND, study_identifier())]) == 1


async def test_a_request_out_of_place_ends_the_association() -> None:
    async def serve(peer: Connection) -> None:
        message = await peer.receive()
        assert message is not None
        await peer.send(message.context.context_id, CEchoRQ(message_id=1))
        await peer.closed()

    async with associated(serve) as connection:
        with pytest.raises(UnexpectedCall, match="CEchoRQ"):
            await echo(connection)
        assert not connection.is_open


async def test_without_a_presentation_context_nothing_is_asked() -> None:
    with pynetdicom_ae([], [ECHO_UID]) as node:
        async with await open_association(node, services(ECHO_UID, STUDY_ROOT_FIND), "US") as connection:
            with pytest.raises(NoPresentationContext):
                await anext(find(connection, STUDY_ROOT_FIND, study_identifier()))
            assert connection.is_open


async def test_store_is_answered_by_dcmtk_which_keeps_the_bytes(tmp_path: Path) -> None:
    with storescp(tmp_path / "store", "--bit-preserving") as peer:
        async with await open_association(peer.node, STORE_CT, "US") as connection:
            response = await store(connection, ct_item(1))
        (kept,) = peer.files
        assert kept.read_bytes().endswith(ct_dataset(SOPInstanceUID="1.2.3.1"))
    assert (response.status, response.affected_sop_instance_uid) == (0, "1.2.3.1")


async def test_store_takes_data_that_comes_by_and_by_and_names_the_originator() -> None:
    taken = []

    def handle(event: Any) -> int:
        command = event.request
        taken.append((command.MoveOriginatorApplicationEntityTitle, command.MoveOriginatorMessageID, event.dataset))
        return 0xB000

    async def by_and_by() -> AsyncIterator[bytes]:
        dataset = ct_dataset(PatientID="7")
        for start in range(0, len(dataset), 50):
            await asyncio.sleep(0)
            yield dataset[start : start + 50]

    with pynetdicom_ae([(evt.EVT_C_STORE, handle)], [(CT_IMAGE_STORAGE, EXPLICIT_LE)]) as node:
        async with await open_association(node, STORE_CT, "US") as connection:
            item = StoreItem(CT_IMAGE_STORAGE, "1.2.3.4", EXPLICIT_LE, by_and_by())
            response = await store(connection, item, Originator("MOVER", 12))
    assert response.status == 0xB000
    ((title, message_id, dataset),) = taken
    assert (title, message_id, dataset.PatientID) == ("MOVER", 12, "7")


async def test_store_in_a_transfer_syntax_that_was_not_accepted_is_refused_here() -> None:
    async with associated(Store()) as connection:
        with pytest.raises(NoPresentationContext):
            await store(connection, StoreItem(CT_IMAGE_STORAGE, "1.2.3.4", IMPLICIT_LE, [ct_dataset(implicit=True)]))
        assert (await store(connection, ct_item())).status == 0


async def test_all_instances_are_stored_in_turn_and_come_back_with_their_responses() -> None:
    kept = Store()
    async with associated(kept) as connection:
        results = [one async for one in store_all(connection, map(ct_item, range(20)))]
    assert [item.sop_instance_uid for item, _ in results] == [f"1.2.3.{n}" for n in range(20)]
    assert all(response.affected_sop_instance_uid == item.sop_instance_uid for item, response in results)
    assert kept.received == [ct_dataset(SOPInstanceUID=f"1.2.3.{n}") for n in range(20)]


async def test_as_many_instances_are_under_way_as_the_peer_agreed_to() -> None:
    under_way: list[int] = []

    async def serve(peer: Connection) -> None:
        """Answer nothing before four requests are there, in the opposite order then."""
        waiting: list[Message] = []
        while (message := await peer.receive()) is not None:
            waiting.append(message)
            assert message.data is not None
            message.data.discard()
            if len(waiting) == 4:
                under_way.append(len(waiting))
                while waiting:
                    last = waiting.pop()
                    assert isinstance(last.command, CStoreRQ)
                    await peer.send(last.context.context_id, stored(last.command))

    async with associated(serve, asks=proposal(asynchronous=(4, 1))) as connection:
        results = [one async for one in store_all(connection, map(ct_item, range(4)))]
    assert under_way == [4]
    assert [item.sop_instance_uid for item, _ in results] == [f"1.2.3.{n}" for n in (3, 2, 1, 0)]
    assert all(response.affected_sop_instance_uid == item.sop_instance_uid for item, response in results)


async def test_what_cannot_be_sent_is_raised_behind_the_responses_under_way() -> None:
    async with associated(Store(), asks=proposal(asynchronous=(4, 1))) as connection:
        items = [ct_item(1), ct_item(2), StoreItem("1.2.3", "1.2.3.3", EXPLICIT_LE, [])]
        stored_ones = []
        with pytest.raises(NoPresentationContext):
            async for item, _ in store_all(connection, items):
                stored_ones.append(item.sop_instance_uid)
        assert connection.is_open
    assert stored_ones == ["1.2.3.1", "1.2.3.2"]


async def test_an_instance_that_breaks_off_is_never_complete_for_the_peer() -> None:
    def breaking() -> Iterator[bytes]:
        yield ct_dataset()[:100]
        raise StorageUnavailable("the disk is gone")

    kept = Store()
    async with associated(kept) as connection:
        with pytest.raises(StorageUnavailable):
            await store(connection, StoreItem(CT_IMAGE_STORAGE, "1.2.3.4", EXPLICIT_LE, breaking()))
        assert not connection.is_open
    assert kept.received == []
