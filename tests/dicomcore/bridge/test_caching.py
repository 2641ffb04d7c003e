import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path

import pytest
from builders import ct_instance

from dicomcore.archive import Archive
from dicomcore.bridge.adopting import evict
from dicomcore.bridge.caching import CachingBridge
from dicomcore.bridge.retention import Retention
from dicomcore.data import read_file
from dicomcore.errors import (
    DimseFailure,
    PeerUnreachable,
    RequestError,
    ResourceGone,
    ResourceNotFound,
    StorageUnavailable,
)
from dicomcore.query import Query
from dicomcore.resources import Level, Resource
from dicomcore.source import Answer, Change, FailureReason, StoreOutcome
from dicomcore.storage import Spool

STUDY = Resource("1.2.3")
SERIES = Resource("1.2.3", "1.2.3.1")


def slices(number: int) -> list[bytes]:
    return [ct_instance(SOPInstanceUID=f"1.2.3.4.{n}", InstanceNumber=str(n)) for n in range(number)]


def instance(number: int) -> Resource:
    return Resource("1.2.3", "1.2.3.1", f"1.2.3.4.{number}")


class Pacs:
    """A remote archive that holds one study, and does what a test tells it."""

    ae_title = "PACS"
    arrives_elsewhere = False

    def __init__(self, *files: bytes) -> None:
        self.files = list(files)
        self.told: int | None = len(files)
        self.failure: Exception | None = None
        self.searches: list[Query] = []
        self.fetched: list[Resource] = []
        self.sent = 0
        self.was_closed = False
        self.was_left = False
        self.stored: list[bytes] = []

    async def search(self, query: Query) -> Answer:
        self.searches.append(query)
        tag = "00201208" if query.level is Level.STUDY else "00201209"
        count = "" if self.told is None else f',"Value":[{self.told}]'
        return Answer([f'{{"{tag}":{{"vr":"IS"{count}}}}}'.encode()], 1)

    async def fetch(self, resource: Resource, spool: Callable[[], Spool]) -> AsyncGenerator[Spool, None]:
        self.fetched.append(resource)
        wanted = [one for one in self.files if self.covers(resource, one)]
        if not wanted and self.failure is None:
            raise ResourceNotFound(resource)
        try:
            for content in wanted:
                filled = spool()
                filled.write(content)
                self.sent += 1
                yield filled
            if self.failure is not None:
                raise self.failure
        finally:
            self.was_closed = True

    def covers(self, resource: Resource, content: bytes) -> bool:
        dataset = read_file(content).dataset
        uids = [dataset.text(tag) for tag in (0x0020000D, 0x0020000E, 0x00080018)]
        asked = (resource.study_instance_uid, resource.series_instance_uid, resource.sop_instance_uid)
        return all(want in (None, has) for want, has in zip(asked, uids, strict=True))

    async def store(self, spool: Spool) -> StoreOutcome:
        self.stored.append(bytes(spool.view()))
        return StoreOutcome(instance(0), "", Change.STORED)

    async def echo(self) -> float:
        return 0.0

    async def close(self) -> None:
        self.was_left = True


def bridge(pacs: Pacs, archive: Archive, retention: Retention | None = None, **more: float) -> CachingBridge:
    return CachingBridge(pacs, archive, archive.threads, retention=retention, **more)


async def retrieved(source: CachingBridge, resource: Resource = STUDY) -> list[Resource]:
    return [one.resource async for one in source.retrieve(resource)]


async def put(archive: Archive, *files: bytes) -> None:
    for content in files:
        spool = archive.spool()
        spool.write(content)
        assert (await archive.store(spool)).is_stored


class TestRetrieve:
    async def test_what_only_the_remote_has_is_fetched(self, archive: Archive) -> None:
        pacs = Pacs(*slices(3))
        assert await retrieved(bridge(pacs, archive)) == [instance(0), instance(1), instance(2)]
        assert pacs.fetched == [STUDY]

    async def test_what_was_fetched_is_kept(self, archive: Archive) -> None:
        pacs = Pacs(*slices(3))
        source = bridge(pacs, archive)
        await retrieved(source)
        assert len(await retrieved(source)) == 3
        assert pacs.fetched == [STUDY]

    async def test_bytes_are_those_of_the_remote(self, archive: Archive) -> None:
        files = slices(1)
        (found,) = [one async for one in bridge(Pacs(*files), archive).retrieve(STUDY)]
        assert b"".join([bytes(buffer) async for buffer in await found.read()]) == files[0]

    async def test_the_first_instance_comes_while_others_are_on_their_way(self, archive: Archive) -> None:
        pacs = Pacs(*slices(200))
        async with aclosing(bridge(pacs, archive).retrieve(STUDY)) as found:  # type: ignore[type-var]
            await anext(found)
            assert pacs.sent < 10

    async def test_a_client_that_goes_away_cancels(self, archive: Archive) -> None:
        pacs = Pacs(*slices(200))
        source = bridge(pacs, archive)
        async with aclosing(source.retrieve(STUDY)) as found:  # type: ignore[type-var]
            await anext(found)
        assert pacs.was_closed
        assert pacs.sent < 200
        assert len(source.retrieves) == 0

    async def test_a_slow_client_slows_the_remote_down(self, archive: Archive) -> None:
        pacs = Pacs(*slices(100))
        async with aclosing(bridge(pacs, archive).retrieve(STUDY)) as found:  # type: ignore[type-var]
            await anext(found)
            await asyncio.sleep(0.5)
            assert pacs.sent < 40

    async def test_many_clients_share_one_retrieve(self, archive: Archive) -> None:
        pacs = Pacs(*slices(20))
        source = bridge(pacs, archive)
        found = await asyncio.gather(*(retrieved(source) for _ in range(5)))
        assert pacs.fetched == [STUDY]
        assert {len(one) for one in found} == {20}

    async def test_what_is_here_in_part_is_fetched_again(self, archive: Archive) -> None:
        files = slices(3)
        await put(archive, files[1])
        pacs = Pacs(*files)
        assert len(await retrieved(bridge(pacs, archive))) == 3
        assert pacs.fetched == [STUDY]

    async def test_what_is_here_as_a_whole_is_not_fetched(self, archive: Archive) -> None:
        files = slices(3)
        await put(archive, *files)
        pacs = Pacs(*files)
        assert len(await retrieved(bridge(pacs, archive), SERIES)) == 3
        assert pacs.fetched == []

    async def test_the_number_of_the_remote_is_asked_for_once_in_a_while(self, archive: Archive) -> None:
        await put(archive, *slices(3))
        pacs = Pacs(*slices(3))
        source = bridge(pacs, archive)
        await retrieved(source)
        await retrieved(source)
        assert len(pacs.searches) == 1

    async def test_the_number_of_the_remote_is_asked_for_anew_when_it_is_old(self, archive: Archive) -> None:
        await put(archive, *slices(3))
        pacs = Pacs(*slices(3))
        source = bridge(pacs, archive, fresh_seconds=0)
        await retrieved(source)
        pacs.files, pacs.told = slices(4), 4
        assert len(await retrieved(source)) == 4

    async def test_what_a_remote_does_not_count_is_fetched(self, archive: Archive) -> None:
        await put(archive, *slices(3))
        pacs = Pacs(*slices(3))
        pacs.told = None
        await retrieved(bridge(pacs, archive))
        assert pacs.fetched == [STUDY]

    async def test_what_nobody_has_is_not_found(self, archive: Archive) -> None:
        with pytest.raises(ResourceNotFound):
            await retrieved(bridge(Pacs(), archive))

    async def test_nothing_at_all_is_not_found(self, archive: Archive) -> None:
        class Silent(Pacs):
            def covers(self, resource: Resource, content: bytes) -> bool:
                return True

            async def fetch(self, resource: Resource, spool: Callable[[], Spool]) -> AsyncGenerator[Spool, None]:
                for _ in ():
                    yield spool()

        with pytest.raises(ResourceNotFound):
            await retrieved(bridge(Silent(), archive))

    async def test_a_failure_comes_behind_what_was_there(self, archive: Archive) -> None:
        pacs = Pacs(*slices(2))
        pacs.failure = DimseFailure(0xB000, "1 failed")
        found = []
        with pytest.raises(DimseFailure, match="1 failed"):
            async for one in bridge(pacs, archive).retrieve(STUDY):
                found.append(one)
        assert len(found) == 2

    async def test_a_remote_that_is_not_there_is_no_missing_study(self, archive: Archive) -> None:
        pacs = Pacs()
        pacs.failure = PeerUnreachable("127.0.0.1:1", "refused")
        with pytest.raises(PeerUnreachable):
            await retrieved(bridge(pacs, archive))

    async def test_what_cannot_be_kept_is_a_failure_in_the_end(self, archive: Archive) -> None:
        pacs = Pacs(ct_instance(SOPInstanceUID="1.2.3.4.0"), ct_instance(SOPClassUID=None))
        with pytest.raises(DimseFailure, match="an instance could not be kept"):
            pacs.covers = lambda resource, content: True  # type: ignore[method-assign]
            await retrieved(bridge(pacs, archive))

    async def test_what_other_processes_receive_is_found(self, archive: Archive) -> None:
        class Elsewhere(Pacs):
            arrives_elsewhere = True

            async def fetch(self, resource: Resource, spool: Callable[[], Spool]) -> AsyncGenerator[Spool, None]:
                await put(archive, self.files[0])
                await self.may_end.wait()
                await put(archive, *self.files[1:])
                for _ in ():
                    yield spool()

        pacs = Elsewhere(*slices(3))
        pacs.may_end = asyncio.Event()  # type: ignore[attr-defined]
        async with aclosing(bridge(pacs, archive).retrieve(STUDY)) as found:  # type: ignore[type-var]
            assert (await anext(found)).resource == instance(0)
            pacs.may_end.set()  # type: ignore[attr-defined]
            assert [one.resource async for one in found] == [instance(1), instance(2)]


class TestStorage:
    async def test_storage_that_fails_ends_the_retrieve(self, archive: Archive) -> None:
        class Failing(Archive):
            async def store(self, spool: Spool, *, study_instance_uid: str | None = None) -> StoreOutcome:
                spool.close()
                raise StorageUnavailable("the disk is gone")

        failing = Failing(archive.storage, archive.index)
        with pytest.raises(StorageUnavailable):
            await retrieved(bridge(Pacs(*slices(3)), failing))
        failing.threads.close()

    async def test_what_has_not_been_stored_leaves_nothing(self, archive: Archive) -> None:
        """A client goes away while more stores are under way than may be at a time."""
        spools: list[Spool] = []

        class Slow(Archive):
            def spool(self) -> Spool:
                spools.append(super().spool())
                return spools[-1]

            async def store(self, spool: Spool, *, study_instance_uid: str | None = None) -> StoreOutcome:
                try:
                    await asyncio.sleep(60)
                finally:
                    spool.close()
                return StoreOutcome()

        slow = Slow(archive.storage, archive.index)
        task = asyncio.create_task(retrieved(bridge(Pacs(*slices(10)), slow)))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)
        assert len(spools) == 5
        assert all(spool._is_closed for spool in spools)  # type: ignore[attr-defined]
        slow.threads.close()


class TestInstance:
    async def test_what_is_here_is_served_from_here(self, archive: Archive) -> None:
        await put(archive, *slices(1))
        pacs = Pacs()
        assert (await bridge(pacs, archive).instance(instance(0))).resource == instance(0)
        assert pacs.fetched == []

    async def test_what_is_there_is_fetched_alone(self, archive: Archive) -> None:
        pacs = Pacs(*slices(3))
        assert (await bridge(pacs, archive).instance(instance(1))).resource == instance(1)
        assert pacs.sent == 1

    async def test_one_that_is_retrieved_is_served_from_here_then(self, archive: Archive) -> None:
        pacs = Pacs(*slices(3))
        source = bridge(pacs, archive)
        await retrieved(source, instance(1))
        await retrieved(source, instance(1))
        assert pacs.fetched == [instance(1)]


class TestMetadata:
    async def test_they_come_when_all_is_here(self, archive: Archive) -> None:
        pacs = Pacs(*slices(3))
        source = bridge(pacs, archive)
        assert len((await source.metadata(SERIES)).objects) == 3
        assert (await source.metadata(SERIES)).revision == await source.revision(SERIES)
        assert pacs.fetched == [SERIES]

    async def test_a_part_is_not_given_out_as_a_whole(self, archive: Archive) -> None:
        pacs = Pacs(*slices(2))
        pacs.failure = DimseFailure(0xB000)
        with pytest.raises(DimseFailure):
            await bridge(pacs, archive).metadata(STUDY)


class TestStore:
    async def test_an_instance_goes_to_the_remote(self, archive: Archive) -> None:
        pacs = Pacs()
        spool = archive.spool()
        spool.write(ct_instance())
        assert (await bridge(pacs, archive).store(spool)).is_stored
        assert pacs.stored == [ct_instance()]
        with pytest.raises(ResourceNotFound):
            await archive.instance(Resource("1.2.3", "1.2.3.1", "1.2.3.4"))

    async def test_another_study_than_the_one_named_is_refused(self, archive: Archive) -> None:
        pacs = Pacs()
        spool = bridge(pacs, archive).spool()
        spool.write(ct_instance())
        outcome = await bridge(pacs, archive).store(spool, study_instance_uid="9.9")
        assert outcome.failure is FailureReason.DATA_SET_DOES_NOT_MATCH_SOP_CLASS
        assert pacs.stored == []

    async def test_the_study_that_was_named_is_taken(self, archive: Archive) -> None:
        pacs = Pacs()
        spool = archive.spool()
        spool.write(ct_instance())
        assert (await bridge(pacs, archive).store(spool, study_instance_uid="1.2.3")).is_stored

    async def test_nothing_can_be_deleted(self, archive: Archive) -> None:
        with pytest.raises(RequestError):
            await bridge(Pacs(), archive).delete(STUDY)


async def test_searches_go_to_the_remote(archive: Archive) -> None:
    pacs = Pacs()
    query = Query(Level.STUDY)
    assert (await bridge(pacs, archive).search(query)).total == 1
    assert pacs.searches == [query]


async def test_closing_cancels_what_is_under_way(archive: Archive) -> None:
    pacs = Pacs(*slices(100))
    source = bridge(pacs, archive)
    found = source.retrieve(STUDY)
    await anext(found)
    await source.close()
    assert (pacs.was_closed, pacs.was_left) == (True, True)
    with pytest.raises(DimseFailure):
        async for _one in found:
            pass


class TestRetention:
    async def test_what_was_fetched_is_evicted(self, archive: Archive, tmp_path: Path) -> None:
        retention = Retention(tmp_path / "notes", max_seconds=0)
        source = bridge(Pacs(*slices(3)), archive, retention)
        await retrieved(source)
        assert await evict(archive, retention, archive.threads) == 3
        with pytest.raises(ResourceGone):
            await archive.metadata(STUDY)
        retention.close()

    async def test_what_was_evicted_is_fetched_again(self, archive: Archive, tmp_path: Path) -> None:
        retention = Retention(tmp_path / "notes", max_seconds=0)
        pacs = Pacs(*slices(3))
        source = bridge(pacs, archive, retention)
        await retrieved(source)
        await evict(archive, retention, archive.threads)
        assert len(await retrieved(source)) == 3
        assert (await source.instance(instance(1))).resource == instance(1)
        assert pacs.fetched == [STUDY, STUDY]
        retention.close()

    async def test_what_was_here_before_stays(self, archive: Archive, tmp_path: Path) -> None:
        retention = Retention(tmp_path / "notes", max_seconds=0)
        await put(archive, slices(3)[0])
        await retrieved(bridge(Pacs(*slices(3)), archive, retention))
        assert await evict(archive, retention, archive.threads) == 2
        assert await archive.instance(instance(0))
        retention.close()

    async def test_what_is_being_read_stays(self, archive: Archive, tmp_path: Path) -> None:
        retention = Retention(tmp_path / "notes", max_seconds=0)
        held = await bridge(Pacs(*slices(1)), archive, retention).instance(instance(0))
        assert await evict(archive, retention, archive.threads) == 0
        assert held.resource == instance(0)
        retention.close()

    async def test_notes_that_cannot_be_written_end_the_retrieve(self, archive: Archive, tmp_path: Path) -> None:
        retention = Retention(tmp_path / "notes", max_seconds=0)
        retention.close()
        with pytest.raises(StorageUnavailable):
            await retrieved(bridge(Pacs(*slices(3)), archive, retention))

    async def test_what_cannot_be_kept_is_not_noted(self, archive: Archive, tmp_path: Path) -> None:
        retention = Retention(tmp_path / "notes", max_seconds=0)
        pacs = Pacs(ct_instance(StudyInstanceUID=None))
        pacs.covers = lambda resource, content: True  # type: ignore[method-assign]
        with pytest.raises(DimseFailure):
            await retrieved(bridge(pacs, archive, retention))
        assert retention.note("1.2.3.4")
        retention.close()


async def test_numbers_are_not_remembered_without_end(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dicomcore.bridge.caching._MANY", 1)
    await put(archive, *slices(3))
    pacs = Pacs(*slices(3))
    source = bridge(pacs, archive)
    await retrieved(source, STUDY)
    await retrieved(source, SERIES)
    await retrieved(source, STUDY)
    assert len(pacs.searches) == 3
