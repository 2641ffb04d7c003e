from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import CT_IMAGE_STORAGE, EXPLICIT_LE, ct_instance

from app.commands.received import ArchiveTarget, FolderTarget, Target
from dicomcore.archive import Archive
from dicomcore.resources import Resource
from dicomcore.scu.arrivals import Received
from dicomcore.threads import Threads


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[FolderTarget]:
    threads = Threads(1)
    yield FolderTarget(tmp_path / "new" / "folder", threads, 1 << 20)
    threads.close()


def received(target: Target, content: bytes, uid: str = "1.2.3.4") -> Received:
    spool = target.spool()
    spool.write(content)
    return Received(spool, CT_IMAGE_STORAGE, uid, EXPLICIT_LE)


async def test_a_file_has_the_uid_for_its_name(folder: FolderTarget, tmp_path: Path) -> None:
    assert await folder.take(received(folder, b"content")) == 0x0000
    assert [(path.name, path.read_bytes()) for path in (tmp_path / "new/folder").iterdir()] == [
        ("1.2.3.4.dcm", b"content")
    ]
    assert (folder.stored, folder.problems) == (1, [])


async def test_a_file_that_is_there_stays(folder: FolderTarget, tmp_path: Path) -> None:
    await folder.take(received(folder, b"first"))
    assert await folder.take(received(folder, b"second")) == 0xA700
    assert (tmp_path / "new/folder/1.2.3.4.dcm").read_bytes() == b"first"
    assert (folder.stored, folder.problems[0].startswith("1.2.3.4: ")) == (1, True)


@pytest.mark.parametrize("name", ["../1.2", "/tmp/1.2", "1.2/3", "", "a"])
async def test_a_name_that_is_no_uid_writes_nothing(folder: FolderTarget, tmp_path: Path, name: str) -> None:
    assert await folder.take(received(folder, b"content", name)) == 0xA900
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_what_is_stored_in_the_archive_can_be_retrieved(archive: Archive) -> None:
    target = ArchiveTarget(archive)
    assert await target.take(received(target, ct_instance())) == 0x0000
    assert (await archive.instance(Resource("1.2.3", "1.2.3.1", "1.2.3.4"))).size == len(ct_instance())
    assert (target.stored, target.problems) == (1, [])


async def test_a_warning_of_the_archive_is_passed_on(archive: Archive) -> None:
    target = ArchiveTarget(archive)
    content = b"MZ" + ct_instance()[2:]
    assert (await target.take(received(target, content)), target.stored) == (0xB000, 1)


async def test_what_the_archive_refuses_is_refused(archive: Archive) -> None:
    target = ArchiveTarget(archive)
    assert await target.take(received(target, ct_instance(StudyInstanceUID=None))) == 0xA900
    assert (target.stored, "Study Instance UID" in target.problems[0]) == (0, True)


async def test_an_archive_that_does_not_answer_is_told(archive: Archive) -> None:
    target = ArchiveTarget(archive)
    one = received(target, ct_instance())
    archive.index.close()
    assert await target.take(one) in (0xA700, 0xC000)
    assert target.stored == 0
