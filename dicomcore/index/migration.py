"""Bring the tables of a database to the present version, and say when they are not (Alembic).

The migrations are in ``alembic/`` beside the packages; in an installed wheel in ``app/alembic``.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from dicomcore.errors import IndexUnavailable
from dicomcore.index.engine import open_engine, read, translated

_ROOT = Path(__file__).resolve().parents[2]
_PLACES = (_ROOT / "app" / "alembic", _ROOT / "alembic")


def script_location() -> Path:
    """Find the migrations."""
    for place in _PLACES:
        if (place / "env.py").is_file():
            return place
    raise IndexUnavailable("the migrations are missing from this installation")


def migrate(url: str) -> None:
    """Create the tables of a new database, or bring those of an older version to the present one.

    Several processes may do so at the same time: the second waits, and finds it done.
    """
    engine = open_engine(url, writes=True)
    try:
        with translated(), engine.begin() as connection:
            _upgrade(connection)
    finally:
        engine.dispose()


def check_schema(engine: Engine) -> None:
    """Raise `IndexUnavailable` with what to do unless the tables are of the version that this program needs."""
    expected = ScriptDirectory(str(script_location())).get_current_head()
    found = read(engine, lambda connection: MigrationContext.configure(connection).get_current_revision())
    if found != expected:
        state = f"of version {found}" if found else "empty"
        raise IndexUnavailable(
            f"the index database is {state}, this program needs version {expected}: run `isocenter migrate`"
        )


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(script_location()).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
