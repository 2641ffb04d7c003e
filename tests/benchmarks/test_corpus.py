"""The corpus: deterministic, right in size, and DICOM to pydicom."""

import io

import pydicom
import pytest
from PIL import Image

from benchmarks import corpus, headers, part10
from benchmarks.instance import CT_FRAME, Instance, uid
from benchmarks.tiny import SAME_NAME, TinyStudy, tiny_studies


def read(file: bytes) -> pydicom.FileDataset:
    return pydicom.dcmread(io.BytesIO(file))


def count(dataset: pydicom.Dataset) -> int:
    return sum(1 + sum(count(item) for item in (e.value if e.VR == "SQ" else ())) for e in dataset)


def test_uids_are_valid_distinct_and_of_one_length() -> None:
    uids = {uid("ct", number) for number in range(500)}
    assert {len(one) for one in uids} == {44}
    assert len(uids) == 500
    assert all(pydicom.uid.UID(one).is_valid for one in uids)


def test_a_ct_image_has_512_by_512_pixels_of_16_bit_and_about_240_elements() -> None:
    dataset = read(corpus.make_ct(0))
    assert len(dataset.PixelData) == CT_FRAME == 512 * 512 * 2
    assert (dataset.Rows, dataset.Columns, dataset.BitsAllocated) == (512, 512, 16)
    assert count(dataset) == part10.count_elements(corpus.ct_elements(0)) + 1 == 242


def test_ct_images_hold_private_blocks_and_sequences_in_sequences() -> None:
    dataset = read(corpus.make_ct(0))
    assert dataset.private_block(0x0043, "GEMS_PARM_01")[1].VR == "SS"
    assert dataset.SourceImageSequence[0].PurposeOfReferenceCodeSequence[0].CodeValue == "121322"


def test_ct_images_differ_and_come_out_the_same_again() -> None:
    assert corpus.make_ct(7) == corpus.make_ct(7)
    first, second = read(corpus.make_ct(7)), read(corpus.make_ct(8))
    assert first.SOPInstanceUID != second.SOPInstanceUID
    assert first.PixelData != second.PixelData


def test_the_ct_study_has_three_series_of_100_images() -> None:
    series = [read(corpus.make_ct(number)).SeriesInstanceUID for number in (0, 99, 100, 299)]
    assert series[0] == series[1] != series[2] != series[3]


def test_the_enhanced_ct_describes_each_of_its_200_frames() -> None:
    elements = corpus.enhanced_elements()
    dataset = read(
        part10.file_header(headers.ENHANCED_CT_IMAGE, "1.2", part10.EXPLICIT_VR_LITTLE_ENDIAN) + part10.encode(elements)
    )
    assert dataset.NumberOfFrames == len(dataset.PerFrameFunctionalGroupsSequence) == 200
    assert dataset.PerFrameFunctionalGroupsSequence[41].FrameContentSequence[0].InStackPositionNumber == 42
    assert count(dataset) == part10.count_elements(elements)


def test_the_whole_slide_image_places_each_of_its_5000_tiles() -> None:
    groups = dict((tag, value) for tag, _, value in corpus.wsi_elements())[0x52009230]
    assert len(groups) == 5000
    last = read(part10.file_header("1.2", "1.2", part10.EXPLICIT_VR_LITTLE_ENDIAN) + part10.encode(groups[-1]))
    position = last.PlanePositionSlideSequence[0]
    assert position.ColumnPositionInTotalImagePixelMatrix == 99 * 256 + 1
    assert position.RowPositionInTotalImagePixelMatrix == 49 * 256 + 1


def test_tiles_are_jpeg_images_that_all_differ() -> None:
    tiles = list(corpus._jpegs(40, (64, 32)))
    assert len(set(tiles)) == 40
    assert Image.open(io.BytesIO(tiles[39])).size == (64, 32)


def test_the_report_nests_40_containers() -> None:
    item, depth = read(corpus.make_sr()), 0
    while item is not None:
        depth += 1
        item = next((one for one in item.get("ContentSequence", ()) if one.ValueType == "CONTAINER"), None)
    assert depth == 40


def test_frames_are_found_without_an_offset_table() -> None:
    pixels = part10.encode_fragments([b"one.", b"two"], offset_table=False)
    instance = Instance("1", "2", "3", part10.file_header("1", "3", part10.JPEG_BASELINE) + pixels, frame_count=2)
    assert [instance.frame(1), instance.frame(2)] == [b"one.", b"two\0"]


def test_files_are_made_once(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "make", lambda name: name.encode())
    assert corpus.load(tmp_path, tiny=0).ct[299].file[:] == b"ct-299"
    monkeypatch.setattr(corpus, "make", lambda name: b"made again")
    assert corpus.load(tmp_path, tiny=0).wsi.file[:] == b"wsi"


def test_tiny_studies_have_one_and_two_instances_in_turn() -> None:
    assert [len(study.instances) for study in tiny_studies(4)] == [1, 2, 1, 2]
    assert [len(study.instances) for study in tiny_studies(2, 10)] == [10, 10]


def test_a_tiny_instance_carries_what_is_searched_for() -> None:
    study = TinyStudy(123, 1)
    dataset = read(study.instances[0].file)
    assert (dataset.PatientID, dataset.PatientName, dataset.StudyDate) == (study.patient_id, study.name, study.date)
    assert (dataset.StudyInstanceUID, dataset.SOPInstanceUID) == (study.uid, study.instances[0].sop)
    assert len(study.instances[0].file) < 2000


def test_as_many_tiny_studies_share_a_name_and_a_day_however_many_there_are() -> None:
    studies = tiny_studies(10_000)
    names = {study.family_name for study in studies}
    assert len(names) == 10_000 // SAME_NAME
    assert len({len(name) for name in names}) == 1
    assert len({study.date for study in studies}) == len({study.patient_id for study in studies}) == 10_000
