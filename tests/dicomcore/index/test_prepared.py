from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from index_fixtures import DATABASES, new_database, open_index, record, sqlite_url
from sqlalchemy import bindparam, func, select, text

from dicomcore.errors import DicomError, IndexUnavailable, MalformedDataset
from dicomcore.index import migrate, open_engine
from dicomcore.index.compiled import among
from dicomcore.index.engine import read, write
from dicomcore.index.prepared import Prepared, Reader
from dicomcore.index.tables import study
from dicomcore.threads import Threads, WouldTakeLong

STUDY = select(study.c.study_instance_uid, study.c.number_of_study_related_series).where(
    study.c.study_instance_uid == bindparam("uid")
)
NEXT = text("SELECT CAST(:number AS BIGINT) + 1")
COUNT = text(
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < CAST(:last AS BIGINT)) "
    "SELECT count(*) FROM n"
)
LAST = 300_000  # many times what is counted until the deadline


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return new_database(request, tmp_path)


@pytest.fixture
def reader(url: str) -> Iterator[Reader]:
    yield from opened(url)


@pytest.fixture
def sqlite_reader(tmp_path: Path) -> Iterator[Reader]:
    for reader in opened(sqlite_url(tmp_path)):
        reader.prepare(text("SELECT 1")).row()  # in a thread: this opens the connection for the event loop
        yield reader


@pytest.fixture
def postgresql_reader(postgresql_url: str) -> Iterator[Reader]:
    yield from opened(postgresql_url)


def opened(url: str) -> Iterator[Reader]:
    reader = Reader(open_engine(url, writes=False))
    yield reader
    reader.close()


@pytest.fixture
async def threads() -> AsyncIterator[Threads]:
    threads = Threads(2)
    yield threads
    threads.close()


class Attempts:
    """Calls a function, and notes where and whether it would have taken long there."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function
        self.noted: list[tuple[str, str]] = []
        self._here = threading.current_thread()

    def __call__(self) -> Any:
        place = "on the loop" if threading.current_thread() is self._here else "in a thread"
        try:
            found = self._function()
        except WouldTakeLong:
            self.noted.append((place, "would take long"))
            raise
        self.noted.append((place, "done"))
        return found


ON_THE_SPOT = [("on the loop", "done")]
IN_A_THREAD = [("in a thread", "done")]
AFTER_ALL_IN_A_THREAD = [("on the loop", "would take long"), ("in a thread", "done")]


# In a thread


def test_a_prepared_statement_gives_tuples(url: str) -> None:
    with open_index(url) as index:
        index.store([record("1.1", "1.2", "1.3"), record("2.1", "2.2", "2.3")])
        reader = Reader(open_engine(url, writes=False))
        prepared = reader.prepare(STUDY)
        assert prepared.rows(uid="2.1") == [("2.1", 1)]
        assert prepared.row(uid="2.1") == ("2.1", 1)
        assert prepared.rows(uid="3.1") == []
        assert prepared.row(uid="3.1") is None
        reader.close()


def test_a_list_is_one_parameter(url: str) -> None:
    with open_index(url) as index:
        index.store([record("1.1", "1.2", "1.3"), record("2.1", "2.2", "2.3")])
        reader = Reader(open_engine(url, writes=False))
        ids = [row[0] for row in reader.prepare(select(study.c.id)).rows()]
        counted = reader.prepare(select(func.count()).select_from(study).where(among(study.c.id, "ids")))
        assert [counted.row(ids=some)[0] for some in (ids, ids[:1], [])] == [2, 1, 0]
        reader.close()


def test_a_reader_does_not_wait_for_a_writer(url: str) -> None:
    with open_index(url) as index:
        index.store([record("1.1")])
        writer, reader = open_engine(url, writes=True), Reader(open_engine(url, writes=False))
        count = Prepared(reader, text("SELECT count(*) FROM study"))
        seen = write(writer, lambda transaction: (transaction.execute(text("DELETE FROM study")), count.row()))
        writer.dispose()
        reader.close()
    assert tuple(seen[1]) == (1,)


def test_a_reader_knows_its_database(sqlite_reader: Reader) -> None:
    assert sqlite_reader.is_sqlite


@pytest.mark.postgresql
def test_a_reader_knows_its_database_too(postgresql_reader: Reader) -> None:
    assert not postgresql_reader.is_sqlite


@pytest.mark.postgresql
def test_a_connection_that_the_server_closed_is_replaced(postgresql_reader: Reader, postgresql_url: str) -> None:
    other = open_engine(postgresql_url, writes=False)
    number = postgresql_reader.prepare(text("SELECT pg_backend_pid()"))
    (before,) = number.row()
    read(other, lambda connection: connection.execute(text(f"SELECT pg_terminate_backend({before}, 5000)")).all())
    (after,) = number.row()
    other.dispose()
    assert after != before


def test_a_database_that_is_not_there_is_unavailable() -> None:
    reader = Reader(open_engine("postgresql://nobody@127.0.0.1:1/nothing", writes=False))
    with pytest.raises(IndexUnavailable, match="does not answer"):
        reader.prepare(text("SELECT 1")).row()


def test_a_connection_that_failed_is_not_lost(reader: Reader) -> None:
    wrong = reader.prepare(text("SELECT * FROM nothing"))
    for _ in range(40):  # more than there are connections
        with pytest.raises(IndexUnavailable):
            wrong.rows()
    assert reader.prepare(NEXT).row(number=1) == (2,)


# On the event loop


async def test_sqlite_is_asked_on_the_spot(sqlite_reader: Reader, threads: Threads) -> None:
    prepared = sqlite_reader.prepare(NEXT)
    attempts = Attempts(lambda: prepared.rows(number=41))
    assert await threads.soon(attempts) == [(42,)]
    assert attempts.noted == ON_THE_SPOT


@pytest.mark.postgresql
async def test_postgresql_is_asked_in_a_thread(postgresql_reader: Reader, threads: Threads) -> None:
    prepared = postgresql_reader.prepare(NEXT)
    attempts = Attempts(lambda: prepared.rows(number=41))
    assert await threads.soon(attempts) == [(42,)]
    assert attempts.noted == AFTER_ALL_IN_A_THREAD


async def test_the_same_rows_are_found_on_the_spot_and_in_a_thread(url: str, threads: Threads) -> None:
    with open_index(url) as index:
        index.store([record("1.1", "1.2", "1.3"), record("2.1", "2.2", "2.3")])
        reader = Reader(open_engine(url, writes=False))
        prepared = reader.prepare(STUDY)
        for uid in ("1.1", "2.1", "3.1"):
            assert await Threads(1).soon(prepared.rows, uid=uid) == await threads(prepared.rows, uid=uid)
            assert await Threads(1).soon(prepared.row, uid=uid) == await threads(prepared.row, uid=uid)
        reader.close()


async def test_what_was_committed_is_seen_on_the_spot(url: str) -> None:
    with open_index(url) as index:
        reader = Reader(open_engine(url, writes=False))
        prepared = reader.prepare(STUDY)
        seen = []
        for number in range(1, 4):
            assert await Threads(1).soon(prepared.row, uid="1.1") == (("1.1", number - 1) if number > 1 else None)
            index.store([record("1.1", f"1.1.{number}", f"1.1.{number}.1")])
            seen.append(await Threads(1).soon(prepared.row, uid="1.1"))
        reader.close()
    assert seen == [("1.1", 1), ("1.1", 2), ("1.1", 3)]


async def test_the_first_read_is_done_in_a_thread_where_opening_may_wait(tmp_path: Path, threads: Threads) -> None:
    url = sqlite_url(tmp_path)
    migrate(url)
    reader = Reader(open_engine(url, writes=False))
    count = reader.prepare(text("SELECT count(*) FROM study"))
    first, second = Attempts(count.row), Attempts(count.row)
    assert [await threads.soon(first), await threads.soon(second)] == [(0,), (0,)]
    assert (first.noted, second.noted) == (AFTER_ALL_IN_A_THREAD, ON_THE_SPOT)
    reader.close()


async def test_what_takes_long_is_interrupted_and_done_in_a_thread(sqlite_reader: Reader, threads: Threads) -> None:
    prepared = sqlite_reader.prepare(COUNT)
    attempts = Attempts(lambda: prepared.row(last=LAST))
    assert await threads.soon(attempts) == (LAST,)
    assert attempts.noted == AFTER_ALL_IN_A_THREAD


async def test_after_two_interruptions_the_next_is_done_in_a_thread_and_later_ones_on_the_spot(
    sqlite_reader: Reader, threads: Threads
) -> None:
    count, following = sqlite_reader.prepare(COUNT), sqlite_reader.prepare(NEXT)
    await threads.soon(count.row, last=LAST)
    await threads.soon(count.row, last=LAST)
    attempts = Attempts(lambda: following.row(number=1))
    assert await threads.soon(attempts) == (2,)
    assert attempts.noted == IN_A_THREAD
    attempts = Attempts(lambda: following.row(number=2))
    assert await Threads(1).soon(attempts) == (3,)
    assert attempts.noted == ON_THE_SPOT


async def test_what_is_read_in_a_thread_is_never_interrupted(sqlite_reader: Reader, threads: Threads) -> None:
    count, following = sqlite_reader.prepare(COUNT), sqlite_reader.prepare(NEXT)
    assert await threads.soon(following.row, number=1) == (2,)
    slow = asyncio.ensure_future(threads(count.row, last=LAST))
    found = [await Threads(1).soon(following.row, number=number) for number in range(100)]
    assert found == [(number + 1,) for number in range(100)]
    assert await slow == (LAST,)


async def test_a_writer_keeps_nobody_on_the_spot_waiting(tmp_path: Path, threads: Threads) -> None:
    url = sqlite_url(tmp_path)
    migrate(url)
    reader, writer = Reader(open_engine(url, writes=False)), sqlite3.connect(tmp_path / "index.db")
    count = reader.prepare(text("SELECT count(*) FROM study"))
    assert await threads(count.row) == (0,)
    writer.execute("BEGIN EXCLUSIVE")
    attempts = Attempts(count.row)
    assert await threads.soon(attempts) == (0,)
    assert attempts.noted == ON_THE_SPOT
    writer.close()
    reader.close()


async def test_a_locked_database_is_waited_for_in_a_thread(tmp_path: Path, threads: Threads) -> None:
    url = sqlite_url(tmp_path)
    migrate(url)
    holder = sqlite3.connect(tmp_path / "index.db", isolation_level=None, check_same_thread=False)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    holder.execute("DELETE FROM study")
    does_loop_run = threading.Event()
    seen: list[bool] = []

    def hold() -> None:
        seen.append(does_loop_run.wait(2))
        holder.close()

    holding = threading.Thread(target=hold)
    holding.start()
    asyncio.get_running_loop().call_later(0.05, does_loop_run.set)
    reader = Reader(open_engine(url, writes=False))
    attempts = Attempts(lambda: reader.prepare(text("SELECT count(*) FROM study")).row())
    assert await threads.soon(attempts) == (0,)
    holding.join()
    reader.close()
    assert seen == [True], "the event loop was held up"
    assert attempts.noted == AFTER_ALL_IN_A_THREAD


async def test_what_is_wrong_is_told_as_in_a_thread(reader: Reader, threads: Threads) -> None:
    wrong = reader.prepare(text("SELECT * FROM nothing"))
    with pytest.raises(IndexUnavailable) as on_the_spot:
        await threads.soon(wrong.rows)
    with pytest.raises(IndexUnavailable) as in_a_thread:
        await threads(wrong.rows)
    assert str(on_the_spot.value) == str(in_a_thread.value)


@pytest.mark.parametrize("value", [2**70, "\ud800"])
async def test_what_the_database_cannot_hold_is_told_as_in_a_thread(
    reader: Reader, threads: Threads, value: int | str
) -> None:
    prepared = reader.prepare(NEXT)
    for run in (threads, threads.soon):
        with pytest.raises(DicomError) as caught:
            await run(prepared.rows, number=value)
        assert isinstance(caught.value, MalformedDataset)


async def test_after_an_error_on_the_spot_the_next_is_asked_there(sqlite_reader: Reader, threads: Threads) -> None:
    wrong, right = sqlite_reader.prepare(text("SELECT * FROM nothing")), sqlite_reader.prepare(NEXT)
    with pytest.raises(IndexUnavailable):
        await threads.soon(wrong.rows)
    attempts = Attempts(lambda: right.row(number=1))
    assert await Threads(1).soon(attempts) == (2,)
    assert attempts.noted == ON_THE_SPOT


async def test_when_the_connection_is_closed_a_thread_opens_another(tmp_path: Path, threads: Threads) -> None:
    reader = Reader(open_engine(sqlite_url(tmp_path), writes=False))
    prepared = reader.prepare(NEXT)
    await threads.soon(prepared.row, number=1)
    reader.close()
    attempts = Attempts(lambda: prepared.row(number=2))
    assert await Threads(1).soon(attempts) == (3,)
    assert attempts.noted == AFTER_ALL_IN_A_THREAD
    reader.close()


async def test_a_database_that_cannot_be_opened_is_unavailable(tmp_path: Path, threads: Threads) -> None:
    (tmp_path / "index.db").mkdir()
    reader = Reader(open_engine(sqlite_url(tmp_path), writes=False))
    with pytest.raises(IndexUnavailable, match="does not answer"):
        await threads.soon(reader.prepare(NEXT).row, number=1)
    reader.close()


async def test_a_database_that_is_not_there_is_unavailable_from_the_loop_too(threads: Threads) -> None:
    reader = Reader(open_engine("postgresql://nobody@127.0.0.1:1/nothing", writes=False))
    with pytest.raises(IndexUnavailable, match="does not answer"):
        await threads.soon(reader.prepare(text("SELECT 1")).row)
