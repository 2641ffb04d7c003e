"""One transaction of the writer, run on the driver with statements compiled once.

The statements must be constants, since they are remembered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.sql import ClauseElement

from dicomcore.index.compiled import Compiled

Row: TypeAlias = dict[str, Any]


@lru_cache(maxsize=512)
def _compiled(statement: ClauseElement, dialect: Dialect) -> Compiled:
    return Compiled(statement, dialect)


class Transaction:
    """Runs statements on the driver's cursor of a transaction that is under way."""

    def __init__(self, cursor: DBAPICursor, dialect: Dialect) -> None:
        self._dialect = dialect
        self._cursor = cursor

    def select(self, statement: ClauseElement, **parameters: Any) -> list[Any]:
        """Run a SELECT and return its rows as tuples."""
        self.execute(statement, **parameters)
        return list(self._cursor.fetchall())

    def execute(self, statement: ClauseElement, **parameters: Any) -> None:
        """Run a statement once."""
        compiled = self._compile(statement)
        self._cursor.execute(compiled.sql, compiled.query_arguments(parameters))

    def execute_many(self, statement: ClauseElement, rows: Iterable[Row]) -> None:
        """Run an INSERT or UPDATE for each of the rows, which give its parameters."""
        compiled = self._compile(statement)
        arguments: Sequence[Any] = [compiled.arguments(row) for row in rows]
        if len(arguments) == 1:
            self._cursor.execute(compiled.sql, arguments[0])  # executemany of psycopg opens a pipeline for it
        elif arguments:
            self._cursor.executemany(compiled.sql, arguments)

    def _compile(self, statement: ClauseElement) -> Compiled:
        return _compiled(statement, self._dialect)
