import zipfile
from pathlib import Path

from builders import ct_instance
from typer.testing import CliRunner, Result

from app.cli import app


def run(data: Path, *arguments: object) -> Result:
    return CliRunner().invoke(app, ["import", "--data", str(data), *map(str, arguments)], env={"COLUMNS": "400"})


def rows(result: Result) -> dict[str, int]:
    """The table of the summary."""
    lines = (line.rstrip().rpartition(" ") for line in result.stdout.splitlines())
    return {name.strip(): int(count) for name, _, count in lines if count.isdigit()}


def folder_of(path: Path, **files: bytes) -> Path:
    path.mkdir()
    for name, content in files.items():
        (path / name).write_bytes(content)
    return path


def test_files_folders_and_archives_are_stored(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "folder", a=ct_instance(SOPInstanceUID="1.1"), b=ct_instance(SOPInstanceUID="1.2"))
    file = folder_of(tmp_path / "other", c=ct_instance(SOPInstanceUID="1.3")) / "c"
    with zipfile.ZipFile(tmp_path / "study.zip", "w") as archive:
        archive.writestr("d", ct_instance(SOPInstanceUID="1.4"))
    result = run(tmp_path / "data", folder, file, tmp_path / "study.zip")
    assert (result.exit_code, rows(result)) == (0, {"stored": 4, "already there": 0, "refused": 0})


def test_a_second_import_changes_nothing(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "folder", a=ct_instance())
    run(tmp_path / "data", folder)
    assert rows(run(tmp_path / "data", folder)) == {"stored": 0, "already there": 1, "refused": 0}


def test_what_is_refused_is_listed_with_its_reason_and_the_exit_code_says_so(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "folder", good=ct_instance(), bad=ct_instance(StudyInstanceUID=None))
    result = run(tmp_path / "data", folder)
    assert (result.exit_code, rows(result)) == (1, {"stored": 1, "already there": 0, "refused": 1})
    assert f"refused {folder / 'bad'}: Study Instance UID" in result.stdout


def test_what_is_no_dicom_is_left_out_of_folders_and_refused_when_named(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "folder", readme=b"hello")
    in_folder, named = run(tmp_path / "data", folder), run(tmp_path / "data", folder / "readme")
    assert (in_folder.exit_code, rows(in_folder)["not DICOM, left out"]) == (0, 1)
    assert (named.exit_code, rows(named)["refused"]) == (1, 1)


def test_other_content_under_a_known_uid_follows_the_setting(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "folder", a=ct_instance(), b=ct_instance(PatientID="other"))
    run(tmp_path / "data", folder / "a")
    assert rows(run(tmp_path / "data", "--duplicates", "reject", folder / "b"))["refused"] == 1
    assert rows(run(tmp_path / "data", "--duplicates", "keep-first", folder / "b"))["another version kept"] == 1
    assert rows(run(tmp_path / "data", folder / "b"))["replaced"] == 1


def test_only_the_first_refused_files_are_listed_unless_all_are_asked_for(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "folder", **{f"f{number}": ct_instance(SOPClassUID=None) for number in range(60)})
    short, full = run(tmp_path / "data", folder), run(tmp_path / "data", "--show-all", folder)
    assert short.stdout.count("refused /") == 50
    assert "and 10 more; --show-all lists them" in short.stdout
    assert full.stdout.count("refused /") == 60


def test_names_from_archives_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("\x1b[2J[bold]x", ct_instance(SOPClassUID=None))
    result = run(tmp_path / "data", tmp_path / "a.zip")
    assert "\N{REPLACEMENT CHARACTER}[2J[bold]x: " in result.stdout
