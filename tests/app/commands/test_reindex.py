from pathlib import Path

from builders import ct_instance
from typer.testing import CliRunner, Result

from app.cli import app


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def imported(folder: Path, count: int) -> Path:
    """An archive of ``count`` instances, below ``folder``."""
    for number in range(count):
        (folder / f"{number}.dcm").write_bytes(ct_instance(SOPInstanceUID=f"1.2.3.4.{number}"))
    assert run("import", "--data", folder / "data", *folder.glob("*.dcm")).exit_code == 0
    return folder / "data"


def test_a_lost_index_is_made_anew_from_the_objects(tmp_path: Path) -> None:
    data = imported(tmp_path, 3)
    for file in data.glob("index.sqlite*"):
        file.unlink()
    result = run("reindex", "--data", data)
    assert (result.exit_code, result.stdout) == (0, "3 objects read, 3 instances in the index, 0 damaged\n")
    assert run("export", "--data", data, "--all", tmp_path / "out").exit_code == 0


def test_reindexing_changes_nothing_where_nothing_is_wrong(tmp_path: Path) -> None:
    data = imported(tmp_path, 2)
    assert run("reindex", "--data", data).exit_code == 0
    assert run("verify", "--data", data).stdout == "2 objects checked, 0 damaged\n"


def test_an_object_that_cannot_be_read_is_named_and_the_others_are_indexed(tmp_path: Path) -> None:
    data = imported(tmp_path, 3)
    damaged = next(path for path in sorted((data / "objects").rglob("*")) if path.is_file())
    damaged.write_bytes(b"gone")
    result = run("reindex", "--data", data)
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (
        1,
        "3 objects read, 2 instances in the index, 1 damaged",
    )
    assert f"damaged: object {damaged.name}: " in result.stdout
