import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from builders import ct_instance
from command_line import introduce, isocenter
from peers import dcmqrscp, pynetdicom_ae
from pydicom.dataset import Dataset
from pynetdicom import evt

STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
FILES = [
    ct_instance(SOPInstanceUID=f"1.{study}.1.{number}", SeriesInstanceUID=f"1.{study}.1", StudyInstanceUID=f"1.{study}",
                PatientID=f"P{study}", StudyDate=f"2026010{study}", StudyID=f"S{study}")
    for study in (1, 2)
    for number in (1, 2)
]  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder that knows an archive of two studies."""
    folder = tmp_path_factory.mktemp("find")
    with dcmqrscp(folder / "remote", FILES) as program:
        introduce(folder, program.node)
        yield folder


def test_studies_are_shown_as_a_table(data: Path) -> None:
    result = isocenter(data, "find", "QRSCP", "PatientID=P1")
    head, row = result.stdout.splitlines()
    assert (result.exit_code, head.split()[:2], row.split()[:2]) == (0, ["StudyDate", "PatientID"], ["20260101", "P1"])
    assert row.endswith("1.1")


def test_all_match_when_nothing_is_said(data: Path) -> None:
    assert len(isocenter(data, "find", "QRSCP").stdout.splitlines()) == 3


def test_what_is_named_is_shown_besides(data: Path) -> None:
    head, row = isocenter(data, "find", "QRSCP", "StudyDate=20260102-", "StudyID").stdout.splitlines()
    assert (head.split()[-1], row.split()[-1]) == ("StudyID", "S2")


def test_answers_are_written_as_dicom_json(data: Path) -> None:
    lines = isocenter(data, "find", "QRSCP", "PatientID=P2", "--json").stdout.splitlines()
    (found,) = map(json.loads, lines)
    assert found["00100020"] == {"vr": "LO", "Value": ["P2"]}


@pytest.mark.parametrize(
    ("level", "keys", "count"),
    [
        ("patient", (), 2),
        ("series", ("StudyInstanceUID=1.1",), 1),
        ("instance", ("StudyInstanceUID=1.1", "SeriesInstanceUID=1.1.1"), 2),
    ],
)
def test_every_level_is_searched(data: Path, level: str, keys: tuple[str, ...], count: int) -> None:
    result = isocenter(data, "find", "QRSCP", "--level", level, *keys, "--json")
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, count), result.output


def test_nothing_found_is_exit_code_1(data: Path) -> None:
    result = isocenter(data, "find", "QRSCP", "PatientID=nobody")
    assert (result.exit_code, result.stdout) == (1, "")


def test_a_wrong_key_is_a_wrong_use(data: Path) -> None:
    result = isocenter(data, "find", "QRSCP", "Patient=7")
    assert (result.exit_code, "there is no attribute 'Patient'" in result.stderr) == (2, True)


def test_a_search_is_cancelled_when_enough_is_found(tmp_path: Path) -> None:
    cancelled = []

    def answer(event: Any) -> Iterator[tuple[int, Dataset | None]]:
        for number in range(100_000):
            if event.is_cancelled:
                cancelled.append(number)
                yield 0xFE00, None
                return
            found = Dataset()
            found.QueryRetrieveLevel, found.PatientID = "STUDY", str(number)
            time.sleep(0.001)  # an archive that has to look for it
            yield 0xFF00, found

    with pynetdicom_ae([(evt.EVT_C_FIND, answer)], [STUDY_ROOT_FIND]) as node:
        result = isocenter(tmp_path, "find", introduce(tmp_path, node), "--limit", 3, "--json")
    assert (result.exit_code, len(result.stdout.splitlines()), len(cancelled)) == (0, 3, 1)


def test_a_refusal_is_told_with_its_status(tmp_path: Path) -> None:
    with pynetdicom_ae([(evt.EVT_C_FIND, lambda event: iter([(0xA700, None)]))], [STUDY_ROOT_FIND]) as node:
        result = isocenter(tmp_path, "find", introduce(tmp_path, node))
    assert (result.exit_code, result.stderr.startswith("isocenter: status A700")) == (1, True)


def test_answers_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    def answer(event: Any) -> Iterator[tuple[int, Dataset | None]]:
        found = Dataset()
        found.PatientID = "a\x1b[2J"
        yield 0xFF00, found

    with pynetdicom_ae([(evt.EVT_C_FIND, answer)], [STUDY_ROOT_FIND]) as node:
        result = isocenter(tmp_path, "find", introduce(tmp_path, node))
    assert ("\x1b" in result.stdout, "\N{REPLACEMENT CHARACTER}[2J" in result.stdout) == (False, True)
