import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from app.read_ahead import read_ahead

Job = Callable[[], Coroutine[Any, Any, int]]


class Log:
    """What jobs have begun and ended, in order."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def job(self, number: int, delay: float = 0) -> Job:
        async def run() -> int:
            self.events.append(f"begin {number}")
            try:
                await asyncio.sleep(delay)
            except asyncio.CancelledError:
                self.events.append(f"cancel {number}")
                raise
            return number

        return run


async def test_results_come_in_order_however_long_each_takes() -> None:
    log = Log()
    jobs = [log.job(number, delay) for number, delay in enumerate((0.02, 0, 0.01, 0))]
    assert [result async for result in read_ahead(jobs)] == [0, 1, 2, 3]


async def test_no_more_are_begun_than_the_depth() -> None:
    log = Log()
    results = read_ahead([log.job(number) for number in range(10)], depth=3)
    assert await anext(results) == 0
    await asyncio.sleep(0.01)
    assert log.events == ["begin 0", "begin 1", "begin 2"]
    await results.aclose()


async def test_who_stops_early_cancels_what_has_begun() -> None:
    log = Log()
    results = read_ahead([log.job(0), log.job(1, 60), log.job(2, 60)], depth=3)
    await anext(results)
    await results.aclose()
    assert sorted(log.events[3:]) == ["cancel 1", "cancel 2"]


async def test_a_failure_comes_in_its_turn_and_cancels_what_follows() -> None:
    async def fail() -> int:
        raise ValueError("broken")

    log = Log()
    results = read_ahead([log.job(0, 0.01), fail, log.job(2, 60)], depth=3)
    assert await anext(results) == 0
    with pytest.raises(ValueError, match="broken"):
        await anext(results)
    assert log.events[-1] == "cancel 2"


async def test_nothing_to_do_is_nothing_done() -> None:
    assert [result async for result in read_ahead([])] == []
