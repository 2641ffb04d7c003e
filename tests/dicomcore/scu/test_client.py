import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from association_pair import Store, listening
from builders import CT_IMAGE_STORAGE, EXPLICIT_LE, IMPLICIT_LE, ct_dataset, ct_instance
from peers import dcmqrscp, pynetdicom_ae, storescp
from pydicom import Dataset as PydicomDataset
from pydicom import dcmread
from pynetdicom import evt

from dicomcore.data import Dataset, new_dataset
from dicomcore.errors import AssociationAborted, DimseFailure, NoPresentationContext, UnexpectedCall
from dicomcore.net.connection import Connection, Message
from dicomcore.net.dimse.commands import CFindRQ, CFindRSP, CStoreRQ
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
                answers = [answers.append(one) async for one in find(connection, STUDY_ROOT_FIND, study_identifier())]
            assert connection.is_open and not is_busy(connection)
    assert len(answers) == 1


async def test_closing_a_find_cancels_it_and_leaves_the_association_in_order() -> None:
    cancelled = threading.Event()

    def handle(event: Any) -> Iterator[tuple[int, PydicomDataset | None]]:
        for number in range(10_000):
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
        async with await open_association(node, services(STUDY_ROOT_FIND, ECHO_UID), "US") as connection:
            async with aclosing(find(connection, STUDY_ROOT_FIND, study_identifier())) as answers:
                await anext(answers)
                with pytest.raises(UnexpectedCall):
                    await echo(connection)


async def test_an_abort_in_the_middle_of_a_find_is_raised() -> None:
    async def serve(connection: Connection) -> None:
        message = await connection.receive()
        assert message is not None and isinstance(message.command, CFindRQ)
        await answer_find(connection, message)
        connection.abort()

    answers = []
    async with listening(serve) as (address, _):
        async with ours(address) as connection:
            with pytest.raises(AssociationAborted):
                async for one in find(connection, STUDY_ROOT_FIND, study_identifier()):
                    answers.append(one)
            assert not connection.is_open
    assert len(answers) == 1


async def test_without_a_presentation_context_nothing_is_asked() -> None:
    with pynetdicom_ae([], [ECHO_UID]) as node:
        async with await open_association(node, services(ECHO_UID, STUDY_ROOT_FIND), "US") as connection:
            with pytest.raises(NoPresentationContext):
                await anext(find(connection, STUDY_ROOT_FIND, study_identifier()))
            assert connection.is_open
