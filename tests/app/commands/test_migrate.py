from pathlib import Path

from typer.testing import CliRunner

from app.cli import app
from app.commands.migrate import bring_to_head, is_embedded
from app.settings import load_settings
from dicomcore.index import Index


def test_a_new_database_gets_its_tables(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["migrate", "--data", str(tmp_path / "new" / "data")])
    assert (result.exit_code, result.stdout) == (0, "The index database is up to date.\n")
    index = Index(f"sqlite:///{tmp_path / 'new' / 'data' / 'index.sqlite'}")
    index.check_schema()
    index.close()


def test_migrating_twice_is_harmless(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path)
    bring_to_head(settings)
    bring_to_head(settings)
    index = Index(settings.database_url)
    assert index.statistics().instances == 0
    index.close()


def test_a_database_that_is_not_there_is_told_in_a_sentence() -> None:
    url = "postgresql://nobody@127.0.0.1:1/nothing"
    result = CliRunner().invoke(app, ["migrate", "--database", url])
    assert result.exit_code == 1
    assert result.stderr.startswith("isocenter: the index database does not answer")


def test_only_sqlite_is_embedded() -> None:
    assert is_embedded(load_settings())
    assert not is_embedded(load_settings(database="postgresql://localhost/isocenter"))
