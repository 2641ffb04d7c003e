from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from builders import ct_instance
from in_process import codecs_in_process
from peers import storescp
from running_provider import KnownNodes
from stored_instances import PIXELS, three_frames

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
from dicomcore.transcoding import Codecs

PACS = Node("PACS", "127.0.0.1", 1)
WEB = Node("WEB", kind=Kind.DICOMWEB, base_url="http://127.0.0.1:1/dicom-web")


@asynccontextmanager
async def sources(archive: Archive, nodes: KnownNodes, codecs: Codecs | None = None) -> AsyncIterator[RemoteSources]:
    pool = Pool("US")
    made = RemoteSources(nodes, archive, archive, "US", pool, Inbox("US"), None, codecs)
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


async def test_what_is_stored_through_a_bridge_is_decoded_for_a_node_that_takes_nothing_compressed(
    archive: Archive, tmp_path: Path
) -> None:
    spool = archive.spool()
    spool.write(three_frames("1.2.840.10008.1.2.4.90"))
    with storescp(tmp_path / "peer") as peer:
        async with sources(archive, KnownNodes(peer.node), codecs_in_process()) as found:
            outcome = await (await found("STORESCP")).store(spool)
        assert outcome.is_stored, outcome.detail
        (file,) = peer.files
        assert file.read_bytes().endswith(PIXELS)


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
