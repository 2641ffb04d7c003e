"""What an import finds: files, files in folders, members of ZIP archives.

A file that was named is meant, and refused if it is no DICOM; in a folder or an archive lies all sorts of things, and
what does not look like DICOM is left out and counted. Nothing is ever unpacked to a path: a name from an archive is
shown, never used. Archives within archives are not opened.
"""

import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from dicomcore.errors import LimitExceeded, NotDicom
from dicomcore.storage import Spool

MAX_RATIO = 200  # of unpacked to packed bytes of a ZIP member
MAX_UNCHECKED = 64 << 20  # bytes; below, the ratio does not matter
MAX_MEMBERS = 1_000_000
_BLOCK = 1 << 20
_PREFIX = slice(128, 132)
# Files without preamble start with an element of group 2 or 8, little or big endian.
_BARE_STARTS = (b"\x02\x00", b"\x08\x00", b"\x00\x08")
_ZIP_START = b"PK\x03\x04"
_DICOMDIR = b"1.2.840.10008.1.3.10"
_META_SPAN = 1024  # bytes in which the Media Storage SOP Class UID of a DICOMDIR lies


class NotAFile(NotDicom):
    """There is nothing to read at the path that was named."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One file to import, or one member of the ZIP archive at ``path``."""

    path: Path
    member: zipfile.ZipInfo | None = None
    is_named: bool = False

    @property
    def name(self) -> str:
        """What the report calls it."""
        return f"{self.path}: {self.member.filename}" if self.member else str(self.path)


def candidates(paths: Iterable[Path]) -> Iterator[Candidate]:
    """Find what there is to import, in a stable order. Symbolic links to folders are not followed."""
    for path in paths:
        if path.is_dir():
            for folder, subfolders, names in os.walk(path):
                subfolders.sort()
                for name in sorted(names):
                    yield from _file(Path(folder, name), is_named=False)
        else:
            yield from _file(path, is_named=True)


def _file(path: Path, *, is_named: bool) -> Iterator[Candidate]:
    members = _members(path)
    if members is None:
        yield Candidate(path, is_named=is_named)
    else:
        yield from (Candidate(path, member) for member in members if not member.is_dir())


def _members(path: Path) -> list[zipfile.ZipInfo] | None:
    """The members if this is a ZIP archive that can be read; its preamble may say ZIP and the file still be DICOM."""
    try:
        with path.open("rb") as file:
            start = file.read(132)
            if not start.startswith(_ZIP_START) or start[_PREFIX] == b"DICM":
                return None
            with zipfile.ZipFile(file) as archive:
                members = archive.infolist()
    except (OSError, zipfile.BadZipFile):
        return None  # whoever reads it says why
    return members if len(members) <= MAX_MEMBERS else None


def read_into(candidate: Candidate, spool: Spool) -> bool:
    """Copy the bytes into ``spool``; say False, and stop early, if they are not worth it.

    Raises:
        DicomError: it is too large, a bomb, damaged or cannot be read.
    """
    try:
        if candidate.member is None:
            with candidate.path.open("rb") as file:
                return _copy(file, spool, candidate, None)
        with zipfile.ZipFile(candidate.path) as archive, archive.open(candidate.member) as file:
            return _copy(file, spool, candidate, candidate.member.compress_size)  # type: ignore[arg-type]  # it reads
    except OSError as exc:
        raise NotAFile(f"cannot be read: {exc.strerror or exc}") from exc
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as exc:
        # RuntimeError is what zipfile says of encrypted members and of unknown compressions.
        raise NotAFile(f"cannot be unpacked: {exc}") from exc


def _copy(file: BinaryIO, spool: Spool, candidate: Candidate, packed: int | None) -> bool:
    block = file.read(_BLOCK)
    if is_directory_record(block) or not (candidate.is_named or looks_like_dicom(block)):
        return False
    while block:
        spool.write(block)
        if packed is not None and spool.size > MAX_UNCHECKED and spool.size > MAX_RATIO * packed:
            raise LimitExceeded("unpacked bytes for each packed byte", MAX_RATIO)
        block = file.read(_BLOCK)
    return True


def looks_like_dicom(start: bytes) -> bool:
    """Say whether bytes may be the beginning of a DICOM file, with or without preamble."""
    return start[_PREFIX] == b"DICM" or start[:2] in _BARE_STARTS


def is_directory_record(start: bytes) -> bool:
    """Say whether this is a DICOMDIR: the table of contents of a medium, and no instance."""
    return start[_PREFIX] == b"DICM" and _DICOMDIR in start[:_META_SPAN]
