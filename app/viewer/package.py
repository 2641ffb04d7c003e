"""The package that the viewer is made of: which one, how it is fetched, how it is known to be the right one.

Name, version and hash are written down here, so that what is served is what was tried. Nothing is read out of a package
before its hash is right.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_FETCH_SECONDS = 900
_CHUNK = 1 << 20


class ViewerProblem(Exception):
    """The viewer cannot be installed or removed; the message is for the person who asked for it."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package of npm; ``integrity`` is its hash as npm writes it (Subresource Integrity)."""

    title: str
    name: str
    version: str
    integrity: str

    @property
    def specifier(self) -> str:
        """How npm is asked for it."""
        return f"{self.name}@{self.version}"

    @property
    def file_name(self) -> str:
        """What ``npm pack`` calls its file."""
        return f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}.tgz"


OHIF = Package(
    title="OHIF Viewer",
    name="@ohif/app",
    version="3.13.2",
    integrity="sha512-WZdxmpmG7rqFgW9ZJLcbgr3XCtLi1KDNPoMaeY5PPe6j4G4fjEjjkycZM6C6Zk2F87BKxFfpq+jd5xXZB9E8EA==",
)


def fetch(package: Package, folder: Path, program: str = "npm") -> Path:
    """Have npm put the package into ``folder``; raises `ViewerProblem` if there is no npm, or it fails."""
    found = shutil.which(program)
    if found is None:
        raise ViewerProblem(
            f"npm is not here, so {package.specifier} cannot be fetched. On a machine that has it run "
            f"'npm pack {package.specifier}', bring {package.file_name} here and give it: "
            f"isocenter viewer install {package.file_name}"
        )
    command = [
        found,
        "pack",
        package.specifier,
        "--pack-destination",
        str(folder),
        "--ignore-scripts",
        "--prefer-offline",
        "--silent",
    ]
    try:
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_FETCH_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise ViewerProblem(f"npm did not fetch {package.specifier}: {exc}") from exc
    tarball = folder / package.file_name
    if ran.returncode or not tarball.is_file():
        said = ran.stderr.strip() or ran.stdout.strip() or f"it ended with {ran.returncode}"
        raise ViewerProblem(f"npm did not fetch {package.specifier}: {said}")
    return tarball


def check_integrity(package: Package, tarball: IO[bytes]) -> None:
    """Compare the hash of all that ``tarball`` holds, and go back to its start; raises `ViewerProblem`."""
    algorithm, _, expected = package.integrity.partition("-")
    digest = hashlib.new(algorithm)
    while chunk := tarball.read(_CHUNK):
        digest.update(chunk)
    tarball.seek(0)
    if base64.b64encode(digest.digest()).decode("ascii") != expected:
        raise ViewerProblem(
            f"this is not {package.specifier}: its {algorithm} hash is another one, so nothing of it was unpacked"
        )
