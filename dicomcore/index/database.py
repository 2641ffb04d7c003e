"""What the database is: its kind, version and size, for operators."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text

from dicomcore.index.engine import read

_SIZES = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
}
_VERSIONS = {"sqlite": "SELECT sqlite_version()", "postgresql": "SHOW server_version"}


@dataclass(frozen=True, slots=True)
class Database:
    """A database; ``bytes`` is the size of its tables and indexes."""

    kind: str
    version: str
    bytes: int


def describe_database(engine: Engine) -> Database:
    """Ask the database; raises `IndexUnavailable`."""

    def ask(connection: Connection) -> Database:
        kind = connection.dialect.name
        version, size = (connection.execute(text(statements[kind])).scalar_one() for statements in (_VERSIONS, _SIZES))
        return Database(kind, str(version), int(size))

    return read(engine, ask)
