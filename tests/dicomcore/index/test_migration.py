import threading
from pathlib import Path

import pytest
from index_fixtures import DATABASES, new_database, rows

from dicomcore.errors import DicomError, IndexUnavailable
from dicomcore.index import Index, migrate
from dicomcore.index.migration import script_location


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return new_database(request, tmp_path)


def test_an_empty_database_is_refused_with_what_to_do(url: str) -> None:
    index = Index(url)
    with pytest.raises(IndexUnavailable, match=r"is empty.*run `isocenter migrate`"):
        index.check_schema()
    index.close()


def test_a_migrated_database_is_accepted(url: str) -> None:
    migrate(url)
    migrate(url)
    index = Index(url)
    index.check_schema()
    index.close()


def test_several_may_migrate_at_the_same_time(url: str) -> None:
    errors: list[DicomError] = []

    def run() -> None:
        try:
            migrate(url)
        except DicomError as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(rows(url, "SELECT version_num FROM alembic_version")) == 1


def test_the_migrations_are_found() -> None:
    assert (script_location() / "versions").is_dir()
