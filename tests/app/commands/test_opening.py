import zlib
from pathlib import Path

import pytest

from app.commands.opening import open_archive, open_codecs
from app.settings import load_settings
from dicomcore.errors import IndexUnavailable, StorageUnavailable, WorkersUnavailable


def test_an_archive_is_made_where_there_is_none(tmp_path: Path) -> None:
    with open_archive(load_settings(data=tmp_path / "data")) as archive:
        assert archive.index.statistics().instances == 0
    assert (tmp_path / "data" / "index.sqlite").is_file()


def test_an_archive_is_closed_whatever_happens(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), open_archive(load_settings(data=tmp_path)):
        raise ZeroDivisionError
    with open_archive(load_settings(data=tmp_path)) as archive:
        archive.storage.check()


def test_a_database_that_does_not_answer_is_an_error_of_ours(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path, database="postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(IndexUnavailable), open_archive(settings):
        pass


def test_several_processes_may_have_it_open(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path)
    with open_archive(settings) as one, open_archive(settings) as other:
        assert one.index.statistics() == other.index.statistics()


def test_who_has_to_be_alone_is_refused_while_others_are_there(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path)
    refused = pytest.raises(StorageUnavailable, match="stop the server first")
    with open_archive(settings), refused, open_archive(settings, alone=True):
        pass


def test_objects_without_rows_are_left_alone(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path)
    with open_archive(settings) as archive:
        spool = archive.spool()
        spool.write(b"an object whose row was lost")
        key = archive.storage.keep(spool)
        spool.close()
    with open_archive(settings) as archive:
        assert list(archive.storage.keys()) == [key]


async def test_processes_for_frames_end_when_nobody_needs_them() -> None:
    async with open_codecs() as codecs:
        assert len(await codecs.workers.run(zlib.compress, bytes(100))) < 100
    with pytest.raises(WorkersUnavailable):
        await codecs.workers.run(zlib.compress, bytes(100))
