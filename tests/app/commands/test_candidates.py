import zipfile
from pathlib import Path

import pytest
from builders import CT_IMAGE_STORAGE, element

from app.commands import candidates as module
from app.commands.candidates import Candidate, candidates, read_into
from dicomcore.errors import DicomError, LimitExceeded
from dicomcore.storage import LocalSpool

DICOM = bytes(128) + b"DICM" + element(0x00020002, "UI", CT_IMAGE_STORAGE)
DICOMDIR = bytes(128) + b"DICM" + element(0x00020002, "UI", "1.2.840.10008.1.3.10")
BARE = element(0x00080016, "UI", CT_IMAGE_STORAGE)


def spool(folder: Path) -> LocalSpool:
    return LocalSpool(folder / "spool", memory_limit=1 << 30, size_limit=1 << 30)


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_files_of_folders_come_in_a_stable_order(tmp_path: Path) -> None:
    for name in ("b/2", "b/1", "a/3", "0"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(DICOM)
    found = [candidate.path.relative_to(tmp_path).as_posix() for candidate in candidates([tmp_path])]
    assert found == ["0", "a/3", "b/1", "b/2"]


def test_members_of_archives_are_found_wherever_the_archive_lies(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "a.zip", {"x/1": DICOM, "x/2": DICOM})
    named, in_folder = list(candidates([archive])), list(candidates([tmp_path]))
    assert [candidate.name for candidate in named] == [f"{archive}: x/1", f"{archive}: x/2"]
    assert len(in_folder) == 2


def test_a_dicom_file_whose_preamble_says_zip_is_a_dicom_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"PK\x03\x04" + DICOM[4:])
    assert list(candidates([file])) == [Candidate(file, is_named=True)]


@pytest.mark.parametrize("content", [DICOM, BARE])
def test_the_bytes_of_a_file_are_copied(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    target = spool(tmp_path)
    assert read_into(Candidate(tmp_path / "file"), target)
    assert bytes(target.view()) == content


def test_the_bytes_of_a_member_are_copied(tmp_path: Path) -> None:
    (candidate,) = candidates([write_zip(tmp_path / "a.zip", {"1": DICOM})])
    target = spool(tmp_path)
    assert read_into(candidate, target)
    assert bytes(target.view()) == DICOM


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG", DICOMDIR])
def test_what_lies_in_a_folder_and_is_no_instance_is_left_out(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    assert not read_into(Candidate(tmp_path / "file"), spool(tmp_path))


def test_a_file_that_was_named_is_meant(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"hello")
    assert read_into(Candidate(tmp_path / "file", is_named=True), spool(tmp_path))


def test_a_file_that_is_not_there_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(DicomError, match="cannot be read: No such file or directory"):
        read_into(Candidate(tmp_path / "nothing", is_named=True), spool(tmp_path))


def test_a_bomb_is_refused_while_it_unpacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_UNCHECKED", 1 << 20)
    (candidate,) = candidates([write_zip(tmp_path / "a.zip", {"1": DICOM + bytes(1 << 24)})])
    target = spool(tmp_path)
    with pytest.raises(LimitExceeded):
        read_into(candidate, target)
    assert target.size < 1 << 23


def test_a_damaged_member_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"1": DICOM + bytes(range(256)) * 8})
    content = bytearray(path.read_bytes())
    content[60] ^= 0xFF
    path.write_bytes(content)
    (candidate,) = candidates([path])
    with pytest.raises(DicomError, match="cannot be unpacked"):
        read_into(candidate, spool(tmp_path))


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"1": DICOM})
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    (candidate,) = candidates([path])
    with pytest.raises(DicomError, match=r"cannot be unpacked: .*encrypted"):
        read_into(candidate, spool(tmp_path))


def test_a_member_never_becomes_a_path(tmp_path: Path) -> None:
    (candidate,) = candidates([write_zip(tmp_path / "a.zip", {"../../outside": DICOM})])
    read_into(candidate, spool(tmp_path))
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.zip"]
