import asyncio
import threading
from collections.abc import AsyncIterator
from typing import cast

import pytest
from builders import ct_instance
from dicomweb_bodies import related
from noted_threads import noted_threads

from app.multipart import Limits
from app.storing import Gate, StoreResult, store_body
from dicomcore.archive import Archive
from dicomcore.data import Buffer, BulkdataPolicy, assembly, encode_json, read_file
from dicomcore.errors import IndexUnavailable, InvalidParameter, LimitExceeded, StorageFull, StorageUnavailable
from dicomcore.query import Query
from dicomcore.resources import Level, Resource
from dicomcore.source import FailureReason, Source, StoreOutcome
from dicomcore.storage import LocalSpool, Spool

DICOM = "application/dicom"


async def chunks(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def send(source: object, content_type: str, *pieces: bytes, gate: Gate | None = None) -> StoreResult:
    return await store_body(content_type, chunks(*pieces), cast(Source, source), gate or Gate(), limits=Limits())


async def count(archive: Archive) -> int:
    return (await archive.search(Query(Level.INSTANCE, Resource()))).total


class NoRoom(LocalSpool):
    """A spool on a volume that is full."""

    def __init__(self, error: StorageUnavailable) -> None:
        self._error = error

    @property
    def wants_thread(self) -> bool:
        return False

    def write(self, chunk: Buffer) -> None:
        raise self._error

    def close(self) -> None:
        pass


class Counting:
    """A source that stores nothing, and knows how many stores were under way at once."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._running = 0
        self.most = 0

    def spool(self) -> Spool:
        return self._archive.spool()

    async def store(self, spool: Spool, *, study_instance_uid: str | None = None) -> StoreOutcome:
        self._running += 1
        self.most = max(self.most, self._running)
        await asyncio.sleep(0)
        self._running -= 1
        spool.close()
        return StoreOutcome()


async def test_outcomes_are_in_the_order_of_the_parts(archive: Archive) -> None:
    uids = [f"1.2.3.{number}" for number in range(20)]
    body, headers = related(DICOM, *[ct_instance(SOPInstanceUID=uid) for uid in uids])
    result = await send(archive, headers["Content-Type"], body)
    assert [outcome.resource.sop_instance_uid for outcome in result.outcomes] == uids


async def test_instances_that_came_as_metadata_are_not_written_where_all_requests_are_answered(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = encode_json(read_file(ct_instance(PixelData=None)).dataset, BulkdataPolicy(b"", 1_000))
    body, headers = related("application/dicom+json", b"[" + metadata + b"]")
    threads = noted_threads(monkeypatch, assembly, "write_dataset")
    result = await send(archive, headers["Content-Type"], body)
    assert result.outcomes[0].is_stored
    assert len(threads) == 1
    assert threading.main_thread() not in threads


async def test_no_more_stores_are_under_way_than_there_are_places(archive: Archive) -> None:
    source, gate = Counting(archive), Gate(3)
    body, headers = related(DICOM, *[b"x"] * 20)
    await asyncio.gather(*(send(source, headers["Content-Type"], body, gate=gate) for _ in range(3)))
    assert source.most == 3


async def test_clients_that_send_slowly_keep_nobody_waiting(archive: Archive) -> None:
    gate, forever = Gate(2), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield ct_instance()[:500]
        await forever.wait()

    async with asyncio.timeout(10):
        waiting = [asyncio.create_task(store_body(DICOM, slow(), archive, gate, limits=Limits())) for _ in range(10)]
        await asyncio.sleep(0)
        result = await send(archive, DICOM, ct_instance(), gate=gate)
        forever.set()
        truncated = await asyncio.gather(*waiting)
    assert result.outcomes[0].is_stored
    assert all(one.outcomes[0].failure is FailureReason.CANNOT_UNDERSTAND for one in truncated)


async def test_what_arrived_whole_is_stored_though_the_client_is_gone(archive: Archive) -> None:
    body, headers = related(DICOM, ct_instance(), ct_instance(SOPInstanceUID="1.2.3.5"))
    gone = asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        yield body[:-100]
        gone.set()
        await asyncio.Event().wait()

    content_type = headers["Content-Type"]
    task = asyncio.create_task(store_body(content_type, pieces(), archive, Gate(), limits=Limits()))
    await gone.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(10):
        while not await count(archive):
            await asyncio.sleep(0.01)
    assert await count(archive) == 1


async def test_what_breaks_off_leaves_no_file_behind(archive: Archive) -> None:
    spool = archive.spool()
    folder = cast(LocalSpool, spool).path.parent
    spool.close()
    body, headers = related(DICOM, ct_instance(PixelData=bytes(6_000_000)), is_closed=False)
    with pytest.raises(InvalidParameter, match="without a closing delimiter"):
        await send(archive, headers["Content-Type"], body[:-100])
    assert list(folder.iterdir()) == []


async def test_a_full_volume_is_told_by_instance(archive: Archive) -> None:
    class Full(Counting):
        def spool(self) -> Spool:
            return NoRoom(StorageFull("no room"))

    body, headers = related(DICOM, ct_instance(), ct_instance())
    result = await send(Full(archive), headers["Content-Type"], body)
    assert [outcome.failure for outcome in result.outcomes] == [FailureReason.OUT_OF_RESOURCES] * 2
    with pytest.raises(StorageFull):
        await send(Full(archive), DICOM, ct_instance())


async def test_storage_that_does_not_answer_fails_the_request(archive: Archive) -> None:
    class Gone(Counting):
        def spool(self) -> Spool:
            return NoRoom(StorageUnavailable("gone"))

    body, headers = related(DICOM, ct_instance(), ct_instance())
    for content_type, content in ((headers["Content-Type"], body), (DICOM, ct_instance())):
        with pytest.raises(StorageUnavailable, match="gone"):
            await send(Gone(archive), content_type, content)


async def test_an_index_that_does_not_answer_fails_the_request(archive: Archive) -> None:
    archive.index.close()
    body, headers = related(DICOM, ct_instance(), b"no DICOM")
    with pytest.raises(IndexUnavailable):
        await send(archive, headers["Content-Type"], body)


async def test_a_problem_of_the_body_after_an_instance_is_a_part_of_the_result(archive: Archive) -> None:
    async def too_large() -> AsyncIterator[bytes]:
        body, _ = related(DICOM, ct_instance(), is_closed=False)
        yield body + b"--a boundary of tests\r\n"
        raise LimitExceeded("bytes of a request body", 10)

    _, headers = related(DICOM)
    result = await store_body(headers["Content-Type"], too_large(), archive, Gate(), limits=Limits())
    assert [outcome.is_stored for outcome in result.outcomes] == [True]
    assert isinstance(result.problem, LimitExceeded)
