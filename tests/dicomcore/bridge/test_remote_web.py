import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from builders import ct_instance
from fastapi import FastAPI

from app.multipart import PartData, PartEnd, Reader, boundary_of
from app.parameters import parse_search
from dicomcore.archive import Archive
from dicomcore.bridge import remote_web
from dicomcore.bridge.remote_web import RemoteDICOMweb
from dicomcore.data import PLACEHOLDER, Buffer
from dicomcore.errors import (
    AssociationAborted,
    AssociationTimeout,
    NetworkError,
    PeerUnreachable,
    ResourceGone,
    ResourceNotFound,
)
from dicomcore.nodes import Kind, Node
from dicomcore.query import ARCHIVE, Query
from dicomcore.resources import Level, Resource
from dicomcore.source import FailureReason, WarningReason
from dicomcore.storage import LocalStorage
from dicomcore.threads import Threads

STUDY = Resource("1.2.3")
NODE = Node("WEB", kind=Kind.DICOMWEB, base_url="http://pacs.test/dicom-web/")
Answering = Callable[[httpx.Request], Awaitable[httpx.Response]]


async def read_parts(content_type: str, body: AsyncIterator[bytes]) -> AsyncIterator[Buffer | None]:
    """Read multipart bodies with the reader of the web side."""
    reader = Reader(boundary_of(content_type))
    async for chunk in body:
        for event in reader.feed(chunk):
            if isinstance(event, PartData):
                yield event.data
            elif isinstance(event, PartEnd):
                yield None
    reader.close()


@pytest.fixture
async def threads() -> AsyncIterator[Threads]:
    made = Threads()
    yield made
    made.close()


@pytest.fixture
async def remote(application: FastAPI, threads: Threads) -> AsyncIterator[RemoteDICOMweb]:
    """Our own server, which holds a study of three instances, as a remote one."""
    made = RemoteDICOMweb(NODE, read_parts, threads, httpx.ASGITransport(application))
    for number in range(3):
        spool = application.state.services.source.spool()
        spool.write(ct_instance(SOPInstanceUID=f"1.2.3.4.{number}", InstanceNumber=str(number)))
        assert (await application.state.services.source.store(spool)).is_stored
    yield made
    await made.close()


def answering(answer: Answering, threads: Threads, node: Node = NODE) -> RemoteDICOMweb:
    return RemoteDICOMweb(node, read_parts, threads, httpx.MockTransport(answer))


def query(text: str = "", level: Level = Level.STUDY, resource: Resource = ARCHIVE) -> Query:
    return parse_search(text, level, resource).query


def always(status: int, **more: Any) -> Answering:
    async def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, **more)

    return answer


class TestSearch:
    async def test_studies_are_found(self, remote: RemoteDICOMweb) -> None:
        answer = await remote.search(query("PatientID=PID1"))
        assert answer.total == 1
        assert orjson.loads(answer.objects[0].replace(PLACEHOLDER, b""))["00201208"]["Value"] == [3]

    async def test_where_to_retrieve_is_said_by_us(self, remote: RemoteDICOMweb) -> None:
        (found,) = (await remote.search(query())).objects
        assert b"pacs.test" not in found
        parsed = orjson.loads(found.replace(PLACEHOLDER, b"http://here"))
        assert parsed["00081190"]["Value"] == ["http://here/studies/1.2.3"]
        assert parsed["00080054"]["Value"] == ["WEB"]

    async def test_nothing_is_found(self, remote: RemoteDICOMweb) -> None:
        answer = await remote.search(query("PatientID=9"))
        assert (answer.objects, answer.total) == ([], 0)

    async def test_pages_are_passed_on(self, remote: RemoteDICOMweb) -> None:
        answer = await remote.search(query("limit=2&offset=1", Level.INSTANCE, STUDY))
        assert (len(answer.objects), answer.total) == (2, 3)

    async def test_patients_are_found_by_way_of_their_studies(self, remote: RemoteDICOMweb) -> None:
        (found,) = (await remote.search(query("", Level.PATIENT))).objects
        parsed = orjson.loads(found)
        assert parsed["00100020"]["Value"] == ["PID1"]
        assert parsed["00201200"]["Value"] == [1]
        assert "0020000D" not in parsed

    async def test_what_remains_is_told_by_a_warning(self, threads: Threads) -> None:
        warning = '299 http://pacs.test "There are 7 additional results that can be requested"'
        body = b'[ {"0020000D" : {"vr":"UI","Value":["1"]}} ]'
        remote = answering(always(200, content=body, headers={"Warning": warning}), threads)
        answer = await remote.search(query())
        assert (answer.total, answer.warnings) == (8, ())

    async def test_other_warnings_are_passed_on(self, threads: Threads) -> None:
        warning = "299 http://pacs.test: The fuzzymatching parameter is not supported."
        remote = answering(always(204, headers={"Warning": warning}), threads)
        assert (await remote.search(query())).warnings == ("The fuzzymatching parameter is not supported.",)

    async def test_numbers_are_kept_as_they_were_written(self, threads: Threads) -> None:
        body = (
            b'[{"0020000D":{"vr":"UI","Value":["1"]},"00101030":{"vr":"DS","Value":[70.10]}},{"00100010":{"vr":"PN"}}]'
        )
        answer = await answering(always(200, content=body), threads).search(query())
        assert len(answer.objects) == 2
        assert b"70.10" in answer.objects[0]

    @pytest.mark.parametrize("body", [b"<html>", b"{}", b"[1]"])
    async def test_what_is_no_answer_is_refused(self, threads: Threads, body: bytes) -> None:
        with pytest.raises(NetworkError):
            await answering(always(200, content=body), threads).search(query())

    async def test_an_endless_answer_is_refused(self, threads: Threads, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(remote_web, "MAX_ANSWER", 10)
        with pytest.raises(PeerUnreachable, match="more than 10 bytes"):
            await answering(always(200, content=bytes(100)), threads).search(query())


class TestFetch:
    async def test_instances_come_as_they_are_stored(self, remote: RemoteDICOMweb, archive: Archive) -> None:
        found = []
        async for spool in remote.fetch(STUDY, archive.spool):
            found.append(bytes(spool.view()))
            spool.close()
        assert found == [ct_instance(SOPInstanceUID=f"1.2.3.4.{n}", InstanceNumber=str(n)) for n in range(3)]

    async def test_large_ones_go_to_the_disk(self, remote: RemoteDICOMweb, tmp_path: Path) -> None:
        storage = LocalStorage(tmp_path / "small", memory_limit=100)
        async for spool in remote.fetch(Resource("1.2.3", "1.2.3.1", "1.2.3.4.1"), storage.spool):
            assert bytes(spool.view()) == ct_instance(SOPInstanceUID="1.2.3.4.1", InstanceNumber="1")
            spool.close()
        storage.close()

    async def test_parts_without_data_are_passed_over(self, threads: Threads, archive: Archive) -> None:
        headers = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=b'}
        remote = answering(always(200, headers=headers, content=b"--b\r\n\r\n\r\n--b--"), threads)
        assert [spool async for spool in remote.fetch(STUDY, archive.spool)] == []

    async def test_what_is_not_there_is_not_found(self, remote: RemoteDICOMweb, archive: Archive) -> None:
        with pytest.raises(ResourceNotFound):
            await anext(remote.fetch(Resource("9.9"), archive.spool))

    async def test_what_was_deleted_is_gone(self, threads: Threads, archive: Archive) -> None:
        with pytest.raises(ResourceGone):
            await anext(answering(always(410), threads).fetch(STUDY, archive.spool))

    async def test_closing_ends_the_answer(self, threads: Threads, archive: Archive) -> None:
        closed = asyncio.Event()

        class Endless(httpx.AsyncByteStream):
            async def __aiter__(self) -> AsyncIterator[bytes]:
                while True:
                    yield b"--b\r\nContent-Type: application/dicom\r\n\r\n" + ct_instance() + b"\r\n"
                    await asyncio.sleep(0)

            async def aclose(self) -> None:
                closed.set()

        headers = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=b'}
        remote = answering(always(200, headers=headers, stream=Endless()), threads)
        async with aclosing(remote.fetch(STUDY, archive.spool)) as spools:
            (await anext(spools)).close()
        assert closed.is_set()

    async def test_an_answer_that_breaks_off_is_no_end(self, threads: Threads, archive: Archive) -> None:
        class Broken(httpx.AsyncByteStream):
            async def __aiter__(self) -> AsyncIterator[bytes]:
                yield b"--b\r\nContent-Type: application/dicom\r\n\r\nDICM and so on, and so on, and so on"
                raise httpx.ReadError("reset")

        headers = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=b'}
        remote = answering(always(200, headers=headers, stream=Broken()), threads)
        with pytest.raises(AssociationAborted, match="broke"):
            await anext(remote.fetch(STUDY, archive.spool))


class TestStore:
    async def test_an_instance_is_stored(self, remote: RemoteDICOMweb, archive: Archive) -> None:
        spool = archive.spool()
        spool.write(ct_instance(SOPInstanceUID="1.2.3.4.7"))
        assert (await remote.store(spool)).is_stored
        assert (await remote.search(query("SOPInstanceUID=1.2.3.4.7", Level.INSTANCE))).total == 1

    @pytest.mark.parametrize(
        ("status", "module", "failure", "warning"),
        [
            (409, {"00081198": {"00081197": 0xA900}}, FailureReason.DATA_SET_DOES_NOT_MATCH_SOP_CLASS, None),
            (202, {"0008119A": {"00081197": 0x0110}}, FailureReason.PROCESSING_FAILURE, None),
            (409, {}, FailureReason.PROCESSING_FAILURE, None),
            (202, {"00081199": {"00081196": 0xB006}}, None, WarningReason.ELEMENTS_DISCARDED),
            (202, {"00081199": {"00081196": 0xB555}}, None, WarningReason.COERCED),
            (200, {"00081199": {}}, None, None),
        ],
    )
    async def test_what_it_answers_is_the_outcome(
        self,
        threads: Threads,
        archive: Archive,
        status: int,
        module: dict[str, dict[str, int]],
        failure: FailureReason | None,
        warning: WarningReason | None,
    ) -> None:
        def element(item: dict[str, int]) -> dict[str, object]:
            return {"Value": [{tag: {"vr": "US", "Value": [number]} for tag, number in item.items()}]}

        body = orjson.dumps({tag: element(item) for tag, item in module.items()}) if module else b""
        spool = archive.spool()
        spool.write(ct_instance())
        outcome = await answering(always(status, content=body), threads).store(spool)
        assert (outcome.failure, outcome.warning) == (failure, warning)
        assert outcome.resource.sop_instance_uid == "1.2.3.4"
        spool.close()

    @pytest.mark.parametrize("body", [b"<html>", b"[]"])
    async def test_an_answer_that_is_no_module_is_not_believed(
        self, threads: Threads, archive: Archive, body: bytes
    ) -> None:
        spool = archive.spool()
        spool.write(ct_instance())
        with pytest.raises(NetworkError):
            await answering(always(200, content=body), threads).store(spool)
        spool.close()


class TestNetwork:
    async def test_it_is_there(self, remote: RemoteDICOMweb) -> None:
        assert await remote.echo() > 0

    @pytest.mark.parametrize("status", [302, 401, 403, 500, 503])
    async def test_a_refusal_is_told(self, threads: Threads, status: int) -> None:
        with pytest.raises(PeerUnreachable, match=str(status)):
            await answering(always(status), threads).echo()

    @pytest.mark.parametrize(
        ("error", "raised"),
        [
            (httpx.ConnectTimeout("slow"), AssociationTimeout),
            (httpx.ReadTimeout("slow"), AssociationTimeout),
            (httpx.ConnectError("refused"), PeerUnreachable),
            (httpx.RemoteProtocolError("garbage"), AssociationAborted),
        ],
    )
    async def test_what_goes_wrong_is_told(
        self, threads: Threads, error: Exception, raised: type[NetworkError]
    ) -> None:
        async def answer(request: httpx.Request) -> httpx.Response:
            raise error

        with pytest.raises(raised):
            await answering(answer, threads).echo()

    async def test_a_server_that_is_not_there_is_told_in_words(self, threads: Threads) -> None:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
            node = Node("WEB", kind=Kind.DICOMWEB, base_url=f"http://127.0.0.1:{port}")
            remote = RemoteDICOMweb(node, read_parts, threads)
            with pytest.raises(PeerUnreachable, match=f"^127.0.0.1:{port} cannot be reached: the connection was refus"):
                await remote.echo()
            await remote.close()

    async def test_credentials_never_show(self, threads: Threads) -> None:
        node = Node("WEB", kind=Kind.DICOMWEB, base_url="http://joe:secret@pacs.test/x")
        with pytest.raises(PeerUnreachable) as caught:
            await answering(always(500), threads, node).echo()
        assert "secret" not in str(caught.value)

    @pytest.mark.parametrize(
        ("credentials", "header"),
        [
            ({"username": "joe", "password": "x"}, "Basic am9lOng="),
            ({"token": "abc"}, "Bearer abc"),
            ({}, None),
        ],
    )
    async def test_credentials_are_sent(
        self, threads: Threads, credentials: dict[str, str], header: str | None
    ) -> None:
        seen: list[str | None] = []

        async def answer(request: httpx.Request) -> httpx.Response:
            seen.append(request.headers.get("authorization"))
            return httpx.Response(204)

        node = Node("WEB", kind=Kind.DICOMWEB, base_url="http://pacs.test", **credentials)  # type: ignore[arg-type]
        await answering(answer, threads, node).echo()
        assert seen == [header]
