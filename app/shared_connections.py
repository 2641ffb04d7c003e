"""Connections shared out evenly among worker processes.

Workers listen on one socket. Whichever wakes first takes a connection and keeps it, so of the few that a browser or a
viewer opens one worker may get nearly all, while the others have nothing to do. So each worker says in a file how many
it has, and gives what it takes beyond its share to the one that has the fewest, as a file descriptor (`unix(7)`,
SCM_RIGHTS). Nothing is read of a connection before, so nothing is lost.

A worker takes part from its first connection on. One that says nothing any more (it is busy, it was killed) is given
nothing; what cannot be given is kept.
"""

from __future__ import annotations

import array
import asyncio
import logging
import mmap
import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

logger = logging.getLogger(__name__)

_SAID = struct.Struct("=dq")  # when it was said, by the monotonic clock that all processes share; how many connections
_PACE = 0.25  # seconds after which a worker says again that it is there
_FRESH = 1.0  # seconds for which that counts
_LOOK = 0.5  # seconds between two looks at who there is
_SOCKET = ".sock"

DIRECTORY = "ISOCENTER_CONNECTIONS_DIRECTORY"
"""The environment variable that says where workers meet; without it there is one worker."""

Take = Callable[[socket.socket], None]

_of_process: list[SharedConnections] = []


@dataclass(slots=True)
class _Worker:
    """Another worker: what it says, and when it was given something."""

    address: str
    said: mmap.mmap
    given: list[float] = field(default_factory=list)

    def connections(self, now: float) -> int | None:
        """How many it has, with what it was given since it said so; None if it says nothing any more."""
        when, count = _SAID.unpack_from(self.said)
        if now - when > _FRESH:
            return None
        self.given = [one for one in self.given if one > when]
        return int(count) + len(self.given)


class SharedConnections:
    """What this worker has, says and gives; ``take`` is called with each connection that it is given."""

    def __init__(self, folder: Path, loop: asyncio.AbstractEventLoop, take: Take, *, name: str | None = None) -> None:
        """Take part, under a name that no other worker in ``folder`` has; raises `OSError`."""
        self._loop = loop
        self._take = take
        self._folder = folder
        self._name = name or str(os.getpid())
        self._others: dict[str, _Worker] = {}
        self._looked = float("-inf")
        self._open = 0
        folder.mkdir(exist_ok=True)
        for left in (folder / self._name, self._address):  # by one that was killed; others may have it mapped
            left.unlink(missing_ok=True)
        (folder / self._name).write_bytes(bytes(_SAID.size))
        self._said = _mapped(folder / self._name, writable=True)
        self._socket = _listening(str(self._address))
        loop.add_reader(self._socket, self._take_all)
        self._say_again()

    def opened(self) -> None:
        """Count a connection that is kept."""
        self._open += 1
        self._say()

    def closed(self) -> None:
        """Count a connection that has ended."""
        self._open -= 1
        self._say()

    def give(self, connection: int) -> bool:
        """Give a connection that was just taken to the worker with the fewest, if that has fewer; say whether it was.

        The caller closes its own file descriptor then.
        """
        fewest, worker = self._idlest()
        return worker is not None and fewest < self._open and self._give_to(worker, connection)

    def close(self) -> None:
        """Take part no more; what was given and not taken yet is given to others."""
        if self._socket.fileno() < 0:
            return
        self._timer.cancel()
        self._loop.remove_reader(self._socket)
        self._address.unlink(missing_ok=True)
        (self._folder / self._name).unlink(missing_ok=True)
        for connection in self._given():
            _, worker = self._idlest()
            if worker is not None:
                self._give_to(worker, connection.fileno())
            connection.close()
        self._socket.close()

    @property
    def _address(self) -> Path:
        return self._folder / (self._name + _SOCKET)

    def _say(self) -> None:
        _SAID.pack_into(self._said, 0, time.monotonic(), self._open)

    def _say_again(self) -> None:
        self._say()
        self._timer = self._loop.call_later(_PACE, self._say_again)

    def _idlest(self) -> tuple[int, _Worker | None]:
        """The worker with the fewest connections, of those that are there, and how many these are."""
        now = time.monotonic()
        if now - self._looked > _LOOK:
            self._look()
            self._looked = now
        counts = [(count, worker) for worker in self._others.values() if (count := worker.connections(now)) is not None]
        return min(counts, key=lambda one: one[0], default=(0, None))

    def _give_to(self, worker: _Worker, connection: int) -> bool:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [connection]))]
        try:
            self._socket.sendmsg([b"\0"], rights, 0, worker.address)
        except OSError:  # it is gone, or has not taken what it was given before
            return False
        worker.given.append(time.monotonic())
        return True

    def _look(self) -> None:
        """Find out who there is."""
        names = {path.stem for path in self._folder.iterdir() if path.suffix == _SOCKET} - {self._name}
        for name in self._others.keys() - names:
            del self._others[name]
        for name in names - self._others.keys():
            with suppress(OSError, ValueError):  # it is gone again, or has said nothing yet
                said = _mapped(self._folder / name, writable=False)
                self._others[name] = _Worker(str(self._folder / (name + _SOCKET)), said)

    def _take_all(self) -> None:
        for connection in self._given():
            self._take(connection)

    def _given(self) -> Iterator[socket.socket]:
        """What others have given."""
        with suppress(OSError):  # that was all
            while True:
                _, descriptors, _, _ = socket.recv_fds(self._socket, 1, 1)
                yield from (socket.socket(fileno=descriptor) for descriptor in descriptors)


def connections_of(loop: asyncio.AbstractEventLoop, take: Take) -> SharedConnections | None:
    """What this worker process has; it takes part from the first call on. None if there are no others."""
    folder = os.environ.get(DIRECTORY)
    if folder and not _of_process:
        try:
            _of_process.append(SharedConnections(Path(folder), loop, take))
        except OSError as error:
            logger.warning("connections are not shared out among workers: %s", error)
            del os.environ[DIRECTORY]
    return _of_process[0] if _of_process else None


def leave_connections() -> None:
    """Take part no more: this worker stops."""
    for shared in _of_process:
        shared.close()


def _listening(address: str) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        made.bind(address)
    except OSError:
        made.close()
        raise
    made.setblocking(False)
    return made


def _mapped(path: Path, *, writable: bool) -> mmap.mmap:
    with path.open("r+b" if writable else "rb") as file:
        return mmap.mmap(file.fileno(), _SAID.size, access=mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ)
