import asyncio
import gc
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from builders import ct_instance

from dicomcore.archive import Archive
from dicomcore.bridge.retention import Retention
from dicomcore.errors import StorageUnavailable
from dicomcore.instance import Instance
from dicomcore.resources import Resource

LATER = 4_000_000_000.0


def instance(number: int = 1) -> Resource:
    return Resource("1", "1.1", f"1.1.{number}")


def kept(retention: Retention, *numbers: int, size: int = 100) -> None:
    for number in numbers:
        assert retention.note(f"1.1.{number}")
        retention.confirm(instance(number), size)


@pytest.fixture
def retention(tmp_path: Path) -> Iterator[Retention]:
    opened = Retention(tmp_path / "notes", max_seconds=60)
    yield opened
    opened.close()


def test_what_is_old_leaves(retention: Retention) -> None:
    kept(retention, 1, 2)
    assert retention.take_leaving(LATER) == [instance(1), instance(2)]


def test_what_was_used_lately_stays(retention: Retention) -> None:
    kept(retention, 1)
    assert retention.take_leaving() == []


def test_what_is_too_much_leaves_the_longest_unused_first(tmp_path: Path) -> None:
    retention = Retention(tmp_path / "notes", max_bytes=250)
    kept(retention, 1, 2, 3, 4)
    assert retention.take_leaving() == [instance(1), instance(2)]
    retention.close()


def test_what_was_just_used_stays_even_if_it_is_too_much(tmp_path: Path) -> None:
    retention = Retention(tmp_path / "notes", max_bytes=0, grace_seconds=60)
    kept(retention, 1)
    assert retention.take_leaving() == []
    assert retention.take_leaving(LATER) == [instance(1)]
    retention.close()


def test_without_limits_nothing_leaves(tmp_path: Path) -> None:
    retention = Retention(tmp_path / "notes")
    kept(retention, 1)
    assert retention.take_leaving(LATER) == []
    retention.close()


def test_what_was_stored_by_others_never_leaves(retention: Retention) -> None:
    kept(retention, 1)
    assert retention.adopt("1.1.1")
    assert retention.take_leaving(LATER) == []


def test_what_nobody_noted_can_be_adopted(retention: Retention) -> None:
    assert retention.adopt("9.9")


def test_what_is_leaving_cannot_be_adopted(retention: Retention) -> None:
    kept(retention, 1)
    retention.take_leaving(LATER)
    assert not retention.adopt("1.1.1")


def test_what_is_leaving_is_chosen_once(retention: Retention) -> None:
    kept(retention, 1)
    assert retention.take_leaving(LATER)
    assert retention.take_leaving(LATER) == []


def test_marks_of_a_process_that_is_no_more_are_taken_over(retention: Retention) -> None:
    kept(retention, 1)
    retention.take_leaving(LATER)
    assert retention.take_leaving(LATER + 3_600) == [instance(1)]


def test_what_has_left_can_be_noted_again(retention: Retention) -> None:
    kept(retention, 1)
    retention.take_leaving(LATER)
    retention.forget("1.1.1")
    assert retention.note("1.1.1")


def test_what_is_noted_already_is_not_noted_again(retention: Retention) -> None:
    kept(retention, 1)
    assert not retention.note("1.1.1")


def test_what_has_not_arrived_does_not_leave(retention: Retention) -> None:
    retention.note("1.1.1")
    assert retention.take_leaving(LATER) == []


def test_its_size_is_known(retention: Retention) -> None:
    kept(retention, 1, 2)
    assert retention.size == 200


def test_notes_outlive_the_process(tmp_path: Path) -> None:
    first = Retention(tmp_path / "notes", max_seconds=60)
    kept(first, 1)
    first.close()
    second = Retention(tmp_path / "notes", max_seconds=60)
    assert second.take_leaving(LATER) == [instance(1)]
    second.close()


async def stored(archive: Archive) -> Instance:
    spool = archive.spool()
    spool.write(ct_instance())
    outcome = await archive.store(spool)
    return await archive.instance(outcome.resource)


async def test_what_somebody_holds_stays(archive: Archive, retention: Retention) -> None:
    held = retention.hold(await stored(archive))
    retention.note("1.2.3.4")
    retention.confirm(held.resource, 100)
    assert retention.take_leaving(LATER) == []
    resource = held.resource
    del held
    gc.collect()
    retention.say_what_is_used()
    assert retention.take_leaving(LATER) == [resource]


def lazy_frames(instance: Instance) -> Awaitable[object]:
    return instance.frames([1], decoded=True, lazy=True)


def whole_file(instance: Instance) -> Awaitable[object]:
    return instance.file("1.2.840.10008.1.2.1")


def all_bulkdata(instance: Instance) -> Awaitable[object]:
    return instance.all_bulkdata(0)


@pytest.mark.parametrize("begin", [lazy_frames, whole_file, all_bulkdata, Instance.read])
async def test_what_is_still_to_be_read_stays_when_the_instance_was_let_go_of(
    archive: Archive, retention: Retention, begin: Callable[[Instance], Awaitable[object]]
) -> None:
    held = retention.hold(await stored(archive))
    retention.note("1.2.3.4")
    retention.confirm(resource := held.resource, 100)
    reading = await begin(held)
    del held
    gc.collect()
    retention.say_what_is_used()
    assert retention.take_leaving(LATER) == []
    del reading
    async with asyncio.timeout(10):  # a thread may let go of what it has made a moment later
        while not (leaving := retention.take_leaving(LATER)):
            await asyncio.sleep(0.01)
            gc.collect()
            retention.say_what_is_used()
    assert leaving == [resource]


async def test_what_another_process_holds_stays(archive: Archive, retention: Retention, tmp_path: Path) -> None:
    other = Retention(tmp_path / "notes", max_seconds=0.2)
    held = other.hold(await stored(archive))
    retention.note("1.2.3.4")
    retention.confirm(held.resource, 100)
    await asyncio.sleep(0.3)
    other.say_what_is_used()
    retention.max_seconds = 0.2
    assert retention.take_leaving() == []
    other.close()


def test_a_database_that_cannot_be_used_is_told(retention: Retention) -> None:
    retention.close()
    with pytest.raises(StorageUnavailable):
        retention.note("1")
    with pytest.raises(StorageUnavailable):
        _ = retention.size


def test_a_lost_note_is_not_written_back(retention: Retention, tmp_path: Path) -> None:
    retention.note("1.1.1")
    retention.adopt("1.1.1")
    retention.confirm(instance(1), 100)
    with sqlite3.connect(tmp_path / "notes") as reader:
        assert reader.execute("SELECT count(*) FROM fetched").fetchone() == (0,)
    reader.close()
