"""A stream tells what happens from a number on, can be taken up again, and ends when it should."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

import pytest
from index_fixtures import record
from server_sent_events import Event, events_of
from starlette.exceptions import HTTPException

from app.event_stream import EventStreams, event
from app.settings import Settings
from app.transfer_news import TransferNews
from dicomcore.delivery import ChangeFeed
from dicomcore.errors import IndexUnavailable
from dicomcore.index import Index
from dicomcore.resources import Level, Resource
from dicomcore.threads import Threads
from dicomcore.transfer import Transfer, TransferKind, TransferState


class Log:
    """One transfer after the other, each later than the last."""

    def __init__(self) -> None:
        self.transfers: list[Transfer] = []
        self.is_away = False

    def put(self, name: str, state: TransferState) -> None:
        number = len(self.transfers) + 1
        self.transfers.append(
            Transfer(name, TransferKind.SEND, "PACS", (Resource("1.1"),), state, created=number, changed=number)
        )

    async def all(self, limit: int = 100) -> list[Transfer]:
        return self._found()[::-1][:limit]

    async def changed_since(self, time: int) -> list[Transfer]:
        return [transfer for transfer in self._found() if transfer.changed > time]

    def _found(self) -> list[Transfer]:
        if self.is_away:
            raise IndexUnavailable("the database is away")
        return self.transfers


@pytest.fixture
def index(settings: Settings) -> Iterator[Index]:
    opened = Index(settings.database_url)
    yield opened
    opened.close()


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def streams(index: Index, log: Log) -> Iterator[EventStreams]:
    threads = Threads(2)
    feed = ChangeFeed(index, threads, pace=0.002)
    yield EventStreams(feed, TransferNews(log, pace=0), limit=2)
    threads.close()


def store(index: Index, *names: str) -> None:
    """Store instances, each named by the last numbers of study, series and instance."""
    index.store([record(f"1.{s}", f"1.{s}.{e}", f"1.{s}.{e}.{i}") for s, e, i in (name.split("/") for name in names)])


async def read(stream: AsyncGenerator[bytes, None], count: int) -> list[Event]:
    """The next events, at least ``count``."""
    found: list[Event] = []
    while len(found) < count:
        found += events_of((await anext(stream)).decode().splitlines())
    return found


def test_an_event_is_four_lines() -> None:
    assert event("change", {"kind": "stored"}, 7) == b'id: 7\nevent: change\ndata: {"kind":"stored"}\n\n'


def test_line_breaks_in_data_are_escaped() -> None:
    assert event("transfer", {"problem": "one\ntwo\r"}) == b'event: transfer\ndata: {"problem":"one\\ntwo\\r"}\n\n'


async def test_a_stream_begins_with_where_it_stands(streams: EventStreams, index: Index) -> None:
    store(index, "1/1/1", "1/1/2")
    async with aclosing(streams.stream(1)) as stream:
        first = await anext(stream)
    assert first.startswith(b"retry: 2000\n\n")
    assert list(events_of(first.decode().splitlines())) == [Event("position", {"sequence": 1}, "1")]


async def test_changes_come_with_their_numbers(streams: EventStreams, index: Index) -> None:
    store(index, "1/1/1", "1/1/2")
    async with aclosing(streams.stream(1)) as stream:
        await anext(stream)
        [second] = await read(stream, 1)
        store(index, "1/1/3")
        [third] = await read(stream, 1)
    assert [(one.name, one.last_event_id, one.data["sequence"]) for one in (second, third)] == [
        ("change", "2", 2),
        ("change", "3", 3),
    ]


async def test_changes_are_summed_up_and_the_stream_says_where_it_stands(streams: EventStreams, index: Index) -> None:
    store(index, "1/1/1", "1/1/2", "2/1/1")
    index.delete(Resource("1.2"))  # instance, series, study
    async with aclosing(streams.stream(0, Level.SERIES)) as stream:
        await anext(stream)
        found = await read(stream, 3)
    assert [(one.name, one.data["sequence"], one.last_event_id) for one in found] == [
        ("change", 2, "2"),
        ("change", 5, "5"),
        ("position", 6, "6"),
    ]


async def test_transfers_are_told_first_and_whenever_they_change(streams: EventStreams, log: Log) -> None:
    log.put("ended", TransferState.FAILED)
    log.put("running", TransferState.RUNNING)
    async with aclosing(streams.stream(0)) as stream:
        begin = await read(stream, 1)
        log.put("new", TransferState.WAITING)
        [new] = await read(stream, 1)
    assert [(one.name, one.data.get("id")) for one in begin] == [("transfer", "running"), ("position", None)]
    assert (new.name, new.data["id"], new.data["state"], new.last_event_id) == ("transfer", "new", "waiting", "")


async def test_something_is_sent_when_nothing_happens(index: Index, log: Log) -> None:
    threads = Threads(1)
    streams = EventStreams(ChangeFeed(index, threads, pace=0.001), TransferNews(log), limit=1, keep_alive=0.001)
    async with aclosing(streams.stream(0)) as stream:
        await anext(stream)
        assert await anext(stream) == b": keep-alive\n\n"
    threads.close()


async def test_no_more_streams_are_open_than_may_be(streams: EventStreams) -> None:
    opened = [streams.stream(0), streams.stream(0)]
    for stream in opened:
        await anext(stream)
    with pytest.raises(HTTPException) as refused:
        await anext(streams.stream(0))
    assert (refused.value.status_code, refused.value.headers) == (503, {"retry-after": "10"})
    await opened[0].aclose()
    async with aclosing(streams.stream(0)) as another:
        await anext(another)
    await opened[1].aclose()
    assert streams.open == 0


async def test_all_streams_end_when_the_server_stops(streams: EventStreams) -> None:
    stream = streams.stream(0)
    await anext(stream)
    streams.end()
    assert [block async for block in stream] == []
    assert streams.open == 0


async def test_a_stream_ends_when_the_index_does_not_answer(streams: EventStreams, log: Log) -> None:
    stream = streams.stream(0)
    await anext(stream)
    log.is_away = True
    assert [block async for block in stream] == []


async def test_a_stream_does_not_begin_when_the_index_does_not_answer(streams: EventStreams, log: Log) -> None:
    log.is_away = True
    with pytest.raises(IndexUnavailable):
        await anext(streams.stream(0))
    assert streams.open == 0
