import io
import threading

import pydicom
import pytest
from builders import ct_instance, element, sequence
from noted_threads import noted_threads

from app import file_set as file_set_module
from app.file_set import FileSet
from dicomcore.archive import Archive
from dicomcore.resources import Resource


async def store(archive: Archive, content: bytes) -> Resource:
    spool = archive.spool()
    spool.write(content)
    return (await archive.store(spool)).resource


async def test_instances_get_file_ids_by_patient_study_and_series(archive: Archive) -> None:
    one = await store(archive, ct_instance(SOPInstanceUID="1.1"))
    two = await store(archive, ct_instance(SOPInstanceUID="1.2"))
    other = await store(
        archive,
        ct_instance(SOPInstanceUID="2.1", StudyInstanceUID="2", SeriesInstanceUID="2.0", PatientID="B"),
    )
    file_set = FileSet()
    entries = [await file_set.place(archive, await archive.instance(uid), "1.2") for uid in (one, two, other)]
    assert ["/".join(entry.file_id) for entry in entries] == [
        "DICOM/PA000001/ST000001/SE000001/IM000001",
        "DICOM/PA000001/ST000001/SE000001/IM000002",
        "DICOM/PA000002/ST000001/SE000001/IM000001",
    ]


async def test_the_directory_names_what_has_been_entered(archive: Archive) -> None:
    instance = await archive.instance(await store(archive, ct_instance()))
    file_set = FileSet()
    file_set.entries.append(await file_set.place(archive, instance, "1.2.840.10008.1.2.1"))
    directory = pydicom.dcmread(io.BytesIO(file_set.directory()))
    records = [record.DirectoryRecordType for record in directory.DirectoryRecordSequence]
    assert records == ["PATIENT", "STUDY", "SERIES", "IMAGE"]
    assert directory.DirectoryRecordSequence[3].ReferencedTransferSyntaxUIDInFile == "1.2.840.10008.1.2.1"


@pytest.mark.parametrize(("items", "is_here"), [(1, True), (2_000, False)])
async def test_much_metadata_is_not_read_where_all_requests_are_answered(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, items: int, is_here: bool
) -> None:
    named = (element(0x00080104, "LO", f"Item {number}") for number in range(items))
    instance = await archive.instance(await store(archive, ct_instance(extra=sequence(0x00321064, *named))))
    threads = noted_threads(monkeypatch, file_set_module, "decode_json")
    await FileSet().place(archive, instance, "1.2")
    assert [thread is threading.main_thread() for thread in threads] == [is_here]
