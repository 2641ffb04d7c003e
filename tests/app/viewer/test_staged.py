"""The viewer as it lies in its folder."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from app.viewer.staged import MANIFEST, StagedFile, Viewer, find_viewer

_VIEWER = Viewer("OHIF Viewer", "1.2.3", "abc", "a.js", "a.css", {"a.js": StagedFile(7, ("gzip",))})


def test_what_was_written_is_found(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_bytes(_VIEWER.as_json())
    assert find_viewer(tmp_path) == _VIEWER


def test_its_files_are_below_a_path_that_changes_with_them() -> None:
    assert _VIEWER.segment == "1.2.3-abc"


def test_what_is_written_later_is_found_at_once(tmp_path: Path) -> None:
    assert find_viewer(tmp_path) is None
    (tmp_path / MANIFEST).write_bytes(_VIEWER.as_json())
    assert find_viewer(tmp_path) is not None
    (tmp_path / MANIFEST).unlink()
    assert find_viewer(tmp_path) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"no json",
        orjson.dumps({**orjson.loads(_VIEWER.as_json()), "format": 2}),
        orjson.dumps({**orjson.loads(_VIEWER.as_json()), "files": [1]}),
        orjson.dumps({**orjson.loads(_VIEWER.as_json()), "more": 1}),
    ],
)
def test_what_this_version_cannot_serve_is_no_viewer(tmp_path: Path, content: bytes) -> None:
    (tmp_path / MANIFEST).write_bytes(content)
    assert find_viewer(tmp_path) is None
