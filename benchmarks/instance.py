"""An instance of the corpus, and the UIDs that all of it has."""

from __future__ import annotations

import functools
import hashlib
import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks import part10

CT_FRAME = 512 * 512 * 2


@dataclass(frozen=True)
class Instance:
    """One stored instance: its UIDs, the bytes of its file and, but for tiny ones, how many elements it has.

    Elements are counted with Pixel Data and with those inside of sequences.
    """

    study: str
    series: str
    sop: str
    file: bytes | mmap.mmap
    element_count: int = 0
    frame_count: int = 1

    @functools.cached_property
    def dataset(self) -> memoryview:
        """The data set behind the File Meta Information."""
        return memoryview(self.file)[part10.dataset_start(self.file[:148]) :]

    @functools.cached_property
    def frames(self) -> list[tuple[int, int]]:
        """Spans of the frames in the file; Pixel Data is the last element of every file here."""
        fragments = self.file.find(struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, part10.UNDEFINED))
        if fragments < 0:
            return [(len(self.file) - n * CT_FRAME, CT_FRAME) for n in range(self.frame_count, 0, -1)]
        return list(_fragments(self.file, fragments + 12))[1:]

    def frame(self, number: int) -> bytes:
        """Copy frame ``number``, counted from 1."""
        start, length = self.frames[number - 1]
        return bytes(self.file[start : start + length])


def _fragments(file: bytes | mmap.mmap, at: int) -> Iterator[tuple[int, int]]:
    while True:
        _, element, length = struct.unpack_from("<HHI", file, at)
        if element == 0xE0DD:
            return
        yield at + 8, length
        at += 8 + length


def uid(*names: object) -> str:
    """Derive a UID of 44 characters from a name: always the same length, so that one can replace another in a file."""
    digest = hashlib.md5("/".join(map(str, names)).encode(), usedforsecurity=False).digest()
    return f"2.25.{int.from_bytes(digest, 'big') | 1 << 127}"
