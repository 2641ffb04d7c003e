import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import ct_instance

from dicomcore.archive import Archive
from dicomcore.bridge.adopting import Adopting, evict, keep_evicting
from dicomcore.bridge.retention import Retention
from dicomcore.errors import ResourceGone
from dicomcore.query import Query
from dicomcore.resources import Level, Resource
from dicomcore.source import Change, FailureReason, Source, StoreOutcome

INSTANCE = Resource("1.2.3", "1.2.3.1", "1.2.3.4")


@pytest.fixture
def retention(tmp_path: Path) -> Iterator[Retention]:
    opened = Retention(tmp_path / "notes", max_seconds=0)
    yield opened
    opened.close()


@pytest.fixture
def adopting(archive: Archive, retention: Retention) -> Adopting:
    return Adopting(archive, retention, archive.threads)


async def store(source: Source) -> StoreOutcome:
    spool = source.spool()
    spool.write(ct_instance())
    return await source.store(spool)


async def fetched(archive: Archive, retention: Retention) -> None:
    """Put an instance into the archive as a bridge does."""
    retention.note("1.2.3.4")
    await store(archive)
    retention.confirm(INSTANCE, 100)


async def test_what_a_bridge_has_fetched_is_evicted(archive: Archive, retention: Retention) -> None:
    await fetched(archive, retention)
    assert await evict(archive, retention, archive.threads) == 1
    with pytest.raises(ResourceGone):
        await archive.instance(INSTANCE)
    assert retention.size == 0


async def test_what_is_no_longer_there_is_forgotten(archive: Archive, retention: Retention) -> None:
    await fetched(archive, retention)
    await archive.delete(INSTANCE)
    assert await evict(archive, retention, archive.threads) == 1
    assert await evict(archive, retention, archive.threads) == 0


async def test_what_is_stored_by_others_meanwhile_stays(
    archive: Archive, retention: Retention, adopting: Adopting
) -> None:
    await fetched(archive, retention)
    assert (await store(adopting)).change is Change.IDENTICAL
    assert await evict(archive, retention, archive.threads) == 0
    assert await archive.instance(INSTANCE)


async def test_what_is_just_leaving_cannot_be_stored(
    archive: Archive, retention: Retention, adopting: Adopting
) -> None:
    await fetched(archive, retention)
    retention.take_leaving()
    assert (await store(adopting)).failure is FailureReason.PROCESSING_FAILURE


async def test_what_left_while_it_was_stored_is_not_acknowledged(archive: Archive, retention: Retention) -> None:
    class Leaving(Archive):
        async def store(self, spool: object, *, study_instance_uid: str | None = None) -> StoreOutcome:
            return StoreOutcome(INSTANCE, "", Change.IDENTICAL)

    leaving = Leaving(archive.storage, archive.index)
    outcome = await store(Adopting(leaving, retention, archive.threads))
    assert outcome.failure is FailureReason.PROCESSING_FAILURE
    leaving.threads.close()


async def test_a_refusal_is_passed_on(adopting: Adopting) -> None:
    spool = adopting.spool()
    spool.write(b"no DICOM at all")
    assert not (await adopting.store(spool)).is_stored


async def test_it_answers_as_the_archive_does(archive: Archive, adopting: Adopting) -> None:
    await store(adopting)
    assert (await adopting.search(Query(Level.STUDY))).total == 1
    assert (await adopting.instance(INSTANCE)).resource == INSTANCE
    assert [one.resource async for one in adopting.retrieve(Resource("1.2.3"))] == [INSTANCE]
    assert (await adopting.metadata(INSTANCE)).objects == (await archive.metadata(INSTANCE)).objects
    assert await adopting.revision(INSTANCE) == await archive.revision(INSTANCE)
    assert await adopting.delete(INSTANCE) == 1


async def test_evicting_goes_on(archive: Archive, retention: Retention) -> None:
    task = asyncio.create_task(keep_evicting(archive, retention, archive.threads, every=0.01))
    await fetched(archive, retention)
    for _ in range(500):
        if not retention.size:
            break
        await asyncio.sleep(0.01)
    assert retention.size == 0
    task.cancel()
