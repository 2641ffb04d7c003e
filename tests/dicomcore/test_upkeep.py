import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import ct_instance

from app.settings import Settings
from dicomcore.errors import IndexUnavailable
from dicomcore.index import DuplicatePolicy, Index
from dicomcore.resources import Resource
from dicomcore.storage import LocalStorage
from dicomcore.upkeep import Damage, reindex, sweep, verify

THRESHOLD = 1024
INSTANCE = Resource("1.2.3", "1.2.3.1", "1.2.3.4")


@pytest.fixture
def storage(settings: Settings) -> Iterator[LocalStorage]:
    opened = LocalStorage(settings.data)
    yield opened
    opened.close()


@pytest.fixture
def index(settings: Settings) -> Iterator[Index]:
    opened = Index(settings.database_url)
    yield opened
    opened.close()


def keep(storage: LocalStorage, content: bytes) -> str:
    """Keep an object, as a store does before there is a row."""
    spool = storage.spool()
    spool.write(content)
    key = storage.keep(spool)
    spool.close()
    return key


def nothing(_count: int) -> None:
    pass


def filled(storage: LocalStorage, index: Index, count: int = 3) -> list[str]:
    keys = [keep(storage, ct_instance(SOPInstanceUID=f"1.2.3.{number}")) for number in range(4, 4 + count)]
    assert reindex(storage, index, THRESHOLD, nothing) == []
    return keys


def test_a_sweep_leaves_what_has_a_row_and_takes_what_has_none(storage: LocalStorage, index: Index) -> None:
    keys = filled(storage, index)
    orphan = keep(storage, ct_instance(SOPInstanceUID="1.9"))
    storage.spool().settle()
    assert sweep(storage, index) == 2
    assert sorted(storage.keys()) == sorted(keys)
    assert orphan not in keys


def test_a_sweep_looks_only_at_what_arrived_since_the_last_one(storage: LocalStorage, index: Index) -> None:
    filled(storage, index)
    orphan = keep(storage, ct_instance(SOPInstanceUID="1.9"))
    later = time.time() + 10_000
    storage.sweep()
    os.utime(storage._swept, (later, later))
    assert sweep(storage, index) == 0
    assert orphan in list(storage.keys())


def test_while_others_use_the_storage_nothing_is_swept(settings: Settings, index: Index) -> None:
    first = LocalStorage(settings.data)
    first.share()
    second = LocalStorage(settings.data)
    keep(second, ct_instance())
    assert sweep(second, index) == 0
    assert len(list(second.keys())) == 1
    for storage in (first, second):
        storage.close()


def test_an_index_that_is_new_beside_a_storage_that_is_not_stops_the_sweep(storage: LocalStorage, index: Index) -> None:
    storage.sweep()
    for _ in range(257):
        keep(storage, b"x")
    with pytest.raises(IndexUnavailable, match="isocenter reindex"):
        sweep(storage, index)
    assert len(list(storage.keys())) == 257


def test_a_few_objects_beside_a_new_index_get_their_rows_and_what_cannot_be_read_is_put_aside(
    storage: LocalStorage, index: Index
) -> None:
    """The first store of all may have crashed after the first start, or the database of a small archive was lost."""
    storage.sweep()
    key = keep(storage, ct_instance())
    keep(storage, b"nonsense")
    later = time.time() + 10_000
    os.utime(storage._swept, (later, later))
    assert sweep(storage, index) == 1
    assert list(storage.keys()) == [key]
    assert index.keys() == {key}


def test_the_very_first_store_may_have_crashed(storage: LocalStorage, index: Index) -> None:
    keep(storage, ct_instance())
    assert sweep(storage, index) == 1


def test_reindexing_names_what_cannot_be_read_and_takes_the_rest(storage: LocalStorage, index: Index) -> None:
    good, bad = keep(storage, ct_instance()), keep(storage, b"no DICOM" * 100)
    (damage,) = reindex(storage, index, THRESHOLD, nothing)
    assert (damage.key, damage.resource) == (bad, None)
    assert index.keys() == {good}


@pytest.mark.parametrize(
    ("policy", "chosen"), [(DuplicatePolicy.REPLACE_IF_CHANGED, 1), (DuplicatePolicy.KEEP_FIRST, 0)]
)
def test_of_two_objects_of_one_instance_the_policy_chooses_and_the_other_is_named(
    storage: LocalStorage, index: Index, policy: DuplicatePolicy, chosen: int
) -> None:
    keys = [keep(storage, ct_instance(StudyDescription=text)) for text in ("first", "second")]
    damages = reindex(storage, index, THRESHOLD, nothing, policy)
    assert index.keys() == {sorted(keys)[chosen]}
    other = sorted(keys)[1 - chosen]
    assert damages == [Damage(other, "another object holds the same instance", INSTANCE)]


def test_progress_is_told_in_objects(storage: LocalStorage, index: Index) -> None:
    filled(storage, index)
    counted: list[int] = []
    reindex(storage, index, THRESHOLD, counted.append)
    assert list(verify(storage, index, counted.append)) == []
    assert counted == [3, 3]


def test_a_sound_archive_verifies(storage: LocalStorage, index: Index) -> None:
    filled(storage, index)
    assert list(verify(storage, index, nothing)) == []


def test_missing_and_changed_objects_are_named(storage: LocalStorage, index: Index) -> None:
    missing, changed, _ = filled(storage, index)
    storage.delete(missing)
    Path(storage._path(changed)).write_bytes(b"something else")
    found = {damage.key: damage.problem for damage in verify(storage, index, nothing)}
    assert found == {missing: "the object is missing", changed: "the bytes differ from what was stored"}


def test_an_object_without_a_row_is_named_unless_it_may_be_on_its_way(storage: LocalStorage, index: Index) -> None:
    filled(storage, index)
    young = keep(storage, ct_instance(SOPInstanceUID="1.9"))
    assert list(verify(storage, index, nothing)) == []
    old = f"{int((time.time() - 120) * 1000):012x}" + young[12:]
    Path(storage._path(old)).parent.mkdir(parents=True, exist_ok=True)
    Path(storage._path(young)).rename(storage._path(old))
    assert list(verify(storage, index, nothing)) == [Damage(old, "no row refers to this object")]


def test_what_is_deleted_while_the_archive_is_verified_is_no_damage(storage: LocalStorage, index: Index) -> None:
    filled(storage, index, 300)
    *_, last = index.instances(Resource())

    def delete_the_last(_count: int) -> None:
        for key in index.delete(last.resource):
            storage.delete(key)

    assert list(verify(storage, index, delete_the_last)) == []
