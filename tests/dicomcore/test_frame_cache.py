import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from dicomcore.errors import CorruptFrame
from dicomcore.frame_cache import FrameCache, Key
from dicomcore.threads import Threads

LIMIT = 80_000


@pytest.fixture(params=["memory", "folder"])
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> FrameCache:
    return FrameCache(LIMIT, None if request.param == "memory" else tmp_path / "frames")


class Maker:
    """Makes bytes, when it may, and counts how often."""

    def __init__(self, made: bytes = b"made") -> None:
        self.count = 0
        self.cancelled = 0
        self.may = asyncio.Event()
        self._made = made

    async def __call__(self) -> bytes:
        self.count += 1
        try:
            await self.may.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return self._made


def making(made: bytes) -> Callable[[], Awaitable[bytes]]:
    async def make() -> bytes:
        return made

    return make


async def failing() -> bytes:
    raise CorruptFrame(7, "torn")


async def is_kept(cache: FrameCache, key: Key) -> bool:
    return await cache.get(key, making(b"not kept")) != b"not kept"


async def settle() -> None:
    """Let all tasks get as far as they can, those that wait for a thread too."""
    for _ in range(20):
        await asyncio.sleep(0.002)


async def test_what_was_made_once_is_kept(cache: FrameCache) -> None:
    assert await cache.get(b"key", making(b"first")) == b"first"
    assert await cache.get(b"key", making(b"second")) == b"first"
    assert await cache.get(b"other", making(b"")) == b""
    assert await cache.get(b"other", making(b"second")) == b""
    assert (cache.hits, cache.misses) == (2, 2)
    assert cache.size >= 5


async def test_tuples_are_keys_too(cache: FrameCache) -> None:
    assert await cache.get((b"digest", 1, "\ud800"), making(b"one")) == b"one"
    assert await cache.get((b"digest", 2, None), making(b"two")) == b"two"
    assert await cache.get((b"digest", 1, "\ud800"), failing) == b"one"


async def test_what_is_asked_for_by_many_is_made_once(cache: FrameCache) -> None:
    make = Maker()
    calls = [asyncio.create_task(cache.get(b"key", make)) for _ in range(16)]
    await settle()
    make.may.set()
    assert await asyncio.gather(*calls) == [b"made"] * 16
    assert (make.count, cache.misses, cache.hits) == (1, 1, 15)


async def test_different_keys_do_not_wait_for_each_other(cache: FrameCache) -> None:
    slow = Maker()
    waiting = asyncio.create_task(cache.get(b"slow", slow))
    await settle()
    assert await cache.get(b"quick", making(b"quick")) == b"quick"
    assert not waiting.done()
    slow.may.set()
    await waiting


async def test_an_error_reaches_all_who_wait_and_is_not_kept(cache: FrameCache) -> None:
    results = await asyncio.gather(*(cache.get(b"key", failing) for _ in range(3)), return_exceptions=True)
    assert [type(one) for one in results] == [CorruptFrame] * 3
    assert await cache.get(b"key", making(b"made")) == b"made"


async def test_who_leaves_leaves_the_others_undisturbed(cache: FrameCache) -> None:
    make = Maker()
    first, second, third = (asyncio.create_task(cache.get(b"key", make)) for _ in range(3))
    await settle()
    first.cancel()
    third.cancel()
    await settle()
    make.may.set()
    assert await second == b"made"
    assert first.cancelled() and third.cancelled()
    assert (make.count, make.cancelled) == (1, 0)


async def test_when_all_have_left_the_making_is_cancelled(cache: FrameCache) -> None:
    make = Maker()
    calls = [asyncio.create_task(cache.get(b"key", make)) for _ in range(2)]
    await settle()
    for call in calls:
        call.cancel()
    await settle()
    assert make.cancelled == 1
    assert await cache.get(b"key", making(b"again")) == b"again"


async def test_who_comes_when_all_have_left_has_it_made_again(cache: FrameCache) -> None:
    stubborn = asyncio.Event()

    async def ends_slowly() -> bytes:
        try:
            await asyncio.sleep(60)
        finally:
            await stubborn.wait()
        return b"never"

    leaving = asyncio.create_task(cache.get(b"key", ends_slowly))
    await settle()
    leaving.cancel()
    await settle()
    make = Maker(b"new")
    newcomers = [asyncio.create_task(cache.get(b"key", make)) for _ in range(2)]
    await settle()
    stubborn.set()
    await settle()
    make.may.set()
    assert await asyncio.gather(*newcomers) == [b"new"] * 2
    assert make.count == 1


async def test_an_error_that_nobody_waits_for_any_more_is_nobodys(cache: FrameCache) -> None:
    async def fails_on_its_way_out() -> bytes:
        try:
            await asyncio.sleep(60)
        finally:
            raise CorruptFrame(1, "torn")

    leaving = asyncio.create_task(cache.get(b"key", fails_on_its_way_out))
    await settle()
    leaving.cancel()
    await settle()
    assert leaving.cancelled()


async def test_what_is_large_passes_through(cache: FrameCache) -> None:
    assert await cache.get(b"large", making(bytes(LIMIT // 8 + 1))) == bytes(LIMIT // 8 + 1)
    assert not await is_kept(cache, b"large")
    assert await cache.get(b"fits", making(bytes(LIMIT // 8))) == bytes(LIMIT // 8)
    assert await is_kept(cache, b"fits")


async def test_nothing_is_kept_without_room() -> None:
    cache = FrameCache(0)
    assert await cache.get(b"key", making(b"made")) == b"made"
    assert not await is_kept(cache, b"key")
    assert (await cache.get(b"", making(b"")), cache.size) == (b"", 0)


async def test_the_limit_is_kept_and_what_was_used_last_stays(cache: FrameCache) -> None:
    for number in range(100):
        await cache.get((number,), making(bytes(4000)))
        await asyncio.sleep(0.002)  # so that the times of files differ
        assert await cache.get((0,), making(b"gone")) == bytes(4000)
        assert cache.size <= LIMIT
    assert await is_kept(cache, (99,))
    assert not await is_kept(cache, (1,))


async def test_files_in_the_folder_stay_within_the_limit(tmp_path: Path) -> None:
    first, second = FrameCache(LIMIT, tmp_path), FrameCache(LIMIT, tmp_path)
    for number in range(60):
        await first.get(("first", number), making(bytes(3000)))
        await second.get(("second", number), making(bytes(3000)))
        assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= LIMIT
    assert 10 < len(list(tmp_path.iterdir())) <= LIMIT // 3000


async def test_processes_share_a_folder(tmp_path: Path) -> None:
    first, second = FrameCache(LIMIT, tmp_path), FrameCache(LIMIT, tmp_path)
    await first.get(b"key", making(b"made by the first"))
    assert await second.get(b"key", failing) == b"made by the first"
    assert (second.hits, second.misses) == (1, 0)


async def test_a_start_clears_the_folder_of_our_files_and_of_no_others(tmp_path: Path) -> None:
    cache = FrameCache(LIMIT, tmp_path)
    await cache.get(b"key", making(b"made"))
    (tmp_path / "abc.12-3.part").write_bytes(b"unfinished")
    (tmp_path / "of another").write_bytes(b"kept")
    FrameCache(LIMIT, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["of another"]
    assert await cache.get(b"key", making(b"made again")) == b"made again"


async def test_the_folder_is_of_this_user_alone(tmp_path: Path) -> None:
    FrameCache(LIMIT, tmp_path / "some" / "where")
    assert (tmp_path / "some" / "where").stat().st_mode & 0o777 == 0o700


async def test_what_a_dead_process_left_unfinished_is_swept_up(tmp_path: Path) -> None:
    cache = FrameCache(LIMIT, tmp_path)
    old, young = tmp_path / "old.1-1.part", tmp_path / "young.1-2.part"
    old.write_bytes(b"")
    young.write_bytes(b"")
    os.utime(old, (0, 0))
    await cache.get(b"key", making(bytes(LIMIT // 10)))
    assert not old.exists() and young.exists()


async def test_a_folder_that_cannot_be_written_to_costs_no_answer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "frames"
    cache = FrameCache(LIMIT, folder)
    folder.rmdir()
    for number in range(3):
        assert await cache.get((number,), making(b"made")) == b"made"
    assert [record.message for record in caplog.records] == ["frames cannot be cached"]
    folder.mkdir()
    await cache.get(b"key", making(b"made"))
    assert await is_kept(cache, b"key")


async def test_files_are_read_and_written_in_the_threads_that_are_given(tmp_path: Path) -> None:
    threads = Threads(1)
    cache = FrameCache(LIMIT, tmp_path, threads)
    await cache.get(b"key", making(b"made"))
    assert await is_kept(cache, b"key")
    threads.close()
    with pytest.raises(RuntimeError):
        await cache.get(b"other", making(b"made"))


async def test_in_memory_something_is_there_or_made_at_once() -> None:
    cache = FrameCache(1000)
    assert cache.at_once(b"key", lambda: None) is None
    assert cache.at_once(b"key", lambda: b"first") == b"first"
    assert cache.at_once(b"key", lambda: b"second") == b"first"
    assert await cache.get(b"key", failing) == b"first"
    assert (cache.hits, cache.misses) == (2, 1)
    assert cache.at_once(b"large", lambda: bytes(126)) == bytes(126)
    assert cache.at_once(b"large", lambda: None) is None


async def test_what_is_being_made_is_not_made_at_once() -> None:
    cache, maker = FrameCache(1000), Maker()
    waiting = asyncio.create_task(cache.get(b"key", maker))
    await settle()
    assert cache.at_once(b"key", lambda: b"twice") is None
    maker.may.set()
    assert await waiting == b"made"
    assert cache.at_once(b"key", lambda: b"twice") == b"made"


async def test_nothing_is_read_from_a_folder_at_once(tmp_path: Path) -> None:
    cache = FrameCache(1000, tmp_path / "frames")
    assert await cache.get(b"key", making(b"made")) == b"made"
    assert cache.at_once(b"key", lambda: b"again") is None
