from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import ct_instance
from command_line import introduce, isocenter
from peers import dcmqrscp, pynetdicom_ae
from pydicom import dcmread
from pynetdicom import evt

STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
FILES = [
    ct_instance(SOPInstanceUID=f"1.1.{series}.{number}", SeriesInstanceUID=f"1.1.{series}", StudyInstanceUID="1.1")
    for series in (1, 2)
    for number in (1, 2)
]


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder that knows an archive of one study."""
    folder = tmp_path_factory.mktemp("get")
    with dcmqrscp(folder / "remote", FILES) as program:
        introduce(folder, program.node)
        yield folder


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (("--study", "1.1"), 4),
        (("--study", "1.1", "--series", "1.1.2"), 2),
        (("--study", "1.1", "--series", "1.1.2", "--instance", "1.1.2.1"), 1),
    ],
)
def test_instances_come_into_a_folder(remote: Path, tmp_path: Path, options: tuple[str, ...], count: int) -> None:
    result = isocenter(remote, "get", "QRSCP", *options, "--to", tmp_path / "out")
    assert (result.exit_code, result.stdout) == (0, f"{count} instances are in {tmp_path / 'out'}\n"), result.output
    files = list((tmp_path / "out").iterdir())
    assert {file.name for file in files} == {f"{dcmread(file).SOPInstanceUID}.dcm" for file in files}
    assert len(files) == count


def test_instances_come_into_the_archive(remote: Path) -> None:
    result = isocenter(remote, "get", "QRSCP", "--study", "1.1")
    assert (result.exit_code, result.stdout) == (0, "4 instances are stored\n"), result.output
    assert isocenter(remote, "verify").stdout == "4 objects checked, 0 damaged\n"


def test_what_is_there_already_is_named(remote: Path, tmp_path: Path) -> None:
    instance = ("--study", "1.1", "--series", "1.1.1", "--instance", "1.1.1.1")
    isocenter(remote, "get", "QRSCP", *instance, "--to", tmp_path)
    again = isocenter(remote, "get", "QRSCP", *instance, "--to", tmp_path)
    assert again.exit_code == 1
    assert "failed: 1.1.1.1: " in again.stderr


def test_what_the_node_has_not_is_nothing(remote: Path, tmp_path: Path) -> None:
    result = isocenter(remote, "get", "QRSCP", "--study", "9.9", "--to", tmp_path / "out")
    assert result.stdout == f"0 instances are in {tmp_path / 'out'}\n"


def test_a_node_that_refuses_is_told(tmp_path: Path) -> None:
    with pynetdicom_ae([(evt.EVT_C_GET, lambda event: iter([1, (0xA701, None)]))], [STUDY_ROOT_GET]) as node:
        result = isocenter(tmp_path, "get", introduce(tmp_path, node), "--study", "1.1", "--to", tmp_path / "out")
    assert result.exit_code == 1, result.output


def test_a_node_without_c_get_is_told(tmp_path: Path) -> None:
    with pynetdicom_ae([], ["1.2.840.10008.1.1"]) as node:
        result = isocenter(tmp_path, "get", introduce(tmp_path, node), "--study", "1.1", "--to", tmp_path / "out")
    assert (result.exit_code, f"does not accept SOP Class {STUDY_ROOT_GET}" in result.stderr) == (1, True)


def test_a_study_has_to_be_named(remote: Path) -> None:
    result = isocenter(remote, "get", "QRSCP")
    assert (result.exit_code, "--study" in result.stderr) == (2, True)
