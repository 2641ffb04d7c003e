import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing

import pytest

from dicomcore.bridge.shared_retrieve import Announce, SharedRetrieves
from dicomcore.errors import DimseFailure
from dicomcore.resources import Resource

STUDY = Resource("1")
Run = Callable[[Announce], Awaitable[None]]


def instance(number: int) -> Resource:
    return Resource("1", "1.1", f"1.1.{number}")


class Bringing:
    """Brings instances as a test lets it, and remembers what happened to it."""

    def __init__(self, number: int = 3, *, size: int = 1, failure: Exception | None = None) -> None:
        self.number = number
        self.size = size
        self.failure = failure
        self.starts = 0
        self.announced = 0
        self.was_cancelled = False
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def __call__(self, resource: Resource, announce: Announce) -> None:
        self.starts += 1
        try:
            for number in range(self.number):
                await self.may_go_on.wait()
                await asyncio.sleep(0)
                self.announced += 1
                await announce(instance(number), self.size)
            if self.failure is not None:
                raise self.failure
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise


async def read(retrieves: SharedRetrieves) -> list[Resource]:
    return [one async for one in retrieves.read(STUDY)]


async def settle() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def test_a_reader_gets_everything_in_order() -> None:
    assert await read(SharedRetrieves(Bringing())) == [instance(0), instance(1), instance(2)]


async def test_readers_of_the_same_resource_share_one_retrieve() -> None:
    bringing = Bringing()
    retrieves = SharedRetrieves(bringing)
    found = await asyncio.gather(*(read(retrieves) for _ in range(10)))
    assert bringing.starts == 1
    assert all(one == [instance(0), instance(1), instance(2)] for one in found)


async def test_who_comes_late_gets_everything_too() -> None:
    retrieves = SharedRetrieves(Bringing())
    async with aclosing(retrieves.read(STUDY)) as first:
        await anext(first)
        assert await read(retrieves) == [instance(0), instance(1), instance(2)]


async def test_the_next_reader_starts_anew() -> None:
    bringing = Bringing()
    retrieves = SharedRetrieves(bringing)
    await read(retrieves)
    await read(retrieves)
    assert bringing.starts == 2
    assert len(retrieves) == 0


async def test_a_retrieve_is_cancelled_when_its_only_reader_goes_away() -> None:
    bringing = Bringing(1_000)
    retrieves = SharedRetrieves(bringing)
    async with aclosing(retrieves.read(STUDY)) as reader:
        await anext(reader)
    assert bringing.was_cancelled
    assert len(retrieves) == 0


async def test_a_retrieve_goes_on_while_one_reader_is_left() -> None:
    bringing = Bringing(5)
    retrieves = SharedRetrieves(bringing)
    async with aclosing(retrieves.read(STUDY)) as stays:
        await anext(stays)
        async with aclosing(retrieves.read(STUDY)) as goes:
            await anext(goes)
        assert len([one async for one in stays]) == 4
    assert not bringing.was_cancelled


async def test_a_reader_that_is_cancelled_has_gone_away() -> None:
    bringing = Bringing()
    bringing.may_go_on.clear()
    retrieves = SharedRetrieves(bringing)
    task = asyncio.create_task(read(retrieves))
    await settle()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert bringing.was_cancelled


async def test_who_comes_while_a_retrieve_is_being_cancelled_starts_anew() -> None:
    bringing = Bringing(1_000)
    retrieves = SharedRetrieves(bringing, ahead_instances=2)
    reader = retrieves.read(STUDY)
    await anext(reader)
    await asyncio.gather(reader.aclose(), anext(retrieves.read(STUDY)))
    assert bringing.starts == 2
    await retrieves.close()


async def test_a_retrieve_is_ahead_by_a_limited_number_of_instances() -> None:
    bringing = Bringing(1_000)
    retrieves = SharedRetrieves(bringing, ahead_instances=4)
    async with aclosing(retrieves.read(STUDY)) as reader:
        await anext(reader)
        await settle()
        assert bringing.announced == 6


async def test_a_retrieve_is_ahead_by_a_limited_number_of_bytes() -> None:
    bringing = Bringing(1_000, size=100)
    retrieves = SharedRetrieves(bringing, ahead_bytes=250)
    async with aclosing(retrieves.read(STUDY)) as reader:
        await anext(reader)
        await settle()
        assert bringing.announced == 4


async def test_a_retrieve_does_not_stand_still_for_ever() -> None:
    bringing = Bringing(10)
    retrieves = SharedRetrieves(bringing, ahead_instances=1, patience=0.01)
    async with aclosing(retrieves.read(STUDY)) as reader:
        await anext(reader)
        async with asyncio.timeout(20):
            while bringing.announced < 10:
                await asyncio.sleep(0.01)
        assert bringing.announced == 10


async def test_one_instance_may_be_larger_than_all_that_may_be_ahead() -> None:
    retrieves = SharedRetrieves(Bringing(3, size=1_000), ahead_bytes=10)
    assert len(await read(retrieves)) == 3


async def test_the_reader_that_is_furthest_decides() -> None:
    bringing = Bringing(100)
    retrieves = SharedRetrieves(bringing, ahead_instances=4)
    async with aclosing(retrieves.read(STUDY)) as slow:
        await anext(slow)
        assert len(await read(retrieves)) == 100
        assert len([one async for one in slow]) == 99


async def test_an_instance_is_told_once() -> None:
    async def bring(resource: Resource, announce: Announce) -> None:
        await announce(instance(1), 1)
        await announce(instance(1), 1)

    assert await read(SharedRetrieves(bring)) == [instance(1)]


async def test_all_readers_raise_what_the_retrieve_raised_behind_what_came_before() -> None:
    retrieves = SharedRetrieves(Bringing(2, failure=DimseFailure(0xB000, "one failed")))
    found: list[Resource] = []

    async def collect() -> None:
        async for one in retrieves.read(STUDY):
            found.append(one)

    outcomes = await asyncio.gather(collect(), collect(), return_exceptions=True)
    assert [str(one) for one in outcomes] == ["status B000: one failed"] * 2
    assert len(found) == 4


async def test_everything_can_be_waited_for() -> None:
    bringing = Bringing(100)
    await SharedRetrieves(bringing, ahead_instances=2).finish(STUDY)
    assert bringing.announced == 100


async def test_closing_ends_every_retrieve() -> None:
    bringing = Bringing(1_000)
    retrieves = SharedRetrieves(bringing, ahead_instances=2)
    reader = retrieves.read(STUDY)
    await anext(reader)
    await retrieves.close()
    assert bringing.was_cancelled
    with pytest.raises(DimseFailure):
        while True:
            await anext(reader)
