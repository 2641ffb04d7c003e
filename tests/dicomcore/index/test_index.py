import multiprocessing
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from index_fixtures import DATABASES, new_database, open_index, record, rows

from dicomcore.index import DuplicatePolicy, Index, Outcome
from dicomcore.query import Query
from dicomcore.resources import Level, Resource


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return new_database(request, tmp_path)


@pytest.fixture
def index(url: str) -> Iterator[Index]:
    with open_index(url) as opened:
        yield opened


def store_numbers(url: str, process: int) -> None:
    """What one of several processes stores: its own instances, and some that all of them store."""
    index = Index(url)
    shared = [record("1", "1.1", f"1.1.{number}", Modality="CT") for number in range(10)]
    own = [record("1", f"1.{process}", f"1.2.{process}.{number}", Modality=f"M{process}") for number in range(40)]
    for one in (*shared, *own):
        index.store([one])
    index.close()


def test_counts_are_right_after_concurrent_stores_of_several_processes(url: str, index: Index) -> None:
    spawning = multiprocessing.get_context("spawn")
    processes = [spawning.Process(target=store_numbers, args=(url, number)) for number in (2, 3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    counted = "SELECT modalities_in_study, number_of_study_related_series, number_of_study_related_instances FROM study"
    assert rows(url, counted) == [("\\CT\\M2\\M3\\", 3, 90)]
    assert rows(url, "SELECT count(*), min(sequence), max(sequence) FROM change") == [(90, 1, 90)]


def test_many_threads_may_store_and_delete(url: str, index: Index) -> None:
    def run(thread: int) -> None:
        for number in range(20):
            index.store([record("1", f"1.{thread}", f"1.{thread}.{number}")])
        index.delete(Resource("1", f"1.{thread}", f"1.{thread}.0"))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counted = "SELECT number_of_study_related_series, number_of_study_related_instances FROM study"
    assert rows(url, counted) == [(4, 76)]
    assert rows(url, "SELECT count(*) FROM instance") == [(76,)]


def test_what_is_submitted_is_stored_with_its_own_policy(index: Index) -> None:
    index.store([record(key="k1")])
    kept = index.submit([record(key="k2", content="2")], DuplicatePolicy.KEEP_FIRST)
    replaced = index.submit([record(key="k3", content="3")])
    assert [kept.result()[0].outcome, replaced.result()[0].outcome] == [Outcome.KEPT, Outcome.REPLACED]


def test_what_is_stored_is_found_at_once(index: Index) -> None:
    index.store([record("1.1", PatientName="Doe^Jane")])
    found = index.search(Query(Level.STUDY))
    assert (found.total, b'"Doe^Jane"' in found.objects[0]) == (1, True)
    index.delete(Resource("1.1"))
    assert index.search(Query(Level.STUDY)).total == 0


def test_everything_can_be_forgotten(index: Index) -> None:
    index.store([record(pages=(b"page",))])
    index.clear()
    assert (index.statistics().instances, list(index.instances(Resource()))) == (0, [])
    assert not index.was_deleted(Resource("1.1"))


def test_an_index_is_there_again_after_it_was_closed(url: str) -> None:
    with open_index(url) as first:
        first.submit([record("1.1")])
    with open_index(url) as second:
        assert second.revision(Resource("1.1")) == 1
