"""Objects as files in a folder: ``objects/{bucket}/{key}``, written through ``spool/``, guarded by ``lock``.

An object is acknowledged when its bytes, its name and its directory are on the medium: fsync of the file, atomic
rename, fsync of the directory. Files are synced in parallel by the callers' threads; directories once for all that
arrived together (`DirectorySync`). Every process that uses the folder holds a shared lock on it; the one that finds
nobody else there sweeps what a crash left behind.
"""

import fcntl
import mmap
import os
import threading
from collections.abc import Collection, Iterator
from pathlib import Path

from dicomcore.errors import StorageUnavailable
from dicomcore.storage.keys import directory_of, earliest_directory, is_key, new_key
from dicomcore.storage.protocol import Spool
from dicomcore.storage.reserve import Reserve
from dicomcore.storage.spool import LocalSpool, SpoolMemory, storage_error, sync

DEFAULT_MEMORY_LIMIT = 4 << 20
DEFAULT_SIZE_LIMIT = 4 << 30
SPOOL_MEMORY = 64 << 20  # bytes that all spools together may hold
_WINDOW = 4 << 20


class LocalStorage:
    """Objects as files below ``folder``, which is made if it is not there; see `Storage`."""

    def __init__(
        self, folder: Path, *, memory_limit: int = DEFAULT_MEMORY_LIMIT, size_limit: int = DEFAULT_SIZE_LIMIT
    ) -> None:
        self._objects = folder / "objects"
        self._root = str(self._objects)
        self._spool = folder / "spool"
        self._memory_limit = memory_limit
        self._size_limit = size_limit
        self._spool_memory = SpoolMemory(SPOOL_MEMORY)
        self._directory_sync = DirectorySync()
        self._known_directories: set[str] = set()
        try:
            for directory in (self._objects, self._spool):
                directory.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise storage_error(error) from error
        self._reserve = Reserve(folder / "reserve")
        self._orphans = folder / "orphans"
        self._swept = folder / "swept"
        self.is_alone = self._lock_folder()

    def spool(self) -> LocalSpool:
        """Open a spool on the volume of the objects."""
        path = self._spool / new_key()
        return LocalSpool(path, memory_limit=self._memory_limit, size_limit=self._size_limit, memory=self._spool_memory)

    def keep(self, spool: Spool, key: str | None = None) -> str:
        """Turn the spooled bytes into an object and return its key."""
        if not isinstance(spool, LocalSpool):
            raise TypeError("a local storage keeps what was spooled in it")
        key = key or new_key()
        try:
            self._reserve.check()
            directory = self._directory(key)
            spool.settle()
            spool.move(f"{directory}/{key}")
            self._directory_sync(directory)
        except OSError as error:
            raise storage_error(error) from error
        return key

    def open(self, key: str) -> "LocalObject":
        """Open an object for reading; raises KeyError if it is not there."""
        try:
            return LocalObject(os.open(self._path(key), os.O_RDONLY | os.O_CLOEXEC))
        except FileNotFoundError as error:
            raise KeyError(key) from error
        except OSError as error:
            raise storage_error(error) from error

    def delete(self, key: str) -> None:
        """Unlink an object; who has it open reads on."""
        try:
            Path(self._path(key)).unlink(missing_ok=True)
        except OSError as error:
            raise storage_error(error) from error

    def keys(self, since: float = 0.0) -> Iterator[str]:
        """The keys of all objects, or of those kept since about ``since``, in the order of arrival."""
        earliest = earliest_directory(since)
        for outer in sorted(path.name for path in self._objects.iterdir()):
            for inner in sorted(path.name for path in (self._objects / outer).iterdir()):
                if f"{outer}/{inner}" >= earliest:
                    names = sorted(os.listdir(self._objects / outer / inner))
                    yield from filter(is_key, names)

    def check(self) -> None:
        """Write, sync and remove a file."""
        self._reserve.check()
        probe = self.spool()
        probe.write(b"probe")
        try:
            probe.settle()
        finally:
            probe.close()

    @property
    def swept(self) -> float:
        """When the last sweep was (seconds since the epoch); 0 if never."""
        return self._swept.stat().st_mtime if self._swept.exists() else 0.0

    def sweep(self, orphans: Collection[str] = ()) -> int:
        """Remove unfinished spools and put the ``orphans`` aside, into ``orphans/``; only while nobody else is here.

        An orphan was never acknowledged; it is not deleted all the same, because the mistake may be the index's.
        """
        unfinished = list(self._spool.iterdir())
        for path in unfinished:
            path.unlink(missing_ok=True)
        for key in orphans:
            self._orphans.mkdir(exist_ok=True)
            os.rename(self._path(key), self._orphans / key)
        self._swept.touch()
        return len(unfinished) + len(orphans)

    def share(self) -> None:
        """Let other processes in; call it when the sweep is done."""
        fcntl.flock(self._lock, fcntl.LOCK_SH)
        self.is_alone = False

    def close(self) -> None:
        """Leave the folder."""
        self._directory_sync.close()
        os.close(self._lock)

    def _lock_folder(self) -> bool:
        """Take the folder for ourselves if nobody is there, else share it."""
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(self._lock, fcntl.LOCK_SH)
            return False
        return True

    def _path(self, key: str) -> str:
        if not is_key(key):
            raise StorageUnavailable("the index names an object by something that is no key")
        return f"{self._root}/{directory_of(key)}/{key}"

    def _directory(self, key: str) -> str:
        """The directory of an object that is to come; it is made, durably, if it is not there."""
        name = directory_of(key)
        path = f"{self._root}/{name}"
        if name not in self._known_directories:
            os.makedirs(path, exist_ok=True)
            for parent in (os.path.dirname(path), self._root):
                self._directory_sync(parent)
            self._known_directories = {name}  # only the present one is of interest
        return path


class LocalObject:
    """One open file of `LocalStorage`; see `StoredObject`."""

    def __init__(self, file: int) -> None:
        self._file: int | None = file
        self.size = os.fstat(file).st_size

    def view(self, start: int = 0, end: int | None = None) -> memoryview:
        """Map ``start`` to ``end`` into memory; the view keeps the mapping."""
        stop = self.size if end is None else min(end, self.size)
        if self._file is None or start >= stop:
            return memoryview(b"")
        aligned = start - start % mmap.ALLOCATIONGRANULARITY
        mapping = mmap.mmap(self._file, stop - aligned, access=mmap.ACCESS_READ, offset=aligned)
        return memoryview(mapping)[start - aligned :]

    def windows(self, start: int = 0, end: int | None = None) -> Iterator[memoryview]:
        """Consecutive views of a few megabytes."""
        stop = self.size if end is None else min(end, self.size)
        for position in range(start, stop, _WINDOW):
            yield self.view(position, min(position + _WINDOW, stop))

    def read(self, start: int = 0, end: int | None = None) -> bytes:
        """Copy ``start`` to ``end``."""
        stop = self.size if end is None else min(end, self.size)
        return os.pread(self._file, stop - start, start) if self._file is not None and start < stop else b""

    def close(self) -> None:
        """Close the file; views stay valid."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class DirectorySync:
    """Sync a directory once for all threads that wait for it.

    Whoever comes while a sync runs needs the next one, since the running one may have started before the rename.
    """

    def __init__(self) -> None:
        self._running = threading.Lock()
        self._count = threading.Lock()
        self._asked = 0
        self._done = 0
        self._last = ""
        self._descriptor = -1

    def __call__(self, directory: str) -> None:
        """Return when everything that was in the directory before is durably there; raises OSError."""
        with self._count:
            self._asked += 1
            ticket = self._asked
        with self._running:
            if self._done >= ticket and self._last == directory:
                return
            target = self._asked
            if self._last != directory:
                self._open(directory)
            sync(self._descriptor)
            self._done = target

    def close(self) -> None:
        """Let go of the directory that is open."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor, self._last = -1, ""

    def _open(self, directory: str) -> None:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self.close()
        self._descriptor, self._last = descriptor, directory
        self._done = 0  # what was done was another directory
