"""Where `get` puts instances: into a folder, or into the archive. Either takes one and says how it is answered."""

import os
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Protocol

from dicomcore.errors import DicomError
from dicomcore.net.dimse.status import OUT_OF_RESOURCES, SUCCESS, Service, nearest, status_of
from dicomcore.scu.arrivals import Received
from dicomcore.source import Source
from dicomcore.storage import DEFAULT_MEMORY_LIMIT, LocalSpool, Spool
from dicomcore.threads import Threads
from dicomcore.uids import check_uid


class Target(Protocol):
    """Takes instances, counts those that it has, and has a sentence for each of the others."""

    stored: int
    problems: list[str]
    spool: Callable[[], Spool]

    async def take(self, received: Received) -> int:
        """Take one, and return the status to answer."""


class FolderTarget:
    """Files in a folder, called by SOP Instance UID; what is there stays, and what comes again is refused."""

    def __init__(self, folder: Path, threads: Threads, size_limit: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.stored = 0
        self.problems: list[str] = []
        self.spool = self._spool
        self._folder = folder
        self._threads = threads
        self._size_limit = size_limit
        self._numbers = count()

    async def take(self, received: Received) -> int:
        """Write the file."""
        try:
            await self._threads(self._write, received)
        except (DicomError, OSError) as exc:
            self.problems.append(f"{received.sop_instance_uid}: {exc}")
            return status_of(exc, Service.STORE) if isinstance(exc, DicomError) else OUT_OF_RESOURCES
        finally:
            received.spool.close()
        self.stored += 1
        return SUCCESS

    def _spool(self) -> Spool:
        path = self._folder / f".{os.getpid()}-{next(self._numbers)}.part"
        return LocalSpool(path, memory_limit=DEFAULT_MEMORY_LIMIT, size_limit=self._size_limit)

    def _write(self, received: Received) -> None:
        """Write it under its name; a name that comes from others is a UID and nothing else."""
        path = self._folder / f"{check_uid(received.sop_instance_uid, 'SOP Instance UID')}.dcm"
        with path.open("xb") as file:
            try:
                for window in received.spool.windows():
                    file.write(window)
            except BaseException:
                path.unlink()
                raise


class ArchiveTarget:
    """The archive; what is refused there is refused to the node with the same reason."""

    def __init__(self, source: Source) -> None:
        self.stored = 0
        self.problems: list[str] = []
        self.spool = source.spool
        self._source = source

    async def take(self, received: Received) -> int:
        """Store it."""
        try:
            outcome = await self._source.store(received.spool)
        except DicomError as exc:
            self.problems.append(f"{received.sop_instance_uid}: {exc}")
            return status_of(exc, Service.STORE)
        if outcome.failure is not None:
            self.problems.append(f"{received.sop_instance_uid}: {outcome.detail}")
            return nearest(outcome.failure, Service.STORE)
        self.stored += 1
        return SUCCESS if outcome.warning is None else outcome.warning
