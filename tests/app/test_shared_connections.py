import asyncio
import os
import re
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from running_server import RunningServer, start_server

from app import shared_connections
from app.shared_connections import DIRECTORY, SharedConnections, connections_of

REQUEST = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for the names of sockets."""
    path = Path(f"/tmp/isocenter-test-{os.getpid()}-{time.monotonic_ns()}")
    yield path
    for file in path.iterdir():
        file.unlink()
    path.rmdir()


class Member:
    """A worker that takes part, and what it was given."""

    def __init__(self, folder: Path, name: str) -> None:
        self.given: list[socket.socket] = []
        self.shared = SharedConnections(folder, asyncio.get_running_loop(), self._take, name=name)

    def _take(self, connection: socket.socket) -> None:
        self.given.append(connection)
        self.shared.opened()

    def accept(self) -> bool:
        """Take a connection, and say whether it was given away."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            is_given = self.shared.give(ours.fileno())
        if not is_given:
            self.shared.opened()
        return is_given

    def close(self) -> None:
        self.shared.close()
        for connection in self.given:
            connection.close()


async def until(is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not is_so():
            await asyncio.sleep(0.01)


async def test_what_one_takes_beyond_its_share_is_given_to_the_one_with_the_fewest(folder: Path) -> None:
    busy, idle = Member(folder, "busy"), Member(folder, "idle")
    assert [busy.accept() for _ in range(7)] == [False, True, False, True, False, True, False]
    await until(lambda: len(idle.given) == 3)
    assert idle.accept() is False
    busy.close()
    idle.close()


async def test_a_connection_arrives_as_it_is(folder: Path) -> None:
    giver, taker = Member(folder, "giver"), Member(folder, "taker")
    giver.accept()
    ours, theirs = socket.socketpair()
    theirs.sendall(b"before")
    assert giver.shared.give(ours.fileno())
    ours.close()
    theirs.sendall(b" and after")
    await until(lambda: taker.given)
    assert taker.given[0].recv(100) == b"before and after"
    theirs.close()
    giver.close()
    taker.close()


async def test_those_that_have_ended_count_no_more(folder: Path) -> None:
    one, other = Member(folder, "one"), Member(folder, "other")
    assert [one.accept() for _ in range(2)] == [False, True]
    await until(lambda: other.given)
    one.shared.closed()
    assert one.accept() is False
    one.close()
    other.close()


async def test_one_that_says_nothing_any_more_is_given_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, silent = Member(folder, "one"), Member(folder, "silent")
    assert [one.accept() for _ in range(2)] == [False, True]
    monkeypatch.setattr(shared_connections, "_FRESH", -1.0)
    assert [one.accept() for _ in range(3)] == [False, False, False]
    one.close()
    silent.close()


async def test_what_cannot_be_given_is_kept(folder: Path) -> None:
    one, killed = Member(folder, "one"), Member(folder, "killed")
    one.accept()
    killed.shared._socket.close()  # as when its process ends without a word
    assert one.accept() is False
    one.close()


async def test_the_name_of_one_that_was_killed_can_be_taken_again(folder: Path) -> None:
    killed, other = Member(folder, "one"), Member(folder, "other")
    other.accept()
    killed.shared._timer.cancel()
    asyncio.get_running_loop().remove_reader(killed.shared._socket)
    killed.shared._socket.close()  # and its files are left
    again = Member(folder, "one")
    assert other.accept() is True
    await until(lambda: again.given)
    again.close()
    other.close()


async def test_one_that_leaves_gives_on_what_it_has_not_taken(folder: Path) -> None:
    one, leaving, third = Member(folder, "one"), Member(folder, "leaving"), Member(folder, "third")
    third.shared.opened()
    assert [one.accept() for _ in range(2)] == [False, True]
    one.shared.opened()  # so that the third has fewer
    leaving.close()
    await until(lambda: third.given)
    assert not leaving.given
    leaving.close()  # once more does no harm
    assert not list(folder.glob("leaving*"))
    one.close()
    third.close()


async def test_new_ones_are_found_and_gone_ones_forgotten(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_connections, "_LOOK", -1.0)
    one = Member(folder, "one")
    assert [one.accept() for _ in range(3)] == [False, False, False]
    second = Member(folder, "second")
    assert one.accept() is True
    await until(lambda: second.given)
    second.close()
    assert one.accept() is False
    (folder / "nobody.sock").touch()
    assert one.accept() is False
    one.close()


async def test_one_worker_shares_with_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(DIRECTORY, raising=False)
    assert connections_of(asyncio.get_running_loop(), lambda _: None) is None


async def test_where_sockets_cannot_have_names_nothing_is_shared(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(DIRECTORY, str(tmp_path / ("long" * 30)))
    assert connections_of(asyncio.get_running_loop(), lambda _: None) is None
    assert "not shared out" in caplog.text


def established(port: int) -> set[str]:
    """The inodes of the server's ends of connections."""
    local = re.compile(rf"\s*\d+: [0-9A-F]+:{port:04X} \S+ 01 (?:\S+ +){{5}}(\d+)")
    return {found[1] for line in Path("/proc/net/tcp").read_text().splitlines() if (found := local.match(line))}


def shares(server: RunningServer) -> Counter[int]:
    """How many connections each worker of a server has that has any."""
    inodes = {f"socket:[{inode}]" for inode in established(server.port)}
    found: Counter[int] = Counter()
    for worker in server.workers:
        for entry in Path(f"/proc/{worker}/fd").iterdir():
            try:
                found[worker] += os.readlink(entry) in inodes
            except FileNotFoundError:
                continue
    return +found


def ask(connection: socket.socket) -> bytes:
    connection.sendall(REQUEST)
    return connection.recv(65536)


def opened_to(server: RunningServer, count: int) -> list[socket.socket]:
    """Connections of which each has had an answer."""
    made = [socket.create_connection(("127.0.0.1", server.port), timeout=60) for _ in range(count)]
    assert all(ask(one).startswith(b"HTTP/1.1 200") for one in made)
    return made


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    """One of two workers."""
    started = start_server(tmp_path / "data", "--workers", "2")
    yield started
    started.stop()


def test_a_worker_that_has_few_is_given_the_next_ones(server: RunningServer) -> None:
    opened: list[socket.socket] = []
    deadline = time.monotonic() + 60
    while len(shares(server)) < 2:  # a worker takes part from its first connection on
        assert time.monotonic() < deadline
        opened += opened_to(server, 1)
    few = min(shares(server), key=lambda worker: shares(server)[worker])
    os.kill(few, signal.SIGSTOP)
    time.sleep(1.5)
    opened += opened_to(server, 20)  # all by the other one
    os.kill(few, signal.SIGCONT)
    time.sleep(0.6)
    found = shares(server)
    for _ in range(max(found.values()) - found[few]):
        opened += opened_to(server, 1)
    first, second = shares(server).values()
    assert abs(first - second) <= 4
    assert all(ask(connection).startswith(b"HTTP/1.1 200") for connection in opened)
    for connection in opened:
        connection.close()
    server.stop()
    assert server.process.returncode == 0
    assert "Traceback" not in server.log
