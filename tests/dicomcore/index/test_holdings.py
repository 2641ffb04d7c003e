from collections.abc import Iterator
from pathlib import Path

import pytest
from index_fixtures import DATABASES, new_database, open_index, record

from dicomcore.holdings import Holding
from dicomcore.index import Index
from dicomcore.index.holdings import StoredHoldings
from dicomcore.resources import Resource
from dicomcore.threads import Threads


@pytest.fixture(params=DATABASES)
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Index]:
    with open_index(new_database(request, tmp_path)) as opened:
        yield opened


def test_instances_are_found_by_their_sop_instance_uids(index: Index) -> None:
    first, second = record("1", "1.1", "1.1.1"), record("2", "2.1", "2.1.1")
    index.store([first, second, record("3", "3.1", "3.1.1")])
    assert index.holdings.known(["2.1.1", "9", "1.1.1"]) == {
        "1.1.1": Holding(Resource("1", "1.1", "1.1.1"), first.sha256),
        "2.1.1": Holding(Resource("2", "2.1", "2.1.1"), second.sha256),
    }


def test_of_nothing_nothing_is_stored(index: Index) -> None:
    assert index.holdings.known([]) == {}
    assert index.holdings.known(["1"]) == {}


def test_what_was_replaced_has_its_new_digest(index: Index) -> None:
    index.store([record("1", "1.1", "1.1.1", content="old")])
    new = record("1", "1.1", "1.1.1", content="new")
    index.store([new])
    assert index.holdings.known(["1.1.1"])["1.1.1"].is_same(new.sha256)


def test_a_thousand_are_asked_about_at_once(index: Index) -> None:
    index.store([record(instance=f"1.{number}") for number in range(0, 1000, 2)])
    known = index.holdings.known([f"1.{number}" for number in range(1000)])
    assert sorted(known) == sorted(f"1.{number}" for number in range(0, 1000, 2))


def test_a_value_that_is_no_uid_is_only_a_value(index: Index) -> None:
    index.store([record("1", "1.1", "1.1.1")])
    assert index.holdings.known(['"', "1.1.1') OR 1=1 --", "{}", ","]) == {}


async def test_they_can_be_awaited(index: Index) -> None:
    index.store([record("1", "1.1", "1.1.1")])
    threads = Threads(2)
    holdings = StoredHoldings(index.holdings, threads)
    assert list(await holdings.known(["1.1.1", "2"])) == ["1.1.1"]
    threads.close()
