import errno
import os
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from dicomcore.errors import StorageUnavailable
from dicomcore.storage import LocalStorage, local


def keep(storage: LocalStorage, content: bytes) -> str:
    spool = storage.spool()
    spool.write(content)
    return storage.keep(spool)


def test_the_first_to_come_is_alone_and_the_second_is_not_once_let_in(tmp_path: Path) -> None:
    first = LocalStorage(tmp_path)
    assert first.is_alone
    first.share()
    second = LocalStorage(tmp_path)
    assert not second.is_alone
    first.close()
    second.close()


def test_a_second_process_waits_until_the_first_has_swept(tmp_path: Path) -> None:
    first = LocalStorage(tmp_path)
    opened = threading.Event()
    waiting = threading.Thread(target=lambda: (LocalStorage(tmp_path).close(), opened.set()))
    waiting.start()
    assert not opened.wait(0.05)
    first.share()
    assert opened.wait(10)
    waiting.join()
    first.close()


def test_a_sweep_removes_unfinished_spools_and_orphans_and_nothing_else(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path, memory_limit=10)
    kept, orphan = keep(storage, b"kept"), keep(storage, b"orphan")
    unfinished = storage.spool()
    unfinished.write(b"more than ten bytes")
    assert storage.sweep([orphan]) == 2
    assert list(storage.keys()) == [kept]
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_path_that_is_no_key_never_reaches_the_file_system(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    with pytest.raises(StorageUnavailable):
        storage.open("../../../../etc/passwd")


def test_keys_since_a_moment_leave_out_older_directories(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    key = keep(storage, b"content")
    moment = int(key[:12], 16) / 1000
    assert list(storage.keys(moment - 1)) == [key]
    assert list(storage.keys(moment + 200)) == []


def test_many_threads_keep_objects_at_once(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    contents = [bytes([i]) * 100 for i in range(40)]
    kept: dict[str, bytes] = {}

    def work(content: bytes) -> None:
        kept[keep(storage, content)] = content

    threads = [threading.Thread(target=work, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {bytes(storage.open(key).view()) for key in kept} == set(contents)


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageUnavailable):
        LocalStorage(tmp_path / "file" / "data")


def test_a_directory_that_could_not_be_synced_is_not_taken_as_synced_by_who_came_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the minute turns, objects of the old and of the new directory wait for one another."""
    old, new = tmp_path / "old", tmp_path / "new"
    for directory in (old, new):
        directory.mkdir()
    has_begun, may_go_on, synced = threading.Event(), threading.Event(), list[Path]()

    def sync(file: int) -> None:
        has_begun.set()
        may_go_on.wait(10)
        synced.append(new if os.path.samestat(os.fstat(file), new.stat()) else old)
        if synced.count(new) == 1 and synced[-1] == new:
            raise OSError(errno.EIO, "the medium")

    monkeypatch.setattr(local, "sync", sync)
    directory_sync = local.DirectorySync()
    with ThreadPoolExecutor() as pool:
        waiting = []
        for directory in (old, old, new, new):
            waiting.append(pool.submit(directory_sync, str(directory)))
            has_begun.wait(10)
            wait(waiting, 0.05)  # they queue up in this order
        may_go_on.set()
        told = [future.exception(10) for future in waiting]
    directory_sync.close()
    assert [type(error) for error in told if error is not None] == [OSError]
    assert synced.count(new) == 2
