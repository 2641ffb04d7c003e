from collections.abc import Iterator

import pytest
from builders import CT_IMAGE_STORAGE, EXPLICIT_LE, ct_dataset, element, sequence

from dicomcore.data.dataset import Dataset
from dicomcore.data.dicomdir import FileIds, check_file_id, directory_entry, encode_dicomdir
from dicomcore.data.file_format import Part10, read_file
from dicomcore.data.json_model import BulkdataPolicy, encode_json
from dicomcore.data.json_reader import decode_json
from dicomcore.data.reader import read_dataset
from dicomcore.data.transfer_syntax import EXPLICIT_VR_BIG_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN
from dicomcore.errors import InvalidParameter
from dicomcore.uids import MEDIA_STORAGE_DIRECTORY

NEXT, LOWER, TYPE, FILE_ID = 0x00041400, 0x00041420, 0x00041430, 0x00041500
STORAGE = "1.2.840.10008.5.1.4.1.1."


def ct(**overrides: object) -> Dataset:
    return read_dataset(ct_dataset(**overrides), EXPLICIT_VR_LITTLE_ENDIAN)


def directory(*datasets: Dataset, file_set_id: str = "") -> Part10:
    entries = [directory_entry(("F", f"IM{n}"), each, EXPLICIT_LE) for n, each in enumerate(datasets)]
    return read_file(encode_dicomdir(entries, file_set_id, "1.2.3"))


def records(part10: Part10, offset: int, level: int = 0) -> Iterator[tuple[int, Dataset]]:
    """Walk the records by their offsets alone."""
    items = part10.dataset.items(0x00041220)
    starts = {item.elements[NEXT].header - 8: item for item in items}
    while offset:
        record = starts[offset]
        yield level, record
        yield from records(part10, record.integer(LOWER) or 0, level + 1)
        offset = record.integer(NEXT) or 0


def outline(part10: Part10) -> list[str]:
    walked = records(part10, part10.dataset.integer(0x00041200) or 0)
    return ["  " * level + record.text(TYPE) + " " + "/".join(record.texts(FILE_ID)) for level, record in walked]


def only(part10: Part10, record_type: str) -> Dataset:
    return next(item for item in part10.dataset.items(0x00041220) if item.text(TYPE) == record_type)


def test_it_is_a_media_storage_directory_in_explicit_vr_little_endian() -> None:
    part10 = directory(ct(), file_set_id="EXPORT_1")
    assert part10.file_meta.text(0x00020002) == MEDIA_STORAGE_DIRECTORY
    assert part10.transfer_syntax.uid == EXPLICIT_LE
    assert part10.dataset.text(0x00041130) == "EXPORT_1"
    assert part10.dataset.integer(0x00041212) == 0
    assert part10.warnings == ()


def test_records_are_linked_by_their_offsets() -> None:
    part10 = directory(
        ct(),
        ct(SOPInstanceUID="1.2.3.5"),
        ct(SeriesInstanceUID="1.2.3.2", SOPInstanceUID="1.2.3.6"),
        ct(PatientID="PID2", StudyInstanceUID="1.3", SeriesInstanceUID="1.3.1", SOPInstanceUID="1.3.1.1"),
        ct(SOPInstanceUID="1.2.3.7"),
    )
    assert outline(part10) == [
        "PATIENT ",
        "  STUDY ",
        "    SERIES ",
        "      IMAGE F/IM0",
        "      IMAGE F/IM1",
        "      IMAGE F/IM4",
        "    SERIES ",
        "      IMAGE F/IM2",
        "PATIENT ",
        "  STUDY ",
        "    SERIES ",
        "      IMAGE F/IM3",
    ]
    root = [item for item in part10.dataset.items(0x00041220) if item.text(TYPE) == "PATIENT"]
    assert part10.dataset.integer(0x00041202) == root[-1].elements[NEXT].header - 8


def test_a_directory_without_a_uid_gets_one() -> None:
    one, other = (read_file(encode_dicomdir([])).file_meta.text(0x00020003) for _ in range(2))
    assert one != other


def test_an_empty_file_set_has_no_records() -> None:
    part10 = directory()
    assert part10.dataset.integer(0x00041200) == part10.dataset.integer(0x00041202) == 0
    assert part10.dataset.items(0x00041220) == ()


def test_records_hold_the_keys_of_their_type() -> None:
    part10 = directory(ct())
    patient, study, series, image = part10.dataset.items(0x00041220)
    assert (patient.text(0x00100010), patient.text(0x00100020)) == ("Doe^Jane", "PID1")
    assert [study.text(tag) for tag in (0x00080020, 0x00080050, 0x0020000D)] == ["20240131", "A1", "1.2.3"]
    assert [series.text(tag) for tag in (0x00080060, 0x0020000E, 0x00200011)] == ["CT", "1.2.3.1", "2"]
    assert image.text(0x00200013) == "7"
    assert [image.text(tag) for tag in (0x00041510, 0x00041511, 0x00041512)] == [
        CT_IMAGE_STORAGE,
        "1.2.3.4",
        EXPLICIT_LE,
    ]
    assert {record.integer(0x00041410) for record in (patient, study, series, image)} == {0xFFFF}


def test_what_an_instance_lacks_is_empty_and_nothing_is_invented() -> None:
    part10 = directory(ct(PatientID=None, InstanceNumber=None, StudyID=None))
    patient, study, _, image = part10.dataset.items(0x00041220)
    assert patient.get(0x00100020).end == patient.get(0x00100020).start
    assert 0x00200010 in study
    assert 0x00200013 in image


def test_text_keeps_its_bytes_and_its_character_set() -> None:
    name = "Äpfel^Ö".encode("latin-1")
    patient = only(directory(ct(PatientName=name + b" " * (len(name) & 1))), "PATIENT")
    assert bytes(patient.raw(0x00100010)).rstrip() == name
    assert patient.text(0x00080005) == "ISO_IR 100"
    assert patient.text(0x00100010) == "Äpfel^Ö"


def test_patients_without_an_id_are_told_apart_by_name_and_birth_date() -> None:
    one = ct(PatientID=None)
    other = ct(PatientID=None, PatientName="Roe^Richard", StudyInstanceUID="1.9", SOPInstanceUID="1.9.9")
    assert sum(line.startswith("PATIENT") for line in outline(directory(one, other))) == 2


def test_a_structured_report_has_its_title_modifiers_and_last_verification() -> None:
    code = element(0x00080100, "SH", "T1") + element(0x00080104, "LO", "Title")
    observers = [element(0x0040A030, "DT", moment) for moment in ("20240101", "20240301", "20240201")]
    modifier = element(0x0040A010, "CS", "HAS CONCEPT MOD") + element(0x0040A040, "CS", "CODE")
    extra = (
        sequence(0x0040A043, code)
        + sequence(0x0040A073, *observers)
        + element(0x0040A491, "CS", "COMPLETE")
        + element(0x0040A493, "CS", "VERIFIED")
        + sequence(0x0040A730, modifier, element(0x0040A010, "CS", "CONTAINS"))
    )
    report = only(directory(ct(SOPClassUID=STORAGE + "88.33", extra=extra)), "SR DOCUMENT")
    assert report.items(0x0040A043)[0].text(0x00080104) == "Title"
    assert report.text(0x0040A030) == "20240301"
    assert [item.text(0x0040A010) for item in report.items(0x0040A730)] == ["HAS CONCEPT MOD"]


@pytest.mark.parametrize(
    ("component", "record_type", "tag", "vr", "value"),
    [
        ("481.5", "RT PLAN", 0x300A0002, "SH", "Plan A"),
        ("481.3", "RT STRUCTURE SET", 0x30060002, "SH", "Set A"),
        ("481.2", "RT DOSE", 0x3004000A, "CS", "PLAN"),
        ("11.1", "PRESENTATION", 0x00700080, "CS", "LABEL"),
        ("104.1", "ENCAP DOC", 0x00420012, "LO", "application/pdf"),
        ("9.1.1", "WAVEFORM", 0x00080023, "DA", "20240101"),
    ],
)
def test_other_kinds_have_their_keys(component: str, record_type: str, tag: int, vr: str, value: str) -> None:
    dataset = ct(SOPClassUID=STORAGE + component)
    dataset.put(tag, vr, value)
    assert only(directory(dataset), record_type).text(tag) == value


def test_an_instance_of_no_patient_stands_at_the_root() -> None:
    palette = ct(SOPClassUID="1.2.840.10008.5.1.4.39.1")
    assert outline(directory(palette)) == ["PALETTE F/IM0"]


def test_metadata_and_big_endian_instances_make_the_same_directory() -> None:
    little = directory(ct())
    big = directory(read_dataset(ct_dataset(big_endian=True), EXPLICIT_VR_BIG_ENDIAN))
    metadata = directory(decode_json(encode_json(ct(), BulkdataPolicy(b"/"))).dataset)
    encoded = [encode_json(each.dataset, BulkdataPolicy(b"")) for each in (little, big, metadata)]
    assert encoded[0] == encoded[1]
    names = [only(each, "PATIENT").text(0x00100010) for each in (little, metadata)]
    assert names == ["Doe^Jane", "Doe^Jane"]


def test_file_ids_are_counted_below_their_directories() -> None:
    ids = FileIds()
    assert ids.next("P", "1.1", "1.1.1") == ("DICOM", "PA000001", "ST000001", "SE000001", "IM000001")
    assert ids.next("P", "1.1", "1.1.1")[-1] == "IM000002"
    assert ids.next("P", "1.1", "1.1.2")[3:] == ("SE000002", "IM000001")
    assert ids.next("Q", "1.2", "1.2.1")[1:4] == ("PA000002", "ST000001", "SE000001")
    assert ids.next("P", "1.1", "1.1.1") == ("DICOM", "PA000001", "ST000001", "SE000001", "IM000003")
    check_file_id(ids.next("Q", "1.2", "1.2.1"))


@pytest.mark.parametrize(
    "file_id", [(), ("a",), ("ABCDEFGHI",), ("A.DCM",), ("",), ("..",), ("A",) * 9, ("A/B",), ("A\n",)]
)
def test_a_file_id_that_media_do_not_have_is_refused(file_id: tuple[str, ...]) -> None:
    with pytest.raises(InvalidParameter):
        directory_entry(file_id, ct(), EXPLICIT_LE)


def test_a_file_set_id_that_media_do_not_have_is_refused() -> None:
    with pytest.raises(InvalidParameter):
        encode_dicomdir([], "lower")
