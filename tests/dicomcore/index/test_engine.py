import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from index_fixtures import DATABASES, new_database, sqlite_url
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from dicomcore.errors import DicomError, IndexUnavailable, MalformedDataset, StorageFull
from dicomcore.index import open_engine
from dicomcore.index.engine import is_broken, once_more_if_broken, parse_url, read, translated, write
from dicomcore.index.transaction import Transaction


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return new_database(request, tmp_path)


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("sqlite:///a.db", "sqlite"),
        ("postgresql://u:p@h/d", "postgresql+psycopg"),
        ("postgres://h/d", "postgresql+psycopg"),
        ("postgresql+psycopg://h/d", "postgresql+psycopg"),
    ],
)
def test_urls_of_both_databases_are_understood(url: str, driver: str) -> None:
    assert parse_url(url).drivername == driver


@pytest.mark.parametrize("url", ["", "index.db", "mysql://h/d", "sqlite://", "sqlite:///:memory:"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(IndexUnavailable, match="database URL"):
        parse_url(url)


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (sqlite3.OperationalError("database is locked"), IndexUnavailable),
        (sqlite3.OperationalError("database or disk is full"), StorageFull),
        (sqlite3.IntegrityError("NOT NULL"), MalformedDataset),
        (psycopg.errors.DiskFull("no room"), StorageFull),
        (psycopg.errors.NumericValueOutOfRange("too large"), MalformedDataset),
        (psycopg.errors.LockNotAvailable("lock timeout"), IndexUnavailable),
        (OverflowError("too large"), MalformedDataset),
    ],
)
def test_errors_of_the_driver_are_told_as_ours(error: Exception, ours: type[DicomError]) -> None:
    with pytest.raises(ours), translated():
        raise error


def test_only_the_first_line_of_a_message_is_told() -> None:
    with pytest.raises(IndexUnavailable) as caught, translated():
        raise psycopg.OperationalError("gone\nDETAIL: Doe^Jane")
    assert "Doe" not in str(caught.value)


def test_sqlite_is_durable_and_checks_references(tmp_path: Path) -> None:
    engine = open_engine(sqlite_url(tmp_path), writes=True)
    names = ("journal_mode", "synchronous", "foreign_keys", "temp_store", "mmap_size")
    found = read(engine, lambda connection: [connection.execute(text(f"PRAGMA {name}")).scalar() for name in names])
    engine.dispose()
    assert found == ["wal", 2, 1, 2, 0]


def test_writers_take_turns(url: str) -> None:
    first, second = open_engine(url, writes=True), open_engine(url, writes=True)
    order: list[str] = []
    is_inside = threading.Event()

    def slowly(_: Transaction) -> None:
        is_inside.set()
        thread.join(0.2)
        order.append("first")

    def other() -> None:
        is_inside.wait(10)
        write(second, lambda _: order.append("second"))

    thread = threading.Thread(target=other)
    thread.start()
    write(first, slowly)
    thread.join(10)
    first.dispose()
    second.dispose()
    assert order == ["first", "second"]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (psycopg.errors.AdminShutdown("terminating connection"), True),
        (psycopg.errors.ConnectionFailure("gone"), True),
        (psycopg.OperationalError("server closed the connection unexpectedly"), True),
        (psycopg.InterfaceError("the connection is closed"), True),
        (psycopg.errors.LockNotAvailable("lock timeout"), False),
        (psycopg.errors.UndefinedTable("no such table"), False),
        (sqlite3.OperationalError("database is locked"), False),
        (OperationalError("SELECT 1", {}, psycopg.errors.AdminShutdown("terminating connection")), True),
        (OperationalError("SELECT 1", {}, sqlite3.OperationalError("database is locked")), False),
    ],
)
def test_a_connection_that_is_broken_is_told_from_other_errors(error: Exception, expected: bool) -> None:
    assert is_broken(error) is expected


def test_what_a_broken_connection_failed_is_tried_once_more(tmp_path: Path) -> None:
    engine = open_engine(sqlite_url(tmp_path), writes=False)
    errors: list[Exception] = [psycopg.errors.AdminShutdown("terminating connection")]

    def attempt() -> str:
        if errors:
            raise errors.pop()
        return "done"

    assert once_more_if_broken(engine, attempt) == "done"
    errors += [psycopg.errors.AdminShutdown("second")] * 2
    with pytest.raises(IndexUnavailable, match="second"):
        once_more_if_broken(engine, attempt)
    errors[:] = [sqlite3.OperationalError("not again"), sqlite3.OperationalError("first")]
    with pytest.raises(IndexUnavailable, match="first"):
        once_more_if_broken(engine, attempt)
    engine.dispose()


def test_a_write_that_failed_before_its_commit_says_that_nothing_changed() -> None:
    engine = open_engine("postgresql://nobody@127.0.0.1:1/nothing", writes=True)
    with pytest.raises(IndexUnavailable) as caught:
        write(engine, lambda transaction: None)
    assert caught.value.is_unchanged


def end_connections(url: str) -> None:
    """Let the server close all connections but this one, as when it is restarted."""
    others = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"{others} AND backend_type = 'client backend'").fetchall()


@pytest.mark.postgresql
def test_a_write_whose_connection_breaks_before_its_commit_is_done_on_a_new_one(
    postgresql_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    engine, attempts = open_engine(postgresql_url, writes=True), list[int]()

    def work(transaction: Transaction) -> int:
        attempts.append(len(attempts))
        if len(attempts) == 1:
            end_connections(postgresql_url)
        return len(transaction.select(select(1)))

    assert write(engine, work) == 1
    assert (attempts, caplog.messages) == ([0, 1], [])
    engine.dispose()


@pytest.mark.postgresql
def test_a_write_whose_connection_breaks_during_its_commit_is_not_done_again(postgresql_url: str) -> None:
    """It may have succeeded, and others may have gone on from there: have deleted the bytes of its row."""
    engine, attempts = open_engine(postgresql_url, writes=True), list[int]()

    def work(_: Transaction) -> None:
        attempts.append(len(attempts))
        end_connections(postgresql_url)

    with pytest.raises(IndexUnavailable) as caught:
        write(engine, work)
    assert (attempts, caught.value.is_unchanged) == ([0], False)
    engine.dispose()


def test_a_database_that_is_locked_by_another_program_says_so_and_nothing_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dicomcore.index.engine.LOCK_TIMEOUT_MS", 50)
    engine = open_engine(sqlite_url(tmp_path), writes=True)
    write(engine, lambda _: None)
    with closing(sqlite3.connect(parse_url(sqlite_url(tmp_path)).database or "", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(IndexUnavailable, match="locked") as caught:
            write(engine, lambda _: None)
        other.execute("ROLLBACK")
    assert caught.value.is_unchanged
    assert write(engine, lambda _: "free") == "free"
    engine.dispose()
