import asyncio
import gc
import sys
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.garbage import MANY, GarbageRounds, collect_if_quick
from app.main import create_app
from app.settings import Settings


class Thing:
    """What can refer to itself."""

    def __init__(self) -> None:
        self.own = self


@pytest.fixture
def thresholds() -> Iterator[tuple[int, int, int]]:
    before = gc.get_threshold()
    yield before
    gc.set_threshold(*before)
    gc.unfreeze()


def forgotten() -> weakref.ref[Thing]:
    """A thing that nothing refers to but itself, and that was looked through twice already."""
    thing = Thing()
    gc.collect(1)
    gc.collect(1)
    return weakref.ref(thing)


def full_rounds() -> int:
    return int(gc.get_stats()[2]["collections"])


async def test_large_data_in_the_making_are_not_looked_through_again_and_again(
    thresholds: tuple[int, int, int],
) -> None:
    rounds = GarbageRounds()
    rounds.start()
    before = full_rounds()
    data = [{"vr": "DS", "Value": [str(number)]} for number in range(300_000)]
    assert full_rounds() == before
    assert len(data) == 300_000
    await rounds.stop()


async def test_garbage_is_found_after_a_while(thresholds: tuple[int, int, int]) -> None:
    rounds = GarbageRounds(pause_seconds=0.001)
    rounds.start()
    gone = forgotten()
    for _ in range(5000):
        if gone() is None:
            break
        await asyncio.sleep(0.001)
    await rounds.stop()
    assert gone() is None


async def test_what_was_there_before_stays_out_of_it(thresholds: tuple[int, int, int]) -> None:
    rounds = GarbageRounds()
    rounds.start()
    assert gc.get_freeze_count() > 0
    await rounds.stop()
    assert gc.get_threshold() == thresholds


def test_nothing_is_looked_for_while_large_data_are_here(thresholds: tuple[int, int, int]) -> None:
    gc.set_threshold(*thresholds[:2], 3000)
    gc.collect()
    gc.freeze()
    blocks = sys.getallocatedblocks()
    gone = forgotten()
    data = [[number] for number in range(MANY)]
    gc.collect(1)
    assert not collect_if_quick(blocks)
    assert gone() is not None
    del data
    assert collect_if_quick(blocks)
    assert gone() is None


def test_what_another_thread_is_making_is_left_alone(thresholds: tuple[int, int, int]) -> None:
    gc.set_threshold(*thresholds[:2], 3000)
    gc.collect()
    gc.freeze()
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(1) as other:
            made = [other.submit(lambda: len(tuple([number] for number in range(60_000)))) for _ in range(20)]
            while not all(one.done() for one in made):
                collect_if_quick(sys.getallocatedblocks())
            assert [one.result() for one in made] == [60_000] * 20
    finally:
        sys.setswitchinterval(before)


async def test_a_server_that_runs_looks_through_all_objects_in_quiet_moments_only(
    settings: Settings, thresholds: tuple[int, int, int]
) -> None:
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        assert gc.get_threshold()[2] >= 100 * thresholds[2]
    assert gc.get_threshold() == thresholds
