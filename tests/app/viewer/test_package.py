"""The package: what npm is asked for, and that nothing else is taken for it."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from viewer_package import package_of, packed

from app.viewer.package import OHIF, ViewerProblem, check_integrity, fetch


def test_the_version_and_the_hash_are_pinned() -> None:
    assert re.fullmatch(r"@ohif/app@\d+\.\d+\.\d+", OHIF.specifier)
    assert OHIF.file_name == f"ohif-app-{OHIF.version}.tgz"
    assert re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", OHIF.integrity)


def test_the_right_bytes_are_taken_and_can_then_be_read_from_their_start(tmp_path: Path) -> None:
    tarball = packed(tmp_path / "a.tgz")
    with tarball.open("rb") as opened:
        check_integrity(package_of(tarball), opened)
        assert opened.tell() == 0


def test_one_byte_more_is_another_package(tmp_path: Path) -> None:
    tarball = packed(tmp_path / "a.tgz")
    with pytest.raises(ViewerProblem, match=r"this is not @ohif/app@1\.2\.3: its sha512 hash is another one"):
        check_integrity(package_of(tarball), io.BytesIO(tarball.read_bytes() + b"\0"))


def test_without_npm_the_way_without_it_is_told(tmp_path: Path) -> None:
    with pytest.raises(ViewerProblem, match=r"npm is not here.*npm pack @ohif/app@.*viewer install ohif-app-.*tgz"):
        fetch(OHIF, tmp_path, program="no-such-program")


@pytest.mark.parametrize(("program", "told"), [("false", "ended with 1"), ("true", "ended with 0")])
def test_a_program_that_brings_nothing_is_told(tmp_path: Path, program: str, told: str) -> None:
    with pytest.raises(ViewerProblem, match=f"npm did not fetch @ohif/app@.*{told}"):
        fetch(OHIF, tmp_path, program=program)
