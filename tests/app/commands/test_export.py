import zipfile
from pathlib import Path

import pydicom
import pytest
from builders import EXPLICIT_BE, ct_instance
from typer.testing import CliRunner, Result

from app.cli import app

ONE = ct_instance(SOPInstanceUID="1.1.1.1", SeriesInstanceUID="1.1.1", StudyInstanceUID="1.1", PatientID="A")
TWO = ct_instance(SOPInstanceUID="1.1.2.1", SeriesInstanceUID="1.1.2", StudyInstanceUID="1.1", PatientID="A")
THREE = ct_instance(
    EXPLICIT_BE, SOPInstanceUID="1.2.1.1", SeriesInstanceUID="1.2.1", StudyInstanceUID="1.2", PatientID="B"
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of two studies."""
    folder = tmp_path_factory.mktemp("files")
    for number, content in enumerate((ONE, TWO, THREE)):
        (folder / str(number)).write_bytes(content)
    data = tmp_path_factory.mktemp("archive")
    assert CliRunner().invoke(app, ["import", "--data", str(data), str(folder)]).exit_code == 0
    return data


def run(data: Path, *arguments: object) -> Result:
    return CliRunner().invoke(app, ["export", "--data", str(data), *map(str, arguments)])


def contents(folder: Path) -> set[bytes]:
    return {path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "DICOMDIR"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--all",), {ONE, TWO, THREE}),
        (("--study", "1.1"), {ONE, TWO}),
        (("--study", "1.1", "--series", "1.1.2"), {TWO}),
        (("--study", "1.1", "--series", "1.1.1", "--instance", "1.1.1.1"), {ONE}),
        (("--query", "PatientID=B"), {THREE}),
    ],
)
def test_what_is_selected_is_written_bit_exact(
    data: Path, tmp_path: Path, options: tuple[str, ...], expected: set[bytes]
) -> None:
    result = run(data, *options, tmp_path / "out")
    assert (result.exit_code, contents(tmp_path / "out")) == (0, expected)


def listed(folder: Path) -> dict[str, Path]:
    """What the DICOMDIR says: SOP Instance UIDs and files."""
    records = pydicom.dcmread(folder / "DICOMDIR").DirectoryRecordSequence
    instances = [record for record in records if "ReferencedFileID" in record]
    return {record.ReferencedSOPInstanceUIDInFile: folder.joinpath(*record.ReferencedFileID) for record in instances}


def test_the_directory_names_every_file(data: Path, tmp_path: Path) -> None:
    run(data, "--all", tmp_path / "out")
    files = listed(tmp_path / "out")
    assert sorted(files) == ["1.1.1.1", "1.1.2.1", "1.2.1.1"]
    assert {uid: pydicom.dcmread(file).SOPInstanceUID for uid, file in files.items()} == {uid: uid for uid in files}


def test_an_archive_holds_the_same_file_set(data: Path, tmp_path: Path) -> None:
    assert run(data, "--all", tmp_path / "out.zip").exit_code == 0
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        archive.extractall(tmp_path / "unpacked")
    assert contents(tmp_path / "unpacked") == {ONE, TWO, THREE}
    assert len(listed(tmp_path / "unpacked")) == 3


def test_what_is_not_there_is_told(data: Path, tmp_path: Path) -> None:
    unknown, nothing = run(data, "--study", "9.9", tmp_path / "a"), run(data, "--query", "PatientID=C", tmp_path / "b")
    assert (unknown.exit_code, unknown.stderr) == (1, "isocenter: /studies/9.9 is not here\n")
    assert (nothing.exit_code, nothing.stdout) == (1, f"0 instances are in {tmp_path / 'b'}\n")


def test_a_damaged_instance_is_named_and_the_others_are_exported(tmp_path: Path) -> None:
    for number, content in enumerate((ONE, TWO)):
        (tmp_path / str(number)).write_bytes(content)
    files = [str(tmp_path / "0"), str(tmp_path / "1")]
    CliRunner().invoke(app, ["import", "--data", str(tmp_path / "data"), *files])
    stored = [path for path in (tmp_path / "data" / "objects").rglob("*") if path.is_file()]
    damaged = next(path for path in stored if path.read_bytes() == TWO)
    damaged.write_bytes(TWO[:-1] + b"?")
    result = run(tmp_path / "data", "--all", tmp_path / "out")
    assert (result.exit_code, contents(tmp_path / "out")) == (1, {ONE})
    assert "failed: /studies/1.1/series/1.1.2/instances/1.1.2.1" in result.stderr


def test_nothing_that_exists_is_overwritten(data: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    assert run(data, "--all", tmp_path).exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
