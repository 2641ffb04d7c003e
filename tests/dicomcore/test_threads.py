import asyncio
import threading
import time

import pytest

from dicomcore.threads import PATIENCE, Threads, WouldTakeLong, deadline, must_not_wait


def slow() -> threading.Thread:
    """Take longer than the event loop may be held up, and say where that was."""
    time.sleep(2 * PATIENCE)
    return threading.current_thread()


async def test_functions_run_in_threads_and_give_their_results() -> None:
    threads = Threads(2, "testing")
    here = threading.current_thread()
    there = await threads(threading.current_thread)
    assert there is not here and there.name.startswith("testing")
    assert await threads(divmod, 7, 2) == (3, 1)
    assert await threads(int, "ff", base=16) == 255
    threads.close()


async def test_exceptions_come_back() -> None:
    threads = Threads(1)
    with pytest.raises(ZeroDivisionError):
        await threads(divmod, 1, 0)
    threads.close()


async def test_closing_waits_for_what_runs() -> None:
    threads = Threads(1)
    done: list[bool] = []
    task = threads(done.append, True)
    await task
    threads.close()
    assert done == [True]


async def test_what_is_quick_is_done_on_the_spot() -> None:
    threads = Threads(1)
    assert await threads.soon(threading.current_thread) is threading.current_thread()
    threads.close()


async def test_what_is_done_soon_gets_its_arguments_and_gives_its_result() -> None:
    threads = Threads(1)
    assert await threads.soon(divmod, 7, 2) == (3, 1)
    assert await threads.soon(int, "ff", base=16) == 255
    await threads.soon(slow)
    await threads.soon(slow)
    assert await threads.soon(int, "ff", base=16) == 255  # now in a thread
    threads.close()


async def test_what_says_that_it_would_take_long_is_done_in_a_thread() -> None:
    threads = Threads(1)
    here = threading.current_thread()
    tried: list[threading.Thread] = []

    def wait(number: int, *, factor: int) -> int:
        tried.append(threading.current_thread())
        must_not_wait()
        return number * factor

    assert await threads.soon(wait, 3, factor=4) == 12
    assert tried[0] is here and tried[1] is not here and len(tried) == 2
    threads.close()


async def test_who_says_so_at_once_makes_nobody_cautious() -> None:
    threads = Threads(1)

    def wait() -> None:
        must_not_wait()

    await threads.soon(wait)
    assert await threads.soon(threading.current_thread) is threading.current_thread()
    threads.close()


async def test_after_something_slow_twice_in_a_row_all_is_done_in_threads_for_a_while() -> None:
    threads = Threads(1)
    here = threading.current_thread()
    assert await threads.soon(slow) is here
    assert await threads.soon(slow) is here
    assert await threads.soon(threading.current_thread) is not here
    while await threads.soon(threading.current_thread) is not here:
        await asyncio.sleep(0.05)
    threads.close()


async def test_what_is_slow_now_and_then_makes_nobody_cautious() -> None:
    threads = Threads(1)
    here = threading.current_thread()
    for _ in range(3):
        assert await threads.soon(slow) is here
        threads._note(0.0, 0.0)  # something quick, on however busy a machine
    assert await threads.soon(threading.current_thread) is here
    threads.close()


async def test_something_slow_that_fails_makes_cautious_too() -> None:
    threads = Threads(1)

    def fail() -> None:
        slow()
        raise KeyError

    for _ in range(2):
        with pytest.raises(KeyError):
            await threads.soon(fail)
    assert await threads.soon(threading.current_thread) is not threading.current_thread()
    threads.close()


async def test_others_are_not_made_cautious() -> None:
    first, second = Threads(1), Threads(1)
    await first.soon(slow)
    await first.soon(slow)
    assert await second.soon(threading.current_thread) is threading.current_thread()
    first.close()
    second.close()


async def test_exceptions_on_the_spot_come_back_and_nothing_is_tried_again() -> None:
    threads = Threads(1)
    tried: list[int] = []

    def fail() -> None:
        tried.append(1)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        await threads.soon(fail)
    assert tried == [1]
    assert caught.value.__context__ is None
    threads.close()


async def test_exceptions_of_the_second_attempt_come_back() -> None:
    threads = Threads(1)

    def fail() -> None:
        must_not_wait()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        await threads.soon(fail)
    assert caught.value.__context__ is None
    threads.close()


async def test_there_is_a_deadline_on_the_spot_and_nowhere_else() -> None:
    threads = Threads(1)
    before = time.perf_counter()
    until = await threads.soon(deadline)
    assert until is not None and before < until - PATIENCE < time.perf_counter()
    assert deadline() is None
    assert await threads(deadline) is None
    await threads.soon(slow)
    await threads.soon(slow)
    assert await threads.soon(deadline) is None
    threads.close()


async def test_after_a_failure_there_is_no_deadline() -> None:
    threads = Threads(1)

    def fail() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        await threads.soon(fail)
    assert deadline() is None
    must_not_wait()
    threads.close()


async def test_a_deadline_on_the_event_loop_is_none_of_another_thread() -> None:
    threads = Threads(1)
    seen: list[float | None] = []

    def elsewhere() -> None:
        thread = threading.Thread(target=lambda: seen.append(deadline()))
        thread.start()
        thread.join()

    await threads.soon(elsewhere)
    assert seen == [None]
    threads.close()


async def test_only_who_is_on_the_spot_must_not_wait() -> None:
    threads = Threads(1)
    attempts: list[bool] = []

    def attempt() -> None:
        try:
            must_not_wait()
        except WouldTakeLong:
            attempts.append(False)
        else:
            attempts.append(True)

    attempt()
    await threads(attempt)
    await threads.soon(attempt)
    assert attempts == [True, True, False]
    threads.close()


async def test_on_the_spot_nothing_is_handed_on() -> None:
    threads = Threads(1)
    assert threads.on_the_spot(divmod, 7, 2) == (3, 1)
    with pytest.raises(WouldTakeLong):
        threads.on_the_spot(must_not_wait)
    must_not_wait()  # which holds there alone
    threads.close()


async def test_after_something_slow_twice_in_a_row_nothing_is_done_on_the_spot_for_a_while() -> None:
    threads = Threads(1)
    threads.on_the_spot(slow)
    threads.on_the_spot(slow)
    with pytest.raises(WouldTakeLong):
        threads.on_the_spot(divmod, 7, 2)
    threads.close()
