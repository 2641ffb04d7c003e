import base64
import gzip
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pydicom
import pytest
from builders import EXPLICIT_BE, IMPLICIT_LE, ct_dataset, ct_instance, element, file_meta, part10
from dicomweb_bodies import related

from app.main import create_app
from app.settings import Settings

BASE = "http://pacs.test/dicom-web"
DICOM = {"Content-Type": "application/dicom"}
STUDY = "/studies/1.2.3"
SERIES = f"{STUDY}/series/1.2.3.1"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"

RETRIEVE_URL, WARNING_REASON, FAILURE_REASON = "00081190", "00081196", "00081197"
FAILED, STORED, OTHERS = "00081198", "00081199", "0008119A"


def ct(number: int, **overrides: Any) -> bytes:
    return ct_instance(SOPInstanceUID=f"1.2.3.4.{number}", **overrides)


def items(answer: httpx.Response, sequence: str) -> list[dict[str, Any]]:
    """The items of a sequence of the response, each as tag -> first value."""
    module = answer.json()
    assert answer.headers["content-type"] == "application/dicom+json"
    found = module.get(sequence, {"Value": []})["Value"]
    return [{tag: attribute.get("Value", [None])[0] for tag, attribute in item.items()} for item in found]


def uids(answer: httpx.Response, sequence: str) -> list[str]:
    return [item["00081155"] for item in items(answer, sequence)]


def reasons(answer: httpx.Response, sequence: str) -> list[int]:
    return [item[FAILURE_REASON] for item in items(answer, sequence)]


async def stored(client: httpx.AsyncClient) -> list[str]:
    answer = await client.get("/instances")
    return [one["00080018"]["Value"][0] for one in answer.json()] if answer.content else []


async def test_one_instance_is_stored_and_the_answer_says_where(client: httpx.AsyncClient) -> None:
    answer = await client.post("/studies", content=ct_instance(), headers=DICOM)
    assert answer.status_code == 200
    assert answer.json() == {
        "00081190": {"vr": "UR", "Value": [f"{BASE}/studies/1.2.3"]},
        "00081199": {
            "vr": "SQ",
            "Value": [
                {
                    "00081150": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.2"]},
                    "00081155": {"vr": "UI", "Value": ["1.2.3.4"]},
                    "00081190": {"vr": "UR", "Value": [f"{BASE}{SERIES}/instances/1.2.3.4"]},
                }
            ],
        },
    }
    assert "warning" not in answer.headers


async def test_location_leads_to_what_was_stored(client: httpx.AsyncClient) -> None:
    answer = await client.post("/studies", content=ct_instance(), headers=DICOM)
    assert answer.headers["location"] == answer.headers["content-location"]
    found = await client.get(answer.headers["location"], headers={"Accept": "application/dicom"})
    assert found.content == ct_instance()


async def test_location_of_several_instances_is_their_study(client: httpx.AsyncClient) -> None:
    body, headers = related("application/dicom", ct(1), ct(2))
    answer = await client.post("/studies", content=body, headers=headers)
    assert answer.headers["location"] == f"{BASE}{STUDY}"


@pytest.mark.parametrize("path", ["/studies", STUDY])
async def test_instances_of_a_multipart_body_are_stored_and_searchable(client: httpx.AsyncClient, path: str) -> None:
    body, headers = related("application/dicom", ct(1), ct(2), ct(3))
    answer = await client.post(path, content=body, headers=headers)
    assert (answer.status_code, uids(answer, STORED)) == (200, ["1.2.3.4.1", "1.2.3.4.2", "1.2.3.4.3"])
    assert await stored(client) == ["1.2.3.4.1", "1.2.3.4.2", "1.2.3.4.3"]


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/related; type=application/dicom; boundary=x",
        'Multipart/Related; TYPE="Application/DICOM"; Boundary=x',
        'multipart/related; type="application/dicom; transfer-syntax=1.2.840.10008.1.2.1"; boundary=x',
        "multipart/related; boundary=x",
    ],
)
async def test_content_types_are_read_tolerantly(client: httpx.AsyncClient, content_type: str) -> None:
    body = b"--x\r\nContent-Type: application/dicom\r\n\r\n" + ct_instance() + b"\r\n--x--"
    answer = await client.post("/studies", content=body, headers={"Content-Type": content_type})
    assert answer.status_code == 200


async def test_line_ends_without_cr_are_tolerated(client: httpx.AsyncClient) -> None:
    body, headers = related("application/dicom", ct(1), ct(2), newline="\n")
    assert uids(await client.post("/studies", content=body, headers=headers), STORED) == ["1.2.3.4.1", "1.2.3.4.2"]


@pytest.mark.parametrize("size", [1, 17, 1000])
async def test_chunked_bodies_may_be_cut_anywhere(client: httpx.AsyncClient, size: int) -> None:
    body, headers = related("application/dicom", ct(1), ct(2))

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]

    answer = await client.post("/studies", content=chunks(), headers=headers)
    assert (answer.status_code, uids(answer, STORED)) == (200, ["1.2.3.4.1", "1.2.3.4.2"])


async def test_compressed_bodies_are_understood(client: httpx.AsyncClient) -> None:
    headers = {**DICOM, "Content-Encoding": "gzip"}
    answer = await client.post("/studies", content=gzip.compress(ct_instance()), headers=headers)
    assert answer.status_code == 200
    found = await client.get(answer.headers["location"], headers={"Accept": "application/dicom"})
    assert found.content == ct_instance()


async def test_query_parameters_are_ignored(client: httpx.AsyncClient) -> None:
    assert (await client.post("/studies?foo=1", content=ct_instance(), headers=DICOM)).status_code == 200


async def test_the_answer_is_xml_if_that_is_asked_for(client: httpx.AsyncClient) -> None:
    headers = {**DICOM, "Accept": "application/dicom+xml"}
    answer = await client.post("/studies", content=ct_instance(), headers=headers)
    assert answer.headers["content-type"] == "application/dicom+xml"
    assert b'keyword="ReferencedSOPSequence"' in answer.content


async def test_an_answer_that_nobody_can_write_is_refused_before_anything_is_stored(client: httpx.AsyncClient) -> None:
    answer = await client.post("/studies", content=ct_instance(), headers={**DICOM, "Accept": "image/png"})
    assert answer.status_code == 406
    assert "application/dicom+json" in answer.json()["available"]
    assert await stored(client) == []


async def test_instances_of_several_studies_leave_the_retrieve_url_empty(client: httpx.AsyncClient) -> None:
    body, headers = related("application/dicom", ct(1), ct(2, StudyInstanceUID="1.2.9", SeriesInstanceUID="1.2.9.1"))
    answer = await client.post("/studies", content=body, headers=headers)
    assert answer.json()[RETRIEVE_URL] == {"vr": "UR"}
    assert "location" not in answer.headers


async def test_good_and_bad_instances_each_get_their_due(client: httpx.AsyncClient) -> None:
    truncated = ct(2)[:-10]
    body, headers = related("application/dicom", ct(1), truncated, b"no DICOM at all", ct(3))
    answer = await client.post("/studies", content=body, headers=headers)
    assert answer.status_code == 202
    assert uids(answer, STORED) == ["1.2.3.4.1", "1.2.3.4.3"]
    assert (uids(answer, FAILED), reasons(answer, FAILED)) == (["1.2.3.4.2"], [0xC000])
    assert reasons(answer, OTHERS) == [0xC000]
    assert await stored(client) == ["1.2.3.4.1", "1.2.3.4.3"]


async def test_an_instance_of_another_study_than_that_of_the_path_is_refused(client: httpx.AsyncClient) -> None:
    body, headers = related("application/dicom", ct(1), ct(2, StudyInstanceUID="1.2.9", SeriesInstanceUID="1.2.9.1"))
    answer = await client.post(STUDY, content=body, headers=headers)
    assert (answer.status_code, uids(answer, STORED)) == (202, ["1.2.3.4.1"])
    assert (uids(answer, FAILED), reasons(answer, FAILED)) == (["1.2.3.4.2"], [0xA900])


async def test_when_nothing_is_stored_the_status_is_409(client: httpx.AsyncClient) -> None:
    answer = await client.post("/studies/1.2.9", content=ct_instance(), headers=DICOM)
    assert (answer.status_code, uids(answer, FAILED)) == (409, ["1.2.3.4"])
    assert "location" not in answer.headers


async def test_a_study_that_is_no_uid_is_a_bad_request(client: httpx.AsyncClient) -> None:
    assert (await client.post("/studies/abc", content=ct_instance(), headers=DICOM)).status_code == 400


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (ct_instance(SOPClassUID="1.2.840.10008.1.1"), 0x0122),
        (ct_instance("1.2.3.4.5.6"), 0xC122),
        (ct_instance(StudyInstanceUID=None), 0xA900),
        (ct_instance(SeriesInstanceUID="1.2..3"), 0xA900),
        (ct_instance(PixelData=bytes(40))[:-1], 0xC000),
    ],
)
async def test_a_refused_instance_is_named_with_its_reason(
    client: httpx.AsyncClient, content: bytes, reason: int
) -> None:
    answer = await client.post("/studies", content=content, headers=DICOM)
    assert answer.status_code == 409
    assert (uids(answer, FAILED), reasons(answer, FAILED)) == (["1.2.3.4"], [reason])
    assert "299" in answer.headers["warning"]


async def test_a_dicomdir_is_no_instance(client: httpx.AsyncClient) -> None:
    content = part10(element(0x00041130, "CS", "A"), sop_class="1.2.840.10008.1.3.10")
    answer = await client.post("/studies", content=content, headers=DICOM)
    assert (answer.status_code, reasons(answer, FAILED)) == (409, [0x0122])


async def test_bytes_that_are_no_dicom_are_an_other_failure(client: httpx.AsyncClient) -> None:
    answer = await client.post("/studies", content=b"GIF89a and more" * 20, headers=DICOM)
    assert (answer.status_code, reasons(answer, OTHERS)) == (409, [0xC000])


async def test_an_instance_without_sop_instance_uid_is_named_as_its_file_names_it(client: httpx.AsyncClient) -> None:
    content = part10(ct_dataset(SOPInstanceUID=None), sop_instance="1.2.3.99")
    answer = await client.post("/studies", content=content, headers=DICOM)
    assert (uids(answer, FAILED), reasons(answer, FAILED)) == (["1.2.3.99"], [0xA900])


async def test_file_meta_information_that_contradicts_the_data_set_is_a_warning(client: httpx.AsyncClient) -> None:
    answer = await client.post("/studies", content=part10(ct_dataset(), sop_instance="1.2.3.99"), headers=DICOM)
    assert answer.status_code == 202
    assert items(answer, STORED)[0][WARNING_REASON] == 0xB007
    assert answer.headers["warning"].startswith(f"299 {BASE}: Media Storage SOP Instance UID (0002,0003) differs")


@pytest.mark.parametrize("signature", [b"MZ", b"\x7fELF", b"#!", b"PK\x03\x04"])
async def test_a_program_in_the_preamble_is_zeroed_and_told(client: httpx.AsyncClient, signature: bytes) -> None:
    content = part10(ct_dataset(), preamble=signature.ljust(128, b"x"))
    answer = await client.post("/studies", content=content, headers=DICOM)
    assert (answer.status_code, items(answer, STORED)[0][WARNING_REASON]) == (202, 0xB000)
    assert answer.headers["warning"] == f"299 {BASE}: the preamble held an executable and was zeroed"
    found = await client.get(answer.headers["location"], headers={"Accept": "application/dicom"})
    assert found.content == part10(ct_dataset())


async def test_a_tiff_in_the_preamble_is_kept(client: httpx.AsyncClient) -> None:
    content = part10(ct_dataset(), preamble=b"II*\0".ljust(128, b"x"))
    answer = await client.post("/studies", content=content, headers=DICOM)
    assert answer.status_code == 200
    found = await client.get(answer.headers["location"], headers={"Accept": "application/dicom"})
    assert found.content == content


@pytest.mark.parametrize("transfer_syntax", [IMPLICIT_LE, EXPLICIT_BE])
async def test_transfer_syntaxes_that_are_not_for_the_web_are_taken(
    client: httpx.AsyncClient, transfer_syntax: str
) -> None:
    answer = await client.post("/studies", content=ct_instance(transfer_syntax), headers=DICOM)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "content",
    [ct_dataset(), ct_dataset(implicit=True), b"DICM" + file_meta() + ct_dataset(), file_meta() + ct_dataset()],
)
async def test_what_lacks_preamble_or_meta_is_taken_and_leaves_as_a_file(
    client: httpx.AsyncClient, content: bytes
) -> None:
    answer = await client.post("/studies", content=content, headers=DICOM)
    assert answer.status_code == 200
    found = await client.get(answer.headers["location"], headers={"Accept": "application/dicom"})
    assert found.content.endswith(ct_dataset())
    assert found.content[:132] == bytes(128) + b"DICM"
    assert b"1.2.840.10008.1.2.1\0" in found.content[132:400]


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": 'multipart/related; type="image/jpeg"; boundary=x'},
        {"Content-Type": "application/dicom+json"},
        {},
    ],
)
async def test_a_body_of_another_kind_is_refused_with_what_is_taken(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await client.post("/studies", content=ct_instance(), headers=headers)
    assert answer.status_code == 415
    assert "application/dicom" in answer.json()["available"]


async def test_an_unknown_content_coding_is_refused(client: httpx.AsyncClient) -> None:
    headers = {**DICOM, "Content-Encoding": "br"}
    assert (await client.post("/studies", content=ct_instance(), headers=headers)).status_code == 415


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/dicom", b""),
        ("multipart/related; type=application/dicom; boundary=x", b""),
        ("multipart/related; type=application/dicom; boundary=x", b"--x--\r\n"),
        ("multipart/related; type=application/dicom", b"--x--\r\n"),
        ("multipart/related; type=application/dicom; boundary=x", b"--x\r\nContent-Type: application/dicom\r\n"),
        ("multipart/related; type=application/dicom; boundary=x", b"--x\r\n\r\n" + ct_instance()),
        ("multipart/related; type=application/dicom; boundary=x", b"--x\r\nno colon\r\n\r\nx\r\n--x--"),
        ("nonsense", ct_instance()),
    ],
)
async def test_a_body_that_breaks_the_syntax_is_a_bad_request(
    client: httpx.AsyncClient, content_type: str, body: bytes
) -> None:
    answer = await client.post("/studies", content=body, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert await stored(client) == []


async def test_a_body_that_breaks_off_keeps_what_had_arrived(client: httpx.AsyncClient) -> None:
    body, headers = related("application/dicom", ct(1), ct(2), ct(3), is_closed=False)
    answer = await client.post("/studies", content=body[:-100], headers=headers)
    assert (answer.status_code, uids(answer, STORED)) == (202, ["1.2.3.4.1", "1.2.3.4.2"])
    assert reasons(answer, OTHERS) == [0x0110]
    assert "without a closing delimiter" in answer.headers["warning"]
    assert await stored(client) == ["1.2.3.4.1", "1.2.3.4.2"]


async def test_instances_and_metadata_in_one_request_are_refused(client: httpx.AsyncClient) -> None:
    metadata = ({"Content-Type": "application/dicom+json"}, b"[]")
    body, headers = related("application/dicom", metadata, ct(1))
    assert (await client.post("/studies", content=body, headers=headers)).status_code == 400
    body, headers = related("application/dicom+json", ({"Content-Type": "application/dicom"}, ct(1)))
    assert (await client.post("/studies", content=body, headers=headers)).status_code == 400


async def test_private_and_unknown_attributes_are_kept(client: httpx.AsyncClient) -> None:
    private = element(0x00290010, "LO", "ACME") + element(0x00291001, "UN", b"\1\2\3\4")
    content = ct_instance(extra=private)
    answer = await client.post("/studies", content=content, headers=DICOM)
    found = await client.get(answer.headers["location"], headers={"Accept": "application/dicom"})
    assert found.content == content


async def test_the_same_instance_again_is_a_success_that_changes_nothing(client: httpx.AsyncClient) -> None:
    await client.post("/studies", content=ct_instance(), headers=DICOM)
    before = await client.get(f"{STUDY}/metadata")
    answer = await client.post("/studies", content=ct_instance(), headers=DICOM)
    assert (answer.status_code, uids(answer, STORED)) == (200, ["1.2.3.4"])
    assert (await client.get(f"{STUDY}/metadata")).headers["etag"] == before.headers["etag"]


def with_duplicates(settings: Settings, duplicates: str) -> httpx.AsyncClient:
    app = create_app(settings.model_copy(update={"duplicates": duplicates}))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE)


@pytest.mark.parametrize(
    ("duplicates", "status", "kept"),
    [("replace-if-changed", 200, "Second"), ("keep-first", 202, "First"), ("reject", 409, "First")],
)
async def test_other_content_for_a_stored_uid_is_treated_by_the_policy(
    settings: Settings, duplicates: str, status: int, kept: str
) -> None:
    async with with_duplicates(settings, duplicates) as client:
        for description in ("First", "Second"):
            content = ct_instance(StudyDescription=description)
            answer = await client.post("/studies", content=content, headers=DICOM)
        found = await client.get(f"{SERIES}/instances/1.2.3.4", headers={"Accept": "application/dicom"})
    assert answer.status_code == status
    assert found.content == ct_instance(StudyDescription=kept)


async def test_a_kept_version_is_told_by_a_warning_and_a_rejected_one_by_a_failure(settings: Settings) -> None:
    async with with_duplicates(settings, "keep-first") as client:
        await client.post("/studies", content=ct_instance(), headers=DICOM)
        answer = await client.post("/studies", content=ct_instance(StudyDescription="Other"), headers=DICOM)
        assert items(answer, STORED)[0][WARNING_REASON] == 0xB006
    async with with_duplicates(settings, "reject") as client:
        answer = await client.post("/studies", content=ct_instance(StudyDescription="Other"), headers=DICOM)
        assert (uids(answer, FAILED), reasons(answer, FAILED)) == (["1.2.3.4"], [0x0111])


def limited(settings: Settings, **limits: int) -> httpx.AsyncClient:
    app = create_app(settings.model_copy(update=limits))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE)


async def test_an_instance_that_is_too_large_is_refused_and_the_others_are_stored(settings: Settings) -> None:
    async with limited(settings, max_instance_bytes=2000) as client:
        body, headers = related("application/dicom", ct(1), ct(2, PixelData=bytes(5000)), ct(3))
        answer = await client.post("/studies", content=body, headers=headers)
        assert (answer.status_code, uids(answer, STORED)) == (202, ["1.2.3.4.1", "1.2.3.4.3"])
        assert reasons(answer, OTHERS) == [0xA700]
        assert f"A700 {BASE}: Out of memory" in answer.headers.get_list("warning")
        answer = await client.post("/studies", content=ct(2, PixelData=bytes(5000)), headers=DICOM)
        assert (answer.status_code, answer.json()["allowed"]) == (413, 2000)


async def test_a_body_that_is_too_large_is_refused(settings: Settings) -> None:
    async with limited(settings, max_request_bytes=500) as client:
        answer = await client.post("/studies", content=ct_instance(), headers=DICOM)
        assert answer.status_code == 413
        coded = {**DICOM, "Content-Encoding": "gzip"}
        zeros = gzip.compress(ct_instance(PixelData=bytes(5000)))
        assert (await client.post("/studies", content=zeros, headers=coded)).status_code == 413


async def test_a_body_of_too_many_parts_is_refused_from_there_on(settings: Settings) -> None:
    async with limited(settings, max_parts=2) as client:
        body, headers = related("application/dicom", ct(1), ct(2), ct(3))
        answer = await client.post("/studies", content=body, headers=headers)
        assert (answer.status_code, uids(answer, STORED)) == (202, ["1.2.3.4.1", "1.2.3.4.2"])
        assert reasons(answer, OTHERS) == [0xA700]


async def test_without_accept_the_strict_setting_refuses_and_the_other_does_not(settings: Settings) -> None:
    for strict, status in ((True, 406), (False, 200)):
        app = create_app(settings.model_copy(update={"strict_accept": strict}))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE) as client:
            del client.headers["accept"]
            assert (await client.post("/studies", content=ct_instance(), headers=DICOM)).status_code == status


# Metadata with bulk data (PS3.18 §10.5.1.4)


def metadata(**overrides: Any) -> dict[str, dict[str, Any]]:
    attributes: dict[str, dict[str, Any]] = {
        "00080016": {"vr": "UI", "Value": [SECONDARY_CAPTURE]},
        "00080018": {"vr": "UI", "Value": ["1.2.3.4"]},
        "00080060": {"vr": "CS", "Value": ["OT"]},
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Müller^Änne"}]},
        "0020000D": {"vr": "UI", "Value": ["1.2.3"]},
        "0020000E": {"vr": "UI", "Value": ["1.2.3.1"]},
        "00280002": {"vr": "US", "Value": [1]},
        "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]},
        "00280010": {"vr": "US", "Value": [2]},
        "00280011": {"vr": "US", "Value": [3]},
        "00280100": {"vr": "US", "Value": [8]},
        "00280101": {"vr": "US", "Value": [8]},
        "00280102": {"vr": "US", "Value": [7]},
        "00280103": {"vr": "US", "Value": [0]},
        "7FE00010": {"vr": "OW", "BulkDataURI": "pixels"},
    }
    return {tag: value for tag, value in {**attributes, **overrides}.items() if value is not None}


def json_part(*objects: dict[str, Any]) -> tuple[dict[str, str], bytes]:
    return {"Content-Type": "application/dicom+json"}, orjson.dumps(objects)


def bulk(location: str, content: bytes, media_type: str = "application/octet-stream") -> tuple[dict[str, str], bytes]:
    return {"Content-Type": media_type, "Content-Location": location}, content


async def read(client: httpx.AsyncClient, path: str = f"{SERIES}/instances/1.2.3.4") -> pydicom.Dataset:
    answer = await client.get(path, headers={"Accept": "application/dicom; transfer-syntax=*"})
    assert answer.status_code == 200
    return pydicom.dcmread(pydicom.filebase.DicomBytesIO(answer.content))


@pytest.mark.parametrize("bulk_first", [False, True])
async def test_json_metadata_and_bulk_data_make_an_instance(client: httpx.AsyncClient, bulk_first: bool) -> None:
    pieces = [json_part(metadata()), bulk("pixels", b"abcdef")]
    body, headers = related("application/dicom+json", *(reversed(pieces) if bulk_first else pieces))
    answer = await client.post("/studies", content=body, headers=headers)
    assert (answer.status_code, uids(answer, STORED)) == (200, ["1.2.3.4"])
    found = await read(client)
    assert (found.PixelData, found.PatientName, found.SpecificCharacterSet) == (b"abcdef", "Müller^Änne", "ISO_IR 192")
    assert found.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"


async def test_one_json_part_holds_several_instances(client: httpx.AsyncClient) -> None:
    other = metadata(
        **{
            "00080018": {"vr": "UI", "Value": ["1.2.3.5"]},
            "7FE00010": {"vr": "OB", "InlineBinary": base64.b64encode(b"ghijkl").decode()},
        }
    )
    body, headers = related("application/dicom+json", json_part(metadata(), other), bulk("pixels", b"abcdef"))
    answer = await client.post("/studies", content=body, headers=headers)
    assert (answer.status_code, uids(answer, STORED)) == (200, ["1.2.3.4", "1.2.3.5"])
    assert (await read(client, f"{SERIES}/instances/1.2.3.5")).PixelData == b"ghijkl"


async def test_a_missing_part_fails_its_instance_only(client: httpx.AsyncClient) -> None:
    other = metadata(
        **{"00080018": {"vr": "UI", "Value": ["1.2.3.5"]}, "7FE00010": {"vr": "OW", "BulkDataURI": "missing"}}
    )
    body, headers = related("application/dicom+json", json_part(metadata(), other), bulk("pixels", b"abcdef"))
    answer = await client.post("/studies", content=body, headers=headers)
    assert (answer.status_code, uids(answer, STORED)) == (202, ["1.2.3.4"])
    assert (uids(answer, FAILED), reasons(answer, FAILED)) == (["1.2.3.5"], [0xC000])


async def test_a_part_that_nothing_refers_to_is_ignored(client: httpx.AsyncClient) -> None:
    body, headers = related(
        "application/dicom+json", json_part(metadata()), bulk("pixels", b"abcdef"), bulk("other", b"x")
    )
    assert (await client.post("/studies", content=body, headers=headers)).status_code == 200


async def test_bulk_data_is_never_fetched_from_elsewhere(client: httpx.AsyncClient) -> None:
    uri = "http://127.0.0.1:1/pixels"
    body, headers = related(
        "application/dicom+json", json_part(metadata(**{"7FE00010": {"vr": "OW", "BulkDataURI": uri}}))
    )
    answer = await client.post("/studies", content=body, headers=headers)
    assert (answer.status_code, reasons(answer, FAILED)) == (409, [0xC000])


@pytest.mark.parametrize("document", [b"{", b"[1]", b'{"00080018":', b"\xff"])
async def test_metadata_that_is_no_dicom_json_is_an_other_failure(client: httpx.AsyncClient, document: bytes) -> None:
    body, headers = related("application/dicom+json", ({"Content-Type": "application/dicom+json"}, document))
    answer = await client.post("/studies", content=body, headers=headers)
    assert (answer.status_code, reasons(answer, OTHERS)) == (409, [0xC000])


async def test_an_empty_array_holds_no_instance(client: httpx.AsyncClient) -> None:
    body, headers = related("application/dicom+json", json_part())
    assert (await client.post("/studies", content=body, headers=headers)).status_code == 400


async def test_a_bulk_data_part_without_a_name_is_a_bad_request(client: httpx.AsyncClient) -> None:
    nameless = ({"Content-Type": "application/octet-stream"}, b"abcdef")
    body, headers = related("application/dicom+json", json_part(metadata()), nameless)
    assert (await client.post("/studies", content=body, headers=headers)).status_code == 400


async def test_metadata_of_another_study_than_that_of_the_path_are_refused(client: httpx.AsyncClient) -> None:
    body, headers = related("application/dicom+json", json_part(metadata()), bulk("pixels", b"abcdef"))
    answer = await client.post("/studies/1.2.9", content=body, headers=headers)
    assert (answer.status_code, reasons(answer, FAILED)) == (409, [0xA900])


def jpeg(rows: int = 2, columns: int = 3) -> bytes:
    """The beginning of a baseline JPEG: what its description is read from, and nothing to decode."""
    frame = b"\x08" + rows.to_bytes(2, "big") + columns.to_bytes(2, "big") + b"\x01\x01\x11\x00"
    scan = b"\x01\x01\x00\x00\x3f\x00"
    return (
        b"\xff\xd8\xff\xc0"
        + (2 + len(frame)).to_bytes(2, "big")
        + frame
        + b"\xff\xda"
        + (2 + len(scan)).to_bytes(2, "big")
        + scan
        + b"\x12\x34\xff\xd9"
    )


async def test_jpeg_frames_are_encapsulated_and_described(client: httpx.AsyncClient) -> None:
    tags = ("00280002", "00280004", "00280010", "00280011", "00280100", "00280101", "00280102", "00280103")
    described = metadata(**dict.fromkeys(tags))
    body, headers = related("application/dicom+json", json_part(described), *[bulk("pixels", jpeg(), "image/jpeg")] * 2)
    answer = await client.post("/studies", content=body, headers=headers)
    assert answer.status_code == 200
    found = await read(client)
    assert found.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.50"
    assert (found.Rows, found.Columns, found.NumberOfFrames, found.LossyImageCompression) == (2, 3, 2, "01")
    frames = pydicom.encaps.generate_frames(found.PixelData, number_of_frames=2)
    assert [frame.rstrip(b"\0") for frame in frames] == [jpeg(), jpeg()]


async def test_a_pdf_becomes_an_encapsulated_document(client: httpx.AsyncClient) -> None:
    document = metadata(
        **{
            "00080016": {"vr": "UI", "Value": [ENCAPSULATED_PDF]},
            "00420011": {"vr": "OB", "BulkDataURI": "report"},
            "7FE00010": None,
        }
    )
    body, headers = related(
        "application/dicom+json", json_part(document), bulk("report", b"%PDF-1.7 odd", "application/pdf")
    )
    assert (await client.post("/studies", content=body, headers=headers)).status_code == 200
    found = await read(client)
    assert found.EncapsulatedDocument == b"%PDF-1.7 odd"
    assert found.MIMETypeOfEncapsulatedDocument == "application/pdf"


def xml(*attributes: str) -> tuple[dict[str, str], bytes]:
    document = f'<?xml version="1.0" encoding="UTF-8"?><NativeDicomModel>{"".join(attributes)}</NativeDicomModel>'
    return {"Content-Type": "application/dicom+xml; charset=utf-8"}, document.encode()


def attribute(tag: str, vr: str, value: str) -> str:
    return f'<DicomAttribute tag="{tag}" vr="{vr}"><Value number="1">{value}</Value></DicomAttribute>'


async def test_xml_metadata_and_bulk_data_make_an_instance(client: httpx.AsyncClient) -> None:
    values = [
        attribute(tag, str(one["vr"]), one["Value"][0])
        for tag, one in metadata(**{"00100010": None, "7FE00010": None}).items()
    ]
    pixels = '<DicomAttribute tag="7FE00010" vr="OW"><BulkData uri="pixels"/></DicomAttribute>'
    body, headers = related("application/dicom+xml", xml(*values, pixels), bulk("pixels", b"abcdef"))
    answer = await client.post("/studies", content=body, headers=headers)
    assert (answer.status_code, uids(answer, STORED)) == (200, ["1.2.3.4"])
    assert (await read(client)).PixelData == b"abcdef"


async def test_xml_entities_are_refused(client: httpx.AsyncClient) -> None:
    document = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><NativeDicomModel>&e;</NativeDicomModel>'
    body, headers = related("application/dicom+xml", ({"Content-Type": "application/dicom+xml"}, document))
    answer = await client.post("/studies", content=body, headers=headers)
    assert (answer.status_code, reasons(answer, OTHERS)) == (409, [0xC000])
