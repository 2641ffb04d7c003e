from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from index_fixtures import DATABASES, new_database, open_index, record

from dicomcore.index import Index
from dicomcore.resources import Resource


@pytest.fixture(params=DATABASES)
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Index]:
    with open_index(new_database(request, tmp_path)) as opened:
        yield opened


def test_an_instance_is_found_by_its_three_uids_only(index: Index) -> None:
    index.store([record("1.1", "1.2", "1.3", key="k1")])
    found = index.instance(Resource("1.1", "1.2", "1.3"))
    assert found is not None
    assert (found.key, found.size, found.dataset_start, found.frames_header) == ("k1", 1000, 300, b"header")
    assert found.resource == Resource("1.1", "1.2", "1.3")
    assert index.instance(Resource("1.1", "1.9", "1.3")) is None
    assert index.instance(Resource("1.9", "1.2", "1.3")) is None


def test_instances_come_in_the_order_of_series_and_instance_numbers(index: Index) -> None:
    index.store(
        [
            record("1", "1.2", "b", SeriesNumber=2, InstanceNumber=10),
            record("1", "1.2", "a", SeriesNumber=2, InstanceNumber=9),
            record("1", "1.2", "z", SeriesNumber=2),
            record("1", "1.3", "d", SeriesNumber=1, InstanceNumber=3),
            record("1", "1.3", "c", SeriesNumber=1, InstanceNumber=3),
            record("1", "1.1", "e"),
        ]
    )
    order = [row.sop_instance_uid for row in index.instances(Resource("1"))]
    assert order == ["c", "d", "a", "b", "z", "e"]
    assert [row.sop_instance_uid for row in index.instances(Resource("1", "1.2"))] == ["a", "b", "z"]
    assert [row.sop_instance_uid for row in index.instances(Resource("1", "1.2", "z"))] == ["z"]
    assert list(index.instances(Resource("2"))) == []


def test_the_instances_of_the_archive_come_page_by_page(index: Index) -> None:
    index.store([record(instance=f"1.{number}") for number in range(1, 2502)])
    assert [row.sop_instance_uid for row in index.instances(Resource())] == [f"1.{n}" for n in range(1, 2502)]


def test_metadata_come_in_the_order_of_instances(index: Index) -> None:
    index.store([record("1", "1.1", "b", InstanceNumber=2), record("1", "1.1", "a", InstanceNumber=10)])
    for resource in (Resource("1"), Resource("1", "1.1")):
        found = index.metadata(resource)
        assert [orjson.loads(one)["00080018"]["Value"] for one in found.objects] == [["b"], ["a"]]
        assert found.revision == index.revision(resource) == 2
    assert len(index.metadata(Resource("1", "1.1", "a")).objects) == 1
    assert index.metadata(Resource("2")).objects == []


def test_a_revision_changes_with_everything_below(index: Index) -> None:
    index.store([record("1", "1.1", "a"), record("1", "1.2", "b"), record("2", "2.1", "c")])
    assert index.revision(Resource("1")) == 2
    index.store([record("1", "1.1", "a", content="changed")])
    places = [Resource("1"), Resource("1", "1.1"), Resource("1", "1.2"), Resource("1", "1.1", "a"), Resource("2")]
    assert [index.revision(place) for place in places] == [4, 4, 2, 4, 3]
    index.delete(Resource("1", "1.2"))
    assert (index.revision(Resource("1")), index.revision(Resource("1", "1.2"))) == (5, None)
    assert index.revision(Resource()) == 6


def test_the_same_content_is_stored_only_where_it_is(index: Index) -> None:
    one = record("1.1", "1.2", "1.3")
    index.store([one])
    assert index.is_stored(one.resource, one.content_digest)
    assert not index.is_stored(one.resource, b"other content")
    assert not index.is_stored(Resource("1.1", "1.9", "1.3"), one.content_digest)


def test_keys_are_those_of_rows(index: Index) -> None:
    index.store([record(instance="1.1", key="k1"), record(instance="1.2", key="k2")])
    assert index.keys() == {"k1", "k2"}
    assert index.keys("k2") == {"k2"}


def test_statistics_count_everything(index: Index) -> None:
    assert index.statistics().instances == 0
    index.store(
        [record("1", "1.1", "a", PatientID="P"), record("1", "1.2", "b", PatientID="P"), record("2", "2.1", "c")]
    )
    found = index.statistics()
    assert (found.patients, found.studies, found.series, found.instances, found.revision) == (2, 2, 3, 3, 3)
