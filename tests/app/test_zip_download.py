import io
import threading
import zipfile

import httpx
import pydicom
import pytest
from builders import EXPLICIT_BE, EXPLICIT_LE, ct_dataset, ct_instance
from noted_threads import noted_threads

from app import file_set

DICOM = {"Content-Type": "application/dicom"}
ZIP = {"Accept": "application/zip"}
STUDY = "/studies/1.2.3"
SERIES = f"{STUDY}/series/1.2.3.1"
FILES = {
    "1.2.3/1.2.3.1/1.2.3.4.dcm": ct_instance(),
    "1.2.3/1.2.3.1/1.2.3.5.dcm": ct_instance(SOPInstanceUID="1.2.3.5", InstanceNumber="8"),
    "1.2.3/1.2.3.2/1.2.3.6.dcm": ct_instance(
        SOPInstanceUID="1.2.3.6", SeriesInstanceUID="1.2.3.2", SeriesNumber="3", PatientName="Müller^Änne"
    ),
}


@pytest.fixture
async def stored(client: httpx.AsyncClient) -> None:
    for content in FILES.values():
        assert (await client.post("/studies", content=content, headers=DICOM)).status_code == 200


def entries(answer: httpx.Response) -> dict[str, bytes]:
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def unpacked(answer: httpx.Response) -> dict[str, tuple[str, bytes]]:
    """What the DICOMDIR says: SOP Instance UIDs, with their transfer syntax and the bytes of the file that is named."""
    files = entries(answer)
    records = pydicom.dcmread(io.BytesIO(files.pop("DICOMDIR"))).DirectoryRecordSequence
    named = {record.ReferencedSOPInstanceUIDInFile: record for record in records if "ReferencedFileID" in record}
    assert {"/".join(record.ReferencedFileID) for record in named.values()} == set(files)
    return {
        uid: (record.ReferencedTransferSyntaxUIDInFile, files["/".join(record.ReferencedFileID)])
        for uid, record in named.items()
    }


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("path", "prefix", "name"),
    [
        (STUDY, "1.2.3/", "1.2.3.zip"),
        (SERIES, "1.2.3/1.2.3.1/", "1.2.3.1.zip"),
        (f"{SERIES}/instances/1.2.3.5", "1.2.3/1.2.3.1/1.2.3.5", "1.2.3.5.zip"),
    ],
)
async def test_a_download_holds_each_instance_as_it_is_stored(
    client: httpx.AsyncClient, path: str, prefix: str, name: str
) -> None:
    answer = await client.get(path, headers=ZIP)
    assert entries(answer) == {name: content for name, content in FILES.items() if name.startswith(prefix)}
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'


@pytest.mark.usefixtures("stored")
async def test_a_head_request_downloads_nothing(client: httpx.AsyncClient) -> None:
    answer = await client.head(STUDY, headers=ZIP)
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"", "application/zip")


@pytest.mark.usefixtures("stored")
async def test_the_accept_parameter_asks_for_a_download_as_well(client: httpx.AsyncClient) -> None:
    assert len(entries(await client.get(f"{STUDY}?accept=application/zip"))) == 3


@pytest.mark.usefixtures("stored")
async def test_with_a_dicomdir_the_download_is_a_file_set(client: httpx.AsyncClient) -> None:
    found = unpacked(await client.get(f"{STUDY}?dicomdir=true", headers=ZIP))
    stored = {name.split("/")[-1].removesuffix(".dcm"): content for name, content in FILES.items()}
    assert found == {uid: (EXPLICIT_LE, content) for uid, content in stored.items()}


@pytest.mark.usefixtures("stored")
async def test_the_names_of_a_file_set_are_file_ids_and_its_directory_is_at_the_root(client: httpx.AsyncClient) -> None:
    names = list(entries(await client.get(f"{SERIES}?dicomdir=true", headers=ZIP)))
    series = "DICOM/PA000001/ST000001/SE000001"
    assert names == [f"{series}/IM000001", f"{series}/IM000002", "DICOMDIR"]


@pytest.mark.usefixtures("stored")
async def test_a_directory_is_not_written_where_all_requests_are_answered(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = noted_threads(monkeypatch, file_set, "encode_dicomdir")
    unpacked(await client.get(f"{STUDY}?dicomdir=true", headers=ZIP))
    assert len(threads) == 1
    assert threading.main_thread() not in threads


@pytest.mark.parametrize("content", [ct_instance(EXPLICIT_BE), ct_dataset()])
async def test_what_cannot_leave_as_stored_is_in_the_file_set_as_a_file_for_the_web(
    client: httpx.AsyncClient, content: bytes
) -> None:
    await client.post("/studies", content=content, headers=DICOM)
    transfer_syntax, file = unpacked(await client.get(f"{STUDY}?dicomdir=true", headers=ZIP))["1.2.3.4"]
    dataset = pydicom.dcmread(io.BytesIO(file))
    assert (transfer_syntax, dataset.file_meta.TransferSyntaxUID) == (EXPLICIT_LE, EXPLICIT_LE)
    assert dataset.PatientID == "PID1"


@pytest.mark.usefixtures("stored")
async def test_without_a_dicomdir_being_asked_for_there_is_none(client: httpx.AsyncClient) -> None:
    assert "DICOMDIR" not in entries(await client.get(f"{STUDY}?dicomdir=false", headers=ZIP))


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("value", ["1", "yes", "TRUE", ""])
async def test_dicomdir_is_true_or_false(client: httpx.AsyncClient, value: str) -> None:
    answer = await client.get(f"{STUDY}?dicomdir={value}", headers=ZIP)
    assert (answer.status_code, answer.json()["parameter"]) == (400, "dicomdir")
