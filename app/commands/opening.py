"""Opening the archive, and codecs, for commands that work without a server.

They never sweep: a sweep takes objects that no row names for what a crash left, and these commands are also for an
index that is lost, empty or older than the storage. Sweeping is the server's.
"""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from app.commands.migrate import bring_to_head, is_embedded
from app.log import configure_logging
from app.settings import Settings
from dicomcore.archive import Archive
from dicomcore.errors import StorageUnavailable
from dicomcore.frame_cache import FrameCache
from dicomcore.index import DuplicatePolicy, Index
from dicomcore.storage import LocalStorage
from dicomcore.transcoding import Codecs
from dicomcore.workers import Workers


@contextmanager
def open_archive(settings: Settings, *, alone: bool = False) -> Iterator[Archive]:
    """Open the archive that the settings name, and close it; an embedded database is made ready first.

    With ``alone`` nobody else may have it open, and whoever comes meanwhile waits.

    Raises:
        StorageUnavailable, IndexUnavailable: with a sentence for the operator.
    """
    configure_logging(settings.log_format, settings.log_level)
    storage = LocalStorage(
        settings.data, memory_limit=settings.spool_memory_bytes, size_limit=settings.max_instance_bytes
    )
    if alone and not storage.is_alone:
        storage.close()
        raise StorageUnavailable(f"another process uses {settings.data}: stop the server first")
    if not alone:
        storage.share()
    if is_embedded(settings):
        bring_to_head(settings)
    index = Index(settings.database_url)
    archive = Archive(
        storage,
        index,
        duplicates=DuplicatePolicy(settings.duplicates),
        verify_on_read=settings.verify_on_read,
        inline_threshold=settings.inline_threshold_bytes,
    )
    try:
        index.check_schema()
        yield archive
    finally:
        archive.close()


@asynccontextmanager
async def open_codecs() -> AsyncIterator[Codecs]:
    """Have processes for compressed frames, which start when they are needed, and end them.

    Frames are not kept: the folder of a cache belongs to the server that may be running.
    """
    workers = Workers(os.cpu_count() or 1)
    try:
        yield Codecs(workers, FrameCache(0))
    finally:
        await workers.close()
