"""``isocenter viewer``; that the real package is installed by it is tested with the browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import isocenter
from viewer_package import packed, staged

from app.viewer.package import OHIF


def test_another_tarball_is_refused(tmp_path: Path) -> None:
    result = isocenter(tmp_path / "data", "viewer", "install", packed(tmp_path / "a.tgz"))
    assert result.exit_code == 1
    assert f"this is not {OHIF.specifier}" in result.stderr
    assert not (tmp_path / "data" / "viewer").exists()


def test_a_tarball_that_is_not_there_is_told(tmp_path: Path) -> None:
    result = isocenter(tmp_path / "data", "viewer", "install", tmp_path / "none.tgz")
    assert result.exit_code == 1
    assert "none.tgz" in result.stderr


def test_without_npm_the_other_way_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = isocenter(tmp_path / "data", "viewer", "install")
    assert result.exit_code == 1
    assert "npm is not here" in result.stderr
    assert f"isocenter viewer install {OHIF.file_name}" in result.stderr


def test_the_state_is_told_and_is_in_the_exit_code(tmp_path: Path) -> None:
    without = isocenter(tmp_path, "viewer", "status")
    staged(tmp_path / "viewer")
    with_one = isocenter(tmp_path, "viewer", "status")
    assert (without.exit_code, with_one.exit_code) == (1, 0)
    assert "'isocenter viewer install' adds OHIF Viewer" in without.stdout
    assert "OHIF Viewer 1.2.3 is in" in with_one.stdout
    assert f"goes with {OHIF.version}: install it again" in with_one.stdout


def test_it_is_removed(tmp_path: Path) -> None:
    staged(tmp_path / "viewer")
    first, second = (isocenter(tmp_path, "viewer", "remove") for _ in range(2))
    assert "is removed" in first.stdout
    assert "There is no viewer" in second.stdout
    assert not (tmp_path / "viewer").exists()


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_bytes(b"")
    result = isocenter(tmp_path, "viewer", "remove", "--viewer", tmp_path / "mine")
    assert result.exit_code == 1
    assert "holds other things than a viewer" in result.stderr
