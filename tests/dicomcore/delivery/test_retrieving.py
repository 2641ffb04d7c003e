from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path

import orjson
import pytest
from builders import ct_instance
from running_provider import put

from dicomcore.archive import Archive
from dicomcore.bridge.caching import CachingBridge
from dicomcore.bridge.retention import Retention
from dicomcore.delivery.progress import Position, Progress
from dicomcore.delivery.retrieving import Retrieving
from dicomcore.errors import (
    AssociationRejected,
    DicomError,
    DimseFailure,
    PeerUnreachable,
    StorageFull,
    StorageUnavailable,
    UnknownNode,
)
from dicomcore.index import Claimed
from dicomcore.query import Query
from dicomcore.resources import Resource
from dicomcore.source import Answer, Source, StoreOutcome
from dicomcore.storage import Spool
from dicomcore.transfer import Problems, Transfer, TransferKind

GONE = PeerUnreachable("127.0.0.1:1", "connection refused")


class Remote:
    """A node that has studies of some instances; ``errors`` are raised behind the first one of its fetches."""

    ae_title = "PACS"
    arrives_elsewhere = False

    def __init__(self, *errors: DicomError, told: int | None = 3, has: int = 3) -> None:
        self.errors = list(errors)
        self.told = told
        self.has = has
        self.fetches = 0

    async def search(self, query: Query) -> Answer:
        values = {} if self.told is None else {"Value": [self.told]}
        objects = [orjson.dumps({"00201208": {"vr": "IS", **values}})]
        return Answer([] if self.told == 0 else objects, 1)

    async def fetch(self, resource: Resource, spool: Callable[[], Spool]) -> AsyncGenerator[Spool, None]:
        self.fetches += 1
        study = resource.study_instance_uid
        for number in range(1, self.has + 1):
            made = spool()
            above = {"StudyInstanceUID": study, "SeriesInstanceUID": f"{study}.1"}
            made.write(ct_instance(SOPInstanceUID=f"{study}.1.{number}", **above))
            yield made
            if self.errors:
                raise self.errors.pop(0)

    async def store(self, spool: Spool) -> StoreOutcome:
        return StoreOutcome()

    async def echo(self) -> float:
        return 0.0

    async def close(self) -> None:
        pass


@pytest.fixture
def retention(tmp_path: Path) -> Iterator[Retention]:
    made = Retention(tmp_path / "bridge.sqlite", max_bytes=0, max_seconds=0)
    yield made
    made.close()


def begun(*studies: str, position: Position | None = None) -> Progress:
    transfer = Transfer("1", TransferKind.RETRIEVE, "PACS", tuple(Resource(study) for study in studies))
    return Progress(Claimed(transfer, "us", Problems(), position.write() if position else b""))


def retrieving(archive: Archive, remote: Remote, retention: Retention | None = None) -> Retrieving:
    bridge = CachingBridge(remote, archive, archive.threads, retention=retention)

    async def find(ae_title: str) -> Source:
        if ae_title != "PACS":
            raise UnknownNode(ae_title)
        return bridge

    return Retrieving(find, archive, retention, archive.threads, pauses=(0.001, 0.001))


async def held(archive: Archive, study: str) -> int:
    return len([one async for one in archive.retrieve(Resource(study))])


async def test_all_of_every_study_comes_and_is_counted(archive: Archive) -> None:
    progress = begun("1", "2")
    await retrieving(archive, Remote())(progress)
    assert (progress.total, progress.completed, progress.failed, progress.has_problems) == (6, 6, 0, False)
    assert (await held(archive, "1"), await held(archive, "2")) == (3, 3)


async def test_a_retrieve_goes_on_with_the_study_that_it_was_at(archive: Archive) -> None:
    remote, progress = Remote(), begun("1", "2", position=Position(1, 3))
    await retrieving(archive, remote)(progress)
    assert (remote.fetches, progress.completed, progress.total) == (1, 6, 6)


async def test_what_is_here_already_is_asked_for_all_the_same(archive: Archive) -> None:
    for number in (7, 8, 9):
        other = {"StudyInstanceUID": "1", "SeriesInstanceUID": "1.1", "SOPInstanceUID": f"1.1.{number}"}
        await put(archive, ct_instance(**other))
    await retrieving(archive, Remote())(begun("1"))
    assert await held(archive, "1") == 6


async def test_a_number_that_is_not_told_is_known_in_the_end(archive: Archive) -> None:
    progress = begun("1")
    await retrieving(archive, Remote(told=None))(progress)
    assert (progress.total, progress.completed) == (3, 3)


async def test_what_passes_is_tried_again_and_nothing_counted_twice(archive: Archive) -> None:
    remote, progress = Remote(GONE, GONE, GONE), begun("1")
    await retrieving(archive, remote)(progress)
    assert (remote.fetches, progress.completed, progress.has_problems) == (4, 3, False)


async def test_a_node_that_brings_nothing_new_three_times_is_given_up(archive: Archive) -> None:
    remote, progress = Remote(*[GONE] * 9), begun("1", "2")
    with pytest.raises(PeerUnreachable):
        await retrieving(archive, remote)(progress)
    assert (remote.fetches, progress.completed) == (4, 1)
    assert Position.read(progress.taken().position).resource == 0


async def test_a_failure_of_one_study_is_told_and_the_others_come(archive: Archive) -> None:
    progress = begun("1", "2")
    await retrieving(archive, Remote(DimseFailure(0xB000, "2 instances could not be had")))(progress)
    assert (progress.completed, progress.failed) == (4, 2)
    problem = "/studies/1: status B000: 2 instances could not be had"
    assert progress.taken().transfer.problems == (problem,)


async def test_less_than_was_promised_is_told(archive: Archive) -> None:
    progress = begun("1")
    await retrieving(archive, Remote(told=5))(progress)
    assert (progress.total, progress.completed, progress.failed) == (5, 3, 2)
    assert progress.taken().transfer.problems == ("/studies/1: PACS has 5 instances and sent 3",)


async def test_a_study_that_the_node_has_not_is_told(archive: Archive) -> None:
    progress = begun("1")
    await retrieving(archive, Remote(told=0, has=0))(progress)
    assert progress.taken().transfer.problems == ("/studies/1: PACS does not have it",)


@pytest.mark.parametrize("error", [StorageFull("no room"), AssociationRejected(1, 1, 7, "not known")])
async def test_what_the_others_would_fail_with_too_ends_it(archive: Archive, error: DicomError) -> None:
    remote = Remote(error)
    with pytest.raises(type(error)):
        await retrieving(archive, remote)(begun("1", "2"))
    assert remote.fetches == 1


async def test_what_was_retrieved_stays_where_bridges_keep_nothing(archive: Archive, retention: Retention) -> None:
    await retrieving(archive, Remote(), retention)(begun("1"))
    assert retention.take_leaving() == []
    assert await held(archive, "1") == 3


async def test_what_came_through_a_bridge_before_stays_from_now_on(archive: Archive, retention: Retention) -> None:
    bridge = CachingBridge(Remote(), archive, archive.threads, retention=retention)
    await bridge.retrieves.finish(Resource("1"))
    assert retention.size > 0
    await retrieving(archive, Remote(), retention)(begun("1"))
    assert retention.size == 0


async def test_what_is_just_being_removed_is_got_again(archive: Archive, retention: Retention) -> None:
    bridge = CachingBridge(Remote(), archive, archive.threads, retention=retention)
    await bridge.retrieves.finish(Resource("1"))
    assert len(retention.take_leaving()) == 3
    with pytest.raises(StorageUnavailable, match="removed from the cache"):
        await retrieving(archive, Remote(), retention)(begun("1"))


async def test_a_node_that_is_no_more_ends_it(archive: Archive) -> None:
    progress = begun("1")
    progress.transfer = Transfer("1", TransferKind.RETRIEVE, "X", (Resource("1"),))
    with pytest.raises(UnknownNode):
        await retrieving(archive, Remote())(progress)
