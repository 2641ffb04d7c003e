"""Every element of every file that pydicom ships, and of the shared images where they are: raw value, VR, nesting."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_files
from pydicom.dataelem import RawDataElement

from dicomcore.data import Dataset, read_file
from dicomcore.errors import DicomError, MalformedDataset, NotDicom

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
FILES = sorted({Path(name) for name in get_testdata_files()} | set(SHARED.rglob("*")))
FILES = [path for path in FILES if path.is_file()]

# Refused, and rightly so: cut off, shifted by a byte, or something else than DICOM.
REFUSED: dict[str, type[DicomError]] = {
    "DICOMDIR-nooffset": MalformedDataset,
    "MR_truncated.dcm": MalformedDataset,
    "rtplan_truncated.dcm": MalformedDataset,
    "no_meta.dcm": NotDicom,
}
NO_DICOM = {".txt", ".md", ".json", ".gz", ".icc", ".dump", ".zip"}


def is_dicom(path: Path) -> bool:
    return path.suffix not in NO_DICOM and not path.name.startswith("README")


def test_there_are_files_to_compare() -> None:
    assert sum(map(is_dicom, FILES)) > 100


@pytest.mark.parametrize("path", [path for path in FILES if is_dicom(path)], ids=lambda path: path.name)
def test_reader_finds_what_pydicom_finds(path: Path) -> None:
    expected_error = REFUSED.get(path.name)
    if expected_error is not None:
        with pytest.raises(expected_error):
            read_file(path.read_bytes())
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = pydicom.dcmread(path, force=True)
        differences = list(compare(read_file(path.read_bytes()).dataset, theirs, ""))
    assert differences == []


@pytest.mark.parametrize("path", [path for path in FILES if not is_dicom(path)], ids=lambda path: path.name)
def test_reader_refuses_what_is_no_dicom(path: Path) -> None:
    with pytest.raises(NotDicom):
        read_file(path.read_bytes())


def compare(ours: Dataset, theirs: pydicom.Dataset, path: str) -> Iterator[str]:
    """Yield a sentence for each difference."""
    if set(ours.elements) != {int(tag) for tag in theirs.keys()}:  # noqa: SIM118
        yield f"{path}: other tags"
        return
    for element in ours:
        where = f"{path}/{element.tag:08X}"
        raw = theirs.get_item(element.tag)
        value = raw.value if isinstance(raw, RawDataElement) else None
        # The group length of a private group is a UL like any other (PS3.5 §7.2); pydicom leaves it UN.
        vr = theirs[element.tag].VR if element.tag & 0xFFFF else "UL"
        if element.vr != vr:
            yield f"{where}: {element.vr}, not {vr}"
        elif element.items is not None:
            items = theirs[element.tag].value
            if len(items) != len(element.items):
                yield f"{where}: {len(element.items)} items, not {len(items)}"
            for number, (our_item, their_item) in enumerate(zip(element.items, items, strict=False)):
                yield from compare(our_item, their_item, f"{where}/{number}")
        elif value is not None and bytes(element.buffer[element.start : element.end]) != value:
            yield f"{where}: another value"
