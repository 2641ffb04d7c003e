"""The migrations lead to the tables that the code has, on both databases."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from index_fixtures import DATABASES, new_database, rows

from dicomcore.index import metadata, migrate, open_engine

ROOT = Path(__file__).parents[1]


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return new_database(request, tmp_path)


def test_head_has_the_tables_of_the_code(url: str) -> None:
    migrate(url)
    engine = open_engine(url, writes=True)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, metadata)
    engine.dispose()
    assert differences == []


@pytest.mark.postgresql
def test_text_is_ordered_by_code_point_on_postgresql(postgresql_url: str, tmp_path: Path) -> None:
    migrate(postgresql_url)
    columns = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
    others = "AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'"
    assert rows(postgresql_url, f"{columns} {others}") == []


def test_row_ids_need_no_index_of_their_own_on_sqlite(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'index.db'}"
    migrate(url)
    tables = "('patient', 'study', 'series', 'instance', 'change')"
    found = f"SELECT name FROM sqlite_master WHERE tbl_name IN {tables} AND name LIKE 'sqlite_autoindex%'"
    assert rows(url, found) == []


def test_migrations_are_one_line() -> None:
    scripts = ScriptDirectory.from_config(Config(toml_file=str(ROOT / "pyproject.toml")))
    assert len(scripts.get_heads()) == 1
    assert [len(script.nextrev) for script in scripts.walk_revisions()].count(0) == 1
