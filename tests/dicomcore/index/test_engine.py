import sqlite3
import threading
from pathlib import Path

import psycopg
import pytest
from index_fixtures import DATABASES, new_database, open_index, record, sqlite_url
from sqlalchemy import bindparam, select, text

from dicomcore.errors import DicomError, IndexUnavailable, MalformedDataset, StorageFull
from dicomcore.index import open_engine
from dicomcore.index.engine import Prepared, parse_url, read, translated, write
from dicomcore.index.tables import study
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


def test_a_reader_does_not_wait_for_a_writer(url: str) -> None:
    with open_index(url) as index:
        index.store([record("1.1")])
        writer, reader = open_engine(url, writes=True), open_engine(url, writes=False)
        count = Prepared(reader, text("SELECT count(*) FROM study"))
        seen = write(writer, lambda transaction: (transaction.execute(text("DELETE FROM study")), count.row()))
        writer.dispose()
        reader.dispose()
    assert tuple(seen[1]) == (1,)


def test_a_prepared_statement_gives_tuples(url: str) -> None:
    with open_index(url) as index:
        index.store([record("1.1", "1.2", "1.3"), record("2.1", "2.2", "2.3")])
        engine = open_engine(url, writes=False)
        one = select(study.c.study_instance_uid, study.c.number_of_study_related_series)
        prepared = Prepared(engine, one.where(study.c.study_instance_uid == bindparam("uid")))
        assert prepared.rows(uid="2.1") == [("2.1", 1)]
        assert prepared.row(uid="3.1") is None
        engine.dispose()


@pytest.mark.postgresql
def test_a_connection_that_the_server_closed_is_replaced(postgresql_url: str) -> None:
    reader, other = open_engine(postgresql_url, writes=False), open_engine(postgresql_url, writes=False)
    number = Prepared(reader, text("SELECT pg_backend_pid()"))
    (before,) = number.row()
    read(other, lambda connection: connection.execute(text(f"SELECT pg_terminate_backend({before}, 5000)")).all())
    (after,) = number.row()
    reader.dispose()
    other.dispose()
    assert after != before


def test_a_database_that_is_not_there_is_unavailable() -> None:
    engine = open_engine("postgresql://nobody@127.0.0.1:1/nothing", writes=False)
    with pytest.raises(IndexUnavailable, match="does not answer"):
        Prepared(engine, text("SELECT 1")).row()


def test_a_write_that_failed_before_its_commit_says_that_nothing_changed() -> None:
    engine = open_engine("postgresql://nobody@127.0.0.1:1/nothing", writes=True)
    with pytest.raises(IndexUnavailable) as caught:
        write(engine, lambda transaction: None)
    assert caught.value.is_unchanged
