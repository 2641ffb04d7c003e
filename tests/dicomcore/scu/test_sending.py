from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from association_pair import Store, listening, stored
from builders import CT_IMAGE_STORAGE, EXPLICIT_LE, IMPLICIT_LE, JPEG_BASELINE, RLE_LOSSLESS, ct_dataset, ct_instance
from peers import pynetdicom_ae, storescp
from pynetdicom import evt

from dicomcore.archive import Archive
from dicomcore.data import Buffer
from dicomcore.errors import (
    AssociationAborted,
    CodecUnavailable,
    DamagedInstance,
    NoPresentationContext,
    PeerUnreachable,
)
from dicomcore.net.connection import Connection, Message
from dicomcore.net.dimse.commands import CStoreRQ
from dicomcore.net.ul.negotiation import AcceptorPolicy
from dicomcore.nodes import Node
from dicomcore.resources import Resource
from dicomcore.scu.client import Originator
from dicomcore.scu.outgoing import StoredInstance
from dicomcore.scu.pool import Pool
from dicomcore.scu.sending import Sent, send
from dicomcore.threads import Threads

MR_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.4"
BOTH = AcceptorPolicy(
    abstract_syntaxes={CT_IMAGE_STORAGE: (EXPLICIT_LE, IMPLICIT_LE), MR_IMAGE_STORAGE: (IMPLICIT_LE,)},
    asynchronous_operations=(4, 4),
)


@dataclass(frozen=True)
class Item:
    """A CT slice in memory, native in whatever transfer syntax; one that breaks does so in its middle."""

    number: int = 1
    sop_class_uid: str = CT_IMAGE_STORAGE
    transfer_syntax_uid: str = EXPLICIT_LE
    breaks: bool = False
    is_compressed: bool = False

    @property
    def sop_instance_uid(self) -> str:
        return f"1.2.3.{self.number}"

    async def dataset(self, transfer_syntax_uid: str) -> AsyncIterator[Buffer]:
        if self.is_compressed and transfer_syntax_uid != self.transfer_syntax_uid:
            raise CodecUnavailable(self.transfer_syntax_uid)
        return self._buffers(transfer_syntax_uid)

    async def _buffers(self, transfer_syntax_uid: str) -> AsyncIterator[Buffer]:
        content = ct_dataset(SOPInstanceUID=self.sop_instance_uid, implicit=transfer_syntax_uid == IMPLICIT_LE)
        yield content[:100]
        if self.breaks:
            raise DamagedInstance(self.sop_instance_uid, "its bytes differ")
        yield content[100:]


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    made = Pool("US")
    yield made
    await made.close()
    assert made.open_associations == 0


@asynccontextmanager
async def peer_of(serve: Any, policy: AcceptorPolicy = BOTH) -> AsyncIterator[Node]:
    async with listening(serve, policy=policy) as (_, port):
        yield Node("PEER", "127.0.0.1", port)


async def sent_to(pool: Pool, node: Node, items: Sequence[Item], **options: Any) -> list[Sent]:
    async with aclosing(send(pool, node, items, **options)) as results:
        return [one async for one in results]


async def test_every_instance_is_stored_over_one_association(pool: Pool) -> None:
    kept = Store()
    async with peer_of(kept) as node:
        results = await sent_to(pool, node, [Item(n) for n in range(10)])
    assert [one.item.sop_instance_uid for one in results] == [f"1.2.3.{n}" for n in range(10)]
    assert all(one.is_stored for one in results)
    assert kept.received == [ct_dataset(SOPInstanceUID=f"1.2.3.{n}") for n in range(10)]
    assert len(kept.connections) == 1


async def test_instances_leave_in_the_transfer_syntax_that_the_peer_takes(pool: Pool) -> None:
    kept = Store()
    async with peer_of(kept) as node:
        results = await sent_to(pool, node, [Item(1, MR_IMAGE_STORAGE), Item(2, CT_IMAGE_STORAGE, IMPLICIT_LE)])
    assert all(one.is_stored for one in results)
    assert kept.received == [ct_dataset(SOPInstanceUID=f"1.2.3.{n}", implicit=True) for n in (1, 2)]


async def test_what_the_peer_does_not_take_is_told_and_the_others_go_on(pool: Pool) -> None:
    items = [
        Item(1),
        Item(2, "1.2.840.10008.5.1.4.1.1.7"),
        Item(3, transfer_syntax_uid=JPEG_BASELINE, is_compressed=True),
        Item(4),
    ]
    async with peer_of(Store()) as node:
        results = {one.item.sop_instance_uid: one for one in await sent_to(pool, node, items)}
    assert [uid for uid, one in results.items() if one.is_stored] == ["1.2.3.1", "1.2.3.4"]
    assert isinstance(results["1.2.3.2"].error, NoPresentationContext)
    assert isinstance(results["1.2.3.3"].error, CodecUnavailable)


async def test_statuses_of_the_peer_come_back(pool: Pool) -> None:
    statuses = {"1.2.3.1": 0xA700, "1.2.3.2": 0xB000, "1.2.3.3": 0}

    async def serve(peer: Connection) -> None:
        async for message, command in requests(peer):
            answer = stored(command, statuses[command.affected_sop_instance_uid])
            await peer.send(message.context.context_id, answer)

    async with peer_of(serve) as node:
        results = await sent_to(pool, node, [Item(n) for n in (1, 2, 3)])
    assert [one.response.status for one in results if one.response] == [0xA700, 0xB000, 0]
    assert [one.is_stored for one in results] == [False, True, True]


async def requests(peer: Connection) -> AsyncIterator[tuple[Message, CStoreRQ]]:
    while (message := await peer.receive()) is not None:
        assert isinstance(message.command, CStoreRQ) and message.data is not None
        message.data.discard()
        yield message, message.command


def aborting_before(number: int, seen: list[str]) -> Callable[[Connection], Any]:
    """A peer that answers ``number`` requests and aborts at the next one."""

    async def serve(peer: Connection) -> None:
        answered = 0
        async for message, command in requests(peer):
            if answered == number:
                peer.abort()
                return
            seen.append(command.affected_sop_instance_uid)
            await peer.send(message.context.context_id, stored(command))
            answered += 1

    return serve


async def test_after_an_abort_the_rest_goes_over_another_association(pool: Pool) -> None:
    seen: list[str] = []
    policy = AcceptorPolicy(abstract_syntaxes=BOTH.abstract_syntaxes)
    async with peer_of(aborting_before(2, seen), policy) as node:
        results = await sent_to(pool, node, [Item(n) for n in range(6)])
    assert [one.item.sop_instance_uid for one in results] == [f"1.2.3.{n}" for n in range(6)]
    assert [one.is_stored for one in results] == [True, True, False, True, True, False]
    assert all(isinstance(one.error, AssociationAborted) for one in results if not one.is_stored)
    assert seen == ["1.2.3.0", "1.2.3.1", "1.2.3.3", "1.2.3.4"]


async def test_a_peer_that_takes_nothing_is_not_asked_for_ever(pool: Pool) -> None:
    seen: list[str] = []
    async with peer_of(aborting_before(0, seen)) as node:
        results = await sent_to(pool, node, [Item(n) for n in range(6)])
    assert len(results) == 6 and seen == []
    assert all(isinstance(one.error, AssociationAborted) for one in results)


async def test_one_instance_that_the_peer_cannot_bear_does_not_fail_the_others(pool: Pool) -> None:
    kept = []

    async def serve(peer: Connection) -> None:
        async for message, command in requests(peer):
            if command.affected_sop_instance_uid == "1.2.3.0":
                peer.abort()
                return
            kept.append(command.affected_sop_instance_uid)
            await peer.send(message.context.context_id, stored(command))

    policy = AcceptorPolicy(abstract_syntaxes=BOTH.abstract_syntaxes)
    async with peer_of(serve, policy) as node:
        results = await sent_to(pool, node, [Item(n) for n in range(3)])
    assert [one.is_stored for one in results] == [False, True, True]
    assert kept == ["1.2.3.1", "1.2.3.2"]


async def test_a_peer_that_goes_away_in_the_middle_fails_the_rest(pool: Pool) -> None:
    async with listening(Store(), policy=BOTH) as (listener, port):
        results = []
        async with aclosing(send(pool, Node("PEER", "127.0.0.1", port), [Item(n) for n in range(30)])) as sending:
            async for one in sending:
                results.append(one)
                if len(results) == 1:
                    await listener.stop(0)
    assert sorted(one.item.sop_instance_uid for one in results) == sorted(f"1.2.3.{n}" for n in range(30))
    assert results[0].is_stored and not results[-1].is_stored


async def test_what_could_not_be_sent_is_told_even_if_the_association_breaks(pool: Pool) -> None:
    policy = AcceptorPolicy(abstract_syntaxes=BOTH.abstract_syntaxes)
    async with peer_of(aborting_before(0, []), policy) as node:
        results = await sent_to(pool, node, [Item(1, "1.2.840.10008.5.1.4.1.1.7"), Item(2)])
    assert [type(one.error) for one in results] == [NoPresentationContext, AssociationAborted]


async def test_a_peer_that_cannot_be_reached_fails_every_instance(pool: Pool) -> None:
    results = await sent_to(pool, Node("PEER", "127.0.0.1", 1), [Item(n) for n in range(3)])
    assert [type(one.error) for one in results] == [PeerUnreachable] * 3


async def test_an_instance_that_breaks_off_fails_alone(pool: Pool) -> None:
    kept = Store()
    async with peer_of(kept) as node:
        results = await sent_to(pool, node, [Item(n, breaks=n == 2) for n in range(5)])
    by_uid = {one.item.sop_instance_uid: one for one in results}
    assert len(results) == len(by_uid) == 5
    assert [uid for uid, one in sorted(by_uid.items()) if not one.is_stored] == ["1.2.3.2"]
    assert isinstance(by_uid["1.2.3.2"].error, DamagedInstance)
    assert len(kept.connections) == 2


async def test_more_sop_classes_than_contexts_go_over_several_associations(pool: Pool) -> None:
    seen = []
    uids = [f"1.2.840.10008.5.1.4.1.1.88.{n}" for n in range(100)]
    policy = AcceptorPolicy(accepts_unknown_storage=True, unknown_transfer_syntaxes=(EXPLICIT_LE, RLE_LOSSLESS))

    async def serve(peer: Connection) -> None:
        seen.append(len(peer.accepted))
        async for message, command in requests(peer):
            await peer.send(message.context.context_id, stored(command))

    async with peer_of(serve, policy) as node:
        items = [Item(n, uid, RLE_LOSSLESS) for n, uid in enumerate(uids)]
        results = await sent_to(pool, node, items)
    assert all(one.is_stored for one in results) and len(results) == 100
    assert seen == [128, 72]


async def test_the_originator_is_named(pool: Pool) -> None:
    named = []

    async def serve(peer: Connection) -> None:
        async for message, command in requests(peer):
            named.append((command.move_originator_application_entity_title, command.move_originator_message_id))
            await peer.send(message.context.context_id, stored(command))

    async with peer_of(serve) as node:
        await sent_to(pool, node, [Item()], originator=Originator("MOVER", 7))
    assert named == [("MOVER", 7)]


async def test_nothing_is_sent_for_nothing(pool: Pool) -> None:
    assert await sent_to(pool, Node("PEER", "127.0.0.1", 1), []) == []


async def test_who_stops_reading_stops_the_sending(pool: Pool) -> None:
    kept = Store()
    async with peer_of(kept) as node:
        async with aclosing(send(pool, node, [Item(n) for n in range(100)])) as results:
            await anext(results)
        assert len(kept.received) < 20
        assert pool.open_associations <= 1


@pytest.mark.parametrize("option", ["--accept-all", "--implicit", "--prefer-uncompr"])
async def test_dcmtk_stores_what_the_archive_has(archive: Archive, tmp_path: Path, pool: Pool, option: str) -> None:
    threads = Threads(2)
    items = []
    for number, uid in enumerate((EXPLICIT_LE, IMPLICIT_LE)):
        spool = archive.spool()
        spool.write(ct_instance(uid, SOPInstanceUID=f"1.2.3.{number}"))
        await archive.store(spool)
        resource = Resource("1.2.3", "1.2.3.1", f"1.2.3.{number}")
        items.append(StoredInstance(await archive.instance(resource), threads))
    with storescp(tmp_path / "store", option) as peer:
        async with aclosing(send(pool, peer.node, items)) as results:
            assert [one.is_stored async for one in results] == [True, True]
        assert len(peer.files) == 2
    threads.close()


async def test_pynetdicom_reads_what_is_sent(pool: Pool) -> None:
    taken = []

    def handle(event: Any) -> int:
        taken.append((event.dataset.SOPInstanceUID, event.dataset.PixelData, event.context.transfer_syntax))
        return 0

    contexts = [(CT_IMAGE_STORAGE, IMPLICIT_LE)]
    with pynetdicom_ae([(evt.EVT_C_STORE, handle)], contexts) as node:
        results = await sent_to(pool, node, [Item(n) for n in range(3)])
    assert all(one.is_stored for one in results)
    assert taken == [(f"1.2.3.{n}", bytes(range(32)), IMPLICIT_LE) for n in range(3)]
