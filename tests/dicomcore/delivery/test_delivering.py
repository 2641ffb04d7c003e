from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import httpx
import pytest
from builders import ct_dataset, ct_instance
from peers import storescp
from running_provider import put

from dicomcore.archive import Archive
from dicomcore.bridge.caching import CachingBridge
from dicomcore.bridge.remote_web import RemoteDICOMweb
from dicomcore.data import Buffer
from dicomcore.delivery.delivering import ByProtocol, Delivered
from dicomcore.errors import PeerUnreachable, UnknownNode
from dicomcore.nodes import Kind, Node
from dicomcore.resources import Resource
from dicomcore.scu.outgoing import StoredInstance
from dicomcore.scu.pool import Pool
from dicomcore.source import Source

WEB = Node("WEB", kind=Kind.DICOMWEB, base_url="http://web.test/dicom-web")


async def no_parts(_media_type: str, _body: AsyncIterator[bytes]) -> AsyncIterator[Buffer | None]:
    for nothing in ():
        yield nothing


async def items_of(archive: Archive, count: int) -> list[StoredInstance]:
    await put(archive, *(ct_instance(SOPInstanceUID=f"1.2.{number}") for number in range(1, count + 1)))
    instances = [one async for one in archive.retrieve(Resource("1.2.3"))]
    return [StoredInstance(one, archive.threads) for one in instances]


class Server:
    """A DICOMweb server whose answers are given, one for each request."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.bodies: list[bytes] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        status = self.statuses.pop(0)
        failed = {"00081198": {"vr": "SQ", "Value": [{"00081197": {"vr": "US", "Value": [0xC122]}}]}}
        return httpx.Response(status, json=failed if status == 409 else {})

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.bodies.append(await request.aread())
        return self.answer(request)


async def delivered(archive: Archive, server: Server, items: Sequence[StoredInstance]) -> list[Delivered]:
    remote = RemoteDICOMweb(WEB, no_parts, archive.threads, transport=httpx.MockTransport(server))
    bridge = CachingBridge(remote, archive, archive.threads)

    async def find(_ae_title: str) -> Source:
        return bridge

    pool = Pool("US")
    found = [one async for one in ByProtocol(pool, find, archive.spool, archive.threads)(WEB, items)]
    await bridge.close()
    await pool.close()
    return found


async def unknown(ae_title: str) -> Source:
    raise UnknownNode(ae_title)


async def test_instances_go_to_an_application_entity(archive: Archive, tmp_path: Path) -> None:
    items, pool = await items_of(archive, 3), Pool("US")
    deliver = ByProtocol(pool, unknown, archive.spool, archive.threads)
    with storescp(tmp_path / "stored") as program:
        found = [one async for one in deliver(program.node, items)]
        await pool.close()
        assert len(program.files) == 3
    assert [(one.item.sop_instance_uid, one.problem, one.error) for one in found] == [
        (f"1.2.{number}", "", None) for number in (1, 2, 3)
    ]


async def test_nobody_there_is_an_error_of_each(archive: Archive) -> None:
    items, pool = await items_of(archive, 2), Pool("US")
    deliver = ByProtocol(pool, unknown, archive.spool, archive.threads)
    found = [one async for one in deliver(Node("PACS", "127.0.0.1", 1), items)]
    await pool.close()
    assert [type(one.error) for one in found] == [PeerUnreachable, PeerUnreachable]


async def test_instances_go_to_a_dicomweb_server_as_they_are_stored(archive: Archive) -> None:
    items, server = await items_of(archive, 2), Server(200, 200)
    assert [one.problem for one in await delivered(archive, server, items)] == ["", ""]
    assert all(ct_dataset(SOPInstanceUID=f"1.2.{number}") in server.bodies[number - 1] for number in (1, 2))


async def test_what_a_server_refuses_is_a_problem_and_the_others_go_on(archive: Archive) -> None:
    items = await items_of(archive, 2)
    found = await delivered(archive, Server(409, 200), items)
    assert [(one.problem, one.error) for one in found] == [("it answered 409 with C122H", None), ("", None)]


async def test_a_server_that_does_not_answer_is_not_asked_for_each(archive: Archive) -> None:
    items, server = await items_of(archive, 5), Server(503, 503)
    found = await delivered(archive, server, items)
    assert [type(one.error) for one in found] == [PeerUnreachable] * 5
    assert len(server.bodies) == 2


async def test_one_that_a_server_cannot_bear_does_not_keep_the_others_back(archive: Archive) -> None:
    items = await items_of(archive, 4)
    found = await delivered(archive, Server(200, 500, 200, 200), items)
    assert [one.error is None for one in found] == [True, False, True, True]


async def test_an_instance_whose_transfer_syntax_is_not_taken_goes_in_another_one(archive: Archive) -> None:
    await put(archive, ct_instance("1.2.840.10008.1.2", SOPInstanceUID="1.2.9"))
    (instance,) = [one async for one in archive.retrieve(Resource("1.2.3"))]
    server = Server(409, 200)
    found = await delivered(archive, server, [StoredInstance(instance, archive.threads)])
    assert [one.problem for one in found] == [""]
    assert [b"1.2.840.10008.1.2.1" in body for body in server.bodies] == [False, True]


async def test_a_node_that_is_no_more_is_told(archive: Archive) -> None:
    items = await items_of(archive, 1)
    with pytest.raises(UnknownNode):
        async for _ in ByProtocol(Pool("US"), unknown, archive.spool, archive.threads)(WEB, items):
            pass
