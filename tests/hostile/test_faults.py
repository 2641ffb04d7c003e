"""Faults of what we stand on: full and read-only volumes, locked and absent databases, races, rot."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

import httpx
import pytest
from builders import ct_instance
from postgresql_server import PostgresqlServer
from running_server import RunningServer, start_server

from dicomcore.uids import new_uid

INSTANCE = "/studies/1.2.3/series/1.2.3.1/instances/1.2.3.4"
AS_STORED = {"Accept": "application/dicom; transfer-syntax=*"}
OUT_OF_RESOURCES = 0xA700
BIG = 32 << 20


@pytest.fixture(scope="module")
def lasting_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that lives through all the faults that are mended."""
    running = start_server(tmp_path_factory.mktemp("faults") / "data")
    yield running
    running.stop()


@pytest.fixture
def server(lasting_server: RunningServer) -> Iterator[RunningServer]:
    """The same, with nothing in it before and after the test."""
    yield lasting_server
    answer = get(lasting_server, "/studies")
    for study in answer.json() if answer.status_code == 200 else []:
        httpx.delete(study["00081190"]["Value"][0], timeout=30).raise_for_status()
    for left in objects(lasting_server):  # what a test has taken out of the index's sight
        left.unlink()


def store(server: RunningServer, content: bytes) -> httpx.Response:
    headers = {"Content-Type": "application/dicom"}
    return httpx.post(f"{server.base}/studies", content=content, headers=headers, timeout=30)


def get(server: RunningServer, path: str, **headers: str) -> httpx.Response:
    return httpx.get(f"{server.base}{path}", headers=headers, timeout=30)


def retrieve(server: RunningServer, path: str = INSTANCE) -> httpx.Response:
    return get(server, path, **AS_STORED)


def readiness(server: RunningServer) -> int:
    time.sleep(1.1)  # for so long an answer is remembered
    return httpx.get(f"{server.url}/health/ready", timeout=30).status_code


def liveness(server: RunningServer) -> int:
    return httpx.get(f"{server.url}/health/live", timeout=30).status_code


def objects(server: RunningServer) -> list[Path]:
    return [path for path in (server.data / "objects").rglob("*") if path.is_file()]


def count(server: RunningServer) -> int:
    answer = get(server, "/instances?limit=1")
    return int(answer.headers["x-total-count"])


def big_instance(fill: int = 0, uid: str = "1.2.3.4") -> bytes:
    return ct_instance(SOPInstanceUID=uid, Rows=4096, Columns=4096, PixelData=bytes([fill]) * BIG)


def is_unavailable(answer: httpx.Response) -> bool:
    """Whether an answer is the one that tells a client to try again."""
    return (answer.status_code, answer.headers["retry-after"]) == (503, "10")


# A full volume.


class Volume(Protocol):
    """Where data are kept; it can be full."""

    data: Path

    def fill(self, server: RunningServer) -> None:
        """Leave no room."""

    def make_room(self, server: RunningServer) -> None:
        """Give it back."""


class SmallVolume:
    """A file system of 24 MB in memory; the log of the server is elsewhere."""

    def __init__(self, place: Path) -> None:
        (place / "data").mkdir()
        self.data = place.with_name("data")
        self.data.symlink_to(place / "data")
        self._ballast = place / "ballast"

    def fill(self, _server: RunningServer | None = None) -> None:
        """Write until nothing fits."""
        with self._ballast.open("ab", buffering=0) as file:
            for size in (1 << 20, 4096):
                try:
                    while file.write(bytes(size)) == size:
                        pass
                except OSError:
                    pass

    def make_room(self, _server: RunningServer) -> None:
        """Remove what filled it."""
        self._ballast.unlink()


class LimitedFiles:
    """Where nobody may mount: no file of the server can grow, which its writes learn as they do of a full volume."""

    def __init__(self, place: Path) -> None:
        self.data = place / "data"

    def fill(self, server: RunningServer) -> None:
        """Let no file of the process be longer than nothing."""
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    def make_room(self, server: RunningServer) -> None:
        """Let them grow again."""
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, unlimited)


@contextmanager
def mounted(place: Path) -> Iterator[bool]:
    """A small file system at ``place``, if we may mount one."""
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)]
    is_mounted = subprocess.run(command, check=False, capture_output=True).returncode == 0
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture(params=["volume", "files"])
def volume(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Volume]:
    """A volume that can be filled; where nothing can be mounted, limited files stand for both."""
    with mounted(tmp_path / "volume") as is_mounted:
        is_real = is_mounted and request.param == "volume"
        yield SmallVolume(tmp_path / "volume") if is_real else LimitedFiles(tmp_path)


@contextmanager
def serving(data: Path) -> Iterator[RunningServer]:
    running = start_server(data)
    try:
        yield running
    finally:
        running.stop()


def test_full_volume_is_told_reads_go_on_and_it_recovers_by_itself(volume: Volume) -> None:
    with serving(volume.data) as server:
        assert store(server, ct_instance()).status_code == 200
        volume.fill(server)
        for content in (ct_instance(SOPInstanceUID="1.2.3.5"), big_instance(uid="1.2.3.6")):
            refused = store(server, content)
            assert is_out_of_room(refused), refused.text
        assert retrieve(server).content == ct_instance()
        assert get(server, "/instances").json()[0]["00080018"]["Value"] == ["1.2.3.4"]
        assert (liveness(server), readiness(server)) == (200, 503)
        volume.make_room(server)
        assert store(server, ct_instance(SOPInstanceUID="1.2.3.5")).status_code == 200
        assert readiness(server) == 200
        assert server.spooled == []
        assert count(server) == len(objects(server)) == 2


def is_out_of_room(answer: httpx.Response) -> bool:
    if answer.status_code == 507:
        return True
    (failure,) = answer.json().get("00081198", answer.json().get("0008119A"))["Value"]
    return answer.status_code == 409 and failure["00081197"]["Value"] == [OUT_OF_RESOURCES]


def test_full_volume_is_told_for_each_part(volume: Volume) -> None:
    parts = [ct_instance(SOPInstanceUID=f"1.2.3.{number}") for number in range(4, 8)]
    content = b"".join(b"--b\r\n\r\n" + one + b"\r\n" for one in parts) + b"--b--"
    headers = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=b'}
    with serving(volume.data) as server:
        volume.fill(server)
        answer = httpx.post(f"{server.base}/studies", content=content, headers=headers, timeout=30)
        assert answer.status_code in (409, 507)
        if answer.status_code == 409:
            failed = [item["00081155"]["Value"][0] for item in answer.json()["00081198"]["Value"]]
            assert failed == [f"1.2.3.{number}" for number in range(4, 8)]
        volume.make_room(server)
        assert objects(server) == []


def test_it_starts_on_a_full_volume(tmp_path: Path) -> None:
    with mounted(tmp_path / "volume") as is_mounted:
        volume = SmallVolume(tmp_path / "volume")
        with serving(volume.data) as server:
            assert store(server, ct_instance()).status_code == 200
        if is_mounted:
            volume.fill()
        with start_unready(volume.data) as server:
            assert liveness(server) == 200
            assert retrieve(server).content == ct_instance()
            assert get(server, "/studies").status_code == 200
            if is_mounted:
                assert is_out_of_room(store(server, ct_instance(SOPInstanceUID="1.2.3.5")))
                volume.make_room(server)
            assert store(server, ct_instance(SOPInstanceUID="1.2.3.5")).status_code == 200


@contextmanager
def start_unready(data: Path) -> Iterator[RunningServer]:
    """Start a server that may have reason not to be ready."""
    running = start_server(data, path="/health/live")
    try:
        yield running
    finally:
        running.stop()


# A volume that cannot be written.


def test_read_only_folders_are_unavailable_for_stores_only(server: RunningServer) -> None:
    assert store(server, ct_instance()).status_code == 200
    with read_only(server.data / "spool"), read_only(server.data / "objects"):
        assert is_unavailable(store(server, ct_instance(SOPInstanceUID="1.2.3.5")))
        assert is_unavailable(store(server, big_instance(uid="1.2.3.6")))
        assert (liveness(server), readiness(server)) == (200, 503)
        assert retrieve(server).content == ct_instance()
        assert get(server, "/studies").status_code == 200
    assert store(server, ct_instance(SOPInstanceUID="1.2.3.5")).status_code == 200
    assert readiness(server) == 200


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Put a read-only view of a folder in its place; who is not root, and may not, takes the right to write from it."""
    if os.geteuid():
        folder.chmod(0o555)
        yield
        folder.chmod(0o755)
        return
    subprocess.run(["mount", "--bind", str(folder), str(folder)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_folder_that_is_gone_is_unavailable(server: RunningServer) -> None:
    assert store(server, ct_instance()).status_code == 200
    (server.data / "spool").rename(server.data / "elsewhere")
    assert is_unavailable(store(server, big_instance(uid="1.2.3.5")))
    assert is_unavailable(store(server, ct_instance(SOPInstanceUID="1.2.3.6")))
    assert readiness(server) == 503
    (server.data / "elsewhere").rename(server.data / "spool")
    assert store(server, ct_instance(SOPInstanceUID="1.2.3.6")).status_code == 200


# A database that is locked or gone.


@contextmanager
def locked(server: RunningServer) -> Iterator[None]:
    with closing(sqlite3.connect(server.data / "index.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_database_that_is_locked_for_a_while_is_waited_for(server: RunningServer) -> None:
    with ThreadPoolExecutor() as pool:
        with locked(server):
            sent = pool.submit(store, server, ct_instance())
            time.sleep(3)
            assert not sent.done()
        assert sent.result().status_code == 200


def test_database_that_stays_locked_is_unavailable_within_ten_seconds(server: RunningServer) -> None:
    assert store(server, ct_instance()).status_code == 200
    contents = [ct_instance(SOPInstanceUID=f"1.2.3.{number}") for number in range(5, 45)]
    with locked(server), ThreadPoolExecutor(48) as pool:
        start = time.monotonic()
        answers = [pool.submit(store, server, content) for content in contents]
        deleted = pool.submit(httpx.delete, f"{server.base}{INSTANCE}", timeout=30)
        assert retrieve(server).status_code == get(server, "/studies").status_code == 200
        assert all(is_unavailable(answer.result()) for answer in answers)
        assert time.monotonic() - start < 10
        assert is_unavailable(deleted.result())
    assert eventually(lambda: len(objects(server)) == 1)  # what was kept before the index failed is no orphan
    assert eventually(lambda: store(server, contents[0]).status_code == 200)
    assert retrieve(server).content == ct_instance()
    assert count(server) == len(objects(server)) == 2


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 5
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


@pytest.mark.postgresql
def test_postgresql_that_stops_is_unavailable_until_it_is_back(tmp_path: Path) -> None:
    database = PostgresqlServer(tmp_path / "cluster")
    migrate = [*start_command(), "migrate", "--data", str(tmp_path / "data"), "--database", database.url]
    subprocess.run(migrate, check=True, capture_output=True)
    server = start_server(tmp_path / "data", "--database", database.url)
    try:
        assert store(server, ct_instance()).status_code == 200
        database.stop()
        start = time.monotonic()
        answers = [store(server, ct_instance(SOPInstanceUID="1.2.3.5")), get(server, "/studies"), retrieve(server)]
        assert all(map(is_unavailable, answers))
        assert time.monotonic() - start < 30
        assert (liveness(server), readiness(server)) == (200, 503)
        assert server.spooled == []
        database.start()
        assert eventually(lambda: store(server, ct_instance(SOPInstanceUID="1.2.3.5")).status_code == 200)
        assert retrieve(server).content == ct_instance()
        assert readiness(server) == 200
        assert count(server) == len(objects(server)) == 2
    finally:
        server.stop()
        database.remove()


# Many at once.


def test_one_instance_from_eight_clients_is_one_row_and_one_object(server: RunningServer) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: store(server, ct_instance()), range(40)))
    assert {answer.status_code for answer in answers} == {200}
    assert count(server) == len(objects(server)) == 1
    assert retrieve(server).content == ct_instance()


@pytest.mark.parametrize("duplicates", ["replace-if-changed", "keep-first", "reject"])
def test_one_uid_with_many_contents_has_one_winner(tmp_path: Path, duplicates: str) -> None:
    server = start_server(tmp_path / "data", "--duplicates", duplicates)
    contents = [ct_instance(PatientID=f"P{number % 8}", StudyID=str(number)) for number in range(40)]
    try:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda content: store(server, content), contents))
        assert {answer.status_code for answer in answers} <= {200, 202, 409}
        assert count(server) == len(objects(server)) == 1
        (found,) = get(server, "/studies?includefield=StudyID").json()
        winner = contents[int(found["00200010"]["Value"][0])]
        assert retrieve(server).content == winner
        (metadata,) = get(server, f"{INSTANCE}/metadata").json()
        assert metadata["00200010"] == found["00200010"]
        assert len(get(server, "/patients").json()) == 1
        if duplicates != "replace-if-changed":
            assert [answer.status_code for answer in answers].count(200) == 1
            assert answers[contents.index(winner)].status_code == 200
    finally:
        server.stop()


def test_stores_and_deletes_of_one_study_at_once_leave_nothing_half(server: RunningServer) -> None:
    def work(number: int) -> set[int]:
        uid = f"1.2.3.{number % 5 + 10}"
        path = f"{server.base}/studies/1.2.3/series/1.2.3.1/instances/{uid}"
        if number % 3 == 0:
            return {httpx.delete(path, timeout=30).status_code}
        if number % 3 == 1:
            whole = broken(server, "/studies/1.2.3", "*/*")  # broken off if an instance goes before its turn
            return {get(server, "/studies/1.2.3/metadata").status_code} | ({whole.status_code} if whole else set())
        return {store(server, ct_instance(SOPInstanceUID=uid, StudyID=str(number))).status_code}

    with ThreadPoolExecutor(8) as pool:
        statuses = set().union(*pool.map(work, range(120)))
    assert statuses <= {200, 204, 404, 410}
    assert count(server) == len(objects(server))
    for found in get(server, "/instances").json() if count(server) else []:
        path = found["00081190"]["Value"][0].removeprefix(server.base)
        assert retrieve(server, path).status_code == 200


# Reading what goes away.


def test_delete_while_a_big_instance_is_read_lets_the_answer_finish(server: RunningServer) -> None:
    content = big_instance()
    assert store(server, content).status_code == 200
    with httpx.stream("GET", f"{server.base}{INSTANCE}", headers=AS_STORED, timeout=30) as answer:
        pieces = answer.iter_raw(65_536)
        received = [next(pieces)]
        assert httpx.delete(f"{server.base}{INSTANCE}", timeout=30).status_code == 204
        assert eventually(lambda: objects(server) == [])
        received += pieces
    assert b"".join(received) == content
    assert retrieve(server).status_code == 410


def test_replace_while_an_instance_is_read_never_tears_it(server: RunningServer) -> None:
    contents = [ct_instance(Rows=1024, Columns=1024, PixelData=bytes([fill]) * (2 << 20)) for fill in range(4)]
    assert store(server, contents[0]).status_code == 200
    is_over = threading.Event()

    def replace() -> int:
        turns = 0
        while not is_over.is_set():
            turns += 1
            assert store(server, contents[turns % 4]).status_code == 200
        return turns

    with ThreadPoolExecutor(4) as pool:
        writer = pool.submit(replace)
        readers = [pool.submit(read_often, server, contents) for _ in range(3)]
        statuses = set().union(*(reader.result() for reader in readers))
        is_over.set()
        assert writer.result() > 5
    assert statuses <= {200, 503}
    assert 200 in statuses
    assert count(server) == len(objects(server)) == 1


def read_often(server: RunningServer, contents: list[bytes]) -> set[int]:
    """Retrieve the instance, its frame and its bulk data many times: each answer is all of one version."""
    statuses = set()
    frames = {content[-(2 << 20) :] for content in contents}
    octets = {"Accept": "application/octet-stream"}
    for _ in range(12):
        for path, headers, whole in (
            ("", AS_STORED, set(contents)),
            ("/frames/1", octets, frames),
            ("/bulkdata/7FE00010", octets, frames),
        ):
            answer = get(server, INSTANCE + path, **headers)
            statuses.add(answer.status_code)
            if answer.status_code == 200:
                assert answer.content in whole
                assert answer.headers["content-length"] == str(len(answer.content))
    return statuses


# Rot.


def flip(path: Path, offset: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)
        file.seek(offset)
        file.write(bytes([byte[0] ^ 0x10]))


@pytest.mark.parametrize("offset", [0, 200, 500, -1])
@pytest.mark.parametrize("accept", ["application/dicom; transfer-syntax=*", "*/*", "application/zip"])
def test_flipped_bit_is_never_served(server: RunningServer, offset: int, accept: str) -> None:
    assert store(server, ct_instance()).status_code == 200
    (path,) = objects(server)
    flip(path, offset % len(ct_instance()))
    answer = broken(server, INSTANCE, accept)
    if answer is not None:
        assert answer.status_code == 500
        assert answer.json()["type"] == "urn:isocenter:problem:damaged-instance"
        assert str(path) not in answer.text
    assert get(server, f"{INSTANCE}/metadata").status_code == 200
    assert liveness(server) == 200


def broken(server: RunningServer, path: str, accept: str) -> httpx.Response | None:
    """An answer; None if it broke off."""
    try:
        return get(server, path, Accept=accept)
    except httpx.RemoteProtocolError:
        return None


@pytest.mark.parametrize("offset", [10, BIG // 2, BIG])
def test_flipped_bit_of_a_big_instance_never_arrives_whole(server: RunningServer, offset: int) -> None:
    content = big_instance()
    assert store(server, content).status_code == 200
    flip(objects(server)[0], offset)
    answer = broken(server, INSTANCE, AS_STORED["Accept"])
    assert answer is None or answer.status_code == 500


def test_flipped_bit_of_one_instance_does_not_come_with_its_study(server: RunningServer) -> None:
    for number in range(5):
        store(server, ct_instance(SOPInstanceUID=f"1.2.3.{number}"))
    flip(objects(server)[2], 300)
    answer = broken(server, "/studies/1.2.3", 'multipart/related; type="application/dicom"; transfer-syntax=*')
    assert answer is None or answer.status_code == 500
    assert count(server) == 5


def test_object_that_is_missing_is_a_named_error(server: RunningServer) -> None:
    assert store(server, ct_instance()).status_code == 200
    objects(server)[0].unlink()
    for path in ("", "/frames/1", "/bulkdata/7FE00010", "/bulkdata"):
        answer = get(server, INSTANCE + path)
        assert answer.status_code == 500, path
        assert answer.json()["type"] == "urn:isocenter:problem:damaged-instance"
    assert get(server, f"{INSTANCE}/metadata").status_code == 200


def test_object_that_is_cut_off_is_a_named_error(server: RunningServer) -> None:
    assert store(server, ct_instance()).status_code == 200
    os.truncate(objects(server)[0], 100)
    for path in ("", "/frames/1", "/bulkdata/7FE00010", "/bulkdata", "/pixeldata"):
        answer = broken(server, INSTANCE + path, "*/*")
        assert answer is None or answer.status_code == 500, path
    assert liveness(server) == 200


def test_damaged_instance_can_be_stored_again(server: RunningServer) -> None:
    assert store(server, ct_instance()).status_code == 200
    flip(objects(server)[0], 300)
    assert httpx.delete(f"{server.base}{INSTANCE}", timeout=30).status_code == 204
    assert store(server, ct_instance()).status_code == 200
    assert retrieve(server).content == ct_instance()


# The end of the process.


def test_unfinished_spools_of_a_killed_server_are_swept(tmp_path: Path) -> None:
    server = start_server(tmp_path / "data")
    assert store(server, ct_instance()).status_code == 200
    (server.data / "spool" / ("0" * 32)).write_bytes(b"left")
    orphan = objects(server)[0].parent / f"{objects(server)[0].name[:-4]}ffff"
    orphan.write_bytes(ct_instance())
    server.kill()
    server = start_server(tmp_path / "data")
    try:
        assert server.spooled == []
        assert not orphan.exists()
        assert retrieve(server).content == ct_instance()
    finally:
        server.stop()


def start_command() -> list[str]:
    return [sys.executable, "-m", "app.cli"]


def test_server_ends_in_order_while_it_is_busy(tmp_path: Path) -> None:
    server = start_server(tmp_path / "data")
    with ThreadPoolExecutor(4) as pool:
        sent = [
            pool.submit(store_or_nothing, server, ct_instance(SOPInstanceUID=new_uid(), StudyInstanceUID="1.2.3"))
            for _ in range(100)
        ]
        time.sleep(0.2)
        server.process.terminate()
        assert server.process.wait(35) == 0
        stored = [one.result() for one in sent].count(200)
    with serving(tmp_path / "data") as again:
        assert count(again) == len(objects(again)) >= stored > 0


def store_or_nothing(server: RunningServer, content: bytes) -> int:
    try:
        return store(server, content).status_code
    except httpx.TransportError:
        return 0
