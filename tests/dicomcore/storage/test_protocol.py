"""The contract of `Storage`, run against every implementation."""

from pathlib import Path

import pytest

from dicomcore.storage import LocalStorage, Storage


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return LocalStorage(tmp_path, memory_limit=1000)


def keep(storage: Storage, content: bytes) -> str:
    spool = storage.spool()
    spool.write(content)
    key = storage.keep(spool)
    spool.close()
    return key


@pytest.mark.parametrize("size", [1, 1000, 9_000_000])
def test_what_is_kept_can_be_opened(storage: Storage, size: int) -> None:
    content = bytes(i % 253 for i in range(1000)) * (size // 1000) or b"x"
    stored = storage.open(keep(storage, content))
    assert stored.size == len(content)
    assert bytes(stored.view()) == content
    assert b"".join(stored.windows()) == content
    assert stored.read() == content
    stored.close()


def test_any_range_can_be_viewed(storage: Storage) -> None:
    content = bytes(i % 241 for i in range(20_000))
    stored = storage.open(keep(storage, content))
    assert bytes(stored.view(4097, 8200)) == content[4097:8200]
    assert bytes(stored.view(19_990)) == content[19_990:]
    assert bytes(stored.view(19_990, 30_000)) == content[19_990:]
    assert bytes(stored.view(5, 5)) == b""
    assert b"".join(stored.windows(3, 19_000)) == content[3:19_000]
    stored.close()


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (0, None),
        (0, 0),
        (0, 1),
        (5, 5),
        (7, 3),
        (4097, 8200),
        (19_990, None),
        (19_990, 30_000),
        (20_000, None),
        (30_000, 40_000),
    ],
)
def test_any_range_can_be_copied(storage: Storage, start: int, end: int | None) -> None:
    content = bytes(i % 241 for i in range(20_000))
    stored = storage.open(keep(storage, content))
    assert stored.read(start, end) == content[start:end] == bytes(stored.view(start, end))
    stored.close()


def test_copies_do_not_depend_on_what_was_read_before(storage: Storage) -> None:
    stored = storage.open(keep(storage, b"content"))
    assert [stored.read(4, 7), stored.read(0, 3), stored.read(4, 7)] == [b"ent", b"con", b"ent"]
    stored.close()


def test_a_copy_of_an_object_that_was_deleted_is_complete(storage: Storage) -> None:
    key = keep(storage, b"content")
    stored = storage.open(key)
    storage.delete(key)
    assert stored.read(1, 4) == b"ont"
    stored.close()


def test_an_open_object_stays_readable_after_its_deletion(storage: Storage) -> None:
    key = keep(storage, b"content")
    stored = storage.open(key)
    storage.delete(key)
    assert bytes(stored.view()) == b"content"
    with pytest.raises(KeyError):
        storage.open(key)


def test_views_outlive_the_object_they_come_from(storage: Storage) -> None:
    stored = storage.open(keep(storage, b"content"))
    view = stored.view(1, 4)
    stored.close()
    assert bytes(view) == b"ont"


def test_deleting_what_is_not_there_is_no_error(storage: Storage) -> None:
    key = keep(storage, b"content")
    storage.delete(key)
    storage.delete(key)
    assert list(storage.keys()) == []


def test_keys_come_in_the_order_of_arrival(storage: Storage) -> None:
    keys = [keep(storage, bytes([i])) for i in range(5)]
    assert sorted(keys) == list(storage.keys())


def test_a_storage_that_can_be_written_passes_its_check(storage: Storage) -> None:
    storage.check()
    assert list(storage.keys()) == []
