"""What is in a package, read as if somebody had made it to do harm: names, kinds, sizes and numbers are checked first.

A package of npm is a tar file, gzipped, with everything below ``package/``.
"""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import IO

from app.viewer.package import ViewerProblem

MAX_FILES = 5_000
MAX_BYTES = 1 << 30
_TOP = "package"


def read_package(
    tarball: IO[bytes], is_wanted: Callable[[str], bool], max_bytes: int = MAX_BYTES, max_files: int = MAX_FILES
) -> Iterator[tuple[str, bytes]]:
    """Give path and content of the files that are wanted; raises `ViewerProblem` at the first thing that is wrong.

    All members count for the limits, whether they are wanted or not: to get past them they have to be decompressed.
    """
    try:
        with gzip.GzipFile(fileobj=tarball) as inflated, tarfile.open(fileobj=inflated, mode="r|") as opened:
            total = 0
            for number, member in enumerate(opened, 1):
                total += max(member.size, 0)
                if number > max_files or total > max_bytes or member.size < 0:
                    raise ViewerProblem(f"the package has more than {max_files} files or {max_bytes} bytes")
                path = _checked_path(member)
                content = opened.extractfile(member) if member.isreg() and is_wanted(path) else None
                if content is not None:
                    yield path, content.read()
    except (tarfile.TarError, OSError, EOFError, zlib.error) as exc:
        raise ViewerProblem(f"the package cannot be read: {exc}") from exc


def _checked_path(member: tarfile.TarInfo) -> str:
    """The path below ``package/``; only plain files and folders in it are taken."""
    parts = PurePosixPath(member.name).parts
    is_harmless = (
        (member.isreg() or member.isdir())
        and parts[:1] == (_TOP,)
        and ".." not in parts
        and "\\" not in member.name
        and member.name.isprintable()
    )
    if not is_harmless:
        raise ViewerProblem(f"the package has a member that it should not have: {member.name!r}")
    return "/".join(parts[1:])
