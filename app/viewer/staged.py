"""The viewer as it lies in its folder: ``files/``, compressed forms beside them, and ``viewer.json`` about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import orjson

MANIFEST = "viewer.json"
FILES = "files"
FORMAT = 1
SUFFIXES = {"zstd": ".zst", "gzip": ".gz"}


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A file that is served: its bytes, and the content codings that it lies there in."""

    size: int
    codings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Viewer:
    """What is staged; ``digest`` changes with any byte of it, ``script`` and ``style`` are what the page loads."""

    title: str
    version: str
    digest: str
    script: str
    style: str
    files: Mapping[str, StagedFile]
    format: int = FORMAT

    @property
    def segment(self) -> str:
        """The path segment that its files are served below, for good."""
        return f"{self.version}-{self.digest}"

    def as_json(self) -> bytes:
        """What is written into the manifest."""
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)


def find_viewer(folder: Path) -> Viewer | None:
    """Return the viewer in ``folder``; None if there is none, or one that this version cannot serve."""
    path = folder / MANIFEST
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


@lru_cache(maxsize=8)
def _read(path: Path, _changed: int) -> Viewer:
    told = orjson.loads(path.read_bytes())
    if told["format"] != FORMAT:
        raise ValueError("staged by another version")
    files = {name: StagedFile(one["size"], tuple(one["codings"])) for name, one in told.pop("files").items()}
    return Viewer(**told, files=files)
