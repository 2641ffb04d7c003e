"""The reserve: the last megabyte of a volume, put by so that a full one can still be read.

A database on the same volume needs some room to be opened at all. When the volume is found full, the reserve is given
up for that, and no object may take its place; when there is room again, it is put by again.
"""

import os
import shutil
from pathlib import Path

from dicomcore.errors import StorageFull

RESERVE = 1 << 20  # bytes


class Reserve:
    """A file of random bytes, which no file system can store in less room than they need."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_there = path.exists()
        free = self._free()
        if free < RESERVE:
            self._give_up()
        elif free >= 2 * RESERVE:  # what was given up must not be put by at once
            self._put_by()

    def check(self) -> None:
        """Raise `StorageFull` while the reserve is given up and there is no room for it."""
        if self._is_there:
            return
        if self._free() < 2 * RESERVE:
            raise StorageFull("the storage volume is full but for what reading needs")
        self._put_by()

    def _free(self) -> int:
        return shutil.disk_usage(self._path.parent).free

    def _give_up(self) -> None:
        try:
            self._path.unlink(missing_ok=True)
            self._is_there = False
        except OSError:
            pass  # a volume that cannot be written is told of by whoever stores something

    def _put_by(self) -> None:
        if self._is_there:
            return
        try:
            self._path.write_bytes(os.urandom(RESERVE))
        except OSError:
            self._path.unlink(missing_ok=True)
            return
        self._is_there = True
