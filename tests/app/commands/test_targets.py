import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.commands.targets import FolderTarget, ZipTarget


async def pieces(*content: bytes) -> AsyncIterator[bytes]:
    for piece in content:
        yield piece


async def broken() -> AsyncIterator[bytes]:
    yield b"some"
    raise RuntimeError


async def test_a_folder_gets_a_file_for_each_file_id(tmp_path: Path) -> None:
    with FolderTarget(tmp_path / "new" / "folder") as target:
        await target.add(("DICOM", "IM1"), pieces(b"a", b"b"))
    assert (tmp_path / "new/folder/DICOM/IM1").read_bytes() == b"ab"


async def test_a_file_that_breaks_off_does_not_stay(tmp_path: Path) -> None:
    with FolderTarget(tmp_path) as target, pytest.raises(RuntimeError):
        await target.add(("IM1",), broken())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="is not an empty folder"):
        FolderTarget(tmp_path)


async def test_an_archive_gets_an_entry_for_each_file_id(tmp_path: Path) -> None:
    with ZipTarget(tmp_path / "a.zip") as target:
        await target.add(("DICOM", "IM1"), pieces(b"a", b"b"))
        await target.add(("DICOM", "IM2"), pieces(b"c"))
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {"DICOM/IM1": b"ab", "DICOM/IM2": b"c"}


async def test_an_archive_has_its_name_only_when_it_is_complete(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), ZipTarget(tmp_path / "a.zip") as target:
        await target.add(("IM1",), broken())
    assert list(tmp_path.iterdir()) == []


def test_an_archive_that_exists_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.zip").touch()
    with pytest.raises(ValueError, match="exists already"):
        ZipTarget(tmp_path / "a.zip")
