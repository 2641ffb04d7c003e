"""What runs in a worker process: functions, one after the other, each within its limits.

Requests come over the socket that is standard input when the process starts (`dicomcore.worker_messages`).
Every task has an amount of processor time, and the process an amount of memory beyond that of its beginning. Processor
time is limited by a timer (``ITIMER_PROF``) and not by ``RLIMIT_CPU``, which knows whole seconds only and counts them
from the start of the process. The process cannot write files, dumps no core, and ends with its parent: when it reads
the end of the socket, or at the latest when its alarm goes off.
"""

from __future__ import annotations

import gc
import importlib
import os
import pickle
import resource
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from math import ceil

from dicomcore.errors import DicomError, WorkerFailed
from dicomcore.worker_messages import (
    MAX_BUFFERS,
    REQUEST_HEADER,
    Buffer,
    Kind,
    Reply,
    Request,
    drop,
    reply_of_error,
    reply_of_result,
)

_ORPHANED_SECONDS = 5  # the parent ends a task that takes too long, and is given this time to do so


class _ParentGone(Exception):
    """The socket ends within a request."""


def main(arguments: Sequence[str]) -> None:
    """Take requests until the parent is gone: ``cpu_seconds wall_seconds memory_bytes module...``.

    The modules are imported first, so that no task has to wait for them or pays for their memory.
    """
    cpu_seconds, wall_seconds, memory_bytes = float(arguments[0]), float(arguments[1]), int(arguments[2])
    channel = socket.socket(fileno=os.dup(0))
    _let_go(0)
    _reset_signals()
    for module in arguments[3:]:
        importlib.import_module(module)
    sys.dont_write_bytecode = True
    gc.freeze()
    beginning = address_space()
    limit(beginning, memory_bytes)
    most = beginning + memory_bytes // 2
    with suppress(_ParentGone, BrokenPipeError, ConnectionResetError):
        send(channel, Reply(Kind.READY).encode())
        _let_go(2)  # what libraries print about broken codestreams is for nobody
        while _serve(channel, cpu_seconds, ceil(wall_seconds) + _ORPHANED_SECONDS, most):
            pass


def send(channel: socket.socket, buffers: Sequence[Buffer]) -> None:
    """Send over a blocking socket, without putting the buffers together first."""
    unsent = [memoryview(one) for one in buffers]
    while unsent:
        drop(unsent, channel.sendmsg(unsent[:MAX_BUFFERS]))


def limit(beginning: int, memory_bytes: int) -> None:
    """Limit this process for good: no files, no cores, and so many bytes of memory beyond those of its beginning."""
    limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: 0}
    if beginning:
        limits[resource.RLIMIT_AS] = beginning + memory_bytes
    for which, value in limits.items():
        with suppress(ValueError, OSError):  # it is stricter already, or nothing that this system limits
            resource.setrlimit(which, (value, value))


def address_space() -> int:
    """How many bytes this process has mapped; 0 where the system does not say, as macOS, which would not limit it."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def _let_go(descriptor: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, descriptor)
    os.close(null)


def _reset_signals() -> None:
    """Leave it to the parent when to end: what a terminal or a service manager sends goes to all processes."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for number in (signal.SIGPROF, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _serve(channel: socket.socket, cpu_seconds: float, alarm_seconds: int, most: int) -> bool:
    """Read a request, do it, reply; return whether there may be another.

    Decoders that give up may leak. A process that has ``most`` bytes mapped when all is done is replaced, before a
    task that asks for little fails because of those before it.
    """
    header = channel.recv(REQUEST_HEADER.size, socket.MSG_WAITALL)
    if len(header) < REQUEST_HEADER.size:
        return False
    signal.alarm(alarm_seconds)
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
    reply = _perform(channel, *REQUEST_HEADER.unpack(header))
    signal.setitimer(signal.ITIMER_PROF, 0)
    if address_space() > most + sum(map(len, reply.values)):
        reply = replace(reply, is_last=True)
    send(channel, reply.encode())
    signal.alarm(0)
    return not reply.is_last


def _perform(channel: socket.socket, buffer_count: int, pickle_length: int) -> Reply:
    try:
        function, arguments, keywords = _read_request(channel, buffer_count, pickle_length)
        return reply_of_result(function(*arguments, **keywords))
    except MemoryError:
        return reply_of_error(WorkerFailed("it takes more memory than it may have"), is_last=True)
    except _ParentGone:
        raise
    except DicomError as error:
        return reply_of_error(error)
    except Exception as error:
        return reply_of_error(WorkerFailed(f"{type(error).__name__} in {_place(error)}"))


def _read_request(channel: socket.socket, buffer_count: int, pickle_length: int) -> Request:
    lengths = struct.unpack(f"<{buffer_count}Q", _read(channel, 8 * buffer_count)) if buffer_count else ()
    pickled = _read(channel, pickle_length)
    buffers = [_read_into(channel, one >> 1) if one & 1 else _read(channel, one >> 1) for one in lengths]
    request: Request = pickle.loads(pickled, buffers=buffers)
    return request


def _read(channel: socket.socket, count: int) -> bytes:
    """Read into a new object, in one call as a rule: nothing is copied."""
    data = channel.recv(count, socket.MSG_WAITALL)
    return data if len(data) == count else data + _read_into(channel, count - len(data))


def _read_into(channel: socket.socket, count: int) -> bytearray:
    data = bytearray(count)
    rest = memoryview(data)
    while rest:
        received = channel.recv_into(rest, 0, socket.MSG_WAITALL)
        if not received:
            raise _ParentGone
        rest = rest[received:]
    return data


def _place(error: Exception) -> str:
    """Module and line that raised an error of no class of ours. Its message is not told, which may hold data."""
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith("dicomcore."):
            return f"{module}:{line}"
    return "a worker process"


if __name__ == "__main__":
    main(sys.argv[1:])
