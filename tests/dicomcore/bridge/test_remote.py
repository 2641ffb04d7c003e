"""What every remote does alike: an application entity and a DICOMweb server, both of them over our own archive."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import httpx
import pytest
from builders import ct_instance
from fastapi import FastAPI
from running_provider import serving

from app.multipart import PartData, PartEnd, Reader, boundary_of
from app.parameters import parse_search
from dicomcore.bridge.caching import CachingBridge
from dicomcore.bridge.remote import Remote
from dicomcore.bridge.remote_ae import RemoteAE
from dicomcore.bridge.remote_web import RemoteDICOMweb
from dicomcore.data import Buffer, read_file
from dicomcore.errors import ResourceNotFound
from dicomcore.nodes import Kind, Node
from dicomcore.query import Query
from dicomcore.resources import Level, Resource
from dicomcore.scu.inbox import Inbox
from dicomcore.scu.pool import Pool
from dicomcore.source import Source
from dicomcore.threads import Threads

STUDY = Resource("1.2.3")


async def read_parts(content_type: str, body: AsyncIterator[bytes]) -> AsyncIterator[Buffer | None]:
    reader = Reader(boundary_of(content_type))
    async for chunk in body:
        for event in reader.feed(chunk):
            if isinstance(event, PartData):
                yield event.data
            elif isinstance(event, PartEnd):
                yield None


@asynccontextmanager
async def application_entity(application: FastAPI, threads: Threads) -> AsyncIterator[Remote]:
    async with serving(application.state.services.source) as served:
        pool = Pool("TESTER")
        yield RemoteAE(served.node, pool, Inbox("TESTER"), threads)
        await pool.close()


@asynccontextmanager
async def web_server(application: FastAPI, threads: Threads) -> AsyncIterator[Remote]:
    node = Node("ISOCENTER", kind=Kind.DICOMWEB, base_url="http://pacs.test/dicom-web")
    remote = RemoteDICOMweb(node, read_parts, threads, httpx.ASGITransport(application))
    yield remote
    await remote.close()


@pytest.fixture
def source(application: FastAPI) -> Source:
    found: Source = application.state.services.source
    return found


@pytest.fixture(params=[application_entity, web_server], ids=["application entity", "web server"])
async def remote(request: pytest.FixtureRequest, application: FastAPI, source: Source) -> AsyncIterator[Remote]:
    for number in range(3):
        spool = source.spool()
        spool.write(ct_instance(SOPInstanceUID=f"1.2.3.4.{number}", InstanceNumber=str(number)))
        assert (await source.store(spool)).is_stored
    threads = Threads()
    async with request.param(application, threads) as made:
        yield made
    threads.close()


def query(text: str, level: Level = Level.STUDY, resource: Resource = STUDY) -> Query:
    return parse_search(text, level, Resource() if level is Level.STUDY else resource).query


async def test_it_finds_what_matches(remote: Remote) -> None:
    assert (await remote.search(query("PatientName=Doe*&StudyDate=20240101-"))).total == 1
    assert (await remote.search(query("PatientID=other"))).total == 0


async def test_it_finds_series_and_instances(remote: Remote) -> None:
    assert len((await remote.search(query("Modality=CT", Level.SERIES))).objects) == 1
    assert len((await remote.search(query("InstanceNumber=1", Level.INSTANCE))).objects) == 1


async def test_answers_are_the_same_by_every_way(remote: Remote, source: Source) -> None:
    own = {0x00080054, 0x00080056}  # who holds it, and how quickly that is to be had

    def attributes(answer: bytes) -> list[bytes]:
        lines = answer[1:-1].split(b",\n")
        return [line for line in lines if int(line[1:9], 16) not in own]

    asked = query("includefield=StudyDescription")
    (theirs,) = (await remote.search(asked)).objects
    (ours,) = (await source.search(asked)).objects
    assert attributes(theirs) == attributes(ours)


async def test_it_gives_instances(remote: Remote, source: Source) -> None:
    found = []
    async for spool in remote.fetch(STUDY, source.spool):
        found.append(read_file(bytes(spool.view())).dataset.text(0x00080018))
        spool.close()
    assert sorted(found) == [f"1.2.3.4.{number}" for number in range(3)]


async def test_what_it_has_not_is_not_found(remote: Remote, source: Source) -> None:
    with pytest.raises(ResourceNotFound):
        await anext(remote.fetch(Resource("9.9"), source.spool))


async def test_nobody_has_to_take_everything(remote: Remote, source: Source) -> None:
    async with aclosing(remote.fetch(STUDY, source.spool)) as spools:
        first = await anext(spools)
        assert read_file(bytes(first.view())).dataset.text(0x0020000D) == "1.2.3"
        first.close()
    assert await remote.echo() > 0


async def test_it_takes_instances(remote: Remote, source: Source) -> None:
    spool = source.spool()
    spool.write(ct_instance(SOPInstanceUID="1.2.3.4.9"))
    outcome = await remote.store(spool)
    spool.close()
    assert outcome.is_stored
    assert (await source.instance(outcome.resource)).resource.sop_instance_uid == "1.2.3.4.9"


async def test_it_is_there(remote: Remote) -> None:
    assert await remote.echo() > 0


async def test_its_name_is_that_of_the_node(remote: Remote) -> None:
    assert remote.ae_title == "ISOCENTER"
    assert not remote.arrives_elsewhere


async def test_a_bridge_is_a_source(remote: Remote, source: Source) -> None:
    threads = Threads()
    bridge: Source = CachingBridge(remote, source, threads)
    assert len([one async for one in bridge.retrieve(STUDY)]) == 3
    threads.close()
