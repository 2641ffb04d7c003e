"""From a package to a folder that is served."""

from __future__ import annotations

import gzip
import os
import time
from pathlib import Path

import pytest
import zstandard
from viewer_package import FILES, SCRIPT, package_of, packed, staged

from app.viewer.package import OHIF, ViewerProblem
from app.viewer.rebasing import Change, Rebase
from app.viewer.staged import find_viewer
from app.viewer.staging import is_left_out, remove, stage, staged_bytes

_SCRIPT = FILES[f"dist/{SCRIPT}"]


def _names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_what_is_not_needed_is_left_out_and_the_rest_compressed(tmp_path: Path) -> None:
    staged(tmp_path / "viewer")
    served = ("0123.wasm", "app.bundle.css", SCRIPT)
    assert _names(tmp_path / "viewer") == {
        "viewer.json",
        "files/LICENSE",
        "files/assets/favicon.ico",
        "files/ohif-logo.svg",
        *(f"files/{name}{suffix}" for name in served for suffix in ("", ".gz", ".zst")),
    }


def test_compressed_forms_are_the_same_file(tmp_path: Path) -> None:
    staged(tmp_path / "viewer")
    files = tmp_path / "viewer" / "files"
    assert gzip.decompress((files / f"{SCRIPT}.gz").read_bytes()) == _SCRIPT
    assert zstandard.decompress((files / f"{SCRIPT}.zst").read_bytes()) == _SCRIPT


def test_what_is_said_about_it_can_be_found_again(tmp_path: Path) -> None:
    made = staged(tmp_path / "viewer")
    assert find_viewer(tmp_path / "viewer") == made
    assert (made.version, made.script, made.style) == ("1.2.3", SCRIPT, "app.bundle.css")
    assert made.files[SCRIPT].size == len(_SCRIPT)
    assert staged_bytes(tmp_path / "viewer") > len(_SCRIPT)


def test_its_digest_depends_on_every_byte_that_is_served(tmp_path: Path) -> None:
    first, again = staged(tmp_path / "a"), staged(tmp_path / "b")
    other = staged(tmp_path / "c", {**FILES, "dist/ohif-logo.svg": b"<svg />"})
    assert first.digest == again.digest != other.digest


def test_files_are_served_as_they_were_changed(tmp_path: Path) -> None:
    tarball = packed(tmp_path / "a.tgz")
    rebase = Rebase([Change("*.js", b"here", b"there", 1)])
    stage(tarball, tmp_path / "viewer", package_of(tarball), rebase)
    assert (tmp_path / "viewer" / "files" / SCRIPT).read_bytes() == _SCRIPT.replace(b"here", b"there")


def test_another_package_leaves_the_old_viewer(tmp_path: Path) -> None:
    old = staged(tmp_path / "viewer")
    with pytest.raises(ViewerProblem, match="hash is another one"):
        stage(packed(tmp_path / "a.tgz"), tmp_path / "viewer", OHIF)
    assert find_viewer(tmp_path / "viewer") == old
    assert not list(tmp_path.glob(".viewer.*"))


def test_a_package_that_cannot_be_changed_leaves_no_viewer(tmp_path: Path) -> None:
    tarball = packed(tmp_path / "a.tgz")
    with pytest.raises(ViewerProblem, match="cannot be made to run below a path"):
        stage(tarball, tmp_path / "viewer", package_of(tarball))
    assert [path.name for path in tmp_path.iterdir()] == ["a.tgz"]


@pytest.mark.parametrize("left", ["dist/index.html", f"dist/{SCRIPT}", "dist/app.bundle.css"])
def test_a_package_without_its_page_is_refused(tmp_path: Path, left: str) -> None:
    with pytest.raises(ViewerProblem, match="names no script and style"):
        staged(tmp_path / "viewer", {name: content for name, content in FILES.items() if name != left})


def test_a_new_viewer_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    staged(tmp_path / "viewer", {**FILES, "dist/old.js": b"old"})
    staged(tmp_path / "viewer")
    assert not (tmp_path / "viewer" / "files" / "old.js").exists()
    assert not list(tmp_path.glob(".viewer.*"))


def test_what_a_crash_left_is_removed_when_it_is_old_enough(tmp_path: Path) -> None:
    old, new = tmp_path / ".viewer.a.partial", tmp_path / ".viewer.b.partial"
    for folder in (old, new):
        (folder / "files").mkdir(parents=True)
    os.utime(old, (0, time.time() - 7200))
    staged(tmp_path / "viewer")
    assert (old.exists(), new.exists()) == (False, True)


def test_other_peoples_files_are_never_replaced_or_removed(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("years")
    with pytest.raises(ViewerProblem, match="holds other things than a viewer"):
        staged(tmp_path / "home")
    with pytest.raises(ViewerProblem, match="holds other things than a viewer"):
        remove(tmp_path / "home")
    with pytest.raises(ViewerProblem, match="holds other things than a viewer"):
        remove(tmp_path / "home" / "thesis.tex")
    assert (tmp_path / "home" / "thesis.tex").read_text() == "years"


def test_an_empty_folder_may_be_given(tmp_path: Path) -> None:
    (tmp_path / "viewer").mkdir()
    staged(tmp_path / "viewer")
    assert find_viewer(tmp_path / "viewer") is not None


def test_removing_says_whether_there_was_one(tmp_path: Path) -> None:
    staged(tmp_path / "viewer")
    assert (remove(tmp_path / "viewer"), remove(tmp_path / "viewer")) == (True, False)
    assert not list(tmp_path.glob("*viewer*/**"))


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ViewerProblem, match="cannot be put into"):
        stage(packed(tmp_path / "a.tgz"), tmp_path / "file" / "viewer", OHIF)


@pytest.mark.parametrize(
    ("path", "is_out"),
    [
        ("ort/esm/ort.min.js", True),
        ("dicom-microscopy-viewer/dataLoader.worker.min.js.map", True),
        ("dicom-microscopy-viewer/dataLoader.worker.min.js", False),
        ("assets/apple-touch-icon.png", True),
        ("assets/firefox_app_60x60.png", True),
        ("assets/favicon.ico", False),
        ("assets/images/CT-Bone.png", False),
        ("interpolation.bundle.fa54018d8628f8c0.js", False),
    ],
)
def test_parts_are_left_out_by_their_path(path: str, is_out: bool) -> None:
    assert is_left_out(path) is is_out
