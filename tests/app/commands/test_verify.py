from pathlib import Path

import pytest
from builders import ct_instance
from typer.testing import CliRunner, Result

from app.cli import app


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An archive of one instance."""
    (tmp_path / "file").write_bytes(ct_instance())
    assert run("import", "--data", tmp_path / "data", tmp_path / "file").exit_code == 0
    return tmp_path / "data"


def object_of(data: Path) -> Path:
    (found,) = (path for path in (data / "objects").rglob("*") if path.is_file())
    return found


def test_what_is_as_it_was_stored_is_fine(data: Path) -> None:
    result = run("verify", "--data", data)
    assert (result.exit_code, result.stdout) == (0, "1 objects checked, 0 damaged\n")


def test_a_bit_that_flipped_is_found(data: Path) -> None:
    content = bytearray(object_of(data).read_bytes())
    content[-1] ^= 1
    object_of(data).write_bytes(content)
    result = run("verify", "--data", data)
    assert result.exit_code == 1
    assert result.stdout.startswith("damaged: /studies/1.2.3/series/1.2.3.1/instances/1.2.3.4 (object ")


def test_an_object_that_is_gone_is_found(data: Path) -> None:
    object_of(data).unlink()
    result = run("verify", "--data", data)
    assert (result.exit_code, "the object is missing" in result.stdout) == (1, True)
