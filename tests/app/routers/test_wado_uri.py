"""The URI Service: what goes with what; the parameters one by one are tested where they are read."""

from __future__ import annotations

import io
from typing import Any

import httpx
import numpy
import pytest
from builders import DEFLATED_LE, EXPLICIT_LE, RLE_LOSSLESS, ct_dataset, ct_instance, element, encapsulated, part10
from PIL import Image
from pydicom import dcmread
from rendering_archive import CT, PLAN, REPORT, content_of, copy_of, presentation_state, read

from app.main import create_app
from app.settings import Settings

TARGET = {"requestType": "WADO", "studyUID": "1.2.3", "seriesUID": "1.2.3.1", "objectUID": "1.2.3.4"}
URL = "http://pacs.test/wado"
EIGHT_BITS: dict[str, Any] = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}
MPEG4 = "1.2.840.10008.1.2.4.102"


def with_frames(content: bytes, count: int) -> bytes:
    place = content.index(element(0x00280010, "US", 4))
    return content[:place] + element(0x00280008, "IS", str(count)) + content[place:]


def multiframe(count: int) -> bytes:
    frames = b"".join(bytes([number]) * 16 for number in range(1, count + 1))
    return with_frames(ct_instance(**EIGHT_BITS, PixelData=frames), count)


def compressed(transfer_syntax: str, *fragments: bytes) -> bytes:
    dataset = ct_dataset(**{**EIGHT_BITS, "PixelData": None}) + encapsulated(fragments)
    return with_frames(part10(dataset, transfer_syntax), len(fragments))


def rle_frame(value: int) -> bytes:
    """Eight bits, 4 x 4: one segment, one run of one value."""
    return (1).to_bytes(4, "little") + (64).to_bytes(4, "little") + bytes(56) + bytes([241, value])


async def store(client: httpx.AsyncClient, *instances: bytes) -> None:
    for content in instances:
        answer = await client.post("/studies", content=content, headers={"Content-Type": "application/dicom"})
        assert answer.status_code == 200, answer.text


async def ask(client: httpx.AsyncClient, accept: str = "*/*", method: str = "GET", **more: str) -> httpx.Response:
    return await client.request(method, URL, params={**TARGET, **more}, headers={"Accept": accept})


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("parameter", "")


def shown(answer: httpx.Response) -> numpy.ndarray[Any, Any]:
    assert answer.status_code == 200, answer.text
    return numpy.asarray(Image.open(io.BytesIO(answer.content)))


# Which transaction


async def test_a_picture_is_the_default(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance())
    answer = await ask(client)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert answer.headers["content-location"].startswith(f"{URL}?requestType=WADO&studyUID=1.2.3")
    assert answer.headers["content-length"] == str(len(answer.content))
    head = await ask(client, method="HEAD")
    assert (head.content, head.headers["etag"]) == (b"", answer.headers["etag"])
    unchanged = await client.get(URL, params=TARGET, headers={"If-None-Match": answer.headers["etag"]})
    assert unchanged.status_code == 304
    permuted = await client.get(URL, params=dict(reversed(TARGET.items())))
    assert permuted.content == answer.content
    for content_type in ("image/jp2;level=1,image/jpeg;q=0.5", "image/png"):
        chosen = await ask(client, contentType=content_type)
        assert chosen.headers["content-type"] == content_type.partition(";")[0]
    assert (await ask(client, "image/png")).headers["content-type"] == "image/png"
    assert (await ask(client, "image/*", contentType="image/gif")).headers["content-type"] == "image/gif"


async def test_a_report_is_text(client: httpx.AsyncClient) -> None:
    ids = {"StudyInstanceUID": "1.2.3", "SeriesInstanceUID": "1.2.3.1", "SOPInstanceUID": "1.2.3.4"}
    await store(client, copy_of(REPORT, **ids))
    assert (await ask(client)).headers["content-type"] == "text/html; charset=utf-8"
    plain = await ask(client, contentType="text/plain", charset="utf-8", rows="100")  # rows are for pictures
    assert plain.headers["content-type"] == "text/plain; charset=utf-8"
    assert problem(await ask(client, charset="latin1")) == (400, "charset")
    assert problem(await ask(client, charset="*")) == (400, "charset")
    assert problem(await ask(client, frameNumber="1")) == (400, "frameNumber")
    assert (await ask(client, "image/*", contentType="image/jpeg")).status_code == 406


@pytest.mark.parametrize("by", [{"accept": "application/dicom"}, {"contentType": "application/dicom"}])
async def test_an_instance_leaves_in_explicit_little_endian(client: httpx.AsyncClient, by: dict[str, str]) -> None:
    await store(client, ct_instance(DEFLATED_LE))
    answer = await ask(client, **by, annotation="patient")
    assert (answer.status_code, answer.headers["content-location"].rpartition("/")[2]) == (200, "1.2.3.4")
    assert answer.headers["content-type"] == f"application/dicom; transfer-syntax={EXPLICIT_LE}"
    found = dcmread(io.BytesIO(answer.content))
    assert (found.file_meta.TransferSyntaxUID, found.PixelData) == (EXPLICIT_LE, bytes(range(32)))


async def test_an_instance_leaves_in_the_transfer_syntax_asked_for(client: httpx.AsyncClient) -> None:
    await store(client, compressed(RLE_LOSSLESS, rle_frame(7)))
    dicom = {"contentType": "application/dicom"}
    stored = await ask(client, **dicom, transferSyntax=RLE_LOSSLESS)
    assert stored.headers["content-type"].endswith(RLE_LOSSLESS)
    decoded = dcmread(io.BytesIO((await ask(client, **dicom)).content))
    assert (decoded.file_meta.TransferSyntaxUID, decoded.PixelData) == (EXPLICIT_LE, bytes([7]) * 16)
    for uid in ("1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.3.4.5"):
        refused = await ask(client, **dicom, transferSyntax=uid)
        assert refused.status_code == 406
    assert problem(await ask(client, **dicom, transferSyntax="x"))[0] == 400
    assert problem(await ask(client, **dicom, windowCenter="40", windowWidth="400")) == (400, "windowCenter")


async def test_what_cannot_be_decoded_leaves_as_it_is_stored(client: httpx.AsyncClient) -> None:
    await store(client, compressed(MPEG4, b"a stream of video"))
    answer = await ask(client, contentType="application/dicom")
    assert answer.headers["content-type"] == f"application/dicom; transfer-syntax={MPEG4}"
    movie = await ask(client)
    assert (movie.headers["content-type"], movie.content[:8]) == ("video/mp4", b"a stream")


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("application/dicom", "image/jpeg"),
        ("image/jpeg", "application/dicom"),
        ("image/png", "image/jpeg"),
        ("image/bmp", None),
        ("application/dicom+json", None),
        ('multipart/related; type="image/jpeg"', None),
    ],
)
async def test_what_does_not_fit_is_not_acceptable(
    client: httpx.AsyncClient, accept: str, content_type: str | None
) -> None:
    await store(client, ct_instance())
    answer = await ask(client, accept, **({"contentType": content_type} if content_type else {}))
    assert answer.status_code == 406
    assert answer.json().get("available") is not None or content_type == "image/jpeg"


@pytest.mark.parametrize(("strict", "status"), [(False, 200), (True, 406)])
async def test_a_picture_needs_accept_where_that_is_taken_strictly(
    settings: Settings, strict: bool, status: int
) -> None:
    application = create_app(settings.model_copy(update={"strict_accept": strict}))
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://pacs.test/dicom-web") as client:
        await store(client, ct_instance())
        del client.headers["Accept"]
        assert (await client.get(URL, params=TARGET)).status_code == status
        assert (await client.get("/studies/1.2.3/series/1.2.3.1/rendered")).status_code == status
        assert (await client.get(URL, params={**TARGET, "contentType": "application/dicom"})).status_code == 200
    await application.state.services.renderer.close()
    application.state.services.source.close()


# The target


async def test_every_parameter_of_the_target_is_needed_and_right(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance())
    for name in TARGET:
        others = {key: value for key, value in TARGET.items() if key != name}
        assert problem(await client.get(URL, params=others)) == (400, name)
        wrong = await client.get(URL, params={**TARGET, name: "9.9"})
        assert wrong.status_code == (400 if name == "requestType" else 404)
    assert (await client.get(URL, params={**TARGET, "objectUID": "1..2"})).status_code == 400
    assert (await client.post(URL, params=TARGET)).status_code == 405
    await client.delete("/studies/1.2.3")
    assert (await ask(client)).status_code == 410
    assert (await ask(client, contentType="application/dicom")).status_code == 410


async def test_what_has_no_picture_is_to_be_had_as_it_is_only(client: httpx.AsyncClient) -> None:
    ids = {"StudyInstanceUID": "1.2.3", "SeriesInstanceUID": "1.2.3.1", "SOPInstanceUID": "1.2.3.4"}
    await store(client, copy_of(PLAN, **ids))
    assert (await ask(client)).status_code == 501
    assert (await ask(client, contentType="application/dicom")).status_code == 200


@pytest.mark.parametrize(
    ("more", "status", "name"),
    [
        ({"anonymize": "yes"}, 501, ""),
        ({"anonymize": "yes", "contentType": "application/dicom"}, 501, ""),
        ({"anonymize": "no"}, 400, "anonymize"),
        ({"contentType": "application/dicom,image/jpeg"}, 400, "accept"),
        ({"contentType": "application/dicom;transfer-syntax=1.2.840.10008.1.2.1"}, 400, "contentType"),
        ({"contentType": "text/html;charset=utf-8"}, 400, "contentType"),
        ({"contentType": "image/*"}, 400, "accept"),
        ({"frameNumber": "1"}, 400, "frameNumber"),
        ({"frameNumber": "0"}, 400, "frameNumber"),
        ({"frameNumber": "1,2"}, 400, "frameNumber"),
        ({"imageQuality": "101"}, 400, "imageQuality"),
        ({"rows": "0"}, 400, "rows"),
        ({"region": "0.5,0,0.4,1"}, 400, "region"),
        ({"windowWidth": "400"}, 400, "windowCenter"),
        ({"presentationUID": "1.2"}, 400, "presentationSeriesUID"),
        ({"presentationSeriesUID": "1.2", "presentationUID": "1.3"}, 400, "presentationUID"),
        ({"imageAnnotation": ""}, 400, "imageAnnotation"),
    ],
)
async def test_what_is_wrong_is_named(client: httpx.AsyncClient, more: dict[str, str], status: int, name: str) -> None:
    await store(client, ct_instance())
    assert problem(await ask(client, **more)) == (status, name)


# Pictures


async def test_parameters_make_the_picture(client: httpx.AsyncClient) -> None:
    values = numpy.arange(16).reshape(4, 4)  # -1024 to -1009 as they are rescaled
    await store(client, ct_instance(PixelData=values.astype("<u2").tobytes()))
    png = {"contentType": "image/png", "windowCenter": "-1016.5", "windowWidth": "16"}
    whole = shown(await ask(client, **png))
    assert numpy.abs(whole - ((values - 7) / 15 + 0.5).clip(0, 1) * 255).max() <= 1
    part = shown(await ask(client, **png, region="0.5,0,1,0.5"))
    assert (part == whole[:2, 2:]).all()
    assert shown(await ask(client, **png, rows="8")).shape == (8, 8)
    assert shown(await ask(client, **png, rows="64", columns="8")).shape == (8, 8)
    assert shown(await ask(client, **png, region="0,0,0.5,1", rows="100", columns="100")).shape == (100, 50)
    for name in ("annotation", "imageAnnotation"):
        warned = await ask(client, **png, rows="200", **{name: "patient,mood"})
        assert "The following annotation values are not supported: mood" in warned.headers["warning"]


async def test_one_frame_of_many_is_shown(client: httpx.AsyncClient) -> None:
    await store(client, multiframe(3))
    png = {"contentType": "image/png", "windowCenter": "-1022", "windowWidth": "5"}
    greys = [int(shown(await ask(client, **png, frameNumber=number))[0, 0]) for number in "123"]
    assert greys == sorted(set(greys))
    assert int(shown(await ask(client, **png))[0, 0]) in greys
    assert problem(await ask(client, **png, frameNumber="4")) == (400, "frameNumber")
    assert (await ask(client)).headers["content-type"] == "image/gif"
    assert (await ask(client, frameNumber="2")).headers["content-type"] == "image/jpeg"


async def test_a_presentation_state_shows_the_image(client: httpx.AsyncClient) -> None:
    image = read(CT)
    other = copy_of(CT, SOPInstanceUID="1.2.826.9")
    await store(client, content_of(CT), presentation_state(image), other)
    target = {
        "studyUID": image.StudyInstanceUID,
        "seriesUID": image.SeriesInstanceUID,
        "objectUID": image.SOPInstanceUID,
        "contentType": "image/png",
    }
    state = {"presentationSeriesUID": "1.2.826.2", "presentationUID": "1.2.826.1"}
    upright = shown(await ask(client, **target, windowCenter="40", windowWidth="400"))
    turned = shown(await ask(client, **target, **state)).reshape(128, 128, -1)[..., 0].astype(int)
    assert numpy.abs(turned - upright[::-1, ::-1]).max() <= 1
    corner = shown(await ask(client, **target, **state, region="0,0,0.5,0.25"))
    assert corner.shape[:2] == (32, 64)
    corner = corner.reshape(32, 64, -1)[..., 0]
    assert (corner == turned[:32, :64]).all()
    assert shown(await ask(client, **target, **state, rows="64")).shape[:2] == (64, 64)
    for more, name in (
        ({"windowCenter": "40", "windowWidth": "400"}, "windowCenter"),
        ({"frameNumber": "1"}, "frameNumber"),
        ({"objectUID": "1.2.826.9"}, "presentationUID"),  # is not referred to
        (
            {"presentationUID": image.SOPInstanceUID, "presentationSeriesUID": image.SeriesInstanceUID},
            "presentationUID",
        ),
    ):
        assert problem(await ask(client, **{**target, **state, **more})) == (400, name)
