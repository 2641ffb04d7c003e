"""The processes that decode, encode and render, what they have made, and the rule that recompresses what is stored.

Processes start when they are needed; the first one is asked for at the start, since it takes half a second.
"""

from __future__ import annotations

import os

from app.settings import Settings
from dicomcore.archive import Archive
from dicomcore.frame_cache import FrameCache
from dicomcore.pictures import Renderer
from dicomcore.recompression import Recompression
from dicomcore.transcoding import Codecs
from dicomcore.workers import Workers

_LONG_SECONDS = 60.0
"""Processor time that an animation or a picture of a volume may take."""
_LONG_BYTES = 512 << 20


def open_codecs(settings: Settings) -> Codecs:
    """The processes for frames, by default one for each processor, and what they have made."""
    count = settings.codec_processes or max(1, (os.cpu_count() or 1) // settings.workers)
    folder = settings.data / "frames" if settings.frame_cache == "disk" else None
    return Codecs(Workers(count), FrameCache(settings.frame_cache_bytes, folder))


class Imaging:
    """What is made of the pixels of an archive that was opened with the same codecs."""

    def __init__(self, settings: Settings, archive: Archive, codecs: Codecs) -> None:
        self._long = Workers(1, cpu_seconds=_LONG_SECONDS, wall_seconds=2 * _LONG_SECONDS, memory_bytes=_LONG_BYTES)
        self._codecs = codecs
        self._recompression = Recompression(archive, settings.recompress) if settings.recompress else None
        self.renderer = Renderer(codecs.workers, codecs.cache, archive.threads, long=self._long)

    @property
    def figures(self) -> dict[str, int]:
        """What the processes do now and have failed to do, and how the frames that are kept are used; in any thread."""
        workers, cache = (self._codecs.workers, self._long), self._codecs.cache
        return {
            "running": sum(one.running for one in workers),
            "waiting": sum(one.waiting for one in workers),
            "failures": sum(one.failures for one in workers),
            "cached_bytes": cache.size,
            "cache_hits": cache.hits,
            "cache_misses": cache.misses,
        }

    async def start(self) -> None:
        """Begin."""
        await self.renderer.workers.warm()
        if self._recompression is not None:
            self._recompression.start()

    async def stop(self) -> None:
        """End all processes."""
        if self._recompression is not None:
            await self._recompression.stop()
        await self.renderer.close()
