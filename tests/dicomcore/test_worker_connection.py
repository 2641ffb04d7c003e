import asyncio
import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Callable

import pytest

from dicomcore.errors import DicomError, WorkerFailed
from dicomcore.worker_connection import Task, WorkerConnection, is_by_limit, reap, reason_of, spawn
from dicomcore.worker_messages import REPLY_HEADER, Kind, Reply, encode_request, result_of

LIMIT = 256 << 20


class Listener:
    """Hears what a process says, and remembers it."""

    def __init__(self) -> None:
        self.replies: asyncio.Queue[Reply] = asyncio.Queue()
        self.ends: asyncio.Queue[DicomError | None] = asyncio.Queue()

    def on_reply(self, worker: WorkerConnection, reply: Reply) -> None:
        worker.finish()
        self.replies.put_nowait(reply)

    def on_end(self, worker: WorkerConnection, problem: DicomError | None) -> None:
        worker.end()
        self.ends.put_nowait(problem)


@contextlib.asynccontextmanager
async def connected(wall_seconds: float = 60) -> AsyncIterator[tuple[WorkerConnection, Listener]]:
    listener = Listener()
    process, channel = spawn(["20", "60", str(LIMIT)])
    worker = WorkerConnection(
        process,
        channel,
        limit_bytes=LIMIT,
        wall_seconds=wall_seconds,
        on_reply=listener.on_reply,
        on_end=listener.on_end,
    )
    yield worker, listener
    worker.end()
    reap(process, 5)


def task(function: Callable[..., object], *args: object) -> Task:
    return Task(encode_request(function, args, {}))


async def test_a_process_says_that_it_is_ready_and_then_replies() -> None:
    async with connected() as (worker, listener):
        assert await listener.replies.get() == Reply(Kind.READY, [])
        worker.begin(task(bytes, 2))
        assert await listener.replies.get() == Reply(Kind.BYTES, [b"\0\0"])


async def test_what_fits_in_no_socket_buffer_is_sent_and_received_in_pieces() -> None:
    large = os.urandom(20_000_000)
    async with connected() as (worker, listener):
        await listener.replies.get()
        worker.begin(task(list, [large, large[1:]]))
        assert worker.is_sending
        assert result_of(await listener.replies.get()) == [large, large[1:]]
        assert not worker.is_sending


async def test_more_buffers_than_the_system_takes_at_once_are_sent() -> None:
    pieces = [memoryview(number.to_bytes(4, "big")) for number in range(3000)]
    async with connected() as (worker, listener):
        await listener.replies.get()
        worker.begin(task(b"".join, pieces))
        assert result_of(await listener.replies.get()) == b"".join(pieces)


async def test_a_process_that_takes_too_long_is_given_up() -> None:
    async with connected(wall_seconds=0.2) as (worker, listener):
        await listener.replies.get()
        worker.begin(task(signal.pause))
        problem = await listener.ends.get()
        assert isinstance(problem, WorkerFailed) and "time" in problem.reason
        assert reap(worker.process, 0) == -signal.SIGKILL


async def test_a_process_that_does_not_get_ready_is_given_up() -> None:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    listener = Listener()
    process = subprocess.Popen(["sleep", "60"])
    with theirs:
        WorkerConnection(
            process,
            ours,
            limit_bytes=LIMIT,
            wall_seconds=0.05,
            on_reply=listener.on_reply,
            on_end=listener.on_end,
        )
        assert isinstance(await listener.ends.get(), WorkerFailed)
    assert reap(process, 0) == -signal.SIGKILL


async def test_the_time_of_a_task_ends_with_it() -> None:
    async with connected(wall_seconds=0.3) as (worker, listener):
        await listener.replies.get()
        for _ in range(4):
            worker.begin(task(bytes, 1))
            await listener.replies.get()
            await asyncio.sleep(0.1)
        assert listener.ends.empty()


async def test_a_process_that_dies_is_given_up_and_its_task_is_left() -> None:
    async with connected() as (worker, listener):
        await listener.replies.get()
        left = task(os.abort)
        worker.begin(left)
        assert await listener.ends.get() is None
        assert worker.process.wait() == -signal.SIGABRT
        assert not left.result.done()


async def test_a_process_that_dies_while_it_is_sent_something_is_given_up() -> None:
    async with connected() as (worker, listener):
        await listener.replies.get()
        worker.process.kill()
        worker.process.wait()
        worker.begin(task(len, bytes(5_000_000)))
        assert await listener.ends.get() is None


async def test_a_process_that_talks_nonsense_is_given_up() -> None:
    async with connected() as (worker, listener):
        await listener.replies.get()
        worker.begin(task(os.write, 3, REPLY_HEADER.pack(200, False, 0)))
        problem = await listener.ends.get()
        assert isinstance(problem, WorkerFailed) and "no sense" in problem.reason


async def test_a_process_gets_nothing_of_ours_but_its_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOCENTER_DATABASE_PASSWORD", "secret")
    async with connected() as (worker, listener):
        await listener.replies.get()
        worker.begin(task(eval, "repr(sorted(__import__('os').environ)).encode()"))
        assert b"ISOCENTER" not in result_of(await listener.replies.get())  # type: ignore[operator]
        worker.begin(task(eval, "repr([n for n in range(99) if __import__('fcntl').fcntl(n, 1) >= 0]).encode()"))
        with pytest.raises(WorkerFailed, match="OSError"):  # descriptor 4 is not open
            result_of(await listener.replies.get())


async def test_a_result_that_nobody_waits_for_is_dropped() -> None:
    dropped = task(bytes, 1)
    dropped.result.cancel()
    dropped.succeed(b"")
    dropped.fail(WorkerFailed("late"))
    assert dropped.result.cancelled()


def test_a_process_that_ends_by_itself_is_not_killed() -> None:
    assert reap(subprocess.Popen(["sh", "-c", "sleep 0.05; exit 7"]), 60) == 7


@pytest.mark.parametrize(
    ("returncode", "words"),
    [
        (1, "status 1"),
        (-11, "SIGSEGV"),
        (-9, "killed"),
        (-signal.SIGPROF, "processor time"),
        (-14, "time"),
        (-63, "63"),
    ],
)
def test_a_return_code_is_told_in_words(returncode: int, words: str) -> None:
    assert words in reason_of(returncode)


@pytest.mark.parametrize(("returncode", "expected"), [(0, False), (-9, False), (-signal.SIGPROF, True), (-14, True)])
def test_a_limit_is_known_by_its_signal(returncode: int, expected: bool) -> None:
    assert is_by_limit(returncode) == expected


@pytest.mark.parametrize("size", [1, 20_000_000])
async def test_a_process_that_died_before_it_read_its_task_has_not_begun(size: int) -> None:
    async with connected() as (worker, listener):
        await listener.replies.get()
        worker.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, worker.process.pid, os.WSTOPPED)
        worker.begin(task(len, os.urandom(size)))
        worker.process.kill()
        assert await listener.ends.get() is None
        assert worker.has_not_begun


async def test_a_process_that_died_of_its_task_had_begun() -> None:
    async with connected() as (worker, listener):
        await listener.replies.get()
        worker.begin(task(eval, "__import__('os').abort()"))
        assert await listener.ends.get() is None
        assert not worker.has_not_begun


def test_what_cannot_be_started_leaves_no_socket_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.listdir("/dev/fd")
    monkeypatch.setattr("sys.executable", "/no/such/python")
    with pytest.raises(FileNotFoundError):
        spawn(["20", "60", str(LIMIT)])
    assert len(os.listdir("/dev/fd")) == len(before)
