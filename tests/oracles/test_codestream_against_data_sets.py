"""What codestreams say about themselves, and what the data sets that pydicom ships say about them."""

from pathlib import Path

import pytest
from pydicom.data import get_testdata_files

from dicomcore.data.codestream import read_image_header
from dicomcore.data.file_format import Part10, read_file
from dicomcore.errors import DataError

ROOT = Path(__file__).resolve().parents[2]
WITHOUT_HEADER = "1.2.840.10008.1.2.5"
# An embedded delimiter in the size on purpose; a frame whose first fragment is too short for a header.
BROKEN = {"JPEG2000-embedded-sequence-delimiter.dcm", "SC_rgb_jpeg.dcm"}
# Reversible, but declared as the syntax that may be either.
REVERSIBLE = {"693_J2KI.dcm", "SC_rgb_gdcm_KY.dcm"}


def compressed() -> list[Path]:
    paths = {Path(name) for name in get_testdata_files()}
    paths |= set(ROOT.parent.joinpath("shared", "data").rglob("*.dcm"))
    return sorted(path for path in paths if path.is_file() and path.name not in BROKEN and is_compressed(path))


def is_compressed(path: Path) -> bool:
    try:
        part10 = read_file(path.read_bytes())
    except DataError:
        return False
    element = part10.dataset.get(0x7FE00010)
    has_frames = element is not None and element.fragments is not None and len(element.fragments) > 1
    return has_frames and part10.transfer_syntax.uid != WITHOUT_HEADER


def first_fragment(part10: Part10) -> memoryview:
    element = part10.dataset.get(0x7FE00010)
    assert element is not None and element.fragments is not None
    start, end = element.fragments[1]
    return memoryview(element.buffer)[start:end]


@pytest.mark.parametrize("path", compressed(), ids=lambda path: path.name)
def test_size_samples_and_transfer_syntax_are_those_of_the_data_set(path: Path) -> None:
    part10 = read_file(path.read_bytes())
    header = read_image_header(first_fragment(part10))
    declared = [part10.dataset.integer(tag) for tag in (0x00280010, 0x00280011, 0x00280002)]
    assert [header.rows, header.columns, header.samples_per_pixel] == declared
    uid = part10.transfer_syntax.uid
    assert header.transfer_syntax_uid == (uid[:-1] + "0" if path.name in REVERSIBLE else uid)


def test_every_kind_of_codestream_that_is_there_was_compared() -> None:
    uids = {read_file(path.read_bytes()).transfer_syntax.uid.rpartition(".")[2] for path in compressed()}
    assert uids >= {"50", "51", "70", "80", "81", "90", "91"}
