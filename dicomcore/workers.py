"""The sandbox: functions that work on pixels run in processes of their own, which can be ended without harm.

A codestream is hostile until it is decoded, and decoders are C. So each task has an amount of processor time, of memory
and of time by the clock; what takes more, or crashes, ends its process and is a `WorkerFailed`, and the next task gets
another process. They see neither the environment of this one, which has passwords, nor its descriptors, and what they
answer is bytes and never a pickle (`dicomcore.worker_messages`; the limits are set in `dicomcore.worker_process`).

Tasks wait in the order in which they came. A process is started when a task has to wait and there may be one more; idle
ones are kept, and the one that was busy last is taken first, because its memory is warm.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import subprocess
import weakref
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import ParamSpec, TypeVar, cast

from dicomcore.errors import DicomError, LimitExceeded, WorkerFailed, WorkersUnavailable
from dicomcore.worker_connection import (
    NO_SENSE,
    NotBegun,
    Task,
    WorkerConnection,
    is_by_limit,
    reap,
    reason_of,
    spawn,
)
from dicomcore.worker_messages import Kind, MalformedReply, Reply, Result, encode_request, result_of

P = ParamSpec("P")
T = TypeVar("T", bound=Result)

MAX_WAITING = 1000
DEFAULT_MODULES = ("dicomcore.pixels", "dicomcore.rendering")

logger = logging.getLogger(__name__)

_PATIENCE = 1.0  # seconds for a process that has hung up
_CLOSED = "the processes that work on pixels have been ended"
_NO_PROCESS = "no process that works on pixels can be started"


class Workers:
    """Runs functions in up to ``count`` processes, for one event loop, in which it is closed.

    ``cpu_seconds`` and ``wall_seconds`` are for one task, ``memory_bytes`` for a process, beyond what it takes when it
    has started and imported ``modules``. ``failures`` counts the tasks that failed with
    `WorkerFailed`.
    """

    def __init__(
        self,
        count: int,
        *,
        cpu_seconds: float = 20,
        memory_bytes: int = 448 << 20,
        wall_seconds: float = 60,
        modules: Sequence[str] = DEFAULT_MODULES,
    ) -> None:
        self.failures = 0
        self.count = count
        self._memory_bytes = memory_bytes
        self._wall_seconds = wall_seconds
        self._arguments = (str(cpu_seconds), str(wall_seconds), str(memory_bytes), *modules)
        self._waiting: deque[Task] = deque()
        self._workers: set[WorkerConnection] = set()
        self._idle: list[WorkerConnection] = []
        self._starting = 0  # launched, but not ready
        self._errands: set[asyncio.Task[None]] = set()  # launches and burials
        self._is_closed = False
        self._processes: dict[subprocess.Popen[bytes], socket.socket] = {}
        weakref.finalize(self, _end_all, self._processes)  # who forgets to close leaves nothing behind

    @property
    def waiting(self) -> int:
        """How many tasks wait for a process."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """How many tasks are worked on."""
        return sum(worker.task is not None for worker in tuple(self._workers))

    async def warm(self) -> None:
        """Begin to start a process, so that the first task need not wait for one; return at once."""
        if not (self._is_closed or self._workers or self._starting):
            self._start()

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``function``, which is found by its name in its module, and return the bytes that it returns.

        Arguments are pickled; memory views and memory maps arrive as views of their bytes. A call that is cancelled
        while it waits does not run; once it runs, it is let finish. If a process that was idle turns out to be dead,
        the call is given to another, once; what has begun is never repeated.

        Raises:
            DicomError: the function raised it.
            WorkerFailed: the function took too much of something, crashed, or raised what it should not.
            WorkersUnavailable: too many tasks are waiting already, or there is no process to be had.
            LimitExceeded: the arguments are larger than the memory of a process.
        """
        # The class is the word of the function: what comes is bytes, or a list or tuple of bytes.
        with suppress(NotBegun):
            return cast(T, await self._run(function, args, kwargs))
        return cast(T, await self._run(function, args, kwargs, is_repeated=True))

    async def _run(
        self,
        function: Callable[..., object],
        args: tuple[object, ...],
        kwargs: Mapping[str, object],
        *,
        is_repeated: bool = False,
    ) -> Result:
        buffers = encode_request(function, args, kwargs)
        if sum(map(len, buffers)) > self._memory_bytes:
            raise LimitExceeded("bytes to process at once", self._memory_bytes)
        task = Task(buffers, is_repeated=is_repeated)
        del buffers  # which may be views of a memory map: nobody needs them once they are sent
        self._take(task)
        try:
            return await task.result
        except asyncio.CancelledError:
            with suppress(ValueError):
                self._waiting.remove(task)
            raise

    async def close(self) -> None:
        """End all processes; what waits or runs fails with `WorkersUnavailable`."""
        self._is_closed = True
        self._fail_waiting(_CLOSED)
        for worker in list(self._workers):
            self._give_up(worker, WorkersUnavailable(_CLOSED))
        while self._errands:
            await asyncio.wait(self._errands)

    def _take(self, task: Task) -> None:
        if self._is_closed:
            raise WorkersUnavailable(_CLOSED)
        if self._idle:
            self._idle.pop().begin(task)
            return
        if task.is_repeated:  # it has had its turn
            self._waiting.appendleft(task)
        elif len(self._waiting) >= MAX_WAITING:
            raise WorkersUnavailable(f"{MAX_WAITING} tasks are waiting for a process already")
        else:
            self._waiting.append(task)
        self._start_what_is_wanted()

    def _fail_waiting(self, problem: str) -> None:
        while self._waiting:
            self._waiting.popleft().fail(WorkersUnavailable(problem))

    def _start_what_is_wanted(self) -> None:
        ready = sum(worker.is_ready for worker in self._workers)
        wanted = min(len(self._waiting), self.count - ready) - self._starting
        for _ in range(wanted):
            self._start()

    def _start(self) -> None:
        self._starting += 1
        self._send_off(self._launch())

    def _send_off(self, errand: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _launch(self) -> None:
        try:
            process, channel = await asyncio.get_running_loop().run_in_executor(None, spawn, self._arguments)
        except OSError as error:
            logger.error("a worker process cannot be started", extra={"problem": str(error)})
            self._has_not_started()
            return
        self._processes[process] = channel
        worker = WorkerConnection(
            process,
            channel,
            limit_bytes=self._memory_bytes,
            wall_seconds=self._wall_seconds,
            on_reply=self._hear,
            on_end=self._give_up,
        )
        self._workers.add(worker)
        if self._is_closed:
            self._give_up(worker, WorkersUnavailable(_CLOSED))

    def _has_not_started(self) -> None:
        self._starting -= 1
        if not self._starting and not any(worker.is_ready for worker in self._workers):
            self._fail_waiting(_NO_PROCESS)

    def _hear(self, worker: WorkerConnection, reply: Reply) -> None:
        """Take a reply: the first says that the process is ready, every other is that to its task."""
        if not worker.is_ready and reply.kind is Kind.READY:
            worker.finish()
            worker.is_ready = True
            self._starting -= 1
            self._free(worker)
            return
        task = worker.finish()
        if task is None or not self._settle(task, reply) or reply.is_last or worker.is_sending:
            self._give_up(worker, None)
        else:
            self._free(worker)

    def _settle(self, task: Task, reply: Reply) -> bool:
        """Give a task its result, or its error; return whether the reply made sense."""
        try:
            task.succeed(result_of(reply))
        except MalformedReply:
            self._fail(task, WorkerFailed(NO_SENSE))
            return False
        except DicomError as error:
            self._fail(task, error)
        return True

    def _fail(self, task: Task, error: DicomError) -> None:
        task.fail(error)
        if isinstance(error, WorkerFailed):
            self.failures += 1
            logger.warning("a worker process has failed", extra={"reason": error.reason})

    def _let_down(self, task: Task, error: DicomError, *, may_begin: bool) -> None:
        """Tell a task that its process is gone: it begins in another if it may, and has not been told so before."""
        if may_begin and not task.is_repeated:
            task.fail(NotBegun())
        else:
            self._fail(task, error)

    def _free(self, worker: WorkerConnection) -> None:
        while self._waiting:
            task = self._waiting.popleft()
            if not task.result.done():  # it may have been cancelled just now
                worker.begin(task)
                return
        self._idle.append(worker)

    def _give_up(self, worker: WorkerConnection, problem: DicomError | None) -> None:
        """End a process; its task fails with ``problem``, or with what its return code says."""
        self._workers.discard(worker)
        if worker in self._idle:
            self._idle.remove(worker)
        self._send_off(self._bury(worker, worker.end(), problem))

    async def _bury(self, worker: WorkerConnection, task: Task | None, problem: DicomError | None) -> None:
        # Without a problem it is about to end, and how it does is worth to know.
        patience = _PATIENCE if problem is None else 0
        returncode = await asyncio.get_running_loop().run_in_executor(None, reap, worker.process, patience)
        self._processes.pop(worker.process, None)
        if not worker.is_ready:
            if not self._is_closed:
                logger.error("a worker process has not started", extra={"problem": reason_of(returncode)})
            self._has_not_started()
            return
        if task is not None:
            may_begin = problem is None and worker.has_not_begun and not is_by_limit(returncode)
            self._let_down(task, problem or WorkerFailed(reason_of(returncode)), may_begin=may_begin)
        if not self._is_closed:
            self._start_what_is_wanted()
        if worker.has_worked:  # who dies of nothing is not replaced before there is something to do
            await self.warm()


def _end_all(processes: dict[subprocess.Popen[bytes], socket.socket]) -> None:
    for process, channel in processes.items():
        channel.close()
        process.kill()
    for process in processes:
        process.wait()
