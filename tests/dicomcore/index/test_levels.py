from collections.abc import Iterator
from pathlib import Path

import pytest
from index_fixtures import DATABASES, new_database, open_index, record
from sqlalchemy import Engine, text

from dicomcore.index import open_engine
from dicomcore.index.engine import write
from dicomcore.index.levels import Levels, StoredRow
from dicomcore.index.transaction import Transaction

DELETE_FIRST = text("DELETE FROM instance WHERE id = 1")


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    url = new_database(request, tmp_path)
    with open_index(url) as index:
        index.store([record("1", "1.1", "1.1.1", key="k1", StudyDescription="first")])
        index.store([record("1", "1.1", "1.1.2", key="k2", StudyDescription="second", Modality="CT")])
    opened = open_engine(url, writes=True)
    yield opened
    opened.dispose()


def loaded(engine: Engine, *keys: tuple[str, str]) -> Levels:
    def work(transaction: Transaction) -> Levels:
        levels = Levels(transaction)
        levels.load(keys)
        return levels

    return write(engine, work)


def test_only_what_exists_is_loaded(engine: Engine) -> None:
    levels = loaded(engine, ("1", "1.1"), ("1", "1.9"), ("9", "1.1"))
    assert set(levels.studies) == {"1"}
    assert set(levels.series) == {("1", "1.1")}
    assert (levels.studies["1"].instances, levels.series["1", "1.1"].modality) == (2, "CT")


def test_an_instance_is_counted_at_both_levels(engine: Engine) -> None:
    levels = loaded(engine, ("1", "1.1"))
    state = levels.add(record("1", "1.1", "1.1.3", key="k3"), 7)
    assert (state.instances, state.study.instances, state.revision, state.study.revision) == (3, 3, 7, 7)
    assert not state.is_changed


def test_a_new_series_is_counted_in_its_study(engine: Engine) -> None:
    levels = loaded(engine, ("1", "1.2"))
    state = levels.add(record("1", "1.2", "1.2.1", key="k3", AccessionNumber="A"), 7)
    assert (state.is_new, state.id, state.study.series, state.study.is_changed) == (True, 7, 2, True)


def test_attributes_of_a_removed_instance_are_taken_from_those_that_are_left(engine: Engine) -> None:
    def work(transaction: Transaction) -> bytes:
        levels = Levels(transaction)
        levels.load([("1", "1.1")])
        levels.remove(StoredRow(1, 1, "1", "1.1", "1.1.1", b"", "k1"))
        levels.transaction.execute(DELETE_FIRST)
        levels.find_sources_again()
        return levels.studies["1"].merged.fragments[0x00081030]

    assert write(engine, work) == b'"00081030":{"vr":"LO","Value":["second"]}'
