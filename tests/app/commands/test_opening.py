from pathlib import Path

import pytest

from app.commands.opening import open_archive
from app.settings import load_settings
from dicomcore.errors import IndexUnavailable


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
