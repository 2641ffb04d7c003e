from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from builders import ct_instance
from running_provider import KnownNodes

from app.remote_sources import RemoteSources
from dicomcore.archive import Archive
from dicomcore.bridge.caching import CachingBridge
from dicomcore.bridge.federated import Federated
from dicomcore.bridge.remote_ae import RemoteAE
from dicomcore.bridge.remote_web import RemoteDICOMweb
from dicomcore.errors import UnknownNode
from dicomcore.nodes import Kind, Node
from dicomcore.query import Query
from dicomcore.resources import Level
from dicomcore.scu.inbox import Inbox
from dicomcore.scu.pool import Pool

PACS = Node("PACS", "127.0.0.1", 1)
WEB = Node("WEB", kind=Kind.DICOMWEB, base_url="http://127.0.0.1:1/dicom-web")


@asynccontextmanager
async def sources(archive: Archive, nodes: KnownNodes) -> AsyncIterator[RemoteSources]:
    pool = Pool("US")
    made = RemoteSources(nodes, archive, archive, "US", pool, Inbox("US"), None)
    yield made
    await made.close()
    await pool.close()


async def test_a_node_is_a_bridge_by_the_protocol_it_speaks(archive: Archive) -> None:
    async with sources(archive, KnownNodes(PACS, WEB)) as found:
        pacs, web = await found("PACS"), await found("WEB")
        assert isinstance(pacs, CachingBridge)
        assert isinstance(pacs.remote, RemoteAE)
        assert isinstance(web, CachingBridge)
        assert isinstance(web.remote, RemoteDICOMweb)


async def test_a_node_has_one_bridge_until_it_is_changed(archive: Archive) -> None:
    nodes = KnownNodes(PACS)
    async with sources(archive, nodes) as found:
        first = await found("PACS")
        assert await found("PACS") is first
        nodes.nodes["PACS"] = Node("PACS", "127.0.0.1", 2)
        assert await found("PACS") is not first


async def test_the_bridge_to_a_node_that_was_changed_is_closed(archive: Archive) -> None:
    nodes = KnownNodes(WEB)
    async with sources(archive, nodes) as found:
        first = await found("WEB")
        nodes.nodes["WEB"] = Node("WEB", kind=Kind.DICOMWEB, base_url="http://127.0.0.1:2/dicom-web")
        await found("WEB")
        assert isinstance(first, CachingBridge)
        with pytest.raises(RuntimeError, match="closed"):
            await first.remote.echo()


async def test_a_title_that_nobody_has_is_unknown(archive: Archive) -> None:
    async with sources(archive, KnownNodes(PACS)) as found:
        with pytest.raises(UnknownNode, match="NOBODY"):
            await found("NOBODY")


async def test_all_together_are_the_archive_and_every_node(archive: Archive) -> None:
    spool = archive.spool()
    spool.write(ct_instance())
    await archive.store(spool)
    async with sources(archive, KnownNodes(PACS)) as found:
        everybody = await found("*")
        assert isinstance(everybody, Federated)
        answer = await everybody.search(Query(Level.STUDY))
    assert answer.total == 1
    assert any("PACS" in warning for warning in answer.warnings)
