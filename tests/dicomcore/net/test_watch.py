import asyncio

from dicomcore.net.watch import Awaited, Watch


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_what_does_not_come_in_time_expires() -> None:
    expired: asyncio.Future[Awaited] = asyncio.get_running_loop().create_future()
    awaited = Awaited("answer", 0.01, now())
    Watch(lambda: awaited, expired.set_result, 0.01).start()
    assert await asyncio.wait_for(expired, 10) is awaited


async def test_it_looks_again_when_what_was_awaited_has_come_and_something_else_is_late() -> None:
    expired: asyncio.Future[Awaited] = asyncio.get_running_loop().create_future()
    began = now()
    asked: list[float] = []

    def awaited() -> Awaited:
        asked.append(now())
        return Awaited("answer", 0.02, began if len(asked) > 1 else now())

    Watch(awaited, expired.set_result, 0.01).start()
    assert (await asyncio.wait_for(expired, 10)).since == began
    assert len(asked) > 1


async def test_nothing_expires_while_nothing_is_awaited() -> None:
    asked: asyncio.Event = asyncio.Event()
    looks: list[None] = []

    def awaited() -> None:
        looks.append(None)
        if len(looks) == 3:
            asked.set()

    expired: list[object] = []
    watch = Watch(awaited, expired.append, 0.001)
    watch.start()
    await asyncio.wait_for(asked.wait(), 10)
    watch.stop()
    assert expired == []


async def test_what_is_stopped_asks_no_more() -> None:
    looks: list[None] = []
    watch = Watch(lambda: looks.append(None), lambda _: None, 0.001)
    watch.start()
    watch.stop()
    watch.stop()
    await asyncio.sleep(0.01)
    assert looks == []
