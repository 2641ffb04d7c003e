"""Packages of npm, made as small as they can be."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
from pathlib import Path

from app.viewer.package import Package
from app.viewer.rebasing import Rebase
from app.viewer.staged import Viewer
from app.viewer.staging import stage

SCRIPT = "app.bundle.0123abcd.js"
FILES = {
    "LICENSE": b"MIT",
    "dist/index.html": b'<script src="/app.bundle.0123abcd.js"></script><link href="/app.bundle.css">',
    f"dist/{SCRIPT}": b"console.log('here');" * 200,
    "dist/app.bundle.css": b"body { color: white }" * 200,
    "dist/0123.wasm": bytes(5000),
    "dist/assets/favicon.ico": b"icon",
    "dist/ohif-logo.svg": b"<svg/>",
    "dist/ort/large.wasm": b"left out",
    "dist/app.bundle.js.map": b"left out",
    "dist/sw.js": b"left out",
    "dist/google.js": b"left out",
    "package.json": b"{}",
}


def packed(path: Path, files: dict[str, bytes] | None = None, *members: tarfile.TarInfo) -> Path:
    """Write a package of these files, and of members that have a name and a kind but nothing in them."""
    with tarfile.open(path, "w:gz") as made:
        for name, content in (FILES if files is None else files).items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(content)
            made.addfile(member, io.BytesIO(content))
        for member in members:
            made.addfile(member)
    return path


def package_of(tarball: Path, version: str = "1.2.3") -> Package:
    """What we would have to know about a package to take it."""
    digest = base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    return Package("OHIF Viewer", "@ohif/app", version, f"sha512-{digest}")


def staged(folder: Path, files: dict[str, bytes] | None = None) -> Viewer:
    """Put a small viewer into a folder."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    tarball = packed(folder.parent / "package.tgz", files)
    return stage(tarball, folder, package_of(tarball), Rebase(()))
