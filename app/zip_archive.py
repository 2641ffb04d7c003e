"""ZIP downloads, written as they leave: entries stored without compression, ZIP64 where needed, constant memory.

PS3.18 leaves the form of ``application/zip`` open beyond one PS3.10 file per entry (row MED-014); ours are named
``{study}/{series}/{instance}.dcm``. With a DICOMDIR the archive is a File-set of PS3.12 Annex V, whose File IDs are at
most eight capital letters and digits per component (PS3.10 §8.2).
"""

import zipfile
from collections.abc import AsyncIterator
from typing import IO, cast

from dicomcore.data import Buffer

_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest a ZIP knows: equal content gives equal archives


class ZipWriter:
    """Turns files into the bytes of an archive; take what is there after each step."""

    def __init__(self) -> None:
        self._sink = _Sink()
        self._archive = zipfile.ZipFile(cast(IO[bytes], self._sink), "w", zipfile.ZIP_STORED)

    async def add(self, name: str, buffers: AsyncIterator[Buffer]) -> AsyncIterator[Buffer]:
        """Add one file; yields bytes of the archive as those of the file come."""
        entry = zipfile.ZipInfo(name, _DATE)
        entry.external_attr = 0o644 << 16
        with self._archive.open(entry, "w", force_zip64=True) as file:
            async for buffer in buffers:
                file.write(buffer)
                for piece in self._sink.take():
                    yield piece
        for piece in self._sink.take():
            yield piece

    def finish(self) -> list[Buffer]:
        """Write the central directory."""
        self._archive.close()
        return self._sink.take()


class _Sink:
    """What `zipfile` writes to: a stream that cannot seek, which makes it put sizes behind the data."""

    def __init__(self) -> None:
        self._pieces: list[Buffer] = []

    def write(self, data: bytes, /) -> int:
        self._pieces.append(data)
        return len(data)

    def flush(self) -> None:
        """There is nothing to flush: pieces are taken."""

    def take(self) -> list[Buffer]:
        pieces, self._pieces = self._pieces, []
        return pieces
