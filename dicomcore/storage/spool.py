"""The local spool: bytes in memory up to a few megabytes, then in a file on the storage volume.

Small objects, which are most, never see a temporary file before they are kept; while all spools together hold too
much, they go to files at once (`SpoolMemory`), so that many slow senders do not fill the memory. Memory does not grow
with the object: what is in a file is hashed as it passes; what is in memory is hashed when the digest is asked for,
which is done in a worker thread and leaves the event loop to the network.
"""

import errno
import fcntl
import hashlib
import mmap
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import xxhash

from dicomcore.data import Buffer
from dicomcore.errors import LimitExceeded, StorageFull, StorageUnavailable

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # the volume is full, or our share of it
_HASH_BLOCK = 1 << 20
# On macOS fsync stops at the drive's cache; F_FULLFSYNC goes to the medium.
_FULL_SYNC: int | None = getattr(fcntl, "F_FULLFSYNC", None)


def storage_error(error: OSError) -> StorageUnavailable:
    """Translate what the file system says."""
    if error.errno in _NO_ROOM:
        return StorageFull("the storage volume is full")
    return StorageUnavailable(f"the storage volume cannot be written: {error.strerror}")


def sync(file: int) -> None:
    """Force what was written through ``file`` to the medium."""
    if _FULL_SYNC is None:
        os.fsync(file)
    else:
        fcntl.fcntl(file, _FULL_SYNC)


class SpoolMemory:
    """The bytes that all spools of a storage hold in memory, and how many that may be."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0
        self._lock = threading.Lock()

    @property
    def is_full(self) -> bool:
        """Whether the next bytes have to go to a file."""
        return self._held > self._limit

    def hold(self, size: int) -> None:
        """Count bytes in; a negative number counts them out."""
        with self._lock:
            self._held += size


class _Digests:
    """The digests of bytes that pass."""

    def __init__(self) -> None:
        self.sha256 = hashlib.sha256()
        self.checksum = xxhash.xxh3_128()

    def update(self, chunk: Buffer) -> None:
        self.sha256.update(chunk)
        self.checksum.update(chunk)


class LocalSpool:
    """Bytes on their way into `LocalStorage`; see `Spool`."""

    def __init__(self, path: Path, *, memory_limit: int, size_limit: int, memory: SpoolMemory | None = None) -> None:
        self.path = path
        self._is_kept = False
        self._memory = memory or SpoolMemory(memory_limit)
        self._held = 0
        self._size = 0
        self._memory_limit = memory_limit
        self._size_limit = size_limit
        self._file_digests: _Digests  # from when the bytes go to a file while they come
        self._chunks: list[Buffer] = []
        self._joined: bytearray | None = None
        self._file: int | None = None
        self._mapping: mmap.mmap | None = None
        self._is_closed = False
        # Who goes away may close it while a thread writes: the number of its file is soon that of another.
        self._file_lock = threading.Lock()

    @property
    def size(self) -> int:
        """The number of bytes written."""
        return self._size

    @property
    def sha256(self) -> bytes:
        """The digest of the bytes written."""
        if self._is_in_memory:
            return hashlib.sha256(self._in_memory()).digest()
        return self._file_digests.sha256.digest()

    @property
    def checksum(self) -> bytes:
        """The checksum (XXH3, 128 bits) of the bytes written."""
        if self._is_in_memory:
            return xxhash.xxh3_128_digest(self._in_memory())
        return self._file_digests.checksum.digest()

    @property
    def wants_thread(self) -> bool:
        """Whether the next write may go to the disk."""
        return self._file is not None or self._size > self._memory_limit - _HASH_BLOCK or self._memory.is_full

    def write(self, chunk: Buffer) -> None:
        """Append ``chunk``; raises `LimitExceeded` and `StorageFull`."""
        with self._file_lock:
            self._check_open()
            self._size += len(chunk)
            if self._size > self._size_limit:
                raise LimitExceeded("bytes of an instance", self._size_limit)
            if self._file is not None:
                self._append(self._file, chunk)
                return
            self._chunks.append(_kept(chunk))
            self._hold(len(chunk))
            if self._size > self._memory_limit or self._memory.is_full:
                self._spill()

    def view(self) -> memoryview:
        """All bytes written; of a file as a mapping."""
        if self._file is None or self._joined is not None:
            return memoryview(self._in_memory()).toreadonly()
        if self._mapping is None:
            self._mapping = mmap.mmap(self._file, self._size, access=mmap.ACCESS_READ)
            self._mapping.madvise(mmap.MADV_RANDOM)  # the reader touches headers here and there, never everything
        return memoryview(self._mapping)

    def windows(self, start: int = 0) -> Iterator[Buffer]:
        """The bytes from ``start`` on, of a file as they are read: what is mapped would count as memory."""
        if self._file is None or self._joined is not None:
            yield self.view()[start:]
            return
        for position in range(start, self._size, _HASH_BLOCK):
            yield os.pread(self._file, _HASH_BLOCK, position)

    def overwrite(self, offset: int, replacement: bytes) -> None:
        """Replace bytes that were written, and the digest with them."""
        if self._file is None:
            self._in_memory()[offset : offset + len(replacement)] = replacement
            return
        os.pwrite(self._file, replacement, offset)
        self._file_digests = _Digests()
        for start in range(0, self._size, _HASH_BLOCK):
            self._file_digests.update(os.pread(self._file, _HASH_BLOCK, start))

    def settle(self) -> None:
        """Bring all bytes to the medium, in the file of the spool; what was in memory can still be read from there."""
        with self._file_lock:
            self._check_open()
            try:
                if self._file is None:
                    content = self._in_memory()
                    _write(self._create(), content)
                if self._file is not None:
                    sync(self._file)
            except OSError as error:
                raise storage_error(error) from error

    def move(self, path: str) -> None:
        """Give the file of the spool its final name; `close` leaves it there."""
        os.rename(self.path, path)
        self._is_kept = True

    def close(self) -> None:
        """Drop what was not kept; views that are still held keep their bytes."""
        with self._file_lock:
            self._is_closed = True
            self._chunks = []
            self._joined = None
            self._mapping = None
            self._hold(-self._held)
            if self._file is not None:
                os.close(self._file)
                self._file = None
                if not self._is_kept:
                    self.path.unlink(missing_ok=True)

    def _check_open(self) -> None:
        if self._is_closed:
            raise RuntimeError("the spool is closed")

    def _hold(self, size: int) -> None:
        self._held += size
        self._memory.hold(size)

    @property
    def _is_in_memory(self) -> bool:
        return self._joined is not None or self._file is None

    def _in_memory(self) -> bytearray:
        self._check_open()
        if self._joined is None:
            self._joined = bytearray().join(self._chunks)
            self._chunks = []
        return self._joined

    def _create(self) -> int:
        try:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise storage_error(error) from error
        return self._file

    def _spill(self) -> None:
        """Go on in a file, since this becomes too large for memory."""
        file = self._create()
        self._file_digests = _Digests()
        for chunk in self._chunks if self._joined is None else [self._joined]:
            self._append(file, chunk)
        self._joined = None
        self._chunks = []
        self._hold(-self._held)

    def _append(self, file: int, chunk: Buffer) -> None:
        self._file_digests.update(chunk)
        _write(file, chunk)


def _write(file: int, chunk: Buffer) -> None:
    rest = memoryview(chunk)
    try:
        while rest:
            rest = rest[os.write(file, rest) :]
    except OSError as error:
        raise storage_error(error) from error


def _kept(chunk: Buffer) -> Buffer:
    """The chunk itself if nobody can change it, else a copy: the receiver may use its buffer again."""
    is_constant = isinstance(chunk, bytes) or (isinstance(chunk, memoryview) and isinstance(chunk.obj, bytes))
    return chunk if is_constant else bytes(chunk)
