"""Packages that somebody made to do harm."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest
from viewer_package import packed

from app.viewer.package import ViewerProblem
from app.viewer.unpacking import read_package


def _member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def _read(tarball: Path, **limits: int) -> dict[str, bytes]:
    with tarball.open("rb") as opened:
        return dict(read_package(opened, lambda path: path.startswith("dist/"), **limits))


def test_what_is_wanted_is_given_by_its_path_below_the_package(tmp_path: Path) -> None:
    tarball = packed(
        tmp_path / "a.tgz", {"dist/a.js": b"a", "README.md": b"b"}, _member("package/dist", tarfile.DIRTYPE)
    )
    assert _read(tarball) == {"dist/a.js": b"a"}


@pytest.mark.parametrize(
    "member",
    [
        _member("package/../../etc/passwd"),
        _member("package/dist/../../../x"),
        _member("/etc/passwd"),
        _member("elsewhere/a.js"),
        _member("package/dist/..\\..\\x"),
        _member("package/dist/a\nb"),
        _member("package/dist/link", tarfile.SYMTYPE, "/etc/passwd"),
        _member("package/README.md", tarfile.LNKTYPE, "package/dist/a.js"),
        _member("package/dist/device", tarfile.CHRTYPE),
        _member("package/dist/pipe", tarfile.FIFOTYPE),
    ],
    ids=lambda member: repr(member.name),
)
def test_members_that_no_package_has_are_refused(tmp_path: Path, member: tarfile.TarInfo) -> None:
    with pytest.raises(ViewerProblem, match="a member that it should not have"):
        _read(packed(tmp_path / "a.tgz", {}, member))


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    tarball = packed(tmp_path / "a.tgz", {"README.md": bytes(1 << 20)})
    with pytest.raises(ViewerProblem, match="more than"):
        _read(tarball, max_bytes=1000)


def test_a_size_that_is_a_lie_is_refused_by_what_it_says(tmp_path: Path) -> None:
    member = _member("package/dist/a.js")
    member.size = 1 << 40
    raw = member.tobuf() + bytes(512)
    (tmp_path / "a.tgz").write_bytes(gzip.compress(raw))
    with pytest.raises(ViewerProblem, match="more than"):
        _read(tmp_path / "a.tgz")


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    tarball = packed(tmp_path / "a.tgz", {f"dist/{number}": b"" for number in range(11)})
    with pytest.raises(ViewerProblem, match="more than 10 files"):
        _read(tarball, max_files=10)


@pytest.mark.parametrize(
    "content", [b"", b"no gzip", gzip.compress(b"no tar, but long enough for a header of one" * 30)], ids=len
)
def test_what_is_no_package_is_refused(content: bytes) -> None:
    with pytest.raises(ViewerProblem, match="cannot be read"):
        list(read_package(io.BytesIO(content), lambda _path: True))


def test_a_package_that_was_cut_is_refused(tmp_path: Path) -> None:
    whole = packed(tmp_path / "a.tgz").read_bytes()
    with pytest.raises(ViewerProblem, match="cannot be read"):
        list(read_package(io.BytesIO(whole[: len(whole) // 2]), lambda _path: True))
