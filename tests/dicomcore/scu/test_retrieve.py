import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from association_pair import listening, settled, stored
from builders import CT_IMAGE_STORAGE, EXPLICIT_LE, IMPLICIT_LE, ct_dataset, ct_instance
from peers import dcmqrscp, pynetdicom_ae, storescp
from pydicom import Dataset as PydicomDataset
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO
from pynetdicom import evt

from dicomcore.data import Dataset, Part10, new_dataset, read_file
from dicomcore.errors import AssociationAborted, DimseFailure, StorageFull, UnexpectedCall
from dicomcore.net.connection import Connection
from dicomcore.net.dimse.commands import CEchoRQ, CGetRQ, CGetRSP, CStoreRQ, CStoreRSP
from dicomcore.net.ul.negotiation import AcceptorPolicy
from dicomcore.nodes import Node
from dicomcore.resources import Resource
from dicomcore.scu.arrivals import Received
from dicomcore.scu.client import echo
from dicomcore.scu.inbox import Inbox
from dicomcore.scu.operation import is_busy
from dicomcore.scu.pool import open_association
from dicomcore.scu.purposes import QUERY, STUDY_ROOT_GET, STUDY_ROOT_MOVE, Purpose, retrieval
from dicomcore.scu.retrieve import Progress, get, move, move_here
from dicomcore.storage import LocalSpool, Spool
from dicomcore.threads import Threads

GET_CT = retrieval(storage_sop_classes=[CT_IMAGE_STORAGE])
ECHO_UID = "1.2.840.10008.1.1"


def study(uid: str = "1.2.3") -> Dataset:
    identifier = new_dataset()
    identifier.put(0x00080052, "CS", "STUDY")
    identifier.put(0x0020000D, "UI", uid)
    return identifier


def files(number: int) -> list[bytes]:
    return [ct_instance(SOPInstanceUID=f"1.2.3.4.{n}") for n in range(number)]


class Sink:
    """Keeps instances in memory and answers for them."""

    def __init__(self, status: int = 0, failure: Exception | None = None) -> None:
        self.status = status
        self.failure = failure
        self.received: list[Received] = []
        self.instances: list[Part10] = []

    async def __call__(self, received: Received) -> int:
        if self.failure is not None:
            raise self.failure
        self.received.append(received)
        self.instances.append(read_file(bytes(received.spool.view())))
        received.spool.close()
        return self.status


@pytest.fixture
def threads() -> Iterator[Threads]:
    made = Threads(2)
    yield made
    made.close()


@pytest.fixture
def make_spool(tmp_path: Path) -> Iterator[Callable[..., Spool]]:
    """Makes spools that all have to be closed in the end."""
    made: list[LocalSpool] = []
    numbers = count()

    def make(memory_limit: int = 8 << 20, size_limit: int = 1 << 30) -> Spool:
        path = tmp_path / f"spool{next(numbers)}"
        made.append(LocalSpool(path, memory_limit=memory_limit, size_limit=size_limit))
        return made[-1]

    yield make
    assert all(spool._is_closed for spool in made)
    assert list(tmp_path.glob("spool*")) == []


async def steps_of(steps: Any) -> list[Progress]:
    async with aclosing(steps):
        return [step async for step in steps]


def get_handler(number: int, *, failing: bool = False) -> Callable[[Any], Iterator[Any]]:
    """Of a peer that has ``number`` instances, and counts one more that it cannot send if ``failing``."""

    def handle(event: Any) -> Iterator[Any]:
        yield number
        for content in files(number):
            if event.is_cancelled:
                yield 0xFE00, None
                return
            yield 0xFF00, dcmread(DicomBytesIO(content))
        if failing:
            failed = PydicomDataset()
            failed.FailedSOPInstanceUIDList = ["1.2.9.1", "1.2.9.2"]
            yield 0xA702, failed

    return handle


def peer_that_has(number: int, **settings: Any) -> Any:
    handlers = [(evt.EVT_C_GET, get_handler(number, **settings))]
    return pynetdicom_ae(handlers, [STUDY_ROOT_GET, ECHO_UID, (CT_IMAGE_STORAGE, EXPLICIT_LE)], storage_roles=True)


GIVING = AcceptorPolicy(
    abstract_syntaxes={STUDY_ROOT_GET: (IMPLICIT_LE,), CT_IMAGE_STORAGE: (EXPLICIT_LE,), ECHO_UID: (IMPLICIT_LE,)},
    scu_roles=frozenset((CT_IMAGE_STORAGE,)),
)


@asynccontextmanager
async def giving(
    statuses: list[int], *, instances: int = 1, breaks_off: bool = False, ignores_cancel: bool = False
) -> AsyncIterator[Connection]:
    """An association with a peer that sends instances and notes how they are answered; A702 at last if one fails."""

    async def serve(peer: Connection) -> None:
        while (message := await peer.receive()) is not None:
            assert isinstance(message.command, CGetRQ)
            for number in range(instances):
                if peer.poll_cancel(message.command.message_id) and not ignores_cancel:
                    break
                await give(peer, number)
                pending = CGetRSP(message_id_being_responded_to=message.command.message_id, status=0xFF00)
                await peer.send(message.context.context_id, pending)
            was_cancelled = peer.poll_cancel(message.command.message_id)
            final = 0xFE00 if was_cancelled else 0xA702 if any(statuses) else 0
            response = CGetRSP(message_id_being_responded_to=message.command.message_id, status=final)
            await peer.send(message.context.context_id, response)

    async def give(peer: Connection, number: int) -> None:
        context = peer.context_for(CT_IMAGE_STORAGE)
        assert context is not None
        request = CStoreRQ(
            message_id=peer.next_message_id(),
            affected_sop_class_uid=CT_IMAGE_STORAGE,
            affected_sop_instance_uid=f"1.2.3.4.{number}",
        )
        dataset = ct_dataset(SOPInstanceUID=f"1.2.3.4.{number}")
        await peer.send(context.context_id, request, breaking(dataset, peer) if breaks_off else [dataset])
        answer = await peer.receive()
        assert answer is not None and isinstance(answer.command, CStoreRSP)
        statuses.append(answer.command.status)

    async with (
        listening(serve, policy=GIVING) as (_, port),
        await open_association(Node("PEER", "127.0.0.1", port), GET_CT, "US") as connection,
    ):
        yield connection


def breaking(dataset: bytes, peer: Connection) -> Iterator[bytes]:
    yield dataset[:200]
    yield dataset[200:300]
    peer.abort()


async def test_get_brings_every_instance_of_the_archive_of_dcmtk(
    tmp_path: Path, threads: Threads, make_spool: Callable[..., Spool]
) -> None:
    sink = Sink()
    with dcmqrscp(tmp_path / "archive", files(5)) as peer:
        async with await open_association(peer.node, GET_CT, "US") as connection:
            steps = await steps_of(get(connection, STUDY_ROOT_GET, study(), sink, spool=make_spool, threads=threads))
    assert sorted(one.dataset.text(0x00080018) for one in sink.instances) == [f"1.2.3.4.{n}" for n in range(5)]
    assert all(one.warnings == () and one.file_meta.text(0x00020016) == "QRSCP" for one in sink.instances)
    assert all(one.transfer_syntax_uid == EXPLICIT_LE for one in sink.received)
    assert (steps[-1].status, steps[-1].completed, steps[-1].failed) == (0, 5, 0)


async def test_get_of_unknown_sop_classes_proposes_the_usual_ones(
    tmp_path: Path, threads: Threads, make_spool: Callable[..., Spool]
) -> None:
    sink = Sink()
    with dcmqrscp(tmp_path / "archive", files(2)) as peer:
        async with await open_association(peer.node, retrieval(), "US") as connection:
            await steps_of(get(connection, STUDY_ROOT_GET, study(), sink, spool=make_spool, threads=threads))
    assert len(sink.instances) == 2


async def test_get_writes_large_instances_to_the_disk(
    threads: Threads, make_spool: Callable[..., Spool], tmp_path: Path
) -> None:
    pixels = bytes(range(256)) * 8192
    sink = Sink()
    with dcmqrscp(tmp_path / "archive", [ct_instance(PixelData=pixels, Rows=1024, Columns=1024)]) as peer:
        async with await open_association(peer.node, GET_CT, "US") as connection:
            spool = partial(make_spool, memory_limit=100_000)
            await steps_of(get(connection, STUDY_ROOT_GET, study(), sink, spool=spool, threads=threads))
    assert bytes(sink.instances[0].dataset.raw(0x7FE00010)) == pixels


async def test_get_counts_as_the_peer_does(threads: Threads, make_spool: Callable[..., Spool]) -> None:
    with peer_that_has(3) as node:
        async with await open_association(node, GET_CT, "US") as connection:
            steps = await steps_of(get(connection, STUDY_ROOT_GET, study(), Sink(), spool=make_spool, threads=threads))
    assert [step.status for step in steps] == [0xFF00, 0xFF00, 0xFF00, 0]
    assert [step.completed for step in steps] == [1, 2, 3, 3]
    assert [step.remaining for step in steps[:3]] == [2, 1, 0]


async def test_what_the_sink_refuses_is_failed_for_the_peer(threads: Threads, make_spool: Callable[..., Spool]) -> None:
    with peer_that_has(2) as node:
        async with await open_association(node, GET_CT, "US") as connection:
            sink = Sink(status=0xA700)
            steps = []
            with pytest.raises(DimseFailure, match="A702"):
                async for step in get(connection, STUDY_ROOT_GET, study(), sink, spool=make_spool, threads=threads):
                    steps.append(step)
            assert connection.is_open and not is_busy(connection)
    assert (steps[-1].status, steps[-1].failed) == (0xA702, 2)
    assert steps[-1].failed_sop_instance_uids == ("1.2.3.4.0", "1.2.3.4.1")


async def test_an_error_of_the_sink_is_answered_with_its_status(
    threads: Threads, make_spool: Callable[..., Spool]
) -> None:
    statuses: list[int] = []
    async with giving(statuses) as connection:
        sink = Sink(failure=StorageFull("no room"))
        with pytest.raises(DimseFailure):
            async for _ in get(connection, STUDY_ROOT_GET, study(), sink, spool=make_spool, threads=threads):
                pass
    assert statuses == [0xA700]


async def test_an_instance_beyond_the_limit_is_refused_and_its_rest_dropped(
    threads: Threads, make_spool: Callable[..., Spool]
) -> None:
    statuses: list[int] = []
    async with giving(statuses) as connection:
        spool = partial(make_spool, size_limit=500)
        with pytest.raises(DimseFailure):
            async for _ in get(connection, STUDY_ROOT_GET, study(), Sink(), spool=spool, threads=threads):
                pass
    assert statuses == [0xA700]


async def test_an_abort_within_an_instance_leaves_nothing(threads: Threads, make_spool: Callable[..., Spool]) -> None:
    sink = Sink()
    async with giving([], breaks_off=True) as connection:
        with pytest.raises(AssociationAborted):
            await steps_of(get(connection, STUDY_ROOT_GET, study(), sink, spool=make_spool, threads=threads))
        assert not connection.is_open
    assert sink.received == []


async def test_what_goes_wrong_unforeseen_in_the_sink_ends_the_association(
    threads: Threads, make_spool: Callable[..., Spool]
) -> None:
    async with giving([]) as connection:
        sink = Sink(failure=ZeroDivisionError())
        with pytest.raises(ZeroDivisionError):
            await steps_of(get(connection, STUDY_ROOT_GET, study(), sink, spool=make_spool, threads=threads))
        assert not connection.is_open


async def test_another_request_than_c_store_ends_the_association(
    threads: Threads, make_spool: Callable[..., Spool]
) -> None:
    async def serve(peer: Connection) -> None:
        message = await peer.receive()
        assert message is not None
        await peer.send(message.context.context_id, CEchoRQ(message_id=1))
        await peer.closed()

    async with (
        listening(serve, policy=GIVING) as (_, port),
        await open_association(Node("PEER", "127.0.0.1", port), GET_CT, "US") as connection,
    ):
        with pytest.raises(UnexpectedCall, match="CEchoRQ"):
            await steps_of(get(connection, STUDY_ROOT_GET, study(), Sink(), spool=make_spool, threads=threads))
        assert not connection.is_open


async def test_a_sub_operation_without_data_set_is_refused(threads: Threads, make_spool: Callable[..., Spool]) -> None:
    answers = []

    async def serve(peer: Connection) -> None:
        message, context = await peer.receive(), peer.context_for(CT_IMAGE_STORAGE)
        assert message is not None and isinstance(message.command, CGetRQ) and context is not None
        request = CStoreRQ(
            message_id=1,
            affected_sop_class_uid=CT_IMAGE_STORAGE,
            affected_sop_instance_uid="1.2.3.4",
            has_dataset=False,
        )
        await peer.send(context.context_id, request)
        answers.append(await peer.receive())
        final = CGetRSP(message_id_being_responded_to=message.command.message_id, status=0)
        await peer.send(message.context.context_id, final)
        await peer.receive()

    async with (
        listening(serve, policy=GIVING) as (_, port),
        await open_association(Node("PEER", "127.0.0.1", port), GET_CT, "US") as connection,
    ):
        await steps_of(get(connection, STUDY_ROOT_GET, study(), Sink(), spool=make_spool, threads=threads))
    assert [one.command.status for one in answers] == [0x0212]


async def test_closing_a_get_cancels_it_and_leaves_the_association_in_order(
    threads: Threads, make_spool: Callable[..., Spool]
) -> None:
    sink = Sink()
    with peer_that_has(200) as node:
        purpose = Purpose((*GET_CT.contexts, (ECHO_UID, (IMPLICIT_LE,))), GET_CT.roles)
        async with await open_association(node, purpose, "US") as connection:
            steps = get(connection, STUDY_ROOT_GET, study(), sink, spool=make_spool, threads=threads)
            async with aclosing(steps):
                await anext(steps)
            assert await echo(connection) == 0
    assert len(sink.instances) < 50


async def test_instances_that_come_after_a_cancel_are_refused(
    threads: Threads, make_spool: Callable[..., Spool]
) -> None:
    sink = Sink()
    statuses: list[int] = []
    async with giving(statuses, instances=5, ignores_cancel=True) as connection:
        async with aclosing(get(connection, STUDY_ROOT_GET, study(), sink, spool=make_spool, threads=threads)) as steps:
            assert (await anext(steps)).status == 0xFF00
        assert connection.is_open and not is_busy(connection)
    assert len(sink.instances) == 1
    assert statuses == [0, 0xA700, 0xA700, 0xA700, 0xA700]


async def test_a_get_whose_task_is_cancelled_ends_its_association(
    threads: Threads, make_spool: Callable[..., Spool]
) -> None:
    arrived = asyncio.Event()

    async def sink(received: Received) -> int:
        arrived.set()
        await asyncio.Event().wait()
        return 0

    async with giving([]) as connection:
        getting = asyncio.ensure_future(
            steps_of(get(connection, STUDY_ROOT_GET, study(), sink, spool=make_spool, threads=threads))
        )
        await arrived.wait()
        getting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await getting
        assert not connection.is_open and not is_busy(connection)


async def test_the_instance_that_is_not_answered_yet_holds_back_the_others(
    threads: Threads, make_spool: Callable[..., Spool]
) -> None:
    answers: asyncio.Queue[int] = asyncio.Queue()
    arrived: list[Received] = []

    async def sink(received: Received) -> int:
        received.spool.close()
        arrived.append(received)
        return await answers.get()

    statuses: list[int] = []
    async with giving(statuses, instances=3) as connection:
        steps = asyncio.ensure_future(
            steps_of(get(connection, STUDY_ROOT_GET, study(), sink, spool=make_spool, threads=threads))
        )
        for number in range(3):
            await settled(lambda number=number: len(arrived) == number + 1)  # type: ignore[misc]
            assert len(statuses) == number
            answers.put_nowait(0)
        assert (await steps)[-1].status == 0


async def test_move_has_instances_sent_elsewhere(tmp_path: Path) -> None:
    with (
        storescp(tmp_path / "destination", ae_title="THERE") as destination,
        dcmqrscp(tmp_path / "archive", files(3), destinations=[destination.node]) as peer,
    ):
        async with await open_association(peer.node, QUERY, "US") as connection:
            steps = await steps_of(move(connection, STUDY_ROOT_MOVE, study(), "THERE"))
        assert len(destination.files) == 3
    assert (steps[-1].status, steps[-1].completed, steps[-1].failed) == (0, 3, 0)


async def test_move_to_a_destination_that_the_peer_does_not_know_fails(tmp_path: Path) -> None:
    with dcmqrscp(tmp_path / "archive", files(1)) as peer:
        async with await open_association(peer.node, QUERY, "US") as connection:
            with pytest.raises(DimseFailure, match="A801"):
                await steps_of(move(connection, STUDY_ROOT_MOVE, study(), "NOWHERE"))
            assert connection.is_open


async def test_move_here_brings_what_the_listener_gets(tmp_path: Path, make_spool: Callable[..., Spool]) -> None:
    inbox, sink = Inbox("US", 1000), Sink()

    async def serve(peer: Connection) -> None:
        """Offer what comes to the inbox, as the storage provider does."""
        while (message := await peer.receive()) is not None:
            command = message.command
            assert isinstance(command, CStoreRQ) and message.data is not None
            assert command.move_originator_message_id == 1000
            expectation = inbox.offer(command, peer.calling_ae_title)
            assert expectation is not None
            spool = make_spool()
            spool.write(ct_instance()[:132])
            spool.write(ct_instance()[132 : -len(ct_dataset())])
            await message.data.feed_to(spool.write)
            received = Received(spool, command.affected_sop_class_uid, command.affected_sop_instance_uid, EXPLICIT_LE)
            await peer.send(message.context.context_id, stored(command, await expectation.deliver(received)))

    async with listening(serve) as (_, port):
        us = Node("US", "127.0.0.1", port)
        with dcmqrscp(tmp_path / "archive", files(3), destinations=[us]) as peer:
            async with await open_association(peer.node, QUERY, "US") as connection:
                resource = Resource("1.2.3")
                moving = move_here(connection, STUDY_ROOT_MOVE, study(), sink, inbox=inbox, resource=resource)
                steps = await steps_of(moving)
    assert sorted(one.dataset.text(0x00080018) for one in sink.instances) == [f"1.2.3.4.{n}" for n in range(3)]
    assert steps[-1].completed == 3
