import asyncio

import pytest

from dicomcore.errors import AssociationAborted, LimitExceeded, StorageFull
from dicomcore.net.streams import DataStream


class Waiting:
    """How many bytes wait."""

    def __init__(self) -> None:
        self.size = 0

    def __call__(self, size: int) -> None:
        self.size += size


def stream_of(*fragments: bytes, complete: bool = True) -> DataStream:
    stream = DataStream(Waiting())
    for fragment in fragments:
        stream.push(memoryview(fragment))
    if complete:
        stream.end()
    return stream


async def test_fragments_come_in_order() -> None:
    assert [bytes(one) async for one in stream_of(b"one", b"two")] == [b"one", b"two"]


async def test_fragments_that_come_later_are_waited_for() -> None:
    stream = stream_of(b"one", complete=False)
    reading = asyncio.create_task(stream.read())
    await asyncio.sleep(0)
    stream.push(memoryview(b"two"))
    await asyncio.sleep(0)
    stream.end()
    assert await reading == b"onetwo"


async def test_an_empty_data_set_has_no_fragments() -> None:
    assert [one async for one in stream_of()] == []


async def test_what_nobody_asked_for_is_counted() -> None:
    waiting = Waiting()
    stream = DataStream(waiting)
    stream.push(memoryview(b"12345"))
    assert waiting.size == 5
    await anext(stream)
    assert waiting.size == 0


async def test_a_sink_takes_what_waits_and_what_follows() -> None:
    stream = stream_of(b"one", complete=False)
    taken: list[bytes] = []
    feeding = asyncio.create_task(stream.feed_to(lambda fragment: taken.append(bytes(fragment))))
    await asyncio.sleep(0)
    stream.push(memoryview(b"two"))
    assert taken == [b"one", b"two"]
    stream.end()
    assert await feeding is True


async def test_a_sink_can_have_enough_of_what_waits() -> None:
    stream = stream_of(b"one", b"two")
    taken = bytearray()
    assert await stream.feed_to(taken.extend, until=lambda: len(taken) >= 3) is False
    assert taken == b"one" and [bytes(one) async for one in stream] == [b"two"]


async def test_a_sink_can_have_enough_of_what_follows() -> None:
    stream = stream_of(complete=False)
    taken = bytearray()
    feeding = asyncio.create_task(stream.feed_to(taken.extend, until=lambda: len(taken) >= 3))
    await asyncio.sleep(0)
    for fragment in (b"one", b"two"):
        stream.push(memoryview(fragment))
    stream.end()
    assert await feeding is False
    assert taken == b"one" and await stream.read() == b"two"


async def test_what_a_sink_raises_about_what_waits_reaches_its_owner_and_the_rest_is_dropped() -> None:
    waiting = Waiting()
    stream = DataStream(waiting)
    for fragment in (b"one", b"two"):
        stream.push(memoryview(fragment))
    with pytest.raises(StorageFull):
        await stream.feed_to(full)
    stream.push(memoryview(b"three"))
    assert waiting.size == 0


def full(fragment: memoryview) -> None:
    raise StorageFull(f"no room for {len(fragment)} bytes")


async def test_what_a_sink_raises_about_what_follows_reaches_its_owner_and_the_rest_is_dropped() -> None:
    waiting = Waiting()
    stream = DataStream(waiting)
    feeding = asyncio.create_task(stream.feed_to(full))
    await asyncio.sleep(0)
    for fragment in (b"one", b"two"):
        stream.push(memoryview(fragment))
    stream.end()
    with pytest.raises(StorageFull):
        await feeding
    assert waiting.size == 0


async def test_a_cancelled_sink_is_left_alone() -> None:
    stream = stream_of(complete=False)
    taken = bytearray()
    feeding = asyncio.create_task(stream.feed_to(taken.extend))
    await asyncio.sleep(0)
    feeding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await feeding
    stream.push(memoryview(b"one"))
    assert taken == b""


async def test_a_data_set_that_breaks_off_raises_after_what_there_is() -> None:
    stream = stream_of(b"one", complete=False)
    stream.fail(AssociationAborted(0, 0))
    assert await anext(stream) == b"one"
    with pytest.raises(AssociationAborted):
        await anext(stream)


async def test_a_sink_hears_that_a_data_set_breaks_off() -> None:
    stream = stream_of(b"one", complete=False)
    feeding = asyncio.create_task(stream.feed_to(lambda _: None))
    await asyncio.sleep(0)
    stream.fail(AssociationAborted(0, 0))
    with pytest.raises(AssociationAborted):
        await feeding


async def test_a_complete_data_set_does_not_fail_any_more() -> None:
    stream = stream_of(b"one")
    stream.fail(AssociationAborted(0, 0))
    assert await stream.read() == b"one"


async def test_what_is_discarded_does_not_wait() -> None:
    waiting = Waiting()
    stream = DataStream(waiting)
    stream.push(memoryview(b"one"))
    stream.discard()
    stream.push(memoryview(b"two"))
    stream.end()
    assert waiting.size == 0


async def test_a_data_set_that_should_be_small_is_not_read_without_limit() -> None:
    stream = stream_of(b"12345", b"67890", b"more")
    with pytest.raises(LimitExceeded):
        await stream.read(limit=8)
