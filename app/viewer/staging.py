"""From a package to a folder that is served: what is not needed left out, the rest rebased and compressed.

Everything is made in a new folder beside the old one and takes its place by a rename: whoever stops this in the middle
has the old viewer, or none, but never half of one.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO

import zstandard

from app.viewer.package import Package, ViewerProblem, check_integrity
from app.viewer.rebasing import Rebase
from app.viewer.staged import FILES, MANIFEST, SUFFIXES, StagedFile, Viewer, find_viewer
from app.viewer.unpacking import read_package

LEFT_OUT = {
    "ort/*": "ONNX runtime, 136 MB, for segmentation by models that would have to be fetched from elsewhere",
    "*.map": "source maps",
    "*sw.js": "service worker, which asks another host for a library",
    "init-service-worker.js": "the same",
    "google.js": "a configuration for another service",
    "app-config.js": "ours is made for each request",
    "index.html": "ours has no script in it",
    "manifest.json": "links to the root of the host",
    "customizations/*": "settings by URL, which are switched off",
    "silent-refresh.html": "log-in by OpenID Connect, which asks another host for a library",
    "oidc-client.min.js": "loaded by that page alone, as are the next two",
    "es6-shim.min.js": "the same",
    "polyfill.min.js": "the same",
    "_headers": "for other web servers, as are the next two",
    "_redirects": "the same",
    "serve.json": "the same",
    "assets/[!fi]*": "icons for the home screens of phones; favicon and the pictures of volume presets stay",
    "assets/firefox*": "the same",
}
_DIST = "dist/"
_PAGE = _DIST + "index.html"
_LICENSE = "LICENSE"
_COMPRESSED = frozenset({".js", ".css", ".svg", ".wasm", ".json", ".ico"})
_SCRIPT = re.compile(rb'src="/(app\.bundle\.[0-9a-f]+\.js)"')
_STYLE = re.compile(rb'href="/(app\.bundle\.css)"')
_GZIP_LEVEL = 6
_ZSTD_LEVEL = 12
_ABANDONED_SECONDS = 3600


def stage(tarball: Path, folder: Path, package: Package, rebase: Rebase | None = None) -> Viewer:
    """Check ``tarball``, unpack it, and put what is made of it in place of ``folder``; raises `ViewerProblem`."""
    _check_replaceable(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(folder)
        with tarball.open("rb") as opened, _new_folder(folder) as made:
            check_integrity(package, opened)
            viewer = _fill(made, opened, package, rebase or Rebase())
            _put_in_place(made, folder)
    except OSError as exc:
        raise ViewerProblem(f"the viewer cannot be put into {folder}: {exc}") from exc
    return viewer


def remove(folder: Path) -> bool:
    """Remove the viewer; False if there is none. Anything else than a viewer is left alone, with a `ViewerProblem`."""
    _check_replaceable(folder)
    if not (folder / MANIFEST).is_file():
        return False
    try:
        with _new_folder(folder) as away:
            folder.rename(away / "old")
    except OSError as exc:
        raise ViewerProblem(f"the viewer in {folder} cannot be removed: {exc}") from exc
    return True


def is_left_out(path: str) -> bool:
    """Whether a file of the package's ``dist`` is not needed."""
    return any(fnmatchcase(path, pattern) for pattern in LEFT_OUT)


def _check_replaceable(folder: Path) -> None:
    """Nobody's other files are to be lost by a wrong setting."""
    is_viewer = (folder / MANIFEST).is_file()
    if folder.exists() and not is_viewer and not (folder.is_dir() and next(folder.iterdir(), None) is None):
        raise ViewerProblem(f"{folder} holds other things than a viewer; name another folder by --viewer")


def _fill(made: Path, tarball: IO[bytes], package: Package, rebase: Rebase) -> Viewer:
    page = b""
    files: dict[str, int] = {}
    digest = hashlib.sha256()
    for path, content in read_package(tarball, _is_wanted):
        if path == _PAGE:
            page = content
            continue
        name = path.removeprefix(_DIST)
        served = rebase(name, content)
        digest.update(b"%d %s\n" % (len(served), name.encode()))
        digest.update(served)
        files[name] = len(served)
        _write(made / FILES / name, served)
    rebase.check()
    script, style = _SCRIPT.search(page), _STYLE.search(page)
    if script is None or style is None or not {script[1].decode(), style[1].decode()} <= files.keys():
        raise ViewerProblem("the page of the package names no script and style that are in it")
    viewer = Viewer(
        package.title,
        package.version,
        digest.hexdigest()[:12],
        script[1].decode(),
        style[1].decode(),
        _compressed(made / FILES, files),
    )
    _write(made / MANIFEST, viewer.as_json())
    return viewer


def _is_wanted(path: str) -> bool:
    return path in (_PAGE, _LICENSE) or (path.startswith(_DIST) and not is_left_out(path.removeprefix(_DIST)))


def _compressed(folder: Path, files: Mapping[str, int]) -> dict[str, StagedFile]:
    """Compress everything that gets smaller by it, some files at a time."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
        codings = threads.map(lambda name: _compress(folder / name), files)
        return {name: StagedFile(files[name], found) for name, found in zip(files, codings, strict=True)}


def _compress(path: Path) -> tuple[str, ...]:
    if path.suffix not in _COMPRESSED:
        return ()
    content = path.read_bytes()
    forms = {
        "zstd": zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(content),
        "gzip": gzip.compress(content, _GZIP_LEVEL, mtime=0),
    }
    smaller = {coding: form for coding, form in forms.items() if len(form) < len(content)}
    for coding, form in smaller.items():
        _write(path.with_name(path.name + SUFFIXES[coding]), form)
    return tuple(smaller)


def _write(path: Path, content: bytes) -> None:
    """Write a file that is there even if the machine stops: the folder is to be renamed when all of them are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())


def _put_in_place(made: Path, folder: Path) -> None:
    """A folder with something in it cannot be replaced by one rename: the old one is moved out of the way first."""
    os.chmod(made, 0o755)  # who installs it need not be who serves it
    with _new_folder(folder) as away:
        if folder.exists():
            folder.rename(away / "old")
        made.rename(folder)


def _prefix(folder: Path) -> str:
    return f".{folder.name}."


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """A folder beside ``folder`` that is gone at the end, unless it has been renamed."""
    made = Path(tempfile.mkdtemp(prefix=_prefix(folder), suffix=".partial", dir=folder.parent))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _remove_abandoned(folder: Path) -> None:
    """Remove what a crash left: nobody takes an hour to stage a viewer."""
    for left in folder.parent.glob(f"{_prefix(folder)}*.partial"):
        if left.stat().st_mtime < time.time() - _ABANDONED_SECONDS:
            shutil.rmtree(left, ignore_errors=True)


def staged_bytes(folder: Path) -> int:
    """How much room the viewer takes, with its compressed forms."""
    found = find_viewer(folder)
    return 0 if found is None else sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
