import asyncio
from collections.abc import AsyncIterator

import pytest
from builders import ct_instance
from running_provider import KnownNodes, associated, put, serving

from app.main import open_archive
from app.settings import Settings
from dicomcore.archive import Archive
from dicomcore.bridge.caching import CachingBridge
from dicomcore.bridge.remote_ae import RemoteAE
from dicomcore.delivery.transfers import Transfer, TransferKind, Transfers, TransferState, carriers
from dicomcore.errors import InvalidParameter, LimitExceeded, ResourceNotFound, UnknownNode
from dicomcore.nodes import Node
from dicomcore.resources import Resource
from dicomcore.scu.inbox import Inbox
from dicomcore.scu.pool import Pool
from dicomcore.source import Source

STUDY = Resource("1.2.3")
PACS = Node("PACS", "127.0.0.1", 1)


def opened(archive: Archive, nodes: KnownNodes, pool: Pool) -> Transfers:
    async def find(ae_title: str) -> Source:
        node = await nodes.get(ae_title)
        if node is None:
            raise UnknownNode(ae_title)
        remote = RemoteAE(node, pool, Inbox("US"), archive.threads)
        return CachingBridge(remote, archive, archive.threads)

    ways = carriers(nodes, archive, archive, pool, find, None, archive.threads)
    return Transfers(archive.index.transfers, nodes, archive, ways, archive.threads)


@pytest.fixture
async def transfers(archive: Archive) -> AsyncIterator[Transfers]:
    pool = Pool("US")
    yield opened(archive, KnownNodes(PACS), pool)
    await pool.close()


async def ended(transfers: Transfers, added: Transfer) -> Transfer:
    async with asyncio.timeout(20):
        while (found := await transfers.get(added.id)) and not found.state.is_ended:
            await asyncio.sleep(0.02)
    assert found is not None
    return found


async def test_what_is_sent_is_there_and_what_is_retrieved_is_here(settings: Settings, archive: Archive) -> None:
    other = open_archive(settings)
    await put(archive, *(ct_instance(SOPInstanceUID=f"1.2.3.{number}") for number in range(5)))
    async with serving(other) as served, associated(served, "1.2.840.10008.1.1"):
        pool = Pool("US")
        transfers = opened(archive, KnownNodes(served.node), pool)
        await transfers.start()
        for kind in TransferKind:
            done = await ended(transfers, await transfers.add(kind, served.node.ae_title, [STUDY]))
            assert (done.state, done.total, done.completed) == (TransferState.COMPLETED, 5, 5), done.problems
        await transfers.stop()
        await pool.close()
    other.close()


async def test_a_transfer_is_added_listed_cancelled_retried_and_removed(archive: Archive, transfers: Transfers) -> None:
    await put(archive, ct_instance())
    added = await transfers.add(TransferKind.SEND, "PACS", [STUDY, STUDY])
    assert (added.state, added.resources, len(added.id)) == (TransferState.WAITING, (STUDY,), 32)
    assert await transfers.all() == [added] == await transfers.changed_since(0)
    assert (await transfers.cancel(added.id)).state is TransferState.CANCELLED
    assert (await transfers.changed_since(added.changed))[0].state is TransferState.CANCELLED
    assert (await transfers.retry(added.id)).state is TransferState.WAITING
    await transfers.remove(added.id)
    assert (await transfers.get(added.id), await transfers.all()) == (None, [])


async def test_ids_cannot_be_guessed(transfers: Transfers) -> None:
    ids = {(await transfers.add(TransferKind.RETRIEVE, "PACS", [STUDY])).id for _ in range(5)}
    assert (len(ids), {len(one) for one in ids}) == (5, {32})


async def test_nobody_sends_to_a_node_that_is_not_known(transfers: Transfers) -> None:
    for title in ("NOBODY", "*"):
        with pytest.raises(UnknownNode):
            await transfers.add(TransferKind.RETRIEVE, title, [STUDY])


async def test_only_what_is_here_is_sent_but_anything_is_retrieved(archive: Archive, transfers: Transfers) -> None:
    await put(archive, ct_instance())
    for missing in (Resource("9"), Resource("1.2.3", "9"), Resource("1.2.3", "1.2.3.1", "9")):
        with pytest.raises(ResourceNotFound):
            await transfers.add(TransferKind.SEND, "PACS", [missing])
        await transfers.add(TransferKind.RETRIEVE, "PACS", [missing])


@pytest.mark.parametrize("resources", [[], [Resource()], [Resource("1", None, "1.1.1")], [Resource(None, "1")]])
async def test_there_has_to_be_something(transfers: Transfers, resources: list[Resource]) -> None:
    with pytest.raises(InvalidParameter) as refused:
        await transfers.add(TransferKind.RETRIEVE, "PACS", resources)
    assert refused.value.name == "resources"


async def test_too_much_is_refused(transfers: Transfers) -> None:
    with pytest.raises(LimitExceeded):
        await transfers.add(TransferKind.RETRIEVE, "PACS", [Resource(f"1.{number}") for number in range(1_001)])


async def test_what_is_not_there_is_neither_cancelled_nor_retried_nor_removed(transfers: Transfers) -> None:
    for call in (transfers.cancel, transfers.retry, transfers.remove):
        with pytest.raises(ResourceNotFound):
            await call("nothing")
    assert await transfers.get("nothing") is None


async def test_a_node_that_was_deleted_meanwhile_is_told(archive: Archive) -> None:
    pool, nodes = Pool("US"), KnownNodes(PACS)
    transfers = opened(archive, nodes, pool)
    added = await transfers.add(TransferKind.RETRIEVE, "PACS", [STUDY])
    nodes.nodes.clear()
    await transfers.start()
    done = await ended(transfers, added)
    assert (done.state, done.problems) == (TransferState.FAILED, ("no node is called 'PACS'",))
    await transfers.stop()
    await pool.close()
