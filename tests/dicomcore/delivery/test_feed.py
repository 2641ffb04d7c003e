"""Who follows the changes of an archive gets each of them, whoever made it and whenever."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field

import pytest
from index_fixtures import record

from app.settings import Settings
from dicomcore.delivery import ChangeEntry, ChangeFeed
from dicomcore.delivery.feed import BATCH
from dicomcore.errors import IndexUnavailable
from dicomcore.index import Index
from dicomcore.resources import Resource
from dicomcore.threads import Threads

STUDY = Resource("1.1")


@pytest.fixture
def index(settings: Settings) -> Iterator[Index]:
    opened = Index(settings.database_url)
    yield opened
    opened.close()


@pytest.fixture
def threads() -> Iterator[Threads]:
    opened = Threads(2)
    yield opened
    opened.close()


@pytest.fixture
def feed(index: Index, threads: Threads) -> ChangeFeed:
    return ChangeFeed(index, threads, pace=0.005)


def store(index: Index, *numbers: int) -> None:
    index.store([record(instance=f"1.1.1.{number}") for number in numbers])


async def take(batches: AsyncGenerator[list[ChangeEntry], None], count: int) -> list[int]:
    """The numbers of the next changes, at least ``count``."""
    found: list[int] = []
    while len(found) < count:
        found += [entry.sequence for entry in await anext(batches)]
    return found


async def test_the_last_change_of_an_empty_archive_is_none(feed: ChangeFeed, index: Index) -> None:
    assert await feed.last() == 0
    store(index, 1, 2)
    assert await feed.last() == 2


async def test_changes_are_read_from_any_number_on(feed: ChangeFeed, index: Index) -> None:
    store(index, 1, 2, 3)
    assert [entry.sequence for entry in await feed.since(1)] == [2, 3]
    assert [entry.sequence for entry in await feed.since(0, 2)] == [1, 2]
    assert await feed.since(3) == []


async def test_a_follower_gets_what_was_there_and_what_comes(feed: ChangeFeed, index: Index) -> None:
    store(index, 1, 2)
    async with aclosing(feed.follow(1)) as batches:
        assert await take(batches, 1) == [2]
        store(index, 3)
        assert await take(batches, 1) == [3]
        index.delete(STUDY)  # three instances, the series, the study
        assert await take(batches, 5) == [4, 5, 6, 7, 8]


async def test_a_follower_is_told_when_there_is_nothing(feed: ChangeFeed) -> None:
    async with aclosing(feed.follow(0)) as batches:
        assert [await anext(batches), await anext(batches)] == [[], []]


async def test_changes_of_other_processes_are_followed(feed: ChangeFeed, settings: Settings) -> None:
    other = Index(settings.database_url)
    async with aclosing(feed.follow(0)) as batches:
        assert await anext(batches) == []
        store(other, 1, 2)
        assert await take(batches, 2) == [1, 2]
    other.close()


async def test_many_changes_come_in_batches(feed: ChangeFeed, index: Index) -> None:
    store(index, *range(2 * BATCH + 1))
    async with aclosing(feed.follow(0)) as batches:
        assert [len(await anext(batches)) for _ in range(3)] == [BATCH, BATCH, 1]


async def test_a_follower_that_was_busy_misses_nothing(feed: ChangeFeed, index: Index) -> None:
    async with aclosing(feed.follow(0)) as slow, aclosing(feed.follow(0)) as quick:
        store(index, 1)
        assert await take(slow, 1) == [1]
        for number in range(2, 6):
            store(index, number)
            await take(quick, 1)
            await anext(quick)
        assert await take(slow, 4) == [2, 3, 4, 5]


@dataclass
class Counting:
    """An index that says how often it was asked, and that can be away."""

    index: Index
    asked: list[int] = field(default_factory=list)
    is_away: bool = False

    def last_change(self) -> int:
        return self.index.last_change()

    def changes(self, since: int, limit: int) -> list[ChangeEntry]:
        self.asked.append(since)
        if self.is_away:
            raise IndexUnavailable("the database is away")
        return self.index.changes(since, limit)


async def test_all_followers_share_a_look(index: Index, threads: Threads) -> None:
    counting = Counting(index)
    feed = ChangeFeed(counting, threads, pace=0.005)  # type: ignore[arg-type]  # what of an index is used is there
    followers = [feed.follow(0) for _ in range(20)]
    for batches in followers:
        assert await anext(batches) == []
    counting.asked.clear()
    store(index, 1)
    assert [await take(batches, 1) for batches in followers] == [[1]] * 20
    assert len(counting.asked) < 10
    for batches in followers:
        await batches.aclose()


async def test_nobody_looks_while_nobody_follows(index: Index, threads: Threads) -> None:
    counting = Counting(index)
    feed = ChangeFeed(counting, threads, pace=0.001)  # type: ignore[arg-type]  # as above
    async with aclosing(feed.follow(0)) as batches:
        await anext(batches)
    counting.asked.clear()
    await asyncio.sleep(0.05)
    assert counting.asked == []


async def test_looking_goes_on_when_the_database_is_there_again(index: Index, threads: Threads) -> None:
    counting = Counting(index)
    feed = ChangeFeed(counting, threads, pace=0.001)  # type: ignore[arg-type]  # as above
    async with aclosing(feed.follow(0)) as batches:
        assert await anext(batches) == []
        counting.is_away = True
        assert [await anext(batches), await anext(batches)] == [[], []]
        store(index, 1)
        counting.is_away = False
        assert await take(batches, 1) == [1]


async def test_what_cannot_be_read_is_an_error_of_its_follower(index: Index, threads: Threads) -> None:
    feed = ChangeFeed(Counting(index, is_away=True), threads)  # type: ignore[arg-type]  # as above
    with pytest.raises(IndexUnavailable):
        await anext(feed.follow(0))
