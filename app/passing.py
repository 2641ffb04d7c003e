"""What becomes of instances that came through a bridge: kept for good, for a while, or until they were read."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from app.settings import Settings
from dicomcore.archive import Archive
from dicomcore.bridge.adopting import Adopting, keep_evicting
from dicomcore.bridge.retention import Retention
from dicomcore.errors import DicomError
from dicomcore.source import Source

_SECONDS = {"cache": 60.0, "discard": 5.0}
"""How often is looked for what is to go."""

_GRACE = 90.0  # seconds for which another worker may read without saying so again


class Passing:
    """The archive as everybody but the bridges sees it, and the notes of what may be removed from it."""

    def __init__(self, settings: Settings, archive: Archive) -> None:
        self._archive = archive
        self._pause = _SECONDS.get(settings.bridge_keep)
        self._task: asyncio.Task[None] | None = None
        self.retention = _retention(settings)
        self.source: Source = archive
        if self.retention is not None:
            self.source = Adopting(archive, self.retention, archive.threads)

    async def start(self) -> None:
        """Begin to remove what is no longer kept."""
        if self._pause is not None:
            self._task = asyncio.create_task(self._evict_now_and_then(self._pause))

    async def stop(self) -> None:
        """Remove nothing any more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self.retention is not None:
            self.retention.close()

    async def _evict_now_and_then(self, seconds: float) -> None:
        while self.retention is not None:
            try:
                await keep_evicting(self._archive, self.retention, self._archive.threads, every=seconds)
            except DicomError as error:
                structlog.get_logger().warning("nothing could be removed from the cache", problem=str(error))
                await asyncio.sleep(seconds)


def _retention(settings: Settings) -> Retention | None:
    path = settings.data / "bridge.sqlite"
    if settings.bridge_keep == "cache":
        limits = {"max_bytes": settings.bridge_cache_bytes, "max_seconds": settings.bridge_cache_seconds}
        return Retention(path, **limits, grace_seconds=_GRACE)
    if settings.bridge_keep == "discard":
        return Retention(path, max_bytes=0, max_seconds=0, grace_seconds=_GRACE)
    return None
