import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from index_fixtures import open_index, sqlite_url

from dicomcore.delivery.progress import Position, Progress
from dicomcore.delivery.runner import Runner
from dicomcore.errors import PeerUnreachable
from dicomcore.index import Index, TransferTable
from dicomcore.resources import Resource
from dicomcore.threads import Threads
from dicomcore.transfer import Transfer, TransferKind, TransferState

Carry = Callable[[Progress], Awaitable[None]]


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with open_index(sqlite_url(tmp_path)) as opened:
        yield opened


@pytest.fixture
def table(index: Index) -> TransferTable:
    return index.transfers


@pytest.fixture
def threads() -> Iterator[Threads]:
    made = Threads(4)
    yield made
    made.close()


def add(table: TransferTable, name: str) -> None:
    table.add(Transfer(name, TransferKind.SEND, "PACS", (Resource("1"), Resource("2"))))


def running(table: TransferTable, threads: Threads, carry: Carry, **settings: float) -> Runner:
    return Runner(table, {TransferKind.SEND: carry}, threads, **settings)  # type: ignore[arg-type]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


def state(table: TransferTable, name: str) -> str:
    found = table.get(name)
    return "" if found is None else found.state.value


async def forever(_progress: Progress) -> None:
    await asyncio.Event().wait()


async def quickly(progress: Progress) -> None:
    progress.set_total(1)
    progress.complete()


async def test_what_waits_is_carried_out(table: TransferTable, threads: Threads) -> None:
    add(table, "a")
    runner = running(table, threads, quickly)
    await runner.start()
    await until(lambda: state(table, "a") == "completed")
    add(table, "b")
    runner.look()
    await until(lambda: state(table, "b") == "completed")
    await runner.stop()
    found = table.get("b")
    assert found is not None
    assert (found.total, found.completed, found.attempts) == (1, 1, 1)


async def test_no_more_than_the_limit_run_at_the_same_time_and_in_order(table: TransferTable, threads: Threads) -> None:
    for name in "abcd":
        add(table, name)
    begun: list[str] = []
    go_on = asyncio.Event()

    async def carry(progress: Progress) -> None:
        begun.append(progress.transfer.id)
        await go_on.wait()

    runner = running(table, threads, carry, limit=2)
    await runner.start()
    await until(lambda: len(begun) == 2)
    await asyncio.sleep(0.6)  # it looks again
    assert begun == ["a", "b"]
    go_on.set()
    await until(lambda: all(state(table, name) == "completed" for name in "abcd"))
    assert begun == ["a", "b", "c", "d"]
    await runner.stop()


async def test_progress_can_be_seen_while_it_runs(table: TransferTable, threads: Threads) -> None:
    add(table, "a")
    counted = 0

    async def carry(progress: Progress) -> None:
        nonlocal counted
        progress.set_total(200)
        while counted < 200:
            progress.complete()
            counted += 1
            await asyncio.sleep(0.01)

    runner = running(table, threads, carry)
    await runner.start()
    seen: set[int] = set()
    while state(table, "a") != "completed":
        found = table.get("a")
        assert found is not None
        seen.add(found.completed)
        await asyncio.sleep(0.01)
    await runner.stop()
    assert 2 < len(seen) < 50


async def test_problems_with_instances_make_it_fail(table: TransferTable, threads: Threads) -> None:
    async def carry(progress: Progress) -> None:
        progress.complete()
        progress.fail("1.2: status A900")

    add(table, "a")
    runner = running(table, threads, carry)
    await runner.start()
    await until(lambda: state(table, "a") == "failed")
    await runner.stop()
    found = table.get("a")
    assert found is not None
    assert (found.completed, found.failed, found.problems) == (1, 1, ("1.2: status A900",))


async def test_an_error_makes_it_fail_with_a_sentence(table: TransferTable, threads: Threads) -> None:
    async def carry(progress: Progress) -> None:
        if progress.transfer.id == "a":
            raise PeerUnreachable("127.0.0.1:1", "connection refused")
        raise KeyError("Doe^Jane")

    for name in "ab":
        add(table, name)
    runner = running(table, threads, carry)
    await runner.start()
    await until(lambda: {state(table, "a"), state(table, "b")} == {"failed"})
    await runner.stop()
    problems = [transfer.problems for transfer in table.all(2)]
    expected = ("an error of this program: KeyError",), ("127.0.0.1:1 cannot be reached: connection refused",)
    assert problems == list(expected)


async def test_what_runs_when_it_is_stopped_waits_with_its_position(table: TransferTable, threads: Threads) -> None:
    async def carry(progress: Progress) -> None:
        progress.complete(3)
        progress.end_resource()
        await forever(progress)

    add(table, "a")
    runner = running(table, threads, carry)
    await runner.start()
    await until(lambda: state(table, "a") == "running")
    await runner.stop()
    assert state(table, "a") == "waiting"
    (claimed,) = table.claim("another", 1, 0)
    assert Position.read(claimed.position) == Position(1, 3)


async def test_what_is_cancelled_by_another_process_stops(table: TransferTable, threads: Threads) -> None:
    stopped = asyncio.Event()

    async def carry(progress: Progress) -> None:
        try:
            await forever(progress)
        finally:
            stopped.set()

    add(table, "a")
    runner = running(table, threads, carry)
    await runner.start()
    await until(lambda: state(table, "a") == "running")
    table.cancel("a")
    async with asyncio.timeout(10):
        await stopped.wait()
    await runner.stop()
    assert state(table, "a") == "cancelled"


async def test_what_is_removed_stops_and_leaves_room(table: TransferTable, threads: Threads) -> None:
    async def carry(progress: Progress) -> None:
        if progress.transfer.id == "a":
            await forever(progress)

    for name in "ab":
        add(table, name)
    runner = running(table, threads, carry, limit=1)
    await runner.start()
    await until(lambda: state(table, "a") == "running")
    table.remove("a")
    runner.look()
    await until(lambda: state(table, "b") == "completed")
    await runner.stop()
    assert state(table, "a") == ""


async def test_what_a_process_that_is_no_more_has_begun_is_gone_on_with_at_once(
    table: TransferTable, threads: Threads
) -> None:
    command = [sys.executable, "-c", "from dicomcore.delivery.owner import new_owner; print(new_owner())"]
    gone = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    add(table, "a")
    table.claim(gone, 1, 0)
    runner = running(table, threads, quickly)
    await runner.start()
    await until(lambda: state(table, "a") == "completed")
    await runner.stop()


async def test_what_a_process_elsewhere_has_begun_is_its_own_until_it_is_silent(
    table: TransferTable, threads: Threads
) -> None:
    add(table, "a")
    table.claim("elsewhere/1/1/x", 1, 0)
    runner = running(table, threads, quickly)
    await runner.start()
    await asyncio.sleep(0.6)
    assert state(table, "a") == "running"
    await runner.stop()
    runner = running(table, threads, quickly, stale_seconds=0.5)
    await runner.start()
    await until(lambda: state(table, "a") == "completed")
    await runner.stop()


async def test_two_processes_share_what_waits(table: TransferTable, threads: Threads) -> None:
    begun: list[str] = []

    async def carry(progress: Progress) -> None:
        begun.append(progress.transfer.id)
        await asyncio.sleep(0.01)

    for number in range(12):
        add(table, f"{number:02}")
    runners = [running(table, threads, carry, limit=2) for _ in range(2)]
    for runner in runners:
        await runner.start()
    await until(lambda: {one.state for one in table.all(100)} == {TransferState.COMPLETED})
    for runner in runners:
        await runner.stop()
    assert sorted(begun) == [f"{number:02}" for number in range(12)]


async def test_a_runner_that_was_never_started_is_stopped(table: TransferTable, threads: Threads) -> None:
    add(table, "a")
    await running(table, threads, quickly).stop()
    assert state(table, "a") == "waiting"
