import asyncio
import gc
import mmap
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import uvloop

from dicomcore import workers as module
from dicomcore.errors import InvalidUid, LimitExceeded, WorkerFailed, WorkersUnavailable
from dicomcore.rendering import RenderingOptions
from dicomcore.uids import check_uid
from dicomcore.workers import Workers

PID = "str(__import__('os').getpid()).encode()"


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    opened = Workers(2, cpu_seconds=1, wall_seconds=10, memory_bytes=128 << 20, modules=())
    yield opened
    await opened.close()


def is_there(pid: bytes) -> bool:
    """Whether there is such a process, be it a zombie."""
    return Path(f"/proc/{int(pid)}").exists()


async def until(predicate: object) -> None:
    """Let others work until something is true."""
    while not predicate():  # type: ignore[operator]
        await asyncio.sleep(0.005)


async def test_a_function_runs_in_another_process_and_gives_its_result(workers: Workers) -> None:
    pid = await workers.run(eval, PID)
    assert int(pid) != os.getpid()
    assert await workers.run(int.to_bytes, 258, 2, byteorder="big") == b"\x01\x02"
    assert await workers.run(list, (b"a", b"b")) == [b"a", b"b"]
    assert await workers.run(tuple, [b"a", b"b"]) == (b"a", b"b")


async def test_all_kinds_of_arguments_arrive(workers: Workers, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert await workers.run(b"".join, [memoryview(mapped)[2:5], b"x", bytearray(b"y")]) == b"234xy"
    assert await workers.run(np.ndarray.tobytes, np.arange(3, dtype=np.uint8)) == b"\0\1\2"
    options = {"options": RenderingOptions(quality=70)}
    assert await workers.run(eval, "str(options.quality).encode()", options) == b"70"


async def test_an_error_of_ours_comes_back(workers: Workers) -> None:
    with pytest.raises(InvalidUid) as caught:
        await workers.run(check_uid, "1..2", "Study Instance UID")  # type: ignore[type-var]
    assert (caught.value.uid, caught.value.name) == ("1..2", "Study Instance UID")


async def test_one_process_is_kept_for_one_call_after_the_other(workers: Workers) -> None:
    assert len({await workers.run(eval, PID) for _ in range(10)}) == 1


async def test_calls_at_the_same_time_share_as_many_processes_as_there_may_be(workers: Workers) -> None:
    wait = f"[__import__('time').sleep(0.1), {PID}][1]"
    pids = await asyncio.gather(*(workers.run(eval, wait) for _ in range(6)))
    assert len(set(pids)) == 2
    assert (workers.running, workers.waiting) == (0, 0)


async def test_tasks_run_in_the_order_in_which_they_came() -> None:
    workers = Workers(1, modules=())
    done: list[int] = []

    async def call(number: int) -> None:
        done.append((await workers.run(bytes, [number]))[0])

    await asyncio.gather(*map(call, range(20)))
    assert done == list(range(20))
    await workers.close()


async def test_a_process_that_is_warm_takes_the_first_task() -> None:
    workers = Workers(1, modules=("colorsys",))
    await workers.warm()
    await workers.warm()
    assert await workers.run(eval, "repr('colorsys' in __import__('sys').modules).encode()") == b"True"
    assert len(workers._processes) == 1
    await workers.close()


async def test_decoding_and_rendering_are_there_before_the_first_task_and_storage_and_index_are_not() -> None:
    workers = Workers(1)
    there = await workers.run(eval, "' '.join(__import__('sys').modules).encode()")
    assert {b"numpy", b"imagecodecs", b"PIL.Image", b"dicomcore.rendering.render"} <= set(there.split())
    assert not {b"sqlalchemy", b"fastapi", b"dicomcore.index"} & set(there.split())
    await workers.close()


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("__import__('os').abort()", "SIGABRT"),
        ("__import__('ctypes').string_at(0)", "SIGSEGV"),
        ("__import__('sys').exit(3)", "status 3"),
        ("sum(iter(int, 1))", "more processor time"),
        ("bytes(200 << 20)", "more memory"),
        ("__import__('os').write(3, b'nonsense' * 9)", "no sense"),
        ("__import__('os').close(3)", "status 1"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
async def test_what_goes_wrong_in_a_process_is_an_error_and_the_next_task_works(
    workers: Workers, expression: str, reason: str
) -> None:
    with pytest.raises(WorkerFailed, match=reason):
        await workers.run(eval, expression)
    assert await workers.run(eval, "b'works'") == b"works"
    assert workers.failures == 1


async def test_a_task_that_takes_too_long_is_ended() -> None:
    workers = Workers(1, wall_seconds=0.5, modules=())
    pid = await workers.run(eval, PID)
    with pytest.raises(WorkerFailed, match="more time"):
        await workers.run(eval, "__import__('time').sleep(60)")
    assert not is_there(pid)
    assert await workers.run(eval, "b'works'") == b"works"
    await workers.close()


async def test_those_that_wait_get_another_process_when_one_dies() -> None:
    workers = Workers(1, modules=())
    fatal = [workers.run(eval, "__import__('os').abort()") for _ in range(3)]
    results = await asyncio.gather(*fatal, *(workers.run(bytes, 1) for _ in range(3)), return_exceptions=True)
    assert [type(one) for one in results] == [WorkerFailed] * 3 + [bytes] * 3
    await workers.close()


async def test_an_idle_process_that_is_killed_is_replaced(workers: Workers) -> None:
    pid = await workers.run(eval, PID)
    os.kill(int(pid), 9)
    await until(lambda: not is_there(pid))
    assert await workers.run(eval, PID) != pid
    assert workers.failures == 0


def wait_for_state(pid: bytes, state: str) -> None:
    """Wait until a process is stopped (T) or dead (Z), while nobody else here works and could notice."""
    while Path(f"/proc/{int(pid)}/stat").read_text().rpartition(")")[2].split()[0] != state:
        time.sleep(0.001)


def stop(pid: bytes) -> None:
    """Keep an idle process from reading what comes next."""
    os.kill(int(pid), signal.SIGSTOP)
    wait_for_state(pid, "T")


async def test_an_idle_process_that_was_killed_just_now_costs_no_task(workers: Workers) -> None:
    pid = await workers.run(eval, PID)
    os.kill(int(pid), 9)
    wait_for_state(pid, "Z")
    assert await workers.run(eval, PID) != pid
    assert workers.failures == 0


@pytest.mark.parametrize("size", [1, 30 << 20])
async def test_a_task_that_a_process_has_not_read_when_it_is_killed_runs_in_another(
    workers: Workers, size: int
) -> None:
    pid = await workers.run(eval, PID)
    stop(pid)
    task = asyncio.create_task(workers.run(eval, PID, {"large": bytes(size)}))
    await until(lambda: workers.running == 1)
    os.kill(int(pid), 9)
    assert await task != pid
    assert workers.failures == 0


async def test_a_task_is_tried_once_more_and_no_more(workers: Workers, tmp_path: Path) -> None:
    arrive = f"__import__('tempfile').mkdtemp(dir={str(tmp_path)!r})"
    is_alone = f"lambda: len(__import__('os').listdir({str(tmp_path)!r})) < 2"
    wait = f"[__import__('time').sleep(0.01) for _ in iter({is_alone}, False)]"
    both = await asyncio.gather(*(workers.run(eval, f"[{arrive}, {wait}, {PID}][2]") for _ in range(2)))
    assert len(set(both)) == 2
    for pid in both:
        stop(pid)
    task = asyncio.create_task(workers.run(eval, PID))
    for _ in both:
        await until(lambda: workers.running == 1)
        (busy,) = (str(one.process.pid).encode() for one in workers._workers if one.task is not None)
        os.kill(int(busy), 9)
        await until(lambda busy=busy: not is_there(busy))
    with pytest.raises(WorkerFailed, match="killed"):
        await task
    assert workers.failures == 1


async def test_a_task_that_kills_its_process_is_not_repeated(workers: Workers, tmp_path: Path) -> None:
    await workers.run(bytes, 1)
    begin = f"__import__('tempfile').mkdtemp(dir={str(tmp_path)!r})"
    with pytest.raises(WorkerFailed, match="killed"):
        await workers.run(eval, f"[{begin}, __import__('os').kill(__import__('os').getpid(), 9)]")
    assert len(list(tmp_path.iterdir())) == 1
    assert workers.failures == 1


async def test_a_process_that_has_kept_memory_is_replaced_and_nobody_notices(workers: Workers) -> None:
    keep = "[__import__('sys').modules.__setitem__('kept', bytearray(100 << 20)), b'kept'][1]"
    assert [await workers.run(eval, keep) for _ in range(3)] == [b"kept"] * 3
    assert workers.failures == 0


async def test_who_is_cancelled_while_waiting_does_not_run(tmp_path: Path) -> None:
    workers = Workers(1, modules=())
    first = asyncio.create_task(workers.run(eval, "[__import__('time').sleep(0.2), b'first'][1]"))
    path = tmp_path / "made"
    second = asyncio.create_task(workers.run(os.mkdir, path))  # type: ignore[type-var]
    third = asyncio.create_task(workers.run(bytes, 1))
    await until(lambda: workers.running == 1)
    second.cancel()
    assert await first == b"first"
    assert await third == b"\0"
    assert second.cancelled() and not path.exists()
    await workers.close()


async def test_who_is_cancelled_while_running_leaves_the_process_to_finish() -> None:
    workers = Workers(1, modules=())
    pid = await workers.run(eval, PID)
    running = asyncio.create_task(workers.run(eval, "[__import__('time').sleep(0.1), b''][1]"))
    await until(lambda: workers.running == 1)
    running.cancel()
    assert await workers.run(eval, PID) == pid
    assert running.cancelled() and workers.failures == 0
    await workers.close()


async def test_too_many_waiting_tasks_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 3)
    workers = Workers(1, modules=())
    results = await asyncio.gather(*(workers.run(bytes, 1) for _ in range(5)), return_exceptions=True)
    assert [type(one) for one in results] == [bytes] * 3 + [WorkersUnavailable] * 2
    await workers.close()


async def test_arguments_beyond_all_memory_are_refused_at_once(workers: Workers) -> None:
    with pytest.raises(LimitExceeded):
        await workers.run(b"".join, [memoryview(bytes(70 << 20)) for _ in range(2)])
    assert not workers._processes


async def test_what_cannot_be_started_fails_all_that_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    workers = Workers(2, modules=("no_such_module",))
    results = await asyncio.gather(*(workers.run(bytes, 1) for _ in range(4)), return_exceptions=True)
    assert [type(one) for one in results] == [WorkersUnavailable] * 4
    monkeypatch.setattr("sys.executable", "/no/such/python")
    with pytest.raises(WorkersUnavailable):
        await workers.run(bytes, 1)
    await workers.close()


async def test_closing_ends_all_processes_and_all_that_wait(workers: Workers) -> None:
    pids = [await workers.run(eval, PID)]
    calls = [asyncio.create_task(workers.run(eval, "__import__('time').sleep(60)")) for _ in range(4)]
    await until(lambda: workers.running == 2)
    pids += [str(process.pid).encode() for process in workers._processes]
    await workers.close()
    assert [type(one.exception()) for one in calls] == [WorkersUnavailable] * 4
    assert not any(map(is_there, pids))
    with pytest.raises(WorkersUnavailable):
        await workers.run(bytes, 1)
    await workers.warm()
    await workers.close()
    assert not workers._processes


async def test_closing_while_a_process_starts_ends_it_too() -> None:
    workers = Workers(1, modules=())
    await workers.warm()
    await workers.close()
    assert not workers._processes


def test_the_event_loop_of_the_server_serves_them_too() -> None:
    async def call() -> list[bytes]:
        workers = Workers(2, modules=())
        large = bytes(3_000_000)
        results = await asyncio.gather(*(workers.run(b"".join, [large, b"x"]) for _ in range(4)))
        with pytest.raises(WorkerFailed):
            await workers.run(eval, "__import__('os').abort()")
        await workers.close()
        return results

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert [len(one) for one in runner.run(call())] == [3_000_001] * 4


def test_workers_that_were_forgotten_leave_no_process_behind() -> None:
    async def forget() -> bytes:
        return await Workers(1, modules=()).run(eval, PID)

    pid = asyncio.run(forget())
    gc.collect()
    assert not is_there(pid)


def test_processes_end_with_the_server(tmp_path: Path) -> None:
    script = (
        "import asyncio, os\nfrom dicomcore.workers import Workers\n"
        f"async def die():\n    pid = await Workers(1, modules=()).run(eval, {PID!r})\n"
        f"    open({str(tmp_path / 'pid')!r}, 'wb').write(pid)\n    os.kill(os.getpid(), 9)\nasyncio.run(die())\n"
    )
    (tmp_path / "script.py").write_text(script)
    assert subprocess.run([sys.executable, tmp_path / "script.py"]).returncode == -9
    deadline = time.monotonic() + 10
    while is_there((tmp_path / "pid").read_bytes()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_there((tmp_path / "pid").read_bytes())
