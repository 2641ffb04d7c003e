"""pydicom reads our DICOMDIR as it reads its own, and both say the same about the instances that pydicom ships."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_files
from pydicom.fileset import _FOUR_LEVEL_SOP_CLASSES, _SINGLE_LEVEL_SOP_CLASSES, FileInstance, FileSet

from dicomcore.data.dicomdir import FileIds, directory_entry, encode_dicomdir
from dicomcore.data.directory_records import record_type_of
from dicomcore.data.file_format import read_file

NAMES = (
    "CT_small.dcm",
    "MR_small.dcm",
    "MR_small_RLE.dcm",
    "rtplan.dcm",
    "rtdose.dcm",
    "test-SR.dcm",
    "waveform_ecg.dcm",
    "examples_overlay.dcm",
    "examples_rgb_color.dcm",
    "liver_1frame.dcm",
    "JPEG2000.dcm",
)
# Ours has more in a record than pydicom's, and other links and file names. Verification DateTime is looked for where
# reports have it, in the Verifying Observer Sequence.
OUR_OWN = {0x00041400, 0x00041420, 0x00041500, 0x00080005, 0x00100021, 0x00100030, 0x00100040, 0x0008103E, 0x0040A030}


def paths() -> list[Path]:
    found = {Path(name).name: Path(name) for name in get_testdata_files()}
    return [found[name] for name in NAMES]


@pytest.fixture
def file_set(tmp_path: Path) -> Iterator[FileSet]:
    """Return our DICOMDIR with its files, as pydicom reads it."""
    ids, entries = FileIds(), []
    for path in paths():
        part10 = read_file(path.read_bytes())
        uids = [part10.dataset.text(tag) for tag in (0x00100020, 0x0020000D, 0x0020000E)]
        entries.append(directory_entry(ids.next(*uids), part10.dataset, part10.transfer_syntax.uid))
        target = tmp_path.joinpath(*entries[-1].file_id)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    tmp_path.joinpath("DICOMDIR").write_bytes(encode_dicomdir(entries, "TEST"))
    yield from cleaned(FileSet(pydicom.dcmread(tmp_path / "DICOMDIR")))


@pytest.fixture
def theirs() -> Iterator[FileSet]:
    yield from cleaned(FileSet())


def cleaned(file_set: FileSet) -> Iterator[FileSet]:
    """Remove the temporary directory that pydicom leaves to the garbage collector, which warns."""
    yield file_set
    file_set._stage["t"].cleanup()


def keys(instance: FileInstance) -> list[dict[str, object]]:
    """Return the records of an instance and above it, without what may differ."""
    records = [node._record for node in reversed(list(instance.node.reverse()))]
    return [{element.keyword: element.value for element in record if element.tag not in OUR_OWN} for record in records]


def test_pydicom_finds_every_instance_and_its_file(file_set: FileSet) -> None:
    assert file_set.ID == "TEST"
    expected = {str(pydicom.dcmread(path).SOPInstanceUID) for path in paths()}
    assert {str(instance.load().SOPInstanceUID) for instance in file_set} == expected


def test_records_say_what_those_of_pydicom_say(file_set: FileSet, theirs: FileSet) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path in paths():
            dataset = pydicom.dcmread(path)
            for keyword, value in {"PatientID": "", "StudyID": "", "StudyDate": "", "StudyTime": ""}.items():
                if not dataset.get(keyword):
                    setattr(dataset, keyword, value or "0")
            for keyword in ("SeriesNumber", "InstanceNumber"):
                if dataset.get(keyword) is None:
                    setattr(dataset, keyword, 1)
            theirs.add(dataset)
    expected = {str(instance.SOPInstanceUID): keys(instance) for instance in theirs}
    for instance in file_set:
        for ours, other in zip(keys(instance), expected[str(instance.SOPInstanceUID)], strict=True):
            given = {keyword: value for keyword, value in ours.items() if value not in (None, "", [])}
            filled = {keyword: other.get(keyword) for keyword in given}
            assert given == filled


def test_record_types_are_those_of_pydicom() -> None:
    known = {**_FOUR_LEVEL_SOP_CLASSES, **_SINGLE_LEVEL_SOP_CLASSES}
    assert {str(uid): record_type_of(str(uid)) for uid in known} == {str(uid): kind for uid, kind in known.items()}
