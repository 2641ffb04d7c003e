from collections.abc import Iterator
from pathlib import Path

import pytest
from index_fixtures import DATABASES, new_database, open_index, record

from dicomcore.errors import MalformedDataset
from dicomcore.index import DuplicatePolicy, Index, InPlaceOf, Outcome
from dicomcore.index.record import InstanceRecord, Stored
from dicomcore.resources import Resource


@pytest.fixture(params=DATABASES)
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Index]:
    with open_index(new_database(request, tmp_path)) as opened:
        yield opened


def keys(index: Index) -> list[str]:
    return [row.key for row in index.instances(Resource())]


def test_identical_content_changes_nothing(index: Index) -> None:
    assert index.store([record(key="k1")]) == [Stored(Outcome.NEW)]
    revision = index.revision(Resource())
    assert index.store([record(key="k2")]) == [Stored(Outcome.IDENTICAL)]
    assert (index.revision(Resource()), keys(index)) == (revision, ["k1"])


@pytest.mark.parametrize(
    ("policy", "answer", "kept"),
    [
        (DuplicatePolicy.REPLACE_IF_CHANGED, Stored(Outcome.REPLACED, "k1"), "k2"),
        (DuplicatePolicy.KEEP_FIRST, Stored(Outcome.KEPT), "k1"),
        (DuplicatePolicy.REJECT, Stored(Outcome.CONFLICT), "k1"),
    ],
)
def test_other_content_is_dealt_with_by_the_policy(
    index: Index, policy: DuplicatePolicy, answer: Stored, kept: str
) -> None:
    index.store([record(key="k1")])
    assert index.store([record(key="k2", content="changed")], policy) == [answer]
    assert keys(index) == [kept]


def test_another_form_takes_the_place_of_the_version_it_was_made_of(index: Index) -> None:
    index.store([record(key="k1")])
    assert index.store([record(key="k2", content="form")], InPlaceOf("k1")) == [Stored(Outcome.REPLACED, "k1")]
    assert index.store([record(key="k2", content="form")], InPlaceOf("k1")) == [Stored(Outcome.NEW)]  # told again
    assert keys(index) == ["k2"]


@pytest.mark.parametrize("policy", DuplicatePolicy)
def test_who_sends_again_what_has_another_form_now_sends_nothing_new(index: Index, policy: DuplicatePolicy) -> None:
    index.store([record(key="k1", content="sent")])
    index.store([record(key="k2", content="form")], InPlaceOf("k1"))
    assert index.store([record(key="k3", content="sent")], policy) == [Stored(Outcome.IDENTICAL)]
    assert keys(index) == ["k2"]


def test_another_form_of_what_was_replaced_or_deleted_meanwhile_is_not_stored(index: Index) -> None:
    index.store([record(key="k1")])
    index.store([record(key="k2", content="newer")])
    assert index.store([record(key="k3", content="form")], InPlaceOf("k1")) == [Stored(Outcome.KEPT)]
    assert keys(index) == ["k2"]
    index.delete(Resource("1.1"))
    assert index.store([record(key="k4", content="form")], InPlaceOf("k2")) == [Stored(Outcome.KEPT)]
    assert keys(index) == []


def test_instances_with_one_uid_in_one_group_are_stored_in_their_order(index: Index) -> None:
    versions = [record(key="k1"), record(key="k2", content="2"), record(key="k3", content="2")]
    assert index.store(versions) == [Stored(Outcome.NEW), Stored(Outcome.REPLACED, "k1"), Stored(Outcome.IDENTICAL)]
    assert keys(index) == ["k2"]


def test_a_commit_that_is_done_again_is_new_again(index: Index) -> None:
    index.store([record(key="k1")])
    assert index.store([record(key="k1")]) == [Stored(Outcome.NEW)]
    assert keys(index) == ["k1"]


def test_a_changed_instance_may_move_to_another_study(index: Index) -> None:
    index.store([record("1.1", "1.2", "1.3")])
    index.store([record("2.1", "2.2", "1.3", content="changed")])
    assert index.revision(Resource("1.1")) is None
    assert index.instance(Resource("2.1", "2.2", "1.3")) is not None
    assert index.was_deleted(Resource("1.1", "1.2", "1.3"))
    assert index.was_deleted(Resource("1.1"))


def test_one_series_uid_may_be_in_two_studies(index: Index) -> None:
    index.store([record("1.1", "9.9", "1.3"), record("1.2", "9.9", "1.4")])
    assert index.delete(Resource("1.1", "9.9")) == ["key of 1.3 "]
    assert [row.sop_instance_uid for row in index.instances(Resource("1.2", "9.9"))] == ["1.4"]


@pytest.mark.parametrize(
    ("resource", "left"),
    [
        (Resource("1"), ["2.1.1"]),
        (Resource("1", "1.1"), ["1.2.1", "2.1.1"]),
        (Resource("1", "1.1", "1.1.1"), ["1.1.2", "1.2.1", "2.1.1"]),
        (Resource("2", "1.1", "1.1.1"), ["1.1.1", "1.1.2", "1.2.1", "2.1.1"]),
    ],
)
def test_delete_takes_what_is_below_a_resource(index: Index, resource: Resource, left: list[str]) -> None:
    uids = [("1", "1.1", "1.1.1"), ("1", "1.1", "1.1.2"), ("1", "1.2", "1.2.1"), ("2", "2.1", "2.1.1")]
    index.store([record(*uid) for uid in uids])
    deleted = index.delete(resource)
    assert [row.sop_instance_uid for row in index.instances(Resource())] == left
    assert sorted(deleted) == [f"key of {uid} " for _, _, uid in uids if uid not in left]


def test_what_was_deleted_is_known_until_it_comes_again(index: Index) -> None:
    instance = record("1.1", "1.2", "1.3")
    index.store([instance])
    assert not index.was_deleted(instance.resource)
    index.delete(Resource("1.1"))
    places = [Resource("1.1"), Resource("1.1", "1.2"), Resource("1.1", "1.2", "1.3")]
    assert [index.was_deleted(place) for place in places] == [True, True, True]
    assert not index.was_deleted(Resource("1.1", "1.2", "1.4"))
    index.store([instance])
    assert [index.was_deleted(place) for place in places] == [False, False, False]


def test_pages_of_the_frame_index_go_with_their_instance(index: Index) -> None:
    index.store([record(pages=(b"page 0", b"page 1"))])
    (before,) = index.instances(Resource())
    assert [index.frame_page(before, page) for page in range(3)] == [b"page 0", b"page 1", None]
    index.store([record(pages=(b"other",), content="changed")])
    (after,) = index.instances(Resource())
    assert (index.frame_page(before, 0), index.frame_page(after, 0)) == (None, b"other")


def test_a_value_that_no_column_can_hold_fails_alone(index: Index) -> None:
    def sized(uid: str, size: int) -> InstanceRecord:
        made = record(instance=uid)
        return InstanceRecord(**{name: getattr(made, name) for name in made.__slots__} | {"size": size})

    good, bad = index.submit([sized("1.1", 10)]), index.submit([sized("1.2", 2**70)])
    assert good.result() == [Stored(Outcome.NEW)]
    with pytest.raises(MalformedDataset):
        bad.result()
    assert [row.sop_instance_uid for row in index.instances(Resource())] == ["1.1"]
