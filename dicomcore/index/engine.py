"""Connections to SQLite and to PostgreSQL: how they are opened, how a writer locks, how their errors are told.

One writer at a time, on both databases: SQLite by BEGIN IMMEDIATE, PostgreSQL by an advisory lock of the transaction.
Group commit makes that cheap, and it buys much: counts are added up without races, nothing can deadlock, and the
numbers of changes are in the order of their commits without gaps, so that whoever follows them misses nothing.

Readers never wait for a writer. They run in autocommit mode, since each answer is one statement, hence one snapshot.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Connection, Engine, PoolProxiedConnection, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from dicomcore.errors import IndexUnavailable, MalformedDataset, StorageFull
from dicomcore.index.transaction import Transaction

T = TypeVar("T")

LOCK_TIMEOUT_MS = 8_000
READ_CONNECTIONS = 16
_CACHE_KIB = 2 * 1024
_WRITER_CACHE_KIB = 16 * 1024
_JOURNAL_BYTES = 64 << 20
_PATIENCE_SECONDS = 5
_FIRST_PAUSE, _PAUSE = 0.0005, 0.0003  # seconds between two looks whether the lock is free

_SQLITE_PRAGMAS = (
    f"PRAGMA busy_timeout = {LOCK_TIMEOUT_MS}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    f"PRAGMA cache_size = -{_CACHE_KIB}",
    f"PRAGMA journal_size_limit = {_JOURNAL_BYTES}",
    # Each connection would map the file for itself, and all of it counts as memory of the process.
    "PRAGMA mmap_size = 0",
)
_UNFIT = (
    sqlite3.DataError,
    sqlite3.IntegrityError,
    psycopg.DataError,
    psycopg.IntegrityError,
    OverflowError,  # a number of more than 64 bits
    UnicodeEncodeError,
)
# hashtext of the schema: archives in schemas of one database do not wait for each other.
_POSTGRESQL_LOCK = "SELECT pg_advisory_xact_lock(1230193487, hashtext(current_schema()))"
_POSTGRESQL_OPTIONS = f"-c lock_timeout={LOCK_TIMEOUT_MS} -c idle_in_transaction_session_timeout=60000 -c jit=off"


@contextmanager
def translated() -> Iterator[None]:
    """Raise our errors for whatever the database library raises.

    What a column cannot hold is the fault of the data set, a full disk has its own error, the rest is
    `IndexUnavailable`.
    """
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, psycopg.Error, OverflowError, UnicodeEncodeError) as error:
        cause = getattr(error, "orig", None) or error
        reason = str(cause).partition("\n")[0]  # further lines may quote values
        if isinstance(cause, _UNFIT):
            raise MalformedDataset(f"the index cannot hold it: {reason}") from error
        if isinstance(cause, psycopg.errors.DiskFull) or "disk is full" in reason:
            raise StorageFull(f"the index database has no room: {reason}") from error
        raise IndexUnavailable(f"the index database does not answer: {reason}") from error


def is_broken(error: Exception) -> bool:
    """Say whether the server has closed the connection, as after a restart: a new one may do."""
    cause = getattr(error, "orig", None) or error
    if not isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    return cause.sqlstate is None or cause.sqlstate.startswith(("08", "57P"))


def parse_url(url: str) -> URL:
    """Read a database URL; raises `IndexUnavailable` if it is none of ours.

    ``sqlite:///relative/path``, ``sqlite:////absolute/path``, ``postgresql://user:password@host/database``.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise IndexUnavailable("the database URL is not a URL such as sqlite:///index.db") from error
    if parsed.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed
    raise IndexUnavailable("the database URL must begin with sqlite:/// and a path, or with postgresql://")


def open_engine(url: str, *, writes: bool) -> Engine:
    """Make an engine for readers (autocommit) or for writers (`write`)."""
    parsed = parse_url(url)
    size = {"pool_size": 1 if writes else READ_CONNECTIONS, "max_overflow": 1 if writes else READ_CONNECTIONS}
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed, size, writes=writes)
    arguments = {
        "connect_timeout": _PATIENCE_SECONDS,
        "tcp_user_timeout": _PATIENCE_SECONDS * 1000,
        "options": _POSTGRESQL_OPTIONS,
    }
    common: dict[str, Any] = {"connect_args": arguments, "pool_timeout": _PATIENCE_SECONDS, **size}
    if not writes:
        return create_engine(parsed, isolation_level="AUTOCOMMIT", pool_reset_on_return=None, **common)
    engine = create_engine(parsed, pool_pre_ping=True, **common)
    event.listen(engine, "begin", _begin)
    return engine


def _open_sqlite(url: URL, size: Mapping[str, int], *, writes: bool) -> Engine:
    Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    arguments = {"check_same_thread": False, "isolation_level": None, "timeout": LOCK_TIMEOUT_MS / 1000}
    common: dict[str, Any] = {"connect_args": arguments, "pool_timeout": _PATIENCE_SECONDS, **size}
    engine = create_engine(url, pool_reset_on_return="rollback" if writes else None, **common)
    event.listen(engine, "connect", _set_pragmas)
    if writes:
        event.listen(engine, "connect", _prepare_writer)
        event.listen(engine, "begin", _begin)
    return engine


def _set_pragmas(connection: sqlite3.Connection, _: object) -> None:
    for pragma in _SQLITE_PRAGMAS:
        _execute_patiently(connection, pragma)


def _execute_patiently(connection: sqlite3.Connection, pragma: str) -> None:
    """Wait for others here: while several turn a new database to WAL, SQLite refuses at once, whatever its timeout."""
    deadline = time.monotonic() + LOCK_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute(pragma)
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _prepare_writer(connection: sqlite3.Connection, _: object) -> None:
    connection.execute(f"PRAGMA cache_size = -{_WRITER_CACHE_KIB}")
    connection.execute("PRAGMA busy_timeout = 0")  # see `_lock_sqlite`


def _begin(connection: Connection) -> None:
    """Lock other writers out of a transaction of SQLAlchemy, which is what migrations run in."""
    _LOCKS[connection.dialect.name](connection.connection.cursor())


def _lock_sqlite(cursor: DBAPICursor) -> None:
    """Begin a transaction as soon as no other process writes; raises the error of SQLite if that takes too long.

    SQLite itself would sleep for 1, 2, 5, 10 milliseconds and more until it looks again, and others write for less. Who
    has waited looks no less often than who has just come: else some processes get the lock over and over, others never.
    """
    deadline = time.monotonic() + LOCK_TIMEOUT_MS / 1000
    pause = _FIRST_PAUSE
    while True:
        try:
            cursor.execute("BEGIN IMMEDIATE")  # the driver begins nothing by itself (isolation_level None)
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(pause)
        pause = _PAUSE


def _lock_postgresql(cursor: DBAPICursor) -> None:
    cursor.execute(_POSTGRESQL_LOCK)  # the driver has begun a transaction


_LOCKS: dict[str, Callable[[DBAPICursor], None]] = {"sqlite": _lock_sqlite, "postgresql": _lock_postgresql}


def write(engine: Engine, work: Callable[[Transaction], T]) -> T:
    """Call ``work`` in a transaction that no other writer, of whatever process, is in at the same time.

    It runs on the driver, since a transaction of SQLAlchemy costs a tenth of storing an image. If the connection breaks
    it is called once more on a new one; but not if it breaks during the commit, since what was committed may have been
    undone by others when it is done again: a row that they deleted would come back without its bytes.
    """
    has_committed = False

    def attempt() -> T:
        nonlocal has_committed
        if has_committed:
            raise IndexUnavailable("the index database went away during a commit")
        with closing(engine.raw_connection()) as connection, _dropped_if_broken(connection):
            cursor = connection.cursor()
            _LOCKS[engine.dialect.name](cursor)
            result = work(Transaction(cursor, engine.dialect))
            has_committed = True  # from here on an error does not tell whether it has
            connection.commit()
        return result

    try:
        return once_more_if_broken(engine, attempt)
    except IndexUnavailable as error:
        error.is_unchanged = not has_committed
        raise


@contextmanager
def _dropped_if_broken(connection: PoolProxiedConnection) -> Iterator[None]:
    """Take a broken connection from the pool, which would complain that it cannot roll back, as it does with others."""
    try:
        yield
    except psycopg.Error as error:
        if is_broken(error):
            connection.invalidate(error)
        raise


def read(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Call ``work`` with a connection; once more if the server has closed the one that was pooled."""

    def attempt() -> T:
        with engine.connect() as connection:
            return work(connection)

    return once_more_if_broken(engine, attempt)


def once_more_if_broken(engine: Engine, attempt: Callable[[], T]) -> T:
    """Call ``attempt``, a second time if the connection it used turns out to be closed; raises our errors."""
    with translated():
        try:
            return attempt()
        except (SQLAlchemyError, psycopg.Error) as error:
            if not is_broken(error):
                raise
            engine.dispose()
            return attempt()
