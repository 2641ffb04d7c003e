"""One worker process as its parent sees it: started, given a task, listened to, ended.

Everything but the start happens on the event loop, in callbacks of the socket: a task costs no switch of threads, and
neither what is sent nor what is received is copied together.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence

from dicomcore.errors import DicomError, WorkerFailed
from dicomcore.worker_messages import MAX_BUFFERS, Buffer, MalformedReply, Reply, Result, drop, read_reply

_RECEIVE = 1 << 20
_TURNS = 16  # so many times something is received until others have their turn on the event loop
_SOCKET_BUFFER = 1 << 20
_ENDED_BY = {
    signal.SIGPROF: "it takes more processor time than it may have",
    signal.SIGALRM: "it takes more time than it may have",
    signal.SIGKILL: "its process was killed",
}
# All that a process gets of our environment, where passwords may be.
_ENVIRONMENT = ("PATH", "PYTHONHOME", "PYTHONPYCACHEPREFIX", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "LC_ALL")
# Tasks run side by side already, and every thread takes address space.
_FEW_THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
# Arrays are kept for the next ones and not given back to the system, which would clear them page by page: an array
# operation on a frame of a CT takes a fifth of the time.
_MALLOC = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(64 << 20)}

NO_SENSE = "its process answered what makes no sense"

_LIMITS = (-signal.SIGPROF, -signal.SIGALRM)


def spawn(arguments: Sequence[str]) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start a process and return it with our end of its socket; raises `OSError`. It blocks for a few milliseconds.

    The child has no descriptors of ours, and finds the modules that we find.
    """
    ours, theirs = socket.socketpair()
    try:
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BUFFER)  # as far as the system allows
        command = [sys.executable, "-P", "-m", "dicomcore.worker_process", *arguments]
        process = subprocess.Popen(command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, env=_environment())
    except OSError:
        ours.close()
        raise
    finally:
        theirs.close()
    ours.setblocking(False)
    return process, ours


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    path = os.pathsep.join(os.path.abspath(folder) for folder in sys.path if folder)
    return {**kept, **_FEW_THREADS, **_MALLOC, "PYTHONPATH": path}


def reap(process: subprocess.Popen[bytes], patience: float) -> int:
    """Wait for the end of a process, for so many seconds before it is killed; return its return code. It blocks."""
    try:
        return process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def reason_of(returncode: int) -> str:
    """Say why a process is no more."""
    if returncode >= 0:
        return f"its process ended with status {returncode}"
    try:
        number = signal.Signals(-returncode)
    except ValueError:
        return f"its process was ended by signal {-returncode}"
    return _ENDED_BY.get(number, f"its process was ended by {number.name}")


def is_by_limit(returncode: int) -> bool:
    """Say whether a process has ended because it took more time than it may have."""
    return returncode in _LIMITS


class NotBegun(Exception):
    """The process of a task died before it had read all of it: the task can be given to another."""


class Task:
    """A request, and the result to come: to be made on the event loop.

    What ``is_repeated`` was given to another process before, which had not begun it.
    """

    def __init__(self, buffers: Sequence[Buffer], *, is_repeated: bool = False) -> None:
        self.unsent = [memoryview(one) for one in buffers]
        self.is_repeated = is_repeated
        self.result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

    def succeed(self, result: Result) -> None:
        """Give the result to who waits for it, if anybody does."""
        if not self.result.done():
            self.result.set_result(result)

    def fail(self, error: DicomError | NotBegun) -> None:
        """Raise an error where the result is waited for, if it is."""
        if not self.result.done():
            self.result.set_exception(error)


class WorkerConnection:
    """A process, and the task that it works on.

    ``on_reply`` is called with every reply, ``on_end`` when the process has to be given up: it is gone, has answered
    nonsense or taken too long, which the error says; without one, its return code will.
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        channel: socket.socket,
        *,
        limit_bytes: int,
        wall_seconds: float,
        on_reply: Callable[[WorkerConnection, Reply], None],
        on_end: Callable[[WorkerConnection, DicomError | None], None],
    ) -> None:
        self.process = process
        self.is_ready = False
        self.has_worked = False
        self.task: Task | None = None
        self._channel = channel
        self._limit_bytes = limit_bytes
        self._wall_seconds = wall_seconds
        self._on_reply = on_reply
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = self._loop.call_later(wall_seconds, self._expire)  # to start
        self._unsent: list[memoryview] = []
        self._is_writing = False
        self._is_cut_off = False
        self._is_heard = False
        self._await_reply()
        self._loop.add_reader(channel, self._receive)

    @property
    def is_sending(self) -> bool:
        """Whether the process has not got all of its task yet."""
        return bool(self._unsent)

    @property
    def has_not_begun(self) -> bool:
        """Whether the process, which is gone, certainly has not begun its last task.

        It begins when it has read all of it. If something could not be sent, or was sent and not read, it had not; of
        the latter Linux tells, other systems may not.
        """
        return self._is_cut_off and not self._is_heard

    def begin(self, task: Task) -> None:
        """Give the process a task; it must have none."""
        self.task, self._unsent, task.unsent = task, task.unsent, []
        self.has_worked = True
        self._is_cut_off = self._is_heard = False
        self._timer = self._loop.call_later(self._wall_seconds, self._expire)
        self._send()

    def finish(self) -> Task | None:
        """Take the task away, if there is one: it has been answered, or never will be. Time is taken no more."""
        task, self.task = self.task, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return task

    def end(self) -> Task | None:
        """Hang up, which ends the process unless it is busy (`reap`); return the task that it leaves behind."""
        if self._channel.fileno() >= 0:
            self._loop.remove_reader(self._channel)
            self._stop_writing()
            self._channel.close()
        return self.finish()

    def _expire(self) -> None:
        self._on_end(self, WorkerFailed(_ENDED_BY[signal.SIGALRM]))

    def _send(self) -> None:
        try:
            while self._unsent:
                drop(self._unsent, self._channel.sendmsg(self._unsent[:MAX_BUFFERS]))
        except BlockingIOError:
            if not self._is_writing:
                self._is_writing = True
                self._loop.add_writer(self._channel, self._send)
            return
        except OSError:  # it is dying: the end of what it sends tells that
            self._is_cut_off = True
        self._stop_writing()

    def _stop_writing(self) -> None:
        self._unsent = []
        if self._is_writing:
            self._is_writing = False
            self._loop.remove_writer(self._channel)

    def _await_reply(self) -> None:
        self._reader = read_reply(self._limit_bytes)
        self._missing = next(self._reader)
        self._pieces: list[bytes] = []

    def _receive(self) -> None:
        for _ in range(_TURNS):
            try:
                data = self._channel.recv(min(self._missing, _RECEIVE))
            except BlockingIOError:
                return
            except ConnectionResetError:  # it has not read what was sent
                self._is_cut_off = True
                data = b""
            except OSError:
                data = b""
            if not data:
                self._on_end(self, None)
                return
            self._is_heard = True
            self._pieces.append(data)
            self._missing -= len(data)
            if not self._missing and not self._advance():
                return

    def _advance(self) -> bool:
        """Hand over what was asked for; return False when there is no more to come."""
        piece = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces = []
        try:
            self._missing = self._reader.send(piece)
        except StopIteration as end:
            self._await_reply()
            self._on_reply(self, end.value)
            return False
        except MalformedReply:
            self._on_end(self, WorkerFailed(NO_SENSE))
            return False
        return True
