import threading

import pytest

from dicomcore.threads import Threads


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
