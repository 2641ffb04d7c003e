from collections.abc import Iterator
from pathlib import Path

import pytest
from index_fixtures import DATABASES, new_database, open_index, record

from dicomcore.index import ChangeKind, Index
from dicomcore.index.changes import read_change, uid_columns
from dicomcore.resources import Resource


@pytest.fixture(params=DATABASES)
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Index]:
    with open_index(new_database(request, tmp_path)) as opened:
        yield opened


def test_changes_are_numbered_without_gaps(index: Index) -> None:
    index.store([record("1.1", "1.2", "1.3")])
    index.store([record("1.1", "1.2", "1.3", content="new")])
    index.delete(Resource("1.1"))
    assert [(change.sequence, change.kind, change.resource) for change in index.changes()] == [
        (1, ChangeKind.STORED, Resource("1.1", "1.2", "1.3")),
        (2, ChangeKind.REPLACED, Resource("1.1", "1.2", "1.3")),
        (3, ChangeKind.DELETED, Resource("1.1", "1.2", "1.3")),
        (4, ChangeKind.DELETED, Resource("1.1", "1.2")),
        (5, ChangeKind.DELETED, Resource("1.1")),
    ]


def test_numbers_go_on_after_everything_was_forgotten(index: Index) -> None:
    index.store([record()])
    index.clear()
    index.store([record()])
    assert [change.sequence for change in index.changes()] == [1, 2]


def test_changes_are_read_in_pages(index: Index) -> None:
    index.store([record(instance=f"1.{number}") for number in range(5)])
    assert [change.sequence for change in index.changes(since=1, limit=2)] == [2, 3]


def test_a_resource_is_read_as_it_was_written() -> None:
    uids = uid_columns(Resource("1.1", "1.2"))
    assert read_change(7, 3, 2, *uids.values(), 99).resource == Resource("1.1", "1.2")
