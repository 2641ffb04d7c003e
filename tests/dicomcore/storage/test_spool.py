import hashlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from dicomcore.errors import LimitExceeded, StorageFull, StorageUnavailable
from dicomcore.storage import LocalSpool
from dicomcore.storage.spool import SpoolMemory, storage_error


def make_spool(folder: Path, *, memory_limit: int = 1000, size_limit: int = 100_000) -> LocalSpool:
    return LocalSpool(folder / "spool", memory_limit=memory_limit, size_limit=size_limit)


@pytest.mark.parametrize("size", [0, 10, 1000, 1001, 50_000])
def test_a_spool_gives_back_what_was_written_and_its_digest(tmp_path: Path, size: int) -> None:
    content = bytes(i % 251 for i in range(size))
    spool = make_spool(tmp_path)
    for start in range(0, size, 300):
        spool.write(memoryview(content)[start : start + 300])
    assert spool.size == size
    assert spool.sha256 == hashlib.sha256(content).digest()
    assert bytes(spool.view() if size else b"") == content
    spool.close()


def test_small_content_never_touches_the_disk(tmp_path: Path) -> None:
    spool = make_spool(tmp_path)
    spool.write(b"x" * 1000)
    assert list(tmp_path.iterdir()) == []
    spool.write(b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["spool"]
    spool.close()


def test_closing_removes_the_file_and_leaves_views_readable(tmp_path: Path) -> None:
    spool = make_spool(tmp_path)
    spool.write(b"y" * 5000)
    view = spool.view()
    spool.close()
    assert list(tmp_path.iterdir()) == []
    assert bytes(view[4990:]) == b"y" * 10


def test_more_than_the_limit_is_refused_while_it_is_written(tmp_path: Path) -> None:
    spool = make_spool(tmp_path, size_limit=2000)
    spool.write(b"z" * 2000)
    with pytest.raises(LimitExceeded, match="bytes of an instance"):
        spool.write(b"z")
    spool.close()


@pytest.mark.parametrize("size", [500, 5000])
def test_overwritten_bytes_change_view_and_digest(tmp_path: Path, size: int) -> None:
    spool = make_spool(tmp_path)
    spool.write(b"a" * size)
    spool.overwrite(10, b"bbb")
    expected = b"a" * 10 + b"bbb" + b"a" * (size - 13)
    assert bytes(spool.view()) == expected
    assert spool.sha256 == hashlib.sha256(expected).digest()
    spool.close()


def test_a_spool_asks_for_a_thread_before_it_goes_to_the_disk(tmp_path: Path) -> None:
    spool = LocalSpool(tmp_path / "spool", memory_limit=4 << 20, size_limit=1 << 30)
    spool.write(bytes(1 << 20))
    assert not spool.wants_thread
    for _ in range(3):
        spool.write(bytes(1 << 20))
    assert spool.wants_thread
    spool.close()


def test_a_folder_that_is_gone_is_reported_as_storage_error(tmp_path: Path) -> None:
    spool = make_spool(tmp_path / "missing")
    with pytest.raises(StorageUnavailable):
        spool.write(b"x" * 2000)


def test_a_full_volume_has_its_own_error() -> None:
    assert isinstance(storage_error(OSError(28, "No space left on device")), StorageFull)
    assert not isinstance(storage_error(OSError(30, "Read-only file system")), StorageFull)


def test_a_closed_spool_cannot_be_kept(tmp_path: Path) -> None:
    spool = make_spool(tmp_path)
    spool.write(b"content")
    spool.close()
    with pytest.raises(RuntimeError):
        spool.settle()


def test_spools_that_hold_too_much_together_go_to_files(tmp_path: Path) -> None:
    memory = SpoolMemory(1000)
    spools = [LocalSpool(tmp_path / str(n), memory_limit=1000, size_limit=10_000, memory=memory) for n in range(3)]
    for spool in spools:
        spool.write(b"x" * 600)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "2"]
    spools[0].write(b"y" * 400)
    assert [bytes(spool.view()) for spool in spools] == [b"x" * 600 + b"y" * 400, b"x" * 600, b"x" * 600]
    for spool in spools:
        spool.close()
    assert not memory.is_full


@pytest.mark.parametrize("memory_limit", [1 << 30, 0])
def test_windows_are_the_bytes_from_an_offset_on(tmp_path: Path, memory_limit: int) -> None:
    spool = LocalSpool(tmp_path / "spool", memory_limit=memory_limit, size_limit=1 << 30)
    content = bytes(range(256)) * 10_000
    spool.write(content)
    assert b"".join(spool.windows(100)) == content[100:]
    spool.close()


def test_a_spool_is_not_closed_under_a_thread_that_settles_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of its file would be that of another one, which the thread then writes to."""
    has_begun, may_go_on = threading.Event(), threading.Event()

    def slow_sync(file: int) -> None:
        has_begun.set()
        may_go_on.wait(10)
        os.fsync(file)

    monkeypatch.setattr("dicomcore.storage.spool.sync", slow_sync)
    spool = make_spool(tmp_path)
    spool.write(b"x")
    with ThreadPoolExecutor() as pool:
        settling = pool.submit(spool.settle)
        has_begun.wait(10)
        closing = pool.submit(spool.close)
        wait([closing], 0.05)
        may_go_on.set()
        assert (settling.result(10), closing.result(10)) == (None, None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [10, 5000])
def test_what_was_closed_is_not_taken_for_something_empty(tmp_path: Path, size: int) -> None:
    spool = make_spool(tmp_path)
    spool.write(bytes(size))
    spool.close()
    for look in (lambda: spool.sha256, lambda: spool.checksum, spool.view, lambda: list(spool.windows()), spool.settle):
        with pytest.raises(RuntimeError, match="closed"):
            look()


def test_a_thread_that_writes_to_what_was_closed_leaves_nothing(tmp_path: Path) -> None:
    memory = SpoolMemory(1000)
    spool = LocalSpool(tmp_path / "spool", memory_limit=1000, size_limit=100_000, memory=memory)
    spool.close()
    with pytest.raises(RuntimeError, match="closed"):
        spool.write(bytes(5000))
    assert not memory.is_full
    assert list(tmp_path.iterdir()) == []
