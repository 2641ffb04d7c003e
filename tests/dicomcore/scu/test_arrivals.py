import asyncio
from pathlib import Path

import pytest
from association_pair import settled

from dicomcore.errors import AssociationAborted
from dicomcore.scu.arrivals import Arrivals, Received
from dicomcore.storage import LocalSpool


@pytest.fixture
def received(tmp_path: Path) -> Received:
    spool = LocalSpool(tmp_path / "spool", memory_limit=1000, size_limit=1000)
    return Received(spool, "1.2.840.10008.5.1.4.1.1.2", "1.2.3.4", "1.2.840.10008.1.2.1")


async def test_an_instance_is_answered_with_success_when_the_next_is_asked_for(received: Received) -> None:
    arrivals = Arrivals()
    answer = asyncio.ensure_future(arrivals.take(received))
    assert await anext(arrivals) is received
    await asyncio.sleep(0)
    assert not answer.done()
    arrivals.end()
    assert [one async for one in arrivals] == []
    assert await answer == 0


async def test_an_instance_is_answered_with_what_its_reader_says(received: Received) -> None:
    arrivals = Arrivals()
    answers = [asyncio.ensure_future(arrivals.take(received)) for _ in range(2)]
    await asyncio.sleep(0)
    arrivals.end()
    seen = 0
    async for _ in arrivals:
        arrivals.answer(0xA900 if seen == 0 else 0xB000)
        seen += 1
    assert await asyncio.gather(*answers) == [0xA900, 0xB000]


async def test_a_reader_waits_for_what_is_to_come(received: Received) -> None:
    arrivals = Arrivals()
    reading = asyncio.ensure_future(anext(arrivals))
    await asyncio.sleep(0)
    assert not reading.done()
    answer = asyncio.ensure_future(arrivals.take(received))
    assert await reading is received
    arrivals.close()
    await answer


async def test_the_problem_that_ended_it_is_raised_behind_what_has_arrived(received: Received) -> None:
    arrivals = Arrivals()
    answer = asyncio.ensure_future(arrivals.take(received))
    await asyncio.sleep(0)
    arrivals.end(AssociationAborted())
    assert await anext(arrivals) is received
    with pytest.raises(AssociationAborted):
        await anext(arrivals)
    assert await answer == 0


async def test_what_nobody_has_taken_is_refused_and_closed(received: Received) -> None:
    with Arrivals() as arrivals:
        current = asyncio.ensure_future(arrivals.take(received))
        waiting = asyncio.ensure_future(arrivals.take(received))
        await anext(arrivals)
    assert await asyncio.gather(current, waiting) == [0xA700, 0xA700]
    assert await arrivals.take(received) == 0xA700
    with pytest.raises(RuntimeError, match="closed"):
        received.spool.settle()  # type: ignore[attr-defined]  # of the local storage


async def test_a_sender_that_goes_away_does_not_disturb_the_reader(received: Received) -> None:
    arrivals = Arrivals()
    answer = asyncio.ensure_future(arrivals.take(received))
    await anext(arrivals)
    answer.cancel()
    await settled(answer.done)
    arrivals.end()
    assert [one async for one in arrivals] == []
