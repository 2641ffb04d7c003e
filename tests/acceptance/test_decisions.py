"""The decisions of docs/conformance.md that show in single requests: one line each, by the name of the row."""

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
import pytest_asyncio
from builders import IMPLICIT_LE, ct_dataset, ct_instance, encapsulated, part10
from fastapi import FastAPI
from pydicom.data import get_testdata_file

from app.commands.migrate import bring_to_head
from app.main import create_app
from app.settings import load_settings

STUDY = "/studies/1.2.3"
SERIES = f"{STUDY}/series/1.2.3.1"
INSTANCE = f"{SERIES}/instances/1.2.3.4"
IMPLICIT = "/studies/1.2.4/series/1.2.4.1/instances/1.2.4.4"
GONE = "/studies/1.2.5"
JPEG = "JPEG"  # stands for the path of an instance in JPEG Baseline
BASE = "http://pacs.test/dicom-web"
JPEG_FILE = Path(str(get_testdata_file("SC_rgb_jpeg_dcmtk.dcm")))

DICOM = "application/dicom"
VIDEO = "1.2.840.10008.1.2.4.102"
OCTETS = "application/octet-stream"
XML_PARTS = 'multipart/related; type="application/dicom+xml"'


class Exchange(NamedTuple):
    """A request, the status of its answer, and patterns that header fields or the body must match (None: no field)."""

    rows: str
    url: str
    status: int
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed
    fields: dict[str, str | None] = {}  # noqa: RUF012 - never changed
    body: str = ""
    method: str = "GET"


def accept(media_type: str) -> dict[str, str]:
    return {"accept": media_type}


def warns(text: str) -> dict[str, str | None]:
    return {"warning": f"^299 {re.escape(BASE)}: {re.escape(text)}$"}


IGNORED = "The {} parameter is not supported. It has been ignored."
NOT_MATCHED = "The {} attribute is not supported as a matching key of this search. It has not been matched."

EXCHANGES = [
    Exchange("COM-003", "/studies?foo=1", 200, fields=warns(IGNORED.format("foo"))),
    Exchange("COM-003 RS-020", f"{INSTANCE}?foo=1&window=1", 200, fields={"warning": None}),
    Exchange("COM-005", "/studies?Limit=1", 200, fields=warns(IGNORED.format("Limit"))),
    Exchange("COM-008", "/studies/1.2.3%20", 400, body='"parameter":"study"'),
    Exchange("COM-008", "/studies?PatientID=a%00", 400),
    Exchange("COM-009 ENC-007", "/studies/abc", 400),
    Exchange("COM-009", f"/studies/{'1' * 65}", 400),
    Exchange("COM-009", "/studies/1.02.3", 404),
    Exchange("COM-010", "/studies?accept=image/*", 400),
    Exchange("COM-010", f"{INSTANCE}?accept=image/png", 406, accept(DICOM)),
    Exchange("COM-010", f"{INSTANCE}?accept={DICOM}", 200, accept("*/*"), {"content-type": f"^{DICOM};"}),
    Exchange("COM-011", "/studies?accept=application/dicom,image/jpeg", 400),
    Exchange("COM-012 COM-037", "/studies?charset=iso-8859-1", 400, body="only UTF-8"),
    Exchange("COM-012", "/studies?charset=iso-8859-1,utf-8;q=0.1", 200),
    Exchange("COM-035 COM-037", f"{INSTANCE}/metadata", 406, accept("application/dicom+json;charset=latin1")),
    Exchange("COM-035", "/studies", 200, {"accept-charset": "iso-8859-1"}),
    Exchange("COM-026", INSTANCE, 406, accept("image/png"), body='"available":\\["multipart/related'),
    Exchange("COM-028", STUDY, 406, accept(DICOM)),
    Exchange("COM-028 RS-023", f"{INSTANCE}/frames/1,1", 406, accept(OCTETS)),
    Exchange("COM-028 RS-023", f"{INSTANCE}/frames/1", 200, accept(OCTETS), {"content-type": f"^{OCTETS};"}),
    Exchange("COM-043", INSTANCE, 200, accept(DICOM), {"content-location": f"^{BASE}{INSTANCE}$"}),
    Exchange("COM-043", STUDY, 200, body=f"Content-Location: {BASE}{INSTANCE}\r\n"),
    Exchange("COM-049 RS-030", GONE, 410),
    Exchange("COM-051", "/studies/1.2.6", 206, fields=warns("1 instances are left out, because they cannot be had in "
                                                            "the form that was asked for")),
    Exchange("COM-052", INSTANCE, 206, accept(DICOM) | {"range": "bytes=128-131"}, body="^DICM$"),
    Exchange("COM-052", INSTANCE, 206, accept(DICOM) | {"range": "bytes=0-1,9-9"}, {"content-type": "byteranges"}),
    Exchange("COM-052", INSTANCE, 416, accept(DICOM) | {"range": "bytes=9999-"}, {"content-range": "^bytes \\*/"}),
    Exchange("COM-054", f"{INSTANCE}/metadata", 200, fields={"content-length": "^[1-9]"}, body="^$", method="HEAD"),
    Exchange("COM-056", STUDY, 200, fields={"cache-control": "^private, no-cache$"}),
    Exchange("COM-056", "/studies", 200, {"cache-control": "no-cache"}, {"etag": None}),
    Exchange("MED-002", JPEG, 200, accept(DICOM), {"content-type": r"=1\.2\.840.*\.1\.2\.1$"}),
    Exchange("MED-002", JPEG, 200, accept(f"{DICOM};transfer-syntax=*"), {"content-type": r"=1\.2\.840.*\.4\.50$"}),
    Exchange("MED-014", STUDY, 200, accept("application/zip"), body="1.2.3/1.2.3.1/1.2.3.4.dcm"),
    Exchange("MED-014 FIL-007", f"{STUDY}?dicomdir=true", 200, accept("application/zip"), body="DICOMDIR"),
    Exchange("MED-014 COM-004", f"{STUDY}?dicomdir=yes", 400, accept("application/zip"), body='"parameter":"dicomdir"'),
    Exchange("RS-022", f"{INSTANCE}/metadata", 200, accept("application/dicom+xml"), body="^<.xml"),
    Exchange("RS-001", "/studies/1.2.4/series/1.2.3.1", 404),
    Exchange("RS-005", f"{INSTANCE}/bulkdata/00100010", 200, accept(OCTETS), body="^Doe"),
    Exchange("RS-005", f"{INSTANCE}/bulkdata/nothing", 404),
    Exchange("RS-006", f"{STUDY}/pixeldata", 200, fields={"content-type": "octet-stream"}),
    Exchange("RS-008", f"{INSTANCE}/frames/1,1", 200),
    Exchange("RS-008", f"{INSTANCE}/frames/2", 404),
    Exchange("RS-008", f"{INSTANCE}/frames/0", 400),
    Exchange("RS-008", f"{INSTANCE}/frames/1-3", 400),
    Exchange("JSN-001", f"{INSTANCE}/metadata", 200, body=r"^\[\{.*\}\]$"),
    Exchange("STO-010", IMPLICIT, 200, accept(f"{DICOM};transfer-syntax=*"), {"content-type": r"=1\.2\.840.*1\.2\.1$"}),
    Exchange("QRY-001", "/patients", 200, body="00201200"),
    Exchange("QRY-001", f"{SERIES}/instances", 200),
    Exchange("QRY-002", "/series", 200, accept(XML_PARTS), body="<NativeDicomModel"),
    Exchange("QRY-002", "/studies", 406, accept("image/png")),
    Exchange("QRY-003", "/studies?PatientID=nobody", 204, fields={"content-type": None, "x-total-count": "^0$"}),
    Exchange("QRY-004", "/studies/9.9.9/series", 204),
    Exchange("QRY-004", f"{GONE}/series", 204),
    Exchange("QRY-010", "/studies?PatientID=a&00100020=b", 400),
    Exchange("QRY-010", "/studies?StudyInstanceUID=1.2.3,1.2.4", 200, fields={"x-total-count": "^2$"}),
    Exchange("QRY-011", f"{STUDY}/series?PatientID=nobody", 204),
    Exchange("QRY-011", "/studies?Modality=CT", 200, fields=warns(NOT_MATCHED.format("Modality"))),
    Exchange("QRY-012", "/studies?00231001=x", 400, body="00230010"),
    Exchange("QRY-015", "/studies?includefield=all,PatientID", 400),
    Exchange("QRY-015", "/studies?includefield=StudyDescription&includefield=PatientWeight", 200, body="00101030"),
    Exchange("QRY-017 QRY-019", "/studies?limit=0&StudyInstanceUID=1.2.3", 204,
             fields=warns("There are 1 additional results that can be requested")),
    Exchange("QRY-017 COM-004", "/studies?limit=-1", 400, body='"parameter":"limit"'),
    Exchange("QRY-023", "/studies?fuzzymatching=yes", 400),
    Exchange("QRY-032", f"{STUDY}/instances", 200, body="0020000E"),
    Exchange("QRY-034", "/studies?StudyInstanceUID=1.2.3", 200, body=f'"vr":"UR","Value":\\["{BASE}{STUDY}"'),
    Exchange("MAT-005", "/studies?StudyInstanceUID=1.2.*", 400),
    Exchange("COM-055", "/studies?foo=1&bar=2", 200, fields={"warning": ", 299 "}),
]  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def filled(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[FastAPI, str]]:
    """An application over some instances, and the path of the one in JPEG Baseline."""
    settings = load_settings(data=tmp_path_factory.mktemp("decisions") / "data", log_level="error")
    bring_to_head(settings)
    application = create_app(settings)
    yield application, await fill(application)
    await application.state.services.renderer.close()
    application.state.services.source.close()


async def fill(application: FastAPI) -> str:
    mixed = {"StudyInstanceUID": "1.2.6", "SeriesInstanceUID": "1.2.6.1"}
    deleted = {"StudyInstanceUID": "1.2.5", "SeriesInstanceUID": "1.2.5.1", "SOPInstanceUID": "1.2.5.4"}
    implicit = {"StudyInstanceUID": "1.2.4", "SeriesInstanceUID": "1.2.4.1", "SOPInstanceUID": "1.2.4.4"}
    async with client_of(application) as client:
        for content in (
            ct_instance(),
            ct_instance(IMPLICIT_LE, **implicit),
            ct_instance(**deleted),
            ct_instance(**mixed, SOPInstanceUID="1.2.6.4"),
            video_of(mixed),
        ):
            answer = await store(client, content)
            assert answer.status_code == 200
        await client.delete(GONE)
        return (await store(client, JPEG_FILE.read_bytes())).headers["location"].removeprefix(BASE)


def video_of(uids: dict[str, str]) -> bytes:
    """Say that a slice is a video: enough for an answer to leave it out."""
    dataset = ct_dataset(**uids, SOPInstanceUID="1.2.6.5")
    before = dataset[: dataset.index(b"\xe0\x7f\x10\x00")]
    return part10(before + encapsulated([b"stream"]), VIDEO, sop_instance="1.2.6.5")


def client_of(application: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url=BASE)


async def store(client: httpx.AsyncClient, content: bytes, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post("/studies", content=content, headers={"content-type": DICOM} | named)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: f"{exchange.rows} {exchange.url}")
async def test_a_request_is_answered_as_decided(filled: tuple[FastAPI, str], exchange: Exchange) -> None:
    application, jpeg = filled
    async with client_of(application) as client:
        url = jpeg if exchange.url == JPEG else exchange.url
        answer = await client.request(exchange.method, url, headers=exchange.headers)
    assert answer.status_code == exchange.status
    for name, pattern in exchange.fields.items():
        assert (name in answer.headers) == (pattern is not None)
        assert pattern is None or re.search(pattern, answer.headers[name])
    assert re.search(exchange.body, answer.content.decode("latin-1"), re.DOTALL)


@pytest.mark.asyncio(loop_scope="module")
async def test_com_053_an_etag_is_that_of_one_representation(filled: tuple[FastAPI, str]) -> None:
    async with client_of(filled[0]) as client:
        tags = [
            (await client.get(url, headers=headers)).headers["etag"]
            for url, headers in (
                (f"{INSTANCE}/metadata", accept("application/dicom+json")),
                (f"{INSTANCE}/metadata", accept(XML_PARTS)),
                (INSTANCE, accept(DICOM)),
                (STUDY, {}),
            )
        ]
        again = await client.get(INSTANCE, headers=accept(DICOM) | {"if-none-match": tags[2]})
    assert len(set(tags)) == len(tags)
    assert again.status_code == 304


@pytest.fixture
async def empty(application: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(application) as client:
        yield client


async def test_sto_011_012_013_the_status_tells_how_much_was_stored(empty: httpx.AsyncClient) -> None:
    assert (await store(empty, ct_instance())).status_code == 200
    assert (await store(empty, b"no instance " * 20)).status_code == 409
    assert (await store(empty, ct_instance(), content_type="text/plain")).status_code == 415
    assert (await store(empty, parts(ct_instance(), b"no instance " * 20), content_type=PARTS)).status_code == 202
    assert (await store(empty, parts(ct_instance())[:200], content_type=PARTS)).status_code == 400


PARTS = "multipart/related; type=application/dicom; boundary=edge"


def parts(*contents: bytes, media_type: str = DICOM) -> bytes:
    heads = (b"--edge\r\nContent-Type: %b\r\n\r\n%b\r\n" % (media_type.encode(), content) for content in contents)
    return b"".join(heads) + b"--edge--\r\n"


async def test_sto_002_an_instance_of_another_study_fails(empty: httpx.AsyncClient) -> None:
    answer = await empty.post("/studies/9.9", content=ct_instance(), headers={"content-type": DICOM})
    assert answer.status_code == 409
    assert answer.json()["00081198"]["Value"][0]["00081197"]["Value"] == [0xA900]


async def test_sto_004_a_type_that_is_missing_is_application_dicom(empty: httpx.AsyncClient) -> None:
    answer = await store(empty, parts(ct_instance()), content_type="multipart/related; boundary=edge")
    assert answer.status_code == 200


async def test_sto_005_instances_and_metadata_do_not_mix(empty: httpx.AsyncClient) -> None:
    answer = await store(empty, parts(b"[]", media_type="application/dicom+json"), content_type=PARTS)
    assert answer.status_code == 400


async def test_com_045_sto_006_parts_come_in_any_order(empty: httpx.AsyncClient) -> None:
    metadata = (
        b'[{"00080016":{"vr":"UI","Value":["1.2.840.10008.5.1.4.1.1.66"]},"00080018":{"vr":"UI","Value":["1.2.7"]},'
        b'"0020000D":{"vr":"UI","Value":["1.2.8"]},"0020000E":{"vr":"UI","Value":["1.2.9"]},'
        b'"00420011":{"vr":"OB","BulkDataURI":"the/value"}}]'
    )
    body = (
        b"--edge\r\nContent-Type: application/octet-stream\r\nContent-Location: the/value\r\n\r\n1234\r\n"
        b"--edge\r\nContent-Type: application/dicom+json\r\n\r\n" + metadata + b"\r\n--edge--\r\n"
    )
    kind = 'multipart/related; type="application/dicom+json"; boundary=edge'
    assert (await store(empty, body, content_type=kind)).status_code == 200
    found = await empty.get("/studies/1.2.8/series/1.2.9/instances/1.2.7/bulkdata/00420011", headers=accept(OCTETS))
    assert found.content == b"1234"


async def test_com_057_sto_016_a_preamble_that_is_a_program_is_zeroed(empty: httpx.AsyncClient) -> None:
    content = ct_instance()
    answer = await store(empty, b"MZ" + content[2:])
    assert answer.status_code == 202
    assert answer.json()["00081199"]["Value"][0]["00081196"]["Value"] == [0xB000]
    assert (await empty.get(INSTANCE, headers=accept(DICOM))).content == content


async def test_fil_002_the_data_set_counts_when_the_file_meta_information_differs(empty: httpx.AsyncClient) -> None:
    answer = await store(empty, ct_instance().replace(b"1.2.3.4\0", b"1.2.3.9\0", 1))
    item = answer.json()["00081199"]["Value"][0]
    assert (answer.status_code, item["00081155"]["Value"], item["00081196"]["Value"]) == (202, ["1.2.3.4"], [0xB007])


async def test_sto_014_015_019_023_the_response_leads_to_the_instance(empty: httpx.AsyncClient) -> None:
    answer = await store(empty, ct_instance())
    assert answer.json()["00081190"]["Value"] == [f"{BASE}{STUDY}"]
    assert answer.headers["location"] == answer.headers["content-location"] == f"{BASE}{INSTANCE}"
    assert (await empty.get(answer.headers["location"])).status_code == 200
    as_xml = await store(empty, ct_instance(), accept="application/dicom+xml")
    assert as_xml.headers["content-type"] == "application/dicom+xml"


async def test_sto_015_instances_of_several_studies_have_no_retrieve_url_in_common(empty: httpx.AsyncClient) -> None:
    other = ct_instance(StudyInstanceUID="1.9", SeriesInstanceUID="1.9.1", SOPInstanceUID="1.9.2")
    answer = await store(empty, parts(ct_instance(), other), content_type=PARTS)
    assert answer.json()["00081190"] == {"vr": "UR"}
    assert "location" not in answer.headers


async def test_sto_018_the_same_content_changes_nothing_and_another_replaces(empty: httpx.AsyncClient) -> None:
    first = await store(empty, ct_instance())
    assert (await store(empty, ct_instance())).json() == first.json()
    assert (await store(empty, ct_instance(PatientID="other"))).status_code == 200
    assert (await empty.get("/instances?PatientID=other")).headers["x-total-count"] == "1"
    assert (await empty.get("/instances?PatientID=PID1")).status_code == 204


async def test_sto_022_bodies_may_be_compressed(empty: httpx.AsyncClient) -> None:
    answer = await store(empty, gzip.compress(ct_instance()), content_encoding="gzip")
    assert answer.status_code == 200


async def test_com_020_sto_021_a_missing_accept_is_refused_if_the_setting_says_so(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path / "data", log_level="error", strict_accept=True)
    bring_to_head(settings)
    application = create_app(settings)
    async with client_of(application) as client:
        del client.headers["accept"]
        assert (await client.get("/studies")).status_code == 406
        assert (await store(client, ct_instance())).status_code == 406
        assert (await client.get("/studies", headers=accept("*/*"))).status_code == 204
    application.state.services.source.close()
