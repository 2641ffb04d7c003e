import asyncio
import gc
import sqlite3
import threading
import time
from concurrent.futures import Future
from contextlib import closing, suppress
from itertools import count as count_from
from pathlib import Path

import orjson
import pytest
from builders import IMPLICIT_LE, ct_dataset, ct_instance, element, header, item, part10

from app.settings import Settings
from dicomcore.archive import Archive
from dicomcore.data import PLACEHOLDER
from dicomcore.errors import IndexUnavailable, ResourceGone, ResourceNotFound, StorageFull, StorageUnavailable
from dicomcore.index import DuplicatePolicy, Index, InstanceRow, Stored
from dicomcore.query import Query
from dicomcore.resources import Level, Resource
from dicomcore.source import Change, FailureReason, StoreOutcome, WarningReason
from dicomcore.storage import LocalStorage, Spool

STUDY = Resource("1.2.3")
INSTANCE = Resource("1.2.3", "1.2.3.1", "1.2.3.4")


async def store(archive: Archive, content: bytes, study: str | None = None) -> StoreOutcome:
    spool = archive.spool()
    spool.write(content)
    return await archive.store(spool, study_instance_uid=study)


async def read(archive: Archive, resource: Resource = INSTANCE) -> bytes:
    instance = await archive.instance(resource)
    return b"".join([bytes(buffer) async for buffer in await instance.read()])


async def count(archive: Archive) -> int:
    return (await archive.search(Query(Level.INSTANCE, Resource()))).total


def objects(settings: Settings) -> list[Path]:
    return [path for path in (settings.data / "objects").rglob("*") if path.is_file()]


def with_policy(settings: Settings, policy: DuplicatePolicy) -> Archive:
    return Archive(LocalStorage(settings.data), Index(settings.database_url), duplicates=policy)


async def test_what_is_stored_is_searchable_and_retrievable_on_return(archive: Archive) -> None:
    outcome = await store(archive, ct_instance())
    assert outcome == StoreOutcome(INSTANCE, "1.2.840.10008.5.1.4.1.1.2", Change.STORED)
    assert await count(archive) == 1
    assert await read(archive) == ct_instance()


async def test_an_empty_archive_finds_nothing(archive: Archive) -> None:
    for found in (archive.instance(INSTANCE), archive.metadata(STUDY), archive.revision(STUDY), archive.delete(STUDY)):
        with pytest.raises(ResourceNotFound):
            await found
    with pytest.raises(ResourceNotFound):
        await anext(archive.retrieve(STUDY))


async def test_what_was_deleted_is_gone_with_its_bytes(archive: Archive, settings: Settings) -> None:
    await store(archive, ct_instance())
    assert await archive.delete(STUDY) == 1
    assert objects(settings) == []
    for found in (archive.instance(INSTANCE), archive.metadata(STUDY), archive.revision(STUDY), archive.delete(STUDY)):
        with pytest.raises(ResourceGone):
            await found


async def test_instances_are_retrieved_in_order(archive: Archive) -> None:
    for uid, number in (("1.1", "3"), ("1.2", "1"), ("1.3", "2")):
        await store(archive, ct_instance(SOPInstanceUID=uid, InstanceNumber=number))
    found = [instance.resource.sop_instance_uid async for instance in archive.retrieve(STUDY)]
    assert found == ["1.2", "1.3", "1.1"]


async def test_metadata_are_those_of_all_instances_and_follow_every_change(archive: Archive) -> None:
    await store(archive, ct_instance())
    before = await archive.metadata(STUDY)
    assert orjson.loads(before.objects[0].replace(PLACEHOLDER, b""))["00100020"]["Value"] == ["PID1"]
    await store(archive, ct_instance(SOPInstanceUID="1.2.3.5"))
    after = await archive.metadata(STUDY)
    assert (len(after.objects), after.revision != before.revision) == (2, True)
    assert await archive.revision(STUDY) == after.revision
    await archive.delete(INSTANCE)
    assert len((await archive.metadata(STUDY)).objects) == 1


@pytest.mark.parametrize(
    ("content", "reason", "name"),
    [
        (b"", FailureReason.CANNOT_UNDERSTAND, None),
        (b"no DICOM at all", FailureReason.CANNOT_UNDERSTAND, None),
        (ct_instance()[:-10], FailureReason.CANNOT_UNDERSTAND, "1.2.3.4"),
        (ct_instance("1.2.3"), FailureReason.TRANSFER_SYNTAX_NOT_SUPPORTED, "1.2.3.4"),
        (ct_instance(SOPClassUID="1.2.840.10008.1.1"), FailureReason.SOP_CLASS_NOT_SUPPORTED, "1.2.3.4"),
        (ct_instance(StudyInstanceUID=None), FailureReason.DATA_SET_DOES_NOT_MATCH_SOP_CLASS, "1.2.3.4"),
    ],
)
async def test_a_refusal_is_a_value_that_names_the_instance_and_leaves_nothing(
    archive: Archive, settings: Settings, content: bytes, reason: FailureReason, name: str | None
) -> None:
    outcome = await store(archive, content)
    assert (outcome.failure, outcome.resource.sop_instance_uid) == (reason, name)
    assert outcome.detail
    assert objects(settings) == []


async def test_an_instance_of_another_study_than_named_is_refused(archive: Archive) -> None:
    assert (await store(archive, ct_instance(), "1.2.3")).is_stored
    outcome = await store(archive, ct_instance(SOPInstanceUID="1.2.3.5"), "9")
    assert outcome.failure is FailureReason.DATA_SET_DOES_NOT_MATCH_SOP_CLASS


async def test_the_same_data_set_again_changes_nothing(archive: Archive, settings: Settings) -> None:
    await store(archive, ct_instance())
    revision, before = await archive.revision(STUDY), objects(settings)
    again = part10(ct_dataset(), preamble=b"II*\0" + bytes(124))
    assert (await store(archive, again)).change is Change.IDENTICAL
    assert (await archive.revision(STUDY), objects(settings)) == (revision, before)


@pytest.mark.parametrize(
    ("policy", "change", "kept"),
    [
        (DuplicatePolicy.REPLACE_IF_CHANGED, Change.REPLACED, "new"),
        (DuplicatePolicy.KEEP_FIRST, Change.KEPT, "old"),
        (DuplicatePolicy.REJECT, None, "old"),
    ],
)
async def test_other_content_is_treated_by_the_policy_and_one_object_stays(
    settings: Settings, policy: DuplicatePolicy, change: Change | None, kept: str
) -> None:
    archive = with_policy(settings, policy)
    await store(archive, ct_instance(StudyDescription="old"))
    outcome = await store(archive, ct_instance(StudyDescription="new"))
    assert outcome.change is change
    assert await read(archive) == ct_instance(StudyDescription=kept)
    assert len(objects(settings)) == 1
    archive.close()


async def test_a_version_that_was_not_taken_is_told(settings: Settings) -> None:
    archive = with_policy(settings, DuplicatePolicy.KEEP_FIRST)
    await store(archive, ct_instance())
    assert (await store(archive, ct_instance(PatientID="x"))).warning is WarningReason.ELEMENTS_DISCARDED
    archive.close()
    archive = with_policy(settings, DuplicatePolicy.REJECT)
    assert (await store(archive, ct_instance(PatientID="x"))).failure is FailureReason.DUPLICATE_SOP_INSTANCE
    archive.close()


async def test_a_program_in_the_preamble_is_zeroed_also_in_a_large_object(archive: Archive) -> None:
    content = part10(ct_dataset(PixelData=bytes(5_000_000)), preamble=b"MZ" + bytes(126))
    outcome = await store(archive, content)
    assert (outcome.warning, outcome.change) == (WarningReason.COERCED, Change.STORED)
    assert await read(archive) == bytes(128) + content[128:]


async def test_concurrent_stores_of_one_instance_leave_one(archive: Archive, settings: Settings) -> None:
    outcomes = await asyncio.gather(*(store(archive, ct_instance()) for _ in range(20)))
    assert all(outcome.is_stored for outcome in outcomes)
    assert [outcome.change for outcome in outcomes].count(Change.STORED) == 1
    assert len(objects(settings)) == 1


async def test_concurrent_stores_into_one_study_are_all_counted(archive: Archive) -> None:
    contents = [ct_instance(SOPInstanceUID=f"1.2.3.{number}", InstanceNumber=str(number)) for number in range(50)]
    await asyncio.gather(*(store(archive, content) for content in contents))
    answer = await archive.search(Query(Level.STUDY, Resource()))
    assert orjson.loads(answer.objects[0].replace(PLACEHOLDER, b""))["00201208"]["Value"] == [50]


async def test_who_goes_away_does_not_stop_a_store(archive: Archive) -> None:
    task = asyncio.create_task(store(archive, ct_instance()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(10):
        while not await count(archive):
            await asyncio.sleep(0.01)
    assert await read(archive) == ct_instance()


async def test_bytes_whose_row_may_have_been_made_stay(
    archive: Archive, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the index goes away during a commit nobody knows how it ended: a row must not lose its bytes."""
    lost: Future[list[Stored]] = Future()
    lost.set_exception(IndexUnavailable("the connection was lost"))
    monkeypatch.setattr(archive.index, "submit", lambda *_: lost)
    with pytest.raises(IndexUnavailable):
        await store(archive, ct_instance())
    (kept,) = objects(settings)
    assert kept.read_bytes() == ct_instance()


async def test_bytes_whose_row_was_certainly_not_made_go(archive: Archive, settings: Settings) -> None:
    archive.index.close()
    with pytest.raises(IndexUnavailable):
        await store(archive, ct_instance())
    assert objects(settings) == []


# Another form of an instance


async def replace(archive: Archive, content: bytes) -> StoreOutcome:
    """Put another form in the place of what is stored now."""
    instance = await archive.instance(INSTANCE)
    spool = archive.spool()
    spool.write(content)
    return await archive.replace(instance, spool)


@pytest.mark.parametrize("policy", DuplicatePolicy)
async def test_another_form_takes_the_place_of_an_instance_whatever_the_policy(
    settings: Settings, policy: DuplicatePolicy
) -> None:
    archive = with_policy(settings, policy)
    await store(archive, ct_instance())
    assert (await replace(archive, ct_instance(IMPLICIT_LE))).change is Change.REPLACED
    assert await read(archive) == ct_instance(IMPLICIT_LE)
    assert len(objects(settings)) == 1
    archive.close()


async def test_who_wants_to_know_is_told_of_what_arrives_and_of_nothing_else(archive: Archive) -> None:
    told: list[Resource] = []
    archive.on_arrival = told.append
    for content in (ct_instance(), ct_instance(), ct_instance(PatientID="other"), b"nonsense"):
        await store(archive, content)
    await replace(archive, ct_instance(IMPLICIT_LE, PatientID="other"))
    assert told == [INSTANCE, INSTANCE]


async def test_what_crashed_between_bytes_and_row_is_put_aside_at_the_next_start(settings: Settings) -> None:
    archive = with_policy(settings, DuplicatePolicy.REJECT)
    await store(archive, ct_instance())
    spool = archive.spool()
    spool.write(ct_instance(SOPInstanceUID="1.2.3.5"))
    archive.storage.keep(spool)
    archive.close()
    restarted = with_policy(settings, DuplicatePolicy.REJECT)
    assert restarted.sweep() == 1
    assert len(objects(settings)) == 1
    assert await read(restarted) == ct_instance()
    restarted.close()


@pytest.mark.parametrize("content", [ct_instance(), ct_instance(IMPLICIT_LE), ct_dataset()])
async def test_what_is_reindexed_answers_as_before(archive: Archive, content: bytes) -> None:
    await store(archive, content)
    await store(archive, ct_instance(SOPInstanceUID="1.2.3.5", PatientName="Other^Name"))
    queries = [Query(level, Resource()) for level in Level]
    before = [await archive.search(query) for query in queries], (await archive.metadata(STUDY)).objects
    counted: list[int] = []
    assert archive.reindex(counted.append) == []
    assert ([await archive.search(query) for query in queries], (await archive.metadata(STUDY)).objects) == before
    assert counted == [2]
    assert await read(archive) == content


async def test_verification_names_what_is_damaged(archive: Archive, settings: Settings) -> None:
    await store(archive, ct_instance())
    assert list(archive.verify(lambda _count: None)) == []
    (path,) = objects(settings)
    path.write_bytes(ct_instance()[:-1] + b"\xff")
    (damage,) = archive.verify(lambda _count: None)
    assert (damage.resource, damage.problem) == (INSTANCE, "the bytes differ from what was stored")


async def test_a_small_instance_of_many_elements_is_read_in_a_thread_and_stored_once(
    archive: Archive, settings: Settings
) -> None:
    content = ct_instance() + b"".join(element(0x7FE10000 + number, "UN", b"  ") for number in range(0x1010, 0x1810))
    assert [(await store(archive, content)).change for _ in range(2)] == [Change.STORED, Change.IDENTICAL]
    assert await read(archive) == content
    assert len(objects(settings)) == 1


async def test_a_small_instance_that_cannot_be_written_is_refused(archive: Archive, settings: Settings) -> None:
    (settings.data / "spool").rmdir()
    with pytest.raises(StorageUnavailable):
        await store(archive, ct_instance())
    assert await count(archive) == 0


async def test_instances_with_very_much_metadata_are_taken_in_one_by_one(archive: Archive) -> None:
    items = header(0x00400275, "SQ", 8 * 30_000) + item(b"") * 30_000
    contents = [ct_instance(SOPInstanceUID=f"1.2.3.{number}", extra=items) for number in range(4)]
    outcomes = await asyncio.gather(*(store(archive, content) for content in contents))
    assert [outcome.change for outcome in outcomes] == [Change.STORED] * 4


async def test_long_text_is_much_metadata_too(archive: Archive) -> None:
    content = ct_instance(extra=element(0x0040A160, "UT", "a" * (2 << 20)))
    assert (await store(archive, content)).change is Change.STORED
    assert await read(archive) == content


# Faults between bytes and row


def test_bytes_stay_whose_row_is_committed_after_the_event_loop_has_ended(archive: Archive, settings: Settings) -> None:
    """A server that is told to stop twice does not wait for what is under way; the thread that commits goes on."""

    async def begin() -> None:
        under_way = asyncio.create_task(store(archive, ct_instance()))
        while not objects(settings):
            await asyncio.sleep(0.001)
        assert not under_way.done()

    with closing(sqlite3.connect(settings.data / "index.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        asyncio.run(begin())
        other.execute("ROLLBACK")
    archive.index.delete(Resource("9"))  # after the commit, since it waits for its turn
    rows = list(archive.index.instances(Resource()))
    assert [archive.storage.open(row.key).read() for row in rows] == [ct_instance()]


async def test_a_spool_is_closed_even_if_what_it_left_cannot_be_deleted(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_key: str) -> None:
        raise StorageUnavailable("the volume is read-only")

    monkeypatch.setattr(archive.storage, "delete", fail)
    spool = archive.spool()
    spool.write(b"no DICOM at all")
    with pytest.raises(StorageUnavailable):
        await archive.store(spool)
    with pytest.raises(RuntimeError, match="closed"):
        spool.view()


async def test_bytes_that_fail_late_for_an_instance_that_is_refused_are_no_news(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody asks why they failed, and the event loop must not complain that nobody does."""
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))

    def fail(_spool: Spool, _key: str) -> str:
        time.sleep(0.02)
        raise StorageFull("no room")

    monkeypatch.setattr(archive.storage, "keep", fail)
    assert (await store(archive, b"no DICOM at all")).failure is FailureReason.CANNOT_UNDERSTAND
    gc.collect()
    assert complaints == []


class UnsteadyMedium:
    """Keeps objects now and then slowly, and fails now and then: before they are there, or when they are."""

    def __init__(self, archive: Archive) -> None:
        self._keep = archive.storage.keep
        self._turns = count_from(1)

    def __call__(self, spool: Spool, key: str) -> str:
        turn = next(self._turns)
        if turn % 7 == 0:
            raise StorageFull("no room")
        time.sleep((0.0, 0.0, 0.002, 0.08)[turn % 4])  # the last is longer than a transaction stays open
        self._keep(spool, key)
        if turn % 5 == 0:
            raise StorageFull("no room")
        return key


class Watch(threading.Thread):
    """Looks all the time for rows without bytes."""

    def __init__(self, archive: Archive) -> None:
        super().__init__()
        self.missing: list[Resource] = []
        self.seen = 0
        self._archive = archive
        self._is_over = threading.Event()

    def run(self) -> None:
        while not self._is_over.wait(0.001):
            for row in self._archive.index.instances(Resource()):
                self._look(row)

    def _look(self, row: InstanceRow) -> None:
        self.seen += 1
        try:
            self._archive.storage.open(row.key).close()
        except KeyError:
            now = self._archive.index.instance(row.resource)
            if now is not None and now.key == row.key:
                self.missing.append(row.resource)

    def __enter__(self) -> "Watch":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self.join()


async def test_no_row_is_ever_without_its_bytes_and_no_bytes_stay_without_a_row_whatever_the_medium_does(
    archive: Archive, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive.storage, "keep", UnsteadyMedium(archive))
    small = [ct_instance(SOPInstanceUID=f"1.2.3.{number}") for number in range(40)]
    large = [ct_instance(SOPInstanceUID=f"1.2.4.{number}", PixelData=bytes(2 << 20)) for number in range(4)]
    with Watch(archive) as watch:
        outcomes = await asyncio.gather(*(store(archive, content) for content in small + large))
    stored = {outcome.resource for outcome in outcomes if outcome.is_stored}
    assert {outcome.failure for outcome in outcomes} == {None, FailureReason.OUT_OF_RESOURCES}
    assert watch.missing == []
    assert {row.resource for row in archive.index.instances(Resource())} == stored
    assert len(objects(settings)) == len(stored)


@pytest.mark.parametrize("policy", DuplicatePolicy)
async def test_two_processes_that_store_replace_and_delete_one_instance_leave_one_object_for_each_row(
    settings: Settings, policy: DuplicatePolicy
) -> None:
    first = with_policy(settings, policy)
    first.sweep()
    both = first, with_policy(settings, policy)
    contents = [ct_instance(StudyID=str(number)) for number in range(6)]

    async def interfere(archive: Archive, turn: int) -> object:
        with suppress(ResourceNotFound, ResourceGone):
            return await archive.delete(INSTANCE) if turn % 5 == 4 else await replace(archive, ct_instance(IMPLICIT_LE))
        return None

    with Watch(first) as watch:
        for turn in range(10):
            await asyncio.gather(
                *(store(archive, content) for archive in both for content in contents),
                *(interfere(archive, turn) for archive in both),
            )
            rows = list(first.index.instances(Resource()))
            assert [path.name for path in objects(settings)] == [row.key for row in rows]
    assert (watch.missing, watch.seen > 0) == ([], True)
    for archive in both:
        archive.close()


async def test_bytes_that_hang_hold_up_nobody_else(
    archive: Archive, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, may_go_on = archive.storage.keep, threading.Event()

    def hang(spool: Spool, key: str) -> str:
        if spool.size > 200_000:
            may_go_on.wait(30)
        return keep(spool, key)

    monkeypatch.setattr(archive.storage, "keep", hang)
    hanging = asyncio.create_task(store(archive, ct_instance(PixelData=bytes(300_000))))
    contents = [ct_instance(SOPInstanceUID=f"1.2.3.{number}") for number in range(5, 15)]
    outcomes = await asyncio.gather(*(store(archive, content) for content in contents))
    assert [outcome.change for outcome in outcomes] == [Change.STORED] * 10
    assert await archive.delete(STUDY) == 10
    assert not hanging.done()
    may_go_on.set()
    assert (await hanging).change is Change.STORED
    assert await count(archive) == len(objects(settings)) == 1


@pytest.mark.parametrize("size", [1000, 2 << 20, 5 << 20])
async def test_who_goes_away_and_closes_the_spool_leaves_the_whole_instance_or_nothing(
    archive: Archive, settings: Settings, size: int
) -> None:
    contents = [ct_instance(SOPInstanceUID=f"1.2.3.{number}", PixelData=bytes(size)) for number in range(12)]
    spools = []
    for content in contents:
        spool = archive.spool()
        spool.write(content)
        spools.append(spool)
    stores = [asyncio.create_task(archive.store(spool)) for spool in spools]
    for spool, under_way in zip(spools, stores, strict=True):
        await asyncio.sleep(0.001)
        under_way.cancel()
        spool.close()
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}), return_exceptions=True)
    assert archive.index.statistics().instances == len(objects(settings))
    assert list(settings.data.glob("spool/*")) == []
    assert list(archive.verify(lambda _count: None)) == []
