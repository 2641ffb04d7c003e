from __future__ import annotations

import asyncio

import pytest

from dicomcore.admission import Admission


class Visitors:
    """Tasks that go in, and stay until they are let out."""

    def __init__(self, limit: int) -> None:
        self.admission = Admission(limit)
        self.inside: list[str] = []
        self._doors: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def send(self, name: str, size: int) -> None:
        self._doors[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._visit(name, size))
        await self._settle()

    async def let_out(self, name: str) -> None:
        self._doors[name].set()
        await self._settle()

    async def drop(self, name: str) -> None:
        self.tasks[name].cancel()
        await self._settle()

    async def _visit(self, name: str, size: int) -> None:
        async with self.admission.room(size):
            self.inside.append(name)
            try:
                await self._doors[name].wait()
            finally:
                self.inside.remove(name)

    async def _settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)


async def test_work_waits_until_there_is_room() -> None:
    visitors = Visitors(10)
    for name, size in (("a", 6), ("b", 4), ("c", 1)):
        await visitors.send(name, size)
    assert visitors.inside == ["a", "b"]
    await visitors.let_out("b")
    assert visitors.inside == ["a", "c"]


async def test_nobody_overtakes() -> None:
    visitors = Visitors(10)
    for name, size in (("a", 6), ("large", 8), ("small", 1)):
        await visitors.send(name, size)
    assert visitors.inside == ["a"]
    await visitors.let_out("a")
    assert visitors.inside == ["large", "small"]


async def test_what_is_too_large_has_its_turn_alone() -> None:
    visitors = Visitors(10)
    for name, size in (("a", 1), ("huge", 1000), ("b", 1)):
        await visitors.send(name, size)
    assert visitors.inside == ["a"]
    await visitors.let_out("a")
    assert visitors.inside == ["huge"]
    await visitors.let_out("huge")
    assert visitors.inside == ["b"]


@pytest.mark.parametrize("name", ["inside", "waiting"])
async def test_work_that_is_cancelled_leaves_its_room_to_others(name: str) -> None:
    visitors = Visitors(10)
    for one, size in (("inside", 6), ("waiting", 8), ("small", 4)):
        await visitors.send(one, size)
    await visitors.drop(name)
    assert visitors.inside == (["waiting"] if name == "inside" else ["inside", "small"])
    await visitors.let_out("inside" if name == "waiting" else "waiting")
    assert visitors.inside == ["small"]


async def test_work_that_is_cancelled_when_its_turn_has_come_takes_no_room() -> None:
    visitors = Visitors(10)
    await visitors.send("a", 10)
    await visitors.send("b", 10)
    visitors._doors["a"].set()
    while "a" in visitors.inside:
        await asyncio.sleep(0)
    visitors.tasks["b"].cancel()
    await visitors.send("c", 10)
    assert visitors.inside == ["c"]


async def test_an_error_gives_the_room_back() -> None:
    admission = Admission(10)
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"):
            async with admission.room(10):
                raise ValueError("broken")
