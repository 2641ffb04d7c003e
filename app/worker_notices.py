"""What each worker process says of itself every few seconds, so that whichever is asked can tell about all.

A notice is a small file in ``{data}/workers``, written anew and renamed; it is no promise, so nothing is synced. One
whose process is gone, or that has not been written for long, counts no more. Workers on other machines that share a
database have data folders of their own, and are not seen here.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import orjson
import structlog

SECONDS = 5.0
_STALE_SECONDS = 60.0

Notice = Mapping[str, object]


class WorkerNotices:
    """The notices in ``folder``; ``say`` gives what this process has to say."""

    def __init__(self, folder: Path, say: Callable[[], Notice]) -> None:
        self._folder = folder
        self._say = say
        self._path = folder / f"{os.getpid()}.json"
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Say it now, and again every few seconds."""
        self._task = asyncio.create_task(self._go_on())

    async def stop(self) -> None:
        """Say nothing any more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        with suppress(OSError):
            self._path.unlink()

    def all(self) -> list[dict[str, object]]:
        """What all workers of this folder said last, by process number; this one says it now."""
        found = {os.getpid(): {"process": os.getpid(), **self._say()}}
        with suppress(OSError):
            for path in self._folder.glob("*.json"):
                found |= _read(path, found)
        return [found[process] for process in sorted(found)]

    async def _go_on(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self._write, {"process": os.getpid(), **self._say()})
            except OSError as error:
                structlog.get_logger().warning("the notice of a worker could not be written", problem=str(error))
            await asyncio.sleep(SECONDS)

    def _write(self, notice: Notice) -> None:
        self._folder.mkdir(exist_ok=True)
        unfinished = self._path.with_suffix(".new")
        unfinished.write_bytes(orjson.dumps(notice))
        unfinished.rename(self._path)


def _read(path: Path, known: Mapping[int, object]) -> dict[int, dict[str, object]]:
    """The notice of a file, unless it counts no more; then the file goes."""
    process = int(path.stem) if path.stem.isdecimal() else 0
    if process == 0 or process in known:
        return {}
    try:
        if _is_running(process) and time.time() - path.stat().st_mtime < _STALE_SECONDS:
            return {process: orjson.loads(path.read_bytes())}
        path.unlink()
    except (OSError, orjson.JSONDecodeError):
        pass  # it is being replaced, or somebody else has removed it
    return {}


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
