"""Where an export goes: a folder or a ZIP archive."""

import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from app.zip_archive import ZipWriter
from dicomcore.data import Buffer


class Target(Protocol):
    """Takes files. It is a context manager: what is unfinished when an exception leaves it does not stay."""

    survives_failure: bool
    """Whether a file that breaks off can be taken back."""

    async def add(self, file_id: Sequence[str], buffers: AsyncIterator[Buffer]) -> None:
        """Write one file under its File ID."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish, or give up."""


class FolderTarget:
    """Files in a folder that is new or empty; raises ValueError if it is not."""

    survives_failure = True

    def __init__(self, folder: Path) -> None:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ValueError(f"{folder} exists and is not an empty folder")
        self._folder = folder

    async def add(self, file_id: Sequence[str], buffers: AsyncIterator[Buffer]) -> None:
        """Write one file; nothing of it stays if its bytes break off."""
        path = self._folder.joinpath(*file_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("xb") as file:
                async for buffer in buffers:
                    file.write(buffer)
        except BaseException:
            path.unlink(missing_ok=True)
            raise

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave what is complete."""


class ZipTarget:
    """A ZIP archive that has its name only when it is complete; raises ValueError if the name is taken."""

    survives_failure = False

    def __init__(self, path: Path) -> None:
        if path.exists():
            raise ValueError(f"{path} exists already")
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._writer = ZipWriter()
        self._file: BinaryIO

    async def add(self, file_id: Sequence[str], buffers: AsyncIterator[Buffer]) -> None:
        """Write one entry."""
        async for piece in self._writer.add("/".join(file_id), buffers):
            self._file.write(piece)

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._part.open("wb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._file:
            if error is None:
                self._file.writelines(self._writer.finish())
        if error is None:
            os.replace(self._part, self._path)
        else:
            self._part.unlink()
