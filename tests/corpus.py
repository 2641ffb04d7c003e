"""Every real file at hand: what pydicom ships, and the folder ``../shared/data`` where it exists."""

from __future__ import annotations

import gzip
from pathlib import Path

from pydicom.data import get_testdata_files

_SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
_NOT_DICOM = {".dump", ".txt", ".json", ".icc", ".md", ".gz"}


def corpus_files() -> list[Path]:
    """The files that hold, or claim to hold, DICOM; sorted by path."""
    shipped = [Path(name) for name in get_testdata_files()]
    shared = [path for path in _SHARED.rglob("*") if path.is_file()] if _SHARED.is_dir() else []
    return sorted(path for path in (*shipped, *shared) if path.suffix not in _NOT_DICOM and path.is_file())


def content_of(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
