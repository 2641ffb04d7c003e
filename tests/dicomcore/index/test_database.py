import sqlite3
from pathlib import Path

import pytest

from dicomcore.errors import IndexUnavailable
from dicomcore.index.database import describe_database
from dicomcore.index.engine import open_engine


def test_a_sqlite_database_tells_its_version_and_size(tmp_path: Path) -> None:
    path = tmp_path / "some.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE here (text)")
    connection.close()
    engine = open_engine(f"sqlite:///{path}", writes=False)
    found = describe_database(engine)
    engine.dispose()
    assert (found.kind, found.version, found.bytes) == ("sqlite", sqlite3.sqlite_version, path.stat().st_size)


@pytest.mark.postgresql
def test_a_postgresql_database_tells_its_version_and_size(postgresql_url: str) -> None:
    engine = open_engine(postgresql_url, writes=False)
    found = describe_database(engine)
    engine.dispose()
    assert found.kind == "postgresql"
    assert int(found.version.partition(".")[0]) >= 13
    assert found.bytes > 1_000_000


def test_a_file_that_is_no_database_is_an_error_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear colleague, " * 1000)
    engine = open_engine(f"sqlite:///{path}", writes=False)
    with pytest.raises(IndexUnavailable):
        describe_database(engine)
    engine.dispose()
