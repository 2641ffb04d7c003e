"""dicomweb-client, as its users call it, against a running server."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy
import pydicom
import pytest
import requests
from builders import ct_dataset, ct_instance, encapsulated, part10
from dicomweb_client.api import DICOMwebClient
from pydicom.data import get_testdata_file
from running_server import RunningServer, start_server

STUDY, SERIES = "1.2.3.4", "1.2.3.4.1"
UIDS = [f"{SERIES}.{number}" for number in range(1, 4)]
MULTIFRAME = str(get_testdata_file("examples_ybr_color.dcm"))


def dataset(number: int) -> pydicom.Dataset:
    content = ct_instance(
        StudyInstanceUID=STUDY,
        SeriesInstanceUID=SERIES,
        SOPInstanceUID=UIDS[number],
        InstanceNumber=str(number + 1),
        PatientName="Doe^Jane",
    )
    return pydicom.dcmread(BytesIO(content))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    running = start_server(tmp_path_factory.mktemp("dicomweb") / "data")
    client = DICOMwebClient(running.base)
    client.store_instances([dataset(number) for number in range(3)])
    requests.post(
        f"{running.base}/studies",
        data=Path(MULTIFRAME).read_bytes(),
        headers={"Content-Type": "application/dicom"},
        timeout=30,
    ).raise_for_status()
    yield running
    running.stop()


@pytest.fixture
def client(server: RunningServer) -> DICOMwebClient:
    return DICOMwebClient(server.base)


def test_store_instances_names_what_was_stored(client: DICOMwebClient) -> None:
    response = client.store_instances([dataset(0)])
    assert [item.ReferencedSOPInstanceUID for item in response.ReferencedSOPSequence] == [UIDS[0]]
    assert "FailedSOPSequence" not in response


def test_store_instances_into_a_study(client: DICOMwebClient) -> None:
    response = client.store_instances([dataset(1)], study_instance_uid=STUDY)
    assert response.RetrieveURL.endswith(f"/studies/{STUDY}")


def test_search_for_studies_by_name(client: DICOMwebClient) -> None:
    found = client.search_for_studies(search_filters={"PatientName": "doe*"}, fields=["StudyDescription"], limit=10)
    assert [study["0020000D"]["Value"] for study in found] == [[STUDY]]


def test_search_for_series_and_instances(client: DICOMwebClient) -> None:
    assert [series["0020000E"]["Value"] for series in client.search_for_series(STUDY)] == [[SERIES]]
    found = client.search_for_instances(STUDY, SERIES)
    assert [instance["00080018"]["Value"][0] for instance in found] == UIDS
    assert client.search_for_instances(search_filters={"StudyInstanceUID": STUDY}) != []


def test_search_gets_the_remaining_pages(client: DICOMwebClient) -> None:
    found = client.search_for_instances(STUDY, SERIES, limit=1, get_remaining=True)
    assert [instance["00080018"]["Value"][0] for instance in found] == UIDS


def test_search_without_match_is_an_empty_list(client: DICOMwebClient) -> None:
    assert client.search_for_studies(search_filters={"PatientID": "nobody at all"}) == []


def test_retrieve_metadata_at_every_level(client: DICOMwebClient) -> None:
    study = client.retrieve_study_metadata(STUDY)
    assert study == client.retrieve_series_metadata(STUDY, SERIES)
    assert study[1] == client.retrieve_instance_metadata(STUDY, SERIES, UIDS[1])
    assert study[1]["00100010"]["Value"] == [{"Alphabetic": "Doe^Jane"}]


def test_retrieve_study_series_and_instance(client: DICOMwebClient) -> None:
    expected = [dataset(number) for number in range(3)]
    assert client.retrieve_study(STUDY) == expected
    assert client.retrieve_series(STUDY, SERIES) == expected
    assert client.retrieve_instance(STUDY, SERIES, UIDS[2]) == expected[2]


def test_iterators_give_the_same(client: DICOMwebClient) -> None:
    expected = [dataset(number) for number in range(3)]
    assert list(client.iter_study(STUDY)) == expected
    assert list(client.iter_series(STUDY, SERIES)) == expected
    frames = client.iter_instance_frames(STUDY, SERIES, UIDS[0], [1])
    assert [bytes(frame) for frame in frames] == [expected[0].PixelData]


def test_retrieve_frames_of_native_pixel_data(client: DICOMwebClient) -> None:
    (frame,) = client.retrieve_instance_frames(STUDY, SERIES, UIDS[0], [1])
    pixels = numpy.frombuffer(frame, "<u2")
    assert numpy.array_equal(pixels, numpy.frombuffer(dataset(0).PixelData, "<u2"))


def test_retrieve_frames_of_compressed_pixel_data(client: DICOMwebClient) -> None:
    source = pydicom.dcmread(MULTIFRAME)
    expected = list(pydicom.encaps.generate_frames(source.PixelData, number_of_frames=int(source.NumberOfFrames)))
    uids = (source.StudyInstanceUID, source.SeriesInstanceUID, source.SOPInstanceUID)
    media_types = (("image/jpeg", "1.2.840.10008.1.2.4.50"),)
    frames = client.retrieve_instance_frames(*uids, [1, 3], media_types=media_types)
    assert [frame.rstrip(b"\0") for frame in frames] == [expected[index].rstrip(b"\0") for index in (0, 2)]


def frames_known_to_the_client() -> Iterator[tuple[str, str]]:
    """The transfer syntaxes of compressed frames that it knows, each with the media types that it asks for."""
    known = {
        ("image/dicom-rle", "image/x-dicom-rle"): ("5",),
        ("image/jpeg",): ("4.50", "4.51", "4.57", "4.70"),
        ("image/jls", "image/x-jls"): ("4.80", "4.81"),
        ("image/jp2",): ("4.90", "4.91"),
        ("image/jpx",): ("4.92", "4.93"),
        ("video/mpeg2",): ("4.100", "4.101"),
        ("video/mp4",): ("4.102", "4.103", "4.104", "4.105", "4.106"),
    }
    for media_types, ends in known.items():
        yield from ((media_type, f"1.2.840.10008.1.2.{end}") for media_type in media_types for end in ends)


@pytest.mark.parametrize(("media_type", "transfer_syntax"), [*frames_known_to_the_client()])
def test_retrieve_frames_in_every_media_type_that_it_knows(
    client: DICOMwebClient, server: RunningServer, media_type: str, transfer_syntax: str
) -> None:
    frame = f"a frame in {transfer_syntax} ".encode()
    frame += b" " * (len(frame) % 2)
    uids = ("1.2.9", transfer_syntax, f"{transfer_syntax}.1")
    keywords = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
    attributes = dict(zip(keywords, uids, strict=True)) | {"PatientName": "Frames", "PixelData": None}
    data = ct_dataset(**attributes) + encapsulated([frame])
    stored = requests.post(
        f"{server.base}/studies",
        data=part10(data, transfer_syntax),
        headers={"Content-Type": "application/dicom"},
        timeout=60,
    )
    assert stored.ok
    (found,) = client.retrieve_instance_frames(*uids, [1], media_types=((media_type, transfer_syntax),))
    assert bytes(found) == frame


@pytest.mark.parametrize(
    ("name", "media_type", "start"),
    [
        ("CT_small.dcm", "image/jpeg", b"\xff\xd8"),
        ("CT_small.dcm", "image/gif", b"GIF8"),
        ("CT_small.dcm", "image/png", b"\x89PNG"),
        ("CT_small.dcm", "image/jp2", b"\0\0\0\x0cjP  "),
        ("examples_ybr_color.dcm", "image/gif", b"GIF8"),
        ("examples_ybr_color.dcm", "video/mp4", b"\0\0\0"),
        ("test-SR.dcm", "text/html", b"<!"),
        ("test-SR.dcm", "text/plain", b""),
        ("test-SR.dcm", "text/xml", b"<?xml"),
        ("waveform_ecg.dcm", "application/pdf", b"%PDF"),
    ],
)
def test_retrieve_rendered_in_every_media_type_that_it_knows(
    client: DICOMwebClient, server: RunningServer, name: str, media_type: str, start: bytes
) -> None:
    content = Path(str(get_testdata_file(name))).read_bytes()
    headers = {"Content-Type": "application/dicom"}
    assert requests.post(f"{server.base}/studies", data=content, headers=headers, timeout=60).ok
    source = pydicom.dcmread(BytesIO(content))
    uids = (source.StudyInstanceUID, source.SeriesInstanceUID, source.SOPInstanceUID)
    found = client.retrieve_instance_rendered(*uids, media_types=(media_type,))
    found = found.encode() if isinstance(found, str) else found  # it decodes text
    assert found.startswith(start)
    assert len(found) > 100


def test_retrieve_compressed_instance_as_stored(client: DICOMwebClient) -> None:
    source = pydicom.dcmread(MULTIFRAME)
    uids = (source.StudyInstanceUID, source.SeriesInstanceUID, source.SOPInstanceUID)
    assert client.retrieve_instance(*uids, media_types=(("application/dicom", "*"),)) == source


def test_retrieve_bulkdata_whole_and_in_pieces(client: DICOMwebClient) -> None:
    url = client.retrieve_instance_metadata(STUDY, SERIES, UIDS[0])["7FE00010"]["BulkDataURI"]
    pixels = dataset(0).PixelData
    assert client.retrieve_bulkdata(url) == [pixels]
    assert b"".join(client.iter_bulkdata(url)) == pixels


def test_retrieve_bulkdata_by_range(client: DICOMwebClient) -> None:
    """Its ``byte_range`` asks for bytes of a multipart body and takes them for a whole one, so that HTTP is used."""
    url = client.retrieve_instance_metadata(STUDY, SERIES, UIDS[0])["7FE00010"]["BulkDataURI"]
    headers = {"Accept": "application/octet-stream", "Range": "bytes=2-9"}
    answer = requests.get(url, headers=headers, timeout=30)
    assert (answer.status_code, answer.content) == (206, dataset(0).PixelData[2:10])


def test_delete_instance_series_and_study(server: RunningServer) -> None:
    client = DICOMwebClient(server.base)
    study, series = "1.2.99", "1.2.99.1"
    for number in range(4):
        content = ct_instance(
            StudyInstanceUID=study,
            SeriesInstanceUID=f"{series}.{number // 2}",
            SOPInstanceUID=f"{series}.{number // 2}.{number}",
        )
        client.store_instances([pydicom.dcmread(BytesIO(content))])
    client.delete_instance(study, f"{series}.0", f"{series}.0.0")
    assert len(client.search_for_instances(study)) == 3
    client.delete_series(study, f"{series}.1")
    assert len(client.search_for_instances(study)) == 1
    client.delete_study(study)
    assert client.search_for_studies(search_filters={"StudyInstanceUID": study}) == []
    with pytest.raises(requests.HTTPError, match="410"):
        client.retrieve_study(study)
