import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import orjson

from app.worker_notices import WorkerNotices


async def until_written(path: Path) -> None:
    async with asyncio.timeout(10):
        while not path.exists():
            await asyncio.sleep(0.01)


async def test_a_worker_says_something_of_itself_until_it_stops(tmp_path: Path) -> None:
    notices = WorkerNotices(tmp_path / "workers", lambda: {"associations": 3})
    path = tmp_path / "workers" / f"{os.getpid()}.json"
    await notices.start()
    await until_written(path)
    assert orjson.loads(path.read_bytes()) == {"process": os.getpid(), "associations": 3}
    await notices.stop()
    assert not path.exists()


def test_what_other_running_processes_said_is_told_too(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        (tmp_path / f"{other.pid}.json").write_bytes(orjson.dumps({"process": other.pid, "associations": 5}))
        found = WorkerNotices(tmp_path, lambda: {"associations": 3}).all()
        other.communicate(b"\n")
    assert sorted((one["process"], one["associations"]) for one in found) == sorted([(os.getpid(), 3), (other.pid, 5)])


def test_a_notice_of_a_process_that_is_gone_is_removed(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    path = tmp_path / f"{gone.pid}.json"
    path.write_bytes(b"{}")
    assert [one["process"] for one in WorkerNotices(tmp_path, dict).all()] == [os.getpid()]
    assert not path.exists()


def test_a_notice_that_is_old_counts_no_more(tmp_path: Path) -> None:
    path = tmp_path / "1.json"
    path.write_bytes(b'{"process": 1}')
    os.utime(path, (time.time() - 3600,) * 2)
    assert [one["process"] for one in WorkerNotices(tmp_path, dict).all()] == [os.getpid()]


def test_files_that_are_no_notices_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "readme.json").write_bytes(b"{}")
    (tmp_path / "1.json").write_bytes(b"{half")
    assert len(WorkerNotices(tmp_path, dict).all()) == 1
    assert (tmp_path / "readme.json").exists()


async def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "workers").write_bytes(b"a file is in the way")
    notices = WorkerNotices(tmp_path / "workers", dict)
    await notices.start()
    await asyncio.sleep(0.05)
    assert len(notices.all()) == 1
    await notices.stop()
