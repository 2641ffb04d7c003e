"""The process by itself: what it says over a plain socket, and how it ends."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from dicomcore.errors import CorruptFrame, WorkerFailed
from dicomcore.worker_messages import Buffer, Kind, Reply, encode_request, read_reply, result_of
from dicomcore.worker_process import send

MEMORY = 128 << 20


@dataclass
class Child:
    """A process and our end of its socket."""

    process: subprocess.Popen[bytes]
    channel: socket.socket

    def reply(self) -> Reply:
        reader = read_reply(MEMORY)
        wanted = next(reader)
        while True:
            data = self.channel.recv(wanted, socket.MSG_WAITALL)
            if not data:
                raise EOFError
            try:
                wanted = reader.send(data)
            except StopIteration as end:
                return end.value

    def call(self, function: Callable[..., object], *args: object, **kwargs: object) -> Reply:
        send(self.channel, encode_request(function, args, kwargs))
        return self.reply()

    def evaluate(self, expression: str) -> object:
        """Evaluate an expression that gives bytes."""
        return result_of(self.call(eval, expression))

    def end(self) -> bytes:
        """Close our end, wait for the process and return what it printed."""
        self.channel.close()
        _, printed = self.process.communicate()
        return printed


def start(*modules: str, cpu_seconds: float = 20) -> Child:
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-m", "dicomcore.worker_process", str(cpu_seconds), "60", str(MEMORY), *modules]
    with theirs:
        process = subprocess.Popen(command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    return Child(process, ours)


@pytest.fixture
def child() -> Iterator[Child]:
    started = start()
    assert started.reply() == Reply(Kind.READY, [])
    yield started
    started.channel.close()
    with started.process:
        pass


def test_functions_are_called_one_after_the_other(child: Child) -> None:
    assert child.call(bytes, 3) == Reply(Kind.BYTES, [b"\0\0\0"])
    assert child.call(list, (b"a", b"")) == Reply(Kind.LIST, [b"a", b""])
    assert child.call(tuple, [b"a"]) == Reply(Kind.TUPLE, [b"a"])
    assert child.call(int.to_bytes, 258, length=2, byteorder="big") == Reply(Kind.BYTES, [b"\x01\x02"])


def test_large_arguments_and_results_arrive_whole(child: Child) -> None:
    large = os.urandom(9_000_001)
    pieces: list[Buffer] = [large, memoryview(large)[1:], b""]
    assert result_of(child.call(b"".join, pieces)) == large + large[1:]


def test_an_error_of_ours_comes_back_and_the_process_goes_on(child: Child) -> None:
    thrower = "(_ for _ in ()).throw(__import__('dicomcore.errors').errors.CorruptFrame(7, 'torn'))"
    with pytest.raises(CorruptFrame, match="frame 7 is corrupt: torn"):
        child.evaluate(thrower)
    assert child.evaluate("b'on'") == b"on"


def test_any_other_exception_is_told_without_its_message(child: Child) -> None:
    with pytest.raises(WorkerFailed) as caught:
        child.evaluate("{}['Doe^Jane']")
    assert caught.value.reason == "KeyError in a worker process"
    with pytest.raises(WorkerFailed, match=r"TypeError in dicomcore\.worker_messages:"):
        child.evaluate("'text'")
    assert child.evaluate("b'on'") == b"on"


def test_more_memory_than_allowed_is_an_error_and_the_end(child: Child) -> None:
    reply = child.call(bytes, MEMORY * 5 // 4)
    assert reply.is_last
    with pytest.raises(WorkerFailed, match="memory"):
        result_of(reply)
    assert child.process.wait() == 0


def test_arguments_that_do_not_fit_are_an_error_and_the_end(child: Child) -> None:
    half = bytes(MEMORY // 2)
    with pytest.raises(BrokenPipeError):  # it does not wait for the rest
        send(child.channel, encode_request(len, (half, half, half), {}))
    with pytest.raises(WorkerFailed, match="memory"):
        result_of(child.reply())


def test_a_process_that_has_kept_memory_says_that_it_ends(child: Child) -> None:
    keep = f"[__import__('sys').modules.__setitem__('kept', bytearray({MEMORY * 3 // 4})), b'kept'][1]"
    assert child.call(eval, keep) == Reply(Kind.BYTES, [b"kept"], is_last=True)
    assert child.process.wait() == 0


def test_processor_time_is_for_one_task_and_taking_more_is_the_end() -> None:
    child = start(cpu_seconds=0.3)
    child.reply()
    for _ in range(8):
        child.evaluate("[sum(range(3_000_000)), b''][1]")
    with pytest.raises(EOFError):
        child.evaluate("sum(iter(int, 1))")
    assert child.process.wait() == -signal.SIGPROF
    child.end()


def test_no_file_can_be_written(child: Child, tmp_path) -> None:
    path = tmp_path / "file"
    with pytest.raises(WorkerFailed, match="OSError"):
        child.evaluate(f"open({str(path)!r}, 'wb', 0).write(b'x')")
    assert path.read_bytes() == b""


def test_no_core_is_dumped(child: Child) -> None:
    assert child.evaluate("repr(__import__('resource').getrlimit(4)).encode()") == b"(0, 0)"


def test_nothing_of_a_task_is_left_in_memory(child: Child) -> None:
    for _ in range(5):
        assert child.call(len, bytes(MEMORY // 3)).kind is Kind.ERROR  # a length is no result
    assert not child.call(bytes, MEMORY // 3).is_last


def test_what_libraries_print_does_no_harm(child: Child) -> None:
    assert child.evaluate("[print('noise'), __import__('os').write(2, b'noise'), b'quiet'][2]") == b"quiet"
    assert child.end() == b""


def test_modules_are_imported_before_the_first_task() -> None:
    child = start("colorsys")
    child.reply()
    assert child.evaluate("repr('colorsys' in __import__('sys').modules).encode()") == b"True"
    child.end()


def test_a_module_that_is_not_there_is_told_where_the_server_tells_its_errors() -> None:
    child = start("no_such_module")
    with pytest.raises(EOFError):
        child.reply()
    assert b"No module named 'no_such_module'" in child.end()
    assert child.process.returncode == 1


@pytest.mark.parametrize("number", [1, 2, 15])
def test_signals_for_the_server_are_not_for_its_workers(child: Child, number: int) -> None:
    child.process.send_signal(number)
    assert child.evaluate("b'still here'") == b"still here"


@pytest.mark.parametrize("said", [b"", b"\1", encode_request(bytes, (), {})[0]])
def test_it_ends_with_its_parent(child: Child, said: bytes) -> None:
    child.channel.sendall(said)
    child.channel.close()
    assert child.process.wait() == 0
