"""SELECTs compiled once and run on the driver: a fraction of the time of running them through SQLAlchemy.

Called in a thread they use the pool of connections and wait for as long as the database takes. Called on the event loop
(`Threads.soon`) they run in SQLite only, on a connection of their own that is interrupted at the deadline.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from typing import Any, cast

import psycopg
from sqlalchemy import Engine
from sqlalchemy.sql import ClauseElement

from dicomcore.index.compiled import Compiled
from dicomcore.index.engine import is_broken, once_more_if_broken, translated
from dicomcore.threads import WouldTakeLong, deadline

_ERRORS = (sqlite3.Error, OverflowError, UnicodeEncodeError)
_CACHE_KIB = 8 * 1024  # most reads go this way, so that it pays to keep more than other connections do
_STEPS = 2_000  # of SQLite's machine between two looks at the clock: some 50 microseconds


class Reader:
    """The connections that SELECTs run on."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._on_the_spot: sqlite3.Connection | None = None
        self._connecting = threading.Lock()
        self._until = 0.0

    def prepare(self, statement: ClauseElement) -> Prepared:
        """Compile a SELECT."""
        return Prepared(self, statement)

    def rows(self, sql: str, arguments: Any) -> list[Any]:
        """Run a SELECT; raises `IndexUnavailable`, and on the event loop `WouldTakeLong`."""
        until = deadline()
        if until is not None:
            return self._rows_on_the_spot(sql, arguments, until)
        if self.is_sqlite and self._on_the_spot is None:
            self._connect()
        return once_more_if_broken(self.engine, lambda: self._pooled_rows(sql, arguments))

    def close(self) -> None:
        """Close all connections."""
        if self._on_the_spot is not None:
            self._on_the_spot.close()
        self.engine.dispose()

    def _pooled_rows(self, sql: str, arguments: Any) -> list[Any]:
        connection = self.engine.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute(sql, arguments)
            return list(cursor.fetchall())
        except psycopg.Error as error:
            if is_broken(error):
                connection.invalidate()
            raise
        finally:
            connection.close()

    def _rows_on_the_spot(self, sql: str, arguments: Any, until: float) -> list[Any]:
        if self._on_the_spot is None:
            raise WouldTakeLong
        self._until = until
        try:
            return self._on_the_spot.execute(sql, arguments).fetchall()
        except _ERRORS as error:
            raise WouldTakeLong from error  # also what is wrong with it: in a thread it gets its own error

    def _connect(self) -> None:
        """Open the connection for the event loop, from a thread: opening may have to wait for who has locked it."""
        with translated(), self._connecting:
            if self._on_the_spot is not None:
                return
            pooled = self.engine.raw_connection()
            connection = cast(sqlite3.Connection, pooled.driver_connection)
            pooled.detach()
            connection.execute("PRAGMA busy_timeout = 0")
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            connection.set_progress_handler(self._is_over, _STEPS)
            self._on_the_spot = connection

    def _is_over(self) -> bool:
        return time.perf_counter() > self._until


class Prepared:
    """One SELECT, compiled."""

    def __init__(self, reader: Reader, statement: ClauseElement) -> None:
        self._compiled = Compiled(statement, reader.engine.dialect)
        self._reader = reader

    def rows(self, **parameters: str | int | list[int]) -> list[Any]:
        """Run it, and return all rows as tuples."""
        return self._reader.rows(self._compiled.sql, self._compiled.query_arguments(parameters))

    def row(self, **parameters: str | int | list[int]) -> Any:
        """Run it, and return the first row or None."""
        return next(iter(self.rows(**parameters)), None)
