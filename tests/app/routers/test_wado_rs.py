import hashlib
import io
import itertools
from pathlib import Path
from typing import Any

import httpx
import pydicom
import pytest
from builders import (
    DEFLATED_LE,
    EXPLICIT_BE,
    EXPLICIT_LE,
    IMPLICIT_LE,
    RLE_LOSSLESS,
    ct_dataset,
    ct_instance,
    element,
    encapsulated,
    part10,
    sequence,
)
from dicomweb_bodies import contents, parts_of

from app.main import create_app
from app.settings import Settings

BASE = "http://pacs.test/dicom-web"
DICOM = {"Content-Type": "application/dicom"}
STUDY = "/studies/1.2.3"
SERIES = f"{STUDY}/series/1.2.3.1"
INSTANCE = f"{SERIES}/instances/1.2.3.4"
LEVELS = [STUDY, SERIES, INSTANCE]
SINGLE = {"Accept": "application/dicom"}
AS_STORED = {"Accept": "application/dicom; transfer-syntax=*"}
RETIRED_JPEG = "1.2.840.10008.1.2.4.65"
JPEG = b"\xff\xd8" + bytes(range(60)) + b"\xff\xd9"


def jpeg_instance(**overrides: Any) -> bytes:
    """A slice whose pixel data are said to be in a JPEG process that is retired: nothing decodes them here."""
    dataset = ct_dataset(PixelData=None, **overrides) + encapsulated([JPEG])
    return part10(dataset, RETIRED_JPEG, sop_instance=str(overrides.get("SOPInstanceUID", "1.2.3.4")))


def rle_instance() -> bytes:
    """Eight bits, 4 x 4, in RLE: one segment, one literal run."""
    segment = b"\x0f" + bytes(range(16))
    frame = (1).to_bytes(4, "little") + (64).to_bytes(4, "little") + bytes(56) + segment
    elements = ct_dataset(PixelData=None, BitsAllocated=8, BitsStored=8, HighBit=7) + encapsulated([frame])
    return part10(elements, RLE_LOSSLESS)


async def store(client: httpx.AsyncClient, *instances: bytes) -> None:
    for content in instances:
        assert (await client.post("/studies", content=content, headers=DICOM)).status_code == 200


def stored_file(settings: Settings) -> Path:
    """The only object that is stored."""
    (path,) = [path for path in (settings.data / "objects").rglob("*") if path.is_file()]
    return path


def flip_a_byte(path: Path, offset: int = -1) -> None:
    content = bytearray(path.read_bytes())
    content[offset] ^= 0xFF
    path.write_bytes(content)


def read(content: bytes) -> pydicom.FileDataset:
    return pydicom.dcmread(io.BytesIO(content))


@pytest.mark.parametrize(("path", "count"), [(STUDY, 3), (SERIES, 2), (INSTANCE, 1)])
async def test_each_instance_of_a_resource_is_a_part_that_says_what_and_where_it_is(
    client: httpx.AsyncClient, path: str, count: int
) -> None:
    files = [
        ct_instance(),
        ct_instance(SOPInstanceUID="1.2.3.5", InstanceNumber="8"),
        ct_instance(SOPInstanceUID="1.2.3.6", SeriesInstanceUID="1.2.3.2", SeriesNumber="3"),
    ]
    await store(client, *files)
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith('multipart/related; type="application/dicom"; boundary=')
    parts = parts_of(answer)
    assert contents(parts) == files[:count]
    for part in parts:
        assert part.headers["Content-Type"] == f"application/dicom; transfer-syntax={EXPLICIT_LE}"
        location = await client.get(part.headers["Content-Location"], headers=SINGLE)
        assert location.content == part.content


@pytest.mark.parametrize(
    "accept",
    [
        'multipart/related; type="application/dicom"',
        "multipart/related; type=application/dicom",
        "Multipart/Related; TYPE=application/dicom; boundary=**",
        f'multipart/related; type="application/dicom"; transfer-syntax={EXPLICIT_LE}',
        'multipart/related; type="application/dicom"; transfer-syntax=*',
        "foo, */*;q=0.1",
        "multipart/related",
        "*/*",
    ],
)
@pytest.mark.parametrize("path", LEVELS)
async def test_forms_of_accept_that_mean_parts(client: httpx.AsyncClient, path: str, accept: str) -> None:
    await store(client, ct_instance())
    answer = await client.get(path, headers={"Accept": accept})
    assert contents(parts_of(answer)) == [ct_instance()]


async def test_one_instance_leaves_as_one_file_if_that_is_asked_for(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance())
    answer = await client.get(INSTANCE, headers=SINGLE)
    assert (answer.status_code, answer.content) == (200, ct_instance())
    assert answer.headers["content-type"] == f"application/dicom; transfer-syntax={EXPLICIT_LE}"
    assert answer.headers["content-location"] == BASE + INSTANCE
    assert answer.headers["content-length"] == str(len(ct_instance()))
    assert answer.headers["content-disposition"] == 'attachment; filename="1.2.3.4.dcm"'


@pytest.mark.parametrize("path", [STUDY, SERIES])
async def test_a_single_file_is_not_to_be_had_of_more_than_an_instance(client: httpx.AsyncClient, path: str) -> None:
    await store(client, ct_instance())
    answer = await client.get(path, headers=SINGLE)
    assert answer.status_code == 406
    assert any("multipart/related" in one for one in answer.json()["available"])


@pytest.mark.parametrize("path", LEVELS)
async def test_bulk_data_media_types_give_the_bulk_data_of_the_instances(client: httpx.AsyncClient, path: str) -> None:
    await store(client, ct_instance())
    accept = {"Accept": 'multipart/related; type="application/octet-stream"'}
    (part,) = parts_of(await client.get(path, headers=accept))
    assert part.content == bytes(range(32))
    assert part.headers["Content-Location"] == f"{BASE}{INSTANCE}/bulkdata/7FE00010"


@pytest.mark.parametrize("path", LEVELS)
@pytest.mark.parametrize("accept", ["image/png", "application/dicom+json", "application/dicom;q=0"])
async def test_what_cannot_be_made_is_refused_with_what_can(client: httpx.AsyncClient, path: str, accept: str) -> None:
    await store(client, ct_instance())
    answer = await client.get(path, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (406, "application/problem+json")
    assert any("application/dicom" in one for one in answer.json()["available"])


@pytest.mark.parametrize("suffix", ["", "/metadata", "/bulkdata", "/pixeldata"])
@pytest.mark.parametrize(
    "path",
    ["/studies/9", "/studies/1.2.3/series/9", f"{SERIES}/instances/9", f"/studies/9/series/1.2.3.1{INSTANCE[-18:]}"],
)
async def test_what_is_not_here_or_not_below_that_parent_is_not_found(
    client: httpx.AsyncClient, path: str, suffix: str
) -> None:
    await store(client, ct_instance())
    assert (await client.get(path + suffix)).status_code == 404


@pytest.mark.parametrize("suffix", ["", "/metadata", "/bulkdata", "/pixeldata"])
@pytest.mark.parametrize("path", LEVELS)
async def test_what_was_deleted_is_gone(client: httpx.AsyncClient, path: str, suffix: str) -> None:
    await store(client, ct_instance())
    await client.delete(STUDY)
    assert (await client.get(path + suffix)).status_code == 410


@pytest.mark.parametrize("suffix", ["", "/metadata", "/frames/1", "/bulkdata/7FE00010"])
async def test_unknown_parameters_are_ignored(client: httpx.AsyncClient, suffix: str) -> None:
    await store(client, ct_instance())
    assert (await client.get(f"{INSTANCE}{suffix}?foo=1&Limit=x")).status_code == 200


@pytest.mark.parametrize("suffix", ["", "/metadata", "/frames/1", "/bulkdata/7FE00010", "/pixeldata"])
@pytest.mark.parametrize(("charset", "status"), [("utf-8", 200), ("foo", 400), ("*", 400)])
async def test_the_charset_parameter_allows_utf_8(
    client: httpx.AsyncClient, suffix: str, charset: str, status: int
) -> None:
    await store(client, ct_instance())
    assert (await client.get(f"{INSTANCE}{suffix}", params={"charset": charset})).status_code == status


@pytest.mark.parametrize(
    ("parameter", "status"),
    [
        ("application/dicom", 200),
        ("application%2Fdicom;transfer-syntax=*", 200),
        ("multipart/related;%20type=%22application/dicom%22", 200),
        ("image/*", 400),
        ("application/dicom,image/jpeg", 400),
        ("image/png", 200),
    ],
)
async def test_the_accept_parameter_narrows_the_header(client: httpx.AsyncClient, parameter: str, status: int) -> None:
    await store(client, ct_instance())
    assert (await client.get(f"{INSTANCE}?accept={parameter}")).status_code == status


async def test_a_missing_accept_is_refused_if_strictness_is_set_and_else_means_anything(settings: Settings) -> None:
    for strict, status in ((True, 406), (False, 200)):
        app = create_app(settings.model_copy(update={"strict_accept": strict}))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE) as client:
            await store(client, ct_instance())
            del client.headers["accept"]
            for suffix in ("", "/metadata", "/frames/1", "/bulkdata/7FE00010", "/pixeldata"):
                assert (await client.get(INSTANCE + suffix)).status_code == status


# Transfer syntaxes


@pytest.mark.parametrize("transfer_syntax", [IMPLICIT_LE, EXPLICIT_BE])
@pytest.mark.parametrize("accept", ["application/dicom", "application/dicom; transfer-syntax=*"])
async def test_what_is_not_for_the_web_leaves_as_explicit_little_endian(
    client: httpx.AsyncClient, transfer_syntax: str, accept: str
) -> None:
    words = bytes(range(32))
    swapped = words if transfer_syntax == IMPLICIT_LE else b"".join(words[n : n + 2][::-1] for n in range(0, 32, 2))
    await store(client, ct_instance(transfer_syntax, PixelData=swapped))
    answer = await client.get(INSTANCE, headers={"Accept": accept})
    assert answer.headers["content-type"] == f"application/dicom; transfer-syntax={EXPLICIT_LE}"
    assert answer.content.endswith(ct_dataset())
    assert read(answer.content).file_meta.TransferSyntaxUID == EXPLICIT_LE


@pytest.mark.parametrize("transfer_syntax", [IMPLICIT_LE, EXPLICIT_BE])
async def test_those_syntaxes_are_not_to_be_had(client: httpx.AsyncClient, transfer_syntax: str) -> None:
    await store(client, ct_instance(transfer_syntax))
    accept = {"Accept": f"application/dicom; transfer-syntax={transfer_syntax}"}
    assert (await client.get(INSTANCE, headers=accept)).status_code == 406


@pytest.mark.parametrize(
    ("content", "transfer_syntax"),
    [(ct_instance(DEFLATED_LE), DEFLATED_LE), (rle_instance(), RLE_LOSSLESS), (jpeg_instance(), RETIRED_JPEG)],
)
async def test_what_is_stored_leaves_as_it_is_by_asterisk_or_by_name(
    client: httpx.AsyncClient, content: bytes, transfer_syntax: str
) -> None:
    await store(client, content)
    for asked in ("*", transfer_syntax):
        accept = {"Accept": f"application/dicom; transfer-syntax={asked}"}
        answer = await client.get(INSTANCE, headers=accept)
        assert answer.content == content
        assert answer.headers["content-type"] == f"application/dicom; transfer-syntax={transfer_syntax}"


async def test_a_deflated_instance_is_inflated_by_default(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance(DEFLATED_LE))
    answer = await client.get(INSTANCE, headers=SINGLE)
    assert answer.content.endswith(ct_dataset())
    assert read(answer.content).file_meta.TransferSyntaxUID == EXPLICIT_LE


async def test_rle_is_decoded_by_default(client: httpx.AsyncClient) -> None:
    await store(client, rle_instance())
    dataset = read((await client.get(INSTANCE, headers=SINGLE)).content)
    assert (dataset.file_meta.TransferSyntaxUID, dataset.PixelData) == (EXPLICIT_LE, bytes(range(16)))


async def test_what_cannot_be_decoded_is_refused_and_the_refusal_says_how_to_get_it(client: httpx.AsyncClient) -> None:
    await store(client, jpeg_instance())
    answer = await client.get(INSTANCE, headers=SINGLE)
    assert answer.status_code == 406
    assert f"application/dicom; transfer-syntax={RETIRED_JPEG}" in answer.json()["available"]


async def test_instances_that_cannot_be_had_as_asked_are_left_out_and_told_of(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance(), jpeg_instance(SOPInstanceUID="1.2.3.5"))
    answer = await client.get(STUDY)
    assert (answer.status_code, contents(parts_of(answer))) == (206, [ct_instance()])
    sentence = "1 instances are left out, because they cannot be had in the form that was asked for"
    assert answer.headers["warning"] == f"299 {BASE}: {sentence}"


async def test_each_part_has_a_syntax_of_its_own(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance(), jpeg_instance(SOPInstanceUID="1.2.3.5", InstanceNumber="8"))
    accept = {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
    parts = parts_of(await client.get(STUDY, headers=accept))
    assert [part.headers["Content-Type"].partition("=")[2] for part in parts] == [EXPLICIT_LE, RETIRED_JPEG]


async def test_a_study_that_is_converted_in_part_is_complete(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance(), ct_instance(IMPLICIT_LE, SOPInstanceUID="1.2.3.5", InstanceNumber="8"))
    first, second = parts_of(await client.get(STUDY))
    assert first.content == ct_instance()
    assert second.content.endswith(ct_dataset(SOPInstanceUID="1.2.3.5", InstanceNumber="8"))


async def test_a_file_without_transfer_syntax_in_its_meta_leaves_as_a_sound_one(client: httpx.AsyncClient) -> None:
    await store(client, bytes(128) + b"DICM" + ct_dataset())
    dataset = read((await client.get(INSTANCE, headers=AS_STORED)).content)
    assert (dataset.file_meta.TransferSyntaxUID, dataset.PatientID) == (EXPLICIT_LE, "PID1")


# Ranges, conditions, HEAD


@pytest.mark.parametrize("accept", ["application/dicom", "multipart/related; type=application/dicom"])
@pytest.mark.parametrize(
    ("asked", "start", "end"), [("bytes=0-9", 0, 10), ("bytes=100-", 100, None), ("bytes=-20", -20, None)]
)
async def test_a_range_is_a_piece_of_the_whole(
    client: httpx.AsyncClient, accept: str, asked: str, start: int, end: int | None
) -> None:
    await store(client, ct_instance())
    whole = await client.get(INSTANCE, headers={"Accept": accept})
    answer = await client.get(INSTANCE, headers={"Accept": accept, "Range": asked})
    assert (answer.status_code, answer.content) == (206, whole.content[start:end])
    assert answer.headers["content-range"].endswith(f"/{len(whole.content)}")
    assert answer.headers["etag"] == whole.headers["etag"]


async def test_several_ranges_are_parts(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance())
    answer = await client.get(INSTANCE, headers={**SINGLE, "Range": "bytes=0-9,128-131"})
    assert answer.status_code == 206
    assert answer.headers["content-type"].startswith("multipart/byteranges; boundary=")
    assert contents(parts_of(answer)) == [bytes(10), b"DICM"]


async def test_a_range_outside_is_told_the_size(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance())
    answer = await client.get(INSTANCE, headers={**SINGLE, "Range": "bytes=5000-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{len(ct_instance())}")


async def test_if_range_holds_for_the_same_representation_only(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance())
    etag = (await client.get(INSTANCE, headers=SINGLE)).headers["etag"]
    for validator, status in ((etag, 206), ('"other"', 200)):
        headers = {**SINGLE, "Range": "bytes=0-9", "If-Range": validator}
        assert (await client.get(INSTANCE, headers=headers)).status_code == status


FORMS = {
    "": ("*/*", "application/dicom", "application/dicom; transfer-syntax=*"),
    "/metadata": (
        "application/dicom+json",
        "application/json",
        "application/dicom+xml",
        "multipart/related; type=application/dicom+xml",
    ),
    "/frames/1": ("*/*", "application/octet-stream", "image/dicom-rle; transfer-syntax=*"),
    "/pixeldata": ("*/*", "application/octet-stream", "image/dicom-rle; transfer-syntax=*"),
}


@pytest.mark.parametrize(("suffix", "accept"), [(suffix, one) for suffix, forms in FORMS.items() for one in forms])
async def test_what_the_client_has_already_is_not_sent_again(
    client: httpx.AsyncClient, suffix: str, accept: str
) -> None:
    await store(client, rle_instance())
    first = await client.get(INSTANCE + suffix, headers={"Accept": accept})
    assert first.status_code == 200
    again = await client.get(INSTANCE + suffix, headers={"Accept": accept, "If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])


@pytest.mark.parametrize("suffix", FORMS)
async def test_each_form_has_an_etag_of_its_own(client: httpx.AsyncClient, suffix: str) -> None:
    await store(client, rle_instance())
    answers = [await client.get(INSTANCE + suffix, headers={"Accept": accept}) for accept in FORMS[suffix]]
    for one, other in itertools.combinations(answers, 2):
        assert one.headers["etag"] != other.headers["etag"] or one.content == other.content


@pytest.mark.parametrize("suffix", FORMS)
async def test_what_is_replaced_gets_another_etag(client: httpx.AsyncClient, suffix: str) -> None:
    await store(client, rle_instance())
    before = (await client.get(INSTANCE + suffix)).headers["etag"]
    await store(client, ct_instance())
    assert (await client.get(INSTANCE + suffix)).headers["etag"] != before


@pytest.mark.parametrize(("suffix", "accept"), [(suffix, one) for suffix, forms in FORMS.items() for one in forms])
async def test_head_is_get_without_a_body(client: httpx.AsyncClient, suffix: str, accept: str) -> None:
    await store(client, rle_instance())
    get = await client.get(INSTANCE + suffix, headers={"Accept": accept})
    head = await client.head(INSTANCE + suffix, headers={"Accept": accept})
    assert (head.status_code, head.content) == (get.status_code, b"")
    headers = [{k: v for k, v in one.headers.items() if k != "x-request-id"} for one in (get, head)]
    assert headers[0] == headers[1]


# Metadata


@pytest.mark.parametrize("path", LEVELS)
@pytest.mark.parametrize("accept", ["*/*", "application/dicom+json", "application/dicom+json; charset=utf-8"])
async def test_metadata_is_one_json_array(client: httpx.AsyncClient, path: str, accept: str) -> None:
    await store(client, ct_instance())
    answer = await client.get(f"{path}/metadata", headers={"Accept": accept})
    assert answer.headers["content-type"] == "application/dicom+json"
    assert answer.headers["content-location"] == f"{BASE}{path}/metadata"
    (attributes,) = answer.json()
    assert attributes["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "Doe^Jane"}]}
    assert attributes["7FE00010"] == {"vr": "OW", "BulkDataURI": f"{BASE}{INSTANCE}/bulkdata/7FE00010"}
    expected = {f"{one.tag:08X}" for one in read(ct_instance())}
    assert set(attributes) == expected
    assert list(attributes) == sorted(expected)


@pytest.mark.parametrize("path", LEVELS)
async def test_metadata_in_xml_is_one_part_an_instance(client: httpx.AsyncClient, path: str) -> None:
    await store(client, ct_instance())
    accept = {"Accept": 'multipart/related; type="application/dicom+xml"'}
    (part,) = parts_of(await client.get(f"{path}/metadata", headers=accept))
    assert part.headers == {
        "Content-Type": "application/dicom+xml",
        "Content-Location": f"{BASE}{INSTANCE}/metadata",
    }
    assert b"<NativeDicomModel" in part.content
    assert f'<BulkData uri="{BASE}{INSTANCE}/bulkdata/7FE00010"/>'.encode() in part.content


async def test_metadata_of_one_instance_is_to_be_had_as_one_document(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance())
    accept = {"Accept": "application/dicom+xml"}
    answer = await client.get(f"{INSTANCE}/metadata", headers=accept)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/dicom+xml")
    assert b'keyword="PatientID"' in answer.content
    assert (await client.get(f"{STUDY}/metadata", headers=accept)).status_code == 406


@pytest.mark.parametrize("accept", ["application/dicom", "image/jpeg", "application/octet-stream"])
async def test_metadata_in_other_media_types_is_refused(client: httpx.AsyncClient, accept: str) -> None:
    await store(client, ct_instance())
    answer = await client.get(f"{INSTANCE}/metadata", headers={"Accept": accept})
    assert answer.status_code == 406
    assert "application/dicom+json" in answer.json()["available"]


async def test_metadata_can_be_limited_to_some_attributes(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance())
    answer = await client.get(f"{STUDY}/metadata?includefield=PatientID,7FE00010&includefield=Rows")
    (attributes,) = answer.json()
    assert list(attributes) == ["00100020", "00280010", "7FE00010"]
    assert attributes["7FE00010"]["BulkDataURI"] == f"{BASE}{INSTANCE}/bulkdata/7FE00010"


async def test_metadata_of_limited_and_of_all_attributes_have_different_etags(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance())
    urls = (f"{STUDY}/metadata", f"{STUDY}/metadata?includefield=Rows", f"{STUDY}/metadata?includefield=Columns")
    assert len({(await client.get(url)).headers["etag"] for url in urls}) == 3


@pytest.mark.parametrize("coding", ["gzip", "zstd", "identity"])
async def test_metadata_are_compressed_if_that_is_accepted(client: httpx.AsyncClient, coding: str) -> None:
    await store(client, ct_instance())
    answer = await client.get(f"{STUDY}/metadata", headers={"Accept-Encoding": coding})
    assert answer.headers.get("content-encoding", "identity") == coding
    assert answer.json()[0]["00100020"]["Value"] == ["PID1"]


async def test_metadata_of_a_study_are_in_the_order_of_its_series_and_instances(client: httpx.AsyncClient) -> None:
    await store(
        client,
        ct_instance(SOPInstanceUID="1.1", SeriesInstanceUID="1.2.3.9", SeriesNumber="10"),
        ct_instance(SOPInstanceUID="1.2", InstanceNumber="10"),
        ct_instance(SOPInstanceUID="1.3", InstanceNumber="9"),
    )
    found = (await client.get(f"{STUDY}/metadata")).json()
    assert [one["00080018"]["Value"][0] for one in found] == ["1.3", "1.2", "1.1"]


async def test_metadata_never_hold_file_meta_and_describe_what_is_stored(client: httpx.AsyncClient) -> None:
    await store(client, rle_instance())
    (attributes,) = (await client.get(f"{INSTANCE}/metadata")).json()
    assert not any(tag.startswith("0002") for tag in attributes)
    assert attributes["00280004"]["Value"] == ["MONOCHROME2"]


async def test_bulk_data_inside_sequences_have_uris_that_lead_to_them(client: httpx.AsyncClient) -> None:
    icon = sequence(0x00880200, element(0x7FE00010, "OW", bytes(2000)))
    await store(client, ct_instance(extra=icon))
    (attributes,) = (await client.get(f"{INSTANCE}/metadata")).json()
    uri = attributes["00880200"]["Value"][0]["7FE00010"]["BulkDataURI"]
    assert uri == f"{BASE}{INSTANCE}/bulkdata/00880200/0/7FE00010"
    assert (await client.get(uri, headers={"Accept": "application/octet-stream"})).content == bytes(2000)


# Damage, and races


@pytest.mark.parametrize("content", [ct_instance(), ct_instance(IMPLICIT_LE), rle_instance(), ct_dataset()])
@pytest.mark.parametrize("path", LEVELS)
async def test_a_damaged_object_is_an_error_and_its_bytes_never_leave(
    client: httpx.AsyncClient, settings: Settings, path: str, content: bytes
) -> None:
    await store(client, content)
    flip_a_byte(stored_file(settings), -10)
    for accept in ("*/*", 'multipart/related; type="application/dicom"; transfer-syntax=*'):
        answer = await client.get(path, headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
        assert answer.json()["type"] == "urn:isocenter:problem:damaged-instance"


async def test_a_missing_object_is_an_error(client: httpx.AsyncClient, settings: Settings) -> None:
    await store(client, ct_instance())
    stored_file(settings).unlink()
    for suffix in ("", "/frames/1", "/bulkdata/7FE00010", "/pixeldata"):
        answer = await client.get(INSTANCE + suffix)
        assert (answer.status_code, answer.json()["title"]) == (500, "Damaged instance")
    assert (await client.get(f"{INSTANCE}/metadata")).status_code == 200


async def test_without_verification_damage_is_not_looked_for(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"verify_on_read": False}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE) as client:
        await store(client, ct_instance())
        flip_a_byte(stored_file(settings))
        answer = await client.get(INSTANCE, headers=SINGLE)
    assert (answer.status_code, answer.content[:-1]) == (200, ct_instance()[:-1])


async def test_a_large_instance_leaves_whole_in_windows(client: httpx.AsyncClient) -> None:
    content = ct_instance(Rows=3000, Columns=1500, PixelData=bytes(range(250)) * 36_000)
    await store(client, content)
    answer = await client.get(INSTANCE, headers=SINGLE)
    assert hashlib.sha256(answer.content).digest() == hashlib.sha256(content).digest()


async def test_of_a_large_damaged_instance_the_end_never_leaves(client: httpx.AsyncClient, settings: Settings) -> None:
    await store(client, ct_instance(Rows=3000, Columns=1500, PixelData=bytes(9_000_000)))
    flip_a_byte(stored_file(settings), 5000)
    received = 0
    with pytest.raises(Exception, match="response already started"):
        async with client.stream("GET", INSTANCE, headers=SINGLE) as answer:
            async for chunk in answer.aiter_bytes():
                received += len(chunk)
    assert received < 9_000_000
